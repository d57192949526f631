//! What became of a write. It takes some seconds, so it is waited for, by a limit of our own on the asking; what takes
//! longer is of unknown outcome, and found out about at the next run.
use serde::Deserialize;
use serde_json::json;

use super::{Bol, get, write};
use crate::diagnostic::{Error, Kind, Result};
use crate::market::faults::rejected;
use crate::market::{Method, Port, Request};

pub(super) const OPERATION: &str = "process-status";
/// About a minute.
const ASKED_MAX: usize = 20;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Process {
    pub process_status_id: Option<String>,
    /// What was made, once something was.
    pub entity_id: Option<String>,
    pub status: String,
    pub error_message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Processes {
    #[serde(default)]
    process_statuses: Vec<Process>,
}

impl Process {
    pub fn is_pending(&self) -> bool {
        self.status == "PENDING"
    }

    /// Why it failed; `None` when it did not.
    pub fn failure(&self) -> Option<String> {
        let why = || self.error_message.clone().unwrap_or_else(|| format!("it ended in {}", self.status));
        (!matches!(self.status.as_str(), "SUCCESS" | "PENDING")).then(why)
    }
}

impl Bol {
    /// Sends a write and waits for its end; `None` in a dry run.
    pub(super) fn carry_out(&self, port: &dyn Port, request: Request) -> Result<Option<Process>> {
        let answer = port.send(request)?;
        if answer.is_withheld() {
            return Ok(None);
        }
        let mut process: Process = answer.json()?;
        for _ in 0..ASKED_MAX {
            if let Some(why) = process.failure() {
                return Err(rejected(why));
            }
            if !process.is_pending() {
                return Ok(Some(process));
            }
            let id =
                process.process_status_id.as_deref().ok_or_else(|| rejected("the write was taken under no number"))?;
            process = port.send(get(OPERATION, &["shared", "process-status", id])?)?.json()?;
        }
        let message = "bol took it, and has not said yet what became of it";
        Err(Error::new(Kind::Unavailable, "market/outcome-unknown", message)
            .help("run it again: what the marketplace has is read before anything is sent anew"))
    }

    /// Those that bol still knows.
    pub(super) fn processes(&self, port: &dyn Port, ids: &[&str]) -> Result<Vec<Process>> {
        let queries: Vec<_> = ids.iter().map(|id| json!({ "processStatusId": id })).collect();
        let body = json!({ "processStatusQueries": queries });
        let request = write(Method::Post, OPERATION, &["shared", "process-status"], body)?.reading();
        port.send(request)?.json().map(|told: Processes| told.process_statuses)
    }
}
