//! `--unmask --reason TEXT`: people's names and numbers in full, for a reason that the audit log keeps.

use std::path::Path;

use crate::diag::Outcome;
use crate::run::audit::{self, Facts};

/// Arguments of verbs that mask people unless asked.
#[derive(Debug, Clone, clap::Args)]
pub struct Unmask {
    /// Show names and numbers in full instead of 张* and 450899********1234; needs --reason, and the audit log keeps both.
    #[arg(long, requires = "reason")]
    pub unmask: bool,
    /// Why they are needed in full.
    #[arg(long, value_name = "TEXT", requires = "unmask")]
    reason: Option<String>,
}

impl Unmask {
    /// Does `work`; when people are shown in full, between two entries of the audit log.
    ///
    /// # Errors
    /// Those of `work`; the reason is empty (64) or the log cannot be written (74).
    pub fn around<T>(&self, out: &Path, command: &str, work: impl FnOnce(&mut Facts) -> Outcome<T>) -> Outcome<T> {
        match self.unmask {
            true => audit::unmask(out, command, self.reason.as_deref().unwrap_or_default(), work),
            false => work(&mut Facts::default()),
        }
    }
}
