//! Access tokens: bought with the account's key, kept until most of their life is over, renewed once when refused.
//!
//! Whoever buys one holds the store's lock, and the token is kept before it is used: a refresh token may be good for one
//! use only, and then the answer that replaces it is all there is.
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use super::{Host, Outcome};
use crate::diagnostic::{Error, Result};
use crate::market::{Bought, Grant, Response, Secret};

/// Of a token that does not say how long it lives.
const LIFE: i64 = 600;
/// Tokens are renewed when this much of their life is over, so that none ends in the middle of a run.
const USED_PERCENT: i64 = 80;
const ATTEMPTS_MAX: u32 = 4;

/// What an account has bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    pub access: Secret,
    pub renew_at: Timestamp,
    /// The newest one, where the marketplace replaces it.
    pub refresh: Option<Secret>,
    /// Fingerprint of the key and refresh token that the merchant gave: with others, these tokens are nobody's.
    pub given: u64,
}

/// Keeps an account's tokens between requests and runs.
pub trait TokenStore: Send + Sync {
    /// Runs `work` on what is kept, while nobody else does, and keeps what it returns before returning itself.
    fn change(&self, work: &mut dyn FnMut(Option<Tokens>) -> Result<Option<Tokens>>) -> Result<()>;
}

/// Forgets with the process.
#[derive(Debug, Default)]
pub struct MemoryTokens(Mutex<Option<Tokens>>);

impl TokenStore for MemoryTokens {
    fn change(&self, work: &mut dyn FnMut(Option<Tokens>) -> Result<Option<Tokens>>) -> Result<()> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(new) = work(kept.clone())? {
            *kept = Some(new);
        }
        Ok(())
    }
}

/// RFC 6749, section 5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Host<'_> {
    /// What requests are signed with: the key, or a token bought with it.
    pub(super) fn credentials(&self, deadline: Timestamp) -> Result<Secret> {
        let key = self.keyring.current()?;
        Ok(self.token(&key, None, deadline)?.unwrap_or(key))
    }

    /// Others than `stale`, which were refused; `None` when there are none.
    pub(super) fn renew(&self, stale: &Secret, deadline: Timestamp) -> Result<Option<Secret>> {
        match self.token(&self.keyring.current()?, Some(stale), deadline)? {
            Some(token) => Ok(Some(token)),
            None => self.keyring.renew(stale),
        }
    }

    /// The token in force; `None` where the marketplace has none.
    fn token(&self, key: &Secret, stale: Option<&Secret>, deadline: Timestamp) -> Result<Option<Secret>> {
        let grant = Grant { key, refresh_token: self.refresh_token.as_ref(), leave: None, now: self.clock.now() };
        // one without refresh token may have been given one when the merchant let purvey in
        if matches!(self.connector.sign_in(&grant), Ok(None)) {
            return Ok(None);
        }
        let given = self.fingerprint(key);
        let mut token = None;
        self.tokens.change(&mut |kept| {
            let kept = kept.filter(|kept| kept.given == given);
            if let Some(kept) = &kept
                && kept.renew_at > self.clock.now()
                && Some(&kept.access) != stale
            {
                token = Some(kept.access.clone());
                return Ok(None);
            }
            let newest = kept.and_then(|kept| kept.refresh).or_else(|| self.refresh_token.clone());
            let bought =
                self.buy(&Grant { refresh_token: newest.as_ref(), now: self.clock.now(), ..grant }, deadline)?;
            let new = self.tokens_of(bought, newest, given);
            token = Some(new.access.clone());
            Ok(Some(new))
        })?;
        Ok(token)
    }

    fn tokens_of(&self, bought: Bought, refresh: Option<Secret>, given: u64) -> Tokens {
        let life = bought.expires_in.filter(|seconds| *seconds > 0).unwrap_or(LIFE);
        let usable = SignedDuration::from_secs(life.saturating_mul(USED_PERCENT) / 100);
        Tokens {
            access: Secret::new(bought.access_token),
            renew_at: self.clock.now().saturating_add(usable).unwrap_or(Timestamp::MAX),
            refresh: bought.refresh_token.map(Secret::new).or(refresh),
            given,
        }
    }

    /// Keeps what leave has bought, in place of all that was kept.
    pub(super) fn keep(&self, key: &Secret, bought: Bought) -> Result<()> {
        let new = self.tokens_of(bought, None, self.fingerprint(key));
        self.tokens.change(&mut |_| Ok(Some(new.clone())))
    }

    fn fingerprint(&self, key: &Secret) -> u64 {
        let refresh = self.refresh_token.as_ref().map_or("", Secret::reveal);
        xxh3_64(format!("{}\n{refresh}", key.reveal()).as_bytes())
    }

    fn buy(&self, grant: &Grant<'_>, deadline: Timestamp) -> Result<Bought> {
        let request = self.connector.sign_in(grant)?.ok_or_else(|| Error::bug("a marketplace forgot its tokens"))?;
        let mut attempt = 1;
        loop {
            let (why, wait) = match self.transport.exchange(&request)? {
                Outcome::Answered(response) if response.status < 300 => return self.connector.bought(&response),
                Outcome::Answered(response) if response.status < 500 && response.status != 429 => {
                    return Err(self.refused(&format!("signing in failed with {}", reason(&response))));
                }
                Outcome::Answered(response) => {
                    (format!("signing in answered {}", response.status), response.retry_after())
                }
                Outcome::Lost(lost) => (lost.why, None),
            };
            if attempt == ATTEMPTS_MAX {
                return Err(self.unavailable(&why, wait));
            }
            self.wait(wait.unwrap_or_else(|| self.backoff(attempt, &request)), deadline, &why)?;
            attempt += 1;
        }
    }
}

