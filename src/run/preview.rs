//! What would change before it changes: the deliveries judged as they are, against the last round and as proposed.
//!
//! In: a pipeline, an input folder (or the last round's own tables), the output folder, proposed values or another pipeline.
//! Out: [`Preview`], counts by township, type, rule and parameter. Nothing is written. What is counted is what a run counts: both
//! go the same way up to the links and screen with the same function.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::again::Again;
use super::changes::{Change, Judgement, compare};
use super::pipeline::{self, LinkedSources, Options, Work};
use super::propose::Setting;
use super::{Event, Observer, Round, clock, lock};
use crate::codes::{self, Codes};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::build::Value;
use crate::model::{Table, text};
use crate::plan::{Param, ParamValue, Plan, sql};
use crate::screen::Screened;

/// What is to be looked at.
#[derive(Debug, Clone)]
pub struct PreviewOptions {
    /// Pipeline folder.
    pub pipeline: PathBuf,
    /// Folder with the departments' files; without it the last round's own tables are judged again.
    pub input: Option<PathBuf>,
    /// Folder that holds the rounds.
    pub out: PathBuf,
    /// Day of the judgement; today, or the round's, when not given.
    pub as_of: Option<Date>,
    /// Sources whose delivery counts as it is.
    pub accept: Vec<String>,
    /// Proposed values, as `name=value`.
    pub set: Vec<String>,
    /// Another pipeline that is proposed in the place of the first.
    pub proposed: Option<PathBuf>,
    /// Round to compare with; the last one published when not given.
    pub round: Option<String>,
    /// Tell the households that move, masked.
    pub names: bool,
}

/// What would change.
#[derive(Debug, serde::Serialize)]
pub struct Preview {
    /// Name of the pipeline.
    pub pipeline: String,
    /// The round that would be made.
    pub round: String,
    /// Day of the judgement.
    pub as_of: String,
    /// The last round against the present pipeline, the present pipeline against the proposal, and against each proposed
    /// value alone when there are several.
    pub changes: Vec<Change>,
    /// Parameters whose values differ.
    pub params: Vec<ParamChange>,
    /// What is worth knowing about the deliveries and the pipelines.
    pub problems: Vec<Diagnostic>,
}

/// A parameter's value before and after.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ParamChange {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Township of the value; none = the county.
    pub township: Option<String>,
    /// Group of the value; none = everybody.
    pub group: Option<String>,
    /// Present value on the day; none when there is none.
    pub before: Option<String>,
    /// Proposed value.
    pub after: Option<String>,
    /// Rules that hang on it.
    pub rules: Vec<String>,
}

