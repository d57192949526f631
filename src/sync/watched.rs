//! For those who watch `sync` from outside: a file of figures for Prometheus, and an address that is told how it went.
use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::{FeedRun, Summary};
use crate::diagnostic::{Diagnostic, Place};
use crate::web;

/// How long the watcher may take to answer.
const PING_MAX: Duration = Duration::from_secs(10);

/// What a round came to.
pub struct Round<'a> {
    pub shop: &'a str,
    pub ended: Timestamp,
    pub seconds: f64,
    pub exit: u8,
    pub last_success: Option<Timestamp>,
    pub markets: &'a Summary,
    pub feeds: &'a [FeedRun],
    /// By channel: what waits to be sent, and what was given up.
    pub outbox: &'a [(String, u64, u64)],
}

/// The figures in Prometheus' text format (version 0.0.4), for the node exporter's textfile collector.
pub fn metrics(round: &Round<'_>) -> String {
    let mut page = Page { shop: round.shop, text: String::new() };
    page.head("purvey_sync_end_timestamp_seconds", "gauge", "When the last sync ended.");
    page.line("purvey_sync_end_timestamp_seconds", &[], round.ended.as_second());
    if let Some(at) = round.last_success {
        page.head("purvey_sync_success_timestamp_seconds", "gauge", "When a sync last ended with all its work done.");
        page.line("purvey_sync_success_timestamp_seconds", &[], at.as_second());
    }
    page.head("purvey_sync_duration_seconds", "gauge", "How long the last sync took.");
    page.line("purvey_sync_duration_seconds", &[], format!("{:.3}", round.seconds));
    page.head("purvey_sync_exit_code", "gauge", "What the last sync ended with; 0 is well, 3 partly done.");
    page.line("purvey_sync_exit_code", &[], round.exit);

    let markets = || round.markets.channels.iter();
    page.family("purvey_orders", "Orders of the last pull.", markets(), |page, m| {
        let applied = &m.pulled.applied;
        for (result, count) in [("new", applied.new), ("changed", applied.changed), ("unreadable", m.pulled.unreadable)]
        {
            page.line("purvey_orders", &[("market", &m.name), ("result", result)], count);
        }
    });
    page.family("purvey_stock_offers", "Offers whose stock was told.", markets(), |page, m| {
        for (result, count) in [("accepted", m.pushed.accepted), ("refused", m.pushed.refused)] {
            page.line("purvey_stock_offers", &[("market", &m.name), ("result", result)], count);
        }
    });
    page.family(
        "purvey_offers",
        "Whole offers told; underway are those not answered for yet.",
        markets(),
        |page, m| {
            let told = &m.told;
            let accepted = told.new + told.changed + told.gone + told.renewed;
            for (result, count) in [("accepted", accepted), ("refused", told.refused), ("underway", told.underway)] {
                page.line("purvey_offers", &[("market", &m.name), ("result", result)], count);
            }
        },
    );
    page.family("purvey_market_failed", "1 if the marketplace stopped early.", markets(), |page, m| {
        page.line("purvey_market_failed", &[("market", &m.name)], u8::from(m.error.is_some()));
    });
    page.family("purvey_outbox", "What waits to be sent, and what was given up.", round.outbox.iter(), |page, row| {
        let (market, waiting, dead) = row;
        for (state, count) in [("waiting", waiting), ("dead", dead)] {
            page.line("purvey_outbox", &[("market", market), ("state", state)], count);
        }
    });
    page.family("purvey_feed_offers", "Offers of the last feed.", round.feeds.iter(), |page, feed| {
        let built = &feed.built;
        for (kind, count) in
            [("all", built.offers), ("in_stock", built.in_stock.unwrap_or_default()), ("left_out", built.left_out)]
        {
            page.line("purvey_feed_offers", &[("channel", &feed.channel), ("kind", kind)], count);
        }
    });
    page.family("purvey_feed_bytes", "Size of the last feed.", round.feeds.iter(), |page, feed| {
        page.line("purvey_feed_bytes", &[("channel", &feed.channel)], feed.built.bytes);
    });
    page.text
}

struct Page<'a> {
    shop: &'a str,
    text: String,
}

impl Page<'_> {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn family<T>(&mut self, name: &str, help: &str, rows: impl Iterator<Item = T>, line: impl Fn(&mut Self, T)) {
        let mut rows = rows.peekable();
        if rows.peek().is_some() {
            self.head(name, "gauge", help);
            rows.for_each(|row| line(self, row));
        }
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let _ = write!(self.text, "{name}{{shop=\"{}\"", escaped(self.shop));
        for (label, text) in labels {
            let _ = write!(self.text, ",{label}=\"{}\"", escaped(text));
        }
        let _ = writeln!(self.text, "}} {value}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Asks for the watcher's address: as it is when all went well, with `/fail` after its path when it did not. What
/// goes wrong here is a warning: the watcher will notice by itself that nobody came. The address may hold a key, so
/// it is not repeated.
pub fn ping(address: &str, well: bool) -> Option<Diagnostic> {
    let failed = |why: String| {
        Some(
            Diagnostic::warning("sync/ping-failed", format!("the address in `sync.ping` was not told: {why}"))
                .at(Place::file("purvey.toml").attribute("sync.ping"))
                .help("nothing else depends on it; try the address in a browser"),
        )
    };
    let mut url = match Url::parse(address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        _ => return failed("it is no web address".to_owned()),
    };
    if !well {
        let path = format!("{}/fail", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    let told = || {
        let client = web::made(web::client(web::is_loopback(&url)).timeout(PING_MAX)).map_err(|e| e.message)?;
        let runtime = web::runtime().map_err(|e| e.message)?;
        // made inside, since a time limit wants the runtime's clock
        let answer = runtime.block_on(async { client.get(url).send().await }).map_err(|e| web::causes(&e))?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("it answered {}", answer.status())) }
    };
    told().err().and_then(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::ChannelSummary;

    #[test]
    fn the_figures_are_in_prometheus_format() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut fair = ChannelSummary { name: "fa\"ir".into(), ..ChannelSummary::default() };
        fair.pulled.applied.new = 3;
        let markets = Summary { channels: vec![fair], ..Summary::default() };
        let text = metrics(&Round {
            shop: "Lantern",
            ended: at("2026-11-25T09:00:00Z"),
            seconds: 1.25,
            exit: 3,
            last_success: Some(at("2026-11-25T08:45:00Z")),
            markets: &markets,
            feeds: &[],
            outbox: &[("fair".into(), 2, 1)],
        });
        for line in [
            "# TYPE purvey_sync_exit_code gauge",
            "purvey_sync_end_timestamp_seconds{shop=\"Lantern\"} 1795597200",
            "purvey_sync_success_timestamp_seconds{shop=\"Lantern\"} 1795596300",
            "purvey_sync_duration_seconds{shop=\"Lantern\"} 1.250",
            "purvey_sync_exit_code{shop=\"Lantern\"} 3",
            "purvey_orders{shop=\"Lantern\",market=\"fa\\\"ir\",result=\"new\"} 3",
            "purvey_outbox{shop=\"Lantern\",market=\"fair\",state=\"dead\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        assert!(!text.contains("purvey_feed"), "no family without a value");
        assert!(text.lines().all(|l| l.starts_with('#') || l.split(' ').count() == 2), "{text}");
    }
}
