//! The levels of level lines.

/// The levels of level lines, from the lowest.
///
/// They are measured from the smallest value and spaced by equal ratios, not by equal
/// differences: at equal differences a valley whose walls are thousands of times higher than
/// the variation along its floor would have no line at all.
#[derive(Debug, Clone, PartialEq)]
pub struct GapLevels(Vec<f64>);

impl GapLevels {
    /// Levels for the gaps of a function to its smallest value, as near to `count` as
    /// possible: powers of ten, or of a thousand, or 1, 2, 5, 10. Gaps of 0, and those that
    /// are not finite, do not count.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_report::GapLevels;
    ///
    /// let gaps: Vec<f64> = (1..=1000).map(f64::from).collect();
    /// assert_eq!(GapLevels::new(&gaps, 6).levels(), [10.0, 20.0, 50.0, 100.0, 200.0, 500.0]);
    /// ```
    #[must_use]
    pub fn new(gaps: &[f64], count: usize) -> Self {
        let mut gaps: Vec<f64> = gaps
            .iter()
            .copied()
            .filter(|gap| gap.is_finite() && *gap > 0.0)
            .collect();
        gaps.sort_by(f64::total_cmp);
        let (Some(high), Some(low)) = (gaps.last(), gaps.get(gaps.len() / 200)) else {
            return GapLevels(Vec::new());
        };
        // Where little is near the smallest value, the lines are for the rest.
        let low = low.max(high * 1e-12);
        const STEPS: &[(&[f64], i32)] = &[
            (&[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], 1),
            (&[1.0, 1.5, 2.0, 3.0, 5.0, 7.0], 1),
            (&[1.0, 2.0, 5.0], 1),
            (&[1.0, 3.0], 1),
            (&[1.0], 1),
            (&[1.0], 2),
            (&[1.0], 3),
            (&[1.0], 6),
            (&[1.0], 12),
            (&[1.0], 30),
        ];
        let ladders = STEPS.iter().map(|(mantissas, step)| {
            let powers = (-330 / step..=310 / step).map(|power| power * step);
            let levels = powers.flat_map(|power| {
                mantissas
                    .iter()
                    .map(move |mantissa| level(*mantissa, power))
            });
            levels
                .filter(|level| low < *level && level < high)
                .collect::<Vec<f64>>()
        });
        let best = ladders.min_by_key(|levels| levels.len().abs_diff(count));
        GapLevels(best.unwrap_or_default())
    }

    /// The levels, from the lowest.
    #[must_use]
    pub fn levels(&self) -> &[f64] {
        &self.0
    }

    /// The number of levels below a gap; all of them if it is NaN.
    #[must_use]
    pub fn count_below(&self, gap: f64) -> usize {
        self.0
            .iter()
            .take_while(|level| gap.is_nan() || gap > **level)
            .count()
    }
}

/// `mantissa · 10^power`, rounded once.
fn level(mantissa: f64, power: i32) -> f64 {
    format!("{mantissa}e{power}")
        .parse()
        .unwrap_or(f64::INFINITY)
}
