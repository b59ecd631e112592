//! Estimation of a model on the data at hand, without known pairs and the same in every run.
//!
//! In: the register, the records and a model whose figures are the start. Out: the model with u counted in the register
//! (how often two of its persons agree, from the frequencies of names, birth dates, sexes and villages) and m fitted by EM
//! on the patterns of a sample of records. The cost is bounded: a sample of the register, a sample of the records, and EM
//! over patterns, of which there are a few hundred however many pairs there are. Which rows are sampled is
//! decided by what they hold, not by where they stand.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::decide::Judge;
use super::keys;
use super::names::{self, NameLevel};
use super::numbers;
use super::pack::{Columns, NO_DATE, NO_DIVISION};
use super::score::{COMPARISONS, Levels};
use super::spine::Spine;
use super::weights::{NameCounts, Weights, words};
use crate::link::em::{self, Pattern};
use crate::link::pairs::NO_LEVEL;
use crate::plan::{Comparison, FittedOn, LinkModel};

/// Rows of the register whose values are counted.
const REGISTER_SAMPLE: usize = 50_000;
/// Records from which m is estimated.
const RECORD_SAMPLE: usize = 20_000;
/// Pairs of persons whose names are compared for the levels that frequencies do not give.
const NAME_PAIRS: usize = 20_000;

/// The model with the figures of these data; as it is when it says `estimate = false`.
///
/// `labels` are known pairs (record, person); each counts as one match beside the estimated ones.
/// `counts` are those of the register's names.
pub fn estimate(
    spine: &Spine,
    entries: &Columns,
    model: &LinkModel,
    labels: &[(u32, u32)],
    counts: &NameCounts,
) -> LinkModel {
    let mut fitted = model.clone();
    if !model.estimate || spine.people.len() == 0 || entries.len() == 0 {
        return fitted;
    }
    count_others(spine, entries, &mut fitted, counts);
    fit_matches(spine, entries, model, &mut fitted, labels);
    fitted
}

/// A hash of what a row holds; equal rows are sampled together.
fn content(columns: &Columns, row: u32) -> u64 {
    let i = row as usize;
    let number = columns.number[i] ^ columns.prefix[i];
    // Most rows are told apart by their numbers: names lie elsewhere in memory.
    let name = if number == 0 { columns.names.block_keys(columns.name[i])[0] } else { 0 };
    let rest = u64::from(columns.birth[i] as u32) << 32 ^ columns.village[i].rotate_left(7);
    keys::pair(900, number ^ name, rest)
}

/// About `most` rows, or all if there are no more; in the order of their content.
fn sample(columns: &Columns, most: usize) -> Vec<u32> {
    let rows = columns.len();
    let limit = if rows <= most { u64::MAX } else { (u64::MAX / rows as u64).saturating_mul(most as u64) };
    let mut kept: Vec<(u64, u32)> = (0..rows as u32)
        .into_par_iter()
        .filter_map(|row| Some((content(columns, row), row)).filter(|(hash, _)| *hash <= limit))
        .collect();
    kept.sort_unstable();
    kept.into_iter().map(|(_, row)| row).collect()
}

/// How often two of the values that are there are equal.
fn collisions(values: impl Iterator<Item = Option<u64>>) -> f64 {
    let mut values: Vec<u64> = values.flatten().collect();
    values.sort_unstable();
    let equal: f64 = values.chunk_by(|a, b| a == b).map(|same| (same.len() * (same.len() - 1)) as f64).sum();
    equal / ((values.len() as f64) * (values.len() as f64 - 1.0)).max(1.0)
}

