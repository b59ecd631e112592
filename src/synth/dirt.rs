//! Dirt: what becomes of a name and a number on the way into a department's file. In: a person, the preset, draws.
//! Out: the cell texts and the faults put in, by tag.
//!
//! The rates are those of the measurement in which other linkers were compared: of every 100 rows 4 have one wrong
//! digit, 1 two digits swapped, 1 no number, 1 the old 15 digits, 1 Excel's zeros, half a row a relative's number;
//! 2 a homophone in the name, 2 a traditional or variant character, 1 a character lost, 1 spaces. Hard is three times that.

use std::collections::BTreeMap;

use super::dice::Dice;
use super::divisions::{Township, Village};
use super::names;
use super::people::County;

/// How dirty the exports are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dirt {
    /// Every cell as it should be.
    None,
    /// As measured in real exports.
    #[default]
    Ordinary,
    /// Three times that, and the settlements without birth dates.
    Hard,
}

impl Dirt {
    /// Times the ordinary rates.
    pub fn factor(self) -> u32 {
        match self {
            Dirt::None => 0,
            Dirt::Ordinary => 1,
            Dirt::Hard => 3,
        }
    }
}

impl std::str::FromStr for Dirt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Dirt::None),
            "ordinary" => Ok(Dirt::Ordinary),
            "hard" => Ok(Dirt::Hard),
            _ => Err("expected none, ordinary or hard".to_string()),
        }
    }
}

/// What a file can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// Text only, all of Unicode.
    Text,
    /// Text only, and only the characters of GBK.
    Gbk,
    /// A workbook: an identity number may become a number cell.
    Workbook,
}

/// An identity number as it stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum NumberCell {
    /// Text; empty when missing.
    Text(String),
    /// A number cell: Excel kept 15 digits.
    Damaged(f64),
}

/// A person as a department wrote them.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Name cell.
    pub name: String,
    /// Number cell.
    pub number: NumberCell,
    /// Tags of the faults.
    pub faults: Vec<&'static str>,
}

impl Entry {
    /// The number cell where only text can stand.
    pub fn number_text(&self) -> String {
        match &self.number {
            NumberCell::Text(text) => text.clone(),
            NumberCell::Damaged(value) => format!("{value:.0}"),
        }
    }
}

/// Puts dirt in.
pub struct Soiler<'a> {
    county: &'a County,
    /// The preset.
    pub dirt: Dirt,
    sound: BTreeMap<char, Vec<char>>,
    shape: BTreeMap<char, Vec<char>>,
}

impl<'a> Soiler<'a> {
    /// For a county and a preset.
    pub fn new(county: &'a County, dirt: Dirt) -> Self {
        let (mut sound, mut shape) = (BTreeMap::new(), BTreeMap::new());
        for line in include_str!("slips.txt").lines().filter(|l| !l.starts_with('#')) {
            let mut words = line.split(' ');
            let table = if words.next() == Some("sound") { &mut sound } else { &mut shape };
            let from = words.next().and_then(|w| w.chars().next());
            if let (Some(from), Some(to)) = (from, words.next()) {
                table.insert(from, to.chars().collect());
            }
        }
        Soiler { county, dirt, sound, shape }
    }

    /// True with an ordinary rate of so many in a million, times the preset's factor.
    pub fn happens(&self, dice: &mut Dice, per_million: u32) -> bool {
        dice.chance((per_million * self.dirt.factor()).min(900_000))
    }

    /// A person as a department writes them at the ordinary rates.
    pub fn entry(&self, dice: &mut Dice, person: usize, medium: Medium) -> Entry {
        self.entry_at(dice, person, medium, 1)
    }

    /// The same with the rates so many times higher.
    pub fn entry_at(&self, dice: &mut Dice, person: usize, medium: Medium, times: u32) -> Entry {
        let mut faults = Vec::new();
        let name = self.name(dice, person, medium, times, &mut faults);
        let number = self.number(dice, person, medium, times, &mut faults);
        Entry { name, number, faults }
    }

