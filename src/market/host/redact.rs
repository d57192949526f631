//! Takes secrets and personal data out of what is recorded or shown, and keeps its shape: letters become `x`, digits 0.
use serde_json::{Map, Number, Value};

/// A key is personal when one of its words, or two neighbors joined, is one of these (`shippingAddress`, `zip_code`).
#[rustfmt::skip]
const PERSONAL: &[&str] = &[
    "address", "billing", "birth", "birthday", "buyer", "city", "company", "contact", "customer", "email", "fax",
    "firstname", "fullname", "iban", "lastname", "mail", "mobile", "note", "organization", "phone", "postal", "postcode",
    "recipient", "street", "surname", "telephone", "vat", "zip", "zipcode",
    "apikey", "authorization", "password", "secret", "signature", "token",
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
        Value::Number(_) if personal => Value::Number(Number::from(0)),
        other => other.clone(),
    }
}

/// Of a pair of key and value, as shops keep what they have no field for: its key says what the value is.
fn kind_of(fields: &Map<String, Value>) -> Option<&str> {
    fields.get("value")?;
    fields.get("key")?.as_str()
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
}
