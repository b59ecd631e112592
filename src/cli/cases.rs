//! `bidui cases`: the cases of the ledger: list, show, decide, history, overdue.

use super::office::{Office, details};
use super::printer::Printer;
use super::table::{Align, lines};
use super::unmask::Unmask;
use crate::diag::Outcome;
use crate::run::{self, CaseDecision, CaseFilter, CaseLine};

const LEFT: Align = Align::Left;
const RIGHT: Align = Align::Right;

/// Arguments of `cases`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    office: Office,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// The open cases.
    List {
        /// Only these states, by code or title.
        #[arg(long)]
        state: Vec<String>,
        /// Only a township or village, by code or part of its name.
        #[arg(long)]
        place: Option<String>,
        /// Closed ones too.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        unmask: Unmask,
    },
    /// Everything known of one case, and what may be done next.
    Show {
        /// The case, as A0000001.
        case: String,
        #[command(flatten)]
        unmask: Unmask,
    },
    /// Take one step of one case: `bidui cases decide A0000001 meeting.pass --by 县防贫办 --say meeting=〔2026〕3号`.
    Decide {
        /// The case, as A0000001.
        case: String,
        /// The step: its word (meeting.pass, withdraw, undo…) or its title.
        step: String,
        /// Who decided.
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
        /// What else is said, as name=value: meeting, causes, into, household….
        #[arg(long, value_name = "NAME=VALUE")]
        say: Vec<String>,
    },
    /// Every step, of one case or of all.
    History {
        /// The case, as A0000001.
        case: Option<String>,
        /// Only from this day on.
        #[arg(long, value_name = "DAY")]
        since: Option<String>,
    },
    /// What is past its day, by who has to act.
    Overdue {
        #[command(flatten)]
        unmask: Unmask,
    },
    /// Everything about one household on a printable page (一户一档), below OUT/dossiers.
    Dossier {
        /// The case, as A0000001.
        case: String,
        #[command(flatten)]
        unmask: Unmask,
    },
    /// The exit conditions of every followed household, each with its evidence; writes 退出条件 below OUT/forms.
    Exits,
    /// How the work was done: too fast, cleared without cause, left out, past the procedure; writes 工作质量核查.
    Conduct,
}

/// Runs the verb.
pub fn main(args: &Args, printer: &Printer) -> Outcome<u8> {
    let day = |text: &Option<String>| text.as_deref().map(run::parse_day).transpose();
    let options = args.office.options(false)?;
    let in_full = |unmask: &Unmask| run::CasesOptions { names: unmask.unmask, ..options.clone() };
    match &args.what {
        What::List { state, place, all, unmask } => {
            let filter = CaseFilter { states: state.clone(), place: place.clone(), all: *all, overdue: false };
            let found = unmask.around(&options.out, "cases.list", |facts| {
                let found = run::list_cases(&in_full(unmask), &filter)?;
                facts.add("rows", found.len());
                Ok(found)
            })?;
            if args.office.json {
                printer.json(&found);
            } else {
                table(&found).iter().for_each(|line| printer.data(line));
                printer.message(&format!("{} cases", found.len()));
            }
        }
        What::Show { case, unmask } => {
            let found = unmask.around(&options.out, "cases.show", |facts| {
                let found = run::show_case(&in_full(unmask), case)?;
                facts.add("case", found.line.case_id.as_str());
                Ok(found)
            })?;
            match args.office.json {
                true => printer.json(&found),
                false => shown(&found).iter().for_each(|line| printer.data(line)),
            }
        }
        What::Decide { case, step, by, reason, say } => {
            let decision = CaseDecision {
                case: case.clone(),
                step: step.clone(),
                by: by.clone(),
                reason: reason.clone(),
                details: details(say)?,
            };
            let done = run::decide_case(&options, &decision)?;
            match args.office.json {
                true => printer.json(&done),
                false => printer.data(&format!("{}: {} -> {}", done.case_id, done.from, done.to)),
            }
        }
        What::History { case, since } => {
            let events = run::case_history(&options, case.as_deref(), day(since)?)?;
            match args.office.json {
                true => printer.json(&events),
                false => history(&events).iter().for_each(|line| printer.data(line)),
            }
        }
        What::Dossier { case, unmask } => {
            let written = unmask.around(&options.out, "cases.dossier", |facts| {
                let written = run::write_dossier(&in_full(unmask), case)?;
                facts.add("case", written.case_id.as_str());
                Ok(written)
            })?;
            match args.office.json {
                true => printer.json(&written),
                false => printer.data(&written.file.display().to_string()),
            }
        }
        What::Exits => {
            let (found, file) = run::exit_assessment(&options)?;
            told(args.office.json, printer, &found, &["case_id", "village", "title", "met", "evidence"]);
            printer.message(&file.display().to_string());
        }
        What::Conduct => {
            let (found, file) = run::conduct_findings(&options)?;
            told(args.office.json, printer, &found, &["title", "case_id", "household_id", "village", "evidence"]);
            printer.message(&file.display().to_string());
        }
        What::Overdue { unmask } => {
            let found = unmask.around(&options.out, "cases.overdue", |facts| {
                let found = run::overdue_cases(&in_full(unmask))?;
                facts.add("rows", found.cases.len());
                Ok(found)
            })?;
            if args.office.json {
                printer.json(&found);
            } else {
                table(&found.cases).iter().for_each(|line| printer.data(line));
                let owners: Vec<String> = found.by_owner.iter().map(|(o, n)| format!("{o}{n}件")).collect();
                printer.message(&format!("{}：逾期{}件 {}", found.on, found.cases.len(), owners.join("，")));
                if let Some(next) = &found.next_report {
                    printer.message(&format!("下一次各镇上报：{next}前"));
                }
                if found.calendar_incomplete {
                    printer.message("本年度放假安排尚未录入 codes/holidays.csv，只按周末计算");
                }
            }
        }
    }
    Ok(0)
}

