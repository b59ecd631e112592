//! A round's counts → `report.html`: one self-contained page in Chinese that prints on A4.
//!
//! In: [`Facts`] (the tables and the plan). [`data`] counts them into a [`ReportData`] without any personal value;
//! [`render`] turns that into HTML with hand-drawn charts, no script and nothing fetched from outside.

mod chart;
mod count;
mod data;
#[cfg(test)]
mod tests;

pub use chart::escape;
pub use count::data;
pub use data::*;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value};

use crate::model::words;
use chart::Bar;

const TEMPLATE: &str = include_str!("template.html");

/// The report as HTML; the same data give the same text.
///
/// Every value is escaped on its way in.
pub fn render(data: &ReportData) -> String {
    let mut environment = Environment::new();
    // A name the template has and the data lack is a mistake in this program, seen in its first test.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters"));
    // The name's ending turns escaping on.
    environment.add_template("report.html", TEMPLATE).expect("the built-in template is well-formed");
    let json = serde_json::to_value(data).expect("plain data have no maps with other keys than text");
    let serde_json::Value::Object(fields) = json else { unreachable!("a struct with named fields is an object") };
    let mut context: std::collections::BTreeMap<String, Value> =
        fields.into_iter().map(|(name, value)| (name, converted(value))).collect();
    for (name, charts) in [("risk_chart", risk_chart(data)), ("township_chart", township_chart(data))] {
        let charts: Vec<Value> = charts.into_iter().map(Value::from_safe_string).collect();
        context.insert(name.to_string(), Value::from(charts));
    }
    let legend: Vec<Value> = words::LIST_TYPES
        .iter()
        .zip(chart::COLOURS)
        .map(|(kind, colour)| Value::from(vec![Value::from(words::list_type(kind)), Value::from(colour)]))
        .collect();
    context.insert("legend".to_string(), Value::from(legend));
    environment
        .get_template("report.html")
        .and_then(|template| template.render(Value::from(context)))
        .expect("the built-in template fits its data")
}

fn risk_chart(data: &ReportData) -> Vec<String> {
    let bars: Vec<Bar> =
        data.causes.iter().map(|line| Bar { label: line.title.clone(), parts: line.types.to_vec() }).collect();
    chart::bars("各类风险涉及户数", &bars)
}

fn township_chart(data: &ReportData) -> Vec<String> {
    let bars: Vec<Bar> =
        data.townships.iter().map(|line| Bar { label: line.name.clone(), parts: line.types.to_vec() }).collect();
    chart::bars("各乡镇线上疑似户数", &bars)
}

/// A page of a built-in template with the fields of plain data; every value is escaped. The name's ending decides how.
pub(super) fn page(name: &str, template: &str, data: &impl serde::Serialize) -> String {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters"));
    environment.add_template(name, template).expect("the built-in template is well-formed");
    let json = serde_json::to_value(data).expect("plain data have no maps with other keys than text");
    let render = environment.get_template(name).and_then(|template| template.render(converted(json)));
    render.expect("the built-in template fits its data")
}

/// The template engine is built without serde, so JSON is the bridge.
fn converted(json: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::from(()),
        Json::Bool(b) => Value::from(b),
        Json::Number(n) => n.as_i64().map_or_else(|| Value::from(n.as_f64()), Value::from),
        Json::String(s) => Value::from(s),
        Json::Array(items) => Value::from(items.into_iter().map(converted).collect::<Vec<_>>()),
        Json::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, converted(value)))
            .collect::<std::collections::BTreeMap<String, Value>>()
            .into(),
    }
}
