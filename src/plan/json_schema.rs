//! JSON Schema (draft 2020-12) of the pipeline files, for editors that complete and check TOML.
//!
//! The parsers themselves say which keys there are: they read a probe of each kind of file while what they ask for is written
//! down (`shape`). Written by hand are only the probes, which must lead the parsers into every kind of table, and what a key
//! means (`meanings.txt`); a test holds that each key has a meaning.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::reader::{Document, Section};
use super::shape::{Asked, Form, Shape, Shapes};
use super::types::{Basis, Cadence, Plan};
use super::{LinkModel, contract, generic, linkage, load, params, process, remedies, rule_tests, rules};
use crate::codes::Codes;
use crate::diag::Place;

/// A kind of pipeline file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// `pipeline.toml`.
    Pipeline,
    /// `shared/sources/*.toml`.
    Contract,
    /// `params.toml`.
    Params,
    /// `rules/*.toml`.
    Rules,
    /// `tests/*.toml`.
    Tests,
    /// `shared/remedies.toml`.
    Remedies,
    /// `shared/models/*.toml` about people.
    Model,
    /// `shared/models/*.toml` with `family = "generic"`.
    GenericModel,
    /// `shared/process.toml`.
    Process,
}

impl FileKind {
    /// All kinds with their word and the files that they are, seen from the pipelines folder.
    pub const ALL: [(&'static str, FileKind, &'static str); 9] = [
        ("pipeline", FileKind::Pipeline, "*/pipeline.toml"),
        ("contract", FileKind::Contract, "shared/sources/*.toml"),
        ("params", FileKind::Params, "*/params.toml"),
        ("rules", FileKind::Rules, "*/rules/*.toml"),
        ("tests", FileKind::Tests, "*/tests/*.toml"),
        ("remedies", FileKind::Remedies, "shared/remedies.toml"),
        ("model", FileKind::Model, "shared/models/person*.toml"),
        ("generic-model", FileKind::GenericModel, "shared/models/generic*.toml"),
        ("process", FileKind::Process, "shared/process.toml"),
    ];

    fn title(self) -> &'static str {
        match self {
            FileKind::Pipeline => "流程 pipeline.toml",
            FileKind::Contract => "数据约定 shared/sources/*.toml",
            FileKind::Params => "阈值 params.toml",
            FileKind::Rules => "指标与规则 rules/*.toml",
            FileKind::Tests => "规则的样例检验 tests/*.toml",
            FileKind::Remedies => "举措、上限、资金与公示用语 shared/remedies.toml",
            FileKind::Model => "人员匹配模型 shared/models/*.toml",
            FileKind::GenericModel => "通用匹配模型 shared/models/*.toml",
            FileKind::Process => "案件流程 shared/process.toml",
        }
    }

    fn shapes(self) -> Shapes {
        let codes = Codes::default();
        let probes = probes(self);
        match self {
            FileKind::Pipeline => Document::asked(&probes, load::read_head),
            FileKind::Contract => Document::asked(&probes, |file: &Section| contract::read(file, "probe", &codes)),
            FileKind::Params => Document::asked(&probes, |file: &Section| params::read(file, &codes)),
            FileKind::Rules => Document::asked(&probes, rules::read),
            FileKind::Tests => Document::asked(&probes, |file: &Section| rule_tests::read(file, &no_plan())),
            FileKind::Remedies => Document::asked(&probes, |file: &Section| remedies::read(file, &[])),
            FileKind::Model => Document::asked(&probes, linkage::read),
            FileKind::GenericModel => Document::asked(&probes, generic::read),
            FileKind::Process => Document::asked(&probes, process::read),
        }
    }
}

/// Files that lead the parser of a kind into every kind of table: one with everything, one with as little as there can be.
fn probes(kind: FileKind) -> Vec<&'static str> {
    let all = include_str!("probes.txt");
    let word = FileKind::ALL.iter().find(|(_, k, _)| *k == kind).map_or("", |(word, ..)| word);
    let mut found: Vec<&str> = Vec::new();
    for block in all.split("=== ").skip(1) {
        let (name, text) = block.split_once('\n').unwrap_or((block, ""));
        if name == word {
            found.push(text);
        }
    }
    found
}

