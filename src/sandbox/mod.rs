//! A stateful marketplace on loopback, to try things on and to be wrong on purpose.
//!
//! It speaks the part of the Mirakl seller API (MMP) that a seller's tool needs, from the published OpenAPI document:
//! orders and their acceptance, shipments and tracking, cancelations, carriers, stock, price and offer imports. Beside it,
//! under their own paths, it speaks what a seller's tool needs of WooCommerce and of eBay: the same orders, in other
//! words. It shares no code with purvey's own connectors, so that it can judge them. `/_sandbox/*` is its own control
//! panel.
//!
//! | file | what it holds |
//! |---|---|
//! | `model`, `market`, `offers` | the truth: orders, shipments, stock and prices, and what may happen to them |
//! | `mirakl`, `wire` | the Mirakl seller API: its routes, and the shapes of its answers |
//! | `woocommerce`, `ebay` | the other dialects |
//! | `answer`, `listing` | what the dialects share: reading questions, pages of orders |
//! | `gate`, `faults` | what happens to every call; what goes wrong on purpose |
//! | `socket`, `doorstep` | cutting a connection short, and holding a request back |
//! | `judge` | what the client did wrong |
//! | `control` | placing orders, paying, canceling, changing faults while it runs |
//! | `clock`, `money` | time and amounts, each in one place |
mod answer;
mod clock;
mod control;
mod doorstep;
mod ebay;
mod faults;
mod gate;
mod judge;
mod listing;
mod market;
mod mirakl;
mod model;
mod money;
mod offers;
mod socket;
#[cfg(test)]
mod tests;
mod wire;
mod woocommerce;

pub use faults::{CallLimit, Faults, Mishap};
pub use judge::{Logged, Verdict, Violation};
pub use model::*;
pub use offers::{Discount, Import, ImportKind, Offer};

use crate::diagnostic::{Error, Kind, Result};
use crate::market::host::FileClock;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use clock::Clock;
use doorstep::Doorstep;
use faults::Dice;
use jiff::Timestamp;
use judge::Judge;
use market::{Market, Refusal};
use serde::Serialize;
use socket::{CuttableListener, Scissors};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use tokio::runtime::Runtime;

#[derive(Debug, Clone)]
pub struct Options {
    /// A loopback address; port 0 takes any free port.
    pub addr: SocketAddr,
    /// What the `Authorization` header must hold; in other dialects than Mirakl's, user and password or client id and
    /// secret, with a colon between them.
    pub api_key: String,
    /// Decides when faults strike.
    pub seed: u64,
    pub faults: Faults,
    /// A clock that stands still until it is advanced; the machine's clock when absent.
    pub now: Option<Timestamp>,
    /// A clock that its clients look at too, before any other.
    pub clock: Option<FileClock>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            addr: (Ipv4Addr::LOCALHOST, 0).into(),
            api_key: "sandbox-key".to_owned(),
            seed: 0,
            faults: Faults::default(),
            now: None,
            clock: None,
        }
    }
}

/// A running marketplace; it stops when dropped.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

/// Everything the marketplace knows at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct Snapshot {
    pub now: Timestamp,
    pub orders: Vec<Order>,
    pub shipments: Vec<Shipment>,
    pub offers: BTreeMap<String, Offer>,
    pub imports: Vec<Import>,
}

impl Snapshot {
    pub fn order(&self, id: &str) -> Option<&Order> {
        self.orders.iter().find(|order| order.id == id)
    }
}

#[derive(Debug)]
struct Shared {
    api_key: String,
    inner: Mutex<Inner>,
    doorstep: Doorstep,
}

#[derive(Debug)]
struct Inner {
    market: Market,
    judge: Judge,
    dice: Dice,
    faults: Faults,
    notes: woocommerce::Notes,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn place(&mut self, orders: Vec<OrderSpec>) -> std::result::Result<Vec<String>, Refusal> {
        let place = |spec| {
            let late = self.dice.is_late(&self.faults);
            self.market.place(spec, late)
        };
        orders.into_iter().map(place).collect()
    }

    fn set_faults(&mut self, faults: Faults) -> std::result::Result<(), Refusal> {
        faults.check()?;
        self.dice.refill(&faults);
        self.faults = faults;
        Ok(())
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            now: self.market.clock.now(),
            orders: self.market.orders.values().cloned().collect(),
            shipments: self.market.shipments.clone(),
            offers: self.market.offers.by_sku.clone(),
            imports: self.market.offers.imports.clone(),
        }
    }

    fn verdict(&self) -> Verdict {
        self.judge.verdict(&self.market, self.dice.spent)
    }
}

