//! Lists about schooling beyond the compulsory one, aid to pupils, children without parents, and people under special care.

use super::Round;
use super::roll::{self, Field, Form, Line, form};
use super::style::DateStyle;
use super::truth::Records;
use crate::diag::Outcome;

/// Writes pupils and students beyond compulsory schooling with what the school year costs.
pub fn fees(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = Form {
        number: "身份证件号",
        ..form(
            "school_fees",
            "教育/非义务教育在校生收费.xlsx",
            "2026学年非义务教育阶段在校生收费及减免情况（单位：元）",
            "学段,办学性质,学习形式,学费(元),住宿费(元),教科书费(元),减免资助(元)",
            DateStyle::Iso,
        )
    };
    let of = round.facts.iter().flat_map(|f| &f.study.fees);
    let lines: Vec<Line> = of
        .map(|f| {
            let mut fields = vec![Field::Word(f.stage), Field::Word(f.owner), Field::Word(f.mode)];
            fields.extend([f.tuition, f.board, f.books, f.reduced].map(Field::Money));
            Line { person: f.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes aid paid to pupils.
pub fn aid(round: &Round, records: &mut Records) -> Outcome<()> {
    let headings = "学段,资助类型,资助金额(元),发放日期";
    let form = form("school_aid", "教育/学生资助发放名册.xlsx", "", headings, DateStyle::Dot);
    let of = round.facts.iter().flat_map(|f| &f.study.aid);
    let lines: Vec<Line> = of
        .map(|a| {
            let fields =
                vec![Field::Word(a.stage), Field::Word(a.kind), Field::Money(a.amount), Field::Day(Some(a.day))];
            Line { person: a.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes those who finished a school and went to no other (两后生).
pub fn leavers(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = form(
        "school_leavers",
        "教育/两后生名单.xlsx",
        "初高中毕业未升学学生（“两后生”）名单",
        "毕业学段,目前状态",
        DateStyle::Iso,
    );
    let of = round.facts.iter().flat_map(|f| &f.study.leavers);
    let lines: Vec<Line> =
        of.map(|l| Line { person: l.person, fields: vec![Field::Word(l.finished), Field::Word(l.state)] }).collect();
    roll::write(round, records, &form, &lines)
}

/// Writes orphans and children whom nobody brings up.
pub fn orphans(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = Form {
        strangers: 20_000,
        ..form("orphan", "民政/孤儿和事实无人抚养儿童.xlsx", "", "儿童类别,月保障金额(元)", DateStyle::Iso)
    };
    let of = round.facts.iter().flat_map(|f| &f.study.orphans);
    let lines: Vec<Line> = of
        .map(|(person, kind)| Line { person: *person, fields: vec![Field::Word(kind), Field::Money(120_000)] })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes people under special care (优抚).
pub fn veterans(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = form("special_care", "退役军人/优抚对象名册.xlsx", "", "优抚类别", DateStyle::Iso);
    let of = round.facts.iter().flat_map(|f| &f.study.veterans);
    let lines: Vec<Line> = of.map(|&person| Line { person, fields: vec![Field::Word("在乡复员军人")] }).collect();
    roll::write(round, records, &form, &lines)
}
