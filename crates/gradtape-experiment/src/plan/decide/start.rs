//! The starting points of an objective.

use std::sync::Arc;

use super::Decider;
use crate::mistake::{At, Code, Span};
use crate::number::{Number, Value, counted, grouped};
use crate::plan::MAX_VARIABLES;
use crate::plan::grid::Series;
use crate::plan::start::{Distribution, StartPart};
use crate::spec;
use gradtape_tape::Shape;

/// Up to this number of elements, those of a variable are settings, and so columns of every
/// run; those of a longer one are settings only if some vary.
const SETTINGS_UP_TO: usize = 16;

/// The start of one variable, decided.
pub(super) struct StartValue {
    pub(super) shape: Shape,
    pub(super) part: StartPart,
    /// The settings that the part needs, each with its place in the file.
    pub(super) settings: Vec<(Series, Span)>,
}

impl Decider<'_> {
    /// The start of the variable `name`; its shape is that of the start, or the one that a
    /// test function requires.
    pub(super) fn given(
        &mut self,
        name: &str,
        start: &spec::Start,
        demanded: Option<&Shape>,
    ) -> Option<StartValue> {
        match start {
            spec::Start::Setting(setting) => self.given_number(name, setting, demanded),
            spec::Start::Array(array) => self.given_array(name, array, demanded),
            spec::Start::Draw(draw) => self.given_draw(name, draw, demanded),
        }
    }

    fn given_number(
        &mut self,
        name: &str,
        setting: &spec::Setting,
        demanded: Option<&Shape>,
    ) -> Option<StartValue> {
        let series = (Series::new(setting), setting.span.clone());
        let Some(shape) = demanded.filter(|shape| !shape.is_empty()) else {
            return Some(StartValue {
                shape: Shape::scalar(),
                part: StartPart::Settings(1),
                settings: vec![series],
            });
        };
        // One number for all elements.
        let spec::Values::One(value) = &setting.values else {
            let message = format!("the start of the {} cannot be a range", named(name, shape));
            let label = "expected a number, an array or a random distribution";
            self.mistake(Code::Start, &setting.span, message, label);
            return None;
        };
        let number = value.value.number()?;
        let count = shape.elements().unwrap_or(0);
        Some(fixed(shape.clone(), vec![number; count], &setting.span))
    }

    fn given_array(
        &mut self,
        name: &str,
        array: &At<Vec<spec::Start>>,
        demanded: Option<&Shape>,
    ) -> Option<StartValue> {
        let mut elements: Vec<&spec::Setting> = Vec::new();
        let mut rows: Option<usize> = None;
        for entry in &array.value {
            match entry {
                spec::Start::Setting(setting) if rows.is_none() => elements.push(setting),
                spec::Start::Array(row) if elements.is_empty() || rows.is_some() => {
                    let length = row.value.len();
                    if rows.is_some_and(|first| first != length) {
                        let message = format!("the rows of `{name}` have different lengths");
                        let label = format!(
                            "expected {} as in the first row, found {length}",
                            counted(rows.unwrap_or(0), "number")
                        );
                        self.mistake(Code::Lengths, &row.span, message, label);
                        return None;
                    }
                    rows = Some(length);
                    for entry in &row.value {
                        let spec::Start::Setting(setting) = entry else {
                            self.no_element(name, entry.span());
                            return None;
                        };
                        elements.push(setting);
                    }
                }
                spec::Start::Draw(draw) => {
                    self.no_element(name, &draw.span);
                    return None;
                }
                _ => {
                    let message = format!("the start of `{name}` mixes numbers and arrays");
                    let label = "expected numbers only, or rows only";
                    self.mistake(Code::Start, entry.span(), message, label);
                    return None;
                }
            }
        }
        let before = self.mistakes.len();
        let shape = match rows {
            None => Shape::from([elements.len()]),
            Some(columns) => Shape::from([array.value.len(), columns]),
        };
        self.are_few_elements(name, elements.len(), &array.span);
        self.fits(name, &shape, demanded, &array.span);
        if self.mistakes.len() > before {
            return None;
        }
        let varies = |setting: &&spec::Setting| !matches!(setting.values, spec::Values::One(_));
        if elements.len() > SETTINGS_UP_TO && !elements.iter().any(varies) {
            let numbers = elements.iter();
            let numbers = numbers.filter_map(|setting| Series::new(setting).get(0).number());
            return Some(fixed(shape, numbers.collect(), &array.span));
        }
        let settings = elements.iter();
        let settings = settings.map(|setting| (Series::new(setting), setting.span.clone()));
        Some(StartValue {
            part: StartPart::Settings(elements.len()),
            settings: settings.collect(),
            shape,
        })
    }

    fn no_element(&mut self, name: &str, span: &Span) {
        let message = format!("invalid element in the start of `{name}`");
        self.mistake(Code::Start, span, message, "expected a number or a range");
    }

    fn given_draw(
        &mut self,
        name: &str,
        draw: &spec::Draw,
        demanded: Option<&Shape>,
    ) -> Option<StartValue> {
        let before = self.mistakes.len();
        let shape = self.drawn_shape(name, draw, demanded);
        let is_there = |key: &str| draw.keys.iter().any(|known| known == key);
        let kinds = ["uniform", "normal", "value"];
        let kinds = kinds.into_iter().filter(|kind| is_there(kind));
        if kinds.clone().count() != 1 {
            let message =
                format!("the start of `{name}` needs one of `uniform`, `normal` and `value`");
            let found: Vec<String> = kinds.map(|kind| format!("`{kind}`")).collect();
            let label = match &found[..] {
                [] => "expected for example `{ normal = [0, 1], length = 3 }`".to_owned(),
                found => format!("found {}", found.join(" and ")),
            };
            self.mistake(Code::Start, &draw.span, message, label);
        }
        let uniform = draw.uniform.as_ref().and_then(|ends| {
            let what = "the smallest and the largest number, for example [-1, 1]";
            let [low, high] = self.pair("uniform", ends, what)?;
            if low >= high || !(high - low).is_finite() {
                let message = match low < high {
                    true => "the length of `uniform` is not finite",
                    false => "the smallest number of `uniform` must be below the largest",
                };
                let label = "expected for example [-1, 1]";
                self.mistake(Code::Start, &ends.span, message, label);
            }
            Some(Distribution::Uniform(low, high))
        });
        let normal = draw.normal.as_ref().and_then(|moments| {
            let what = "the mean and the standard deviation, for example [0, 1]";
            let [mean, deviation] = self.pair("normal", moments, what)?;
            if deviation <= 0.0 {
                let message = "the standard deviation of `normal` must be above 0";
                let label = format!("expected {what}");
                self.mistake(Code::Start, &moments.span, message, label);
            }
            Some(Distribution::Normal(mean, deviation))
        });
        let shape = shape?;
        if self.mistakes.len() > before {
            return None;
        }
        let count = shape.elements().unwrap_or(0);
        match (uniform.or(normal), &draw.value) {
            (Some(distribution), _) => Some(StartValue {
                part: StartPart::Drawn(distribution, count),
                settings: Vec::new(),
                shape,
            }),
            (None, Some(value)) => Some(fixed(shape, vec![value.value; count], &draw.span)),
            // A misread value is already reported.
            (None, None) => None,
        }
    }

    fn drawn_shape(
        &mut self,
        name: &str,
        draw: &spec::Draw,
        demanded: Option<&Shape>,
    ) -> Option<Shape> {
        let before = self.mistakes.len();
        let (lengths, span) = match (&draw.length, &draw.shape) {
            // The reader has reported both.
            (Some(_), Some(_)) => return None,
            (None, None) => {
                // A misread one is already reported; without it the shape is unknown.
                let is_given = draw.keys.has("length") || draw.keys.has("shape");
                let usual = || demanded.cloned().unwrap_or_else(Shape::scalar);
                return (!is_given).then(usual);
            }
            (Some(length), None) => (vec![length], &length.span),
            (None, Some(shape)) => (shape.value.iter().collect(), &shape.span),
        };
        if lengths.len() > 2 {
            let message = format!(
                "the shape of `{name}` has {}",
                counted(lengths.len(), "length")
            );
            let label = "expected at most two, rows and columns";
            self.mistake(Code::Start, span, message, label);
        }
        let mut shape: Vec<usize> = Vec::new();
        let mut elements = 1_usize;
        for length in lengths {
            let length = usize::try_from(length.value).unwrap_or(usize::MAX);
            elements = elements.saturating_mul(length);
            shape.push(length);
        }
        self.are_few_elements(name, elements, span);
        let shape = Shape::from(&shape[..]);
        self.fits(name, &shape, demanded, span);
        (self.mistakes.len() == before).then_some(shape)
    }

    fn are_few_elements(&mut self, name: &str, elements: usize, span: &Span) {
        if elements > MAX_VARIABLES {
            let message = format!("`{name}` has {} elements", grouped(elements as u128));
            let label = format!("expected at most {}", grouped(MAX_VARIABLES as u128));
            self.mistake(Code::TooLarge, span, message, label);
        }
    }

    fn fits(&mut self, name: &str, shape: &Shape, demanded: Option<&Shape>, span: &Span) {
        if let Some(demanded) = demanded.filter(|demanded| *demanded != shape) {
            let message = format!("`{name}` is {} here", in_words(shape));
            let label = format!("expected {}", in_words(demanded));
            self.mistake(Code::Start, span, message, label);
        }
    }

    /// Two numbers.
    fn pair(&mut self, key: &str, numbers: &spec::Numbers, what: &str) -> Option<[f64; 2]> {
        let wide: Vec<f64> = numbers.list.iter().map(|one| one.value.wide()).collect();
        if let [first, second] = wide[..] {
            return Some([first, second]);
        }
        self.cannot_be(key, &numbers.span, format!("expected {what}"));
        None
    }
}

