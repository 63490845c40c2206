//! The HTML document.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::model::Page;
use super::policy::{file_address, policy};
use super::{ChartView, source, table};
use gradtape_chart::dark_counterparts;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page as an HTML document.
pub fn html(page: &Page) -> String {
    let style = format!("{STYLE}{}", dark_charts(page));
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(&style, SCRIPT));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content="gradtape";
                title { (page.title) }
                // Otherwise a browser requests one from a server.
                link rel="icon" href="data:,";
                style { (PreEscaped(&style)) }
            }
            body {
                a class="skip" href="#main" { "Skip to the results" }
                (header(page))
                (navigation(page))
                main id="main" {
                    (diagnosis(page))
                    (charts(page))
                    (runs(page))
                    (values(page))
                    (files(page))
                    (experiment(page))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    document.into_string()
}

/// The colours of the charts on a dark screen. Print keeps the light ones.
fn dark_charts(page: &Page) -> String {
    let mut rules = String::new();
    for (light, dark) in dark_counterparts() {
        for property in ["fill", "stroke"] {
            let attribute = format!("{property}=\"{light}\"");
            if page.charts.iter().any(|chart| chart.has(&attribute)) {
                rules.push_str(&format!(
                    "  .picture [{attribute}] {{ {property}: {dark}; }}\n"
                ));
            }
        }
    }
    format!("@media screen and (prefers-color-scheme: dark) {{\n{rules}}}\n")
}

fn header(page: &Page) -> Markup {
    let paragraphs = page.description.iter().flat_map(|text| text.split("\n\n"));
    let paragraphs = paragraphs.map(str::trim).filter(|text| !text.is_empty());
    html! {
        header {
            h1 dir="auto" { (page.title) }
            @for paragraph in paragraphs { p class="description" dir="auto" { (paragraph) } }
            p class="outline" {
                @for (place, part) in page.outline.iter().enumerate() {
                    @if place > 0 { span aria-hidden="true" { " · " } }
                    bdi { (part) }
                }
            }
        }
    }
}

fn navigation(page: &Page) -> Markup {
    let sections = [
        ("summary", "Summary", !page.diagnosis.is_empty()),
        ("charts", "Charts", !page.charts.is_empty()),
        ("runs", runs_name(page), page.runs.is_some()),
        ("derivatives", "Derivatives", !page.values.is_empty()),
        ("files", "Files", true),
        ("experiment", "Experiment", true),
    ];
    html! {
        nav aria-label="Sections" {
            ul {
                @for (id, name, _) in sections.iter().filter(|(_, _, is_there)| *is_there) {
                    li { a href=(format!("#{id}")) { (name) } }
                }
            }
        }
    }
}

/// The heading of the runs; with repetitions they are folded below their settings.
fn runs_name(page: &Page) -> &'static str {
    match page.rankings.is_empty() {
        true => "Runs",
        false => "Settings",
    }
}

fn diagnosis(page: &Page) -> Markup {
    html! {
        @if !page.diagnosis.is_empty() {
            section id="summary" aria-labelledby="summary-heading" {
                h2 id="summary-heading" { "Summary" }
                p class="diagnosis" dir="auto" { (table::prose(&page.diagnosis.join(" "))) }
                @if !page.details.is_empty() {
                    details class="by-objective" {
                        summary { "By objective" }
                        dl dir="auto" {
                            @for detail in &page.details {
                                dt { (detail.objective) }
                                dd { (table::prose(&detail.sentences.join(" "))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn charts(page: &Page) -> Markup {
    let are_narrow = page.charts.iter().all(ChartView::is_narrow);
    let class = if page.charts.len() > 1 && are_narrow {
        "charts several"
    } else {
        "charts"
    };
    html! {
        @if !page.charts.is_empty() {
            section id="charts" aria-labelledby="charts-heading" {
                h2 id="charts-heading" { "Charts" }
                div class=(class) {
                    @for (place, chart) in page.charts.iter().enumerate() {
                        (chart.markup(place))
                    }
                }
            }
        }
    }
}

fn runs(page: &Page) -> Markup {
    html! {
        @if let Some(runs) = &page.runs {
            section id="runs" aria-labelledby="runs-heading" {
                @if page.rankings.is_empty() {
                    h2 id="runs-heading" { "Runs" }
                    (table::outcomes(runs))
                    (table::runs(runs))
                } @else {
                    h2 id="runs-heading" { "Settings" }
                    (table::outcomes(runs))
                    @for (place, settings) in page.rankings.iter().enumerate() {
                        (table::settings(settings, place))
                    }
                    details class="all-runs" {
                        summary { "All runs" }
                        (table::runs(runs))
                    }
                }
            }
        }
    }
}

fn values(page: &Page) -> Markup {
    html! {
        @if !page.values.is_empty() {
            section id="derivatives" aria-labelledby="derivatives-heading" {
                h2 id="derivatives-heading" { "Derivatives" }
                @for (place, values) in page.values.iter().enumerate() {
                    (table::values(values, place))
                }
            }
        }
    }
}

fn files(page: &Page) -> Markup {
    html! {
        section id="files" aria-labelledby="files-heading" {
            h2 id="files-heading" { "Files" }
            ul class="files" {
                @for file in &page.files { li { a href=(file_address(file)) { bdi { (file) } } } }
            }
        }
    }
}

fn experiment(page: &Page) -> Markup {
    let (name, text) = &page.experiment;
    html! {
        section id="experiment" aria-labelledby="experiment-heading" {
            h2 id="experiment-heading" { "Experiment" }
            dl class="facts" {
                @for (name, value) in &page.facts {
                    div { dt { (name) } dd { bdi { (value) } } }
                }
            }
            pre class="scroll" tabindex="0" role="region" aria-label=(name) { (source::toml(text)) }
        }
    }
}
