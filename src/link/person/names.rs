//! Chinese names as code sequences, and how two of them agree.
//!
//! In: cleaned names. Out: interned [`Names`] with block keys, and a [`NameLevel`] per pair. Background §3.2: homophones
//! and traditional forms are the usual errors; minority names come with every kind of dot, reordered and truncated.

use std::collections::HashMap;

use super::interner::Interner;
use super::keys;
use super::sound::{Agreement, Code};

/// No name: the id of none.
pub const NONE: u32 = u32::MAX;
/// Longest name that is compared, in characters; field widths end far below.
const LONGEST: usize = 60;

/// How two names agree, from closest to furthest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum NameLevel {
    /// The same characters.
    Exact,
    /// The same after simplification, with variants of one character taken as one, and without separator dots.
    Script,
    /// The same sound, character by character.
    Sound,
    /// The same sound where dialects do not tell sounds apart (n and l, zh and z, -ng and -n, f and h …).
    Dialect,
    /// One character changed for another that looks like it.
    Shape,
    /// The same but for characters that nobody could type or print.
    Wildcard,
    /// The parts of a minority name: some lost, cut off or in another order.
    Parts,
    /// One character lost, added or changed, or two neighbours swapped (in long names two changes).
    Near,
    /// Only the surname, or one part of a minority name.
    SurnameOnly,
    /// Nothing that counts.
    Different,
    /// One side has no name.
    Missing,
}

impl NameLevel {
    /// All levels with the word that the model and the tables use.
    pub const WORDS: [(&'static str, NameLevel); 11] = [
        ("exact", NameLevel::Exact),
        ("script", NameLevel::Script),
        ("sound", NameLevel::Sound),
        ("dialect", NameLevel::Dialect),
        ("shape", NameLevel::Shape),
        ("wildcard", NameLevel::Wildcard),
        ("parts", NameLevel::Parts),
        ("near", NameLevel::Near),
        ("surname_only", NameLevel::SurnameOnly),
        ("different", NameLevel::Different),
        ("missing", NameLevel::Missing),
    ];

    /// True for names that are close without being the same in writing or sound: they need other evidence beside them, and
    /// which of two is closer is told by [`gap`].
    pub fn is_near(self) -> bool {
        (NameLevel::Shape..=NameLevel::Near).contains(&self)
    }
}

/// Surnames of two characters; names with them have at least three.
const DOUBLE_SURNAMES: [&str; 40] = [
    "欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛", "尉迟", "公羊",
    "赫连", "澹台", "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙", "钟离", "长孙", "宇文",
    "司徒", "鲜于", "司空", "令狐", "呼延", "东郭", "西门", "轩辕", "百里", "拓跋", "第五", "淳于",
];

/// What is known of a name beside its letters, in one line of memory: that is what a candidate costs.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct Head {
    /// Keys of the script, the sound and the surname; 0 where there is none.
    keys: [u64; 3],
    /// Bit i: a part begins at character i (bit 0 always).
    parts: u64,
    /// Where its text stands.
    text: (u32, u32),
    /// Where its codes begin.
    start: u32,
    length: u8,
    surname: u8,
    wild: bool,
}

/// Distinct names of one table, each as a run of codes in one array.
#[derive(Debug, Clone, Default)]
pub struct Names {
    texts: String,
    codes: Vec<Code>,
    heads: Vec<Head>,
}

/// One interned name.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    /// All texts, of which the head says where this one stands: it is read only where it is asked for.
    texts: &'a str,
    head: &'a Head,
    codes: &'a [Code],
}

/// Codes of the characters met so far, and what only the first character of a name needs.
#[derive(Default)]
struct Known {
    /// By character of the basic plane: position in `codes` and one, 0 for not yet met.
    places: Vec<u32>,
    /// As any character and as the first of a name.
    codes: Vec<[Code; 2]>,
    rare: HashMap<char, u32>,
    doubles: Vec<(u32, u32)>,
}

