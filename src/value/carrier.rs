//! Parcel carriers under one stable id, by whatever name a shop, a person or a marketplace calls them.
use super::{TrackingNumber, closest, text};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A carrier that purvey knows. Every connector maps `id` to the marketplace's own code.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Carrier {
    /// Lower case, stable between releases: what is stored.
    pub id: &'static str,
    pub name: &'static str,
    /// Other spellings; case, spaces and punctuation do not count.
    pub aliases: &'static [&'static str],
    /// Address of the parcel's page; `{}` stands for the number.
    pub tracking_url: Option<&'static str>,
}

/// Suggestions that help instead of listing the world.
const SUGGESTIONS_MAX: usize = 3;

impl Carrier {
    /// By id, name or alias; a service after the name is passed over (`u.p.s. ground`, `DHL Paket International`).
    pub fn find(text: &str) -> Option<&'static Carrier> {
        static BY_KEY: LazyLock<HashMap<String, &'static Carrier>> = LazyLock::new(|| {
            let keys = |carrier: &'static Carrier| carrier.spellings().map(move |name| (text::fold_key(name), carrier));
            CARRIERS.iter().flat_map(keys).collect()
        });
        let words: Vec<&str> = text.split_whitespace().collect();
        (1..=words.len().min(WORDS_MAX)).rev().find_map(|count| {
            let key = text::fold_key(&words[..count].concat());
            BY_KEY.get(&key).copied()
        })
    }

    /// Carriers whose name resembles the text, best first, at most three; empty if [`Carrier::find`] knows it.
    pub fn suggest(text: &str) -> Vec<&'static Carrier> {
        if Self::find(text).is_some() {
            return Vec::new();
        }
        let nearest = |carrier: &Carrier| carrier.spellings().filter_map(|name| closest::nearness(text, name)).min();
        let mut near: Vec<_> = CARRIERS.iter().filter_map(|carrier| Some((nearest(carrier)?, carrier))).collect();
        near.sort_by_key(|(distance, _)| *distance);
        near.into_iter().take(SUGGESTIONS_MAX).map(|(_, carrier)| carrier).collect()
    }

    pub fn all() -> &'static [Carrier] {
        CARRIERS
    }

    /// The page that shows where the parcel is, for carriers that have one.
    pub fn url_of(&self, number: &TrackingNumber) -> Option<String> {
        let escaped: String = url::form_urlencoded::byte_serialize(number.as_str().as_bytes()).collect();
        self.tracking_url.map(|template| template.replace("{}", &escaped))
    }

    fn spellings(&self) -> impl Iterator<Item = &'static str> {
        [self.id, self.name].into_iter().chain(self.aliases.iter().copied())
    }
}

/// Words that a carrier's name may have; what follows is its service.
const WORDS_MAX: usize = 5;

const fn carrier(
    id: &'static str,
    name: &'static str,
    aliases: &'static [&'static str],
    tracking_url: Option<&'static str>,
) -> Carrier {
    Carrier { id, name, aliases, tracking_url }
}

