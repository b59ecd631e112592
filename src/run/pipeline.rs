//! The sequence: bring in → link → screen → reconcile → cases → write → publish.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use jiff::civil::Date;

use super::audit::{self, Action};
use super::ledger::{self, RoundLedger};
use super::linked::{self, Basis};
use super::manifest::{self, HashedFile, Manifest, TableEntry};
use super::outputs::{self, Tables};
use super::position::{self, Listed, Position};
use super::sources::{self, Arrived, Intake};
use super::stages::Stages;
use super::staging::Staging;
use super::through::{Keep, Records};
use super::{Event, Observer, accept, clock, history, limits, lock, scale, store};
use crate::cases::ledger::person_id;
use crate::cases::ledger::{CaseChange, CaseState, Change, Deliveries, ReceiptEntry};
use crate::cases::orders::desk::{Desk, RoundTables};
use crate::codes::Codes;
use crate::diag::{self, Diagnostic, Failure, FailureClass, Outcome, Severity};
use crate::model::form::IssuedRow;
use crate::model::{FieldFinding, Table, TableSchema};
use crate::plan::{self, Cadence, LinkModel, Plan, Source, SourceRole, Subject};
use crate::screen::held::Previous;
use crate::screen::{ScreenInput, Screened};
use crate::{cases, codes, link, reconcile, screen};

/// What a run is asked to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// Pipeline folder.
    pub pipeline: PathBuf,
    /// Folder with the departments' files.
    pub input: PathBuf,
    /// Folder that holds the rounds.
    pub out: PathBuf,
    /// Day of the judgement; today in Asia/Shanghai when not given.
    pub as_of: Option<Date>,
    /// Sources whose delivery counts as it is, whatever its rows or its age; recorded in the ledger.
    pub accept: Vec<String>,
    /// Make everything anew: neither use nor keep results of finished stages.
    pub fresh: bool,
    /// Bytes of memory that the run may take; no cap when not given.
    pub memory: Option<u64>,
}

/// A run that published its round.
#[derive(Debug)]
pub struct Finished {
    /// The manifest of the round.
    pub manifest: Manifest,
    /// Cause codes and their titles, in the order of the cause table.
    pub causes: Vec<(String, String)>,
    /// Folder of the published round.
    pub dir: PathBuf,
    /// Why the exit code is not 0 although the round was published: an input was refused.
    pub trouble: Option<FailureClass>,
}

/// Runs a pipeline and publishes its round.
///
/// # Errors
/// A pipeline file is wrong (78), a required input is missing (66) or broken (65), another run holds the folder (75),
/// something cannot be read or written (74), or a sum does not close (70). The published round then stays as it was.
pub fn run(options: &Options, observer: Observer) -> Outcome<Finished> {
    let as_of = match options.as_of {
        Some(day) => day,
        None => clock::today()?,
    };
    let mut action = Action::new("run").on("as_of", as_of.to_string());
    if !options.accept.is_empty() {
        action = action.on("accept", options.accept.clone());
    }
    let finished = audit::act(&options.out, &action, |facts| {
        let finished = run_and_tell(options, as_of, observer)?;
        let manifest = &finished.manifest;
        facts.add("round", manifest.round.as_str());
        facts.add("run_id", manifest.run_id.as_str());
        facts.add("inputs", manifest.inputs.len());
        facts.add("online", manifest.online_by_type.values().sum::<u64>());
        facts.exit(finished.trouble.map_or(0, FailureClass::exit_code));
        Ok(finished)
    })?;
    audit::write_page(&options.out, &finished.manifest.round, &finished.manifest.run_id, &finished.dir)?;
    Ok(finished)
}

/// Runs under the lock and writes into the history how it ended.
fn run_and_tell(options: &Options, as_of: Date, observer: Observer) -> Outcome<Finished> {
    let _lock = lock::take(&options.out, &lock::holder(""))?;
    history::tell(&options.out, as_of, run_locked(options, as_of, observer))
}

fn run_locked(options: &Options, as_of: Date, observer: Observer) -> Outcome<Finished> {
    let (plan, problems) = load_plan(&options.pipeline)?;
    up_to_links(options, (&plan, problems), as_of, true, observer, |mut work, linked| {
        let staging = Staging::new(&options.out, work.round)?;
        work.screen(&linked, observer)?;
        work.decide(&linked, observer)?;
        work.finish(&linked, staging, observer)
    })
}

