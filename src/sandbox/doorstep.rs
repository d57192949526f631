//! Where requests wait that are held back on purpose.
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

#[derive(Debug, Default)]
pub(super) struct Doorstep {
    waiting: AtomicUsize,
    released: Notify,
}

/// One request that waits; it counts until it goes, be it that its client is no more.
struct Waiting<'d>(&'d AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Doorstep {
    pub async fn wait(&self) {
        let released = self.released.notified();
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&self.waiting);
        released.await;
    }

    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    pub fn release(&self) {
        self.released.notify_waiters();
    }
}
