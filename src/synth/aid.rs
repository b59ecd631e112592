//! Who is kept by the civil office and who is insured: minimum allowance, care for the destitute, medical insurance. In: the
//! county, draws of a stream of its own. Out: [`Aid`] of a household. Money is in fen.

use jiff::ToSpan;
use jiff::civil::Date;

use super::dice::Dice;
use super::facts::days_before;
use super::people::{County, Relation};
use super::policy;

/// A household's minimum allowance.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// Members who get it.
    pub covered: i64,
    /// A, B or C.
    pub class: &'static str,
    /// Fen a month.
    pub amount: i64,
    /// A day of the first month.
    pub start: Date,
    /// A day of the month in which it stopped, and why.
    pub stopped: Option<(Date, &'static str)>,
}

/// A destitute person's care.
#[derive(Debug, Clone)]
pub struct Care {
    /// Who.
    pub person: usize,
    /// Cared for at home, not in an institution.
    pub at_home: bool,
    /// 全自理, 半护理 or 全护理.
    pub level: &'static str,
    /// A day of the first month.
    pub start: Date,
}

/// A row of this year's insurance list.
#[derive(Debug, Clone)]
pub struct Insurance {
    /// Who.
    pub person: usize,
    /// 已参保, 代缴 or 未参保.
    pub status: &'static str,
    /// Why somebody is not insured here: 参加职工医保, 异地参保, 参军; or nothing.
    pub reason: &'static str,
    /// What the person paid, fen.
    pub paid: i64,
    /// Why the state pays a part.
    pub class: &'static str,
    /// Paid on.
    pub day: Date,
}

/// What a household gets.
#[derive(Debug, Clone, Default)]
pub struct Aid {
    /// Minimum allowance.
    pub allowance: Option<Allowance>,
    /// Care.
    pub care: Option<Care>,
    /// Insurance.
    pub insurance: Vec<Insurance>,
}

/// What the residents' insurance costs a year, fen.
pub const PREMIUM: i64 = 40_000;

/// Draws what a household gets. `exit_year` is the year in which it was lifted out of poverty.
pub fn aid(county: &County, household: usize, exit_year: Option<i64>, seed: u64, as_of: Date) -> Aid {
    let mut dice = Dice::new(seed, "aid", household as u64);
    let dice = &mut dice;
    let here = county.here(household);
    let mut aid = Aid::default();
    if here.is_empty() {
        return aid;
    }
    let h = &county.households[household];
    let poor = h.income < policy::INCOME_LINE;
    if Dice::new(seed, "allowance", household as u64).percent(if poor { 24 } else { 2 }) {
        let covered = dice.between(1, here.len() as i64);
        let stopped = dice.percent(12).then(|| {
            let reason = *dice.pick(&["收入超标", "收入超标", "死亡", "主动放弃"]);
            (days_before(dice, as_of, 20, 250), reason)
        });
        let newest = if stopped.is_some() { 300 } else { 35 };
        aid.allowance = Some(Allowance {
            covered,
            class: *dice.weighted(&[("A", 15), ("B", 45), ("C", 40)]),
            amount: covered * dice.between(180, 430) * 100,
            start: days_before(dice, as_of, newest, 2_000),
            stopped,
        });
    }
    if let [p] = here[..]
        && county.persons[p].relation == Relation::Head
        && county.persons[p].age(as_of) >= 60
        && dice.percent(12)
    {
        let fresh = dice.percent(12);
        aid.care = Some(Care {
            person: p,
            at_home: dice.percent(75),
            level: *dice.pick(&["全自理", "半护理", "全护理"]),
            start: if fresh { days_before(dice, as_of, 20, 170) } else { days_before(dice, as_of, 200, 2_500) },
        });
    }
    let subsidised = exit_year.is_some_and(|year| year > policy::NO_SUBSIDY_UNTIL);
    for &person in &here {
        // Some stand on no list at all: nobody knows why.
        if dice.chance(6_000) {
            continue;
        }
        let elsewhere = dice.percent(20);
        let status = if elsewhere || dice.percent(3) { "未参保" } else { "已参保" };
        let reason = if elsewhere {
            *dice.weighted(&[("参加职工医保", 60), ("异地参保", 37), ("参军", 3)])
        } else {
            ""
        };
        let tier = if dice.percent(90) { PREMIUM } else { 70_000 };
        let (mut class, mut paid, mut state) = ("", tier, status);
        if aid.care.is_some() {
            (class, paid, state) = ("特困人员", 0, "代缴");
            if dice.percent(15) {
                (paid, state) = (PREMIUM / 2, "已参保");
            }
        } else if let Some(marked) = h.monitored.filter(|m| !m.cleared) {
            class = match marked.list_type {
                "unstable" => "脱贫不稳定户",
                "marginal" => "边缘易致贫户",
                _ => "突发严重困难户",
            };
            paid = tier - PREMIUM / 2;
        } else if subsidised {
            class = "脱贫人口";
            paid = if dice.percent(95) { tier - PREMIUM / 2 } else { tier };
        }
        if status == "未参保" {
            (class, paid, state) = ("", 0, status);
        }
        let day = as_of.saturating_sub(dice.between(210, 360).days());
        aid.insurance.push(Insurance { person, status: state, reason, paid, class, day });
    }
    aid
}
