//! The tables of an optimizer.

use crate::number::Domain;
use crate::spec::format::{KeyRule, tables};

tables! {
    /// `[[optimizer]]`.
    Optimizer, "[[optimizer]]",
    "A method with its settings. Each combination of the methods, conventions and \
        schedules of a table becomes a separate optimizer; a setting applies to those that have \
        it.",
    [] {
        name: Text, optional,
            "Label in tables and charts, followed by what varies within the table. Default: the method.";
        method: OneOrMoreNames, required,
            "Update rule, such as `\"adam\"`, or a list of update rules. `runner methods` lists all of them.";
        convention: OneOrMoreNames, optional,
            "Source of the exact rule and defaults: `\"pytorch\"`, `\"keras\"`, `\"optax\"` or `\"textbook\"`, or a list of these. Default: the first of these that has the method.";
        schedule: OneOrMoreTables(Schedule), optional or_empty,
            "Change of the learning rate from epoch to epoch; each table of a list is a separate schedule. Default: a constant learning rate.";
        clip: Table(Clip), optional, "Limit of the gradient, applied before anything else uses it.";
        zip: Groups, optional or_empty,
            "Settings whose lists are paired element by element (zipped) instead of combined; they must have the same length. A list of lists zips several independent groups. Settings of a schedule are named `schedule.NAME`, the limit of `clip` is named `clip.NAME`.";
        exclude: Filters, optional or_empty,
            "Combinations to omit, by `method`, `convention`, the settings of this table, and those of schedules and clipping under the names used in `zip`.";
        ..settings: Setting(Domain::Any), "a setting of the method",
            "One value, a list or a range.";
    }

    /// `schedule` of an optimizer.
    Schedule, "schedule",
    "Change of the learning rate: the learning rate of epoch k leads from the state \
        of epoch k to that of epoch k + 1. In tables and filters the settings have the prefix \
        `schedule.`.",
    [] {
        kind: Text, required,
            "Shape of the schedule, such as `\"cosine\"`. `runner methods` lists all shapes; `runner methods cosine` shows one with its settings.";
        convention: Text, optional,
            "Source of the exact rule and defaults. Default: the convention of the optimizer if given, otherwise the first that has this kind.";
        ..settings: Setting(Domain::Any), "a setting of the schedule",
            "One value, a list or a range. Every kind can have `warmup`: the number of epochs in which the learning rate rises from a lower one before the rest begins. `milestones`, `boundaries`, `values` and `scales` are one list for all runs; `formula` is a string.";
    }

    /// `clip` of an optimizer.
    Clip, "clip",
    "Clipping of the gradient: one of these keys, by the rule of the optimizer's convention.",
    [KeyRule::OneKey] {
        value: Setting(Domain::Positive), optional,
            "Maximum magnitude of each entry of the gradient; larger entries are cut off.";
        norm: Setting(Domain::Positive), optional,
            "Maximum Euclidean norm of the gradient of each variable; larger ones are scaled down.";
        global_norm: Setting(Domain::Positive), optional,
            "Maximum Euclidean norm of the whole gradient; a larger one is scaled down.";
    }
}