/// Looks at what would change; writes nothing.
///
/// # Errors
/// As [`super::run`], and `usage.set` for a setting that cannot be read or names nothing.
pub fn preview(options: &PreviewOptions, observer: Observer) -> Outcome<Preview> {
    // The ledger must not change under the reader's eyes; where nothing has been published there is nothing to hold.
    let _lock = match options.out.is_dir() {
        true => Some(lock::take(&options.out, &lock::holder("plan"))?),
        false => None,
    };
    let (present, problems) = pipeline::load_plan(&options.pipeline)?;
    let proposed = match &options.proposed {
        Some(dir) => Some(pipeline::load_plan(dir)?),
        None => None,
    };
    // One that reads or links other data is never judged on the round's own tables.
    let on_same_data = proposed.iter().map(|(plan, _)| plan).filter(|plan| same_data(&present, plan));
    let again = match options.input {
        Some(_) => None,
        None => Some(Again::open(&options.out, options.round.as_deref(), &present, &on_same_data.collect::<Vec<_>>())?),
    };
    let as_of = match (&again, options.as_of) {
        (Some(again), None) => again.as_of,
        (Some(again), Some(day)) if day != again.as_of => return Err(other_day(again, day)),
        (_, Some(day)) => day,
        (None, None) => clock::today()?,
    };
    let (codes, _) = codes::load(&present.codes_dir);
    let settings: Vec<Setting> = options.set.iter().map(|s| Setting::parse(s)).collect::<Outcome<_>>()?;
    let base = proposed.as_ref().map_or(&present, |(plan, _)| plan);
    let with_all = with_settings(base, &settings, &codes, as_of)?;
    let last = last_round(options)?;
    let go = |dir: &Path| Options {
        pipeline: dir.to_path_buf(),
        input: options.input.clone().unwrap_or_default(),
        out: options.out.clone(),
        as_of: Some(as_of),
        accept: options.accept.clone(),
        fresh: false,
        memory: None,
    };
    let title = match (&options.proposed, settings.as_slice()) {
        (Some(dir), []) => format!("proposed: {}", dir.display()),
        (None, settings) => settings.iter().map(|s| s.written.as_str()).collect::<Vec<_>>().join(" "),
        (Some(dir), settings) => {
            let set: Vec<&str> = settings.iter().map(|s| s.written.as_str()).collect();
            format!("proposed: {} {}", dir.display(), set.join(" "))
        }
    };
    let changed = !settings.is_empty() || proposed.is_some();
    let other_data = proposed.as_ref().is_some_and(|(plan, _)| !same_data(&present, plan));
    let names = options.names;

    let mut changes = Vec::new();
    let mut all = |screened: &dyn Fn(&Plan) -> Outcome<Screened>| -> Outcome<Judged> {
        observer(Event::Stage { name: "screen", steps: 1 + settings.len() });
        let now = Judged(screened(&present)?);
        if changed && !other_data {
            let then = Judged(screened(&with_all)?);
            changes.push(compare(("present", now.judgement()), (&title, then.judgement()), names));
            for one in alone(&settings) {
                let plan = with_settings(base, std::slice::from_ref(one), &codes, as_of)?;
                let then = Judged(screened(&plan)?);
                changes.push(compare(("present", now.judgement()), (&one.written, then.judgement()), names));
            }
        }
        Ok(now)
    };
    let (round, now, mut told) = match &again {
        Some(again) => (again.round.clone(), all(&|plan| again.screened(plan))?, problems),
        None => {
            let see = |work: Work, linked: LinkedSources| {
                let now = all(&|plan| work.screened(&linked, plan))?;
                Ok((work.round.to_string(), now, work.problems().to_vec()))
            };
            pipeline::up_to_links(&go(&options.pipeline), (&present, problems), as_of, false, observer, see)?
        }
    };
    if let (Some((_, problems)), true, Some(dir)) = (&proposed, other_data, &options.proposed) {
        if again.is_some() {
            return Err(needs_input(dir));
        }
        let see = |work: Work, linked: LinkedSources| {
            let then = Judged(work.screened(&linked, &with_all)?);
            changes.push(compare(("present", now.judgement()), (&title, then.judgement()), names));
            Ok(work.problems().to_vec())
        };
        let more = pipeline::up_to_links(&go(dir), (&with_all, problems.clone()), as_of, false, observer, see)?;
        told.extend(more.into_iter().filter(|p| !told.contains(p)).collect::<Vec<_>>());
    }
    if let Some((name, [list, hits, outcomes])) = &last {
        let before = Judgement { list, hits, outcomes };
        changes.insert(0, compare((name, before), ("present", now.judgement()), names));
    } else {
        // Without a round before, everything that is listed enters.
        let [list, hits, outcomes] = now.empty();
        let before = Judgement { list: &list, hits: &hits, outcomes: &outcomes };
        changes.insert(0, compare(("nothing", before), ("present", now.judgement()), names));
    }
    Ok(Preview {
        pipeline: present.name.clone(),
        round,
        as_of: as_of.to_string(),
        changes,
        params: params(&present, &with_all, as_of),
        problems: told,
    })
}

fn other_day(again: &Again, day: Date) -> Failure {
    let message = format!("round {} was judged as of {}, not of {day}", again.round, again.as_of);
    let place = Place::default().field("--as-of");
    let problem = Diagnostic::error("usage.as_of", message, place);
    Failure::one(FailureClass::Usage, problem.hint("leave --as-of out, or give the departments' files with --input"))
}

fn needs_input(dir: &Path) -> Failure {
    let message = "the proposed pipeline reads or links other data than the present one";
    let problem = Diagnostic::error("usage.input", message, Place::file(dir.display().to_string()));
    Failure::one(FailureClass::Usage, problem.hint("give the departments' files with --input"))
}

/// Several settings are also looked at one by one.
fn alone(settings: &[Setting]) -> &[Setting] {
    if settings.len() > 1 { settings } else { &[] }
}

struct Judged(Screened);

