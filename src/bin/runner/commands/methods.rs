//! `runner methods [NAME]`: list the methods and schedules, or show one of them.

use gradtape_engine::Program;
use gradtape_experiment::number::{Domain, Number, Value, counted, short};
use gradtape_experiment::optimizer::schedule::{
    Clock, Outline, RateFormula, Schedule, ScheduleKind,
};
use gradtape_experiment::optimizer::{
    Clip, Convention, DefaultValue, Description, Initial, Method, Setting,
};
use gradtape_report::method_object;
use gradtape_tape::{Graph, Precision, Subnormals};

use super::search::{self, Search};
use crate::args::{self, Format};
use crate::failure::Failure;
use crate::terminal::picture::{self, Axis};
use crate::terminal::{Cell, FAINT, Paint, STRONG, Table, output, text};

/// What the command lists, in messages.
const WHAT: &str = "method or schedule";

/// The number of epochs in the plot of a schedule.
const PLOT_EPOCHS: u32 = 100;

pub fn methods(options: &args::Methods) -> Result<(), Failure> {
    let Some(name) = &options.name else {
        let search = Search::new(options.search.as_deref());
        let found: Vec<Entry> = all().filter(|entry| search.finds(entry.texts())).collect();
        if found.is_empty() {
            let text = options.search.as_deref();
            return Err(search::nothing_found(WHAT, text, "methods"));
        }
        let objects = found.iter().map(|entry| entry.object() + "\n");
        output::results(&match options.format {
            Format::Text => list(&found, options.search.is_some()),
            Format::Json => objects.collect(),
        });
        return Ok(());
    };
    let entry = all().find(|entry| entry.description().name == name);
    let entry = entry.ok_or_else(|| {
        let names = all().map(|entry| entry.description().name);
        search::unknown(WHAT, name, names, "methods")
    })?;
    output::results(&match options.format {
        Format::Text => entry.page(Paint::of_terminal()),
        Format::Json => entry.object() + "\n",
    });
    Ok(())
}

/// A method or a schedule.
#[derive(Clone, Copy)]
enum Entry {
    Method(Method),
    Schedule(ScheduleKind),
}

fn all() -> impl Iterator<Item = Entry> {
    let methods = Method::ALL.iter().map(|method| Entry::Method(*method));
    methods.chain(ScheduleKind::ALL.iter().map(|kind| Entry::Schedule(*kind)))
}

/// Methods and schedules, a line each, in their groups; with clipping unless it is the result
/// of a search.
fn list(found: &[Entry], is_search: bool) -> String {
    let mut table = Table::new(&[("name", false), ("conventions", false), ("title", false)]);
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for entry in found {
        let of = entry.description();
        table.push(vec![
            Cell::new(of.name),
            Cell::new(names(of.conventions)),
            Cell::styled(of.title, FAINT),
        ]);
        match groups.last_mut() {
            Some((group, count)) if *group == entry.group() => *count += 1,
            _ => groups.push((entry.group(), 1)),
        }
    }
    let mut text = table.render_groups(groups);
    if !is_search {
        text.push_str(&format!("{STRONG}clipping{STRONG:#}\n"));
        for clip in Clip::ALL {
            let written = format!("clip = {{ {} = … }}", clip.name());
            text.push_str(&format!(
                "  {written:<28}{FAINT}{}{FAINT:#}\n",
                clip.about()
            ));
        }
    }
    let is_method = |entry: &&Entry| matches!(entry, Entry::Method(_));
    let methods = found.iter().filter(is_method).count();
    text + &format!(
        "\n{FAINT}{}, {}; `runner methods NAME` shows one with its rule, settings and \
         sources{FAINT:#}\n",
        counted(methods, "method"),
        counted(found.len() - methods, "schedule")
    )
}

