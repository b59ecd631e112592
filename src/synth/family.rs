//! One family: who is in it and how old they are. In: draws and the round's day. Out: members, head first.

use jiff::civil::Date;
use jiff::{Span, ToSpan};

use super::dice::Dice;
use super::people::{Relation, Sex};

/// A member before names and numbers.
#[derive(Debug, Clone)]
pub struct Member {
    /// Sex.
    pub sex: Sex,
    /// Birth date.
    pub birth: Date,
    /// Relation to the head.
    pub relation: Relation,
    /// Whose child in this family (index), for the surname and the shared character.
    pub father: Option<usize>,
    /// Married in: another surname, perhaps another county.
    pub married_in: bool,
    /// Generation counted from the oldest in the house; the clan's generation character goes by it.
    pub generation: i16,
}

/// The shapes of rural households with their weights.
#[derive(Debug, Clone, Copy)]
enum Shape {
    LoneElder,
    Couple,
    Nuclear,
    ThreeGenerations,
    WithParents,
    Skipped,
    SingleParent,
}

const SHAPES: [(Shape, u32); 7] = [
    (Shape::LoneElder, 16),
    (Shape::Couple, 24),
    (Shape::Nuclear, 27),
    (Shape::ThreeGenerations, 13),
    (Shape::WithParents, 11),
    (Shape::Skipped, 5),
    (Shape::SingleParent, 4),
];

/// A birth date that makes somebody `age` full years old on `as_of`.
pub fn born(dice: &mut Dice, as_of: Date, age: i64) -> Date {
    let span: Span = age.years().days(dice.between(0, 364));
    as_of.saturating_sub(span)
}

struct Builder<'a> {
    dice: &'a mut Dice,
    as_of: Date,
    members: Vec<Member>,
}

impl Builder<'_> {
    fn add(&mut self, sex: Sex, age: i64, relation: Relation, father: Option<usize>, generation: i16) -> usize {
        let birth = born(self.dice, self.as_of, age.clamp(0, 99));
        self.members.push(Member { sex, birth, relation, father, married_in: false, generation });
        self.members.len() - 1
    }

    fn sex(&mut self) -> Sex {
        // 112 boys for 100 girls.
        if self.dice.chance(528_000) { Sex::Male } else { Sex::Female }
    }

    fn spouse(&mut self, of: usize, relation: Relation, age: i64) -> usize {
        let sex = if self.members[of].sex == Sex::Male { Sex::Female } else { Sex::Male };
        let shift = if sex == Sex::Female { self.dice.between(-1, 5) } else { self.dice.between(-5, 1) };
        let generation = self.members[of].generation;
        let at = self.add(sex, (age - shift).max(20), relation, None, generation);
        self.members[at].married_in = true;
        at
    }

    /// Children of a father (or of a mother alone): the eldest is as old as the mother's age allows.
    fn children(
        &mut self,
        parent: usize,
        mother_age: i64,
        most: usize,
        youngest_adult: i64,
        relation: fn(u8) -> Relation,
    ) {
        let mut age = mother_age - self.dice.between(20, 29);
        let generation = self.members[parent].generation + 1;
        for i in 0..most {
            if age < 0 || (youngest_adult > 0 && age > youngest_adult) {
                break;
            }
            let sex = self.sex();
            self.add(sex, age, relation(i as u8), Some(parent), generation);
            // Two years of age apart, so that more than a year lies between two births.
            age -= self.dice.between(2, 6);
        }
    }
}

