//! `runner functions [NAME]`: list the test functions, or show one of them.

use gradtape_engine::Program;
use gradtape_experiment::number::{counted, grouped, short};
use gradtape_experiment::objective::catalogue::{
    self, Dimension, Function, Instance, Minimum, MinimumKind, Trait,
};
use gradtape_report::function_object;
use gradtape_tape::{Graph, Precision, Subnormals};

use super::search::{self, Search};
use crate::args::{self, Format};
use crate::failure::Failure;
use crate::terminal::picture::{self, Axis, Mark};
use crate::terminal::{Cell, FAINT, Paint, STRONG, Table, output, text};

/// What the command lists, in messages.
const WHAT: &str = "test function";

/// The maximum number of coordinates listed of a point.
const MAX_COORDINATES: usize = 6;

/// The maximum number of variables of a function that is plotted: each point of a plot is an
/// evaluation.
const MAX_PLOT_DIMENSION: usize = 1000;

pub fn functions(options: &args::Functions) -> Result<(), Failure> {
    let Some(name) = &options.name else {
        let search = Search::new(options.search.as_deref());
        let matches = |(title, functions): &(&'static str, &'static [Function])| {
            let found = functions.iter().filter(|one| search.finds(texts(one)));
            let found: Vec<&Function> = found.collect();
            (!found.is_empty()).then_some((*title, found))
        };
        let groups: Vec<Group> = catalogue::GROUPS.iter().filter_map(matches).collect();
        if groups.is_empty() {
            let text = options.search.as_deref();
            return Err(search::nothing_found(WHAT, text, "functions"));
        }
        output::results(&match options.format {
            Format::Text => list(&groups),
            Format::Json => objects(&groups)?,
        });
        return Ok(());
    };
    let function = Function::named(name)
        .ok_or_else(|| search::unknown(WHAT, name, catalogue::names(), "functions"))?;
    let instance = instance(function, options.dimension)?;
    output::results(&match options.format {
        Format::Text => page(&instance, Paint::of_terminal()),
        Format::Json => function_object(&instance) + "\n",
    });
    Ok(())
}

/// Functions under their title.
type Group = (&'static str, Vec<&'static Function>);

/// The texts of a function to search in.
fn texts(function: &Function) -> Vec<String> {
    let words = [
        function.name, function.formula, function.about, function.source,
    ];
    words
        .iter()
        .chain(function.aliases)
        .map(|word| (*word).to_owned())
        .chain(function.traits.iter().map(Trait::to_string))
        .collect()
}

fn instance(function: &'static Function, dimension: Option<usize>) -> Result<Instance, Failure> {
    let wrong = |wrong: catalogue::WrongDimension| Failure::Usage(wrong.to_string());
    function.instance(dimension).map_err(wrong)
}

fn objects(groups: &[Group]) -> Result<String, Failure> {
    let functions = groups.iter().flat_map(|(_, functions)| functions);
    functions
        .map(|function| Ok(function_object(&instance(function, None)?) + "\n"))
        .collect()
}

/// The functions, a line each, in their groups.
fn list(groups: &[Group]) -> String {
    let heads = ["name", "n", "domain", "minimum", "traits"];
    let mut table = Table::new(&heads.map(|head| (head, false)));
    for function in groups.iter().flat_map(|(_, functions)| functions) {
        let traits: Vec<String> = function.traits.iter().map(Trait::to_string).collect();
        table.push(vec![
            Cell::new(function.name),
            Cell::new(numbers_of_variables(function.dimension)),
            Cell::new(domain(function)),
            Cell::new(minimum(function)),
            Cell::styled(traits.join(", "), FAINT),
        ]);
    }
    let size = |(title, functions): &Group| (*title, functions.len());
    let sizes = groups.iter().map(size);
    let count: usize = sizes.clone().map(|(_, size)| size).sum();
    let count = counted(count, "function");
    table.render_groups(sizes)
        + &format!(
            "\n{FAINT}{count}; `runner functions NAME` shows one with its formula, minima and \
             a plot{FAINT:#}\n"
        )
}

