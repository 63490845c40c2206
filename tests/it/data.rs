//! Data sets: reading of CSV files, and errors of wrong ones.

use std::fs;
use std::path::Path;

use gradtape_experiment::data::{
    ArraySource, Coded, Dataset, Description, MAX_CELLS, MAX_FILE_LENGTH, Scaling, Table,
    TableError, shuffled,
};
use gradtape_experiment::mistake::{At, Mistake};
use gradtape_experiment::number::Number;
use proptest::prelude::*;

use crate::close::close;
use crate::runner::folder;

fn table(csv: &str) -> Table {
    Table::parse("some.csv", csv.as_bytes().to_vec()).unwrap()
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    table.numbers(table.find(name).unwrap()).unwrap()
}

fn classes(table: &Table, name: &str) -> (Vec<u32>, Vec<String>) {
    let Coded { codes, names } = table.classes(table.find(name).unwrap()).unwrap();
    (codes, names)
}

#[test]
fn a_file_is_read_whatever_program_wrote_it() {
    for csv in [
        "a,b\n1,x\n-2.5,y\n",
        "a,b\n1,x\n-2.5,y",
        "a,b\r\n1,x\r\n-2.5,y\r\n",
        "a,b\r1,x\r-2.5,y\r",
        "\u{feff}a,b\n1,x\n-2.5,y\n",
        "\na,b\n\n\n1,x\n   \n-2.5,y\n\n  \n",
        "a , b\n 1\t, x\n -2.5 , y \n",
        "\"a\",\"b\"\n\"1\",\"x\"\n\"-2.5\",\"y\"\n",
        "\"a\",b\n\" 1\",x\n-2.5,\"y\"\n",
        "\"\",a,b\n0,1,x\n1,-2.5,y\n",
        ",,a,b\n,NA,1,x\n,,-2.5,y\n",
    ] {
        let table = table(csv);
        assert_eq!(table.rows(), 2, "{csv:?}");
        assert_eq!(numbers(&table, "a"), [1.0, -2.5], "{csv:?}");
        let names = vec!["x".to_owned(), "y".to_owned()];
        assert_eq!(classes(&table, "b"), (vec![0, 1], names), "{csv:?}");
        assert!(table.find("").is_err());
    }
}

#[test]
fn quotes_hold_what_would_separate_cells() {
    let table = table("\"a,b\",\"say \"\"c\"\"\"\n\"1\n2\",\"x,\"\"y\"\"\"\nz,z\n");
    assert_eq!(table.header(), ["a,b", "say \"c\""]);
    assert_eq!(classes(&table, "a,b").1, ["1\n2", "z"]);
    assert_eq!(classes(&table, "say \"c\"").1, ["x,\"y\"", "z"]);
}

#[test]
fn numbers_are_written_as_in_most_languages() {
    let table = table("x\n5\n+5\n5.\n.5\n1e3\n1E-3\n-0\n1e-400\n");
    let expected = [5.0, 5.0, 5.0, 0.5, 1e3, 1e-3, -0.0, 0.0];
    assert_eq!(numbers(&table, "x"), expected);
    for text in [
        "0x10", "1_000", "1,000", "1 000", "5 cm", "1e", "--1", "True", "2020-01-01",
    ] {
        let table = self::table(&format!("x\n5\n\"{text}\"\n"));
        let error = table.numbers(0).unwrap_err();
        assert!(
            matches!(error, TableError::NotANumber { line: 3, .. }),
            "{error}"
        );
        // Listed as classes, any text is one.
        assert_eq!(classes(&table, "x").1, ["5", text]);
    }
}

#[test]
fn classes_are_numbered_as_they_appear() {
    let table = table("c\nred\nblue\nred\nRed\ngreen\nblue\n");
    let (codes, names) = classes(&table, "c");
    assert_eq!(codes, [0, 1, 0, 2, 3, 1]);
    assert_eq!(names, ["red", "blue", "Red", "green"]);
}

#[test]
fn only_the_columns_that_are_used_need_values() {
    let table = table("x,note\n1,\n2,NA\n3,7\n");
    assert_eq!(numbers(&table, "x"), [1.0, 2.0, 3.0]);
    assert!(table.numbers(1).is_err() && table.classes(1).is_err());
}

