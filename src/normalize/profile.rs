//! What the values of a column look like, for drafting a contract: how many of them each normaliser takes. Values themselves
//! are kept only while they are few, short and repeated, as codes are.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::civil::Date;

use super::id_number::{Lane, id_number};
use super::text::{compact, says_nothing};
use super::{amount, boolean, date, name, phone};
use crate::codes::{CodeTable, Codes, Lookup};
use crate::model::CellKind;
use crate::plan::FieldKind;

/// Most different values of a column of codes.
const CODES: usize = 12;
/// Longest value of a column of codes, in characters.
const LONGEST: usize = 10;
/// How often each code must be seen on average before a column counts as one of codes.
const SEEN: u64 = 5;

/// Counts over the cells of one column.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Rows looked at.
    pub rows: u64,
    /// Cells that are not blank.
    pub filled: u64,
    /// Cells that each kind's normaliser takes without a doubt.
    taken: BTreeMap<FieldKind, u64>,
    /// Cells with a fraction.
    fractions: u64,
    /// Cells whose text has 11 digits or more, as telephone and other numbers have.
    long_numbers: u64,
    /// Different short values with their counts; none once there are too many.
    few: Option<BTreeMap<String, u64>>,
    few_ended: bool,
    /// Hashes of the values, to see whether one comes twice.
    seen: std::collections::HashSet<u64>,
    /// True when a value came twice.
    pub repeats: bool,
}

impl Profile {
    /// Takes a cell into account; `as_of` bounds dates.
    pub fn see(&mut self, raw: &str, kind: CellKind, codes: &Codes, as_of: Date) {
        self.rows += 1;
        let text = compact(raw);
        if says_nothing(&text) {
            return;
        }
        self.filled += 1;
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        self.repeats |= !self.seen.insert(hasher.finish());
        let mut take = |kind: FieldKind, taken: bool| *self.taken.entry(kind).or_default() += u64::from(taken);
        let number = id_number(raw, kind, as_of);
        take(
            FieldKind::IdNumber,
            matches!(number.lane, Lane::Valid | Lane::Repaired | Lane::Damaged | Lane::Placeholder),
        );
        let clean = phone::phone(raw);
        take(FieldKind::Phone, clean.value.is_some() && clean.doubt.is_none());
        let day = date::date(raw, kind, date::Asked::Day, as_of);
        take(FieldKind::Date, day.value.is_some() && day.doubt.is_none());
        let month = date::date(raw, kind, date::Asked::Month, as_of);
        take(FieldKind::Month, month.value.is_some() && month.doubt.is_none());
        let decimal = amount::decimal(raw, kind);
        take(FieldKind::Decimal, decimal.value.is_some());
        self.fractions += u64::from(decimal.value.is_some_and(|v| v % 100 != 0));
        take(FieldKind::Boolean, boolean::boolean(raw).value.is_some());
        take(FieldKind::Name, looks_like_a_name(raw));
        let known = |lookup: Lookup| !matches!(lookup, Lookup::None);
        take(FieldKind::Township, known(codes.divisions().township(raw)));
        take(FieldKind::Village, known(codes.divisions().village(None, raw)));
        self.long_numbers += u64::from(text.chars().filter(char::is_ascii_digit).count() >= 11);
        if !self.few_ended {
            let few = self.few.get_or_insert_default();
            *few.entry(text.into_owned()).or_default() += 1;
            if few.len() > CODES || few.keys().any(|value| value.chars().count() > LONGEST) {
                self.few = None;
                self.few_ended = true;
            }
        }
    }

    /// Share of the filled cells that a kind takes.
    pub fn share(&self, kind: FieldKind) -> f64 {
        let taken = match kind {
            FieldKind::Text | FieldKind::Code => self.filled,
            FieldKind::Money => self.count(FieldKind::Decimal),
            FieldKind::Integer => self.count(FieldKind::Decimal) - self.fractions,
            kind => self.count(kind),
        };
        if self.filled == 0 { 0.0 } else { taken as f64 / self.filled as f64 }
    }

    fn count(&self, kind: FieldKind) -> u64 {
        self.taken.get(&kind).copied().unwrap_or(0)
    }

    /// The values of a column of codes: few, short, each seen several times, and neither names nor numbers of people.
    pub fn codes(&self) -> Option<&BTreeMap<String, u64>> {
        let few = self.few.as_ref().filter(|few| !few.is_empty() && self.filled >= few.len() as u64 * SEEN)?;
        // Twelve people in a list repeat, too: what a surname begins and everybody bears once is left out.
        let personal = self.share(FieldKind::IdNumber) > 0.0 || self.long_numbers > 0;
        (!personal && few.values().all(|count| *count > 1)).then_some(few)
    }

