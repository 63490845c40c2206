//! The values of a diagnosis in English.

mod parts;
pub(crate) mod rankings;
pub(crate) mod run;
pub(crate) mod summary;
