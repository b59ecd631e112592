//! What was issued × what came back → every row judged. Nothing is lost: each issued row has one state, and so has each row of
//! the file.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::answers::{self, Given, Readers, Reason, Said};
use super::layout::{Found, FoundRow};
use crate::model::form::{FormSpec, Issued, IssuedRow, TOKEN, TOKEN_END, Use, end_of};
use crate::model::receipt::same_text;
use crate::model::token;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// Issued, answered, and the answer can be applied.
    Answered,
    /// Issued and answered by an earlier return; this one says the same or nothing.
    Earlier,
    /// Issued, in the file, without the deciding answer.
    Unanswered,
    /// Issued and not in the file.
    Missing,
    /// Issued; what tells whom it is about was changed, or only some columns were sorted: nothing is applied.
    Altered,
    /// Issued; two versions say different things: nothing is applied.
    Conflict,
    /// Issued and not answered as asked; or a row of the file that is none of the form's and no new report.
    Refused,
    /// A further copy of an issued row that says the same or nothing.
    Duplicate,
    /// Not issued: a new report.
    New,
    /// The token of another form, another round or another office.
    Foreign,
}

impl RowState {
    /// Code and Chinese word of every state.
    pub const WORDS: [(RowState, &'static str, &'static str); 10] = [
        (RowState::Answered, "answered", "已答复"),
        (RowState::Earlier, "earlier", "此前已答复"),
        (RowState::Unanswered, "unanswered", "未答复"),
        (RowState::Missing, "missing", "缺行"),
        (RowState::Altered, "altered", "锁定内容被改，未采用"),
        (RowState::Conflict, "conflict", "前后答复不一致，未采用"),
        (RowState::Refused, "refused", "不符合要求，未采用"),
        (RowState::Duplicate, "duplicate", "重复行"),
        (RowState::New, "new", "新增"),
        (RowState::Foreign, "foreign", "不属于本表"),
    ];

    fn entry(self) -> (&'static str, &'static str) {
        let found = Self::WORDS.iter().find(|(state, ..)| *state == self);
        found.map_or(("", ""), |(_, code, words)| (*code, *words))
    }

    /// ASCII code.
    pub fn code(self) -> &'static str {
        self.entry().0
    }

    /// Chinese word.
    pub fn words(self) -> &'static str {
        self.entry().1
    }

    /// The state of a code.
    pub fn of(code: &str) -> Option<RowState> {
        Self::WORDS.iter().find(|(_, own, _)| *own == code).map(|(state, ..)| *state)
    }
}

/// A locked cell that came back changed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Altered {
    /// Its heading.
    pub heading: String,
    /// As issued.
    pub issued: String,
    /// As returned.
    pub returned: String,
}

/// One judged row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Judged {
    /// Its token; none for rows that have none.
    pub token: Option<String>,
    /// Sheet and row of the file; none for issued rows that are not in it.
    pub at: Option<(String, u32)>,
    /// What became of it.
    pub state: RowState,
    /// Why, and what else is to be told.
    pub reasons: Vec<Reason>,
    /// Locked cells that were changed.
    pub altered: Vec<Altered>,
    /// The answer; kept for conflicts too.
    pub given: Option<Given>,
    /// What a new report says, by heading; empty for other rows.
    pub cells: BTreeMap<String, String>,
}

/// A token of another form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// In words: kind, round, township.
    pub form: String,
}

/// What earlier returns said about a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The answer that was applied and stands.
    pub applied: Option<Given>,
    /// Answers that were not applied because versions differed.
    pub open: Vec<Given>,
}

/// What a return is judged by.
#[derive(Clone, Copy)]
pub struct Judging<'a> {
    /// The kind.
    pub spec: &'a FormSpec,
    /// The form as it was issued.
    pub issued: &'a Issued,
    /// Another form's row with this token.
    pub elsewhere: &'a dyn Fn(&str) -> Option<Elsewhere>,
    /// What earlier returns said, by token.
    pub earlier: &'a BTreeMap<String, Earlier>,
    /// How days and numbers are read.
    pub readers: Readers<'a>,
    /// Who answered, where the form does not say.
    pub by: &'a str,
    /// The day on which it is taken in.
    pub today: Date,
    /// True when a person says that this version counts where versions differ.
    pub overrule: bool,
}

