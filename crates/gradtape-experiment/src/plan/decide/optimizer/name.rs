//! The names of optimizers that the file does not name.

use super::OptimizerVariant;
use crate::spec;

/// A part of a name.
type Part = fn(&OptimizerVariant<'_>) -> Option<&'static str>;

/// What can be appended to a name that several optimizers share.
const PARTS: [Part; 3] = [method, convention, schedule];

fn method(one: &OptimizerVariant<'_>) -> Option<&'static str> {
    Some(one.variant.method.name())
}

fn convention(one: &OptimizerVariant<'_>) -> Option<&'static str> {
    Some(one.variant.convention.name())
}

fn schedule(one: &OptimizerVariant<'_>) -> Option<&'static str> {
    one.optimizer.schedule_name()
}

/// Names each optimizer: as its table says or by its method, then by what varies within
/// the table; those that still share a name also by another difference, or by a number.
pub(super) fn name(tables: &[spec::Optimizer], decided: &mut [OptimizerVariant<'_>]) {
    let names = decided.iter().map(|one| {
        let own: Vec<&OptimizerVariant<'_>> = decided
            .iter()
            .filter(|other| other.table == one.table)
            .collect();
        let given = tables[one.table].name.as_ref();
        let mut name = given
            .map_or(one.variant.method.name(), |name| &name.value)
            .to_owned();
        let parts = if given.is_some() {
            &PARTS[..]
        } else {
            &PARTS[1..]
        };
        for part in parts {
            let varies = own.iter().any(|other| part(other) != part(one));
            push(&mut name, part(one).filter(|_| varies));
        }
        name
    });
    let mut names: Vec<String> = names.collect();
    // Names are still equal where tables are alike, or where schedules of one kind differ only in
    // their settings.
    for part in &PARTS[1..] {
        tell_apart(&mut names, decided, *part);
    }
    number(&mut names, decided);
    for (one, name) in decided.iter_mut().zip(names) {
        one.optimizer.name = name;
    }
}

fn push(name: &mut String, part: Option<&str>) {
    if let Some(part) = part {
        name.push(' ');
        name.push_str(part);
    }
}

/// The groups of optimizers that have the same name, by their places.
fn twins(names: &[String]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (place, name) in names.iter().enumerate() {
        match groups.iter_mut().find(|group| names[group[0]] == *name) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// Appends a part to equal names, if it differs for each.
fn tell_apart(names: &mut [String], decided: &[OptimizerVariant<'_>], part: Part) {
    for group in twins(names) {
        let parts: Vec<_> = group.iter().map(|place| part(&decided[*place])).collect();
        let is_new = |(place, one): (usize, &Option<&str>)| !parts[..place].contains(one);
        if parts.iter().enumerate().all(is_new) {
            for (place, part) in group.iter().zip(&parts) {
                push(&mut names[*place], *part);
            }
        }
    }
}

/// Appends the number of the table to equal names, or their own number if one table has
/// several of them.
fn number(names: &mut [String], decided: &[OptimizerVariant<'_>]) {
    for group in twins(names) {
        let tables: Vec<usize> = group.iter().map(|place| decided[*place].table).collect();
        let is_new = |(place, table): (usize, &usize)| !tables[..place].contains(table);
        let by_table = tables.iter().enumerate().all(is_new);
        for (count, place) in group.iter().enumerate() {
            let number = if by_table { tables[count] } else { count };
            names[*place].push_str(&format!(" {}", number + 1));
        }
    }
}