/// Makes a family.
pub fn family(dice: &mut Dice, as_of: Date) -> Vec<Member> {
    let shape = *dice.weighted(&SHAPES);
    let mut b = Builder { dice, as_of, members: Vec::new() };
    match shape {
        Shape::LoneElder => {
            let sex = if b.dice.percent(60) { Sex::Male } else { Sex::Female };
            let age = b.dice.between(58, 90);
            b.add(sex, age, Relation::Head, None, 0);
        }
        Shape::Couple => {
            let age = b.dice.between(46, 82);
            let head = b.add(Sex::Male, age, Relation::Head, None, 0);
            b.spouse(head, Relation::Spouse, age);
        }
        Shape::Nuclear => {
            let age = b.dice.between(27, 55);
            let head = b.add(Sex::Male, age, Relation::Head, None, 0);
            let wife = b.spouse(head, Relation::Spouse, age);
            let mother = super::people::age(b.members[wife].birth, as_of);
            let most = *b.dice.weighted(&[(1, 30), (2, 48), (3, 22)]);
            b.children(head, mother, most, 0, Relation::Child);
        }
        Shape::ThreeGenerations => {
            let age = b.dice.between(50, 74);
            let head = b.add(Sex::Male, age, Relation::Head, None, 0);
            let wife_age = (age - b.dice.between(0, 4)).max(46);
            let wife = b.spouse(head, Relation::Spouse, wife_age);
            let mother = super::people::age(b.members[wife].birth, as_of);
            let child_age = (mother - b.dice.between(20, 27)).max(20);
            // Mostly the son brings a wife; a daughter with a husband who moved in is rarer.
            let sex = if b.dice.percent(88) { Sex::Male } else { Sex::Female };
            let child = b.add(sex, child_age, Relation::Child(0), Some(head), 1);
            let in_law = b.spouse(child, Relation::ChildInLaw, child_age);
            let young_mother = if sex == Sex::Male { in_law } else { child };
            let mother = super::people::age(b.members[young_mother].birth, as_of);
            let relation: fn(u8) -> Relation =
                if sex == Sex::Male { |_| Relation::Grandchild } else { |_| Relation::MaternalGrandchild };
            let most = *b.dice.weighted(&[(1, 40), (2, 45), (3, 15)]);
            let father = if sex == Sex::Male { child } else { in_law };
            b.children(father, mother, most, 26, relation);
        }
        Shape::WithParents => {
            let age = b.dice.between(30, 56);
            let head = b.add(Sex::Male, age, Relation::Head, None, 1);
            if b.dice.percent(85) {
                let wife = b.spouse(head, Relation::Spouse, age);
                let mother = super::people::age(b.members[wife].birth, as_of);
                let most = *b.dice.weighted(&[(1, 30), (2, 50), (3, 20)]);
                b.children(head, mother, most, 0, Relation::Child);
            }
            let in_laws = b.dice.percent(8);
            let relation = if in_laws { Relation::ParentInLaw } else { Relation::Parent };
            let elder = (age + b.dice.between(21, 30)).min(94);
            if b.dice.percent(70) {
                let father = b.add(Sex::Male, elder, relation, None, 0);
                if !in_laws {
                    b.members[0].father = Some(father);
                } else {
                    b.members[father].married_in = true;
                }
            }
            if b.dice.percent(75) || b.members.len() == 1 {
                let mother = b.add(Sex::Female, elder - 2, relation, None, 0);
                b.members[mother].married_in = true;
            }
            if b.dice.percent(8) {
                let sex = b.sex();
                let father = b.members[0].father;
                let age = (age - b.dice.between(2, 9)).max(18);
                b.add(sex, age, Relation::Sibling, father, 1);
            }
            if age < 45 && b.dice.percent(3) {
                let grandmother = b.add(Sex::Female, (elder + 21).min(98), Relation::Grandparent, None, -1);
                b.members[grandmother].married_in = true;
            }
        }
        Shape::Skipped => {
            let age = b.dice.between(58, 76);
            let head = b.add(Sex::Male, age, Relation::Head, None, 0);
            if b.dice.percent(80) {
                b.spouse(head, Relation::Spouse, age);
            }
            let maternal = b.dice.percent(15);
            let relation = if maternal { Relation::MaternalGrandchild } else { Relation::Grandchild };
            let mut child_age = b.dice.between(5, 16);
            for _ in 0..b.dice.between(1, 2) {
                let sex = b.sex();
                let at = b.add(sex, child_age, relation, (!maternal).then_some(head), 2);
                b.members[at].married_in = maternal;
                child_age = (child_age - b.dice.between(2, 5)).max(1);
            }
        }
        Shape::SingleParent => {
            let age = b.dice.between(29, 52);
            let sex = if b.dice.percent(55) { Sex::Female } else { Sex::Male };
            let head = b.add(sex, age, Relation::Head, None, 0);
            let most = *b.dice.weighted(&[(1, 60), (2, 40)]);
            b.children(head, age, most, 0, Relation::Child);
        }
    }
    if b.dice.percent(2) {
        let sex = b.sex();
        let relation = if b.dice.percent(50) { Relation::Nephew } else { Relation::Other };
        let age = if relation == Relation::Nephew { b.dice.between(3, 25) } else { b.dice.between(20, 80) };
        let generation = b.members[0].generation + i16::from(relation == Relation::Nephew);
        let at = b.add(sex, age, relation, None, generation);
        b.members[at].married_in = relation == Relation::Other;
    }
    b.members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::people::age;

    #[test]
    fn families_are_possible() {
        let as_of = Date::constant(2026, 9, 30);
        let mut dice = Dice::new(3, "family", 0);
        let mut people = 0;
        for _ in 0..2000 {
            let members = family(&mut dice, as_of);
            people += members.len();
            assert_eq!(members.iter().filter(|m| m.relation == Relation::Head).count(), 1);
            assert_eq!(members[0].relation, Relation::Head);
            assert!(members.iter().filter(|m| m.relation == Relation::Spouse).all(|s| s.sex != members[0].sex));
            for m in &members {
                assert!(m.birth <= as_of);
                if let Some(father) = m.father {
                    let gap = age(members[father].birth, as_of) - age(m.birth, as_of);
                    assert!(gap >= 14, "{m:?} is only {gap} years younger than {:?}", members[father]);
                }
            }
        }
        assert!((5500..6900).contains(&people), "{people}");
    }
}