impl Known {
    fn codes(&mut self, c: char) -> [Code; 2] {
        if self.places.is_empty() {
            self.places = vec![0; 1 << 16];
        }
        let next = self.codes.len() as u32 + 1;
        let place = match self.places.get_mut(c as usize) {
            Some(place) => place,
            None => self.rare.entry(c).or_default(),
        };
        if *place == 0 {
            *place = next;
            let code = Code::of(c);
            self.codes.push([code, code.as_surname()]);
        }
        self.codes[*place as usize - 1]
    }

    fn is_double(&mut self, first: u32, second: u32) -> bool {
        if self.doubles.is_empty() {
            let two = |s: &&str| s.chars().next().zip(s.chars().nth(1)).map(|(a, b)| (a as u32, b as u32));
            self.doubles = DOUBLE_SURNAMES.iter().filter_map(two).collect();
        }
        self.doubles.contains(&(first, second))
    }
}

impl Names {
    /// Interns a column; gives the names and for each row its id, [`NONE`] for null or blank.
    pub fn intern<'a>(column: impl Iterator<Item = Option<&'a str>>) -> (Names, Vec<u32>) {
        let mut names = Names::default();
        let mut ids: HashMap<&str, u32> = HashMap::new();
        let mut known = Known::default();
        let rows = column
            .map(|cell| match cell {
                Some(text) if !text.trim().is_empty() => *ids.entry(text).or_insert_with(|| {
                    let start = names.texts.len() as u32;
                    names.texts.push_str(text);
                    names.add(text, start, &mut known)
                }),
                _ => NONE,
            })
            .collect();
        (names, rows)
    }

    /// Takes over texts that are not blank; their ids stay.
    pub fn distinct(interner: Interner) -> Names {
        let (texts, ends) = interner.into_parts();
        let mut names = Names {
            // Most characters have three bytes.
            codes: Vec::with_capacity(texts.len() / 3),
            heads: Vec::with_capacity(ends.len()),
            texts: String::new(),
        };
        let mut known = Known::default();
        let mut start = 0;
        for end in ends {
            names.add(&texts[start as usize..end as usize], start, &mut known);
            start = end;
        }
        Names { texts, ..names }
    }

    /// Adds a name whose text begins at a place of `texts`.
    fn add(&mut self, text: &str, text_start: u32, known: &mut Known) -> u32 {
        let start = self.codes.len();
        let mut parts = 1_u64;
        for c in text.chars().filter(|c| !c.is_whitespace()) {
            let length = self.codes.len() - start;
            if is_dot(c) {
                parts |= 1 << length.min(63);
            } else if length < LONGEST {
                let [code, as_surname] = known.codes(c);
                self.codes.push(if length == 0 { as_surname } else { code });
            }
        }
        let codes = &self.codes[start..];
        parts &= (1_u64 << codes.len()) - 1;
        let surname = match codes {
            [] => 0,
            [a, b, _, ..] if known.is_double(a.script, b.script) => 2,
            _ => 1,
        };
        let (wild, surnamed) = (codes.iter().any(|c| c.is_wildcard()), &codes[..surname]);
        let key = |codes: &[Code], of: fn(&Code) -> u32| keys::sequence(codes.iter().map(of)).max(1);
        let nameless = surnamed.is_empty() || surnamed.iter().any(|c| c.is_wildcard());
        let keys = [
            if wild { 0 } else { key(codes, |c| c.script) },
            if wild { 0 } else { key(codes, |c| c.reading.fold) },
            if nameless { 0 } else { key(surnamed, |c| c.reading.fold) },
        ];
        let (length, surname) = (codes.len() as u8, surname as u8);
        let text = (text_start, text_start + text.len() as u32);
        self.heads.push(Head { keys, parts, text, start: start as u32, length, surname, wild });
        (self.heads.len() - 1) as u32
    }

    /// Keys of the script, the sound and the surname of an id; 0 where a character is unreadable or there is no name.
    pub fn block_keys(&self, id: u32) -> [u64; 3] {
        self.heads.get(id as usize).map(|head| head.keys).unwrap_or_default()
    }

    /// Reads what a comparison with this name reads first, to bring it near.
    pub fn touch(&self, id: u32) -> u64 {
        let Some(head) = self.heads.get(id as usize) else { return 0 };
        head.keys[0] ^ self.codes.get(head.start as usize).map_or(0, |code| u64::from(code.script))
    }

    /// For each id whether all characters of the name and of its surname are readable.
    pub fn readable(&self) -> Vec<bool> {
        self.heads.iter().map(|Head { keys: [script, _, surname], .. }| *script != 0 && *surname != 0).collect()
    }

    /// The name of an id; none for [`NONE`].
    pub fn get(&self, id: u32) -> Option<Name<'_>> {
        let head = self.heads.get(id as usize)?;
        let start = head.start as usize;
        Some(Name { texts: &self.texts, head, codes: &self.codes[start..start + usize::from(head.length)] })
    }
}

