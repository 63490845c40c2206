//! A tour.
