//! Line-search and second-order methods against PyTorch, closed forms, scipy and known minima.

use std::f64::consts::PI;

use gradtape_experiment::batch::End;
use gradtape_experiment::objective::catalogue;
use gradtape_experiment::plan::Quantity;

use crate::close::close;
use crate::runner::{folder, runner, succeeded};
use crate::runs::{Kept, planned, runs};

/// The rows of a run: epoch, evaluations, parameters.
type Rows = Vec<(u64, u64, Vec<f64>)>;

/// All runs of an experiment: how they ended, and their rows.
fn run(text: &str) -> Vec<(End, Rows)> {
    let row = |row: Kept| (row.epoch, row.evaluations, row.wide());
    let all = runs(&planned(text)).into_iter();
    all.map(|(outcome, rows)| (outcome, rows.into_iter().map(row).collect()))
        .collect()
}

fn parameters(outcome: &End) -> Vec<f64> {
    outcome.parameters.iter().map(|x| x.to_f64()).collect()
}

/// Every line-search and second-order method, in a line of TOML.
const ALL: &[&str] = &[
    "method = 'lbfgs'",
    "method = 'lbfgs'\nline_search = 'strong_wolfe'",
    "method = 'conjugate_gradient'",
    "method = 'conjugate_gradient'\nbeta = 'fletcher_reeves'",
    "method = 'conjugate_gradient'\nbeta = 'hager_zhang'",
    "method = 'newton'",
    "method = 'trust_region'",
    "method = 'levenberg_marquardt'",
];

/// Forms of them without a test of descent.
const PLAIN: &[&str] = &[
    "method = 'newton'\nline_search = 'none'",
    "method = 'levenberg_marquardt'\nsteps = 'gauss_newton'",
];

const ROSENBROCK: &str = "formula = '(1 - x)^2 + 100*(y - x^2)^2'\nstart = { x = -1.2, y = 1 }";

fn experiment(head: &str, objective: &str, optimizer: &str) -> String {
    format!("{head}\n[[objective]]\n{objective}\n[[optimizer]]\n{optimizer}\n")
}

#[test]
fn pytorch_is_followed_to_the_letter() {
    // From torch.optim.LBFGS 2.15.0: parameters and closure calls after each step. There
    // some sums are fused or taken in another order, and a quasi-Newton method multiplies
    // what that rounds by the condition of the Hessian, here 2500, in every iteration.
    let check = |settings: &str, golden: &[([f64; 2], u64)]| {
        let optimizer = format!("method = 'lbfgs'\n{settings}");
        let epochs = format!("epochs = {}", golden.len());
        let (_, rows) = &run(&experiment(&epochs, ROSENBROCK, &optimizer))[0];
        for ((epoch, evaluations, found), (wanted, calls)) in rows[1..].iter().zip(golden) {
            assert!(
                found
                    .iter()
                    .zip(wanted)
                    .all(|(x, y)| close(*x, *y, 1e-8, 0.0)),
                "{settings}, epoch {epoch}: {found:?}, {wanted:?}"
            );
            // The next step begins with one at the state that this one left.
            assert_eq!(*evaluations, calls + 1, "{settings}, epoch {epoch}");
        }
    };
    check(
        "line_search = 'strong_wolfe'",
        &[
            ([0.38062264334648777, 0.12491013187293636], 25),
            ([0.9999814210791366, 0.9999619651810989], 44),
        ],
    );
    check(
        "",
        &[
            ([-0.3929095248880504, 0.14696808489351595], 20),
            ([0.24040314723251563, 0.0529704874852057], 40),
            ([0.99980332591276, 0.9996078455480785], 60),
            ([0.9999987897933501, 0.9999974482598951], 62),
        ],
    );
    check(
        "learning_rate = 1e-3",
        &[
            ([-1.1968945987637307, 1.0022665885892468], 20),
            ([-1.1949199008620643, 1.0057602323288801], 40),
            ([-1.1933649698710758, 1.0102400785470635], 60),
            ([-1.1921131849920585, 1.015359837351972], 80),
        ],
    );
    check(
        "line_search = 'strong_wolfe'\nmax_iter = 4",
        &[
            ([-1.0288795348319695, 1.0655029516848564], 5),
            ([-0.9431278012083242, 0.8529662725410918], 10),
            ([-0.5160277728852024, 0.2265458257902353], 15),
            ([-0.2560895768966468, 0.03726198161622369], 20),
            ([0.21682779600948238, 0.06691881400560815], 25),
            ([0.38062264334648777, 0.12491013187293636], 30),
            ([0.7460759093292195, 0.5450068956869687], 36),
        ],
    );
    check(
        "learning_rate = 0.5\nmax_iter = 5",
        &[
            ([-1.0183380191776854, 1.0645190708832233], 5),
            ([-1.0222558141329505, 1.047281977780856], 10),
            ([-0.92778166688638, 0.8236254778635473], 15),
            ([-0.6274488003693928, 0.36544394101430844], 20),
            ([-0.19434030559591187, 0.014294630792763163], 25),
            ([0.38338250378819716, 0.04843734306642233], 30),
        ],
    );
    check(
        "line_search = 'strong_wolfe'\nmax_iter = 3\nhistory_size = 2\n\
         tolerance_change = 0\ntolerance_grad = 0",
        &[
            ([-1.0245319303460325, 1.0716196202669255], 3),
            ([-1.0288795348319695, 1.0655029516848564], 6),
            ([-1.0197614762019205, 1.0341075031417615], 9),
            ([-0.888128305847943, 0.7410177514999237], 12),
            ([-0.6649361769903684, 0.44475386950351503], 15),
            ([-0.5125309076136719, 0.21876859574661656], 18),
        ],
    );
}

