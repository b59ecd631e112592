//! Rows of a plain file packed one by one: numbers as integers, names as ids, no text kept but the record's key.
//!
//! In: the cells of a row by role, and the [`Cleaners`] of the normalisers (stages do not import each other, so their
//! functions are handed in). Out: a [`Packed`] side; two sides together become [`Columns`] that share their names. What
//! nine cells of ten look like is read here without a copy; all else goes through the normalisers.

use std::borrow::Cow;
use std::sync::Arc;

use super::interner::{Interner, pack};
use super::names::{self, Names};
use super::numbers;
use super::pack::{Columns, NO_DATE, NO_DIVISION, phone, word};
use crate::model::CellKind;
use crate::plan::PersonColumn;

/// Names that are interned at once.
const WAITING: usize = 128;

/// Cleans a text; a clean one is not copied.
pub type Clean = for<'t> fn(&'t str) -> Option<Cow<'t, str>>;

/// A valid number, and what can be compared of one that is not.
pub type NumberAndPart = (Option<String>, Option<String>);

/// What the normalisers make of a cell that is not as plain as most.
#[derive(Debug, Clone, Copy)]
pub struct Cleaners {
    /// A number: 18 characters that check, else what can be compared of it (see `normalize::id_number`); the day is `as_of`.
    pub number: fn(&str, CellKind, i32) -> NumberAndPart,
    /// A name.
    pub name: Clean,
    /// A birth date, in days since 1970-01-01; the day is `as_of`.
    pub birth: fn(&str, CellKind, i32) -> Option<i32>,
    /// A telephone number.
    pub phone: fn(&str) -> Option<String>,
    /// Nobody is born later than this day, in days since 1970-01-01.
    pub as_of: i32,
}

/// The cells of one row by role.
pub type RowCells<'r> = [(&'r str, CellKind); PersonColumn::COUNT];

/// Keys of records, one after the other in one array.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    text: String,
    rows: usize,
    /// How many are expected.
    expected: usize,
    /// Length of all keys as long as they are equally long; the array below is empty then.
    width: usize,
    ends: Vec<u64>,
}

impl Keys {
    /// For about so many keys.
    pub fn expecting(rows: usize) -> Keys {
        Keys { expected: rows, ..Keys::default() }
    }

    /// Adds the key of the next record.
    pub fn push(&mut self, key: &str) {
        if self.rows == 0 {
            self.width = key.len();
            self.text.reserve(self.expected * key.len());
        }
        let differs = !self.ends.is_empty() || key.len() != self.width;
        if differs && self.ends.is_empty() {
            self.ends = (1..=self.rows).map(|row| (row * self.width) as u64).collect();
        }
        self.text.push_str(key);
        self.rows += 1;
        if differs {
            self.ends.push(self.text.len() as u64);
        }
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// True when there is no record.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The key of a record.
    pub fn get(&self, row: u32) -> &str {
        let i = row as usize;
        if self.ends.is_empty() {
            return &self.text[i * self.width..(i + 1) * self.width];
        }
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.text[start as usize..self.ends[i] as usize]
    }
}

/// One side while it is read.
#[derive(Debug)]
pub struct Packed {
    cleaners: Cleaners,
    has: [bool; PersonColumn::COUNT],
    columns: Columns,
    /// Names as they stand in the file.
    raw_names: Interner,
    /// Rows whose names are not interned yet, and these names: several at once cost less than one by one.
    waiting: (Vec<u32>, Vec<u64>),
    /// Keys of the records.
    pub keys: Keys,
}

impl Packed {
    /// A side without rows; `has` says which roles have a column, and about `rows` are expected.
    pub fn new(cleaners: Cleaners, has: [bool; PersonColumn::COUNT], rows: usize) -> Packed {
        let with = |column: PersonColumn| if has[column as usize] { rows } else { 0 };
        let columns = Columns {
            number: Vec::with_capacity(rows),
            prefix: Vec::with_capacity(rows),
            name: Vec::with_capacity(rows),
            birth: Vec::with_capacity(rows),
            number_birth: Vec::with_capacity(rows),
            sex: Vec::with_capacity(rows),
            number_sex: Vec::with_capacity(rows),
            township: Vec::with_capacity(rows),
            village: Vec::with_capacity(rows),
            group: Vec::with_capacity(with(PersonColumn::Household)),
            phone: Vec::with_capacity(with(PersonColumn::Phone)),
            head_name: Vec::with_capacity(with(PersonColumn::Head)),
            ..Columns::default()
        };
        // A name stands for several people.
        let raw_names = Interner::with_capacity(rows / 4);
        Packed { cleaners, has, columns, raw_names, waiting: Default::default(), keys: Keys::expecting(rows) }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.name.len()
    }

