//! The logarithm of the gamma function, and its derivative.

use super::extended::{above_constant, in_halves};
use super::power::ln_as_sum;
use super::{Binary64, Double, Series, TWO_TO_52, either, nearest, product, select, sum};

/// From here on asymptotic series are used.
const FAR: f64 = 2.25;

/// ln Γ(x) / ((x − 1) (x − 2)) of (x − 1.3) / (x + 1.3), for x from 3/4 to 9/4. The constant
/// of the long polynomial is separate.
const LGAMMA_CENTRE: Series<12, 18> = Series {
    // 2^-37.3
    short: [
        -0.054_287_090_812_297_115, 0.051_385_806_540_332_99, -0.053_462_879_436_238_925,
        0.050_449_971_832_181_445, -0.069_453_930_163_853_07, 0.064_316_973_603_245_77,
        -0.096_174_495_504_621_88, 0.086_159_377_147_592_96, -0.156_909_219_057_053_96,
        0.129_357_482_134_604_3, -0.456_316_928_944_308_3, 0.515_118_140_510_593_9,
    ],
    // 2^-54.7
    long: [
        0.035_047_087_414_854_48, -0.039_794_476_311_872_98, 0.026_643_152_446_028_14,
        -0.031_243_567_135_676_997, 0.031_863_683_739_494_233, -0.037_994_936_090_255_796,
        0.036_339_538_997_786_94, -0.044_615_576_004_576_68, 0.042_515_903_647_948_82,
        -0.054_322_152_054_568_46, 0.051_196_580_631_106_93, -0.069_418_710_500_701_64,
        0.064_288_577_278_177_05, -0.096_175_170_599_367_02, 0.086_159_861_571_699_29,
        -0.156_909_213_819_881_9, 0.129_357_479_123_37, -0.456_316_928_954_700_33,
    ],
};
const LGAMMA_CENTRE_CONSTANT: Double =
    Double::new(0.515_118_140_513_621_3, 2.360_799_375_010_707e-17);

/// (ln Γ(x) − (x − ½) ln x + x − ½ ln 2π) x of 1/x², for x ≥ 9/4; errors are relative to
/// ln Γ(x). The constant of the long polynomial is separate.
const STIRLING: Series<11, 13> = Series {
    // 2^-52.5
    short: [
        0.027_525_452_419_920_76, -0.040_617_215_491_327_37, 0.028_477_298_667_055_142,
        -0.013_165_547_495_997_852, 0.004_901_378_468_199_023_5, -0.001_810_237_256_093_984,
        0.000_836_260_417_576_979_6, -0.000_595_049_144_734_225_3, 0.000_793_646_794_215_737_7,
        -0.002_777_777_732_991_356_4, 0.083_333_333_333_144_95,
    ],
    // 2^-59.6
    long: [
        -1.374_777_483_742_554_2, 2.336_624_895_681_106, -1.851_869_201_043_032,
        0.919_681_815_475_582_8, -0.327_867_122_433_900_6, 0.092_926_314_590_141_11,
        -0.023_418_374_003_493_343, 0.006_060_240_912_636_199, -0.001_902_292_569_628_363_9,
        0.000_841_271_532_494_450_4, -0.000_595_227_861_729_689_8, 0.000_793_650_658_195_964_8,
        -0.002_777_777_776_825_320_6,
    ],
};
const STIRLING_CONSTANT: Double = Double::new(0.083_333_333_333_330_82, 5.394_636_447_379_105e-18);

/// ½ ln 2π.
const HALF_LN_2_PI: Double = Double::new(0.918_938_533_204_672_8, -3.878_294_158_067_241_4e-17);

/// (sin πx / πx − 1) / x² of x², for |x| ≤ ½; the constant is separate.
const SINC: [f64; 8] = [
    // 2^-60.5
    -7.092_118_901_697_96e-9, 2.530_088_068_331_751_4e-7, -6.975_840_388_126_181e-6,
    0.000_148_428_787_108_725_97, -0.002_346_081_034_804_8, 0.026_147_847_817_611_456,
    -0.190_751_824_122_082_58, 0.811_742_425_283_353_6,
];
const SINC_CONSTANT: Double = Double::new(-1.644_934_066_848_226_4, -3.021_028_638_758_119_3e-17);

