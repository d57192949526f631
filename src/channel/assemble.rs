//! Template + `[channel.x]` = one statement, and the way back from a place in it to the file a person wrote.
use super::stock::Channel;
use crate::diagnostic::Place;

/// The statement SQLite sees, in pieces that remember where they came from.
#[derive(Debug, Default)]
pub(super) struct Assembled {
    pub sql: String,
    pieces: Vec<(std::ops::Range<usize>, Origin)>,
}

/// Who wrote a piece of the statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Origin {
    Template,
    /// `set` or `where` of the channel in `purvey.toml`: the key.
    Shop(String),
}

impl Assembled {
    /// The template as it stands.
    pub fn template(channel: &Channel) -> Assembled {
        let mut made = Assembled::default();
        made.piece(bare(&channel.template), Origin::Template);
        made
    }

    /// The template as it stands, when the shop changes nothing, else a query around it.
    ///
    /// `columns` are those the template returns; `overrides` says whether the catalog has any for this channel.
    pub fn new(channel: &Channel, columns: &[String], overrides: bool) -> Assembled {
        let set = &channel.settings.set;
        if set.is_empty() && !channel.selects() && !overrides {
            return Assembled::template(channel);
        }
        let mut made = Assembled::default();
        made.glue("WITH feed AS (\n");
        made.piece(bare(&channel.template), Origin::Template);
        made.glue("\n) SELECT feed.sku");
        for column in columns.iter().skip(1) {
            match set.get(column) {
                Some(expression) => made.expression(column, expression),
                None => made.glue(&format!(",\n  feed.{0} AS {0}", quoted(column))),
            }
        }
        for (column, expression) in set.iter().filter(|(name, _)| !columns.contains(name)) {
            made.expression(column, expression);
        }
        if overrides {
            made.glue(&format!(",\n  o.attributes AS {}", quoted(OVERRIDES)));
        }
        made.glue("\nFROM feed");
        if !set.is_empty() || channel.settings.filter.is_some() {
            made.glue(joined(channel));
        }
        if overrides {
            made.glue(" LEFT JOIN item_override o ON o.channel = $channel AND o.sku = feed.sku");
        }
        if channel.selects() {
            made.glue("\nWHERE ");
            made.selected(channel);
            made.glue(&format!(" AND {} AND NOT {}", included(channel), excluded(channel)));
            if channel.part.is_some() {
                made.glue(" AND feed.sku IN part_list");
            }
        }
        made
    }

    /// How many rows the template has, of how many SKUs, and how many of them `where`, the list of what is to go in and
    /// that of what is not stop first; of everything, or of the one SKU that is bound to [`WANTED`].
    pub fn counts(channel: &Channel, one: bool) -> Assembled {
        let mut made = Assembled::default();
        made.glue("WITH feed AS (\n");
        made.piece(bare(&channel.template), Origin::Template);
        made.glue("\n), step AS (SELECT feed.sku AS sku, iif(");
        made.selected(channel);
        made.glue(&format!(
            ", 1, 0) AS selected, {} AS listed, {} AS barred\nFROM feed",
            included(channel),
            excluded(channel)
        ));
        if channel.settings.filter.is_some() {
            made.glue(joined(channel));
        }
        made.glue(
            ")\nSELECT count(*), count(DISTINCT sku), count(*) FILTER (WHERE NOT selected),
               count(*) FILTER (WHERE selected AND NOT listed), count(*) FILTER (WHERE selected AND listed AND barred)
             FROM step",
        );
        if one {
            made.glue(&format!(" WHERE sku = {WANTED}"));
        }
        made
    }

    /// What `where` says of a row.
    fn selected(&mut self, channel: &Channel) {
        match channel.settings.filter.as_deref() {
            Some(filter) => {
                self.glue("(");
                self.piece(filter, Origin::Shop("where".into()));
                self.glue("\n)");
            }
            None => self.glue("1"),
        }
    }

    fn expression(&mut self, column: &str, expression: &str) {
        self.glue(",\n  (");
        self.piece(expression, Origin::Shop(format!("set.{column}")));
        self.glue(&format!("\n) AS {}", quoted(column)));
    }

    fn glue(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    fn piece(&mut self, text: &str, origin: Origin) {
        let start = self.sql.len();
        self.sql.push_str(text);
        self.pieces.push((start..self.sql.len(), origin));
    }

    /// Who wrote the byte at `offset`, and where in their text it is.
    pub fn origin(&self, offset: usize) -> Option<(&Origin, usize)> {
        let (range, origin) = self.pieces.iter().find(|(range, _)| range.contains(&offset))?;
        Some((origin, offset - range.start))
    }
}

/// The catalog's row beside that of the template; what is no item has none.
fn joined(channel: &Channel) -> &'static str {
    if channel.contract.entity.is_none() { " JOIN item ON item.sku = feed.sku" } else { "" }
}

/// Whether a row is on the list of what is to go in.
fn included(channel: &Channel) -> &'static str {
    if channel.settings.include.is_empty() { "1" } else { "feed.sku IN include_list" }
}

/// Whether a row is on the list of what is not to go in.
fn excluded(channel: &Channel) -> &'static str {
    if channel.settings.exclude.is_empty() { "0" } else { "(feed.sku IN exclude_list)" }
}

/// Parameter for the SKU a person asked about.
pub(super) const WANTED: &str = "$purvey_sku";

/// Without the semicolon a person may have ended it with.
fn bare(template: &str) -> &str {
    template.trim_end().trim_end_matches(';')
}

/// The extra column with a channel's overrides of one offer.
pub(super) const OVERRIDES: &str = "purvey_overrides";

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Line, column and caret of byte `offset` of `text`, spanning the word that stands there.
pub(super) fn place_in(file: &str, text: &str, offset: usize) -> Place {
    let offset = (0..=offset.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let before = &text[..offset];
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let word = text[offset..].chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '.').count();
    Place::file(file)
        .line(before.matches('\n').count() as u64 + 1)
        .column(before[start..].chars().count() as u64 + 1)
        .snippet(line, word as u64)
}