/// What became of a return.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Verdict {
    /// Issued rows in the order of issue, then the file's other rows in reading order.
    pub rows: Vec<Judged>,
    /// What is to be told about the file as a whole.
    pub notes: Vec<Reason>,
}

/// Numbers of a verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "each is the number of rows of the state of that name")]
pub struct Counts {
    /// Rows that were issued.
    pub issued: usize,
    /// Rows of the file.
    pub rows: usize,
    pub answered: usize,
    pub earlier: usize,
    pub unanswered: usize,
    pub missing: usize,
    /// Rows with a changed locked cell that were not applied for it.
    pub altered: usize,
    /// Rows with any changed locked cell, applied or not.
    pub with_changes: usize,
    pub conflict: usize,
    /// Issued rows that are not answered as asked.
    pub refused: usize,
    pub duplicate: usize,
    pub new: usize,
    pub foreign: usize,
    /// Rows that are none of the form's and no report either.
    pub stray: usize,
}

impl Verdict {
    /// Numbers by state.
    pub fn counts(&self, issued: &Issued) -> Counts {
        let tokens: BTreeSet<&str> = issued.rows.iter().map(|r| r.token.as_str()).collect();
        let mut counts = Counts { issued: issued.rows.len(), ..Counts::default() };
        for row in &self.rows {
            counts.rows += usize::from(row.at.is_some());
            counts.with_changes += usize::from(!row.altered.is_empty());
            let own = row.token.as_ref().is_some_and(|t| tokens.contains(t.as_str()));
            *match row.state {
                RowState::Answered => &mut counts.answered,
                RowState::Earlier => &mut counts.earlier,
                RowState::Unanswered => &mut counts.unanswered,
                RowState::Missing => &mut counts.missing,
                RowState::Altered => &mut counts.altered,
                RowState::Conflict => &mut counts.conflict,
                RowState::Refused if own => &mut counts.refused,
                RowState::Refused => &mut counts.stray,
                RowState::Duplicate => &mut counts.duplicate,
                RowState::New => &mut counts.new,
                RowState::Foreign => &mut counts.foreign,
            } += 1;
        }
        counts
    }
}

impl Counts {
    /// True when every issued row has an answer that was applied, now or before.
    pub fn is_complete(&self) -> bool {
        self.issued > 0 && self.answered + self.earlier == self.issued
    }

    /// True when every issued row and every row of the file is counted once. A conflict may lie between two files, and an
    /// issued row in two places of one, whose further copies are duplicates.
    pub fn sums_close(&self) -> bool {
        self.answered + self.earlier + self.unanswered + self.missing + self.altered + self.conflict + self.refused
            == self.issued
    }
}

/// Judges a return.
pub fn classify(judging: &Judging, found: &Found) -> Verdict {
    let mut verdict = Verdict { notes: notes(judging, found), ..Verdict::default() };
    let head = answers::head(judging.spec, &found.head, &judging.readers, judging.today);
    let mut copies: BTreeMap<&str, Vec<&FoundRow>> = BTreeMap::new();
    for row in &found.rows {
        copies.entry(&row.token).or_default().push(row);
    }
    let mut further = Vec::new();
    for issued in &judging.issued.rows {
        let own = copies.get(issued.token.as_str()).map_or(&[][..], Vec::as_slice);
        let judged = of_issued(judging, issued, own, &head, &mut further);
        verdict.rows.push(judged);
    }
    let missing: Vec<&IssuedRow> =
        judging.issued.rows.iter().filter(|r| !copies.contains_key(r.token.as_str())).collect();
    let issued: BTreeSet<&str> = judging.issued.rows.iter().map(|r| r.token.as_str()).collect();
    for row in &found.rows {
        let key = (row.sheet.clone(), row.row);
        if let Some(copy) = further.iter().find(|j| j.at.as_ref() == Some(&key)) {
            verdict.rows.push(copy.clone());
        } else if !issued.contains(row.token.as_str()) {
            verdict.rows.extend(of_other(judging, row, &missing));
        }
    }
    verdict
}

