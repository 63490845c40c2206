//! The integration tests: one binary, a module for each subject.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what it expects by failing"
)]

mod accuracy;
mod adam;
mod arrays;
mod batches;
mod blocks;
mod browser;
mod catalogue;
mod charts;
mod check;
mod choosing;
mod ci;
mod cli;
mod close;
mod combinations;
mod data;
mod derivatives;
mod descents;
mod determinations;
mod diagnoses;
mod editors;
mod endurance;
mod engine;
mod explanations;
mod formulas;
mod fuzz;
mod goldens;
mod large;
mod mistakes;
mod nist;
mod norms;
mod outcomes;
mod page;
mod publishing;
mod random;
mod readme;
mod reports;
mod rules;
mod runner;
mod runs;
mod schedules;
mod searches;
mod starts;
mod stopping;
mod strangers;
mod streams;
mod system;
mod tables;
mod tape;
mod terminal;
mod tidy;
mod transforms;
mod twice;
mod vectors;
mod words;
