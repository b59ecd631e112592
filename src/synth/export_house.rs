//! Houses (XLSX, identity numbers partly ruined by Excel) and water (CSV, by household and by village).

use encoding_rs::UTF_8;
use jiff::ToSpan;
use jiff::civil::Date;

use super::Round;
use super::delimited::Csv;
use super::dice::Dice;
use super::dirt::{self, Medium};
use super::outsiders::Outsiders;
use super::people::County;
use super::sheet::{Book, Cell};
use super::style::{self, DateStyle, date_in_text, full_width};
use super::truth::{At, Records, RowKind};
use crate::diag::Outcome;

const APPRAISAL: &str = "住建/农村房屋鉴定.xlsx";

/// Writes the appraisals.
pub fn appraisal(round: &Round, records: &mut Records) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice("housing_appraisal");
    let mut book = Book::create(round.out, APPRAISAL, round.as_of)?;
    let mut page = book.page("鉴定台账")?;
    page.title("澄岚县农村房屋安全鉴定台账", 21)?;
    page.headings(
        "序号,乡镇,村,户主姓名,身份证号,房屋地址,建成年代,结构类型,鉴定等级,鉴定日期,鉴定机构,对象类别,改造方式,补助金额(元),竣工验收日期,是否唯一住房,外观内饰是否破旧,农户是否签字确认,是否挂牌,建筑面积(平方米),自筹金额(元)",
    )?;
    let mut outsiders = Outsiders::new(county);
    let mut number = 0;
    for (h, facts) in round.facts.iter().enumerate() {
        let house = &county.households[h];
        let built = 1962 + dice.below(54) as i64;
        for appraisal in &facts.appraisals {
            let p = round.head(&mut dice, h);
            let mut entry = round.soiler.entry(&mut dice, p, Medium::Workbook);
            // Some clerks' sheets had the column as numbers: every number there that can be one is damaged.
            if entry.faults.iter().all(|f| !f.starts_with("number"))
                && round.soiler.happens(&mut dice, 110_000)
                && let Some(cell) = dirt::damaged_column(&county.persons[p].number_text())
            {
                entry.number = cell;
                entry.faults.push("number_excel");
            }
            if round.soiler.happens(&mut dice, 5_000) {
                entry = outsiders.draw(&mut dice, round.as_of, 30, 80).entry;
            }
            let grade = grade(round, &mut dice, appraisal.grade);
            let rebuilt = appraisal.accepted.is_some();
            number += 1;
            let row = page.row(&[
                number.into(),
                round.soiler.township(&mut dice, county.township(h)).into(),
                round.soiler.village(&mut dice, county.village(h)).into(),
                entry.name.clone().into(),
                entry.number.clone().into(),
                format!("{}{}组", county.village(h).name(), house.group).into(),
                built.into(),
                (*dice.weighted(&[("土木", 25), ("砖木", 35), ("砖混", 35), ("框架", 5)])).into(),
                grade.into(),
                style::date(&mut dice, &round.soiler, appraisal.day, DateStyle::Cell),
                (*dice.pick(&["岚州建科房屋鉴定有限公司", "澄岚县住建局"])).into(),
                if house.lifted { "脱贫户" } else { *dice.pick(&["", "低保户", "其他"]) }.into(),
                appraisal.house.mode.into(),
                if rebuilt { style::amount(&mut dice, &round.soiler, 2_500_000) } else { Cell::Empty },
                appraisal
                    .accepted
                    .map_or(Cell::Empty, |day| style::date(&mut dice, &round.soiler, day, DateStyle::Cell)),
                style::yes(&mut dice, &round.soiler, appraisal.house.only),
                style::yes(&mut dice, &round.soiler, appraisal.house.shabby),
                style::yes(&mut dice, &round.soiler, appraisal.house.signed),
                style::yes(&mut dice, &round.soiler, appraisal.house.plaque),
                if appraisal.house.area > 0 { Cell::Number(appraisal.house.area as f64 / 10.0) } else { Cell::Empty },
                if rebuilt { super::sheet::yuan(appraisal.house.own_cost) } else { Cell::Empty },
            ])?;
            let at = At { source: "housing_appraisal", file: APPRAISAL, sheet: "鉴定台账", row };
            if entry.faults.contains(&"not_in_register") {
                records.note(at, "", RowKind::Data, &entry.faults)?;
            } else {
                records.person(at, p, RowKind::Data, &entry.faults)?;
            }
        }
    }
    book.add(page);
    book.save()
}

fn grade(round: &Round, dice: &mut super::dice::Dice, grade: char) -> String {
    if !round.soiler.happens(dice, 350_000) {
        return format!("{grade}级");
    }
    match dice.below(4) {
        0 => grade.to_string(),
        1 => format!("{}级", grade.to_ascii_lowercase()),
        2 => format!("{}级", char::from_u32(u32::from(grade) - 0x41 + 0xff21).unwrap_or(grade)),
        _ => format!("{grade} 级"),
    }
}

const HOUSEHOLD: &str = "水利/农户饮水台账.csv";

