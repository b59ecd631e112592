//! How a value sounds: Double Metaphone for words in Latin letters, pinyin without tones for Chinese characters.

use pinyin::ToPinyin;
use rphonetic::{DoubleMetaphone, Encoder};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest code of a word: longer names are told apart better than by the usual four.
const LONGEST: usize = 6;

/// The sound of a value; empty when it has none.
pub(super) fn sound(text: &str) -> String {
    let metaphone = DoubleMetaphone::new(Some(LONGEST));
    let mut out = String::new();
    let mut word = String::new();
    let close = |word: &mut String, out: &mut String| {
        if !word.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            let code = metaphone.encode(word);
            // A word without any consonant the code knows still sounds like itself.
            out.push_str(if code.is_empty() { word.as_str() } else { code.as_str() });
            word.clear();
        }
    };
    for c in text.nfd().filter(|c| !is_combining_mark(*c)) {
        if let Some(syllable) = c.to_pinyin() {
            close(&mut word, &mut out);
            out.push_str(syllable.plain());
            out.push('.');
        } else if c.is_ascii_alphabetic() {
            word.push(c.to_ascii_lowercase());
        } else if c != '\'' {
            close(&mut word, &mut out);
        }
    }
    close(&mut word, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::sound;

    #[test]
    fn names_that_sound_alike_have_one_code() {
        for (a, b) in
            [("smith", "smyth"), ("catherine", "kathryn"), ("O'Brien", "obrien"), ("Zoë", "zoe"), ("张伟", "章威")]
        {
            assert_eq!(sound(a), sound(b), "{a} {b}");
        }
        for (a, b) in [("smith", "jones"), ("张伟", "王伟"), ("mary ann", "mary jane")] {
            assert_ne!(sound(a), sound(b), "{a} {b}");
        }
        assert_eq!(sound("123"), "");
    }
}
