//! The clipping of gradients.

use super::Decider;
use crate::mistake::{Code, Span};
use crate::optimizer::Clip;
use crate::plan::grid::Series;
use crate::spec;

impl Decider<'_> {
    /// The kind of clipping of a table, and its limit as a setting.
    pub(super) fn clip(&mut self, written: &spec::Clip) -> Option<(Clip, (String, Series, Span))> {
        let limit = |clip: Clip| match clip {
            Clip::Value => &written.value,
            Clip::Norm => &written.norm,
            Clip::GlobalNorm => &written.global_norm,
        };
        let clips = Clip::ALL.iter().copied();
        let given: Vec<Clip> = clips.filter(|clip| written.keys.has(clip.name())).collect();
        let [clip] = given[..] else {
            let message = match given.len() {
                0 => "`clip` has no limit",
                _ => "`clip` has more than one limit",
            };
            let label = "expected one of `value`, `norm` and `global_norm`";
            self.mistake(Code::Conflict, &written.span, message, label);
            return None;
        };
        let setting = limit(clip).as_ref()?;
        let name = format!("clip.{}", clip.name());
        Some((clip, (name, Series::new(setting), setting.span.clone())))
    }
}
