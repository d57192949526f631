//! Sections: what a document says besides its offers, from a query of its own, such as the tree of categories.
use indexmap::{IndexMap, IndexSet};
use rusqlite::types::ValueRef;
use serde::Deserialize;
use serde_json::Value;

use super::assemble::Assembled;
use super::guard::Guarded;
use super::settings::Settings;
use super::stock::Channel;
use crate::catalog::fault;
use crate::diagnostic::{Diagnostic, Error, Place, Result};

/// `[section.categories]` of a contract; its query is `templates/<channel>.categories.sql`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// XML: path of one row's element, inside the innermost of the elements that open the document.
    pub element: Option<String>,
    /// XML: after the offers instead of before them.
    #[serde(default)]
    pub after: bool,
    /// JSON: pointer into `document`, to the empty list its rows go to as objects.
    pub at: Option<String>,
    /// Column of the query and its place in that element: `@id`, `text()`, a child element. In JSON the column is the key.
    pub columns: IndexMap<String, String>,
    /// Column whose values must be among those of another: `id` of this section, `currencies.id` of a second one.
    #[serde(default)]
    pub refers: IndexMap<String, String>,
}

/// The query of a section, and its file for messages.
#[derive(Debug, Clone)]
pub struct SectionTemplate {
    pub name: String,
    pub file: String,
    pub sql: String,
}

/// What the query of a section returned.
#[derive(Debug, Clone)]
pub struct SectionRows<'c> {
    pub name: &'c str,
    pub section: &'c Section,
    /// Place of each column.
    places: Vec<(&'c str, &'c str)>,
    rows: Vec<Vec<Option<Value>>>,
    file: &'c str,
}

impl<'c> SectionRows<'c> {
    /// Each row: column, its place, and the value where there is one, a text or an integer.
    pub fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = (&'c str, &'c str, &Value)>> {
        self.rows.iter().map(|row| {
            let given = self.places.iter().zip(row);
            given.filter_map(|((column, place), value)| Some((*column, *place, value.as_ref()?)))
        })
    }

    /// The texts of one column.
    fn column(&self, name: &str) -> impl Iterator<Item = String> {
        let position = self.places.iter().position(|(column, _)| *column == name);
        let rows = position.into_iter().flat_map(|position| self.rows.iter().map(move |row| row.get(position)));
        rows.filter_map(|value| value?.as_ref().map(text_of))
    }
}

/// A value of a section as text.
pub fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The values that `section.column` lists, each once; of the section `own` when only a column is named.
pub fn listed(sections: &[SectionRows<'_>], target: &str, own: &str) -> IndexSet<String> {
    let (section, column) = target.split_once('.').unwrap_or((own, target));
    sections.iter().filter(|rows| rows.name == section).flat_map(|rows| rows.column(column)).collect()
}

impl Channel {
    /// The rows of every section, in the contract's order, for a run at `now`.
    pub fn section_rows(&self, guarded: &Guarded, now: &str) -> Result<Vec<SectionRows<'_>>> {
        let mut all = Vec::new();
        for template in &self.sections {
            if let Some((name, section)) = self.contract.section.get_key_value(&template.name) {
                all.push(self.rows_of(name, section, template, guarded, now)?);
            }
        }
        Ok(all)
    }

    /// Rows of sections that refer to a row that is not there, such as a category to a parent nobody lists.
    pub fn section_faults(&self, sections: &[SectionRows<'_>]) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        for rows in sections {
            for (column, target) in &rows.section.refers {
                let known = listed(sections, target, rows.name);
                for value in rows.column(column).filter(|value| !known.contains(value)) {
                    let message = format!("{column} {value} of a row of {} is no {target}", rows.name);
                    let place = Place::file(rows.file).attribute(column.as_str()).value(&value);
                    let fault = Diagnostic::error(format!("{}/{}-unlisted", self.name, rows.name), message).at(place);
                    faults.push(fault.help("let the query return the row it refers to, or NULL"));
                }
            }
        }
        faults
    }

    fn rows_of<'c>(
        &'c self,
        name: &'c str,
        section: &'c Section,
        template: &'c SectionTemplate,
        guarded: &Guarded,
        now: &str,
    ) -> Result<SectionRows<'c>> {
        // The same channel with this query as its template: faults point into the right file, parameters are the same.
        let settings = Settings { set: IndexMap::new(), ..self.settings.clone() };
        let (sql, file) = (template.sql.clone(), template.file.clone());
        let channel = Channel { template: sql, template_file: file, settings, ..self.unselective() };
        let assembled = Assembled::template(&channel);
        let explained = |error| channel.explain(&assembled, error, guarded);
        let mut statement = guarded.conn.prepare(&assembled.sql).map_err(explained)?;
        let mut places = Vec::new();
        for column in statement.column_names() {
            let known = section.columns.get_key_value(column);
            let (column, place) = known.ok_or_else(|| no_column(section, template, column))?;
            places.push((column.as_str(), place.as_str()));
        }
        for (name, value) in channel.parameters(&assembled, &statement, now, None)? {
            let index = statement.parameter_index(&name).map_err(fault)?;
            statement.raw_bind_parameter(index.unwrap_or_default(), value).map_err(fault)?;
        }
        let mut found = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(explained)? {
            let value = |position| {
                Ok(match row.get_ref(position).map_err(fault)? {
                    ValueRef::Integer(number) => Some(Value::from(number)),
                    ValueRef::Text(text) => Some(Value::from(String::from_utf8_lossy(text).into_owned())),
                    ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
                })
            };
            found.push((0..places.len()).map(value).collect::<Result<_>>()?);
        }
        Ok(SectionRows { name, section, places, rows: found, file: &template.file })
    }
}

fn no_column(section: &Section, template: &SectionTemplate, name: &str) -> Error {
    let known: Vec<&str> = section.columns.keys().map(String::as_str).collect();
    let message = format!("section {} has no column `{name}`", template.name);
    Error::usage("template/no-such-attribute", message)
        .at(Place::file(&template.file))
        .help(format!("call it one of {}", known.join(", ")))
}
