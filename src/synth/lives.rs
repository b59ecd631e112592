//! What departments know of single persons: disability, illness, work, pension, accident, death. In: the county, draws of
//! a stream of its own. Out: [`Lives`] of a household. Money is in fen.

use jiff::civil::Date;

use super::dice::Dice;
use super::facts::days_before;
use super::people::{County, Person, Status};

/// A disability certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Who.
    pub person: usize,
    /// Kind, 1 to 7.
    pub category: u8,
    /// Level, 1 to 4; 1 and 2 are severe.
    pub level: u8,
    /// Issued on.
    pub issued: Date,
    /// Draws the living allowance.
    pub living: bool,
    /// Draws the care allowance.
    pub care: bool,
}

/// An entry of the health bureau's ledger of serious and chronic illness.
#[derive(Debug, Clone)]
pub struct Illness {
    /// Who.
    pub person: usize,
    /// 大病, 慢性病, 严重精神障碍 or 白内障.
    pub class: &'static str,
    /// Which.
    pub disease: &'static str,
    /// Found on.
    pub diagnosed: Date,
    /// 已救治, 治疗中 or 未救治.
    pub treatment: &'static str,
    /// Has a contract with a family doctor.
    pub doctor: bool,
}

/// An entry of the labour ledger.
#[derive(Debug, Clone)]
pub struct Job {
    /// Who.
    pub person: usize,
    /// 稳定就业, 灵活就业, 失业 or 未就业.
    pub state: &'static str,
    /// 县内, 省内县外 or 省外; empty without work.
    pub place: &'static str,
    /// Wage a month, fen.
    pub wage: i64,
    /// In work since.
    pub started: Option<Date>,
    /// Work away from home ended on.
    pub ended: Option<Date>,
    /// Registered as unemployed on.
    pub unemployed: Option<Date>,
    /// A post of public benefit.
    pub post: bool,
    /// Wants to be trained.
    pub willing: bool,
    /// Trained last on.
    pub trained: Option<Date>,
}

/// A casualty of a road accident.
#[derive(Debug, Clone)]
pub struct Casualty {
    /// Who.
    pub person: usize,
    /// On.
    pub day: Date,
    /// 轻伤, 重伤 or 死亡.
    pub severity: &'static str,
    /// Compensation, fen.
    pub paid: i64,
}

/// An entry of the register of deaths.
#[derive(Debug, Clone)]
pub struct Death {
    /// Who.
    pub person: usize,
    /// On.
    pub day: Date,
    /// 疾病, 意外, 自然死亡.
    pub cause: &'static str,
}

/// What departments know of a household's persons.
#[derive(Debug, Clone, Default)]
pub struct Lives {
    /// Disability federation.
    pub certificates: Vec<Certificate>,
    /// Health bureau.
    pub illnesses: Vec<Illness>,
    /// Human resources.
    pub jobs: Vec<Job>,
    /// Traffic police.
    pub casualties: Vec<Casualty>,
    /// Deaths.
    pub deaths: Vec<Death>,
    /// Whose pension contribution the state pays.
    pub pensions: Vec<usize>,
}

/// Severely disabled by a certificate.
pub fn severe(person: &Person) -> bool {
    person.disability.is_some_and(|(_, level)| level <= 2)
}

