//! Sections: what a document says besides its offers, from a query of its own, such as the tree of categories.
use indexmap::IndexMap;
use rusqlite::types::ValueRef;
use serde::Deserialize;

use super::assemble::Assembled;
use super::guard::Guarded;
use super::settings::Settings;
use super::stock::Channel;
use crate::catalog::fault;
use crate::diagnostic::{Error, Place, Result};

/// `[section.categories]` of a contract; its query is `templates/<channel>.categories.sql`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Path of one row's element, inside the innermost of the elements that open the document.
    pub element: String,
    /// Column of the query and its place in that element: `@id`, `text()`, a child element.
    pub columns: IndexMap<String, String>,
}

/// The query of a section, and its file for messages.
#[derive(Debug, Clone)]
pub struct SectionTemplate {
    pub name: String,
    pub file: String,
    pub sql: String,
}

/// One row of a section: the place of each value that is there, and its text.
pub type SectionRow<'c> = Vec<(&'c str, String)>;

impl Channel {
    /// The rows of every section with the element each is, in the contract's order, for a run at `now`.
    pub fn section_rows(&self, guarded: &Guarded, now: &str) -> Result<Vec<(&str, SectionRow<'_>)>> {
        let mut rows = Vec::new();
        for template in &self.sections {
            let Some(section) = self.contract.section.get(&template.name) else { continue };
            let found = self.rows_of(section, template, guarded, now)?;
            rows.extend(found.into_iter().map(|row| (section.element.as_str(), row)));
        }
        Ok(rows)
    }

    fn rows_of<'c>(
        &self,
        section: &'c Section,
        template: &SectionTemplate,
        guarded: &Guarded,
        now: &str,
    ) -> Result<Vec<SectionRow<'c>>> {
        // The same channel with this query as its template: faults point into the right file, parameters are the same.
        let settings = Settings { set: IndexMap::new(), ..self.settings.clone() };
        let (sql, file) = (template.sql.clone(), template.file.clone());
        let channel = Channel { template: sql, template_file: file, settings, ..self.unselective() };
        let assembled = Assembled::template(&channel);
        let explained = |error| channel.explain(&assembled, error, guarded);
        let mut statement = guarded.conn.prepare(&assembled.sql).map_err(explained)?;
        let mut places = Vec::new();
        for (position, name) in statement.column_names().enumerate() {
            let place = section.columns.get(name).ok_or_else(|| no_column(section, template, name))?;
            places.push((position, place.as_str()));
        }
        for (name, value) in channel.parameters(&assembled, &statement, now, None)? {
            let index = statement.parameter_index(&name).map_err(fault)?;
            statement.raw_bind_parameter(index.unwrap_or_default(), value).map_err(fault)?;
        }
        let mut found = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(explained)? {
            let mut values = Vec::with_capacity(places.len());
            for (position, place) in &places {
                match row.get_ref(*position).map_err(fault)? {
                    ValueRef::Integer(number) => values.push((*place, number.to_string())),
                    ValueRef::Text(text) => values.push((*place, String::from_utf8_lossy(text).into_owned())),
                    ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => {}
                }
            }
            found.push(values);
        }
        Ok(found)
    }
}

fn no_column(section: &Section, template: &SectionTemplate, name: &str) -> Error {
    let known: Vec<&str> = section.columns.keys().map(String::as_str).collect();
    let message = format!("section {} has no column `{name}`", template.name);
    Error::usage("template/no-such-attribute", message)
        .at(Place::file(&template.file))
        .help(format!("call it one of {}", known.join(", ")))
}