    /// Adds a row.
    pub fn push(&mut self, key: &str, cells: &RowCells) {
        let cell = |column: PersonColumn| cells[column as usize];
        self.keys.push(key);
        self.number(cell(PersonColumn::Number));
        self.name(cell(PersonColumn::Name).0);
        let birth = self.birth(cell(PersonColumn::Birth), cell(PersonColumn::Number).0);
        self.columns.birth.push(birth);
        self.columns.sex.push(sex(cell(PersonColumn::Sex).0));
        let (township, village) = divisions(cell(PersonColumn::Township).0, cell(PersonColumn::Village).0);
        self.columns.township.push(township);
        self.columns.village.push(village);
        if self.has[PersonColumn::Household as usize] {
            self.columns.group.push(word(cell(PersonColumn::Household).0));
        }
        if self.has[PersonColumn::Phone as usize] {
            let phone = self.phone(cell(PersonColumn::Phone).0);
            self.columns.phone.push(phone);
        }
        if self.has[PersonColumn::Head as usize] {
            let head = cell(PersonColumn::Head).0;
            self.columns.head_name.push(if head.is_empty() { names::NONE } else { self.raw_names.intern(head) });
        }
    }

    fn name(&mut self, text: &str) {
        let id = match pack(text) {
            _ if text.is_empty() => names::NONE,
            Some(packed) => {
                self.waiting.0.push(self.columns.name.len() as u32);
                self.waiting.1.push(packed);
                names::NONE
            }
            None => self.raw_names.intern(text),
        };
        self.columns.name.push(id);
        if self.waiting.0.len() == WAITING {
            self.intern_waiting();
        }
    }

    fn intern_waiting(&mut self) {
        let (rows, texts) = &mut self.waiting;
        let names = &mut self.columns.name;
        self.raw_names.intern_packed(texts, |i, id| names[rows[i] as usize] = id);
        rows.clear();
        texts.clear();
    }

    fn number(&mut self, (text, kind): (&str, CellKind)) {
        if let Some((packed, birth)) = plain_number(text.as_bytes(), self.cleaners.as_of)
            && kind != CellKind::Number
        {
            let columns = &mut self.columns;
            columns.number.push(packed);
            columns.prefix.push(numbers::NONE);
            columns.number_birth.push(birth);
            columns.number_sex.push(numbers::sex_of(packed));
        } else if text.is_empty() {
            self.columns.push_number(None, None);
        } else {
            let (number, partial) = (self.cleaners.number)(text, kind, self.cleaners.as_of);
            self.columns.push_number(number.as_deref(), partial.as_deref());
        }
    }

