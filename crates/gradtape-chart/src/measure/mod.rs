//! Where values lie, and the room that texts take.

pub(crate) mod axis_span;
pub(crate) mod colour;
pub(crate) mod contours;
pub(crate) mod labels;
pub(crate) mod polyline;
pub(crate) mod rectangle;
pub(crate) mod text;
pub(crate) mod ticks;
