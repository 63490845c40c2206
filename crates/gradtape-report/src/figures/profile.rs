//! The share of problems that each solver has solved within a budget.
//!
//! The documentation of [`report`](crate#profiles) defines solvers, problems, costs
//! and when a problem is solved.

use std::collections::{BTreeSet, HashMap};

use super::ChartData;
use super::colours::{Series, colours, panels, shown};
use super::scale::fitted;
use super::{say, values};
use gradtape_chart::{Axis, Colour, Figure, Line, Panel};
use gradtape_experiment::number::{Value, counted, short};
use gradtape_experiment::plan::charts::ProfileChart;
use gradtape_experiment::plan::{Plan, quantity_label};

/// The improvements of a run: `[evaluations, smallest loss so far]` for each, the start first.
type Improvements<'i> = &'i [[f64; 2]];

/// A problem and all runs on it.
struct Problem<'i> {
    parameters: usize,
    /// Runs with the place of their solver.
    runs: Vec<(usize, Improvements<'i>)>,
}

pub(super) fn figure(
    plan: &Plan,
    place: usize,
    profile: &ProfileChart,
    data: &ChartData,
) -> Figure {
    let chart = &plan.charts[place];
    let profile_data = profile_data(plan, place, data);
    let mut series = Vec::new();
    let (mut problems, mut most) = (0, 0);
    let units: Vec<Vec<Vec<f64>>> = profile_data
        .panels
        .iter()
        .map(|panel| {
            problems += panel.problems.len();
            let tries = panel.problems.iter().map(|problem| tries(problem));
            most = tries.fold(most, usize::max);
            costs(profile, &panel.problems, profile_data.solvers.len())
        })
        .collect();
    let all = || {
        units
            .iter()
            .flatten()
            .flatten()
            .copied()
            .filter(|cost| cost.is_finite())
    };
    let scale = fitted(chart.x_scale, all());
    let first = match profile {
        ProfileChart::Performance { .. } => 1.0,
        _ if scale == fitted(gradtape_experiment::plan::Scale::Log, all()) => {
            all().fold(f64::INFINITY, f64::min)
        }
        _ => 0.0,
    };
    let first = if first.is_finite() { first } else { 1.0 };
    // The last step needs room to be seen.
    let last = all().fold(first, f64::max);
    let last = if last > first {
        last * 1.1
    } else {
        first * 2.0 + 1.0
    };
    for (panel, costs) in profile_data.panels.iter().zip(units) {
        for (solver, costs) in costs.into_iter().enumerate() {
            let (name, settings) = &profile_data.solvers[solver];
            let mut line = Line::new(steps(&costs, first, last), Colour::Category(0));
            line.steps = true;
            line.name.clone_from(name);
            let mut settings = settings.clone();
            if let Some(column) = chart.facet {
                settings[column].clone_from(&panel.facet);
            }
            series.push(Series::new(line, name.clone(), settings));
        }
    }
    let key = colours(plan, chart, &mut series);
    let mut subtitle = None;
    say(&mut subtitle, &said(profile, problems));
    if most > 1 {
        let said = format!("best of up to {most} runs per solver");
        say(&mut subtitle, &said);
    }
    if profile_data.left_out > 0 {
        let said = format!("{} left out", counted(profile_data.left_out, "problem"));
        say(&mut subtitle, &said);
    }
    let panels = panels(chart, series);
    let description = description(profile, problems, &panels);
    let (x, y) = match profile {
        ProfileChart::Performance { .. } => {
            ("evaluations relative to the fastest", "problems solved")
        }
        ProfileChart::Data { .. } => ("evaluations / (n + 1)", "problems solved"),
        ProfileChart::Ecdf { .. } => ("evaluations / n", "targets reached"),
    };
    let lines: Vec<&Line> = panels.iter().flat_map(Panel::lines).collect();
    let x_scale = fitted(chart.x_scale, values(&lines, 0));
    let mut y = Axis::new(format!("share of {y}"), gradtape_chart::Scale::Linear);
    y.range = Some([0.0, 1.0]);
    Figure {
        title: chart.title.clone(),
        subtitle,
        x: Axis::new(x, x_scale),
        y,
        panels,
        key,
        description,
    }
}

