//! Sending until there is an answer worth having: limits, credentials, classification, and trying again.
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::folder::{self, Folder};
use super::limits::Limits;
use super::sftp::{self, Sftp};
use super::{
    BucketStore, Clock, Http, Keyring, Lost, MemoryBuckets, MemoryTokens, Outcome, SystemClock, TokenStore, Transport,
};
use crate::diagnostic::{Error, Kind, Result, Retry};
use crate::market::{Account, Connector, Port, Request, Response, Secret, ToldLimit, Verdict};
use crate::value::time;

/// Longest that one request may take with all its waits, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(180);
const ATTEMPTS_MAX: u32 = 8;
/// The same when nobody is there at all: a later run is worth more than a long wait.
const ABSENT_MAX: u32 = 4;
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// How soon a wait notices that it is to end.
const NAP: Duration = Duration::from_millis(100);
/// The status of a request that was turned away at the door: it was certainly not done.
const TOO_MANY_REQUESTS: u16 = 429;

/// The port of one account at one marketplace.
pub struct Host<'a> {
    pub(super) connector: &'a dyn Connector,
    pub(super) account: String,
    pub(super) keyring: Box<dyn Keyring + 'a>,
    pub(super) refresh_token: Option<Secret>,
    pub(super) tokens: Box<dyn TokenStore + 'a>,
    pub(super) transport: Box<dyn Transport + 'a>,
    limits: Limits<'a>,
    pub(super) clock: Arc<dyn Clock + 'a>,
    patience: Duration,
    stop: Option<&'a AtomicBool>,
    seed: u64,
    skew: Mutex<Option<SignedDuration>>,
}

impl<'a> Host<'a> {
    /// Over the network, with the machine's clock and buckets that live as long as the host.
    ///
    /// # Errors
    /// `market/address`.
    pub fn new(connector: &'a dyn Connector, account: &Account) -> Result<Self> {
        let limits = Limits {
            account: account.name.clone(),
            limits: connector.describe().limits,
            store: Box::new(MemoryBuckets::default()),
            learned: Mutex::default(),
        };
        Ok(Host {
            connector,
            account: account.name.clone(),
            keyring: Box::new(account.key.clone()),
            refresh_token: account.refresh_token.clone(),
            tokens: Box::new(MemoryTokens::default()),
            transport: match account.base_url.as_str() {
                address if address.starts_with(folder::SCHEME) => Box::new(Folder::new(address)?),
                address if address.starts_with(sftp::SCHEME) => Box::new(Sftp::new(account)?),
                address => Box::new(Http::new(address)?),
            },
            limits,
            clock: Arc::new(SystemClock),
            patience: PATIENCE,
            stop: None,
            seed: u64::from(std::process::id()),
            skew: Mutex::new(None),
        })
    }

