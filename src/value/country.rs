//! Countries by their ISO 3166-1 alpha-2 code.
use super::{Invalid, closest, text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A country, made only from a code of the list. Small, `Copy`, ordered by code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(u8);

impl Country {
    /// Takes a code in either case. Codes: `country/empty`, `country/unknown`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let code = text::trim(text).to_ascii_uppercase();
        if let Some(country) = Self::of_code(&code) {
            return Ok(country);
        }
        let general = "write the two letters of ISO 3166-1, for example DE";
        if code.is_empty() {
            return Err(Invalid::new("country/empty", "the country is missing", general));
        }
        let message = format!("{} is not a country code", text::quoted(text::trim(text)));
        let help = match Self::meant(text) {
            Some(country) => format!("write {} for {}", country.code(), country.name()),
            None => general.to_owned(),
        };
        Err(Invalid::new("country/unknown", message, help))
    }

    pub fn code(self) -> &'static str {
        COUNTRIES[usize::from(self.0)].0
    }

    /// The usual English name.
    pub fn name(self) -> &'static str {
        COUNTRIES[usize::from(self.0)].1
    }

    pub fn all() -> impl Iterator<Item = Country> {
        (0u8..).take(COUNTRIES.len()).map(Country)
    }

    fn of_code(code: &str) -> Option<Self> {
        let found = COUNTRIES.binary_search_by(|(known, _)| (*known).cmp(code)).ok()?;
        u8::try_from(found).ok().map(Country)
    }

    /// The country that a name, a three-letter code in common use or a code of another list stands for.
    fn meant(text: &str) -> Option<Self> {
        let key = text::fold_key(text);
        if let Some((_, code)) = NICKNAMES.iter().find(|(nickname, _)| *nickname == key) {
            return Self::of_code(code);
        }
        let name = closest::closest(text, COUNTRIES.iter().map(|(_, name)| *name))?;
        Self::all().find(|country| country.name() == name)
    }
}

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.code())
    }
}

impl std::fmt::Debug for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Country::parse(&String::deserialize(source)?).map_err(serde::de::Error::custom)
    }
}

