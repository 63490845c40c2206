//! Plain English in everything that is read: no word of a short list comes back into strings,
//! comments and documentation. Spelling is checked by typos, which `.ci/run` installs.

use std::fs;

use crate::runner::project;
use crate::tidy;

/// Words and what to write instead. `.` stands for the end of a clause, "`" for a name in
/// backticks, and `*` at the end of a word for any ending.
const REPLACEMENTS: &[(&str, &str)] = &[
    ("told", "reported, shown, described"),
    ("so many", "N, the number of"),
    ("of which", "of these, or name the noun again"),
    ("such .", "these, those, or the noun"),
    ("nobody", "no one, or the passive"),
    ("somebody", "a user, a reader"),
    ("beside", "next to, in addition to"),
    ("besides", "in addition to"),
    ("greatest", "largest, maximum"),
    ("the least", "the smallest, the minimum"),
    ("whole number*", "integer"),
    ("text in quotes", "string"),
    ("name in quotes", "string"),
    ("folder*", "directory"),
    ("goes on", "continues"),
    ("go on with", "continue with"),
    ("comes to", "equals, amounts to"),
    ("what is left of", "the rest of"),
    ("becomes of", "say what happens"),
    ("became of", "the outcome of"),
    ("renew*", "update"),
    ("still on its way", "still improving"),
    ("to and fro", "oscillating"),
    ("furthest came", "best run"),
    ("` is no", "is not a"),
    ("once is enough", "listed twice"),
    ("leads nowhere", "say what is missing"),
    ("stands for nothing", "unknown"),
    ("customary", "standard"),
    ("stretched", "scaled"),
    ("how many there are", "the number of"),
];

/// A word of a text in lower case, or a mark that ends a clause, with its line from 1.
type Token = (String, usize);

/// Comments and strings of Rust on their lines, with blanks for all else; a string ends a clause.
fn prose_of_rust(source: &str) -> String {
    let mut prose = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        // What is read of the next piece, and the bytes of the piece.
        let (read, bytes) = if rest.starts_with("//") {
            let line = rest.find('\n').unwrap_or(rest.len());
            let text = rest[..line].trim_start_matches(['/', '!']);
            (text.to_owned(), line)
        } else if let Some(hashes) = raw_string(rest) {
            let begin = hashes + 2;
            let close = format!("\"{}", "#".repeat(hashes));
            let end = rest[begin..].find(&close).expect("an end") + begin;
            (format!("{}.", &rest[begin..end]), end + close.len())
        } else if first == '"' {
            let mut escaped = false;
            let ends = |letter: char| {
                let is_end = letter == '"' && !escaped;
                escaped = letter == '\\' && !escaped;
                is_end
            };
            let end = rest[1..].find(ends).expect("an end") + 1;
            let text = rest[1..end].replace("\\n", " ").replace('\\', " ");
            (format!("{text}."), end + 1)
        } else if first == '\'' {
            // A character, unless it is a lifetime.
            let bytes = match rest[1..].chars().next() {
                Some('\\') => 3 + rest[3..].find('\'').expect("an end") + 1,
                Some(letter) if rest[1 + letter.len_utf8()..].starts_with('\'') => {
                    2 + letter.len_utf8()
                }
                _ => 1,
            };
            (String::new(), bytes)
        } else {
            let blank = if first == '\n' { "\n" } else { " " };
            (blank.to_owned(), first.len_utf8())
        };
        prose.push_str(&read);
        rest = &rest[bytes..];
    }
    prose
}

/// The number of hashes of a raw string that begins here.
fn raw_string(text: &str) -> Option<usize> {
    let text = text.strip_prefix('r')?;
    let hashes = text.len() - text.trim_start_matches('#').len();
    text[hashes..].starts_with('"').then_some(hashes)
}

