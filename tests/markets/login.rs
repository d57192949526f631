//! Letting purvey in, against exchanges written from the marketplaces' documents.
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use purvey::diagnostic::{Kind, Result};
use purvey::market::host::{Clock, Host, Invitation, MemoryTokens, Outcome, Replay, TokenStore, Tokens, Transport};
use purvey::market::{self, Account, Request, Response, Secret};

use super::session::Dream;

struct Kept(Arc<MemoryTokens>);

impl TokenStore for Kept {
    fn change(&self, work: &mut dyn FnMut(Option<Tokens>) -> Result<Option<Tokens>>) -> Result<()> {
        self.0.change(work)
    }
}

fn account(marketplace: &str) -> Account {
    let mut account = Account::new(marketplace, "https://nowhere.example", Secret::new("an-id:a-secret"));
    account.shop_id = Some("7".to_owned());
    account
}

#[test]
fn a_code_is_shown_and_asked_for_until_it_was_typed_in() {
    let account = account("allegro");
    let connector = market::connector("allegro", &account).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/markets/allegro/login");
    let (clock, tokens) = (Dream::new(), Arc::new(MemoryTokens::default()));
    let replay = Replay::open(&folder).unwrap();
    let host = Host::new(&*connector, &account).unwrap().transport(|_| Ok(Box::new(replay))).unwrap();
    let host = host.clock(clock.clone()).tokens(Kept(tokens.clone()));
    let mut shown = Vec::new();
    host.log_in(&mut |invitation| {
        shown.push(invitation.clone());
        Ok(None)
    })
    .unwrap();
    let [Invitation::Code { code, whole, seconds, .. }] = shown.as_slice() else { panic!("{shown:?}") };
    assert_eq!((code.as_str(), *seconds), ("cbt3zdu4g", 3600));
    assert_eq!(whole.as_deref(), Some("https://allegro.pl/skojarz-aplikacje?code=cbt3zdu4g"));
    // twice every five seconds, then, slowed down, twice every ten
    assert_eq!(clock.slept(), Duration::from_secs(30));
    // what was bought is kept, and used; and the refresh token buys the next, though purvey.toml has none
    assert_eq!(connector.order(&host, "gone").unwrap(), None);
    clock.sleep(Duration::from_secs(43_199));
    assert_eq!(connector.order(&host, "gone").unwrap(), None);
    tokens
        .change(&mut |kept| {
            let kept = kept.unwrap();
            assert_eq!((kept.access.reveal(), kept.refresh.as_ref().unwrap().reveal()), ("another", "next"));
            Ok(None)
        })
        .unwrap();
}

/// Answers one sign-in with what the test says.
struct Seller(u16, &'static str);

impl Transport for Seller {
    fn exchange(&self, request: &Request) -> Result<Outcome> {
        let bought = request.path.ends_with("/token");
        let (status, body) = match bought {
            true => (self.0, self.1),
            false => {
                (200, r#"{"device_code":"d","user_code":"u","verification_uri":"https://m.example","expires_in":12}"#)
            }
        };
        Ok(Outcome::Answered(Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() }))
    }
}

fn log_in(marketplace: &str, options: &[(&str, &str)], seller: Seller, pasted: &str) -> (Result<()>, Vec<Invitation>) {
    let mut account = account(marketplace);
    account.options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let connector = market::connector(marketplace, &account).unwrap();
    let host =
        Host::new(&*connector, &account).unwrap().transport(|_| Ok(Box::new(seller))).unwrap().clock(Dream::new());
    let mut shown = Vec::new();
    let done = host.log_in(&mut |invitation| {
        shown.push(invitation.clone());
        Ok(Some(pasted.to_owned()))
    });
    (done, shown)
}

#[test]
fn a_no_an_end_of_patience_and_a_marketplace_without_doors_are_told() {
    for (status, body, kind) in [
        (400, r#"{"error":"access_denied"}"#, Kind::Credentials),
        (400, r#"{"error":"expired_token"}"#, Kind::Credentials),
        (400, r#"{"error":"authorization_pending"}"#, Kind::Unavailable),
    ] {
        let (done, _) = log_in("allegro", &[], Seller(status, body), "");
        assert_eq!(done.unwrap_err().kind, kind, "{body}");
    }
    let (done, _) = log_in("woocommerce", &[], Seller(200, "{}"), "");
    assert_eq!(done.unwrap_err().code, "market/no-login");
}

#[test]
fn a_page_leads_to_an_address_with_a_code() {
    const SOLD: &str = r#"{"access_token":"a","refresh_token":"r","expires_in":7200}"#;
    for (marketplace, parts) in [
        ("ebay", &["https://auth.ebay.com/oauth2/authorize?client_id=an-id&redirect_uri=R", "sell.finances"][..]),
        ("etsy", &["https://www.etsy.com/oauth/connect?", "client_id=an-id", "code_challenge_method=S256"][..]),
    ] {
        let options = [("redirect_uri", "R")];
        let (done, shown) = log_in(marketplace, &options, Seller(200, SOLD), "https://shop.example/?code=c\n");
        done.unwrap();
        let [Invitation::Page { address }] = shown.as_slice() else { panic!("{shown:?}") };
        assert!(parts.iter().all(|part| address.contains(part)), "{address}");
        assert!(!address.contains("a-secret"), "{address}");
        let (done, _) = log_in(marketplace, &options, Seller(200, SOLD), "https://shop.example/?error=access_denied");
        assert_eq!(done.unwrap_err().kind, Kind::Credentials);
        let (done, _) = log_in(marketplace, &[], Seller(200, SOLD), "c");
        assert_eq!(done.unwrap_err().code, "market/no-option");
    }
}
