//! The evidence of a link in words a clerk can read.
//!
//! In: levels and the values behind them. Out: one Chinese sentence. Identity numbers are masked; names stand in full,
//! which is why the column's privacy class is personal.

use std::borrow::Cow;

use super::block::Pass;
use super::decide::{Decided, Judged, Pair, Status};
use super::names::NameLevel;
use super::numbers::{self, NumberLevel};
use super::pack::{Columns, NO_DATE};
use super::score::{BirthLevel, ClaimLevel, DivisionLevel, HouseholdLevel, Levels, PhoneLevel, SexLevel};
use super::spine::Spine;
use crate::model::text;

/// Why a record is in its state, in one sentence.
pub fn sentence(spine: &Spine, entries: &Columns, record: u32, judged: &Judged) -> String {
    let words = |p: &Pair| pair(&p.levels, spine, p.person);
    let in_brackets = |said: &str| if said.is_empty() { String::new() } else { format!("（{said}）") };
    let Some(best) = judged.pairs.first() else {
        return match &judged.decided {
            Some(Decided::Barred { said }) => {
                format!("人工认定与候选人不是同一人{}；没有其他足够相符的人", in_brackets(said))
            }
            _ => nobody(entries, record),
        };
    };
    let mut evidence = match (judged.status, &judged.decided) {
        (_, Some(Decided::Same { said, contradicted })) => {
            let review =
                if *contradicted { "；认定后该身份证号登记在另一人名下，请复核" } else { "" };
            return format!("人工认定为同一人{}；{}{review}", in_brackets(said), words(best));
        }
        (_, Some(Decided::Barred { said })) => {
            format!("{}；已排除人工认定不是同一人的候选人{}", words(best), in_brackets(said))
        }
        (Status::Conflict, None) => conflict(spine, judged),
        _ => words(best),
    };
    let notes = &judged.notes;
    if judged.status == Status::Linked && spine.is_repeated(best.person) {
        evidence.push_str("；底册有此人的重复登记，取状态正常或在前的一条");
    }
    if judged.status == Status::Possible && notes.others > 0 {
        evidence.push_str(&format!("；另有{}名相近的候选人", notes.others));
    }
    if notes.namesake_at_home {
        evidence.push_str("；同户另有同名成员，号码可能是其中一人的");
    }
    if notes.registered_elsewhere {
        evidence.push_str("；底册另有同号同名的登记");
    }
    if notes.claimed_twice {
        evidence.push_str("；本来源另有记录也对应此人");
    }
    if notes.decided_elsewhere {
        evidence.push_str("；人工已认定另一条记录对应此人");
    }
    if notes.best_is_taken {
        evidence.push_str("；更相近的候选人应对应本来源另一记录，列在其后");
    }
    evidence
}

/// The owner of the number, and who fits by name.
fn conflict(spine: &Spine, judged: &Judged) -> String {
    let owner = judged.pairs.iter().find(|p| p.levels.number == NumberLevel::Exact).unwrap_or(&judged.pairs[0]);
    let owner = pair(&owner.levels, spine, owner.person);
    let best = judged.pairs.iter().find(|p| p.levels.number != NumberLevel::Exact);
    match best {
        Some(best) if judged.notes.better_name => {
            let place = match (best.pass, best.levels.number, best.levels.division) {
                (_, NumberLevel::Relative, _) => "同户",
                (Pass::NameVillage, ..) | (_, _, DivisionLevel::Village) => "同村",
                _ => "另一户",
            };
            let name = spine.people.name_of(best.person).map_or("空", |n| n.text());
            format!("号码与姓名不符：{owner}；{place}有姓名更相符的{name}")
        }
        _ => format!("号码与姓名不符：{owner}；未找到姓名相符的人"),
    }
}

fn nobody(entries: &Columns, record: u32) -> String {
    let number = match entries.has_number(record) {
        true if entries.number[record as usize] != numbers::NONE => "底册中没有此身份证号",
        true => "身份证号有误且底册中没有相近号码",
        false => "没有可用的身份证号",
    };
    let name = match entries.name_of(record) {
        Some(_) => "没有足够相符的人",
        None => "记录没有姓名",
    };
    format!("{number}；{name}")
}

