//! Fills the county: clans by village, families, names, numbers, who died and who left. In: size, seed, day.
//! Out: [`County`].

use std::collections::HashSet;

use jiff::ToSpan;
use jiff::civil::Date;

use super::dice::Dice;
use super::divisions;
use super::family::{self, Member};
use super::names::{Names, Style};
use super::people::{County, Household, Monitored, Person, Relation, Sex, Status};

/// A village's families: a few clans and everybody else.
struct Clans {
    surnames: Vec<&'static str>,
    /// Generation characters by clan, oldest generation first.
    poems: Vec<Vec<char>>,
    style: Style,
}

/// Per-capita income of twelve months in yuan, at equal steps from the poorest to the richest.
const INCOME: [i64; 12] = [5_400, 7_300, 8_600, 9_800, 11_200, 12_600, 14_200, 16_200, 18_800, 22_500, 31_000, 68_000];
const INCOME_LIFTED: [i64; 11] = [5_000, 7_000, 8_200, 9_200, 10_300, 11_600, 13_000, 15_000, 18_000, 23_000, 38_000];

/// Makes a county of so many households.
pub fn people(households: usize, seed: u64, as_of: Date) -> County {
    let names = Names::default();
    let (townships, villages) = divisions::extent(households);
    let mut county = County { townships: divisions::county(), ..County::default() };
    let places = townships * villages;
    for place in 0..places {
        let (township, village) = (place / villages, place % villages);
        let share = households * (place + 1) / places - households * place / places;
        let mut dice = Dice::new(seed, "village", place as u64);
        let clans = clans(&mut dice, &names);
        let first = county.persons.len();
        for n in 0..share {
            household(&mut county, &mut dice, &names, &clans, (township, village, n), as_of);
        }
        namesakes(&mut county, &mut dice, first);
    }
    second_rows(&mut county, seed);
    county
}

fn clans(dice: &mut Dice, names: &Names) -> Clans {
    // 6 % of families have names with a separator, most of them in villages of their own.
    let style = *dice.weighted(&[(Style::Han, 96), (Style::Yi, 2), (Style::Uyghur, 2)]);
    let surnames: Vec<&'static str> = (0..3).map(|_| names.surname(dice)).collect();
    let poems = surnames
        .iter()
        .map(|_| (0..6).map(|g| names.generation_character(dice, Sex::Male, 1930 + g * 18)).collect())
        .collect();
    Clans { surnames, poems, style }
}

fn household(
    county: &mut County,
    dice: &mut Dice,
    names: &Names,
    clans: &Clans,
    (township, village, n): (usize, usize, usize),
    as_of: Date,
) {
    let members = family::family(dice, as_of);
    let style = match clans.style {
        Style::Han => *dice.weighted(&[(Style::Han, 975), (Style::Yi, 15), (Style::Uyghur, 10)]),
        own if dice.percent(80) => own,
        _ => Style::Han,
    };
    let clan = *dice.weighted(&[(Some(0), 34), (Some(1), 20), (Some(2), 11), (None, 35)]);
    let first = county.persons.len();
    let called = call(dice, names, clans, clan, style, &members);
    for (member, name) in members.iter().zip(called) {
        let person = person(county, dice, names, member, name, style, as_of);
        county.persons.push(person);
    }
    let lifted = dice.percent(12);
    let income = dice.quantile(if lifted { &INCOME_LIFTED } else { &INCOME }) * 100 + dice.between(0, 99);
    county.households.push(Household {
        number: format!("1{:02}{:02}{:04}", township + 1, village + 1, n + 1),
        ordinal: county.households.len(),
        township,
        village,
        group: dice.between(1, 9) as u8,
        first,
        count: members.len(),
        lifted,
        monitored: monitored(dice, lifted),
        income,
    });
    family_phones(county, dice, first);
    fates(county, dice, first, as_of);
}

fn monitored(dice: &mut Dice, lifted: bool) -> Option<Monitored> {
    // About 2 % of all households: a lifted household is marked far more often.
    if !dice.chance(if lifted { 75_000 } else { 13_000 }) {
        return None;
    }
    let list_type = if lifted { "unstable" } else { *dice.weighted(&[("marginal", 65), ("sudden", 35)]) };
    let cause =
        *dice.weighted(&[("illness", 50), ("disability", 20), ("labour", 12), ("education", 8), ("accident", 10)]);
    Some(Monitored { list_type, cause, cleared: dice.percent(50), since: dice.between(200, 1500), gone: None })
}

