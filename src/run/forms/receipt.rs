//! A judged return → its receipt (workbook and JSON) and its new reports, written after the ledger was changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::super::pipeline::load_plan;
use super::apply::Sender;
use super::import::{Arrived, ImportedFile, Office};
use super::{FormKind, ledger_of, offline};
use crate::cases::forms::{AUTHORISATION, Counts, Judged, RowState, Verdict};
use crate::cases::ledger::{Ledger, Return};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::text::{self, mask_number};
use crate::plan::{FieldFrom, Plan, Role};
use crate::publish::filename::clean;
use crate::publish::workbook::{self, AnswerReceipt, RECEIPT_FORMAT, ReceiptLine};
use crate::publish::{atomic, filename};

/// A receipt in the making: it is kept in the ledger before it is written.
pub(super) struct Made {
    pub receipt: AnswerReceipt,
    pub json: String,
    pub counts: Counts,
}

/// Makes the receipt of a verdict; `moved` says what became of cases, by token.
pub(super) fn made(sender: &Sender, verdict: &Verdict, moved: &BTreeMap<String, String>) -> Made {
    let Sender { office, arrived } = *sender;
    let issued = &arrived.issued;
    let counts = verdict.counts(issued);
    let name = arrived.path.rsplit(['/', '\\']).next().unwrap_or_default();
    let receipt = AnswerReceipt {
        format: RECEIPT_FORMAT.into(),
        form: issued.form.clone(),
        kind: issued.kind.code().into(),
        title: issued.kind.title().into(),
        round: issued.round.clone(),
        township: issued.township.clone().unwrap_or_else(|| "乡镇不明".into()),
        // A clerk may have put somebody's number into the name of the file.
        file: text::mask_runs(name),
        sha256: arrived.sha256.clone(),
        received_on: office.on.to_string(),
        by: office.options.by.trim().to_string(),
        complete: counts.is_complete(),
        counts: numbers(&counts),
        notes: verdict.notes.iter().map(|n| n.words.clone()).collect(),
        rows: verdict.rows.iter().map(|row| line(arrived, row, moved)).collect(),
    };
    Made { json: serde_json::to_string_pretty(&receipt).unwrap_or_default(), receipt, counts }
}

fn numbers(c: &Counts) -> Vec<(String, String, usize)> {
    let own = |code: &str, words: &str, n: usize| (code.to_string(), words.to_string(), n);
    let of = |state: RowState, n: usize| own(state.code(), state.words(), n);
    vec![
        own("issued", "发出", c.issued),
        own("rows", "收到", c.rows),
        of(RowState::Answered, c.answered),
        of(RowState::Earlier, c.earlier),
        of(RowState::Unanswered, c.unanswered),
        of(RowState::Missing, c.missing),
        of(RowState::Altered, c.altered),
        of(RowState::Conflict, c.conflict),
        of(RowState::Refused, c.refused),
        own("with_changes", "锁定内容有改动（见改动对照）", c.with_changes),
        of(RowState::New, c.new),
        of(RowState::Duplicate, c.duplicate),
        of(RowState::Foreign, c.foreign),
        own("stray", "表外无法识别的行", c.stray),
    ]
}

fn line(arrived: &Arrived, row: &Judged, moved: &BTreeMap<String, String>) -> ReceiptLine {
    let token = row.token.clone().unwrap_or_default();
    let issued = arrived.issued.rows.iter().find(|r| r.token == token);
    let report_name = arrived.spec.columns.iter().find(|c| matches!(c.heading.as_str(), "户主" | "户主姓名" | "姓名"));
    let name = match issued {
        Some(issued) => issued.shown.get("户主").cloned(),
        None => report_name.and_then(|c| row.cells.get(&c.heading).cloned()),
    };
    let place = match (issued, &row.at) {
        (Some(issued), _) => issued.sheet.clone(),
        (None, Some((sheet, _))) => sheet.clone(),
        (None, None) => String::new(),
    };
    ReceiptLine {
        place,
        name: name.unwrap_or_default(),
        at: row.at.as_ref().map_or(String::new(), |(sheet, n)| match sheet.is_empty() {
            true => format!("第{n}行"),
            false => format!("{sheet} 第{n}行"),
        }),
        state: row.state.code().into(),
        state_title: row.state.words().into(),
        result: row.given.as_ref().map(|g| g.result.clone()).unwrap_or_default(),
        moved: moved.get(&token).cloned().unwrap_or_default(),
        codes: row.reasons.iter().map(|r| r.code.clone()).collect(),
        reasons: row.reasons.iter().map(|r| r.words.clone()).collect(),
        // Whatever somebody typed over a masked number may be a whole one.
        altered: row.altered.iter().map(|a| [&a.heading, &a.issued, &a.returned].map(|t| masked(t))).collect(),
        token,
    }
}

