//! Writes the year: which runs there are, what people do, and the truth of every case.

use std::path::Path;

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
    Ok(count)
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