/// ISO 3166-1 with usual English names, sorted by code; and `XK`, which ISO leaves to its users and every
/// marketplace sends for Kosovo.
#[rustfmt::skip]
static COUNTRIES: &[(&str, &str)] = &[
    ("AD", "Andorra"), ("AE", "United Arab Emirates"), ("AF", "Afghanistan"), ("AG", "Antigua and Barbuda"),
    ("AI", "Anguilla"), ("AL", "Albania"), ("AM", "Armenia"), ("AO", "Angola"), ("AQ", "Antarctica"),
    ("AR", "Argentina"), ("AS", "American Samoa"), ("AT", "Austria"), ("AU", "Australia"), ("AW", "Aruba"),
    ("AX", "Åland Islands"), ("AZ", "Azerbaijan"), ("BA", "Bosnia and Herzegovina"), ("BB", "Barbados"),
    ("BD", "Bangladesh"), ("BE", "Belgium"), ("BF", "Burkina Faso"), ("BG", "Bulgaria"), ("BH", "Bahrain"),
    ("BI", "Burundi"), ("BJ", "Benin"), ("BL", "Saint Barthélemy"), ("BM", "Bermuda"), ("BN", "Brunei"),
    ("BO", "Bolivia"), ("BQ", "Caribbean Netherlands"), ("BR", "Brazil"), ("BS", "Bahamas"), ("BT", "Bhutan"),
    ("BV", "Bouvet Island"), ("BW", "Botswana"), ("BY", "Belarus"), ("BZ", "Belize"), ("CA", "Canada"),
    ("CC", "Cocos Islands"), ("CD", "Congo (Kinshasa)"), ("CF", "Central African Republic"),
    ("CG", "Congo (Brazzaville)"), ("CH", "Switzerland"), ("CI", "Côte d'Ivoire"), ("CK", "Cook Islands"),
    ("CL", "Chile"), ("CM", "Cameroon"), ("CN", "China"), ("CO", "Colombia"), ("CR", "Costa Rica"), ("CU", "Cuba"),
    ("CV", "Cape Verde"), ("CW", "Curaçao"), ("CX", "Christmas Island"), ("CY", "Cyprus"), ("CZ", "Czechia"),
    ("DE", "Germany"), ("DJ", "Djibouti"), ("DK", "Denmark"), ("DM", "Dominica"), ("DO", "Dominican Republic"),
    ("DZ", "Algeria"), ("EC", "Ecuador"), ("EE", "Estonia"), ("EG", "Egypt"), ("EH", "Western Sahara"),
    ("ER", "Eritrea"), ("ES", "Spain"), ("ET", "Ethiopia"), ("FI", "Finland"), ("FJ", "Fiji"),
    ("FK", "Falkland Islands"), ("FM", "Micronesia"), ("FO", "Faroe Islands"), ("FR", "France"), ("GA", "Gabon"),
    ("GB", "United Kingdom"), ("GD", "Grenada"), ("GE", "Georgia"), ("GF", "French Guiana"), ("GG", "Guernsey"),
    ("GH", "Ghana"), ("GI", "Gibraltar"), ("GL", "Greenland"), ("GM", "Gambia"), ("GN", "Guinea"),
    ("GP", "Guadeloupe"), ("GQ", "Equatorial Guinea"), ("GR", "Greece"), ("GS", "South Georgia"), ("GT", "Guatemala"),
    ("GU", "Guam"), ("GW", "Guinea-Bissau"), ("GY", "Guyana"), ("HK", "Hong Kong"),
    ("HM", "Heard Island and McDonald Islands"), ("HN", "Honduras"), ("HR", "Croatia"), ("HT", "Haiti"),
    ("HU", "Hungary"), ("ID", "Indonesia"), ("IE", "Ireland"), ("IL", "Israel"), ("IM", "Isle of Man"),
    ("IN", "India"), ("IO", "British Indian Ocean Territory"), ("IQ", "Iraq"), ("IR", "Iran"), ("IS", "Iceland"),
    ("IT", "Italy"), ("JE", "Jersey"), ("JM", "Jamaica"), ("JO", "Jordan"), ("JP", "Japan"), ("KE", "Kenya"),
    ("KG", "Kyrgyzstan"), ("KH", "Cambodia"), ("KI", "Kiribati"), ("KM", "Comoros"), ("KN", "Saint Kitts and Nevis"),
    ("KP", "North Korea"), ("KR", "South Korea"), ("KW", "Kuwait"), ("KY", "Cayman Islands"), ("KZ", "Kazakhstan"),
    ("LA", "Laos"), ("LB", "Lebanon"), ("LC", "Saint Lucia"), ("LI", "Liechtenstein"), ("LK", "Sri Lanka"),
    ("LR", "Liberia"), ("LS", "Lesotho"), ("LT", "Lithuania"), ("LU", "Luxembourg"), ("LV", "Latvia"),
    ("LY", "Libya"), ("MA", "Morocco"), ("MC", "Monaco"), ("MD", "Moldova"), ("ME", "Montenegro"),
    ("MF", "Saint Martin"), ("MG", "Madagascar"), ("MH", "Marshall Islands"), ("MK", "North Macedonia"),
    ("ML", "Mali"), ("MM", "Myanmar"), ("MN", "Mongolia"), ("MO", "Macao"), ("MP", "Northern Mariana Islands"),
    ("MQ", "Martinique"), ("MR", "Mauritania"), ("MS", "Montserrat"), ("MT", "Malta"), ("MU", "Mauritius"),
    ("MV", "Maldives"), ("MW", "Malawi"), ("MX", "Mexico"), ("MY", "Malaysia"), ("MZ", "Mozambique"),
    ("NA", "Namibia"), ("NC", "New Caledonia"), ("NE", "Niger"), ("NF", "Norfolk Island"), ("NG", "Nigeria"),
    ("NI", "Nicaragua"), ("NL", "Netherlands"), ("NO", "Norway"), ("NP", "Nepal"), ("NR", "Nauru"), ("NU", "Niue"),
    ("NZ", "New Zealand"), ("OM", "Oman"), ("PA", "Panama"), ("PE", "Peru"), ("PF", "French Polynesia"),
    ("PG", "Papua New Guinea"), ("PH", "Philippines"), ("PK", "Pakistan"), ("PL", "Poland"),
    ("PM", "Saint Pierre and Miquelon"), ("PN", "Pitcairn Islands"), ("PR", "Puerto Rico"), ("PS", "Palestine"),
    ("PT", "Portugal"), ("PW", "Palau"), ("PY", "Paraguay"), ("QA", "Qatar"), ("RE", "Réunion"), ("RO", "Romania"),
    ("RS", "Serbia"), ("RU", "Russia"), ("RW", "Rwanda"), ("SA", "Saudi Arabia"), ("SB", "Solomon Islands"),
    ("SC", "Seychelles"), ("SD", "Sudan"), ("SE", "Sweden"), ("SG", "Singapore"), ("SH", "Saint Helena"),
    ("SI", "Slovenia"), ("SJ", "Svalbard and Jan Mayen"), ("SK", "Slovakia"), ("SL", "Sierra Leone"),
    ("SM", "San Marino"), ("SN", "Senegal"), ("SO", "Somalia"), ("SR", "Suriname"), ("SS", "South Sudan"),
    ("ST", "São Tomé and Príncipe"), ("SV", "El Salvador"), ("SX", "Sint Maarten"), ("SY", "Syria"),
    ("SZ", "Eswatini"), ("TC", "Turks and Caicos Islands"), ("TD", "Chad"), ("TF", "French Southern Territories"),
    ("TG", "Togo"), ("TH", "Thailand"), ("TJ", "Tajikistan"), ("TK", "Tokelau"), ("TL", "Timor-Leste"),
    ("TM", "Turkmenistan"), ("TN", "Tunisia"), ("TO", "Tonga"), ("TR", "Türkiye"), ("TT", "Trinidad and Tobago"),
    ("TV", "Tuvalu"), ("TW", "Taiwan"), ("TZ", "Tanzania"), ("UA", "Ukraine"), ("UG", "Uganda"),
    ("UM", "United States Minor Outlying Islands"), ("US", "United States"), ("UY", "Uruguay"), ("UZ", "Uzbekistan"),
    ("VA", "Vatican City"), ("VC", "Saint Vincent and the Grenadines"), ("VE", "Venezuela"),
    ("VG", "British Virgin Islands"), ("VI", "United States Virgin Islands"), ("VN", "Vietnam"), ("VU", "Vanuatu"),
    ("WF", "Wallis and Futuna"), ("WS", "Samoa"), ("XK", "Kosovo"), ("YE", "Yemen"), ("YT", "Mayotte"),
    ("ZA", "South Africa"), ("ZM", "Zambia"), ("ZW", "Zimbabwe"),
];

