//! The instruction sets that a loop can be compiled for, chosen at run time.
//!
//! This is the only module with `unsafe` code: a function compiled for an
//! instruction set may only be called where the processor has it. Vectors make
//! loops over lanes four to eight times as fast as the instructions that every
//! x86-64 processor has (`cargo bench --bench engine`).
//!
//! No instruction set changes a bit: Rust neither contracts a product and a sum
//! into one rounding nor changes the order of operations, whatever the set has.
#![allow(unsafe_code, reason = "calls of functions with target features")]

use std::fmt;

/// A loop to be compiled once for each instruction set.
///
/// `run` must be `#[inline(always)]`, and so must be what it calls, or the
/// loop is compiled for the instructions that every processor has.
pub(crate) trait Work {
    /// What it gives.
    type Output;
    /// Runs it.
    fn run(self) -> Self::Output;
}

/// An instruction set that the processor has.
///
/// # Examples
///
/// ```
/// use gradtape_engine::Features;
///
/// let all = Features::available();
/// assert_eq!(all[0].name(), "baseline");
/// assert!(all.contains(&Features::best()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Features(Set);

/// ArrayValues of [`Features`] are only made for sets that were detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Set {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Features {
    /// All that this processor has, the widest vectors last.
    #[must_use]
    pub fn available() -> Vec<Features> {
        #[allow(unused_mut, reason = "other processors have the baseline only")]
        let mut sets = vec![Set::Baseline];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                sets.push(Set::Avx2);
            }
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
            {
                sets.push(Set::Avx512);
            }
        }
        sets.into_iter().map(Features).collect()
    }

    /// The widest vectors that this processor has.
    #[must_use]
    pub fn best() -> Features {
        let sets = Features::available();
        sets.last().copied().unwrap_or(Features(Set::Baseline))
    }

    /// `"baseline"`, `"avx2"` or `"avx512"`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Set::Baseline => "baseline",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "avx512",
        }
    }

    /// Runs `work` compiled for this instruction set.
    pub(crate) fn run<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            Set::Baseline => work.run(),
            // SAFETY: the value exists, so the processor has the set.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { avx2(work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512(work) },
        }
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512<W: Work>(work: W) -> W::Output {
    work.run()
}