impl Sandbox {
    /// Binds the address and serves in the background.
    ///
    /// # Errors
    /// `sandbox/address` when the address is not loopback, in use, or refused by the system; `sandbox/faults` when a
    /// probability is not from 0 to 1.
    pub fn start(options: Options) -> Result<Sandbox> {
        options.faults.check().map_err(|refusal| {
            Error::usage("sandbox/faults", refusal.message).help("0 is never, 1 is every time, 0.1 is one in ten")
        })?;
        if !options.addr.ip().is_loopback() {
            let message = format!("the sandbox does not listen on {}", options.addr);
            return Err(Error::usage("sandbox/address", message)
                .help("choose a loopback address such as 127.0.0.1: whoever reaches the sandbox can change it"));
        }
        let listener = TcpListener::bind(options.addr).map_err(|e| cannot_listen(options.addr, e))?;
        let addr = listener.local_addr().map_err(|e| cannot_listen(options.addr, e))?;
        listener.set_nonblocking(true).map_err(|e| cannot_listen(addr, e))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("sandbox")
            .enable_all()
            .build()
            .map_err(|e| cannot_listen(addr, e))?;
        let dice = Dice::new(options.seed, &options.faults);
        let market = Market::new(Clock::new(options.now, options.clock));
        let inner = Inner { market, judge: Judge::default(), dice, faults: options.faults, notes: Default::default() };
        let shared =
            Arc::new(Shared { api_key: options.api_key, inner: Mutex::new(inner), doorstep: Doorstep::default() });
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(|e| cannot_listen(addr, e))?
        };
        let app = seller_apis(&shared)
            .merge(control::routes(shared.clone()))
            .into_make_service_with_connect_info::<Scissors>();
        // `serve` ends with the runtime only; a connection's own failure does not end it.
        runtime.spawn(async move { axum::serve(CuttableListener(listener), app).await });
        Ok(Sandbox { addr, shared, runtime: Some(runtime) })
    }

    /// The base address, such as `http://127.0.0.1:41234`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Places orders as buyers would; gives their identifiers.
    ///
    /// # Errors
    /// `sandbox/order` when an order has no lines, a line no units, or an identifier is taken; earlier ones stay.
    pub fn place(&self, orders: Vec<OrderSpec>) -> Result<Vec<String>> {
        self.shared.lock().place(orders).map_err(refused)
    }

    /// The buyer cancels an order that has not left.
    pub fn cancel(&self, order: &str) -> Result<()> {
        self.shared.lock().market.cancel(order).map_err(refused)
    }

    /// The buyer pays an order that waits for it.
    pub fn pay(&self, order: &str) -> Result<()> {
        self.shared.lock().market.pay(order).map_err(refused)
    }

    /// The buyer receives, or collects, an order.
    pub fn receive(&self, order: &str) -> Result<()> {
        self.shared.lock().market.receive(order).map_err(refused)
    }

    /// Replaces the faults; the count of those that struck goes on.
    pub fn set_faults(&self, faults: Faults) -> Result<()> {
        self.shared.lock().set_faults(faults).map_err(refused)
    }

    /// Moves the clock forward, as a client that only pretends to wait would have it.
    pub fn advance(&self, seconds: u32) {
        self.shared.lock().market.clock.advance(seconds);
    }

    /// How many requests are held back, see [`Faults::hold_before`].
    pub fn held(&self) -> usize {
        self.shared.doorstep.waiting()
    }

    /// Lets them go: their connections are cut.
    pub fn release(&self) {
        self.shared.doorstep.release();
    }

    pub fn state(&self) -> Snapshot {
        self.shared.lock().snapshot()
    }

    pub fn verdict(&self) -> Verdict {
        self.shared.lock().verdict()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Serves until Ctrl-C, then gives the verdict. `ready` gets the running sandbox before the wait begins.
pub fn serve(options: Options, ready: impl FnOnce(&Sandbox)) -> Result<Verdict> {
    let sandbox = Sandbox::start(options)?;
    if let Some(runtime) = &sandbox.runtime {
        let stopped = runtime.block_on(async {
            let mut stopped = pin!(tokio::signal::ctrl_c());
            // The first poll puts the handler in place, so that no Ctrl-C is missed after `ready`.
            let early = poll_fn(|context| Poll::Ready(stopped.as_mut().poll(context))).await;
            ready(&sandbox);
            match early {
                Poll::Ready(early) => early,
                Poll::Pending => stopped.await,
            }
        });
        stopped
            .map_err(|e| Error::new(Kind::Io, "sandbox/signal", format!("cannot wait for Ctrl-C: {e}")).source(e))?;
    }
    Ok(sandbox.verdict())
}

/// Every dialect under its own paths, behind one gate.
fn seller_apis(shared: &Arc<Shared>) -> Router {
    mirakl::routes(shared.clone())
        .merge(woocommerce::routes(shared.clone()))
        .merge(ebay::routes(shared.clone()))
        .fallback(async || Refusal::new(404, "NOT_FOUND", "The sandbox has no such call."))
        .layer(DefaultBodyLimit::max(answer::BODY_BYTES_MAX))
        .layer(from_fn_with_state(shared.clone(), gate::gate))
}

fn cannot_listen(addr: SocketAddr, e: std::io::Error) -> Error {
    let taken = e.kind() == std::io::ErrorKind::AddrInUse;
    let kind = if taken { Kind::Busy } else { Kind::Io };
    let help = if taken { "choose another port, or port 0 for any free one" } else { "see the system's message above" };
    Error::new(kind, "sandbox/address", format!("cannot listen on {addr}: {e}")).help(help).source(e)
}

fn refused(refusal: Refusal) -> Error {
    Error::input("sandbox/order", refusal.message).help("see the orders and their states at /_sandbox/state")
}