/// What is to be told about the file as a whole.
fn notes(judging: &Judging, found: &Found) -> Vec<Reason> {
    let mut notes = Vec::new();
    let mut gone: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (sheet, heading) in &found.lacking {
        gone.entry(heading).or_default().push(sheet);
    }
    for (heading, sheets) in gone {
        let words = format!("工作表“{}”没有“{heading}”一列", sheets.join("”“"));
        notes.push(Reason::new("form.column_missing", words));
    }
    for (issued, returned) in &found.renamed {
        let words = format!("列标题“{issued}”被改为“{returned}”，按其位置识别");
        notes.push(Reason::new("form.heading_changed", words));
    }
    for sheet in &found.without_headings {
        let words = format!("工作表“{sheet}”没有标题行，按原来的列序识别，并核对锁定内容");
        notes.push(Reason::new("form.headings_missing", words));
    }
    match &found.marker {
        Some(marker) => {
            let now: BTreeSet<&str> = found.rows.iter().map(|r| r.sheet.as_str()).collect();
            for sheet in now.iter().filter(|s| !marker.sheets.iter().any(|own| own == *s)) {
                notes.push(Reason::new("form.sheet_renamed", format!("工作表“{sheet}”不是原来的名称，按编号识别")));
            }
            let digests: BTreeMap<&str, &str> = marker.rows.iter().map(|(t, d)| (t.as_str(), d.as_str())).collect();
            if judging.issued.rows.iter().any(|r| digests.get(r.token.as_str()).is_none_or(|d| *d != r.digest())) {
                let words = "隐藏工作表与发出的不同，以台账为准";
                notes.push(Reason::new("form.marker_changed", words));
            }
        }
        None => notes.push(Reason::new("form.no_marker", "没有隐藏工作表（另存为其他格式或重新录入），按编号识别")),
    }
    notes
}

/// Judges what the file has of an issued row; further copies go to `further`.
fn of_issued(
    judging: &Judging,
    issued: &IssuedRow,
    copies: &[&FoundRow],
    head: &Result<BTreeMap<String, String>, Vec<Reason>>,
    further: &mut Vec<Judged>,
) -> Judged {
    let earlier = judging.earlier.get(&issued.token);
    let applied = earlier.and_then(|e| e.applied.as_ref());
    let bare = |state| Judged {
        token: Some(issued.token.clone()),
        at: None,
        state,
        reasons: Vec::new(),
        altered: Vec::new(),
        given: None,
        cells: BTreeMap::new(),
    };
    let mut judged: Vec<Judged> = copies.iter().map(|row| of_copy(judging, issued, row, head)).collect();
    // The first that says something speaks for the row; the others are copies of it.
    let rank = |j: &Judged| match j.state {
        RowState::Answered => 0,
        RowState::Altered => 1,
        RowState::Refused => 2,
        _ => 3,
    };
    let Some(first) = (0..judged.len()).min_by_key(|i| (rank(&judged[*i]), *i)) else {
        return match applied {
            Some(given) => Judged { given: Some(given.clone()), ..bare(RowState::Earlier) },
            None => bare(RowState::Missing),
        };
    };
    let mut own = judged.remove(first);
    let differs = |given: &Given| own.given.as_ref().is_some_and(|o| !o.agrees(given));
    let apart: Vec<String> = judged
        .iter()
        .filter(|copy| copy.given.as_ref().is_some_and(differs))
        .filter_map(|copy| copy.at.as_ref())
        .map(|(sheet, row)| place(sheet, *row))
        .collect();
    for mut copy in judged {
        if matches!(copy.state, RowState::Answered | RowState::Unanswered) {
            copy.reasons.push(Reason::new("row.twice", "同一编号在表中出现不止一次"));
        }
        copy.state = RowState::Duplicate;
        further.push(copy);
    }
    if !apart.is_empty() {
        own.state = RowState::Conflict;
        let words = format!("同一编号在{}的答复不同", apart.join("、"));
        own.reasons.push(Reason::new("conflict.within", words));
        return own;
    }
    if own.state == RowState::Answered && !judging.overrule {
        let others = earlier.map_or(&[][..], |e| e.open.as_slice());
        let given = own.given.as_ref();
        if applied.into_iter().chain(others).any(|other| given.is_some_and(|g| !g.agrees(other))) {
            own.state = RowState::Conflict;
            own.reasons.push(Reason::new("conflict.earlier", "与此前收到的答复不同，请核定以哪一份为准"));
            return own;
        }
    }
    match (own.state, applied) {
        (RowState::Answered, Some(before)) if own.given.as_ref().is_some_and(|g| g.agrees(before)) => {
            if own.given.as_ref() != Some(before) {
                own.reasons.push(Reason::new("answer.wording", "答复相同，仅说明、核实人或日期不同，以先收到的为准"));
            }
            Judged { state: RowState::Earlier, ..own }
        }
        (RowState::Unanswered, Some(before)) => Judged { state: RowState::Earlier, given: Some(before.clone()), ..own },
        _ => own,
    }
}

