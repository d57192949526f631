//! Takes secrets and personal data out of what is recorded or shown, and keeps its shape: letters become `x`, digits 0.
use std::sync::OnceLock;

use regex_lite::{Captures, Regex};
use serde_json::{Map, Number, Value};
use url::Url;

/// A key is personal when one of its words, or two neighbors joined, is one of these (`shippingAddress`, `zip_code`).
#[rustfmt::skip]
const PERSONAL: &[&str] = &[
    "address", "billing", "birth", "birthday", "buyer", "city", "company", "contact", "customer", "email", "fax",
    "firstline", "firstname", "fullname", "housenumber", "iban", "lastname", "mail", "mobile", "note", "organization",
    "phone", "postal", "postcode", "recipient", "secondline", "street", "surname", "telephone", "vat", "zip", "zipcode",
    "accesskey", "apikey", "assertion", "authorization", "credential", "devicecode", "password", "secret", "signature",
    "token",
];

/// Keys that are personal only as a whole: `carrier_name` is nobody's.
const PERSONAL_ALONE: &[&str] = &["name", "login", "user", "username", "key", "sign", "additional_info"];

/// Keys that are never personal, not even inside an address: what they hold decides what a connector does.
const HARMLESS: &[&str] = &["country", "country_iso_code", "countrycode", "countrycodev2", "locale", "currency"];

pub(super) fn is_personal(key: &str) -> bool {
    if PERSONAL_ALONE.iter().any(|whole| key.eq_ignore_ascii_case(whole)) {
        return true;
    }
    let words = words(key);
    let joined = words.windows(2).map(|pair| pair.concat());
    // flags and dates about a buyer say nothing of them: `has_customer_message`, `customer_debited_date`
    let says_when = words.last().is_some_and(|last| matches!(last.as_str(), "date" | "at" | "count"));
    !says_when && words.iter().cloned().chain(joined).any(|word| PERSONAL.contains(&word.as_str()))
}

/// `shippingAddress` and `shipping_address` are `shipping`, `address`.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in key.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The same document with every personal value blanked.
pub(super) fn json(value: &Value) -> Value {
    below(value, false)
}

fn below(value: &Value, personal: bool) -> Value {
    match value {
        Value::Object(fields) if let Some(kind) = kind_of(fields) => {
            let personal = personal || is_personal(kind);
            let blanked = |(key, value): (&String, &Value)| {
                (key.clone(), if key == "key" { value.clone() } else { below(value, personal) })
            };
            fields.iter().map(blanked).collect()
        }
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| {
                let harmless = HARMLESS.contains(&key.to_ascii_lowercase().as_str());
                (key.clone(), below(value, !harmless && (personal || is_personal(key))))
            })
            .collect(),
        Value::Array(items) => items.iter().map(|item| below(item, personal)).collect(),
        Value::String(text) if personal => Value::String(blank(text)),
        Value::String(text) => Value::String(told_in_passing(text)),
        Value::Number(_) if personal => Value::Number(Number::from(0)),
        other => other.clone(),
    }
}

/// Of a pair of key and value, as shops keep what they have no field for: its key says what the value is.
fn kind_of(fields: &Map<String, Value>) -> Option<&str> {
    fields.get("value")?;
    fields.get("key")?.as_str()
}

/// A text under a harmless name: what betrays itself by its form is blanked, e-mail addresses and signed addresses.
pub(super) fn told_in_passing(text: &str) -> String {
    static MAIL: OnceLock<Option<Regex>> = OnceLock::new();
    let mail = MAIL.get_or_init(|| Regex::new(r"[\w.%+-]+@[\w-]+(\.[\w-]+)+").ok());
    let text = if text.starts_with("http") { signed_address(text) } else { text.to_owned() };
    match mail {
        Some(mail) if text.contains('@') => {
            mail.replace_all(&text, |found: &Captures<'_>| blank(&found[0])).into_owned()
        }
        _ => text,
    }
}

/// An address with what its query says of keys and persons blanked.
fn signed_address(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return text.to_owned() };
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if !pairs.iter().any(|(name, _)| is_personal(name)) {
        return text.to_owned();
    }
    let blanked =
        pairs.iter().map(|(name, value)| (name, if is_personal(name) { blank(value) } else { value.clone() }));
    url.query_pairs_mut().clear().extend_pairs(blanked);
    url.into()
}

/// Begins text of XML in which nothing is escaped.
const CDATA: &str = "<![CDATA[";

/// A document that is not JSON: in XML the text of personal elements and attributes is blanked, with all that is in them.
pub(super) fn document(text: &str) -> String {
    if !text.trim_start().starts_with('<') {
        return told_in_passing(text);
    }
    let mut kept = String::with_capacity(text.len());
    // of each open element, whether it is personal
    let mut open: Vec<bool> = Vec::new();
    let mut rest = text;
    while let Some((before, on)) = rest.find('<').map(|at| rest.split_at(at)) {
        let personal = open.last().copied().unwrap_or(false);
        kept += &(if personal { blank(before) } else { told_in_passing(before) });
        let end = if on.starts_with(CDATA) { on.find("]]>").map(|at| at + 3) } else { on.find('>').map(|at| at + 1) };
        let (tag, after) = on.split_at(end.unwrap_or(on.len()));
        rest = after;
        let name = tag.trim_start_matches(['<', '/']).split(|c: char| c.is_whitespace() || "/>".contains(c)).next();
        let name = name.and_then(|name| name.rsplit(':').next()).unwrap_or_default();
        match tag.as_bytes() {
            [b'<', b'!', b'[', ..] if personal => {
                let text = tag.strip_prefix(CDATA).unwrap_or_default().strip_suffix("]]>");
                kept += &format!("{CDATA}{}]]>", blank(text.unwrap_or_default()));
            }
            [b'<', b'!' | b'?', ..] => kept += &told_in_passing(tag),
            [b'<', b'/', ..] => {
                open.pop();
                kept += tag;
            }
            _ => {
                let personal = personal || is_personal(name);
                kept += &attributes(tag, personal);
                if !tag.ends_with("/>") {
                    open.push(personal);
                }
            }
        }
    }
    kept + &told_in_passing(rest)
}

