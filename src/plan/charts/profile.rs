//! `kind = "profile"`.

use super::decider::{ChartDecider, Decided};
use super::{ChartKind, Profile, Scale};
use crate::mistake::Code;

/// What of the greatest fall may be missing: the middle one of those that Moré and Wild
/// show.
const TOLERANCE: f64 = 1e-3;

impl ChartDecider<'_> {
    pub(super) fn profile(&mut self) -> Decided {
        let name = match &self.written.profile {
            Some(written) => written.value.clone(),
            None => "performance".to_owned(),
        };
        self.check_use(&name);
        let profile = match name.as_str() {
            "data" => Profile::Data {
                tolerance: self.tolerance(),
            },
            "ecdf" => Profile::Ecdf {
                targets: self.targets(),
            },
            _ => Profile::Performance {
                tolerance: self.tolerance(),
            },
        };
        let (title, file) = match profile {
            Profile::Performance { .. } => ("performance profile", "performance_profile"),
            Profile::Data { .. } => ("data profile", "data_profile"),
            Profile::Ecdf { .. } => ("targets reached", "ecdf"),
        };
        let solvers = self.solvers();
        Decided {
            x_scale: Scale::new(self.written.x_scale.as_ref(), Scale::Log),
            y_scale: Scale::Linear,
            title: title.to_owned(),
            file: file.to_owned(),
            shown: solvers.into_iter().collect(),
            group_by: solvers,
            kind: ChartKind::Profile(profile),
        }
    }

    /// Tells of a key that is for another profile.
    fn check_use(&mut self, name: &str) {
        let is_ecdf = name == "ecdf";
        let (key, help) = if is_ecdf {
            ("tolerance", "an ecdf has `targets`")
        } else {
            ("targets", "set `profile = \"ecdf\"`, or use `tolerance`")
        };
        if let Some(place) = self.written.place_of(key) {
            let message = format!("the profile `{name}` has no `{key}`");
            let label = "it would change nothing";
            self.mistake(Code::Chart, &place.clone(), message, label, help);
        }
    }

    fn tolerance(&mut self) -> f64 {
        let Some(written) = &self.written.tolerance else {
            return TOLERANCE;
        };
        let tolerance = written.value.wide();
        if !(tolerance > 0.0 && tolerance < 1.0) {
            let message = format!("`tolerance` cannot be {tolerance}");
            let label = "expected a share above 0 and below 1";
            self.mistake(Code::WrongValue, &written.span, message, label, "");
        }
        tolerance
    }

    fn targets(&mut self) -> Vec<f64> {
        if !self.plan.has_gap() {
            let message = "an ecdf needs a known minimum, from which its targets are measured";
            let span = self.place_of("profile");
            let help = "give the objectives `minimum = { value = … }`, or use `profile = \"data\"`";
            self.missing(Code::Chart, &span, message, "no objective has one", help);
        }
        let Some(written) = &self.written.targets else {
            return (0..51).map(|place| ten_to(f64::from(place))).collect();
        };
        let mut targets = Vec::new();
        for target in &written.list {
            let gap = target.value.wide();
            if !(gap > 0.0 && gap.is_finite()) {
                let message = format!("a target cannot be {gap}");
                let label = "expected a finite gap above 0";
                self.mistake(Code::WrongValue, &target.span, message, label, "");
            }
            targets.push(gap);
        }
        targets.sort_by(|a, b| b.total_cmp(a));
        targets.dedup();
        targets
    }

    /// The setting that tells solvers apart: by default the optimizer, or the first of its
    /// settings that varies.
    fn solvers(&mut self) -> Option<usize> {
        if self.written.group_by.is_some() {
            return self.group();
        }
        let columns = self.plan.columns();
        let varies = |column: &usize| {
            self.plan.is_of_optimizer(*column) && self.plan.varies(&columns[*column])
        };
        let solvers = (0..columns.len()).find(varies);
        if solvers.is_none() {
            let message = "a profile compares optimizers, and there is only one";
            let help = "give a second `[[optimizer]]`, or say what to compare: `group_by = \"…\"`";
            let span = self.written.span.clone();
            self.missing(Code::Chart, &span, message, "", help);
        }
        solvers
    }
}

/// The targets of COCO: from 10² to 10⁻⁸, five to a decade.
fn ten_to(place: f64) -> f64 {
    libm::pow(10.0, 2.0 - place / 5.0)
}