/// The problems of one panel.
struct ProfilePanel<'i> {
    facet: Option<Value>,
    problems: Vec<Problem<'i>>,
}

struct ProfileData<'i> {
    panels: Vec<ProfilePanel<'i>>,
    /// The name of each solver, and the settings that distinguish it.
    solvers: Vec<(String, Vec<Option<Value>>)>,
    /// Problems whose first loss is not finite.
    left_out: usize,
}

/// Groups the runs by panels, problems and solvers, all in the order of the runs.
fn profile_data<'i>(plan: &Plan, place: usize, data: &'i ChartData) -> ProfileData<'i> {
    let chart = &plan.charts[place];
    let solver_column = chart.group_by;
    let by_optimizer = solver_column.is_some_and(|column| plan.is_of_optimizer(column));
    let is_of_problem = |column: usize| {
        Some(column) != solver_column && !(by_optimizer && plan.is_of_optimizer(column))
    };
    let mut profile_data = ProfileData {
        panels: Vec::new(),
        solvers: Vec::new(),
        left_out: 0,
    };
    let mut known: HashMap<String, (usize, usize)> = HashMap::new();
    let mut left_out: BTreeSet<String> = BTreeSet::new();
    for number in data.runs(place) {
        let Some(points) = data.points(place, *number) else {
            continue;
        };
        let run = plan.run(*number);
        let settings = run.settings.iter().enumerate();
        let of_problem: Vec<Option<&Value>> = settings
            .map(|(column, setting)| setting.as_ref().filter(|_| is_of_problem(column)))
            .collect();
        // Objectives of the same name differ in their dimension.
        let problem = format!("{} {of_problem:?}", run.objective);
        if !points.first().is_some_and(|start| start[1].is_finite()) {
            left_out.insert(problem);
            continue;
        }
        let name = solver_column.map_or_else(String::new, |column| shown(&run.settings, column));
        let solvers = &mut profile_data.solvers;
        let solver = match solvers.iter().position(|(known, _)| *known == name) {
            Some(solver) => solver,
            None => {
                let mut settings = vec![None; run.settings.len()];
                if let Some(column) = solver_column {
                    settings[column].clone_from(&run.settings[column]);
                }
                solvers.push((name, settings));
                solvers.len() - 1
            }
        };
        let (panel, problem) = *known.entry(problem).or_insert_with(|| {
            let facet = chart.facet.and_then(|column| run.settings[column].clone());
            let panels = &mut profile_data.panels;
            let panel = match panels.iter().position(|panel| panel.facet == facet) {
                Some(panel) => panel,
                None => {
                    panels.push(ProfilePanel {
                        facet,
                        problems: Vec::new(),
                    });
                    panels.len() - 1
                }
            };
            let function = &plan.objectives[run.objective].function;
            panels[panel].problems.push(Problem {
                parameters: function.parameters().len(),
                runs: Vec::new(),
            });
            (panel, panels[panel].problems.len() - 1)
        });
        profile_data.panels[panel].problems[problem]
            .runs
            .push((solver, points));
    }
    profile_data.left_out = left_out.len();
    profile_data
}

/// The largest number of runs that one solver has on a problem.
fn tries(problem: &Problem<'_>) -> usize {
    let of = |solver: usize| problem.runs.iter().filter(|run| run.0 == solver).count();
    let solvers: BTreeSet<usize> = problem.runs.iter().map(|run| run.0).collect();
    solvers.into_iter().map(of).max().unwrap_or(0)
}

