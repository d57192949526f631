//! Contract against template, before the first row: every fault points into the file that has it.
use rusqlite::Statement;
use rusqlite::types::Value;

use super::assemble::{Assembled, ITEM_MORE, OVERRIDES, Origin, WANTED, place_in};
use super::guard::Guarded;
use super::settings::Parameter;
use super::stock::Channel;
use crate::catalog::fault;
use crate::diagnostic::{Error, Kind, Place, Result};
use crate::value::closest::closest;

/// A statement that is ready to run, and what each of its columns is.
pub struct Compiled {
    pub sql: String,
    pub columns: Vec<Column>,
    /// Name with its `$`, and the value to bind.
    pub parameters: Vec<(String, Value)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub name: String,
    pub source: Source,
}

/// What a column of the template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Names the row in reports.
    Sku,
    /// Position in the contract's attributes.
    Attribute(usize),
    /// Position in the contract's inputs.
    Input(usize),
    /// The JSON object of this offer's overrides.
    Overrides,
}

impl Channel {
    /// The SQL of this channel: what decides which maps are loaded.
    pub(super) fn sql_texts(&self) -> Vec<&str> {
        let shop = self.settings.set.values().map(String::as_str).chain(self.settings.filter.as_deref());
        let sections = self.sections.iter().map(|section| section.sql.as_str());
        std::iter::once(self.template.as_str()).chain(shop).chain(sections).collect()
    }

    /// The value of `$name`: the channel's setting (to which the shop's are added), its name, or the run's clock.
    pub fn value_of(&self, name: &str, now: &str) -> Option<Value> {
        if let Some(own) = self.parameter(name) {
            return Some(match own {
                Parameter::Text(text) => Value::Text(text.clone()),
                Parameter::Integer(number) => Value::Integer(*number),
                Parameter::Switch(on) => Value::Integer(i64::from(*on)),
            });
        }
        match name {
            "channel" => Some(Value::Text(self.name.clone())),
            "now" => Some(Value::Text(now.to_owned())),
            "version" => self.contract.version.clone().map(Value::Text),
            _ => None,
        }
    }

    /// Compiles the template for a run at `now` (UTC text) with the shop's changes, and checks its columns against the contract.
    pub fn compile(&self, guarded: &Guarded, now: &str) -> Result<Compiled> {
        let alone = Assembled::template(self);
        let template = guarded.conn.prepare(&alone.sql).map_err(|e| self.explain(&alone, e, guarded))?;
        let template_columns: Vec<String> = template.column_names().map(str::to_owned).collect();
        self.check_first(&template_columns)?;
        drop(template);

        let overrides = self.has_overrides(guarded)?;
        let assembled = Assembled::new(self, &template_columns, overrides);
        let statement = guarded.conn.prepare(&assembled.sql).map_err(|e| self.explain(&assembled, e, guarded))?;
        let columns = statement
            .column_names()
            .enumerate()
            .map(|(i, name)| Ok(Column { name: name.to_owned(), source: self.source_of(i, name)? }))
            .collect::<Result<Vec<_>>>()?;
        self.check_required(&columns, overrides)?;
        let parameters = self.parameters(&assembled, &statement, now, None)?;
        drop(statement);
        Ok(Compiled { sql: assembled.sql, columns, parameters })
    }

    /// What is bound to each `$name` of a statement, which may ask for one `sku`.
    pub(super) fn parameters(
        &self,
        assembled: &Assembled,
        statement: &Statement<'_>,
        now: &str,
        sku: Option<&str>,
    ) -> Result<Vec<(String, Value)>> {
        let mut parameters = Vec::new();
        for index in 1..=statement.parameter_count() {
            let Some(name) = statement.parameter_name(index) else { continue };
            let bare = name.trim_start_matches(['$', ':', '@']);
            let value = match (name, sku) {
                (WANTED, Some(sku)) => Value::Text(sku.to_owned()),
                ("$purvey_now", _) => Value::Text(now.to_owned()),
                ("$purvey_site", _) => self.value_of("site", now).unwrap_or(Value::Null),
                _ => self.value_of(bare, now).ok_or_else(|| self.no_value(assembled, name))?,
            };
            parameters.push((name.to_owned(), value));
        }
        Ok(parameters)
    }

