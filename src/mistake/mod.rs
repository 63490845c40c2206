//! What is wrong with an experiment file, and where.

mod code;

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::text::printable;

pub use code::Code;

/// Bytes of a text from the first to the one behind the last.
pub type Span = Range<usize>;

/// A value with the place where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T> {
    /// What was written.
    pub value: T,
    /// Where, in bytes of the experiment file.
    pub span: Span,
}

impl<T> At<T> {
    /// The value at the place.
    pub fn new(value: T, span: Span) -> Self {
        At { value, span }
    }
}

/// One mistake: what is wrong, where, what was expected, and the way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// What kind of mistake it is.
    pub code: Code,
    /// One sentence without a full stop, such as "unknown key `lerning_rate`".
    pub message: String,
    /// The place that is underlined; `None` if the file as a whole is meant.
    pub span: Option<Span>,
    /// What stands at the underlined place, beside it.
    pub label: String,
    /// What to do about it; empty if the label says it all.
    pub help: String,
}

impl Mistake {
    /// A mistake at a place; `label` is written beside it.
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

    /// That `what` cannot be what stands at the place.
    pub(crate) fn of_value(
        what: &str,
        source: &str,
        span: &Span,
        expected: impl Into<String>,
    ) -> Self {
        let written = shortened(source.get(span.clone()).unwrap_or("this"));
        let message = format!("{what} cannot be {written}");
        Mistake::new(Code::WrongValue, span.clone(), message, expected)
    }

    /// A mistake of the file as a whole.
    pub fn of_file(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Mistake {
            code,
            message: message.into(),
            span: None,
            label: String::new(),
            help: help.into(),
        }
    }

    /// The same with the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// All that is wrong with one file, in the order of the places.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistakes {
    path: String,
    source: String,
    list: Vec<Mistake>,
}

/// A file with more mistakes than this is told to have them, no more.
const SHOWN: usize = 20;

impl Mistakes {
    /// The mistakes of the file `path`, whose text is `source`.
    #[must_use]
    pub fn new(path: &str, source: &str, mut list: Vec<Mistake>) -> Self {
        list.sort_by_key(|mistake| mistake.span.as_ref().map_or(0, |span| span.start));
        Mistakes {
            path: path.to_owned(),
            source: source.to_owned(),
            list,
        }
    }

    /// The mistakes in the order of their places.
    #[must_use]
    pub fn list(&self) -> &[Mistake] {
        &self.list
    }

    /// All of them as text for a terminal, with or without colours.
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

    /// The first line of the span: a table of twenty lines is named by its
    /// head, not drawn at length.
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

/// What was written, fit for a message of one line.
pub(crate) fn shortened(written: &str) -> String {
    let line = written.lines().next().unwrap_or("");
    if line.chars().count() <= 40 && line.len() == written.len() {
        return line.to_owned();
    }
    line.chars().take(39).collect::<String>() + "…"
}

/// The one of `names` that `typed` was probably meant to be.
///
/// # Examples
///
/// ```
/// use gradtape::mistake::nearest;
///
/// assert_eq!(nearest("lerning_rate", ["learning_rate", "momentum"]), Some("learning_rate"));
/// assert_eq!(nearest("colour", ["learning_rate", "momentum"]), None);
/// ```
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    // A third of the letters may be wrong; more is another word.
    let limit = (typed.chars().count() / 3).max(1);
    let distance = |name: &str| strsim::damerau_levenshtein(&typed, &name.to_lowercase());
    // Of two that are equally near the one that begins alike is meant.
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

/// So many names are listed; more would not be read.
const LISTED: usize = 30;

/// "did you mean `…`?", or the list of what is possible where nothing is near.
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
