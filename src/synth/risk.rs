//! Puts risks and decoys into the facts. In: ordinary facts. Out: the same, some with a risk or with what looks like one.
//!
//! The truth is not written down here: [`super::policy`] reads it back from the finished facts, so a decoy that
//! happens to meet the policy counts as a risk. Amounts keep clear of the limits except for a few that stand
//! exactly on them, one fen above and one fen below.

use jiff::ToSpan;
use jiff::civil::Date;

use super::dice::Dice;
use super::facts::{self, Appraisal, Dropout, Facts, House, Relief, Survey, Water, claim, days_before};
use super::people::County;
use super::policy;
use super::{aid, lives, means, study};

const RISKS: [(&str, u32); 8] = [
    ("illness", 33),
    ("employment", 17),
    ("housing", 14),
    ("education", 22),
    ("industry", 10),
    ("accident", 5),
    ("disaster", 4),
    ("water", 7),
];

/// What only a village sees: cause and reason.
const HIDDEN: [(&str, &str); 6] = [
    ("disability", "adult lost the ability to work, no certificate yet"),
    ("labour", "only a frail elder and a child are left in the house"),
    ("illness", "treated outside the insurance with borrowed money"),
    ("accident", "accident not reported to any office"),
    ("other", "private debt after a failed guarantee"),
    ("housing", "wall cracked by rain, not appraised yet"),
];

/// The facts of one household: ordinary life, and for some a risk, something hidden, or a decoy.
pub fn circumstances(county: &County, household: usize, seed: u64, as_of: Date) -> Facts {
    let mut facts = own(county, household, seed, as_of);
    facts.home = study::home(county, household, seed);
    facts.lives = lives::lives(county, household, seed, as_of);
    facts.means = means::means(county, household, seed, as_of);
    facts.study = study::study(county, household, seed, as_of);
    facts.aid = aid::aid(county, household, facts.home.exit_year, seed, as_of);
    lonely(county, household, &mut facts, seed);
    details(&mut facts, Dice::new(seed, "details", household as u64), as_of);
    facts
}

/// Old people alone in a dangerous house whose children do well: rare enough to be forgotten by chance.
fn lonely(county: &County, household: usize, facts: &mut Facts, seed: u64) {
    let mut dice = Dice::new(seed, "lonely", household as u64);
    let latest = facts.appraisals.iter().max_by_key(|a| a.day);
    let dangerous = latest.is_some_and(|a| matches!(a.grade, 'C' | 'D') && a.accepted.is_none());
    if let [person] = county.here(household)[..]
        && dangerous
        && dice.percent(60)
    {
        let able = *dice.pick(&["充足", "一般"]);
        facts.means.supports.clear();
        facts.means.supports.push(means::Support { person, relation: "子", income: 12_000_000, able });
    }
}

/// What stands beside the facts in the departments' lists: when relief was paid, what a surveyor saw, how the water is.
fn details(facts: &mut Facts, mut dice: Dice, as_of: Date) {
    let dice = &mut dice;
    for relief in &mut facts.relief {
        let days = if dice.percent(94) { dice.between(0, 3) } else { dice.between(5, 30) };
        relief.paid = Some(relief.day.saturating_add(days.days())).filter(|day| *day <= as_of);
    }
    for appraisal in &mut facts.appraisals {
        let mode = if appraisal.accepted.is_some() { *dice.pick(&["修缮加固", "新建", "置换"]) } else { "" };
        let works = !mode.is_empty();
        appraisal.house = House {
            only: dice.percent(85),
            shabby: dice.percent(if matches!(appraisal.grade, 'A' | 'B') { 5 } else { 70 }),
            signed: dice.percent(95),
            plaque: dice.percent(94),
            mode,
            area: if mode == "新建" { *dice.pick(&[300, 480, 600, 600, 720, 250, 900]) } else { 0 },
            own_cost: if works { *dice.pick(&[0, 500_000, 1_200_000, 3_000_000, 4_500_000]) } else { 0 },
        };
    }
    if let Some(water) = &mut facts.water {
        water.quality = *dice.weighted(&[("合格", 965), ("未检测", 32), ("不合格", 3)]);
        if !water.central && dice.chance(12_000) {
            water.minutes = dice.between(21, 45);
        }
    }
    if let Some(survey) = &mut facts.survey
        && dice.chance(8_000)
    {
        // The year before was much better.
        survey.last_year = survey.per_capita * dice.between(150, 210) / 100;
    }
}