fn is_dot(c: char) -> bool {
    matches!(c, '·' | '•' | '・' | '･' | '．' | '.' | '∙' | '⋅' | '‧' | '﹒')
}

impl<'a> Name<'a> {
    /// The name as it was cleaned.
    pub fn text(&self) -> &'a str {
        &self.texts[self.head.text.0 as usize..self.head.text.1 as usize]
    }

    /// Key of the simplified name without dots; none when a character is unreadable.
    pub fn script_key(&self) -> Option<u64> {
        Some(self.head.keys[0]).filter(|key| *key != 0)
    }

    /// Key of the folded sound; none when a character is unreadable.
    pub fn sound_key(&self) -> Option<u64> {
        Some(self.head.keys[1]).filter(|key| *key != 0)
    }

    /// Key of the surname's folded sound (of a minority name: its first character).
    pub fn surname_key(&self) -> Option<u64> {
        Some(self.head.keys[2]).filter(|key| *key != 0)
    }

    /// The parts between dots; the whole name where there are none.
    fn parts(&self) -> impl Iterator<Item = &'a [Code]> + use<'a> {
        let (codes, mut left) = (self.codes, self.head.parts);
        std::iter::from_fn(move || {
            let start = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            codes.get(start..codes.len().min(left.trailing_zeros() as usize)).filter(|part| !part.is_empty())
        })
    }

    fn has_parts(&self) -> bool {
        self.head.parts & !1 != 0
    }
}

/// Compares two names; `None` is no name.
pub fn compare(a: Option<Name>, b: Option<Name>) -> NameLevel {
    let (Some(a), Some(b)) = (a, b) else {
        return NameLevel::Missing;
    };
    if a.codes.is_empty() || b.codes.is_empty() {
        return NameLevel::Missing;
    }
    // Equal texts have equal keys, which lie nearer at hand.
    if a.head.keys == b.head.keys && a.text() == b.text() && !a.head.wild {
        return NameLevel::Exact;
    }
    if let Some(level) = by_character(a.codes, b.codes) {
        return level;
    }
    if parts_moved(&a, &b) {
        return NameLevel::Parts;
    }
    if nearly(a.codes, b.codes) {
        return NameLevel::Near;
    }
    rest(&a, &b)
}

/// The level of two names of one length whose characters agree one by one: that of the furthest of them.
fn by_character(a: &[Code], b: &[Code]) -> Option<NameLevel> {
    if a.len() != b.len() {
        return None;
    }
    let mut counts = [0_usize; 6];
    for (x, y) in a.iter().zip(b) {
        let agreement = x.agreement(*y);
        if agreement == Agreement::None {
            return None;
        }
        // Two that cannot be read are the same code.
        let unread = x.is_wildcard() || y.is_wildcard();
        counts[if unread { Agreement::Wildcard } else { agreement } as usize] += 1;
    }
    let [script, sound, dialect, wild, shape, _] = counts;
    match (shape, wild) {
        // One look-alike is a slip of the eye. Two, or one among characters that only sound alike, are another name.
        (1, 0) => (script > 0 && sound + dialect == 0).then_some(NameLevel::Shape),
        (1.., _) => None,
        (0, 1..) => (script + sound + dialect > 0).then_some(NameLevel::Wildcard),
        _ if dialect > 0 => Some(NameLevel::Dialect),
        _ if sound > 0 => Some(NameLevel::Sound),
        _ => Some(NameLevel::Script),
    }
}

