//! Look-ups in a plan that several stages need. Takes codes, gives the words and offices the plan has for them.

use super::types::{Cause, Plan};
use crate::model::words;

impl Plan {
    /// The risk category of a code.
    pub fn cause(&self, code: &str) -> Option<&Cause> {
        self.causes.iter().find(|c| c.code == code)
    }

    /// The title of a cause code, for example `因病`; the code itself when the plan does not know it.
    pub fn cause_title<'a>(&'a self, code: &'a str) -> &'a str {
        self.cause(code).map_or(code, |c| c.title.as_str())
    }

    /// `|`-joined cause codes as titles joined by `、`; empty for none.
    pub fn cause_titles(&self, joined: Option<&str>) -> String {
        words::split(joined).map(|c| self.cause_title(c)).collect::<Vec<_>>().join("、")
    }
}