    /// `number` is the number beside the date: mostly it names the same day, which is known already.
    fn birth(&self, (text, kind): (&str, CellKind), number: &str) -> i32 {
        let b = text.as_bytes();
        if let ([y @ .., b'-', m1, m2, b'-', d1, d2], Some(named)) = (b, number.as_bytes().get(6..14))
            && number.len() == 18
            && y == &named[..4]
            && [*m1, *m2, *d1, *d2] == named[4..]
            && let Some(day) = self.columns.number_birth.last().filter(|day| **day != NO_DATE)
            && self.columns.prefix.last() == Some(&numbers::NONE)
            && self.columns.number.last() != Some(&numbers::NONE)
        {
            return *day;
        }
        let plain = match b.len() {
            0 => return NO_DATE,
            8 => digits(b),
            10 if b[4] == b'-' && b[7] == b'-' => {
                let part = |range: std::ops::Range<usize>| digits(&b[range]);
                part(0..4).zip(part(5..7)).zip(part(8..10)).map(|((y, m), d)| y * 10_000 + m * 100 + d)
            }
            _ => None,
        };
        match plain.and_then(|n| days(n as i32)).filter(|d| *d <= self.cleaners.as_of) {
            Some(day) => day,
            None => (self.cleaners.birth)(text, kind, self.cleaners.as_of).unwrap_or(NO_DATE),
        }
    }

    fn phone(&self, text: &str) -> u64 {
        match text.as_bytes() {
            [] => 0,
            b @ [b'1', ..] if b.len() == 11 && b.iter().all(u8::is_ascii_digit) => phone(text),
            _ => (self.cleaners.phone)(text).map_or(0, |clean| phone(&clean)),
        }
    }

    /// The packed columns of two sides, which share their names, and the keys of each.
    pub fn together(mut left: Packed, mut right: Packed) -> [(Columns, Keys); 2] {
        left.intern_waiting();
        right.intern_waiting();
        let clean = left.cleaners.name;
        // Most names are clean as they stand: those of the left side keep their numbers, and only others are added.
        let mut names = std::mem::take(&mut left.raw_names);
        let mut own: Vec<u32> = Vec::new();
        let mut changed: Vec<(u32, Option<String>)> = Vec::new();
        for (raw, id) in names.iter().zip(0..) {
            own.push(id);
            match clean(raw) {
                Some(Cow::Borrowed(name)) if name.len() == raw.len() => {}
                name => changed.push((id, name.map(Cow::into_owned))),
            }
        }
        for (id, name) in changed {
            own[id as usize] = name.map_or(names::NONE, |name| names.intern(&name));
        }
        let other = names_of(&std::mem::take(&mut right.raw_names), clean, &mut names);
        let sides = [(left, own), (right, other)].map(|(side, ids)| {
            let Packed { mut columns, keys, .. } = side;
            for name in columns.name.iter_mut().chain(&mut columns.head_name) {
                *name = ids.get(*name as usize).copied().unwrap_or(names::NONE);
            }
            (columns, keys)
        });
        let names = Arc::new(Names::distinct(names));
        sides.map(|(columns, keys)| (Columns { names: names.clone(), ..columns }, keys))
    }
}

/// The ids of another side's names among `names`.
fn names_of(raw: &Interner, clean: Clean, names: &mut Interner) -> Vec<u32> {
    let mut ids = Vec::new();
    let (mut rows, mut waiting) = (Vec::with_capacity(WAITING), Vec::with_capacity(WAITING));
    for name in raw.iter().map(clean) {
        let packed = name.as_deref().filter(|name| !name.is_empty()).and_then(pack);
        match (packed, name) {
            (Some(packed), _) => {
                rows.push(ids.len());
                waiting.push(packed);
                ids.push(names::NONE);
            }
            (None, name) => ids.push(name.map_or(names::NONE, |name| names.intern(&name))),
        }
        if waiting.len() == WAITING {
            names.intern_packed(&waiting, |i, id| ids[rows[i]] = id);
            rows.clear();
            waiting.clear();
        }
    }
    names.intern_packed(&waiting, |i, id| ids[rows[i]] = id);
    ids
}

fn digits(bytes: &[u8]) -> Option<u64> {
    let (eights, rest) = bytes.as_chunks::<8>();
    let n = eights.iter().try_fold(0_u64, |n, eight| Some(n * 100_000_000 + eight_digits(*eight)?))?;
    rest.iter().try_fold(n, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))
}