fn rest(a: &Name, b: &Name) -> NameLevel {
    let alike = if a.has_parts() || b.has_parts() {
        // A minority name has no surname: one shared part of two or more characters is what is left to agree.
        a.parts().any(|p| p.len() >= 2 && b.parts().any(|o| same(p, o)))
    } else {
        let (s, t) = (usize::from(a.head.surname), usize::from(b.head.surname));
        s == t && s > 0 && !a.codes[0].is_wildcard() && !b.codes[0].is_wildcard() && same(&a.codes[..s], &b.codes[..t])
    };
    if alike { NameLevel::SurnameOnly } else { NameLevel::Different }
}

fn same(a: &[Code], b: &[Code]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.agrees(*y))
}

/// One edit apart (two from six characters on), or with two neighbours swapped; needs three characters.
fn nearly(a: &[Code], b: &[Code]) -> bool {
    let (longest, shortest) = (a.len().max(b.len()), a.len().min(b.len()));
    if longest < 3 || shortest < 2 {
        return false;
    }
    let allowed = if longest >= 6 { 2 } else { 1 };
    longest - shortest <= allowed && (distance(a, b) <= allowed || swapped(a, b))
}

/// Levenshtein distance, with characters of one sound taken as equal.
fn distance(a: &[Code], b: &[Code]) -> usize {
    edits(a, b, 1, |x, y| usize::from(!x.agrees(y)))
}

/// How far two names are apart, finer than the levels: 1 for a character of the same sound or that cannot be read, 2 for one
/// of the same sound in a dialect or the same look, 4 for one lost, added or changed. It tells which of two near names is
/// nearer.
pub fn gap(a: Option<Name>, b: Option<Name>) -> usize {
    let (Some(a), Some(b)) = (a, b) else {
        return usize::MAX;
    };
    edits(a.codes, b.codes, 4, |x, y| match x.agreement(y) {
        Agreement::Script => 0,
        Agreement::Sound | Agreement::Wildcard => 1,
        Agreement::Dialect | Agreement::Shape => 2,
        Agreement::None => 4,
    })
}

fn edits(a: &[Code], b: &[Code], gap: usize, change: impl Fn(Code, Code) -> usize) -> usize {
    let mut row: [usize; LONGEST + 1] = std::array::from_fn(|j| j * gap);
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = (i + 1) * gap;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + change(*x, *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + gap).min(diagonal + gap);
        }
    }
    row[b.len()]
}

fn swapped(a: &[Code], b: &[Code]) -> bool {
    a.len() == b.len()
        && (0..a.len() - 1).any(|i| {
            a[i].agrees(b[i + 1]) && a[i + 1].agrees(b[i]) && same(&a[..i], &b[..i]) && same(&a[i + 2..], &b[i + 2..])
        })
}

/// Minority names: parts lost or in another order, the end cut off, or the whole rotated where dots were lost.
fn parts_moved(a: &Name, b: &Name) -> bool {
    let (longer, shorter) = if a.codes.len() >= b.codes.len() { (a, b) } else { (b, a) };
    let (n, m) = (longer.codes.len(), shorter.codes.len());
    if a.has_parts() && b.has_parts() {
        // Bit i: part i of the longer name has found its like.
        let mut taken = 0_u64;
        let found = shorter.parts().all(|p| {
            let at = longer.parts().enumerate().position(|(i, o)| taken >> i & 1 == 0 && same(p, o));
            taken |= at.map_or(0, |i| 1 << i);
            at.is_some()
        });
        if found {
            return true;
        }
    }
    if !(a.has_parts() || b.has_parts() || m >= 4) || m < 3 {
        return false;
    }
    let cut_off = m * 2 >= n && same(&longer.codes[..m], shorter.codes);
    let one_part = longer.has_parts() && longer.parts().any(|p| same(p, shorter.codes));
    let rotated = n == m
        && (1..n).any(|i| {
            same(&longer.codes[i..], &shorter.codes[..n - i]) && same(&longer.codes[..i], &shorter.codes[n - i..])
        });
    cut_off || one_part || rotated
}

#[cfg(test)]
mod tests {
    use super::*;
    use NameLevel::{Dialect, Different, Exact, Missing, Near, Parts, Script, Shape, Sound, SurnameOnly, Wildcard};

