//! Rows to ask about → the forms that go out, each row with its token.
//!
//! A row's token is made of the round, the case and what its locked cells say: the same question keeps its token when the round
//! is run again, another question gets another one. So a form of an older version still answers every question that is asked
//! in the newer one as well.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::cases::ledger::case_number;
use crate::model::form::{FormKind, Issued, IssuedRow};
use crate::model::{Table, token, words};

/// Tokens that the ledger knows, with the case and the order of each.
pub type Taken = BTreeMap<String, (Option<u32>, Option<u32>)>;

/// For whom a form is, and until when.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    /// The kind.
    pub kind: FormKind,
    /// The round.
    pub round: &'a str,
    /// Day of issue.
    pub issued_on: Date,
    /// Day by which the form should be back.
    pub due_on: Option<Date>,
    /// Tokens that are others' already.
    pub taken: &'a Taken,
}

/// Makes a form of rows: gives every row its token and the form its own. Tokens of the rows given are overwritten.
///
/// `to` is code and name of the township, or of the department, that it goes to.
pub fn form(issue: &Issue, to: (Option<&str>, Option<&str>), mut rows: Vec<IssuedRow>) -> Issued {
    let mut own = BTreeSet::new();
    for row in &mut rows {
        let about = |n: Option<u32>| n.map_or(String::new(), |n| n.to_string());
        let (case, order, digest) = (about(row.case), about(row.order), row.digest());
        let parts = [issue.kind.code(), issue.round, &case, &order, &row.sheet, &digest];
        let is_another = |token: &str| issue.taken.get(token).is_some_and(|of| *of != (row.case, row.order));
        row.token = (0..)
            .map(|attempt| token::row(&parts, attempt))
            .find(|token| !is_another(token) && !own.contains(token))
            .unwrap_or_default();
        own.insert(row.token.clone());
    }
    let mut made = Issued {
        form: String::new(),
        kind: issue.kind,
        round: issue.round.to_string(),
        township_code: to.0.map(str::to_string),
        township: to.1.map(str::to_string),
        issued_on: issue.issued_on,
        due_on: issue.due_on,
        rows,
    };
    made.form = form_token(&made);
    made
}

fn form_token(of: &Issued) -> String {
    let day = of.issued_on.to_string();
    let to = [&of.township_code, &of.township].map(|t| t.as_deref().unwrap_or(""));
    let mut parts = vec![of.kind.code(), &of.round, &day, to[0], to[1]];
    parts.extend(of.rows.iter().map(|r| r.token.as_str()));
    token::form(&parts)
}

/// The form with only some of its rows: another form; none when no row is left.
pub fn keep(mut form: Issued, wanted: impl Fn(&IssuedRow) -> bool) -> Option<Issued> {
    form.rows.retain(wanted);
    form.form = form_token(&form);
    (!form.rows.is_empty()).then_some(form)
}

/// 核实表: one form for each township with anything to verify, in township order; its rows by village.
pub fn verify_forms(issue: &Issue, tasks: &Table) -> Vec<Issued> {
    let mut rows: Vec<usize> = (0..tasks.rows()).collect();
    rows.sort_by_key(|row| {
        let place = ["township_code", "township", "village_code", "village"].map(|c| tasks.str_at(c, *row));
        (place.map(|part| (part.is_none(), part)), tasks.str_at("task_id", *row))
    });
    let township = |row: usize| (tasks.str_at("township_code", row), tasks.str_at("township", row));
    let made = rows.chunk_by(|a, b| township(*a) == township(*b)).map(|rows| {
        let to = township(rows[0]);
        let rows = rows.iter().map(|row| task(tasks, *row)).collect();
        form(issue, to, rows)
    });
    made.collect()
}

fn task(tasks: &Table, row: usize) -> IssuedRow {
    let own = |column: &str| tasks.str_at(column, row).unwrap_or("");
    let mut asked = String::new();
    if let Some(outcome) = tasks.str_at("outcome", row) {
        asked.push_str(&format!("【{}】", words::outcome(outcome)));
    }
    if let Some(changed) = tasks.str_at("changed", row) {
        asked.push_str(&format!("此前核实过，本次有变化：{}。", changed.trim_end_matches('。')));
    }
    asked.push_str(own("question"));
    let shown = [
        ("组", own("group")),
        ("户主", own("head_name")),
        ("证件号", own("masked_id_number")),
        ("核实事项", &asked),
        ("线索依据", own("evidence")),
    ];
    IssuedRow {
        token: String::new(),
        sheet: tasks.str_at("village", row).unwrap_or("村不明").to_string(),
        case: tasks.str_at("case_id", row).and_then(case_number),
        order: None,
        shown: shown.map(|(heading, text)| (heading.to_string(), text.to_string())).into(),
    }
}
