//! Letting purvey in: a person gives leave at the marketplace, and what it buys is kept before it is used.
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use ring::rand::SecureRandom;
use serde::Deserialize;
use url::Url;

use super::tokens::reason;
use super::{Host, Outcome};
use crate::diagnostic::{Error, Kind, Result};
use crate::market::{Door, Grant, Leave, Secret};

/// Of a code that does not say how long it is good for.
const CODE_SECONDS: i64 = 600;
/// Between two questions, where the marketplace names no time (RFC 8628, section 3.2), and what "slow down" adds to it.
const INTERVAL: u64 = 5;
const INTERVAL_MAX: u64 = 60;

/// What a person has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invitation {
    /// Open the address, type the code in, and say yes. `whole` has the code in it.
    Code { address: String, code: String, whole: Option<String>, seconds: i64 },
    /// Open the address and say yes; then give back the address it led to, or the code in it.
    Page { address: String },
}

/// RFC 8628, section 3.2.
#[derive(Deserialize)]
struct Device {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: Option<i64>,
    interval: Option<u64>,
}

impl Host<'_> {
    /// Signs in anew; `ask` tells a person what to do, and gives back what a page led to.
    ///
    /// # Errors
    /// `market/no-login` where a key is all it takes; `market/credentials` when the person or the marketplace says no;
    /// `market/unavailable` when nobody does anything.
    pub fn log_in(&self, ask: &mut dyn FnMut(&Invitation) -> Result<Option<String>>) -> Result<()> {
        let key = self.keyring.current()?;
        let verifier = verifier()?;
        match self.connector.door(&key, &verifier)? {
            None => Err(Error::usage("market/no-login", format!("{} needs no sign-in", self.account))
                .help("its key is all it takes: see the README for where it stands")),
            Some(Door::Device(request)) => {
                let device: Device = match self.transport.exchange(&request)? {
                    Outcome::Answered(response) if response.status < 300 => response.json()?,
                    Outcome::Answered(response) => {
                        return Err(self.refused(&format!("asking for a code failed with {}", reason(&response))));
                    }
                    Outcome::Lost(lost) => return Err(self.unavailable(&lost.why, None)),
                };
                self.wait_for_leave(&key, &device, ask)
            }
            Some(Door::Page(address)) => {
                let given = ask(&Invitation::Page { address })?.unwrap_or_default();
                let code = code_in(&given)?;
                let leave = Leave::Code { code: &code, verifier: &verifier };
                match self.transport.exchange(&self.sign_in_with(&key, leave)?)? {
                    Outcome::Answered(response) if response.status < 300 => {
                        self.keep(&key, self.connector.bought(&response)?)
                    }
                    Outcome::Answered(response) => {
                        Err(self.refused(&format!("signing in failed with {}", reason(&response))))
                    }
                    Outcome::Lost(lost) => Err(self.unavailable(&lost.why, None)),
                }
            }
        }
    }

    /// Asks until the person has said yes or no.
    fn wait_for_leave(
        &self,
        key: &Secret,
        device: &Device,
        ask: &mut dyn FnMut(&Invitation) -> Result<Option<String>>,
    ) -> Result<()> {
        let seconds = device.expires_in.filter(|seconds| *seconds > 0).unwrap_or(CODE_SECONDS);
        let deadline =
            self.clock.now().saturating_add(SignedDuration::from_secs(seconds)).unwrap_or_else(|_| self.clock.now());
        ask(&Invitation::Code {
            address: device.verification_uri.clone(),
            code: device.user_code.clone(),
            whole: device.verification_uri_complete.clone(),
            seconds,
        })?;
        let mut interval = device.interval.unwrap_or(INTERVAL).clamp(1, INTERVAL_MAX);
        loop {
            self.wait(Duration::from_secs(interval), deadline, "nobody let purvey in")?;
            match self.transport.exchange(&self.sign_in_with(key, Leave::Device(&device.device_code))?)? {
                Outcome::Answered(response) if response.status < 300 => {
                    return self.keep(key, self.connector.bought(&response)?);
                }
                Outcome::Answered(response) if response.status < 500 => match reason(&response).as_str() {
                    "authorization_pending" => {}
                    "slow_down" | "status 429" => interval = (interval + INTERVAL).min(INTERVAL_MAX),
                    "access_denied" => return Err(self.refused("leave was not given")),
                    other => return Err(self.refused(&format!("signing in failed with {other}"))),
                },
                // it may stumble: the code is good for a while
                Outcome::Answered(_) | Outcome::Lost(_) => {}
            }
        }
    }

    fn sign_in_with(&self, key: &Secret, leave: Leave<'_>) -> Result<crate::market::Request> {
        let grant = Grant { key, refresh_token: None, leave: Some(leave), now: self.clock.now() };
        self.connector.sign_in(&grant)?.ok_or_else(|| Error::bug("a marketplace forgot its tokens"))
    }
}

/// The proof that who asks for the leave is who uses it (RFC 7636).
fn verifier() -> Result<String> {
    let mut bytes = [0; 32];
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(|_| Error::bug("this machine has no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// An address with a code in it, or the code alone.
fn code_in(given: &str) -> Result<String> {
    let given = given.trim();
    let none = |message: &str| {
        Error::new(Kind::Credentials, "market/credentials", message.to_owned())
            .help("run it again, and paste the whole address that the page led to")
    };
    let Ok(address) = Url::parse(given) else {
        return if given.is_empty() { Err(none("no code was given")) } else { Ok(given.to_owned()) };
    };
    let named =
        |name: &str| address.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    match (named("code"), named("error")) {
        (Some(code), _) => Ok(code),
        (None, Some(_)) => Err(none("leave was not given")),
        (None, None) => Err(none("the address has no code in it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_pasted_alone_or_in_its_address() {
        let of = |text| code_in(text).map_err(|error| error.code);
        assert_eq!(of(" v^1.1#i^1 "), Ok("v^1.1#i^1".to_owned()));
        assert_eq!(of("https://shop.example/back?state=x&code=v%5E1.1%23i\n"), Ok("v^1.1#i".to_owned()));
        for wrong in ["", "https://shop.example/back", "https://shop.example/back?error=access_denied"] {
            assert_eq!(of(wrong), Err("market/credentials"), "{wrong}");
        }
    }

    #[test]
    fn every_verifier_is_another_of_the_length_that_is_asked_for() {
        let (one, other) = (verifier().unwrap(), verifier().unwrap());
        assert!(one != other && one.len() == 43, "{one}");
    }
}
