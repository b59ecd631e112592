//! Sound and script of single characters, as integer codes.
//!
//! In: one character of a cleaned name. Out: its [`Code`]: the simplified character, its reading without tone, and that
//! reading with the pairs folded that southern speakers and their clerks confuse. Readings are those of the crate
//! `pinyin` (one per character, the most usual), simplified forms those of the crate `fast2s`.

use pinyin::ToPinyin;

/// Script code of a character that nobody could type or print: it agrees with any single character.
pub const WILDCARD: u32 = u32::MAX;

/// One character of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The simplified character, or [`WILDCARD`].
    pub script: u32,
    /// Its reading without tone, packed five bits a letter; characters without a reading stand for themselves.
    pub sound: u32,
    /// The reading with confusable sounds folded.
    pub fold: u32,
}

impl Code {
    /// The code of a character.
    pub fn of(c: char) -> Code {
        if is_wildcard(c) {
            return Code { script: WILDCARD, sound: WILDCARD, fold: WILDCARD };
        }
        let simple = simplified(c);
        match simple.to_pinyin() {
            Some(reading) => {
                let plain = reading.plain();
                Code { script: simple as u32, sound: pack(plain), fold: pack(&fold(plain)) }
            }
            None => {
                let own = simple as u32 | 1 << 31;
                Code { script: simple as u32, sound: own, fold: own }
            }
        }
    }

    /// True for a character that agrees with any other.
    pub fn is_wildcard(self) -> bool {
        self.script == WILDCARD
    }

    /// True when two characters are written or sound alike.
    pub fn agrees(self, other: Code) -> bool {
        self.script == other.script || self.fold == other.fold || self.is_wildcard() || other.is_wildcard()
    }
}

/// What systems put in the place of a rare character: boxes, question marks, private-use code points.
fn is_wildcard(c: char) -> bool {
    matches!(c, '□' | '■' | '▢' | '〓' | '?' | '？' | '*' | '＊' | '●' | '\u{fffd}' | '\u{e000}'..='\u{f8ff}')
        || c >= '\u{f0000}'
}

fn simplified(c: char) -> char {
    // 乾 is a character of its own in names (qián); only in other words is it the traditional form of 干.
    if c == '乾' {
        return c;
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
        for (a, b) in [('伟', '玮'), ('张', '章'), ('丽', '莉'), ('吕', '旅'), ('喆', '哲')] {
            let (x, y) = pair(a, b);
            assert!(x.script != y.script && x.sound == y.sound, "{a} {b}");
        }
        for (a, b) in [('兰', '男'), ('陈', '成'), ('思', '诗'), ('珍', '曾'), ('方', '黄'), ('芬', '红'), ('林', '宁')]
        {
            let (x, y) = pair(a, b);
            assert_ne!(x.sound, y.sound, "{a} {b}");
            assert_eq!(x.fold == y.fold, !matches!((a, b), ('珍', '曾') | ('芬', '红')), "{a} {b}");
        }
        for (a, b) in [('乾', '干'), ('李', '王'), ('A', 'B'), ('女', '路')] {
            let (x, y) = pair(a, b);
            assert!(!x.agrees(y), "{a} {b}");
        }
        assert!(Code::of('□').agrees(Code::of('伟')) && Code::of('\u{e001}').is_wildcard());
    }
}
