//! Forms in the ledger: what was issued, what came back, what was said. Entries are added, never changed.
//!
//! A row is kept once under its token, however often the same question is issued; each form has the list of its rows.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Changes, Ledger};
use crate::cases::forms::{Earlier, Given, RowState, Taken};
use crate::diag::Outcome;
use crate::model::form::{FormKind, Issued, IssuedRow};

/// A form and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FormEntry {
    /// Token.
    pub form: String,
    /// Code of its kind.
    pub kind: String,
    /// The round.
    pub round: String,
    /// To whom it went.
    pub township: String,
    /// Day of issue.
    pub issued_on: String,
    /// Day by which it should be back; empty for none.
    pub due_on: String,
    /// Rows.
    pub rows: usize,
    /// Rows with an answer that was applied.
    pub answered: usize,
    /// How often it came back.
    pub returns: usize,
}

/// A return as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// Running number.
    pub entry: i64,
    /// Token of the form.
    pub form: String,
    /// The receipt, as JSON.
    pub receipt: String,
    /// New reports in it: what stands below each heading.
    pub reports: Vec<BTreeMap<String, String>>,
}

/// Forms of a run that is not published yet are never read.
const STANDING: &str = "(run IS NULL OR run NOT IN (SELECT run FROM run WHERE state = 'pending'))";
/// Before the number of a new report, where other rows have their token.
const REPORT: &str = "+";

/// The list of a form's rows: sheet and token.
type Rows = Vec<(String, String)>;

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn read_form(connection: &Connection, form: &str) -> rusqlite::Result<Option<Issued>> {
    let query = format!(
        "SELECT kind, round, township_code, township, issued_on, due_on, details FROM form WHERE form = ?1 AND {STANDING}"
    );
    let head = connection
        .query_row(&query, [form], |row| {
            let text = |i: usize| row.get::<_, String>(i);
            Ok([text(0)?, text(1)?, text(2)?, text(3)?, text(4)?, text(5)?, text(6)?])
        })
        .optional()?;
    let Some([kind, round, code, township, issued_on, due_on, details]) = head else { return Ok(None) };
    let (Some(kind), Ok(issued_on)) = (FormKind::of(&kind), issued_on.parse()) else { return Ok(None) };
    let list: Rows = serde_json::from_str(&details).unwrap_or_default();
    let mut query = connection.prepare("SELECT case_id, order_id, shown FROM form_row WHERE token = ?1")?;
    let mut rows = Vec::with_capacity(list.len());
    for (sheet, token) in list {
        let row = query.query_row([&token], |row| {
            let shown: String = row.get(2)?;
            Ok(IssuedRow {
                token: token.clone(),
                sheet: sheet.clone(),
                case: row.get(0)?,
                order: row.get(1)?,
                shown: serde_json::from_str(&shown).unwrap_or_default(),
            })
        });
        rows.push(row?);
    }
    let filled = |text: String| Some(text).filter(|t| !t.is_empty());
    Ok(Some(Issued {
        form: form.to_string(),
        kind,
        round,
        township_code: filled(code),
        township: filled(township),
        issued_on,
        due_on: due_on.parse().ok(),
        rows,
    }))
}

