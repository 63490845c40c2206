//! The tables of a page.

use maud::{Markup, html};

use super::model::{
    Cell, CellKind, Column, RunRow, RunsTable, SettingRow, SettingsTable, ValuesTable,
};
use super::policy::file_address;
use gradtape_experiment::ending::Tone;
use gradtape_experiment::number::{counted, grouped};

/// The number of runs with each outcome.
pub(super) fn outcomes(runs: &RunsTable) -> Markup {
    html! {
        p class="chips" {
            @for (outcome, tone, count) in &runs.outcomes {
                span class=(tone_class(*tone)) { (outcome) " " b { (grouped(u128::from(*count))) } } " "
            }
        }
    }
}

/// The table of runs with its controls, which the script shows.
pub(super) fn runs(runs: &RunsTable) -> Markup {
    let shown = runs.rows.len() as u64;
    let columns = runs.columns.len() + 1;
    html! {
        div class="tools" hidden {
            label for="filter" { "Filter" }
            input id="filter" type="search" autocomplete="off" spellcheck="false"
                placeholder="outcome:oscillating loss<1e-3" aria-describedby="count";
            output id="count" for="filter" {}
            label class="check" { input id="sentences" type="checkbox" checked; " diagnoses" }
            details id="filter-help" {
                summary { "How to filter" }
                p {
                    "Words that a row contains, " code { "column:word" } ", or a comparison "
                    "such as " code { "loss<1e-3" } ". A row must match all of them. Columns: "
                    code { "run" }
                    @for column in &runs.columns { ", " code { (column.name) } }
                    "."
                }
            }
        }
        div class="scroll" tabindex="0" role="region" aria-labelledby="runs-caption" {
            table id="runs-table" class="runs" {
                caption id="runs-caption" {
                    @if shown < runs.of {
                        (grouped(u128::from(shown))) " of " (grouped(u128::from(runs.of))) " runs: the first ones and the best. All runs are in "
                        a href=(file_address(&runs.file)) { (runs.file) } "."
                    } @else {
                        (counted(runs.of, "run"))
                        ". Full-precision values are in " a href=(file_address(&runs.file)) { (runs.file) } "."
                    }
                }
                thead {
                    tr {
                        th scope="col" class="n" data-name="run" aria-sort="ascending" { "run" }
                        @for column in &runs.columns { (head(column)) }
                    }
                }
                @for row in &runs.rows { (run(row, &runs.columns, columns)) }
            }
        }
    }
}

fn head(column: &Column) -> Markup {
    let class = (column.kind == CellKind::Number).then_some("n");
    html! {
        th scope="col" class=[class] data-name=(column.name) { bdi { (column.title) } }
    }
}

/// A run, in its own table body so that its sentence stays below its numbers when runs are sorted.
fn run(row: &RunRow, columns: &[Column], width: usize) -> Markup {
    html! {
        tbody id=(format!("run-{}", row.run)) class=[row.is_best.then_some("best")] {
            tr {
                th scope="row" class="n" {
                    @if row.is_best { span class="mark" title="best of its objective" { "best" } " " }
                    (row.run)
                }
                @for (cell, column) in row.cells.iter().zip(columns) {
                    @match column.kind {
                        CellKind::Number => { td class="n" title=[cell.exact.as_ref()] { (cell.text) } }
                        CellKind::Text => { td title=[cell.exact.as_ref()] { (text(&cell.text)) } }
                        CellKind::Outcome => { td { span class=(tone_class(row.tone)) { (cell.text) } } }
                    }
                }
            }
            @if !row.sentence.is_empty() {
                tr class="sentence" { td colspan=(width) { p { (prose(&row.sentence)) } } }
            }
        }
    }
}

/// Text in which a number such as 1e-8 stays on one line: browsers break lines after its hyphen.
pub(super) fn prose(text: &str) -> Markup {
    let is_digit = |letter: char| letter.is_ascii_digit();
    html! {
        @for (index, word) in text.split(' ').enumerate() {
            @if index > 0 { " " }
            @if word.split_once("e-").is_some_and(|(before, _)| before.ends_with(is_digit)) {
                span class="unbroken" { (word) }
            } @else {
                (word)
            }
        }
    }
}

