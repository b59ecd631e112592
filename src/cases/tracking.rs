//! `households` and `online_list` → `tracking`: who is followed, by whom, until when (R206–R209).

use jiff::ToSpan;
use jiff::civil::Date;

use super::rows_by;
use crate::model::build::{TableBuilder, Value};
use crate::model::{Table, tables, text};

/// One row per household the national system monitors, in township, village, household order.
///
/// The year begins with the month of identification. It being over ends nothing by itself: the village assesses, the
/// township reviews and the county decides (R208), and while the risk stands tracking goes on (R209). Without a month of
/// identification both `track_until` and `year_complete` are null.
pub fn tracking(as_of: Date, households: &Table, online: &Table) -> Table {
    let online_rows = rows_by(online, "household_id");
    let mut rows: Vec<usize> =
        (0..households.rows()).filter(|row| households.str_at("monitored_type", *row).is_some()).collect();
    rows.sort_by_key(|row| {
        let place = ["township_code", "village_code"].map(|c| households.str_at(c, *row));
        (place.map(|code| (code.is_none(), code)), households.str_at("household_id", *row))
    });
    let mut out = TableBuilder::new(tables::tracking());
    for row in rows {
        let own = |column: &str| households.str_at(column, row);
        let monitored_type = own("monitored_type");
        let since = households.date_at("monitored_since", row);
        let until = since.map(|day| day.saturating_add(12.months()));
        let listed = own("household_id").and_then(|h| online_rows.get(h)).copied();
        // Monitored households stay on the online list even when no rule holds: a hit is what shows a risk now.
        let online_now = listed.is_some_and(|r| online.integer_at("hits", r).unwrap_or(0) > 0);
        let by_helper = households.boolean_at("lifted", row) == Some(true) || monitored_type == Some("unstable");
        let day = |date: Option<Date>| date.map_or(Value::Null, |d| Value::Date(text::to_days(d)));
        out.push_named(vec![
            ("household_id", own("household_id").into()),
            ("national_household_no", own("national_household_no").into()),
            ("head_name", own("head_name").into()),
            ("township_code", own("township_code").into()),
            ("township", own("township").into()),
            ("village_code", own("village_code").into()),
            ("village", own("village").into()),
            ("monitored_type", monitored_type.into()),
            ("monitored_since", day(since)),
            ("track_until", day(until)),
            ("tracker", if by_helper { "helper" } else { "village_team" }.into()),
            ("risk_cleared", households.boolean_at("risk_cleared", row).into()),
            ("year_complete", until.map(|d| d <= as_of).into()),
            ("online_now", online_now.into()),
            ("causes", listed.filter(|_| online_now).and_then(|r| online.str_at("causes", r)).into()),
        ]);
    }
    out.finish()
}