/// ψ(x) / (x − x₀) of (x − 3/2) / (x + 3/2), for x from 1 to 9/4. The constant of the long
/// polynomial is separate.
const DIGAMMA_CENTRE: Series<15, 17> = Series {
    // 2^-48.6
    short: [
        1.053_199_598_148_476_3, -1.064_352_760_913_452_9, 0.901_843_350_058_044_8,
        -0.905_465_357_420_348, 0.909_416_296_955_820_7, -0.916_222_905_083_461_4,
        0.907_579_956_116_727_9, -0.918_199_408_949_624_2, 0.904_323_143_666_017,
        -0.923_682_068_258_488_2, 0.897_052_723_970_632_2, -0.948_050_469_817_201,
        0.894_000_094_322_501, -1.270_882_263_844_541_2, 0.951_055_876_031_833_1,
    ],
    // 2^-56.1
    long: [
        -1.089_014_971_867_806_6, 1.093_730_232_318_579_8, -0.900_657_103_347_22,
        0.896_446_607_938_842_9, -0.914_553_408_032_109_8, 0.910_665_018_702_122_2,
        -0.914_741_839_664_380_9, 0.909_171_660_742_143_3, -0.915_935_209_490_575_3,
        0.907_583_348_916_085_6, -0.918_204_155_665_549_6, 0.904_323_123_694_113_3,
        -0.923_682_028_193_310_6, 0.897_052_723_981_547_9, -0.948_050_469_965_991,
        0.894_000_094_322_691_9, -1.270_882_263_844_381_5,
    ],
};
const DIGAMMA_CENTRE_CONSTANT: Double =
    Double::new(0.951_055_876_031_832_8, 4.549_453_044_118_353e-17);

/// x₀, the positive zero of ψ, and its high part less 1.
const ROOT: Double = Double::new(1.461_632_144_968_362_2, 9.549_995_429_965_697e-17);
const ROOT_LESS_1: f64 = 0.461_632_144_968_362_25;

/// (ln x − 1/2x − ψ(x)) x² of 1/x², for x ≥ 9/4; errors are relative to ψ(x).
const DIGAMMA_TAIL: Series<11, 14> = Series {
    // 2^-50.4
    short: [
        0.449_763_518_457_607_76, -0.632_560_034_639_066_3, 0.418_758_133_770_791_4,
        -0.180_088_447_077_551_14, 0.060_833_140_446_641_77, -0.019_603_996_459_241_834,
        0.007_505_037_480_313_878, -0.004_164_422_205_539_549, 0.003_968_210_617_498_163,
        -0.008_333_332_897_344_83, 0.083_333_333_331_726_77,
    ],
    // 2^-57.1
    long: [
        -27.536_766_359_623_865, 45.172_089_234_105_22, -34.408_791_918_538_8,
        16.329_867_483_096_802, -5.516_786_454_297_449, 1.462_551_392_260_307,
        -0.337_714_159_119_850_87, 0.077_673_957_640_500_09, -0.020_861_749_668_837_106,
        0.007_568_967_650_241_688, -0.004_166_532_164_387_579, 0.003_968_252_332_372_054,
        -0.008_333_333_322_909_949, 0.083_333_333_333_308_96,
    ],
};

/// (1/x − 2x / (1 − x²) − π cot πx) / x of x², for |x| ≤ ½; errors are absolute, in the
/// cotangent. The constant is separate.
const COTANGENT: [f64; 9] = [
    // 2^-59.4
    2.671_336_037_777_743_4e-6, 7.177_172_585_538_198e-6, 3.071_320_031_128_149_4e-5,
    0.000_122_466_999_646_192_54, 0.000_492_176_723_286_771_4, 0.001_989_149_976_482_722_3,
    0.008_154_712_408_814_607, 0.034_686_123_968_569_69, 0.164_646_467_422_280_2,
];
const COTANGENT_CONSTANT: Double =
    Double::new(1.289_868_133_696_452_8, 4.768_587_568_230_096_5e-17);

