//! "Did you mean …": the nearest known name to a mistyped one.

/// The candidate nearest to `typed`, or none when nothing is near enough to be a likely slip.
///
/// Nearness is Jaro–Winkler ≥ 0.80, or one edit for short names; ties go to the first candidate, so give them in a
/// stable order.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = typed.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let folded = candidate.to_lowercase();
        let one_edit = strsim::osa_distance(&lower, &folded) <= 1 && lower.chars().count() > 1;
        let score = strsim::jaro_winkler(&lower, &folded).max(if one_edit { 0.9 } else { 0.0 });
        if score >= 0.80 && best.is_none_or(|(b, _)| score > b) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_name_and_nonsense_finds_none() {
        let known = ["self_pay_12m", "house_grade", "income_line"];
        assert_eq!(nearest("self_pay_12", known), Some("self_pay_12m"));
        assert_eq!(nearest("hous_grade", known), Some("house_grade"));
        assert_eq!(nearest("zzz", known), None);
    }

    #[test]
    fn chinese_headings_differ_by_one_character() {
        assert_eq!(nearest("身份证号码", ["姓名", "身份证号"]), Some("身份证号"));
    }
}
