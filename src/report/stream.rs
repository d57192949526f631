//! One of the two output streams. A reader that goes away is no fault; a full disk is one.
use std::io::{self, BufWriter, Write};
use std::sync::{Mutex, PoisonError};

use anstream::AutoStream;
use anstream::stream::{AsLockedWrite, RawStream};
use clap::ColorChoice;

use crate::diagnostic::{Error, Kind, Result};

pub(super) struct Stream {
    pipe: Mutex<Pipe>,
    /// Whether what purvey itself writes may carry colors.
    pub(super) color: bool,
}

impl Stream {
    pub(super) fn new(to: Box<dyn Write + Send>, color: bool) -> Self {
        Stream { pipe: Mutex::new(Pipe { to: BufWriter::new(to), closed: false }), color }
    }

    /// `auto` means: a terminal that knows colors, unless NO_COLOR or CLICOLOR_FORCE say otherwise.
    pub(super) fn standard<S: RawStream + AsLockedWrite + Send + 'static>(stream: S, color: ColorChoice) -> Self {
        let color = match color {
            ColorChoice::Auto => AutoStream::choice(&stream) != anstream::ColorChoice::Never,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        match color {
            // translates colors for old Windows consoles; elsewhere it passes everything on
            true => Stream::new(Box::new(AutoStream::always(stream)), true),
            false => Stream::new(Box::new(stream), false),
        }
    }

    /// Lends the stream, whose bytes may stay in its buffer. Once the reader has gone away (`| head`), `write` meets
    /// an error that ends here, and whatever follows is dropped.
    pub(super) fn lend<E>(&self, write: impl FnOnce(&mut dyn Write) -> Result<(), E>) -> Result<(), E> {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        if pipe.closed {
            return Ok(());
        }
        let written = write(&mut *pipe);
        if pipe.closed { Ok(()) } else { written }
    }

    pub(super) fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        self.lend(write).map_err(|e| {
            Error::new(Kind::Io, "report/output", format!("cannot write the output: {e}"))
                .help("check where the output goes: a full disk, a closed file")
                .source(e)
        })
    }

    pub(super) fn flush(&self) -> Result<()> {
        self.write(|out| out.flush())
    }
}

struct Pipe {
    to: BufWriter<Box<dyn Write + Send>>,
    closed: bool,
}

impl Pipe {
    fn note_closed<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        self.closed |= matches!(&done, Err(e) if e.kind() == io::ErrorKind::BrokenPipe);
        done
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.to.write(bytes);
        self.note_closed(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.to.flush();
        self.note_closed(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Refusing(io::ErrorKind);

    impl Write for Refusing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_left_is_no_fault() {
        let stream = Stream::new(Box::new(Refusing(io::ErrorKind::BrokenPipe)), false);
        let mut rows = 0_u32;
        let endless = |out: &mut dyn Write| loop {
            writeln!(out, "row {rows}")?;
            rows += 1;
        };
        stream.write(endless).unwrap();
        stream.write(|_| panic!("nothing is asked for once the reader left")).unwrap();
        stream.flush().unwrap();
        assert!(rows > 0);
    }

    #[test]
    fn a_full_disk_is_an_io_error() {
        let stream = Stream::new(Box::new(Refusing(io::ErrorKind::StorageFull)), false);
        stream.write(|out| writeln!(out, "row")).unwrap();
        let error = stream.flush().unwrap_err();
        assert_eq!((error.kind, error.code), (Kind::Io, "report/output"));
    }
}
