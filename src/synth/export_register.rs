//! The police's register (GB18030 CSV) and the national system's export (XLSX).

use encoding_rs::GB18030;
use jiff::ToSpan;
use jiff::civil::Date;

use super::Round;
use super::delimited::Csv;
use super::dice::Dice;
use super::dirt::{Dirt, Medium, NumberCell};
use super::divisions::REGION;
use super::people::{Person, Relation, Sex, Status};
use super::sheet::{Book, Cell, yuan};
use super::style::{self, DateStyle, date_text};
use super::truth::{At, Records, RowKind};
use crate::diag::Outcome;

const POPULATION: &str = "公安/户籍人口底册.csv";

/// Writes the register; gives each person's line numbers.
pub fn population(round: &Round, records: &mut Records) -> Outcome<Vec<Vec<u32>>> {
    let county = round.county;
    let mut dice = round.dice("population");
    let mut csv = Csv::create(
        round.out,
        POPULATION,
        GB18030,
        false,
        "户号,姓名,曾用名,公民身份号码,性别,出生日期,民族,与户主关系,乡镇,行政村,组,户籍地址,人员状态,变动日期,户口性质,婚姻状况",
    )?;
    let mut lines: Vec<Vec<u32>> = vec![Vec::new(); county.persons.len()];
    let mut seconds = county.second_rows.iter().peekable();
    for (h, house) in county.households.iter().enumerate() {
        let (township, village) = (county.township(h).name, county.village(h).name());
        let address = format!("{village}{}组{}号", house.group, h - first_of_village(round, h) + 1);
        let urban = round.facts[h].home.urban;
        let write = |csv: &mut Csv, person: &Person, relation: &str, status: Status, marital: &str| {
            let (word, changed) = match status {
                Status::Normal => ("正常", String::new()),
                Status::Deceased(on) => ("死亡", date_text(on, DateStyle::Compact)),
                Status::MovedOut(on) => ("迁出", date_text(on, DateStyle::Compact)),
            };
            csv.row(&[
                house.number.as_str(),
                &person.name,
                person.former_name.as_deref().unwrap_or(""),
                &person.number_text(),
                if person.sex == Sex::Male { "1" } else { "2" },
                &date_text(person.birth, DateStyle::Compact),
                person.ethnicity,
                relation,
                township,
                &village,
                &format!("{}组", house.group),
                &address,
                word,
                &changed,
                if urban { "城镇" } else { "农村" },
                marital,
            ])
        };
        let children = county.members(h).filter(|&p| matches!(county.persons[p].relation, Relation::Child(_))).count();
        for p in county.members(h) {
            let person = &county.persons[p];
            let relation = person.relation.register_code(person.sex, children == 1);
            let marital = super::study::marital(county, h, p, round.seed, round.as_of);
            let line = write(&mut csv, person, relation, person.status, marital)?;
            lines[p].push(line);
            if round.soiler.happens(&mut dice, 1_500) {
                let row = write(&mut csv, person, relation, person.status, marital)?;
                let at = At { source: "population", file: POPULATION, sheet: "", row };
                records.person(at, p, RowKind::Duplicate, &[])?;
                lines[p].push(row);
            }
        }
        while let Some(&&(_, p, still_there)) = seconds.peek().filter(|s| s.0 == h) {
            seconds.next();
            let person = &county.persons[p];
            let left = round.as_of.saturating_sub(dice.between(200, 2500).days());
            // A careful register has everybody once.
            let still_there = still_there && round.soiler.dirt != Dirt::None;
            let status = if still_there { Status::Normal } else { Status::MovedOut(left) };
            let line = write(&mut csv, person, "30", status, "")?;
            let at = At { source: "population", file: POPULATION, sheet: "", row: line };
            let faults: &[&str] = if still_there { &["register_twice"] } else { &["register_moved_out"] };
            records.person(at, p, RowKind::Data, faults)?;
            lines[p].push(line);
        }
    }
    csv.close()?;
    Ok(lines)
}

/// The first household of a household's village: houses are numbered by village.
fn first_of_village(round: &Round, household: usize) -> usize {
    let h = &round.county.households[household];
    round.county.households.partition_point(|o| (o.township, o.village) < (h.township, h.village))
}

const NATIONAL: &str = "乡村振兴/（自定义）监测对象信息 (22).xlsx";

const NATIONAL_HEADINGS: &str = "省,市,县,乡,村,自然村,户编号,人口编号,姓名,性别,出生日期,证件类型,证件号码,民族,与户主关系,文化程度,\
在校生状况,健康状况,劳动技能,务工所在地,务工时间（月）,是否参加城乡居民基本医疗保险,享受低保政策情况,户类型,监测对象类别,\
致贫/返贫风险1,致贫/返贫风险2,识别监测时间,风险是否已消除,消除监测时间,人均纯收入（元）,家庭人口数,户联系电话,脱贫年度,是否易地扶贫搬迁户,四类人员备案说明";