    fn has_overrides(&self, guarded: &Guarded) -> Result<bool> {
        if self.contract.entity.is_some() {
            return Ok(false);
        }
        guarded
            .conn
            .query_row(
                "SELECT count(*) > 0 FROM (SELECT 1 FROM override WHERE channel = ?1 LIMIT 1)",
                [&self.name],
                |r| r.get(0),
            )
            .map_err(fault)
    }

    fn check_first(&self, columns: &[String]) -> Result<()> {
        if columns.first().is_some_and(|c| c == "sku") {
            return Ok(());
        }
        let found = columns.first().map_or("nothing", String::as_str);
        Err(Error::usage("template/sku-first", format!("the first column is {found}; every template begins with sku"))
            .at(Place::file(&self.template_file))
            .help("it names the row in reports and joins the shop's own settings; it is not written"))
    }

    fn source_of(&self, position: usize, name: &str) -> Result<Source> {
        if position == 0 {
            return Ok(Source::Sku);
        }
        if let Some(index) = self.contract.attribute_named(name) {
            return Ok(Source::Attribute(index));
        }
        if let Some(index) = self.contract.inputs.iter().position(|input| input == name) {
            return Ok(Source::Input(index));
        }
        if name == OVERRIDES {
            return Ok(Source::Overrides);
        }
        let (file, text) = match self.settings.set.contains_key(name) {
            true => ("purvey.toml", name),
            false => (self.template_file.as_str(), self.template.as_str()),
        };
        let place = match text.find(name) {
            Some(at) if file != "purvey.toml" => place_in(file, text, at),
            _ => Place::file(file).attribute(format!("channel.{}.set.{name}", self.name)),
        };
        let help = match closest(name, self.contract.attribute.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{} lists the attributes of {}", self.contract_file, self.name),
        };
        Err(Error::usage("template/no-such-attribute", format!("{} has no attribute `{name}`", self.name))
            .at(place)
            .help(help))
    }

    /// A required attribute that no column gives would fail every row: say it once instead.
    fn check_required(&self, columns: &[Column], overrides: bool) -> Result<()> {
        let given = |index: usize| columns.iter().any(|c| c.source == Source::Attribute(index));
        for (index, name, instead) in self.contract.required() {
            if !given(index) && !instead.is_some_and(given) && !overrides {
                return Err(Error::usage(
                    "template/required-missing",
                    format!("{} requires `{name}`, and no column gives it", self.name),
                )
                .at(Place::file(&self.template_file))
                .help(format!(
                    "add `… AS {name}` to the template, or {name} = \"…\" under [channel.{}.set]",
                    self.name
                )));
            }
        }
        Ok(())
    }

    fn no_value(&self, assembled: &Assembled, parameter: &str) -> Error {
        let bare = parameter.trim_start_matches(['$', ':', '@']);
        let place = match assembled.sql.find(parameter).and_then(|at| assembled.origin(at)) {
            Some((Origin::Template, at)) => place_in(&self.template_file, &self.template, at),
            _ => Place::file("purvey.toml"),
        };
        Error::usage("template/no-value", format!("nothing says what {parameter} is"))
            .at(place)
            .help(format!("set {bare} = \"…\" under [channel.{}] in purvey.toml", self.name))
    }

