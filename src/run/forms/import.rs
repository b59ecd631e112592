//! `bidui forms import FILE…`: filled forms in, case moves and receipts out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::super::audit::{self, Action};
use super::super::pipeline::load_plan;
use super::super::{clock, lock};
use super::apply::{self, Sender};
use super::{ledger_of, receipt, spec};
use crate::cases::forms::{
    self, Counts, Elsewhere, FormKind, FormSpec, Found, Glance, Issued, Judging, Readers, Verdict,
};
use crate::cases::ledger::Ledger;
use crate::codes::{self, Codes};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::ingest;
use crate::model::CellKind;
use crate::normalize::date::Asked;
use crate::normalize::id_number::Lane;
use crate::normalize::{date, id_number};
use crate::plan::Plan;

/// What is to be taken in.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Pipeline folder.
    pub pipeline: PathBuf,
    /// Folder that holds the rounds and the ledger.
    pub out: PathBuf,
    /// Filled forms.
    pub files: Vec<PathBuf>,
    /// Who answers for rows that name nobody; empty when they must.
    pub by: String,
    /// Day on which they came; today in Asia/Shanghai when not given.
    pub on: Option<Date>,
    /// Where versions of a form differ, these files count.
    pub overrule: bool,
}

/// What came of all files.
#[derive(Debug, serde::Serialize)]
pub struct Imported {
    /// One for each file, in the order given.
    pub files: Vec<ImportedFile>,
    /// Why the exit code is not 0: a file was refused.
    #[serde(skip)]
    pub trouble: Option<FailureClass>,
}

/// What came of one file.
#[derive(Debug, Default, serde::Serialize)]
pub struct ImportedFile {
    /// The file.
    pub file: String,
    /// `imported`, `repeated` (known before: nothing changed) or `refused`.
    pub state: &'static str,
    /// Token of the form.
    pub form: Option<String>,
    /// Code of its kind.
    pub kind: Option<String>,
    /// The round it belongs to.
    pub round: Option<String>,
    /// To whom it went.
    pub township: Option<String>,
    /// Every issued row has an answer that was applied.
    pub complete: bool,
    /// Numbers by state; none for files that were refused or known before.
    pub counts: Option<Counts>,
    /// The receipt as a workbook; the JSON lies beside it.
    pub receipt: Option<PathBuf>,
    /// New reports, which the next run reads beside the villages' lists.
    pub reports: Option<PathBuf>,
    /// What is to be told.
    pub problems: Vec<Diagnostic>,
}

/// A file that was read and belongs to a form.
pub(super) struct Arrived {
    /// Its path as given.
    pub path: String,
    /// SHA-256 of its content.
    pub sha256: String,
    /// The form.
    pub issued: Issued,
    /// Its kind.
    pub spec: FormSpec,
    /// Its rows.
    pub found: Found,
    /// What is worth knowing about the file.
    pub problems: Vec<Diagnostic>,
}

/// Takes filled forms in: each in one transaction, then its receipt.
///
/// # Errors
/// The pipeline is wrong (78), there is no ledger (66), another run holds the folder (75), something cannot be read or written
/// (74). A file that cannot be used is in the result, and the others go on.
pub fn import(options: &ImportOptions) -> Outcome<Imported> {
    let action = Action::new("forms.import").by(&options.by).on("files", options.files.len());
    audit::act(&options.out, &action, |facts| {
        let imported = import_now(options)?;
        let forms = imported.files.iter().filter_map(|f| f.form.clone());
        facts.add("forms", forms.collect::<Vec<_>>());
        for state in ["imported", "repeated", "refused"] {
            facts.add(state, imported.files.iter().filter(|f| f.state == state).count());
        }
        facts.add("overrule", options.overrule);
        facts.exit(imported.trouble.map_or(0, FailureClass::exit_code));
        Ok(imported)
    })
}

/// Does what [`import`] writes down.
fn import_now(options: &ImportOptions) -> Outcome<Imported> {
    let (plan, _) = load_plan(&options.pipeline)?;
    let (codes, _) = codes::load(&plan.codes_dir);
    let on = match options.on {
        Some(day) => day,
        None => clock::today()?,
    };
    let _lock = lock::take(&options.out, &lock::holder("forms"))?;
    let mut ledger = ledger_of(&options.out)?;
    let office = Office { plan: &plan, codes: &codes, options, on };

    let read: Vec<Result<Read, ImportedFile>> =
        options.files.iter().map(|f| office.read(&ledger, f)).collect::<Outcome<_>>()?;
    let contested = office.contested(&ledger, &read)?;
    let mut files = Vec::new();
    for read in read {
        files.push(match read {
            Ok(Read::New(arrived)) => office.take(&mut ledger, &arrived, &contested)?,
            Ok(Read::Known(path, sha256)) => receipt::again(&office, &ledger, &path, &sha256)?,
            Err(refused) => refused,
        });
    }
    let trouble = files.iter().any(|f| f.state == "refused").then_some(FailureClass::InputContract);
    Ok(Imported { files, trouble })
}

