//! The integration tests: one binary, a module for each subject.

mod close;
mod derivatives;
mod mistakes;
mod runner;