/// A text without whole identity numbers.
fn masked(text: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit() || matches!(c, 'X' | 'x');
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = is_digit(first);
        let end = rest.find(|c| is_digit(c) != kind).unwrap_or(rest.len());
        let part = &rest[..end];
        out.push_str(&if kind && part.len() >= 15 { mask_number(part) } else { part.to_string() });
        rest = &rest[end..];
    }
    out
}

/// Writes the receipt of a file that was just taken in.
pub(super) fn write(office: &Office, ledger: &Ledger, arrived: &Arrived, made: Made) -> Outcome<ImportedFile> {
    let mut returns = ledger.returns_of_file(&arrived.sha256)?;
    let turn = returns.len();
    let returned = returns.pop();
    let mut file = written(office.plan, &office.options.out, office.on, &made.receipt, (returned.as_ref(), turn))?;
    file.file = arrived.path.clone();
    file.state = "imported";
    file.counts = Some(made.counts);
    file.problems = arrived.problems.iter().filter(|p| p.severity != crate::diag::Severity::Note).cloned().collect();
    file.problems.extend(notes(&made.receipt, &arrived.path));
    Ok(file)
}

/// What a clerk should see at once; whom it is about stands in the receipt alone.
fn notes(receipt: &AnswerReceipt, path: &str) -> Vec<Diagnostic> {
    let place = || Place::file(path.to_string());
    let number = |code: &str| receipt.counts.iter().find(|(own, ..)| own == code).map_or(0, |(.., n)| *n);
    let mut told = Vec::new();
    let mut warn = |code, n: usize, message: &str, hint: &str| {
        if n > 0 {
            told.push(Diagnostic::warning(code, format!("{n} {message}"), place()).hint(hint));
        }
    };
    warn(
        "forms.conflict",
        number("conflict"),
        "rows are answered differently in another version; nothing was applied for them",
        "ask which one counts, and bring that file in again with --overrule",
    );
    warn(
        "forms.altered",
        number("altered"),
        "rows may be about somebody else than was asked about; nothing was applied for them",
        "see the sheet 改动对照 of the receipt; answers go into the form as it was issued",
    );
    warn("forms.refused", number("refused"), "rows are not answered as asked", "the receipt says for each row why");
    warn("forms.foreign", number("foreign"), "rows belong to another form", "bring that form in by itself");
    told
}

/// The receipt of a file that was taken in before: nothing changes, and a receipt that is not there is written again.
pub(super) fn again(office: &Office, ledger: &Ledger, path: &str, sha256: &str) -> Outcome<ImportedFile> {
    let mut returns = ledger.returns_of_file(sha256)?;
    let turn = returns.len();
    let Some(returned) = returns.pop() else {
        return Err(Failure::internal("a file that was taken in has no receipt"));
    };
    let mut file = rewritten(office.plan, &office.options.out, (&returned, turn))?;
    file.file = path.to_string();
    Ok(file)
}

fn rewritten(plan: &Plan, out: &Path, (returned, turn): (&Return, usize)) -> Outcome<ImportedFile> {
    let read: AnswerReceipt = serde_json::from_str(&returned.receipt)
        .map_err(|e| Failure::internal(format!("the ledger has a receipt that cannot be read: {e}")))?;
    let on = read.received_on.parse().unwrap_or(Date::constant(1970, 1, 1));
    let file = written(plan, out, on, &read, (Some(returned), turn))?;
    Ok(ImportedFile { state: "repeated", ..file })
}

/// The file of a return, by its receipt.
fn sha256(returned: &Return) -> String {
    let read: Option<AnswerReceipt> = serde_json::from_str(&returned.receipt).ok();
    read.map(|r| r.sha256).unwrap_or_default()
}

/// Writes receipt and reports, wholly or not at all; the same receipt is the same bytes.
fn written(
    plan: &Plan,
    out: &Path,
    on: Date,
    receipt: &AnswerReceipt,
    (returned, turn): (Option<&Return>, usize),
) -> Outcome<ImportedFile> {
    let folder = out.join("forms");
    let issue = workbook::Issue { plan, round: &receipt.round, as_of: on };
    let short = &receipt.sha256[..8.min(receipt.sha256.len())];
    // The same file brought in once more with another verdict has a receipt of its own: the first one was given out.
    let again = if turn > 1 { format!("_第{turn}次") } else { String::new() };
    let stem = clean(&format!("{}{}回执_{}_{short}{again}", receipt.township, receipt.title, receipt.form));
    let path = folder.join("receipts").join(format!("{stem}.xlsx"));
    workbook::answer_receipt(&issue, receipt, &path)?;
    let json = serde_json::to_vec_pretty(receipt).map_err(|e| Failure::internal(e.to_string()))?;
    atomic::write(&path.with_extension("json"), &json)?;
    let reports = match returned.filter(|r| !r.reports.is_empty()) {
        Some(returned) => new_reports(plan, &issue, receipt, returned, &folder.join("inbox"), short)?,
        None => None,
    };
    Ok(ImportedFile {
        form: Some(receipt.form.clone()),
        kind: Some(receipt.kind.clone()),
        round: Some(receipt.round.clone()),
        township: Some(receipt.township.clone()),
        complete: receipt.complete,
        receipt: Some(path),
        reports,
        ..ImportedFile::default()
    })
}