/// The message and the help for a file with this text when all its columns are read.
fn told(csv: &str) -> String {
    let of = |error: TableError| match error.help().as_str() {
        "" => error.to_string(),
        help => format!("{error} | {help}"),
    };
    let table = match Table::parse("some.csv", csv.as_bytes().to_vec()) {
        Ok(table) => table,
        Err(error) => return of(error),
    };
    let columns = (0..table.header().len()).map(|place| table.numbers(place));
    match columns.collect::<Result<Vec<_>, _>>() {
        Ok(_) => panic!("{csv:?} is right"),
        Err(error) => of(error),
    }
}

#[test]
fn a_file_that_is_no_table_is_told() {
    insta::assert_snapshot!(told(""), @"`some.csv` is empty | the first line contains the column names, each other line is a row");
    insta::assert_snapshot!(told("\u{feff}\n  \n\r\n"), @"`some.csv` is empty | the first line contains the column names, each other line is a row");
    insta::assert_snapshot!(told("a,b\n\n"), @"`some.csv` has a header but no rows | the first line contains the column names, each other line is a row");
    insta::assert_snapshot!(told("a,b\n1,2\n3\n"), @"line 3 of `some.csv` has 1 cell, its header has 2 | each row needs one cell for each column");
    insta::assert_snapshot!(told("a;b\n1,5;2\n"), @"line 2 of `some.csv` has 2 cells, its header has 1 | separate the cells with commas, not with `;`");
    insta::assert_snapshot!(told("a\tb\n1,5\t2\n"), @"line 2 of `some.csv` has 2 cells, its header has 1 | separate the cells with commas, not with tabs");
    insta::assert_snapshot!(told("a\n1,5\n"), @"line 2 of `some.csv` has 2 cells, its header has 1 | write a cell that contains a comma in double quotes");
    insta::assert_snapshot!(told("a,b\r\n1,2\r\n\r\n1,2,3\r\n"), @"line 4 of `some.csv` has 3 cells, its header has 2 | write a cell that contains a comma in double quotes");
    insta::assert_snapshot!(told("a,b\n\"1\n\n\",2\n\"3\n4,\",\"5\",6\n"), @"line 5 of `some.csv` has 3 cells, its header has 2 | a cell spans several lines; a quote may be missing");
    insta::assert_snapshot!(told("a,b\n1,\"2\n3,4\n5,6\n"), @"the row on line 2 of `some.csv` has a quote that is not closed");
    insta::assert_snapshot!(told("a,\"b\n1,2\n3,4\n"), @"the row on line 1 of `some.csv` has a quote that is not closed");
    insta::assert_snapshot!(told("a,b,a\n1,2,3\n"), @"`some.csv` has two columns `a`, number 1 and number 3 | rename one of them");
    insta::assert_snapshot!(told("a, a\n1,2\n"), @"`some.csv` has two columns `a`, number 1 and number 2 | rename one of them");
}

