//! That every rule reads only settings that it has. A misspelt constant does not compile; one of
//! another method panics when the rule is recorded in a debug build, which is done here.

use super::schedule::{Outline, RateFormula, Schedule, ScheduleKind};
use super::search::Rounded;
use super::*;
use gradtape_tape::{Graph, Precision, Shape, Subnormals};
use std::sync::Arc;

type Values = Vec<(&'static str, Value)>;

fn value_of<'v>(values: &'v Values, name: &str) -> Option<&'v Value> {
    let found = values.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| value)
}

/// A value of each form that a setting can have, that of 0 first; a list has none.
fn forms(domain: Domain) -> Vec<Value> {
    let zero = Value::Number(0.0.into());
    let others = [1.0, 0.5, 2.0, -0.5].map(|number| Value::Number(number.into()));
    match domain {
        Domain::Switch => vec![Value::Switch(false), Value::Switch(true)],
        Domain::Choice(words) => {
            let words = words.iter().map(|word| Value::Name((*word).to_owned()));
            words.collect()
        }
        _ => {
            let other = others.into_iter().find(|other| domain.contains(other));
            let zero = Some(zero).filter(|zero| domain.contains(zero));
            zero.into_iter().chain(other).collect()
        }
    }
}

/// Settings as they can be in a file: the defaults, all 0 or off, and all on; and each of these
/// with one setting in each of its forms.
fn variants(of: &Description, convention: Convention) -> Vec<Values> {
    let settings = of.settings_of(convention);
    let settings = settings.map(|(setting, default)| (setting, default, forms(setting.domain)));
    let settings: Vec<_> = settings.filter(|(.., forms)| !forms.is_empty()).collect();
    let base = |choose: &dyn Fn(DefaultValue, &[Value]) -> Value| -> Values {
        let settings = settings.iter();
        let values = settings.map(|(one, default, forms)| (one.name, choose(*default, forms)));
        values.collect()
    };
    let last = |forms: &[Value]| forms.last().unwrap().clone();
    let mut all = Vec::new();
    for base in [
        base(&|default, forms| default.value().unwrap_or_else(|| last(forms))),
        base(&|_, forms| forms[0].clone()),
        base(&|_, forms| last(forms)),
    ] {
        all.push(base.clone());
        for (place, (.., forms)) in settings.iter().enumerate() {
            all.extend(forms.iter().map(|form| {
                let mut values = base.clone();
                values[place].1 = form.clone();
                values
            }));
        }
    }
    all
}

fn pairs<T: Copy + 'static>(
    all: &'static [T],
    of: impl Fn(T) -> &'static Description,
) -> impl Iterator<Item = (T, Convention)> {
    all.iter().flat_map(move |one| {
        let conventions = of(*one).conventions.iter();
        conventions.map(|convention| (*one, *convention))
    })
}

/// Records a recipe, and reads what its memory begins with.
fn record(recipe: &Recipe) {
    let shapes: [&[usize]; 4] = [&[], &[3], &[2, 3], &[3, 2]];
    let shapes = shapes.map(Shape::from);
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let inputs = |shapes: &[Shape]| -> Vec<_> {
        let inputs = shapes.iter().map(|shape| graph.input(shape.clone()));
        inputs.collect()
    };
    let cells = recipe.memory(&shapes);
    for cell in &cells {
        match cell.initial {
            Initial::Setting(setting) => _ = recipe.rule.has(setting),
            Initial::Schedule(setting) => _ = recipe.schedule.as_ref().unwrap().has(setting),
            Initial::Number(_) | Initial::Parameters => {}
        }
    }
    let cells: Vec<Shape> = cells.into_iter().map(|cell| cell.shape).collect();
    let numbers = vec![Shape::scalar(); recipe.numbers().len()];
    let _ = recipe.record(Inputs {
        parameters: &inputs(&shapes),
        gradient: &inputs(&shapes),
        loss: graph.input(Shape::scalar()),
        memory: &inputs(&cells),
        numbers: &inputs(&numbers),
    });
}

#[test]
fn methods_read_only_their_own_settings() {
    for (method, convention) in pairs(Method::ALL, Method::description) {
        for values in variants(method.description(), convention) {
            let rule = Rule::new(method, convention, |name| value_of(&values, name));
            record(&Recipe {
                rule,
                schedule: None,
                clip: None,
            });
            let search = rule.search::<Rounded<f64, false>>(|setting| {
                let value = value_of(&values, setting.name);
                value.and_then(Value::number).unwrap()
            });
            assert_eq!(search.is_some(), method.needs().is_some());
        }
    }
}

#[test]
fn schedules_read_only_their_own_settings() {
    for (kind, convention) in pairs(ScheduleKind::ALL, ScheduleKind::description) {
        let numbers: Vec<Number> = [1.0, 2.0].map(Number::from).to_vec();
        let of = kind.description();
        let lists = of.settings_of(convention).map(|(setting, _)| *setting);
        let lists = lists.filter(|one| matches!(one.domain, Domain::Epochs | Domain::Rates));
        let lists: Vec<_> = lists.map(|one| (one.name, numbers.clone())).collect();
        let formula = "learning_rate/(1 + epoch/epochs)";
        // With all lists, and without one of them.
        for left_out in 0..=lists.len() {
            let places = lists.iter().enumerate();
            let lists = places.filter(|(place, _)| *place != left_out);
            let outline = Arc::new(Outline {
                kind,
                convention,
                lists: lists.map(|(_, list)| list.clone()).collect(),
                formula: (kind == ScheduleKind::Formula)
                    .then(|| RateFormula::parse(formula).unwrap()),
                momentum: Some(BETA1.name),
            });
            for values in variants(of, convention) {
                let schedule = Schedule::new(&outline, |name| value_of(&values, name));
                record(&Recipe {
                    rule: adam(),
                    schedule: Some(Arc::new(schedule)),
                    clip: None,
                });
            }
        }
    }
}

/// Adam with its defaults.
fn adam() -> Rule {
    let convention = Method::Adam.convention();
    let values = &variants(Method::Adam.description(), convention)[0];
    Rule::new(Method::Adam, convention, |name| value_of(values, name))
}

#[test]
fn descriptions_have_a_rule_in_each_convention_and_a_text_for_each_setting() {
    let methods = Method::ALL.iter().map(|method| method.description());
    let schedules = ScheduleKind::ALL.iter().map(|kind| kind.description());
    for of in methods.chain(schedules) {
        for convention in of.conventions {
            assert!(!of.rule_of(*convention).is_empty(), "{}", of.name);
        }
        for setting in of.settings {
            let same = of.settings.iter().filter(|one| *one == setting);
            let is_right = same.count() == 1 && !setting.description.is_empty();
            assert!(is_right, "{}: {}", of.name, setting.name);
        }
    }
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "it is checked in debug builds")]
#[should_panic(expected = "`adam` has no setting `bta1`")]
fn a_setting_of_no_convention_is_refused() {
    let _ = adam().has(Setting::new("bta1", Domain::Share));
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "it is checked in debug builds")]
#[should_panic(expected = "`adam` of pytorch has no number `nesterov`")]
fn a_switch_is_not_a_number() {
    let rule = adam();
    rule.method()
        .description()
        .check_number(rule.convention(), NESTEROV);
}

#[test]
#[should_panic]
fn a_word_that_is_not_a_choice_is_refused() {
    let word = Value::Name("strong_wolf".to_owned());
    let setting = |name: &str| (name == "line_search").then_some(&word);
    let _ = Rule::new(Method::Lbfgs, Convention::PyTorch, setting);
}
