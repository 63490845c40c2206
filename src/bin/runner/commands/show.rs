//! `runner show REPORT_DIR…`: print the results of a report, as when it was written.

use gradtape_report::Report;

use super::summary::{Selection, Summary};
use crate::args::Show;
use crate::failure::Failure;
use crate::terminal::{output, plot, progress};

pub fn show(options: &Show) -> Result<(), Failure> {
    for folder in &options.folders {
        let name = folder.display().to_string();
        let (plan, reading) = progress::show_step(&name, "reading the report", false, || {
            let Report { head, plan, files } = Report::open(folder)?;
            let reading =
                gradtape_report::read(&files, &plan).map_err(|error| head.explain(error))?;
            Ok::<_, gradtape_report::ReportError>((plan, reading))
        })?;
        let runs = reading.results.len();
        let mut summary = Summary::new(&plan, runs);
        let selection = Selection::new(&plan, runs);
        for result in &reading.results {
            summary.add(selection.extract(result));
        }
        for table in &reading.tables {
            summary.add_table(table);
        }
        summary.diagnosis.clone_from(&reading.diagnosis);
        if options.plot.is_wanted()
            && let Some(figure) = reading.main_chart(&plan)
        {
            summary.plot = plot::of_figure(&figure);
        }
        output::results(&summary.render(folder));
    }
    Ok(())
}
