//! `shared/remedies.toml`: which measure removes which risk, how much may be spent on it, from which money, and what the
//! publicity list may call the risk.
//!
//! In: the file's tables. Out: [`Remedies`], plain data. It is the policy documents' part of the work orders: R189 (the cap),
//! R192 (a cap within dates), R195 (缺什么补什么), R188 (special relief), R203–R205 (whose money). A pipeline folder without the
//! file has no orders checked against it; that is told with each order.

use std::collections::BTreeSet;

use super::reader::Section;
use super::types::Cause;
use crate::diag::{Diagnostic, Place, nearest};
use crate::model::build::Value;
use crate::model::table::Kind;
use crate::model::{text, words};

/// What a household may be given, and on what terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Remedies {
    /// Day of the month by which departments return what they did in the month before (R157).
    pub return_day: i8,
    /// Measures in file order.
    pub measures: Vec<Measure>,
    /// Most that may be spent on a measure, per household and year.
    pub caps: Vec<Cap>,
    /// Sources of money in file order.
    pub funds: Vec<Fund>,
    /// What publicity lists call a risk.
    pub public_risks: Vec<PublicRisk>,
}

/// A way to help.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// ASCII code.
    pub code: String,
    /// Title as clerks write it.
    pub title: String,
    /// Causes it removes (R195); empty for all.
    pub causes: Vec<String>,
    /// True for special relief (特殊救助): given only where general policies are not enough, after two approvals (R188).
    pub special: bool,
    /// True when it fills the gap between a household's income and the line: the amount is reckoned, not chosen (R197).
    pub top_up: bool,
    /// The document it comes from.
    pub document: String,
    /// Where it stands.
    pub place: Place,
}

/// The most that may be spent on a measure for one household in a year.
#[derive(Debug, Clone, PartialEq)]
pub struct Cap {
    /// Code of the measure.
    pub measure: String,
    /// `lifted` for what a household lifted out of poverty gets, or a list type; none for everybody.
    pub group: Option<String>,
    /// Hundredths of a yuan.
    pub amount: i128,
    /// First day on which it holds, days since 1970-01-01.
    pub from: Option<i32>,
    /// Last day.
    pub until: Option<i32>,
    /// The document it comes from.
    pub document: String,
    /// Where it stands.
    pub place: Place,
}

/// Where the money comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Fund {
    /// ASCII code.
    pub code: String,
    /// Title.
    pub title: String,
    /// List types that it may be spent on (R203, R204).
    pub list_types: Vec<String>,
    /// List types for which the office and the finance bureau review it before it is filed (R205).
    pub review: Vec<String>,
    /// The document it comes from.
    pub document: String,
}

/// What a publicity list says for a cause.
#[derive(Debug, Clone, PartialEq)]
pub struct PublicRisk {
    /// Words without anything about health.
    pub title: String,
    /// Causes that are called so.
    pub causes: Vec<String>,
}

/// Words that must not stand on a publicity list: what tells of somebody's health (national work guide: no health on it).
pub const HEALTH_WORDS: [&str; 17] = [
    "病", "残", "医", "疾", "伤", "癌", "瘤", "住院", "手术", "健康", "精神", "智力", "视力", "听力", "肢体", "瘫",
    "透析",
];

/// What is written for a cause that the file does not know.
pub const OTHER_RISK: &str = "其他风险";

/// The group of [`Cap`] that stands for households lifted out of poverty.
pub const LIFTED: &str = "lifted";

/// The day of monthly returns of a county that says nothing else.
const RETURN_DAY: i8 = 5;

impl Default for Remedies {
    fn default() -> Self {
        Remedies {
            return_day: RETURN_DAY,
            measures: Vec::new(),
            caps: Vec::new(),
            funds: Vec::new(),
            public_risks: Vec::new(),
        }
    }
}

impl Remedies {
    /// A measure by its code or its title.
    pub fn measure(&self, written: &str) -> Option<&Measure> {
        self.measures.iter().find(|m| m.code == written || m.title == written)
    }

