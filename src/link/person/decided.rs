//! Decisions of people, applied to what the linker found by itself.
//!
//! In: each record's own result and the decisions. Out: the results with the decisions in them, and which of them later
//! evidence contradicts. `same` links; `different` is never linked nor proposed again, and what remains is for a
//! person to look at, however well it fits.

use super::Judgement;
use super::block::Pass;
use super::decide::{Decided, Judge, Judged, MOST_CANDIDATES, Notes, Pair, Status};
use super::names::NameLevel;
use super::numbers::{self, NumberLevel};
use super::score::NumberUse;
use crate::link::decisions::{Applied, Decision, Decisions, Verdict};

/// Applies decisions before claims on one person are settled. Gives what became of each, by record and person.
pub fn apply(judge: &Judge, judged: &mut [(u32, Judged)], decisions: &Decisions) -> Vec<Applied> {
    let mut applied = Vec::new();
    for group in decisions.by_record() {
        let record = group[0].right;
        let Ok(at) = judged.binary_search_by_key(&record, |j| j.0) else { continue };
        let own = &mut judged[at].1;
        let work = Work { judge, record };
        match group.iter().find(|d| d.verdict == Verdict::Same) {
            Some(same) => {
                let contradicted = !same.knew && work.somebody_elses_number(same.left);
                *own = work.linked(same, own, contradicted);
                applied.push(told(same, contradicted));
                let others = group.iter().filter(|d| d.verdict == Verdict::Different);
                applied.extend(others.map(|d| told(d, !d.knew && work.agrees_exactly(d.left))));
            }
            None => {
                work.bar(own, group);
                applied.extend(group.iter().map(|d| told(d, !d.knew && work.agrees_exactly(d.left))));
            }
        }
    }
    applied.sort_unstable();
    applied
}

/// The records that were decided to be somebody, with their results: they stay whatever else claims the person.
pub fn kept(judged: &[(u32, Judged)], decisions: &Decisions) -> Vec<(u32, Judged)> {
    let same = decisions.by_record().filter_map(|group| group.iter().find(|d| d.verdict == Verdict::Same));
    same.filter_map(|d| Some(judged[judged.binary_search_by_key(&d.right, |j| j.0).ok()?].clone())).collect()
}

/// After claims on one person were settled: a decided link stays, and who claims the same person by less than number and
/// name has to be looked at.
pub fn settle(judgement: &mut Judgement, kept: &[(u32, Judged)], once_per_person: bool) {
    let others = &mut judgement.others;
    let mut decided: Vec<(u32, u32)> = Vec::new();
    for (record, own) in kept {
        if let Ok(at) = others.binary_search_by_key(record, |j| j.0) {
            others[at].1 = own.clone();
        }
        decided.push((own.pairs[0].person, *record));
    }
    if !once_per_person || decided.is_empty() {
        return;
    }
    decided.sort_unstable();
    for (record, judged) in others.iter_mut().filter(|(_, j)| j.status == Status::Linked) {
        let pair = judged.pairs[0];
        let claims = &decided[decided.partition_point(|d| d.0 < pair.person)..];
        let taken = claims.first().is_some_and(|d| d.0 == pair.person);
        let own = claims.iter().take_while(|d| d.0 == pair.person).any(|d| d.1 == *record);
        if taken && !own && pair.levels.number != NumberLevel::Exact {
            judged.status = Status::Possible;
            judged.notes.decided_elsewhere = true;
        }
    }
}

fn told(decision: &Decision, contradicted: bool) -> Applied {
    Applied { right: decision.right, left: decision.left, verdict: decision.verdict, contradicted }
}

struct Work<'a> {
    judge: &'a Judge<'a>,
    record: u32,
}

impl Work<'_> {
    fn person(&self, left: u32) -> u32 {
        self.judge.spine.stands_for[left as usize]
    }

    fn pair(&self, left: u32, pass: Pass) -> Pair {
        self.judge.pair(self.record, self.person(left), pass, NumberUse::Compare)
    }

    /// The record's number is registered, and not with this person.
    fn somebody_elses_number(&self, left: u32) -> bool {
        let number = self.judge.entries.number[self.record as usize];
        if number == numbers::NONE {
            return false;
        }
        let owners = self.judge.spine.index.owners(number);
        !owners.is_empty() && owners.iter().all(|o| self.person(*o) != self.person(left))
    }

    fn agrees_exactly(&self, left: u32) -> bool {
        let levels = self.pair(left, Pass::Decision).levels;
        levels.number == NumberLevel::Exact && levels.name == NameLevel::Exact
    }

    fn linked(&self, same: &Decision, own: &Judged, contradicted: bool) -> Judged {
        let mut pair = self.pair(same.left, Pass::Decision);
        if let Some(known) = own.pairs.iter().find(|p| p.person == pair.person) {
            pair = Pair { pass: Pass::Decision, ..*known };
        }
        let decided = Some(Decided::Same { said: same.said.clone(), contradicted });
        Judged { status: Status::Linked, pairs: vec![pair], margin: None, notes: Notes::default(), decided }
    }

    /// Takes persons out who were decided to be somebody else.
    fn bar(&self, own: &mut Judged, group: &[Decision]) {
        let mut barred: Vec<u32> = group.iter().map(|d| self.person(d.left)).collect();
        barred.sort_unstable();
        let is_barred = |person: u32| barred.binary_search(&person).is_ok();
        if !own.pairs.iter().any(|p| is_barred(p.person)) {
            return;
        }
        own.pairs.retain(|p| !is_barred(p.person));
        if own.pairs.is_empty() {
            own.pairs = self.others(&is_barred);
        }
        let said = group.iter().map(|d| d.said.as_str()).find(|s| !s.is_empty()).unwrap_or("");
        own.margin = own.pairs.get(1).map(|next| own.pairs[0].weight - next.weight);
        own.notes = Notes::default();
        own.decided = Some(Decided::Barred { said: said.to_string() });
        own.status = if own.pairs.is_empty() { Status::Unlinked } else { Status::Possible };
    }

    /// Who else could be meant, best first; equals in an order that the content decides.
    fn others(&self, is_barred: &dyn Fn(u32) -> bool) -> Vec<Pair> {
        let judge = self.judge;
        let mut pairs: Vec<Pair> = judge
            .candidates(self.record)
            .into_iter()
            .filter(|(person, _)| !is_barred(*person))
            .map(|(person, pass)| judge.pair(self.record, person, pass, NumberUse::Compare))
            .filter(|pair| pair.weight >= judge.model.possible_at)
            .collect();
        judge.rank(&mut pairs);
        pairs.truncate(MOST_CANDIDATES);
        pairs
    }
}