/// Writes forms that go out; what was issued before stays as it is.
pub(super) fn write(transaction: &Transaction, run: Option<i64>, forms: &[Issued]) -> rusqlite::Result<()> {
    let mut form = transaction.prepare("INSERT OR IGNORE INTO form VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    let mut row = transaction.prepare("INSERT OR IGNORE INTO form_row VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for f in forms {
        let list: Rows = f.rows.iter().map(|r| (r.sheet.clone(), r.token.clone())).collect();
        let (code, township) = (f.township_code.as_deref().unwrap_or(""), f.township.as_deref().unwrap_or(""));
        let due = f.due_on.map_or(String::new(), |d| d.to_string());
        let (kind, issued_on) = (f.kind.code(), f.issued_on.to_string());
        form.execute(params![f.form, kind, run, f.round, code, township, issued_on, due, json(&list)])?;
        for r in &f.rows {
            row.execute(params![r.token, f.form, r.case, r.order, json(&r.shown)])?;
        }
    }
    Ok(())
}

impl Ledger {
    /// Every token that was issued, with the case and the order of its row.
    pub fn form_tokens(&self) -> Outcome<Taken> {
        let work = || -> rusqlite::Result<Taken> {
            let mut query = self.connection.prepare("SELECT token, case_id, order_id FROM form_row")?;
            query.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?.collect()
        };
        work().map_err(self.fail("read the ledger"))
    }

    /// A form as it was issued.
    pub fn form(&self, form: &str) -> Outcome<Option<Issued>> {
        read_form(&self.connection, form).map_err(self.fail("read the ledger"))
    }

    /// The form with which each of these rows was first issued; tokens that nobody issued are left out.
    pub fn forms_of<'t>(&self, tokens: impl Iterator<Item = &'t str>) -> Outcome<BTreeMap<String, String>> {
        let work = || -> rusqlite::Result<BTreeMap<String, String>> {
            let query = format!("SELECT form FROM form_row JOIN form USING (form) WHERE token = ?1 AND {STANDING}");
            let mut query = self.connection.prepare(&query)?;
            let mut found = BTreeMap::new();
            for token in tokens {
                if let Some(form) = query.query_row([token], |row| row.get(0)).optional()? {
                    found.insert(token.to_string(), form);
                }
            }
            Ok(found)
        };
        work().map_err(self.fail("read the ledger"))
    }

    /// Tokens that the published runs of a round ask by, with the case of each; forms of a run that was replaced are not.
    pub fn current_rows(&self, kind: FormKind, round: &str) -> Outcome<BTreeMap<String, Option<u32>>> {
        let work = || -> rusqlite::Result<BTreeMap<String, Option<u32>>> {
            let mut query = self.connection.prepare(
                "SELECT details FROM form WHERE kind = ?1 AND round = ?2
                   AND run IN (SELECT run FROM run WHERE state = 'published')",
            )?;
            let mut of = self.connection.prepare("SELECT case_id FROM form_row WHERE token = ?1")?;
            let mut rows = BTreeMap::new();
            for details in query.query_map(params![kind.code(), round], |row| row.get::<_, String>(0))? {
                let list: Rows = serde_json::from_str(&details?).unwrap_or_default();
                for (_, token) in list {
                    let case = of.query_row([&token], |row| row.get(0))?;
                    rows.insert(token, case);
                }
            }
            Ok(rows)
        };
        work().map_err(self.fail("read the ledger"))
    }

    /// The last form of a kind that other rounds than this one, of its day or before, issued about each case: its day of
    /// issue, by case.
    pub fn last_issued(&self, kind: FormKind, round: &str, as_of: &str) -> Outcome<BTreeMap<u32, String>> {
        let work = || -> rusqlite::Result<BTreeMap<u32, String>> {
            let mut query = self.connection.prepare(
                "SELECT case_id, issued_on FROM form f, json_each(f.details) row
                   JOIN form_row ON token = json_extract(row.value, '$[1]')
                 WHERE f.kind = ?1 AND issued_on <= ?2 AND round <> ?3 AND case_id IS NOT NULL
                   AND (run IS NULL OR run IN (SELECT run FROM run WHERE state = 'published'))
                 ORDER BY issued_on, round",
            )?;
            query.query_map([kind.code(), as_of, round], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        work().map_err(self.fail("read the ledger"))
    }

    /// Every form and how it stands, in the order of their issue.
    pub fn forms(&self) -> Outcome<Vec<FormEntry>> {
        let work = || -> rusqlite::Result<Vec<FormEntry>> {
            let mut query = self.connection.prepare(&format!(
                "SELECT form, kind, round, township, issued_on, due_on, details,
                        (SELECT count(*) FROM form_return r WHERE r.form = form.form)
                 FROM form WHERE {STANDING} ORDER BY issued_on, kind, township_code, township, form"
            ))?;
            let answered: BTreeSet<String> = self
                .connection
                .prepare("SELECT DISTINCT token FROM form_answer WHERE state = 'answered'")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let entries = query.query_map([], |row| {
                let details: String = row.get(6)?;
                let list: Rows = serde_json::from_str(&details).unwrap_or_default();
                Ok(FormEntry {
                    form: row.get(0)?,
                    kind: row.get(1)?,
                    round: row.get(2)?,
                    township: row.get(3)?,
                    issued_on: row.get(4)?,
                    due_on: row.get(5)?,
                    rows: list.len(),
                    answered: list.iter().filter(|(_, token)| answered.contains(token)).count(),
                    returns: row.get::<_, i64>(7)?.try_into().unwrap_or(0),
                })
            })?;
            entries.collect()
        };
        work().map_err(self.fail("read the ledger"))
    }

    /// What earlier returns said about the rows of a form, whatever version of it they came with. An answer whose step
    /// somebody took back does not stand any more.
    pub fn earlier_answers(&self, of: &Issued) -> Outcome<BTreeMap<String, Earlier>> {
        let work = || -> rusqlite::Result<BTreeMap<String, (Earlier, i64)>> {
            let mut query = self.connection.prepare(
                "SELECT answer, a.state, import FROM form_answer a JOIN form_return USING (entry)
                 WHERE token = ?1 AND a.state IN ('answered', 'conflict') ORDER BY entry",
            )?;
            let mut found = BTreeMap::new();
            for row in &of.rows {
                let mut earlier = (Earlier::default(), 0);
                let said = query.query_map([&row.token], |r| {
                    Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, i64>(2)?))
                })?;
                for said in said {
                    let (answer, state, import) = said?;
                    let Ok(given) = serde_json::from_str::<Given>(&answer) else { continue };
                    if state == RowState::Answered.code() {
                        // Applied although versions differed: a person has settled it.
                        earlier = (Earlier { applied: Some(given), open: Vec::new() }, import);
                    } else {
                        earlier.0.open.push(given);
                    }
                }
                if earlier.0 != Earlier::default() {
                    found.insert(row.token.clone(), earlier);
                }
            }
            Ok(found)
        };
        let found = work().map_err(self.fail("read the ledger"))?;
        let mut earlier = BTreeMap::new();
        for row in &of.rows {
            let Some((mut said, import)) = found.get(&row.token).cloned() else { continue };
            if let (Some(case), Some(_)) = (row.case, &said.applied)
                && !self.stands(case, import)?
            {
                said = Earlier::default();
            }
            earlier.insert(row.token.clone(), said);
        }
        Ok(earlier)
    }

    /// Whether a step that an import made in a case was not taken back.
    fn stands(&self, case: u32, import: i64) -> Outcome<bool> {
        let mut stack = Vec::new();
        for event in self.case_events(Some(case))? {
            if event.trigger == "undo" { _ = stack.pop() } else { stack.push(event.import) }
        }
        Ok(stack.contains(&Some(import)))
    }

    /// True when the last step of a case that counts is of the import that brought a row's applied answer.
    pub fn last_step_is_answer(&self, case: u32, token: &str) -> Outcome<bool> {
        let query = "SELECT import FROM form_answer a JOIN form_return USING (entry)
                     WHERE token = ?1 AND a.state = 'answered' ORDER BY entry DESC LIMIT 1";
        let import: Option<i64> = self
            .connection
            .query_row(query, [token], |row| row.get(0))
            .optional()
            .map_err(self.fail("read the ledger"))?;
        let mut stack = Vec::new();
        for event in self.case_events(Some(case))? {
            if event.trigger == "undo" { _ = stack.pop() } else { stack.push(event.import) }
        }
        Ok(import.is_some() && stack.last() == Some(&import))
    }

    /// New reports that earlier returns of a form brought.
    pub fn earlier_reports(&self, form: &str) -> Outcome<Vec<BTreeMap<String, String>>> {
        Ok(self.returns("form = ?1", form)?.into_iter().flat_map(|r| r.reports).collect())
    }

    /// What came of files with this content, in the order of their imports.
    pub fn returns_of_file(&self, sha256: &str) -> Outcome<Vec<Return>> {
        self.returns("import IN (SELECT import FROM import WHERE sha256 = ?1)", sha256)
    }

    /// What came of a form's returns, in order.
    pub fn returns_of_form(&self, form: &str) -> Outcome<Vec<Return>> {
        self.returns("form = ?1", form)
    }

    fn returns(&self, which: &str, value: &str) -> Outcome<Vec<Return>> {
        let work = || -> rusqlite::Result<Vec<Return>> {
            let query = format!("SELECT entry, form, counts FROM form_return WHERE {which} ORDER BY entry");
            let mut query = self.connection.prepare(&query)?;
            let made = query.query_map([value], |row| {
                Ok(Return { entry: row.get(0)?, form: row.get(1)?, receipt: row.get(2)?, reports: Vec::new() })
            })?;
            let mut returns: Vec<Return> = made.collect::<Result<_, _>>()?;
            let mut query = self.connection.prepare(
                "SELECT answer FROM form_answer WHERE entry = ?1 AND state = 'new' ORDER BY length(token), token",
            )?;
            for r in &mut returns {
                for answer in query.query_map([r.entry], |row| row.get::<_, String>(0))? {
                    r.reports.extend(serde_json::from_str::<BTreeMap<String, String>>(&answer?).ok());
                }
            }
            Ok(returns)
        };
        work().map_err(self.fail("read the ledger"))
    }
}

