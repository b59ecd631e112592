//! Medical insurance: settlements (GBK CSV with refunds) and this year's enrolment (XLSX).

use encoding_rs::GBK;

use super::Round;
use super::delimited::Csv;
use super::dice::Dice;
use super::dirt::{Dirt, Entry, Medium};
use super::divisions::{COUNTY_CODE, NEIGHBOURS};
use super::facts::{self, Claim, HOSPITALS};
use super::outsiders::Outsiders;
use super::people::Sex;
use super::sheet::{Book, Cell, yuan};
use super::style::{self, DateStyle, amount_text, date_text};
use super::truth::{At, Records, RowKind};
use crate::diag::Outcome;

const SETTLEMENT: &str = "医保/居民医保结算明细.csv";

const NAMES: [&str; HOSPITALS] = [
    "澄岚县人民医院",
    "澄岚县中医医院",
    "云岭镇中心卫生院",
    "清溪镇卫生院",
    "龙泉镇卫生院",
    "澄岚县妇幼保健院",
    "岚州市第一人民医院",
    "大坪镇卫生院",
    "岚州市中医医院",
    "白石乡卫生院",
    "南岭省肿瘤医院",
    "南岭医科大学附属医院",
];

/// Writes the settlements, ordered by day.
pub fn settlement(round: &Round, records: &mut Records) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice("medical_settlement");
    let mut csv = Csv::create(
        round.out,
        SETTLEMENT,
        GBK,
        false,
        "结算ID,人员姓名,人员证件类型,证件号码,性别,出生日期,险种类型,参保所属医保区划,定点医药机构名称,医疗类别,结算时间,\
         医疗费总额,符合政策范围金额,统筹基金支出,大病补充医疗保险基金支出,医疗救助基金支出,其它基金支付,基金支付总额,\
         个人支付金额,退费结算标志",
    )?;
    let mut all: Vec<&Claim> = round.facts.iter().flat_map(|f| f.claims.iter()).collect();
    all.sort_by_key(|c| c.day);
    let mut outsiders = Outsiders::new(county);
    let mut running = 0u64;
    for claim in all {
        let person = &county.persons[claim.person];
        // A stay is registered once at the hospital's desk: its rows and refunds share its slips.
        let stay = claim.person as u64 * 256 + u64::from(claim.stay % 256);
        let entry = round.soiler.entry(&mut Dice::new(round.seed, "desk", stay), claim.person, Medium::Gbk);
        running += 1;
        let cells = row(round, &mut dice, claim, &entry, (person.sex, person.birth), (running, COUNTY_CODE));
        let at = |row| At { source: "medical_settlement", file: SETTLEMENT, sheet: "", row };
        records.person(at(csv.row(&cells)?), claim.person, RowKind::Data, &entry.faults)?;
        if round.soiler.happens(&mut dice, 4_000) {
            records.person(at(csv.row(&cells)?), claim.person, RowKind::Duplicate, &entry.faults)?;
        }
        if round.soiler.happens(&mut dice, 6_000) {
            let stranger = outsiders.draw(&mut dice, round.as_of, 2, 88);
            let own = dice.between(1_000, 300_000);
            let place = (0, facts::hospital(&mut dice));
            let bill = facts::claim(&mut dice, place, claim.day, 0, own, own > 50_000);
            running += 1;
            let region = *dice.pick(&NEIGHBOURS);
            let cells =
                row(round, &mut dice, &bill, &stranger.entry, (stranger.sex, stranger.birth), (running, region));
            records.note(at(csv.row(&cells)?), "", RowKind::Data, &stranger.entry.faults)?;
        }
    }
    csv.close()
}

fn row(
    round: &Round,
    dice: &mut Dice,
    claim: &Claim,
    entry: &Entry,
    (sex, birth): (Sex, jiff::civil::Date),
    (running, region): (u64, &str),
) -> Vec<String> {
    let time = format!("{:02}:{:02}:{:02}", dice.between(8, 17), dice.below(60), dice.below(60));
    let time_style = if round.soiler.happens(dice, 30_000) { DateStyle::Slash } else { DateStyle::Iso };
    let kind = match claim.inpatient {
        true => "普通住院",
        false => *dice.weighted(&[("普通门诊", 70), ("门诊慢特病", 30)]),
    };
    vec![
        format!("JS{}{running:07}", date_text(claim.day, DateStyle::Compact)),
        entry.name.clone(),
        "01".to_string(),
        entry.number_text(),
        sex.word().to_string(),
        if round.soiler.dirt == Dirt::Hard { String::new() } else { date_text(birth, DateStyle::Iso) },
        if round.soiler.happens(dice, 80_000) { "城乡居民基本医疗保险" } else { "390" }.to_string(),
        region.to_string(),
        NAMES[usize::from(claim.hospital)].to_string(),
        kind.to_string(),
        format!("{} {time}", date_text(claim.day, time_style)),
        amount_text(claim.total),
        amount_text(claim.in_scope),
        amount_text(claim.pool),
        amount_text(claim.serious),
        amount_text(claim.aid),
        amount_text(claim.other),
        amount_text(claim.funds()),
        amount_text(claim.total - claim.funds()),
        if claim.refund { "1" } else { "0" }.to_string(),
    ]
}

/// Rows of one enrolment workbook: a workbook is held in memory until it is saved, so a large county's list fills several.
const BOOK_ROWS: u32 = 100_000;

/// Writes this year's enrolment of everybody who lives here.
pub fn enrolment(round: &Round, records: &mut Records) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice("medical_enrolment");
    let year = i64::from(round.as_of.year());
    let mut file = format!("医保/{year}年度参保名单.xlsx");
    let mut books = 1;
    let mut book = Book::create(round.out, &file, round.as_of)?;
    let headings = "年度,乡镇,村,姓名,身份证号,参保状态,缴费档次,缴费金额,缴费时间,资助类别,未参保原因";
    let mut page = book.page("Sheet1")?;
    page.headings(headings)?;
    for (h, facts) in round.facts.iter().enumerate() {
        for insurance in &facts.aid.insurance {
            let p = insurance.person;
            if page.rows() > BOOK_ROWS {
                books += 1;
                book.add(page);
                book.save()?;
                file = format!("医保/{year}年度参保名单（{books}）.xlsx");
                book = Book::create(round.out, &file, round.as_of)?;
                page = book.page("Sheet1")?;
                page.headings(headings)?;
            }
            let entry = round.soiler.entry(&mut dice, p, Medium::Workbook);
            let insured = insurance.status != "未参保";
            let row = page.row(&[
                year.into(),
                round.soiler.township(&mut dice, county.township(h)).into(),
                round.soiler.village(&mut dice, county.village(h)).into(),
                entry.name.into(),
                entry.number.into(),
                insurance.status.into(),
                match insurance.paid {
                    _ if !insured => "",
                    70_000 | 50_000 => "二档",
                    _ => "一档",
                }
                .into(),
                if insured { yuan(insurance.paid) } else { Cell::Empty },
                if insured {
                    style::date(&mut dice, &round.soiler, insurance.day, DateStyle::Compact)
                } else {
                    Cell::Empty
                },
                insurance.class.into(),
                insurance.reason.into(),
            ])?;
            let at = At { source: "medical_enrolment", file: &file, sheet: &page.name, row };
            records.person(at, p, RowKind::Data, &entry.faults)?;
        }
    }
    book.add(page);
    book.save()
}
