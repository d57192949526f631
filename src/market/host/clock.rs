//! Time, so that a test need not wait for it.
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::diagnostic::{Error, Result};

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    fn sleep(&self, how_long: Duration);
}

/// The machine's.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, how_long: Duration) {
        std::thread::sleep(how_long);
    }
}

/// A clock that stands still but while somebody waits: it is what a file says of its last change. Processes that look at
/// the same file live in the same time, where hours of waiting take none. For tests only.
#[derive(Debug, Clone)]
pub struct FileClock(Arc<File>);

impl FileClock {
    /// Names the file of the clock that every command goes by.
    pub const VARIABLE: &str = "PURVEY_CLOCK";

    /// # Errors
    /// `file/io` when there is no such file.
    pub fn open(path: &Path) -> Result<FileClock> {
        File::open(path).map(|file| FileClock(Arc::new(file))).map_err(|e| Error::io("read", path, e))
    }

    /// The one the environment names, if any.
    ///
    /// # Errors
    /// As of [`FileClock::open`].
    pub fn of_environment() -> Result<Option<FileClock>> {
        std::env::var_os(Self::VARIABLE).map(|path| FileClock::open(Path::new(&path))).transpose()
    }
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        let changed = self.0.metadata().and_then(|about| about.modified()).ok();
        changed.and_then(|at| Timestamp::try_from(at).ok()).unwrap_or_else(Timestamp::now)
    }

    fn sleep(&self, how_long: Duration) {
        let until = self.now().saturating_add(how_long).unwrap_or(Timestamp::MAX);
        // a file that cannot be changed makes for a clock that stands still, which a test would notice
        let _ = self.0.set_modified(SystemTime::from(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_moves_the_time_of_all_who_look_at_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let clocks = [(); 2].map(|()| FileClock::open(file.path()).unwrap());
        let before = clocks[1].now();
        clocks[0].sleep(Duration::from_secs(3600));
        assert_eq!(clocks[1].now().duration_since(before).as_secs(), 3600);
        assert!(FileClock::open(Path::new("/no/such/clock")).is_err());
    }
}
