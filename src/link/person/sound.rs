//! Sound, script and shape of single characters, as integer codes.
//!
//! In: one character of a cleaned name. Out: its [`Code`]: the standard character, its reading without tone, that reading
//! with the pairs folded that speakers of dialects and their clerks confuse, and where its further readings and its look-alikes
//! stand in the [`Tables`]. Readings are those of the crate `pinyin` (one per character, the most usual) and of the tables;
//! simplified forms those of the tables and of the crate `fast2s`.

use pinyin::ToPinyin;

use super::tables::{NONE, Tables};

/// Script code of a character that nobody could type or print: it agrees with any single character.
pub const WILDCARD: u32 = u32::MAX;

/// One character of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The standard character, or [`WILDCARD`].
    pub script: u32,
    /// Its most usual reading; characters without a reading stand for themselves.
    pub reading: Reading,
    /// Index of all its readings where it has several.
    readings: u16,
    /// Index of its look-alikes.
    look_alikes: u16,
}

/// A reading without tone, packed five bits a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// As in the standard language.
    pub sound: u32,
    /// With confusable sounds folded.
    pub fold: u32,
}

impl Reading {
    /// Packs a reading in letters.
    pub fn of(plain: &str) -> Reading {
        Reading { sound: pack(plain), fold: pack(&fold(plain)) }
    }
}

/// How two characters agree, from closest to furthest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agreement {
    /// The same character, or forms of it.
    Script,
    /// They share a reading.
    Sound,
    /// They share a reading where confusable sounds are one.
    Dialect,
    /// One cannot be read.
    Wildcard,
    /// They look alike.
    Shape,
    /// Nothing.
    None,
}

impl Code {
    /// The code of a character.
    pub fn of(c: char) -> Code {
        if is_wildcard(c) {
            let reading = Reading { sound: WILDCARD, fold: WILDCARD };
            return Code { script: WILDCARD, reading, readings: NONE, look_alikes: NONE };
        }
        let tables = Tables::get();
        let simple = simplified(c, tables);
        let own = simple as u32 | 1 << 31;
        let none = Reading { sound: own, fold: own };
        Code {
            script: simple as u32,
            reading: simple.to_pinyin().map_or(none, |reading| Reading::of(reading.plain())),
            readings: tables.reading_index(simple),
            look_alikes: tables.look_alike_index(simple),
        }
    }

    /// The code of the same character as the first of a name, where some are read in another way.
    pub fn as_surname(self) -> Code {
        let surname = SURNAMES.iter().find(|(c, _)| *c as u32 == self.script);
        Code { reading: surname.map_or(self.reading, |(_, reading)| Reading::of(reading)), ..self }
    }

    /// True for a character that agrees with any other.
    pub fn is_wildcard(self) -> bool {
        self.script == WILDCARD
    }

    /// How two characters agree.
    pub fn agreement(self, other: Code) -> Agreement {
        match self.heard(other) {
            // Look-alikes are mutual: who has none is nobody's.
            Agreement::None if self.look_alikes != NONE && other.look_alikes != NONE => {
                match Tables::get().look_alikes(self.look_alikes).contains(&other.script) {
                    true => Agreement::Shape,
                    false => Agreement::None,
                }
            }
            heard => heard,
        }
    }

    /// The same, with look-alikes taken as strangers.
    fn heard(self, other: Code) -> Agreement {
        if self.script == other.script {
            return Agreement::Script;
        }
        if self.is_wildcard() || other.is_wildcard() {
            return Agreement::Wildcard;
        }
        if self.reading.sound == other.reading.sound {
            return Agreement::Sound;
        }
        let mut dialect = self.reading.fold == other.reading.fold;
        if self.readings != NONE || other.readings != NONE {
            for a in self.all_readings() {
                for b in other.all_readings() {
                    if a.sound == b.sound {
                        return Agreement::Sound;
                    }
                    dialect |= a.fold == b.fold;
                }
            }
        }
        if dialect { Agreement::Dialect } else { Agreement::None }
    }

    /// True when two characters are written or sound alike, or one cannot be read.
    pub fn agrees(self, other: Code) -> bool {
        self.heard(other) <= Agreement::Wildcard
    }

    fn all_readings(&self) -> &[Reading] {
        match self.readings {
            NONE => std::slice::from_ref(&self.reading),
            index => Tables::get().readings(index),
        }
    }
}

