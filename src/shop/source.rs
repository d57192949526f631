//! `[source.NAME]` of purvey.toml: where somebody's files come from, how they are read, and how their server is told who
//! asks.
use std::path::PathBuf;

use serde::Deserialize;

use super::{Shop, secret};
use crate::diagnostic::{Error, Place, Result};
use crate::intake::bytes::remote::{Remote, SignIn};
use crate::intake::{Options, spell};

/// Files of one origin. Every key but `from` is the option of `purvey import` of that name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSection {
    /// Paths, beginning in the shop's folder, or addresses.
    pub from: From,
    kind: Option<String>,
    format: Option<String>,
    map: Option<PathBuf>,
    encoding: Option<String>,
    delimiter: Option<String>,
    header_line: Option<u64>,
    #[serde(default)]
    no_quotes: bool,
    timezone: Option<String>,
    weight_unit: Option<String>,
    location: Option<String>,
    market: Option<String>,
    #[serde(default)]
    make_skus: bool,
    #[serde(default)]
    local_prices: bool,
    #[serde(default)]
    archive_missing: bool,
    /// Who signs in at the server; `key` is the password then.
    user: Option<String>,
    /// The header that `key` is sent in, instead of `Authorization: Bearer`.
    header: Option<String>,
    /// Where the key is: `env:NAME` or `file:/path`. Never the key itself.
    key: Option<String>,
}

/// One, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum From {
    One(String),
    Several(Vec<String>),
}

impl SourceSection {
    /// Paths and addresses of the source called `name`.
    pub fn files(&self, shop: &Shop) -> Vec<PathBuf> {
        let all = match &self.from {
            From::One(one) => std::slice::from_ref(one),
            From::Several(all) => all.as_slice(),
        };
        // the shop's folder does not stand before an address
        let whole = |path: &String| match Remote::of(path.as_ref()) {
            Some(_) => PathBuf::from(path),
            None => shop.path(path),
        };
        all.iter().map(whole).collect()
    }

    /// What purvey.toml says about the files of `name`, on top of `options`; what these say counts more.
    ///
    /// Errors: `shop/wrong-value` for a value that is none; those of the mapping file.
    pub fn options(&self, name: &str, shop: &Shop, options: Options) -> Result<Options> {
        let mut options = Options {
            source: options.source.or_else(|| Some(name.to_owned())),
            format: options.format.or_else(|| self.format.clone()),
            location: options.location.or_else(|| self.location.clone()),
            market: options.market.or_else(|| self.market.clone()),
            make_skus: options.make_skus || self.make_skus,
            local_prices: options.local_prices || self.local_prices,
            archive_missing: options.archive_missing || self.archive_missing,
            ..options
        };
        let wrong = |key: &str, value: &str, due: String| {
            Error::usage("shop/wrong-value", format!("{key} cannot be `{value}`"))
                .at(Place::file("purvey.toml").attribute(format!("source.{name}.{key}")))
                .help(format!("write {due}"))
        };
        options.kind = or(options.kind, "kind", &self.kind, spell::kind, wrong)?;
        options.weight_unit = or(options.weight_unit, "weight_unit", &self.weight_unit, spell::unit, wrong)?;
        options.zone = or(options.zone, "timezone", &self.timezone, spell::zone, wrong)?;
        let table = &mut options.table;
        table.delimiter = or(table.delimiter, "delimiter", &self.delimiter, spell::delimiter, wrong)?;
        table.encoding = table.encoding.take().or_else(|| self.encoding.clone());
        table.header_line = table.header_line.or(self.header_line);
        table.literal_quotes |= self.no_quotes;
        if let (None, Some(map)) = (&options.mapping, &self.map) {
            options.mapping = Some(spell::mapping(&shop.dir.join(map))?);
        }
        Ok(options)
    }

    /// How the server is told who asks.
    ///
    /// Errors: those of [`secret`]; `file/sign-in` for a header that cannot be one.
    pub fn sign_in(&self, name: &str) -> Result<Option<SignIn>> {
        let at = |key: &str| Place::file("purvey.toml").attribute(format!("source.{name}.{key}"));
        let Some(key) = &self.key else {
            let lonely = [("user", &self.user), ("header", &self.header)].into_iter().find(|(_, said)| said.is_some());
            return match lonely {
                None => Ok(None),
                Some((said, _)) => Err(Error::usage("shop/wrong-value", format!("{said} is of no use without a key"))
                    .at(at(said))
                    .help("add where the key is: key = \"env:NAME\", or \"file:/path\"")),
            };
        };
        let key = secret(key, &format!("source.{name}.key"))?;
        let sign_in = match (&self.user, &self.header) {
            (Some(user), None) => Ok(SignIn::basic(user, &key)),
            (None, Some(header)) => SignIn::header(header, &key),
            (None, None) => SignIn::header("Authorization", &format!("Bearer {key}")),
            (Some(_), Some(_)) => {
                Err(Error::usage("file/sign-in", "a server is told who asks by user or by header, not by both")
                    .help("leave one of them out"))
            }
        };
        sign_in.map(Some).map_err(|error| error.at(at("header")))
    }
}

/// What was said on the command line, else what the key says, read.
fn or<T>(
    said: Option<T>,
    key: &str,
    text: &Option<String>,
    read: impl Fn(&str) -> std::result::Result<T, String>,
    wrong: impl Fn(&str, &str, String) -> Error,
) -> Result<Option<T>> {
    match (said, text) {
        (Some(said), _) => Ok(Some(said)),
        (None, Some(text)) => read(text).map(Some).map_err(|due| wrong(key, text, due)),
        (None, None) => Ok(None),
    }
}
