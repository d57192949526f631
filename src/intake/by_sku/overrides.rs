//! Overrides: an attribute of one SKU that one channel is told otherwise; an empty value takes it back.
use super::known;
use crate::catalog::Change;
use crate::diagnostic::Result;
use crate::intake::cell;
use crate::intake::findings::Refusal;
use crate::intake::import::Counts;
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::rows::table::Record;
use crate::value::Invalid;
use crate::value::closest::closest;
use std::collections::{BTreeMap, HashMap};

pub struct Overrides<'c, 'w> {
    change: &'c Change<'w>,
    columns: Columns,
    channels: &'c BTreeMap<String, Vec<String>>,
    /// First record of each channel, SKU and attribute.
    seen: HashMap<(String, i64, String), u64>,
    pub counts: Counts,
}

pub(in crate::intake) struct Columns {
    sku: Option<usize>,
    channel: Option<usize>,
    attribute: Option<usize>,
    value: Option<usize>,
}

impl Columns {
    pub fn find(mapping: &mut Mapping<'_>) -> Columns {
        Columns {
            sku: mapping.find("sku", "SKU"),
            channel: mapping.find("channel", "channel"),
            attribute: mapping.find("attribute", "attribute, in the channel's words"),
            value: mapping.find("value", "what the channel is told; nothing takes it back"),
        }
    }
}

impl<'c, 'w> Overrides<'c, 'w> {
    pub fn new(change: &'c Change<'w>, mapping: &mut Mapping<'_>, options: &'c Options) -> Self {
        let columns = Columns::find(mapping);
        Overrides { change, columns, channels: &options.channels, seen: HashMap::new(), counts: Counts::default() }
    }

    pub fn take(&mut self, record: &Record<'_>) -> Result<Result<(), Refusal>> {
        let wrong =
            |column: Option<usize>, invalid| Ok(Err(cell::refusal(record, column.unwrap_or_default(), invalid)));
        let item = match known::item(self.change, record, self.columns.sku)? {
            Ok(item) => item,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let channel = record.text(self.columns.channel);
        let Some(attributes) = self.channels.get(channel) else {
            let help = near(channel, self.channels.keys(), "`purvey channel list` shows all");
            let message = format!("there is no channel `{channel}`");
            return wrong(self.columns.channel, Invalid::new("import/unknown-channel", message, help));
        };
        let attribute = record.text(self.columns.attribute);
        if !attributes.iter().any(|known| known == attribute) {
            let help = near(attribute, attributes, &format!("feeds/{channel}.toml lists what {channel} has"));
            let message = format!("{channel} has no attribute `{attribute}`");
            return wrong(self.columns.attribute, Invalid::new("import/unknown-attribute", message, help));
        }
        let key = (channel.to_owned(), item.id, attribute.to_owned());
        let first = *self.seen.entry(key).or_insert(record.number);
        if first != record.number {
            let message = format!("record {first} says the same attribute of this SKU on {channel}");
            let invalid = Invalid::new("import/duplicate-override", message, "the first was taken; keep the right one");
            return wrong(self.columns.attribute, invalid);
        }
        let value = cell::word(record, self.columns.value);
        self.counts.count(self.change.put_override(channel, item.id, attribute, value.as_deref())?);
        Ok(Ok(()))
    }
}

/// The known name that was likely meant, else `help`.
fn near<'k>(name: &str, known: impl IntoIterator<Item = &'k String>, help: &str) -> String {
    match closest(name, known.into_iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => help.to_owned(),
    }
}
