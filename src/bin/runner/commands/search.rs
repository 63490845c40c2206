//! Finding entries of a catalogue by words, or by name.

use gradtape_experiment::mistake::nearest;

use crate::failure::Failure;

/// Words that must all occur in the texts of an entry.
#[derive(Debug, Default)]
pub struct Search(Vec<String>);

impl Search {
    /// The words of a text; no words without a text, which match every entry.
    pub fn new(text: Option<&str>) -> Self {
        let words = text.unwrap_or("").split_whitespace();
        Search(words.map(str::to_lowercase).collect())
    }

    /// Whether each word occurs in one of these texts.
    pub fn finds(&self, texts: impl IntoIterator<Item: AsRef<str>>) -> bool {
        let lowercase = texts.into_iter().map(|text| text.as_ref().to_lowercase());
        let all = lowercase.collect::<Vec<_>>().join("\n");
        self.0.iter().all(|word| all.contains(word))
    }
}

/// The failure of a search that finds no `what`; `command` lists all.
pub fn nothing_found(what: &str, text: Option<&str>, command: &str) -> Failure {
    let words = text.unwrap_or_default();
    Failure::Usage(format!(
        "no {what} matches `{words}`; `runner {command}` lists all"
    ))
}

/// The failure of a name that no `what` has; `command` lists all.
pub fn unknown<'a>(
    what: &str,
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
    command: &str,
) -> Failure {
    let advice = match nearest(name, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("`runner {command}` lists all"),
    };
    Failure::Usage(format!("unknown {what} `{name}`; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_are_found_somewhere() {
        let finds = |text| Search::new(text).finds(["Adam", "Keeps moments of the gradient"]);
        assert!(finds(None) && finds(Some("adam")) && finds(Some("MOMENT adam")));
        assert!(!finds(Some("adam newton")));
    }
}
