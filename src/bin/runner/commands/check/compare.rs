//! The comparison of one experiment with its expectations and its recorded report.

use gradtape_experiment::batch::Control;
use gradtape_report::experiment::{self, Checked};
use gradtape_report::report_name;

use super::charts;
use super::comparison::Comparison;
use super::reporter::Reporter;
use super::update::update;
use crate::args::Check;
use crate::experiment::Experiment;
use crate::failure::Failure;
use crate::terminal::progress;

/// Runs an experiment again, compares it, and does what the command line asks for after that.
pub fn compare(
    experiment: &Experiment,
    options: &Check,
    control: &Control,
    reporters: &mut [Box<dyn Reporter + '_>],
) -> Result<Comparison, Failure> {
    let file = &experiment.file;
    let folder = options.out.join(report_name(file));
    let check = experiment::Check::open(&experiment.plan, &folder)?;
    let mut comparison = Comparison::new(check.is_recorded());
    let mut take = |checked: Checked| {
        comparison.add(&checked, experiment);
        for reporter in reporters.iter_mut() {
            reporter.add(file, &checked);
        }
    };
    progress::show_step(file, "computing derivatives", options.quiet, || {
        check.derivatives(control, &mut take)
    })?;
    progress::show_runs(experiment.task(), control, options.quiet, || {
        check.runs(&experiment.numbers, control, &mut take)
    })?;
    if let Some(folder) = &options.show_charts {
        comparison.charts = charts::draw(&check, file, &comparison.runs, folder, control)?;
    }
    if options.accept && comparison.is_acceptable() {
        comparison.update = update(&check, experiment, &comparison, &options.out, control)?;
    }
    Ok(comparison)
}