    /// Puts a layer around the transport, or another in its place.
    pub fn transport(
        mut self,
        wrap: impl FnOnce(Box<dyn Transport + 'a>) -> Result<Box<dyn Transport + 'a>>,
    ) -> Result<Self> {
        self.transport = wrap(self.transport)?;
        Ok(self)
    }

    pub fn keyring(mut self, keyring: impl Keyring + 'a) -> Self {
        self.keyring = Box::new(keyring);
        self
    }

    /// Keeps access tokens between runs, and shares them with other runs.
    pub fn tokens(mut self, store: impl TokenStore + 'a) -> Self {
        self.tokens = Box::new(store);
        self
    }

    /// Keeps the buckets between runs.
    pub fn buckets(mut self, store: impl BucketStore + 'a) -> Self {
        self.limits.store = Box::new(store);
        self
    }

    pub fn clock(mut self, clock: Arc<dyn Clock + 'a>) -> Self {
        self.clock = clock;
        self
    }

    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Ends every wait once it is set; what was waited for counts as unavailable.
    pub fn stop(mut self, stop: &'a AtomicBool) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Decides the jitter of the waits.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How far the server's clock is ahead of ours, once an answer told. Its resolution is one second.
    pub fn skew(&self) -> Option<SignedDuration> {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, by the server's clock as far as it is known.
    pub fn server_now(&self) -> Timestamp {
        let now = self.clock.now();
        self.skew().and_then(|skew| now.checked_add(skew).ok()).unwrap_or(now)
    }

    fn measure_skew(&self, response: &Response) {
        let told = response.header("date").and_then(|date| time::parse(date, None).ok());
        if let Some(server) = told {
            let skew = self.clock.now().duration_until(server);
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
        }
    }

    /// Waits, unless that would take longer than there is patience for.
    pub(super) fn wait(&self, how_long: Duration, deadline: Timestamp, why: &str) -> Result<()> {
        let until = self.clock.now().checked_add(how_long).unwrap_or(Timestamp::MAX);
        if until > deadline {
            return Err(self.unavailable(why, Some(how_long)));
        }
        let Some(stop) = self.stop else {
            self.clock.sleep(how_long);
            return Ok(());
        };
        let mut left = how_long;
        while !left.is_zero() {
            if stop.load(Ordering::Relaxed) {
                return Err(self.unavailable(why, Some(how_long)));
            }
            self.clock.sleep(left.min(NAP));
            left = left.saturating_sub(NAP);
        }
        Ok(())
    }

    fn take_token(&self, operation: &str, deadline: Timestamp) -> Result<()> {
        while let Some(wait) = self.limits.take(operation, self.clock.now())? {
            self.wait(wait, deadline, "its limit of requests is used up")?;
        }
        Ok(())
    }

    fn attempt(&self, request: &Request, session: &mut Session) -> Result<Attempt> {
        let mut signed = request.clone();
        if request.base.is_none() {
            self.connector.authorize(&mut signed, &session.credentials, self.server_now())?;
        }
        let response = match self.transport.exchange(&signed)? {
            Outcome::Answered(response) => response,
            Outcome::Lost(Lost { arrived, why }) if arrived && !request.safe => {
                return Err(self.outcome_unknown(request, &why));
            }
            Outcome::Lost(lost) => {
                session.absent += u32::from(!lost.arrived);
                return Ok(Attempt::Again { after: None, why: lost.why });
            }
        };
        self.measure_skew(&response);
        self.heed_limit(request, &response)?;
        match self.connector.classify(&response) {
            Verdict::Ok | Verdict::AlreadyDone | Verdict::Absent => Ok(Attempt::Answered(response)),
            Verdict::Rejected(why) => Err(self.rejected(request, &why)),
            Verdict::Fatal(why) => Err(self.refused(&why)),
            Verdict::Reauthenticate => {
                self.reauthenticate(session)?;
                Ok(Attempt::Again { after: Some(Duration::ZERO), why: "its credentials were renewed".to_owned() })
            }
            Verdict::Retry(after) => {
                let why = format!("it answered {}", response.status);
                if !request.safe && response.status != TOO_MANY_REQUESTS {
                    return Err(self.outcome_unknown(request, &why));
                }
                if let Some(after) = after {
                    let until = self.clock.now().checked_add(after).unwrap_or(Timestamp::MAX);
                    self.limits.hold(request.operation, until)?;
                }
                Ok(Attempt::Again { after, why })
            }
        }
    }

    fn heed_limit(&self, request: &Request, response: &Response) -> Result<()> {
        match self.connector.told_limit(response, self.server_now()) {
            None => Ok(()),
            Some(ToldLimit::Refill(refill)) => {
                self.limits.learn(request.operation, refill);
                Ok(())
            }
            Some(ToldLimit::UsedUp(wait)) => {
                let until = self.clock.now().checked_add(wait).unwrap_or(Timestamp::MAX);
                self.limits.hold(request.operation, until)
            }
        }
    }

    fn reauthenticate(&self, session: &mut Session) -> Result<()> {
        let renewed = if session.renewed { None } else { self.renew(&session.credentials, session.deadline)? };
        session.renewed = true;
        session.credentials = renewed.ok_or_else(|| self.refused("the credentials are not accepted"))?;
        Ok(())
    }

    pub(super) fn backoff(&self, attempt: u32, request: &Request) -> Duration {
        let full = BACKOFF_FIRST.saturating_mul(1 << (attempt - 1).min(10)).min(BACKOFF_MAX);
        let draw = xxh3_64_with_seed(format!("{} {attempt}", request.path).as_bytes(), self.seed);
        // between half and all of it, so that two programs that failed together do not come back together
        full / 2 + (full / 2).mul_f64((draw % 1024) as f64 / 1024.0)
    }

    fn rejected(&self, request: &Request, why: &str) -> Error {
        let message = format!("{} refused {} {}: {why}", self.account, request.method.as_str(), request.path);
        Error::new(Kind::Rejected, "market/rejected", message)
            .help("the same request will be refused again; look at the order or offer on the marketplace's own pages")
    }

    pub(super) fn refused(&self, why: &str) -> Error {
        Error::new(Kind::Credentials, "market/credentials", format!("{} refused access: {why}", self.account))
            .help("check the account's address, key and shop id in purvey.toml, and its rights at the marketplace")
    }

    pub(super) fn unavailable(&self, why: &str, wait: Option<Duration>) -> Error {
        Error::new(Kind::Unavailable, "market/unavailable", format!("{} cannot be used now: {why}", self.account))
            .retry(Retry::Later(wait.map(|wait| wait.as_secs().saturating_add(1))))
            .help("nothing is lost: run it again later")
    }

    fn outcome_unknown(&self, request: &Request, why: &str) -> Error {
        let message =
            format!("{} may or may not have done {} {}: {why}", self.account, request.method.as_str(), request.path);
        Error::new(Kind::Unavailable, "market/outcome-unknown", message)
            .help("run it again: what the marketplace has is read before anything is sent anew")
    }
}

struct Session {
    credentials: Secret,
    renewed: bool,
    /// How often nobody was there.
    absent: u32,
    deadline: Timestamp,
}

enum Attempt {
    Answered(Response),
    Again { after: Option<Duration>, why: String },
}

impl Port for Host<'_> {
    fn send(&self, request: Request) -> Result<Response> {
        let deadline = self.clock.now().checked_add(self.patience).unwrap_or(Timestamp::MAX);
        let mut session = Session { credentials: self.credentials(deadline)?, renewed: false, absent: 0, deadline };
        let mut attempt = 1;
        loop {
            self.take_token(request.operation, deadline)?;
            match self.attempt(&request, &mut session)? {
                Attempt::Answered(response) => return Ok(response),
                Attempt::Again { why, .. } if attempt == ATTEMPTS_MAX || session.absent == ABSENT_MAX => {
                    return Err(self.unavailable(&why, None));
                }
                Attempt::Again { after, why } => {
                    let wait = after.unwrap_or_else(|| self.backoff(attempt, &request));
                    self.wait(wait, deadline, &why)?;
                    attempt += 1;
                }
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