fn numbers_of_variables(dimension: Dimension) -> String {
    match dimension {
        Dimension::Fixed(n) => n.to_string(),
        Dimension::AtLeast(1) => "any".to_owned(),
        Dimension::AtLeast(n) => format!("{n}, {}, …", n + 1),
        Dimension::MultipleOf(n) => format!("{n}, {}, …", 2 * n),
    }
}

fn domain(function: &Function) -> String {
    if function.domain.is_empty() {
        return "unbounded".to_owned();
    }
    let interval = |(low, high): &(&str, &str)| format!("[{low}, {high}]");
    let intervals: Vec<String> = function.domain.iter().map(interval).collect();
    intervals.join(" × ")
}

/// The minimum, if it does not depend on the number of variables.
fn minimum(function: &'static Function) -> String {
    let Some(minimum) = function.minima.first() else {
        return "none".to_owned();
    };
    let depends =
        minimum.value.contains('n') && !minimum.value.contains('(') || minimum.value.contains("*n");
    let Ok(instance) = function.instance(None) else {
        return minimum.value.to_owned();
    };
    match instance.minima.first().map(|minimum| short(minimum.value)) {
        Some(value) if minimum.only.is_some() => format!("{value} (n = {})", instance.dimension),
        _ if minimum.only.is_none() && depends => minimum.value.to_owned(),
        value => value.unwrap_or_default(),
    }
}

/// The description of a function.
fn page(instance: &Instance, paint: Paint) -> String {
    let function = instance.function;
    let mut text = format!("{STRONG}{}{STRONG:#}", function.name);
    if !function.aliases.is_empty() {
        text.push_str(&format!(
            "  {FAINT}also {}{FAINT:#}",
            function.aliases.join(", ")
        ));
    }
    text.push_str("\n\n");
    text.push_str(&text::wrap(&format!("f = {}", function.formula), 2, 6));
    for (name, definition) in function.definitions {
        text.push_str(&text::wrap(&format!("{name} = {definition}"), 2, 6));
    }
    text.push('\n');
    text.push_str(&text::wrap(function.about, 2, 2));
    text.push('\n');
    for (name, value) in entries(instance) {
        let entry = text::wrap(&value, 12, 12);
        text.push_str(&format!(
            "  {FAINT}{name:<10}{FAINT:#}{}",
            entry.trim_start()
        ));
    }
    text.push('\n');
    text.push_str(&plot(instance, paint));
    text.push('\n');
    text.push_str(&format!(
        "  [[objective]]\n  function = \"{}\"\n",
        function.name
    ));
    if !matches!(function.dimension, Dimension::Fixed(_)) {
        text.push_str(&format!("  dimension = {}\n", instance.dimension));
    }
    text
}

/// The facts of a page.
fn entries(instance: &Instance) -> Vec<(&'static str, String)> {
    let function = instance.function;
    let here = grouped(instance.dimension as u128);
    let variables = match function.dimension {
        Dimension::Fixed(n) => n.to_string(),
        Dimension::AtLeast(1) => format!("any number, here {here}"),
        Dimension::AtLeast(n) => format!("at least {n}, here {here}"),
        Dimension::MultipleOf(n) => format!("a multiple of {n}, here {here}"),
    };
    let mut entries = vec![
        ("variables", variables),
        ("domain", domain(function)),
        ("start", point(&instance.start)),
    ];
    for (kind, name) in [
        (MinimumKind::Global, "minimum"),
        (MinimumKind::Local, "local"),
    ] {
        let of_kind = |minimum: &&Minimum| minimum.kind == kind;
        for (place, minimum) in instance.minima.iter().filter(of_kind).enumerate() {
            let name = if place == 0 { name } else { "" };
            entries.push((name, minimum_text(minimum)));
        }
    }
    if instance.minima.is_empty() {
        let text = match function.minima {
            [] => "none: unbounded below",
            _ => "unknown for this number of variables",
        };
        entries.push(("minimum", text.to_owned()));
    }
    let traits: Vec<String> = instance.traits().map(|one| one.to_string()).collect();
    if !traits.is_empty() {
        entries.push(("traits", traits.join(", ")));
    }
    entries.push(("source", function.source.to_owned()));
    entries
}

