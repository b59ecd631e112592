//! One row's cells → an answer, or every reason why it is none.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::layout::FoundRow;
use crate::model::CellKind;
use crate::model::form::{Entry, FormColumn, FormSpec, Needed, Use};
use crate::model::receipt::same_text;

/// How days and identity numbers are read: what normalisation knows, handed in by `run`.
#[derive(Clone, Copy)]
pub struct Readers<'a> {
    /// A day, or what is wrong with it in Chinese.
    pub day: &'a dyn Fn(&str, CellKind) -> Result<Date, String>,
    /// A whole identity number, or what is wrong with it in Chinese.
    pub id_number: &'a dyn Fn(&str, CellKind) -> Result<String, String>,
}

/// Why something is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Reason {
    /// Stable code.
    pub code: String,
    /// In Chinese, for the receipt; without a value of a cell.
    pub words: String,
}

impl Reason {
    /// A reason.
    pub fn new(code: &str, words: impl Into<String>) -> Self {
        Reason { code: code.into(), words: words.into() }
    }
}

/// An answer that can be applied.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Given {
    /// The deciding answer.
    pub result: String,
    /// The trigger of the move that it means.
    pub trigger: String,
    /// What else was said, by name of detail: `by`, `day`, `reason`, `causes`, `name`, `id_number`…; read and in one form.
    pub details: BTreeMap<String, String>,
}

/// Details that tell how, by whom and when it was found out, not what: two answers that differ only here say the same.
const WORDING: [&str; 3] = ["by", "day", "reason"];

impl Given {
    /// True when both say the same about the case.
    pub fn agrees(&self, other: &Given) -> bool {
        let what = |g: &Given| -> Vec<(String, String)> {
            let told = g.details.iter().filter(|(name, _)| !WORDING.contains(&name.as_str()));
            told.map(|(name, text)| (name.clone(), text.clone())).collect()
        };
        self.result == other.result && what(self) == what(other)
    }
}

/// What a row says.
pub(super) enum Said {
    /// The deciding answer is blank; what else is filled in, by heading.
    Nothing(Vec<String>),
    /// An answer, and what is worth telling about it.
    Answer(Given, Vec<Reason>),
    /// Why it cannot be taken.
    Refused(Vec<Reason>),
}

/// What is given once for the whole form.
pub(super) fn head(
    spec: &FormSpec,
    cells: &BTreeMap<String, (String, CellKind)>,
    readers: &Readers,
    today: Date,
) -> Result<BTreeMap<String, String>, Vec<Reason>> {
    let (mut details, mut wrong) = (BTreeMap::new(), Vec::new());
    for column in &spec.head {
        let Use::Asked { entry, needed, detail } = &column.role else { continue };
        match cells.get(&column.heading) {
            Some((text, kind)) => match read(entry, text, *kind, readers, today) {
                Ok(text) => {
                    details.insert((*detail).to_string(), text);
                }
                Err(words) => wrong.push(unfit(column, &words)),
            },
            None if *needed == Needed::Yes => {
                wrong.push(Reason::new("head.missing", format!("封面未填“{}”", column.heading)));
            }
            None => {}
        }
    }
    if wrong.is_empty() { Ok(details) } else { Err(wrong) }
}

/// What a row says; `by` stands for the one who answered where the form does not name one.
pub(super) fn said(spec: &FormSpec, row: &FoundRow, readers: &Readers, by: &str, today: Date) -> Said {
    let asked = || spec.columns.iter().filter(|c| c.is_asked());
    let Some(decided) = spec.column(&spec.result).filter(|_| !row.text(&spec.result).is_empty()) else {
        return Said::Nothing(
            asked().filter(|c| !row.text(&c.heading).is_empty()).map(|c| c.heading.clone()).collect(),
        );
    };
    let (mut given, mut wrong, mut notes) = (Given::default(), Vec::new(), Vec::new());
    let value = |column: &FormColumn, entry: &Entry| {
        let (text, kind) = row.cells.get(&column.heading)?;
        Some(read(entry, text, *kind, readers, today))
    };
    if let Use::Asked { entry, .. } = &decided.role {
        match value(decided, entry) {
            Some(Ok(text)) => {
                given.trigger = spec.meaning(&text).unwrap_or_default().to_string();
                given.result = text;
            }
            Some(Err(words)) => return Said::Refused(vec![unfit(decided, &words)]),
            None => {}
        }
    }
    for column in asked().filter(|c| c.heading != spec.result) {
        let Use::Asked { entry, needed, detail } = &column.role else { continue };
        let is_needed = match needed {
            Needed::No | Needed::OnlyWith(_) => false,
            Needed::Yes => true,
            Needed::When(results) => results.contains(&given.result),
        };
        match value(column, entry) {
            // A number that nobody asked for is not kept: it is no more than needed, and may be anybody's.
            Some(_) if matches!(needed, Needed::OnlyWith(results) if !results.contains(&given.result)) => {
                let words = format!("答“{}”时不需要“{}”，未保存", given.result, column.heading);
                notes.push(Reason::new("answer.not_asked", words));
            }
            Some(Ok(text)) => {
                given.details.insert((*detail).to_string(), text);
            }
            Some(Err(words)) => wrong.push(unfit(column, &words)),
            None if is_needed && *detail == "by" && !by.is_empty() => {
                given.details.insert("by".into(), by.to_string());
            }
            None if is_needed && row.lacking.contains(&column.heading) => {
                let words = format!("“{}”一列已不在表中，{}时必须填写", column.heading, given.result);
                wrong.push(Reason::new("answer.column_missing", words));
            }
            None if is_needed => {
                let words = format!("填“{}”时必须填写“{}”", given.result, column.heading);
                wrong.push(Reason::new("answer.incomplete", words));
            }
            None => {}
        }
    }
    if wrong.is_empty() { Said::Answer(given, notes) } else { Said::Refused(wrong) }
}