/// Brings the sources in and links them; `then` gets the round as it is before anything is judged.
///
/// Without `keep` nothing is written: neither deliveries nor the ledger, which only changes when a round is finished.
pub(super) fn up_to_links<T>(
    options: &Options,
    (plan, mut problems): (&Plan, Vec<Diagnostic>),
    as_of: Date,
    keep: bool,
    observer: Observer,
    then: impl FnOnce(Work, LinkedSources) -> Outcome<T>,
) -> Outcome<T> {
    let (codes, code_problems) = codes::load(&plan.codes_dir);
    problems.extend(code_problems);
    // Only the day of the run can tell that a parameter has run out.
    problems.extend(plan::params::without_value(&plan.params, plan.basis, crate::model::text::to_days(as_of)));
    fail_on_errors(&problems, FailureClass::Pipeline)?;

    // A ledger that cannot be used is told before minutes are spent.
    let book = ledger::open(&options.out)?;
    let accept = accept::accepted(plan, &options.accept)?;
    let round = clock::round_name(plan.cadence, as_of);
    let known = book.deliveries(&round, &as_of.to_string())?;
    let stages = (!options.fresh).then(|| Stages::open(&options.out, keep));
    let size = limits::of_round(plan, &options.input, &options.out, &round, &known)?;
    limits::demand_memory(&size, options.memory)?;
    if keep {
        limits::demand_room(&size, &options.out)?;
    }
    let intake = Intake {
        input: &options.input,
        out: Some(&options.out),
        keep_files: keep,
        round: &round,
        as_of,
        known: &known,
        accept: &accept,
        keep: Keep::Memory,
        receipts: keep,
        stages: stages.as_ref(),
    };
    let brought = sources::bring_in(plan, &codes, &intake, observer)?;
    sources::demand_required(plan, &brought.sources)?;
    problems.extend(brought.problems);
    let ledger = RoundLedger::begin(&options.out, book, &round, &as_of.to_string())?;
    let mut work = Work {
        plan,
        codes: &codes,
        as_of,
        round: &round,
        tables: Tables::default(),
        arrived: brought.sources,
        trouble: brought.trouble,
        receipts: brought.receipts,
        problems,
        ledger,
        cases: CaseChange::default(),
        anew: None,
        known: &known,
        stages: stages.as_ref(),
        accept: &accept,
        inbox: brought.inbox,
        previous: store::previous(&options.out, &plan.name, &as_of.to_string())?,
    };
    work.keep_records();
    let linked = work.link(observer)?;
    then(work, linked)
}

/// Loads and checks a pipeline; warnings come back, errors fail with exit code 78.
pub(super) fn load_plan(dir: &Path) -> Outcome<(Plan, Vec<Diagnostic>)> {
    let (plan, problems) = plan::load(dir);
    fail_on_errors(&problems, FailureClass::Pipeline)?;
    let plan = plan.ok_or_else(|| Failure::internal("a plan without errors could not be made"))?;
    Ok((plan, problems))
}

fn fail_on_errors(problems: &[Diagnostic], class: FailureClass) -> Outcome<()> {
    if problems.iter().any(Diagnostic::is_error) {
        return Err(Failure { class, problems: problems.to_vec() });
    }
    Ok(())
}

/// A round in the making.
pub(super) struct Work<'a> {
    plan: &'a Plan,
    codes: &'a Codes,
    as_of: Date,
    pub(super) round: &'a str,
    pub(super) tables: Tables,
    arrived: Vec<Arrived>,
    trouble: Option<FailureClass>,
    receipts: Vec<ReceiptEntry>,
    problems: Vec<Diagnostic>,
    ledger: RoundLedger,
    cases: CaseChange,
    /// Cases that forms of this round ask about; none when they ask about all.
    anew: Option<BTreeSet<u32>>,
    known: &'a Deliveries,
    /// Results of earlier runs, and where this one's are kept.
    stages: Option<&'a Stages>,
    accept: &'a BTreeSet<String>,
    /// What lay in the inbox.
    inbox: Vec<Listed>,
    /// Run id and tables of the round before.
    previous: Option<(String, Previous)>,
}

