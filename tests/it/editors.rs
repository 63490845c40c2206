//! Support for editors and shells: the schema, completions, the manual, a file to begin with.

use std::fs;

use gradtape_experiment::spec::Spec;
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use crate::runner::{finished, folder, names, project, runner, succeeded};

/// A file as JSON, which is what a schema looks at; `None` if it is not TOML.
fn as_json(source: &str) -> Option<Value> {
    let table = DeTable::parse(source).ok()?;
    Some(object(table.get_ref()))
}

fn object(table: &DeTable<'_>) -> Value {
    let entries = table.iter();
    let entries = entries.map(|(key, one)| (key.get_ref().to_string(), value(one.get_ref())));
    Value::Object(entries.collect::<Map<_, _>>())
}

fn value(of: &DeValue<'_>) -> Value {
    match of {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(whole) => match i64::from_str_radix(whole.as_str(), whole.radix()) {
            Ok(whole) => Value::from(whole),
            Err(_) => Value::from(1e300),
        },
        // JSON has no infinity; for a schema it is a number.
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::from(number),
            _ => Value::from(f64::MAX),
        },
        DeValue::Boolean(on) => Value::from(*on),
        DeValue::Datetime(date) => Value::from(date.to_string()),
        DeValue::Array(items) => items.iter().map(|item| value(item.get_ref())).collect(),
        DeValue::Table(table) => object(table),
    }
}

/// The files with this ending, with their texts.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let folder = project().join(folder);
    let files = names(&folder).into_iter();
    let files = files.filter(|name| name.ends_with(ending));
    files
        .map(|name| {
            let text = fs::read_to_string(folder.join(&name)).unwrap();
            (name, text)
        })
        .collect()
}