    /// The code tables that know all values of the column, those with fewest entries first.
    pub fn tables<'c>(&self, codes: &'c Codes) -> Vec<&'c CodeTable> {
        let Some(values) = self.codes() else { return Vec::new() };
        let knows = |table: &&CodeTable| values.keys().all(|value| table.resolve(value).is_some());
        let mut tables: Vec<&CodeTable> = codes.tables().filter(knows).collect();
        tables.sort_by_key(|table| (table.entries().len(), table.name()));
        tables
    }

    /// The kind that the values look like, surest first; text when nothing else fits.
    pub fn kind(&self) -> FieldKind {
        use FieldKind as K;
        let short_numbers = self.long_numbers == 0;
        let takes = |kind: K, share: f64| self.share(kind) >= share;
        match () {
            () if self.filled == 0 => K::Text,
            () if takes(K::IdNumber, 0.7) => K::IdNumber,
            () if takes(K::Phone, 0.8) && !short_numbers => K::Phone,
            () if takes(K::Boolean, 1.0) && self.few.as_ref().is_some_and(|few| few.len() <= 4) => K::Boolean,
            () if takes(K::Date, 0.9) && !takes(K::Integer, 0.9) => K::Date,
            () if takes(K::Month, 0.9) && !takes(K::Integer, 0.9) => K::Month,
            // 20260930 and 202609 are numbers to look at.
            () if takes(K::Date, 0.98) && self.filled >= 20 => K::Date,
            () if takes(K::Month, 0.98) && self.filled >= 20 => K::Month,
            () if takes(K::Integer, 0.95) && short_numbers => K::Integer,
            () if takes(K::Decimal, 0.95) && short_numbers => K::Decimal,
            () if takes(K::Village, 0.9) && !takes(K::Township, 0.9) => K::Village,
            () if takes(K::Township, 0.9) => K::Township,
            () => K::Text,
        }
    }
}

/// Two to four Han characters, or parts joined by a dot, that the normaliser has no doubt about.
fn looks_like_a_name(raw: &str) -> bool {
    let clean = name::name(raw);
    let Some(value) = clean.value.filter(|_| clean.doubt.is_none()) else { return false };
    let characters = value.chars().filter(|c| super::han::is_han(*c)).count();
    (2..=4).contains(&characters) || value.contains('·')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::fixture::codes;

    const AS_OF: Date = Date::constant(2026, 9, 30);

    fn of(values: &[&str]) -> Profile {
        let mut profile = Profile::default();
        for value in values {
            profile.see(value, CellKind::Text, codes(), AS_OF);
        }
        profile
    }

    #[test]
    fn kinds_by_content() {
        let cases: [(&[&str], FieldKind); 11] = [
            (&["990121199001011236", "９９０１２１１９９００１０１１２３６", ""], FieldKind::IdNumber),
            (&["19900000001", "199-0000-0002"], FieldKind::Phone),
            (&["是", "否", "是"], FieldKind::Boolean),
            (&["2026.3.5", "2026-03-05", "2026年3月5日"], FieldKind::Date),
            (&["2026年3月", "2026年4月"], FieldKind::Month),
            (&["3", "4", "17"], FieldKind::Integer),
            (&["3", "4.5", "1,200.00"], FieldKind::Decimal),
            (&["东沟村", "新民村"], FieldKind::Village),
            (&["云岭镇", "青山乡"], FieldKind::Township),
            (&["房屋漏雨", "无"], FieldKind::Text),
            (&["", "-"], FieldKind::Text),
        ];
        for (values, kind) in cases {
            assert_eq!(of(values).kind(), kind, "{values:?}");
        }
    }

    #[test]
    fn codes_are_few_short_and_repeated() {
        let sexes = ["男", "女"].repeat(10);
        assert_eq!(of(&sexes).codes().map(|c| c.len()), Some(2));
        assert_eq!(of(&sexes).tables(codes()).iter().map(|t| t.name()).collect::<Vec<_>>(), ["sex"]);
        assert_eq!(of(&["男", "女"]).codes(), None, "too few rows to tell");
        assert_eq!(of(&["990121199001011236"; 20]).codes(), None, "a person's number is no code");
        let people: Vec<String> = (0..13).map(|i| format!("张{i}")).collect();
        let people: Vec<&str> = people.iter().map(String::as_str).collect::<Vec<_>>().repeat(10);
        assert_eq!(of(&people).codes(), None, "many values");
    }
}
