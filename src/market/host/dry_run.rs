//! What would be sent, without sending it.
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use super::exchange::Sent;
use crate::diagnostic::Result;
use crate::market::{Method, Port, Request, Response};

/// Lets reads through and withholds writes, which it lists.
pub struct DryRun<'a> {
    port: &'a dyn Port,
    withheld: Mutex<Vec<Withheld>>,
}

/// A write that was not sent; secrets and personal data in its body are blanked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Withheld {
    pub method: Method,
    pub path: String,
    pub body: String,
}

impl<'a> DryRun<'a> {
    pub fn over(port: &'a dyn Port) -> Self {
        DryRun { port, withheld: Mutex::default() }
    }

    /// What was withheld so far, in order.
    pub fn withheld(&self) -> Vec<Withheld> {
        self.withheld.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Port for DryRun<'_> {
    fn send(&self, request: Request) -> Result<Response> {
        if request.reads {
            return self.port.send(request);
        }
        let sent = Sent::of(&request, &[]);
        let withheld = Withheld { method: sent.method, path: sent.path, body: sent.body.to_text() };
        self.withheld.lock().unwrap_or_else(PoisonError::into_inner).push(withheld);
        Ok(Response::withheld())
    }

    fn now(&self) -> Timestamp {
        self.port.now()
    }
}
