//! The charts: of runs and of derivatives, as PNG and SVG, some of them animated as GIF.

use std::fs;

use rayon::prelude::*;

use super::fields;
use super::{PartMaker, ReportFile, Setup, Totals};
use crate::figures;
use crate::page::ChartView;
use crate::{CsvFiles, ReportError};
use gradtape_chart::{DrawError, Figure};
use gradtape_experiment::plan::Plan;

/// The files.
pub(crate) struct Pictures;

/// The file names of the charts of derivatives, without extension.
fn curves(plan: &Plan) -> impl Iterator<Item = &String> {
    let curves = plan.derivatives.iter();
    let curves = curves.filter(|derivative| derivative.chart.is_some());
    curves.map(|derivative| &derivative.file)
}

/// The number of charts in a report of this plan.
fn drawing_count(plan: &Plan) -> usize {
    plan.charts.len() + curves(plan).count()
}

/// The number of drawings of a report that can be made in parallel: its charts, and the
/// frames of animated ones.
#[must_use]
pub fn parallel_drawings(plan: &Plan) -> usize {
    let animated = plan.charts.iter().filter(|chart| chart.needs.is_animated);
    drawing_count(plan) + animated.count() * figures::MAX_FRAMES
}

impl ReportFile for Pictures {
    type Part = ();

    fn names(plan: &Plan) -> Vec<String> {
        let charts = plan.charts.iter().map(|chart| &chart.file);
        let drawings = charts.chain(curves(plan));
        let drawings =
            drawings.flat_map(|name| ["png", "svg"].map(|kind| format!("{name}.{kind}")));
        let animated = plan.charts.iter().filter(|chart| chart.needs.is_animated);
        let animations = animated.map(|chart| format!("{}.gif", chart.file));
        drawings.chain(animations).collect()
    }

    fn create(_: &Setup<'_>) -> Result<Self, ReportError> {
        Ok(Pictures)
    }

    fn parts(&self) -> PartMaker<()> {
        Box::new(|| ())
    }

    fn finish(self, totals: &mut Totals<'_>) -> Result<(), ReportError> {
        if !totals.has_charts {
            return Ok(());
        }
        let plan = totals.plan;
        let files = match totals.published {
            Some(files) => files.clone(),
            None => CsvFiles::open(totals.folder, plan),
        };
        let charts = (0..plan.charts.len()).into_par_iter();
        let charts = charts.map(|place| chart(totals, place, &files));
        let mut views = charts.collect::<Result<Vec<ChartView>, ReportError>>()?;
        let curves = totals.tables.par_iter().filter_map(|table| {
            let name = &plan.derivatives[table.derivative].file;
            Some(draw(totals, &figures::curve(plan, table)?, name))
        });
        let curves = curves.collect::<Result<Vec<ChartView>, ReportError>>()?;
        views.extend(curves);
        totals.views = views;
        Ok(())
    }
}

/// Draws chart number `place`, with the fields in `files`.
fn chart(totals: &Totals<'_>, place: usize, files: &CsvFiles) -> Result<ChartView, ReportError> {
    let plan = totals.plan;
    let frames = figures::frames(plan, place, totals.charts);
    let fields = fields::fields(plan, place, &frames, files)?;
    let figure = figures::figure(plan, place, totals.charts, &fields);
    let name = &plan.charts[place].file;
    let view = draw(totals, &figure, name)?;
    if !plan.charts[place].needs.is_animated {
        return Ok(view);
    }
    let frames = figures::growing(&figure);
    let file = format!("{name}.gif");
    let gif = gradtape_chart::animate(&frames, &figures::style(plan));
    write(totals, &file, &drawn(file.clone(), gif)?)?;
    Ok(view.with_animation())
}

/// Draws a chart, and returns its view for the page.
fn draw(totals: &Totals<'_>, figure: &Figure, name: &str) -> Result<ChartView, ReportError> {
    let style = figures::style(totals.plan);
    totals.control.check()?;
    let drawing = figure.draw(&style);
    totals.control.check()?;
    let png = drawn(format!("{name}.png"), gradtape_chart::to_png(&drawing.svg))?;
    write(totals, &format!("{name}.svg"), drawing.svg.as_bytes())?;
    write(totals, &format!("{name}.png"), &png)?;
    let count = drawing_count(totals.plan);
    Ok(ChartView::new(
        figure,
        &style,
        name,
        (&drawing, &png),
        count,
    ))
}

/// A picture, or the error with its file.
fn drawn(file: String, picture: Result<Vec<u8>, DrawError>) -> Result<Vec<u8>, ReportError> {
    picture.map_err(|error| ReportError::Draw {
        chart: file,
        what: error.to_string(),
    })
}

fn write(totals: &Totals<'_>, file: &str, bytes: &[u8]) -> Result<(), ReportError> {
    let path = totals.folder.join(file);
    fs::write(&path, bytes).map_err(ReportError::write(&path))
}