/// A table as JSON, or some of its columns for a terminal.
fn told(json: bool, printer: &Printer, found: &crate::model::Table, columns: &[&str]) {
    if json {
        printer.json(&run::table_json(found));
        return;
    }
    let title = |name: &&str| found.schema.columns.iter().find(|c| c.name == **name).map_or("", |c| c.title.as_str());
    let head: Vec<(&str, Align)> = columns.iter().map(|name| (title(name), LEFT)).collect();
    let row =
        |row: usize| columns.iter().map(|c| found.display_at(c, row).unwrap_or_default().replace('\n', " ")).collect();
    let rows: Vec<Vec<String>> = (0..found.rows()).map(row).collect();
    lines(&head, &rows).iter().for_each(|line| printer.data(line));
    printer.message(&format!("{} rows", rows.len()));
}

fn table(cases: &[CaseLine]) -> Vec<String> {
    let text = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".into());
    let rows: Vec<Vec<String>> = cases
        .iter()
        .map(|c| {
            vec![
                c.case_id.clone(),
                c.state_title.clone(),
                c.owner_title.unwrap_or("-").to_string(),
                c.since.clone(),
                text(&c.due_on),
                c.overdue.map_or_else(|| "-".into(), |n| n.to_string()),
                text(&c.head_name),
                text(&c.township),
                text(&c.village),
                c.causes.clone(),
            ]
        })
        .collect();
    let head = [
        ("case 案件", LEFT),
        ("state 状态", LEFT),
        ("owner 由谁办", LEFT),
        ("since", LEFT),
        ("due 期限", LEFT),
        ("overdue", RIGHT),
        ("head 户主", LEFT),
        ("township 乡镇", LEFT),
        ("village 村", LEFT),
        ("causes 风险", LEFT),
    ];
    lines(&head, &rows)
}

fn history(events: &[run::CaseEvent]) -> Vec<String> {
    let rows: Vec<Vec<String>> = events
        .iter()
        .map(|e| {
            let said: Vec<String> =
                e.details.iter().filter(|(k, _)| *k != "facts").map(|(k, v)| format!("{k}={v}")).collect();
            vec![
                run::case_id(e.case),
                e.day.clone(),
                e.trigger.clone(),
                format!("{} -> {}", e.from, e.to),
                e.by.clone(),
                e.reason.clone(),
                said.join(" "),
                e.file.clone(),
            ]
        })
        .collect();
    let head = [
        ("case 案件", LEFT),
        ("day", LEFT),
        ("step", LEFT),
        ("from -> to", LEFT),
        ("by 办理人", LEFT),
        ("reason 原因", LEFT),
        ("details", LEFT),
        ("file 来自", LEFT),
    ];
    lines(&head, &rows)
}

fn shown(found: &run::CaseShown) -> Vec<String> {
    let mut out = table(std::slice::from_ref(&found.line));
    for round in &found.rounds {
        out.push(String::new());
        out.push(format!("{} ({})", round.round, round.as_of));
        let parts = [&round.explanation, &round.question, &round.evidence, &round.changed];
        out.extend(parts.into_iter().flatten().map(|text| format!("  {}", text.replace('\n', "\n  "))));
        if round.suppressed {
            out.push("  沿用原结论，不再交办".into());
        }
    }
    out.push(String::new());
    out.extend(history(&found.events));
    out.push(String::new());
    out.push("next 可以办理：".into());
    out.extend(
        found
            .next
            .iter()
            .map(|n| format!("  {:<22} {} -> {}（须写明：{}）", n.trigger, n.title, n.to, n.needs.join("、"))),
    );
    out
}
