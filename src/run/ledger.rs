//! The ledger in a round: ids for the register's rows, people's decisions into linkage, what people are asked next.
//!
//! In: the output folder, the register, each source's records and links. Out: ids, [`Decisions`], findings, the tables
//! `person_history` and `decisions`, and the ledger's own change, which is committed with the round; see
//! [`cases::ledger`](crate::cases::ledger) for the order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::linked;
use super::manifest::PersonCounts;
use super::position::{self, Position, published_run};
use crate::cases::ledger::{
    self, Assigned, CaseChange, CaseEvent, CaseState, Change, Decision, EventKind, FittedModel, Ledger, Levels, Offer,
    OrderState, RecordKey, RunKey, Standing, State, person_id, person_number,
};
use crate::cases::{self, Advanced, Lists};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::link::{self, Linked, decisions::Verdict};
use crate::model::build::{TableBuilder, Value};
use crate::model::form::FormKind;
use crate::model::{FieldFinding, Table, tables};
use crate::plan::{LinkModel, Plan, Process, Role, Source};

/// A level's weight may move so many bits from round to round before it is told: by one bit the evidence counts twice or half.
const DRIFT_BITS: f64 = 1.0;
/// Share of the known persons that may leave the register from one round to the next before it is told.
const MOST_GONE: f64 = 0.2;
/// Below so many persons a share says nothing.
const FEW_PERSONS: usize = 50;

/// A checked copy of an office's ledger; nothing may be running on its folder meanwhile.
///
/// # Errors
/// There is no ledger (66), another run holds the folder (75), the copy cannot be written (74).
pub fn backup(out: &Path, to: &Path) -> Outcome<ledger::Copied> {
    let _lock = super::lock::take(out, &super::lock::holder("backup"))?;
    Ledger::open(out)?.copy_to(to)
}

/// The ledger while a round is made.
pub struct RoundLedger {
    out: PathBuf,
    ledger: Ledger,
    salt: Vec<u8>,
    round: String,
    as_of: String,
    state: State,
    assigned: Assigned,
    /// Row of the register by person.
    rows: BTreeMap<u32, u32>,
    /// Decisions by source.
    decisions: BTreeMap<String, Vec<Decision>>,
    /// Rows of the table `decisions`.
    told: Vec<Told>,
    /// Keys of the records that people may be asked about.
    keys: BTreeMap<String, u64>,
    /// Cases before the round, and the first number that none has.
    cases: (Vec<CaseState>, u32),
}

/// One decision and what became of it.
struct Told {
    decision: Decision,
    record_id: Option<String>,
    person: u32,
    state: &'static str,
    evidence: &'static str,
}

/// Opens the ledger of an output folder and finishes what a stopped run left; to be called under the folder's lock.
pub fn open(out: &Path) -> Outcome<Ledger> {
    super::undo::finish(out)?;
    let mut ledger = Ledger::open(out)?;
    ledger.recover(|round| published_run(out, round))?;
    position::settle(out)?;
    Ok(ledger)
}

/// What is told where a folder without a ledger is to be worked in.
pub fn missing(out: &Path) -> Failure {
    let place = Place::file(out.join(ledger::FILE).display().to_string());
    let problem = Diagnostic::error("ledger.missing", "this folder has no ledger", place)
        .hint("name the folder of the rounds with --out; the ledger is made by the first published round");
    Failure::one(FailureClass::InputMissing, problem)
}

impl RoundLedger {
    /// What the ledger knows before a round.
    pub fn begin(out: &Path, ledger: Ledger, round: &str, as_of: &str) -> Outcome<RoundLedger> {
        let mut decisions: BTreeMap<String, Vec<Decision>> = BTreeMap::new();
        for decision in ledger.decisions()? {
            decisions.entry(decision.source.clone()).or_default().push(decision);
        }
        Ok(RoundLedger {
            out: out.to_path_buf(),
            salt: ledger.salt()?,
            state: ledger.state_before(round, as_of)?,
            cases: (ledger.cases()?, ledger.next_case()?),
            ledger,
            round: round.to_string(),
            as_of: as_of.to_string(),
            assigned: Assigned::default(),
            rows: BTreeMap::new(),
            decisions,
            told: Vec::new(),
            keys: BTreeMap::new(),
        })
    }

