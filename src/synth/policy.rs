//! The written policy of the fictional county, applied to clean facts. Out: the risks a perfect screening would see.
//!
//! It shares no code with `screen`; the same words stand in `sample-data/README.md`.
//!
//! * Income line: 7,800 yuan per person and year. Being below it is background: **income alone lists nobody**.
//! * Medical (illness, sudden): in the 12 months up to and including the round's day, the sum over the members of
//!   `符合政策范围金额 − 基金支付总额`, refunds counted as they stand (negative), is ≥ 20,000 yuan per household, ≥ 5,000
//!   for a lifted household.
//! * Education: a child aged 6–15 on the round's day stands on the dropout list as 疑似辍学 or 长期请假, and the reason
//!   is neither 身体原因 nor 外出就读 (送教上门 is a category of its own and no risk).
//! * Housing: the latest appraisal says C or D and has no 竣工验收日期.
//! * Water: the household's own record says < 35 litres per person and day, or > 36 days a year without water, or
//!   a problem reported more than 30 days before the round's day and not repaired. A fault of a village's works is evidence to
//!   look at, not a listing of every household behind it.
//! * Industry (sudden): loss in the survey ≥ 10,000 yuan.
//! * Employment: labour force ≥ 1, nobody in stable work, and income below the line.
//! * Accident, disaster (sudden): one grant of temporary relief ≥ 3,000 yuan for 意外事故 or 自然灾害 in the last 12 months.
//! * Water that a test found unfit, or that takes more than 20 minutes to fetch.
//! * In the last 12 months: a labourer (16–59) killed or badly hurt on the road (accident, sudden), a labourer's death (labour,
//!   sudden), a certificate of severe disability for somebody of 16–59 (disability, sudden), losses in disasters ≥ 10,000 yuan
//!   (disaster, sudden), rooms fallen or badly damaged without accepted works since (housing).
//! * Public full-time schools that cost the family > 10,000 yuan a school year after reductions (education).
//! * A serious illness in the health bureau's ledger that is untreated and without a settlement in 12 months (illness).
//! * Rigid expenditure (self-pay, public schools, disaster losses, own cost of works) above last year's income of the
//!   survey (other, sudden).
//! * List type: lifted → unstable; otherwise marginal; but when all its risks are sudden and the survey knows the
//!   income and it is not below the line → sudden.
//! * A household with nobody living there is not listed.

use jiff::ToSpan;
use jiff::civil::Date;

use super::facts::Facts;
use super::people::County;

/// Fen per person and year.
pub const INCOME_LINE: i64 = 780_000;
/// Litres per person and day, in tenths.
pub const WATER_DECILITRES: i64 = 350;
/// Days without water a year that are still borne.
pub const WATER_DAYS_OFF: i64 = 36;
/// Minutes to fetch water there and back that are still borne.
pub const WATER_MINUTES: i64 = 20;
/// Days a reported problem may stay open.
pub const WATER_OPEN_DAYS: i64 = 30;
/// Fen lost in the family's industry.
pub const INDUSTRY_LOSS: i64 = 1_000_000;
/// Fen of one grant.
pub const RELIEF: i64 = 300_000;

/// Fen of direct loss in a disaster.
pub const DISASTER_LOSS: i64 = 1_000_000;
/// Fen a school year that a public full-time school may cost a family.
pub const SCHOOL_COST: i64 = 1_000_000;
/// Households lifted out of poverty up to this year get no subsidy to their insurance.
pub const NO_SUBSIDY_UNTIL: i64 = 2015;

/// Compliant self-pay in fen from which illness is a risk.
pub fn medical_limit(lifted: bool) -> i64 {
    if lifted { 500_000 } else { 2_000_000 }
}

/// One risk of a household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// Cause code.
    pub cause: &'static str,
    /// Why, in words that name no rule.
    pub reason: &'static str,
    /// The source that shows it; empty when only the village knows.
    pub source: &'static str,
    /// May come overnight to a household that is not poor.
    pub sudden: bool,
}

/// The first day of the twelve months up to the round's day.
pub fn window(as_of: Date) -> Date {
    as_of.saturating_sub(12.months())
}

