//! The county while time passes: people come and go without anybody else's facts being mixed up.
//!
//! In: the county of the first day. Out: the same with a person or a household more. Facts name people by their place in the
//! county's list, so whoever makes room in the list moves the names along.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::synth::export_house::{self, Works};
use crate::synth::facts::Facts;
use crate::synth::people::{County, Household, Person, Relation};
use crate::synth::{county, risk};
use jiff::civil::Date;

/// The county on a day.
pub struct World {
    /// People by household.
    pub county: County,
    /// What there is to know of each household.
    pub facts: Vec<Facts>,
    /// The same as of the quarter before: what a department that is late showed last.
    pub before: Vec<Facts>,
    /// The villages' water works.
    pub works: Vec<Works>,
    /// Households that something befell which changes who they are; it happens to nobody twice.
    pub touched: BTreeSet<usize>,
    /// Households that left as a whole: ordinal, and whether they died (else moved).
    pub left: Vec<(usize, bool)>,
    /// Of whom nobody has a row yet.
    next_ordinal: usize,
}

impl World {
    /// The county of the first day.
    pub fn new(households: usize, seed: u64, day: Date) -> World {
        let county = county::people(households, seed, day);
        let facts: Vec<Facts> =
            (0..county.households.len()).map(|h| risk::circumstances(&county, h, seed, day)).collect();
        let works = export_house::works(&county, seed, day);
        let next_ordinal = county.households.len().max(county.persons.len());
        World { county, before: facts.clone(), facts, works, touched: BTreeSet::new(), left: Vec::new(), next_ordinal }
    }

    /// What stays the same of a household while others come before it.
    pub fn ordinal(&self, household: usize) -> usize {
        self.county.households[household].ordinal
    }

    /// Somebody more in a household, behind its other members.
    pub fn add_person(&mut self, household: usize, mut person: Person) {
        person.ordinal = self.fresh();
        let house = &mut self.county.households[household];
        let at = house.first + house.count;
        house.count += 1;
        self.county.persons.insert(at, person);
        for (h, house) in self.county.households.iter_mut().enumerate() {
            house.first += usize::from(h != household && house.first >= at);
        }
        for second in &mut self.county.second_rows {
            second.1 += usize::from(second.1 >= at);
        }
        for facts in self.facts.iter_mut().chain(&mut self.before) {
            each_person(facts, &mut |p| *p += usize::from(*p >= at));
        }
    }

    /// The last members of a household become one of their own, the first of them its head; it stands behind the others of
    /// the village. Gives its place.
    pub fn split(&mut self, household: usize, members: usize) -> usize {
        let ordinal = self.fresh();
        let county = &mut self.county;
        let old = &mut county.households[household];
        old.count -= members;
        let first = old.first + old.count;
        let place = (old.township, old.village);
        let (group, income) = (old.group, old.income);
        let own = |h: &&Household| (h.township, h.village) == place;
        let number = 1 + county.households.iter().filter(own).count();
        let at = county.households.partition_point(|h| (h.township, h.village) <= place);
        let house = Household {
            number: format!("1{:02}{:02}{number:04}", place.0 + 1, place.1 + 1),
            ordinal,
            township: place.0,
            village: place.1,
            group,
            first,
            count: members,
            lifted: false,
            monitored: None,
            income,
        };
        county.households.insert(at, house);
        for second in &mut county.second_rows {
            second.0 += usize::from(second.0 >= at);
        }
        let mut children = 0;
        for p in first..first + members {
            let person = &mut county.persons[p];
            person.relation = match person.relation {
                _ if p == first => Relation::Head,
                Relation::ChildInLaw | Relation::Spouse => Relation::Spouse,
                Relation::Grandchild | Relation::MaternalGrandchild | Relation::Child(_) => {
                    children += 1;
                    Relation::Child(children - 1)
                }
                _ => Relation::Other,
            };
        }
        for list in [&mut self.facts, &mut self.before] {
            let moved = take(&mut list[household], first..first + members);
            list.insert(at, moved);
        }
        at
    }

    fn fresh(&mut self) -> usize {
        self.next_ordinal += 1;
        self.next_ordinal - 1
    }
}

/// Every place in the facts where somebody is named.
fn each_person(facts: &mut Facts, go: &mut dyn FnMut(&mut usize)) {
    let Facts { claims, dropouts, relief, lives, means, study, aid, .. } = facts;
    claims.iter_mut().for_each(|x| go(&mut x.person));
    dropouts.iter_mut().for_each(|x| go(&mut x.person));
    relief.iter_mut().for_each(|x| go(&mut x.person));
    lives.certificates.iter_mut().for_each(|x| go(&mut x.person));
    lives.illnesses.iter_mut().for_each(|x| go(&mut x.person));
    lives.jobs.iter_mut().for_each(|x| go(&mut x.person));
    lives.casualties.iter_mut().for_each(|x| go(&mut x.person));
    lives.deaths.iter_mut().for_each(|x| go(&mut x.person));
    lives.pensions.iter_mut().for_each(&mut *go);
    means.businesses.iter_mut().for_each(|x| go(&mut x.person));
    means.vehicles.iter_mut().for_each(|x| go(&mut x.person));
    means.estates.iter_mut().for_each(|x| go(&mut x.person));
    means.payroll.iter_mut().for_each(|x| go(&mut x.person));
    means.loans.iter_mut().for_each(|x| go(&mut x.person));
    means.subsidies.iter_mut().for_each(|x| go(&mut x.person));
    means.supports.iter_mut().for_each(|x| go(&mut x.person));
    means.pending.iter_mut().for_each(|x| go(&mut x.person));
    study.fees.iter_mut().for_each(|x| go(&mut x.person));
    study.aid.iter_mut().for_each(|x| go(&mut x.person));
    study.leavers.iter_mut().for_each(|x| go(&mut x.person));
    study.elsewhere.iter_mut().for_each(&mut *go);
    study.orphans.iter_mut().for_each(|x| go(&mut x.0));
    study.veterans.iter_mut().for_each(&mut *go);
    aid.care.iter_mut().for_each(|x| go(&mut x.person));
    aid.insurance.iter_mut().for_each(|x| go(&mut x.person));
}

