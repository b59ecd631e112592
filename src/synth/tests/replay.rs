//! The written policy, evaluated anew on clean files with exact joins, gives exactly the households the truth names.
//!
//! Another hand would write the screening like this from `sample-data/README.md`; it uses nothing of the generator.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;

use super::reading::{rows, truth};
use super::*;

type Causes = BTreeMap<String, BTreeSet<&'static str>>;

struct Register {
    /// Household number by identity number, of those who live there.
    home: BTreeMap<String, String>,
    births: BTreeMap<String, Date>,
    /// Household number by identity number, of the dead too.
    once: BTreeMap<String, String>,
}

fn day(text: &str) -> Date {
    if let Ok(serial) = text.parse::<i64>()
        && serial < 100_000
    {
        return Date::constant(1899, 12, 30).saturating_add(serial.days());
    }
    let parts: Vec<i16> = match text.bytes().all(|b| b.is_ascii_digit()) {
        true => vec![text[..4].parse().unwrap(), text[4..6].parse().unwrap(), text[6..].parse().unwrap()],
        _ => text
            .split(|c: char| !c.is_ascii_digit())
            .filter(|p| !p.is_empty())
            .take(3)
            .map(|p| p.parse().unwrap())
            .collect(),
    };
    Date::constant(parts[0], parts[1] as i8, parts[2] as i8)
}

fn fen(text: &str) -> i64 {
    if text.is_empty() { 0 } else { (text.parse::<f64>().unwrap() * 100.0).round() as i64 }
}

fn data(root: &Path, file: &str, above: u32) -> Vec<Vec<String>> {
    rows(root, file).into_iter().filter(|((_, row), _)| *row > above).map(|(_, cells)| cells).collect()
}

fn register(root: &Path) -> Register {
    let second: BTreeSet<u32> = truth(root, "records")
        .iter()
        .filter(|r| r["faults"].starts_with("register"))
        .map(|r| r["row"].parse().unwrap())
        .collect();
    let mut found = Register { home: BTreeMap::new(), births: BTreeMap::new(), once: BTreeMap::new() };
    for ((_, row), cells) in rows(root, "公安/户籍人口底册.csv").into_iter().skip(1) {
        if !second.contains(&row) {
            found.once.insert(cells[3].clone(), cells[0].clone());
        }
        if cells[12] == "正常" && !second.contains(&row) {
            found.home.insert(cells[3].clone(), cells[0].clone());
            found.births.insert(cells[3].clone(), day(&cells[5]));
        }
    }
    found
}