/// The risks the exports show, by cause, and after them those that only the village knows.
pub fn risks(county: &County, household: usize, facts: &Facts, as_of: Date) -> Vec<Risk> {
    if county.here(household).is_empty() {
        return Vec::new();
    }
    let inside = |day: Date| day >= window(as_of) && day <= as_of;
    let mut found = Vec::new();
    let mut add = |cause, reason, source, sudden| found.push(Risk { cause, reason, source, sudden });

    let mut relief = |words, cause, reason| {
        if facts.relief.iter().any(|r| r.reason == words && r.amount >= RELIEF && inside(r.day)) {
            add(cause, reason, "temporary_relief", true);
        }
    };
    relief("意外事故", "accident", "relief for an accident");
    relief("自然灾害", "disaster", "relief after a natural disaster");

    let out_of_school = facts.dropouts.iter().any(|d| {
        let age = county.persons[d.person].age(as_of);
        (6..=15).contains(&age)
            && matches!(d.category, "疑似辍学" | "长期请假")
            && !matches!(d.reason, "身体原因" | "外出就读")
    });
    if out_of_school {
        add("education", "child of school age out of school", "school_dropout", false);
    }
    if let Some(survey) = &facts.survey {
        if survey.labour >= 1 && survey.stable == 0 && survey.per_capita < INCOME_LINE {
            add("employment", "nobody in stable work and income below the line", "income_survey", false);
        }
        if survey.loss >= INDUSTRY_LOSS {
            add("industry", "loss in the family's industry", "income_survey", true);
        }
    }
    if let Some(latest) = facts.appraisals.iter().max_by_key(|a| a.day)
        && matches!(latest.grade, 'C' | 'D')
        && latest.accepted.is_none()
    {
        add("housing", "dangerous house not rebuilt", "housing_appraisal", false);
    }
    let own: i64 = facts.claims.iter().filter(|c| inside(c.day)).map(|c| c.self_pay()).sum();
    if own >= medical_limit(county.households[household].lifted) {
        add("illness", "heavy compliant medical cost", "medical_settlement", true);
    }
    if let Some(water) = &facts.water {
        let open = |(_, reported, repaired): &(_, Date, Option<Date>)| {
            repaired.is_none() && *reported < as_of.saturating_sub(WATER_OPEN_DAYS.days())
        };
        if water.decilitres.is_some_and(|d| d < WATER_DECILITRES)
            || water.days_off > WATER_DAYS_OFF
            || water.problem.as_ref().is_some_and(open)
        {
            add("water", "no safe water", "water_household", false);
        }
        if water.quality == "不合格" || water.minutes > WATER_MINUTES {
            add("water", "unfit or far water", "water_household", false);
        }
    }
    listed_by_the_new_lists(county, household, facts, as_of, &mut found);
    found.sort_by_key(|r| r.cause);
    for (cause, reason) in &facts.hidden {
        found.push(Risk { cause, reason, source: "", sudden: matches!(*cause, "illness" | "accident" | "disaster") });
    }
    found
}

/// The risks that accidents, deaths, disability, disasters, school costs and illness without treatment bring.
fn listed_by_the_new_lists(county: &County, household: usize, facts: &Facts, as_of: Date, found: &mut Vec<Risk>) {
    // After the round's day a year ago, up to the round's day.
    let inside = |day: Date| day > window(as_of) && day <= as_of;
    let mut add = |cause, reason, source, sudden| found.push(Risk { cause, reason, source, sudden });
    let able = |person: usize, day: Date| (16..=59).contains(&county.persons[person].age(day));
    let lives = &facts.lives;
    if lives.casualties.iter().any(|c| c.severity != "轻伤" && able(c.person, c.day) && inside(c.day)) {
        add("accident", "labourer hurt on the road", "traffic_accident", true);
    }
    if lives.deaths.iter().any(|d| able(d.person, d.day) && inside(d.day)) {
        add("labour", "labourer died", "death", true);
    }
    let here = county.here(household);
    let lost = lives
        .certificates
        .iter()
        .any(|c| c.level <= 2 && here.contains(&c.person) && able(c.person, as_of) && inside(c.issued));
    if lost {
        add("disability", "labourer severely disabled since this year", "disability", true);
    }
    let ruined = facts.means.disasters.iter().filter(|d| inside(d.day));
    let loss: i64 = ruined.clone().map(|d| d.loss).sum();
    if loss >= DISASTER_LOSS {
        add("disaster", "heavy loss in a disaster", "disaster", true);
    }
    let fallen = ruined.filter(|d| d.rooms[0] + d.rooms[1] > 0).map(|d| d.day).max();
    let accepted = facts.appraisals.iter().filter_map(|a| a.accepted).max();
    if fallen.is_some_and(|day| accepted.is_none_or(|done| done < day)) {
        add("housing", "house ruined by a disaster", "disaster", false);
    }
    let school: i64 =
        facts.study.fees.iter().filter(|f| f.owner == "公办" && f.mode == "全日制").map(|f| f.own()).sum();
    if school > SCHOOL_COST {
        add("education", "public school too dear", "school_fees", false);
    }
    let untreated = lives.illnesses.iter().any(|i| {
        let treated = facts.claims.iter().any(|c| c.person == i.person && inside(c.day));
        i.class == "大病" && i.treatment == "未救治" && !treated
    });
    if untreated {
        add("illness", "serious illness without treatment", "illness", false);
    }
    if let Some(survey) = &facts.survey {
        let own: i64 = facts.claims.iter().filter(|c| inside(c.day)).map(|c| c.self_pay()).sum();
        let works = facts.appraisals.iter().filter(|a| a.accepted.is_some_and(inside));
        let works: i64 = works.map(|a| a.house.own_cost).sum();
        if own + school + loss + works > survey.last_year * here.len() as i64 {
            let parts = [
                (survey.last_year, "income_survey"),
                (own, "medical_settlement"),
                (school, "school_fees"),
                (loss, "disaster"),
                (works, "housing_appraisal"),
            ];
            // Every list that holds a part of it shows it.
            for (_, source) in parts.into_iter().filter(|(part, _)| *part > 0) {
                add("other", "expenditure above last year's income", source, true);
            }
        }
    }
}

/// The list type of a household with these risks; risks that only the village knows count only when there are no others.
pub fn list_type(county: &County, household: usize, facts: &Facts, risks: &[Risk]) -> &'static str {
    if county.households[household].lifted {
        return "unstable";
    }
    let seen = risks.iter().any(|r| !r.source.is_empty());
    let all_sudden = risks.iter().filter(|r| !seen || !r.source.is_empty()).all(|r| r.sudden);
    let not_poor = facts.survey.as_ref().is_some_and(|s| s.per_capita >= INCOME_LINE);
    if all_sudden && not_poor { "sudden" } else { "marginal" }
}
