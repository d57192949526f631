//! The columns of a SELECT as its author wrote them: which expression gives an attribute, and on which line.
//!
//! Not a parser: it knows what may hide a comma or a FROM (strings, comments, parentheses) and nothing else, which is
//! enough to point into a file.

/// One column of a template's outermost (and first) SELECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picked<'s> {
    pub name: &'s str,
    /// The line its name stands on, from 1.
    pub line: u64,
    /// What stands before the name, on one line and without comments; the name itself where that is all.
    pub expression: String,
}

/// How a query begins: what a `WITH` before it has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// Without tables of its own.
    Plain,
    /// `WITH` or `WITH RECURSIVE`; it goes on at this byte.
    With { rest: usize, recursive: bool },
    /// As before, and one of its tables has the name in question.
    Taken,
}

pub(super) fn beginning(sql: &str, name: &str) -> Beginning {
    let tokens = tokens(sql);
    let is = |position: usize, word: &str| tokens.get(position).is_some_and(|t| t.text.eq_ignore_ascii_case(word));
    if !is(0, "WITH") {
        return Beginning::Plain;
    }
    let outer = |i: usize, word: &str| tokens[i].depth == 0 && is(i, word);
    let named = |i: usize| outer(i, name) && (is(i + 1, "AS") || is(i + 1, "("));
    if (1..tokens.len()).take_while(|i| !outer(*i, "SELECT")).any(named) {
        return Beginning::Taken;
    }
    let recursive = is(1, "RECURSIVE");
    let rest = tokens.get(usize::from(recursive)).map_or(0, |last| last.start + last.text.len());
    Beginning::With { rest, recursive }
}

/// A word or a mark outside of strings and comments, and where it begins.
#[derive(Clone, Copy)]
struct Token<'s> {
    text: &'s str,
    start: usize,
    depth: usize,
}

pub(super) fn columns(sql: &str) -> Vec<Picked<'_>> {
    let tokens = tokens(sql);
    let is = |token: &Token<'_>, word: &str| token.depth == 0 && token.text.eq_ignore_ascii_case(word);
    let Some(select) = tokens.iter().position(|token| is(token, "SELECT")) else { return Vec::new() };
    let list = &tokens[select + 1..];
    // `IS DISTINCT FROM` ends no list
    let ends = (0..list.len()).find(|i| is(&list[*i], "FROM") && !(*i > 0 && is(&list[*i - 1], "DISTINCT")));
    let list = &list[..ends.unwrap_or(list.len())];
    list.split(|token| is(token, ",")).filter_map(|column| picked(sql, column)).collect()
}

fn picked<'s>(sql: &str, column: &[Token<'s>]) -> Option<Picked<'s>> {
    let (name, before) = column.split_last()?;
    let expression = match before.split_last() {
        Some((word, expression)) if word.text.eq_ignore_ascii_case("AS") => expression,
        _ => column,
    };
    let bare = name.text.rsplit('.').next().unwrap_or(name.text).trim_matches('"');
    let line = sql[..name.start].matches('\n').count() as u64 + 1;
    Some(Picked { name: bare, line, expression: joined(expression) })
}

/// Tokens with one space between where there was any room or line break.
fn joined(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    let mut end = None;
    for token in tokens {
        if end.is_some_and(|end| end != token.start) {
            text.push(' ');
        }
        text.push_str(token.text);
        end = Some(token.start + token.text.len());
    }
    text
}

fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(first) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let length = if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            continue;
        } else if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first == '\'' || first == '"' {
            // A doubled quote inside makes two tokens that touch, which `joined` puts together again.
            rest[1..].find(first).map_or(rest.len(), |end| end + 2)
        } else if is_word(first) {
            rest.find(|c: char| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        if first == ')' {
            depth = depth.saturating_sub(1);
        }
        found.push(Token { text: &rest[..length], start: at, depth });
        if first == '(' {
            depth += 1;
        }
        at += length;
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_has_its_expression_and_the_line_of_its_name() {
        let sql = "WITH a AS (SELECT 1 AS wrong, 2 FROM item)\nSELECT\n  sku, -- names it, FROM here\n  \
                   concat_ws(', ', title, color) AS title,\n  CASE WHEN x = 'it''s' /* , */\n    THEN a IS DISTINCT FROM b END AS \"c d\",\n  \
                   item.gtin, price_minor + 1 plus\nFROM a";
        let found = columns(sql);
        let shown: Vec<_> = found.iter().map(|p| (p.name, p.line, p.expression.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("sku", 3, "sku"),
                ("title", 4, "concat_ws(', ', title, color)"),
                ("c d", 6, "CASE WHEN x = 'it''s' THEN a IS DISTINCT FROM b END"),
                ("gtin", 7, "item.gtin"),
                ("plus", 7, "price_minor + 1 plus"),
            ]
        );
    }

    #[test]
    fn the_beginning_of_a_query_is_found() {
        let with = |rest, recursive| Beginning::With { rest, recursive };
        for (sql, expected) in [
            ("-- WITH\nwith a AS (SELECT 1 FROM item AS i)", with(12, false)),
            ("WITH RECURSIVE a", with(14, true)),
            ("WITH a AS (SELECT 1), Item (sku) AS (SELECT 2) SELECT 3", Beginning::Taken),
            ("WITH a AS (SELECT 1) SELECT 2 FROM item AS i", with(4, false)),
            ("SELECT 1 FROM with_a", Beginning::Plain),
            ("", Beginning::Plain),
        ] {
            assert_eq!(beginning(sql, "item"), expected, "{sql}");
        }
    }

    #[test]
    fn no_text_panics() {
        for sql in
            ["", "SELECT", "SELECT 'open", "SELECT /* open", "SELECT )),(( FROM", "select ä 'ö' \"ü\" -- é", ", ,"]
        {
            columns(sql);
            beginning(sql, "item");
        }
    }

    #[test]
    fn every_stock_template_is_understood() {
        for (name, sql) in crate::channel::stock::TEMPLATES {
            let found = columns(sql);
            assert!(!found.is_empty(), "{name}");
        }
    }
}
