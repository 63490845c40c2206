//! The determination of a run: equal for the same computation, different for any other.

use std::path::Path;

use gradtape_experiment::batch::{DEFINITION, Determination, determination};
use gradtape_experiment::objective::{FUNCTIONS, catalogue};
use gradtape_experiment::optimizer::Method;
use gradtape_experiment::plan::Plan;
use sha2::{Digest, Sha256};

use crate::runs::{planned, runs};

fn first(text: &str) -> Determination {
    let plan = planned(text);
    determination(&plan, &plan.run(0))
}

/// Of [`TEXT`] with `new` in the place of `old`.
fn with(old: &str, new: &str) -> Determination {
    assert!(TEXT.contains(old), "{old}");
    first(&TEXT.replace(old, new))
}

const TEXT: &str = "\
epochs = 10
seed = 1
precision = 'f64'
subnormals = 'keep'

[[objective]]
name = 'valley'
formula = '(a - x)^2 + 100*(y - x^2)^2'
start = { x = -1.2, y = 1 }
constants = { a = 1 }
bounds = { x = [-2, 2] }

[[optimizer]]
name = 'steps'
method = 'adam'
convention = 'pytorch'
learning_rate = 0.1
beta1 = 0.9
schedule = { kind = 'cosine', end = 0.01 }
clip = { norm = 10 }

[stop]
loss_below = 1e-9
";

#[test]
fn whatever_changes_a_bit_changes_the_determination() {
    let before = first(TEXT);
    for (old, new) in [
        ("epochs = 10", "epochs = 11"),
        ("'f64'", "'f32'"),
        ("'keep'", "'flush'"),
        ("(a - x)^2", "(x - a)^2"),
        ("x = -1.2", "x = -1.3"),
        ("a = 1", "a = 2"),
        ("[-2, 2]", "[-2, 3]"),
        ("'adam'", "'nadam'"),
        ("beta1 = 0.9", "beta1 = 0.9\nweight_decay = 0.1"),
        ("beta1 = 0.9", "beta1 = 0.9\namsgrad = true"),
        ("learning_rate = 0.1", "learning_rate = 0.2"),
        ("beta1 = 0.9", "beta1 = 0.8"),
        ("end = 0.01", "end = 0.02"),
        ("'cosine', end = 0.01", "'linear'"),
        ("norm = 10", "norm = 11"),
        ("norm = 10", "value = 10"),
        ("loss_below = 1e-9", "loss_below = 1e-8"),
        ("loss_below = 1e-9", "step_below = 1e-9"),
        ("loss_below = 1e-9", "patience = 3"),
    ] {
        assert_ne!(with(old, new), before, "{new}");
    }
}

#[test]
fn what_changes_no_bit_does_not_change_the_determination() {
    let before = first(TEXT);
    for (old, new) in [
        ("'valley'", "'another name'"),
        ("'steps'", "'another name'"),
        // Nothing is drawn from it.
        ("seed = 1", "seed = 2"),
        ("[stop]", "[record]\nevery = 5\n\n[stop]"),
        // Written in another way.
        ("(a - x)^2", "( a - x )**2"),
        ("learning_rate = 0.1", "learning_rate = 1e-1"),
    ] {
        assert_eq!(with(old, new), before, "{new}");
    }
    // Another run before it.
    let more = TEXT.replace(
        "{ x = -1.2, y = 1 }",
        "[{ x = 0, y = 0 }, { x = -1.2, y = 1 }]",
    );
    let plan = planned(&more);
    assert_eq!(determination(&plan, &plan.run(1)), before);
    assert_ne!(determination(&plan, &plan.run(0)), before);
}

#[test]
fn the_settings_of_a_search_count() {
    let text = "\
epochs = 10
objective = [{ formula = '(1 - x)^2 + 100*(y - x^2)^2', start = { x = -1.2, y = 1 } }]
optimizer = [{ method = 'lbfgs', convention = 'pytorch', history_size = 5 }]
";
    let before = first(text);
    for (old, new) in [
        ("history_size = 5", "history_size = 6"),
        ("history_size = 5", "line_search = 'strong_wolfe'"),
        (
            "lbfgs', convention = 'pytorch', history_size = 5",
            "newton'",
        ),
        ("y = 1", "y = 2"),
    ] {
        assert_ne!(first(&text.replace(old, new)), before, "{new}");
    }
}