    /// SQLite's complaint, at the place a person can mend, with the nearest name where one is wrong.
    pub(super) fn explain(&self, assembled: &Assembled, error: rusqlite::Error, guarded: &Guarded) -> Error {
        let (message, offset) = match &error {
            rusqlite::Error::SqlInputError { msg, offset, .. } => (msg.clone(), usize::try_from(*offset).ok()),
            rusqlite::Error::SqliteFailure(_, Some(msg)) => (msg.clone(), None),
            rusqlite::Error::MultipleStatement => ("more than one statement".to_owned(), None),
            _ => return fault(error),
        };
        let origin = offset.and_then(|at| assembled.origin(at));
        let place = match origin {
            Some((Origin::Template, at)) => place_in(&self.template_file, &self.template, at),
            Some((Origin::Shop(key), at)) => {
                let text = self.shop_text(key);
                // The line inside a TOML string says nothing of the line in the file: `Shop` finds that.
                Place {
                    line: None,
                    ..place_in("purvey.toml", text, at).attribute(format!("channel.{}.{key}", self.name))
                }
            }
            None => Place::file(&self.template_file),
        };
        let denied = message.contains("not authorized") || message.contains("prohibited");
        let code = match () {
            () if message.starts_with("no such column") => "template/no-such-column",
            () if message.starts_with("no such function") => "template/no-such-function",
            () if message.starts_with("no such table") => "template/no-such-table",
            () if message.starts_with("ambiguous column") => "template/ambiguous-column",
            () if denied => "template/not-allowed",
            () => "template/wrong",
        };
        let help = match code {
            "template/no-such-column" => self.column_help(&message, guarded),
            "template/no-such-table" => "templates read `item`, `item_stock`, `item_price`, `item_review`, and maps as `map_<file>`".to_owned(),
            "template/ambiguous-column" => "write item.… for the catalog's value or feed.… for what the template says".to_owned(),
            "template/not-allowed" => "a template may only SELECT from the catalog's product and stock tables; orders, buyers and files are out of reach".to_owned(),
            "template/no-such-function" => "use SQLite's own functions, or greatest and least".to_owned(),
            _ => "mend the SQL here; nothing was built".to_owned(),
        };
        Error::new(Kind::Usage, code, message).at(place).help(help)
    }

    fn shop_text(&self, key: &str) -> &str {
        match key.strip_prefix("set.") {
            Some(attribute) => self.settings.set.get(attribute).map_or("", String::as_str),
            None => self.settings.filter.as_deref().unwrap_or_default(),
        }
    }

    fn column_help(&self, message: &str, guarded: &Guarded) -> String {
        let asked = message.trim_start_matches("no such column: ");
        let bare = asked.rsplit('.').next().unwrap_or(asked).trim_matches('"');
        let columns = item_columns(guarded);
        match closest(bare, columns.iter().map(String::as_str)) {
            Some(near) => format!("item has `{near}`; see `purvey catalog columns`"),
            None => "see `purvey catalog columns`; text goes in single quotes".to_owned(),
        }
    }
}

