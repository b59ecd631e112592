//! A county's year, walked through by the program itself: four rounds, the nights between, and what people do about the cases by
//! the script that the generator wrote. What the ledger then says of every household is what the generator says must have happened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bidui::cases::ledger::{CaseState, Import, Ledger};
use bidui::cases::moves::Step;
use bidui::run::forms::{ImportOptions, ImportedFile, import};
use bidui::run::{Options, run};
use bidui::synth::{self, Dirt};
use serde_json::Value;

use super::book::Book;
use super::forms::cases_by_token;
use super::support::{root, scratch, table};

/// A county that has been through its year.
struct Year {
    county: PathBuf,
    out: PathBuf,
    plan: bidui::plan::Plan,
    /// Register's household number by household id, as all rounds have it.
    numbers: BTreeMap<String, String>,
    /// Sources whose delivery had to be accepted by hand.
    accepted: BTreeSet<String>,
    /// The run whose forms are out.
    last: Option<(PathBuf, String)>,
    /// Acts of the script that the ledger refused, with why.
    refused: Vec<String>,
    /// Exports are clean: what is said of every form must be just so.
    strict: bool,
    /// The forms of the last run as villages returned them first, and whether that was all of it.
    returned: BTreeMap<PathBuf, (Book, bool)>,
    /// Those of which two versions differ.
    contested: BTreeSet<PathBuf>,
    /// Forms brought in, rows answered on them, rows on which two versions differ.
    forms: [u64; 3],
}

/// A form as it came back, and what must be said of it.
struct Filled {
    book: Book,
    /// Another version that came along with it.
    other: Option<Book>,
    /// Every row has an answer, and no two versions differ.
    whole: bool,
}

fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    reader.deserialize().map(|r| r.unwrap()).collect()
}

fn text<'a>(act: &'a Value, key: &str) -> &'a str {
    act[key].as_str().unwrap_or("")
}

impl Year {
    fn new(name: &str, households: usize, seed: u64, dirt: Dirt) -> Year {
        let (county, out) = (scratch(&format!("{name}-county")), scratch(name));
        let options = synth::Options { households, seed, dirt, as_of: "2026-03-31".parse().unwrap() };
        synth::year(&options, 4, &county).unwrap();
        let (plan, _) = bidui::plan::load(&root().join("pipelines/quarterly"));
        Year {
            county,
            out,
            plan: plan.unwrap(),
            numbers: BTreeMap::new(),
            accepted: BTreeSet::new(),
            last: None,
            refused: Vec::new(),
            strict: dirt == Dirt::None,
            returned: BTreeMap::new(),
            contested: BTreeSet::new(),
            forms: [0; 3],
        }
    }

    /// Runs and acts in the order of their days.
    fn walk(&mut self) {
        let script = std::fs::read_to_string(self.county.join("year/script.jsonl")).unwrap();
        let script: Vec<Value> = script.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let mut acts = &script[..];
        for next in rows(&self.county.join("year/runs.csv")) {
            let before = acts.partition_point(|a| text(a, "day") < next["day"].as_str());
            self.act_all(&acts[..before]);
            acts = &acts[before..];
            self.run(&next["pipeline"], &next["day"]);
            self.check_counts(&next["pipeline"]);
        }
        self.act_all(acts);
    }

    /// Acts, those of one day and kind together: forms come back as a whole.
    fn act_all(&mut self, acts: &[Value]) {
        for acts in acts.chunk_by(|a, b| text(a, "day") == text(b, "day") && text(a, "batch") == text(b, "batch")) {
            match text(&acts[0], "batch") {
                "answers" => self.answers(acts),
                "again" => self.second_versions(acts),
                _ => acts.iter().for_each(|act| self.act(act)),
            }
        }
    }

    /// The townships' workbooks of the last run.
    fn issued(&self) -> Vec<PathBuf> {
        let dir = self.last.as_ref().unwrap().0.join("核实表");
        let mut found: Vec<PathBuf> = match std::fs::read_dir(dir) {
            Ok(entries) => entries.map(|e| e.unwrap().path()).collect(),
            Err(_) => Vec::new(),
        };
        found.retain(|p| p.extension().is_some_and(|e| e == "xlsx"));
        found.sort();
        found
    }