/// Folded spellings that are neither code nor name.
#[rustfmt::skip]
static NICKNAMES: &[(&str, &str)] = &[
    ("uk", "GB"), ("gbr", "GB"), ("greatbritain", "GB"), ("england", "GB"), ("scotland", "GB"), ("wales", "GB"),
    ("usa", "US"), ("unitedstatesofamerica", "US"), ("el", "GR"), ("deu", "DE"), ("deutschland", "DE"),
    ("fra", "FR"), ("ita", "IT"), ("italia", "IT"), ("esp", "ES"), ("españa", "ES"), ("nld", "NL"),
    ("holland", "NL"), ("aut", "AT"), ("österreich", "AT"), ("che", "CH"), ("schweiz", "CH"), ("pol", "PL"),
    ("polska", "PL"), ("czechrepublic", "CZ"), ("turkey", "TR"), ("korea", "KR"), ("rus", "RU"), ("can", "CA"),
    ("aus", "AU"), ("jpn", "JP"), ("chn", "CN"), ("uae", "AE"), ("macedonia", "MK"), ("ivorycoast", "CI"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_sorted() {
        assert!(COUNTRIES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(Country::all().count(), 250);
        assert!(Country::all().all(|country| Country::parse(country.code()) == Ok(country)));
        assert!(NICKNAMES.iter().all(|(key, code)| Country::of_code(code).is_some() && text::fold_key(key) == *key));
    }

    #[test]
    fn reads_codes_and_names_the_one_meant() {
        assert_eq!(Country::parse(" de ").unwrap().name(), "Germany");
        for (text, code, help) in [
            ("", "country/empty", "ISO 3166-1"),
            ("ZZ", "country/unknown", "ISO 3166-1"),
            ("UK", "country/unknown", "GB"),
            ("Germany", "country/unknown", "DE"),
            ("Germnay", "country/unknown", "DE"),
            ("U.S.A.", "country/unknown", "US"),
            ("ＤＥ", "country/unknown", "ISO 3166-1"),
        ] {
            let invalid = Country::parse(text).unwrap_err();
            assert_eq!(invalid.code, code, "{text}");
            assert!(invalid.help.contains(help), "{text}: {}", invalid.help);
        }
    }
}
