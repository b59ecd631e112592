//! What the departments know of a household: data types and the ordinary life that most households lead.
//!
//! In: the county and draws. Out: [`Facts`] that by themselves put no household on the list (the amounts stay
//! well inside the policy); [`super::risk`] adds the risks and what only looks like one. Money is in fen.

use jiff::ToSpan;
use jiff::civil::Date;

use super::aid::Aid;
use super::dice::Dice;
use super::lives::Lives;
use super::means::Means;
use super::people::County;
use super::policy;
use super::study::{Home, Study};

/// One settlement row.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Who.
    pub person: usize,
    /// Settled on.
    pub day: Date,
    /// Rows of one stay carry the same number.
    pub stay: u32,
    /// Index into the hospitals.
    pub hospital: u8,
    /// Stay in hospital, or treatment without.
    pub inpatient: bool,
    /// Total.
    pub total: i64,
    /// Part the policy covers.
    pub in_scope: i64,
    /// Basic fund.
    pub pool: i64,
    /// Serious-illness insurance.
    pub serious: i64,
    /// Medical assistance.
    pub aid: i64,
    /// Other funds: commercial insurance, mutual aid.
    pub other: i64,
    /// Takes an earlier row back; its amounts are negative.
    pub refund: bool,
}

impl Claim {
    /// All funds together.
    pub fn funds(&self) -> i64 {
        self.pool + self.serious + self.aid + self.other
    }

    /// Compliant self-pay.
    pub fn self_pay(&self) -> i64 {
        self.in_scope - self.funds()
    }

    /// The row that takes this one back.
    pub fn refunded(&self, day: Date) -> Claim {
        Claim {
            day,
            total: -self.total,
            in_scope: -self.in_scope,
            pool: -self.pool,
            serious: -self.serious,
            aid: -self.aid,
            other: -self.other,
            refund: true,
            ..self.clone()
        }
    }
}

/// A child on the education office's list.
#[derive(Debug, Clone)]
pub struct Dropout {
    /// Who.
    pub person: usize,
    /// 疑似辍学, 长期请假, 休学 or 送教上门.
    pub category: &'static str,
    /// 因贫, 厌学, 身体原因, 外出就读 or 其他.
    pub reason: &'static str,
    /// Left school on.
    pub day: Date,
}

/// A house appraised.
#[derive(Debug, Clone)]
pub struct Appraisal {
    /// A, B, C or D.
    pub grade: char,
    /// Appraised on.
    pub day: Date,
    /// Rebuilt and accepted on.
    pub accepted: Option<Date>,
    /// What the surveyors saw besides.
    pub house: House,
}

/// What a surveyor notes of a house besides its grade.
#[derive(Debug, Clone, Copy, Default)]
pub struct House {
    /// The household has no other.
    pub only: bool,
    /// Shabby inside and outside.
    pub shabby: bool,
    /// The household has signed.
    pub signed: bool,
    /// A plaque hangs at the door.
    pub plaque: bool,
    /// 修缮加固, 新建, 置换 or nothing.
    pub mode: &'static str,
    /// Tenths of a square metre, of a new house.
    pub area: i64,
    /// What the household paid itself for the works, fen.
    pub own_cost: i64,
}

/// A household's water.
#[derive(Debug, Clone)]
pub struct Water {
    /// From the village's works.
    pub central: bool,
    /// Tenths of a litre per person and day; none where nobody measured.
    pub decilitres: Option<i64>,
    /// Days without water in a year.
    pub days_off: i64,
    /// Problem, reported on, repaired on.
    pub problem: Option<(&'static str, Date, Option<Date>)>,
    /// Minutes to fetch water.
    pub minutes: i64,
    /// 合格, 不合格 or 未检测.
    pub quality: &'static str,
}

/// A grant of temporary relief.
#[derive(Debug, Clone)]
pub struct Relief {
    /// Applicant.
    pub person: usize,
    /// 重大疾病, 意外事故, 自然灾害, 子女教育, 失业 or 其他.
    pub reason: &'static str,
    /// Fen.
    pub amount: i64,
    /// Granted on.
    pub day: Date,
    /// Paid on; none while it waits.
    pub paid: Option<Date>,
}

/// The income survey of a household.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Per-capita net income, fen.
    pub per_capita: i64,
    /// The year before.
    pub last_year: i64,
    /// Loss in the family's industry, fen.
    pub loss: i64,
    /// Able to work.
    pub labour: i64,
    /// In stable work.
    pub stable: i64,
    /// Visited on.
    pub day: Date,
}

/// Everything known of one household.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Settlements.
    pub claims: Vec<Claim>,
    /// Education list.
    pub dropouts: Vec<Dropout>,
    /// Appraisals.
    pub appraisals: Vec<Appraisal>,
    /// Water.
    pub water: Option<Water>,
    /// Relief.
    pub relief: Vec<Relief>,
    /// Survey.
    pub survey: Option<Survey>,
    /// What only the village knows: cause code and reason.
    pub hidden: Vec<(&'static str, &'static str)>,
    /// What departments know of the persons.
    pub lives: Lives,
    /// What departments know of the means.
    pub means: Means,
    /// Schooling beyond the compulsory one.
    pub study: Study,
    /// How the household stands.
    pub home: Home,
    /// Allowance, care, insurance.
    pub aid: Aid,
}

/// Number of hospitals in `export_medical`'s list that a stay may fall in.
pub const HOSPITALS: usize = 12;