    /// Forms come back: rows answered, left blank, deleted, in another order, in two versions.
    fn answers(&mut self, acts: &[Value]) {
        let ledger = self.ledger();
        let mut by_case: BTreeMap<u32, Vec<&Value>> = BTreeMap::new();
        for act in acts {
            match self.case_of(&ledger, act) {
                Some(case) => by_case.entry(case.case).or_default().push(act),
                None => self.refused.push(format!("no case for {act}")),
            }
        }
        let wanted: BTreeSet<u32> = by_case.keys().copied().collect();
        let tokens = cases_by_token(&self.out);
        let mut met = BTreeSet::new();
        for (n, path) in self.issued().into_iter().enumerate() {
            let mut filled = Filled { book: Book::read(&path), other: None, whole: true };
            filled.other = Some(filled.book.clone());
            let (mut two, mut any) = (false, false);
            // From below, so that a deleted row moves none that is still to be looked at.
            for (sheet, row) in filled.book.rows().into_iter().rev() {
                let case = tokens[&filled.book.token(sheet, row)].unwrap();
                let Some(acts) = by_case.get(&case) else {
                    filled.whole = false;
                    continue;
                };
                met.insert(case);
                any = true;
                let books = [Some(&mut filled.book), filled.other.as_mut()];
                for (version, book) in books.into_iter().flatten().enumerate() {
                    let act = acts[version.min(acts.len() - 1)];
                    match text(act, "manner") {
                        "deleted" => drop(book.sheets[sheet].grid.remove(row)),
                        "late" if text(act, "trigger").is_empty() => {}
                        _ => fill(book, sheet, row, act),
                    }
                }
                two |= acts.len() > 1;
                filled.whole &= acts.len() == 1 && !text(acts[0], "trigger").is_empty();
            }
            if !any {
                continue;
            }
            if n % 2 == 1 {
                filled.book.sheets.iter_mut().filter(|s| !s.hidden).for_each(upside_down);
            }
            if two {
                self.contested.insert(path.clone());
            } else {
                filled.other = None;
            }
            self.returned.insert(path.clone(), (filled.book.clone(), filled.whole));
            self.import(&path, &filled, text(&acts[0], "day"), two);
        }
        for case in wanted.difference(&met) {
            self.refused.push(format!("case {case} is on no form: {:?}", by_case[case]));
        }
    }

    /// Forms come in a second time: with the same answers, or with others that contradict them.
    fn second_versions(&mut self, acts: &[Value]) {
        let ledger = self.ledger();
        let tokens = cases_by_token(&self.out);
        let before: Vec<(u32, String)> = ledger.cases().unwrap().into_iter().map(|c| (c.case, c.state)).collect();
        for path in self.issued() {
            let Some((mut book, whole)) = self.returned.get(&path).cloned() else { continue };
            let (mut any, mut other) = (false, self.contested.contains(&path));
            for act in acts {
                let Some(case) = self.case_of(&ledger, act).map(|c| c.case) else { continue };
                let found = book.rows().into_iter().find(|(s, r)| tokens[&book.token(*s, *r)] == Some(case));
                let Some((sheet, row)) = found else { continue };
                any = true;
                if text(act, "manner") == "corrected" {
                    other = true;
                    fill(&mut book, sheet, row, act);
                }
            }
            if any {
                let filled = Filled { book, other: None, whole: whole && !other };
                self.import(&path, &filled, text(&acts[0], "day"), other);
            }
        }
        let after: Vec<(u32, String)> = self.ledger().cases().unwrap().into_iter().map(|c| (c.case, c.state)).collect();
        assert!(before == after || !self.strict, "a second version moves nothing");
    }

