//! Who follows a household and when its income is measured again (R206–R212).

use jiff::ToSpan;
use jiff::civil::Date;

/// Who follows a household (R207).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracker {
    /// 帮扶联系人.
    Helper,
    /// 驻村工作队员.
    VillageTeam,
}

impl Tracker {
    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Tracker::Helper => "helper",
            Tracker::VillageTeam => "village_team",
        }
    }

    /// What clerks read.
    pub fn title(self) -> &'static str {
        match self {
            Tracker::Helper => "帮扶联系人",
            Tracker::VillageTeam => "驻村工作队员",
        }
    }
}

/// Households that were lifted out of poverty have a helper; the village team follows the others (R207).
pub fn tracker(list_type: Option<&str>, lifted: bool) -> Tracker {
    if lifted || list_type == Some("unstable") { Tracker::Helper } else { Tracker::VillageTeam }
}

/// Why a measurement is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// 每年一次 (R210).
    Yearly,
    /// 满一年未达退出标准，每半年一次 (R212).
    HalfYearly,
}

impl Occasion {
    /// What clerks read.
    pub fn title(self) -> &'static str {
        match self {
            Occasion::Yearly => "年度测算",
            Occasion::HalfYearly => "半年测算",
        }
    }
}

/// The next measurement of a household.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Day by which it is to be done.
    pub on: Date,
    /// Why.
    pub occasion: Occasion,
}

/// Months before the end of the first year in which a measurement counts as the yearly one.
const EARLY_MONTHS: i32 = 2;

/// When a household that entered on a day, and is still followed, is to be measured next; `measured` are the days of its
/// measurements in any order.
///
/// The first is due when the year is over: it is the one on which an exit is judged. From then on every half year, counted from
/// the last measurement, so that a late one is not followed at once by the next.
pub fn next_measurement(identified_on: Date, measured: &[Date]) -> Due {
    let year = identified_on.saturating_add(1.year());
    let counts = year.saturating_sub(EARLY_MONTHS.months());
    match measured.iter().copied().filter(|day| *day >= counts).max() {
        None => Due { on: year, occasion: Occasion::Yearly },
        Some(last) => Due { on: last.saturating_add(6.months()), occasion: Occasion::HalfYearly },
    }
}

/// First day after the year of tracking (R206).
pub fn track_until(identified_on: Date) -> Date {
    identified_on.saturating_add(1.year())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn who_follows() {
        assert_eq!(tracker(Some("unstable"), false), Tracker::Helper);
        assert_eq!(tracker(Some("sudden"), true), Tracker::Helper);
        assert_eq!(tracker(Some("marginal"), false), Tracker::VillageTeam);
        assert_eq!(tracker(None, false), Tracker::VillageTeam);
    }

    #[test]
    fn yearly_first_then_every_half_year() {
        let entered = date(2025, 9, 15);
        let due = |measured: &[Date]| {
            let due = next_measurement(entered, measured);
            (due.on, due.occasion)
        };
        assert_eq!(due(&[]), (date(2026, 9, 15), Occasion::Yearly));
        // The measurement of the entry is not that of the year.
        assert_eq!(due(&[date(2025, 9, 20)]), (date(2026, 9, 15), Occasion::Yearly));
        assert_eq!(due(&[date(2025, 9, 20), date(2026, 8, 1)]), (date(2027, 2, 1), Occasion::HalfYearly));
        assert_eq!(due(&[date(2027, 3, 31), date(2026, 9, 20)]), (date(2027, 9, 30), Occasion::HalfYearly));
        // The 29th of February has its anniversary on the 28th.
        assert_eq!(next_measurement(date(2024, 2, 29), &[]).on, date(2025, 2, 28));
    }
}
