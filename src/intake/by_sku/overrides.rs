//! Overrides: an attribute of one SKU that one channel is told otherwise; an empty value takes it back.
use super::known;
use crate::catalog::{Change, Put};
use crate::diagnostic::Result;
use crate::intake::cell;
use crate::intake::findings::{Findings, Refusal};
use crate::intake::import::Counts;
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::rows::firsts::{Firsts, Met, repeated};
use crate::intake::rows::table::Record;
use crate::value::Invalid;
use crate::value::closest::closest;
use std::collections::BTreeMap;

pub struct Overrides<'c, 'w> {
    change: &'c Change<'w>,
    columns: Columns,
    channels: &'c BTreeMap<String, Vec<String>>,
    /// First record of each channel, SKU and attribute.
    seen: Firsts<(String, i64, String)>,
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
        Overrides { change, columns, channels: &options.channels, seen: Firsts::default(), counts: Counts::default() }
    }

    pub fn take(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<Result<(), Refusal>> {
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
        match self.seen.meet(key, record) {
            Met::First => {}
            Met::Same(first) => {
                findings.tell(repeated(first, record, self.columns.sku));
                self.counts.count(Put::Same);
                return Ok(Ok(()));
            }
            Met::Other(first) => {
                let message = format!("record {first} says the same attribute of this SKU on {channel}");
                let help = "the first was taken; keep the right one";
                return wrong(self.columns.attribute, Invalid::new("import/duplicate-override", message, help));
            }
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
