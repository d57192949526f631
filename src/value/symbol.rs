//! How prices name their currency: codes, symbols and usual abbreviations.
use super::Currency;

pub(super) fn is_known(name: &str) -> bool {
    currencies_of(name).is_some()
}

/// The currencies a code, symbol or usual abbreviation may stand for.
pub(super) fn currencies_of(name: &str) -> Option<Vec<&'static str>> {
    if let Some(currency) = Currency::of_code(&name.to_ascii_uppercase()) {
        return Some(vec![currency.code()]);
    }
    let name = name.to_lowercase();
    let (_, codes) = SYMBOLS.iter().find(|(symbol, _)| *symbol == name)?;
    Some(codes.split(' ').collect())
}

/// Every currency whose price tags carry a bare `$`.
const DOLLARS: &str = "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU BRL BSD BBD BMD BZD BND FJD GYD JMD KYD LRD \
    NAD SBD SRD TTD XCD";

/// Symbols and abbreviations in lower case, with the currencies they may stand for.
#[rustfmt::skip]
static SYMBOLS: &[(&str, &str)] = &[
    ("$", DOLLARS), ("us$", "USD"), ("ca$", "CAD"), ("c$", "CAD"), ("a$", "AUD"), ("au$", "AUD"), ("nz$", "NZD"), ("hk$", "HKD"),
    ("nt$", "TWD"), ("s$", "SGD"), ("mx$", "MXN"), ("r$", "BRL"), ("€", "EUR"), ("euro", "EUR"),
    ("£", "GBP GIP FKP SHP EGP LBP SYP SDG"), ("¥", "JPY CNY"), ("￥", "JPY CNY"), ("円", "JPY"), ("元", "CNY TWD"),
    ("kr", "SEK NOK DKK ISK"), ("kr.", "DKK SEK NOK ISK"), ("zł", "PLN"), ("zl", "PLN"), ("kč", "CZK"), ("ft", "HUF"),
    ("lei", "RON MDL"), ("₽", "RUB"), ("р", "RUB BYN"), ("р.", "RUB BYN"), ("руб", "RUB BYN"), ("руб.", "RUB BYN"),
    ("₴", "UAH"), ("грн", "UAH"), ("грн.", "UAH"), ("₺", "TRY"), ("tl", "TRY"), ("fr.", "CHF"), ("sfr.", "CHF"),
    ("₹", "INR"), ("rs", "INR PKR LKR NPR MUR SCR"), ("rs.", "INR PKR LKR NPR MUR SCR"), ("rp", "IDR"), ("rm", "MYR"),
    ("r", "ZAR"), ("s/", "PEN"), ("₩", "KRW KPW"), ("₪", "ILS"), ("฿", "THB"), ("₫", "VND"), ("đ", "VND"),
    ("₱", "PHP"), ("₦", "NGN"), ("₸", "KZT"), ("₾", "GEL"), ("₼", "AZN"), ("֏", "AMD"), ("₡", "CRC"), ("₲", "PYG"),
    ("₵", "GHS"), ("₮", "MNT"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_lower_case_and_mean_known_currencies() {
        for (symbol, codes) in SYMBOLS {
            assert_eq!(*symbol, symbol.to_lowercase());
            assert!(codes.split(' ').all(|code| Currency::of_code(code).is_some()), "{codes}");
        }
    }
}