/// u of every level that the register's frequencies give.
fn count_others(spine: &Spine, entries: &Columns, model: &mut LinkModel, counts: &NameCounts) {
    let people = &spine.people;
    let sampled = sample(people, REGISTER_SAMPLE);
    let of = |value: &dyn Fn(usize) -> Option<u64>| collisions(sampled.iter().map(|p| value(*p as usize)));

    let named = people.name.iter().filter(|n| **n != names::NONE).count() as f64;
    let squares = |count: &[u32]| {
        // Rows of one name see `count - 1` others of it; `exact` tells how many rows see that.
        let equal: f64 =
            counts.exact.iter().zip(count).map(|(rows, all)| f64::from(*rows) * (f64::from(*all) - 1.0)).sum();
        equal / (named * (named - 1.0)).max(1.0)
    };
    let (exact, script, sound) = (squares(&counts.exact), squares(&counts.script), squares(&counts.sound));
    let mut others = [0.0_f64; NameLevel::WORDS.len()];
    let pairs = NAME_PAIRS.min(sampled.len() * (sampled.len().max(1) - 1) / 2);
    for i in 0..pairs {
        // Neighbours in the order of a hash have nothing to do with each other.
        let (a, b) = (i % sampled.len(), (i + 1 + i / sampled.len()) % sampled.len());
        others[names::compare(people.name_of(sampled[a]), people.name_of(sampled[b])) as usize] += 1.0;
    }
    let told = (pairs as f64 - others[NameLevel::Missing as usize]).max(1.0);
    let written =
        model.comparison("name").and_then(|c| c.levels.iter().find(|l| l.level == "script")).map_or(0.0, |l| l.m);
    let mut name: Vec<(&str, f64)> = NameLevel::WORDS.iter().map(|(w, l)| (*w, others[*l as usize] / told)).collect();
    for (word, share) in &mut name {
        match *word {
            "exact" => *share = exact,
            "script" => *share = (script - exact).max(0.0) + written * script,
            "sound" => *share = (sound - script).max(0.0),
            _ => {}
        }
    }
    blend(model, "name", &name, named.min(told * 10.0));

    let days = sampled.iter().map(|p| people.any_birth(*p)).filter(|b| *b != NO_DATE);
    let births: Vec<[u64; 3]> =
        days.map(crate::model::text::from_days).map(|b| [b.year() as u64, b.month() as u64, b.day() as u64]).collect();
    let parts = |year: bool, month: bool, day: bool| {
        let part = |used: bool, value: u64| if used { value } else { 0 };
        let of = |[y, m, d]: &[u64; 3]| Some(part(year, *y) * 10_000 + part(month, *m) * 100 + part(day, *d));
        collisions(births.iter().map(of))
    };
    let day = parts(true, true, true);
    let (year_and_month, year_and_day) = (parts(true, true, false), parts(true, false, true));
    let two = year_and_month + year_and_day + parts(false, true, true) - 3.0 * day;
    let same_year = parts(true, false, false);
    let year = same_year - year_and_month - year_and_day + day;
    let rest = (1.0 - day - two - year).max(0.0);
    blend(model, "birth", &[("exact", day), ("near", two), ("year", year), ("different", rest)], sampled.len() as f64);

    let sex = of(&|p| Some(u64::from(people.any_sex(p as u32))).filter(|s| *s != 0));
    blend(model, "sex", &[("same", sex), ("different", 1.0 - sex)], sampled.len() as f64);

    let known = |code: u64| Some(code).filter(|c| *c != NO_DIVISION);
    let village = of(&|p| known(people.village[p]));
    let township = of(&|p| known(people.township[p]));
    let county = of(&|p| known(people.township[p] / 1000));
    let records = entries.len().max(1) as f64;
    let full = entries.village.iter().filter(|v| **v != NO_DIVISION).count() as f64 / records;
    let division = [
        ("village", full * village),
        ("township", (1.0 - full) * township),
        ("other_village", full * (township - village).max(0.0)),
        ("county", (county - township).max(0.0)),
        ("different", 1.0 - county),
    ];
    if people.township.iter().any(|t| *t != NO_DIVISION) {
        blend(model, "division", &division, sampled.len() as f64);
    }

    // All of one prefix are sampled or none; so few rows are needed although two of a prefix are rare.
    let every = (people.len() / REGISTER_SAMPLE).max(1) as u64;
    let prefixes = people.number.par_iter().filter(|n| **n != numbers::NONE).map(|n| numbers::prefix_of(*n));
    let mut prefixes: Vec<u64> = prefixes.filter(|p| keys::key(901, &[*p]).is_multiple_of(every)).collect();
    prefixes.sort_unstable();
    let pairs: f64 = prefixes.chunk_by(|a, b| a == b).map(|same| (same.len() * (same.len() - 1)) as f64).sum();
    let rows = people.len() as f64;
    let damaged = entries.prefix.iter().filter(|p| **p != numbers::NONE).count() as f64 / records;
    blend(model, "number", &[("partial", damaged * pairs * every as f64 / (rows * rows))], rows);
}

/// Sets u of levels, the model's own figures counting for `trust` of the rows. What the others leave is kept in proportion.
fn blend(model: &mut LinkModel, comparison: &str, shares: &[(&str, f64)], rows: f64) {
    let trust = model.trust;
    let Some(comparison) = model.comparisons.iter_mut().find(|c| c.name == comparison) else {
        return;
    };
    for (word, share) in shares {
        if let Some(level) = comparison.levels.iter_mut().find(|l| l.level == *word && l.level != "missing") {
            // A level that speaks against a pair is not made a rarity by a register of one county or one sex.
            let least = if level.m < level.u { level.u / 20.0 } else { 1e-9 };
            level.u = ((rows * share.max(0.0) + trust * level.u) / (rows + trust)).clamp(least, 0.9999);
        }
    }
}

