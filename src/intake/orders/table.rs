//! Orders as a table: one record for each line item, by the [`Layout`] of its format; the lines of an order follow one
//! another.
use crate::diagnostic::Place;
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::rows::table::Record;
use serde_json::{Map, Value};

/// How a format writes orders: names of columns, and where their value goes in the document. `a|b` is either, `a+b`
/// is both, one after the other.
pub struct Layout {
    /// The channel of orders that name none.
    pub channel: Option<&'static str>,
    pub order: &'static [(&'static str, &'static str)],
    pub customer: &'static [(&'static str, &'static str)],
    pub ship_to: &'static [(&'static str, &'static str)],
    pub line: &'static [(&'static str, &'static str)],
    /// Puts what the format says in its own words into the document's.
    pub settle: fn(&mut Map<String, Value>),
    pub settle_line: fn(&mut Map<String, Value>),
}

/// The columns that are joined, and the key of what they hold.
type Columns = Vec<(Vec<usize>, &'static str)>;

pub struct OrderTable {
    layout: &'static Layout,
    /// The channel of orders that name none.
    default_channel: Option<&'static str>,
    order: Columns,
    customer: Columns,
    ship_to: Columns,
    line: Columns,
    id: Option<usize>,
    channel: Option<usize>,
    open: Option<Open>,
}

/// An order all of whose lines have been read.
pub struct Whole {
    /// Of its first record.
    pub place: Place,
    pub document: Value,
    pub records: u64,
}

/// An order of which more lines may come.
struct Open {
    key: String,
    place: Place,
    document: Map<String, Value>,
    lines: Vec<Value>,
}

impl OrderTable {
    pub fn new(layout: &'static Layout, mapping: &mut Mapping<'_>, options: &Options) -> Self {
        let mut all = |names: &[(&str, &'static str)]| -> Columns {
            let found = names.iter().map(|(names, key)| {
                (names.split('+').filter_map(|name| mapping.find(name, *key)).collect::<Vec<_>>(), *key)
            });
            found.filter(|(columns, _)| !columns.is_empty()).collect()
        };
        let (order, customer, ship_to, line) =
            (all(layout.order), all(layout.customer), all(layout.ship_to), all(layout.line));
        let of = |key| order.iter().find(|(_, name)| *name == key).and_then(|(columns, _)| columns.first().copied());
        OrderTable {
            id: of("order_id"),
            channel: of("channel"),
            default_channel: layout.channel.filter(|_| options.market.is_none()),
            layout,
            order,
            customer,
            ship_to,
            line,
            open: None,
        }
    }

    /// Takes a line; when it begins another order, the one before is whole.
    pub fn take(&mut self, record: &Record<'_>) -> Option<Whole> {
        let key = format!("{}\n{}", record.text(self.channel), record.text(self.id));
        let is_next = self.open.as_ref().is_none_or(|open| open.key != key);
        let whole = if is_next { self.finish() } else { None };
        let document = || {
            let mut document = object(&self.order, record);
            document.insert("customer".to_owned(), Value::Object(object(&self.customer, record)));
            document.insert("ship_to".to_owned(), Value::Object(object(&self.ship_to, record)));
            if let Some(channel) = self.default_channel {
                document.entry("channel").or_insert(Value::from(channel));
            }
            (self.layout.settle)(&mut document);
            document
        };
        let mut line = object(&self.line, record);
        (self.layout.settle_line)(&mut line);
        let line = Value::Object(line);
        match &mut self.open {
            Some(open) => open.lines.push(line),
            None => self.open = Some(Open { key, place: record.whole(), document: document(), lines: vec![line] }),
        }
        whole
    }

    /// The last order.
    pub fn finish(&mut self) -> Option<Whole> {
        let Open { place, mut document, lines, .. } = self.open.take()?;
        let records = lines.len() as u64;
        document.insert("lines".to_owned(), Value::Array(lines));
        Some(Whole { place, document: Value::Object(document), records })
    }
}

fn object(columns: &Columns, record: &Record<'_>) -> Map<String, Value> {
    let filled = columns.iter().map(|(columns, key)| {
        let cells: Vec<&str> = columns.iter().map(|column| unguarded(record.text(Some(*column)))).collect();
        (*key, cells.join(" ").trim().to_owned())
    });
    filled.filter(|(_, text)| !text.is_empty()).map(|(key, text)| (key.to_owned(), Value::from(text))).collect()
}

/// Without the apostrophe that the export puts before what a spreadsheet would run as a formula.
fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches([' ', '"', '\'']).starts_with(['=', '+', '-', '@', '\t']) => rest,
        _ => text,
    }
}
