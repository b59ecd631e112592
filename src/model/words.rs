//! The Chinese words for codes that several stages write in sentences, sheets and the report. Pure functions.

/// The title of a list type: what people say for `unstable`, `marginal` and `sudden`; any other code as it is.
pub fn list_type(code: &str) -> &str {
    match code {
        "unstable" => "脱贫监测户",
        "marginal" => "边缘户",
        "sudden" => "突发严重困难户",
        other => other,
    }
}

/// The list types in the order in which they are always shown.
pub const LIST_TYPES: [&str; 3] = ["unstable", "marginal", "sudden"];

/// The outcomes of the comparison in the order in which they are always shown.
pub const OUTCOMES: [&str; 7] =
    ["agreed", "online_only", "offline_only", "cause_differs", "type_differs", "identity_unclear", "already_monitored"];

/// The title of an outcome of the comparison; any other code as it is.
pub fn outcome(code: &str) -> &str {
    match code {
        "agreed" => "线上线下一致",
        "online_only" => "仅线上",
        "offline_only" => "仅线下",
        "cause_differs" => "原因不同",
        "type_differs" => "类型不同",
        "identity_unclear" => "身份不明",
        "already_monitored" => "已在监测",
        other => other,
    }
}

/// The codes of a `|`-joined value; none for null or empty.
pub fn split(joined: Option<&str>) -> impl Iterator<Item = &str> {
    joined.unwrap_or("").split('|').map(str::trim).filter(|c| !c.is_empty())
}

/// The codes of a `|`-joined value as titles joined by `、`; empty for none.
pub fn titles<'a>(joined: Option<&'a str>, title: impl Fn(&'a str) -> &'a str) -> String {
    split(joined).map(title).collect::<Vec<_>>().join("、")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_codes_become_titles() {
        assert_eq!(titles(Some("marginal|unstable"), list_type), "边缘户、脱贫监测户");
        assert_eq!(titles(None, list_type), "");
        assert_eq!(titles(Some("x"), list_type), "x");
    }
}
