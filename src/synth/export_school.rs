//! Education: pupils (headings in two merged levels) and those on the rolls but not at school.

use super::Round;
use super::dirt::Medium;
use super::outsiders::Outsiders;
use super::people::Relation;
use super::sheet::{Book, Cell};
use super::style::{self, DateStyle, date_text};
use super::truth::{At, Records, RowKind};
use crate::diag::Outcome;

const ENROLMENT: &str = "教育/义务教育在籍学生.xlsx";
const DROPOUT: &str = "教育/疑似辍学名单.xlsx";

/// School, stage and grade of a child.
fn school(township: &str, age: i64) -> (String, &'static str, &'static str) {
    const GRADES: [&str; 10] =
        ["一年级", "二年级", "三年级", "四年级", "五年级", "六年级", "七年级", "八年级", "九年级", "九年级"];
    let grade = GRADES[(age - 6).clamp(0, 9) as usize];
    if age <= 11 {
        (format!("{township}中心小学"), "小学", grade)
    } else {
        (format!("{township}初级中学"), "初中", grade)
    }
}

/// Who answers for a child: a parent in the house, or the head.
fn guardian(round: &Round, household: usize, child: usize) -> Option<usize> {
    let county = round.county;
    let here = county.here(household);
    let year = county.persons[child].birth.year();
    let grown = |p: &usize| (18..=45).contains(&(year - county.persons[*p].birth.year()));
    let parent = here
        .iter()
        .copied()
        .find(|p| grown(p) && !matches!(county.persons[*p].relation, Relation::Sibling | Relation::Other));
    parent.or_else(|| here.into_iter().find(|&p| p != child && county.persons[p].age(round.as_of) >= 18))
}

/// Writes the pupils.
pub fn enrolment(round: &Round, records: &mut Records) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice("school_enrolment");
    let mut book = Book::create(round.out, ENROLMENT, round.as_of)?;
    let mut page = book.page("在籍学生")?;
    page.two_level_headings(&[
        ("学校信息", "学校,学段,年级,班级"),
        ("学生信息", "姓名,性别,出生日期,身份证件号,全国学籍号"),
        ("学籍信息", "就读方式,是否送教上门,学籍状态"),
        ("监护人信息", "姓名,身份证号,电话"),
    ])?;
    for h in 0..county.households.len() {
        for p in county.here(h) {
            let child = &county.persons[p];
            let age = child.age(round.as_of);
            if !(6..=15).contains(&age) || round.facts[h].study.elsewhere.contains(&p) {
                continue;
            }
            let at_home = round.facts[h].dropouts.iter().any(|d| d.person == p && d.category == "送教上门");
            let paused = round.facts[h].dropouts.iter().any(|d| d.person == p && d.category == "休学");
            let (school, stage, grade) = school(county.township(h).name, age);
            let entry = round.soiler.entry(&mut dice, p, Medium::Workbook);
            let guardian = guardian(round, h, p);
            let answers = guardian.map(|g| round.soiler.entry(&mut dice, g, Medium::Workbook));
            let phone = guardian.and_then(|g| county.persons[g].phone);
            let row = page.row(&[
                school.into(),
                stage.into(),
                grade.into(),
                format!("{}班", dice.between(1, 6)).into(),
                entry.name.into(),
                child.sex.word().into(),
                date_text(child.birth, DateStyle::Compact).into(),
                entry.number.into(),
                format!("G{}", child.number_text()).into(),
                (*dice.weighted(&[("走读", 60), ("住校", 40)])).into(),
                style::yes(&mut dice, &round.soiler, at_home),
                if paused { "休学" } else { "在籍" }.into(),
                answers.as_ref().map(|a| a.name.clone()).unwrap_or_default().into(),
                answers.map_or(Cell::Empty, |a| a.number.into()),
                phone.map(|n| n.to_string()).unwrap_or_default().into(),
            ])?;
            let at = At { source: "school_enrolment", file: ENROLMENT, sheet: "在籍学生", row };
            records.person(at, p, RowKind::Data, &entry.faults)?;
        }
    }
    book.add(page);
    book.save()
}

/// Writes those on the rolls but not at school.
pub fn dropout(round: &Round, records: &mut Records) -> Outcome<()> {
    let county = round.county;
    let mut dice = round.dice("school_dropout");
    let mut book = Book::create(round.out, DROPOUT, round.as_of)?;
    let mut page = book.page("Sheet1")?;
    page.title("澄岚县义务教育阶段在籍不在校学生名单", 13)?;
    page.headings("序号,学校,年级,姓名,性别,身份证件号,监护人姓名,监护人电话,在籍不在校类别,原因,离校日期,乡镇,村")?;
    let mut outsiders = Outsiders::new(county);
    let mut number = 0;
    for (h, facts) in round.facts.iter().enumerate() {
        for dropout in &facts.dropouts {
            let child = &county.persons[dropout.person];
            let (school, _, grade) = school(county.township(h).name, child.age(round.as_of));
            let entry = round.soiler.entry(&mut dice, dropout.person, Medium::Workbook);
            let guardian = guardian(round, h, dropout.person);
            let answers = guardian.map(|g| round.soiler.entry(&mut dice, g, Medium::Workbook).name);
            let phone = guardian.and_then(|g| county.persons[g].phone);
            number += 1;
            let row = page.row(&[
                number.into(),
                school.into(),
                grade.into(),
                entry.name.into(),
                child.sex.word().into(),
                entry.number.into(),
                answers.unwrap_or_default().into(),
                phone.map(|n| n.to_string()).unwrap_or_default().into(),
                dropout.category.into(),
                dropout.reason.into(),
                style::date(&mut dice, &round.soiler, dropout.day, DateStyle::Chinese),
                round.soiler.township(&mut dice, county.township(h)).into(),
                round.soiler.village(&mut dice, county.village(h)).into(),
            ])?;
            let at = At { source: "school_dropout", file: DROPOUT, sheet: "Sheet1", row };
            records.person(at, dropout.person, RowKind::Data, &entry.faults)?;
        }
        if !facts.dropouts.is_empty() && round.soiler.happens(&mut dice, 50_000) {
            // A child who went to school here and is registered elsewhere.
            let stranger = outsiders.draw(&mut dice, round.as_of, 8, 14);
            let (school, _, grade) = school(county.township(h).name, super::people::age(stranger.birth, round.as_of));
            number += 1;
            let row = page.row(&[
                number.into(),
                school.into(),
                grade.into(),
                stranger.entry.name.clone().into(),
                stranger.sex.word().into(),
                stranger.entry.number.clone().into(),
                Cell::Empty,
                Cell::Empty,
                "疑似辍学".into(),
                "外出就读".into(),
                style::date(&mut dice, &round.soiler, facts.dropouts[0].day, DateStyle::Chinese),
                county.township(h).name.into(),
                county.village(h).name().into(),
            ])?;
            let at = At { source: "school_dropout", file: DROPOUT, sheet: "Sheet1", row };
            records.note(at, "", RowKind::Data, &stranger.entry.faults)?;
        }
    }
    book.add(page);
    book.save()
}
