//! Aligned tables on a terminal.
//!
//! A crate such as comfy-table does less here: it cuts numbers, knows no order in which columns
//! give way, and loses the style of a cell that it cuts.

use anstyle::Style;
use gradtape_experiment::text::printable;
use unicode_width::UnicodeWidthStr;

use super::output::STRONG;
use super::text::{self, MAX_CELL_WIDTH, fit};

/// A table: a head and rows of cells, columns as wide as their widest cell, or as the
/// terminal allows.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Column {
    head: String,
    is_number: bool,
    /// Whether it may be omitted for lack of room.
    is_optional: bool,
    /// Whether it is text that can be cut with little loss.
    is_minor: bool,
}

#[derive(Debug)]
struct Row {
    cells: Vec<Cell>,
    /// A character in front of the row, and its style.
    mark: Option<(char, Style)>,
}

/// A cell, and its style.
#[derive(Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub fn new(text: impl Into<String>) -> Self {
        Cell::styled(text, Style::new())
    }

    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        // A label with a line end would break the table apart.
        let text = printable(text.into());
        Cell { text, style }
    }
}

/// Minimum width of minor text while other columns can be omitted, and of any text.
const MIN_MINOR_WIDTH: usize = 16;
const MIN_TEXT_WIDTH: usize = 6;

/// Blanks in front of each column.
const GAP: usize = 2;

impl Table {
    /// A table with these heads; columns of numbers are aligned to the right.
    pub fn new(heads: &[(&str, bool)]) -> Self {
        let column = |(head, is_number): &(&str, bool)| Column {
            head: printable(head),
            is_number: *is_number,
            is_optional: false,
            is_minor: false,
        };
        Table {
            columns: heads.iter().map(column).collect(),
            rows: Vec::new(),
        }
    }

    /// The same, with the columns from `first` on optional: for lack of room they are omitted,
    /// the last ones first.
    pub fn with_optional_from(mut self, first: usize) -> Self {
        for column in self.columns.iter_mut().skip(first) {
            column.is_optional = true;
        }
        self
    }

    /// The same, with the column at `place` cut before others.
    pub fn with_minor(mut self, place: usize) -> Self {
        if let Some(column) = self.columns.get_mut(place) {
            column.is_minor = true;
        }
        self
    }

