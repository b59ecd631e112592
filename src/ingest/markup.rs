//! As much XML as a look through a workbook's archive needs: names, attributes, cell positions.
//!
//! Not a parser: it finds tags by their `<` and believes nothing. The workbook parser reads the file afterwards.

use super::merges::Region;

/// The tags of one local name, each from its name to its end.
pub(super) fn tags<'x>(xml: &'x str, name: &'x str) -> impl Iterator<Item = &'x str> {
    xml.split('<')
        .filter(move |t| local_name(t.as_bytes()) == name.as_bytes())
        .map(|t| t.split('>').next().unwrap_or(t))
}

/// The name a tag begins with, without its prefix.
pub(super) fn local_name(tag: &[u8]) -> &[u8] {
    let end = tag.iter().take(64).position(|b| matches!(b, b' ' | b'/' | b'>' | b'\t' | b'\r' | b'\n'));
    let name = &tag[..end.unwrap_or(tag.len().min(64))];
    match name.iter().position(|b| *b == b':') {
        Some(colon) => &name[colon + 1..],
        None => name,
    }
}

/// An attribute of a tag by its local name, entities resolved.
pub(super) fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    loop {
        let (before, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| *c == '"' || *c == '\'')?;
        let (value, next) = after[1..].split_once(quote)?;
        let key = before.split_whitespace().next_back().unwrap_or("");
        if key.rsplit(':').next() == Some(name) {
            return Some(unescape(value));
        }
        rest = next;
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (entity, next) = after.split_once(';').unwrap_or((after, ""));
        let number = entity.strip_prefix('#').and_then(|n| match n.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => n.parse().ok(),
        });
        out.extend(match entity {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => number.and_then(char::from_u32),
        });
        rest = next;
    }
    out + rest
}

/// `A1:C3` as a range; none for what is not one.
pub(super) fn region(text: &str) -> Option<Region> {
    let corner = |text: &str| -> Option<(u32, u32)> {
        let text = text.replace('$', "");
        let digits = text.find(|c: char| c.is_ascii_digit())?;
        let (letters, row) = text.split_at(digits);
        if letters.is_empty() || letters.len() > 3 {
            return None;
        }
        let column = letters.chars().try_fold(0u32, |n, c| {
            c.is_ascii_alphabetic().then(|| n * 26 + (c.to_ascii_uppercase() as u32 - 'A' as u32) + 1)
        })?;
        let row: u32 = row.parse().ok().filter(|r| (1..=1_048_576).contains(r))?;
        Some((row, column - 1)).filter(|(_, c)| *c < 16_384)
    };
    let (first, last) = text.split_once(':')?;
    let ((top, left), (bottom, right)) = (corner(first)?, corner(last)?);
    Some(Region { top, left, bottom, right })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_and_ranges() {
        let tag = r#"sheet name="云岭镇 &amp; &#x4E59;" sheetId='1' r:id="rId7" x = "y""#;
        assert_eq!(attribute(tag, "name").as_deref(), Some("云岭镇 & 乙"));
        assert_eq!(attribute(tag, "id").as_deref(), Some("rId7"));
        assert_eq!(attribute(tag, "x").as_deref(), Some("y"));
        assert_eq!(attribute(tag, "missing"), None);
        let all = region("$B$2:XFD1048576").unwrap();
        assert_eq!((all.top, all.left, all.bottom, all.right), (2, 1, 1_048_576, 16_383));
        for nonsense in ["A1", "A0:B1", "1:2", "A:B", "AAAA1:B2", "A1:B99999999999999999999"] {
            assert_eq!(region(nonsense), None, "{nonsense}");
        }
    }
}
