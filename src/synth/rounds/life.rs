//! What happens to people between two days: new troubles, ends of troubles, births, deaths, moves, splits, new numbers.
//!
//! In: the county, the day before and the day. Out: the county changed. Nothing here knows of the office: what becomes of a
//! household's case changes nothing in its life, so the whole year can be lived before a single case is opened.

use jiff::ToSpan;
use jiff::civil::Date;

use super::calendar::{Kind, Stop};
use super::world::World;
use crate::synth::dice::Dice;
use crate::synth::divisions::COUNTY_CODE;
use crate::synth::facts::{self, Appraisal, Dropout, Facts, House, Relief};
use crate::synth::lives::Death;
use crate::synth::names::Names;
use crate::synth::people::{Person, Relation, Sex, Status};
use crate::synth::policy;

/// Troubles that departments report every night, and those that only come with the quarter.
const NIGHTLY: [&str; 4] = ["illness", "accident", "disaster", "education"];
const QUARTERLY: [&str; 8] =
    ["illness", "housing", "employment", "education", "industry", "water", "accident", "disaster"];

/// What only a village sees.
const HIDDEN: [(&str, &str); 3] = [
    ("labour", "only a frail elder and a child are left in the house"),
    ("disability", "adult lost the ability to work, no certificate yet"),
    ("other", "private debt after a failed guarantee"),
];

/// One stretch of time.
struct Stretch<'a> {
    world: &'a mut World,
    dice: Dice,
    day: Date,
}

/// Lives on until a stop, which is not the first.
pub fn advance(world: &mut World, stop: &Stop, seed: u64) {
    let households = world.county.households.len();
    // At least one of each even in a small county.
    let share = |per_mille: usize| (households * per_mille / 1000).max(1);
    let mut life = Stretch { world, dice: Dice::new(seed, "life", stop.number as u64), day: stop.day };
    match stop.kind {
        Kind::Nightly => {
            for n in 0..share(12) {
                life.trouble(NIGHTLY[(n + stop.number) % NIGHTLY.len()]);
            }
        }
        Kind::Quarterly => {
            for n in 0..share(5) {
                match (stop.number + n) % 2 {
                    0 => life.birth(),
                    _ => life.new_number(),
                };
                life.split();
                life.somebody_goes();
            }
            life.household_goes(false);
            life.household_goes(true);
            for _ in 0..share(14) {
                life.relief_from_trouble();
            }
            for n in 0..share(50) {
                life.trouble(QUARTERLY[(n + stop.number) % QUARTERLY.len()]);
            }
            for _ in 0..share(6) {
                life.hidden();
            }
        }
    }
}