#[test]
fn pytorch_stays_where_its_tolerances_end_it() {
    let optimizer = "method = 'lbfgs'\nline_search = 'strong_wolfe'";
    let (outcome, rows) = &run(&experiment("epochs = 9", ROSENBROCK, optimizer))[0];
    assert_eq!(
        outcome.reason.to_string(),
        "within the method's `tolerance_change`"
    );
    assert_eq!((rows.len(), outcome.quantities.epochs_run()), (3, 2));
    // The attempt that finds out counts too.
    let evaluations: Vec<u64> = rows.iter().map(|row| row.1).collect();
    assert_eq!(evaluations, [1, 26, 45]);
    assert_eq!(outcome.quantities.count(Quantity::Evaluations), 46);
    assert_eq!(outcome.quantities.count(Quantity::Evaluations), 46);
}

#[test]
fn every_search_finds_the_minimum() {
    // The loss at the minimum is 0, so its precision does not limit how close a method
    // comes. PyTorch's tolerances end it earlier.
    for optimizer in ALL.iter().chain(PLAIN) {
        let head = "epochs = 500\nstop = { loss_below = 1e-20 }";
        let (outcome, rows) = &run(&experiment(head, ROSENBROCK, optimizer))[0];
        let limit = if optimizer.contains("lbfgs") {
            1e-9
        } else {
            1e-20
        };
        let loss = outcome.quantities.loss().to_f64();
        assert!(loss < limit, "{optimizer}: {loss}, {}", outcome.reason);
        let increasing = rows.windows(2).all(|pair| pair[0].1 <= pair[1].1);
        assert!(increasing, "{optimizer}");
    }
}

#[test]
fn the_trust_region_is_that_of_scipy() {
    // scipy.optimize.minimize(rosen, [-1.2, 1], jac=rosen_der, hess=rosen_hess,
    // method="trust-ncg", tol=1e-10) of scipy 1.17.1: the same rules, 31 evaluations.
    let head = "epochs = 100\nstop = { gradient_norm_below = 1e-10 }";
    let (outcome, _) = &run(&experiment(head, ROSENBROCK, "method = 'trust_region'"))[0];
    assert_eq!(outcome.quantities.count(Quantity::Evaluations), 31);
    let loss = outcome.quantities.loss().to_f64();
    assert!(close(loss, 8.62806211982294e-25, 1e-6, 0.0), "{loss}");
}

