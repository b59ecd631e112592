//! What is known of schooling beyond the compulsory one, of aid, and of a household's standing: fees, aid, leavers, children
//! without parents, urban registration, relocation. In: the county, draws of a stream of its own. Out: [`Study`], [`Home`].

use jiff::civil::Date;

use super::dice::Dice;
use super::facts::days_before;
use super::people::{County, Relation};

/// A pupil or student beyond compulsory schooling, with what a school year costs (fen).
#[derive(Debug, Clone)]
pub struct Fee {
    /// Who.
    pub person: usize,
    /// 普通高中, 中职, 高职高专 or 本科.
    pub stage: &'static str,
    /// 公办 or 民办.
    pub owner: &'static str,
    /// 全日制 or 非全日制.
    pub mode: &'static str,
    /// Tuition.
    pub tuition: i64,
    /// Board.
    pub board: i64,
    /// Books.
    pub books: i64,
    /// Reductions and aid taken off by the school.
    pub reduced: i64,
}

impl Fee {
    /// What the family pays itself.
    pub fn own(&self) -> i64 {
        self.tuition + self.board + self.books - self.reduced
    }
}

/// A payment of aid to a pupil.
#[derive(Debug, Clone)]
pub struct Aid {
    /// Who.
    pub person: usize,
    /// Stage.
    pub stage: &'static str,
    /// 寄宿生生活补助, 国家助学金, 雨露计划…
    pub kind: &'static str,
    /// Fen.
    pub amount: i64,
    /// Paid on.
    pub day: Date,
}

/// Somebody who finished a school and went to no other.
#[derive(Debug, Clone)]
pub struct Leaver {
    /// Who.
    pub person: usize,
    /// 初中 or 高中.
    pub finished: &'static str,
    /// 未升学未就业, 已升学 or 已就业.
    pub state: &'static str,
}

/// Schooling of a household.
#[derive(Debug, Clone, Default)]
pub struct Study {
    /// Fees.
    pub fees: Vec<Fee>,
    /// Aid.
    pub aid: Vec<Aid>,
    /// Leavers.
    pub leavers: Vec<Leaver>,
    /// Children at school in another county: on no list here.
    pub elsewhere: Vec<usize>,
    /// 孤儿 or 事实无人抚养儿童.
    pub orphans: Vec<(usize, &'static str)>,
    /// Entitled to special care (优抚).
    pub veterans: Vec<usize>,
}

/// How a household stands in the register and in the national system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Home {
    /// Registered as urban.
    pub urban: bool,
    /// Relocated from where nobody can live.
    pub relocated: bool,
    /// Year in which it was lifted out of poverty.
    pub exit_year: Option<i64>,
    /// The office has a reason on file why it stays in spite of a car, a business…
    pub filed: bool,
}

/// Marital status of a person as the register has it.
pub fn marital(county: &County, household: usize, p: usize, seed: u64, as_of: Date) -> &'static str {
    let person = &county.persons[p];
    let mut dice = Dice::new(seed, "marital", person.ordinal as u64);
    let couple = county.members(household).any(|q| county.persons[q].relation == Relation::Spouse);
    let has =
        |relation: fn(&Relation) -> bool| county.members(household).any(|q| relation(&county.persons[q].relation));
    match person.relation {
        _ if person.age(as_of) < 22 => "未婚",
        Relation::Head if couple => {
            let gone = county
                .members(household)
                .any(|q| county.persons[q].relation == Relation::Spouse && !county.persons[q].is_here());
            if gone { "丧偶" } else { "已婚" }
        }
        Relation::Head if has(|r| matches!(r, Relation::Child(_) | Relation::Grandchild)) => {
            *dice.pick(&["离婚", "丧偶"])
        }
        Relation::Head => *dice.weighted(&[("丧偶", 60), ("未婚", 40)]),
        Relation::Spouse | Relation::ChildInLaw => "已婚",
        Relation::Child(_) => *dice.weighted(&[("已婚", 55), ("未婚", 45)]),
        _ => *dice.weighted(&[("丧偶", 50), ("已婚", 50)]),
    }
}

