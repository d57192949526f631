//! Template + `[channel.x]` = one statement, and the way back from a place in it to the file a person wrote.
use super::columns::{Beginning, beginning};
use super::stock::Channel;
use crate::diagnostic::Place;

/// The statement SQLite sees, in pieces that remember where they came from.
#[derive(Debug, Default)]
pub(super) struct Assembled {
    pub sql: String,
    pieces: Vec<Piece>,
}

/// Where in the statement a piece is, who wrote it, and where it begins in their text.
#[derive(Debug)]
struct Piece {
    range: std::ops::Range<usize>,
    origin: Origin,
    from: usize,
}

/// What templates, `set` and `where` read of an item besides the columns of the view `i`: what it costs today, where its
/// page is, which pictures it has, how many a marketplace is told that wants a number in any case.
pub const ITEM_MORE: [(&str, &str); 5] = [
    (
        "link",
        "CASE WHEN i.path LIKE 'http%' THEN i.path ELSE $purvey_site || i.path || '?sku=' || replace(replace(replace(replace(i.sku, '%', '%25'), '&', '%26'), '#', '%23'), '+', '%2B') END",
    ),
    ("page", "CASE WHEN i.path LIKE 'http%' THEN i.path ELSE $purvey_site || i.path END"),
    (
        "pictures",
        "(SELECT json_group_array(value) FROM (SELECT i.image AS value WHERE i.image IS NOT NULL UNION ALL SELECT value FROM json_each(i.images) WHERE value <> i.image))",
    ),
    ("quantity", "CASE WHEN i.tracked = 0 OR i.sells_when_out = 1 THEN 999 ELSE max(i.available, 0) END"),
    (
        "today_minor",
        "CASE WHEN i.sale_price_minor IS NOT NULL AND coalesce(i.sale_from, $purvey_now) <= $purvey_now AND coalesce(i.sale_to, $purvey_now) >= $purvey_now THEN i.sale_price_minor ELSE i.price_minor END",
    ),
];

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
        let template = bare(&channel.template);
        match beginning(template, "item") {
            Beginning::Taken => made.piece(template, 0, Origin::Template),
            Beginning::Plain => {
                made.with_item(channel, "WITH");
                made.glue("\n");
                made.piece(template, 0, Origin::Template);
            }
            Beginning::With { rest, recursive } => {
                made.with_item(channel, if recursive { "WITH RECURSIVE" } else { "WITH" });
                made.glue(",");
                made.piece(&template[rest..], rest, Origin::Template);
            }
        }
        made
    }

    /// The template as it stands, when the shop changes nothing and its rows may come in any order, else a query around it.
    ///
    /// `columns` are those the template returns; `overrides` says whether the catalog has any for this channel.
    pub fn new(channel: &Channel, columns: &[String], overrides: bool) -> Assembled {
        let set = &channel.settings.set;
        let order = channel.order();
        if set.is_empty() && !channel.selects() && !overrides && order.is_empty() {
            return Assembled::template(channel);
        }
        let mut made = Assembled::feed(channel);
        made.glue(" SELECT feed.sku");
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
        // An ORDER BY inside `feed` would promise nothing here.
        if !order.is_empty() {
            let added = set.keys().filter(|name| !columns.contains(name));
            let all: Vec<&String> = columns.iter().chain(added).collect();
            let positions = order.iter().filter_map(|name| all.iter().skip(1).position(|column| column == name));
            let positions = positions.map(|position| (position + 2).to_string()).chain(["1".to_owned()]);
            made.glue(&format!("\nORDER BY {}", positions.collect::<Vec<_>>().join(", ")));
        }
        made
    }

    /// `WITH item …, feed …`: the template to be read from.
    fn feed(channel: &Channel) -> Assembled {
        let mut made = Assembled::default();
        made.with_item(channel, "WITH");
        made.glue(", feed AS (\n");
        made.piece(bare(&channel.template), 0, Origin::Template);
        made.glue("\n)");
        made
    }

    /// The catalog's `item` with [`ITEM_MORE`]; never materialized, so that what nobody reads costs nothing.
    fn with_item(&mut self, channel: &Channel, with: &str) {
        let more: Vec<String> = ITEM_MORE.iter().map(|(name, sql)| format!("{sql} AS {name}")).collect();
        let schema = channel.offering().schema();
        self.glue(&format!("{with} item AS NOT MATERIALIZED (SELECT i.*, {} FROM {schema}.item i)", more.join(", ")));
    }

    /// How many rows the template has, of how many SKUs, and how many of them `where`, the list of what is to go in and
    /// that of what is not stop first; of everything, or of the one SKU that is bound to [`WANTED`].
    pub fn counts(channel: &Channel, one: bool) -> Assembled {
        let mut made = Assembled::feed(channel);
        made.glue(", step AS (SELECT feed.sku AS sku, iif(");
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
                self.piece(filter, 0, Origin::Shop("where".into()));
                self.glue("\n)");
            }
            None => self.glue("1"),
        }
    }

    fn expression(&mut self, column: &str, expression: &str) {
        self.glue(",\n  (");
        self.piece(expression, 0, Origin::Shop(format!("set.{column}")));
        self.glue(&format!("\n) AS {}", quoted(column)));
    }

    fn glue(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    fn piece(&mut self, text: &str, from: usize, origin: Origin) {
        let start = self.sql.len();
        self.sql.push_str(text);
        self.pieces.push(Piece { range: start..self.sql.len(), origin, from });
    }

    /// Who wrote the byte at `offset`, and where in their text it is.
    pub fn origin(&self, offset: usize) -> Option<(&Origin, usize)> {
        let piece = self.pieces.iter().find(|piece| piece.range.contains(&offset))?;
        Some((&piece.origin, offset - piece.range.start + piece.from))
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