/// Words and ends of clauses; a span in backticks is one token, a line of a code block none.
fn tokens(prose: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut is_code = false;
    for (number, line) in prose.lines().enumerate() {
        let number = number + 1;
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
            continue;
        }
        if is_code {
            continue;
        }
        for (index, part) in line.split('`').enumerate() {
            if index % 2 == 1 {
                tokens.push(("`".to_owned(), number));
                continue;
            }
            let mut word = String::new();
            let mut braces = 0;
            for letter in part.chars().chain([' ']) {
                // A place of a format string, such as `{name}`.
                if letter == '{' {
                    braces += 1;
                } else if letter == '}' {
                    braces -= 1;
                }
                // Parts of identifiers and of paths are not words.
                if braces <= 0 && (letter.is_alphabetic() || "_-/".contains(letter)) {
                    word.extend(letter.to_lowercase());
                    continue;
                }
                if !word.is_empty() {
                    tokens.push((std::mem::take(&mut word), number));
                }
                if ".,;:!?)".contains(letter) {
                    tokens.push((".".to_owned(), number));
                }
            }
        }
    }
    tokens
}

/// Each listed word of the text, with its line and the replacement.
fn listed(prose: &str) -> Vec<(usize, &'static str, &'static str)> {
    let is_like = |word: &str, part: &str| match part.strip_suffix('*') {
        Some(beginning) => word.starts_with(beginning),
        None => word == part,
    };
    let tokens = tokens(prose);
    let mut found = Vec::new();
    for (index, (_, line)) in tokens.iter().enumerate() {
        for &(words, replacement) in REPLACEMENTS {
            let mut following = tokens[index..].iter();
            let mut parts = words.split(' ');
            if parts.all(|part| {
                following
                    .next()
                    .is_some_and(|(word, _)| is_like(word, part))
            }) {
                found.push((*line, words, replacement));
            }
        }
    }
    found
}

#[test]
fn the_words_of_the_list_are_found() {
    let rust = "/// A name that\n/// stands for nothing, as\n/// such.\nlet told = '\"'; // renewed\n\
                f(\"a whole\\\n number\", r#\"`x` is no key\"#, \"of\", \"which\", 'a');\n";
    let found: Vec<_> = listed(&prose_of_rust(rust))
        .into_iter()
        .map(|(line, words, _)| (line, words))
        .collect();
    let expected = [
        (2, "stands for nothing"),
        (3, "such ."),
        (4, "renew*"),
        (5, "whole number*"),
        (6, "` is no"),
    ];
    assert_eq!(found, expected);
    let none = "```\ntold\n```\n`told`, a {told}, src/folder/told_off.rs, at least such a one";
    assert_eq!(listed(none), []);
}

#[test]
fn everything_that_is_read_is_in_plain_english() {
    let extensions = ["rs", "md", "js", "css", "py", "toml", "cff", "yml", "yaml"];
    let mut texts = Vec::new();
    for path in [
        "src", "crates", "tests", "benches", "experiments", "reports/README.md", "README.md",
        "CHANGELOG.md", "CITATION.cff", "Cargo.toml", "action.yml", ".pre-commit-hooks.yaml",
        "docs", "CONTRIBUTING.md", "fuzz/README.md", "fuzz/exercise.rs", "fuzz/fuzz_targets",
    ] {
        texts.extend(tidy::texts(path, &extensions));
    }
    // It has no extension.
    let check = fs::read_to_string(project().join(".ci/run")).unwrap();
    texts.push((".ci/run".to_owned(), check));
    assert!(texts.len() > 300);

    let mut found = String::new();
    for (file, text) in texts {
        // This file lists the words.
        if file == "tests/it/words.rs" {
            continue;
        }
        let prose = match file.ends_with(".rs") {
            true => prose_of_rust(&text),
            false => text,
        };
        for (line, words, replacement) in listed(&prose) {
            found.push_str(&format!(
                "{file}:{line}: \"{words}\": write {replacement}\n"
            ));
        }
    }
    assert!(found.is_empty(), "\n{found}");
}