    pub fn push(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row { cells, mark: None });
    }

    /// Adds a row with a character in front of it.
    pub fn push_marked(&mut self, cells: Vec<Cell>, mark: char, style: Style) {
        let mark = Some((mark, style));
        self.rows.push(Row { cells, mark });
    }

    /// The table as text, two blanks in front of every line, as wide as the terminal if
    /// the output is one.
    pub fn render(&self) -> String {
        self.render_in(text::room())
    }

    /// The same with titles between the rows: each above a number of rows.
    pub fn render_groups<'t>(&self, groups: impl IntoIterator<Item = (&'t str, usize)>) -> String {
        let rendered = self.render();
        let mut lines = rendered.split_inclusive('\n');
        let mut text = lines.next().unwrap_or_default().to_owned();
        for (title, count) in groups {
            text.push_str(&format!("{STRONG}{title}{STRONG:#}\n"));
            text.extend(lines.by_ref().take(count));
        }
        text
    }

    /// The table in `room` columns, if text can be cut that far. Numbers are never cut: half a
    /// number is another number.
    fn render_in(&self, room: Option<usize>) -> String {
        let widths = self.widths(room);
        let head = |column: &Column| Cell::styled(&*column.head, STRONG);
        let heads = Row {
            cells: self.columns.iter().map(head).collect(),
            mark: None,
        };
        let rows = std::iter::once(&heads).chain(&self.rows);
        rows.map(|row| self.line(row, &widths)).collect()
    }

    /// The widths of the columns that have room.
    fn widths(&self, room: Option<usize>) -> Vec<usize> {
        let widest = |(place, column): (usize, &Column)| {
            let cells = self.rows.iter().filter_map(|row| row.cells.get(place));
            let widths = cells.map(|cell| cell.text.width());
            let widest = widths.max().unwrap_or(0).max(column.head.width());
            widest.min(MAX_CELL_WIDTH)
        };
        let mut widths: Vec<usize> = self.columns.iter().enumerate().map(widest).collect();
        let Some(room) = room else { return widths };
        self.shrink(&mut widths, room, MIN_MINOR_WIDTH, true);
        let is_optional = |last: &Column| last.is_optional;
        while total(&widths) > room && self.columns[..widths.len()].last().is_some_and(is_optional)
        {
            widths.pop();
        }
        self.shrink(&mut widths, room, MIN_TEXT_WIDTH, true);
        self.shrink(&mut widths, room, MIN_TEXT_WIDTH, false);
        widths
    }

    /// Makes the columns of text narrower, or the minor ones only, the widest first, until
    /// all fit or are as narrow as they may be.
    fn shrink(&self, widths: &mut [usize], room: usize, min_width: usize, only_minor: bool) {
        while total(widths) > room {
            let texts = (0..widths.len()).filter(|place| {
                let column = &self.columns[*place];
                !column.is_number && (column.is_minor || !only_minor)
            });
            let Some(widest) = texts.max_by_key(|place| widths[*place]) else {
                return;
            };
            if widths[widest] <= min_width.max(self.columns[widest].head.width()) {
                return;
            }
            widths[widest] -= 1;
        }
    }

    fn line(&self, row: &Row, widths: &[usize]) -> String {
        let mut line = String::new();
        // Blanks at the end of a line would wrap on narrow terminals.
        let mut blanks = 0;
        if let Some((mark, style)) = row.mark {
            line.push_str(&format!("{style}{mark}{style:#} "));
        } else {
            blanks = GAP;
        }
        for (place, (cell, width)) in row.cells.iter().zip(widths).enumerate() {
            let text = fit(&cell.text, *width);
            if text.is_empty() {
                blanks += width + GAP;
                continue;
            }
            let fill = width.saturating_sub(text.width());
            let (before, after) = match self.columns[place].is_number {
                true => (fill, 0),
                false => (0, fill),
            };
            line.push_str(&" ".repeat(blanks + before));
            line.push_str(&format!("{0}{text}{0:#}", cell.style));
            blanks = after + GAP;
        }
        line.push('\n');
        line
    }
}

/// The width of a line with columns of these widths.
fn total(widths: &[usize]) -> usize {
    widths.iter().map(|width| width + GAP).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(table: &Table, room: Option<usize>) -> String {
        anstream::adapter::strip_str(&table.render_in(room)).to_string()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&[("run", true), ("label", false), ("loss", true)]);
        table.push(vec![Cell::new("0"), Cell::new("a"), Cell::new("1.5")]);
        table.push_marked(
            vec![Cell::new("10"), Cell::new("longer"), Cell::new("")],
            '★',
            STRONG,
        );
        assert_eq!(
            plain(&table, None),
            "  run  label   loss\n    0  a        1.5\n★  10  longer\n"
        );
    }

    #[test]
    fn text_is_cut_and_columns_are_left_out_before_a_number_is_cut() {
        let heads = [("run", true), ("why", false), ("loss", true), ("w", true)];
        let mut table = Table::new(&heads).with_optional_from(3).with_minor(1);
        let why = "it went on and on and did not come to an end";
        table.push(["0", why, "0.123456", "-1.5"].map(Cell::new).into());
        for room in (24..80).rev() {
            let text = plain(&table, Some(room));
            assert!(text.contains("0.123456"), "{text}");
            assert!(
                text.lines().all(|line| line.width() <= room),
                "{room}:\n{text}"
            );
            assert_eq!(text.contains("-1.5"), room >= 39, "{room}:\n{text}");
        }
    }

    #[test]
    fn letters_that_are_two_columns_wide_keep_the_table_straight() {
        let mut table = Table::new(&[("label", false), ("loss", true)]);
        table.push(vec![Cell::new("学習率 🚀"), Cell::new("1")]);
        table.push(vec![Cell::new("rate\n\u{202e}x"), Cell::new("2")]);
        assert_eq!(
            plain(&table, None),
            "  label            loss\n  学習率 🚀           1\n  rate\\n\\u{202e}x     2\n"
        );
    }
}
