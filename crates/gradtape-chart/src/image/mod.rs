//! From a drawing to pixels.

mod animation;
mod glyphs;
mod palette;
mod raster;

pub use animation::animate;
pub use raster::{DrawError, to_png};
