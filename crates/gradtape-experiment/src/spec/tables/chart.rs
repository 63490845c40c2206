//! The tables that describe charts.

use crate::number::Domain;
use crate::spec::format::tables;

/// Scales of an axis or a range of colours.
const AXIS_SCALES: &[&str] = &["linear", "log", "symlog"];

/// The kinds of charts, each with those of its keys that not all kinds have.
pub const CHART_KINDS: &[(&str, &[&str])] = &[
    (
        "line",
        &["x", "y", "x_scale", "y_scale", "band", "group_by"],
    ),
    (
        "sweep",
        &["x", "y", "x_scale", "y_scale", "band", "group_by"],
    ),
    (
        "heatmap",
        &["x", "y", "x_scale", "y_scale", "value", "value_scale"],
    ),
    ("contour", &["objective", "animate", "group_by"]),
    (
        "profile",
        &["profile", "tolerance", "targets", "x_scale", "group_by"],
    ),
    ("histogram", &["x", "x_scale", "group_by"]),
];

/// Their names.
const KIND_NAMES: [&str; CHART_KINDS.len()] = {
    let mut names = [""; CHART_KINDS.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = CHART_KINDS[place].0;
        place += 1;
    }
    names
};

tables! {
    /// `[[chart]]`.
    Chart, "[[chart]]",
    "A chart, as PNG and SVG. Recorded quantities are the parameters (an element of a \
        vector is `x[0]`), `loss`, `gradient_norm`, `learning_rate`, `evaluations`, `gap` if the \
        minimum is known, and `validation_loss` if there are validation rows. Final quantities are \
        those of `[[expect]]`. Without a `[[chart]]` the report has a chart of the loss over the \
        epochs; for one objective of two parameters, a contour chart; and for the numeric settings \
        of the optimizers that vary, a heat map if there are two, otherwise a sweep of each.",
    [] {
        kind: Choice(&KIND_NAMES), optional,
            "`\"line\"` (default): a quantity over the epochs, one line for each run. `\"sweep\"`: a final quantity over a setting, one point for each run. `\"heatmap\"`: a final quantity over two settings, as the colour of cells; cells with several runs show the median, or a cross if the median run diverged. `\"contour\"`: level lines of an objective of two parameters, with the paths of the runs. `\"profile\"`: the share of problems that each optimizer has solved within a budget. `\"histogram\"`: the distribution of a final quantity.";
        y: Text, optional,
            "For `line` and `sweep`, the quantity (default: `loss`); for `heatmap`, a setting (default: the second that varies if exactly two do).";
        x: Text, optional,
            "For `line`, a recorded quantity or `epoch` (default); for `sweep`, a setting (default: `learning_rate`); for `heatmap`, a setting (default: the first that varies if exactly two do); for `histogram`, a final quantity (default: `loss`).";
        value: Text, optional, "For `heatmap`, the final quantity. Default: `loss`.";
        x_scale: Choice(AXIS_SCALES), optional,
            "`\"linear\"`, `\"log\"` or `\"symlog\"` (linear around 0, logarithmic further out on both sides). Default: log over a log range of settings, for `profile`, and for `histogram` if the values differ by a factor of at least 1,000; otherwise linear. A `heatmap` labels unevenly spaced numbers one by one.";
        y_scale: Choice(AXIS_SCALES), optional,
            "Scale of the y axis, as `x_scale`. Default: linear; for `heatmap`, as for `x_scale`.";
        value_scale: Choice(AXIS_SCALES), optional,
            "Scale of the colours of a `heatmap`. Default: log if no value is negative and the positive ones differ by a factor of at least 50.";
        band: Choice(&["quartiles", "range", "none"]), optional,
            "With repetitions: the median of the runs that differ only in the repetition, and a band between their quartiles (`\"quartiles\"`, default) or over all of them (`\"range\"`); `\"none\"` shows each run. A diverged run counts as infinitely bad from that epoch; a run that ended early keeps its last value.";
        objective: OneOrMoreNames, optional,
            "For `contour`, one or more objectives. Default: all objectives of two parameters. Each has a panel; all panels have the same axes.";
        animate: Boolean, optional,
            "For `contour`: `true` also writes the descents as an animated GIF, `FILE.gif`; each frame adds an equal share of the recorded points of every path. Default: `false`.";
        profile: Choice(&["performance", "data", "ecdf"]), optional,
            "For `profile`: the budget. `\"performance\"` (default; Dolan and Moré 2002): the evaluations as a multiple of those of the fastest optimizer. `\"data\"` (Moré and Wild 2009): the evaluations in units of n + 1 for n parameters. `\"ecdf\"` (Hansen and others 2016): the evaluations divided by n; the share is of pairs of a problem and a target. A problem is an objective with its constants, start and repetition, in one precision.";
        tolerance: Number(Domain::Fraction), optional,
            "For a `performance` or `data` profile: a problem is solved when loss ≤ best + tolerance × (start − best), where best is the lowest loss that any run reached. Default: 1e-3.";
        targets: Numbers(Domain::Positive), optional,
            "For an `ecdf` profile: the target gaps to the known minimum, each above 0. Default: 51 from 1e2 to 1e-8, with equal ratios.";
        title: Text, optional,
            "Title. Default: the quantities, or the title of the experiment if this is its only chart.";
        file: Text, optional, "File name without extension. Default: derived from the quantities.";
        runs: Filter, optional, "Only runs matching this condition. Default: all runs.";
        group_by: Text, optional,
            "The setting that the colours distinguish. Default: what varies; for `profile`, the optimizer.";
        facet: Text, optional,
            "A setting, such as `\"objective\"` or `\"optimizer\"`. Each of its values has a panel; all panels have the same axes.";
    }

    /// `[style]`.
    Style, "[style]",
    "Appearance of the charts of the report.",
    [] {
        theme: Choice(&["light", "dark"]), optional,
            "`\"light\"` (default) or `\"dark\"`, for the chart files; the page follows the preference of its reader.";
        width: Integer(Domain::WholeBetween(320, 4000)), optional,
            "Width in pixels. Default: 1200.";
        height: Integer(Domain::WholeBetween(320, 4000)), optional,
            "Height in pixels. Default: 800.";
        font: Choice(&["sans", "serif", "mono"]), optional,
            "Font: `\"sans\"` (default), `\"serif\"` or `\"mono\"`.";
        text_size: Number(Domain::Between(0.5, 3.0)), optional,
            "Text size as a multiple of the usual size. Default: 1.";
    }
}