/// A shape in words for a message.
pub(super) fn in_words(shape: &Shape) -> String {
    match &shape[..] {
        [] => "a number".to_owned(),
        [length] => format!("a vector of length {}", grouped(*length as u128)),
        [rows, columns] => format!("a {rows} × {columns} matrix"),
        _ => format!("an array of shape {shape}"),
    }
}

fn named(name: &str, shape: &Shape) -> String {
    let what = if shape.len() == 1 { "vector" } else { "matrix" };
    format!("{what} `{name}`")
}

/// Numbers that are the same for all runs; each is a setting if they are few.
fn fixed(shape: Shape, numbers: Vec<Number>, span: &Span) -> StartValue {
    if numbers.len() > SETTINGS_UP_TO {
        let part = StartPart::Fixed(Arc::from(numbers));
        let settings = Vec::new();
        return StartValue {
            shape,
            part,
            settings,
        };
    }
    let part = StartPart::Settings(numbers.len());
    let settings = numbers.into_iter();
    let settings = settings.map(|number| (Series::List(vec![Value::Number(number)]), span.clone()));
    StartValue {
        shape,
        part,
        settings: settings.collect(),
    }
}

/// The default start of a variable that the file does not give.
pub(super) fn customary(shape: &Shape, numbers: &[f64]) -> StartValue {
    let numbers = numbers.iter().map(|number| Number::from(*number));
    fixed(shape.clone(), numbers.collect(), &(0..0))
}