/// m by EM on what a sample of records shows.
fn fit_matches(spine: &Spine, entries: &Columns, written: &LinkModel, model: &mut LinkModel, labels: &[(u32, u32)]) {
    let sampled = sample(entries, RECORD_SAMPLE);
    let weights = Weights::without_rarity(model, &spine.people);
    let judge = Judge { spine, entries, model, weights: &weights, company: None };
    // A record means one person: its pairs share one count, by their odds under the starting figures.
    let seen: Vec<(Levels, f64)> = (0..sampled.len())
        .into_par_iter()
        .flat_map_iter(|at| {
            let pairs = judge.judge_next(&sampled, at).pairs;
            let sum: f64 = pairs.iter().map(|p| p.alone().exp2()).sum();
            pairs.into_iter().map(move |pair| (pair.levels, pair.alone().exp2() / sum))
        })
        .collect();
    let known: Vec<Levels> = labels.iter().map(|(record, person)| judge.labelled(*record, *person)).collect();

    let rows = spine.people.len();
    let mut start = em::Parameters { prior: model.prior / rows as f64, m: Vec::new(), u: Vec::new() };
    let words = words();
    let level = |comparison: &Comparison, word: &str| comparison.levels.iter().position(|l| l.level == word);
    let pseudo = model.trust + known.len() as f64;
    for (i, (name, words)) in words.iter().enumerate() {
        let mut m = vec![1e-9; words.len() - 1];
        let mut u = vec![1e-9; words.len() - 1];
        if let Some(comparison) = model.comparison(name) {
            for (place, word) in words[..words.len() - 1].iter().enumerate() {
                if let Some(at) = level(comparison, word) {
                    (m[place], u[place]) = (comparison.levels[at].m, comparison.levels[at].u_in(rows).min(1.0));
                }
            }
        }
        let total: f64 = m.iter().sum();
        for (place, m) in m.iter_mut().enumerate() {
            let counted = known.iter().filter(|l| usize::from(l.places()[i]) == place).count() as f64;
            *m = (*m / total * model.trust + counted) / pseudo.max(1e-9);
        }
        start.m.push(m);
        start.u.push(u);
    }
    let mut counts: BTreeMap<[u8; COMPARISONS], f64> = BTreeMap::new();
    for (levels, share) in &seen {
        let mut places = levels.places();
        for (place, (_, words)) in places.iter_mut().zip(&words) {
            if usize::from(*place) + 1 == words.len() {
                *place = NO_LEVEL;
            }
        }
        *counts.entry(places).or_default() += share;
    }
    // All pairs that nobody looked at are on the furthest levels, and show how small the prior is.
    let unseen = (sampled.len() as f64 * rows as f64 - seen.len() as f64).max(0.0);
    let far: [u8; COMPARISONS] = std::array::from_fn(|i| if i < 2 { words[i].1.len() as u8 - 2 } else { NO_LEVEL });
    *counts.entry(far).or_default() += unseen;
    let patterns: Vec<Pattern> =
        counts.into_iter().map(|(levels, count)| Pattern { levels: levels.to_vec(), count }).collect();
    let options = em::Options { fix_u: true, pseudo, most_rounds: 60, tolerance: 1e-5 };
    let fitted = em::fit(&patterns, &start, &options);

    let (found, trust) = (fitted.parameters.prior * rows as f64 * sampled.len() as f64, model.trust);
    model.prior = ((found + model.prior * trust) / (sampled.len() as f64 + trust)).clamp(0.01, 0.999);
    for (i, (name, words)) in words.iter().enumerate() {
        let Some(comparison) = model.comparisons.iter_mut().find(|c| c.name == *name) else {
            continue;
        };
        let told = 1.0 - comparison.levels.iter().find(|l| l.level == "missing").map_or(0.0, |l| l.m);
        for (place, word) in words[..words.len() - 1].iter().enumerate() {
            if let Some(level) = comparison.levels.iter_mut().find(|l| l.level == *word) {
                // What speaks against a pair in the file never comes to speak for it, whatever few rows show.
                let hand = written.weight(name, word, rows).unwrap_or(0.0);
                let most = if hand < 0.0 { level.u_in(rows) * (hand / 4.0).exp2() } else { 0.9999 };
                level.m = (fitted.parameters.m[i][place] * told).clamp(1e-6, most.clamp(1e-6, 0.9999));
            }
        }
    }
    model.fitted = Some(FittedOn {
        register: rows as u64,
        records: entries.len() as u64,
        sampled: sampled.len() as u64,
        labels: labels.len() as u64,
        rounds: fitted.rounds as u64,
    });
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Row, model, number, source};
    use super::super::tests::{build, typo};
    use super::*;
    use crate::link::{Register, person::testing::records};

    const GIVEN: [&str; 8] = ["建国", "秀英", "志强", "玉兰", "海燕", "文博", "春梅", "德福"];
    const SURNAMES: [&str; 10] = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴"];

    fn person(i: u32) -> (String, String, Row) {
        let name = format!("{}{}", SURNAMES[i as usize % 10], GIVEN[(i as usize / 10) % 8]);
        let birth = (1950 + i % 60, 1 + i % 12, 1 + i % 28);
        let number = number("990121", &format!("{}{:02}{:02}", birth.0, birth.1, birth.2), 100 + i);
        let row = Row::new(&name).birth(&format!("{}-{:02}-{:02}", birth.0, birth.1, birth.2)).village(1, 1 + i % 20);
        (name, number, row)
    }

    fn register() -> Register {
        build(&(0..800).map(|i| person(i).2.number(&person(i).1)).collect::<Vec<_>>())
    }

    /// Every tenth record has a wrong digit in its number; none has a birth date.
    fn delivery() -> Vec<Row> {
        let record = |i: u32| {
            let (name, number, _) = person(i);
            let row = Row::new(&name).village(1, 1 + i % 20);
            if i.is_multiple_of(10) { row.partial(&typo(&number, 15)) } else { row.number(&number) }
        };
        (0..600).map(record).collect()
    }

    fn fit(rows: &[Row], model: &LinkModel, labels: &[(u32, u32)]) -> LinkModel {
        let (register, source) = (register(), source("dept"));
        let entries = Columns::read(&source, &records(&source, rows));
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        let spine = register.spine.asked_by(&entries, &all, model.max_block);
        estimate(&spine, &entries, model, labels, &NameCounts::of(&spine.people))
    }

    fn level<'a>(model: &'a LinkModel, comparison: &str, word: &str) -> &'a crate::plan::LevelWeight {
        let levels = &model.comparison(comparison).expect("a comparison").levels;
        levels.iter().find(|l| l.level == word).expect("a level")
    }

    #[test]
    fn what_the_data_show_is_found() {
        let fitted = fit(&delivery(), &LinkModel { trust: 20.0, ..model() }, &[]);
        let (exact, wrong) = (level(&fitted, "number", "exact").m, level(&fitted, "number", "one_digit").m);
        assert!((0.85..0.93).contains(&exact) && (0.07..0.13).contains(&wrong), "{exact} {wrong}");
        let village = level(&fitted, "division", "village").u;
        assert!((0.035..0.065).contains(&village), "twenty villages of one size: {village}");
        let name = level(&fitted, "name", "exact").u;
        assert!((0.009..0.016).contains(&name), "eighty names of ten persons each: {name}");
        assert!(fitted.prior > 0.9 && fitted.fitted.is_some_and(|f| f.sampled == 600 && f.rounds > 0));
    }

    #[test]
    fn the_order_of_records_does_not_matter() {
        let rows = delivery();
        let turned: Vec<Row> = rows.iter().rev().cloned().collect();
        assert_eq!(fit(&rows, &model(), &[]).to_toml(), fit(&turned, &model(), &[]).to_toml());
    }

    #[test]
    fn a_handful_of_records_moves_little() {
        let (few, written) = (fit(&delivery()[..3], &model(), &[]), model());
        for (a, b) in few.comparisons.iter().zip(&written.comparisons) {
            for (x, y) in a.levels.iter().zip(&b.levels) {
                assert!((x.m - y.m).abs() < 0.02, "{}: {x:?} {y:?}", a.name);
            }
        }
    }

    #[test]
    fn known_pairs_count() {
        // All known pairs are of level `one_digit`.
        let rows = delivery();
        let labels: Vec<(u32, u32)> = (0..600).step_by(10).map(|i| (i, i)).collect();
        let (without, with) = (fit(&rows, &model(), &[]), fit(&rows, &model(), &labels));
        assert!(level(&with, "number", "one_digit").m > level(&without, "number", "one_digit").m + 0.03);
        assert_eq!(with.fitted.map(|f| f.labels), Some(60));
    }

    #[test]
    fn a_model_that_is_not_to_be_estimated_stays() {
        let fixed = LinkModel { estimate: false, ..model() };
        assert_eq!(fit(&delivery(), &fixed, &[]).to_toml(), fixed.to_toml());
        assert!(fit(&[], &model(), &[]).fitted.is_none());
    }
}
