//! What the villages report: one workbook per township, filled in by hand.

use super::Round;
use super::dice::Dice;
use super::dirt::{Dirt, Entry, Medium, NumberCell};
use super::outsiders::Outsiders;
use super::policy::Risk;
use super::sheet::{Book, Cell};
use super::style::{self, DateStyle};
use super::truth::{At, Records, Report, RowKind};
use crate::diag::Outcome;

/// Spellings of the list types; the first is the form's own.
const TYPES: [(&str, &[&str]); 3] = [
    ("unstable", &["脱贫监测户", "脱贫不稳定户", "脱贫不稳定", "脱贫 监测户"]),
    ("marginal", &["边缘户", "边缘易致贫户", "边缘易致贫", "边缘户 "]),
    ("sudden", &["突发严重困难户", "突发困难户", "突发严重困难", "突发户"]),
];

/// Spellings of the causes; the first is the form's own.
const CAUSES: [(&str, &[&str]); 11] = [
    ("accident", &["因意外事故", "意外事故", "因事故"]),
    ("disability", &["因残", "残疾"]),
    ("disaster", &["因自然灾害", "自然灾害", "因灾"]),
    ("education", &["因学", "义务教育"]),
    ("employment", &["因务工就业不稳", "务工就业不稳", "务工不稳"]),
    ("housing", &["因安全住房", "安全住房", "住房安全"]),
    ("illness", &["因病", "因大病", "疾病"]),
    ("industry", &["因产业项目失败", "产业失败", "产业项目失败"]),
    ("labour", &["缺劳动力", "缺劳力"]),
    ("other", &["其他", "其它"]),
    ("water", &["因安全饮水", "安全饮水", "饮水安全"]),
];

fn spelling(round: &Round, dice: &mut Dice, table: &[(&str, &'static [&'static str])], code: &str) -> &'static str {
    let forms = table.iter().find(|(c, _)| *c == code).map_or(&[""][..], |(_, forms)| forms);
    if round.soiler.happens(dice, 250_000) { forms[dice.below(forms.len())] } else { forms[0] }
}

/// What the village says of a household, and why; none when it knows nothing.
fn knows(dice: &mut Dice, lifted: bool, risks: &[Risk], list_type: &'static str) -> Option<Report> {
    let hidden = risks.iter().any(|r| r.source.is_empty());
    if risks.is_empty() || !(hidden || dice.percent(75)) {
        return None;
    }
    let mut causes: Vec<&'static str> = risks.iter().map(|r| r.cause).collect();
    if !hidden && dice.percent(10) {
        // The village sees the trouble and names another reason for it.
        let other = *dice.pick(&["illness", "disability", "labour", "employment", "other"]);
        causes = vec![if causes.contains(&other) { "labour" } else { other }];
    }
    causes.sort_unstable();
    causes.dedup();
    let list_type = match dice.below(100) {
        0..8 => match list_type {
            "unstable" => "marginal",
            "marginal" if !lifted => "sudden",
            _ => "marginal",
        },
        8..10 => "",
        _ => list_type,
    };
    Some(Report { list_type, causes })
}

/// A report about a household at no risk.
fn unfounded(dice: &mut Dice, lifted: bool) -> Report {
    let cause = *dice.pick(&["illness", "disability", "labour", "employment", "housing", "education", "other"]);
    let list_type = if lifted { "unstable" } else { *dice.weighted(&[("marginal", 75), ("sudden", 25)]) };
    Report { list_type, causes: vec![cause] }
}

/// Somebody whom a village reports and nobody knows, beside a household.
pub struct Stranger {
    /// Place in the county of the household beside whom they are written down.
    pub beside: usize,
    /// As written.
    pub entry: Entry,
    /// What is reported.
    pub report: Report,
}

