//! Writes the year: which runs there are, what people do, and the truth of every case.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;

use super::calendar::{Kind, Stop};
use super::office::Office;
use super::process::{Case, Whom};
use super::view::Views;
use crate::diag::{Failure, Outcome};
use crate::synth::delimited::Csv;
use crate::synth::sheet;

/// Writes `year/`; gives the number of steps.
pub fn year(out: &Path, stops: &[Stop], office: &Office, views: &[Views]) -> Outcome<usize> {
    let mut runs = Csv::own(out, "year/runs.csv", "day,pipeline,folder,late")?;
    for stop in stops {
        let pipeline = if stop.kind == Kind::Quarterly { "quarterly" } else { "nightly" };
        let day = stop.day.to_string();
        runs.row(&[&day, pipeline, &day, stop.late().unwrap_or("")])?;
    }
    runs.close()?;

    let path = sheet::place(out, "year/script.jsonl")?;
    let mut script = String::new();
    for act in &office.script {
        let line = serde_json::to_string(act).map_err(|e| Failure::internal(format!("the script is no JSON: {e}")))?;
        script.push_str(&line);
        script.push('\n');
    }
    std::fs::write(&path, script).map_err(|e| Failure::io("write", &path, &e))?;

    let mut steps = Csv::own(out, "year/steps.csv", "household,name,reported_number,step,day,by,trigger,state")?;
    let mut paths = Csv::own(out, "year/paths.csv", "household,name,reported_number,path")?;
    let mut count = 0;
    for case in &office.cases {
        let [household, name, number] = whom(case, views);
        for (n, step) in case.steps.iter().enumerate() {
            let by = if step.by_run { "run" } else { "person" };
            let (n, day) = ((n + 1).to_string(), step.day.to_string());
            steps.row(&[household.as_str(), &name, &number, &n, &day, by, step.trigger, step.state])?;
            count += 1;
        }
        paths.row(&[household, name, number, case.path()])?;
    }
    steps.close()?;
    paths.close()?;
    let mut orders = Csv::own(out, "year/orders.csv", "household,name,cause,step,day,trigger,state")?;
    for order in &office.orders {
        let [household, name, _] = whom(&office.cases[order.case], views);
        for (n, (day, trigger, state)) in order.steps.iter().enumerate() {
            let (n, day) = ((n + 1).to_string(), day.to_string());
            orders.row(&[household.as_str(), &name, order.cause, &n, &day, trigger, state])?;
        }
    }
    orders.close()?;
    let mut papers = Csv::own(out, "year/papers.csv", "day,kind,rows")?;
    for (day, kind, rows) in &office.papers {
        papers.row(&[&day.to_string(), *kind, &rows.to_string()])?;
    }
    papers.close()?;
    sums(out, stops, office)?;
    Ok(count)
}

/// How many cases and orders stand where, before every run and when the year is over.
fn sums(out: &Path, stops: &[Stop], office: &Office) -> Outcome<()> {
    let mut sums = Csv::own(out, "year/sums.csv", "day,what,state,count")?;
    for day in stops.iter().map(|s| s.day).chain([Date::MAX]) {
        let mut count: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for case in &office.cases {
            if let Some(step) = case.steps.iter().rfind(|s| s.day < day) {
                *count.entry(("case", step.state)).or_default() += 1;
            }
        }
        for order in &office.orders {
            if let Some((.., state)) = order.steps.iter().rfind(|s| s.0 < day) {
                *count.entry(("order", state)).or_default() += 1;
            }
        }
        let day = if day == Date::MAX { "end".to_string() } else { day.to_string() };
        for ((what, state), n) in count {
            sums.row(&[day.as_str(), what, state, &n.to_string()])?;
        }
    }
    sums.close()
}

/// Household number, name of its head, and a stranger's number.
fn whom(case: &Case, views: &[Views]) -> [String; 3] {
    match &case.whom {
        Whom::Stranger(name, number) => [String::new(), name.clone(), number.clone()],
        Whom::Household(ordinal) => {
            let view = views.iter().find_map(|v| v.get(ordinal));
            let [number, head] = view.map(|v| [v.number.clone(), v.head.clone()]).unwrap_or_default();
            [number, head, String::new()]
        }
    }
}
