//! `kind = "profile"`.

use super::decider::{ChartDecider, Decided};
use super::{ChartKind, Profile, Scale};
use crate::mistake::Code;

/// The default tolerance: the middle one of those that Moré and Wild show.
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

    /// Reports a key that is for another profile.
    fn check_use(&mut self, name: &str) {
        let is_ecdf = name == "ecdf";
        let (key, help) = if is_ecdf {
            ("tolerance", "use `targets` for `ecdf`")
        } else {
            ("targets", "set `profile = \"ecdf\"`, or use `tolerance`")
        };
        if let Some(place) = self.written.keys.place_of(key) {
            let message = format!("the profile `{name}` has no `{key}`");
            let label = "it has no effect here";
            self.mistake(Code::Chart, &place.clone(), message, label, help);
        }
    }

    fn tolerance(&self) -> f64 {
        let written = self.written.tolerance.as_ref();
        written.map_or(TOLERANCE, |written| written.value.wide())
    }

    fn targets(&mut self) -> Vec<f64> {
        if !self.plan.has_gap() {
            let message = "`ecdf` needs a known minimum, from which its targets are measured";
            let span = self.place_of("profile");
            let help = "give the objectives `minimum = { value = … }`, or use `profile = \"data\"`";
            self.missing(Code::Chart, &span, message, "no objective has one", help);
        }
        let Some(written) = &self.written.targets else {
            return (0..51).map(|place| ten_to(f64::from(place))).collect();
        };
        let targets = written.list.iter().map(|target| target.value.wide());
        let mut targets: Vec<f64> = targets.collect();
        targets.sort_by(|a, b| b.total_cmp(a));
        targets.dedup();
        targets
    }

    /// The setting that distinguishes solvers: by default the optimizer, or the first of its
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
            let message = "a profile compares optimizers, but there is only one";
            let help =
                "add a second `[[optimizer]]`, or select what to compare: `group_by = \"…\"`";
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