/// Draws a household's standing.
pub fn home(county: &County, household: usize, seed: u64) -> Home {
    let mut dice = Dice::new(seed, "home", household as u64);
    let h = &county.households[household];
    let relocated = h.lifted && dice.percent(18);
    let urban = dice.percent(if relocated { 60 } else { 8 });
    let exit_year = h
        .lifted
        .then(|| *dice.weighted(&[(2014, 8), (2015, 10), (2016, 14), (2017, 18), (2018, 22), (2019, 20), (2020, 8)]));
    let filed = (h.lifted || h.monitored.is_some()) && dice.percent(50);
    Home { urban, relocated, exit_year, filed }
}

/// Draws the schooling of a household.
pub fn study(county: &County, household: usize, seed: u64, as_of: Date) -> Study {
    let mut dice = Dice::new(seed, "study", household as u64);
    let dice = &mut dice;
    let mut study = Study::default();
    let h = &county.households[household];
    let entitled = h.lifted || h.monitored.is_some_and(|m| !m.cleared);
    let here = county.here(household);
    for &p in &here {
        let age = county.persons[p].age(as_of);
        match age {
            6..=15 => {
                if dice.chance(15_000) {
                    study.elsewhere.push(p);
                } else if entitled && dice.percent(96) {
                    let amount = *dice.weighted(&[(50_000, 20), (100_000, 60), (40_000, 5)]);
                    let (stage, day) = (if age <= 11 { "小学" } else { "初中" }, days_before(dice, as_of, 20, 330));
                    study.aid.push(Aid { person: p, stage, kind: "寄宿生生活补助", amount, day });
                }
            }
            16..=22 if dice.percent(if age <= 18 { 80 } else { 45 }) => fee(&mut study, dice, p, age, entitled, as_of),
            16..=20 if dice.percent(40) => {
                let finished = if age <= 17 { "初中" } else { "高中" };
                let state = *dice.weighted(&[("未升学未就业", 30), ("已升学", 30), ("已就业", 40)]);
                study.leavers.push(Leaver { person: p, finished, state });
            }
            _ => {}
        }
    }
    let grown = here.iter().any(|&p| (18..=59).contains(&county.persons[p].age(as_of)));
    for &p in here.iter().filter(|&&p| county.persons[p].age(as_of) < 18) {
        if !grown && dice.percent(45) {
            study.orphans.push((p, *dice.weighted(&[("孤儿", 25), ("事实无人抚养儿童", 75)])));
        }
    }
    for &p in here.iter().filter(|&&p| county.persons[p].age(as_of) >= 60) {
        if dice.chance(9_000) {
            study.veterans.push(p);
        }
    }
    study
}

fn fee(study: &mut Study, dice: &mut Dice, p: usize, age: i64, entitled: bool, as_of: Date) {
    let stage = match age {
        16..=18 => *dice.weighted(&[("普通高中", 62), ("中职", 38)]),
        _ => *dice.weighted(&[("高职高专", 55), ("本科", 45)]),
    };
    let owner = *dice.weighted(&[("公办", 85), ("民办", 15)]);
    let mode = *dice.weighted(&[("全日制", 94), ("非全日制", 6)]);
    let tuition = match (stage, owner) {
        ("中职", "公办") => 0,
        (_, "民办") => dice.between(90, 220) * 10_000,
        ("普通高中", _) => dice.between(8, 18) * 10_000,
        _ => dice.between(35, 65) * 10_000,
    };
    // A tenth study where it is dear.
    let dear = dice.percent(8);
    let board = if dear { dice.between(60, 95) * 10_000 } else { dice.between(5, 14) * 10_000 };
    let mut one = Fee { person: p, stage, owner, mode, tuition, board, books: dice.between(3, 9) * 10_000, reduced: 0 };
    if entitled || dice.percent(15) {
        one.reduced = (one.own() / 2 / 10_000 * 10_000).min(400_000);
    }
    if dear && dice.percent(12) {
        // Exactly on the limit.
        one.board += super::policy::SCHOOL_COST - one.own();
    }
    if entitled && dice.percent(93) {
        let kind = if dice.percent(50) { "国家助学金" } else { "雨露计划" };
        study.aid.push(Aid { person: p, stage, kind, amount: 300_000, day: days_before(dice, as_of, 20, 330) });
    }
    study.fees.push(one);
}