/// Writes the national system's export: lifted and monitored households, one row per member.
pub fn national(round: &Round, records: &mut Records) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice("national_system");
    let mut book = Book::create(round.out, NATIONAL, round.as_of)?;
    let mut page = book.page("Sheet1")?;
    page.title("（自定义）监测对象信息", 36)?;
    page.title("数据来源：全国防返贫监测信息系统（模拟）　单位：元、月", 36)?;
    page.headings(NATIONAL_HEADINGS)?;
    for (h, house) in county.households.iter().enumerate() {
        if !house.lifted && house.monitored.is_none() {
            continue;
        }
        let here = county.here(h);
        let household_number = format!("52{:08}", 10_000_000 + house.ordinal * 7);
        let phone = here.iter().find_map(|&p| county.persons[p].phone);
        let last_year = round.facts[h].survey.as_ref().map_or(house.income * 95 / 100, |s| s.last_year);
        let facts = &round.facts[h];
        let allowance = facts.aid.allowance.as_ref().is_some_and(|a| a.stopped.is_none());
        for (n, &p) in here.iter().enumerate() {
            let person = &county.persons[p];
            let age = person.age(round.as_of);
            let mut entry = round.soiler.entry(&mut dice, p, Medium::Workbook);
            let mut kind = "居民身份证";
            if entry.faults.iter().all(|f| !f.starts_with("number")) && round.soiler.dirt != Dirt::None {
                if let Some((category, level)) = person.disability
                    && dice.percent(60)
                {
                    let again = if dice.percent(12) { "B1" } else { "" };
                    entry.number = NumberCell::Text(format!("{}{category}{level}{again}", person.number_text()));
                    entry.faults.push("number_certificate");
                    kind = "残疾人证";
                } else if age < 7 && dice.percent(4) {
                    entry.number = NumberCell::Text("9".repeat(18));
                    entry.faults.push("number_placeholder");
                }
            }
            let marked = house.monitored;
            let since = marked.map(|m| month(round.as_of, m.since));
            let gone = marked.filter(|m| m.cleared).map(|m| month(round.as_of, m.gone.unwrap_or(m.since / 2)));
            let insured = dice.percent(97);
            let works = (18..=60).contains(&age) && dice.percent(45);
            let row = page.row(&[
                REGION[0].into(),
                REGION[1].into(),
                REGION[2].into(),
                county.township(h).name.into(),
                county.village(h).name().into(),
                format!("{}组", house.group).into(),
                household_number.clone().into(),
                format!("{household_number}{:02}", n + 1).into(),
                entry.name.into(),
                person.sex.word().into(),
                date_text(person.birth, DateStyle::Compact).into(),
                kind.into(),
                entry.number.into(),
                person.ethnicity.into(),
                person.relation.national_word(person.sex).into(),
                schooling(age).into(),
                student(age).into(),
                health(person, &mut dice).into(),
                skill(person, age).into(),
                if works { *dice.pick(&["县内", "省内县外", "省外"]) } else { "" }.into(),
                if works { Cell::from(dice.between(3, 11)) } else { Cell::Empty },
                style::yes(&mut dice, &round.soiler, insured),
                if allowance { "农村低保" } else { "" }.into(),
                if house.lifted { "脱贫户" } else { "一般农户" }.into(),
                marked.map_or("", |m| type_word(m.list_type)).into(),
                marked.map_or("", |m| cause_word(m.cause)).into(),
                "".into(),
                since.unwrap_or_default().into(),
                marked.map_or("", |m| if m.cleared { "是" } else { "否" }).into(),
                gone.unwrap_or_default().into(),
                yuan(last_year),
                (here.len() as i64).into(),
                phone.map(|p| p.to_string()).unwrap_or_default().into(),
                facts.home.exit_year.map_or(Cell::Empty, Cell::from),
                style::yes(&mut dice, &round.soiler, facts.home.relocated),
                if facts.home.filed { "经村民代表大会评议，生活确有困难，予以保留" } else { "" }.into(),
            ])?;
            let at = At { source: "national_system", file: NATIONAL, sheet: "Sheet1", row };
            records.person(at, p, RowKind::Data, &entry.faults)?;
        }
    }
    book.add(page);
    book.save()
}

/// A month so many days before, `YYYYMM`.
fn month(as_of: Date, days: i64) -> String {
    let day = as_of.saturating_sub(days.days());
    format!("{}{:02}", day.year(), day.month())
}

/// 文化程度: filled for everybody who is not at school.
fn schooling(age: i64) -> &'static str {
    match age {
        0..=18 => "",
        19..=35 => "高中",
        36..=62 => "初中",
        63..=74 => "小学",
        _ => "文盲或半文盲",
    }
}

/// 在校生状况: filled for everybody else.
fn student(age: i64) -> &'static str {
    match age {
        0..=2 => "学龄前儿童",
        3..=5 => "学前教育",
        6..=11 => "小学",
        12 => "七年级",
        13 => "八年级",
        14..=15 => "九年级",
        16 => "普通高中一年级",
        17 => "普通高中二年级",
        18 => "普通高中三年级",
        _ => "",
    }
}

/// 健康状况: several values, in no fixed order.
fn health(person: &Person, dice: &mut Dice) -> &'static str {
    match (person.disability.is_some(), person.chronic) {
        (true, true) => ["残疾,长期慢性病", "长期慢性病,残疾"][dice.below(2)],
        (true, false) => "残疾",
        (false, true) => "长期慢性病",
        (false, false) => "健康",
    }
}

fn skill(person: &Person, age: i64) -> &'static str {
    let severe = person.disability.is_some_and(|(_, level)| level <= 2);
    match age {
        0..=15 => "无劳动力",
        16..=59 if severe => "丧失劳动力",
        16..=59 => "普通劳动力",
        60..=69 => "弱劳动力或半劳动力",
        _ => "无劳动力",
    }
}

fn type_word(list_type: &str) -> &'static str {
    match list_type {
        "unstable" => "脱贫不稳定户",
        "marginal" => "边缘易致贫户",
        _ => "突发严重困难户",
    }
}

/// A cause as the national system writes it.
pub fn cause_word(cause: &str) -> &'static str {
    match cause {
        "illness" => "因病",
        "education" => "因学",
        "disability" => "因残",
        "disaster" => "因自然灾害",
        "accident" => "因意外事故",
        "industry" => "因产业项目失败",
        "employment" => "因务工就业不稳",
        "labour" => "缺劳动力",
        "housing" => "因安全住房",
        "water" => "因安全饮水",
        _ => "其他",
    }
}