/// What a new report says, by heading; or every reason why it cannot be taken.
pub(super) fn report(
    spec: &FormSpec,
    row: &FoundRow,
    readers: &Readers,
    today: Date,
) -> Result<BTreeMap<String, String>, Vec<Reason>> {
    let (mut cells, mut wrong) = (BTreeMap::new(), Vec::new());
    for column in &spec.columns {
        match (&column.role, row.cells.get(&column.heading)) {
            (Use::Asked { entry, .. }, Some((text, kind))) => match read(entry, text, *kind, readers, today) {
                Ok(text) => {
                    cells.insert(column.heading.clone(), text);
                }
                Err(words) => wrong.push(unfit(column, &words)),
            },
            (Use::Asked { needed: Needed::Yes, .. }, None) => {
                wrong.push(Reason::new("report.incomplete", format!("未填“{}”", column.heading)));
            }
            _ => {}
        }
    }
    if wrong.is_empty() { Ok(cells) } else { Err(wrong) }
}

fn unfit(column: &FormColumn, words: &str) -> Reason {
    Reason::new("answer.unfit", format!("“{}”{words}", column.heading))
}

/// A cell as its column's entry wants it, or what is wrong with it.
fn read(entry: &Entry, text: &str, kind: CellKind, readers: &Readers, today: Date) -> Result<String, String> {
    if kind == CellKind::Error {
        return Err("一格是公式错误值".into());
    }
    match entry {
        Entry::Free => Ok(text.trim().to_string()),
        Entry::OneOf(choices) => choice(choices, text).ok_or_else(|| "不是列表中的选项".to_string()),
        Entry::Among(choices) => {
            let parts = text.split(|c: char| "、，,；;/|\n ".contains(c)).map(same_text).filter(|p| !p.is_empty());
            let mut chosen = Vec::new();
            for part in parts {
                let found = choice(choices, &part).ok_or_else(|| "有一项不在列表中".to_string())?;
                if !chosen.contains(&found) {
                    chosen.push(found);
                }
            }
            // In the order of the list: two who name the same causes say the same.
            chosen.sort_by_key(|c| choices.iter().position(|own| own == c));
            if chosen.is_empty() { Err("没有可用的选项".into()) } else { Ok(chosen.join("、")) }
        }
        Entry::Day => {
            let day = (readers.day)(text, kind)?;
            if day > today { Err("晚于收表日期".into()) } else { Ok(day.to_string()) }
        }
        Entry::Number => number(text).ok_or_else(|| "不是不小于零的数".to_string()),
        Entry::IdNumber => (readers.id_number)(text, kind),
    }
}

fn choice(choices: &[String], text: &str) -> Option<String> {
    let plain = |text: &str| same_text(text).trim_matches(|c: char| "。.；;，,、".contains(c)).to_string();
    let wanted = plain(text);
    choices.iter().find(|c| plain(c) == wanted).cloned()
}

fn number(text: &str) -> Option<String> {
    let plain: String = same_text(text).chars().filter(|c| !matches!(c, ',' | '，')).collect();
    let plain = plain.trim_end_matches(['元', '人', '月', '亩']);
    let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let good = !whole.is_empty() && whole.len() <= 12 && part.len() <= 2 && digits(whole) && digits(part);
    good.then(|| plain.trim_start_matches('0').to_string()).map(|t| match t.as_str() {
        "" => "0".to_string(),
        t if t.starts_with('.') => format!("0{t}"),
        t => t.to_string(),
    })
}
