//! The integration tests: one binary, a module for each subject.

mod check;
mod cli;
mod close;
mod derivatives;
mod mistakes;
mod reports;
mod runner;
