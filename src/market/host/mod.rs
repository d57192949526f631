//! What every connector runs on: HTTP, clock, credentials, limits, retry, dry run and recording, in layers that can each
//! be replaced in a test.
//!
//! | layer | what it adds |
//! |---|---|
//! | [`DryRun`] | a [`Port`](super::Port) that lets reads through and lists writes instead of sending them |
//! | [`Host`] | the [`Port`](super::Port) itself: waits for a token of the bucket, signs, sends, has the connector classify, tries again |
//! | [`Recorder`] | a [`Transport`] that keeps every exchange as a file, without secrets and personal data |
//! | [`Http`], `Folder`, `Sftp`, [`Replay`] | the [`Transport`]s at the bottom: the network, a folder here or on a server, a recording |
mod clock;
mod dry_run;
mod exchange;
mod folder;
mod http;
mod limits;
mod login;
mod record;
mod redact;
mod replay;
mod send;
mod sftp;
mod tokens;

pub use clock::{Clock, FileClock, SystemClock};
pub use dry_run::{DryRun, Withheld};
pub use http::Http;
pub use limits::{BucketStore, MemoryBuckets};
pub use login::Invitation;
pub use record::Recorder;
pub use replay::Replay;
pub use send::Host;
pub use tokens::{MemoryTokens, TokenStore, Tokens};

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Request, Response, Secret};
use crate::diagnostic::Result;

/// Whether an address is a folder, where files are carried, and not a marketplace's server.
pub fn is_folder(address: &str) -> bool {
    address.starts_with(folder::SCHEME) || address.starts_with(sftp::SCHEME)
}

/// Carries one request, as it is, once.
pub trait Transport: Send + Sync {
    /// # Errors
    /// Only what is wrong on our side; that no answer came is an [`Outcome`].
    fn exchange(&self, request: &Request) -> Result<Outcome>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn exchange(&self, request: &Request) -> Result<Outcome> {
        (**self).exchange(request)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Answered(Response),
    Lost(Lost),
}

/// No whole answer came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Whether the request may have arrived, and been done.
    pub arrived: bool,
    pub why: String,
}

/// Where an account's key comes from. Access tokens that are bought with it are the [`TokenStore`]'s.
pub trait Keyring: Send + Sync {
    fn current(&self) -> Result<Secret>;

    /// Better credentials than `stale`, which was refused; `None` when there are no others.
    fn renew(&self, stale: &Secret) -> Result<Option<Secret>>;
}

/// A key that does not change.
impl Keyring for Secret {
    fn current(&self) -> Result<Secret> {
        Ok(self.clone())
    }

    fn renew(&self, _stale: &Secret) -> Result<Option<Secret>> {
        Ok(None)
    }
}
