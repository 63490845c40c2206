//! The clipping of gradients.

use super::Decider;
use crate::mistake::{Code, Span};
use crate::optimizer::Clip;
use crate::plan::grid::Series;
use crate::spec;

impl Decider<'_> {
    /// The kind of clipping of a table, and its limit as a setting.
    pub(super) fn clip(&mut self, written: &spec::Clip) -> Option<(Clip, (String, Series, Span))> {
        let known = |key: &String| Clip::ALL.iter().any(|clip| clip.name() == key);
        let given = written.keys.iter().filter(|key| known(key)).count();
        if given != 1 {
            let message = match given {
                0 => "`clip` has no limit",
                _ => "`clip` has more than one limit",
            };
            let label = "expected one of `value`, `norm` and `global_norm`";
            self.mistake(Code::Conflict, &written.span, message, label);
            return None;
        }
        let [(name, setting)] = &written.limits[..] else {
            return None;
        };
        let clip = Clip::ALL.iter().find(|clip| clip.name() == *name)?;
        let limit = (
            format!("clip.{name}"),
            Series::new(setting),
            setting.span.clone(),
        );
        Some((*clip, limit))
    }
}
