//! Civil affairs: minimum allowance (a sheet per township, subtotals), destitute people, temporary relief.

use super::Round;
use super::dirt::Medium;
use super::sheet::{Book, Cell, yuan};
use super::style::{self, DateStyle};
use super::truth::{At, Records, RowKind};
use crate::diag::Outcome;

const DIBAO: &str = "民政/农村低保发放名册.xlsx";

/// Writes the allowance list.
pub fn dibao(round: &Round, records: &mut Records) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice("dibao");
    let mut book = Book::create(round.out, DIBAO, round.as_of)?;
    for (t, households) in round.townships() {
        let township = county.townships[t].name;
        let mut page = book.page(township)?;
        page.title(
            &format!("澄岚县{township}农村低保金发放名册（{}年{}月）", round.as_of.year(), round.as_of.month()),
            13,
        )?;
        page.headings(
            "序号,村,户主姓名,户主身份证号,低保证号,保障类别,家庭人口,保障人数,月保障金额(元),起始年月,停保年月,停保原因",
        )?;
        let total = |page: &mut super::sheet::Page, word: &str, sums: (i64, i64, i64)| {
            page.row(&[
                word.into(),
                Cell::Empty,
                Cell::Empty,
                Cell::Empty,
                Cell::Empty,
                Cell::Empty,
                sums.0.into(),
                sums.1.into(),
                yuan(sums.2),
            ])
        };
        let (mut all, mut village_sums, mut number) = ((0, 0, 0), (0, 0, 0), 0);
        let mut noted: Vec<(u32, RowKind)> = Vec::new();
        for h in households.clone() {
            let house = &county.households[h];
            let here = county.here(h);
            if let Some(allowance) = &round.facts[h].aid.allowance {
                let p = round.head(&mut dice, h);
                let entry = round.soiler.entry(&mut dice, p, Medium::Workbook);
                let class = if round.soiler.happens(&mut dice, 100_000) {
                    match allowance.class {
                        "A" => "一类",
                        "B" => "B类",
                        _ => "三类",
                    }
                } else {
                    allowance.class
                };
                let (covered, amount) = (allowance.covered, allowance.amount);
                let month = |d: jiff::civil::Date| format!("{}{:02}", d.year(), d.month());
                number += 1;
                let row = page.row(&[
                    number.into(),
                    round.soiler.village(&mut dice, county.village(h)).into(),
                    entry.name.into(),
                    entry.number.into(),
                    format!("DB99{:02}{number:05}", t + 1).into(),
                    class.into(),
                    (here.len() as i64).into(),
                    covered.into(),
                    style::amount(&mut dice, &round.soiler, amount),
                    month(allowance.start).into(),
                    allowance.stopped.map(|s| month(s.0)).unwrap_or_default().into(),
                    allowance.stopped.map_or("", |s| s.1).into(),
                ])?;
                let at = At { source: "dibao", file: DIBAO, sheet: township, row };
                records.person(at, p, RowKind::Data, &entry.faults)?;
                village_sums = (village_sums.0 + here.len() as i64, village_sums.1 + covered, village_sums.2 + amount);
            }
            let last = h + 1 == households.end || county.households[h + 1].village != house.village;
            if last && village_sums.0 > 0 {
                noted.push((total(&mut page, "小计", village_sums)?, RowKind::Total));
                all = (all.0 + village_sums.0, all.1 + village_sums.1, all.2 + village_sums.2);
                village_sums = (0, 0, 0);
            }
        }
        noted.push((total(&mut page, "合计", all)?, RowKind::Total));
        noted.push((page.row(&["填表人：韦某某　　审核人：李某　　单位（盖章）".into()])?, RowKind::Noise));
        for (row, kind) in noted {
            records.note(At { source: "dibao", file: DIBAO, sheet: township, row }, "", kind, &[])?;
        }
        book.add(page);
    }
    book.save()
}

const TEKUN: &str = "民政/特困供养人员.xlsx";

/// Writes the list of destitute people.
pub fn tekun(round: &Round, records: &mut Records) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice("tekun");
    let mut book = Book::create(round.out, TEKUN, round.as_of)?;
    let mut page = book.page("Sheet1")?;
    page.headings("序号,乡镇,村,姓名,身份证号,供养方式,护理等级,月供养金(元),起始年月")?;
    let mut number = 0;
    for (h, facts) in round.facts.iter().enumerate() {
        let Some(care) = &facts.aid.care else { continue };
        let (p, start) = (care.person, care.start);
        let entry = round.soiler.entry(&mut dice, p, Medium::Workbook);
        number += 1;
        let row = page.row(&[
            number.into(),
            round.soiler.township(&mut dice, county.township(h)).into(),
            round.soiler.village(&mut dice, county.village(h)).into(),
            entry.name.into(),
            entry.number.into(),
            if care.at_home { "分散供养" } else { "集中供养" }.into(),
            care.level.into(),
            yuan(if care.level == "全自理" { 82_000 } else { 118_000 }),
            format!("{}年{}月", start.year(), start.month()).into(),
        ])?;
        let at = At { source: "tekun", file: TEKUN, sheet: "Sheet1", row };
        records.person(at, p, RowKind::Data, &entry.faults)?;
    }
    book.add(page);
    book.save()
}

const RELIEF: &str = "民政/临时救助台账.xlsx";

/// Writes the ledger of temporary relief.
pub fn relief(round: &Round, records: &mut Records) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice("temporary_relief");
    let mut book = Book::create(round.out, RELIEF, round.as_of)?;
    let mut page = book.page("临时救助")?;
    page.title("澄岚县临时救助台账（单位：元）", 10)?;
    page.headings("序号,乡镇,村,姓名,身份证号,家庭人口,救助原因,救助金额(元),审批日期,发放日期")?;
    let mut all: Vec<(usize, &super::facts::Relief)> =
        round.facts.iter().enumerate().flat_map(|(h, f)| f.relief.iter().map(move |r| (h, r))).collect();
    // A ledger is kept by day.
    all.sort_by_key(|(h, r)| (r.day, *h));
    let mut sum = 0;
    for (i, (h, relief)) in all.iter().enumerate() {
        let entry = round.soiler.entry(&mut dice, relief.person, Medium::Workbook);
        sum += relief.amount;
        let row = page.row(&[
            (i as i64 + 1).into(),
            round.soiler.township(&mut dice, county.township(*h)).into(),
            round.soiler.village(&mut dice, county.village(*h)).into(),
            entry.name.into(),
            entry.number.into(),
            (county.here(*h).len() as i64).into(),
            relief.reason.into(),
            style::amount(&mut dice, &round.soiler, relief.amount),
            style::date(&mut dice, &round.soiler, relief.day, DateStyle::Dot),
            relief.paid.map_or(Cell::Empty, |day| style::date(&mut dice, &round.soiler, day, DateStyle::Dot)),
        ])?;
        let at = At { source: "temporary_relief", file: RELIEF, sheet: "临时救助", row };
        records.person(at, relief.person, RowKind::Data, &entry.faults)?;
    }
    let row = page.row(&[
        "合计".into(),
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
        yuan(sum),
    ])?;
    records.note(At { source: "temporary_relief", file: RELIEF, sheet: "临时救助", row }, "", RowKind::Total, &[])?;
    book.add(page);
    book.save()
}
