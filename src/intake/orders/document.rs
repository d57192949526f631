//! An order as a document with our field names, checked field by field, becomes a plain [`Order`].
//!
//! ```json
//! {"order_id": "amazon:111-2", "channel": "amazon", "external_id": "111-2", "status": "paid",
//!  "created_at": "2025-03-02T10:00:00Z", "currency": "EUR",
//!  "lines": [{"line_id": "1", "sku": "B-1", "quantity": 1, "unit_price": "10.00"}],
//!  "shipping": "4.95", "discount": "0.00", "total": "14.95",
//!  "customer": {"name": "…", "email": "…", "phone": "…"},
//!  "ship_to": {"address1": "…", "city": "…", "country": "PT", "postal_code": "…"}, "note": ""}
//! ```
//! Amounts are text or numbers, quantities too. A line may have a `line_total` for all its units instead of a
//! `unit_price`, and its own `shipping`; `tax` of the order is what comes on top of the prices, if anything does. `canceled` and `shipped` of a line may say how many units are gone; else
//! a canceled order has all units canceled, and a shipped one all shipped.
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::intake::cell::parse_whole;
use crate::order::{Address, Buyer, Effect, Fulfillment, Line, Order, State};
use crate::value::{Country, Currency, Invalid, Money, text, time};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Far above any marketplace's.
const ID_CHARS_MAX: usize = 255;

type Refusal = Box<Diagnostic>;

/// An order and the channel it came from.
#[derive(Debug)]
pub struct Told {
    pub channel: String,
    pub order: Order,
    /// What is odd, but taken.
    pub warnings: Vec<Diagnostic>,
}

/// What the document does not say itself.
pub struct Setting<'s> {
    /// The channel of orders that name none.
    pub channel: Option<&'s str>,
    pub zone: Option<&'s TimeZone>,
    pub now: Timestamp,
}

/// Reads a document; `place` is where it stands.
pub fn read(document: &Value, place: &Place, setting: &Setting<'_>) -> Result<Told, Refusal> {
    let mut reader = Reader { place, setting, warnings: Vec::new() };
    reader.check_text(document, "")?;
    let (channel, order) = reader.order(document)?;
    Ok(Told { channel, order, warnings: reader.warnings })
}