/// New reports in the columns of the villages' contract, under a name that its `files` take.
fn new_reports(
    plan: &Plan,
    issue: &workbook::Issue,
    receipt: &AnswerReceipt,
    returned: &Return,
    inbox: &Path,
    short: &str,
) -> Outcome<Option<PathBuf>> {
    let Some(source) = offline(plan) else { return Ok(None) };
    let fields: Vec<_> = source.fields.iter().filter(|f| f.from == FieldFrom::Column).collect();
    let headings: Vec<String> = fields.iter().map(|f| f.heading.clone()).collect();
    let is_verify = receipt.kind == FormKind::Verify.code();
    let news: Vec<&ReceiptLine> = receipt.rows.iter().filter(|r| r.state == RowState::New.code()).collect();
    let rows: Vec<Vec<String>> = returned
        .reports
        .iter()
        .enumerate()
        .map(|(i, cells)| {
            let cell = |heading: &str| cells.get(heading).cloned().unwrap_or_default();
            let of = |f: &&crate::plan::Field| match (is_verify, f.role, f.name.as_str()) {
                (true, Some(Role::Village), _) => news.get(i).map(|r| r.place.clone()).unwrap_or_default(),
                (true, Some(Role::Group), _) => cell("组"),
                (true, Some(Role::Name), _) => cell("户主"),
                (true, Some(Role::IdNumber), _) => first(&[cell("正确身份证号"), cell("证件号")]),
                (true, Some(Role::Causes), _) => cell("实际风险"),
                (true, Some(Role::Note), _) => first(&[cell("情况说明"), cell("线索依据"), cell("核实事项")]),
                (true, _, "reported_by") => cell("核实人"),
                (true, _, "reported_on") => cell("核实日期"),
                (true, ..) => String::new(),
                (false, Some(Role::Note), _) if cells.contains_key(AUTHORISATION) => {
                    let own = cell(&f.heading);
                    format!("自主申报，{AUTHORISATION}{}。{own}", cell(AUTHORISATION))
                }
                (false, ..) => cell(&f.heading),
            };
            fields.iter().map(of).collect()
        })
        .collect();
    let Some(below) = below(&source.files, &receipt.township, &format!("{}_{short}", receipt.form)) else {
        return Ok(None);
    };
    let path = inbox.join(below);
    workbook::reports(issue, &format!("{}补报", receipt.township), &headings, &rows, &path)?;
    Ok(Some(path))
}

fn first(texts: &[String]) -> String {
    texts.iter().find(|t| !t.is_empty()).cloned().unwrap_or_default()
}

/// A path that the first pattern of a contract takes: its first `*` is the township, the last tells this file from others.
fn below(files: &[String], township: &str, own: &str) -> Option<PathBuf> {
    let pattern = files.iter().find(|f| f.contains('*') && f.ends_with(".xlsx"))?;
    let first = pattern.replacen('*', &filename::clean(township), 1);
    let path = match first.contains('*') {
        true => first.replacen('*', &format!("_{own}"), 1).replace('*', ""),
        false => first.replace(".xlsx", &format!("_{own}.xlsx")),
    };
    Some(PathBuf::from(path))
}

/// Whose receipt is wanted.
#[derive(Debug, Clone)]
pub struct ReceiptOptions {
    /// Pipeline folder.
    pub pipeline: PathBuf,
    /// Folder that holds the rounds and the ledger.
    pub out: PathBuf,
    /// Token of a form.
    pub form: String,
}

/// The receipts of a form.
#[derive(Debug, serde::Serialize)]
pub struct Receipts {
    /// Its returns in order; the receipts were written again.
    pub returns: Vec<ImportedFile>,
}

/// Writes the receipts of a form once more.
///
/// # Errors
/// There is no ledger or no return of that form (66), the pipeline is wrong (78), something cannot be read or written (74).
pub fn receipt(options: &ReceiptOptions) -> Outcome<Receipts> {
    let (plan, _) = load_plan(&options.pipeline)?;
    let ledger = ledger_of(&options.out)?;
    let form = crate::model::token::clean(&options.form);
    let returns = ledger.returns_of_form(&form)?;
    if returns.is_empty() {
        let problem = Diagnostic::error("forms.no_return", "no return of this form was taken in", Place::default())
            .hint("`bidui forms list` shows every form and how often it came back");
        return Err(Failure::one(FailureClass::InputMissing, problem));
    }
    let mut written = Vec::new();
    for returned in &returns {
        let of_file = ledger.returns_of_file(&sha256(returned))?;
        let turn = of_file.iter().position(|r| r.entry == returned.entry).map_or(1, |i| i + 1);
        written.push(rewritten(&plan, &options.out, (returned, turn))?);
    }
    Ok(Receipts { returns: written })
}