/// Eight digits at once, pairs into pairs of pairs (Lemire, "Quickly parsing eight digits", 2018).
fn eight_digits(bytes: [u8; 8]) -> Option<u64> {
    let word = u64::from_le_bytes(bytes);
    let high = |word: u64| word & 0xf0f0_f0f0_f0f0_f0f0;
    // A digit stays below the next sixteen when six is added to it.
    if high(word) | high(word.wrapping_add(0x0606_0606_0606_0606)) >> 4 != 0x3333_3333_3333_3333 {
        return None;
    }
    let twos = (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(2_561) >> 8;
    let fours = (twos & 0x00ff_00ff_00ff_00ff).wrapping_mul(6_553_601) >> 16;
    Some((fours & 0x0000_ffff_0000_ffff).wrapping_mul(42_949_672_960_001) >> 32)
}

/// First and last year of a birth date that is believed.
const YEARS: [i32; 2] = [1850, 2100];

/// Days from 1970-01-01 to the first day of each such year, and of the one behind them.
const FIRST_DAYS: [i32; 252] = {
    let (mut days, mut first, mut year) = ([0; 252], -43_829, YEARS[0]);
    while year <= YEARS[1] + 1 {
        days[(year - YEARS[0]) as usize] = first;
        first += if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 366 } else { 365 };
        year += 1;
    }
    days
};

/// Days of a year before each month from the first, and before the next year.
const BEFORE_MONTH: [[i32; 13]; 2] = [
    [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365],
    [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366],
];

/// Days since 1970-01-01 of a day written as one number, `19700101`; none when there is no such day from 1850 to 2100.
///
/// Looked up, because every row asks for it: half the cost of reckoning (Richards 2013, Explanatory Supplement §15.11).
fn days(written: i32) -> Option<i32> {
    let written = u32::try_from(written).ok()?;
    let (year, month, day) = (written / 10_000, written / 100 % 100, (written % 100) as i32);
    let at = year.wrapping_sub(YEARS[0] as u32) as usize;
    let (first, next) = (*FIRST_DAYS.get(at)?, *FIRST_DAYS.get(at + 1)?);
    let before = &BEFORE_MONTH[usize::from(next - first == 366)];
    let at = month.wrapping_sub(1) as usize;
    let (month, next) = (*before.get(at)?, *before.get(at + 1)?);
    (1..=next - month).contains(&day).then_some(first + month + day - 1)
}

/// An 18-character number that needs no repair, packed, with the birth date it names.
fn plain_number(b: &[u8], as_of: i32) -> Option<(u64, i32)> {
    const CHECKS: [u8; 11] = *b"10X98765432";
    let b: &[u8; 18] = b.try_into().ok()?;
    let body = digits(&b[..17])?;
    let sum: u32 = b[..17].iter().zip(numbers::WEIGHTS).map(|(digit, weight)| u32::from(digit & 15) * weight).sum();
    let region = body / 100_000_000_000;
    // Stand-ins that pass the check by chance.
    if b[17] != CHECKS[(sum % 11) as usize] || matches!(region, 0 | 123_456 | 999_999) {
        return None;
    }
    let birth = days((body / 1_000 % 100_000_000) as i32).filter(|day| *day <= as_of)?;
    let check = if b[17] == b'X' { 10 } else { u64::from(b[17] - b'0') };
    Some((body << 4 | check, birth))
}

/// 1 male, 2 female, 0 anything else: words of both languages and the codes of GB/T 2261.1.
fn sex(text: &str) -> u8 {
    match text {
        "男" | "男性" | "1" | "M" | "m" | "male" | "Male" | "MALE" => 1,
        "女" | "女性" | "2" | "F" | "f" | "female" | "Female" | "FEMALE" => 2,
        _ => 0,
    }
}

