//! Decisions of people about pairs, as linkage applies them: first, before any weight is reckoned.
//!
//! Rows stand for records and persons here; who kept the decisions from run to run (the ledger, or a file) has found the
//! rows. What later evidence says against a decision changes nothing about it: the decision is applied and told as
//! contradicted, and people decide anew.

/// What somebody decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Verdict {
    /// Record and person are the same.
    Same,
    /// They are not.
    Different,
}

/// One decision about a record (right) and a person of the register (left).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decision {
    /// Row of the record.
    pub right: u32,
    /// Row of the person.
    pub left: u32,
    /// What was decided.
    pub verdict: Verdict,
    /// True when what speaks against the decision was known to the one who decided.
    pub knew: bool,
    /// Who, when and why, for the evidence; may be empty.
    pub said: String,
}

/// Decisions by record.
#[derive(Debug, Clone, Default)]
pub struct Decisions {
    list: Vec<Decision>,
}

impl Decisions {
    /// Sorts decisions. Of two about the same pair the later in the list stays.
    pub fn new(decisions: Vec<Decision>) -> Decisions {
        let mut list = decisions;
        list.reverse();
        list.sort_by_key(|d| (d.right, d.left));
        list.dedup_by_key(|d| (d.right, d.left));
        Decisions { list }
    }

    /// True when nothing was decided.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The decisions about one record.
    pub fn of(&self, right: u32) -> &[Decision] {
        let from = self.list.partition_point(|d| d.right < right);
        let to = self.list.partition_point(|d| d.right <= right);
        &self.list[from..to]
    }

    /// The decisions, one group per record.
    pub fn by_record(&self) -> impl Iterator<Item = &[Decision]> {
        self.list.chunk_by(|a, b| a.right == b.right)
    }
}

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Applied {
    /// Row of the record.
    pub right: u32,
    /// Row of the person.
    pub left: u32,
    /// What was decided.
    pub verdict: Verdict,
    /// True when evidence that was not there when it was made speaks against it.
    pub contradicted: bool,
}

/// The word of the column `decision` for a record: `contradicted` before `same` before `different`.
pub fn word(applied: &[Applied]) -> Option<&'static str> {
    if applied.iter().any(|a| a.contradicted) {
        Some("contradicted")
    } else if applied.iter().any(|a| a.verdict == Verdict::Same) {
        Some("same")
    } else {
        applied.first().map(|_| "different")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(right: u32, left: u32, verdict: Verdict) -> Decision {
        Decision { right, left, verdict, knew: false, said: String::new() }
    }

    #[test]
    fn the_later_of_two_decisions_about_a_pair_stays() {
        use Verdict::{Different, Same};
        let list = vec![decision(2, 1, Same), decision(1, 5, Same), decision(2, 1, Different), decision(2, 0, Same)];
        let decisions = Decisions::new(list);
        assert_eq!(decisions.of(2), [decision(2, 0, Same), decision(2, 1, Different)]);
        assert_eq!(decisions.of(1).len(), 1);
        assert!(decisions.of(3).is_empty() && !decisions.is_empty());
        assert_eq!(decisions.by_record().count(), 2);
    }
}