struct Reader<'r> {
    place: &'r Place,
    setting: &'r Setting<'r>,
    warnings: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn place(&self, path: &str, value: &str) -> Place {
        self.place.clone().attribute(path).value(value)
    }

    fn refuse(&self, path: &str, value: &str, invalid: Invalid) -> Refusal {
        Box::new(Diagnostic::from(invalid).at(self.place(path, value)))
    }

    fn warn(&mut self, path: &str, value: &str, invalid: Invalid) {
        let finding = invalid.into_diagnostic(Severity::Warning).at(self.place(path, value));
        self.warnings.push(finding);
    }

    /// No text may hold a control character: databases cut at some, terminals obey others.
    fn check_text(&self, value: &Value, path: &str) -> Result<(), Refusal> {
        match value {
            Value::String(text) if text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) => {
                let help = "take it out where the order is kept";
                Err(self.refuse(
                    path,
                    text,
                    Invalid::new("import/control-character", "the text holds a control character", help),
                ))
            }
            Value::Array(items) => {
                items.iter().enumerate().try_for_each(|(i, item)| self.check_text(item, &format!("{path}[{i}]")))
            }
            Value::Object(entries) => entries.iter().try_for_each(|(key, item)| {
                let dot = if path.is_empty() { "" } else { "." };
                self.check_text(item, &format!("{path}{dot}{key}"))
            }),
            _ => Ok(()),
        }
    }

    /// A text or a number as text, trimmed; `None` when it is absent, `null` or empty.
    fn text(&self, of: &Value, names: &[&str], path: &str) -> Result<Option<String>, Refusal> {
        let Some((name, value)) = names.iter().find_map(|name| Some((name, of.get(name)?))) else { return Ok(None) };
        let said = match value {
            Value::Null => return Ok(None),
            Value::String(text) => text::trim(text).to_owned(),
            Value::Number(number) => number.to_string(),
            other => return Err(self.wrong_type(&format!("{path}{name}"), other, "text or a number")),
        };
        Ok(Some(said).filter(|text| !text.is_empty()))
    }

    fn wrong_type(&self, path: &str, found: &Value, due: &str) -> Refusal {
        let what = match found {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        let message = format!("{due} is due here, not {what}");
        self.refuse(
            path,
            &found.to_string(),
            Invalid::new("import/wrong-type", message, "see the documented shape of an order"),
        )
    }

    fn required(&self, of: &Value, names: &[&str], path: &str) -> Result<String, Refusal> {
        self.text(of, names, path)?.ok_or_else(|| {
            let name = names.first().copied().unwrap_or_default();
            let message = format!("`{name}` is missing");
            let help = match name {
                "currency" => "add a column that names it, or import a report of orders that has prices",
                _ => "every order needs it",
            };
            self.refuse(&format!("{path}{name}"), "", Invalid::new("import/missing", message, help))
        })
    }

    /// An amount that is not negative; `None` when it is absent.
    fn money(&self, of: &Value, names: &[&str], path: &str, currency: Currency) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(of, names, path)? else { return Ok(None) };
        let money = Money::parse_decimal(&text, currency).and_then(|money| match money.minor {
            0.. => Ok(money.minor),
            _ => {
                Err(Invalid::new("money/negative", "the amount is negative", "a refund is not an order: leave it out"))
            }
        });
        money.map(Some).map_err(|invalid| self.refuse(&format!("{path}{}", found(of, names)), &text, invalid))
    }

    fn order(&mut self, document: &Value) -> Result<(String, Order), Refusal> {
        if !document.is_object() {
            return Err(self.wrong_type("", document, "an order, as an object,"));
        }
        let (channel, channel_order_id) = self.identity(document)?;
        let code = self.required(document, &["currency"], "")?;
        let currency = Currency::parse(&code).map_err(|invalid| self.refuse("currency", &code, invalid))?;
        let placed_at = self.placed_at(document)?;
        let updated_at = self.moment(document, &["updated_at"])?.unwrap_or(placed_at);
        let (state, channel_state) = self.state(document)?;
        let lines = self.lines(document, currency, state)?;
        let shipping_minor = match self.money(document, &["shipping"], "", currency)? {
            Some(shipping) => shipping,
            None => self.shipping_of_lines(document, currency)?,
        };
        let order = Order {
            channel_order_id,
            state,
            channel_state,
            fulfillment: self.fulfillment(document)?,
            pickup_point: self.text(document, &["pickup_point"], "")?,
            currency,
            total_minor: self.total(document, currency, &lines, shipping_minor)?,
            shipping_minor,
            placed_at,
            updated_at,
            acknowledge_by: self.moment(document, &["acknowledge_by"])?,
            refunds: Vec::new(),
            lines,
            buyer: self.buyer(document)?,
        };
        Ok((channel, order))
    }

    /// The channel, and the order's id there: `order_id` may be `channel:id`.
    fn identity(&self, document: &Value) -> Result<(String, String), Refusal> {
        let order_id = self.required(document, &["order_id", "order"], "")?;
        let named = self.text(document, &["channel", "market"], "")?;
        let (prefix, rest) =
            order_id.split_once(':').map_or((None, order_id.as_str()), |(prefix, rest)| (Some(prefix), rest));
        let channel = named.or_else(|| self.setting.channel.map(str::to_owned)).or_else(|| prefix.map(str::to_owned));
        let Some(channel) = channel else {
            let help = "add a `channel` to each order, or say `--market`";
            let invalid = Invalid::new("import/no-channel", "nothing says which marketplace the order is from", help);
            return Err(self.refuse("channel", "", invalid));
        };
        let external = self.text(document, &["external_id"], "")?;
        let id = if prefix == Some(channel.as_str()) { rest.to_owned() } else { order_id.clone() };
        let id = external.unwrap_or(id);
        let chars = id.chars().count();
        if chars > ID_CHARS_MAX {
            let message = format!("the id has {chars} characters, at most {ID_CHARS_MAX} are taken");
            let help = "check that the field does not hold something else";
            return Err(self.refuse("order_id", &id, Invalid::new("import/id-too-long", message, help)));
        }
        if id.contains("E+") && text::is_scientific(&id) {
            let help = "its last digits are lost: export again with the column formatted as text";
            let invalid = Invalid::new("import/id-scientific", "a spreadsheet turned the id into a number", help);
            return Err(self.refuse("order_id", &id, invalid));
        }
        Ok((channel, id))
    }

    fn moment(&self, of: &Value, names: &[&str]) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = self.text(of, names, "")? else { return Ok(None) };
        let moment = time::parse(&text, self.setting.zone);
        moment.map(Some).map_err(|invalid| self.refuse(found(of, names), &text, invalid))
    }

    fn placed_at(&mut self, document: &Value) -> Result<Timestamp, Refusal> {
        let names = ["created_at", "placed_at"];
        let text = self.required(document, &names, "")?;
        let placed_at =
            time::parse(&text, self.setting.zone).map_err(|e| self.refuse(found(document, &names), &text, e))?;
        let odd = if placed_at > self.setting.now {
            Some("the order was placed in the future")
        } else if placed_at < Timestamp::UNIX_EPOCH {
            Some("the order was placed before 1970")
        } else {
            None
        };
        if let Some(message) = odd {
            let invalid = Invalid::new(
                "import/odd-time",
                message,
                "check the clock, or the format, of the program that wrote it",
            );
            self.warn(found(document, &names), &text, invalid);
        }
        Ok(placed_at)
    }

    fn state(&mut self, document: &Value) -> Result<(Option<State>, String), Refusal> {
        let word = self.required(document, &["status", "state"], "")?;
        let state = match word.to_lowercase().as_str() {
            "paid" | "unshipped" | "unfulfilled" | "processing" => Some(State::Ready),
            "cancelled" | "voided" => Some(State::Canceled),
            "unpaid" | "on_hold" => Some(State::AwaitingPayment),
            "partially_shipped" | "partial" => Some(State::PartlyShipped),
            "fulfilled" | "completed" => Some(State::Shipped),
            // the money went back; what that means for the goods, the file does not say
            "refunded" => Some(State::Closed),
            other => State::parse(other),
        };
        Ok((state, word))
    }

    fn fulfillment(&self, document: &Value) -> Result<Fulfillment, Refusal> {
        let Some(word) = self.text(document, &["fulfillment"], "")? else { return Ok(Fulfillment::Parcel) };
        Fulfillment::parse(&word).ok_or_else(|| {
            let help = "write parcel, pickup, curbside, ship_from_store or by_channel";
            self.refuse("fulfillment", &word, Invalid::new("import/fulfillment", "this is no way of fulfillment", help))
        })
    }

    fn lines(&self, document: &Value, currency: Currency, state: Option<State>) -> Result<Vec<Line>, Refusal> {
        let found = document.get("lines").unwrap_or(&Value::Null);
        let items = match found {
            Value::Array(items) => items.as_slice(),
            Value::Null => &[],
            other => return Err(self.wrong_type("lines", other, "a list of lines")),
        };
        if items.is_empty() {
            let help =
                "an order is about something; some marketplaces give the lines of an order only when asked for them";
            let invalid = Invalid::new("import/no-lines", "the order has no lines", help);
            return Err(self.refuse("lines", "", invalid));
        }
        items.iter().enumerate().map(|(i, item)| self.line(item, i, currency, state)).collect()
    }

    fn line(&self, item: &Value, i: usize, currency: Currency, state: Option<State>) -> Result<Line, Refusal> {
        let path = format!("lines[{i}].");
        if !item.is_object() {
            return Err(self.wrong_type(path.trim_end_matches('.'), item, "a line, as an object,"));
        }
        let own = self.text(item, &["currency"], &path)?;
        if let Some(code) = own.filter(|code| !code.eq_ignore_ascii_case(currency.code())) {
            let message = format!("the line is in {code}, the order in {currency}");
            let invalid = Invalid::new("money/currency-mismatch", message, "one order has one currency");
            return Err(self.refuse(&format!("{path}currency"), &code, invalid));
        }
        let quantity = self.units(item, "quantity", &path)?.ok_or_else(|| {
            let invalid = Invalid::new("import/missing", "`quantity` is missing", "every line needs it");
            self.refuse(&format!("{path}quantity"), "", invalid)
        })?;
        if quantity < 1 {
            let invalid =
                Invalid::new("import/quantity", "a line has at least one unit", "leave the line out, or say how many");
            return Err(self.refuse(&format!("{path}quantity"), &quantity.to_string(), invalid));
        }
        let price_minor = self.unit_price(item, &path, quantity, currency)?.ok_or_else(|| {
            let invalid = Invalid::new("money/empty", "the price of a unit is missing", "every line needs it");
            self.refuse(&format!("{path}unit_price"), "", invalid)
        })?;
        let (canceled, shipped) = match state.map(State::effect) {
            Some(Effect::Release) => (quantity, 0),
            Some(Effect::Deduct) => (0, quantity),
            _ => (0, 0),
        };
        Ok(Line {
            channel_line_id: self.text(item, &["line_id", "line"], &path)?.unwrap_or_else(|| (i + 1).to_string()),
            channel_sku: self.text(item, &["sku"], &path)?,
            gtin: self.text(item, &["gtin"], &path)?,
            listing_id: self.text(item, &["listing_id"], &path)?,
            title: self.text(item, &["title", "name"], &path)?.unwrap_or_default(),
            quantity,
            canceled: self.units(item, "canceled", &path)?.unwrap_or(canceled),
            shipped: self.units(item, "shipped", &path)?.unwrap_or(shipped),
            price_minor,
            tax_minor: self.money(item, &["tax"], &path, currency)?.unwrap_or(0),
        })
    }

    /// Some channels tell the price of shipping line by line.
    fn shipping_of_lines(&self, document: &Value, currency: Currency) -> Result<i64, Refusal> {
        let lines = document.get("lines").and_then(Value::as_array).into_iter().flatten().enumerate();
        let amounts = lines.map(|(i, line)| self.money(line, &["shipping"], &format!("lines[{i}]."), currency));
        amounts
            .map(|amount| amount.map(Option::unwrap_or_default))
            .try_fold(0i64, |sum, amount| Ok(sum.saturating_add(amount?)))
    }

    /// The price of one unit, told so or as that of all units; what does not divide is rounded to the nearest.
    fn unit_price(&self, item: &Value, path: &str, quantity: i64, currency: Currency) -> Result<Option<i64>, Refusal> {
        let told = self.money(item, &["unit_price", "price"], path, currency)?;
        if told.is_some() {
            return Ok(told);
        }
        let all = self.money(item, &["line_total"], path, currency)?;
        Ok(all.map(|all| all.saturating_add(quantity / 2) / quantity))
    }

    fn units(&self, item: &Value, name: &str, path: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(item, &[name], path)? else { return Ok(None) };
        let units = parse_whole(&text).and_then(|units| match units {
            0.. => Ok(units),
            _ => Err(Invalid::new(
                "import/quantity",
                "the quantity is negative",
                "a return is not an order: leave it out",
            )),
        });
        units.map(Some).map_err(|invalid| self.refuse(&format!("{path}{name}"), &text, invalid))
    }

    /// The total as told; what the parts come to is only compared with it, since channels round and discount.
    fn total(&mut self, document: &Value, currency: Currency, lines: &[Line], shipping: i64) -> Result<i64, Refusal> {
        let too_large = |reader: &Self, path: &str| {
            let invalid = Invalid::new(
                "money/too-large",
                "the amounts come to more than can be kept",
                "check quantity and price",
            );
            reader.refuse(path, "", invalid)
        };
        let mut sum = shipping;
        for (i, line) in lines.iter().enumerate() {
            let amount =
                Money::new(line.price_minor, currency).checked_mul(line.quantity).map(|money| money.minor).ok();
            sum = amount
                .and_then(|amount| sum.checked_add(amount))
                .ok_or_else(|| too_large(self, &format!("lines[{i}].quantity")))?;
        }
        let discount = self.money(document, &["discount"], "", currency)?.unwrap_or(0);
        let sum = sum.saturating_sub(discount);
        let Some(total) = self.money(document, &["total"], "", currency)? else { return Ok(sum) };
        // taxes may be in the prices or come on top
        let tax = self.money(document, &["tax"], "", currency)?.unwrap_or(0);
        if total != sum && total != sum.saturating_add(tax) {
            let (told, due) = (Money::new(total, currency), Money::new(sum, currency));
            let message = format!("the total is {told}, but lines, shipping and discount come to {due}");
            let invalid =
                Invalid::new("import/total", message, "the total was kept as told; compare the order on its channel");
            self.warn("total", &told.to_decimal_string(), invalid);
        }
        Ok(total)
    }

    fn buyer(&mut self, document: &Value) -> Result<Option<Buyer>, Refusal> {
        let (customer, ship_to) = (self.part(document, "customer")?, self.part(document, "ship_to")?);
        let name = self.text(customer, &["name"], "customer.")?.or(self.text(ship_to, &["name"], "ship_to.")?);
        let address = self.address(ship_to)?;
        let buyer = Buyer {
            name: name.unwrap_or_default(),
            email: self.text(customer, &["email"], "customer.")?,
            phone: self.text(customer, &["phone"], "customer.")?,
            address,
            note: self.text(document, &["note"], "")?,
        };
        Ok((buyer != Buyer::default()).then_some(buyer))
    }

    fn part<'v>(&self, document: &'v Value, name: &str) -> Result<&'v Value, Refusal> {
        match document.get(name) {
            None => Ok(&Value::Null),
            Some(part @ (Value::Object(_) | Value::Null)) => Ok(part),
            Some(other) => Err(self.wrong_type(name, other, "an object")),
        }
    }

    fn address(&mut self, ship_to: &Value) -> Result<Option<Address>, Refusal> {
        let path = "ship_to.";
        let text = |names: &[&str]| self.text(ship_to, names, path).map(Option::unwrap_or_default);
        let street = [text(&["address1", "street"])?, text(&["address2"])?];
        let address = Address {
            street: street.join(" ").trim().to_owned(),
            zip: text(&["postal_code", "zip"])?,
            city: text(&["city"])?,
            region: self.text(ship_to, &["region", "province", "state"], path)?,
            country: text(&["country"])?,
        };
        if address == Address::default() {
            return Ok(None);
        }
        if let Err(invalid) = Country::parse(&address.country) {
            self.warn("ship_to.country", &address.country, invalid);
        }
        Ok(Some(address))
    }
}

/// The first of the names that is there, else the first.
fn found<'n>(of: &Value, names: &[&'n str]) -> &'n str {
    names.iter().find(|name| of.get(**name).is_some()).or(names.first()).copied().unwrap_or_default()
}
