//! Settings that are paired element by element (zipped) instead of combined.

use super::Decider;
use crate::mistake::{At, Code, Span, suggestion};
use crate::number::counted;
use crate::plan::grid::{Axis, Grid, Series};
use crate::spec::{self, Groups};

/// A setting with its values and its place in the file, which is empty for a default.
type NamedSeries = (String, Series, Span);

/// The subject of a `zip` group of an objective.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ZipTarget {
    Constants,
    /// Its names begin with `start.`.
    Start,
}

/// The `zip` groups of an objective for constants, or for starts, by the names that these
/// have in their own tables.
pub(super) fn zip_of(written: &spec::Objective, of: ZipTarget) -> Groups {
    let start = |key: &At<String>| key.value.strip_prefix("start.").map(str::to_owned);
    let is_meant = |group: &&Vec<At<String>>| {
        let of_start = group.first().is_some_and(|key| start(key).is_some());
        of_start == (of == ZipTarget::Start)
    };
    let groups = written.zip.iter().filter(is_meant);
    let own = |key: &At<String>| match of {
        ZipTarget::Constants => key.clone(),
        ZipTarget::Start => At::new(
            start(key).unwrap_or_else(|| key.value.clone()),
            key.span.clone(),
        ),
    };
    groups
        .map(|group| group.iter().map(own).collect())
        .collect()
}

impl Decider<'_> {
    /// The grid of some settings. Those of each `zip` group share an axis, at the place of the
    /// first of them.
    pub(super) fn grid(&mut self, named: Vec<NamedSeries>, zip: &Groups) -> Grid {
        let mut groups: Vec<Vec<&str>> = Vec::new();
        for group in zip {
            let mut zipped = Vec::new();
            for key in group {
                let is_twice = groups
                    .iter()
                    .chain([&zipped])
                    .any(|known: &Vec<&str>| known.contains(&key.value.as_str()));
                if self.can_be_zipped(key, &named, is_twice) {
                    zipped.push(key.value.as_str());
                }
            }
            self.equal_lengths(&mut zipped, &named);
            groups.push(zipped);
        }
        let mut axes: Vec<Axis> = Vec::new();
        // Where the axis of each group is, once it has one.
        let mut places: Vec<Option<usize>> = vec![None; groups.len()];
        for (name, series, _) in named {
            let group = groups
                .iter()
                .position(|group| group.contains(&name.as_str()));
            match group.and_then(|group| places[group]) {
                Some(axis) => axes[axis].series.push((name, series)),
                None => {
                    if let Some(group) = group {
                        places[group] = Some(axes.len());
                    }
                    axes.push(Axis {
                        series: vec![(name, series)],
                    });
                }
            }
        }
        Grid::new(axes)
    }

    /// Whether a setting that `zip` names exists and is named once.
    fn can_be_zipped(&mut self, key: &At<String>, named: &[NamedSeries], is_twice: bool) -> bool {
        let missing = || format!("`zip` names `{}`, which is not given here", key.value);
        match named.iter().find(|(name, ..)| *name == key.value) {
            None => {
                let known = named.iter().map(|(name, ..)| name.as_str());
                let label = suggestion(&key.value, "available settings", known);
                self.mistake(Code::UnknownName, &key.span, missing(), label);
            }
            // A default has no place in the file.
            Some((_, _, span)) if span.is_empty() => {
                let label = "its default is a single value";
                self.mistake(Code::UnknownName, &key.span, missing(), label);
            }
            Some(_) if is_twice => {
                let message = format!("`zip` names `{}` twice", key.value);
                self.mistake(Code::NameTaken, &key.span, message, "duplicate");
            }
            Some(_) => return true,
        }
        false
    }

    /// Removes settings from a group that are not as long as the first: an axis has only
    /// series of the same length.
    fn equal_lengths(&mut self, zipped: &mut Vec<&str>, named: &[NamedSeries]) {
        let lengths = named
            .iter()
            .filter(|(name, ..)| zipped.contains(&name.as_str()));
        let lengths: Vec<(&str, u64, &Span)> = lengths
            .map(|(name, series, span)| (name.as_str(), series.len(), span))
            .collect();
        let Some((first, rest)) = lengths.split_first() else {
            return;
        };
        for (name, length, span) in rest {
            if *length != first.1 {
                let message = format!(
                    "`zip` needs lists of the same length: `{}` has {}, `{name}` has {length}",
                    first.0, first.1
                );
                let label = format!("expected {}", counted(first.1, "value"));
                self.mistake(Code::Lengths, span, message, label);
                zipped.retain(|zipped| zipped != name);
            }
        }
    }
}