/// Records of all sources with their links.
pub(super) struct LinkedSources {
    links: BTreeMap<String, Table>,
    records: BTreeMap<String, Table>,
    /// The model as fitted to each source, in pipeline order.
    models: Vec<(String, LinkModel)>,
}

impl Work<'_> {
    /// What is to be told so far.
    pub(super) fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }

    /// Takes records, rejects and findings over into the round's tables.
    fn keep_records(&mut self) {
        for a in &self.arrived {
            self.problems.extend(a.problems.iter().cloned());
        }
        let pairs = || self.plan.sources.iter().zip(&self.arrived);
        for (source, a) in pairs() {
            let empty = || Table::empty(plan::schema::records(source));
            self.tables.add(a.records.as_ref().and_then(Records::table).cloned().unwrap_or_else(empty));
        }
        let deliveries = outputs::deliveries(self.known, &self.arrived);
        let corrections = outputs::corrections(&self.arrived);
        let rejects = outputs::rejects(pairs().map(|(s, a)| (s.id.as_str(), a.rejects.as_slice())));
        self.tables.add(deliveries);
        self.tables.add(rejects);
        self.tables.add(corrections);
    }

    /// One table of doubts: those about values come from normalize, those about people and households from link.
    fn keep_findings(&mut self, doubts: &[(usize, Vec<FieldFinding>)], records: &BTreeMap<String, Table>) {
        let mut parts: Vec<Table> = Vec::new();
        for (i, source) in self.plan.sources.iter().enumerate() {
            parts.extend(self.arrived[i].findings.take());
            for (_, found) in doubts.iter().filter(|(at, _)| *at == i) {
                self.arrived[i].entry.findings += found.len() as u64;
                parts.push(outputs::findings(&source.id, &records[&source.id], found));
            }
        }
        self.tables.add(outputs::concat(crate::model::tables::findings(), parts.iter()));
    }

    /// Links every source to the register and the national system's households to the register's.
    fn link(&mut self, observer: Observer) -> Outcome<LinkedSources> {
        observer(Event::Stage { name: "link", steps: self.plan.sources.len() });
        let of = |role: SourceRole| self.plan.sources.iter().position(|s| s.role == role);
        let spine = of(SourceRole::Register).ok_or_else(|| Failure::internal("a plan without a register"))?;
        let register_records = self.arrived[spine]
            .records
            .as_ref()
            .and_then(Records::table)
            .cloned()
            .ok_or_else(|| Failure::internal("no records of the register"))?;
        let (ids, unsure) = self.ledger.number(&self.plan.sources[spine], &register_records);
        self.problems.extend(self.ledger.warnings());
        let mut register = link::register_with_ids(&self.plan.sources[spine], &register_records, self.as_of, &ids);
        let basis = self.stages.and_then(|stages| {
            Basis::of_register(stages, &self.plan.sources[spine], &self.arrived[spine].parts, &ids, &self.plan.model)
        });
        let mut doubts = vec![(spine, std::mem::take(&mut register.findings)), (spine, unsure)];
        let (mut links, mut possible, mut records) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        let mut models = Vec::new();
        records.insert(self.plan.sources[spine].id.clone(), register_records);
        for (i, source) in self.plan.sources.iter().enumerate() {
            if i == spine {
                continue;
            }
            let Some(table) = self.arrived[i].records.take().and_then(Records::into_table) else {
                continue;
            };
            let linked = match source.subject {
                Subject::Village => link::link_villages(source, &table),
                _ => {
                    let from = linked::From { basis: basis.as_ref(), parts: &self.arrived[i].parts };
                    let (linked, found) = self.ledger.link(&register, source, &table, &self.plan.model, &from);
                    doubts.push((i, found));
                    linked
                }
            };
            self.arrived[i].entry.links = Some(outputs::count_states(&linked.links)?);
            models.extend(linked.model.map(|model| (source.id.clone(), model)));
            links.insert(source.id.clone(), linked.links);
            possible.push(linked.possible);
            records.insert(source.id.clone(), table);
            observer(Event::Step(source.title.clone()));
        }
        if let Some(i) = of(SourceRole::NationalSystem) {
            let source = &self.plan.sources[i];
            if let (Some(r), Some(l)) = (records.get(&source.id), links.get(&source.id)) {
                doubts.push((i, link::attach_national(&mut register, source, r, l)));
            }
        }
        self.keep_findings(&doubts, &records);
        self.tables.add(register.persons);
        self.tables.add(register.households);
        let [history, decisions] = self.ledger.tables();
        self.tables.add(history);
        let in_order = |map: &BTreeMap<String, Table>| -> Vec<Table> {
            self.plan.sources.iter().filter_map(|s| map.get(&s.id).cloned()).collect()
        };
        let all_links = outputs::concat(crate::model::tables::links(), in_order(&links).iter());
        self.tables.add(all_links);
        self.tables.add(outputs::concat(crate::model::tables::possible_links(), possible.iter()));
        self.tables.add(decisions);
        Ok(LinkedSources { links, records, models })
    }

    /// What a plan makes of the round; the plan's own sources, with these rules and parameters or with others.
    pub(super) fn screened(&self, linked: &LinkedSources, plan: &Plan) -> Outcome<Screened> {
        let usable = |(_, a): &(&Source, &Arrived)| {
            // An earlier delivery that stands in is a delivery: its date says as of when.
            matches!(a.entry.state, "delivered" | "partial" | "stale")
        };
        let delivered: BTreeSet<String> =
            self.plan.sources.iter().zip(&self.arrived).filter(usable).map(|(s, _)| s.id.clone()).collect();
        screen::screen(&ScreenInput {
            plan,
            as_of: self.as_of,
            persons: self.tables.get("persons"),
            households: self.tables.get("households"),
            records: &linked.records,
            links: &linked.links,
            possible: self.tables.get("possible_links"),
            previous: self.previous.as_ref().map(|(_, previous)| previous),
            delivered: &delivered,
        })
    }

    /// Indicators, rule hits and the online list.
    fn screen(&mut self, linked: &LinkedSources, observer: Observer) -> Outcome<()> {
        observer(Event::Stage { name: "screen", steps: 1 });
        let screened = self.screened(linked, self.plan)?;
        let households = self.tables.get("households");
        self.problems.extend(scale::above_cap(self.plan, self.as_of, households, &screened.online_list));
        let overlap = cases::rule_overlap(&screened.rule_hits);
        for table in [
            screened.indicators_person,
            screened.indicators_household,
            screened.rule_hits,
            screened.hit_records,
            screened.rule_outcomes,
            overlap,
            screened.online_list,
        ] {
            self.tables.add(table);
        }
        observer(Event::Step("online_list".into()));
        Ok(())
    }

    /// Comparison with the villages' list, and what follows from it.
    fn decide(&mut self, linked: &LinkedSources, observer: Observer) -> Outcome<()> {
        observer(Event::Stage { name: "reconcile", steps: 1 });
        let offline_source = self.plan.sources.iter().find(|s| s.role == SourceRole::Offline);
        let offline = offline_source.and_then(|s| {
            let (records, links) = (linked.records.get(&s.id)?, linked.links.get(&s.id)?);
            Some(reconcile::offline_list(s, records, links, self.tables.get("households")))
        });
        let offline = offline.unwrap_or_else(|| Table::empty(crate::model::tables::offline_list()));
        let (online, households) = (self.tables.get("online_list"), self.tables.get("households"));
        let comparison = reconcile::compare(online, &offline, households, self.plan);
        let questions = cases::verification_tasks(self.round, &comparison, online, households, self.plan);
        let tracking = cases::tracking(self.as_of, households, online);
        let hits = self.tables.get("rule_hits");
        let lists = cases::Lists {
            plan: self.plan,
            round: self.round,
            as_of: self.as_of,
            comparison: &comparison,
            questions: &questions,
            offline: &offline,
            tracking: &tracking,
            persons: self.tables.get("persons"),
            households,
            hits,
        };
        let advanced = self.ledger.advance(lists);
        let tasks = cases::asked(self.round, &questions, &comparison, &advanced, self.plan);
        let proposals = cases::proposals(self.round, &comparison, online, households, &advanced, self.plan);
        let orders = cases::work_orders(self.round, &proposals, hits, self.plan);
        let workdays = self.codes.workdays();
        let due = |case: &CaseState| cases::due_on(&self.plan.process, case, workdays);
        let standing = cases::cases_table(self.round, &advanced.states, self.plan, due);
        let changes = cases::case_changes(self.round, &self.as_of.to_string(), &advanced, self.plan);
        let villages = cases::village_reports(&comparison, &advanced, self.plan);
        // A night knows too few rules to say that a risk is gone or that somebody was left out.
        let papers = match self.plan.cadence {
            Cadence::Quarterly => Some(self.papers(&advanced)?),
            Cadence::Nightly => None,
        };
        if self.plan.cadence == Cadence::Nightly {
            self.anew = Some(self.ledger.asked_anew(&tasks, &advanced, self.plan)?);
        }
        self.cases = advanced.change;
        for table in [offline, comparison, tasks, proposals, orders, tracking, standing, changes, villages] {
            self.tables.add(table);
        }
        papers.into_iter().flatten().for_each(|table| self.tables.add(table));
        observer(Event::Step("comparison".into()));
        Ok(())
    }

    /// Orders, exit conditions and conduct as they stand on the day of the round.
    fn papers(&self, advanced: &cases::Advanced) -> Outcome<[Table; 4]> {
        let (events, orders) = self.ledger.papers(&self.plan.process, &advanced.change)?;
        let tables = RoundTables {
            households: self.tables.get("households"),
            online: self.tables.get("online_list"),
            hits: self.tables.get("rule_hits"),
            outcomes: self.tables.get("rule_outcomes"),
            persons: None,
        };
        let (round, cases) = ((self.round, self.as_of), (&advanced.states[..], &events[..]));
        Ok(super::papers::of_round(&Desk::new(self.plan, round, self.as_of, cases, &orders, tables)))
    }

    /// Checks the sums, writes every output, publishes.
    fn finish(mut self, linked: &LinkedSources, staging: Staging, observer: Observer) -> Outcome<Finished> {
        let entries: Vec<_> = self.arrived.iter().map(|a| a.entry.clone()).collect();
        let open = manifest::open_sums(&entries);
        if !open.is_empty() {
            return Err(Failure::internal(format!("rows were lost: {}", open.join("; "))));
        }
        let quality = outputs::source_quality(&self.arrived);
        self.tables.add(quality);
        let mut schemas: Vec<TableSchema> = self.tables.iter().map(|t| t.schema.clone()).collect();
        schemas.push(crate::model::tables::dictionary());
        self.tables.add(crate::publish::dictionary(&schemas));

        let mut inputs: Vec<HashedFile> = self.arrived.iter().flat_map(|a| a.inputs.iter().cloned()).collect();
        inputs.sort();
        inputs.dedup();
        let pipeline_files: Vec<HashedFile> = self
            .plan
            .files
            .iter()
            .map(|f| HashedFile { path: f.path.clone(), sha256: f.sha256.clone(), bytes: f.bytes })
            .collect();
        let (models, drifted) = self.ledger.models(&linked.models)?;
        self.problems.extend(drifted);
        below_pipelines(self.plan, &mut self.problems);
        diag::sort(&mut self.problems);
        let (possible, decisions) = (self.tables.get("possible_links"), self.tables.get("decisions"));
        let own = ["person_history", "deliveries", "cases", "order_book"];
        let tables = [decisions].into_iter().chain(self.tables.iter().filter(|t| own.contains(&t.name())));
        let tables: Vec<&Table> = tables.collect();
        let mut digest = self.ledger.digest(&tables);
        // Rows may be kept of it: another one before makes another run.
        digest.push_str(self.previous.as_ref().map_or("", |(run_id, _)| run_id));
        let run_id = manifest::run_id(self.round, &self.as_of.to_string(), &pipeline_files, &inputs, &digest);
        let offers = self.ledger.offers(&run_id, possible, decisions);
        let keys = offers.iter().map(|o| ((o.record_id.clone(), person_id(o.person)), o.token.clone())).collect();
        let mut manifest = Manifest {
            format: manifest::FORMAT,
            program: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            run_id,
            round: self.round.to_string(),
            as_of: self.as_of.to_string(),
            pipeline: self.plan.name.clone(),
            pipeline_files,
            inputs,
            linkage: manifest::LinkageEntry {
                model: self.plan.model.name.clone(),
                version: self.plan.model.version,
                linked_at: self.plan.model.linked_at,
                possible_at: self.plan.model.possible_at,
                margin: self.plan.model.margin,
            },
            sources: entries,
            persons: self.ledger.counts(),
            tables: self.tables.iter().map(|t| TableEntry { table: t.name().into(), rows: t.rows() as u64 }).collect(),
            online_by_type: outputs::tally(self.tables.get("online_list"), "list_type", false),
            online_by_cause: outputs::tally(self.tables.get("online_list"), "causes", true),
            comparison_by_outcome: outputs::tally(self.tables.get("comparison"), "outcome", false),
            problems: self.problems.iter().filter(|p| p.severity != Severity::Note).cloned().collect(),
            sums_close: true,
            outputs: Vec::new(),
        };
        let taken = self.ledger.form_tokens()?;
        let tasks = self.tables.get("verification_tasks");
        let mut forms = super::forms::verify(self.plan, self.codes, self.round, self.as_of, &taken, tasks);
        if let Some(anew) = &self.anew {
            let asked = |row: &IssuedRow| row.case.is_none_or(|case| anew.contains(&case));
            forms = forms.into_iter().filter_map(|form| cases::forms::keep(form, asked)).collect();
        }
        let sheets = outputs::Sheets {
            plan: self.plan,
            as_of: self.as_of,
            tables: &self.tables,
            records: &linked.records,
            manifest: &manifest,
            problems: &self.problems,
            keys: &keys,
            codes: self.codes,
            arrived: &self.arrived,
            forms: &forms,
            stages: self.stages,
        };
        outputs::write(staging.dir(), &sheets, observer)?;
        manifest.outputs = manifest::hash_tree(staging.dir())?;
        outputs::write_manifest(staging.dir(), &manifest)?;
        let change = Change {
            offers,
            models,
            deliveries: self.arrived.iter_mut().flat_map(|a| std::mem::take(&mut a.news)).collect(),
            receipts: std::mem::take(&mut self.receipts),
            cases: std::mem::take(&mut self.cases),
            forms,
            ..Change::default()
        };
        let position = Position {
            round: manifest.round.clone(),
            as_of: manifest.as_of.clone(),
            run_id: manifest.run_id.clone(),
            version: manifest.version.to_string(),
            previous: self.previous.as_ref().map(|(run_id, p)| (p.round.clone(), run_id.clone())),
            accept: self.accept.iter().cloned().collect(),
            inbox: std::mem::take(&mut self.inbox),
            ledger: HashedFile { path: String::new(), sha256: String::new(), bytes: 0 },
        };
        let out = self.ledger.out().to_path_buf();
        let (dir, late) = self.ledger.commit(position, change, |replaced| staging.publish(replaced))?;
        manifest.problems.extend(late);
        let trouble = self
            .arrived
            .iter()
            .filter_map(|a| a.trouble)
            .chain(self.trouble)
            .max_by_key(|t| *t == FailureClass::InputContract);
        let pruned = self.stages.map_or(Ok(()), |stages| stages.prune(&self.plan.name));
        let keep = self.plan.retention.beginnings;
        let retired = keep.map_or(Ok(()), |newest| position::retire(&out, &self.plan.name, newest));
        // The round is published: what lies in the way of the next one is no reason to say otherwise.
        for failure in [pruned, retired].into_iter().filter_map(Result::err) {
            let told = failure.problems.into_iter();
            manifest.problems.extend(told.map(|p| Diagnostic { severity: Severity::Warning, ..p }));
        }
        let causes = self.plan.causes.iter().map(|c| (c.code.clone(), c.title.clone())).collect();
        Ok(Finished { manifest, causes, dir, trouble })
    }
}

/// Names pipeline files as the manifest does, below the folder that holds the pipelines: how the folder was given on the
/// command line is none of the round's business.
fn below_pipelines(plan: &Plan, problems: &mut [Diagnostic]) {
    let plain = |path: &Path| path.components().filter(|c| *c != Component::CurDir).collect::<PathBuf>();
    let Some(root) = plan.dir.parent().map(plain) else { return };
    for problem in problems {
        let below = problem.place.file.as_deref().map(Path::new).map(plain);
        if let Some(below) = below.as_deref().and_then(|file| file.strip_prefix(&root).ok()) {
            problem.place.file = Some(below.display().to_string());
        }
    }
}
