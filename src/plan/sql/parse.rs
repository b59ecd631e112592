//! SQL text → sqlparser's tree, and positions in the text → places in the pipeline file.

use sqlparser::ast::{Expr, Spanned};
use sqlparser::dialect::Dialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token};

use crate::diag::{Diagnostic, Place};
use crate::plan::types::Sql;

/// The dialect of the rule language: identifiers may be Chinese, `"` quotes them, and no engine's extras are on.
#[derive(Debug)]
struct RuleDialect;

impl Dialect for RuleDialect {
    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_'
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"'
    }

    // Read so that it can be refused with what to write instead.
    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }
}

/// Parses one expression; anything after it is a problem.
pub(super) fn parse(sql: &Sql) -> Result<Expr, Box<Diagnostic>> {
    let parser = Parser::new(&RuleDialect).try_with_sql(&sql.text);
    let parsed = parser.and_then(|mut parser| {
        let expr = parser.parse_expr()?;
        let next = parser.peek_token();
        if next.token == Token::EOF {
            Ok(expr)
        } else {
            let (token, at) = (next.token, next.span.start);
            Err(ParserError::ParserError(format!("nothing more was expected, found: {token}{at}")))
        }
    });
    parsed.map_err(|error| Box::new(syntax(sql, &error)))
}

fn syntax(sql: &Sql, error: &ParserError) -> Diagnostic {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
        ParserError::RecursionLimitExceeded => "it is nested too deeply",
    };
    let (message, at) = match text.rsplit_once(" at Line: ") {
        Some((message, position)) => (message, position_of(position)),
        None => (text, None),
    };
    let place = at.map_or_else(|| sql.place.clone(), |location| place_of(sql, location));
    Diagnostic::error("sql.syntax", format!("this is not an SQL expression: {message}"), place)
        .hint("one condition or value, without SELECT, WHERE or a semicolon; texts stand in 'single quotes'")
}

/// `3, Column: 14` as the parser writes it.
fn position_of(text: &str) -> Option<Location> {
    let (line, column) = text.split_once(", Column: ")?;
    Some(Location::new(line.trim().parse().ok()?, column.trim().parse().ok()?))
}

/// The place of a position in the SQL text.
///
/// The text's place is that of its first character. From its second line on, columns count from the line's own begin.
fn place_of(sql: &Sql, at: Location) -> Place {
    let (Some(line), Some(column)) = (sql.place.line, sql.place.column) else {
        return sql.place.clone();
    };
    let (down, right) = (at.line as u32, at.column as u32);
    match down {
        0 => sql.place.clone(),
        1 => sql.place.clone().at(line, column + right.saturating_sub(1)),
        _ => sql.place.clone().at(line + down - 1, right),
    }
}

/// The place of a piece of the tree.
pub(super) fn place(sql: &Sql, piece: &impl Spanned) -> Place {
    place_of(sql, piece.span().start)
}
