//! `comparison` → `proposals` for the county meeting (R120, R123) and `work_orders` as drafts for departments (R186).

use std::collections::BTreeSet;

use super::advance::Advanced;
use super::ledger::case_id;
use super::rows_by;
use crate::model::build::TableBuilder;
use crate::model::{Table, tables, words};
use crate::plan::{Phase, Plan};

/// One proposal per case that waits to be published, in the order of `comparison`, numbered `PR00001`….
///
/// A case waits because both lists agree or because the village has confirmed it; those of which this round's lists say nothing stand
/// behind the others. A followed household on which both lists agree is proposed too: its entry is brought up to date.
/// `national_action` is `mark` when the national system has the household (lifted, or with a number of its own there),
/// else `enter`. Evidence and cautions come from `online`.
pub fn proposals(
    round: &str,
    comparison: &Table,
    online: &Table,
    households: &Table,
    advanced: &Advanced,
    plan: &Plan,
) -> Table {
    let rows = (0..comparison.rows()).zip(&advanced.of_comparison);
    let compared = rows.filter_map(|(row, case)| Some((Some(row), advanced.case((*case)?)?)));
    let spoken: BTreeSet<u32> = advanced.of_comparison.iter().flatten().copied().collect();
    let earlier = advanced.states.iter().filter(|s| !spoken.contains(&s.case)).map(|s| (None, s));
    let online_rows = rows_by(online, "household_id");
    let household_rows = rows_by(households, "household_id");
    let mut out = TableBuilder::new(tables::proposals());
    let mut done: BTreeSet<u32> = BTreeSet::new();
    for (row, case) in compared.chain(earlier) {
        let own = |column: &str| row.and_then(|r| comparison.str_at(column, r));
        let agreed = own("outcome") == Some("agreed");
        let proposed = match plan.process.cases.state(&case.state).map(|s| s.phase) {
            Some(Phase::Proposal) => true,
            Some(Phase::Tracking) => agreed,
            _ => false,
        };
        if !proposed || !done.insert(case.case) {
            continue;
        }
        let said = case.round.clone().unwrap_or_default();
        let household = said.household.as_deref();
        let listed = household.and_then(|h| online_rows.get(h)).copied();
        let home = household.and_then(|h| household_rows.get(h)).copied();
        let of_online = |column: &str| listed.and_then(|r| online.str_at(column, r));
        let in_national = home.is_some_and(|r| {
            households.boolean_at("lifted", r) == Some(true) || households.str_at("national_household_no", r).is_some()
        });
        let mut cautions: Vec<String> = Vec::new();
        if let Some(monitored) = of_online("monitored_type") {
            cautions.push(format!("全国系统中已列为{}，风险未消除，核对后更新即可", words::list_type(monitored)));
        }
        cautions.extend(of_online("cautions").map(str::to_string));
        let number = own("head_id_number").or_else(|| home.and_then(|r| households.str_at("head_id_number", r)));
        let causes = case.given.get("causes").cloned().or(Some(said.causes)).filter(|c| !c.is_empty());
        out.push_named(vec![
            ("proposal_id", format!("PR{:05}", out.len() + 1).into()),
            ("round", round.into()),
            ("case_id", case_id(case.case).into()),
            ("household_id", household.into()),
            ("head_name", said.head_name.into()),
            ("head_id_number", number.into()),
            (
                "size",
                home.and_then(|r| households.integer_at("size", r))
                    .or_else(|| listed.and_then(|r| online.integer_at("size", r)))
                    .into(),
            ),
            ("township_code", said.township_code.into()),
            ("township", said.township.into()),
            ("village_code", said.village_code.into()),
            ("village", said.village.into()),
            ("group", said.group.into()),
            ("list_type", case.given.get("list_type").cloned().or(said.list_type).into()),
            ("causes", causes.into()),
            ("basis", if agreed { "agreed" } else { "verified" }.into()),
            ("national_action", if in_national { "mark" } else { "enter" }.into()),
            ("cautions", Some(cautions.join("；")).filter(|c| !c.is_empty()).into()),
            ("evidence", of_online("evidence").map(str::to_string).or(said.evidence).into()),
        ]);
    }
    out.finish()
}

/// One draft per proposal and cause, in proposal order, numbered `W00001`…, for the department the plan names.
///
/// The evidence is that of the household's `hits` with this cause; without any, the whole evidence of the proposal.
pub fn work_orders(round: &str, proposals: &Table, hits: &Table, plan: &Plan) -> Table {
    let mut evidence: std::collections::BTreeMap<(&str, &str), Vec<&str>> = Default::default();
    for row in 0..hits.rows() {
        // Cautions argue against help and checks look at the offices' own work; neither is evidence of the risk that a
        // department is asked to remove.
        if matches!(hits.str_at("role", row), Some("cautions" | "checks")) {
            continue;
        }
        let key = hits.str_at("household_id", row).zip(hits.str_at("cause", row));
        if let Some((key, said)) = key.zip(hits.str_at("evidence", row)) {
            let known = evidence.entry(key).or_default();
            if !known.contains(&said) {
                known.push(said);
            }
        }
    }
    let mut out = TableBuilder::new(tables::work_orders());
    for row in 0..proposals.rows() {
        let own = |column: &str| proposals.str_at(column, row);
        for cause in words::split(own("causes")) {
            let said = own("household_id").and_then(|h| evidence.get(&(h, cause)));
            let department = plan.cause(cause).map(|c| c.department.as_str());
            out.push_named(vec![
                ("order_id", format!("W{:05}", out.len() + 1).into()),
                ("round", round.into()),
                ("proposal_id", own("proposal_id").into()),
                ("department", department.filter(|d| !d.is_empty()).unwrap_or("待定").into()),
                ("household_id", own("household_id").into()),
                ("head_name", own("head_name").into()),
                ("township_code", own("township_code").into()),
                ("township", own("township").into()),
                ("village_code", own("village_code").into()),
                ("village", own("village").into()),
                ("cause", cause.into()),
                ("evidence", said.map(|s| s.join("；")).or_else(|| own("evidence").map(str::to_string)).into()),
                ("state", "drafted".into()),
            ]);
        }
    }
    out.finish()
}
