//! Settings of the command line that replace those of the file.

use toml_edit::{ArrayOfTables, DocumentMut, Formatted, InlineTable, Item, Key, Table, Value};

use super::format::FileTable;
use super::tables::Spec;
use crate::mistake::{Code, Mistake, Mistakes, Span};

/// The text of an experiment with some of its keys set to other values; everything else is
/// unchanged. Each of `settings` has the form `KEY=VALUE`. The key is written with dots, such
/// as `stop.loss_below`; if it matches several tables, all are set, or one by its number from
/// 0, such as `optimizer.0.learning_rate`. The value is written as in the file; anything else
/// is a string, so names need no quotes.
///
/// Text that is not TOML is returned unchanged; its errors are reported when it is read.
///
/// # Errors
///
/// If one of the settings is wrong: what is wrong with it.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::spec::with_settings;
///
/// let source = "epochs = 10 # few\n[[optimizer]]\nmethod = 'sgd'\nlearning_rate = 0.1\n";
/// let settings = ["epochs=20", "optimizer.learning_rate=[0.1, 0.2]", "precision=f32"];
/// let text = with_settings(source, &settings.map(str::to_owned))?;
/// assert_eq!(
///     text,
///     "epochs = 20 # few\nprecision = \"f32\"\n[[optimizer]]\nmethod = 'sgd'\nlearning_rate = [0.1, 0.2]\n"
/// );
/// assert!(with_settings(source, &["epochs.a=1".to_owned()]).is_err());
/// # Ok::<(), gradtape_experiment::mistake::Mistakes>(())
/// ```
pub fn with_settings(source: &str, settings: &[String]) -> Result<String, Mistakes> {
    let Ok(mut document) = source.parse::<DocumentMut>() else {
        return Ok(source.to_owned());
    };
    for setting in settings {
        let set = set(document.as_item_mut(), setting);
        set.map_err(|mistake| Mistakes::new("--set", setting, vec![mistake]))?;
    }
    Ok(document.to_string())
}

fn set(root: &mut Item, setting: &str) -> Result<(), Mistake> {
    let Some((key, text)) = setting.split_once('=') else {
        let label = "expected KEY=VALUE, such as `epochs=100`";
        let message = "a setting has no value";
        return Err(Mistake::new(Code::Set, 0..setting.len(), message, label));
    };
    let place = 0..key.trim_end().len();
    let path = Key::parse(key).map_err(|_| {
        let label = "expected a dotted key, such as `optimizer.learning_rate`";
        Mistake::new(
            Code::Set,
            place.clone(),
            format!("`{}` is not a key", key.trim()),
            label,
        )
    })?;
    let begin = setting.len() - text.trim_start().len();
    let value = value(text.trim(), begin)?;
    put(root, &path, 0, &value, &place)
}

/// A value as written in a file, or a name without quotes.
fn value(text: &str, begin: usize) -> Result<Value, Mistake> {
    let error = match text.parse::<Value>() {
        Ok(mut value) => {
            value.decor_mut().clear();
            return Ok(value);
        }
        Err(error) => error,
    };
    // Text that begins like a value of TOML was meant as one.
    if text.is_empty() || text.starts_with(['[', '{', '"', '\'']) {
        let message = format!("`{text}` is not a value");
        let what = error.message().lines().next().unwrap_or("").to_owned();
        let place = match text {
            "" => begin.saturating_sub(1)..begin,
            text => begin..begin + text.len(),
        };
        return Err(Mistake::new(Code::Set, place, message, what));
    }
    Ok(Value::String(Formatted::new(text.to_owned())))
}

/// Sets the value at the end of a path from `item`, beginning with segment number `depth`.
fn put(
    item: &mut Item,
    path: &[Key],
    depth: usize,
    value: &Value,
    place: &Span,
) -> Result<(), Mistake> {
    let Some(key) = path.get(depth) else {
        // The surroundings of the old value, such as a comment, are preserved.
        let old = item.as_value().map(|old| old.decor().clone());
        let mut value = value.clone();
        if let Some(old) = old {
            *value.decor_mut() = old;
        }
        *item = Item::Value(value);
        return Ok(());
    };
    let name = key.get();
    if let Some(tables) = item.as_array_of_tables_mut() {
        let number = number_of(name, tables.len(), path, depth, place)?;
        let chosen = tables.iter_mut().enumerate();
        let chosen = chosen.filter(|(at, _)| number.is_none_or(|number| number == *at));
        let below = depth + usize::from(number.is_some());
        for (_, table) in chosen {
            let mut inner = Item::Table(std::mem::take(table));
            let result = put(&mut inner, path, below, value, place);
            if let Item::Table(changed) = inner {
                *table = changed;
            }
            result?;
        }
        return Ok(());
    }
    if let Some(array) = item.as_array_mut() {
        let is_table = |one: &Value| one.is_inline_table();
        if !array.is_empty() && array.iter().all(is_table) {
            let number = number_of(name, array.len(), path, depth, place)?;
            let chosen = array.iter_mut().enumerate();
            let chosen = chosen.filter(|(at, _)| number.is_none_or(|number| number == *at));
            let below = depth + usize::from(number.is_some());
            for (_, one) in chosen {
                let mut inner = Item::Value(one.clone());
                put(&mut inner, path, below, value, place)?;
                if let Item::Value(changed) = inner {
                    *one = changed;
                }
            }
            return Ok(());
        }
    }
    let Some(table) = item.as_table_like_mut() else {
        return Err(no_table(path, depth, place));
    };
    let is_last = depth + 1 == path.len();
    if table.get(name).is_none_or(Item::is_none) && !is_last {
        // The file does not have this table yet.
        let new = match (depth, Spec::FORMAT.key(name)) {
            (0, Some(key)) if key.kind.repeated().is_some() => {
                let mut tables = ArrayOfTables::new();
                tables.push(Table::new());
                Item::ArrayOfTables(tables)
            }
            (0, _) => Item::Table(Table::new()),
            _ => Item::Value(Value::InlineTable(InlineTable::new())),
        };
        table.insert(name, new);
    }
    match table.get_mut(name) {
        Some(inner) => put(inner, path, depth + 1, value, place),
        None => {
            table.insert(name, Item::Value(value.clone()));
            Ok(())
        }
    }
}

