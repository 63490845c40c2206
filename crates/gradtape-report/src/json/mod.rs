//! JSON: the head of `report.json`, and objects for programs.

mod head;
mod objects;

pub use head::Head;
pub(super) use head::{RUNS, head_of};
#[cfg(test)]
pub(super) use objects::Entries;
pub(super) use objects::Point;
pub use objects::{
    derivative_object, derivative_plan_object, function_object, method_object, objective_object,
    plan_object,
};
