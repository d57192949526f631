//! Plain tables for lists: no lines, two spaces between columns, numbers to the right.
use std::fmt::Display;
use std::io::{self, Write};

use comfy_table::{Cell as Shown, CellAlignment, ContentArrangement};

use super::escape::escape;

/// One cell; text of any origin may go in, it is made safe here.
pub struct Cell {
    text: String,
    align: CellAlignment,
}

impl Cell {
    /// A count or an amount, as the caller formats it: stands to the right.
    pub fn number(text: impl Display) -> Self {
        Cell { text: text.to_string(), align: CellAlignment::Right }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell { text: text.into(), align: CellAlignment::Left }
    }
}

/// Rows of `N` cells under a header.
pub struct Table<const N: usize> {
    header: [&'static str; N],
    rows: Vec<[Cell; N]>,
}

impl<const N: usize> Table<N> {
    pub fn new(header: [&'static str; N]) -> Self {
        Table { header, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: [Cell; N]) -> &mut Self {
        self.rows.push(cells);
        self
    }

    /// As wide as the terminal, or as wide as it needs when standard output is none. No rows: writes nothing.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
        self.write_within(out, width)
    }

    fn write_within(&self, out: &mut dyn Write, width: Option<u16>) -> io::Result<()> {
        let Some(first) = self.rows.first() else { return Ok(()) };
        let mut table = comfy_table::Table::new();
        if let Some(width) = width {
            table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.set_header(self.header.iter().zip(first).map(|(name, cell)| Shown::new(name).set_alignment(cell.align)));
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| Shown::new(escape(&cell.text)).set_alignment(cell.align)));
        }
        table.load_style(comfy_table::presets::NOTHING);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        writeln!(out, "{}", table.trim_fmt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_unsafe_gets_in() {
        let mut table = Table::new(["SKU", "On hand", "Title"]);
        table.row(["MUG-BLU".into(), Cell::number(12), "Mug \x1b[31mblue\nline".into()]);
        table.row(["杯".into(), Cell::number(1234), "Cup".into()]);
        let shown = |width| {
            let mut out = Vec::new();
            table.write_within(&mut out, width).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            shown(None),
            "SKU      On hand  Title\n\
             MUG-BLU       12  Mug \\u{1b}[31mblue\\nline\n\
             杯          1234  Cup\n"
        );
        assert!(shown(Some(30)).lines().all(|line| line.chars().count() <= 30));
        let mut out = Vec::new();
        Table::new(["SKU"]).write_within(&mut out, None).unwrap();
        assert!(out.is_empty());
    }
}