/// The number of the table that a segment selects; `None` if it is a key, which selects all.
fn number_of(
    name: &str,
    count: usize,
    path: &[Key],
    depth: usize,
    place: &Span,
) -> Result<Option<usize>, Mistake> {
    match name.parse::<usize>() {
        Err(_) => Ok(None),
        Ok(number) if number < count => Ok(Some(number)),
        Ok(number) => {
            let message = format!("there is no `{}` number {number}", shown(path, depth));
            let label = format!("expected a number below {count}; numbers start from 0");
            Err(Mistake::new(Code::Set, place.clone(), message, label))
        }
    }
}

fn no_table(path: &[Key], depth: usize, place: &Span) -> Mistake {
    let message = format!("`{}` is not a table", shown(path, depth));
    Mistake::new(Code::Set, place.clone(), message, "it has no keys")
}

/// The segments before number `depth`.
fn shown(path: &[Key], depth: usize) -> String {
    let segments: Vec<&str> = path[..depth].iter().map(Key::get).collect();
    segments.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
# A parabola.
epochs = 10 # few

objective = [{ formula = \"w^2\", start = { w = 1.0 } }]

[[optimizer]] # the first
method = 'sgd'
learning_rate = 0.1 # a learning rate

[[optimizer]]
method = 'adam'
";

    fn changed(settings: &[&str]) -> Result<String, String> {
        let settings: Vec<String> = settings.iter().map(|one| (*one).to_owned()).collect();
        with_settings(SOURCE, &settings).map_err(|mistakes| mistakes.list()[0].message.clone())
    }

    #[test]
    fn all_else_stays_as_it_is() {
        assert_eq!(changed(&[]).unwrap(), SOURCE);
        let text = changed(&["epochs = 20", "optimizer.0.learning_rate=[0.1,0.2]"]).unwrap();
        let expected = SOURCE
            .replace("epochs = 10", "epochs = 20")
            .replace("= 0.1 #", "= [0.1,0.2] #");
        assert_eq!(text, expected);
    }

    #[test]
    fn values_are_put_where_the_path_leads() {
        let read = |settings: &[&str]| {
            let text = changed(settings).unwrap();
            text.parse::<DocumentMut>().unwrap()
        };
        let document = read(&["optimizer.learning_rate=0.5", "stop.loss_below=1e-9"]);
        for number in 0..2 {
            let rate = &document["optimizer"][number]["learning_rate"];
            assert_eq!(rate.as_float(), Some(0.5));
        }
        assert_eq!(document["stop"]["loss_below"].as_float(), Some(1e-9));
        let document = read(&["objective.start.w=2", "objective.0.name=bowl"]);
        assert_eq!(document["objective"][0]["start"]["w"].as_integer(), Some(2));
        assert_eq!(document["objective"][0]["name"].as_str(), Some("bowl"));
        let document = read(&["chart.y=loss", "optimizer.schedule.kind=cosine"]);
        assert_eq!(document["chart"][0]["y"].as_str(), Some("loss"));
        let schedule = &document["optimizer"][1]["schedule"];
        assert_eq!(schedule["kind"].as_str(), Some("cosine"));
        // A key with a dot in it.
        let document = read(&["stop.\"a.b\"='x'"]);
        assert_eq!(document["stop"]["a.b"].as_str(), Some("x"));
    }

    #[test]
    fn what_leads_nowhere_is_told() {
        let told = |setting: &str| changed(&[setting]).unwrap_err();
        assert_eq!(told("epochs"), "a setting has no value");
        assert_eq!(told("epochs.a=1"), "`epochs` is not a table");
        assert_eq!(told("epochs="), "`` is not a value");
        assert_eq!(told("epochs=[1, "), "`[1,` is not a value");
        assert_eq!(told("=1"), "`` is not a key");
        assert_eq!(told("a..b=1"), "`a..b` is not a key");
        assert_eq!(
            told("optimizer.2.name=x"),
            "there is no `optimizer` number 2"
        );
        // A file that is wrong itself is reported later.
        assert_eq!(
            with_settings("epochs =", &["a=1".to_owned()]).unwrap(),
            "epochs ="
        );
    }
}