/// Township and village as integers: codes of nine and twelve digits as they are, names as what stands for them.
///
/// A village's code names its township too.
fn divisions(township: &str, village: &str) -> (u64, u64) {
    // The code, and how many digits it has; 0 digits for a name.
    let of = |text: &str| match text.len() {
        9 | 12 => digits(text.as_bytes()).map_or_else(|| (word(text), 0), |code| (code, text.len())),
        _ => (word(text), 0),
    };
    let ((town, town_digits), (home, home_digits)) = (of(township), of(village));
    let own = if town_digits == 12 { town / 1000 } else { town };
    match home_digits {
        // A township's code in the column of villages.
        9 => (if own == NO_DIVISION { home } else { own }, NO_DIVISION),
        12 if own == NO_DIVISION => (home / 1000, home),
        _ => (own, home),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::person::testing::number;
    use crate::model::text::to_days;

    #[test]
    fn plain_numbers_are_those_the_check_accepts() {
        let as_of = to_days("2026-09-30".parse().expect("a day"));
        for sequence in 0..200 {
            let valid = number("990121", "19850629", sequence);
            let (packed, birth) = plain_number(valid.as_bytes(), as_of).expect("valid");
            assert_eq!((Some(packed), Some(birth)), (numbers::pack(&valid), days(19_850_629)));
            let mut wrong = valid.clone().into_bytes();
            wrong[10] = b'0' + (wrong[10] - b'0' + 1) % 10;
            assert_eq!(plain_number(&wrong, as_of), None);
        }
        for bad in [number("999999", "19850629", 1), number("990121", "20991231", 1), number("990121", "19850631", 1)] {
            assert_eq!(plain_number(bad.as_bytes(), as_of), None, "{bad}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for day in ["1850-01-01", "1900-02-28", "1970-01-01", "2000-02-29", "2024-12-31", "2100-12-31"] {
            let written = day.replace('-', "").parse().expect("digits");
            assert_eq!(days(written), Some(to_days(day.parse().expect("a day"))), "{day}");
        }
        assert_eq!([days(19_000_229), days(20_231_301), days(20_230_100), days(18_491_231)], [None; 4]);
    }

    #[test]
    fn digits_are_those_that_parse_reads() {
        for text in
            ["", "0", "1234567", "12345678", "990101001200", "99999999999999999", "00000000", "123456789012345678"]
        {
            let expected = if text.is_empty() { Some(0) } else { text.parse().ok() };
            assert_eq!(digits(text.as_bytes()), expected, "{text}");
            for at in 0..text.len() {
                for wrong in (0..=255_u8).filter(|b| !b.is_ascii_digit()) {
                    let mut bytes = text.as_bytes().to_vec();
                    bytes[at] = wrong;
                    assert_eq!(digits(&bytes), None, "{wrong:x} at {at} of {text}");
                }
            }
        }
    }

    #[test]
    fn keys_come_back_whatever_their_length() {
        for list in [vec!["a1", "b2", "c3"], vec!["a1", "b", "", "c33"], vec!["", "", "x"], vec!["甲"]] {
            let mut keys = Keys::default();
            list.iter().for_each(|k| keys.push(k));
            let back: Vec<&str> = (0..keys.len() as u32).map(|row| keys.get(row)).collect();
            assert_eq!(back, list);
        }
    }

    #[test]
    fn divisions_are_codes_or_names() {
        assert_eq!(divisions("990101001", "990101001200"), (990_101_001, 990_101_001_200));
        assert_eq!(divisions("", "990101001200"), (990_101_001, 990_101_001_200));
        assert_eq!(divisions("990101001000", ""), (990_101_001, NO_DIVISION));
        assert_eq!(divisions("", "990101001"), (990_101_001, NO_DIVISION));
        let (town, home) = divisions("平安镇", "东沟村");
        assert_eq!((town, home), (word("平安镇"), word("东沟村")));
    }
}
