//! The experiment file as written.
//!
//! Reading checks the form: known keys, types and required keys. The meaning of the
//! values, and whether they are compatible, is decided by the [plan](crate::plan).

mod condition;
mod format;
pub(crate) mod json;
pub mod kinds;
mod load;
mod overrides;
pub mod reader;
mod tables;
mod text;
mod value;

use crate::mistake::Mistake;

pub use condition::{ComparedValue, Condition, Relation, Test};
pub use format::{FileTable, Format, Key, KeyRule, Need, documentation};
pub use load::{LoadError, MAX_LENGTH, load};
pub use overrides::with_settings;
pub use tables::{
    Bound, CHART_KINDS, Chart, Check, Clip, Data, Derivative, Draw, Expectation, FORMATS,
    MAX_LISTED, MAX_ORDER, MAX_VARIABLES, Minimum, OF_DESCENTS, Objective, Optimizer, PointsBound,
    RangeTable, Record, Schedule, Spec, Stop, Style, Tolerance, Transform,
};
pub use text::place_in_text;
pub use value::{
    Filter, Groups, Keys, Map, Names, Numbers, Range, Selection, Setting, Start, Values,
};

impl Spec {
    /// Reads the text of an experiment file as far as possible, and reports every error
    /// of form; with it the names of free keys whose value was misread, such as a variable's: the
    /// file has them, but no map does.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_experiment::spec::Spec;
    ///
    /// let (spec, _, mistakes) = Spec::read("epochs = 3\ntitel = 'w'");
    /// assert!(spec.epochs.is_some());
    /// let messages: Vec<&str> = mistakes.iter().map(|mistake| &*mistake.message).collect();
    /// assert_eq!(messages[0], "unknown key `titel`");
    /// assert_eq!(messages[1], "the experiment has no `[[objective]]`");
    /// ```
    #[must_use]
    pub fn read(source: &str) -> (Spec, Vec<String>, Vec<Mistake>) {
        reader::read(source)
    }
}