/// The schema of a kind of file.
pub fn schema(kind: FileKind) -> Value {
    let shapes = kind.shapes().into_inner();
    let word = FileKind::ALL.iter().find(|(_, k, _)| *k == kind).map_or("", |(word, ..)| word);
    let mut root = table(word, "", &shapes);
    root.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("title".into(), json!(kind.title()));
    Value::Object(root)
}

/// The schema of a line of a code table (`shared/codes/*.csv`), for tools that check CSV by JSON Schema.
pub fn code_table() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "代码表的一行 shared/codes/*.csv",
        "description": "CSV, UTF-8。表头前写“# name: 表名”“# version: 版本”“# effective_from: 日期”“# document: 依据”四行。",
        "type": "object",
        "properties": {
            "code": { "type": "string", "minLength": 1, "description": "统一代码，ASCII；规则和约定用它" },
            "title": { "type": "string", "minLength": 1, "description": "中文名称，给人看" },
            "aliases": { "type": "string", "description": "部门文件里的其他写法，用“|”分隔；一种写法只能指一个代码" }
        },
        "required": ["code", "title", "aliases"],
        "additionalProperties": { "type": "string" }
    })
}

fn table(word: &str, path: &str, shapes: &BTreeMap<String, Shape>) -> Map<String, Value> {
    let none = Shape::default();
    let shape = shapes.get(path).unwrap_or(&none);
    let mut properties = Map::new();
    for (key, asked) in &shape.keys {
        let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let mut value = value(asked, word, &below, shapes);
        if let Some(meaning) = meaning(word, &below) {
            value.insert("description".into(), json!(meaning));
        }
        properties.insert(key.clone(), Value::Object(value));
    }
    let needed: Vec<&String> = shape.keys.iter().filter(|(_, a)| a.needed).map(|(key, _)| key).collect();
    let mut schema = Map::new();
    schema.insert("type".into(), json!("object"));
    if shape.open {
        return schema;
    }
    let by_kind: Vec<Value> = shape
        .needed_by_kind
        .iter()
        .map(|(kind, keys)| (kind, keys.iter().filter(|key| !needed.contains(key)).collect::<Vec<_>>()))
        .filter(|(_, keys)| !keys.is_empty())
        .map(|(kind, keys)| json!({ "if": { "properties": { "kind": { "const": kind } } }, "then": { "required": keys } }))
        .collect();
    if !by_kind.is_empty() {
        schema.insert("allOf".into(), Value::Array(by_kind));
    }
    if !needed.is_empty() {
        schema.insert("required".into(), json!(needed));
    }
    schema.insert("properties".into(), Value::Object(properties));
    schema.insert("additionalProperties".into(), json!(false));
    schema
}

fn value(asked: &Asked, word: &str, path: &str, shapes: &BTreeMap<String, Shape>) -> Map<String, Value> {
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    let one = |form: &Form| match form {
        Form::Text if asked.words.is_empty() => object(json!({ "type": "string" })),
        Form::Text => object(json!({ "type": "string", "enum": asked.words })),
        Form::Texts => object(json!({ "type": "array", "items": { "type": "string" } })),
        Form::Boolean => object(json!({ "type": "boolean" })),
        Form::Integer => match asked.range {
            Some((from, i64::MAX)) => object(json!({ "type": "integer", "minimum": from })),
            Some((from, until)) => object(json!({ "type": "integer", "minimum": from, "maximum": until })),
            None => object(json!({ "type": "integer" })),
        },
        Form::Number => object(json!({ "type": "number" })),
        Form::Numbers => object(json!({ "type": ["number", "array"], "items": { "type": "number" } })),
        Form::Date => object(json!({ "type": "string", "format": "date" })),
        Form::Table => table(word, path, shapes),
        Form::Tables => object(json!({ "type": "array", "items": table(word, path, shapes) })),
    };
    let mut forms: Vec<Map<String, Value>> = asked.forms.iter().map(one).collect();
    match forms.len() {
        0 => Map::new(), // a note for people: anything
        1 => forms.remove(0),
        _ => object(json!({ "anyOf": forms })),
    }
}

