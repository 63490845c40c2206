//! Adam and its variants against closed forms. Gradients are given, so that only the rule
//! is tested.

use gradtape_engine::Program;
use gradtape_experiment::number::{Number, Value};
use gradtape_experiment::optimizer::{Convention, Initial, Inputs, Method, Recipe, Rule};
use gradtape_tape::{Array, Graph, Precision, Real, Shape, Subnormals};

use crate::close::close;

/// A few rounding errors.
const ULPS: f64 = 16.0 * f64::EPSILON;

/// A rule with its settings.
struct Setup {
    recipe: Recipe,
    settings: Vec<(&'static str, Value)>,
}

/// The parameters and the memory after an epoch.
struct After {
    x: Vec<f64>,
    memory: Vec<f64>,
}

impl Setup {
    /// Of a method and its convention, such as "adam keras", with settings such as
    /// "learning_rate=0.1 amsgrad=true".
    fn new(method: &str, settings: &str) -> Setup {
        let (method, convention) = method.split_once(' ').unwrap();
        let method = Method::named(method).unwrap();
        let convention = Convention::named(convention).unwrap();
        let given: Vec<(&str, &str)> = settings
            .split_whitespace()
            .map(|setting| setting.split_once('=').unwrap())
            .collect();
        let description = method.description();
        assert!(description.has(convention));
        let settings = description.settings_of(convention);
        let settings = settings.map(|(setting, default)| {
            let given = given.iter().find(|(name, _)| *name == setting.name);
            let value = match given {
                Some((_, "true")) => Value::Switch(true),
                Some((_, "false")) => Value::Switch(false),
                Some((_, number)) => Value::Number(number.parse::<f64>().unwrap().into()),
                None => default.value().unwrap(),
            };
            assert!(setting.domain.contains(&value), "{}", setting.name);
            (setting.name, value)
        });
        let settings: Vec<_> = settings.collect();
        assert!(
            given
                .iter()
                .all(|(name, _)| settings.iter().any(|(known, _)| known == name)),
            "{given:?}"
        );
        let rule = Rule::new(method, convention, |name| {
            let found = settings.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value)
        });
        let recipe = Recipe {
            rule,
            schedule: None,
            clip: None,
        };
        Setup { recipe, settings }
    }

    fn number(&self, name: &str) -> f64 {
        let found = self.settings.iter().find(|(known, _)| *known == name);
        found
            .and_then(|(_, value)| value.number())
            .map_or(0.0, Number::wide)
    }

    fn numbers(&self) -> Vec<f64> {
        let names = self.recipe.numbers();
        names.iter().map(|name| self.number(name)).collect()
    }

    /// The memory before the first epoch of variables with these shapes.
    fn memory(&self, shapes: &[Shape], start: &[f64]) -> Vec<f64> {
        let elements = |shape: &Shape| shape.elements().unwrap();
        let mut memory = Vec::new();
        for cell in self.recipe.memory(shapes) {
            let before = shapes[..cell.variable].iter().map(elements).sum::<usize>();
            let own = elements(&cell.shape);
            match cell.initial {
                Initial::Number(number) => memory.extend([number].repeat(own)),
                Initial::Setting(setting) => {
                    memory.extend([self.number(setting.name)].repeat(own));
                }
                Initial::Schedule(_) => unreachable!("there is no schedule"),
                Initial::Parameters => memory.extend(&start[before..before + own]),
            }
        }
        memory
    }