    /// A source of money by its code or its title.
    pub fn fund(&self, written: &str) -> Option<&Fund> {
        self.funds.iter().find(|f| f.code == written || f.title == written)
    }

    /// Measures that remove a cause; special relief is among them.
    pub fn measures_for<'a>(&'a self, cause: &'a str) -> impl Iterator<Item = &'a Measure> {
        self.measures.iter().filter(move |m| m.suits(cause))
    }

    /// The most that may be spent on a measure for a household of a list type, planned on a day (days since 1970-01-01).
    ///
    /// What a lifted household would get is never exceeded (R189, R190), even where the type's own value is higher; lifted
    /// households that fell back get the equal of it (R191). None when the table says nothing for the day.
    pub fn cap(&self, measure: &str, list_type: &str, day: i32) -> Option<&Cap> {
        let holds =
            |c: &&Cap| c.measure == measure && c.from.is_none_or(|d| d <= day) && c.until.is_none_or(|d| day <= d);
        let of = |group: Option<&str>| self.caps.iter().filter(holds).find(|c| c.group.as_deref() == group);
        let own = of(Some(list_type)).or_else(|| of(None));
        let lifted = of(Some(LIFTED)).or_else(|| of(None));
        match (own, lifted) {
            (Some(own), Some(lifted)) if lifted.amount < own.amount => Some(lifted),
            (Some(own), _) => Some(own),
            (None, lifted) => lifted,
        }
    }

    /// The words of a publicity list for `|`-joined causes, each once, in the file's order; never anything about health.
    pub fn public_risk(&self, causes: Option<&str>) -> String {
        let causes: Vec<&str> = words::split(causes).collect();
        let known = |risk: &&PublicRisk| causes.iter().any(|c| risk.causes.iter().any(|own| own == c));
        let mut said: Vec<&str> = self.public_risks.iter().filter(known).map(|r| r.title.as_str()).collect();
        let strange = causes.iter().any(|c| !self.public_risks.iter().any(|r| r.causes.iter().any(|own| own == c)));
        if (strange || said.is_empty()) && !said.contains(&OTHER_RISK) {
            said.push(OTHER_RISK);
        }
        said.join("、")
    }
}

impl Measure {
    /// True when it removes a cause.
    pub fn suits(&self, cause: &str) -> bool {
        self.causes.is_empty() || self.causes.iter().any(|c| c == cause)
    }
}

/// Reads the file; `causes` are those of `cause.csv`.
pub(super) fn read(file: &Section, causes: &[Cause]) -> Remedies {
    let mut found = Remedies::default();
    // Every month has the day.
    if let Some(day) = file.whole("return_day", 1..=28) {
        found.return_day = i8::try_from(day).unwrap_or(RETURN_DAY);
    }
    for section in file.sections("measure") {
        found.measures.push(Measure {
            code: super::check::name(&section, "code"),
            title: section.need_text("title"),
            causes: known_causes(&section, causes),
            special: section.flag_or("special", false),
            top_up: section.flag_or("top_up", false),
            document: section.need_text("document"),
            place: section.place(),
        });
        section.finish();
    }
    for section in file.sections("cap") {
        found.caps.push(cap(&section, &found.measures));
        section.finish();
    }
    for section in file.sections("fund") {
        section.needs("list_types");
        found.funds.push(Fund {
            code: super::check::name(&section, "code"),
            title: section.need_text("title"),
            list_types: known_types(&section, "list_types"),
            review: known_types(&section, "review"),
            document: section.need_text("document"),
        });
        section.finish();
    }
    for section in file.sections("public_risk") {
        let title = section.need_text("title");
        if let Some(word) = HEALTH_WORDS.iter().find(|w| title.contains(**w)) {
            let message = format!("`{title}` tells of health (`{word}`), which a publicity list must not");
            section.error("plan.health_word", "title", message, "write neutral words, for example 刚性支出较大");
        }
        found.public_risks.push(PublicRisk { title, causes: known_causes(&section, causes) });
        section.finish();
    }
    check(&found, file);
    found
}