/// x minus the nearest integer.
#[inline(always)]
pub(super) fn from_integer<F: Binary64>(x: F) -> F {
    // From 2⁵² on every number is an integer.
    let bounded = select(x.abs().is_below(TWO_TO_52), x, 0.0);
    bounded - nearest(bounded).0
}

/// x − y, or if `SHORT` its nearest double.
#[inline(always)]
fn minus<F: Binary64, const SHORT: bool>(x: F, y: F) -> Double<F> {
    if SHORT {
        return Double::from(x - y);
    }
    let (high, low) = sum(x, -y);
    Double::new(high, low)
}

/// x², or if `SHORT` its nearest double.
#[inline(always)]
fn square<F: Binary64, const SHORT: bool>(x: F) -> Double<F> {
    if SHORT {
        return Double::from(x * x);
    }
    let (high, low) = product(x, x);
    Double::new(high, low)
}

/// ln |sin πx / π| for |x| ≤ ½.
#[inline(always)]
fn ln_of_sine<F: Binary64, const SHORT: bool>(x: F) -> Double<F> {
    let x = x.abs();
    let square = square::<F, SHORT>(x);
    let series = in_halves(square.high, &SINC);
    let series = above_constant::<F, false>(square.high, series, SINC_CONSTANT);
    let sinc = square
        .times::<SHORT>(series)
        .plus_greater(Double::from(F::from(1.0)));
    let sine = sinc.times::<SHORT>(Double::from(x));
    let ln = ln_as_sum::<F, SHORT>(sine.high);
    Double::new(ln.high, ln.low + sine.low / sine.high)
}

/// ln |Γ(x)|. From 9/4 on it is x (ln x − 1) − ½ ln x + ½ ln 2π + series / x, from 3/4 on
/// (x − 1) (x − 2) · series, and below ln Γ(x + 1) − ln x. For negative x it is
/// −ln |sin πx / π| − (ln Γ(|x|) + ln |x|).
#[inline(always)]
pub fn lgamma<F: Binary64, const SHORT: bool>(x: F) -> F {
    let magnitude = x.abs();
    let is_negative = x.is_below(0.0);
    let is_small = magnitude.is_below(0.75);
    let is_far = magnitude.is_at_least(FAR);

    // 1/x, or the variable of the other series; and that series.
    let shift = select(is_small, 1.0, 0.0);
    let above = select(is_far, 1.0, magnitude + (shift - 1.3));
    let below = select(is_far, magnitude, magnitude + (shift + 1.3));
    let quotient = Double::from(above).over::<SHORT>(Double::from(below));
    let variable = quotient.high + quotient.low;
    let square = variable * variable;
    let far_series = in_halves(square, STIRLING.of::<SHORT>());
    let far_series = above_constant::<F, SHORT>(square, far_series, STIRLING_CONSTANT);
    let near_series = in_halves(variable, LGAMMA_CENTRE.of::<SHORT>());
    let near_series = above_constant::<F, SHORT>(variable, near_series, LGAMMA_CENTRE_CONSTANT);

    // The series over x, or the product of the zeros.
    let first_zero = minus::<F, SHORT>(magnitude, F::from(1.0));
    let second_zero = minus::<F, SHORT>(magnitude, select(is_small, 0.0, 2.0));
    let product = either(is_far, quotient, first_zero)
        .times::<SHORT>(either(is_far, far_series, second_zero));

    let ln = ln_as_sum::<F, SHORT>(magnitude);
    let ln_less_1 = ln.plus(Double::from(F::from(-1.0)));
    let value = either(is_far, Double::from(magnitude), product)
        .times::<SHORT>(either(is_far, ln_less_1, near_series));
    let share = select(is_far, -0.5, select(is_small, -1.0, 0.0));
    let share = share + select(is_negative, 1.0, 0.0);
    let rest = product.plus(Double::constant(HALF_LN_2_PI));
    let rest = either(is_far, rest, Double::from(F::from(0.0)));
    let value = value.plus(ln.scaled(share).plus(rest));

    let from_integer = from_integer(x);
    let reflected = ln_of_sine::<F, SHORT>(from_integer).plus(value);
    let reflected = -(reflected.high + reflected.low);
    let value = select(is_negative, reflected, value.high + value.low);
    // From here on the product overflows, and its low part is NaN.
    let is_huge = magnitude.is_above(2.559_983_327_851_638_3e305);
    let is_pole = x.equals(0.0) | (is_negative & from_integer.equals(0.0));
    let value = select(is_huge | is_pole, f64::INFINITY, value);
    select(x.is_nan(), x, value)
}

