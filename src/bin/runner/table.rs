//! Aligned tables on a terminal.

use anstyle::Style;

use crate::output::STRONG;

/// A table: a head and rows of cells, columns as wide as their widest cell.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug)]
struct Column {
    head: String,
    is_number: bool,
}

/// A cell, with its looks.
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
        let text = without_control(&text.into());
        Cell { text, style }
    }
}

/// A cell beyond this is cut.
const WIDEST: usize = 60;

impl Table {
    /// A table with these heads; the columns of numbers are aligned to the
    /// right.
    pub fn new(heads: &[(&str, bool)]) -> Self {
        let column = |(head, is_number): &(&str, bool)| Column {
            head: (*head).to_owned(),
            is_number: *is_number,
        };
        Table {
            columns: heads.iter().map(column).collect(),
            rows: Vec::new(),
        }
    }

    pub fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// The table as text, two blanks in front of every line.
    pub fn render(&self) -> String {
        let width = |place: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(place));
            let widths = cells.map(|cell| cell.text.chars().count().min(WIDEST));
            widths
                .max()
                .unwrap_or(0)
                .max(self.columns[place].head.chars().count())
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let heads = self
            .columns
            .iter()
            .map(|column| Cell::styled(&*column.head, STRONG));
        let mut text = self.line(&heads.collect::<Vec<_>>(), &widths);
        for row in &self.rows {
            text.push_str(&self.line(row, &widths));
        }
        text
    }

    fn line(&self, cells: &[Cell], widths: &[usize]) -> String {
        let mut line = String::new();
        // Blanks at the end of a line would wrap on narrow terminals.
        let mut blanks = 0;
        for (place, cell) in cells.iter().enumerate() {
            let text = cut(&cell.text);
            let fill = widths[place].saturating_sub(text.chars().count());
            let (before, after) = if self.columns[place].is_number {
                (fill, 0)
            } else {
                (0, fill)
            };
            if !text.is_empty() {
                line.push_str(&" ".repeat(blanks + 2 + before));
                line.push_str(&format!("{0}{text}{0:#}", cell.style));
                blanks = after;
            } else {
                blanks += 2 + before + after;
            }
        }
        line.push('\n');
        line
    }
}

/// A text in one line, not wider than a cell.
pub fn one_line(text: &str) -> String {
    cut(&without_control(text))
}

fn without_control(text: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().map(plain).collect()
}

fn cut(text: &str) -> String {
    if text.chars().count() <= WIDEST {
        return text.to_owned();
    }
    text.chars().take(WIDEST - 1).collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&[("run", true), ("label", false), ("loss", true)]);
        table.push(vec![Cell::new("0"), Cell::new("a"), Cell::new("1.5")]);
        table.push(vec![Cell::new("10"), Cell::new("longer"), Cell::new("")]);
        let plain = anstream::adapter::strip_str(&table.render()).to_string();
        assert_eq!(
            plain,
            "  run  label   loss\n    0  a        1.5\n   10  longer\n"
        );
    }
}