/// What agreed and what did not; "登记为" is what the register has.
pub fn pair(levels: &Levels, spine: &Spine, person: u32) -> String {
    let card = &spine.cards[person as usize];
    let name = || spine.people.names.get(card.name).map_or("空", |n| n.text());
    let number = || match card.number {
        numbers::NONE => "无有效号码".to_string(),
        number => text::mask_number(&numbers::show(number)),
    };
    let birth = || match card.any_birth() {
        NO_DATE => "空".to_string(),
        days => text::date(days),
    };
    let mut parts: Vec<Cow<'static, str>> = Vec::with_capacity(5);
    match levels.number {
        NumberLevel::Exact => parts.push("身份证号一致".into()),
        NumberLevel::OneDigit => parts.push(format!("身份证号差一位（登记为{}）", number()).into()),
        NumberLevel::Transposed => parts.push(format!("身份证号相邻两位颠倒（登记为{}）", number()).into()),
        NumberLevel::Partial => parts.push(format!("身份证号残缺，余下的前段一致（登记为{}）", number()).into()),
        NumberLevel::TwoDigits => parts.push(format!("身份证号差两位（登记为{}）", number()).into()),
        NumberLevel::Compensated => {
            parts.push(format!("身份证号校验无误，但与登记号码仅差一处及校验码（登记为{}）", number()).into())
        }
        NumberLevel::Parts => {
            parts.push(format!("身份证号地区和出生日期段一致，顺序码不同（登记为{}）", number()).into())
        }
        NumberLevel::Relative => parts.push("身份证号属于同户成员".into()),
        NumberLevel::Different => parts.push(format!("身份证号不同（登记为{}）", number()).into()),
        NumberLevel::Missing => parts.push("身份证号无法比对".into()),
    }
    parts.push(match levels.name {
        NameLevel::Exact => "姓名一致".into(),
        NameLevel::Script => format!("姓名仅繁简、异体或间隔号不同（登记为{}）", name()).into(),
        NameLevel::Sound => format!("姓名同音（登记为{}）", name()).into(),
        NameLevel::Dialect => format!("姓名方言近音（登记为{}）", name()).into(),
        NameLevel::Shape => format!("姓名有一字形近（登记为{}）", name()).into(),
        NameLevel::Wildcard => format!("姓名有生僻字未能显示，其余一致（登记为{}）", name()).into(),
        NameLevel::Parts => format!("姓名各部分缺失或次序不同（登记为{}）", name()).into(),
        NameLevel::Near => format!("姓名相近（登记为{}）", name()).into(),
        NameLevel::SurnameOnly => format!("姓名仅部分相同（登记为{}）", name()).into(),
        NameLevel::Different => format!("姓名不同（登记为{}）", name()).into(),
        NameLevel::Missing => "姓名无法比对".into(),
    });
    let source = if levels.own_birth { "" } else { "号码中的" };
    match levels.birth {
        BirthLevel::Exact => parts.push(format!("{source}出生日期一致").into()),
        BirthLevel::Near => parts.push(format!("{source}出生日期相近（登记为{}）", birth()).into()),
        BirthLevel::Year => parts.push(format!("{source}出生年份一致（登记为{}）", birth()).into()),
        BirthLevel::Different => parts.push(format!("{source}出生日期不同（登记为{}）", birth()).into()),
        BirthLevel::Missing => {}
    }
    match levels.sex {
        // Half of all people agree; it is worth a word only when it does not.
        SexLevel::Same | SexLevel::Missing => {}
        SexLevel::Different => parts.push("性别不同".into()),
    }
    match levels.division {
        DivisionLevel::Village => parts.push("同村".into()),
        DivisionLevel::Township => parts.push("同乡镇".into()),
        DivisionLevel::OtherVillage => parts.push("同乡镇不同村".into()),
        DivisionLevel::County => parts.push("乡镇不同".into()),
        DivisionLevel::Different => parts.push("县不同".into()),
        DivisionLevel::Missing => {}
    }
    match levels.phone {
        PhoneLevel::Same => parts.push("电话一致".into()),
        PhoneLevel::Household => parts.push("电话为同户成员的".into()),
        // People change their telephones; it is worth a word only when it agrees.
        PhoneLevel::Different | PhoneLevel::Missing => {}
    }
    match levels.household {
        HouseholdLevel::Same => parts.push("来源中的同一家庭已对应此户".into()),
        HouseholdLevel::Other => parts.push("来源中的同一家庭对应另一户".into()),
        HouseholdLevel::Missing => {}
    }
    if levels.claim == ClaimLevel::Taken {
        parts.push("来源中另有记录已对应此人".into());
    }
    parts.join("；")
}