impl Judged {
    fn judgement(&self) -> Judgement<'_> {
        Judgement { list: &self.0.online_list, hits: &self.0.rule_hits, outcomes: &self.0.rule_outcomes }
    }

    fn empty(&self) -> [Table; 3] {
        [&self.0.online_list, &self.0.rule_hits, &self.0.rule_outcomes].map(|t| Table::empty(t.schema.clone()))
    }
}

/// A plan with proposed values; its rule tests must still pass their check of types, not their outcomes.
fn with_settings(plan: &Plan, settings: &[Setting], codes: &Codes, as_of: Date) -> Outcome<Plan> {
    let mut plan = plan.clone();
    let wrong: Vec<Diagnostic> =
        settings.iter().filter_map(|s| s.apply(&mut plan, codes, as_of).err().map(|e| *e)).collect();
    match wrong.is_empty() {
        true => Ok(plan),
        false => Err(Failure { class: FailureClass::Usage, problems: wrong }),
    }
}

/// True when both pipelines read and link the same: then the sources are brought in once.
fn same_data(a: &Plan, b: &Plan) -> bool {
    let data = |plan: &Plan| -> BTreeMap<String, String> {
        let of_data = |path: &str| ["/sources/", "/models/", "/codes/"].iter().any(|f| path.contains(f));
        plan.files.iter().filter(|f| of_data(&f.path)).map(|f| (f.path.clone(), f.sha256.clone())).collect()
    };
    let ids = |plan: &Plan| plan.sources.iter().map(|s| s.id.clone()).collect::<Vec<_>>();
    a.cadence == b.cadence && ids(a) == ids(b) && data(a) == data(b)
}

/// The last published round's list, hits and outcomes; none when there is no round.
fn last_round(options: &PreviewOptions) -> Outcome<Option<(String, [Table; 3])>> {
    let round = match (Round::open(&options.out, options.round.as_deref()), &options.round) {
        (Ok(round), _) => round,
        (Err(_), None) => return Ok(None),
        (Err(failure), Some(_)) => return Err(failure),
    };
    let tables = [round.table("online_list")?, round.table("rule_hits")?, round.table("rule_outcomes")?];
    Ok(Some((round.name, tables)))
}

/// Values that differ on the day.
fn params(present: &Plan, proposed: &Plan, as_of: Date) -> Vec<ParamChange> {
    let day = text::to_days(as_of);
    let rules = [sql::rules_by_param(present), sql::rules_by_param(proposed)];
    let names: BTreeSet<&String> = present.params.keys().chain(proposed.params.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        let both = [(present, present.params.get(name)), (proposed, proposed.params.get(name))];
        let [before, after] = both.map(|(plan, param)| param.map(|p| holding(plan, p, day)).unwrap_or_default());
        let scopes: BTreeSet<&Scope> = before.keys().chain(after.keys()).collect();
        for scope in scopes {
            let (before, after) = (before.get(scope), after.get(scope));
            if before == after {
                continue;
            }
            let title = both.iter().filter_map(|(_, p)| *p).next_back().map(|p| p.title.clone()).unwrap_or_default();
            let of_both = rules.iter().filter_map(|r| r.get(name)).flatten().cloned();
            let hang: BTreeSet<String> = of_both.collect();
            found.push(ParamChange {
                name: name.clone(),
                title,
                township: scope.0.clone(),
                group: scope.1.clone(),
                before: before.cloned(),
                after: after.cloned(),
                rules: hang.into_iter().collect(),
            });
        }
    }
    found
}

type Scope = (Option<String>, Option<String>);

/// The values that hold on a day, by township and group; the pipeline's basis before any.
fn holding(plan: &Plan, param: &Param, day: i32) -> BTreeMap<Scope, String> {
    let holds = |v: &&ParamValue| {
        v.from.is_none_or(|d| d <= day) && v.until.is_none_or(|d| day <= d) && v.basis.is_none_or(|b| b == plan.basis)
    };
    let mut values: Vec<&ParamValue> = param.values.iter().filter(holds).collect();
    values.sort_by_key(|v| v.basis.is_some());
    values.into_iter().map(|v| ((v.township.clone(), v.group.clone()), shown(&v.value))).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Integer(n) => n.to_string(),
        Value::Decimal(n) => text::decimal(*n),
        Value::Float(n) => n.to_string(),
        Value::Boolean(truth) => if *truth { "是" } else { "否" }.to_string(),
        Value::Date(day) => text::date(*day),
    }
}