/// Text that may be long, in any script.
fn text(text: &str) -> Markup {
    html! { @if !text.is_empty() { bdi class="text" { (text) } } }
}

fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "tone good",
        Tone::Neutral => "tone",
        Tone::Bad => "tone bad",
    }
}

/// The settings of an objective by their rank.
pub(super) fn settings(settings: &SettingsTable, place: usize) -> Markup {
    let caption = format!("settings-caption-{place}");
    let number_of = |row: &SettingRow, place: usize| number(&row.losses[place]);
    html! {
        @if let Some(title) = &settings.title { h3 dir="auto" { (title) } }
        div class="scroll" tabindex="0" role="region" aria-labelledby=(caption) {
            table class="settings" {
                caption id=(caption) {
                    (extent(settings.rows.len(), usize::try_from(settings.of).unwrap_or(usize::MAX), "setting"))
                    ", ranked by the median of the final " (settings.quantity) "."
                    @if let Some(test) = settings.test {
                        " Compared with the best setting by " (test)
                        ", two-sided, with Holm's correction."
                    }
                }
                thead {
                    tr {
                        th scope="col" { "setting" }
                        th scope="col" class="n" { "median" }
                        th scope="col" class="n" { "lower quartile" }
                        th scope="col" class="n" { "upper quartile" }
                        th scope="col" { "against the best" }
                        @if settings.has_minimum { th scope="col" class="n" { "at the known minimum" } }
                        th scope="col" class="n" { "diverged" }
                        th scope="col" class="n" { "converged" }
                        th scope="col" class="n" { "best" }
                        th scope="col" class="n" { "worst" }
                    }
                }
                tbody {
                    @for (rank, row) in settings.rows.iter().enumerate() {
                        @let is_best = rank == 0 && settings.has_best;
                        tr class=[is_best.then_some("best")] {
                            th scope="row" {
                                @if is_best { span class="mark" title="smallest median" { "best" } " " }
                                bdi { (row.label) }
                            }
                            (number_of(row, 2))
                            (number_of(row, 1))
                            (number_of(row, 3))
                            td { (row.comparison) }
                            @if settings.has_minimum {
                                td class="n" { (row.reached.as_deref().unwrap_or("")) }
                            }
                            td class="n" { (row.diverged) }
                            td class="n" { (row.converged) }
                            (number_of(row, 0))
                            (number_of(row, 4))
                        }
                    }
                }
            }
        }
    }
}

/// The table of a derivative.
pub(super) fn values(values: &ValuesTable, place: usize) -> Markup {
    let shown = values.rows.len();
    let caption = format!("values-caption-{place}");
    html! {
        h3 dir="auto" { (values.title) }
        @if let Some(formula) = &values.formula { p { "f = " code { (formula) } } }
        div class="scroll" tabindex="0" role="region" aria-labelledby=(caption) {
            table class="values" {
                caption id=(caption) {
                    (extent(shown, values.of, "row"))
                    @if values.columns.len() < values.columns_of {
                        ", " (extent(values.columns.len(), values.columns_of, "column"))
                    }
                    ". Full-precision values are in "
                    a href=(file_address(&values.file)) { (values.file) } "."
                }
                thead { tr { @for column in &values.columns { th scope="col" class="n" { bdi { (column) } } } } }
                tbody {
                    @for row in &values.rows { tr { @for cell in row { (number(cell)) } } }
                }
            }
        }
    }
}

fn number(cell: &Cell) -> Markup {
    html! { td class="n" title=[cell.exact.as_ref()] { (cell.text) } }
}

/// The number of all items, and of the displayed ones.
fn extent(shown: usize, of: usize, noun: &str) -> String {
    let all = counted(of, noun);
    if shown < of {
        format!("the first {shown} of {all}")
    } else {
        all
    }
}
