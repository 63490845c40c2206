//! The norm of a gradient: as accurate as documented, at any length and any magnitude,
//! and the same however a run is computed.

use gradtape_experiment::number::Scalar;

use crate::runs::only_run;

/// A number as the sum of two, with twice the digits.
#[derive(Clone, Copy)]
struct Twice(f64, f64);

impl Twice {
    fn square(x: f64) -> Self {
        Twice(x * x, x.mul_add(x, -(x * x)))
    }

    fn plus(self, other: Self) -> Self {
        let sum = self.0 + other.0;
        let lost = sum - self.0;
        let rest = (self.0 - (sum - lost)) + (other.0 - lost) + self.1 + other.1;
        Twice(sum + rest, rest - ((sum + rest) - sum))
    }
}

/// By how many units in the last place a norm is off that of some entries.
fn error(norm: Scalar, entries: &[f64]) -> f64 {
    let squares = entries.iter().map(|x| Twice::square(*x));
    let exact = squares.reduce(Twice::plus).unwrap();
    let (norm, unit) = match norm {
        Scalar::F32(norm) => (f64::from(norm), f64::from(norm.next_up() - norm)),
        Scalar::F64(norm) => (norm, norm.next_up() - norm),
    };
    let Twice(own, low) = Twice::square(norm);
    ((own - exact.0) + (low - exact.1)) / (2.0 * norm) / unit
}

/// The run of a method whose gradient is the point itself.
fn run(method: &str, precision: &str, start: &str) -> (Scalar, Vec<f64>) {
    let (outcome, rows) = only_run(&format!(
        "epochs = 1\nprecision = '{precision}'\n\
         objective = [{{ formula = '0.5 * sum(x^2)', start = {{ x = {{ {start} }} }} }}]\n\
         optimizer = [{{ {method} }}]"
    ));
    (
        outcome.quantities.gradient_norm(),
        rows.last().unwrap().wide(),
    )
}

const SMALL_STEP: &str = "method = 'sgd', learning_rate = 1e-3";

#[test]
fn it_is_within_two_units_of_the_exact_norm_at_any_length() {
    for precision in ["f32", "f64"] {
        let mut greatest = 0.0_f64;
        for length in [
            1, 2, 3, 5, 8, 31, 100, 300, 500, 600, 700, 800, 999, 1000, 1300, 2000, 9_999, 10_000,
        ] {
            for start in ["value = 0.1", "normal = [0, 1]", "uniform = [-1, 3]"] {
                let start = format!("{start}, length = {length}");
                let (norm, entries) = run(SMALL_STEP, precision, &start);
                let error = error(norm, &entries).abs();
                assert!(error <= 2.0, "{precision} {start}: {error}");
                greatest = greatest.max(error);
            }
        }
        assert!(greatest > 0.5, "{precision}: {greatest}");
    }
}

#[test]
fn every_method_records_the_same_norm() {
    // A line-search method whose epoch ends where it began, as the gradient there is below the
    // limit at once, against a descent without a step.
    for precision in ["f32", "f64"] {
        for length in [2, 40, 700] {
            let start = format!("normal = [0, 1], length = {length}");
            let (of_descent, entries) =
                run("method = 'sgd', learning_rate = 1e-30", precision, &start);
            for method in ["lbfgs", "conjugate_gradient", "newton", "trust_region"] {
                let (outcome, rows) = only_run(&format!(
                    "epochs = 1\nprecision = '{precision}'\n\
                     stop = {{ gradient_norm_below = 1e6 }}\n\
                     objective = [{{ formula = '0.5 * sum(x^2)', start = {{ x = {{ {start} }} }} }}]\n\
                     optimizer = [{{ method = '{method}' }}]"
                ));
                assert_eq!(rows.last().unwrap().wide(), entries, "{method}");
                assert_eq!(
                    outcome.quantities.gradient_norm(),
                    of_descent,
                    "{method} {length}"
                );
            }
        }
    }
}

#[test]
fn a_power_of_two_changes_no_digit_of_it() {
    let norm = |factor: i32, precision: &str, length: usize| {
        let formula = format!("2.0^({factor}) * sum((3 + range({length})) * x)");
        let (outcome, _) = only_run(&format!(
            "epochs = 1\nprecision = '{precision}'\nrecord = {{ every = 1 }}\n\
             objective = [{{ formula = '{formula}', \
             start = {{ x = {{ value = 0, length = {length} }} }} }}]\n\
             optimizer = [{{ method = 'sgd', learning_rate = 1e-30 }}]"
        ));
        outcome.quantities.gradient_norm().to_f64()
    };
    for (precision, factors) in [
        ("f32", [-120, -90, -45, -40, -36, 40, 49, 53, 60, 100]),
        (
            "f64",
            [-1000, -700, -455, -445, 300, 495, 500, 505, 700, 1000],
        ),
    ] {
        for length in [2, 3, 50, 4_000] {
            let plain = norm(0, precision, length);
            for factor in factors {
                let power = 2.0_f64.powi(factor);
                let scaled = norm(factor, precision, length);
                assert_eq!(scaled, plain * power, "{precision} 2^{factor} {length}");
            }
        }
    }
}

#[test]
fn what_is_not_finite_is_its_own_norm() {
    let norm = |formula: &str| {
        let (outcome, _) = only_run(&format!(
            "epochs = 1\nobjective = [{{ formula = '{formula}', \
             start = {{ x = 1, y = 0, z = 0 }} }}]\n\
             optimizer = [{{ method = 'sgd', learning_rate = 1e-30 }}]"
        ));
        outcome.reason.to_string()
    };
    let told = |norm: &str| format!("gradient norm was {norm} at epoch 0");
    assert!(norm("x^2 + y^2 + sqrt(z)").starts_with(&told("inf")));
    assert!(norm("x^2 + sqrt(y) - sqrt(z)").starts_with(&told("inf")));
    assert!(norm("x^2 + sqrt(y)*z").starts_with(&told("NaN")));
}