    fn record<'g>(
        &self,
        x: &[Array<'g>],
        gradient: &[Array<'g>],
        memory: &[Array<'g>],
        numbers: &[Array<'g>],
    ) -> Vec<Array<'g>> {
        let next = self.recipe.record(Inputs {
            parameters: x,
            gradient,
            loss: numbers[0],
            memory,
            numbers,
        });
        [next.update.parameters, next.update.memory].concat()
    }

    /// The epochs that follow from these gradients, each variable a number.
    fn numbers_after<T: Real>(&self, start: &[f64], gradients: &[Vec<f64>]) -> Vec<After> {
        let shapes = vec![Shape::scalar(); start.len()];
        let memory = self.memory(&shapes, start);
        let numbers = self.numbers();
        let graph = Graph::new(T::PRECISION, Subnormals::Keep);
        let outputs = self.record(
            &graph.numbers(start.len()),
            &graph.numbers(start.len()),
            &graph.numbers(memory.len()),
            &graph.numbers(numbers.len()),
        );
        let program: Program<T> = Program::new(&graph, &outputs);
        epochs(&program, start, gradients, memory, &numbers)
    }

    /// The same of variables with these shapes.
    fn arrays_after(
        &self,
        shapes: &[&[usize]],
        start: &[f64],
        gradients: &[Vec<f64>],
    ) -> Vec<After> {
        let shapes: Vec<Shape> = shapes.iter().map(|shape| Shape::from(*shape)).collect();
        let memory = self.memory(&shapes, start);
        let numbers = self.numbers();
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let inputs = |shapes: &[Shape]| -> Vec<Array<'_>> {
            let shapes = shapes.iter();
            shapes.map(|shape| graph.input(shape.clone())).collect()
        };
        let cells = self.recipe.memory(&shapes).into_iter();
        let cells: Vec<Shape> = cells.map(|cell| cell.shape).collect();
        let outputs = self.record(
            &inputs(&shapes),
            &inputs(&shapes),
            &inputs(&cells),
            &inputs(&vec![Shape::scalar(); numbers.len()]),
        );
        let program: Program<f64> = Program::epoch(&graph, &outputs, &[]);
        epochs(&program, start, gradients, memory, &numbers)
    }
}

fn epochs<T: Real>(
    program: &Program<T>,
    start: &[f64],
    gradients: &[Vec<f64>],
    mut memory: Vec<f64>,
    numbers: &[f64],
) -> Vec<After> {
    let mut x = start.to_vec();
    let mut all = Vec::new();
    for gradient in gradients {
        let inputs = [&x, gradient, &memory, numbers].concat();
        let inputs: Vec<T> = inputs.into_iter().map(T::from_f64).collect();
        let outputs = program.evaluate(&inputs).into_iter().map(T::to_f64);
        let mut outputs: Vec<f64> = outputs.collect();
        memory = outputs.split_off(x.len());
        x = outputs;
        all.push(After {
            x: x.clone(),
            memory: memory.clone(),
        });
    }
    all
}

/// One number from `start`, after each of these gradients.
fn path(method: &str, settings: &str, start: f64, gradients: &[f64]) -> Vec<f64> {
    let gradients: Vec<Vec<f64>> = gradients.iter().map(|g| vec![*g]).collect();
    let after = Setup::new(method, settings).numbers_after::<f64>(&[start], &gradients);
    after.iter().map(|after| after.x[0]).collect()
}

/// The methods of these tests in each of their conventions.
fn all() -> impl Iterator<Item = (Method, String)> {
    let ours = Method::ALL.iter().filter(|method| {
        let settings = method.description().settings.iter();
        settings.clone().any(|setting| setting.name == "beta1")
            || method.name() == "adafactor"
            || method.name() == "schedule_free_sgd"
    });
    ours.flat_map(|method| {
        let conventions = method.description().conventions.iter();
        conventions.map(|one| (*method, format!("{} {}", method.name(), one.name())))
    })
}

#[track_caller]
fn assert_close(a: f64, b: f64, relative: f64) {
    assert!(close(a, b, relative, 0.0), "{a} is not {b}");
}

#[test]
fn the_first_step_is_the_learning_rate_and_epsilon_is_in_its_place() {
    // The averages are m = (1 − β₁)·g and v = (1 − β₂)·g².
    let (rate, epsilon, g) = (0.125, 0.5, -3.0_f64);
    let settings = "learning_rate=0.125 epsilon=0.5";
    let check = |method: &str, step: f64| {
        assert_close(path(method, settings, 0.0, &[g])[0], step, ULPS);
    };
    let outside = rate * -g / (g.abs() + epsilon);
    check("adam pytorch", outside);
    check("adam optax", outside);
    // ε is added before the correction of v, which is divided by 1 − β₂ = 0.001.
    let before = rate * -g / (g.abs() + epsilon / 0.001_f64.sqrt());
    assert_close(
        path("adam keras", settings, 0.0, &[g])[0],
        before,
        // 1 − 0.999 has lost ten binary digits.
        1024.0 * f64::EPSILON,
    );
    check("adamax pytorch", outside);
    check("adamax optax", outside);
    check("adamax keras", outside);
    check("schedule_free_adamw keras", outside);
    let root = format!("{settings} epsilon_root=7");
    let inside = rate * -g / ((g * g + 7.0).sqrt() + epsilon);
    assert_close(path("adam optax", &root, 0.0, &[g])[0], inside, ULPS);
    assert_close(path("adan optax", &root, 0.0, &[g])[0], inside, ULPS);
}

#[test]
fn a_gradient_that_stays_gives_steps_of_the_learning_rate() {
    // Averages without their bias are g and g² in each epoch.
    let gradients = [0.25; 30];
    for method in [
        "adam pytorch", "adam optax", "adam keras", "adamw pytorch", "radam pytorch",
        "adamax pytorch", "adamax optax", "adamax keras", "lion optax", "lion keras",
    ] {
        let mut settings = "learning_rate=0.5".to_owned();
        if method.starts_with("adamw") || method == "lion optax" {
            settings += " weight_decay=0";
        }
        if !method.starts_with("lion") {
            settings += " epsilon=0";
        }
        let path = path(method, &settings, 100.0, &gradients);
        if method.starts_with("radam") {
            // The average of squares is trusted from the sixth epoch on.
            for (epoch, x) in path.iter().enumerate().take(5) {
                assert_close(*x, 100.0 - 0.125 * (epoch + 1) as f64, ULPS);
            }
            let steps: Vec<f64> = path.windows(2).map(|pair| pair[0] - pair[1]).collect();
            // Rectified steps are short at first, and grow towards the learning rate.
            assert!(steps[4] < 0.125 && steps[4..].is_sorted() && steps[28] < 0.5);
            continue;
        }
        for (epoch, x) in path.iter().enumerate() {
            // Rounding errors of a share of 1 − 0.999ᵗ, summed over the epochs.
            assert_close(*x, 100.0 - 0.5 * (epoch + 1) as f64, 1e-13);
        }
    }
}

#[test]
fn weights_decay_by_the_same_factor_in_every_convention() {
    // Nothing but the decay moves where the gradient is 0.
    for method in ["adamw pytorch", "adamw optax", "adamw keras", "lion keras"] {
        let path = path(
            method,
            "learning_rate=0.5 weight_decay=0.25",
            8.0,
            &[0.0; 4],
        );
        assert_eq!(path, [7.0, 6.125, 5.359_375, 4.689_453_125], "{method}");
    }
    // As a part of the gradient, all but its sign is lost.
    let coupled = path(
        "adam pytorch",
        "learning_rate=0.5 weight_decay=0.25",
        8.0,
        &[0.0],
    );
    assert_close(coupled[0], 7.5, 1e-8);
    let apart = "learning_rate=0.5 weight_decay=0.25 decoupled_weight_decay=true";
    for method in ["adam pytorch", "nadam pytorch", "radam pytorch"] {
        assert_eq!(path(method, apart, 8.0, &[0.0]), [7.0], "{method}");
    }
}

#[test]
fn amsgrad_remembers_the_greatest_average() {
    let gradients = [10.0, 0.125, 0.125, 0.125, 0.125];
    for method in ["adam pytorch", "adam optax", "adam keras", "adamw pytorch"] {
        let settings = "learning_rate=0.25 beta1=0 beta2=0.5 amsgrad=true";
        let gradients: Vec<Vec<f64>> = gradients.iter().map(|g| vec![*g]).collect();
        let after = Setup::new(method, settings).numbers_after::<f64>(&[0.0], &gradients);
        let greatest: Vec<f64> = after.iter().map(|after| after.memory[2]).collect();
        // The average is 50 after the first epoch, and 100 without its bias.
        let expected = if method == "adam optax" { 100.0 } else { 50.0 };
        assert_eq!(greatest, [expected; 5], "{method}");
        let averages: Vec<f64> = after.iter().map(|after| after.memory[1]).collect();
        assert!(averages.is_sorted_by(|a, b| a > b), "{averages:?}");
    }
}

#[test]
fn nesterov_looks_ahead_of_a_gradient_that_stays() {
    // With m = g·(1 − β₁ᵗ), m̂ is g·(β₁·(1 − β₁ᵗ)/(1 − β₁ᵗ⁺¹) + (1 − β₁)/(1 − β₁ᵗ)).
    let beta: f64 = 0.75;
    let settings = "learning_rate=1 beta1=0.75 beta2=0.5 epsilon=0";
    let nadam = path("nadam optax", settings, 0.0, &[2.0; 6]);
    let mut x = 0.0;
    for (epoch, found) in nadam.iter().enumerate() {
        let bias = |t: usize| 1.0 - beta.powi(i32::try_from(t).unwrap());
        x -= beta * bias(epoch + 1) / bias(epoch + 2) + (1.0 - beta) / bias(epoch + 1);
        assert_close(*found, x, ULPS);
    }
    let settings = format!("{settings} nesterov=true");
    assert_eq!(nadam, path("adam optax", &settings, 0.0, &[2.0; 6]));
    // Without any growth PyTorch's momentum is β₁/2 in all epochs, the average still β₁:
    // (1 − μ)·g/(1 − μ) + μ·m/(1 − μ²), with m = (1 − β₁)·g.
    let settings = "learning_rate=1 beta1=0.75 momentum_decay=0 epsilon=0";
    let first = path("nadam pytorch", settings, 0.0, &[2.0])[0];
    let momentum = 0.375_f64;
    let step = 1.0 + momentum * 0.25 / (1.0 - momentum * momentum);
    assert_close(first, -step, 1024.0 * f64::EPSILON);
}

#[test]
fn yogi_forgets_great_gradients_by_small_sums() {
    let settings = "learning_rate=1 beta2=0.5";
    let gradients = [vec![4.0], vec![1.0], vec![0.0]];
    let after = Setup::new("yogi optax", settings).numbers_after::<f64>(&[0.0], &gradients);
    let squares: Vec<f64> = after.iter().map(|after| after.memory[1]).collect();
    // Up by half of 16, down by half of 1 and of 0.
    assert_eq!(squares, [1e-6 + 8.0, 1e-6 + 8.0 - 0.5, 1e-6 + 8.0 - 0.5]);
}

#[test]
fn lion_steps_by_the_sign_alone() {
    let gradients = [1e-3, -5e-5, 7.0, 0.0];
    let path = path("lion keras", "learning_rate=0.25", 1.0, &gradients);
    // m is 10⁻⁵ after the first epoch, so that the second gradient does not outweigh it:
    // 0.9·10⁻⁵ − 0.5·10⁻⁵.
    assert_eq!(path, [0.75, 0.5, 0.25, 0.0]);
}

#[test]
fn lamb_moves_each_variable_by_a_share_of_its_length() {
    let start = [3.0, 4.0, 0.0, 0.0, 7.0];
    let gradient = vec![0.5, -0.25, 1.0, 2.0, 1e-3];
    let shapes: [&[usize]; 3] = [&[2], &[2], &[]];
    for method in ["lamb optax", "lamb keras"] {
        let setup = Setup::new(method, "learning_rate=0.125 epsilon=0");
        let after = setup.arrays_after(&shapes, &start, std::slice::from_ref(&gradient));
        let x = &after[0].x;
        let moved = (x[0] - 3.0).hypot(x[1] - 4.0);
        assert_close(moved, 0.125 * 5.0, ULPS);
        // A variable of length 0 takes Adam's step, whose first is all of one length.
        assert_close(x[2], -0.125, ULPS);
        assert_close(x[3], -0.125, ULPS);
        assert_close(x[4], 7.0 - 0.125 * 7.0, ULPS);
    }
}

#[test]
fn adafactor_is_exact_where_squares_are_a_product_of_rows_and_columns() {
    // |g| = (1, 2)ᵀ·(1, 4, 0.5); divided by its root only signs remain, and their
    // mean square is 1.
    let gradient = vec![1.0, -4.0, 0.5, -2.0, 8.0, 1.0];
    let start = [2.0, -2.0, 2.0, 2.0, -2.0, 2.0];
    for (method, more, numbers) in [
        ("adafactor pytorch", "", 5),
        ("adafactor keras", "", 5),
        ("adafactor optax", " min_dim_size_to_factor=2", 11),
    ] {
        let settings = format!("learning_rate=0.25{more}");
        let setup = Setup::new(method, &settings);
        let after = setup.arrays_after(&[&[2, 3]], &start, std::slice::from_ref(&gradient));
        // The number of updates is remembered, too.
        assert_eq!(after[0].memory.len(), numbers + 1, "{method}");
        for ((x, start), g) in after[0].x.iter().zip(start).zip(&gradient) {
            // The first newest squares have the weight 1, the root of the mean square of
            // the matrix is 2.
            assert_close(*x, start - 0.25 * 2.0 * g.signum(), ULPS);
        }
        // A tall matrix is the same lying down.
        let turned = |x: &[f64]| [x[0], x[3], x[1], x[4], x[2], x[5]];
        let gradients = [turned(&gradient).to_vec()];
        let tall = setup.arrays_after(&[&[3, 2]], &turned(&start), &gradients);
        for (x, lying) in tall[0].x.iter().zip(turned(&after[0].x)) {
            assert_close(*x, lying, ULPS);
        }
    }
}

#[test]
fn adafactor_keeps_all_squares_of_small_matrices_in_optax() {
    let gradients = [vec![1.0, 2.0, 3.0, -4.0], vec![0.5, -1.0, 2.0, 0.25]];
    let start = [1.0, 2.0, 3.0, 4.0];
    let x = |more: &str, shape: &[usize]| {
        let setup = Setup::new("adafactor optax", &format!("learning_rate=0.25{more}"));
        let after = setup.arrays_after(&[shape], &start, &gradients);
        after[1].x.clone()
    };
    let small = x("", &[2, 2]);
    assert_eq!(small, x("", &[4]));
    assert_eq!(small, x(" factored=false", &[2, 2]));
    assert_ne!(small, x(" min_dim_size_to_factor=2", &[2, 2]));
    assert_eq!(small, x(" min_dim_size_to_factor=3", &[2, 2]));
}

#[test]
fn schedule_free_averages_what_the_gradient_descends() {
    let settings = "learning_rate=0.25 beta1=0.75";
    let gradients: Vec<Vec<f64>> = [1.0, 2.0, -4.0, 0.5, 3.0]
        .iter()
        .map(|g| vec![*g])
        .collect();
    for method in [
        "schedule_free_sgd optax", "schedule_free_adamw optax", "schedule_free_adamw keras",
    ] {
        let after = Setup::new(method, settings).numbers_after::<f64>(&[2.0], &gradients);
        let mut sum = 0.0;
        for (epoch, after) in after.iter().enumerate() {
            // The rate is constant, so every z counts the same.
            let z = after.memory[0];
            sum += z;
            let average = (after.x[0] - 0.25 * z) / 0.75;
            assert_close(average, sum / (epoch + 1) as f64, 4.0 * ULPS);
        }
    }
    // The gradient alone moves z.
    let after = Setup::new("schedule_free_sgd optax", settings);
    let after = after.numbers_after::<f64>(&[2.0], &gradients);
    let z: Vec<f64> = after.iter().map(|after| after.memory[0]).collect();
    assert_eq!(z, [1.75, 1.25, 2.25, 2.125, 1.375]);
}

#[test]
fn schedule_free_warms_up_from_nothing_in_optax_and_from_a_step_in_keras() {
    let z = |method: &str| {
        let settings = "learning_rate=0.5 warmup_steps=4 epsilon=0";
        let settings = if method.contains("sgd") {
            &settings[..settings.len() - " epsilon=0".len()]
        } else {
            settings
        };
        let after = Setup::new(method, settings);
        let after = after.numbers_after::<f64>(&[0.0], &vec![vec![1.0]; 6]);
        let z = after.iter().map(|after| -after.memory[0]);
        z.collect::<Vec<_>>()
    };
    let sgd = z("schedule_free_sgd optax");
    assert_eq!(sgd, [0.0, 0.125, 0.375, 0.75, 1.25, 1.75]);
    for (found, rates) in z("schedule_free_adamw keras")
        .iter()
        .zip([0.125, 0.375, 0.75, 1.25, 1.75, 2.25])
    {
        assert_close(*found, rates, 1e-13);
    }
}

#[test]
fn prodigy_raises_its_estimate_and_never_lowers_it() {
    // On |x| far from 0 all gradients are 1.
    let setup = Setup::new("prodigy optax", "initial_d=0.001");
    let after = setup.numbers_after::<f64>(&[10.0], &vec![vec![1.0]; 60]);
    let distance = after[0].memory.len() - 2;
    let distances: Vec<f64> = after.iter().map(|after| after.memory[distance]).collect();
    assert_eq!(distances[0], 0.001);
    assert!(
        distances.is_sorted() && distances[59] > 0.05,
        "{distances:?}"
    );
    // It never exceeds the way from the start, by whose weighted mean it is estimated.
    let way = 10.0 - after[59].x[0];
    assert!(distances[59] <= way, "{distances:?} {way}");
}

#[test]
fn f32_is_the_same_rule_in_single_precision() {
    for (method, name) in all() {
        let needs_rate = method.name() != "prodigy";
        let settings = if needs_rate {
            "learning_rate=0.0625"
        } else {
            "initial_d=0.01"
        };
        let setup = Setup::new(&name, settings);
        let gradients = [vec![1.0, -0.25], vec![0.75, -0.5], vec![0.875, 0.125]];
        let wide = setup.numbers_after::<f64>(&[1.5, -2.0], &gradients);
        let narrow = setup.numbers_after::<f32>(&[1.5, -2.0], &gradients);
        for (wide, narrow) in wide.iter().zip(&narrow) {
            for (wide, narrow) in wide.x.iter().zip(&narrow.x) {
                // 1 − 0.999 has ten binary digits less than the 24 of f32, and steps are
                // a tenth of the parameters.
                assert!(close(*wide, *narrow, 1e-5, 0.0), "{name} {wide} {narrow}");
            }
        }
    }
}

#[test]
fn a_square_that_vanishes_in_f32_leaves_epsilon() {
    let setup = Setup::new("adam pytorch", "learning_rate=1");
    let after = setup.numbers_after::<f32>(&[0.0], &[vec![1e-25]]);
    // 10⁻²⁵ squared is 0, so the step is 10⁻²⁵/ε.
    assert!(close(after[0].x[0], -1e-17, 1e-6, 0.0));
}

#[test]
fn a_rule_on_an_array_has_the_bits_of_the_rule_on_numbers() {
    let start = [1.5, -2.0, 0.25, 3.0];
    let gradients: Vec<Vec<f64>> = (0..8)
        .map(|epoch| {
            let g = (0..4).map(|i| f64::from(epoch * 7 % 5 - 2) * 0.375 + f64::from(i) - 1.3);
            g.collect()
        })
        .collect();
    for (method, name) in all() {
        // These look at whole variables.
        if ["lamb", "adafactor"].contains(&method.name()) {
            continue;
        }
        let needs_rate = method.name() != "prodigy";
        let settings = if needs_rate {
            "learning_rate=0.0625"
        } else {
            ""
        };
        for more in ["", " weight_decay=0.125", " nesterov=true", " amsgrad=true"] {
            let setting = more.trim().split('=').next().unwrap();
            let convention = Convention::named(name.split_once(' ').unwrap().1).unwrap();
            let mut settings_of = method.description().settings_of(convention);
            if !setting.is_empty() && !settings_of.any(|(one, _)| one.name == setting) {
                continue;
            }
            let setup = Setup::new(&name, &format!("{settings}{more}"));
            let numbers = setup.numbers_after::<f64>(&start, &gradients);
            let array = setup.arrays_after(&[&[4]], &start, &gradients);
            for (numbers, array) in numbers.iter().zip(&array) {
                assert_eq!(numbers.x, array.x, "{name}{more}");
                assert_eq!(numbers.memory, array.memory, "{name}{more}");
            }
        }
    }
}

#[test]
fn what_is_not_a_number_stays_so() {
    for (method, name) in all() {
        let rate = if method.name() == "prodigy" {
            ""
        } else {
            "learning_rate=0.125"
        };
        let setup = Setup::new(&name, rate);
        let gradients = [vec![1.0], vec![f64::NAN], vec![1.0], vec![1.0]];
        let after = setup.numbers_after::<f64>(&[1.0], &gradients);
        let x: Vec<f64> = after.iter().map(|after| after.x[0]).collect();
        assert!(x[0].is_finite(), "{name}");
        assert!(x[1..].iter().all(|x| x.is_nan()), "{name} {x:?}");
    }
}

#[test]
fn every_convention_of_a_method_has_a_rule_that_fits_a_terminal() {
    for method in Method::ALL {
        let description = method.description();
        for convention in description.conventions {
            let rule = description.rule_of(*convention);
            assert!(!rule.is_empty(), "{} {}", method.name(), convention.name());
            for line in rule.lines() {
                assert!(line.chars().count() <= 96, "{}: {line}", method.name());
            }
            let settings: Vec<_> = description.settings_of(*convention).collect();
            for (setting, default) in settings {
                if let Some(value) = default.value() {
                    assert!(
                        setting.domain.contains(&value),
                        "{} {}",
                        method.name(),
                        setting.name
                    );
                }
            }
        }
    }
}
