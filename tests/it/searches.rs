//! Searches against PyTorch, closed forms, scipy and known minima.

use gradtape::batch::{self, Cancelled, Control, Counts, Outcome, Recorder, Row};
use gradtape::objective::catalogue;
use gradtape::plan::{Plan, Run};

use crate::close::close;

/// The rows of a run: epoch, evaluations, parameters.
type Rows = Vec<(u64, u64, Vec<f64>)>;

#[derive(Default)]
struct Kept(Vec<(usize, Rows)>);

impl Recorder for Kept {
    fn begin(&mut self, run: &Run) {
        self.0.push((run.start.len(), Rows::new()));
    }

    fn record(&mut self, row: &Row<'_>) {
        let (parameters, rows) = self.0.last_mut().expect("begin comes first");
        let parameters = (0..*parameters).map(|place| (row.parameters)(place).to_f64());
        rows.push((row.epoch, row.evaluations, parameters.collect()));
    }
}

fn planned(text: &str) -> Plan {
    Plan::new("test.toml", text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// All runs of an experiment: how they ended, and their rows.
fn run(text: &str) -> Vec<(Outcome, Rows)> {
    let plan = planned(text);
    let numbers: Vec<u64> = (0..plan.runs()).collect();
    let mut all = Vec::new();
    batch::run(
        &plan,
        &numbers,
        Kept::default,
        &Control::default(),
        |outcomes, kept| {
            let outcomes = outcomes.into_iter().map(|(_, outcome)| outcome);
            all.extend(outcomes.zip(kept.0.into_iter().map(|(_, rows)| rows)));
            Ok::<(), Cancelled>(())
        },
    )
    .unwrap();
    all
}

fn parameters(outcome: &Outcome) -> Vec<f64> {
    outcome.parameters.iter().map(|x| x.to_f64()).collect()
}

/// Every search, in a line of TOML.
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
                    .all(|(x, y)| close(*x, *y, 1e-10, 0.0)),
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
            ([-0.5125309136076719, 0.21876859574661656], 18),
        ],
    );
}

#[test]
fn pytorch_stays_where_its_tolerances_end_it() {
    let optimizer = "method = 'lbfgs'\nline_search = 'strong_wolfe'";
    let (outcome, rows) = &run(&experiment("epochs = 9", ROSENBROCK, optimizer))[0];
    assert_eq!(
        outcome.status.to_string(),
        "no parameter changes from epoch 2 on"
    );
    assert_eq!((rows.len(), outcome.epochs_run), (10, 9));
    // The attempt that finds out is told, and none after it.
    let evaluations: Vec<u64> = rows.iter().map(|row| row.1).collect();
    assert_eq!(evaluations, [1, 26, 45, 46, 46, 46, 46, 46, 46, 46]);
    assert_eq!(outcome.counts.evaluations, 46);
}

#[test]
fn every_search_finds_the_minimum() {
    // The loss at the minimum is 0, so how close a search comes is not a matter of how
    // coarse the loss is. PyTorch's tolerances end it earlier.
    for optimizer in ALL {
        let head = "epochs = 500\nstop = { loss_below = 1e-20 }";
        let (outcome, rows) = &run(&experiment(head, ROSENBROCK, optimizer))[0];
        let limit = if optimizer.contains("lbfgs") {
            1e-9
        } else {
            1e-20
        };
        let loss = outcome.loss.to_f64();
        assert!(loss < limit, "{optimizer}: {loss}, {}", outcome.status);
        let increasing = rows.windows(2).all(|pair| pair[0].1 <= pair[1].1);
        assert!(increasing, "{optimizer}");
        let Counts {
            evaluations,
            gradients,
            hessian_products,
        } = outcome.counts;
        println!("{optimizer:?}: {evaluations} {gradients} {hessian_products} {loss}");
    }
}