fn item_columns(guarded: &Guarded) -> Vec<String> {
    let names = guarded.conn.prepare("SELECT * FROM item").map(|s| s.column_names().map(str::to_owned).collect());
    let mut names: Vec<String> = names.unwrap_or_default();
    names.extend(ITEM_MORE.iter().map(|(name, _)| (*name).to_owned()));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::channel::Settings;

    fn catalog(dir: &std::path::Path) -> Catalog {
        let catalog = Catalog::of_shop(dir);
        catalog.create("2026-11-25T10:00:00Z".parse().unwrap()).unwrap();
        catalog
    }

    const NOW: &str = "2026-11-25T10:00:00Z";

    fn settings(text: &str) -> Settings {
        toml::from_str(text).unwrap()
    }

    fn compile(dir: &std::path::Path, change: impl Fn(&mut Channel)) -> Result<Compiled> {
        let mut channel =
            Channel::load("google", None, settings("site = 'https://shop.example'\ncountry = 'DE'")).unwrap();
        change(&mut channel);
        let guarded = Guarded::open(&catalog(dir), None, &channel)?;
        channel.compile(&guarded, NOW)
    }

    #[test]
    fn every_stock_channel_compiles() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("maps")).unwrap();
        std::fs::write(
            dir.path().join("maps/promotions.csv"),
            "promotion_id,offer_type,long_title,promotion_effective_dates,redemption_channel\n",
        )
        .unwrap();
        for name in crate::channel::names(None) {
            let mut all = settings("site = 'https://shop.example'\ncountry = 'DE'\ncurrency = 'EUR'");
            for (setting, _) in
                Channel::load_contract(&name, None).unwrap().settings.into_iter().filter(|(_, s)| s.required)
            {
                all.parameters.entry(setting).or_insert(Parameter::Text("given".to_owned()));
            }
            let channel = Channel::load(&name, None, all).unwrap();
            let guarded = Guarded::open(&catalog(dir.path()), Some(dir.path()), &channel).unwrap();
            channel.compile(&guarded, NOW).unwrap();
        }
    }

    #[test]
    fn a_template_may_have_an_item_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let own = "WITH item AS (SELECT * FROM main.item WHERE price_minor > 0) SELECT";
        compile(dir.path(), |c| {
            c.template = c.template.replacen("SELECT", own, 1).replace("  link,", "  path AS link,")
        })
        .map(drop)
        .unwrap();
    }

    #[test]
    fn a_typo_is_pointed_at_in_the_template() {
        let dir = tempfile::tempdir().unwrap();
        let error = compile(dir.path(), |c| {
            c.template = "SELECT\n  sku,\n  concat_ws(' ', titel, color) AS title\nFROM item".into()
        })
        .err()
        .unwrap();
        assert_eq!((error.code, error.place.line, error.place.column), ("template/no-such-column", Some(3), Some(18)));
        assert_eq!(error.help.as_deref(), Some("item has `title`; see `purvey catalog columns`"));
    }

    #[test]
    fn a_typo_in_purvey_toml_is_pointed_at_there() {
        let dir = tempfile::tempdir().unwrap();
        let error =
            compile(dir.path(), |c| drop(c.settings.set.insert("title".into(), "item.brand || item.titel".into())))
                .err()
                .unwrap();
        assert_eq!(error.place.attribute.as_deref(), Some("channel.google.set.title"));
        assert_eq!(error.place.column, Some(15), "{error:?}");
        let error = compile(dir.path(), |c| c.settings.filter = Some("brand = 'x'".into())).err().unwrap();
        assert_eq!(error.code, "template/ambiguous-column");
    }

    #[test]
    fn a_template_reads_products_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for attack in [
            "SELECT sku, (SELECT data FROM customer) AS title FROM item",
            "SELECT sku, (SELECT body FROM outbox) AS title FROM item",
            "SELECT sku, load_extension('x') AS title FROM item",
            "SELECT sku, writefile('x', 'y') AS title FROM item",
            "ATTACH 'leak.db' AS leak",
            "VACUUM INTO 'leak.db'",
            "DELETE FROM product",
            "PRAGMA user_version = 9",
            "SELECT sku FROM item; DELETE FROM product",
            "SELECT name AS sku FROM sqlite_schema",
            "SELECT \"titel\" AS sku FROM item",
        ] {
            let error = compile(dir.path(), |c| c.template = attack.into()).err().unwrap_or_else(|| panic!("{attack}"));
            assert_eq!(error.kind, Kind::Usage, "{attack}: {error}");
        }
        assert!(!dir.path().join("leak.db").exists() && !std::path::Path::new("leak.db").exists());
    }

    #[test]
    fn a_column_the_channel_does_not_know_and_a_missing_value_are_explained() {
        let dir = tempfile::tempdir().unwrap();
        let error =
            compile(dir.path(), |c| c.template = c.template.replace("AS image_link", "AS image_lnk")).err().unwrap();
        assert_eq!(error.code, "template/no-such-attribute");
        assert_eq!(error.help.as_deref(), Some("did you mean `image_link`?"));
        let error =
            compile(dir.path(), |c| c.template = c.template.replace("  mpn,", "  $maker AS mpn,")).err().unwrap();
        assert_eq!((error.code, error.message.as_str()), ("template/no-value", "nothing says what $maker is"));
        assert!(error.place.line.is_some());
    }
}
