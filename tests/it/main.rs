//! The integration tests: one binary, a module for each subject.

mod mistakes;
mod runner;
