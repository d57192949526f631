//! Golden documents before judges from outside: schemas of the channels, and servers made of their specifications.
//! `tests/judges.toml` says who judges what.
//!
//! No judge is part of the project. Those that are named are asked, and the others told of: `PURVEY_SHARED` is the folder
//! with the schemas, `PURVEY_JUDGE_SCHEMA` a command that ends with 0 when the JSON Schema it is given first accepts the
//! document it is given next, `PURVEY_CONTRACT_<SERVER>` the base address of a server; `xmllint` is looked for.
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use quick_xml::events::{BytesEnd, BytesStart, Event};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Table {
    judge: Vec<Judge>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judge {
    documents: Vec<String>,
    each: Option<String>,
    schema: Option<String>,
    definition: Option<String>,
    xsd: Option<String>,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    elements: Vec<String>,
    replace: Option<(String, String)>,
    server: Option<String>,
    #[serde(default)]
    send: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

#[test]
fn golden_documents_are_accepted() {
    let table: Table = toml::from_str(include_str!("judges.toml")).unwrap();
    let mut refused = Vec::new();
    for judge in &table.judge {
        if let Some(missing) = judge.missing() {
            eprintln!("skipped: {missing}, to judge {}", judge.documents.join(", "));
            continue;
        }
        let nonsense = if judge.xsd.is_some() { "<nonsense/>" } else { "[]" };
        assert!(judge.ask(nonsense).is_err(), "{} takes anything", judge.documents.join(", "));
        for path in judge.documents.iter().flat_map(|name| documents(name)) {
            for (number, piece) in judge.pieces(&path).iter().enumerate() {
                if let Err(why) = judge.ask(piece) {
                    refused.push(format!("{} ({}): {why}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// `amazon/json`: what every case of a channel expects in a format.
fn documents(name: &str) -> Vec<PathBuf> {
    let (channel, format) = name.split_once('/').unwrap();
    let cases = fs::read_dir(Path::new("tests/feeds").join(channel)).unwrap();
    let expected = cases.map(|case| case.unwrap().path().join(format!("expected.{format}")));
    let mut found: Vec<PathBuf> = expected.filter(|path| path.is_file()).collect();
    assert!(!found.is_empty(), "no case of {channel} expects {format}");
    found.sort();
    found
}

impl Judge {
    /// What is not there of this judge.
    fn missing(&self) -> Option<String> {
        let named = |variable: String| std::env::var_os(&variable).is_none().then(|| format!("{variable} is not set"));
        if let Some(server) = &self.server {
            return named(variable(server));
        }
        let tool = match &self.xsd {
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
            return self.ask_server(&std::env::var(variable(server)).unwrap(), document);
        }
        let shared = |name: &str| Path::new(&std::env::var("PURVEY_SHARED").unwrap()).join("channels/data").join(name);
        if let Some(xsd) = &self.xsd {
            let document = match &self.replace {
                Some((now, then)) => document.replace(now, then),
                None => self.as_of_then(document),
            };
            fs::write(&file, document).unwrap();
            return said(Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(shared(xsd)).arg(&file));
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

    /// The document as a schema knows it that is older: its namespace, its elements in its order.
    fn as_of_then(&self, document: &str) -> String {
        let mut reader = quick_xml::Reader::from_str(document);
        let mut writer = quick_xml::Writer::new(Vec::new());
        // The elements of the offer that is open, each with what stands in it.
        let mut offer: Vec<(String, Vec<Event<'static>>)> = Vec::new();
        let mut depth = 0;
        loop {
            let event = reader.read_event().unwrap().into_owned();
            depth -= usize::from(matches!(event, Event::End(_)));
            match event {
                Event::Eof => break,
                Event::Start(start) if depth == 0 => {
                    let name = start.name().as_ref().to_owned();
                    let root = BytesStart::new(name).with_attributes([("xmlns", self.namespace.as_str())]);
                    writer.write_event(Event::Start(root)).unwrap();
                    depth += 1;
                    continue;
                }
                Event::End(end) if depth == 1 => {
                    for element in &self.elements {
                        let (then, now) = element.split_once(' ').unwrap_or((element, element));
                        for (_, inside) in offer.iter().filter(|(name, _)| name == now) {
                            writer.write_event(Event::Start(BytesStart::new(then))).unwrap();
                            inside.iter().for_each(|event| writer.write_event(event.borrow()).unwrap());
                            writer.write_event(Event::End(BytesEnd::new(then))).unwrap();
                        }
                    }
                    offer.clear();
                    writer.write_event(Event::End(end)).unwrap();
                }
                Event::Start(start) if depth == 2 => {
                    offer.push((start.name().as_ref().to_owned(), Vec::new()));
                    depth += 1;
                    continue;
                }
                Event::End(_) if depth == 2 => {}
                event if depth >= 3 => {
                    depth += usize::from(matches!(event, Event::Start(_)));
                    offer.last_mut().unwrap().1.push(event);
                    continue;
                }
                event => {
                    depth += usize::from(matches!(event, Event::Start(_)));
                    writer.write_event(event).unwrap();
                }
            }
        }
        String::from_utf8(writer.into_inner()).unwrap()
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

/// `amazon-listings` is at `PURVEY_CONTRACT_AMAZON_LISTINGS`.
fn variable(server: &str) -> String {
    format!("PURVEY_CONTRACT_{}", server.to_uppercase().replace('-', "_"))
}

fn said(command: &mut Command) -> Result<(), String> {
    let said = command.output().map_err(|e| e.to_string())?;
    let text = [said.stdout, said.stderr].concat();
    if said.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&text).into_owned()) }
}
