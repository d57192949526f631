//! The table a comparison prints: medians of several rounds, and ratios within a round, since a busy machine does not
//! give two runs the same.
use super::process::Used;

pub struct Row {
    pub records: usize,
    pub bytes: u64,
}

pub fn head(records: &str) {
    println!(
        "{:<30} {records:>9} {:>8} {:>8} {:>11} {:>8} {:>9} {:>8}",
        "what (medians)", "cpu s", "wall s", "per cpu-s", "MB/cpu-s", "peak MB", "ratio"
    );
}

impl Row {
    /// Medians of `of` over the rounds, and of its CPU time as a part of `base` in the same round.
    pub fn print<'r, R>(
        &self,
        what: &str,
        rounds: &'r [R],
        of: impl Fn(&'r R) -> Option<&'r Used>,
        base: impl Fn(&'r R) -> Option<&'r Used>,
    ) {
        let ratio = median(rounds.iter().filter_map(|round| Some(cpu(of(round)?) / cpu(base(round)?))));
        self.line(what, rounds, &of, ratio);
    }

    fn line<'r, R>(&self, what: &str, rounds: &'r [R], of: &impl Fn(&'r R) -> Option<&'r Used>, ratio: Option<f64>) {
        let Some(seconds) = median(rounds.iter().filter_map(of).map(cpu)) else { return };
        let wall = median(rounds.iter().filter_map(of).map(|used| used.wall.as_secs_f64())).unwrap_or_default();
        let peak = rounds.iter().filter_map(of).map(|used| used.peak_kib / 1024).max().unwrap_or_default();
        let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let (each, speed) = (self.records as f64 / seconds, self.bytes as f64 / 1e6 / seconds);
        println!(
            "{what:<30} {:>9} {seconds:>8.2} {wall:>8.2} {each:>11.0} {speed:>8.0} {peak:>9} {ratio:>8}",
            self.records
        );
    }

    /// The same with the ratio of wall times.
    pub fn print_wall<'r, R>(
        &self,
        what: &str,
        rounds: &'r [R],
        of: impl Fn(&'r R) -> &'r Used,
        base: impl Fn(&'r R) -> &'r Used,
    ) {
        let wall = |used: &Used| used.wall.as_secs_f64();
        let ratio = median(rounds.iter().map(|round| wall(of(round)) / wall(base(round))));
        self.line(what, rounds, &|round| Some(of(round)), ratio);
    }
}

fn cpu(used: &Used) -> f64 {
    used.cpu.as_secs_f64().max(0.01)
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