/// For each solver the cost of each problem, or of each pair of a problem and a target, in
/// the units of the profile.
fn costs(profile: &ProfileChart, problems: &[Problem<'_>], solvers: usize) -> Vec<Vec<f64>> {
    let mut all = vec![Vec::new(); solvers];
    #[expect(clippy::cast_precision_loss, reason = "counts of parameters")]
    for problem in problems {
        let n = problem.parameters as f64;
        match profile {
            ProfileChart::Performance { tolerance } => {
                let costs = costs_to(problem, solvers, target(problem, *tolerance));
                let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
                for (all, cost) in all.iter_mut().zip(costs) {
                    // Infinite, if no solver solved it.
                    let ratio = cost / least;
                    all.push(if ratio.is_nan() { f64::INFINITY } else { ratio });
                }
            }
            ProfileChart::Data { tolerance } => {
                let costs = costs_to(problem, solvers, target(problem, *tolerance));
                for (all, cost) in all.iter_mut().zip(costs) {
                    all.push(cost / (n + 1.0));
                }
            }
            ProfileChart::Ecdf { targets } => {
                for target in targets {
                    let costs = costs_to(problem, solvers, *target);
                    for (all, cost) in all.iter_mut().zip(costs) {
                        all.push(cost / n);
                    }
                }
            }
        }
    }
    all
}

/// The loss at which a problem is solved: f(x₀) − (1 − τ)·(f(x₀) − f_L).
fn target(problem: &Problem<'_>, tolerance: f64) -> f64 {
    let ends = problem.runs.iter().filter_map(|(_, points)| points.last());
    let least = ends.map(|end| end[1]).fold(f64::INFINITY, f64::min);
    let start = problem.runs.iter().find_map(|(_, points)| points.first());
    let start = start.map_or(f64::NAN, |start| start[1]);
    // Not f_L + τ·(f(x₀) − f_L), which rounding can put below f_L.
    (start - (1.0 - tolerance) * (start - least)).max(least)
}

/// The number of evaluations after which each solver had a loss not above the target.
fn costs_to(problem: &Problem<'_>, solvers: usize, target: f64) -> Vec<f64> {
    let mut costs = vec![f64::INFINITY; solvers];
    for (solver, points) in &problem.runs {
        // The losses fall from point to point.
        let reached = points.partition_point(|point| point[1] > target);
        if let Some(point) = points.get(reached) {
            costs[*solver] = costs[*solver].min(point[0]);
        }
    }
    costs
}

/// The share of costs that are not above each budget, as corners of a staircase.
fn steps(costs: &[f64], first: f64, last: f64) -> Vec<[f64; 2]> {
    let mut sorted = costs.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "counts of problems")]
    let share = |count: usize| count as f64 / sorted.len().max(1) as f64;
    let within = |budget: f64| sorted.partition_point(|cost| *cost <= budget);
    let mut points = vec![[first, share(within(first))]];
    let finite = sorted
        .iter()
        .copied()
        .filter(|cost| *cost > first && cost.is_finite());
    let mut before = first;
    for cost in finite {
        if cost > before {
            points.push([cost, share(within(cost))]);
            before = cost;
        }
    }
    points.push([last, share(within(last))]);
    points
}

/// What the shares refer to.
fn said(profile: &ProfileChart, problems: usize) -> String {
    let problems = counted(problems, "problem");
    match profile {
        ProfileChart::Performance { tolerance } | ProfileChart::Data { tolerance } => format!(
            "{problems}, solved when loss ≤ best + {} × (start − best)",
            short(*tolerance)
        ),
        ProfileChart::Ecdf { targets } => match targets.as_slice() {
            [only] => format!("{problems}, target {} above the minimum", short(*only)),
            [greatest, .., least] => format!(
                "{problems}, {} targets from {} to {} above the minimum",
                targets.len(),
                short(*greatest),
                short(*least)
            ),
            [] => problems,
        },
    }
}

