//! Bytes written by another thread, while the one that makes them goes on.
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle};

/// Pieces that may wait to be written before the one who makes them waits, too.
const WAITING_MAX: usize = 2;

/// Writes what it is given by a thread of its own until it is flushed, or by the thread that gives it.
pub struct Beside<'scope, W>(State<'scope, W>);

enum State<'scope, W> {
    There(There<'scope, W>),
    Here(W),
    /// The thread met an error, which was told.
    Gone,
}

struct There<'scope, W> {
    pieces: SyncSender<Vec<u8>>,
    /// Buffers that were written, to be filled again.
    written: Receiver<Vec<u8>>,
    thread: ScopedJoinHandle<'scope, io::Result<W>>,
}

impl<'scope, W: Write + Send + 'scope> Beside<'scope, W> {
    /// By a thread of `scope` where there is one.
    pub fn new(scope: Option<&'scope Scope<'scope, '_>>, to: W) -> io::Result<Self> {
        let Some(scope) = scope else { return Ok(Beside(State::Here(to))) };
        let (pieces, to_write) = sync_channel::<Vec<u8>>(WAITING_MAX);
        let (free, written) = sync_channel(WAITING_MAX + 1);
        let write = move || {
            let mut to = to;
            for piece in to_write {
                to.write_all(&piece)?;
                // Whoever makes the pieces may be done.
                let _ = free.send(piece);
            }
            Ok(to)
        };
        let thread = Builder::new().spawn_scoped(scope, write)?;
        Ok(Beside(State::There(There { pieces, written, thread })))
    }

    /// Where everything was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.come_back()?;
        match self.0 {
            State::Here(to) => Ok(to),
            State::There(_) | State::Gone => Err(gone()),
        }
    }

    /// Waits until everything is written; what comes then is written by the caller's thread.
    fn come_back(&mut self) -> io::Result<()> {
        self.0 = match std::mem::replace(&mut self.0, State::Gone) {
            State::There(There { pieces, written, thread }) => {
                drop((pieces, written));
                State::Here(thread.join().unwrap_or_else(|panic| resume_unwind(panic))?)
            }
            here => here,
        };
        Ok(())
    }
}

fn gone() -> io::Error {
    io::Error::other("what was to be written could not be")
}

impl<'scope, W: Write + Send + 'scope> Write for Beside<'scope, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let there = match &mut self.0 {
            State::Here(to) => return to.write(bytes),
            State::Gone => return Err(gone()),
            State::There(there) => there,
        };
        let mut piece = there.written.try_recv().unwrap_or_default();
        piece.clear();
        piece.extend_from_slice(bytes);
        match there.pieces.send(piece) {
            Ok(()) => Ok(bytes.len()),
            // It has stopped, and says why when asked.
            Err(_) => self.come_back().and(Err(gone())),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.come_back()?;
        match &mut self.0 {
            State::Here(to) => to.flush(),
            State::There(_) | State::Gone => Err(gone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes and is full.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn everything_arrives_in_order() {
        for threads in [false, true] {
            let whole = std::thread::scope(|scope| {
                let mut beside = Beside::new(threads.then_some(scope), Vec::new()).unwrap();
                (0..100_u8).for_each(|n| beside.write_all(&[n; 1000]).unwrap());
                beside.flush().unwrap();
                beside.write_all(b"after").unwrap();
                beside.finish().unwrap()
            });
            let expected: Vec<u8> = (0..100_u8).flat_map(|n| [n; 1000]).chain(*b"after").collect();
            assert_eq!(whole, expected);
        }
    }

    #[test]
    fn a_full_disk_is_told_by_a_write_or_at_the_end() {
        for pieces in [2, 1000] {
            let error = std::thread::scope(|scope| {
                let mut beside = Beside::new(Some(scope), Disk(1000)).unwrap();
                let written = (0..pieces).try_for_each(|_| beside.write_all(&[0; 800]));
                written.and_then(|()| beside.flush()).unwrap_err()
            });
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
    }
}
