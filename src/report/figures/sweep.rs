//! A final quantity over a setting: a point for each run.

use super::collect::Endings;
use super::colours::Series;
use crate::number::Value;
use crate::plan::Plan;
use crate::report::chart::{Colour, Line};

/// A line for all runs that differ in nothing but the swept setting.
pub(super) fn sweep_series(
    plan: &Plan,
    place: usize,
    x: usize,
    runs: &[u64],
    endings: &Endings,
) -> Vec<Series> {
    let mut all: Vec<(Vec<Option<Value>>, Series)> = Vec::new();
    let mut known: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for run in runs {
        let mut settings = plan.run(*run).settings;
        let at = settings
            .get_mut(x)
            .and_then(Option::take)
            .and_then(|value| value.number());
        let (Some(at), Some(ending)) = (at, endings.get(place, *run)) else {
            continue;
        };
        let others = format!("{settings:?}");
        let group = *known.entry(others).or_insert_with(|| {
            let label = label_without(plan, &settings, x);
            let mut line = Line::new(Vec::new(), Colour::Category(0));
            line.dots = true;
            line.name.clone_from(&label);
            let series = Series {
                line,
                label,
                settings: settings.clone(),
            };
            all.push((settings.clone(), series));
            all.len() - 1
        });
        let line = &mut all[group].1.line;
        match ending.y.filter(|y| y.is_finite() && !ending.is_diverged) {
            Some(y) => line.points.push([at.wide(), y]),
            None => line.off_scale.push(at.wide()),
        }
    }
    for (_, series) in &mut all {
        series.line.points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    }
    all.into_iter().map(|(_, series)| series).collect()
}

/// The settings that vary, but for the swept one.
fn label_without(plan: &Plan, settings: &[Option<Value>], x: usize) -> String {
    let parts =
        plan.columns()
            .iter()
            .zip(settings)
            .enumerate()
            .filter_map(|(place, (name, value))| {
                let value = value.as_ref().filter(|_| place != x && plan.varies(name))?;
                Some(match value {
                    Value::Name(name) => name.clone(),
                    _ => format!("{}={}", name.trim_start_matches("start."), value.short()),
                })
            });
    parts.collect::<Vec<_>>().join(", ")
}