/// Surnames whose reading is not the most usual one of the character.
const SURNAMES: [(char, &str); 24] = [
    ('单', "shan"),
    ('曾', "zeng"),
    ('仇', "qiu"),
    ('乐', "yue"),
    ('解', "xie"),
    ('区', "ou"),
    ('查', "zha"),
    ('盖', "ge"),
    ('朴', "piao"),
    ('员', "yun"),
    ('种', "chong"),
    ('折', "she"),
    ('翟', "zhai"),
    ('秘', "bi"),
    ('覃', "qin"),
    ('缪', "miao"),
    ('繁', "po"),
    ('召', "shao"),
    ('隗', "wei"),
    ('洗', "xian"),
    ('祭', "zhai"),
    ('任', "ren"),
    ('柏', "bai"),
    ('薄', "bo"),
];

/// What systems put in the place of a rare character: boxes, question marks, private-use code points.
fn is_wildcard(c: char) -> bool {
    matches!(c, '□' | '■' | '▢' | '〓' | '?' | '？' | '*' | '＊' | '●' | '\u{fffd}' | '\u{e000}'..='\u{f8ff}')
        || c >= '\u{f0000}'
}

fn simplified(c: char, tables: &Tables) -> char {
    if let Some(standard) = tables.variant(c) {
        return standard;
    }
    let mut buffer = [0; 4];
    let converted = fast2s::convert(c.encode_utf8(&mut buffer));
    converted.chars().next().unwrap_or(c).to_ascii_lowercase()
}

/// A reading as an integer: up to six letters, five bits each.
fn pack(reading: &str) -> u32 {
    reading.chars().take(6).fold(0, |code, c| {
        let letter = match c {
            'a'..='z' => c as u32 - 'a' as u32 + 1,
            _ => 27, // ü
        };
        code << 5 | letter
    })
}

/// Readings that f and h share in Hunan, Sichuan, Fujian and elsewhere.
const F_AS_H: [(&str, &str); 9] = [
    ("fa", "hua"),
    ("fan", "huan"),
    ("fang", "huang"),
    ("fei", "hui"),
    ("fen", "hun"),
    ("feng", "hong"),
    ("fo", "huo"),
    ("fou", "hou"),
    ("fu", "hu"),
];

/// Folds n/l, zh/z, ch/c, sh/s, f/h and final -ng/-n.
fn fold(reading: &str) -> String {
    let reading = F_AS_H.iter().find(|(f, _)| *f == reading).map_or(reading, |(_, h)| h);
    let reading = reading.strip_suffix('g').unwrap_or(reading);
    for (from, to) in [("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l")] {
        if let Some(rest) = reading.strip_prefix(from) {
            return format!("{to}{rest}");
        }
    }
    reading.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_characters() {
        let pair = |a, b| (Code::of(a), Code::of(b));
        for (a, b) in [('龙', '龍'), ('叶', '葉'), ('国', '國'), ('钟', '鍾'), ('凤', '鳳')] {
            let (x, y) = pair(a, b);
            assert_eq!(x.script, y.script, "{a} {b}");
        }
        for (a, b) in [
            ('伟', '玮'),
            ('张', '章'),
            ('丽', '莉'),
            ('吕', '旅'),
            ('喆', '哲'),
            ('昇', '升'),
            ('单', '善'),
            ('仇', '球'),
            ('曾', '增'),
            ('乐', '月'),
        ] {
            let (x, y) = pair(a, b);
            assert_eq!(x.agreement(y), Agreement::Sound, "{a} {b}");
        }
        for (a, b) in [('兰', '男'), ('陈', '成'), ('思', '诗'), ('珍', '曾'), ('方', '黄'), ('芬', '红'), ('林', '宁')]
        {
            let (x, y) = pair(a, b);
            assert_ne!(x.reading.sound, y.reading.sound, "{a} {b}");
            assert_eq!(x.agreement(y) == Agreement::Dialect, (a, b) != ('芬', '红'), "{a} {b}");
        }
        for (a, b) in [('乾', '干'), ('李', '王'), ('A', 'B'), ('女', '路')] {
            let (x, y) = pair(a, b);
            assert!(!x.agrees(y), "{a} {b}");
        }
        for (a, b) in [('彬', '杉'), ('未', '末'), ('祥', '详'), ('候', '侯'), ('戊', '戌')] {
            let (x, y) = pair(a, b);
            let expected = if matches!(a, '祥' | '候') { Agreement::Sound } else { Agreement::Shape };
            assert_eq!((x.agreement(y), y.agreement(x)), (expected, expected), "{a} {b}");
        }
        assert_eq!(Code::of('单').as_surname().reading, Code::of('善').reading);
        assert_eq!(Code::of('王').as_surname(), Code::of('王'));
        assert!(Code::of('□').agrees(Code::of('伟')) && Code::of('\u{e001}').is_wildcard());
    }
}