impl Entry {
    fn description(self) -> &'static Description {
        match self {
            Entry::Method(method) => method.description(),
            Entry::Schedule(kind) => kind.description(),
        }
    }

    fn group(self) -> &'static str {
        match self {
            Entry::Method(method) => group(method),
            Entry::Schedule(_) => "schedules",
        }
    }

    /// Its texts to search in.
    fn texts(self) -> Vec<&'static str> {
        let of = self.description();
        let conventions = of.conventions.iter().map(|one| one.name());
        let settings = of
            .settings
            .iter()
            .flat_map(|one| [one.name, one.description]);
        [of.name, of.title, of.about, self.group()]
            .into_iter()
            .chain(conventions)
            .chain(settings)
            .chain(of.sources.iter().copied())
            .collect()
    }

    fn object(self) -> String {
        method_object(self.description(), self.group())
    }

    /// The description of a method or schedule.
    fn page(self, paint: Paint) -> String {
        let of = self.description();
        let mut text = format!(
            "{STRONG}{}{STRONG:#}  {FAINT}{}{FAINT:#}\n\n",
            of.name, of.title
        );
        text.push_str(&text::wrap(of.about, 2, 2));
        for (conventions, rule) in of.rules {
            text.push_str(&format!("\n  {STRONG}{}{STRONG:#}\n", names(conventions)));
            for line in rule.lines() {
                text.push_str(&format!("    {line}\n"));
            }
        }
        text.push('\n');
        text.push_str(&settings_table(of));
        text.push('\n');
        for source in of.sources {
            text.push_str(&text::wrap(source, 2, 4));
        }
        if let Entry::Schedule(kind) = self {
            text.push('\n');
            text.push_str(&plots(kind, paint));
        }
        text.push('\n');
        text + &self.snippet()
    }

    /// An example for an experiment file.
    fn snippet(self) -> String {
        let of = self.description();
        let convention = of.conventions[0];
        let required = required_settings(of, convention);
        match self {
            Entry::Method(_) => {
                let mut text = format!("  [[optimizer]]\n  method = \"{}\"\n", of.name);
                if of.conventions.len() > 1 {
                    let quoted = |one: &Convention| format!("\"{}\"", one.name());
                    let names: Vec<String> = of.conventions.iter().map(quoted).collect();
                    let others = names[1..].join(" or ");
                    text.push_str(&format!("  convention = {}  # or {others}\n", names[0]));
                }
                for (name, value) in required {
                    text.push_str(&format!("  {name} = {value}\n"));
                }
                text
            }
            Entry::Schedule(_) => {
                let settings = as_inline(&required);
                format!("  schedule = {{ kind = \"{}\"{settings} }}\n", of.name)
            }
        }
    }
}

fn names(conventions: &[Convention]) -> String {
    let names: Vec<&str> = conventions.iter().map(|one| one.name()).collect();
    names.join(", ")
}

/// Settings as they continue an inline table.
fn as_inline(settings: &[(&str, &str)]) -> String {
    let inline = |(name, value): &(&str, &str)| format!(", {name} = {value}");
    settings.iter().map(inline).collect()
}

/// The family of a method, by which the list is grouped.
fn group(method: Method) -> &'static str {
    match method.name() {
        _ if method.needs().is_some() => {
            "line-search and second-order methods, with several evaluations per epoch"
        }
        "sgd" | "adagrad" | "rmsprop" | "adadelta" | "rprop" | "asgd" | "ftrl" => {
            "gradient descent and adaptive learning rates"
        }
        _ => "Adam and its variants",
    }
}