/// A claim with a given compliant self-pay. The share the funds carry is drawn.
pub fn claim(
    dice: &mut Dice,
    (person, hospital): (usize, u8),
    day: Date,
    stay: u32,
    self_pay: i64,
    inpatient: bool,
) -> Claim {
    let share = dice.between(45, 78);
    let in_scope = self_pay * 100 / (100 - share) + if self_pay == 0 { dice.between(2_000, 30_000) } else { 0 };
    let funds = in_scope - self_pay;
    let serious = if self_pay > 800_000 { funds * dice.between(15, 30) / 100 } else { 0 };
    let aid = if dice.percent(12) { funds * dice.between(3, 10) / 100 } else { 0 };
    let outside = in_scope * dice.between(4, 24) / 100;
    Claim {
        person,
        day,
        stay,
        hospital,
        inpatient,
        total: in_scope + outside,
        in_scope,
        pool: funds - serious - aid,
        serious,
        aid,
        other: 0,
        refund: false,
    }
}

/// The hospital of a stay.
pub fn hospital(dice: &mut Dice) -> u8 {
    dice.early(HOSPITALS) as u8
}

/// A day so many days before the round, drawn.
pub fn days_before(dice: &mut Dice, as_of: Date, from: i64, to: i64) -> Date {
    as_of.saturating_sub(dice.between(from, to).days())
}

/// The ordinary life of a household.
pub fn ordinary(county: &County, household: usize, dice: &mut Dice, as_of: Date) -> Facts {
    let here = county.here(household);
    let mut facts = Facts::default();
    if here.is_empty() {
        return facts;
    }
    claims(county, household, &here, &mut facts, dice, as_of);
    let h = &county.households[household];
    if dice.percent(26) {
        let grade = *dice.weighted(&[('A', 45), ('B', 55)]);
        let day = days_before(dice, as_of, 30, 2200);
        facts.appraisals.push(Appraisal { grade, day, accepted: None, house: House::default() });
    }
    facts.water = dice.percent(97).then(|| {
        let central = dice.percent(80);
        let fault = dice.percent(2).then(|| {
            let reported = days_before(dice, as_of, 40, 320);
            let repaired = reported.saturating_add(dice.between(1, 25).days());
            ("水压不足", reported, Some(repaired))
        });
        Water {
            central,
            decilitres: (!dice.percent(3)).then(|| dice.between(420, 950)),
            days_off: dice.quantile(&[0, 0, 2, 5, 9, 15, 28]),
            problem: fault,
            minutes: if central { 0 } else { dice.between(2, 18) },
            quality: "合格",
        }
    });
    facts.survey = dice.percent(85).then(|| {
        let labour = here
            .iter()
            .filter(|&&p| {
                let person = &county.persons[p];
                (18..=64).contains(&person.age(as_of)) && person.disability.is_none_or(|(_, level)| level > 2)
            })
            .count() as i64;
        let poor = h.income < policy::INCOME_LINE;
        let stable = match labour {
            0 => 0,
            n if poor => dice.between(1, n),
            n => {
                let least = i64::from(!dice.percent(10));
                dice.between(least, n)
            }
        };
        let loss = if dice.percent(4) { dice.between(300, 8_000) * 100 } else { 0 };
        Survey {
            per_capita: h.income,
            last_year: h.income * dice.between(84, 104) / 100,
            loss,
            labour,
            stable,
            day: days_before(dice, as_of, 15, 110),
        }
    });
    if dice.percent(2) {
        let reason = *dice.pick(&["子女教育", "失业", "其他", "重大疾病"]);
        let amount = dice.between(5, 45) * 10_000;
        let (person, day) = (*dice.pick(&here), days_before(dice, as_of, 5, 700));
        facts.relief.push(Relief { person, reason, amount, day, paid: None });
    }
    facts
}

/// Treatments of a year. What the household pays itself stays below 70 % of the policy's limit.
fn claims(county: &County, household: usize, here: &[usize], facts: &mut Facts, dice: &mut Dice, as_of: Date) {
    let mut stay = 0;
    let mut budget = policy::medical_limit(county.households[household].lifted) * 7 / 10;
    for &p in here {
        let age = county.persons[p].age(as_of);
        let visits = match age {
            0..=5 => *dice.weighted(&[(0, 60), (1, 25), (2, 15)]),
            6..=39 => *dice.weighted(&[(0, 78), (1, 15), (2, 7)]),
            40..=64 => *dice.weighted(&[(0, 58), (1, 23), (2, 13), (3, 6)]),
            _ => *dice.weighted(&[(0, 42), (1, 27), (2, 18), (4, 13)]),
        };
        for _ in 0..visits {
            let inpatient = dice.percent(if age >= 60 { 28 } else { 12 });
            let wanted = if inpatient {
                dice.quantile(&[30_000, 60_000, 110_000, 220_000, 420_000])
            } else {
                dice.between(500, 26_000)
            };
            let own = wanted.min(budget);
            budget -= own;
            let day = days_before(dice, as_of, 3, 360);
            let rows = if inpatient && dice.percent(35) { 2 } else { 1 };
            let place = (p, hospital(dice));
            for row in 0..rows {
                let part = if row + 1 == rows { own - own / rows * (rows - 1) } else { own / rows };
                facts.claims.push(claim(dice, place, day, stay, part, inpatient));
            }
            if dice.chance(12_000) {
                // Taken back and settled again: three rows, one bill.
                let first = facts.claims[facts.claims.len() - 1].clone();
                let later = first.day.saturating_add(1.days()).min(as_of);
                facts.claims.push(first.refunded(later));
                facts.claims.push(Claim { day: later, ..first });
            }
            stay += 1;
        }
    }
}
