//! The terminal: what is printed, and how it looks. It knows none of the subcommands.

pub mod dots;
mod escape;
pub mod output;
pub mod picture;
pub mod plot;
pub mod progress;
pub mod style;
pub mod table;
pub mod text;

pub use style::{ColorChoice, choose_colours};