#[test]
fn a_cell_that_is_not_a_number_is_shown() {
    insta::assert_snapshot!(told("a,b\n1,2\n3,\n"), @"line 3 of `some.csv` has no value in column `b` | fill it in, or remove the row");
    insta::assert_snapshot!(told("a,b\n1,2\n \t,4\n"), @"line 3 of `some.csv` has no value in column `a` | fill it in, or remove the row");
    insta::assert_snapshot!(told("a,b\n1,2\n\n1,N/A\n"), @"line 4 of `some.csv` has no value in column `b`, only `N/A` | fill it in, or remove the row");
    insta::assert_snapshot!(told("a\nnan\n"), @"line 2 of `some.csv` has no value in column `a`, only `nan` | fill it in, or remove the row");
    insta::assert_snapshot!(told("a,b\n1,1\n?,2\n"), @"line 3 of `some.csv` has no value in column `a`, only `?` | fill it in, or remove the row");
    insta::assert_snapshot!(told("a\n\"\"\n"), @"line 2 of `some.csv` has no value in column `a` | fill it in, or remove the row");
    insta::assert_snapshot!(told("a\n1\n2\n3 cm\n4\n"), @"line 4 of `some.csv` has `3 cm` in column `a`, which is not a number | write `3` without `cm`");
    insta::assert_snapshot!(told("a\ncm\n1\n"), @"line 2 of `some.csv` has `cm` in column `a`, which is not a number | numbers are written as `5`, `-0.5` or `1e3`; text is read as classes if `classes` lists the column");
    insta::assert_snapshot!(told("a\n1\n-inf\n"), @"line 3 of `some.csv` has `-inf` in column `a`, which is not finite");
    insta::assert_snapshot!(told("a\n1\n1e999\n"), @"line 3 of `some.csv` has `1e999` in column `a`, which is not finite");
    let long = format!("a\n1\n\"{}\"\n", "long\ntext ".repeat(1000));
    insta::assert_snapshot!(told(&long), @r"line 3 of `some.csv` has `long\ntext long\ntext long\ntext long\ntext …` in column `a`, which is not a number | numbers are written as `5`, `-0.5` or `1e3`; text is read as classes if `classes` lists the column");
}