    fn level(a: &str, b: &str) -> NameLevel {
        let (names, ids) = Names::intern([Some(a), Some(b)].into_iter());
        compare(names.get(ids[0]), names.get(ids[1]))
    }

    #[test]
    fn levels_of_pairs() {
        for (a, b, expected) in [
            ("张建国", "张建国", Exact),
            ("張建國", "张建国", Script),
            ("阿卜杜拉·买买提", "阿卜杜拉买买提", Script),
            ("阿卜杜拉·买买提", "阿卜杜拉•买买提", Script),
            ("李丽", "李莉", Sound),
            ("章伟", "张玮", Sound),
            ("刘兰英", "刘男英", Dialect),
            ("阿布都·艾山", "阿不都·艾山", Sound),
            ("张建国", "张建军", Near),
            ("张建国", "张国", Near),
            ("张建国", "建国", Near),
            ("张建国", "张国建", Near),
            ("欧阳建国", "欧阳国", Near),
            ("张建国", "王建国", Near),
            ("王彬", "王杉", Shape),
            ("侯未来", "侯末来", Shape),
            ("候彬", "侯杉", SurnameOnly),
            ("张彬彬", "张杉杉", SurnameOnly),
            ("张彬伟", "章杉伟", Near),
            ("单小明", "善小明", Sound),
            ("王群", "王羣", Script),
            ("李昇", "李升", Sound),
            ("陈思成", "程诗成", Dialect),
            ("韦□", "韦□", Wildcard),
            ("伟□", "韦彬", Wildcard),
            ("韦□彬", "韦华杉", Near),
            ("阿卜杜拉·□·艾山", "阿卜杜拉·买·艾山", Wildcard),
            ("韦□", "韦华", Wildcard),
            ("韦□华", "韦建华", Wildcard),
            ("阿卜杜拉·买买提", "买买提·阿卜杜拉", Parts),
            ("阿卜杜拉·买买提", "阿卜杜拉", Parts),
            ("阿卜杜拉·买买提", "阿卜杜拉·买", Parts),
            ("阿卜杜拉买买提", "买买提阿卜杜拉", Parts),
            ("阿卜杜拉·买买提", "阿卜杜拉·艾山", SurnameOnly),
            ("李丽", "李强", SurnameOnly),
            ("张建国", "张秀英", SurnameOnly),
            ("欧阳建国", "欧阳秀英", SurnameOnly),
            ("欧阳建", "欧建国", Different),
            ("李丽", "王强", Different),
            ("李丽", "王丽", Different),
            ("□□", "王强", Different),
            ("", "王强", Missing),
            ("·", "王强", Missing),
        ] {
            assert_eq!(level(a, b), expected, "{a} {b}");
            assert_eq!(level(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn the_nearer_of_two_near_names() {
        let (names, ids) = Names::intern(["黄俊", "黄俊辉", "黄军鹏", "黄俊"].into_iter().map(Some));
        let gap = |i: usize| gap(names.get(ids[0]), names.get(ids[i]));
        assert_eq!([gap(1), gap(2), gap(3)], [4, 5, 0]);
    }

    #[test]
    fn keys_are_equal_where_levels_are() {
        let (names, ids) = Names::intern(["張麗", "张丽", "章莉", "韦□"].into_iter().map(Some));
        let name = |i: usize| names.get(ids[i]).expect("interned");
        assert_eq!(name(0).script_key(), name(1).script_key());
        assert_ne!(name(1).script_key(), name(2).script_key());
        assert_eq!(name(1).sound_key(), name(2).sound_key());
        assert_eq!(name(1).surname_key(), name(2).surname_key());
        assert_eq!(name(3).script_key(), None);
        assert!(name(3).surname_key().is_some());
    }

    #[test]
    fn names_are_interned_once() {
        let (names, ids) = Names::intern([Some("张丽"), None, Some("张丽"), Some(" ")].into_iter());
        assert_eq!(ids, [0, NONE, 0, NONE]);
        assert_eq!(names.heads.len(), 1);
        let long = "长".repeat(300) + "·名";
        let (names, ids) = Names::intern([Some(long.as_str())].into_iter());
        assert_eq!(names.get(ids[0]).expect("interned").codes.len(), LONGEST);
    }
}