/// Names of a family: surnames by descent, one shared character for many sibships.
fn call(
    dice: &mut Dice,
    names: &Names,
    clans: &Clans,
    clan: Option<usize>,
    style: Style,
    members: &[Member],
) -> Vec<String> {
    let surname = clan.map_or_else(|| names.surname(dice), |c| clans.surnames[c]);
    // What a married daughter's children are called by, when their father is not in the house.
    let daughters = names.surname(dice);
    let yi_clan = names.clan(dice);
    let mut surnames: Vec<&str> = Vec::with_capacity(members.len());
    let mut called: Vec<String> = vec![String::new(); members.len()];
    // A father may stand after his child (the head's father does): his name is wanted first.
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|&i| members[i].generation);
    for member in members {
        let own = match member.father {
            Some(father) if members[father].married_in && father < surnames.len() => surnames[father],
            _ if member.relation == Relation::MaternalGrandchild => daughters,
            _ if member.married_in => names.surname(dice),
            _ => surname,
        };
        surnames.push(own);
    }
    // One decision per sibship, or the boys of a family would differ in whether they follow the clan's book.
    let mut sibships: Vec<(usize, Sex, Option<char>)> = Vec::new();
    for i in order {
        let member = &members[i];
        let year = member.birth.year();
        called[i] = if style == Style::Han {
            // Who has no father in the house is a sibship of one.
            let family = member.father.unwrap_or(members.len() + i);
            let known = sibships.iter().find(|s| (s.0, s.1) == (family, member.sex)).map(|s| s.2);
            let shared = known.unwrap_or_else(|| {
                let likely = if year < 1985 { 52 } else { 18 };
                let follows = dice.percent(if member.sex == Sex::Male { likely } else { likely / 3 });
                let poem = clan.filter(|_| !member.married_in && member.sex == Sex::Male);
                let shared = follows.then(|| match poem {
                    Some(c) => clans.poems[c][usize::from((year.max(1930) as u16 - 1930) / 18).min(5)],
                    None => names.generation_character(dice, member.sex, year),
                });
                sibships.push((family, member.sex, shared));
                shared
            });
            names.han(dice, surnames[i], member.sex, year, shared)
        } else {
            let father = member.father.map(|f| called[f].as_str()).filter(|n| !n.is_empty());
            let clan = if member.married_in { names.clan(dice) } else { yi_clan.clone() };
            names.separated(dice, style, member.sex, &clan, father)
        };
        // Two brothers of one name do not occur; a second draw settles nearly all.
        if style == Style::Han && called.iter().enumerate().any(|(j, n)| j != i && *n == called[i]) {
            called[i] = names.han(dice, surnames[i], member.sex, year, None);
        }
        // Nobody is named as somebody who lives in the house; drawn apart, so that nothing else of the county moves.
        let mut spare = dice.clone();
        let doubled = |called: &[String]| called.iter().enumerate().any(|(j, n)| j != i && *n == called[i]);
        for _ in 0..100 {
            if !doubled(&called) {
                break;
            }
            called[i] = if style == Style::Han {
                names.han(&mut spare, surnames[i], member.sex, year, None)
            } else {
                let clan = if member.married_in { names.clan(&mut spare) } else { yi_clan.clone() };
                names.separated(&mut spare, style, member.sex, &clan, None)
            };
        }
    }
    called
}

fn person(
    county: &mut County,
    dice: &mut Dice,
    names: &Names,
    member: &Member,
    name: String,
    style: Style,
    as_of: Date,
) -> Person {
    let away = if member.married_in { 35 } else { 4 };
    let region = if dice.percent(away) { *dice.pick(&divisions::NEIGHBOURS) } else { divisions::COUNTY_CODE };
    let number = county.registry.issue(dice, region, member.birth, member.sex == Sex::Male);
    let age = super::people::age(member.birth, as_of);
    let former_name = (style == Style::Han && dice.percent(3)).then(|| {
        let surname: String = name.chars().take(1).collect();
        names.han(dice, &surname, member.sex, member.birth.year(), None)
    });
    let disabled = dice.chance(if age >= 60 { 90_000 } else { 28_000 });
    Person {
        ordinal: county.persons.len(),
        name,
        former_name,
        number,
        sex: member.sex,
        birth: member.birth,
        relation: member.relation,
        status: Status::Normal,
        phone: None,
        ethnicity: style.ethnicity(),
        disability: disabled.then(|| (dice.between(1, 7) as u8, dice.between(1, 4) as u8)),
        chronic: dice.chance(if age >= 55 { 300_000 } else { 35_000 }),
    }
}

/// Adults have mobile phones; the old often share one with the family. The numbers' prefix is 1990.
fn family_phones(county: &mut County, dice: &mut Dice, first: usize) {
    let mut shared = None;
    for person in &mut county.persons[first..] {
        let own = 19_900_000_000 + dice.below(10_000_000) as u64;
        let grown = i64::from(person.birth.year()) <= 2010;
        if grown && dice.percent(82) {
            person.phone = Some(own);
            shared = shared.or(person.phone);
        } else if grown {
            person.phone = shared;
        }
    }
}