fn cap(section: &Section, measures: &[Measure]) -> Cap {
    let measure = section.need_text("measure");
    let known = || measures.iter().map(|m| m.code.as_str());
    if !measure.is_empty() && !known().any(|c| c == measure) {
        section.report(unknown("measure", &measure, known(), section.place_of("measure")));
    }
    let groups = || words::LIST_TYPES.into_iter().chain([LIFTED]);
    let group = section.text("group");
    if let Some(written) = group.as_deref().filter(|g| !groups().any(|k| k == *g)) {
        section.report(unknown("group", written, groups(), section.place_of("group")));
    }
    section.needs("amount");
    let amount = match section.value("amount", Kind::Decimal) {
        Some(Value::Decimal(amount)) if amount >= 0 => amount,
        _ => {
            section.error("plan.missing_key", "amount", "this cap has no amount from 0 up", "write amount = 3000");
            0
        }
    };
    let (from, until) = (section.day("from"), section.day("until"));
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        let message = format!("the cap ends on {}, before it begins", text::date(until));
        section.error("plan.contradiction", "until", message, "`until` is the last day on which the cap holds");
    }
    let document = section.need_text("document");
    Cap { measure, group, amount, from, until, document, place: section.place() }
}

fn known_types(section: &Section, key: &str) -> Vec<String> {
    let written = section.texts_at(key).unwrap_or_default();
    for (code, place) in &written {
        if !words::LIST_TYPES.contains(&code.as_str()) {
            section.report(unknown("list type", code, words::LIST_TYPES.into_iter(), place.clone()));
        }
    }
    written.into_iter().map(|(code, _)| code).collect()
}

fn known_causes(section: &Section, causes: &[Cause]) -> Vec<String> {
    let written = section.texts_at("causes").unwrap_or_default();
    for (code, place) in &written {
        if !causes.is_empty() && !causes.iter().any(|c| c.code == *code) {
            section.report(unknown("cause", code, causes.iter().map(|c| c.code.as_str()), place.clone()));
        }
    }
    written.into_iter().map(|(code, _)| code).collect()
}

fn unknown<'a>(what: &str, written: &str, known: impl Iterator<Item = &'a str> + Clone, place: Place) -> Diagnostic {
    let hint = match nearest(written, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
    };
    Diagnostic::error("plan.unknown_word", format!("there is no {what} `{written}`"), place).hint(hint)
}