/// A tag with the values of its personal attributes blanked; of a personal element, of all.
fn attributes(tag: &str, personal: bool) -> String {
    static ATTRIBUTE: OnceLock<Option<Regex>> = OnceLock::new();
    let attribute = ATTRIBUTE.get_or_init(|| Regex::new(r#"([\w.-]+)(\s*=\s*)("[^"]*"|'[^']*')"#).ok());
    let Some(attribute) = attribute else { return blank(tag) };
    let kept = |found: &Captures<'_>| {
        let (name, equals, value) = (&found[1], &found[2], &found[3]);
        let value = if personal || is_personal(name) { blank(value) } else { told_in_passing(value) };
        format!("{name}{equals}{value}")
    };
    attribute.replace_all(tag, kept).into_owned()
}

pub(super) fn blank(text: &str) -> String {
    let blanked = |c: char| match c {
        c if c.is_uppercase() => 'X',
        c if c.is_alphabetic() => 'x',
        c if c.is_numeric() => '0',
        c => c,
    };
    text.chars().map(blanked).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn what_names_a_person_or_opens_a_door_is_blanked_and_the_rest_kept() {
        let told = json!({
            "order_id": "A-1", "total_price": 12.9, "carrier_name": "Paper Boat", "product_title": "Lamp",
            "customer_debited_date": "2026-11-25T09:00:00Z", "order_state": "SHIPPING",
            "customer": { "firstname": "Ada", "customer_id": "c-77", "locale": "en_US",
                "shipping_address": { "street_1": "12 Éla Road", "state": "Kent", "country_iso_code": "FRA", "floor": 3 } },
            "customer_notification_email": "ada@example.com", "name": "Ada", "phoneNumber": "+33 1", "zipCode": "75001",
            "next_page_token": "abc", "message": "Order not found",
            "meta": [{ "id": 1, "key": "_billing_email", "value": "ada@example.com" }, { "key": "_items", "value": ["a"] }],
        });
        let kept = json!({
            "order_id": "A-1", "total_price": 12.9, "carrier_name": "Paper Boat", "product_title": "Lamp",
            "customer_debited_date": "2026-11-25T09:00:00Z", "order_state": "SHIPPING",
            "customer": { "firstname": "Xxx", "customer_id": "x-00", "locale": "en_US",
                "shipping_address": { "street_1": "00 Xxx Xxxx", "state": "Xxxx", "country_iso_code": "FRA", "floor": 0 } },
            "customer_notification_email": "xxx@xxxxxxx.xxx", "name": "Xxx", "phoneNumber": "+00 0", "zipCode": "00000",
            "next_page_token": "xxx", "message": "Order not found",
            "meta": [{ "id": 0, "key": "_billing_email", "value": "xxx@xxxxxxx.xxx" }, { "key": "_items", "value": ["a"] }],
        });
        assert_eq!(super::json(&told), kept);
        assert_eq!(super::json(&kept), kept);
    }

    #[test]
    fn what_betrays_itself_by_its_form_is_blanked_under_any_name() {
        let told = json!({ "message": "ada.b+c@mail.example.com asks", "sku": "A@B",
            "url": "https://up.example/1?X-Amz-Signature=ab%2F12&part=1", "page": "https://shop.example/a?b=c#d" });
        let kept = json!({ "message": "xxx.x+x@xxxx.xxxxxxx.xxx asks", "sku": "A@B",
            "url": "https://up.example/1?X-Amz-Signature=xx%2F00&part=1", "page": "https://shop.example/a?b=c#d" });
        assert_eq!(super::json(&told), kept);
        assert_eq!(super::json(&kept), kept);
    }

    #[test]
    fn persons_in_xml_are_blanked_and_its_shape_is_kept() {
        let told = "<?xml version=\"1.0\"?><orders><order id=\"A-1\" buyer='Ada'><o:shippingAddress><city>Rome</city>\
            <![CDATA[1 Road]]></o:shippingAddress><sku>LAMP</sku><note/><remark>to ada@example.com</remark></order></orders>";
        let kept = "<?xml version=\"1.0\"?><orders><order id=\"A-1\" buyer='Xxx'><o:shippingAddress><city>Xxxx</city>\
            <![CDATA[0 Xxxx]]></o:shippingAddress><sku>LAMP</sku><note/><remark>to xxx@xxxxxxx.xxx</remark></order></orders>";
        assert_eq!(super::document(told), kept);
        assert_eq!(super::document("a < b, ada@example.com"), "a < b, xxx@xxxxxxx.xxx");
        for broken in ["<", "<a", "<a b=\"c", "</a></b>", "<![CDATA["] {
            super::document(broken);
        }
    }
}