/// A file that can be used.
enum Read {
    /// Not known yet.
    New(Box<Arrived>),
    /// Known before: path and SHA-256.
    Known(String, String),
}

/// What an import goes by.
#[derive(Clone, Copy)]
pub(super) struct Office<'a> {
    pub plan: &'a Plan,
    pub codes: &'a Codes,
    pub options: &'a ImportOptions,
    pub on: Date,
}

impl Office<'_> {
    /// Reads a file and finds out which form it is.
    fn read(&self, ledger: &Ledger, path: &Path) -> Outcome<Result<Read, ImportedFile>> {
        let shown = path.display().to_string();
        let refused = |problems| {
            Ok(Err(ImportedFile { file: shown.clone(), state: "refused", problems, ..ImportedFile::default() }))
        };
        let refuse = |code, message: &str, hint: &str| {
            refused(vec![Diagnostic::error(code, message, Place::file(shown.clone())).hint(hint)])
        };
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with("~$") || name.starts_with(".~lock.") {
            let hint = "close the form in the program that shows it, then bring in the form itself";
            return refuse("forms.lock_file", "this is the mark of a form that is still open, not the form", hint);
        }
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) => return refuse("ingest.unreadable", &format!("the file cannot be read: {e}"), "check its path"),
        };
        let sha256: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        if !self.options.overrule && !ledger.returns_of_file(&sha256)?.is_empty() {
            return Ok(Ok(Read::Known(shown, sha256)));
        }
        let (returned, problems) = match ingest::form::read(path, &shown) {
            Ok(read) => read,
            Err(problems) => return refused(problems),
        };
        let glance = forms::glance(&returned);
        let issued = match self.which(ledger, &glance)? {
            Ok(issued) => issued,
            Err((code, message, hint)) => return refuse(code, message, hint),
        };
        let Some(spec) = spec(issued.kind, self.plan, self.codes) else {
            let hint = "this kind of form is not brought in with this command";
            return refuse("forms.kind", "forms of this kind do not come back this way", hint);
        };
        let found = forms::found(&returned, &spec);
        Ok(Ok(Read::New(Box::new(Arrived { path: shown, sha256, issued, spec, found, problems }))))
    }

    /// The form that a file is: as its hidden sheet says, else as its rows' tokens say, else as is printed on it.
    fn which(&self, ledger: &Ledger, glance: &Glance) -> Outcome<Result<Issued, Word>> {
        let marked = glance.marker.as_ref();
        if let Some(issued) = marked.map(|m| ledger.form(&m.form)).transpose()?.flatten() {
            return Ok(Ok(issued));
        }
        if let Some((marker, kind)) = marked.and_then(|m| Some((m, FormKind::of(&m.kind)?)))
            && matches!(kind, FormKind::Blank | FormKind::SelfReport)
        {
            // Empty forms have no rows in the ledger: whoever copies them, what is in them is new.
            return Ok(Ok(Issued {
                form: marker.form.clone(),
                kind,
                round: marker.round.clone(),
                township_code: None,
                township: Some(marker.township.clone()).filter(|t| !t.is_empty()),
                issued_on: self.on,
                due_on: None,
                rows: Vec::new(),
            }));
        }
        let of = ledger.forms_of(glance.tokens.keys().map(String::as_str))?;
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for (token, form) in &of {
            *votes.entry(form).or_default() += glance.tokens.get(token).copied().unwrap_or(0);
        }
        // A printed token speaks for one of several; without rows of its own it says what was retyped.
        let printed = |form: &str| glance.printed.iter().any(|p| p == form);
        let best = votes.iter().max_by_key(|(form, n)| (**n, printed(form), std::cmp::Reverse(**form)));
        if let Some((form, _)) = best {
            // The same rows may have been issued again since: the printed form is the one that came back.
            for form in glance.printed.iter().map(String::as_str).chain([*form]) {
                if let Some(issued) = ledger.form(form)?
                    && issued.rows.iter().any(|r| glance.tokens.contains_key(&r.token))
                {
                    return Ok(Ok(issued));
                }
            }
        }
        for form in &glance.printed {
            if let Some(issued) = ledger.form(form)? {
                return Ok(Ok(issued));
            }
        }
        let known_shape = marked.is_some() || !glance.printed.is_empty() || !glance.tokens.is_empty();
        Ok(Err(match known_shape {
            true => (
                "forms.unknown",
                "this is a form, but none that this ledger has issued",
                "it may be another county's, or of a ledger that was replaced: bring it in where it was issued",
            ),
            false if glance.has_heading => (
                "forms.no_token",
                "there is no token in the file: its column 编号 is empty",
                "copy the answers into the form as it was issued; its rows are known by their 编号 and by nothing else",
            ),
            false => (
                "forms.not_a_form",
                "this is no form of bidui",
                "a list that villages report goes into the folder of deliveries; corrected receipts (数据质量回执) too",
            ),
        }))
    }

    /// Judges a file as things stand now.
    pub fn judge(&self, ledger: &Ledger, arrived: &Arrived) -> Outcome<Verdict> {
        let own: BTreeSet<&str> = arrived.issued.rows.iter().map(|r| r.token.as_str()).collect();
        let foreign = arrived.found.rows.iter().map(|r| r.token.as_str()).filter(|t| !t.is_empty() && !own.contains(t));
        let mut elsewhere = BTreeMap::new();
        for (token, form) in ledger.forms_of(foreign)? {
            if let Some(other) = ledger.form(&form)? {
                let to = other.township.as_deref().unwrap_or("");
                elsewhere.insert(token, Elsewhere { form: format!("{}{to}{}", other.round, other.kind.title()) });
            }
        }
        let earlier = ledger.earlier_answers(&arrived.issued)?;
        let readers = Readers { day: &|text, kind| day(text, kind, self.on), id_number: &|t, k| number(t, k, self.on) };
        let judging = Judging {
            spec: &arrived.spec,
            issued: &arrived.issued,
            elsewhere: &|token| elsewhere.get(token).cloned(),
            earlier: &earlier,
            readers,
            by: self.options.by.trim(),
            today: self.on,
            overrule: self.options.overrule,
        };
        Ok(forms::classify(&judging, &arrived.found))
    }

    /// Rows about which versions of one form that came together differ.
    fn contested(&self, ledger: &Ledger, read: &[Result<Read, ImportedFile>]) -> Outcome<BTreeSet<String>> {
        let mut verdicts = Vec::new();
        for arrived in read.iter().filter_map(|r| match r {
            Ok(Read::New(arrived)) => Some(arrived),
            _ => None,
        }) {
            verdicts.push(self.judge(ledger, arrived)?);
        }
        Ok(forms::contested(&verdicts))
    }

    /// Takes one file in.
    fn take(&self, ledger: &mut Ledger, arrived: &Arrived, contested: &BTreeSet<String>) -> Outcome<ImportedFile> {
        if !self.options.overrule && !ledger.returns_of_file(&arrived.sha256)?.is_empty() {
            // Given twice in one command.
            return receipt::again(self, ledger, &arrived.path, &arrived.sha256);
        }
        let mut verdict = self.judge(ledger, arrived)?;
        forms::contest(&mut verdict, contested);
        let sender = Sender { office: self, arrived };
        let made = apply::apply(&sender, ledger, verdict)?;
        receipt::write(self, ledger, arrived, made)
    }
}

/// A code, a message and a hint.
type Word = (&'static str, &'static str, &'static str);

fn day(text: &str, kind: CellKind, on: Date) -> Result<Date, String> {
    let read = date::date(text, kind, Asked::Day, on);
    match (read.value, read.doubt) {
        (Some(days), None) => Ok(crate::model::text::from_days(days)),
        (_, Some(doubt)) => Err(format!("不是一个明确的日期（{}）", doubt.message)),
        (None, None) => Err("不是日期".into()),
    }
}

fn number(text: &str, kind: CellKind, on: Date) -> Result<String, String> {
    let read = id_number::id_number(text, kind, on);
    match (read.lane, read.number, read.doubt) {
        (Lane::Valid | Lane::Repaired | Lane::Certificate | Lane::ResidencePermit, Some(number), _) => Ok(number),
        (.., Some(doubt)) => Err(format!("不能采用（{}）", doubt.message)),
        _ => Err("不是身份证号".into()),
    }
}

/// A failure for what a transaction cannot do after all.
pub(super) fn impossible(message: impl Into<String>) -> Failure {
    Failure::internal(message)
}
