//! The terminal: what is printed, and how it looks. It knows none of the subcommands.

mod dots;
mod escape;
pub mod output;
pub mod picture;
pub mod plot;
pub mod progress;
mod table;
pub mod text;

pub use dots::Paint;
pub use output::{BAD, ColorChoice, FAINT, GOOD, NOTABLE, STRONG, choose_colours};
pub use table::{Cell, Table};