/// The chart in words.
fn description(profile: &ProfileChart, problems: usize, panels: &[Panel]) -> String {
    let mut text = match profile {
        ProfileChart::Performance { .. } => "performance profile",
        ProfileChart::Data { .. } => "data profile",
        ProfileChart::Ecdf { .. } => "cumulative distribution of evaluations to targets",
    }
    .to_owned();
    text.push_str(&format!(" over {}", counted(problems, "problem")));
    let percent = |share: f64| short(libm::round(share * 1000.0) / 10.0);
    for panel in panels {
        if !panel.name.is_empty() {
            text.push_str(&format!("; {}", quantity_label(&panel.name)));
        }
        for line in panel.lines() {
            let end = line.points.last().map_or(0.0, |point| point[1]);
            text.push_str(&format!("; {} ends at {} %", line.name, percent(end)));
            if let (ProfileChart::Performance { .. }, Some(first)) = (profile, line.points.first())
            {
                text.push_str(&format!(", fastest on {} %", percent(first[1])));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two problems of three parameters and two solvers, small enough for a hand.
    ///
    /// On the first the losses start at 10; the best is 0, so that at a tolerance of 0.1 the
    /// target is 1: solver 0 needs 4 evaluations, solver 1 needs 8. On the second they start
    /// at 100 and the best is 20, so that the target is 28: solver 1 needs 6, solver 0 never
    /// gets there.
    fn problems() -> Vec<Problem<'static>> {
        vec![
            Problem {
                parameters: 3,
                runs: vec![
                    (0, &[[1.0, 10.0], [2.0, 5.0], [4.0, 1.0], [9.0, 0.0]]),
                    (1, &[[1.0, 10.0], [8.0, 0.5]]),
                ],
            },
            Problem {
                parameters: 3,
                runs: vec![
                    (0, &[[1.0, 100.0], [50.0, 29.0]]),
                    (1, &[[1.0, 100.0], [6.0, 28.0], [7.0, 20.0]]),
                ],
            },
        ]
    }

    #[test]
    fn a_performance_profile_is_that_of_dolan_and_more() {
        let profile = ProfileChart::Performance { tolerance: 0.1 };
        let costs = costs(&profile, &problems(), 2);
        assert_eq!(costs, [[1.0, f64::INFINITY], [2.0, 1.0]]);
        assert_eq!(steps(&costs[0], 1.0, 3.0), [[1.0, 0.5], [3.0, 0.5]]);
        assert_eq!(
            steps(&costs[1], 1.0, 3.0),
            [[1.0, 0.5], [2.0, 1.0], [3.0, 1.0]]
        );
    }

    #[test]
    fn a_data_profile_counts_simplex_gradients() {
        let profile = ProfileChart::Data { tolerance: 0.1 };
        let costs = costs(&profile, &problems(), 2);
        assert_eq!(costs, [[1.0, f64::INFINITY], [2.0, 1.5]]);
        assert_eq!(
            steps(&costs[1], 0.0, 4.0),
            [[0.0, 0.0], [1.5, 0.5], [2.0, 1.0], [4.0, 1.0]]
        );
    }

    #[test]
    fn an_ecdf_counts_pairs_of_a_problem_and_a_target() {
        let targets = vec![30.0, 5.0];
        let costs = costs(&ProfileChart::Ecdf { targets }, &problems(), 2);
        let thirds = |evaluations: f64| evaluations / 3.0;
        let expected = [
            [thirds(1.0), thirds(2.0), thirds(50.0), f64::INFINITY],
            [thirds(1.0), thirds(8.0), thirds(6.0), f64::INFINITY],
        ];
        assert_eq!(costs, expected);
        let last = steps(&costs[1], 0.1, 20.0).last().copied();
        assert_eq!(last, Some([20.0, 0.75]));
    }

    #[test]
    fn the_best_of_several_runs_of_a_solver_counts() {
        let mut problems = problems();
        problems[0].runs.push((1, &[[1.0, 10.0], [3.0, 0.9]]));
        let profile = ProfileChart::Performance { tolerance: 0.1 };
        assert_eq!(costs(&profile, &problems, 2)[1][0], 1.0);
        assert_eq!(tries(&problems[0]), 2);
    }

    #[test]
    fn a_problem_on_which_nothing_falls_is_solved_at_once() {
        let problems = [Problem {
            parameters: 1,
            runs: vec![(0, &[[1.0, 2.0]])],
        }];
        let profile = ProfileChart::Data { tolerance: 1e-3 };
        assert_eq!(costs(&profile, &problems, 1), [[0.5]]);
    }
}
