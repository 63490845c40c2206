//! Errors of experiment files, with their places.

mod code;

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::text::{printable, shortened};

pub use code::Code;

/// Range of bytes of a text, end excluded.
#[doc(hidden)]
pub type Span = Range<usize>;

/// A value with the place where it was written.
#[derive(Clone, Debug, PartialEq)]
#[doc(hidden)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its place, in bytes of the experiment file.
    pub span: Span,
}

impl<T> At<T> {
    /// Creates a value with its place.
    pub fn new(value: T, span: Span) -> Self {
        At { value, span }
    }
}

/// An error: what is wrong, where, what was expected, and what to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// The code of the error.
    pub code: Code,
    /// One sentence without a full stop, such as "unknown key `lerning_rate`".
    pub message: String,
    /// The underlined place; `None` for an error of the file as a whole.
    pub span: Option<Span>,
    /// The text next to the underlined place.
    pub label: String,
    /// What to do; empty if the label says it.
    pub help: String,
}

impl Mistake {
    /// An error at a place; `label` is printed next to it.
    pub fn new(
        code: Code,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Mistake {
            code,
            message: message.into(),
            span: Some(span),
            label: label.into(),
            help: String::new(),
        }
    }

    /// An error: `what` cannot have the value at the place.
    pub(crate) fn of_value(
        what: &str,
        source: &str,
        span: &Span,
        expected: impl Into<String>,
    ) -> Self {
        let written = first_line(source.get(span.clone()).unwrap_or("this"));
        let message = format!("{what} cannot be {written}");
        Mistake::new(Code::WrongValue, span.clone(), message, expected)
    }

    /// An error of the file as a whole.
    pub fn of_file(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Mistake {
            code,
            message: message.into(),
            span: None,
            label: String::new(),
            help: help.into(),
        }
    }

    /// The same error with a help text.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// All errors of one file, in the order of their places.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistakes {
    path: String,
    source: String,
    list: Vec<Mistake>,
}

/// Maximum number of errors shown of a file; more are only counted.
const SHOWN: usize = 20;

impl Mistakes {
    /// The errors of the file `path`, whose text is `source`.
    #[must_use]
    pub fn new(path: &str, source: &str, mut list: Vec<Mistake>) -> Self {
        list.sort_by_key(|mistake| mistake.span.as_ref().map_or(0, |span| span.start));
        Mistakes {
            path: path.to_owned(),
            source: source.to_owned(),
            list,
        }
    }

    /// The errors in the order of their places.
    #[must_use]
    pub fn list(&self) -> &[Mistake] {
        &self.list
    }

    /// The errors as text for a terminal, with or without colours.
    #[must_use]
    pub fn render(&self, colours: bool) -> String {
        let renderer = if colours {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut text = String::new();
        for mistake in self.list.iter().take(SHOWN) {
            let group = self.group(mistake);
            text.push_str(&renderer.render(&[group]));
            text.push_str("\n\n");
        }
        if let Some(more) = self.list.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let path = printable(&self.path);
            text.push_str(&format!("… and {more} more in {path}\n\n"));
        }
        text
    }

    fn group<'a>(&'a self, mistake: &'a Mistake) -> Group<'a> {
        let title = Level::ERROR.primary_title(printable(&mistake.message));
        let title = title.id(mistake.code.name());
        let mut group = match &mistake.span {
            Some(span) => {
                let kind = AnnotationKind::Primary;
                let annotation = kind.span(self.visible(span));
                let annotation = annotation.label(printable(&mistake.label));
                let snippet = Snippet::source(&self.source).path(printable(&self.path));
                title.element(snippet.annotation(annotation))
            }
            None => title.element(Origin::path(printable(&self.path))),
        };
        if !mistake.help.is_empty() {
            group = group.element(Level::HELP.message(printable(&mistake.help)));
        }
        group
    }

    /// The first line of the span: a table of twenty lines is shown by its head, not in
    /// full.
    fn visible(&self, span: &Span) -> Span {
        let start = span.start.min(self.source.len());
        let end = span.end.clamp(start, self.source.len());
        let text = self.source.get(start..end).unwrap_or("");
        let line = text.lines().next().unwrap_or("").trim_end();
        start..start + line.len()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

impl std::error::Error for Mistakes {}

/// The first line of the source text, shortened for a message of one line.
pub(crate) fn first_line(written: &str) -> String {
    let line = written.lines().next().unwrap_or("");
    let more = if line.len() < written.len() {
        "…"
    } else {
        ""
    };
    shortened(&format!("{line}{more}"), 40)
}

/// The name among `names` that `typed` was probably meant to be.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::mistake::nearest;
///
/// assert_eq!(nearest("lerning_rate", ["learning_rate", "momentum"]), Some("learning_rate"));
/// assert_eq!(nearest("colour", ["learning_rate", "momentum"]), None);
/// ```
#[doc(hidden)]
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    // At most a third of the letters may be wrong; otherwise it is another word.
    let limit = (typed.chars().count() / 3).max(1);
    let distance = |name: &str| strsim::damerau_levenshtein(&typed, &name.to_lowercase());
    // If two are equally near, the one with the longer common beginning is meant.
    let alike = |name: &str| {
        typed
            .chars()
            .zip(name.chars())
            .take_while(|(a, b)| a == b)
            .count()
    };
    names
        .into_iter()
        .map(|name| (distance(name), std::cmp::Reverse(alike(name)), name))
        .filter(|(distance, _, name)| *distance <= limit && *distance < name.chars().count())
        .min()
        .map(|(_, _, name)| name)
}

/// Maximum number of names listed; more would not be read.
const LISTED: usize = 30;

/// "did you mean `…`?", or the list of possible names if none is near.
#[doc(hidden)]
pub fn suggestion<'a>(
    typed: &str,
    what: &str,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    match nearest(typed, names.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let mut names = names.into_iter();
            let listed = names.by_ref().take(LISTED);
            let listed: Vec<String> = listed.map(|name| format!("`{name}`")).collect();
            let more = match names.count() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{what}: {}{more}", listed.join(", "))
        }
    }
}
