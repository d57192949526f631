//! Golden documents before judges from outside: schemas of the channels, and servers made of their specifications.
//! `tests/judges.toml` says who judges what, and which documents nobody can judge; those are at least read by somebody
//! else's strict reader.
//!
//! No judge is part of the project. Those that are named are asked, and the others told of: `PURVEY_SHARED` is the folder
//! with the schemas, `PURVEY_JUDGE_SCHEMA` a command that ends with 0 when the JSON Schema it is given first accepts the
//! document it is given next, `PURVEY_CONTRACT_<SERVER>` the base address of a server; `xmllint` is looked for.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesEnd, BytesStart, Event};
use quick_xml::name::QName;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Table {
    judge: Vec<Judge>,
    nobody: Vec<Nobody>,
}

/// Documents that no judge outside is known for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nobody {
    documents: Vec<String>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judge {
    documents: Vec<String>,
    each: Option<String>,
    body: Option<String>,
    schema: Option<String>,
    definition: Option<String>,
    xsd: Option<String>,
    dtd: Option<String>,
    namespace: Option<String>,
    item: Option<String>,
    #[serde(default)]
    elements: Vec<String>,
    #[serde(default)]
    attributes: Vec<String>,
    replace: Option<(String, String)>,
    #[serde(default)]
    without: BTreeMap<String, String>,
    server: Option<String>,
    #[serde(default)]
    send: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

#[test]
fn golden_documents_are_accepted() {
    let table: Table = toml::from_str(include_str!("judges.toml")).unwrap();
    let golden = golden();
    let mut refused = Vec::new();
    for judge in &table.judge {
        if let Some(missing) = judge.missing() {
            eprintln!("skipped: {missing}, to judge {}", judge.documents.join(", "));
            continue;
        }
        let nonsense = if judge.grammar().is_some() { "<nonsense/>" } else { "[]" };
        assert!(judge.ask(nonsense).is_err(), "{} takes anything", judge.documents.join(", "));
        for path in judge.documents.iter().flat_map(|name| &golden[name]) {
            for (number, piece) in judge.pieces(path).iter().enumerate() {
                if let Err(why) = judge.ask(piece) {
                    refused.push(format!("{} ({}): {why}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn every_golden_document_has_a_judge_or_is_named_as_without() {
    let table: Table = toml::from_str(include_str!("judges.toml")).unwrap();
    let judged: BTreeSet<&String> = table.judge.iter().flat_map(|judge| &judge.documents).collect();
    let mut without = BTreeSet::new();
    for nobody in &table.nobody {
        assert!(!nobody.why.is_empty());
        for name in &nobody.documents {
            assert!(!judged.contains(name) && without.insert(name), "{name} is named twice");
        }
    }
    let golden = golden();
    let named: BTreeSet<&String> = judged.union(&without).copied().collect();
    let all: BTreeSet<&String> = golden.keys().collect();
    let unnamed: Vec<_> = all.difference(&named).collect();
    assert!(unnamed.is_empty(), "neither a judge nor the reason why there is none: {unnamed:?}");
    let stale: Vec<_> = named.difference(&all).collect();
    assert!(stale.is_empty(), "no case expects {stale:?}");
}

#[test]
fn strict_readers_take_every_golden_document() {
    let has_xmllint = Command::new("xmllint").arg("--version").output().is_ok();
    if !has_xmllint {
        eprintln!("skipped: no xmllint, to read XML");
    }
    let mut refused = Vec::new();
    for (name, paths) in golden() {
        let (channel, format) = name.split_once('/').unwrap();
        let contract: toml::Table = fs::read_to_string(format!("feeds/{channel}.toml")).unwrap().parse().unwrap();
        let format = &contract["format"][format];
        for path in paths {
            let read = match format["kind"].as_str().unwrap() {
                "xml" if has_xmllint => said(Command::new("xmllint").args(["--noout", "--nonet"]).arg(&path)),
                "xml" => Ok(()),
                "delimited" => read_table(&path, format),
                _ => read_json(&path, format),
            };
            if let Err(why) = read {
                refused.push(format!("{}: {why}", path.display()));
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// Every expected document of the binary's own channels, by channel and format.
fn golden() -> BTreeMap<String, Vec<PathBuf>> {
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for contract in fs::read_dir("feeds").unwrap().map(|entry| entry.unwrap().path()) {
        let channel = contract.file_stem().unwrap().to_str().unwrap().to_owned();
        let Ok(cases) = fs::read_dir(Path::new("tests/feeds").join(&channel)) else { continue };
        let files = cases.flat_map(|case| fs::read_dir(case.unwrap().path()).unwrap());
        for path in files.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_str().unwrap();
            if let Some(format) = name.strip_prefix("expected").and_then(|rest| Some(rest.split_once('.')?.1)) {
                found.entry(format!("{channel}/{format}")).or_default().push(path);
            }
        }
    }
    assert!(found.len() > 50, "golden documents were not found");
    found
}

/// As many cells in each row as there are columns, each column named once.
fn read_table(path: &Path, format: &toml::Value) -> Result<(), String> {
    let bytes = fs::read(path).unwrap();
    let label = format.get("encoding").and_then(toml::Value::as_str).unwrap_or("utf-8");
    let (text, _, malformed) = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap().decode(&bytes);
    if malformed {
        return Err(format!("not {label}"));
    }
    let above = format.get("above").and_then(toml::Value::as_array).map_or(0, Vec::len);
    let text: String = text.split_inclusive('\n').skip(above).collect();
    let quoting = format.get("quoting").and_then(toml::Value::as_str) != Some("never");
    let delimiter = format["delimiter"].as_str().unwrap().as_bytes()[0];
    let mut table =
        csv::ReaderBuilder::new().flexible(false).delimiter(delimiter).quoting(quoting).from_reader(text.as_bytes());
    let columns = table.headers().map_err(|e| e.to_string())?.clone();
    let once: BTreeSet<&str> = columns.iter().collect();
    if format.get("header").and_then(toml::Value::as_bool) != Some(false) && once.len() != columns.len() {
        return Err(format!("a column is there twice: {columns:?}"));
    }
    table.records().try_for_each(|row| row.map(drop)).map_err(|e| e.to_string())
}

fn read_json(path: &Path, format: &toml::Value) -> Result<(), String> {
    let text = fs::read_to_string(path).unwrap();
    let is_lines = format.get("document").is_none() && format.get("shape").is_none_or(|s| s.as_str() == Some("lines"));
    let documents: Vec<&str> = if is_lines { text.lines().collect() } else { vec![&text] };
    documents.into_iter().try_for_each(|one| serde_json::from_str::<Value>(one).map(drop)).map_err(|e| e.to_string())
}

impl Judge {
    /// The option of `xmllint` and the file of an XML grammar.
    fn grammar(&self) -> Option<(&'static str, &str)> {
        let xsd = self.xsd.as_deref().map(|file| ("--schema", file));
        xsd.or_else(|| Some(("--dtdvalid", self.dtd.as_deref()?)))
    }

    /// What is not there of this judge.
    fn missing(&self) -> Option<String> {
        let named = |variable: String| std::env::var_os(&variable).is_none().then(|| format!("{variable} is not set"));
        if let Some(server) = &self.server {
            return named(variable(server));
        }
        let tool = match self.grammar() {
            Some(_) => Command::new("xmllint").arg("--version").output().is_err().then(|| "no xmllint".to_owned()),
            None => named("PURVEY_JUDGE_SCHEMA".to_owned()),
        };
        named("PURVEY_SHARED".to_owned()).or(tool)
    }

    fn pieces(&self, path: &Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        match self.each.as_deref() {
            None => vec![text],
            Some("line") => text.lines().map(str::to_owned).collect(),
            Some(pointer) => {
                let document: Value = serde_json::from_str(&text).unwrap();
                document.pointer(pointer).and_then(Value::as_array).unwrap().iter().map(Value::to_string).collect()
            }
        }
    }

    fn ask(&self, document: &str) -> Result<(), String> {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("document");
        if let Some(server) = &self.server {
            return self.ask_server(&std::env::var(variable(server)).unwrap(), &self.lessened(document));
        }
        let shared = |name: &str| Path::new(&std::env::var("PURVEY_SHARED").unwrap()).join("channels/data").join(name);
        if let Some((option, grammar)) = self.grammar() {
            fs::write(&file, self.as_of_then(document)).unwrap();
            return said(Command::new("xmllint").args(["--noout", "--nonet", option]).arg(shared(grammar)).arg(&file));
        }
        let mut schema: Value =
            serde_json::from_str(&fs::read_to_string(shared(self.schema.as_ref().unwrap())).unwrap()).unwrap();
        if let Some(definition) = &self.definition {
            schema["$ref"] = format!("#/$defs/{definition}").into();
        }
        let rules = scratch.path().join("schema");
        fs::write(&rules, schema.to_string()).unwrap();
        fs::write(&file, document).unwrap();
        let command = std::env::var("PURVEY_JUDGE_SCHEMA").unwrap();
        let mut words = command.split_whitespace();
        said(Command::new(words.next().unwrap()).args(words).arg(&rules).arg(&file))
    }

    /// What the judge is asked about: the call's part, without what the judge is wrong about.
    fn lessened(&self, document: &str) -> String {
        if self.without.is_empty() && self.body.is_none() {
            return document.to_owned();
        }
        let mut value: Value = serde_json::from_str(document).unwrap();
        if let Some(body) = self.body.as_ref().and_then(|pointer| value.pointer(pointer)) {
            value = body.clone();
        }
        for pointer in self.without.keys() {
            take_out(&mut value, &pointer.split('/').skip(1).collect::<Vec<_>>());
        }
        value.to_string()
    }

    /// The document as a grammar knows it that is older: its namespace, its elements and attributes in its order.
    fn as_of_then(&self, document: &str) -> String {
        let document = match &self.replace {
            Some((now, then)) => document.replace(now, then),
            None => document.to_owned(),
        };
        if self.elements.is_empty() {
            return document;
        }
        let mut root = Element::read(&document);
        if let Some(namespace) = &self.namespace {
            root.attributes.retain(|(name, _)| name != "xmlns");
            root.attributes.push(("xmlns".to_owned(), namespace.clone()));
        }
        let item = match &self.item {
            Some(item) => item.clone(),
            None => root.children().next().map(|child| child.name.clone()).unwrap_or_default(),
        };
        self.age(&mut root, &item);
        let mut writer = quick_xml::Writer::new(Vec::new());
        root.write(&mut writer);
        String::from_utf8(writer.into_inner()).unwrap()
    }

    fn age(&self, element: &mut Element, item: &str) {
        if element.name != item {
            element.inside.iter_mut().for_each(|inside| {
                if let Inside::Element(child) = inside {
                    self.age(child, item);
                }
            });
            return;
        }
        element.attributes.retain(|(name, _)| self.attributes.contains(name));
        let all: Vec<Element> = element.children().cloned().collect();
        element.inside.clear();
        for (then, now) in self.elements.iter().map(|e| e.split_once(' ').unwrap_or((e, e))) {
            for child in all.iter().filter(|child| child.name == now) {
                element.inside.push(Inside::Element(Element { name: then.to_owned(), ..child.clone() }));
            }
        }
    }

    fn ask_server(&self, base: &str, document: &str) -> Result<(), String> {
        let host = base.trim_start_matches("http://").trim_end_matches('/');
        let mut headers = self.headers.clone();
        headers.entry("Content-Type".to_owned()).or_insert("application/json".to_owned());
        headers.entry("Accept".to_owned()).or_insert("*/*".to_owned());
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = document.len();
        let request = format!(
            "{} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{document}",
            self.send
        );
        let mut stream = TcpStream::connect(host).map_err(|e| format!("{host}: {e}"))?;
        stream.write_all(request.as_bytes()).map_err(|e| e.to_string())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(|e| e.to_string())?;
        let answer = String::from_utf8_lossy(&answer);
        match answer.split_whitespace().nth(1) {
            Some(status) if status.starts_with('2') => Ok(()),
            _ => Err(answer.chars().take(2000).collect()),
        }
    }
}

/// An XML element as a tree.
#[derive(Clone, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    inside: Vec<Inside>,
}

#[derive(Clone)]
enum Inside {
    Element(Element),
    Text(Event<'static>),
}

impl Element {
    /// The root of a document that is well-formed.
    fn read(document: &str) -> Element {
        let mut reader = quick_xml::Reader::from_str(document);
        reader.config_mut().expand_empty_elements = true;
        let mut open = vec![Element::default()];
        loop {
            match reader.read_event().unwrap().into_owned() {
                Event::Eof => break,
                Event::Start(start) => {
                    let text =
                        |attribute: Attribute<'_>| (attribute.key.as_ref().to_owned(), attribute.value.to_string());
                    let attributes = start.attributes().map(|attribute| text(attribute.unwrap())).collect();
                    open.push(Element { name: start.name().as_ref().to_owned(), attributes, inside: Vec::new() });
                }
                Event::End(_) => {
                    let closed = open.pop().unwrap();
                    open.last_mut().unwrap().inside.push(Inside::Element(closed));
                }
                event @ (Event::Text(_) | Event::CData(_) | Event::GeneralRef(_)) => {
                    open.last_mut().unwrap().inside.push(Inside::Text(event));
                }
                _ => {}
            }
        }
        open.pop().unwrap().children().next().cloned().unwrap()
    }

    fn children(&self) -> impl Iterator<Item = &Element> {
        self.inside.iter().filter_map(|inside| match inside {
            Inside::Element(element) => Some(element),
            Inside::Text(_) => None,
        })
    }

    fn write(&self, writer: &mut quick_xml::Writer<Vec<u8>>) {
        let mut start = BytesStart::new(&self.name);
        for (name, value) in &self.attributes {
            start.push_attribute(Attribute { key: QName(name), value: value.into() });
        }
        writer.write_event(Event::Start(start)).unwrap();
        for inside in &self.inside {
            match inside {
                Inside::Element(element) => element.write(writer),
                Inside::Text(event) => writer.write_event(event.borrow()).unwrap(),
            }
        }
        writer.write_event(Event::End(BytesEnd::new(&self.name))).unwrap();
    }
}

/// Takes out what `steps` lead to; `*` is every entry of a list.
fn take_out(value: &mut Value, steps: &[&str]) {
    match (steps, value) {
        ([last], Value::Object(object)) => drop(object.remove(*last)),
        (["*", rest @ ..], Value::Array(list)) => list.iter_mut().for_each(|one| take_out(one, rest)),
        ([step, rest @ ..], Value::Object(object)) => {
            if let Some(inner) = object.get_mut(*step) {
                take_out(inner, rest);
            }
        }
        _ => {}
    }
}

/// `amazon-listings` is at `PURVEY_CONTRACT_AMAZON_LISTINGS`.
fn variable(server: &str) -> String {
    format!("PURVEY_CONTRACT_{}", server.to_uppercase().replace('-', "_"))
}

fn said(command: &mut Command) -> Result<(), String> {
    let said = command.output().map_err(|e| e.to_string())?;
    let text = [said.stdout, said.stderr].concat();
    if said.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&text).into_owned()) }
}