/// The code alone: a description may repeat what was sent.
pub(super) fn reason(response: &Response) -> String {
    let code = serde_json::from_slice(&response.body).map(|refusal: Refusal| refusal.error);
    code.ok().filter(|code| code.len() <= 60).unwrap_or_else(|| format!("status {}", response.status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Kind;
    use crate::market::host::{Clock, Lost, Transport};
    use crate::market::*;
    use crate::order::Order;
    use std::sync::Arc;
    use std::time::Duration;

    /// Buys tokens with a refresh token, and shows them.
    struct Shown;

    impl Connector for Shown {
        fn describe(&self) -> Capabilities {
            Capabilities {
                overlap: Duration::ZERO,
                settle: Duration::ZERO,
                shipments: Granularity::Order,
                several_parcels: false,
                acknowledge: Acknowledge::Never,
                pickup: false,
                cancel: false,
                batch_max: 0,
                stock_per_location: false,
                limits: &[],
            }
        }

        fn sign_in(&self, grant: &Grant<'_>) -> Result<Option<Request>> {
            let refresh = grant.refresh_token.map_or("", Secret::reveal);
            let form = vec![("refresh_token".to_owned(), refresh.to_owned())];
            let request = Request::new(Method::Post, "sign-in", &["token"])?.body(Body::Form(form));
            Ok(Some(request.elsewhere("https://login.example")))
        }

        fn authorize(&self, request: &mut Request, credentials: &Secret, _now: Timestamp) -> Result<()> {
            request.headers.push(("authorization".to_owned(), credentials.reveal().to_owned()));
            Ok(())
        }

        fn pull(&self, _: &dyn Port, _: &PullFrom) -> Result<OrderPage> {
            Err(Error::bug("not asked for"))
        }

        fn order(&self, _: &dyn Port, _: &str) -> Result<Option<Order>> {
            Ok(None)
        }

        fn parcels(&self, _: &dyn Port, _: &str) -> Result<Vec<Parcel>> {
            Ok(Vec::new())
        }

        fn ship(&self, _: &dyn Port, _: &Parcel) -> Result<Receipt> {
            Ok(Receipt::Done)
        }

        fn classify(&self, response: &Response) -> Verdict {
            if response.status == 401 { Verdict::Reauthenticate } else { Verdict::Ok }
        }
    }

    /// Sells token after token, each for the refresh token before it, and lets only the newest in.
    #[derive(Default)]
    struct Door {
        sold: Mutex<u32>,
        /// Answers of the seller that go wrong first.
        troubles: Mutex<Vec<Outcome>>,
        /// What was shown at the account's own address.
        shown: Mutex<Vec<String>>,
    }

    impl Transport for Door {
        fn exchange(&self, request: &Request) -> Result<Outcome> {
            let mut sold = self.sold.lock().unwrap();
            let answer = |status, body: String| {
                Ok(Outcome::Answered(Response { status, headers: Vec::new(), body: body.into_bytes() }))
            };
            let shown = request.headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value);
            if request.base.is_some() {
                assert_eq!(shown, None, "credentials went elsewhere");
                if let Some(trouble) = self.troubles.lock().unwrap().pop() {
                    return Ok(trouble);
                }
                if request.body != Body::Form(vec![("refresh_token".to_owned(), format!("r{sold}"))]) {
                    return answer(400, r#"{"error":"invalid_grant"}"#.to_owned());
                }
                *sold += 1;
                return answer(
                    200,
                    format!(r#"{{"access_token":"a{sold}","expires_in":100,"refresh_token":"r{sold}"}}"#),
                );
            }
            let shown = shown.cloned().unwrap_or_default();
            let good = shown == format!("a{sold}");
            self.shown.lock().unwrap().push(shown);
            answer(if good { 200 } else { 401 }, String::new())
        }
    }

    struct Still(Mutex<Timestamp>);

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }

        fn sleep(&self, how_long: Duration) {
            *self.0.lock().unwrap() += how_long;
        }
    }

    impl TokenStore for Arc<MemoryTokens> {
        fn change(&self, work: &mut dyn FnMut(Option<Tokens>) -> Result<Option<Tokens>>) -> Result<()> {
            (**self).change(work)
        }
    }

    struct Scene {
        door: Arc<Door>,
        clock: Arc<Still>,
        tokens: Arc<MemoryTokens>,
    }

    impl Scene {
        fn new() -> Self {
            let clock = Arc::new(Still(Mutex::new("2026-11-25T09:00:00Z".parse().unwrap())));
            Scene { door: Arc::default(), clock, tokens: Arc::default() }
        }

        fn host(&self, refresh: &str) -> Host<'static> {
            let account = Account {
                refresh_token: Some(Secret::new(refresh)),
                ..Account::new("m", "https://m.example", Secret::new("id:secret"))
            };
            let door = self.door.clone();
            let host = Host::new(&Shown, &account).unwrap().transport(|_| Ok(Box::new(door))).unwrap();
            host.clock(self.clock.clone()).tokens(self.tokens.clone())
        }

        fn sold(&self) -> u32 {
            *self.door.sold.lock().unwrap()
        }
    }

    fn read() -> Request {
        Request::get("any", &["orders"]).unwrap()
    }

    #[test]
    fn a_token_serves_until_most_of_its_life_is_over_and_outlives_the_run() {
        let scene = Scene::new();
        for (seconds, sold) in [(0, 1), (79, 1), (2, 2)] {
            scene.clock.sleep(Duration::from_secs(seconds));
            scene.host("r0").send(read()).unwrap();
            assert_eq!(scene.sold(), sold);
        }
        assert_eq!(*scene.door.shown.lock().unwrap(), ["a1", "a1", "a2"]);
    }

    #[test]
    fn a_refused_token_is_renewed_once() {
        let scene = Scene::new();
        let host = scene.host("r0");
        host.send(read()).unwrap();
        // somebody else's run bought the next one, which ends ours
        *scene.door.sold.lock().unwrap() = 5;
        let refused = host.send(read()).unwrap_err();
        assert_eq!((refused.code, refused.kind), ("market/credentials", Kind::Credentials));
        assert!(refused.message.contains("invalid_grant"), "{}", refused.message);
        // the merchant signs in again: the old tokens no longer count
        scene.host("r5").send(read()).unwrap();
        assert_eq!(scene.sold(), 6);
    }

    #[test]
    fn the_seller_of_tokens_may_stumble() {
        let scene = Scene::new();
        let busy = Outcome::Answered(Response { status: 503, headers: Vec::new(), body: Vec::new() });
        let lost = Outcome::Lost(Lost { arrived: false, why: "no connection".to_owned() });
        *scene.door.troubles.lock().unwrap() = vec![busy.clone(), lost];
        scene.host("r0").send(read()).unwrap();
        *scene.door.troubles.lock().unwrap() = vec![busy; 9];
        let away = Scene { tokens: Arc::default(), ..scene }.host("r1").send(read()).unwrap_err();
        assert_eq!((away.code, away.kind), ("market/unavailable", Kind::Unavailable));
    }

    #[test]
    fn runs_at_the_same_time_buy_one_token() {
        let scene = Scene::new();
        std::thread::scope(|threads| {
            for _ in 0..8 {
                let host = scene.host("r0");
                threads.spawn(move || host.send(read()).unwrap());
            }
        });
        assert_eq!(scene.sold(), 1);
    }
}
