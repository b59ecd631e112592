//! People who stand in an export but not in the register: from a neighbouring county, or never registered here.

use jiff::civil::Date;

use super::dice::Dice;
use super::dirt::{Entry, NumberCell};
use super::divisions::NEIGHBOURS;
use super::family::born;
use super::names::Names;
use super::number::{self, Registry};
use super::people::{County, Sex};

/// Makes outsiders whose numbers belong to nobody in the register.
pub struct Outsiders<'a> {
    names: Names,
    issued: Registry,
    county: &'a County,
}

/// An outsider.
pub struct Outsider {
    /// As the department wrote them; the tag `not_in_register` is in.
    pub entry: Entry,
    /// Sex.
    pub sex: Sex,
    /// Birth date.
    pub birth: Date,
}

impl<'a> Outsiders<'a> {
    /// For a county.
    pub fn new(county: &'a County) -> Self {
        Outsiders { names: Names::default(), issued: Registry::default(), county }
    }

    /// One outsider of an age between the two.
    pub fn draw(&mut self, dice: &mut Dice, as_of: Date, youngest: i64, oldest: i64) -> Outsider {
        let age = dice.between(youngest, oldest);
        let birth = born(dice, as_of, age);
        let sex = if dice.percent(50) { Sex::Male } else { Sex::Female };
        let number = loop {
            let region = *dice.pick(&NEIGHBOURS);
            let text = number::text(&self.issued.issue(dice, region, birth, sex == Sex::Male));
            if !self.county.registry.belongs_to_somebody(&text) {
                break text;
            }
        };
        let surname = self.names.surname(dice);
        let mut name = self.names.han(dice, surname, sex, birth.year(), None);
        name.retain(|c| !super::names::RARE.contains(c));
        let entry = Entry { name, number: NumberCell::Text(number), faults: vec!["not_in_register"] };
        Outsider { entry, sex, birth }
    }
}