/// Sorted by id. Names as the carriers write them; addresses are the carriers' public tracking pages.
#[rustfmt::skip]
static CARRIERS: &[Carrier] = &[
    carrier("4px", "4PX", &["4PX Worldwide Express"], Some("https://track.4px.com/#/result/0/{}")),
    carrier("amazon-logistics", "Amazon Logistics", &["AMZL", "Amazon Shipping", "AMZN", "Amazon"], None),
    carrier("an-post", "An Post", &["Irish Post"], Some("https://www.anpost.com/Post-Parcels/Track/History?item={}")),
    carrier("aramex", "Aramex", &[], Some("https://www.aramex.com/track/results?ShipmentNumber={}")),
    carrier("asendia", "Asendia", &[], Some("https://tracking.asendia.com/tracking/{}")),
    carrier("australia-post", "Australia Post", &["AusPost", "AU Post"], Some("https://auspost.com.au/mypost/track/details/{}")),
    carrier("austrian-post", "Austrian Post", &["Österreichische Post", "Oesterreichische Post", "Post AT", "Post.at"], Some("https://www.post.at/sv/sendungsdetails?snr={}")),
    carrier("bluedart", "Blue Dart", &[], None),
    carrier("bpost", "bpost", &["Belgian Post", "b post"], Some("https://track.bpost.cloud/btr/web/#/search?itemCode={}")),
    carrier("bring", "Bring", &["Posten Norge", "Posten", "Norway Post"], Some("https://sporing.bring.no/sporing/{}")),
    carrier("brt", "BRT", &["Bartolini", "BRT Bartolini", "BRT Corriere Espresso"], Some("https://vas.brt.it/vas/sped_det_show.hsm?Nspediz={}")),
    carrier("bulgarian-posts", "Bulgarian Posts", &["Bulgarian Post"], None),
    carrier("cainiao", "Cainiao", &["AliExpress Standard Shipping"], Some("https://global.cainiao.com/detail.htm?mailNoList={}")),
    carrier("canada-post", "Canada Post", &["Postes Canada", "CanadaPost Corporation"], Some("https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor={}")),
    carrier("canpar", "Canpar", &["Canpar Express"], None),
    carrier("cdek", "CDEK", &["СДЭК", "SDEK"], Some("https://www.cdek.ru/ru/tracking?order_id={}")),
    carrier("ceska-posta", "Česká pošta", &["Ceska posta", "Czech Post", "Balíkovna", "Balikovna"], Some("https://www.postaonline.cz/trackandtrace/-/zasilka/cislo?parcelNumbers={}")),
    carrier("china-post", "China Post", &["China Post EMS"], None),
    carrier("chronopost", "Chronopost", &["Chrono Post"], Some("https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT={}")),
    carrier("colis-prive", "Colis Privé", &["Colis Prive"], None),
    carrier("colissimo", "Colissimo", &["La Poste", "La Poste Colissimo"], Some("https://www.laposte.fr/outils/suivre-vos-envois?code={}")),
    carrier("correos", "Correos", &["Correos España", "Correos Spain"], Some("https://www.correos.es/es/es/herramientas/localizador/envios/detalle?tracking-number={}")),
    carrier("correos-express", "Correos Express", &["CEX"], Some("https://s.correosexpress.com/c?n={}")),
    carrier("correos-mexico", "Correos de México", &["Correos de Mexico", "Sepomex"], None),
    carrier("couriers-please", "CouriersPlease", &["Couriers Please"], None),
    carrier("ctt", "CTT", &["CTT Correios", "CTT Expresso", "CTT Express", "Correios de Portugal"], Some("https://appserver.ctt.pt/CustomerArea/PublicArea_Detail?ObjectCodeInput={}")),
    carrier("delhivery", "Delhivery", &[], Some("https://www.delhivery.com/track-v2/package/{}")),
    carrier("deutsche-post", "Deutsche Post", &["Deutsche Post Brief", "German Post"], Some("https://www.deutschepost.de/de/s/sendungsverfolgung.html?piececode={}")),
    carrier("dhl", "DHL", &["DHL Paket", "DHL Parcel", "DHL Germany", "DHL DE", "DHL Standard"], Some("https://www.dhl.com/global-en/home/tracking.html?tracking-id={}")),
    carrier("dhl-ecommerce", "DHL eCommerce", &["DHL eCommerce US", "DHL Global Mail"], Some("https://webtrack.dhlecs.com/orders?trackingNumber={}")),
    carrier("dhl-express", "DHL Express", &["DHL Express Worldwide", "DHL International"], Some("https://www.dhl.com/global-en/home/tracking/tracking-express.html?tracking-id={}")),
    carrier("dpd", "DPD", &["DPD Germany", "DPD DE", "DPD Classic", "Dynamic Parcel Distribution", "Geopost"], Some("https://tracking.dpd.de/status/en_US/parcel/{}")),
    carrier("dpd-uk", "DPD UK", &["DPD Local", "DPD Local UK", "Interlink Express", "DPD GB"], Some("https://track.dpd.co.uk/search?reference={}")),
    carrier("dtdc", "DTDC", &[], None),
    carrier("dx", "DX", &["DX Freight", "DX Delivery"], None),
    carrier("elta", "ELTA", &["Hellenic Post", "ELTA Courier"], None),
    carrier("ems", "EMS", &["Express Mail Service"], None),
    carrier("estafeta", "Estafeta", &[], None),
    carrier("evri", "Evri", &["Hermes UK", "myHermes", "My Hermes UK"], Some("https://www.evri.com/track/parcel/{}")),
    carrier("fan-courier", "FAN Courier", &["FANCourier"], Some("https://www.fancourier.ro/awb-tracking/?awb={}")),
    carrier("fastway", "Fastway", &["Aramex Australia", "Fastway Couriers"], None),
    carrier("fedex", "FedEx", &["Federal Express", "FDX", "FedEx Express", "FedEx Ground", "FedEx Home Delivery", "FEDEXSP"], Some("https://www.fedex.com/fedextrack/?trknbr={}")),
    carrier("gls", "GLS", &["General Logistics Systems", "GLS Germany", "GLS Europe"], Some("https://gls-group.com/track/{}")),
    carrier("hermes", "Hermes", &["Hermes Germany", "Hermes DE", "Hermes Versand", "myHermes DE"], Some("https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation/#{}")),
    carrier("hong-kong-post", "Hongkong Post", &["Hong Kong Post"], None),
    carrier("india-post", "India Post", &[], None),
    carrier("inpost", "InPost", &["Paczkomaty", "InPost Paczkomaty", "Paczkomat"], Some("https://inpost.pl/sledzenie-przesylek?number={}")),
    carrier("israel-post", "Israel Post", &[], None),
    carrier("j-and-t", "J&T Express", &["JT Express", "J&T"], None),
    carrier("japan-post", "Japan Post", &["JP Post", "日本郵便", "Yu-Pack"], Some("https://trackings.post.japanpost.jp/services/srv/search/?requestNo1={}&locale=en")),
    carrier("korea-post", "Korea Post", &["우체국"], None),
    carrier("landmark-global", "Landmark Global", &[], None),
    carrier("lasership", "LaserShip", &["LS"], None),
    carrier("latvijas-pasts", "Latvijas Pasts", &["Latvian Post"], None),
    carrier("lp-express", "LP Express", &["Lietuvos paštas", "Lithuania Post", "Lithuanian Post"], None),
    carrier("magyar-posta", "Magyar Posta", &["Hungarian Post", "MPL"], Some("https://posta.hu/nyomkovetes/nyitooldal?searchvalue={}")),
    carrier("mondial-relay", "Mondial Relay", &["MondialRelay"], Some("https://www.mondialrelay.fr/suivi-de-colis/?numeroExpedition={}")),
    carrier("mrw", "MRW", &[], Some("https://www.mrw.es/seguimiento_envios/MRW_resultados_consultas.asp?modo=nacional&envio={}")),
    carrier("nacex", "NACEX", &[], None),
    carrier("nova-poshta", "Nova Poshta", &["Nova Post", "Нова пошта", "Новая почта"], Some("https://tracking.novaposhta.ua/#/uk/{}")),
    carrier("nz-post", "NZ Post", &["New Zealand Post"], Some("https://www.nzpost.co.nz/tools/tracking?trackid={}")),
    carrier("omniva", "Omniva", &["Eesti Post"], None),
    carrier("ontrac", "OnTrac", &[], Some("https://www.ontrac.com/tracking/?number={}")),
    carrier("packeta", "Packeta", &["Zásilkovna", "Zasilkovna"], Some("https://tracking.packeta.com/en/?id={}")),
    carrier("parcelforce", "Parcelforce", &["Parcelforce Worldwide", "Parcel Force"], Some("https://www.parcelforce.com/track-trace?trackNumber={}")),
    carrier("poczta-polska", "Poczta Polska", &["Pocztex", "Polish Post", "Poland Post"], Some("https://emonitoring.poczta-polska.pl/?numer={}")),
    carrier("poste-italiane", "Poste Italiane", &["SDA", "SDA Express Courier", "Italian Post"], Some("https://www.poste.it/cerca/index.html#/risultati-spedizioni/{}")),
    carrier("posti", "Posti", &["Itella", "Finland Post"], Some("https://www.posti.fi/en/tracking#/lahetys/{}")),
    carrier("postnl", "PostNL", &["Post NL", "TNT Post", "PostNL Pakketten"], Some("https://postnl.nl/tracktrace/?B={}")),
    carrier("postnord", "PostNord", &["Post Nord", "PostNord Sweden", "Post Danmark"], Some("https://tracking.postnord.com/en/?id={}")),
    carrier("ppl", "PPL", &["PPL CZ", "Professional Parcel Logistic"], Some("https://www.ppl.cz/vyhledat-zasilku?shipmentId={}")),
    carrier("purolator", "Purolator", &[], Some("https://www.purolator.com/en/shipping/tracker?pin={}")),
    carrier("relais-colis", "Relais Colis", &[], None),
    carrier("romanian-post", "Poșta Română", &["Posta Romana", "Romanian Post"], None),
    carrier("royal-mail", "Royal Mail", &["RoyalMail"], Some("https://www.royalmail.com/track-your-item#/tracking-results/{}")),
    carrier("russian-post", "Russian Post", &["Почта России", "Pochta Rossii", "Pochta"], Some("https://www.pochta.ru/tracking?barcode={}")),
    carrier("sagawa", "Sagawa Express", &["Sagawa", "佐川急便"], Some("https://k2k.sagawa-exp.co.jp/p/web/okurijosearch.do?okurijoNo={}")),
    carrier("sameday", "Sameday", &["Sameday Courier", "easybox"], None),
    carrier("sendle", "Sendle", &[], Some("https://track.sendle.com/tracking?ref={}")),
    carrier("seur", "SEUR", &[], Some("https://www.seur.com/livetracking/?segOnlineIdentificador={}")),
    carrier("sf-express", "SF Express", &["Shun Feng", "SF", "顺丰"], Some("https://www.sf-express.com/we/ow/chn/en/waybill/waybill-detail/{}")),
    carrier("singapore-post", "Singapore Post", &["SingPost"], None),
    carrier("slovenska-posta", "Slovenská pošta", &["Slovenska posta", "Slovak Post"], None),
    carrier("speedy", "Speedy", &[], None),
    carrier("startrack", "StarTrack", &["Star Track"], None),
    carrier("swiss-post", "Swiss Post", &["Die Schweizerische Post", "Schweizerische Post", "La Poste Suisse", "Post CH", "Post.ch"], Some("https://service.post.ch/ekp-web/ui/entry/search/{}")),
    carrier("tnt", "TNT", &["TNT Express"], Some("https://www.tnt.com/express/en_gb/site/shipping-tools/tracking.html?searchType=con&cons={}")),
    carrier("toll", "Toll", &["Toll IPEC", "Toll Priority"], None),
    carrier("tuffnells", "Tuffnells", &[], None),
    carrier("ukrposhta", "Ukrposhta", &["Укрпошта"], Some("https://track.ukrposhta.ua/tracking_en.html?barcode={}")),
    carrier("ups", "UPS", &["United Parcel Service"], Some("https://www.ups.com/track?tracknum={}")),
    carrier("ups-mail-innovations", "UPS Mail Innovations", &["UPSMI", "UPS MI"], None),
    carrier("usps", "USPS", &["United States Postal Service", "US Postal Service", "US Post", "US Mail"], Some("https://tools.usps.com/go/TrackConfirmAction?tLabels={}")),
    carrier("venipak", "Venipak", &[], None),
    carrier("whistl", "Whistl", &[], None),
    carrier("yamato", "Yamato Transport", &["Yamato", "Kuroneko Yamato", "TA-Q-BIN", "ヤマト運輸"], Some("https://jizen.kuronekoyamato.co.jp/jizen/servlet/crjz.b.NQ0010?id={}")),
    carrier("yanwen", "Yanwen", &["Yanwen Express"], None),
    carrier("yodel", "Yodel", &["Home Delivery Network", "Yodel Direct"], Some("https://www.yodel.co.uk/tracking/{}")),
    carrier("yunexpress", "YunExpress", &["Yun Express"], Some("https://www.yuntrack.com/parcelTracking?id={}")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_two_carriers_share_a_spelling() {
        assert!(CARRIERS.is_sorted_by(|a, b| a.id < b.id));
        let mut owners: HashMap<String, &str> = HashMap::new();
        for carrier in CARRIERS {
            assert!(carrier.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            for name in carrier.spellings() {
                let owner = owners.entry(text::fold_key(name)).or_insert(carrier.id);
                assert_eq!(*owner, carrier.id, "{name}");
                assert_eq!(Carrier::find(name), Some(carrier), "{name}");
            }
            if let Some(template) = carrier.tracking_url {
                assert!(template.starts_with("https://") && template.matches("{}").count() == 1, "{template}");
            }
        }
    }

    #[test]
    fn finds_carriers_as_people_write_them() {
        for (text, id) in [
            ("UPS", "ups"),
            ("u.p.s. ground", "ups"),
            ("U P S", "ups"),
            ("Fed Ex", "fedex"),
            ("FedEx International Priority", "fedex"),
            ("dhl_express", "dhl-express"),
            ("DHL Express 12:00", "dhl-express"),
            ("DHL Paket International", "dhl"),
            ("royal mail tracked 48", "royal-mail"),
            ("Hermes UK", "evri"),
            ("СДЭК", "cdek"),
            ("LA POSTE", "colissimo"),
        ] {
            assert_eq!(Carrier::find(text).map(|carrier| carrier.id), Some(id), "{text}");
        }
        for unknown in ["Pigeon Post", "Other", "", "...", "Upside Couriers"] {
            assert_eq!(Carrier::find(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn suggests_the_carrier_that_was_meant() {
        let first = |text| Carrier::suggest(text).first().map(|carrier| carrier.id);
        for (text, id) in
            [("Chronpost", "chronopost"), ("Fedx", "fedex"), ("Royal Mial", "royal-mail"), ("UPSS", "ups")]
        {
            assert_eq!(first(text), Some(id), "{text}");
        }
        assert_eq!(first("Pigeon Airlines"), None);
        assert_eq!(first("UPS"), None);
    }

    #[test]
    fn a_number_cannot_break_out_of_its_address() {
        let number = TrackingNumber::parse("1Z&x=../#").unwrap();
        let ups = Carrier::find("ups").unwrap();
        assert_eq!(ups.url_of(&number).unwrap(), "https://www.ups.com/track?tracknum=1Z%26x%3D..%2F%23");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            prop_assert!(Carrier::find(&text).is_none() || Carrier::suggest(&text).is_empty());
        }
    }
}