/// What is known of some people, taken out of their household's facts.
fn take(facts: &mut Facts, people: Range<usize>) -> Facts {
    fn part<T>(list: &mut Vec<T>, out: &mut Vec<T>, of: impl Fn(&T) -> usize, people: &Range<usize>) {
        let (theirs, rest) = std::mem::take(list).into_iter().partition(|x| people.contains(&of(x)));
        (*list, *out) = (rest, theirs);
    }
    let mut own = Facts { home: facts.home, ..Facts::default() };
    let (f, o) = (facts, &mut own);
    o.home = super::super::study::Home { urban: f.home.urban, ..Default::default() };
    part(&mut f.claims, &mut o.claims, |x| x.person, &people);
    part(&mut f.dropouts, &mut o.dropouts, |x| x.person, &people);
    part(&mut f.relief, &mut o.relief, |x| x.person, &people);
    part(&mut f.lives.certificates, &mut o.lives.certificates, |x| x.person, &people);
    part(&mut f.lives.illnesses, &mut o.lives.illnesses, |x| x.person, &people);
    part(&mut f.lives.jobs, &mut o.lives.jobs, |x| x.person, &people);
    part(&mut f.lives.casualties, &mut o.lives.casualties, |x| x.person, &people);
    part(&mut f.lives.deaths, &mut o.lives.deaths, |x| x.person, &people);
    part(&mut f.lives.pensions, &mut o.lives.pensions, |x| *x, &people);
    part(&mut f.means.businesses, &mut o.means.businesses, |x| x.person, &people);
    part(&mut f.means.vehicles, &mut o.means.vehicles, |x| x.person, &people);
    part(&mut f.means.estates, &mut o.means.estates, |x| x.person, &people);
    part(&mut f.means.payroll, &mut o.means.payroll, |x| x.person, &people);
    part(&mut f.means.loans, &mut o.means.loans, |x| x.person, &people);
    part(&mut f.means.subsidies, &mut o.means.subsidies, |x| x.person, &people);
    part(&mut f.means.supports, &mut o.means.supports, |x| x.person, &people);
    part(&mut f.means.pending, &mut o.means.pending, |x| x.person, &people);
    part(&mut f.study.fees, &mut o.study.fees, |x| x.person, &people);
    part(&mut f.study.aid, &mut o.study.aid, |x| x.person, &people);
    part(&mut f.study.leavers, &mut o.study.leavers, |x| x.person, &people);
    part(&mut f.study.elsewhere, &mut o.study.elsewhere, |x| *x, &people);
    part(&mut f.study.orphans, &mut o.study.orphans, |x| x.0, &people);
    part(&mut f.study.veterans, &mut o.study.veterans, |x| *x, &people);
    part(&mut f.aid.insurance, &mut o.aid.insurance, |x| x.person, &people);
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everybody who is named in a household's facts, by what stays the same of a person.
    fn named(world: &mut World, household: usize) -> Vec<usize> {
        let mut found = Vec::new();
        each_person(&mut world.facts[household].clone(), &mut |p| found.push(world.county.persons[*p].ordinal));
        found.sort_unstable();
        found
    }

    #[test]
    fn a_birth_and_a_split_leave_every_fact_with_its_person() {
        let mut world = World::new(120, 3, Date::constant(2026, 3, 31));
        let large = (0..120).find(|&h| {
            world.county.households[h].count >= 5
                && named(&mut world, h).len() > 3
                && world.county.households[h].village == 0
        });
        let large = large.expect("somebody has a large family");
        let all = |world: &mut World| -> Vec<usize> {
            let mut all: Vec<usize> = (0..world.county.households.len()).flat_map(|h| named(world, h)).collect();
            all.sort_unstable();
            all
        };
        let (before, others) = (all(&mut world), named(&mut world, 119));
        let baby = world.county.persons[world.county.households[large].first].clone();
        world.add_person(large, baby);
        let at = world.split(large, 2);
        assert_eq!(all(&mut world), before, "nobody's facts were lost or given to another");
        assert_eq!(named(&mut world, 120), others);
        for household in [large, at] {
            let own: Vec<usize> = world.county.members(household).map(|p| world.county.persons[p].ordinal).collect();
            assert!(named(&mut world, household).iter().all(|p| own.contains(p)));
        }
        let mut members: Vec<usize> = (0..121).flat_map(|h| world.county.members(h)).collect();
        members.sort_unstable();
        assert_eq!(members, (0..world.county.persons.len()).collect::<Vec<_>>());
        let numbers: BTreeSet<&String> = world.county.households.iter().map(|h| &h.number).collect();
        assert_eq!(numbers.len(), 121);
    }
}
