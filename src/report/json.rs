//! Lines of JSON that are as safe to look at as to parse: characters that could steer a terminal are `\u` escapes.
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::escape::is_unsafe;
use super::{exit, human};
use crate::diagnostic::{Diagnostic, Error, Place, Retry};

/// Grows when a member changes its meaning.
pub(super) const SCHEMA: u32 = 1;

/// Writes one object on one line.
pub(super) fn line<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Visible))?;
    writeln!(out)
}

pub(super) fn diagnostic(out: &mut dyn Write, diagnostic: &Diagnostic, channel: Option<&str>) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        r#type: &'static str,
        schema: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<&'a str>,
        #[serde(flatten)]
        diagnostic: &'a Diagnostic,
    }
    line(out, &Line { r#type: "diagnostic", schema: SCHEMA, channel, diagnostic })
}

pub(super) fn error(out: &mut dyn Write, error: &Error) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        r#type: &'static str,
        schema: u32,
        code: &'static str,
        exit: u8,
        retry: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<u64>,
        message: &'a str,
        place: &'a Place,
        #[serde(skip_serializing_if = "Option::is_none")]
        help: Option<&'a str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        causes: Vec<String>,
    }
    let (retry, retry_after_seconds) = match error.retry {
        Retry::Now => ("now", None),
        Retry::Later(seconds) => ("later", seconds),
        Retry::Never => ("never", None),
    };
    line(
        out,
        &Line {
            r#type: "error",
            schema: SCHEMA,
            code: error.code,
            exit: exit::code(error.kind),
            retry,
            retry_after_seconds,
            message: &error.message,
            place: &error.place,
            help: error.help.as_deref(),
            causes: human::causes(error),
        },
    )
}

struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_unsafe(*c)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}