/// Ordinary life, and for some a risk, something hidden, or a decoy.
fn own(county: &County, household: usize, seed: u64, as_of: Date) -> Facts {
    let mut dice = Dice::new(seed, "facts", household as u64);
    let mut facts = facts::ordinary(county, household, &mut dice, as_of);
    let here = county.here(household);
    let mut case = Case { county, household, here: &here, as_of, facts: &mut facts, dice: &mut dice };
    if here.is_empty() {
        // Nobody lives there: an old appraisal stays in the files and must list nobody.
        if case.dice.percent(40) {
            case.appraise('D', None);
        }
        return facts;
    }
    let lifted = county.households[household].lifted;
    // About 5.5 % of all households, the lifted more often; one in a hundred of these only the village can see.
    let cleared = county.households[household].monitored.is_some_and(|m| m.cleared);
    let at_risk = if cleared {
        20_000
    } else if lifted {
        8_800
    } else {
        4_700
    };
    match case.dice.below(100_000) {
        n if n < at_risk => {
            let first = *case.dice.weighted(&RISKS);
            case.risk(first);
            if case.dice.percent(15) {
                let second = *case.dice.weighted(&RISKS);
                if second != first {
                    case.risk(second);
                }
            }
        }
        n if n < at_risk + 70 => {
            let hidden = *case.dice.pick(&HIDDEN);
            case.facts.hidden.push(hidden);
        }
        n if n < 21_000 => case.decoy(),
        _ => {}
    }
    facts
}

struct Case<'a> {
    county: &'a County,
    household: usize,
    here: &'a [usize],
    as_of: Date,
    facts: &'a mut Facts,
    dice: &'a mut Dice,
}