/// What a key means: `<kind of file> <path of the key> <meaning>`; a line for `*` holds for every kind.
fn meaning(word: &str, path: &str) -> Option<&'static str> {
    let path = &shared_path(path);
    let lines = || include_str!("meanings.txt").lines().filter(|line| !line.starts_with('#'));
    let of = |word: &str| {
        lines().find_map(|line| {
            let mut parts = line.splitn(3, ' ');
            (parts.next() == Some(word) && parts.next() == Some(path)).then(|| parts.next()).flatten()
        })
    };
    of(word).or_else(|| of("*"))
}

/// The entries of `[columns]` are all made alike.
fn shared_path(path: &str) -> String {
    match path.strip_prefix("columns.") {
        Some(rest) => rest.split_once('.').map_or("columns.*".into(), |(_, key)| format!("columns.*.{key}")),
        None => path.into(),
    }
}

/// A plan without anything, for parsers that look names up.
pub(super) fn no_plan() -> Plan {
    Plan {
        name: String::new(),
        title: String::new(),
        dir: PathBuf::new(),
        county: String::new(),
        cadence: Cadence::Quarterly,
        sources: Vec::new(),
        params: BTreeMap::new(),
        groups: params::default_groups(),
        basis: Basis::Net,
        indicators: Vec::new(),
        rules: Vec::new(),
        rule_tests: Vec::new(),
        model: LinkModel::empty("none", Place::default()),
        codes_dir: PathBuf::new(),
        causes: Vec::new(),
        remedies: super::Remedies::default(),
        process: super::process::shipped(),
        retention: super::types::Retention::default(),
        files: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key of every kind of file, with its path.
    fn keys() -> Vec<(&'static str, String, Asked)> {
        let mut all = Vec::new();
        for (word, kind, _) in FileKind::ALL {
            for (path, shape) in kind.shapes().into_inner() {
                let below = |key: &str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                let inner = shape.keys.into_iter().filter(|_| !shape.open);
                all.extend(inner.map(|(key, asked)| (word, below(&key), asked)));
            }
        }
        all
    }

    #[test]
    fn every_key_has_a_meaning_and_every_meaning_a_key() {
        let keys = keys();
        let lacking: Vec<String> = keys
            .iter()
            .filter(|(word, path, _)| meaning(word, path).is_none())
            .map(|(word, path, _)| format!("{word} {path}"))
            .collect();
        assert_eq!(lacking, Vec::<String>::new());
        let idle: Vec<&str> = include_str!("meanings.txt")
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .filter(|line| {
                let mut parts = line.split(' ');
                let (word, path) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
                !keys.iter().any(|(w, p, _)| shared_path(p) == path && (word == "*" || *w == word))
            })
            .collect();
        assert_eq!(idle, Vec::<&str>::new());
    }

    /// A probe that does not lead into a table would leave its keys out.
    #[test]
    fn every_table_was_visited() {
        for (word, kind, _) in FileKind::ALL {
            let shapes = kind.shapes().into_inner();
            for (path, shape) in &shapes {
                for (key, asked) in &shape.keys {
                    let inner = asked.forms.contains(&Form::Table) || asked.forms.contains(&Form::Tables);
                    let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    assert!(!inner || shapes.contains_key(&below), "{word}: the probes hold no `{below}`");
                }
            }
        }
    }

    #[test]
    fn each_kind_of_check_is_probed() {
        let shapes = FileKind::Contract.shapes().into_inner();
        let check = &shapes["check"];
        let words: Vec<&String> = check.keys["kind"].words.iter().collect();
        let mut probed: Vec<&String> = check.needed_by_kind.keys().collect();
        probed.sort_by_key(|word| words.iter().position(|w| w == word));
        assert_eq!(probed, words);
        assert!(check.needed_by_kind["sum"].iter().eq(["kind", "parts", "total"]));
    }

    #[test]
    fn the_schema_of_a_field() {
        let schema = schema(FileKind::Contract);
        let field = &schema["properties"]["field"]["items"];
        assert_eq!(field["required"], json!(["heading", "kind", "meaning", "name"]));
        assert_eq!(field["additionalProperties"], json!(false));
        assert_eq!(field["properties"]["privacy"]["enum"], json!(["public", "internal", "personal", "sensitive"]));
        assert_eq!(schema["properties"]["header_rows"]["maximum"], json!(5));
    }
}