/// The settings without a default, with an example value.
fn required_settings(
    of: &Description,
    convention: Convention,
) -> Vec<(&'static str, &'static str)> {
    let is_required = |(setting, default): &(&Setting, DefaultValue)| {
        *default == DefaultValue::Required || setting.name == "values"
    };
    let required = of.settings_of(convention).filter(is_required);
    let required = required.map(|(setting, _)| {
        let value = match setting.name {
            "learning_rate" => "0.01",
            "step_size" | "first_epochs" => "30",
            "decay_steps" => "20",
            "decay_rate" if convention == Convention::PyTorch => "0.95",
            "decay_rate" => "0.5",
            "milestones" | "boundaries" => "[40, 70]",
            "values" => "[0.1, 0.05, 0.01]",
            "max_learning_rate" => "1.0",
            "formula" => "\"0.1/sqrt(1 + epoch)\"",
            _ => "1",
        };
        (setting.name, value)
    });
    required.collect()
}

/// The settings with their defaults in each convention side by side.
fn settings_table(of: &Description) -> String {
    let mut heads = vec![("setting", false)];
    heads.extend(of.conventions.iter().map(|one| (one.name(), true)));
    let mut table = Table::new(&heads);
    for setting in of.settings {
        let mut row = vec![Cell::new(setting.name)];
        row.extend(
            of.conventions
                .iter()
                .map(|convention| match setting.default(*convention) {
                    Some(default) => Cell::new(default_text(default)),
                    None => Cell::styled("-", FAINT),
                }),
        );
        table.push(row);
    }
    let rendered = table.render();
    let mut lines = rendered.split_inclusive('\n');
    let mut text = lines.next().unwrap_or_default().to_owned();
    for (line, setting) in lines.zip(of.settings) {
        text.push_str(line);
        let about = format!("{}: {}", setting.description, domain_text(setting.domain));
        let about = text::wrap(&about, 6, 6);
        text.push_str(&format!("{FAINT}{about}{FAINT:#}"));
    }
    text
}

fn domain_text(domain: Domain) -> String {
    let text = domain.description();
    text.strip_prefix("a finite ")
        .map_or(text.clone(), |rest| format!("a {rest}"))
}

fn default_text(default: DefaultValue) -> String {
    match default {
        DefaultValue::Number(number) if number == 1.0 / 3.0 => "1/3".to_owned(),
        DefaultValue::Number(number) => short(number),
        DefaultValue::Switch(on) => on.to_string(),
        DefaultValue::Name(name) => name.to_owned(),
        DefaultValue::Required => "required".to_owned(),
        DefaultValue::Absent => "none".to_owned(),
        DefaultValue::RunEpochs => "all".to_owned(),
    }
}

/// The learning rate over the epochs with the settings of the snippet.
fn plots(kind: ScheduleKind, paint: Paint) -> String {
    let of = kind.description();
    let mut text = String::new();
    for (conventions, _) in of.rules {
        let convention = conventions[0];
        let rates = rates(kind, convention);
        let axis = Axis {
            name: "epoch".to_owned(),
            from: 0.0,
            to: f64::from(PLOT_EPOCHS),
        };
        let settings = as_inline(&example_settings(kind, convention));
        text.push_str(&format!(
            "  {STRONG}{}{STRONG:#}{FAINT}: learning_rate = 0.1{settings}{FAINT:#}\n",
            names(conventions)
        ));
        text.push_str(&picture::curve(&axis, "rate", &[], paint, |epoch| {
            rates.get(epoch as usize).copied().unwrap_or(f64::NAN)
        }));
    }
    text
}

/// The settings of a plot: those without a default, and those whose default would hide the
/// shape.
fn example_settings(
    kind: ScheduleKind,
    convention: Convention,
) -> Vec<(&'static str, &'static str)> {
    let mut settings = required_settings(kind.description(), convention);
    let more: &[(&str, &str)] = match (kind, convention) {
        (ScheduleKind::Constant, Convention::PyTorch) => &[("factor", "0.5"), ("epochs", "20")],
        (ScheduleKind::Linear | ScheduleKind::Polynomial, Convention::PyTorch) => {
            &[("epochs", "80")]
        }
        (ScheduleKind::Cosine, _) => &[("epochs", "80")],
        (ScheduleKind::CosineRestarts, Convention::Keras) => &[("first_epochs", "14")],
        (ScheduleKind::Cyclic, _) => &[("step_size_up", "20")],
        (ScheduleKind::Plateau, _) => &[("factor", "0.5")],
        _ => &[],
    };
    for (name, value) in more {
        match settings.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => settings.push((name, value)),
        }
    }
    for (name, value) in &mut settings {
        match *name {
            "end" => *value = "0.01",
            "max_learning_rate" => *value = "0.5",
            "power" => *value = "2",
            _ => {}
        }
    }
    settings
}