    /// Brings a form in; its receipt must not say that it is complete when it is not, and must tell contradictions.
    fn import(&mut self, issued: &Path, filled: &Filled, day: &str, contradicts: bool) {
        let dir = self.out.join("returned").join(day);
        std::fs::create_dir_all(&dir).unwrap();
        let name = issued.file_stem().unwrap().to_string_lossy();
        let mut files = Vec::new();
        for (n, book) in [Some(&filled.book), filled.other.as_ref()].into_iter().flatten().enumerate() {
            files.push(dir.join(format!("{name}-{n}.xlsx")));
            book.write(files.last().unwrap());
        }
        let options = ImportOptions {
            pipeline: root().join("pipelines/quarterly"),
            out: self.out.clone(),
            files,
            by: String::new(),
            on: Some(day.parse().unwrap()),
            overrule: false,
        };
        let imported = import(&options).unwrap();
        let told = |f: &ImportedFile| serde_json::to_string_pretty(f).unwrap();
        for file in &imported.files {
            assert!(matches!(file.state, "imported" | "repeated"), "{}", told(file));
            let Some(counts) = serde_json::to_value(file).unwrap()["counts"].as_object().cloned() else { continue };
            let of = |state: &str| counts[state].as_u64().unwrap();
            assert!((of("conflict") > 0) == contradicts || !self.strict, "{}", told(file));
            assert!(!file.complete || filled.whole, "falsely complete: {}", told(file));
            assert!(file.complete || !filled.whole || !self.strict, "complete, and not said so: {}", told(file));
            self.forms[0] += 1;
            self.forms[1] += of("answered");
            self.forms[2] += of("conflict");
        }
    }

