//! `online_list` and `offline_list` → `comparison`: joins on the household, then compares type and causes.

use std::collections::{BTreeMap, BTreeSet};

use super::explain;
use crate::model::Table;
use crate::model::build::TableBuilder;
use crate::model::{tables, words};
use crate::plan::Plan;

/// What both lists say about one household, or about one offline row without a household.
pub(super) struct Case<'a> {
    /// The household; none when the identity is unclear.
    pub household: Option<&'a str>,
    /// Row of the online list.
    pub online: Option<usize>,
    /// Rows of the offline list, in order.
    pub offline: Vec<usize>,
    /// Type on the online list.
    pub online_type: Option<&'a str>,
    /// Types that the offline rows give; more than one when the rows differ among themselves.
    pub offline_types: BTreeSet<&'a str>,
    /// Causes on the online list.
    pub online_causes: BTreeSet<&'a str>,
    /// Causes of all offline rows together.
    pub offline_causes: BTreeSet<&'a str>,
    /// Type under which the national system monitors the household with the risk not cleared.
    pub monitored: Option<&'a str>,
}

impl Case<'_> {
    /// Whether the types differ; a type the village left out is not compared.
    pub fn types_differ(&self) -> bool {
        match (self.online_type, self.offline_types.len()) {
            (_, 0) => false,
            (Some(online), 1) => !self.offline_types.contains(online),
            (None, 1) => false,
            // The village contradicts itself: no answer can agree with the departments.
            _ => true,
        }
    }

    /// Whether the causes differ; a village that names none has not confirmed any.
    pub fn causes_differ(&self) -> bool {
        self.online_causes != self.offline_causes
    }

    /// The outcome: the first that fits.
    pub fn outcome(&self) -> &'static str {
        match (self.household, self.online, self.offline.is_empty()) {
            (None, _, _) => "identity_unclear",
            (_, Some(_), false) if self.types_differ() => "type_differs",
            (_, Some(_), false) if self.causes_differ() => "cause_differs",
            (_, Some(_), false) => "agreed",
            (_, Some(_), true) if self.monitored.is_some() => "already_monitored",
            (_, Some(_), true) => "online_only",
            (_, None, _) => "offline_only",
        }
    }
}

/// The tables a case is told from.
pub(super) struct Lists<'a> {
    pub online: &'a Table,
    pub offline: &'a Table,
    pub households: &'a Table,
    pub plan: &'a Plan,
    household_rows: BTreeMap<&'a str, usize>,
}

impl<'a> Lists<'a> {
    /// The household's row in the register's table.
    pub fn home(&self, case: &Case) -> Option<usize> {
        case.household.and_then(|h| self.household_rows.get(h)).copied()
    }

    /// A fact about the case's household or person: from the register, else the online list, else what was reported.
    fn fact(&self, case: &Case, column: &str, reported: &str) -> Option<&'a str> {
        let register = self.home(case).and_then(|row| self.households.str_at(column, row));
        let online = || case.online.and_then(|row| self.online.str_at(column, row));
        let offline = || {
            let mut rows = case.offline.iter();
            rows.find_map(|row| self.offline.str_at(reported, *row))
        };
        register.or_else(online).or_else(offline)
    }

    /// All four columns of the place from the one table that knows it, so that code and name never part.
    fn place(&self, case: &Case) -> [Option<&'a str>; 4] {
        let of = |table: &'a Table, row: usize| {
            ["township_code", "township", "village_code", "village"].map(|c| table.str_at(c, row))
        };
        let known = |place: &[Option<&str>; 4]| place.iter().any(Option::is_some);
        let register = self.home(case).map(|row| of(self.households, row)).filter(known);
        let online = || case.online.map(|row| of(self.online, row)).filter(known);
        let offline = || case.offline.first().map(|row| of(self.offline, *row));
        register.or_else(online).or_else(offline).unwrap_or([None; 4])
    }

    fn cases(&self) -> Vec<Case<'a>> {
        let mut by_household: BTreeMap<&'a str, (Option<usize>, Vec<usize>)> = BTreeMap::new();
        for row in 0..self.online.rows() {
            if let Some(household) = self.online.str_at("household_id", row) {
                by_household.entry(household).or_default().0.get_or_insert(row);
            }
        }
        let mut unclear = Vec::new();
        for row in 0..self.offline.rows() {
            let linked = self.offline.str_at("status", row) == Some("linked");
            match self.offline.str_at("household_id", row).filter(|_| linked) {
                Some(household) => by_household.entry(household).or_default().1.push(row),
                None => unclear.push(self.case(None, None, vec![row])),
            }
        }
        let known =
            by_household.into_iter().map(|(household, (online, offline))| self.case(Some(household), online, offline));
        known.chain(unclear).collect()
    }

    /// A household that no rule lists may be monitored all the same; the village's report must not read as news then.
    fn still_monitored(&self, household: Option<&str>) -> Option<&'a str> {
        let row = *self.household_rows.get(household?)?;
        let kind = self.households.str_at("monitored_type", row)?;
        (self.households.boolean_at("risk_cleared", row) != Some(true)).then_some(kind)
    }

    fn case(&self, household: Option<&'a str>, online: Option<usize>, offline: Vec<usize>) -> Case<'a> {
        let reported = |column: &'static str| {
            let rows = offline.iter();
            rows.flat_map(move |row| words::split(self.offline.str_at(column, *row))).collect::<BTreeSet<_>>()
        };
        Case {
            household,
            online,
            online_type: online.and_then(|row| self.online.str_at("list_type", row)),
            offline_types: reported("list_type"),
            online_causes: words::split(online.and_then(|row| self.online.str_at("causes", row))).collect(),
            offline_causes: reported("causes"),
            monitored: match online {
                Some(row) => self.online.str_at("monitored_type", row),
                None => self.still_monitored(household),
            },
            offline,
        }
    }
}