/// Judges one copy of an issued row by itself.
fn of_copy(
    judging: &Judging,
    issued: &IssuedRow,
    row: &FoundRow,
    head: &Result<BTreeMap<String, String>, Vec<Reason>>,
) -> Judged {
    let altered = altered(judging.spec, issued, row);
    let mut judged = Judged {
        token: Some(issued.token.clone()),
        at: Some((row.sheet.clone(), row.row)),
        state: RowState::Unanswered,
        reasons: Vec::new(),
        altered,
        given: None,
        cells: BTreeMap::new(),
    };
    let said = answers::said(judging.spec, row, &judging.readers, judging.by, judging.today);
    match said {
        Said::Nothing(filled) => {
            if !filled.is_empty() {
                let words = format!("已填“{}”，未填“{}”", filled.join("”“"), judging.spec.result);
                judged.reasons.push(Reason::new("answer.no_result", words));
            }
        }
        Said::Refused(reasons) => {
            judged.state = RowState::Refused;
            judged.reasons.extend(reasons);
        }
        Said::Answer(mut given, notes) => {
            judged.state = RowState::Answered;
            judged.reasons.extend(notes);
            match head {
                Ok(details) => {
                    for (name, text) in details {
                        given.details.entry(name.clone()).or_insert_with(|| text.clone());
                    }
                    judged.given = Some(given);
                }
                Err(reasons) => {
                    judged.state = RowState::Refused;
                    judged.reasons.extend(reasons.iter().cloned());
                }
            }
        }
    }
    // Only where something was said: a blank row of another person is a blank row.
    if judged.state != RowState::Unanswered
        && let Some(why) = not_its_own(judging.spec, issued, row, &judged.altered)
    {
        judged.state = RowState::Altered;
        judged.given = None;
        judged.reasons.push(why);
    }
    judged
}

/// Locked cells that differ from what was issued; a column that is gone is told once for the whole file.
fn altered(spec: &FormSpec, issued: &IssuedRow, row: &FoundRow) -> Vec<Altered> {
    let given = spec.columns.iter().filter(|c| c.is_given() && !row.lacking.contains(&c.heading));
    given
        .filter_map(|column| {
            let before = issued.shown.get(&column.heading).map_or("", String::as_str);
            let now = row.text(&column.heading);
            (same_text(before) != same_text(now)).then(|| Altered {
                heading: column.heading.clone(),
                issued: before.to_string(),
                returned: now.to_string(),
            })
        })
        .collect()
}

/// Why a row's answer may be about somebody else.
fn not_its_own(spec: &FormSpec, issued: &IssuedRow, row: &FoundRow, altered: &[Altered]) -> Option<Reason> {
    let end = token::clean(row.text(TOKEN_END));
    if !end.is_empty() && end != end_of(&issued.token) {
        let words = "行首编号与行末核对码不是同一行的，可能只对部分列作了排序";
        return Some(Reason::new("altered.sorted_apart", words));
    }
    let who: Vec<&str> = altered
        .iter()
        .filter(|a| spec.column(&a.heading).is_some_and(|c| c.role == Use::Given { identifies: true }))
        .map(|a| a.heading.as_str())
        .collect();
    (!who.is_empty()).then(|| {
        let words = format!("“{}”与发出的不同，不能确定答复的是哪一户", who.join("”“"));
        Reason::new("altered.identity", words)
    })
}

