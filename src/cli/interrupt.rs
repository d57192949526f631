//! Ctrl-C and SIGTERM, for commands that do one thing after another: the thing in hand is finished, then the command
//! says what it did and ends with 130 or 143. A second signal ends it at once, which is safe as well.
use std::process::exit;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tokio::runtime::{Builder, Runtime};

use crate::diagnostic::{Error, Kind, Result};
use crate::report::Outcome;

static STOP: AtomicBool = AtomicBool::new(false);
/// The exit code of the signal that came; 0 before one did.
static CODE: AtomicU8 = AtomicU8::new(0);

/// Set once a signal has come. Where the system does not let us listen, a signal ends the process as it would anyway.
pub(super) fn listen() -> &'static AtomicBool {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Ok(runtime) = Builder::new_current_thread().enable_all().build() {
            start(runtime);
        }
    });
    &STOP
}

/// Over once a signal has come: for a command that ends well by being stopped. The handlers stand when this returns, which
/// wants a runtime around it.
#[cfg(unix)]
pub(super) fn asked() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let handlers = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async {
        // where the system does not let us listen, a signal ends the process as it would anyway
        let (Ok(mut ctrl_c), Ok(mut term)) = handlers else { return std::future::pending().await };
        tokio::select! {
            _ = ctrl_c.recv() => {}
            _ = term.recv() => {}
        }
    }
}

#[cfg(not(unix))]
pub(super) fn asked() -> impl Future<Output = ()> {
    async { drop(tokio::signal::ctrl_c().await) }
}

/// What a command ended with, unless it ended because it was told to.
pub(super) fn ended(result: Result<Outcome>) -> Result<Outcome> {
    let code = CODE.load(Ordering::Relaxed);
    match result {
        // A wait for the marketplace that was cut short looks like a marketplace that is away.
        Err(error) if code == 0 || error.kind != Kind::Unavailable => Err(error),
        Ok(outcome) if code == 0 => Ok(outcome),
        _ => {
            Err(Error::new(Kind::Interrupted(code), "purvey/interrupted", "stopped, as asked, after the item in hand")
                .help("what was done is kept; run it again to do the rest"))
        }
    }
}

fn note(code: u8) {
    if STOP.swap(true, Ordering::Relaxed) {
        exit(i32::from(code));
    }
    CODE.store(code, Ordering::Relaxed);
}

/// Both handlers stand when this returns; the thread waits for what they hear until the process ends.
#[cfg(unix)]
fn start(runtime: Runtime) {
    use tokio::signal::unix::{SignalKind, signal};
    let inside = runtime.enter();
    let (Ok(mut ctrl_c), Ok(mut term)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return;
    };
    drop(inside);
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = ctrl_c.recv() => note(130),
                    _ = term.recv() => note(143),
                }
            }
        })
    });
}

#[cfg(not(unix))]
fn start(runtime: Runtime) {
    std::thread::spawn(move || {
        while runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            note(130);
        }
    });
}