    fn number(
        &self,
        dice: &mut Dice,
        person: usize,
        medium: Medium,
        times: u32,
        faults: &mut Vec<&'static str>,
    ) -> NumberCell {
        let right = self.county.persons[person].number_text();
        let scale = times * self.dirt.factor();
        let draw = dice.below(100_000) as u32;
        // Cumulated, so that a number has at most one fault.
        let rates = [
            ("number_typo", 4_000),
            ("number_transposed", 1_000),
            ("number_missing", 1_000),
            ("number_15", 1_000),
            ("number_excel", 1_000),
            ("number_relative", 500),
        ];
        let mut bound = 0;
        let fault = rates.iter().find(|(_, rate)| {
            bound += rate * scale;
            draw < bound
        });
        let Some((fault, _)) = fault else {
            return NumberCell::Text(right);
        };
        let cell = match *fault {
            "number_typo" => self.typo(dice, &right).map(NumberCell::Text),
            "number_transposed" => self.transposed(dice, &right).map(NumberCell::Text),
            "number_missing" => Some(NumberCell::Text(String::new())),
            // Numbers of 15 digits were only given to people born before 1999.
            "number_15" => {
                (&right[6..8] == "19").then(|| NumberCell::Text(format!("{}{}", &right[..6], &right[8..17])))
            }
            "number_excel" => damaged(&right, medium, dice),
            _ => self.relative(dice, person).map(NumberCell::Text),
        };
        match cell {
            Some(cell) => {
                faults.push(fault);
                cell
            }
            None => NumberCell::Text(right),
        }
    }

    fn typo(&self, dice: &mut Dice, right: &str) -> Option<String> {
        for _ in 0..8 {
            let mut bytes = right.as_bytes().to_vec();
            let at = dice.below(18);
            let digit = b'0' + dice.below(10) as u8;
            if bytes[at] == digit {
                continue;
            }
            bytes[at] = digit;
            let wrong = String::from_utf8(bytes).ok()?;
            if !self.county.registry.belongs_to_somebody(&wrong) {
                return Some(wrong);
            }
        }
        None
    }

    fn transposed(&self, dice: &mut Dice, right: &str) -> Option<String> {
        for _ in 0..12 {
            let mut bytes = right.as_bytes().to_vec();
            let at = dice.below(17);
            bytes.swap(at, at + 1);
            let wrong = String::from_utf8(bytes).ok()?;
            if wrong != right && !self.county.registry.belongs_to_somebody(&wrong) {
                return Some(wrong);
            }
        }
        None
    }

    fn relative(&self, dice: &mut Dice, person: usize) -> Option<String> {
        // Households are stored one after the other, so the household is found by bisection.
        let households = &self.county.households;
        let house = households.partition_point(|h| h.first <= person).checked_sub(1)?;
        let others: Vec<usize> = self.county.members(house).filter(|&p| p != person).collect();
        (!others.is_empty()).then(|| self.county.persons[*dice.pick(&others)].number_text())
    }

    fn name(
        &self,
        dice: &mut Dice,
        person: usize,
        medium: Medium,
        times: u32,
        faults: &mut Vec<&'static str>,
    ) -> String {
        let right = &self.county.persons[person].name;
        let mut chars: Vec<char> = right.chars().collect();
        let scale = times * self.dirt.factor();
        // A system without the character writes a question mark or a box: GBK always, others now and then.
        if self.dirt != Dirt::None && medium != Medium::Gbk {
            for c in &mut chars {
                if names::RARE.contains(*c) && dice.percent(30) {
                    *c = *dice.pick(&['□', '?', '*']);
                    faults.push("name_rare_char");
                }
            }
        }
        if let Some(at) = chars.iter().position(|&c| c == '·')
            && dice.percent((8 * scale).min(60))
        {
            match dice.pick(&['•', '.', '．', '・', ' ', '-']) {
                '-' => {
                    chars.remove(at);
                }
                other => chars[at] = *other,
            }
            faults.push("name_separator");
        }
        let draw = dice.below(100_000) as u32;
        let fault = match draw / scale.max(1) {
            _ if scale == 0 => "",
            0..2_000 => "name_homophone",
            2_000..4_000 => "name_variant",
            4_000..5_000 => "name_lost_char",
            5_000..6_000 => "name_spaces",
            _ => "",
        };
        let done = match fault {
            "name_homophone" => swap(dice, &mut chars, &self.sound),
            "name_variant" => swap(dice, &mut chars, &self.shape),
            "name_lost_char" if chars.len() >= 3 => {
                chars.remove(1 + dice.below(chars.len() - 1));
                true
            }
            "name_spaces" => {
                let space = *dice.pick(&[' ', '\u{3000}', ' ', '\u{a0}']);
                let at = *dice.pick(&[1, 1, chars.len()]);
                chars.insert(at, space);
                true
            }
            _ => false,
        };
        if done {
            faults.push(fault);
        }
        if medium == Medium::Gbk {
            for c in &mut chars {
                if !in_gbk(*c) {
                    *c = if c.is_whitespace() { ' ' } else { '?' };
                    if *c == '?' && !faults.contains(&"name_rare_char") {
                        faults.push("name_rare_char");
                    }
                }
            }
        }
        chars.into_iter().collect()
    }

