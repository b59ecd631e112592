//! What the verbs that work with an office's ledger are all told: pipeline, folder, day, JSON, and what else is said of a step.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::run::{self, CasesOptions};

/// Where and when.
#[derive(Debug, clap::Args)]
pub struct Office {
    /// Pipeline folder, for the process, the calendar and the measures.
    #[arg(long, global = true, default_value = "pipelines/quarterly")]
    pipeline: PathBuf,
    /// Folder that holds the rounds and the ledger.
    #[arg(long, global = true, default_value = "out")]
    out: PathBuf,
    /// The day that counts as today, as 2026-09-30; today in China when not given.
    #[arg(long, global = true, value_name = "DAY")]
    on: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

impl Office {
    /// The same for `run`; `names` shows names in full.
    ///
    /// # Errors
    /// The day is none (64).
    pub fn options(&self, names: bool) -> Outcome<CasesOptions> {
        let on = self.on.as_deref().map(run::parse_day).transpose()?;
        Ok(CasesOptions { pipeline: self.pipeline.clone(), out: self.out.clone(), on, names })
    }
}

/// What is said as name=value.
///
/// # Errors
/// Something is not (64).
pub fn details(say: &[String]) -> Outcome<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for text in say {
        let Some((name, value)) = text.split_once('=') else {
            let place = Place::default().field("--say");
            let problem = Diagnostic::error("usage.say", format!("`{text}` is not name=value"), place)
                .hint("write --say meeting=〔2026〕3号");
            return Err(Failure::one(FailureClass::Usage, problem));
        };
        all.insert(name.trim().to_string(), value.trim().to_string());
    }
    Ok(all)
}