fn minimum_text(minimum: &Minimum) -> String {
    let mut text = format!("{} at {}", minimum.value, point(&minimum.at));
    if !minimum.note.is_empty() {
        text.push_str(&format!("; {}", minimum.note));
    }
    text
}

/// The coordinates of a point with all their digits; if there are many, only the first.
fn point(at: &[f64]) -> String {
    if let [x] = at {
        return x.to_string();
    }
    let has_many = at.len() > MAX_COORDINATES + 1;
    let count = if has_many { MAX_COORDINATES } else { at.len() };
    let mut coordinates: Vec<String> = at[..count].iter().map(f64::to_string).collect();
    if count < at.len() {
        coordinates.push("…".to_owned());
    }
    format!("({})", coordinates.join(", "))
}

/// The plot: the curve of one variable, or the level lines of the first two with the others
/// fixed at the minimum.
fn plot(instance: &Instance, paint: Paint) -> String {
    if instance.dimension > MAX_PLOT_DIMENSION {
        return String::new();
    }
    let objective = instance.objective();
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let parameters: Vec<_> = graph.numbers(instance.dimension);
    let value = objective.trace_elements(&graph, &parameters, &[]);
    let program = Program::new(&graph, &[value]);
    let axis = |place: usize| Axis {
        name: objective.parameters()[place].clone(),
        from: instance.view[place].0,
        to: instance.view[place].1,
    };
    if instance.dimension == 1 {
        let marks: Vec<f64> = instance.minima.iter().map(|one| one.at[0]).collect();
        return picture::curve(&axis(0), "f", &marks, paint, |x| program.evaluate(&[x])[0]);
    }
    let minimum = instance.minima.first();
    let centre = minimum.map_or(&instance.start, |minimum| &minimum.at);
    let at = |x: f64, y: f64| {
        let mut point = centre.clone();
        (point[0], point[1]) = (x, y);
        program.evaluate(&point)[0]
    };
    let marks = marks(instance, centre);
    let floor = minimum.map(|minimum| minimum.value);
    picture::levels(&axis(0), &axis(1), &marks, floor, paint, at) + &key(instance, &marks)
}

/// The start and the minima that are visible in a plot through `centre`.
fn marks(instance: &Instance, centre: &[f64]) -> Vec<Mark> {
    let start = (instance.dimension == 2).then(|| Mark {
        at: [instance.start[0], instance.start[1]],
        letter: 'o',
    });
    let is_in_plane = |minimum: &&Minimum| {
        let mut others = minimum.at.iter().zip(centre).skip(2);
        others.all(|(a, b)| a == b)
    };
    // Of marks in one place the last one is visible: the best minimum.
    let minima = instance.minima.iter().rev().filter(is_in_plane);
    let minima = minima.map(|minimum| Mark {
        at: [minimum.at[0], minimum.at[1]],
        letter: match minimum.kind {
            MinimumKind::Global => '*',
            MinimumKind::Local => '+',
        },
    });
    let is_in_view = |mark: &Mark| {
        let mut pairs = mark.at.iter().zip(&instance.view);
        pairs.all(|(x, (low, high))| low <= x && x <= high)
    };
    start.into_iter().chain(minima).filter(is_in_view).collect()
}

/// The line that explains the marks.
fn key(instance: &Instance, marks: &[Mark]) -> String {
    let has = |letter: char| marks.iter().any(|mark| mark.letter == letter);
    let others = match instance.minima.is_empty() {
        false => "other coordinates fixed at the minimum",
        true => "other coordinates fixed at the start",
    };
    let key = [
        has('*').then_some("* minimum"),
        has('+').then_some("+ local minimum"),
        has('o').then_some("o start"),
        (instance.dimension > 2).then_some(others),
    ];
    let key: Vec<&str> = key.into_iter().flatten().collect();
    format!("{:11}{FAINT}{}{FAINT:#}\n", "", key.join("  "))
}