#[test]
fn the_schema_accepts_every_experiment_and_rejects_mistakes_of_form() {
    let schema = succeeded(runner(project()).arg("schema"));
    assert_eq!(schema, gradtape_experiment::schema::json_schema());
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert!(jsonschema::meta::is_valid(&schema), "it is a schema itself");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let experiments = files("experiments", ".toml");
    for (name, text) in &experiments {
        let json = as_json(text).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
    let (mut rejected, mut no_toml) = (0, 0);
    let mut accepted: Vec<&str> = Vec::new();
    let mut seen_by_reader: Vec<&str> = Vec::new();
    let mistakes = files("tests/mistakes", ".toml");
    for (name, text) in &mistakes {
        match as_json(text) {
            None => no_toml += 1,
            Some(json) if !validator.is_valid(&json) => rejected += 1,
            Some(_) => {
                // The schema does not cover too large numbers, generated starts and conditions.
                let (_, _, of_form) = Spec::read(text);
                if of_form.is_empty() {
                    accepted.push(name.as_str());
                } else {
                    seen_by_reader.push(name.as_str());
                }
            }
        }
    }
    // Errors that involve several places of the file, or the text of a formula.
    insta::assert_snapshot!(
        "schema",
        format!(
            "{} experiments accepted\n{} mistakes: {no_toml} no TOML, {rejected} rejected\n\n{} of form that no schema sees:\n{}\n\n{} of meaning:\n{}",
            experiments.len(),
            mistakes.len(),
            seen_by_reader.len(),
            seen_by_reader.join("\n"),
            accepted.len(),
            accepted.join("\n")
        )
    );
}

#[test]
fn every_shell_completes() {
    for (shell, part) in [
        ("bash", "complete -F _runner"),
        ("zsh", "#compdef runner"),
        ("fish", "complete -c runner"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let script = succeeded(runner(project()).args(["completions", shell]));
        for word in [part, "check", "only-failed"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let (code, _, stderr) = finished(runner(project()).args(["completions", "tcsh"]));
    assert_eq!(code, 2, "{stderr}");
}

#[test]
fn every_command_has_a_manual_page() {
    let page = succeeded(runner(project()).arg("man"));
    for part in [
        ".TH runner 1", "SYNOPSIS", "Exit codes", "runner\\-check(1)",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for command in [
        "check", "plan", "report", "show", "watch", "functions", "methods", "init", "explain",
        "schema", "completions", "man",
    ] {
        let page = succeeded(runner(project()).args(["man", command]));
        assert!(page.contains(&format!(".TH runner-{command} 1")), "{page}");
    }
    let (code, stdout, stderr) = finished(runner(project()).args(["man", "chekc"]));
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("did you mean `check`?"), "{stderr}");
}

#[test]
fn a_new_experiment_runs_and_is_guarded() {
    let at = folder(&[]);
    let printed = succeeded(runner(at.path()).arg("init"));
    insta::assert_snapshot!(printed, @r"
    created experiment.toml

    next:
      runner experiment.toml
      runner check experiment.toml
    ");
    succeeded(runner(at.path()).args(["experiment.toml", "--quiet"]));
    let printed = succeeded(runner(at.path()).args(["check", "experiment.toml"]));
    assert_eq!(printed, "ok      experiment.toml  7 runs\n");
    // Nothing is overwritten.
    let (code, _, stderr) = finished(runner(at.path()).args(["init", "experiment"]));
    assert_eq!(code, 2);
    insta::assert_snapshot!(stderr, @"error[usage]: experiment.toml already exists; choose another name");
    succeeded(runner(at.path()).args(["init", "more/two_valleys.toml"]));
    let text = fs::read_to_string(at.path().join("more/two_valleys.toml")).unwrap();
    assert!(text.contains("title = \"two valleys\""), "{text}");
    assert!(gradtape_experiment::plan::Plan::new("two.toml", &text).is_ok());
    assert_eq!(finished(runner(at.path()).args(["init", ".."])).0, 2);
}

#[test]
fn catalogues_are_searched() {
    let found = |arguments: &[&str]| {
        let printed = succeeded(runner(project()).args(arguments));
        let lines = printed.lines().map(|line| line.trim_start().to_owned());
        let names = lines.filter_map(|line| line.split("  ").next().map(str::to_owned));
        names.collect::<Vec<_>>()
    };
    let methods = found(&["methods", "--search", "Nesterov adam"]);
    assert!(methods.contains(&"nadam".to_owned()), "{methods:?}");
    assert!(!methods.contains(&"sgd".to_owned()), "{methods:?}");
    let functions = found(&["functions", "--search", "Multimodal"]);
    assert!(functions.contains(&"rastrigin".to_owned()), "{functions:?}");
    assert!(!functions.contains(&"sphere".to_owned()), "{functions:?}");
    for catalogue in ["methods", "functions"] {
        let (code, stdout, stderr) =
            finished(runner(project()).args([catalogue, "--search", "no such thing"]));
        assert_eq!((code, stdout.as_str()), (2, ""));
        assert!(stderr.contains("matches `no such thing`"), "{stderr}");
    }
}

#[test]
fn an_experiment_is_asserted_from_rust() {
    gradtape::assert_experiment("experiments/learning_rates.toml");
    let at = folder(&[("learning_rates.toml", "")]);
    let text = fs::read_to_string(project().join("experiments/learning_rates.toml")).unwrap();
    let path = at.path().join("learning_rates.toml");
    fs::write(&path, text.replace("\"w^2\"", "\"w^2 + 1e-9*w\"")).unwrap();
    let panicked = std::panic::catch_unwind(|| gradtape::assert_experiment(&path)).unwrap_err();
    let message = panicked.downcast_ref::<String>().unwrap();
    assert!(
        message.contains("learning_rates.toml failed its check\n  run 0 (")
            && message.contains("records the new values for review"),
        "{message}"
    );
    let missing = std::panic::catch_unwind(|| gradtape::assert_experiment("nothing.toml"));
    let panicked = missing.unwrap_err();
    let message = panicked.downcast_ref::<String>().unwrap();
    assert!(message.contains("there is no such file"), "{message}");
}