/// Draws what departments know of the persons of a household.
pub fn lives(county: &County, household: usize, seed: u64, as_of: Date) -> Lives {
    let mut dice = Dice::new(seed, "lives", household as u64);
    let mut lives = Lives::default();
    let lifted = county.households[household].lifted;
    for p in county.members(household) {
        let person = &county.persons[p];
        let age = person.age(as_of);
        if let Status::Deceased(day) = person.status
            && dice.percent(96)
        {
            let cause = if age >= 75 { "自然死亡" } else { *dice.pick(&["疾病", "疾病", "意外"]) };
            lives.deaths.push(Death { person: p, day, cause });
        }
        if !person.is_here() {
            continue;
        }
        if let Some((category, level)) = person.disability {
            // A certificate of this year is news; nobody is born with one.
            let fresh = (16..60).contains(&age) && level <= 2 && dice.percent(25);
            let issued = if fresh {
                days_before(&mut dice, as_of, 12, 340)
            } else {
                let oldest = (age * 360).clamp(500, 5_000);
                days_before(&mut dice, as_of, 400, oldest)
            };
            let (living, care) = (dice.percent(93), level <= 2 && dice.percent(94));
            lives.certificates.push(Certificate { person: p, category, level, issued, living, care });
        }
        illnesses(&mut lives, person, p, age, as_of, &mut dice);
        if (16..=64).contains(&age) && !(age <= 18 || severe(person)) {
            lives.jobs.push(job(p, age, as_of, &mut dice));
        }
        let entitled = lifted || severe(person);
        if (16..60).contains(&age) && entitled && dice.percent(95) {
            lives.pensions.push(p);
        }
        if dice.chance(2_500) {
            let severity = *dice.weighted(&[("轻伤", 62), ("重伤", 38)]);
            let (day, paid) = (days_before(&mut dice, as_of, 10, 700), dice.between(0, 900) * 10_000);
            lives.casualties.push(Casualty { person: p, day, severity, paid });
        }
    }
    // A death that the police have not entered yet.
    if dice.chance(2_000)
        && let Some(&p) = county.here(household).iter().rfind(|&&p| county.persons[p].age(as_of) >= 20)
    {
        let day = days_before(&mut dice, as_of, 5, 60);
        lives.deaths.push(Death { person: p, day, cause: "疾病" });
    }
    lives
}

fn illnesses(lives: &mut Lives, person: &Person, p: usize, age: i64, as_of: Date, dice: &mut Dice) {
    let mut add = |dice: &mut Dice, class, disease, treatment| {
        let diagnosed = days_before(dice, as_of, 20, 1_500);
        let doctor = dice.percent(95);
        lives.illnesses.push(Illness { person: p, class, disease, diagnosed, treatment, doctor });
    };
    if person.chronic {
        let disease = *dice.pick(&["高血压", "2型糖尿病", "肺结核", "慢性阻塞性肺疾病"]);
        add(dice, "慢性病", disease, "治疗中");
    }
    if dice.chance(if age >= 45 { 9_000 } else { 2_000 }) {
        let disease = *dice.pick(&["肺癌", "食管癌", "终末期肾病", "乳腺癌", "急性心肌梗死", "白血病"]);
        let treatment = *dice.weighted(&[("已救治", 42), ("治疗中", 30), ("未救治", 28)]);
        add(dice, "大病", disease, treatment);
    } else if dice.chance(2_500) {
        let treatment = *dice.weighted(&[("治疗中", 85), ("未救治", 15)]);
        add(dice, "严重精神障碍", "精神分裂症", treatment);
    } else if age >= 60 && dice.chance(8_000) {
        let treatment = *dice.weighted(&[("已救治", 80), ("未救治", 20)]);
        add(dice, "白内障", "老年性白内障", treatment);
    }
}

fn job(p: usize, age: i64, as_of: Date, dice: &mut Dice) -> Job {
    let state = *dice.weighted(&[("稳定就业", 58), ("灵活就业", 27), ("失业", 6), ("未就业", 9)]);
    let works = matches!(state, "稳定就业" | "灵活就业");
    let place = if works { *dice.weighted(&[("县内", 55), ("省内县外", 20), ("省外", 25)]) } else { "" };
    let back = !works && dice.percent(40);
    let willing = age <= 55 && dice.percent(12);
    let trained = (willing && dice.percent(70)).then(|| days_before(dice, as_of, 20, 330));
    Job {
        person: p,
        state,
        place,
        wage: if works { dice.between(1_600, 6_500) * 100 } else { 0 },
        started: works.then(|| days_before(dice, as_of, 40, 1_400)),
        ended: back.then(|| days_before(dice, as_of, 10, 500)),
        unemployed: (state == "失业").then(|| days_before(dice, as_of, 10, 420)),
        post: state == "灵活就业" && dice.percent(8),
        willing,
        trained,
    }
}
