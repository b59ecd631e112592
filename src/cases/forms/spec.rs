//! What a kind of form shows and asks. Other kinds have a function like [`verify`] beside it or in their own module.

use crate::model::form::{Entry, FormColumn, FormKind, FormSpec, Needed};
use crate::plan::Plan;

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
            FormColumn::given("证件号", (13, 13), true),
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
