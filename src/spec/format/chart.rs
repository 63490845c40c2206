//! The tables that describe charts.

use super::{Format, Kind, optional};
use crate::number::Domain;

/// How an axis or a range of colours can be divided.
const AXIS_SCALES: &[&str] = &["linear", "log", "symlog"];

/// The kinds of charts, each with the keys that not all kinds have.
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

/// `[[chart]]`.
pub static CHART: Format = Format {
    name: "[[chart]]",
    description: "A chart, as PNG and SVG. Recorded quantities are the parameters (an element of a \
        vector is `x[0]`), `loss`, `gradient_norm`, `learning_rate`, `evaluations`, with a known \
        minimum `gap`, and with validation rows `validation_loss`; final ones those of `[[expect]]`. \
        Left out, there are: the loss over the epochs; for one objective of two parameters its \
        contour; and over the numbers of the optimizers that vary a heat map if they are two, else \
        a sweep each.",
    keys: &[
        optional(
            "kind",
            Kind::Choice(&[
                "line", "sweep", "heatmap", "contour", "profile", "histogram",
            ]),
            "`\"line\"` (default): a quantity over the epochs, a line for each run. `\"sweep\"`: a final quantity over a setting, a point for each run. `\"heatmap\"`: a final quantity over two settings, as the colour of cells; of several runs in a cell their median, where it is that of diverged runs a cross. `\"contour\"`: level lines of an objective of two parameters, and the ways of the runs over it. `\"profile\"`: the share of problems that each optimizer has solved within a budget. `\"histogram\"`: how often a final quantity had which value.",
        ),
        optional(
            "y",
            Kind::Text,
            "For `line` and `sweep` the quantity; `loss` if left out. For `heatmap` a setting; the second that varies if just two do.",
        ),
        optional(
            "x",
            Kind::Text,
            "For `line` a recorded quantity or `epoch` (default); for `sweep` a setting, `learning_rate` if left out; for `heatmap` a setting, the first that varies if just two do; for `histogram` a final quantity, `loss` if left out.",
        ),
        optional(
            "value",
            Kind::Text,
            "For `heatmap` the final quantity; `loss` if left out.",
        ),
        optional(
            "x_scale",
            Kind::Choice(AXIS_SCALES),
            "`\"linear\"`, `\"log\"`, or `\"symlog\"`: linear around 0, logarithmic beyond on both sides. Default: linear; over a log range of settings log; for `profile`, and for `histogram` where the values differ by a factor of 1,000 or more, log. A `heatmap` names numbers of no even steps one by one.",
        ),
        optional(
            "y_scale",
            Kind::Choice(AXIS_SCALES),
            "The same for the other axis. Default: linear; for `heatmap` as `x_scale`.",
        ),
        optional(
            "value_scale",
            Kind::Choice(AXIS_SCALES),
            "The same for the colours of a `heatmap`. Default: log where no value is negative and the others differ by a factor of 50 or more.",
        ),
        optional(
            "band",
            Kind::Choice(&["quartiles", "range", "none"]),
            "With repetitions: the median of the runs that differ in nothing else, and around it the half of them between the quartiles (`\"quartiles\"`, default) or all of them (`\"range\"`); `\"none\"` shows each run. A run that diverged counts as infinitely bad from there on; one that ended early keeps its last value.",
        ),
        optional(
            "objective",
            Kind::OneOrMoreNames,
            "For `contour` the objective, or several. Default: all of two parameters. Each has a panel, all with the same axes.",
        ),
        optional(
            "animate",
            Kind::Switch,
            "For `contour`: `true` also writes the descents as an animated GIF, `FILE.gif`, in which each picture adds an equal share of the recorded points of every path. Default: `false`.",
        ),
        optional(
            "profile",
            Kind::Choice(&["performance", "data", "ecdf"]),
            "For `profile`: over which budget the share is. `\"performance\"` (default; Dolan and Moré 2002): the evaluations as a multiple of those of the fastest optimizer. `\"data\"` (Moré and Wild 2009): the evaluations in units of n + 1 for n parameters. `\"ecdf\"` (Hansen and others 2016): the evaluations divided by n, and the share is that of pairs of a problem and a target. A problem is an objective with its constants, start and repetition, in one precision.",
        ),
        optional(
            "tolerance",
            Kind::Number(Domain::Fraction),
            "For a `performance` or `data` profile: a problem is solved when the loss has fallen by all but this share of the greatest fall that any run reached. Default: 1e-3.",
        ),
        optional(
            "targets",
            Kind::Numbers(Domain::Positive),
            "For an `ecdf` profile: the gaps to the known minimum that are to be reached, each above 0. Default: 51 from 1e2 to 1e-8, by equal ratios.",
        ),
        optional(
            "title",
            Kind::Text,
            "Default: the quantities; the experiment's title if this is its only chart.",
        ),
        optional(
            "file",
            Kind::Text,
            "The name of the files without extension. Default: from the quantities.",
        ),
        optional("runs", Kind::Filter, "Only these runs; all if left out."),
        optional(
            "group_by",
            Kind::Text,
            "The setting that colours tell apart. Default: what varies; for `profile` the optimizer.",
        ),
        optional(
            "facet",
            Kind::Text,
            "A setting, such as `\"objective\"` or `\"optimizer\"`, for each value of which there is a panel of its own, all with the same axes.",
        ),
    ],
    others: None,
};

/// `[style]`.
pub static STYLE: Format = Format {
    name: "[style]",
    description: "How the charts of the report look.",
    keys: &[
        optional(
            "theme",
            Kind::Choice(&["light", "dark"]),
            "`\"light\"` (default) or `\"dark\"`, for the files; the page follows its reader.",
        ),
        optional(
            "width",
            Kind::Whole(Domain::WholeBetween(320, 4000)),
            "The width in pixels. Default: 1200.",
        ),
        optional(
            "height",
            Kind::Whole(Domain::WholeBetween(320, 4000)),
            "The height in pixels. Default: 800.",
        ),
        optional(
            "font",
            Kind::Choice(&["sans", "serif", "mono"]),
            "The letters: `\"sans\"` (default), `\"serif\"` or `\"mono\"`.",
        ),
        optional(
            "text_size",
            Kind::Number(Domain::Between(0.5, 3.0)),
            "The size of the letters as a share of the usual one. Default: 1.",
        ),
    ],
    others: None,
};
