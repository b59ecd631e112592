//! Decisions of people, applied to what the linker found by itself.
//!
//! In: each record's own result and the decisions. Out: the results with the decisions in them, and which of them later
//! evidence contradicts. `same` links; `different` is never linked nor proposed again, and what remains is for a
//! person to look at, however well it fits.

use super::block::{self, Pass};
use super::decide::{Judge, Judged, MOST_CANDIDATES, Pair, Status};
use super::evidence;
use super::names::NameLevel;
use super::numbers::{self, NumberLevel};
use super::score::{self, NumberUse};
use crate::link::decisions::{Applied, Decision, Decisions, Verdict};

/// Applies decisions before claims on one person are settled. Gives what became of each, by record and person.
pub fn apply(judge: &Judge, judged: &mut [Judged], decisions: &Decisions) -> Vec<Applied> {
    let mut applied = Vec::new();
    for group in decisions.by_record() {
        let record = group[0].right;
        let Some(own) = judged.get_mut(record as usize) else { continue };
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
pub fn kept(judged: &[Judged], decisions: &Decisions) -> Vec<(u32, Judged)> {
    let same = decisions.by_record().filter_map(|group| group.iter().find(|d| d.verdict == Verdict::Same));
    same.filter_map(|d| Some((d.right, judged.get(d.right as usize)?.clone()))).collect()
}

/// After claims on one person were settled: a decided link stays, and who claims the same person by less than number and
/// name has to be looked at.
pub fn settle(judged: &mut [Judged], kept: &[(u32, Judged)], once_per_person: bool) {
    let mut decided: Vec<(u32, u32)> = Vec::new();
    for (record, own) in kept {
        judged[*record as usize] = own.clone();
        decided.push((own.pairs[0].person, *record));
    }
    if !once_per_person || decided.is_empty() {
        return;
    }
    decided.sort_unstable();
    for (record, judged) in judged.iter_mut().enumerate().filter(|(_, j)| j.status == Status::Linked) {
        let pair = judged.pairs[0];
        let claims = &decided[decided.partition_point(|d| d.0 < pair.person)..];
        let taken = claims.first().is_some_and(|d| d.0 == pair.person);
        let own = claims.iter().take_while(|d| d.0 == pair.person).any(|d| d.1 as usize == record);
        if taken && !own && pair.levels.number != NumberLevel::Exact {
            judged.status = Status::Possible;
            judged.evidence.push_str("；人工已认定另一条记录对应此人");
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
        let (judge, person) = (self.judge, self.person(left));
        let levels = score::compare(judge.entries, self.record, &judge.spine.people, person, NumberUse::Compare);
        Pair { person, pass, levels, weight: judge.weights.sum(&levels) }
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

    fn words(&self, pair: &Pair) -> String {
        evidence::pair(&pair.levels, &self.judge.spine.people, pair.person)
    }

    fn linked(&self, same: &Decision, own: &Judged, contradicted: bool) -> Judged {
        let mut pair = self.pair(same.left, Pass::Decision);
        if let Some(known) = own.pairs.iter().find(|p| p.person == pair.person) {
            (pair.levels, pair.weight) = (known.levels, known.weight);
        }
        let said = if same.said.is_empty() { String::new() } else { format!("（{}）", same.said) };
        let mut evidence = format!("人工认定为同一人{said}；{}", self.words(&pair));
        if contradicted {
            evidence.push_str("；认定后该身份证号登记在另一人名下，请复核");
        }
        Judged { status: Status::Linked, pairs: vec![pair], margin: None, evidence }
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
        let said = if said.is_empty() { String::new() } else { format!("（{said}）") };
        own.margin = own.pairs.get(1).map(|next| own.pairs[0].weight - next.weight);
        match own.pairs.first() {
            Some(best) => {
                own.status = Status::Possible;
                own.evidence = format!("{}；已排除人工认定不是同一人的候选人{said}", self.words(best));
            }
            None => {
                own.status = Status::Unlinked;
                own.evidence = format!("人工认定与候选人不是同一人{said}；没有其他足够相符的人");
            }
        }
    }

    /// Who else could be meant, best first; equals in an order that the content decides.
    fn others(&self, is_barred: &dyn Fn(u32) -> bool) -> Vec<Pair> {
        let judge = self.judge;
        let mut found = block::candidates(&judge.spine.index, judge.entries, self.record, judge.model.max_block);
        for (person, _) in &mut found {
            *person = judge.spine.stands_for[*person as usize];
        }
        found.sort_unstable();
        found.dedup_by_key(|f| f.0);
        let mut pairs: Vec<Pair> = found
            .into_iter()
            .filter(|(person, _)| !is_barred(*person))
            .map(|(person, pass)| self.pair(person, pass))
            .filter(|pair| pair.weight >= judge.model.possible_at)
            .collect();
        let people = &judge.spine.people;
        let content = |p: &Pair| (people.number[p.person as usize], people.any_birth(p.person), p.person);
        pairs.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| content(a).cmp(&content(b))));
        pairs.truncate(MOST_CANDIDATES);
        pairs
    }
}