#[test]
fn each_word_for_a_missing_value_is_known() {
    for word in [
        "", " ", "NA", "na", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null",
        "None", "nil", "?",
    ] {
        for csv in [format!("a,b\n{word},1\n"), format!("a,b\n1,1\n{word},1\n")] {
            assert!(told(&csv).contains("no value in column `a`"), "{word}");
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_told_with_their_line() {
    let parse = |bytes: &[u8]| {
        let error = Table::parse("some.csv", bytes.to_vec()).unwrap_err();
        format!("{error} | {}", error.help())
    };
    insta::assert_snapshot!(parse(b"a,b\r\n1,2\r\n\xe9,3\r\n"), @"line 3 of `some.csv` is not UTF-8 | save it as CSV in UTF-8");
    insta::assert_snapshot!(parse(b"\xff\xfea\x00,\x00b\x00"), @"line 1 of `some.csv` is not UTF-8 | save it as CSV in UTF-8");
}

#[test]
fn a_column_that_is_not_there_is_told_with_the_nearest() {
    let find = |csv: &str, name: &str| table(csv).find(name).unwrap_err();
    insta::assert_snapshot!(find("petal_length,species\n1,x\n", "petal_lenght"), @"did you mean `petal_length`?");
    insta::assert_snapshot!(find("petal_length,species\n1,x\n", "Species"), @"did you mean `species`?");
    insta::assert_snapshot!(find(",petal_length,species\n0,1,x\n", "width"), @"available columns: `petal_length`, `species`");
    insta::assert_snapshot!(find("5.1,3.5,setosa\n4.9,3.0,setosa\n", "width"), @"the first line must contain the column names, but has `5.1`");
    insta::assert_snapshot!(find("a;b\n1;2\n", "a"), @"separate the cells with commas, not with `;`");
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let at = folder(&[("iris.csv", "a\n1\n"), ("iris.txt", ""), ("notes", "")]);
    fs::create_dir(at.path().join("directory.csv")).unwrap();
    let load = |name: &str| {
        let error = Table::load(&at.path().join(name), name).unwrap_err();
        [error.to_string(), error.help()].join(" | ")
    };
    insta::assert_snapshot!(load("irsi.csv"), @"there is no file `irsi.csv` | did you mean `iris.csv`?");
    insta::assert_snapshot!(load("./irsi.csv"), @"there is no file `./irsi.csv` | did you mean `./iris.csv`?");
    insta::assert_snapshot!(load("data/iris.csv"), @"there is no file `data/iris.csv` | the path is relative to the directory of the experiment file");
    insta::assert_snapshot!(load("directory.csv"), @"`directory.csv` is a directory, not a file |");
    #[cfg(unix)]
    insta::assert_snapshot!(load("/dev/zero"), @"`/dev/zero` is a device, not a file |");
}

#[test]
fn a_file_beyond_the_limits_is_told() {
    let at = folder(&[("most.csv", ""), ("more.csv", "")]);
    let length = |name: &str, length: u64| {
        let path = at.path().join(name);
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(length)
            .unwrap();
        Table::load(&path, name).unwrap_err()
    };
    // Zeros: one cell, a header without rows.
    let error = length("most.csv", MAX_FILE_LENGTH);
    assert!(matches!(error, TableError::NoRows { .. }), "{error}");
    let error = length("more.csv", MAX_FILE_LENGTH + 1);
    insta::assert_snapshot!(error, @"`more.csv` is longer than 67,108,864 bytes");
}

#[test]
fn a_table_of_too_many_cells_is_told() {
    // In wide rows, since the time is that of rows.
    let row = format!("{}1\n", "1,".repeat(999));
    let header = format!("{}\n", ",".repeat(999));
    let parse = |rows: usize| {
        let csv = header.clone() + &row.repeat(rows);
        Table::parse("some.csv", csv.into_bytes())
    };
    let table = parse(MAX_CELLS / 1000).unwrap();
    assert_eq!(table.rows() * table.header().len(), MAX_CELLS);
    let error = parse(MAX_CELLS / 1000 + 1).unwrap_err();
    insta::assert_snapshot!(error, @"`some.csv` has more than 20,000,000 cells");
}

#[test]
fn a_file_is_known_by_its_hash() {
    // As `printf 'a\n1\n' | sha256sum` prints it.
    let expected = "309b0e45a73d3fc5325e2b6ed0a01ef8b9cde6b05a5633c1f893f970d52bfddc";
    assert_eq!(table("a\n1\n").sha256(), expected);
}

proptest! {
    /// Any text is read or rejected.
    #[test]
    fn any_text_is_a_table_or_told(text in "[a,\"\n\r\t 1.é\u{feff}-]{0,60}") {
        if let Ok(table) = Table::parse("some.csv", text.into_bytes()) {
            for place in 0..table.header().len() {
                let _ = (table.numbers(place), table.classes(place));
            }
        }
    }

    /// The output of a CSV writer is read back.
    #[test]
    fn what_was_written_is_read_back(
        cells in prop::collection::vec(("[ab,\"\n\r ]{0,5}", any::<f64>()), 1..20),
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["names", "numbers"]).unwrap();
        for (name, number) in &cells {
            let number = if number.is_finite() { *number } else { 0.5 };
            writer.write_record([&format!("<{name}>"), &number.to_string()]).unwrap();
        }
        let table = Table::parse("some.csv", writer.into_inner().unwrap()).unwrap();
        let (codes, names) = classes(&table, "names");
        let numbers = numbers(&table, "numbers");
        for (row, (name, number)) in cells.iter().enumerate() {
            prop_assert_eq!(&names[codes[row] as usize], &format!("<{name}>"));
            let number = if number.is_finite() { *number } else { 0.5 };
            prop_assert_eq!(numbers[row].to_bits(), number.to_bits());
        }
    }
}

/// A description like that of `data = { … }`; all places are empty.
fn description(columns: &[(&str, &[&str])]) -> Description {
    let at = |text: &str| At::new(text.to_owned(), 0..0);
    let wanted = columns.iter().map(|(name, from)| ArraySource {
        name: at(name),
        from: from.iter().map(|name| at(name)).collect(),
        is_list: from.len() > 1 || name.chars().all(char::is_uppercase),
    });
    Description {
        file: at("some.csv"),
        columns: wanted.collect(),
        classes: Vec::new(),
        standardize: Vec::new(),
        batch_size: None,
        validation: None,
    }
}

impl Change for Description {}

/// What the tests change in a description.
trait Change: Sized + std::borrow::BorrowMut<Description> {
    fn classes(mut self, names: &[&str]) -> Self {
        let names = names.iter().map(|name| At::new((*name).to_owned(), 0..0));
        self.borrow_mut().classes = names.collect();
        self
    }

    fn standardize(mut self, names: &[&str]) -> Self {
        let names = names.iter().map(|name| At::new((*name).to_owned(), 0..0));
        self.borrow_mut().standardize = names.collect();
        self
    }

    fn validation(mut self, value: f64) -> Self {
        self.borrow_mut().validation = Some(At::new(Number::from(value), 0..0));
        self
    }

    fn batch_size(mut self, value: u64) -> Self {
        self.borrow_mut().batch_size = Some(At::new(value, 0..0));
        self
    }
}

const IRIS: &str = include_str!("../../experiments/data/iris.csv");
const LONGLEY: &str = include_str!("../../experiments/data/longley.csv");

/// Simple columns: `a` numbers the rows, `b` has the squares, `c` has names.
fn counted(rows: usize) -> Table {
    let row = |row: usize| format!("{row},{},{}\n", row * row, ["x", "y"][row % 2]);
    let rows: Vec<String> = (0..rows).map(row).collect();
    table(&format!("a,b,c\n{}", rows.concat()))
}

#[test]
fn a_name_makes_a_vector_and_a_list_a_matrix() {
    let wanted = description(&[("v", &["b"]), ("M", &["c", "a"]), ("N", &["a"])]);
    let wanted = wanted.classes(&["M"]);
    let data = Dataset::of_table(&counted(3), &wanted, 0).unwrap();
    let shapes = data.arrays.iter().map(|array| &array.shape[..]);
    assert_eq!(shapes.collect::<Vec<_>>(), [&[3][..], &[3, 2], &[3, 1]]);
    assert_eq!(data.arrays[0].training[..], [0.0, 1.0, 4.0]);
    assert_eq!(data.arrays[1].training[..], [0.0, 0.0, 1.0, 1.0, 0.0, 2.0]);
    assert_eq!(data.arrays[2].training[..], [0.0, 1.0, 2.0]);
    let classes: Vec<String> = data.classes.iter().map(|it| it.with_names(2)).collect();
    assert_eq!(
        classes,
        ["c: text, 2 classes (x, y)", "a: text, 3 classes (0, 1, …)"]
    );
    assert_eq!((data.batch_size, data.validation.len()), (3, 0));
}

#[test]
fn a_split_has_each_row_once_and_keeps_their_order() {
    let wanted = description(&[("M", &["a", "b"]), ("y", &["c"])]).classes(&["y"]);
    for (validation, expected) in [
        (0.2, 20),
        (0.014, 1),
        (1.0, 1),
        (37.0, 37),
        (99.0, 99),
        (0.994, 99),
        (0.07, 7),
        (0.145, 14),
        (0.155, 16),
    ] {
        let wanted = wanted.clone().validation(validation);
        let Ok(data) = Dataset::of_table(&counted(100), &wanted, 7) else {
            panic!("{validation} of the rows");
        };
        assert_eq!(data.validation.len(), expected, "{validation}");
        let mut all = [&data.training[..], &data.validation].concat();
        assert!(data.training.is_sorted() && data.validation.is_sorted());
        all.sort_unstable();
        assert!(all.into_iter().eq(0..100));
        assert_eq!(data.batch_size, 100 - expected);
        let matrix = &data.arrays[0];
        assert_eq!(matrix.shape[..], [100 - expected, 2]);
        for (rows, values) in [
            (&data.training, &matrix.training),
            (&data.validation, &matrix.validation),
        ] {
            let expected = rows
                .iter()
                .flat_map(|row| [f64::from(*row), f64::from(row * row)]);
            assert!(values.iter().copied().eq(expected));
        }
        assert_eq!(
            data.arrays[1].validation[0],
            f64::from(data.validation[0] % 2)
        );
    }
}

#[test]
fn a_split_depends_on_the_seed_alone() {
    let split = |columns: &[(&str, &[&str])], seed| {
        let wanted = description(columns).validation(0.3);
        Dataset::of_table(&counted(10), &wanted, seed)
            .unwrap()
            .validation
    };
    // Computed from the definition by a short program in another language.
    assert_eq!(split(&[("x", &["a"])], 0), [2, 8, 9]);
    assert_eq!(split(&[("x", &["a"])], 1), [6, 7, 9]);
    assert_eq!(
        split(&[("M", &["a", "b"]), ("y", &["b"])], 1),
        split(&[("x", &["a"])], 1)
    );
}

#[test]
fn standardized_columns_have_mean_0_and_deviation_1() {
    let names = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
    let wanted = description(&[("X", &names), ("y", &["species"])]);
    let wanted = wanted.standardize(&["X"]).classes(&["y"]);
    let data = Dataset::of_table(&table(IRIS), &wanted, 0).unwrap();
    // Computed with NumPy, which sums in another order.
    let expected: [(f64, f64); 4] = [
        (5.843333333333335, 0.8253012917851409),
        (3.057333333333334, 0.43441096773549437),
        (3.7580000000000027, 1.7594040657753032),
        (1.199333333333334, 0.7596926279021594),
    ];
    for (scaling, (mean, deviation)) in data.arrays[0].scaling.iter().zip(expected) {
        assert!(close(scaling.mean, mean, 1e-14, 0.0), "{scaling:?}");
        assert!(
            close(scaling.deviation, deviation, 1e-14, 0.0),
            "{scaling:?}"
        );
    }
    for column in 0..4 {
        let values = data.arrays[0].training.iter().skip(column).step_by(4);
        let mean = values.clone().sum::<f64>() / 150.0;
        let square = values.map(|x| x * x).sum::<f64>() / 150.0;
        assert!(close(mean, 0.0, 0.0, 1e-14) && close(square, 1.0, 1e-13, 0.0));
    }
    assert!(data.arrays[1].scaling.is_empty());
}

#[test]
fn only_the_rows_to_train_on_decide_how_to_standardize() {
    let wanted = description(&[("x", &["a"])])
        .standardize(&["x"])
        .validation(0.5);
    let data = Dataset::of_table(&counted(10), &wanted, 3).unwrap();
    let Scaling { mean, deviation } = data.arrays[0].scaling[0];
    let sum: u32 = data.training.iter().sum();
    assert_eq!(mean, f64::from(sum) / 5.0);
    for (rows, values) in [
        (&data.training, &data.arrays[0].training),
        (&data.validation, &data.arrays[0].validation),
    ] {
        let expected = rows.iter().map(|row| (f64::from(*row) - mean) / deviation);
        assert!(values.iter().copied().eq(expected));
    }
}

/// The mistakes as lines: message, label, help.
fn mistakes(table: &Table, description: &Description) -> String {
    let mistakes = Dataset::of_table(table, description, 0).unwrap_err();
    let line = |mistake: Mistake| {
        let parts = [mistake.message, mistake.label, mistake.help];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(" | ")
    };
    mistakes
        .into_iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn what_does_not_fit_the_file_is_told() {
    let rows = counted(10);
    let told = |description: Description| mistakes(&rows, &description);
    let x = || description(&[("x", &["a"])]);
    insta::assert_snapshot!(told(description(&[("X", &["a", "bb", "sea", "a"]), ("y", &["C"]), ("z", &[])])), @r"
    `some.csv` has no column `bb` | available columns: `a`, `b`, `c`
    `some.csv` has no column `sea` | available columns: `a`, `b`, `c`
    column `a` is listed twice | remove it
    `some.csv` has no column `C` | did you mean `c`?
    `z` has no columns | expected at least one column
    ");
    insta::assert_snapshot!(told(x().standardize(&["X", "x", "x"])), @r"
    `X` is not one of the `columns` | did you mean `x`?
    `x` is listed twice in `standardize` | remove it
    ");
    insta::assert_snapshot!(told(x().standardize(&["weight"])), @"`weight` is not one of the `columns` | available: `x`");
    insta::assert_snapshot!(told(description(&[("X", &["c"])]).standardize(&["X"]).classes(&["X"])), @"column `c` of `some.csv` contains classes, not numbers | cannot be standardized");
    insta::assert_snapshot!(told(x().batch_size(0)), @"`batch_size` cannot be 0 | expected 1 to 10");
    insta::assert_snapshot!(told(x().batch_size(11)), @"a batch of 11 is larger than the 10 rows for training | expected 1 to 10");
    insta::assert_snapshot!(told(x().validation(4.0).batch_size(7)), @"a batch of 7 is larger than the 6 rows for training | expected 1 to 6");
    insta::assert_snapshot!(told(x().validation(10.0).batch_size(7)), @"10 of the 10 rows cannot be used for validation | expected a share below 1, or 1 to 9 rows");
    let shares = [0.0, 0.01, 0.999, 11.0, 2.5, -0.5, f64::NAN, f64::INFINITY];
    let told_of = shares.map(|share| told(x().validation(share)));
    insta::assert_snapshot!(told_of.join("\n"), @r"
    a share of 0 of the 10 rows is none of them | expected a share below 1, or 1 to 9 rows
    a share of 0.01 of the 10 rows is none of them | expected a share below 1, or 1 to 9 rows
    a share of 0.999 of the 10 rows is all of them | expected a share below 1, or 1 to 9 rows
    11 of the 10 rows cannot be used for validation | expected a share below 1, or 1 to 9 rows
    `validation` cannot be 2.5 | expected a share below 1, or 1 to 9 rows
    `validation` cannot be -0.5 | expected a share below 1, or 1 to 9 rows
    `validation` cannot be NaN | expected a share below 1, or 1 to 9 rows
    inf of the 10 rows cannot be used for validation | expected a share below 1, or 1 to 9 rows
    ");
    insta::assert_snapshot!(mistakes(&counted(1), &x().validation(0.5)), @"a share of 0.5 of the 1 row is none of them | a single row is needed for training");
    insta::assert_snapshot!(mistakes(&counted(1), &x().validation(1.0)), @"1 of the 1 row cannot be used for validation | a single row is needed for training");
    insta::assert_snapshot!(mistakes(&counted(2), &x().validation(2.0)), @"2 of the 2 rows cannot be used for validation | expected a share below 1, or 1 row");
    insta::assert_snapshot!(mistakes(&counted(1), &x().batch_size(2)), @"a batch of 2 is larger than the 1 row for training | expected 1");
}

#[test]
fn what_cannot_be_standardized_is_told() {
    let told = |csv: &str| {
        let wanted = description(&[("X", &["a", "b"])]).standardize(&["X"]);
        mistakes(&table(csv), &wanted)
    };
    // The mean of three times 0.1 is not 0.1 in floating point.
    insta::assert_snapshot!(told("a,b\n0.1,1\n0.1,2\n0.1,3\n"), @"column `a` of `some.csv` is 0.1 in all training rows | cannot be standardized: its standard deviation is 0");
    insta::assert_snapshot!(told("a,b\n1e200,1\n-1e200,2\n1,3\n"), @"the standard deviation of column `a` of `some.csv` is not a normal number | cannot be standardized");
    insta::assert_snapshot!(told("a,b\n1e-200,1\n-1e-200,2\n0,3\n"), @"the standard deviation of column `a` of `some.csv` is not a normal number | cannot be standardized");
    insta::assert_snapshot!(told("a,b\n1,1\n"), @r"
    column `a` of `some.csv` is 1 in all training rows | cannot be standardized: its standard deviation is 0
    column `b` of `some.csv` is 1 in all training rows | cannot be standardized: its standard deviation is 0
    ");
}

#[test]
fn a_table_is_not_taken_from_more_than_it_may_have_cells() {
    let rows = counted(100_000);
    let names: Vec<String> = (0..201).map(|number| format!("x{number}")).collect();
    let columns: Vec<(&str, &[&str])> = names
        .iter()
        .map(|name| (name.as_str(), &["a"][..]))
        .collect();
    insta::assert_snapshot!(mistakes(&rows, &description(&columns)), @"20,100,000 numbers from `some.csv` are too many | expected at most 20,000,000");
}

#[test]
fn a_data_file_is_beside_the_experiment_file() {
    let at = folder(&[("some.csv", "a\n1\n2\n")]);
    let wanted = description(&[("x", &["a"])]);
    let data = Dataset::new(at.path(), &wanted, 0).unwrap();
    assert_eq!(data.arrays[0].training[..], [1.0, 2.0]);
    assert_eq!(data.file, "some.csv");
    let mistakes = Dataset::new(Path::new("."), &wanted, 0).unwrap_err();
    assert_eq!(mistakes[0].message, "there is no file `some.csv`");
}

#[test]
fn an_epoch_has_its_order_whatever_was_before() {
    let order = shuffled(1, [0, 0, 7], 100);
    assert_eq!(order, shuffled(1, [0, 0, 7], 100));
    assert_ne!(order, shuffled(1, [0, 0, 8], 100));
    assert_ne!(order, shuffled(2, [0, 0, 7], 100));
}

#[test]
fn the_irises_are_those_of_fisher() {
    let irises = table(IRIS);
    assert_eq!(irises.rows(), 150);
    let (codes, names) = classes(&irises, "species");
    assert_eq!(names, ["setosa", "versicolor", "virginica"]);
    let columns: Vec<Vec<f64>> = irises.header()[..4]
        .iter()
        .map(|column| numbers(&irises, column))
        .collect();
    let of_class = |column: &[f64], class| {
        let rows = column.iter().zip(&codes);
        let rows = rows.filter(|(_, code)| **code == class);
        rows.map(|(value, _)| *value).collect::<Vec<f64>>()
    };
    // The means that he gives.
    let means = [
        [5.006, 3.428, 1.462, 0.246],
        [5.936, 2.770, 4.260, 1.326],
        [6.588, 2.974, 5.552, 2.026],
    ];
    for (class, means) in (0..).zip(means) {
        for (column, mean) in columns.iter().zip(means) {
            let sum: f64 = of_class(column, class).iter().sum();
            assert!(close(sum / 50.0, mean, 0.0, 1e-12));
        }
    }
    // His sums of squares and products about the means of setosa and versicolor.
    let products = [
        [19.1434, 9.0356, 9.7634, 3.2394],
        [9.0356, 11.8658, 4.6232, 2.4746],
        [9.7634, 4.6232, 12.2978, 3.8794],
        [3.2394, 2.4746, 3.8794, 2.4604],
    ];
    for (first, products) in columns.iter().zip(products) {
        for (second, expected) in columns.iter().zip(products) {
            let product = (0..2).map(|class| {
                let (first, second) = (of_class(first, class), of_class(second, class));
                let sum = |x: &[f64]| x.iter().sum::<f64>();
                let product = first.iter().zip(&second).map(|(x, y)| x * y).sum::<f64>();
                product - sum(&first) * sum(&second) / 50.0
            });
            assert!(close(product.sum(), expected, 0.0, 1e-10));
        }
    }
    // The two rows that differ in the copy of the UCI repository.
    let row = |row: usize| columns.iter().map(|column| column[row]).collect::<Vec<_>>();
    assert_eq!(row(34), [4.9, 3.1, 1.5, 0.2]);
    assert_eq!(row(37), [4.9, 3.6, 1.4, 0.1]);
}

#[test]
fn the_longley_data_have_the_certified_solution() {
    // The residuals of the certified coefficients are orthogonal to all columns, and
    // their squares have the certified sum. Both only to the 15 digits that the
    // coefficients have, of terms up to 3.5 million.
    let certified = [
        15.0618722713733, -0.0358191792925910, -2.02022980381683, -1.03322686717359,
        -0.0511041056535807, 1829.15146461355,
    ];
    let table = table(LONGLEY);
    let columns: Vec<Vec<f64>> = table
        .header()
        .iter()
        .map(|name| numbers(&table, name))
        .collect();
    let residuals: Vec<f64> = (0..table.rows())
        .map(|row| {
            let terms = columns[1..]
                .iter()
                .zip(certified)
                .map(|(column, b)| b * column[row]);
            columns[0][row] - (-3482258.63459582 + terms.sum::<f64>())
        })
        .collect();
    let squares: f64 = residuals.iter().map(|x| x * x).sum();
    assert!(close(squares, 836424.055505915, 1e-9, 0.0), "{squares}");
    for column in &columns[1..] {
        let product: f64 = column.iter().zip(&residuals).map(|(x, r)| x * r).sum();
        let size: f64 = column
            .iter()
            .zip(&residuals)
            .map(|(x, r)| (x * r).abs())
            .sum();
        assert!(product.abs() < 1e-8 * size, "{product} of {size}");
    }
}