    /// Gives the register's rows their persons' numbers; doubts come as findings about the register.
    pub fn number(&mut self, source: &Source, records: &Table) -> (Vec<u32>, Vec<FieldFinding>) {
        let identities = ledger::identities(&self.salt, source, records);
        self.assigned = ledger::assign(&identities, &self.state.known, self.state.next);
        self.rows = self.assigned.ids.iter().zip(0..).map(|(person, row)| (*person, row)).collect();
        let field = source.name_of(Role::IdNumber);
        let doubts = &self.assigned.doubts;
        let finding = |(row, why): &(u32, &'static str)| {
            FieldFinding::of_record(records, *row as usize, field, "register.person_unsure", *why)
        };
        (self.assigned.ids.clone(), doubts.iter().map(finding).collect())
    }

    /// The output folder.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// Tokens of forms that were issued.
    pub fn form_tokens(&self) -> Outcome<cases::forms::Taken> {
        self.ledger.form_tokens()
    }

    /// Takes the cases one round further.
    pub fn advance(&self, lists: Lists) -> Advanced {
        cases::advance(lists, &self.cases.0, self.cases.1)
    }

    /// Cases whose villages have to be asked by a form of this round, because no earlier form asks them this. `tasks` are the
    /// open questions.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn asked_anew(&self, tasks: &Table, advanced: &Advanced, plan: &Plan) -> Outcome<BTreeSet<u32>> {
        let issued = self.ledger.last_issued(FormKind::Verify, &self.round, &self.as_of)?;
        let mut anew = BTreeSet::new();
        let open = tasks.text("case_id").iter().flatten().filter_map(ledger::case_number);
        for state in open.filter_map(|case| advanced.case(case)) {
            let last = match issued.get(&state.case) {
                None => None,
                Some(day) => {
                    let then = self.ledger.case_said(state.case, day, &self.round)?;
                    let facts = then.map(|r| r.facts).unwrap_or_default();
                    Some(cases::LastAsked { day: day.clone(), facts })
                }
            };
            if cases::asks_anew(state, last.as_ref(), plan) {
                anew.insert(state.case);
            }
        }
        Ok(anew)
    }

    /// Every step of every case, those of the round in the making among them, and every order.
    pub fn papers(&self, process: &Process, change: &CaseChange) -> Outcome<(Vec<CaseEvent>, Vec<OrderState>)> {
        let mut events = self.ledger.case_events(None)?;
        let last = events.iter().map(|e| e.event).max().unwrap_or(0);
        events.extend(change.events.iter().zip(1..).map(|((case, from, to, step), n)| CaseEvent {
            event: last + n,
            case: *case,
            by_run: true,
            import: None,
            round: self.round.clone(),
            trigger: step.trigger.clone(),
            from: from.clone(),
            to: to.clone(),
            day: step.day.to_string(),
            by: step.by.clone(),
            reason: step.reason.clone(),
            file: step.file.clone(),
            details: step.details.clone(),
        }));
        Ok((events, self.ledger.orders(process)?))
    }

    /// What is worth telling about the persons as a whole.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        let place = || Place::file(ledger::FILE);
        let present = self.state.known.iter().filter(|k| k.standing == Standing::Present).count();
        let gone = self.assigned.count(EventKind::Gone);
        if present >= FEW_PERSONS && gone as f64 > present as f64 * MOST_GONE {
            let message = format!("{gone} of {present} persons of the round before are no longer in the register");
            problems.push(
                Diagnostic::warning("ledger.many_gone", message, place())
                    .hint("a register that was cut short looks the same: ask whether it is the whole county's"),
            );
        }
        if let Some(last) = self.state.later.last() {
            let message = format!("round {last} is later than {} and was published already", self.round);
            problems.push(
                Diagnostic::warning("ledger.older_round", message, place())
                    .hint("ids given since stay as they are; run the later rounds again if this one's inputs changed"),
            );
        }
        problems
    }

    /// The row of the register that a person has now, after merges.
    fn row_of(&self, person: u32) -> Option<(u32, u32)> {
        let mut at = person;
        // A chain of merges cannot be longer than there are persons; the bound only keeps a damaged ledger from looping.
        for _ in 0..64 {
            if let Some(row) = self.rows.get(&at) {
                return Some((at, *row));
            }
            let merged = |e: &&ledger::Event| e.kind == EventKind::MergedInto;
            let first = self.assigned.events.partition_point(|e| e.person < at);
            let own = self.assigned.events[first..].iter().take_while(|e| e.person == at).find(merged);
            at = match (own, self.state.find(at).map(|i| self.state.known[i].standing)) {
                (Some(event), _) => event.other,
                (None, Some(Standing::Merged(into))) => into,
                _ => return None,
            };
        }
        None
    }

    /// Links a source with what people decided about its records.
    pub fn link(
        &mut self,
        register: &link::Register,
        source: &Source,
        records: &Table,
        model: &LinkModel,
        from: &linked::From,
    ) -> (Linked, Vec<FieldFinding>) {
        let keys = ledger::record_keys(&self.salt, source, records);
        let mut by_key: Vec<(u64, u32)> =
            keys.iter().zip(0..).filter_map(|(k, row)| Some((k.as_ref()?.key, row))).collect();
        by_key.sort_unstable();
        let (mut pairs, mut found) = (Vec::new(), Vec::new());
        for decision in self.decisions.remove(&source.id).unwrap_or_default() {
            let from = by_key.partition_point(|(k, _)| *k < decision.record);
            let rows: Vec<u32> =
                by_key[from..].iter().take_while(|(k, _)| *k == decision.record).map(|(_, r)| *r).collect();
            let weak = rows.first().is_some_and(|r| keys[*r as usize].is_some_and(|k: RecordKey| k.weak));
            let person = self.row_of(decision.person);
            let mut tell = |row: Option<u32>, person: u32, state, evidence| {
                let id = row.and_then(|r| records.str_at("record_id", r as usize)).map(str::to_string);
                self.told.push(Told { decision: decision.clone(), record_id: id, person, state, evidence });
            };
            match person {
                _ if rows.is_empty() => {
                    tell(None, decision.person, "record_missing", "本批次没有这条来源记录");
                }
                None => {
                    for row in &rows {
                        tell(Some(*row), decision.person, "person_missing", "该人员已不在户籍底册中，未执行");
                    }
                }
                _ if weak && rows.len() > 1 => {
                    for row in &rows {
                        let why = "只有姓名的同名记录有多条，无法确定认定的是哪一条，未执行";
                        tell(Some(*row), decision.person, "ambiguous", why);
                        let field = source.name_of(Role::Name);
                        found.push(FieldFinding::of_record(
                            records,
                            *row as usize,
                            field,
                            "link.decision_ambiguous",
                            why,
                        ));
                    }
                }
                Some((person, left)) => {
                    for row in &rows {
                        tell(Some(*row), person, "applied", "");
                        pairs.push(link::decisions::Decision {
                            right: *row,
                            left,
                            verdict: if decision.same { Verdict::Same } else { Verdict::Different },
                            knew: decision.knew(),
                            said: decision.said(),
                        });
                    }
                }
            }
        }
        let linked = linked::linked(from, register, source, records, model, pairs);
        for applied in linked.applied.iter().filter(|a| a.contradicted) {
            let why = match applied.verdict {
                Verdict::Same => "曾认定为同一人，但该身份证号现登记在另一人名下，请复核认定",
                Verdict::Different => "曾认定不是同一人，但身份证号和姓名现已完全一致，请复核认定",
            };
            let field = source.name_of(Role::IdNumber);
            let row = applied.right as usize;
            found.push(FieldFinding::of_record(records, row, field, "link.decision_contradicted", why));
            let id = records.str_at("record_id", row);
            let person = self.assigned.ids[applied.left as usize];
            let same = |t: &&mut Told| t.record_id.as_deref() == id && t.person == person;
            for told in self.told.iter_mut().filter(same) {
                (told.state, told.evidence) = ("contradicted", why);
            }
        }
        self.remember_keys(records, &keys, &linked);
        found.sort_by(|a, b| (&a.at, a.code).cmp(&(&b.at, b.code)));
        (linked, found)
    }

    /// Keys of the records that will be asked about.
    fn remember_keys(&mut self, records: &Table, keys: &[Option<RecordKey>], linked: &Linked) {
        let asked: std::collections::BTreeSet<&str> = linked
            .possible
            .text("record_id")
            .iter()
            .flatten()
            .chain(self.told.iter().filter_map(|t| t.record_id.as_deref()))
            .collect();
        let mut new = Vec::new();
        for (row, key) in keys.iter().enumerate() {
            if let (Some(key), Some(id)) = (key, records.str_at("record_id", row))
                && asked.contains(id)
            {
                new.push((id.to_string(), key.key));
            }
        }
        self.keys.extend(new);
    }

    /// The tables `person_history` and `decisions`.
    pub fn tables(&mut self) -> [Table; 2] {
        // Decisions about sources that were not delivered, or are no longer in the pipeline.
        for decision in std::mem::take(&mut self.decisions).into_values().flatten() {
            let person = decision.person;
            let evidence = "本批次没有收到该来源的数据";
            self.told.push(Told { decision, record_id: None, person, state: "record_missing", evidence });
        }
        self.told.sort_by(|a, b| {
            let key = |t: &Told| (t.decision.source.clone(), t.record_id.clone(), t.person, t.decision.record);
            key(a).cmp(&key(b))
        });
        let mut decisions = TableBuilder::new(tables::decisions());
        for t in &self.told {
            let d = &t.decision;
            let day = d.on.parse().ok().map(crate::model::text::to_days);
            decisions.push(vec![
                d.source.clone().into(),
                t.record_id.clone().into(),
                person_id(t.person).into(),
                if d.same { "same" } else { "different" }.into(),
                t.state.into(),
                d.by.clone().into(),
                day.map_or(Value::Null, Value::Date),
                d.reason.clone().into(),
                d.round.clone().into(),
                t.evidence.into(),
            ]);
        }
        [ledger::person_history(&self.state, &self.assigned, &self.round), decisions.finish()]
    }

    /// Counts for the manifest.
    pub fn counts(&self) -> PersonCounts {
        let n = |kind| self.assigned.count(kind) as u64;
        let in_state = |state| self.told.iter().filter(|t| t.state == state).count() as u64;
        PersonCounts {
            persons: self.assigned.ids.len() as u64,
            created: n(EventKind::Created),
            returned: n(EventKind::Returned),
            changed: n(EventKind::NumberChanged) + n(EventKind::NameChanged),
            merged: n(EventKind::MergedInto),
            split: n(EventKind::SplitFrom),
            gone: n(EventKind::Gone),
            doubtful: self.assigned.doubts.len() as u64,
            decisions: self.told.len() as u64,
            contradicted: in_state("contradicted"),
        }
    }

    /// Digest of what the ledger adds to a round: the same ledger and inputs give the same.
    pub fn digest(&self, tables: &[&Table]) -> String {
        let mut hasher = Sha256::new();
        for id in &self.assigned.ids {
            hasher.update(id.to_le_bytes());
        }
        for table in tables {
            for row in 0..table.rows() {
                for column in &table.schema.columns {
                    hasher.update(table.display_at(&column.name, row).unwrap_or_default().as_bytes());
                    hasher.update([0]);
                }
            }
        }
        super::manifest::hex(&hasher.finalize())
    }

    /// The pairs that people are asked about: candidates, and decisions that later evidence contradicts.
    pub fn offers(&self, run_id: &str, possible: &Table, decisions: &Table) -> Vec<Offer> {
        let mut offers = Vec::new();
        let mut offer = |table: &Table, row: usize, [status, number_level, name_level]: [&str; 3]| {
            let text = |column: &str| table.str_at(column, row).unwrap_or_default();
            let (record_id, person) = (text("record_id"), text("person_id"));
            if let (Some(record), Some(number)) = (self.keys.get(record_id), person_number(person)) {
                offers.push(Offer {
                    token: ledger::token(run_id, text("source"), record_id, person),
                    source: text("source").to_string(),
                    record_id: record_id.to_string(),
                    record: *record,
                    person: number,
                    status: status.to_string(),
                    number_level: number_level.to_string(),
                    name_level: name_level.to_string(),
                });
            }
        };
        for row in 0..possible.rows() {
            let seen = ["status", "number_level", "name_level"].map(|c| possible.str_at(c, row).unwrap_or_default());
            offer(possible, row, seen);
        }
        for row in (0..decisions.rows()).filter(|r| decisions.str_at("state", *r) == Some("contradicted")) {
            // Who decides again has seen what speaks against it: that is no later evidence any more.
            let seen = match decisions.str_at("decision", row) {
                Some("same") => ["conflict", "different", ""],
                _ => ["linked", "exact", "exact"],
            };
            offer(decisions, row, seen);
        }
        offers.sort_by(|a, b| a.token.cmp(&b.token));
        offers.dedup_by(|a, b| a.token == b.token);
        offers
    }

    /// The models that were fitted in this round, by source, as the ledger keeps them, and a warning for each level that
    /// moved too far since the round before.
    pub fn models(&self, by_source: &[(String, LinkModel)]) -> Outcome<(Vec<FittedModel>, Vec<Diagnostic>)> {
        let mut kept = Vec::new();
        let mut problems = Vec::new();
        for (source, model) in by_source {
            // What a level that is rarer the larger the register weighs depends on its size.
            let register = model.fitted.map_or(1, |f| f.register as usize);
            let levels: Levels = model
                .comparisons
                .iter()
                .map(|c| {
                    let levels = c.levels.iter().filter(|l| l.level != "missing");
                    (c.name.clone(), levels.map(|l| (l.level.clone(), (l.m, l.u_in(register)))).collect())
                })
                .collect();
            let details = serde_json::json!({"linked_at": model.linked_at, "possible_at": model.possible_at,
                "margin": model.margin});
            let name = format!("{}/{source}", model.name);
            let fitted = FittedModel { name, version: model.version, levels, details };
            if let Some((round, before)) = self.ledger.model_before(&fitted.name, &self.round, &self.as_of)? {
                for d in ledger::drift(&before.levels, &fitted.levels, DRIFT_BITS) {
                    let message = format!(
                        "{source}: the weight of `{}` in `{}` is {:.2} bits and was {:.2} in round {round}",
                        d.level, d.comparison, d.now, d.before
                    );
                    problems.push(Diagnostic::warning("link.model_drift", message, model.place.clone()).hint(
                        "look whether the source changed its form; if the change is meant, nothing is to be done",
                    ));
                }
            }
            kept.push(fitted);
        }
        Ok((kept, problems))
    }

    /// Commits the ledger's change with the publication of the round: both or neither.
    ///
    /// `publish` puts the round in its place and what it replaces into the folder it gets. A ledger that could not be marked
    /// after that is told as a problem, and the next run marks it.
    pub fn commit<T>(
        mut self,
        position: Position,
        change: Change,
        publish: impl FnOnce(&Path) -> Outcome<T>,
    ) -> Outcome<(T, Option<Diagnostic>)> {
        let key = RunKey { round: self.round.clone(), as_of: self.as_of.clone(), run_id: position.run_id.clone() };
        let change = Change { persons: std::mem::take(&mut self.assigned), ..change };
        let before = position::prepare(&self.out, position, |to| self.ledger.snapshot_to(to))?;
        self.ledger.prepare(&key, &change)?;
        match publish(&before.join("round")) {
            Ok(done) => {
                let told = self.ledger.publish().and_then(|()| position::settle(&self.out));
                Ok((done, told.err().and_then(|f| f.problems.into_iter().next())))
            }
            Err(failure) => {
                // The round may be in place although publishing failed later on: the manifest there tells. A ledger
                // that cannot be put right now is put right by the next run.
                let _ = self.ledger.recover(|round| published_run(&self.out, round));
                let _ = position::settle(&self.out);
                Err(failure)
            }
        }
    }
}
