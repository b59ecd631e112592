//! What a kind of form shows and asks. Other kinds have a function like [`verify`] beside it or in their own module.

use crate::codes::Codes;
use crate::model::form::{Entry, FormColumn, FormKind, FormSpec, Needed};
use crate::plan::{Field, FieldFrom, FieldKind, Plan, Role, Source};

/// Answers a village may give, each with the move that it triggers.
pub const RESULTS: [(&str, &str); 5] = [
    ("属实", "answer.true"),
    ("不属实", "answer.false"),
    ("查无此人", "answer.not_found"),
    ("身份不符", "answer.wrong_identity"),
    ("原因不同", "answer.other_cause"),
];

/// 核实表: what a village is asked about a difference (R121), with the reason for every answer but 属实.
pub fn verify(plan: &Plan) -> FormSpec {
    let causes: Vec<String> = plan.causes.iter().map(|c| c.title.clone()).collect();
    let results = RESULTS.map(|(word, _)| word.to_string());
    let when = |words: &[&str]| Needed::When(words.iter().map(|w| (*w).to_string()).collect());
    let asked = FormColumn::asked;
    FormSpec {
        kind: FormKind::Verify,
        columns: vec![
            FormColumn::count(),
            FormColumn::token(),
            FormColumn::given("组", (5, 8), false),
            FormColumn::given("户主", (8, 10), true),
            FormColumn::given("证件号", (19, 19), true),
            FormColumn::given("核实事项", (28, 34), true),
            FormColumn::given("线索依据", (22, 30), false),
            asked("核实结果", 10, Entry::OneOf(results.to_vec()), Needed::No, ""),
            asked("实际风险", 11, Entry::Among(causes), when(&["原因不同"]), "causes"),
            asked("情况说明", 18, Entry::Free, when(&["不属实", "查无此人", "身份不符", "原因不同"]), "reason"),
            asked("正确姓名", 9, Entry::Free, when(&["身份不符"]), "name"),
            asked("正确身份证号", 13, Entry::IdNumber, Needed::OnlyWith(vec!["身份不符".into()]), "id_number"),
            asked("核实人", 9, Entry::Free, Needed::Yes, "by"),
            asked("核实日期", 12, Entry::Day, Needed::No, "day"),
            FormColumn::token_end(),
        ],
        head: Vec::new(),
        result: "核实结果".into(),
        meanings: RESULTS.map(|(word, trigger)| (word.to_string(), trigger.to_string())).to_vec(),
        additions: true,
    }
}

/// Name of the number that allows a household's means to be joined (background §2: 授权承诺书).
pub const AUTHORISATION: &str = "授权书编号";

/// 线下上报表: the columns of the contract of what villages report, so that a filled one can be read as that source.
pub fn blank(source: &Source, codes: &Codes) -> FormSpec {
    let fields = source.fields.iter().filter(|f| f.from == FieldFrom::Column);
    let column = |f: &Field| {
        let table = f.code.as_deref().and_then(|name| codes.table(name));
        let choices = || table.map(|t| t.entries().iter().map(|e| e.title.clone()).collect::<Vec<_>>());
        let (entry, width) = match f.kind {
            FieldKind::Code if f.multi.is_empty() => (choices().map_or(Entry::Free, Entry::OneOf), 12),
            FieldKind::Code => (choices().map_or(Entry::Free, Entry::Among), 14),
            FieldKind::Date => (Entry::Day, 12),
            FieldKind::Integer => (Entry::Number, 9),
            FieldKind::IdNumber => (Entry::IdNumber, 21),
            FieldKind::Phone => (Entry::Free, 13),
            FieldKind::Name => (Entry::Free, 10),
            _ => (Entry::Free, if f.role == Some(Role::Note) { 28 } else { 12 }),
        };
        let needed = if f.required { Needed::Yes } else { Needed::No };
        FormColumn::asked(&f.heading, width, entry, needed, "")
    };
    FormSpec {
        kind: FormKind::Blank,
        columns: fields.map(column).collect(),
        head: Vec::new(),
        result: String::new(),
        meanings: Vec::new(),
        additions: true,
    }
}

/// 自主申报表: as [`blank`], with the number of the household's letter of authorisation, without which nothing is joined.
pub fn self_report(source: &Source, codes: &Codes) -> FormSpec {
    let mut spec = FormSpec { kind: FormKind::SelfReport, ..blank(source, codes) };
    spec.columns.push(FormColumn::asked(AUTHORISATION, 16, Entry::Free, Needed::Yes, ""));
    spec
}