impl Changes<'_> {
    /// Notes forms that go out at the hand of a person.
    pub fn issue(&self, forms: &[Issued]) -> Outcome<()> {
        write(&self.transaction, None, forms).map_err(|e| self.fail(&e))
    }

    /// Notes what came of a return: its receipt, every answer with its state, and the new reports.
    pub fn returned<'a>(
        &self,
        import: i64,
        form: &str,
        receipt: &str,
        answers: impl Iterator<Item = (&'a str, &'a Given, RowState)>,
        reports: &[&BTreeMap<String, String>],
    ) -> Outcome<()> {
        let work = || -> rusqlite::Result<()> {
            let insert = "INSERT INTO form_return (import, form, counts) VALUES (?1, ?2, ?3)";
            self.transaction.execute(insert, params![import, form, receipt])?;
            let entry = self.transaction.last_insert_rowid();
            let mut answer = self.transaction.prepare("INSERT INTO form_answer VALUES (?1, ?2, ?3, ?4)")?;
            for (token, given, state) in answers {
                answer.execute(params![entry, token, json(given), state.code()])?;
            }
            for (i, report) in reports.iter().enumerate() {
                answer.execute(params![entry, format!("{REPORT}{}", i + 1), json(report), RowState::New.code()])?;
            }
            Ok(())
        };
        work().map_err(|e| self.fail(&e))
    }
}