/// Writes the households' water.
pub fn water_household(round: &Round, records: &mut Records) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice("water_household");
    let mut csv = Csv::create(
        round.out,
        HOUSEHOLD,
        UTF_8,
        true,
        "乡镇,村,组,户主姓名,身份证号,供水方式,工程名称,水量(升/人·天),水质检测结论,取水时间(分),年停水天数,问题类型,报修日期,恢复日期",
    )?;
    for (h, facts) in round.facts.iter().enumerate() {
        let Some(water) = &facts.water else { continue };
        let village = county.village(h);
        let p = round.head(&mut dice, h);
        let entry = round.soiler.entry(&mut dice, p, Medium::Text);
        let litres = water.decilitres.map(|d| match d % 10 {
            0 => (d / 10).to_string(),
            rest => format!("{}.{rest}", d / 10),
        });
        let litres = litres.map(|l| if round.soiler.happens(&mut dice, 10_000) { full_width(&l) } else { l });
        let day = |d, dice: &mut _| date_in_text(dice, &round.soiler, d, DateStyle::Iso);
        let (kind, reported, repaired) = match &water.problem {
            Some((kind, reported, repaired)) => {
                (*kind, day(*reported, &mut dice), repaired.map(|d| day(d, &mut dice)).unwrap_or_default())
            }
            None => ("", String::new(), String::new()),
        };
        let cells = [
            round.soiler.township(&mut dice, county.township(h)),
            round.soiler.village(&mut dice, village),
            format!("{}组", county.households[h].group),
            entry.name.clone(),
            entry.number_text(),
            if water.central { "集中供水" } else { "分散供水" }.to_string(),
            if water.central { format!("{}供水工程", village.stem) } else { String::new() },
            litres.unwrap_or_default(),
            water.quality.to_string(),
            water.minutes.to_string(),
            water.days_off.to_string(),
            kind.to_string(),
            reported,
            repaired,
        ];
        let at = |row| At { source: "water_household", file: HOUSEHOLD, sheet: "", row };
        records.person(at(csv.row(&cells)?), p, RowKind::Data, &entry.faults)?;
        if round.soiler.happens(&mut dice, 2_000) {
            records.person(at(csv.row(&cells)?), p, RowKind::Duplicate, &entry.faults)?;
        }
    }
    csv.close()
}

const VILLAGE: &str = "水利/村级供水工程.csv";

/// Water works of a village.
pub struct Works {
    /// Township and village.
    pub place: (usize, usize),
    litres: i64,
    fit: bool,
    /// Days without water in a year.
    pub days_off: i64,
    fault: Option<(Date, Option<Date>)>,
}

impl Works {
    /// A fault is older than 30 days and not repaired.
    pub fn broken(&self, as_of: Date) -> bool {
        self.fault.is_some_and(|(since, back)| back.is_none() && since < as_of.saturating_sub(30.days()))
    }
}

/// The works of all villages in use. One village has a fault that nobody repaired, one is cut off too long: both are things
/// to look at, and list no household by themselves.
pub fn works(county: &County, seed: u64, as_of: Date) -> Vec<Works> {
    let mut dice = Dice::new(seed, "works", 0);
    let mut places: Vec<(usize, usize)> = county.households.iter().map(|h| (h.township, h.village)).collect();
    places.dedup();
    let broken = dice.below(places.len());
    let dry = dice.below(places.len());
    places
        .into_iter()
        .enumerate()
        .map(|(i, place)| {
            let open = (i == broken).then(|| (as_of.saturating_sub(52.days()), None));
            let repaired = dice.percent(8).then(|| {
                let day = as_of.saturating_sub(dice.between(60, 300).days());
                (day, Some(day.saturating_add(dice.between(1, 20).days())))
            });
            Works {
                place,
                litres: dice.between(55, 95),
                fit: dice.percent(95),
                days_off: if i == dry { 47 } else { dice.between(0, 30) },
                fault: open.or(repaired),
            }
        })
        .collect()
}

/// Writes the villages' works.
pub fn water_village(round: &Round, records: &mut Records) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice("water_village");
    let mut csv = Csv::create(
        round.out,
        VILLAGE,
        UTF_8,
        true,
        "乡镇,村,工程名称,供水方式,设计水量(升/人·天),水质检测结论,年停水天数,故障日期,恢复日期",
    )?;
    for works in round.works {
        let (t, v) = works.place;
        let (township, village) = (&county.townships[t], &county.townships[t].villages[v]);
        let text = |d: Option<_>| d.map(|d| style::date_text(d, DateStyle::Iso)).unwrap_or_default();
        let row = csv.row(&[
            round.soiler.township(&mut dice, township),
            round.soiler.village(&mut dice, village),
            format!("{}供水工程", village.stem),
            "集中供水".to_string(),
            works.litres.to_string(),
            if works.fit { "合格" } else { "不合格" }.to_string(),
            works.days_off.to_string(),
            text(works.fault.map(|f| f.0)),
            text(works.fault.and_then(|f| f.1)),
        ])?;
        let at = At { source: "water_village", file: VILLAGE, sheet: "", row };
        records.note(at, &village.code, RowKind::Data, &[])?;
    }
    csv.close()
}
