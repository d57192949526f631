//! `purvey feed build --explain`: what of the catalog a channel gets, what not, and why.
use std::io::{self, Write};

use indexmap::IndexMap;
use serde::Serialize;

use crate::channel::{Channel, Counts};
use crate::diagnostic::{Diagnostic, Severity};
use crate::report::{Cell, Table, thousands};
use crate::sync::FeedRun;

/// The reasons a channel refuses offers for, gathered while it is built.
#[derive(Default)]
pub(super) struct Reasons {
    by_code: IndexMap<String, Refused>,
}

/// Offers that one rule or attribute of the contract keeps out. One offer may be kept out by several.
#[derive(Debug, Clone, Serialize)]
struct Refused {
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    offers: u64,
    /// One of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    message: String,
}

#[derive(Serialize)]
pub(super) struct Explained {
    channel: String,
    #[serde(flatten)]
    counts: Counts,
    reasons: Vec<Refused>,
    /// The feed, when nothing stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    feed: Option<FeedRun>,
    #[serde(skip)]
    template: String,
    #[serde(skip)]
    filter: String,
}

impl Reasons {
    pub fn note(&mut self, finding: &Diagnostic) {
        if finding.severity < Severity::Error {
            return;
        }
        let place = &finding.place;
        let first = || Refused {
            code: finding.code.clone(),
            attribute: place.attribute.clone(),
            offers: 0,
            sku: place.sku.clone(),
            message: finding.message.clone(),
        };
        self.by_code.entry(finding.code.clone()).or_insert_with(first).offers += 1;
    }

    pub fn explain(self, channel: Channel, counts: Counts, feed: Option<FeedRun>) -> Explained {
        let mut reasons: Vec<Refused> = self.by_code.into_values().collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.offers));
        let Channel { name, template_file, settings, .. } = channel;
        let filter = settings.filter.unwrap_or_default();
        Explained { channel: name, counts, reasons, feed, template: template_file, filter }
    }
}

impl Explained {
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let counts = &self.counts;
        writeln!(out, "{}", self.channel)?;
        let mut table = Table::new(["count", "of", "e.g."]);
        let mut line = |count: u64, what: String, example: &str| {
            table.row([Cell::number(thousands(count)), Cell::from(what), Cell::from(example)]);
        };
        line(counts.variants, "variants in the catalog".to_owned(), "");
        let rules = [
            (counts.variants - counts.items, "left out: draft or archived".to_owned()),
            (counts.items.saturating_sub(counts.skus), format!("left out: {} makes no row of them", self.template)),
        ];
        rules.into_iter().filter(|(count, _)| *count > 0).for_each(|(count, what)| line(count, what, ""));
        line(counts.rows, "rows of the template".to_owned(), "");
        let rules = [
            (counts.left_out_by_where, format!("left out: where {}", self.filter)),
            (counts.not_included, "left out: not in include".to_owned()),
            (counts.excluded, "left out: in exclude".to_owned()),
            (
                self.feed.as_ref().map_or(0, |feed| feed.built.left_out),
                "left out: the channel would refuse them".to_owned(),
            ),
        ];
        rules.into_iter().filter(|(count, _)| *count > 0).for_each(|(count, what)| line(count, what, ""));
        for reason in &self.reasons {
            let what = format!("  {}", reason.code);
            line(reason.offers, what, reason.sku.as_deref().unwrap_or_default());
        }
        if let Some(feed) = &self.feed {
            line(feed.built.offers, format!("offers in {}", feed.file), "");
        }
        table.write(out)
    }
}
