//! The seam between programs and what runs them.

use super::block::Block;
use super::program::Program;

/// An engine: it runs one program on blocks of lanes.
///
/// This is the seam for engines of another kind, such as one that writes machine
/// code: it has to give every lane the bits of [`Program::step`].
#[doc(hidden)]
pub trait Engine<T>: std::fmt::Debug + Send + Sync {
    /// The program.
    fn program(&self) -> &Program<T>;

    /// The preferred number of lanes of a block.
    fn lanes(&self) -> usize;

    /// Runs the program `epochs` times on every lane in use of a block that was
    /// made for it, and watches what [`Block::watch`] set. The rare outputs of
    /// the program are computed only if `all` is true.
    ///
    /// # Panics
    ///
    /// If there are more than a million epochs since [`Block::look_anew`].
    fn advance(&self, block: &mut Block<'_, T>, epochs: u32, all: bool);
}
