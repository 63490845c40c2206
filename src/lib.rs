//! A gradient tape, and everything a batch of gradient descents needs.

pub mod autodiff;
pub mod baseline;
pub mod batch;
pub mod engine;
pub mod mistake;
pub mod number;
pub mod objective;
pub mod optimizer;
pub mod plan;
pub mod report;
pub mod spec;
