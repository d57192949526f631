//! A marketplace to test against: what a connector's suite needs somebody to do on the other side.
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use purvey::market::host::{Clock, Host};
use purvey::market::{self, Account, Capabilities, Connector, OrderPage, Parcel, PullFrom};
use purvey::order::Order;

/// The other side of a connector: buyers, a clock that only moves when told, faults on demand, and a judge.
pub trait Stage: Send + Sync {
    fn account(&self) -> Account;

    /// A buyer orders these SKUs, quantities and prices; gives the order's id.
    fn place(&self, lines: &[(&str, u32, i64)], step: Step) -> String;

    /// The buyer changes his mind. Says whether the marketplace allowed it.
    fn cancel(&self, order: &str) -> bool;

    /// From now on, so many times at most.
    fn trouble(&self, trouble: Trouble, call: Call, times: u64);

    /// How many orders there are by now.
    fn orders(&self) -> usize;

    /// Whether telling of a parcel again is harmless, so that a lost answer to it is no riddle.
    fn repeats_parcels(&self) -> bool;

    fn now(&self) -> Timestamp;
    fn advance(&self, seconds: u32);

    /// Units on offer.
    fn stock(&self, sku: &str) -> Option<i64>;

    /// What the marketplace holds against us, one line each.
    fn complaints(&self) -> Vec<String>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Waits for our decision.
    Asked,
    /// To be shipped.
    Paid,
    /// To be made ready at a pickup point.
    Pickup,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    TooMany {
        retry_after: Option<u32>,
    },
    ServerError,
    /// The connection breaks before anything is done.
    LostBefore,
    /// It is done, and then the connection breaks.
    LostAfter,
    /// The answer breaks off in the middle.
    CutShort,
    OrderTwiceOnAPage,
    OrderInFrontBetweenPages,
    UnknownState,
    UnknownFields,
    EmptyPage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Orders,
    Accept,
    /// The last call of a shipment of a whole order.
    ShipWhole,
    ShipPart,
    Pickup,
    Cancel,
    Stock,
}

/// Time on the stage; how long was slept is kept.
pub struct StageClock {
    stage: Arc<dyn Stage>,
    slept: Mutex<Vec<Duration>>,
}

impl Clock for StageClock {
    fn now(&self) -> Timestamp {
        self.stage.now()
    }

    fn sleep(&self, how_long: Duration) {
        self.slept.lock().unwrap().push(how_long);
        let seconds = how_long.as_secs() + u64::from(how_long.subsec_nanos() > 0);
        self.stage.advance(u32::try_from(seconds).unwrap());
    }
}

/// A connector in front of a stage.
pub struct Desk {
    pub stage: Arc<dyn Stage>,
    pub connector: Box<dyn Connector>,
    clock: Arc<StageClock>,
}

impl Desk {
    pub fn new(name: &str, stage: Arc<dyn Stage>) -> Self {
        let connector = market::connector(name, &stage.account()).unwrap();
        let clock = Arc::new(StageClock { stage: stage.clone(), slept: Mutex::default() });
        Desk { stage, connector, clock }
    }

    pub fn host(&self) -> Host<'_> {
        Host::new(&*self.connector, &self.stage.account()).unwrap().clock(self.clock.clone()).seed(7)
    }

    pub fn can(&self) -> Capabilities {
        self.connector.describe()
    }

    pub fn slept(&self) -> Duration {
        self.clock.slept.lock().unwrap().iter().sum()
    }

    pub fn from(&self, cursor: Option<String>) -> PullFrom {
        let since = self.stage.now() - Duration::from_secs(7 * 86_400);
        PullFrom { cursor, since, until: self.stage.now() - self.can().settle }
    }

    pub fn page(&self, cursor: Option<String>) -> OrderPage {
        self.connector.pull(&self.host(), &self.from(cursor)).unwrap()
    }

    /// All pages from a cursor on; the last snapshot of each order, and the cursor to go on from.
    pub fn pull(&self, mut cursor: Option<String>) -> (Vec<Order>, Option<String>) {
        let mut orders: Vec<Order> = Vec::new();
        loop {
            let page = self.page(cursor);
            assert_eq!(page.unreadable, []);
            for order in page.orders {
                orders.retain(|other| other.channel_order_id != order.channel_order_id);
                orders.push(order);
            }
            cursor = page.next;
            if !page.more {
                return (orders, cursor);
            }
        }
    }

    pub fn order(&self, id: &str) -> Order {
        self.connector.order(&self.host(), id).unwrap().unwrap()
    }

    /// The whole order in one parcel.
    pub fn whole(&self, id: &str, number: &str) -> Parcel {
        let lines = self.order(id).lines.into_iter().map(|line| (line.channel_line_id, line.quantity)).collect();
        Parcel { lines, ..self.part(id, 1, &[], number) }.last()
    }

    /// Some units of some lines, by their place in the order.
    pub fn part(&self, id: &str, package_number: u32, lines: &[(usize, i64)], number: &str) -> Parcel {
        let order = self.order(id);
        let line = |(nth, units): &(usize, i64)| (order.lines[*nth].channel_line_id.clone(), *units);
        Parcel {
            order_id: id.to_owned(),
            package_number,
            lines: lines.iter().map(line).collect(),
            carrier: "ups".to_owned(),
            tracking_number: Some(number.to_owned()),
            shipped_at: self.stage.now(),
            location: None,
            last: false,
        }
    }

    #[track_caller]
    pub fn assert_no_complaints(&self) {
        assert_eq!(self.stage.complaints(), Vec::<String>::new());
    }
}

pub trait Last {
    fn last(self) -> Self;
}

impl Last for Parcel {
    fn last(self) -> Self {
        Parcel { last: true, ..self }
    }
}