#[test]
fn a_curve_is_fitted_to_points() {
    let objective = "formula = 'sum((a*exp(-b*t) + c - y)^2)'\n\
         start = { a = 1, b = 1, c = 0 }\n\
         define = { t = '[0, 1, 2, 3, 4, 5]', y = '[5.1, 3.2, 2.3, 1.6, 1.4, 1.2]' }";
    let head = "epochs = 100";
    let optimizer = "method = 'levenberg_marquardt'";
    let (outcome, _) = &run(&experiment(head, objective, optimizer))[0];
    // Where the gradient is 0, by mpmath in 40 digits.
    let exact = [
        4.086_104_865_060_045, 0.605_717_578_152_777_4, 1.007_252_515_036_325,
    ];
    // The loss does not distinguish steps shorter than √ε from none, relative to the
    // curvature, whose minimum is about 1.
    for (found, exact) in parameters(outcome).into_iter().zip(exact) {
        assert!(close(found, exact, 3e-8, 0.0), "{found} {exact}");
    }
    assert_eq!(outcome.reason.status().name(), "converged");
    // scipy's `least_squares(method="lm")` takes 13.
    assert!(
        outcome.quantities.count(Quantity::Evaluations) <= 15,
        "{:?}",
        outcome.quantities
    );
    // The mean is as good, and so is an added constant.
    let objective = objective.replace("sum(", "7 + 0.5*mean(");
    let (mean, _) = &run(&experiment(head, &objective, optimizer))[0];
    for (found, exact) in parameters(mean).into_iter().zip(exact) {
        assert!(close(found, exact, 1e-6, 0.0), "{found} {exact}");
    }
}

/// How a run ends, and with how many evaluations; `parameters` to 1e-9.
fn ends(formula: &str, start: &str, optimizer: &str, expected: &[f64]) -> (&'static str, u64) {
    let objective = format!("formula = '{formula}'\nstart = {{ {start} }}");
    let (outcome, _) = &run(&experiment("epochs = 100", &objective, optimizer))[0];
    for (found, exact) in parameters(outcome).into_iter().zip(expected) {
        assert!(close(found, *exact, 1e-9, 1e-9), "{formula}: {outcome:?}");
    }
    (
        outcome.reason.status().name(),
        outcome.quantities.count(Quantity::Evaluations),
    )
}

#[test]
fn newton_does_not_depend_on_the_units_of_parameters() {
    // The Hessian is indefinite near y = 0, with a diagonal of 2e6 and −1.
    let formula = "1e6*x^2 + cos(y)";
    let end = ends(formula, "x = 1, y = 0.1", "method = 'newton'", &[0.0, PI]);
    assert_eq!(end, ("no further step", 17));
}

#[test]
fn plain_newton_finds_roots_of_the_gradient() {
    let ends = |formula, start, end: &[f64]| ends(formula, start, PLAIN[0], end);
    // A minimum, and from the other side of 0 a maximum.
    for (start, root) in [("x = 2", 1.0), ("x = 0.1", 1.0), ("x = -2", -1.0)] {
        assert_eq!(ends("x^3 - 3*x", start, &[root]).0, "fixed point");
    }
    // A saddle in one step; a singular Hessian ends the run; some steps lead nowhere.
    assert_eq!(ends("x*y", "x = 3, y = -2", &[0.0; 2]), ("fixed point", 2));
    let valley = "(x + y)^2 + x";
    assert_eq!(
        ends(valley, "x = 3, y = -2", &[3.0, -2.0]),
        ("no further step", 1)
    );
    assert_eq!(ends("x*log(x)", "x = 50", &[50.0]).0, "diverged");
}

#[test]
fn gauss_newton_finds_roots_of_equations() {
    let ends = |formula, start, end: &[f64]| ends(formula, start, PLAIN[1], end);
    // Two steps (the first raises the loss), and one without a change.
    let rosenbrock = "(1 - x)^2 + 100*(y - x^2)^2";
    assert_eq!(
        ends(rosenbrock, "x = -1.2, y = 1", &[1.0; 2]),
        ("converged", 4)
    );
    let crossing = "(x^2 + y^2 - 25)^2 + (y - x - 1)^2";
    for (start, root) in [
        ("x = 5, y = 3", [3.0, 4.0]),
        ("x = -9, y = 1", [-4.0, -3.0]),
    ] {
        assert_ne!(ends(crossing, start, &root).0, "epoch limit");
    }
    assert_eq!(ends("(log(x) - 1)^2", "x = 50", &[50.0]).0, "diverged");
}