fn screen(root: &Path) -> (Causes, BTreeMap<String, &'static str>) {
    let as_of = SAMPLE.as_of;
    let from = as_of.saturating_sub(12.months());
    let register = register(root);
    let lifted: BTreeSet<&String> = data(root, "乡村振兴/（自定义）监测对象信息 (22).xlsx", 3)
        .iter()
        .filter(|r| r[23] == "脱贫户")
        .filter_map(|r| register.home.get(&r[12]))
        .collect();
    let mut causes = Causes::new();
    let mut add = |number: &str, cause| {
        if let Some(home) = register.home.get(number) {
            causes.entry(home.clone()).or_default().insert(cause);
        }
    };

    let mut paid: BTreeMap<&String, i64> = BTreeMap::new();
    let settlements = data(root, "医保/居民医保结算明细.csv", 1);
    for row in &settlements {
        if let Some(home) = register.home.get(&row[3])
            && (from..=as_of).contains(&day(&row[10][..10]))
        {
            *paid.entry(home).or_default() += fen(&row[12]) - fen(&row[17]);
        }
    }
    for row in &settlements {
        let Some(home) = register.home.get(&row[3]) else {
            continue;
        };
        let limit = if lifted.contains(home) { 500_000 } else { 2_000_000 };
        if paid.get(home).is_some_and(|p| *p >= limit) {
            add(&row[3], "illness");
        }
    }
    for row in data(root, "民政/临时救助台账.xlsx", 2).iter().filter(|r| r[0] != "合计") {
        if fen(&row[7]) >= 300_000 && (from..=as_of).contains(&day(&row[8])) {
            match row[6].as_str() {
                "意外事故" => add(&row[4], "accident"),
                "自然灾害" => add(&row[4], "disaster"),
                _ => {}
            }
        }
    }
    for row in data(root, "教育/疑似辍学名单.xlsx", 2) {
        let Some(birth) = register.births.get(&row[5]) else {
            continue;
        };
        // 6 to 15 full years: born after the day 16 years ago and not after the day 6 years ago.
        let of_age = *birth > as_of.saturating_sub(16.years()) && *birth <= as_of.saturating_sub(6.years());
        if of_age && ["疑似辍学", "长期请假"].contains(&&*row[8]) && !["身体原因", "外出就读"].contains(&&*row[9])
        {
            add(&row[5], "education");
        }
    }
    let mut latest: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in data(root, "住建/农村房屋鉴定.xlsx", 2) {
        let Some(home) = register.home.get(&row[4]) else {
            continue;
        };
        if latest.get(home).is_none_or(|l| day(&l[9]) < day(&row[9])) {
            latest.insert(home.clone(), row);
        }
    }
    for row in latest.values() {
        if ["C级", "D级"].contains(&&*row[8]) && row[14].is_empty() {
            add(&row[4], "housing");
        }
    }
    for row in data(root, "水利/农户饮水台账.csv", 1) {
        let open = !row[12].is_empty() && row[13].is_empty() && day(&row[12]) < as_of.saturating_sub(30.days());
        let far = row[9].parse::<i64>().unwrap() > 20;
        let little = !row[7].is_empty() && fen(&row[7]) < 3_500;
        if little || row[10].parse::<i64>().unwrap() > 36 || open || row[8] == "不合格" || far {
            add(&row[4], "water");
        }
    }
    let mut incomes: BTreeMap<&String, i64> = BTreeMap::new();
    let survey = data(root, "统计/农户收支监测.parquet", 0);
    for row in &survey {
        let (income, labour, stable) = (fen(&row[10]), row[13].as_str(), row[14].as_str());
        if let Some(home) = register.home.get(&row[3]) {
            incomes.insert(home, income);
        }
        if labour != "0" && stable == "0" && income < 780_000 {
            add(&row[3], "employment");
        }
        if fen(&row[12]) >= 1_000_000 {
            add(&row[3], "industry");
        }
    }
    events(root, &register, &paid, &survey, &mut causes);
    let types = causes
        .iter()
        .map(|(home, causes)| {
            let sudden = causes
                .iter()
                .all(|c| ["illness", "industry", "accident", "disaster", "labour", "disability", "other"].contains(c));
            let not_poor = incomes.get(home).is_some_and(|i| *i >= 780_000);
            let list_type = match (lifted.contains(home), sudden && not_poor) {
                (true, _) => "unstable",
                (_, true) => "sudden",
                _ => "marginal",
            };
            (home.clone(), list_type)
        })
        .collect();
    (causes, types)
}

/// The day and the reason of a payment.
type Relief = (Date, String);

