//! The experiments of gradtape: text → `Spec` → [`Plan`](plan::Plan) → results.

pub mod batch;
pub mod data;
pub mod derivative;
pub mod diagnosis;
pub mod ending;
pub mod landscape;
pub mod mistake;
pub mod number;
pub mod objective;
pub mod optimizer;
pub mod plan;
pub mod random;
pub mod schema;
pub mod spec;
pub mod text;