#[test]
fn dependent_residuals_have_a_shortest_step() {
    // Fewer equations than parameters, a parameter without effect, and two that act as one.
    let cases: [(&str, &str, &[f64]); 3] = [
        ("(x + 2*y - 5)^2", "x = 0, y = 0", &[1.0, 2.0]),
        ("(x - 1)^2 + (x - 3)^2 + 0*y^2", "x = 7, y = 8", &[2.0, 8.0]),
        (
            "(x + 2*y - 4)^2 + (x + 2*y - 6)^2 + (z - 1)^2",
            "x = 0, y = 0, z = 0",
            &[1.0, 2.0, 1.0],
        ),
    ];
    for (formula, start, end) in cases {
        assert_ne!(ends(formula, start, PLAIN[1], end).0, "epoch limit");
        // Within the trust region the step is another one to an equal loss.
        assert_ne!(
            ends(formula, start, "method = 'levenberg_marquardt'", &[]).0,
            "epoch limit"
        );
    }
}

#[test]
fn both_conventions_of_lbfgs_can_be_named() {
    let optimizer = "method = 'lbfgs'\nconvention = 'textbook'\nhistory_size = 5";
    let head = "epochs = 100\nstop = { loss_below = 1e-20 }";
    let (outcome, rows) = &run(&experiment(head, ROSENBROCK, optimizer))[0];
    assert_eq!(outcome.reason.status().name(), "converged");
    assert!(
        outcome.quantities.count(Quantity::Evaluations) < 60,
        "{:?}",
        outcome.quantities
    );
    assert!(rows.len() < 50, "an iteration an epoch: {}", rows.len());
}

#[test]
fn no_search_raises_the_loss_of_a_test_function() {
    for function in catalogue::all() {
        let name = function.name;
        let objective = format!("function = '{name}'");
        for optimizer in ALL.iter().filter(|one| !one.contains("marquardt")) {
            // Without a line search PyTorch's L-BFGS may go anywhere.
            if *optimizer == "method = 'lbfgs'" {
                continue;
            }
            let (outcome, _) = &run(&experiment("epochs = 60", &objective, optimizer))[0];
            let first = &run(&experiment(
                "epochs = 1",
                &objective,
                "method = 'sgd'\nlearning_rate = 1e-300",
            ))[0];
            let (first, last) = (
                first.0.quantities.loss().to_f64(),
                outcome.quantities.loss().to_f64(),
            );
            assert!(last <= first, "{name}, {optimizer}: {first} {last}");
        }
    }
}

#[test]
fn a_search_ends_where_the_hessian_overflows() {
    // Loss and gradient are finite there, the second derivative is not.
    let head = "epochs = 2";
    let objective = "formula = '(0.5/x)^6 + y^2'\nstart = { x = 1e-39, y = 3 }";
    for optimizer in ALL.iter().filter(|one| !one.contains("levenberg")) {
        let all = run(&experiment(head, objective, optimizer));
        assert!(
            all[0].0.quantities.loss().to_f64().is_finite(),
            "{optimizer}"
        );
    }
}

#[test]
fn searches_go_through_whole_arrays() {
    // Too long to be written out element by element.
    let objective = "formula = 'sum((1 + range(2000)/20)*(x - 1)^2 + (x - 1)^4)'\n\
                     start = { x = { value = 0, length = 2000 } }";
    for optimizer in [
        "method = 'lbfgs'\nconvention = 'textbook'",
        "method = 'conjugate_gradient'",
        "method = 'trust_region'",
    ] {
        let head = "epochs = 3000\nstop = { gradient_norm_below = 1e-6 }";
        let (outcome, _) = &run(&experiment(head, objective, optimizer))[0];
        assert_eq!(outcome.reason.status().name(), "converged", "{optimizer}");
    }
}

