//! Nights that take only what is new come to the same bytes as runs that make everything anew: twenty nights of increments,
//! repeated rows, another register, late departments, decisions and corrected receipts, drawn from a seed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bidui::cases::ledger::{Ledger, case_id};
use bidui::run::{DecideOptions, Options, decide, run};
use bidui::synth::{self, Dirt};

use super::support::{copy_tree, root, scratch, table, tree};
use super::{deliveries, ledger};

/// Draws by a linear congruential generator (Knuth's MMIX constants): the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }

    fn percent(&mut self, share: usize) -> bool {
        self.next(100) < share
    }
}

struct Office {
    dice: Dice,
    pipeline: PathBuf,
    inbox: PathBuf,
    out: PathBuf,
    other: PathBuf,
    /// Settlements that were not sent yet, and all that were.
    coming: Vec<Vec<u8>>,
    sent: Vec<Vec<u8>>,
    heading: Vec<u8>,
    /// A file that is missing tonight, and where it belongs.
    late: Option<(PathBuf, Vec<u8>)>,
    happened: BTreeMap<&'static str, usize>,
}

fn lines(path: &Path) -> Vec<Vec<u8>> {
    fs::read(path).unwrap().split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

impl Office {
    fn new(name: &str, seed: u64, households: usize) -> Office {
        let dir = scratch(name);
        let (inbox, pipelines) = (dir.join("inbox"), dir.join("pipelines"));
        let as_of = "2026-09-30".parse().unwrap();
        synth::generate(&synth::Options { households, seed, dirt: Dirt::Ordinary, as_of }, &inbox).unwrap();
        copy_tree(&root().join("pipelines"), &pipelines);
        let contract = pipelines.join("shared/sources/medical_settlement.toml");
        let text = fs::read_to_string(&contract).unwrap();
        let full = "snapshot = \"full\"\ncompleteness = 0.3\n";
        assert!(text.contains(full));
        fs::write(&contract, text.replace(full, "snapshot = \"increment\"\n")).unwrap();
        let settlements = inbox.join("医保/居民医保结算明细.csv");
        let mut all = lines(&settlements);
        fs::remove_file(settlements).unwrap();
        let heading = all.remove(0);
        let coming = all.split_off(all.len() / 2);
        let mut office = Office {
            dice: Dice(seed),
            pipeline: pipelines.join("nightly"),
            inbox,
            out: dir.join("out"),
            other: dir.join("other"),
            coming,
            sent: Vec::new(),
            heading,
            late: None,
            happened: BTreeMap::new(),
        };
        office.send("基础", all);
        office
    }

    fn send(&mut self, name: &str, rows: Vec<Vec<u8>>) {
        let file = self.inbox.join(format!("医保/结算增量_{name}.csv"));
        fs::write(file, [std::slice::from_ref(&self.heading), rows.as_slice()].concat().concat()).unwrap();
        self.sent.extend(rows);
    }

    fn note(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }

    /// What happens before a night; the last night's round is there from the second on.
    fn day(&mut self, night: usize, last: Option<&Path>) {
        if let Some((path, bytes)) = self.late.take() {
            fs::write(path, bytes).unwrap();
        }
        if night == 4 {
            return self.note("nothing");
        }
        if self.dice.percent(70) && !self.coming.is_empty() {
            let rows = self.dice.next(40).min(self.coming.len() - 1) + 1;
            let mut rows: Vec<Vec<u8>> = self.coming.drain(..rows).collect();
            if self.dice.percent(40) {
                // Rows of earlier increments once more.
                let again = self.dice.next(self.sent.len().saturating_sub(3));
                rows.extend_from_slice(&self.sent[again..again + 3]);
                self.note("repeated rows");
            }
            self.send(&format!("{night:02}"), rows);
            self.note("increment");
        }
        let taken = self.inbox.join(format!("医保/结算增量_{:02}.csv", self.dice.next(20)));
        if night > 0 && taken.exists() && !taken.ends_with(format!("结算增量_{night:02}.csv")) {
            // What was taken once counts, whether it still lies there or not.
            fs::remove_file(taken).unwrap();
            self.note("cleared away");
        }
        if self.dice.percent(25) {
            let register = self.inbox.join("公安/户籍人口底册.csv");
            let mut rows = lines(&register);
            let gone = 1 + self.dice.next(rows.len() - 1);
            rows.remove(gone);
            let at = 1 + self.dice.next(rows.len() - 1);
            let mut cells: Vec<Vec<u8>> = rows[at].split(|b| *b == b',').map(<[u8]>::to_vec).collect();
            cells[1] = encoding_rs::GB18030.encode("赵改名").0.into_owned();
            rows[at] = cells.join(&b',');
            fs::write(&register, rows.concat()).unwrap();
            self.note("another register");
        }
        if self.dice.percent(25) {
            let name = ["教育", "民政"][self.dice.next(2)];
            let fits = |p: &PathBuf| {
                let name = p.file_name().unwrap().to_string_lossy().into_owned();
                name.contains("辍学") || name.contains("临时救助")
            };
            let files = fs::read_dir(self.inbox.join(name)).unwrap().map(|e| e.unwrap().path());
            if let Some(path) = files.filter(fits).min() {
                self.late = Some((path.clone(), fs::read(&path).unwrap()));
                fs::remove_file(path).unwrap();
                self.note("late");
            }
        }
        let Some(last) = last else { return };
        if self.dice.percent(35) {
            self.decide(last);
        }
        if self.dice.percent(35) {
            // The newest that there is: a night writes receipts of what it is the first to have.
            if let Some(receipt) = self.receipts("").into_iter().rfind(|p| p.to_string_lossy().contains("结算")) {
                let number = deliveries::number(&format!("{:03}", 1 + 2 * self.dice.next(400)));
                let back = self.inbox.join(format!("医保/回执{night:02}.xlsx"));
                let done = deliveries::fill(&receipt, &back, "证件号码", &[number.as_str()]);
                match done.is_empty() {
                    true => fs::remove_file(back).unwrap(),
                    false => self.note("correction"),
                }
            }
        }
    }

    /// Receipts of the rounds of a day, or of all, in their order.
    fn receipts(&self, day: &str) -> Vec<PathBuf> {
        let rounds = fs::read_dir(self.out.join("rounds")).unwrap().map(|e| e.unwrap().path());
        let own = rounds.filter(|p| p.file_name().unwrap().to_string_lossy().starts_with(day));
        let files = own.flat_map(|round| fs::read_dir(round.join("数据质量回执")).into_iter().flatten());
        let mut files: Vec<PathBuf> = files.map(|e| e.unwrap().path()).collect();
        files.sort();
        files
    }

    /// Cases that forms of a day ask about.
    fn asked(&self, day: &str) -> BTreeSet<String> {
        let ledger = Ledger::open(&self.out).unwrap();
        let own = ledger.forms().unwrap().into_iter().filter(|f| f.round == day);
        let rows = own.flat_map(|f| ledger.form(&f.form).unwrap().unwrap().rows);
        rows.filter_map(|r| r.case).map(case_id).collect()
    }

    /// Answers about two pairs that the last night offers.
    fn decide(&mut self, last: &Path) {
        let possible = table(last, "possible_links");
        if possible.rows() == 0 {
            return;
        }
        let pick = |row: usize| {
            let of = |column: &str| possible.str_at(column, row).unwrap_or_default().to_string();
            (of("record_id"), of("person_id"))
        };
        let (record, person) = pick(self.dice.next(possible.rows()));
        let word = ["是", "否"][self.dice.next(2)];
        let filled = self.inbox.parent().unwrap().join("认定.xlsx");
        ledger::fill(last, &filled, &[(&record, &person, word)]);
        let options =
            DecideOptions { file: filled, out: self.out.clone(), by: "王丽".into(), on: "2026-10-08".parse().ok() };
        decide(&options).unwrap();
        self.note("decision");
    }

    fn run(&self, out: &Path, day: &str, fresh: bool) {
        let options = Options {
            pipeline: self.pipeline.clone(),
            input: self.inbox.clone(),
            out: out.to_path_buf(),
            as_of: day.parse().ok(),
            accept: Vec::new(),
            fresh,
            memory: None,
        };
        run(&options, &|_| {}).unwrap_or_else(|e| panic!("{day}: {e:?}"));
    }

    /// One night, made twice: with what earlier nights left and without. Gives how many results had to be made.
    fn night(&self, day: &str) -> usize {
        if self.other.exists() {
            fs::remove_dir_all(&self.other).unwrap();
        }
        fs::create_dir_all(&self.out).unwrap();
        copy_tree(&self.out, &self.other);
        let _ = fs::remove_dir_all(self.other.join(".stages"));
        if !self.out.join("ledger.sqlite").exists() {
            // The first night makes the ledger, with a key of its own: both begin with the same.
            self.run(&self.out, "2026-09-29", true);
            fs::remove_dir_all(&self.other).unwrap();
            copy_tree(&self.out, &self.other);
        }
        let before = self.kept();
        self.run(&self.out, day, false);
        self.run(&self.other, day, true);
        let round = |out: &Path| tree(&out.join("rounds").join(day));
        let (own, full) = (round(&self.out), round(&self.other));
        let names = |tree: &[(String, Vec<u8>)]| tree.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
        assert_eq!(names(&own), names(&full), "{day}");
        let differ: Vec<&String> = own.iter().zip(&full).filter(|(a, b)| a.1 != b.1).map(|(a, _)| &a.0).collect();
        assert!(differ.is_empty(), "{day}: {differ:?}");
        let ledger = |out: &Path| fs::read(out.join("ledger.sqlite")).unwrap();
        assert!(ledger(&self.out) == ledger(&self.other), "{day}: the ledgers differ");
        assert!(!self.other.join(".stages").exists(), "who makes everything anew keeps nothing");
        self.kept().iter().filter(|k| !before.contains(k)).count()
    }

    fn kept(&self) -> Vec<String> {
        let of = |stage: &str| {
            let entries = fs::read_dir(self.out.join(".stages").join(stage)).into_iter().flatten();
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        [of("ingest"), of("link")].concat()
    }
}

fn nights(name: &str, seed: u64, households: usize, nights: usize) {
    let mut office = Office::new(name, seed, households);
    let mut last: Option<PathBuf> = None;
    let (mut asked, mut tasks, mut rows) = (BTreeSet::new(), 0, 0);
    for night in 0..nights {
        office.day(night, last.as_deref());
        let day = format!("2026-10-{:02}", night + 1);
        let made = office.night(&day);
        let (told, anew) = (office.receipts(&day), office.asked(&day));
        match night {
            0 => {
                assert!(made >= 9, "five deliveries, the links of four: {made}");
                // The round before the first night, which made the ledger, had all of it first, but for who is late.
                let before = office.receipts("2026-09-29").len();
                assert_eq!(before + usize::from(office.late.is_some()), 5, "each department hears of its delivery");
                asked.extend(office.asked("2026-09-29"));
            }
            4 => {
                assert_eq!(made, 0, "a night without anything reads and links nothing");
                assert!(told.is_empty(), "nor is anybody told anything: {told:?}");
                assert!(anew.is_empty(), "or asked: {anew:?}");
            }
            _ => {}
        }
        rows += anew.len();
        asked.extend(anew);
        let open = table(&office.out.join("rounds").join(&day), "verification_tasks");
        tasks += open.rows();
        for task in 0..open.rows() {
            let case = open.str_at("case_id", task).unwrap();
            assert!(asked.contains(case), "{day}: {case} is open and no form has asked about it");
        }
        last = Some(office.out.join("rounds").join(day));
    }
    for what in ["nothing", "increment", "repeated rows", "another register", "late", "decision", "correction"] {
        assert!(office.happened.contains_key(what), "{what} did not happen in {nights} nights: {:?}", office.happened);
    }
    assert!(rows * 4 < tasks, "{tasks} questions stood open in {nights} nights, and {rows} were sent");
    let folded = table(&last.unwrap(), "rejects");
    let again = (0..folded.rows()).filter(|r| folded.str_at("source", *r) == Some("medical_settlement"));
    assert!(
        again.filter(|r| folded.str_at("disposition", *r) == Some("folded")).count() >= 3,
        "rows sent twice count once"
    );
}

#[test]
fn a_run_finds_what_one_kept_that_named_the_pipeline_folder_otherwise() {
    let mut office = Office::new("nights-named-otherwise", 22, 40);
    // What is told of this file names its contract.
    office.heading = "a,b\n".into();
    office.send("没有表头", vec!["1,2\n".into()]);
    office.run(&office.out, "2026-10-01", false);
    let round = office.out.join("rounds/2026-10-01");
    let (before, first) = (office.kept(), tree(&round));
    assert!(!before.is_empty());
    let told = fs::read_to_string(round.join("manifest.json")).unwrap();
    assert!(
        told.contains(" shared/sources/medical_settlement.toml"),
        "a contract is named below the pipelines: {told}"
    );

    let pipelines = office.pipeline.parent().unwrap();
    let moved = pipelines.with_file_name("县里的规则");
    copy_tree(pipelines, &moved);
    for pipeline in [pipelines.join("../pipelines/./nightly"), moved.join("nightly")] {
        office.pipeline = pipeline;
        office.run(&office.out, "2026-10-01", false);
        assert_eq!(office.kept(), before, "{}: nothing is made anew", office.pipeline.display());
        assert!(tree(&round) == first, "{}: the round is the same", office.pipeline.display());
    }
}

#[test]
fn twenty_nights_that_take_only_what_is_new_equal_full_runs() {
    nights("nights", 20, 60, 20);
}

#[test]
#[ignore = "half an hour: other seeds and a larger county"]
fn nights_of_other_seeds_equal_full_runs() {
    for seed in 1..6 {
        nights(&format!("nights-{seed}"), seed, 150, 20);
    }
}