/// The plan of an experiment on this data, with settings of the data.
fn with_data(folder: &Path, rows: &str, settings: &str) -> Plan {
    std::fs::write(folder.join("data.csv"), rows).unwrap();
    let text = format!(
        "epochs = 3\n{settings}\n\
         [[optimizer]]\nmethod = 'sgd'\nlearning_rate = 0.1\n"
    );
    let path = folder.join("data.toml");
    Plan::new(&path.to_string_lossy(), &text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[test]
fn data_and_the_order_of_their_rows_count() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "x,y\n1,2\n2,4\n3,7\n4,8\n";
    let objective = |data: &str| {
        format!(
            "[[objective]]\nformula = 'mean((w*x - y)^2)'\nstart = {{ w = 0 }}\n\
             data = {{ file = 'data.csv', columns = {{ x = 'x', y = 'y' }}{data} }}"
        )
    };
    let of = |rows: &str, settings: &str| {
        let plan = with_data(folder.path(), rows, settings);
        determination(&plan, &plan.run(0))
    };
    let whole = of(rows, &objective(""));
    assert_ne!(of(&rows.replace('7', "6"), &objective("")), whole);
    assert_eq!(of(rows, &format!("seed = 5\n{}", objective(""))), whole);
    let batches = of(rows, &objective(", batch_size = 3"));
    assert_ne!(batches, whole);
    assert_ne!(of(rows, &objective(", batch_size = 2")), batches);
    let other_order = format!("seed = 5\n{}", objective(", batch_size = 3"));
    assert_ne!(of(rows, &other_order), batches, "the rows are shuffled");
}

/// If this changes and the reports do not, the recorded graphs have changed: results that are
/// stored under these determinations are computed again. If the reports change too without a
/// change of the graphs, [`DEFINITION`](gradtape_experiment::batch::DEFINITION) must grow.
#[test]
fn the_determinations_of_the_experiments_are_frozen() {
    let mut paths: Vec<_> = std::fs::read_dir("experiments")
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    paths.sort_by_key(std::fs::DirEntry::path);
    let mut all = String::new();
    for entry in paths {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let plan = Plan::new(&path.to_string_lossy(), &text).unwrap();
        let last = plan.runs.count().checked_sub(1);
        for number in last.map_or(vec![], |last| vec![0, last]) {
            let found = determination(&plan, &plan.run(number));
            let name = path.file_name().unwrap().to_string_lossy();
            all.push_str(&format!("{name} {number} {found}\n"));
        }
    }
    insta::assert_snapshot!(all);
}

/// The bits of all runs of an experiment, in both precisions with subnormal numbers preserved
/// and flushed; nothing if it is not one.
fn bits(experiment: &str) -> Option<String> {
    let text = format!(
        "epochs = 4\nprecision = ['f32', 'f64']\nsubnormals = ['keep', 'flush']\n\
         record = {{ every = 1 }}\n{experiment}"
    );
    let plan = Plan::new("bits.toml", &text).ok()?;
    let mut hash = Sha256::new();
    // Processors differ in the payload of a NaN.
    let mut add = |x: f64| {
        let x = if x.is_nan() { f64::NAN } else { x };
        hash.update(x.to_bits().to_le_bytes());
    };
    for (end, rows) in runs(&plan) {
        for row in rows {
            add(row.loss);
            row.wide().into_iter().for_each(&mut add);
        }
        add(end.quantities.gradient_norm().to_f64());
    }
    let hash: [u8; 32] = hash.finalize().into();
    Some(hash[..8].iter().map(|byte| format!("{byte:02x}")).collect())
}

const DESCENT: &str = "optimizer = [{ method = 'sgd', learning_rate = 0.01 }]";

/// Formulas with each function of the language, and sums of several lengths.
fn formulas() -> Vec<String> {
    let arguments = ["0.7*x", "(x + 0.4)", "1.3", "2"];
    let calls = FUNCTIONS.iter().flat_map(|function| {
        let counts = (1..=4).filter(|count| function.arity.accepts(*count));
        counts.map(|count| format!("{}({})", function.name, arguments[..count].join(", ")))
    });
    let reduced = ["sum", "prod", "mean", "max", "norm", "logsumexp", "std"];
    let reduced = reduced.into_iter().flat_map(|function| {
        let lengths = [3, 7, 8, 9, 100, 1000].into_iter();
        lengths.map(move |length| format!("{function}(cos(range({length})*x))"))
    });
    let others = [
        "x^3 - 2/x + (-x)^2",
        "x^2.5",
        "2^x",
        "sum(cumsum(range(9)*x))",
        "sum(softmax(range(9)*x)*range(9))",
        "range(9)*x @ cos(range(9))",
        "sum(([[1, 2, 3], [4, 5, 6]]*x) @ [x, 1, 2])",
        "where(x > 1, x^2, -x)",
    ];
    calls
        .chain(reduced)
        .chain(others.map(str::to_owned))
        .collect()
}

#[test]
fn the_bits_of_a_definition_are_frozen() {
    // If a line changes, results stored with this number are no longer what is computed: raise
    // `batch::DEFINITION`, which begins another list. New lines may be added to this one.
    let mut all = String::new();
    let mut add = |name: &str, experiment: &str| {
        if let Some(bits) = bits(experiment) {
            all.push_str(&format!("{name}: {bits}\n"));
        }
    };
    for formula in formulas() {
        let objective = format!(
            "objective = [{{ formula = '{formula}', start = [{{ x = 0.9 }}, {{ x = -0.3 }}, {{ x = 1e-39 }}] }}]"
        );
        add(&formula, &format!("{objective}\n{DESCENT}"));
    }
    for function in catalogue::names() {
        let objective = format!("objective = [{{ function = '{function}' }}]");
        add(function, &format!("{objective}\n{DESCENT}"));
    }
    let valley = "objective = [{ formula = '(1 - x)^2 + 100*(y - x^2)^2', \
                  start = { x = -1.2, y = 1 } }]";
    for method in Method::ALL {
        for convention in ["pytorch", "optax", "keras", "textbook"] {
            for rate in ["", ", learning_rate = 0.001"] {
                let name = method.name();
                let optimizer = format!(
                    "optimizer = [{{ method = '{name}', convention = '{convention}'{rate} }}]"
                );
                add(
                    &format!("{name} {convention}{rate}"),
                    &format!("{valley}\n{optimizer}"),
                );
            }
        }
    }
    insta::assert_snapshot!(format!("definition_{DEFINITION}"), all);
}
