//! Numbers of people in what is said of files: masked, wherever they stand.

/// A text with what looks like somebody's number masked: identity numbers (15 or 18 characters), telephones (11 digits from 1 on)
/// and bank accounts (16 digits and more), each where it stands alone between other characters.
///
/// For names of files, sheets and headings, and for what people type as a reason: they may hold what they should not. Names of
/// people cannot be told apart there.
pub fn mask_runs(text: &str) -> String {
    if !text.chars().any(|c| plain(c).is_ascii_digit()) {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if plain(c).is_ascii_alphanumeric() => run.push(c),
            c => {
                out.push_str(&mask_if_number(&run));
                run.clear();
                out.extend(c);
            }
        }
    }
    out
}

/// Full-width digits and letters, as a Chinese keyboard gives them, as plain ones.
fn plain(c: char) -> char {
    match c {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
}

fn mask_if_number(run: &str) -> String {
    let plain: Vec<char> = run.chars().map(plain).collect();
    let digits = plain.iter().take_while(|c| c.is_ascii_digit()).count();
    let ends_in_x = digits + 1 == plain.len() && matches!(plain.last(), Some('X' | 'x'));
    let (head, tail) = match plain.len() {
        11 if digits == 11 && plain[0] == '1' => (3, 4),
        18 if ends_in_x => (6, 4),
        15.. if digits == plain.len() => (6, 4),
        _ => return run.to_string(),
    };
    let hidden = plain.len() - head - tail;
    plain[..head].iter().chain(&vec!['*'; hidden]).chain(&plain[plain.len() - tail..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_file_names_are_masked_and_days_and_hashes_are_not() {
        assert_eq!(mask_runs("民政/低保_99012119900101123X(1).xlsx"), "民政/低保_990121********123X(1).xlsx");
        assert_eq!(mask_runs("电话13912345678，账号6222990000000001234"), "电话139****5678，账号622299*********1234");
        assert_eq!(mask_runs("９９０１２１１９９００１０１１２３４"), "990121********1234");
        for plain in ["20260930", "20260930120000", "sha256 00112233445566778", "a0123456789012345", "29912345678"] {
            let hidden = plain.ends_with("778");
            assert_eq!(mask_runs(plain) != plain, hidden, "{plain}");
        }
    }
}
