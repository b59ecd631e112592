//! The truth of the rules that ask for a reason and of those that look at the work of the offices.

use jiff::ToSpan;
use jiff::civil::Date;

use super::hits::Seen;
use super::policy::INCOME_LINE;

/// Income in fen from which doubt is told.
const INCOME_CAUTION: i64 = 2_000_000;

/// The four classes of 002 R170: public pay, a business, a flat in town, a car.
fn four_classes(seen: &Seen) -> [bool; 4] {
    let means = &seen.facts().means;
    [
        means.payroll.iter().any(|p| p.state == "在职" && p.kind != "村干部"),
        means.businesses.iter().any(|b| b.state == "存续"),
        means.estates.iter().any(|e| e.usage == "城镇住宅"),
        means.vehicles.iter().any(|v| v.kind == "小型汽车" && v.state == "正常"),
    ]
}

/// Rules that ask for a reason.
pub(super) fn caution(seen: &mut Seen) {
    let facts = seen.facts();
    let means = &facts.means;
    let classes = four_classes(seen);
    for (rule, holds) in ["CAU-02", "CAU-03", "CAU-04", "CAU-05"].into_iter().zip(classes) {
        seen.household(rule, holds);
    }
    seen.household("CAU-06", means.supports.iter().any(|s| s.able == "充足"));
    let machine = |v: &super::means::Vehicle| matches!(v.kind, "大型汽车" | "轮式拖拉机") && v.state == "正常";
    seen.household("CAU-07", means.vehicles.iter().any(machine));
    seen.household("CAU-08", means.payroll.iter().any(|p| p.state == "在职" && p.kind == "村干部"));
    seen.household("CAU-09", means.estates.iter().any(|e| e.usage == "商业服务"));
    let size = seen.here.len();
    seen.household("CAU-10", seen.labour()[4] >= size);
    let alone = size == 1 && seen.age(seen.here[0]) < 16;
    seen.household("CAU-11", alone);
    let looked_at = seen.lifted() || seen.watched();
    seen.household("CAU-12", looked_at && classes.contains(&true) && !facts.home.filed);
}

/// The first day of the month so many days before the round.
fn month(as_of: Date, days: i64) -> Date {
    as_of.saturating_sub(days.days()).first_of_month()
}

/// Rules that look at the work of the offices.
pub(super) fn conduct(seen: &mut Seen) {
    let (facts, as_of) = (seen.facts(), seen.case.as_of);
    let means = &facts.means;
    let (watched, marked) = (seen.watched(), seen.marked());
    let group = facts.lives.illnesses.iter().any(|i| i.class == "大病")
        || !facts.lives.certificates.is_empty()
        || means.disasters.iter().any(|d| seen.within(d.day, 12))
        || facts.home.relocated
        || seen.allowance();
    seen.household("CON-01", seen.case.listed && !watched && group);
    let standards = ["HOU-01", "EDU-01", "WAT-01", "WAT-02", "WAT-04", "WAT-05", "MED-03"];
    let fails = standards.iter().any(|rule| seen.holds(rule));
    seen.household("CON-02", seen.lifted() && !watched && fails);
    let rich = seen.per_capita().is_some_and(|i| i >= INCOME_CAUTION);
    let classes = four_classes(seen).contains(&true);
    seen.household("CON-03", watched && rich && classes);
    if let Some(m) = marked.filter(|m| m.cleared) {
        let soon = month(as_of, m.since / 2) < month(as_of, m.since).saturating_add(6.months());
        seen.household("CON-04", soon);
        seen.household("CON-05", seen.case.listed);
    }
    let kept = seen.allowance() || facts.aid.care.is_some();
    let outside = !seen.lifted() && marked.is_none();
    seen.household("CON-06", outside && kept && seen.below(INCOME_LINE));
    let paid = |s: &&super::means::Subsidy| s.item != "耕地地力保护补贴" && seen.within(s.day, 12);
    let paid: i64 = means.subsidies.iter().filter(paid).map(|s| s.amount).sum();
    seen.household("CON-07", seen.lifted() && marked.is_none() && rich && paid > 0);
    let visits = means.visits.iter().filter(|day| seen.within(**day, 12)).count();
    let last = means.visits.iter().max();
    let long_ago = last.is_none_or(|day| !seen.within(*day, 2));
    seen.household("CON-08", watched && (visits < 6 || long_ago));
    seen.household("CON-09", means.loans.iter().any(|l| l.amount > 5_000_000));
}