    /// A village as a department writes it: mostly the full name, sometimes short, as a committee, or by an old name.
    pub fn village(&self, dice: &mut Dice, village: &Village) -> String {
        if self.happens(dice, 20_000) && !village.old_names.is_empty() {
            return dice.pick(&village.old_names).clone();
        }
        if !self.happens(dice, 60_000) {
            return village.name();
        }
        match dice.below(4) {
            0 => village.stem.to_string(),
            1 if village.suffix == "村" => format!("{}村委会", village.stem),
            2 if village.suffix == "村" => format!("{}村民委员会", village.stem),
            1 | 2 => format!("{}社区居委会", village.stem),
            _ => format!("{} ", village.name()),
        }
    }

    /// A township as a department writes it.
    pub fn township(&self, dice: &mut Dice, township: &Township) -> String {
        if self.happens(dice, 25_000) { township.stem().to_string() } else { township.name.to_string() }
    }
}

/// What Excel makes of 18 digits: 15 stay. In a text file its result is text.
fn damaged(right: &str, medium: Medium, dice: &mut Dice) -> Option<NumberCell> {
    // A number that ends in X never becomes a number cell.
    let zeros = format!("{}000", &right[..15]);
    let value: f64 = right.ends_with(|c: char| c.is_ascii_digit()).then(|| zeros.parse().ok())??;
    Some(match medium {
        Medium::Workbook => NumberCell::Damaged(value),
        _ if dice.percent(25) => {
            let digits: String = right.chars().take(6).collect();
            NumberCell::Text(format!("{}.{}E+17", &digits[..1], &digits[1..]))
        }
        _ => NumberCell::Text(zeros),
    })
}

/// The number cell of a column that Excel took for numbers as a whole.
pub fn damaged_column(right: &str) -> Option<NumberCell> {
    let zeros = format!("{}000", &right[..15]);
    let value = right.ends_with(|c: char| c.is_ascii_digit()).then(|| zeros.parse().ok())??;
    Some(NumberCell::Damaged(value))
}

fn in_gbk(c: char) -> bool {
    // All of the first Chinese block is in GBK; only the others need a look.
    if c.is_ascii() || ('\u{4e00}'..='\u{9fa5}').contains(&c) {
        return true;
    }
    let text = c.to_string();
    !encoding_rs::GBK.encode(&text).2
}

fn swap(dice: &mut Dice, chars: &mut [char], table: &BTreeMap<char, Vec<char>>) -> bool {
    let places: Vec<usize> = (0..chars.len()).filter(|&i| table.contains_key(&chars[i])).collect();
    if places.is_empty() {
        return false;
    }
    // Given names are mistaken more often than surnames.
    let given: Vec<usize> = places.iter().copied().filter(|&i| i > 0).collect();
    let at = if !given.is_empty() && dice.percent(85) { *dice.pick(&given) } else { *dice.pick(&places) };
    chars[at] = *dice.pick(&table[&chars[at]]);
    true
}