/// What only holds between the tables: codes that stand twice, caps of one measure and group that hold on the same day.
fn check(found: &Remedies, file: &Section) {
    let mut seen = BTreeSet::new();
    for measure in &found.measures {
        if !seen.insert(&measure.code) {
            let message = format!("measure `{}` stands twice", measure.code);
            file.report(
                Diagnostic::error("plan.duplicate", message, measure.place.clone()).hint("give each measure once"),
            );
        }
    }
    let days = |c: &Cap| (c.from.unwrap_or(i32::MIN), c.until.unwrap_or(i32::MAX));
    for (i, a) in found.caps.iter().enumerate() {
        for b in &found.caps[i + 1..] {
            let same = a.measure == b.measure && a.group == b.group;
            if same && days(a).0.max(days(b).0) <= days(a).1.min(days(b).1) {
                let message = format!("two caps of `{}` hold on the same day, the other in {}", b.measure, a.place);
                file.report(
                    Diagnostic::error("plan.contradiction", message, b.place.clone())
                        .hint("close the older one with `until`"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::{Document, Problems};
    use super::super::sample;
    use super::*;

    fn parse(text: &str) -> (Remedies, Vec<Diagnostic>) {
        let problems = Problems::default();
        let causes = sample::plan().causes;
        let document = Document::new("remedies.toml".into(), text.into());
        let found = document.read(&problems, |file| read(file, &causes)).unwrap_or_default();
        (found, problems.into_inner())
    }

    const SOUND: &str = r#"
measure = [
    { code = "aid", title = "救助", causes = ["illness"], document = "a" },
    { code = "special", title = "特殊救助", special = true, document = "a" },
]
cap = [
    { measure = "aid", group = "lifted", amount = 3000, until = 2025-12-31, document = "a" },
    { measure = "aid", group = "lifted", amount = 5000, from = 2026-01-01, document = "b" },
    { measure = "aid", group = "marginal", amount = 8000, document = "c" },
    { measure = "aid", group = "sudden", amount = 2000.5, document = "c" },
]
fund = [{ code = "donation", title = "社会募集", list_types = ["marginal"], document = "a" }]
public_risk = [
    { title = "刚性支出较大", causes = ["illness", "education"] },
    { title = "住房饮水待保障", causes = ["housing"] },
]
"#;

    fn day(written: &str) -> i32 {
        text::to_days(written.parse().expect("a day"))
    }

    #[test]
    fn nobody_gets_more_than_a_lifted_household_would() {
        let (found, problems) = parse(SOUND);
        assert_eq!(problems, Vec::new());
        let cap = |kind: &str, on: &str| found.cap("aid", kind, day(on)).map(|c| (c.amount, c.document.as_str()));
        assert_eq!(cap("marginal", "2026-09-30"), Some((500_000, "b")));
        // The amount of the year in which it was planned.
        assert_eq!(cap("marginal", "2025-12-31"), Some((300_000, "a")));
        // A type's own lower amount stays.
        assert_eq!(cap("sudden", "2026-09-30"), Some((200_050, "c")));
        assert_eq!(cap("unstable", "2026-09-30"), Some((500_000, "b")));
        assert_eq!(found.cap("special", "marginal", day("2026-09-30")), None);
    }

    #[test]
    fn publicity_words_hide_what_kind_of_expense_it_is() {
        let (found, _) = parse(SOUND);
        assert_eq!(found.public_risk(Some("illness")), found.public_risk(Some("education")));
        assert_eq!(found.public_risk(Some("housing|illness")), "刚性支出较大、住房饮水待保障");
        assert_eq!(found.public_risk(Some("water|illness")), "刚性支出较大、其他风险");
        assert_eq!(found.public_risk(None), "其他风险");
        assert_eq!(Remedies::default().public_risk(Some("illness")), "其他风险");
    }

    #[test]
    fn measures_suit_causes() {
        let (found, _) = parse(SOUND);
        let of = |cause| found.measures_for(cause).map(|m| m.code.as_str()).collect::<Vec<_>>();
        assert_eq!(of("illness"), ["aid", "special"]);
        assert_eq!(of("water"), ["special"]);
        assert_eq!(found.measure("救助").map(|m| m.code.as_str()), Some("aid"));
    }

    #[test]
    fn slips_are_told() {
        for (from, to, code) in [
            ("causes = [\"illness\"], d", "causes = [\"ilness\"], d", "plan.unknown_word"),
            ("measure = \"aid\", group = \"sudden\"", "measure = \"add\", group = \"sudden\"", "plan.unknown_word"),
            ("group = \"sudden\"", "group = \"suden\"", "plan.unknown_word"),
            ("group = \"sudden\"", "group = \"marginal\"", "plan.contradiction"),
            ("from = 2026-01-01", "from = 2025-06-01", "plan.contradiction"),
            ("until = 2025-12-31", "from = 2026-01-01, until = 2025-12-31", "plan.contradiction"),
            ("amount = 2000.5", "amount = -1", "plan.missing_key"),
            ("code = \"special\"", "code = \"aid\"", "plan.duplicate"),
            ("[\"marginal\"]", "[\"marginl\"]", "plan.unknown_word"),
            ("刚性支出较大", "因病支出较大", "plan.health_word"),
        ] {
            assert!(SOUND.contains(from), "{from}");
            let codes: Vec<&str> = parse(&SOUND.replacen(from, to, 1)).1.iter().map(|p| p.code).collect();
            assert!(codes.contains(&code), "{from} → {to}: {codes:?}");
        }
    }
}
