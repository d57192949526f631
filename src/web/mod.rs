//! HTTP from here to elsewhere: what every client shares, so that none is less careful than another.
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, ClientBuilder};
use tokio::runtime::Runtime;
use url::{Host, Url};

use crate::diagnostic::{Error, Kind, Result};

const CONNECT_MAX: Duration = Duration::from_secs(10);

/// The start of every client; [`made`] ends it.
pub fn client(loopback: bool) -> ClientBuilder {
    install_crypto();
    let builder =
        Client::builder().user_agent(concat!("purvey/", env!("CARGO_PKG_VERSION"))).connect_timeout(CONNECT_MAX);
    // a proxy has no business between this machine and itself
    if loopback { builder.no_proxy() } else { builder }
}

/// # Errors
/// `http/setup` when the machine has no certificates, or its proxy variables are wrong.
pub fn made(builder: ClientBuilder) -> Result<Client> {
    builder.build().map_err(|e| {
        Error::new(Kind::Unavailable, "http/setup", format!("HTTPS cannot be set up: {}", causes(&e)))
            .help("check the machine's certificates and the proxy variables of the environment")
            .source(e)
    })
}

/// Whether an address is this machine's own.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// reqwest is built without a crypto provider of its own.
pub fn install_crypto() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        // an error says that somebody in this process installed one already, which is as good
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// The one runtime on which calls of blocking code wait.
///
/// # Errors
/// `http/setup` when the system has no threads or files left.
pub fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("http").enable_all().build();
    let made = made.map_err(|e| {
        Error::new(Kind::Io, "http/setup", format!("the network cannot be used: {e}"))
            .help("the system has no threads or files left; end other programs and run it again")
            .source(e)
    })?;
    Ok(RUNTIME.get_or_init(|| made))
}

/// The whole chain: reqwest's own message says little. Its address is left out, since a query may hold a key.
pub fn causes(error: &reqwest::Error) -> String {
    let mut text = match error {
        e if e.is_timeout() => "no answer in time".to_owned(),
        e if e.is_connect() => "no connection".to_owned(),
        e if e.is_body() || e.is_decode() => "the answer broke off".to_owned(),
        _ => "the connection broke".to_owned(),
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