/// Judges a row that has no token of the form; none when nothing is in it.
fn of_other(judging: &Judging, row: &FoundRow, missing: &[&IssuedRow]) -> Option<Judged> {
    let spec = judging.spec;
    if spec.result.is_empty() {
        return of_blank(judging, row);
    }
    let content: BTreeMap<String, String> = spec
        .columns
        .iter()
        .filter(|c| c.is_given() || c.is_asked())
        .filter_map(|c| Some((c.heading.clone(), row.cells.get(&c.heading)?.0.clone())))
        .collect();
    let judged = |state, reasons| Judged {
        token: Some(row.token.clone()).filter(|t| !t.is_empty()),
        at: Some((row.sheet.clone(), row.row)),
        state,
        reasons,
        altered: Vec::new(),
        given: None,
        cells: BTreeMap::new(),
    };
    // The issued row whose place this may be: it is named, and a person puts the token back.
    let given = || spec.columns.iter().filter(|c| c.role == Use::Given { identifies: true });
    let like = missing.iter().find(|issued| {
        let same = |heading: &str| {
            let before = issued.shown.get(heading).map_or("", String::as_str);
            same_text(before) == same_text(row.text(heading))
        };
        given().next().is_some() && given().all(|c| same(&c.heading))
    });
    let hint = like.map_or_else(String::new, |issued| format!("，内容与编号{}的行相同", issued.token));
    if token::is_row(&row.token) {
        let reason = match (judging.elsewhere)(&row.token) {
            Some(other) => Reason::new("row.other_form", format!("编号属于另一张表（{}）", other.form)),
            None => Reason::new("row.unknown_token", "编号不是本单位发出的"),
        };
        return Some(judged(RowState::Foreign, vec![reason]));
    }
    if !row.token.is_empty() {
        let words = format!("编号有错（校验不符）{hint}");
        return Some(judged(RowState::Refused, vec![Reason::new("row.mistyped_token", words)]));
    }
    if content.len() < 2 {
        // A signature, a total, a remark below the table.
        return None;
    }
    if like.is_some() {
        let words = format!("“{TOKEN}”被清空{hint}，请补上编号");
        return Some(judged(RowState::Refused, vec![Reason::new("row.token_lost", words)]));
    }
    let name = spec.columns.iter().find(|c| c.role == Use::Given { identifies: true });
    if spec.additions && name.is_some_and(|c| content.contains_key(&c.heading)) {
        return Some(Judged { cells: content, ..judged(RowState::New, Vec::new()) });
    }
    let (code, words) = match spec.additions {
        true => ("row.no_name", "没有编号，也没有姓名"),
        false => ("row.not_issued", "没有编号，这种表不能增加行"),
    };
    Some(judged(RowState::Refused, vec![Reason::new(code, words)]))
}

/// Judges a row of a form that asks for new reports only.
fn of_blank(judging: &Judging, row: &FoundRow) -> Option<Judged> {
    if row.cells.len() < 2 {
        return None;
    }
    let (state, reasons, cells) = match answers::report(judging.spec, row, &judging.readers, judging.today) {
        Ok(cells) => (RowState::New, Vec::new(), cells),
        Err(reasons) => (RowState::Refused, reasons, BTreeMap::new()),
    };
    let at = Some((row.sheet.clone(), row.row));
    Some(Judged { token: None, at, state, reasons, altered: Vec::new(), given: None, cells })
}

fn place(sheet: &str, row: u32) -> String {
    if sheet.is_empty() { format!("第{row}行") } else { format!("“{sheet}”第{row}行") }
}

/// Rows that versions of one form, come together, answer differently.
pub fn contested(verdicts: &[Verdict]) -> BTreeSet<String> {
    let mut said: BTreeMap<&str, Vec<&Given>> = BTreeMap::new();
    for row in verdicts.iter().flat_map(|v| &v.rows) {
        let answered = matches!(row.state, RowState::Answered | RowState::Conflict);
        if let (Some(token), Some(given), true) = (&row.token, &row.given, answered) {
            said.entry(token).or_default().push(given);
        }
    }
    let apart = said.into_iter().filter(|(_, all)| all.iter().any(|given| !given.agrees(all[0])));
    apart.map(|(token, _)| token.to_string()).collect()
}

/// Makes contested answers of a return conflicts: nothing of them is applied.
pub fn contest(verdict: &mut Verdict, contested: &BTreeSet<String>) {
    for row in &mut verdict.rows {
        if row.state == RowState::Answered && row.token.as_ref().is_some_and(|t| contested.contains(t)) {
            row.state = RowState::Conflict;
            row.reasons.push(Reason::new("conflict.versions", "同时收到的另一份表答复不同，请核定以哪一份为准"));
        }
    }
}
