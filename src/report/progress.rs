//! Progress on standard error: how far, how fast, how long still. Cleared when done, absent where nobody watches.
use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::human::thousands;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Bytes,
    /// The plural: `offers`, `orders`.
    Items(&'static str),
}

/// A bar that goes away when it is dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// So many bytes or items more are done.
    pub fn advance(&self, by: u64) {
        self.0.inc(by);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The bars of one run.
pub(super) struct Bars(MultiProgress);

impl Bars {
    /// Draws only for a person who looks on: on a terminal that can move its cursor, not in CI.
    pub(super) fn new(wanted: bool) -> Self {
        let set = |name| std::env::var_os(name).unwrap_or_default();
        let watched = std::io::stderr().is_terminal() && set("CI").is_empty() && set("TERM") != "dumb";
        Bars(MultiProgress::with_draw_target(match wanted && watched {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        }))
    }

    pub(super) fn add(&self, task: &'static str, total: Option<u64>, unit: Unit) -> Progress {
        if self.0.is_hidden() {
            return Progress(ProgressBar::hidden());
        }
        let template = match (unit, total) {
            (Unit::Bytes, Some(_)) => "{msg} {bar:20} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left",
            (Unit::Bytes, None) => "{msg} {spinner} {bytes} {bytes_per_sec}",
            (Unit::Items(_), Some(_)) => "{msg} {bar:20} {human_pos}/{human_len} {prefix} {rate}, {eta} left",
            (Unit::Items(_), None) => "{msg} {spinner} {human_pos} {prefix} {rate}",
        };
        let mut bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new).with_message(task);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar = bar.with_style(style.with_key("rate", rate));
        }
        if let Unit::Items(noun) = unit {
            bar = bar.with_prefix(noun);
        }
        Progress(self.0.add(bar))
    }

    /// Takes the bars away while something else is written.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }
}

/// Items in a second, without the decimals nobody reads.
fn rate(state: &ProgressState, out: &mut dyn std::fmt::Write) {
    // writing into the bar's own text cannot fail
    let _ = write!(out, "{}/s", thousands(state.per_sec() as u64));
}
