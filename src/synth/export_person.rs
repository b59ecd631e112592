//! Lists about single persons: disability federation, health bureau, human resources, traffic police, register of deaths.

use super::Round;
use super::roll::{self, Field, Form, Line};
use super::style::DateStyle;
use super::truth::Records;
use crate::diag::Outcome;

/// The kinds of disability, 1 to 7.
const CATEGORIES: [&str; 7] = ["视力残疾", "听力残疾", "言语残疾", "肢体残疾", "智力残疾", "精神残疾", "多重残疾"];
/// The levels, 1 to 4.
const LEVELS: [&str; 4] = ["一级", "二级", "三级", "四级"];

/// Writes the holders of disability certificates; the certificate's number stands where others have the identity number.
pub fn disability(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = Form {
        source: "disability",
        file: "残联/持证残疾人信息.xlsx",
        title: "澄岚县持证残疾人信息台账",
        name: "姓名",
        number: "残疾人证号",
        headings: "性别,残疾类别,残疾等级,发证日期,困难残疾人生活补贴,重度残疾人护理补贴",
        days: DateStyle::Iso,
        strangers: 3_000,
    };
    let of = round.facts.iter().flat_map(|f| &f.lives.certificates);
    let mut dice = round.dice("disability words");
    let lines: Vec<Line> = of
        .map(|c| {
            let level = usize::from(c.level - 1);
            let other = round.soiler.happens(&mut dice, 120_000);
            let word = if other { ["壹级", "2", "叁级", "肆级"][level] } else { LEVELS[level] };
            let person = &round.county.persons[c.person];
            let fields = vec![
                Field::Certificate(c.category, c.level),
                roll::sex(person),
                Field::Word(CATEGORIES[usize::from(c.category - 1)]),
                Field::Word(word),
                Field::Day(Some(c.issued)),
                Field::Yes(c.living),
                Field::Yes(c.care),
            ];
            Line { person: c.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes the health bureau's ledger of serious and chronic illness.
pub fn illness(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = Form {
        source: "illness",
        file: "卫健/大病慢病管理台账.xlsx",
        title: "澄岚县农村大病、慢病患者救治管理台账",
        name: "姓名",
        number: "身份证号",
        headings: "病类,病种,确诊日期,救治医院,救治状态,是否签约家庭医生",
        days: DateStyle::Dot,
        strangers: 2_000,
    };
    let of = round.facts.iter().flat_map(|f| &f.lives.illnesses);
    let lines: Vec<Line> = of
        .map(|i| {
            let hospital = if i.treatment == "未救治" { "" } else { "澄岚县人民医院" };
            let fields = vec![
                Field::Word(i.class),
                Field::Word(i.disease),
                Field::Day(Some(i.diagnosed)),
                Field::Word(hospital),
                Field::Word(i.treatment),
                Field::Yes(i.doctor),
            ];
            Line { person: i.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes the labour ledger of human resources.
pub fn employment(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = Form {
        source: "employment",
        file: "人社/农村劳动力就业台账.xlsx",
        title: "",
        name: "姓名",
        number: "身份证号",
        headings: "就业状态,务工所在地,月收入(元),务工开始,务工结束,失业登记日期,公益性岗位,培训意愿,最近培训日期",
        days: DateStyle::Slash,
        strangers: 0,
    };
    let of = round.facts.iter().flat_map(|f| &f.lives.jobs);
    let lines: Vec<Line> = of
        .map(|j| {
            let fields = vec![
                Field::Word(j.state),
                Field::Word(j.place),
                Field::Money(j.wage),
                Field::Month(j.started),
                Field::Month(j.ended),
                Field::Day(j.unemployed),
                Field::Yes(j.post),
                Field::Yes(j.willing),
                Field::Day(j.trained),
            ];
            Line { person: j.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes the casualties of road accidents.
pub fn accident(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = Form {
        source: "traffic_accident",
        file: "公安交警/交通事故伤亡人员.csv",
        title: "",
        name: "伤亡人员姓名",
        number: "身份证号",
        headings: "性别,出生日期,事故日期,伤亡程度,责任认定,赔付金额(元)",
        days: DateStyle::Iso,
        strangers: 60_000,
    };
    let mut dice = round.dice("accident words");
    let of = round.facts.iter().flat_map(|f| &f.lives.casualties);
    let lines: Vec<Line> = of
        .map(|c| {
            let person = &round.county.persons[c.person];
            let fields = vec![
                roll::sex(person),
                roll::birth(person),
                Field::Day(Some(c.day)),
                Field::Word(c.severity),
                Field::Word(dice.pick::<&str>(&["全部责任", "主要责任", "同等责任", "次要责任", "无责任"])),
                Field::Money(c.paid),
            ];
            Line { person: c.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes the register of deaths, which knows some earlier than the police's register.
pub fn death(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = Form {
        source: "death",
        file: "民政/死亡登记（殡葬）.xlsx",
        title: "澄岚县死亡人员信息登记表",
        name: "逝者姓名",
        number: "身份证号",
        headings: "性别,出生日期,死亡日期,死亡原因",
        days: DateStyle::Chinese,
        strangers: 8_000,
    };
    let mut of: Vec<_> = round.facts.iter().flat_map(|f| &f.lives.deaths).collect();
    of.sort_by_key(|d| (d.day, d.person));
    let lines: Vec<Line> = of
        .iter()
        .map(|d| {
            let person = &round.county.persons[d.person];
            let fields = vec![roll::sex(person), roll::birth(person), Field::Day(Some(d.day)), Field::Word(d.cause)];
            Line { person: d.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes whose pension contribution the state pays.
pub fn pension(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = Form {
        source: "pension_paid_for",
        file: "人社/养老保险困难人员代缴名册.xlsx",
        title: "城乡居民基本养老保险困难人员代缴名册",
        name: "姓名",
        number: "身份证号",
        headings: "缴费年度,代缴金额(元)",
        days: DateStyle::Iso,
        strangers: 0,
    };
    let of = round.facts.iter().flat_map(|f| &f.lives.pensions);
    let year = i64::from(round.as_of.year());
    let lines: Vec<Line> =
        of.map(|&person| Line { person, fields: vec![Field::Count(year), Field::Money(10_000)] }).collect();
    roll::write(round, records, &form, &lines)
}