    fn run(&mut self, pipeline: &str, day: &str) {
        let mut options = Options {
            pipeline: root().join("pipelines").join(pipeline),
            input: self.county.join(day),
            out: self.out.clone(),
            as_of: Some(day.parse().unwrap()),
            accept: Vec::new(),
            memory: None,
        };
        let mut finished = run(&options, &|_| {}).unwrap_or_else(|e| panic!("{pipeline} {day}: {e:?}"));
        // Lists of a few rows grow by half in a quarter: the office looks, and accepts them.
        let held = finished.manifest.problems.iter().filter(|p| p.code == "delivery.held");
        let held: Vec<String> =
            held.filter_map(|p| Some(p.message.split_once('(')?.1.split_once(')')?.0.to_string())).collect();
        if !held.is_empty() {
            self.accepted.extend(held.iter().cloned());
            options.accept = held;
            finished = run(&options, &|_| {}).unwrap();
        }
        assert!(finished.trouble.is_none(), "{pipeline} {day}: {:?}", finished.trouble);
        let households = table(&finished.dir, "households");
        for row in 0..households.rows() {
            let own = |column| households.str_at(column, row).unwrap_or("").to_string();
            let before = self.numbers.insert(own("household_id"), own("household_no"));
            assert!(before.is_none_or(|b| b == own("household_no")), "a household's id stays its own");
        }
        self.last = Some((finished.dir, finished.manifest.round));
        self.returned.clear();
        self.contested.clear();
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.out).unwrap()
    }

    /// The register's number of a case's household; a stranger's name.
    fn whom(&self, case: &CaseState) -> String {
        match self.numbers.get(&case.anchor) {
            Some(number) => number.clone(),
            None => case.round.as_ref().and_then(|r| r.head_name.clone()).unwrap_or_default(),
        }
    }

    /// The case that an act of the script is about.
    fn case_of(&self, ledger: &Ledger, act: &Value) -> Option<CaseState> {
        let whom = match text(act, "household") {
            "" => text(act, "name"),
            number => number,
        };
        ledger.cases().unwrap().into_iter().find(|c| self.whom(c) == whom)
    }

    fn act(&mut self, act: &Value) {
        if text(act, "trigger").is_empty() || act["takes_effect"] != true {
            return;
        }
        let mut ledger = self.ledger();
        let Some(case) = self.case_of(&ledger, act) else {
            self.refused.push(format!("no case for {act}"));
            return;
        };
        let day = text(act, "day");
        let mut step = Step::new(text(act, "trigger"), day.parse().unwrap(), "模拟", text(act, "reason"));
        if let causes @ [_, ..] = act["causes"].as_array().map_or(&[][..], Vec::as_slice) {
            let causes: Vec<&str> = causes.iter().filter_map(Value::as_str).collect();
            step = step.with("causes", causes.join("|"));
        }
        if !text(act, "meeting").is_empty() {
            step = step.with("meeting", text(act, "meeting"));
        }
        let round = self.last.as_ref().map_or("", |l| l.1.as_str());
        let done = ledger.change(|change| {
            let import = change.import(&Import { kind: "keyboard".into(), day: day.into(), ..Import::default() })?;
            change.step(&self.plan.process, import, round, case.case, &step)
        });
        if let Err(refusal) = done.unwrap() {
            self.refused.push(format!("{}: {act}", refusal.said));
        }
    }

    /// After every run: everybody who waits for a village is asked once, every case stands in the table once, no household
    /// has two open cases, and every compared household has its case.
    fn check_counts(&self, pipeline: &str) {
        let (dir, round) = self.last.as_ref().unwrap();
        let ledger = self.ledger();
        let cases = ledger.cases().unwrap();
        let ids = |name: &str| -> Vec<String> {
            let t = table(dir, name);
            (0..t.rows()).map(|r| t.str_at("case_id", r).unwrap_or("none").to_string()).collect()
        };
        let of = |states: &[&str]| -> Vec<String> {
            let open = cases.iter().filter(|c| states.contains(&c.state.as_str()));
            open.map(|c| bidui::cases::ledger::case_id(c.case)).collect()
        };
        let sorted = |mut v: Vec<String>| {
            v.sort();
            v
        };
        assert_eq!(sorted(ids("verification_tasks")), of(&["to_verify", "identity_unclear"]), "{round}: asked");
        assert_eq!(sorted(ids("proposals")), of(&["proposed"]), "{round}: proposed");
        let standing = ids("cases");
        let unique: BTreeSet<&String> = standing.iter().collect();
        assert_eq!(unique.len(), standing.len(), "{round}: nobody stands twice");
        let closed = ["exited", "false_alarm", "rejected", "lapsed", "ended", "withdrawn", "merged"];
        let open: Vec<&CaseState> = cases.iter().filter(|c| !closed.contains(&c.state.as_str())).collect();
        for case in &open {
            assert!(standing.contains(&bidui::cases::ledger::case_id(case.case)), "{round}: {case:?} is lost");
        }
        let anchors: BTreeSet<&str> = cases.iter().map(|c| c.anchor.as_str()).collect();
        assert_eq!(anchors.len(), cases.len(), "{round}: one case for everybody");
        let compared = table(dir, "comparison");
        for row in 0..compared.rows() {
            let household = compared.str_at("household_id", row);
            assert!(household.is_none_or(|h| anchors.contains(h)), "{round}: {household:?} has no case");
        }
        let online = table(dir, "online_list").rows();
        let outcome = |wanted: &[&str]| {
            (0..compared.rows()).filter(|r| wanted.contains(&compared.str_at("outcome", *r).unwrap_or(""))).count()
        };
        let on = ["agreed", "cause_differs", "type_differs", "online_only", "already_monitored"];
        assert_eq!(outcome(&on), online, "{round}: the online list is compared as a whole");
        assert!(pipeline == "quarterly" || outcome(&on) == compared.rows(), "{round}: nobody reports at night");
    }

    /// What the ledger says of everybody: steps as `trigger>state`, and who made them.
    fn steps(&self) -> BTreeMap<String, Vec<String>> {
        let ledger = self.ledger();
        let whom: BTreeMap<u32, String> = ledger.cases().unwrap().iter().map(|c| (c.case, self.whom(c))).collect();
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for e in ledger.case_events(None).unwrap() {
            // A new risk of somebody who is followed anyway leads nowhere else.
            if e.trigger == "round.risk_added" && e.from == e.to {
                continue;
            }
            let by = if e.by_run { "run" } else { "person" };
            found.entry(whom[&e.case].clone()).or_default().push(format!("{} {by} {}>{}", e.day, e.trigger, e.to));
        }
        found
    }

    /// What the generator says must have happened to everybody.
    fn truth(&self) -> BTreeMap<String, Vec<String>> {
        let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for r in rows(&self.county.join("year/steps.csv")) {
            let whom = if r["household"].is_empty() { &r["name"] } else { &r["household"] };
            let said = format!("{} {} {}>{}", r["day"], r["by"], r["trigger"], r["state"]);
            wanted.entry(whom.clone()).or_default().push(said);
        }
        wanted
    }
}