/// ψ(x), the derivative of ln Γ(x). From 9/4 on it is ln x − 1/2x − series / x², from 1 on
/// (x − x₀) · series, and below ψ(x + 1) − 1/x. For negative x it is ψ(|x|) + 1/|x| + π cot π|x|.
#[inline(always)]
pub fn digamma<F: Binary64, const SHORT: bool>(x: F) -> F {
    let magnitude = x.abs();
    let is_negative = x.is_below(0.0);
    let is_small = magnitude.is_below(1.0);
    let is_far = magnitude.is_at_least(FAR);

    let inverse = Double::from(F::from(1.0)).over::<SHORT>(Double::from(magnitude));
    let nearest = inverse.high + inverse.low;
    let square = nearest * nearest;
    let ln = ln_as_sum::<F, SHORT>(magnitude);
    let far = Double::new(
        ln.high,
        ln.low - square * in_halves(square, DIGAMMA_TAIL.of::<SHORT>()),
    );

    let shift = select(is_small, 1.0, 0.0);
    let variable = (magnitude + (shift - 1.5)) / (magnitude + (shift + 1.5));
    let series = in_halves(variable, DIGAMMA_CENTRE.of::<SHORT>());
    let series = above_constant::<F, SHORT>(variable, series, DIGAMMA_CENTRE_CONSTANT);
    let distance = minus::<F, SHORT>(magnitude, select(is_small, ROOT_LESS_1, ROOT.high));
    let distance = Double::new(distance.high, distance.low - ROOT.low).normal();
    let near = distance.times::<SHORT>(series);

    let share = select(is_far, 0.5, select(is_small, 0.0, 1.0));
    let share = select(is_negative, share, share - 1.0);
    let value = either(is_far, far, near).plus(inverse.scaled(share));
    let from_integer = from_integer(magnitude);
    let reflected = value.plus(cotangent::<F, SHORT>(from_integer));
    let value = (value.high + value.low).unless(is_negative, || reflected.high + reflected.low);

    // The inverse of a number this small may be infinite.
    let value = value.unless(magnitude.is_below(1e-20), || F::from(-1.0) / x);
    let value = select(x.equals(f64::INFINITY), x, value);
    let is_pole = is_negative & from_integer.equals(0.0);
    select(x.is_nan() | is_pole, f64::NAN, value)
}

/// π cot πx for |x| ≤ ½: (1 − 3x²) / (x (1 − x²)) − x · series.
#[inline(always)]
fn cotangent<F: Binary64, const SHORT: bool>(x: F) -> Double<F> {
    let square = square::<F, SHORT>(x);
    let series = in_halves(square.high, &COTANGENT);
    let series = above_constant::<F, false>(square.high, series, COTANGENT_CONSTANT);
    let rest = series.times::<SHORT>(Double::from(-x));
    let one = Double::from(F::from(1.0));
    let below = square.scaled(-1.0).plus_greater(one);
    let above = below.plus(square.scaled(-2.0));
    let below = below.times::<SHORT>(Double::from(x));
    above.over::<SHORT>(below).normal().plus(rest)
}
