//! Random numbers that are the same on every machine, in any order of the runs.
//!
//! A [`Stream`] is named by the seed of the experiment, a [`Purpose`], and a place,
//! such as the numbers of the objective, the repetition and the epoch. Its numbers
//! depend on its name alone. So runs can be left out, added, or computed in another
//! order or at the same time, and each still gets its own numbers.
//!
//! The generator is ChaCha with 8 rounds (D. J. Bernstein, *ChaCha, a variant of
//! Salsa20*, 2008), as the crate `chacha20` computes it: a function of a key of 256
//! bits, a stream number of 64 bits, and the place in the stream. The name of a stream
//! *is* its key and number, so two streams never coincide by accident, and consecutive
//! seeds do not give similar streams, as they do in generators that need careful
//! seeding. A number takes less than two nanoseconds, far less than its use.
//!
//! The conversion of the bits uses operations that IEEE 754 rounds exactly and the
//! functions of [`Real`], never those of the system.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};

use gradtape_tape::Real;

/// The purpose of random numbers: each has its own streams.
///
/// The numeric values of the purposes are part of every experiment's result. New
/// purposes get new values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// The random starting points of runs.
    Start = 1,
    /// The rotation of a test function.
    Rotation = 2,
    /// The choice of the validation rows of a data set.
    Split = 3,
    /// The order of the rows of a data set in an epoch.
    Shuffle = 4,
}

/// A stream of random numbers.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::random::{Purpose, Stream};
///
/// let mut stream = Stream::new(42, Purpose::Start, [0, 0, 0]);
/// assert_eq!(stream.uniform(), 0.5243567432308253);
/// assert_eq!(stream.normal(), -0.5724977529760826);
/// assert_eq!(stream.below(6), 5);
///
/// // The same name gives the same numbers, another place gives others.
/// let mut again = Stream::new(42, Purpose::Start, [0, 0, 0]);
/// assert_eq!(again.uniform(), 0.5243567432308253);
/// let mut next = Stream::new(42, Purpose::Start, [0, 1, 0]);
/// assert_eq!(next.uniform(), 0.3837333827229331);
/// ```
#[derive(Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream with this name. The purpose defines the three parts of the place;
    /// unused parts are 0.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose, place: [u64; 3]) -> Self {
        let [first, second, third] = place;
        let mut key = [0; 32];
        let parts = [seed, purpose as u64, first, second];
        for (bytes, part) in key.chunks_exact_mut(8).zip(parts) {
            bytes.copy_from_slice(&part.to_le_bytes());
        }
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(third);
        Stream(generator)
    }

    /// A number from 0 up to, but not including, 1: one of the 2⁵³ multiples of 2⁻⁵³,
    /// each with the same probability.
    #[expect(clippy::cast_precision_loss, reason = "the number is below 2^53")]
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * UNIT
    }

    /// A number between two finite numbers: `low + (high − low) * u` with `u` from
    /// [`Stream::uniform`]. `low` can occur; `high` only where rounding leads to it.
    pub fn uniform_in(&mut self, low: f64, high: f64) -> f64 {
        let u = self.uniform();
        let width = high - low;
        let value = if width.is_finite() {
            low + width * u
        } else {
            // The width of an interval can be twice the largest number.
            2.0 * (0.5 * low + (0.5 * high - 0.5 * low) * u)
        };
        // The width and the sum are both rounded, which can exceed an end.
        value.max(low.min(high)).min(high.max(low))
    }

    /// A number from the normal distribution with mean 0 and standard deviation 1, by
    /// the method of G. E. P. Box and M. E. Muller (1958): `√(−2 ln u) cos 2πv`, where
    /// `1 − u` and `v` come from [`Stream::uniform`]. It is at most 8.58 from 0; one
    /// number in 10¹⁷ would be farther away.
    ///
    /// The sine, which would give a second number, is not used: so each number takes
    /// two of the stream, and the next one does not depend on a stored number.
    pub fn normal(&mut self) -> f64 {
        let u = 1.0 - self.uniform();
        let v = self.uniform();
        let radius = Real::sqrt(-2.0 * Real::ln(u));
        radius * Real::cos(std::f64::consts::TAU * v)
    }

    /// An integer from 0 up to, but not including, `bound`, each with exactly the same
    /// probability.
    ///
    /// It is the upper half of the product of `bound` and 64 random bits. These are
    /// sampled again where some numbers would have one product more than others
    /// (D. Lemire, *Fast random integer generation in an interval*, 2019).
    ///
    /// # Panics
    ///
    /// If `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "the bound must be above 0");
        loop {
            let product = u128::from(self.0.next_u64()) * u128::from(bound);
            let (high, low) = ((product >> 64) as u64, product as u64);
            // The remainder is only computed where it can matter.
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return high;
            }
        }
    }

    /// [`Stream::below`] with half the bits, for bounds that are known to be small.
    fn below_u32(&mut self, bound: u32) -> u32 {
        loop {
            let product = u64::from(self.0.next_u32()) * u64::from(bound);
            let (high, low) = ((product >> 32) as u32, product as u32);
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return high;
            }
        }
    }

    /// Shuffles the rows; every order has the same probability. The method is that of
    /// R. Fisher and F. Yates, from the last place to the second.
    ///
    /// # Panics
    ///
    /// If there are 2³² rows or more.
    pub fn shuffle(&mut self, rows: &mut [u32]) {
        let length = u32::try_from(rows.len()).expect("fewer than 2^32 rows");
        for left in (2..=length).rev() {
            let chosen = self.below_u32(left);
            rows.swap(left as usize - 1, chosen as usize);
        }
    }
}

/// 2⁻⁵³.
const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_chacha_with_eight_rounds() {
        // The key stream for a key and a number of zeros, as published with the
        // test vectors of the draft draft-strombergson-chacha-test-vectors-01.
        let mut generator = ChaCha8Rng::from_seed([0; 32]);
        let mut bytes = [0; 64];
        generator.fill_bytes(&mut bytes);
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            text,
            "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e\
             984ce172b9216f419f445367456d5619314a42a3da86b001387bfdb80e0cfe42"
        );
    }

    #[test]
    fn the_name_of_a_stream_is_its_key_and_number() {
        let stream = Stream::new(0x0807_0605_0403_0201, Purpose::Split, [9, 10, 11]);
        let key = stream.0.get_seed();
        assert_eq!(key[..8], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(key[8..16], [3, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(key[16..24], [9, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(key[24..], [10, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(stream.0.get_stream(), 11);
        assert_eq!(stream.0.get_word_pos(), 0);
    }

    #[test]
    fn both_ways_to_a_number_below_a_bound_draw_again_alike() {
        // Two thirds of all numbers of the width: each third sample is repeated, and
        // half of the others are in the lower half.
        let mut stream = Stream::new(1, Purpose::Start, [0, 0, 0]);
        let bound = u64::MAX / 3 * 2;
        let low = (0..3000)
            .filter(|_| stream.below(bound) < bound / 2)
            .count();
        assert!((1350..1650).contains(&low), "{low}");
        let bound = u32::MAX / 3 * 2;
        let low = (0..3000)
            .filter(|_| stream.below_u32(bound) < bound / 2)
            .count();
        assert!((1350..1650).contains(&low), "{low}");
    }
}