#[test]
fn the_bits_are_the_same_on_any_number_of_threads() {
    let optimizers: String = ALL
        .iter()
        .chain(PLAIN)
        .map(|one| format!("[[optimizer]]\n{one}\n"))
        .collect();
    let text = format!(
        "epochs = 12\nprecision = ['f64', 'f32']\nsubnormals = ['keep', 'flush']\n\
         [[objective]]\nformula = '(a - x)^2 + b*(y - x^2)^2'\nstart = [{{ x = -1.2, y = 1 }}, {{ x = 2, y = 1 }}]\n\
         constants = {{ a = 1, b = [1, 100] }}\n{optimizers}"
    );
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| run(&text))
    };
    let alone = on(1);
    assert_eq!(alone.len(), 2 * 2 * 4 * (ALL.len() + PLAIN.len()));
    for threads in [2, 5] {
        for (one, other) in alone.iter().zip(on(threads)) {
            assert_eq!(one.0, other.0);
            assert_eq!(one.1, other.1);
        }
    }
}

#[test]
fn stop_rules_hold_for_searches() {
    let check = |stop: &str, reason: &str, epoch: u64| {
        let head = format!("epochs = 100\nstop = {{ {stop} }}");
        let objective = "formula = '1 + (x - 3)^4'\nstart = { x = 0 }\nminimum = { value = 1 }";
        let (outcome, rows) = &run(&experiment(&head, objective, "method = 'newton'"))[0];
        let status = outcome.reason.to_string();
        assert!(status.starts_with(reason), "{stop}: {status}");
        assert_eq!(outcome.quantities.epochs_run(), epoch, "{stop}: {status}");
        assert_eq!(rows.last().unwrap().0, epoch);
    };
    // Each step of Newton leaves ⅔ of the distance, so that after k of them it is 3·(⅔)ᵏ.
    check("loss_below = 2", "loss 1.62", 3);
    check("gradient_norm_below = 1", "gradient norm 0.83", 4);
    check("gap_below = 0.1", "gap 0.024", 5);
    check("step_below = 0.1", "step 0.087", 7);
    check(
        "patience = 2, min_delta = 1",
        "no improvement in 2 epochs",
        5,
    );
}

#[test]
fn evaluations_are_told_of_rules_too() {
    let text = "epochs = 3\n[[objective]]\nformula = 'x^2'\nstart = { x = 1 }\n\
        [[optimizer]]\nmethod = 'sgd'\nlearning_rate = 0.1\n\
        [[chart]]\nx = 'evaluations'\n[[expect]]\nevaluations = { equals = 4 }\n\
        gradient_evaluations = { equals = 4 }\nhessian_products = { equals = 0 }";
    let plan = planned(text);
    assert!(!plan.has_searches());
    let (outcome, rows) = &run(text)[0];
    let count = |quantity| outcome.quantities.count(quantity);
    assert_eq!(count(Quantity::Evaluations), 4);
    assert_eq!(count(Quantity::GradientEvaluations), 4);
    assert_eq!(count(Quantity::HessianProducts), 0);
    let evaluations: Vec<u64> = rows.iter().map(|row| row.1).collect();
    assert_eq!(evaluations, [1, 2, 3, 4]);
}

#[test]
fn a_report_counts_evaluations() {
    let text = "epochs = 2\n[[objective]]\nformula = '(x - 1)^2 + x^4'\nstart = { x = 2 }\n\
        [[optimizer]]\nmethod = 'newton'\n[[optimizer]]\nmethod = 'sgd'\nlearning_rate = 0.1\n\
        [[chart]]\nx = 'evaluations'\n[[chart]]\ny = 'evaluations'\n\
        [[expect]]\nruns = { method = 'newton' }\nevaluations = { equals = 3 }\n\
        hessian_products = { equals = 2 }\n";
    let at = folder(&[("counted.toml", text)]);
    succeeded(runner(at.path()).arg("counted.toml"));
    let read = |name: &str| {
        let path = at.path().join("reports/counted").join(name);
        std::fs::read_to_string(path).unwrap()
    };
    insta::assert_snapshot!("counted_runs", read("runs.csv"));
    insta::assert_snapshot!("counted_trajectories", read("trajectories.csv"));
    let report = read("report.json");
    assert!(
        report.contains("\"evaluations\":3,\"gradient_evaluations\":3,\"hessian_products\":2"),
        "{report}"
    );
    // What was written is read again.
    succeeded(runner(at.path()).args(["check", "counted.toml"]));
}