fn join<'a>(codes: impl IntoIterator<Item = &'a &'a str>) -> Option<String> {
    let joined = codes.into_iter().copied().collect::<Vec<_>>().join("|");
    (!joined.is_empty()).then_some(joined)
}

/// One row per household that stands on either list, and one per offline row whose household is unclear.
///
/// `online` and `offline` are the two lists, `households` gives place and head, `plan` the titles of the causes. Several
/// offline rows for one household are joined: their causes are united, and types that differ among themselves make a
/// difference by themselves. Rows are numbered `C00001`… in township, village, household order; rows without a household
/// stand behind the others in the place of their form.
pub fn compare(online: &Table, offline: &Table, households: &Table, plan: &Plan) -> Table {
    let lists = Lists {
        online,
        offline,
        households,
        plan,
        household_rows: (0..households.rows())
            .filter_map(|row| Some((households.str_at("household_id", row)?, row)))
            .collect(),
    };
    let mut cases: Vec<_> = lists.cases().into_iter().map(|c| (lists.place(&c), c)).collect();
    // Unknown divisions go last; the record's position decides between rows without a household.
    cases.sort_by_key(|([township_code, township, village_code, village], case)| {
        (
            (township_code.is_none(), *township_code, *township),
            (village_code.is_none(), *village_code, *village),
            (case.household.is_none(), case.household, case.offline.first().copied()),
        )
    });

    let mut out = TableBuilder::new(tables::comparison());
    for (i, (place, case)) in cases.iter().enumerate() {
        let records: Vec<&str> = case.offline.iter().filter_map(|row| offline.str_at("record_id", *row)).collect();
        let mut notes: Vec<&str> = Vec::new();
        for note in case.offline.iter().filter_map(|row| offline.str_at("note", *row)) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        let [township_code, township, village_code, village] = *place;
        out.push_named(vec![
            ("comparison_id", format!("C{:05}", i + 1).into()),
            ("outcome", case.outcome().into()),
            ("household_id", case.household.into()),
            ("offline_records", join(&records).into()),
            ("head_name", lists.fact(case, "head_name", "name").into()),
            ("head_id_number", lists.fact(case, "head_id_number", "id_number").into()),
            ("township_code", township_code.into()),
            ("township", township.into()),
            ("village_code", village_code.into()),
            ("village", village.into()),
            ("group", lists.fact(case, "group", "group").into()),
            ("online_type", case.online_type.into()),
            ("offline_type", join(&case.offline_types).into()),
            ("online_causes", join(&case.online_causes).into()),
            ("offline_causes", join(&case.offline_causes).into()),
            ("causes_missing_offline", join(case.online_causes.difference(&case.offline_causes)).into()),
            ("causes_missing_online", join(case.offline_causes.difference(&case.online_causes)).into()),
            ("offline_note", Some(notes.join("；")).filter(|n| !n.is_empty()).into()),
            ("explanation", explain::sentence(&lists, case).into()),
        ]);
    }
    out.finish()
}