impl Stretch<'_> {
    /// A household that fits, drawn.
    fn find(&mut self, fits: impl Fn(&World, usize) -> bool) -> Option<usize> {
        let fitting: Vec<usize> = (0..self.world.county.households.len()).filter(|&h| fits(self.world, h)).collect();
        (!fitting.is_empty()).then(|| *self.dice.pick(&fitting))
    }

    /// A household with people in it to which nothing of the kind has happened.
    fn quiet(world: &World, household: usize) -> bool {
        !world.county.here(household).is_empty() && !world.touched.contains(&world.ordinal(household))
    }

    fn at_risk(world: &World, household: usize, day: Date) -> bool {
        !policy::risks(&world.county, household, &world.facts[household], day).is_empty()
    }

    fn touch(&mut self, household: usize) {
        let ordinal = self.world.ordinal(household);
        self.world.touched.insert(ordinal);
    }

    fn recent(&mut self) -> Date {
        facts::days_before(&mut self.dice, self.day, 3, 20)
    }

    /// A trouble that departments see; one in five comes on top of another.
    fn trouble(&mut self, cause: &'static str) {
        let (day, on_top) = (self.day, self.dice.percent(20));
        let age = |world: &World, p: usize| world.county.persons[p].age(day);
        let found = self.find(|world, h| {
            let facts = &world.facts[h];
            let risks = policy::risks(&world.county, h, facts, day);
            let here = world.county.here(h);
            let fits = match cause {
                "education" => here.iter().any(|&p| (8..=13).contains(&age(world, p))) && facts.dropouts.is_empty(),
                "employment" => facts.survey.is_some() && here.iter().any(|&p| (20..=55).contains(&age(world, p))),
                "industry" => facts.survey.is_some(),
                "water" => facts.water.as_ref().is_some_and(|w| w.problem.is_none()),
                "accident" | "disaster" => facts.relief.is_empty(),
                _ => true,
            };
            Self::quiet(world, h) && fits && risks.is_empty() != on_top && risks.iter().all(|r| r.cause != cause)
        });
        let Some(h) = found else { return };
        let recent = self.recent();
        let here = self.world.county.here(h);
        let (head, lifted) = (here[0], self.world.county.households[h].lifted);
        let child = here.iter().copied().find(|&p| (8..=13).contains(&age(self.world, p)));
        let facts = &mut self.world.facts[h];
        match cause {
            "illness" => {
                let own = policy::medical_limit(lifted) * self.dice.between(115, 260) / 100;
                let stay = facts.claims.iter().map(|c| c.stay + 1).max().unwrap_or(0);
                let place = (*self.dice.pick(&here), facts::hospital(&mut self.dice));
                let bill = facts::claim(&mut self.dice, place, recent, stay, own, true);
                facts.claims.push(bill);
            }
            "education" => {
                let Some(person) = child else { return };
                let reason = *self.dice.pick(&["因贫", "厌学", "其他"]);
                facts.dropouts.push(Dropout { person, category: "疑似辍学", reason, day: recent });
            }
            "housing" => {
                let grade = *self.dice.pick(&['C', 'D']);
                let house = House { only: true, shabby: true, signed: true, ..House::default() };
                facts.appraisals.push(Appraisal { grade, day: recent, accepted: None, house });
            }
            "employment" => {
                let income = self.dice.between(420_000, 740_000);
                if let Some(survey) = &mut facts.survey {
                    (survey.per_capita, survey.last_year) = (income, income * 105 / 100);
                    (survey.labour, survey.stable, survey.day) = (survey.labour.max(1), 0, recent);
                }
            }
            "industry" => {
                let loss = self.dice.between(120, 700) * 10_000;
                if let Some(survey) = &mut facts.survey {
                    (survey.loss, survey.day) = (loss, recent);
                }
            }
            "water" => {
                let reported = day.saturating_sub(self.dice.between(36, 55).days());
                if let Some(water) = &mut facts.water {
                    water.problem = Some(("管道破损", reported, None));
                }
            }
            _ => {
                let reason = if cause == "accident" { "意外事故" } else { "自然灾害" };
                let amount = self.dice.between(34, 120) * 10_000;
                facts.relief.push(Relief { person: head, reason, amount, day: recent, paid: Some(recent) });
            }
        }
    }

    /// A trouble that only the village sees.
    fn hidden(&mut self) {
        let day = self.day;
        if let Some(h) = self.find(|world, h| Self::quiet(world, h) && !Self::at_risk(world, h, day)) {
            let trouble = *self.dice.pick(&HIDDEN);
            self.world.facts[h].hidden.push(trouble);
        }
    }

    /// A trouble ends: the child is back at school, the house rebuilt, the pipe mended, work found.
    fn relief_from_trouble(&mut self) {
        let day = self.day;
        let ends = |facts: &Facts, world: &World, h: usize| {
            let risks = policy::risks(&world.county, h, facts, day);
            risks.iter().find(|r| matches!(r.cause, "education" | "housing" | "water" | "employment")).map(|r| r.cause)
        };
        let found = self.find(|world, h| Self::quiet(world, h) && ends(&world.facts[h], world, h).is_some());
        let Some(h) = found else { return };
        let Some(cause) = ends(&self.world.facts[h], self.world, h) else { return };
        let recent = self.recent();
        let facts = &mut self.world.facts[h];
        match cause {
            "education" => facts.dropouts.clear(),
            "housing" => {
                for appraisal in facts.appraisals.iter_mut().filter(|a| matches!(a.grade, 'C' | 'D')) {
                    appraisal.accepted = appraisal.accepted.or(Some(recent));
                    appraisal.house.mode = "修缮加固";
                    appraisal.house.own_cost = 0;
                }
            }
            "water" => {
                if let Some(water) = &mut facts.water {
                    water.decilitres = Some(620);
                    (water.days_off, water.minutes, water.quality) = (4, water.minutes.min(12), "合格");
                    if let Some(problem) = &mut water.problem {
                        problem.2 = problem.2.or(Some(recent));
                    }
                }
            }
            _ => {
                if let Some(survey) = &mut facts.survey {
                    (survey.stable, survey.day) = (1, recent);
                }
            }
        }
    }

    /// A child is born to a young couple.
    fn birth(&mut self) {
        let day = self.day;
        let mother = |world: &World, h: usize| {
            let mut wives = world.county.here(h).into_iter();
            wives.find(|&p| {
                let person = &world.county.persons[p];
                person.sex == Sex::Female
                    && matches!(person.relation, Relation::Spouse | Relation::ChildInLaw)
                    && (20..=39).contains(&person.age(day))
                    && person.ethnicity == "汉族"
            })
        };
        // Splits need the family's order as it was.
        let found = self.find(|world, h| Self::quiet(world, h) && mother(world, h).is_some());
        let Some(h) = found else { return };
        let Some(mother) = mother(self.world, h) else { return };
        self.touch(h);
        let county = &self.world.county;
        let of_head = county.persons[mother].relation == Relation::Spouse;
        let children = county.members(h).filter(|&p| matches!(county.persons[p].relation, Relation::Child(_))).count();
        let head = &county.persons[county.households[h].first];
        let (surname, taken): (String, Vec<String>) =
            (head.name.chars().take(1).collect(), county.members(h).map(|p| county.persons[p].name.clone()).collect());
        let birth = facts::days_before(&mut self.dice, day, 5, 55);
        let sex = if self.dice.percent(50) { Sex::Male } else { Sex::Female };
        let names = Names::default();
        let name = loop {
            let name = names.han(&mut self.dice, &surname, sex, birth.year(), None);
            if !taken.contains(&name) {
                break name;
            }
        };
        let number = self.world.county.registry.issue(&mut self.dice, COUNTY_CODE, birth, sex == Sex::Male);
        let relation = if of_head { Relation::Child(children as u8) } else { Relation::Grandchild };
        let person = Person {
            ordinal: 0,
            name,
            former_name: None,
            number,
            sex,
            birth,
            relation,
            status: Status::Normal,
            phone: None,
            ethnicity: "汉族",
            disability: None,
            chronic: false,
        };
        self.world.add_person(h, person);
    }

    /// The police give somebody another number: the old one was somebody else's too. It is a member of a household that the
    /// office knows, but not its head, under whose old number a late department would still have the house.
    fn new_number(&mut self) {
        let day = self.day;
        let fits = |world: &World, h: usize| {
            Self::quiet(world, h) && world.county.here(h).len() >= 2 && Self::at_risk(world, h, day)
        };
        let Some(h) = self.find(fits) else { return };
        self.touch(h);
        let p = *self.dice.pick(&self.world.county.here(h)[1..]);
        let (birth, male) = (self.world.county.persons[p].birth, self.world.county.persons[p].sex == Sex::Male);
        let number = self.world.county.registry.issue(&mut self.dice, COUNTY_CODE, birth, male);
        self.world.county.persons[p].number = number;
    }

    /// The son's family gets a household book of its own.
    fn split(&mut self) {
        let day = self.day;
        // Those from the first child on, when all are the child's family.
        let tail = |world: &World, h: usize| {
            let county = &world.county;
            let people: Vec<usize> = county.members(h).collect();
            let from = people.iter().position(|&p| matches!(county.persons[p].relation, Relation::Child(_)))?;
            let own = people[from + 1..].iter().all(|&p| {
                matches!(
                    county.persons[p].relation,
                    Relation::ChildInLaw | Relation::Grandchild | Relation::MaternalGrandchild
                )
            });
            let couple = people.get(from + 1).is_some_and(|&p| county.persons[p].relation == Relation::ChildInLaw);
            let here = people.iter().all(|&p| county.persons[p].is_here());
            (own && couple && here && from > 0 && county.persons[people[from]].age(day) >= 22)
                .then_some(people.len() - from)
        };
        let found = self.find(|world, h| {
            let house = &world.county.households[h];
            let plain = !house.lifted && house.monitored.is_none() && !Self::at_risk(world, h, day);
            let second = world.county.second_rows.iter().any(|s| s.0 == h || world.county.members(h).contains(&s.1));
            plain && !second && Self::quiet(world, h) && tail(world, h).is_some()
        });
        let Some(h) = found else { return };
        let Some(members) = tail(self.world, h) else { return };
        self.touch(h);
        let new = self.world.split(h, members);
        self.touch(new);
    }

    /// Somebody old dies, or somebody young moves away, of a household that goes on.
    fn somebody_goes(&mut self) {
        let (day, dies) = (self.day, self.dice.percent(60));
        let one = |world: &World, h: usize| {
            let facts = &world.facts[h];
            world.county.here(h).into_iter().skip(1).find(|&p| {
                let known = facts.claims.iter().any(|c| c.person == p)
                    || facts.dropouts.iter().any(|d| d.person == p)
                    || facts.relief.iter().any(|r| r.person == p)
                    || facts.study.fees.iter().any(|f| f.person == p)
                    || facts.lives.illnesses.iter().any(|i| i.person == p)
                    || facts.lives.certificates.iter().any(|c| c.person == p)
                    || facts.lives.casualties.iter().any(|c| c.person == p);
                let age = world.county.persons[p].age(day);
                !known && if dies { age >= 68 } else { (20..=35).contains(&age) }
            })
        };
        let found =
            self.find(|world, h| Self::quiet(world, h) && one(world, h).is_some() && !Self::at_risk(world, h, day));
        let Some(h) = found else { return };
        let Some(p) = one(self.world, h) else { return };
        self.touch(h);
        self.goes(h, p, dies);
    }

    fn goes(&mut self, household: usize, person: usize, dies: bool) {
        let on = self.recent();
        self.world.county.persons[person].status = if dies { Status::Deceased(on) } else { Status::MovedOut(on) };
        if dies {
            self.world.facts[household].lives.deaths.push(Death { person, day: on, cause: "疾病" });
        }
    }

    /// A whole household is gone, one that the office knows: at risk, or under observation.
    fn household_goes(&mut self, dies: bool) {
        let day = self.day;
        let found = self.find(|world, h| {
            let house = &world.county.households[h];
            let known = house.monitored.is_some_and(|m| !m.cleared) || Self::at_risk(world, h, day);
            let here = world.county.here(h);
            let old = here.iter().all(|&p| world.county.persons[p].age(day) >= 58);
            let second = world.county.second_rows.iter().any(|s| here.contains(&s.1));
            Self::quiet(world, h) && known && !second && if dies { here.len() <= 2 && old } else { here.len() >= 2 }
        });
        let Some(h) = found else { return };
        self.touch(h);
        for p in self.world.county.here(h) {
            self.goes(h, p, dies);
        }
        self.world.left.push((self.world.ordinal(h), dies));
    }
}
