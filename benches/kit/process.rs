//! A command as its own process, as a merchant runs it, and what it took: read from /proc, so this is for Linux.
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a process took.
pub struct Used {
    pub cpu: Duration,
    pub wall: Duration,
    pub peak_kib: u64,
}

/// Runs purvey in `dir`.
pub fn purvey(dir: &Path, args: &[&str]) -> Used {
    run(dir, env!("CARGO_BIN_EXE_purvey"), args)
}

/// Runs a program in `dir` and samples what the kernel says of it until it ends.
pub fn run(dir: &Path, program: &str, args: &[&str]) -> Used {
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut used = Used { cpu: Duration::ZERO, wall: Duration::ZERO, peak_kib: 0 };
    loop {
        // Sampled before asking whether it ended: the last sample of a process that is gone is lost.
        if let Some((cpu, peak)) = sample(child.id()) {
            used.cpu = used.cpu.max(cpu);
            used.peak_kib = used.peak_kib.max(peak);
        }
        match child.try_wait().expect("the program can be waited for") {
            Some(status) => {
                assert!(status.code().is_some_and(|code| code <= 3), "{program} {args:?}: {status}");
                break;
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    used.wall = started.elapsed();
    used
}

fn sample(pid: u32) -> Option<(Duration, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()?;
    Some((Duration::from_millis(ticks * 10), peak))
}