/// Who died and who moved away.
fn fates(county: &mut County, dice: &mut Dice, first: usize, as_of: Date) {
    let day = |dice: &mut Dice| as_of.saturating_sub(dice.between(20, 3000).days());
    if dice.chance(6_000) {
        // The whole household is gone.
        for person in &mut county.persons[first..] {
            let left = day(dice);
            person.status = if person.age(as_of) > 72 { Status::Deceased(left) } else { Status::MovedOut(left) };
        }
        return;
    }
    let alone = county.persons.len() - first == 1;
    for person in &mut county.persons[first..] {
        let age = person.age(as_of);
        let dies = if age > 75 {
            90_000
        } else if age > 55 {
            25_000
        } else {
            3_000
        };
        if dice.chance(dies) && !alone {
            person.status = Status::Deceased(day(dice));
        } else if (18..40).contains(&age) && person.relation != Relation::Head && dice.percent(5) {
            person.status = Status::MovedOut(day(dice));
        }
        if let Status::Deceased(on) | Status::MovedOut(on) = person.status
            && on <= person.birth
        {
            person.status = Status::Normal;
        }
    }
    // Somebody stays: a household with nobody left is the case above.
    if county.persons[first..].iter().all(|p| !p.is_here()) {
        county.persons[first].status = Status::Normal;
    }
}

/// Gives a few people of a village the name of another who has the same surname and sex.
fn namesakes(county: &mut County, dice: &mut Dice, first: usize) {
    let count = county.persons.len() - first;
    for _ in 0..count / 150 + usize::from(dice.percent(50)) {
        let (a, b) = (first + dice.below(count), first + dice.below(count));
        let (left, right) = (&county.persons[a], &county.persons[b]);
        let fits = left.sex == right.sex
            && left.ethnicity == "汉族"
            && right.ethnicity == "汉族"
            && left.name.chars().next() == right.name.chars().next();
        let same_house = a.abs_diff(b) < 12;
        if fits && !same_house {
            county.persons[b].name = left.name.clone();
        }
    }
}

/// Daughters who married inside the county and still stand in their parents' household: mostly marked as moved out there.
fn second_rows(county: &mut County, seed: u64) {
    let mut dice = Dice::new(seed, "second rows", 0);
    let mut taken = HashSet::new();
    for home in 0..county.households.len() {
        if !dice.chance(7_000) {
            continue;
        }
        let head = &county.persons[county.households[home].first];
        let (year, surname) = (head.birth.year(), head.name.chars().next());
        let Some(surname) = surname.filter(|_| head.ethnicity == "汉族") else {
            continue;
        };
        // A few tries: most households have no wife of a daughter's age.
        let wife = (0..20).find_map(|_| {
            let house = dice.below(county.households.len());
            county.members(house).find(|&p| {
                let person = &county.persons[p];
                matches!(person.relation, Relation::Spouse | Relation::ChildInLaw)
                    && person.sex == Sex::Female
                    && person.is_here()
                    && person.ethnicity == "汉族"
                    && house != home
                    && (20..40).contains(&(person.birth.year() - year))
                    && !taken.contains(&p)
            })
        });
        let Some(wife) = wife else { continue };
        taken.insert(wife);
        // She has her father's surname, so her name follows from the home found here.
        let given: String = county.persons[wife].name.chars().skip(1).collect();
        county.persons[wife].name = format!("{surname}{given}");
        county.second_rows.push((home, wife, dice.percent(12)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_county_has_its_households_and_one_number_per_person() {
        let county = people(1000, 5, Date::constant(2026, 9, 30));
        assert_eq!(county.households.len(), 1000);
        assert_eq!(county.households.iter().map(|h| h.count).sum::<usize>(), county.persons.len());
        let numbers: HashSet<_> = county.persons.iter().map(|p| p.number).collect();
        assert_eq!(numbers.len(), county.persons.len());
        let separated = county.persons.iter().filter(|p| p.name.contains('·')).count();
        assert!(separated * 100 / county.persons.len() >= 1, "{separated}");
        let lifted = county.households.iter().filter(|h| h.lifted).count();
        assert!((80..160).contains(&lifted), "{lifted}");
        assert!(county.second_rows.iter().all(|&(home, p, _)| !county.members(home).contains(&p)));
    }

    #[test]
    fn namesakes_live_in_one_village() {
        let county = people(1000, 5, Date::constant(2026, 9, 30));
        let mut seen: BTreeMap<(usize, usize, &str), usize> = BTreeMap::new();
        for (h, household) in county.households.iter().enumerate() {
            for p in county.members(h) {
                *seen.entry((household.township, household.village, &county.persons[p].name)).or_default() += 1;
            }
        }
        assert!(seen.values().filter(|&&n| n > 1).count() > 10);
    }
}
