//! The marks of a panel and the key, drawn on the canvas.

mod areas;
pub(crate) mod canvas;
mod key;
mod lines;
pub(crate) mod panel_view;
mod reference_line;
pub(crate) mod symbols;
