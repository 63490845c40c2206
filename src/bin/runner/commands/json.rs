//! Lines of JSON about experiments.

/// An object as a line that names its experiment first, as the lines of a check do.
pub fn line(experiment: &str, object: &str) -> String {
    let experiment = serde_json::Value::from(experiment);
    let rest = object.strip_prefix('{').unwrap_or(object);
    format!("{{\"experiment\":{experiment},{rest}\n")
}