/// What accidents, deaths, disability, disasters, schools and untreated illness bring: the last twelve months, the day a year
/// ago not included.
fn events(
    root: &Path,
    register: &Register,
    paid: &BTreeMap<&String, i64>,
    survey: &[Vec<String>],
    causes: &mut Causes,
) {
    let as_of = SAMPLE.as_of;
    let inside = |text: &str| day(text) > as_of.saturating_sub(12.months()) && day(text) <= as_of;
    let able = |birth: Date, on: Date| birth <= on.saturating_sub(16.years()) && birth > on.saturating_sub(60.years());
    let inhabited: BTreeSet<&String> = register.home.values().collect();
    let mut add = |number: &str, cause| {
        if let Some(home) = register.once.get(number).filter(|h| inhabited.contains(h)) {
            causes.entry(home.clone()).or_default().insert(cause);
        }
    };
    let real = |r: &&Vec<String>| r[0] != "合计" && !r[0].starts_with("填表人");
    for row in data(root, "公安交警/交通事故伤亡人员.csv", 1) {
        if row[7] != "轻伤" && inside(&row[6]) && able(day(&row[5]), day(&row[6])) {
            add(&row[3], "accident");
        }
    }
    for row in data(root, "民政/死亡登记（殡葬）.xlsx", 2).iter().filter(real) {
        if inside(&row[7]) && able(day(&row[6]), day(&row[7])) {
            add(&row[4], "labour");
        }
    }
    for row in data(root, "残联/持证残疾人信息.xlsx", 2).iter().filter(real) {
        let number = &row[4][..18];
        let fresh = ["一级", "二级"].contains(&&*row[7]) && inside(&row[8]);
        if fresh && register.births.get(number).is_some_and(|b| able(*b, as_of)) {
            add(number, "disability");
        }
    }
    let mut spent: BTreeMap<&String, i64> = paid.clone();
    let mut ruined: BTreeMap<&String, (i64, Option<Relief>)> = BTreeMap::new();
    let disasters = data(root, "应急/受灾户台账.xlsx", 2);
    for row in disasters.iter().filter(real).filter(|r| inside(&r[6])) {
        let Some(home) = register.home.get(&row[4]) else { continue };
        let of = ruined.entry(home).or_default();
        // The file writes 10,000 yuan.
        let loss = (row[10].parse::<f64>().unwrap() * 1_000_000.0).round() as i64;
        of.0 += loss;
        *spent.entry(home).or_default() += loss;
        let rooms = row[7].parse::<i64>().unwrap() + row[8].parse::<i64>().unwrap();
        if rooms > 0 && of.1.as_ref().is_none_or(|(on, _)| *on < day(&row[6])) {
            of.1 = Some((day(&row[6]), row[4].clone()));
        }
    }
    let mut accepted: BTreeMap<&String, Date> = BTreeMap::new();
    let houses = data(root, "住建/农村房屋鉴定.xlsx", 2);
    for row in houses.iter().filter(|r| !r[14].is_empty()) {
        let Some(home) = register.home.get(&row[4]) else { continue };
        let done = accepted.entry(home).or_insert(day(&row[14]));
        *done = (*done).max(day(&row[14]));
        if inside(&row[14]) {
            *spent.entry(home).or_default() += fen(&row[20]);
        }
    }
    for (home, (loss, fallen)) in &ruined {
        if *loss >= 1_000_000 {
            causes.entry((*home).clone()).or_default().insert("disaster");
        }
        if fallen.as_ref().is_some_and(|(on, _)| accepted.get(home).is_none_or(|done| done < on)) {
            causes.entry((*home).clone()).or_default().insert("housing");
        }
    }
    let mut school: BTreeMap<&String, i64> = BTreeMap::new();
    let fees = data(root, "教育/非义务教育在校生收费.xlsx", 2);
    for row in fees.iter().filter(real).filter(|r| r[6] == "公办" && r[7] == "全日制") {
        let Some(home) = register.home.get(&row[4]) else { continue };
        let own = fen(&row[8]) + fen(&row[9]) + fen(&row[10]) - fen(&row[11]);
        *school.entry(home).or_default() += own;
        *spent.entry(home).or_default() += own;
    }
    for (home, _) in school.iter().filter(|(_, own)| **own > 1_000_000) {
        causes.entry((*home).clone()).or_default().insert("education");
    }
    let treated: BTreeSet<String> = data(root, "医保/居民医保结算明细.csv", 1)
        .into_iter()
        .filter(|r| inside(&r[10][..10]))
        .map(|r| r[3].clone())
        .collect();
    for row in data(root, "卫健/大病慢病管理台账.xlsx", 2).iter().filter(real) {
        if row[5] == "大病" && row[9] == "未救治" && !treated.contains(&row[4]) {
            causes.entry(register.home[&row[4]].clone()).or_default().insert("illness");
        }
    }
    for row in survey {
        let Some(home) = register.home.get(&row[3]) else { continue };
        if spent.get(home).is_some_and(|s| *s > fen(&row[11]) * row[4].parse::<i64>().unwrap()) {
            causes.entry(home.clone()).or_default().insert("other");
        }
    }
}

#[test]
fn the_policy_on_clean_files_gives_the_truth() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let options = Options { households: 1500, seed: 11, dirt: Dirt::None, ..SAMPLE };
    let summary = generate(&options, folder.path()).expect("a county can be made");
    let (causes, types) = screen(folder.path());
    let mut listed = 0;
    for household in truth(folder.path(), "households") {
        let number = &household["household_number"];
        let found: Vec<&str> = causes.get(number).map(|c| c.iter().copied().collect()).unwrap_or_default();
        assert_eq!(found.join("|"), household["online_causes"], "{number}");
        assert_eq!(household["visible_online"], if found.is_empty() { "false" } else { "true" });
        if !found.is_empty() {
            assert_eq!(types[number], household["list_type"], "{number}");
            listed += 1;
        }
    }
    assert_eq!(listed, summary.visible_online);
    assert!((90..=170).contains(&listed), "{listed} of 1500");
    let all: BTreeSet<&str> = causes.values().flatten().copied().collect();
    assert_eq!(all.len(), 11, "{all:?}");
}