/// What a village writes into a row.
fn fill(book: &mut Book, sheet: usize, row: usize, act: &Value) {
    let result = match text(act, "trigger") {
        "answer.true" => "属实",
        "answer.false" => "不属实",
        "answer.not_found" => "查无此人",
        "answer.wrong_identity" => "身份不符",
        "answer.other_cause" => "原因不同",
        other => panic!("`{other}` is no answer"),
    };
    book.answer(sheet, row, result);
    book.set(sheet, row, "核实日期", text(act, "day"));
    if !text(act, "reason").is_empty() {
        book.set(sheet, row, "情况说明", text(act, "reason"));
    }
    let title = |cause: &Value| match cause.as_str() {
        Some("labour") => "缺劳动力",
        Some("disability") => "因残",
        Some("industry") => "因产业项目失败",
        _ => "其他",
    };
    if let causes @ [_, ..] = act["causes"].as_array().map_or(&[][..], Vec::as_slice) {
        book.set(sheet, row, "实际风险", &causes.iter().map(title).collect::<Vec<_>>().join("、"));
    }
}

/// The rows of a sheet in the opposite order, as a clerk sorts them.
fn upside_down(sheet: &mut super::book::Sheet) {
    let (Some(heading), Some(token)) = (sheet.heading(), sheet.column("编号")) else { return };
    let with_token = |r: &Vec<String>| r.get(token).is_some_and(|t| t.len() == 9);
    let below = &mut sheet.grid[heading + 1..];
    let count = below.iter().take_while(|r| with_token(r)).count();
    below[..count].reverse();
}

/// Who went another way than told, with both ways.
fn differences(found: &BTreeMap<String, Vec<String>>, wanted: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let everybody: BTreeSet<&String> = found.keys().chain(wanted.keys()).collect();
    let differ = everybody.into_iter().filter(|w| found.get(*w) != wanted.get(*w));
    differ.map(|w| format!("{w}\n  wanted {:?}\n  found  {:?}", wanted.get(w), found.get(w))).collect()
}

fn goes_its_way(households: usize, seed: u64) {
    let mut year = Year::new(&format!("year-{seed}"), households, seed, Dirt::None);
    year.walk();
    let (found, wanted) = (year.steps(), year.truth());
    let differ = differences(&found, &wanted);
    let told = format!("seed {seed}: {} of {} go elsewhere:\n{}", differ.len(), wanted.len(), differ.join("\n"));
    assert!(differ.is_empty(), "{told}");
    assert_eq!(year.refused, Vec::<String>::new(), "seed {seed}");
    assert!(year.forms[0] >= 8 && year.forms[2] > 0, "forms, answers, contradictions: {:?}", year.forms);
    assert!(wanted.len() >= households / 5, "{} cases are few for a year", wanted.len());
}

#[test]
fn every_household_goes_the_way_that_the_year_took_it() {
    goes_its_way(200, 5);
}

/// Ten other years; minutes.
#[test]
#[ignore = "minutes: cargo test --test it year -- --ignored"]
fn ten_other_years_go_their_way() {
    (11..21).for_each(|seed| goes_its_way(150 + 30 * (seed as usize - 10), seed));
}

/// With the dirt of real exports links are missed and reports stay unclear: not every household goes its way, but no case is lost,
/// doubled or stuck, and most go where they must.
#[test]
fn with_ordinary_dirt_most_households_still_go_their_way() {
    let mut year = Year::new("year-dirty", 160, 6, Dirt::Ordinary);
    year.walk();
    let last = |steps: &BTreeMap<String, Vec<String>>| -> BTreeMap<String, String> {
        let state = |s: &Vec<String>| s.last().and_then(|s| s.rsplit_once('>')).map(|s| s.1.to_string());
        steps.iter().filter_map(|(w, s)| Some((w.clone(), state(s)?))).collect()
    };
    let (found, wanted) = (last(&year.steps()), last(&year.truth()));
    let right = wanted.iter().filter(|(w, state)| found.get(*w) == Some(state)).count();
    assert!(right * 100 >= wanted.len() * 70, "{right} of {} end where they must", wanted.len());
}
