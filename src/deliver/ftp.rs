//! FTP, in the clear or after AUTH TLS (`ftps://`).
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt;
use suppaftp::types::FileType;
use suppaftp::{FtpError, Mode, RustlsConnector, RustlsFtpStream, Status};

use super::beside::{self, Folder};
use super::destination::SILENCE_MAX;
use super::{Arrived, Destination, Document, Load, fault};
use crate::diagnostic::{Error, Result};
use crate::web;

const PORT: u16 = 21;
const CONNECT_MAX: Duration = Duration::from_secs(10);

pub(super) fn put(load: &Load, to: &Destination) -> Result<Arrived> {
    let mut folder = Ftp::open(to, to.place(load.name()))?;
    let arrived = beside::put(&mut folder, load, to, to.direct, &|name| to.remote_path(name))?;
    // it is done, whatever they say to our farewell
    let _ = folder.server.quit();
    Ok(arrived)
}

struct Ftp {
    server: RustlsFtpStream,
    place: String,
}

impl Ftp {
    fn open(to: &Destination, place: String) -> Result<Ftp> {
        let stream = connect(to).map_err(|e| fault::unavailable(&place, &e.to_string()))?;
        let is_v6 = stream.peer_addr().is_ok_and(|address| address.is_ipv6());
        patient(&stream).map_err(|e| fault::unavailable(&place, &e.to_string()))?;
        let fault = |e| fault_of(&place, &e);
        let mut server = RustlsFtpStream::connect_with_stream(stream).map_err(fault)?;
        if to.url.scheme() == "ftps" {
            web::install_crypto();
            let trust = ClientConfig::with_platform_verifier()
                .map_err(|e| fault::unavailable(&place, &format!("TLS cannot be set up: {e}")))?;
            server = server.into_secure(RustlsConnector::from(Arc::new(trust)), to.host()).map_err(fault)?;
        }
        let mut server = server.passive_stream_builder(open_data);
        // what a server behind a router calls its address is often its address at home
        server.set_passive_nat_workaround(true);
        server.set_mode(if is_v6 { Mode::ExtendedPassive } else { Mode::Passive });
        let password = to.login.password.as_ref().map_or("", |password| password.reveal());
        server.login(to.user().unwrap_or("anonymous"), password).map_err(fault)?;
        server.transfer_type(FileType::Binary).map_err(fault)?;
        Ok(Ftp { server, place })
    }

    fn fault(&self, error: FtpError) -> Error {
        fault_of(&self.place, &error)
    }
}

fn connect(to: &Destination) -> io::Result<TcpStream> {
    let host = to.host();
    let mut last = io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address"));
    for address in (host, to.url.port().unwrap_or(PORT)).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_MAX) {
            Ok(stream) => return Ok(stream),
            Err(e) => last = e,
        }
    }
    Err(last)
}

fn patient(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(SILENCE_MAX))?;
    stream.set_write_timeout(Some(SILENCE_MAX))
}

fn open_data(address: SocketAddr) -> Result<TcpStream, FtpError> {
    let stream = TcpStream::connect_timeout(&address, CONNECT_MAX).map_err(FtpError::ConnectionError)?;
    patient(&stream).map_err(FtpError::ConnectionError)?;
    Ok(stream)
}

fn fault_of(place: &str, error: &FtpError) -> Error {
    let FtpError::UnexpectedResponse(response) = error else {
        return fault::unavailable(place, &fault::causes(error));
    };
    let said = String::from_utf8_lossy(&response.body);
    match response.status {
        Status::NotLoggedIn => fault::refused_login(place, said.trim()),
        status if (400..500).contains(&status.code()) => fault::unavailable(place, said.trim()),
        _ => fault::refused(place, said.trim()),
    }
}

impl Folder for Ftp {
    fn write(&mut self, path: &str, document: &Document) -> Result<()> {
        let mut from = document.reader()?;
        let mut to = self.server.put_with_stream(path).map_err(|e| fault_of(&self.place, &e))?;
        let copied = io::copy(&mut from, &mut to);
        // why it broke off, the server says on the other connection
        match (to.finish(), copied) {
            (Ok(()), Ok(_)) => Ok(()),
            (Err(e @ FtpError::UnexpectedResponse(_)), _) => Err(self.fault(e)),
            (_, Err(e)) => Err(fault::unavailable(&self.place, &e.to_string())),
            (Err(e), _) => Err(self.fault(e)),
        }
    }

    fn size(&mut self, path: &str) -> Result<Option<u64>> {
        match self.server.size(path) {
            Ok(size) => Ok(u64::try_from(size).ok()),
            // not every server knows the command
            Err(FtpError::UnexpectedResponse(_)) => Ok(None),
            Err(e) => Err(self.fault(e)),
        }
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        match self.server.rename(from, to) {
            // some servers rename only onto nothing; for a moment there is nothing, then
            Err(FtpError::UnexpectedResponse(_)) => {
                let _ = self.server.rm(to);
                self.server.rename(from, to).map_err(|e| self.fault(e))
            }
            renamed => renamed.map_err(|e| self.fault(e)),
        }
    }

    fn remove(&mut self, path: &str) -> Result<()> {
        self.server.rm(path).map_err(|e| self.fault(e))
    }
}
