//! The same random numbers on every machine.

use gradtape_tape::Real;

/// SplitMix64 with this state.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// From 0 up to, but not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 * 2f64.powi(-53)
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Mostly of ordinary size, at times tiny, huge, zero or not finite.
    pub fn number<T: Real>(&mut self) -> T {
        let unit = self.unit();
        let value = match self.below(16) {
            0 => 0.0,
            1 => -0.0,
            2 => f64::INFINITY,
            3 => f64::NAN,
            4 => T::MIN_POSITIVE.to_f64() * (4.0 * unit - 2.0),
            5 => (unit - 0.5) / T::MIN_POSITIVE.to_f64(),
            6 => (unit - 0.5) * 1e6,
            7 => (self.below(9) as f64) - 4.0,
            _ => 6.0 * unit - 3.0,
        };
        T::from_f64(value)
    }
}