/// A schedule with the settings of its plot, and their values by name.
fn example_outline(
    kind: ScheduleKind,
    convention: Convention,
) -> (Outline, Vec<(&'static str, Value)>) {
    let examples = example_settings(kind, convention);
    let mut values: Vec<(&str, Value)> = Vec::new();
    let mut outline = Outline {
        kind,
        convention,
        lists: Vec::new(),
        formula: None,
        momentum: None,
    };
    for (setting, default) in kind.description().settings_of(convention) {
        let example = examples.iter().find(|(name, _)| *name == setting.name);
        let value = match (example, setting.domain) {
            (Some((name, text)), Domain::Epochs | Domain::Rates) => {
                let numbers = text.trim_matches(['[', ']']).split(", ");
                let numbers = numbers.filter_map(|number| number.parse().ok());
                outline.lists.push((name, numbers.collect()));
                None
            }
            (Some((_, text)), Domain::Formula) => {
                outline.formula = RateFormula::parse(text.trim_matches('"')).ok();
                None
            }
            (Some((_, text)), _) => text.parse().ok().map(Value::Number),
            (None, _) if setting.name.starts_with("warmup") => None,
            (None, _) => default.value(),
        };
        values.extend(value.map(|value| (setting.name, value)));
    }
    (outline, values)
}

/// The learning rates of a schedule in the epochs of its plot.
fn rates(kind: ScheduleKind, convention: Convention) -> Vec<f64> {
    let (outline, values) = example_outline(kind, convention);
    let value = |name: &str| {
        let found = values.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    };
    let number = |name: &str| {
        value(name)
            .and_then(Value::number)
            .map_or(0.0, Number::wide)
    };
    let schedule = Schedule::new(&outline.into(), value);
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let names: Vec<&'static str> = schedule.numbers().collect();
    let inputs: Vec<_> = graph.numbers(4 + names.len());
    let memory: Vec<_> = schedule.memory().iter().map(|_| graph.input([])).collect();
    let numbers: Vec<_> = names.iter().copied().zip(inputs[4..].to_vec()).collect();
    let rate = schedule.record(&Clock {
        epoch: inputs[0],
        epochs: inputs[1],
        learning_rate: inputs[2],
        loss: inputs[3],
        memory: &memory,
        numbers: &numbers,
    });
    let mut outputs = vec![rate.learning_rate];
    outputs.extend(&rate.memory);
    let program = Program::new(&graph, &outputs);
    let initial = schedule.memory().into_iter().map(|initial| match initial {
        Initial::Setting(_) => 0.1,
        Initial::Schedule(setting) => number(setting.name),
        Initial::Number(number) => number,
        Initial::Parameters => 0.0,
    });
    let mut memory: Vec<f64> = initial.collect();
    let rate = |epoch: u32| {
        // A loss that stops falling, for the schedule that depends on it.
        let loss = (PLOT_EPOCHS / 4).max(PLOT_EPOCHS - 2 * epoch.min(PLOT_EPOCHS / 2));
        let mut state = [epoch, PLOT_EPOCHS].map(f64::from).to_vec();
        state.extend([0.1, f64::from(loss)]);
        state.extend(names.iter().map(|name| number(name)));
        state.extend(&memory);
        let values = program.evaluate(&state);
        memory.copy_from_slice(&values[1..]);
        values[0]
    };
    (0..PLOT_EPOCHS).map(rate).collect()
}