impl Case<'_> {
    fn day(&mut self, from: i64, to: i64) -> Date {
        days_before(self.dice, self.as_of, from, to)
    }

    fn child(&mut self, from: i64, to: i64) -> Option<usize> {
        let fitting: Vec<usize> = self
            .here
            .iter()
            .copied()
            .filter(|&p| (from..=to).contains(&self.county.persons[p].age(self.as_of)))
            .collect();
        (!fitting.is_empty()).then(|| *self.dice.pick(&fitting))
    }

    fn survey(&mut self) -> &mut Survey {
        let income = self.county.households[self.household].income;
        let day = self.day(15, 110);
        self.facts.survey.get_or_insert(Survey {
            per_capita: income,
            last_year: income * 95 / 100,
            loss: 0,
            labour: 1,
            stable: 1,
            day,
        })
    }

    fn water(&mut self) -> &mut Water {
        self.facts.water.get_or_insert(Water {
            central: false,
            decilitres: Some(500),
            days_off: 3,
            problem: None,
            minutes: 9,
            quality: "合格",
        })
    }

    fn appraise(&mut self, grade: char, accepted_after: Option<i64>) {
        let day = self.day(60, 900);
        let accepted =
            accepted_after.map(|days| day.saturating_add(days.days()).min(self.as_of.saturating_sub(5.days())));
        self.facts.appraisals.clear();
        self.facts.appraisals.push(Appraisal { grade, day, accepted, house: House::default() });
    }

    /// What one member is to pay for a year's treatment, over several stays inside the twelve months.
    fn treat(&mut self, own: i64, newest: i64, oldest: i64) {
        let patient = *self.dice.pick(self.here);
        let stays = self.dice.between(1, 4);
        let first = self.facts.claims.iter().map(|c| c.stay + 1).max().unwrap_or(0);
        let mut left = own;
        for stay in 0..stays {
            let rows = self.dice.between(1, 3);
            let (day, place) = (self.day(newest, oldest), (patient, facts::hospital(self.dice)));
            for row in 0..rows {
                let last = stay + 1 == stays && row + 1 == rows;
                let part = if last { left } else { left * self.dice.between(20, 55) / 100 };
                left -= part;
                let bill = claim(self.dice, place, day, first + stay as u32, part, true);
                self.facts.claims.push(bill);
            }
        }
    }

    fn risk(&mut self, cause: &str) {
        match cause {
            "illness" => {
                let limit = policy::medical_limit(self.county.households[self.household].lifted);
                let own = match self.dice.below(20) {
                    0 => limit,
                    1 => limit + 1,
                    _ => limit * self.dice.quantile(&[112, 140, 180, 240, 380]) / 100,
                };
                // The limit itself is only met exactly when nothing else was paid that year.
                self.facts.claims.clear();
                self.treat(own, 5, 350);
            }
            "employment" => {
                let near = self.dice.below(16);
                let income = self.dice.between(420_000, 745_000);
                let able = self.child(18, 64).is_some();
                let survey = self.survey();
                survey.per_capita = if near == 0 { policy::INCOME_LINE - 1 } else { income };
                survey.last_year = survey.per_capita * 108 / 100;
                survey.labour = survey.labour.max(i64::from(able)).max(1);
                survey.stable = 0;
            }
            "housing" => {
                let grade = *self.dice.weighted(&[('C', 62), ('D', 38)]);
                self.appraise(grade, None);
                if self.dice.percent(25) {
                    // It was still good when looked at before.
                    let earlier = self.facts.appraisals[0].day.saturating_sub(self.dice.between(300, 900).days());
                    self.facts
                        .appraisals
                        .insert(0, Appraisal { grade: 'B', day: earlier, accepted: None, house: House::default() });
                }
            }
            "education" => match self.child(7, 15) {
                Some(person) => {
                    let category = *self.dice.weighted(&[("疑似辍学", 60), ("长期请假", 40)]);
                    let reason = *self.dice.weighted(&[("因贫", 35), ("厌学", 45), ("其他", 20)]);
                    let day = self.day(10, 150);
                    self.facts.dropouts.push(Dropout { person, category, reason, day });
                }
                None => self.risk("illness"),
            },
            "industry" => {
                let loss = match self.dice.below(12) {
                    0 => policy::INDUSTRY_LOSS,
                    _ => self.dice.between(115, 900) * 10_000,
                };
                self.survey().loss = loss;
            }
            "accident" | "disaster" => {
                let reason = if cause == "accident" { "意外事故" } else { "自然灾害" };
                let amount = match self.dice.below(10) {
                    0 => policy::RELIEF,
                    _ => self.dice.between(34, 150) * 10_000,
                };
                let (person, day) = (self.here[0], self.day(6, 345));
                self.facts.relief.push(Relief { person, reason, amount, day, paid: None });
            }
            _ => {
                let kind = self.dice.below(3);
                let (litres, off) = (self.dice.between(120, 320), self.dice.between(41, 120));
                let reported = self.day(36, 200);
                let exact = self.dice.below(8) == 0;
                let as_of = self.as_of;
                let water = self.water();
                match kind {
                    0 => water.decilitres = Some(if exact { policy::WATER_DECILITRES - 1 } else { litres }),
                    1 => water.days_off = if exact { policy::WATER_DAYS_OFF + 1 } else { off },
                    _ => {
                        let edge = as_of.saturating_sub((policy::WATER_OPEN_DAYS + 1).days());
                        water.problem = Some(("管道破损", if exact { edge } else { reported }, None));
                    }
                }
            }
        }
    }

    /// Something that looks like a risk and is none.
    fn decoy(&mut self) {
        let limit = policy::medical_limit(self.county.households[self.household].lifted);
        match self.dice.below(17) {
            // A heavy bill that was taken back.
            0 => {
                let before = self.facts.claims.len();
                let own = limit * self.dice.between(120, 300) / 100;
                self.treat(own, 40, 330);
                let back: Vec<_> = self.facts.claims[before..].to_vec();
                for claim in back {
                    let day = claim.day.saturating_add(self.dice.between(1, 20).days());
                    self.facts.claims.push(claim.refunded(day));
                }
            }
            // A heavy bill that the funds or a commercial insurer paid.
            1 | 2 => {
                let before = self.facts.claims.len();
                let own = limit * self.dice.between(150, 500) / 100;
                self.treat(own, 5, 350);
                let commercial = self.dice.percent(60);
                for claim in &mut self.facts.claims[before..] {
                    let paid = claim.self_pay() * 97 / 100;
                    if commercial { claim.other += paid } else { claim.aid += paid }
                }
            }
            // A heavy bill of the year before.
            3 => {
                let own = limit * self.dice.between(130, 400) / 100;
                self.treat(own, 372, 720);
            }
            // One fen short.
            4 if self.dice.percent(20) => {
                self.facts.claims.clear();
                self.treat(limit - 1, 5, 350);
            }
            4 | 5 => match self.child(7, 15) {
                Some(person) => {
                    let (category, reason) = *self.dice.pick(&[
                        ("送教上门", "身体原因"),
                        ("疑似辍学", "身体原因"),
                        ("长期请假", "身体原因"),
                        ("疑似辍学", "外出就读"),
                        ("休学", "身体原因"),
                        ("休学", "其他"),
                    ]);
                    let day = self.day(10, 300);
                    self.facts.dropouts.push(Dropout { person, category, reason, day });
                }
                None => self.appraise('C', Some(120)),
            },
            6 => match self.child(16, 17) {
                Some(person) => {
                    let day = self.day(20, 200);
                    self.facts.dropouts.push(Dropout { person, category: "疑似辍学", reason: "厌学", day });
                }
                None => self.appraise('D', Some(200)),
            },
            7 => {
                let grade = *self.dice.pick(&['C', 'D']);
                let built = self.dice.between(60, 300);
                self.appraise(grade, Some(built));
            }
            8 => {
                let grade = *self.dice.pick(&['C', 'D']);
                self.appraise(grade, None);
                let later = self.facts.appraisals[0].day.saturating_add(self.dice.between(20, 55).days());
                let better = *self.dice.pick(&['A', 'B']);
                self.facts.appraisals.push(Appraisal {
                    grade: better,
                    day: later,
                    accepted: None,
                    house: House::default(),
                });
            }
            9 => {
                let reported = self.day(50, 300);
                let repaired = reported.saturating_add(self.dice.between(3, 40).days());
                self.water().problem = Some(("水源枯竭", reported, Some(repaired)));
            }
            10 => {
                let edge = self.as_of.saturating_sub(policy::WATER_OPEN_DAYS.days());
                let recent = self.day(2, 24);
                let exact = self.dice.percent(30);
                let water = self.water();
                water.problem = Some(("水质浑浊", if exact { edge } else { recent }, None));
                water.days_off = policy::WATER_DAYS_OFF;
                water.decilitres = Some(policy::WATER_DECILITRES);
            }
            11 => {
                let reason = *self.dice.pick(&["意外事故", "自然灾害"]);
                let amount = self.dice.between(30, 90) * 10_000;
                let (person, day) = (self.here[0], self.day(375, 900));
                self.facts.relief.push(Relief { person, reason, amount, day, paid: None });
            }
            12 => {
                let reason = *self.dice.pick(&["意外事故", "自然灾害"]);
                let exact = self.dice.percent(15);
                let amount = if exact { policy::RELIEF - 1 } else { self.dice.between(3, 26) * 10_000 };
                let (person, day) = (self.here[0], self.day(6, 345));
                self.facts.relief.push(Relief { person, reason, amount, day, paid: None });
            }
            13 => {
                let reason = *self.dice.pick(&["重大疾病", "子女教育", "失业"]);
                let amount = self.dice.between(30, 80) * 10_000;
                let (person, day) = (self.here[0], self.day(6, 345));
                self.facts.relief.push(Relief { person, reason, amount, day, paid: None });
            }
            14 => {
                let loss =
                    if self.dice.percent(15) { policy::INDUSTRY_LOSS - 1 } else { self.dice.between(100, 880) * 1_000 };
                self.survey().loss = loss;
            }
            // Low income alone, with somebody in work.
            15 => {
                let income = self.dice.between(380_000, 770_000);
                let survey = self.survey();
                survey.per_capita = income;
                survey.stable = survey.stable.max(survey.labour.min(1));
            }
            // Nobody in work, but the income is exactly on the line.
            _ => {
                let income =
                    policy::INCOME_LINE + if self.dice.percent(30) { 0 } else { self.dice.between(20_000, 900_000) };
                let survey = self.survey();
                survey.per_capita = income;
                survey.stable = 0;
            }
        }
    }
}