/// Draws what the villages report and writes the townships' workbooks; gives what was reported by household.
pub fn report(
    round: &Round,
    records: &mut Records,
    risks: &[Vec<Risk>],
    list_types: &[&'static str],
) -> Outcome<Vec<Option<Report>>> {
    let county = round.county;
    let mut dice = round.dice("offline_report");
    let mut reports: Vec<Option<Report>> = vec![None; county.households.len()];
    for (h, slot) in reports.iter_mut().enumerate() {
        let lifted = county.households[h].lifted;
        *slot = knows(&mut dice, lifted, &risks[h], list_types[h]);
        // About 15 % of what the villages hand in has nothing behind it.
        if risks[h].is_empty() && !county.here(h).is_empty() && dice.chance(7_800) {
            *slot = Some(unfounded(&mut dice, lifted));
        }
        // Villages now and then name again whom the national system has marked.
        if let Some(marked) = county.households[h].monitored
            && slot.is_none()
            && !marked.cleared
            && !county.here(h).is_empty()
            && dice.percent(15)
        {
            *slot = Some(Report { list_type: marked.list_type, causes: vec![marked.cause] });
        }
    }
    write(round, records, &reports, &[], dice)?;
    Ok(reports)
}

/// Writes the townships' workbooks.
pub fn write(
    round: &Round,
    records: &mut Records,
    reports: &[Option<Report>],
    strangers: &[Stranger],
    mut dice: Dice,
) -> Outcome<()> {
    let county = round.county;
    let mut outsiders = Outsiders::new(county);
    for (t, households) in round.townships() {
        let township = county.townships[t].name;
        let file = format!("线下排查/{township}线下排查表.xlsx");
        let mut book = Book::create(round.out, &file, round.as_of)?;
        let mut page = book.page("Sheet1")?;
        page.title(&format!("{township}防返贫线下排查情况表"), 12)?;
        if t % 2 == 1 {
            page.row(&[format!(
                "填报单位：{township}人民政府　　填报时间：{}年{}月",
                round.as_of.year(),
                round.as_of.month()
            )
            .into()])?;
        }
        page.headings(
            "序号,行政村,组,户主姓名,身份证号,家庭人口,联系电话,上报类型,致贫返贫风险,具体情况,排查人,排查日期",
        )?;
        let at = |row| At { source: "offline_report", file: &file, sheet: "Sheet1", row };
        let mut number = 0;
        for h in households {
            let Some(report) = &reports[h] else { continue };
            let p = round.head(&mut dice, h);
            let entry = by_hand(round, &mut dice, p);
            number += 1;
            let row = page.row(&line(round, &mut dice, h, number, &entry, report))?;
            records.person(at(row), p, RowKind::Data, &entry.faults)?;
            if round.soiler.happens(&mut dice, 12_000) {
                let stranger = outsiders.draw(&mut dice, round.as_of, 35, 80);
                let report = unfounded(&mut dice, false);
                number += 1;
                let row = page.row(&line(round, &mut dice, h, number, &stranger.entry, &report))?;
                records.note(at(row), "", RowKind::Data, &stranger.entry.faults)?;
            }
        }
        for s in strangers.iter().filter(|s| county.households[s.beside].township == t) {
            number += 1;
            let row = page.row(&line(round, &mut dice, s.beside, number, &s.entry, &s.report))?;
            records.note(at(row), "", RowKind::Data, &s.entry.faults)?;
        }
        page.blank();
        let total = page.row(&["合计".into(), format!("{number}户").into()])?;
        records.note(at(total), "", RowKind::Total, &[])?;
        let sign = page.row(&[
            "填表人：".into(),
            Cell::Empty,
            Cell::Empty,
            "审核人：".into(),
            Cell::Empty,
            "单位负责人：".into(),
        ])?;
        records.note(at(sign), "", RowKind::Noise, &[])?;
        book.add(page);
        book.save()?;
    }
    Ok(())
}

/// A person as a village cadre writes them: the number often missing or wrong, the name sometimes as people call them.
fn by_hand(round: &Round, dice: &mut Dice, person: usize) -> Entry {
    let mut entry = round.soiler.entry_at(dice, person, Medium::Workbook, 2);
    if round.soiler.happens(dice, 130_000) && entry.faults.iter().all(|f| !f.starts_with("number")) {
        entry.number = NumberCell::Text(String::new());
        entry.faults.push("number_missing");
    }
    let own = &round.county.persons[person].name;
    if entry.faults.iter().all(|f| !f.starts_with("name")) && round.soiler.happens(dice, 70_000) && !own.contains('·')
    {
        let last: String = own.chars().last().into_iter().collect();
        let first: String = own.chars().take(1).collect();
        let (name, fault) = match dice.below(4) {
            0 => (format!("阿{last}"), "name_nickname"),
            1 => (format!("老{first}"), "name_nickname"),
            2 => (format!("{own}（户主）"), "name_annotation"),
            _ => (format!("{own}1"), "name_annotation"),
        };
        entry.name = name;
        entry.faults.push(fault);
    }
    entry
}

fn line(round: &Round, dice: &mut Dice, h: usize, number: i64, entry: &Entry, report: &Report) -> Vec<Cell> {
    let county = round.county;
    let house = &county.households[h];
    let here = county.here(h);
    let stranger = entry.faults.contains(&"not_in_register");
    let phone = if stranger { None } else { here.iter().find_map(|&p| county.persons[p].phone) };
    let phone = phone.filter(|_| !round.soiler.happens(dice, 120_000));
    let words: Vec<&str> = report.causes.iter().map(|c| spelling(round, dice, &CAUSES, c)).collect();
    let separator = if round.soiler.dirt == Dirt::None { "、" } else { *dice.pick(&["、", "，", ",", "、"]) };
    let mut size = here.len() as i64;
    if round.soiler.happens(dice, 60_000) {
        size += dice.between(-1, 1);
    }
    let told = match report.causes.first().copied().unwrap_or("other") {
        "illness" => "家中有人患大病，医疗开支大",
        "education" => "孩子未在校就读",
        "disability" => "主要劳动力残疾",
        "disaster" => "房屋、庄稼受灾",
        "accident" => "家庭成员发生意外",
        "industry" => "养殖亏损",
        "employment" => "外出务工不稳定，近期返乡",
        "labour" => "家中缺少劳动力",
        "housing" => "房屋有安全隐患",
        "water" => "饮水困难",
        _ => "家庭负债较重",
    };
    let day = super::facts::days_before(dice, round.as_of, 3, 28);
    vec![
        number.into(),
        round.soiler.village(dice, county.village(h)).into(),
        format!("{}组", house.group).into(),
        entry.name.clone().into(),
        entry.number.clone().into(),
        size.max(1).into(),
        phone.map_or(Cell::Empty, |n| if dice.percent(30) { Cell::Number(n as f64) } else { n.to_string().into() }),
        spelling(round, dice, &TYPES, report.list_type).into(),
        words.join(separator).into(),
        told.into(),
        (*dice.pick(&["黄干事", "李主任", "网格员王", "驻村工作队"])).into(),
        style::date(dice, &round.soiler, day, DateStyle::Dot),
    ]
}
