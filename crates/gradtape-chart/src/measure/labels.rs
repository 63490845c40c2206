//! Numbers as people write them on axes. All of it is arithmetic on decimal
//! digits, so no rounding error of binary fractions can show.

/// A number as `mantissa` × 10^`exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) mantissa: i128,
    pub(crate) exponent: i32,
}

impl Decimal {
    /// The power of ten of the first digit: 2 for 0.05 × 10⁴. Zero has 0.
    fn magnitude(self) -> i32 {
        match self.mantissa.unsigned_abs().checked_ilog10() {
            Some(digits) => self.exponent + digits as i32,
            None => 0,
        }
    }
}

/// Writes the labels of one linear axis, which must share an exponent: all with
/// the same number of decimals, plain (`0.25`, `10,000`) if the largest is from
/// 0.0001 to 9,999,999, else with one common power of ten (`2.5×10⁻⁵`).
pub(crate) fn labels(numbers: &[Decimal]) -> Vec<String> {
    let largest = numbers.iter().map(|n| n.mantissa.abs()).max().unwrap_or(0);
    let exponent = numbers.first().map_or(0, |n| n.exponent);
    let magnitude = Decimal {
        mantissa: largest,
        exponent,
    }
    .magnitude();
    if (-4..7).contains(&magnitude) {
        let separated = magnitude >= 4;
        return numbers.iter().map(|&n| plain(n, separated)).collect();
    }
    let power = format!("×10{}", superscript(magnitude));
    numbers
        .iter()
        .map(|n| {
            if n.mantissa == 0 {
                return "0".to_owned();
            }
            let front = Decimal {
                exponent: n.exponent - magnitude,
                ..*n
            };
            plain(front, false) + &power
        })
        .collect()
}

/// The number with as many decimals as its exponent says, a true minus sign, and
/// commas between thousands if asked for.
pub(crate) fn plain(number: Decimal, separated: bool) -> String {
    let decimals = number.exponent.min(0).unsigned_abs() as usize;
    let zeros = number.exponent.max(0) as usize;
    let mut digits = number.mantissa.unsigned_abs().to_string();
    if number.mantissa != 0 {
        digits.extend(std::iter::repeat_n('0', zeros));
    }
    let digits = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let mut text = String::new();
    if number.mantissa < 0 {
        text.push('−');
    }
    for (index, digit) in whole.chars().enumerate() {
        if separated && index > 0 && (whole.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if decimals > 0 {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// `front` × 10^`power` on a logarithmic axis: `10⁻³⁵`, `2×10⁻⁵`.
pub(crate) fn power_of_ten(front: u8, power: i32) -> String {
    let power = superscript(power);
    if front == 1 {
        format!("10{power}")
    } else {
        format!("{front}×10{power}")
    }
}

/// The number in raised digits.
fn superscript(number: i32) -> String {
    number
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            // The remaining raised digits stand in Unicode in their order.
            _ => char::from_u32('⁰' as u32 + c.to_digit(10).unwrap_or(0)).unwrap_or(c),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mantissas: &[i128], exponent: i32, expected: &[&str]) {
        let numbers: Vec<_> = mantissas
            .iter()
            .map(|&mantissa| Decimal { mantissa, exponent })
            .collect();
        assert_eq!(labels(&numbers), expected);
    }

    #[test]
    fn labels_of_an_axis_have_the_same_number_of_decimals() {
        check(&[0, 25, 50], -2, &["0.00", "0.25", "0.50"]);
        check(&[-5, 0, 5, 10], -1, &["−0.5", "0.0", "0.5", "1.0"]);
        check(&[0, 5, 10], 0, &["0", "5", "10"]);
        check(&[1, 2], -4, &["0.0001", "0.0002"]);
    }

    #[test]
    fn thousands_are_separated_from_ten_thousand_up() {
        check(&[5, 9], 3, &["5000", "9000"]);
        check(&[25, 50, 100], 2, &["2,500", "5,000", "10,000"]);
        check(&[-5, 5], 6, &["−5,000,000", "5,000,000"]);
        check(&[123_456_789], -4, &["12,345.6789"]);
    }

    #[test]
    fn very_large_and_very_small_numbers_have_a_common_power_of_ten() {
        check(&[0, 5, 10], 6, &["0", "0.5×10⁷", "1.0×10⁷"]);
        check(&[-25, 25], -6, &["−2.5×10⁻⁵", "2.5×10⁻⁵"]);
        check(&[1, 2], 308, &["1×10³⁰⁸", "2×10³⁰⁸"]);
        check(&[5], -324, &["5×10⁻³²⁴"]);
    }

    #[test]
    fn powers_of_ten_are_written_raised() {
        assert_eq!(power_of_ten(1, -35), "10⁻³⁵");
        assert_eq!(power_of_ten(1, 0), "10⁰");
        assert_eq!(power_of_ten(2, 1_234_567_890), "2×10¹²³⁴⁵⁶⁷⁸⁹⁰");
    }
}
