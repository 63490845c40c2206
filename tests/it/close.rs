//! When two numbers count as equal.

/// Whether `a` and `b` differ by no more than `abs`, or by no more than `rel`
/// times the larger of their magnitudes.
///
/// Symmetric in `a` and `b`. Equal infinities are close; a NaN is close only to
/// another NaN, so that a result of NaN never passes unnoticed.
pub(crate) fn close(a: f64, b: f64, rel: f64, abs: f64) -> bool {
    if a.is_nan() || b.is_nan() {
        return a.is_nan() && b.is_nan();
    }
    if a.is_infinite() || b.is_infinite() {
        return a == b;
    }
    (a - b).abs() <= abs.max(rel * a.abs().max(b.abs()))
}

#[test]
fn a_pair_within_the_limit_is_close_and_one_beyond_is_not() {
    // Powers of two, so that the limits themselves are exact.
    let check = |a: f64, b: f64, rel, abs, expected| {
        for (a, b) in [(a, b), (b, a), (-a, -b), (-b, -a)] {
            assert_eq!(close(a, b, rel, abs), expected, "{a} {b} {rel} {abs}");
        }
    };
    check(4.0, 3.0, 0.25, 0.0, true);
    check(4.0, 2.999, 0.25, 0.0, false);
    check(1.0, 1.5, 0.0, 0.5, true);
    check(1.0, 1.501, 0.0, 0.5, false);
    // The difference counts by its magnitude, whichever sign it has.
    check(-1.0, 1.0, 0.5, 0.5, false);
    check(0.0, -0.0, 0.0, 0.0, true);
    check(f64::INFINITY, f64::INFINITY, 0.0, 0.0, true);
    check(f64::INFINITY, f64::NEG_INFINITY, 1.0, 1.0, false);
    check(f64::INFINITY, f64::MAX, 1.0, 1.0, false);
    check(f64::NAN, f64::NAN, 0.0, 0.0, true);
    check(f64::NAN, 0.0, 1.0, f64::INFINITY, false);
    check(f64::NAN, f64::INFINITY, 1.0, f64::INFINITY, false);
}
