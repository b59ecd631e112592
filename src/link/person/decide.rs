//! The one state of each record: linked, possible, conflict or unlinked.
//!
//! In: a record, the register, the model. Out: a [`Judged`] with its candidates. Nothing here depends on the order of
//! rows: equal candidates are told as equal, never chosen between.

use super::block::{self, Pass};
use super::household::Company;
use super::names::{self, NameLevel};
use super::numbers::{self, NumberLevel};
use super::pack::{Columns, NO_DIVISION};
use super::score::{self, BirthLevel, COMPARISONS, ClaimLevel, DivisionLevel, HouseholdLevel, Levels, NAME, NumberUse};
use super::spine::Spine;
use super::weights::Weights;
pub use crate::link::pairs::Status;
use crate::plan::LinkModel;

/// Most candidates that a person is asked to look at for one record.
pub const MOST_CANDIDATES: usize = 5;

/// Records whose owners are looked up at once.
const TOGETHER: usize = 32;

/// Bits beyond the model's margin from which evidence settles what a rule alone would leave to a person.
const CLEAR: f64 = 5.0;

/// A record and a person, compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The person.
    pub person: u32,
    /// What brought them together.
    pub pass: Pass,
    /// The comparisons.
    pub levels: Levels,
    /// What each comparison weighs.
    pub parts: [f32; COMPARISONS],
    /// What the record's other candidates take away: a record means one person, so the more likely another is, the
    /// less likely is this one. Never above 0.
    pub rivals: f32,
    /// Match weight: log2 of the odds that the record means this person; prior, comparisons and rivals together.
    pub weight: f64,
}

impl Pair {
    /// The weight without what rivals take away.
    pub fn alone(&self) -> f64 {
        self.weight - f64::from(self.rivals)
    }

    fn set_part(&mut self, comparison: usize, weight: f32) {
        self.weight += f64::from(weight) - f64::from(self.parts[comparison]);
        self.parts[comparison] = weight;
    }
}

/// What a decision rests on beside the levels of its pairs; `evidence` puts it into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notes {
    /// The household has another member of the same name.
    pub namesake_at_home: bool,
    /// The register has the number and name elsewhere too.
    pub registered_elsewhere: bool,
    /// Another record of the source is linked to the person.
    pub claimed_twice: bool,
    /// People decided that another record of the source is this person.
    pub decided_elsewhere: bool,
    /// A candidate that agrees more has another record of the source, or goes better with one, and stands behind.
    pub best_is_taken: bool,
    /// In a conflict: somebody's name fits better than that of the number's owner.
    pub better_name: bool,
    /// Candidates beside the best, also those that are not listed.
    pub others: u32,
}

/// What people decided, in their words: who, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// Record and person are the same.
    Same {
        /// Their words; may be empty.
        said: String,
        /// The record's number is registered with somebody else, which was not known then.
        contradicted: bool,
    },
    /// Candidates were taken out.
    Barred {
        /// Their words; may be empty.
        said: String,
    },
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Its state.
    pub status: Status,
    /// The pairs: the link itself, or the candidates from the best on. Empty when unlinked.
    pub pairs: Vec<Pair>,
    /// Weight of the best pair above the next person's; none when there is no other.
    pub margin: Option<f64>,
    /// What else the decision rests on.
    pub notes: Notes,
    /// What people decided about the record, where that made the result.
    pub decided: Option<Decided>,
}

/// Everything a decision needs.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// The spine.
    pub spine: &'a Spine,
    /// The records.
    pub entries: &'a Columns,
    /// Thresholds.
    pub model: &'a LinkModel,
    /// Weights of that model.
    pub weights: &'a Weights,
    /// What the other records of the file say; none in the first round.
    pub company: Option<&'a Company>,
}

impl Judge<'_> {
    /// Decides about one record.
    pub fn judge(&self, record: u32) -> Judged {
        let number = self.entries.number[record as usize];
        if number != numbers::NONE {
            let mut owners: Vec<u32> = self.spine.index.owners(number).to_vec();
            for owner in &mut owners {
                *owner = self.spine.stands_for[*owner as usize];
            }
            owners.sort_unstable();
            owners.dedup();
            if !owners.is_empty() {
                return self.by_number(record, &owners);
            }
        }
        self.by_weight(record)
    }

    /// Decides about the `at`-th of some records that are decided in their order.
    pub fn judge_next(&self, records: &[u32], at: usize) -> Judged {
        if at.is_multiple_of(TOGETHER) {
            self.touch(&records[at..records.len().min(at + TOGETHER)]);
        }
        self.judge(records[at])
    }

    /// Brings what decisions about these records read first near: the owners of their numbers, those who live with them,
    /// and all their names. Accesses that do not wait for one another overlap.
    fn touch(&self, records: &[u32]) {
        let (spine, entries) = (self.spine, self.entries);
        let number = |record: &u32| entries.number[*record as usize];
        spine.index.touch(records.iter().map(number));
        let owners = || records.iter().filter_map(|r| spine.index.owners(number(r)).first());
        let names = records.iter().map(|r| entries.names.touch(entries.name[*r as usize]));
        let homes = owners().map(|owner| u64::from(spine.cards[*owner as usize].household));
        std::hint::black_box(names.chain(homes).fold(0, |sum, read| sum ^ read));
        spine.touch(owners().flat_map(|o| &spine.members[spine.cards[*o as usize].household as usize]).copied());
    }

    /// A record that number and name settle.
    pub fn settled(&self, record: u32, person: u32) -> Judged {
        self.linked(self.settled_pair(record, person), None)
    }

    /// The pair of a record that number and name settle.
    pub fn settled_pair(&self, record: u32, person: u32) -> Pair {
        Judge { company: None, ..*self }.pair(record, person, Pass::NumberAndName, NumberUse::Compare)
    }

    /// The levels of a pair that is known to be a match.
    pub fn labelled(&self, record: u32, person: u32) -> Levels {
        self.pair(record, self.spine.stands_for[person as usize], Pass::Number, NumberUse::Compare).levels
    }

    /// What agreement on the name weighs for a record whose name is that of a person letter by letter.
    pub fn weight_of_same_name(&self, record: u32, person: u32) -> f32 {
        let shared = std::sync::Arc::ptr_eq(&self.entries.names, &self.spine.people.names);
        let name = if shared { self.entries.name[record as usize] } else { self.spine.people.name[person as usize] };
        self.weights.of_rare_name(NameLevel::Exact, name)
    }

    /// A pair of the same levels with another person, on whose name the agreement weighs as is told.
    pub fn renamed(&self, pair: Pair, person: u32, name: f32) -> Pair {
        let mut parts = pair.parts;
        parts[NAME] = name;
        let weight = parts.iter().fold(f64::from(self.weights.prior), |sum, part| sum + f64::from(*part));
        Pair { person, parts, weight, ..pair }
    }

    /// Compares a record with a person.
    pub fn pair(&self, record: u32, person: u32, pass: Pass, number_use: NumberUse) -> Pair {
        let mut levels = score::compare(self.entries, record, self.spine, person, number_use);
        if let Some(company) = self.company {
            levels.household = company.household(self.entries, record, self.spine.household_of[person as usize]);
            levels.claim = company.claim(person);
        }
        let parts = self.weights.each(&levels, self.spine.cards[person as usize].name);
        let weight = parts.iter().fold(f64::from(self.weights.prior), |sum, part| sum + f64::from(*part));
        Pair { person, pass, levels, parts, rivals: 0.0, weight }
    }

    /// The record's number is in the register.
    fn by_number(&self, record: u32, owners: &[u32]) -> Judged {
        let mut pairs: Vec<Pair> =
            owners.iter().map(|p| self.pair(record, *p, Pass::Number, NumberUse::Compare)).collect();
        self.rank(&mut pairs);
        let best_name = pairs.iter().map(|p| p.levels.name).min().unwrap_or(NameLevel::Missing);
        let named: Vec<Pair> = pairs.iter().copied().filter(|p| p.levels.name == best_name).collect();
        if best_name > NameLevel::Near {
            return if best_name == NameLevel::Missing {
                self.without_name(pairs)
            } else {
                self.conflict(record, &pairs)
            };
        }
        if named.len() > 1 {
            return self.several(named);
        }
        let mut pair = named[0];
        let sure = match best_name {
            NameLevel::Exact => true,
            NameLevel::Script => !pair.levels.contradicted(),
            _ => !pair.levels.contradicted() && !self.somebody_fits_better(record, &pair),
        };
        if !sure {
            return self.conflict(record, &pairs);
        }
        if let Some(namesake) = self.namesake_at_home(record, &pair) {
            let other = self.pair(record, namesake, Pass::Household, NumberUse::Relatives);
            let sure = pair.alone() - other.alone() >= self.model.margin + CLEAR;
            let mut both = vec![pair, other];
            self.rank(&mut both);
            if sure {
                pair.pass = Pass::NumberAndName;
                return self.linked(pair, None);
            }
            let mut judged = self.possible(both, None);
            judged.notes.namesake_at_home = true;
            return judged;
        }
        if best_name.is_near() {
            return if pair.weight >= self.model.linked_at {
                self.linked(pair, None)
            } else {
                self.possible(pairs, None)
            };
        }
        pair.pass = Pass::NumberAndName;
        self.linked(pair, None)
    }

    /// Another member of the owner's household with the same name, when no birth date of the record's own says which
    /// of the two is meant: the number alone may be the relative's.
    fn namesake_at_home(&self, record: u32, pair: &Pair) -> Option<u32> {
        // Of names that are only near, the nearer counts: see `name_fits_better`.
        let near = pair.levels.name.is_near();
        if near || (pair.levels.own_birth && pair.levels.birth == BirthLevel::Exact) {
            return None;
        }
        let household = self.spine.household_of[pair.person as usize] as usize;
        let mut members = self.spine.members[household].iter().map(|m| self.spine.stands_for[*m as usize]);
        members.find(|m| {
            *m != pair.person
                && !self.accounted_for(*m, pair.person)
                && self.name_level(record, *m) <= pair.levels.name.max(NameLevel::Script)
        })
    }

    /// True when another record is somebody's own and none is that of `instead`, in a file where that tells something:
    /// then this record is hardly a second one of his.
    fn accounted_for(&self, person: u32, instead: u32) -> bool {
        self.company.is_some_and(|company| {
            company.claim(person) == ClaimLevel::Taken && company.claim(instead) == ClaimLevel::Free
        }) && self.weights.claim_tells() >= self.model.margin
    }

    /// One number and name in several households: mostly one person registered twice. Only what the record says beside
    /// number and name, such as its village, can tell which household is meant.
    fn several(&self, named: Vec<Pair>) -> Judged {
        let margin = named[0].alone() - named[1].alone();
        let told = named[0].levels.name <= NameLevel::Script
            && named[0].weight >= self.model.linked_at
            && margin >= self.model.margin
            && !named[0].levels.contradicted();
        if !told {
            return self.possible(named, None);
        }
        let mut judged = self.linked(named[0], Some(margin));
        judged.notes.registered_elsewhere = true;
        judged
    }

    /// A number without a name: linked only when something else agrees too.
    fn without_name(&self, pairs: Vec<Pair>) -> Judged {
        let [pair] = pairs[..] else {
            return self.possible(pairs, None);
        };
        let birth = pair.levels.own_birth && pair.levels.birth == BirthLevel::Exact;
        if birth && !pair.levels.contradicted() && pair.weight >= self.model.linked_at {
            self.linked(pair, None)
        } else {
            self.possible(pairs, None)
        }
    }

    /// True when the name of another member of the household, or for names that are only near that of somebody else
    /// in the village, fits the record better: brothers' and sisters' names often differ in one character.
    fn somebody_fits_better(&self, record: u32, pair: &Pair) -> bool {
        let fits = |person: u32, as_well: bool| {
            let person = self.spine.stands_for[person as usize];
            person != pair.person
                && self.name_fits(record, person, pair, as_well)
                && !self.accounted_for(person, pair.person)
        };
        // Of two names at home that are equally close, the number may be the other one's.
        let household = self.spine.household_of[pair.person as usize] as usize;
        if self.spine.members[household].iter().any(|p| fits(*p, true)) {
            return true;
        }
        // A birth date of the record's own that agrees settles it against people of other households, and so does a number
        // that is one error away: they are compared as candidates of their own.
        let born = pair.levels.own_birth && pair.levels.birth == BirthLevel::Exact;
        let repaired = matches!(pair.levels.number, NumberLevel::OneDigit | NumberLevel::Transposed);
        pair.levels.name.is_near()
            && !born
            && !repaired
            && block::namesakes(&self.spine.index, self.entries, record, self.village(record, pair.person))
                .iter()
                .any(|p| fits(*p, false))
    }

    /// True when a person's name is at least near, and closer to the record's than that of a pair (or as close).
    fn name_fits(&self, record: u32, person: u32, pair: &Pair, as_well: bool) -> bool {
        let gap = |person| names::gap(self.entries.name_of(record), self.spine.people.name_of(person));
        match self.name_level(record, person) {
            level if level.is_near() && pair.levels.name.is_near() => {
                let (other, own) = (gap(person), gap(pair.person));
                other < own || as_well && other == own
            }
            level => level <= NameLevel::Near && (level < pair.levels.name || as_well && level == pair.levels.name),
        }
    }

    fn name_level(&self, record: u32, person: u32) -> NameLevel {
        names::compare(self.entries.name_of(record), self.spine.people.name_of(person))
    }

    /// The record's village, else that of a person.
    fn village(&self, record: u32, person: u32) -> u64 {
        match self.entries.village[record as usize] {
            NO_DIVISION => self.spine.people.village[person as usize],
            own => own,
        }
    }

    /// Number and name speak of different persons: the owner of the number, and who fits by name.
    ///
    /// A relative's number with one's own name is far likelier than one's own number with a relative's name, so a
    /// member of the owner's household whose name fits is compared with [`NumberUse::Relatives`], and the owner's
    /// likeness in name, which the family explains, counts as none.
    fn conflict(&self, record: u32, owners: &[Pair]) -> Judged {
        let mut pairs: Vec<Pair> = Vec::new();
        let known = |pairs: &[Pair], person: u32| pairs.iter().chain(owners).any(|p| p.person == person);
        let mut relative = false;
        for owner in owners {
            let household = self.spine.household_of[owner.person as usize] as usize;
            for member in &self.spine.members[household] {
                let person = self.spine.stands_for[*member as usize];
                if !known(&pairs, person) && owners.iter().all(|o| self.name_fits(record, person, o, true)) {
                    pairs.push(self.pair(record, person, Pass::Household, NumberUse::Relatives));
                    relative = true;
                }
            }
        }
        for owner in owners {
            let village = self.village(record, owner.person);
            for person in block::namesakes(&self.spine.index, self.entries, record, village) {
                let person = self.spine.stands_for[*person as usize];
                if !known(&pairs, person) {
                    pairs.push(self.pair(record, person, Pass::NameVillage, NumberUse::Others));
                }
            }
        }
        // Elsewhere only whom more than a name speaks for: a birth date of the record's own, its family, its village.
        for (person, pass) in self.candidates(record) {
            if known(&pairs, person) {
                continue;
            }
            let pair = self.pair(record, person, pass, NumberUse::Others);
            let named = owners.iter().all(|o| self.name_fits(record, person, o, false));
            let born = pair.levels.own_birth && pair.levels.birth == BirthLevel::Exact;
            let at_home = pair.levels.household == HouseholdLevel::Same;
            let near = pair.levels.division <= DivisionLevel::Township;
            if named
                && !pair.levels.contradicted()
                && (born || at_home || near && pair.weight >= self.model.possible_at)
            {
                pairs.push(pair);
            }
        }
        let better_name = !pairs.is_empty();
        let namesake =
            pairs.iter().any(|p| p.levels.number == NumberLevel::Relative && p.levels.name <= NameLevel::Script);
        pairs.extend(owners.iter().copied().map(|mut owner| {
            if relative {
                // The family explains a likeness; a relative's very name is not the owner's with a slip.
                let most = if namesake { self.weights.of_name(NameLevel::Different).min(0.0) } else { 0.0 };
                owner.set_part(NAME, owner.parts[NAME].min(most));
            }
            owner
        }));
        self.rank(&mut pairs);
        let margin = pairs.get(1).map(|next| pairs[0].alone() - next.alone());
        let notes = Notes { better_name, others: pairs.len() as u32 - 1, ..Notes::default() };
        if pairs.len() > MOST_CANDIDATES {
            // The owner of the number is shown in any case: the conflict is with him.
            let owner = pairs.iter().position(|p| p.levels.number == NumberLevel::Exact);
            if let Some(owner) = owner.filter(|at| *at >= MOST_CANDIDATES) {
                pairs.swap(owner, MOST_CANDIDATES - 1);
            }
            pairs.truncate(MOST_CANDIDATES);
        }
        Judged { status: Status::Conflict, pairs, margin, notes, decided: None }
    }

    /// Who shares a key with a record, each person once.
    pub fn candidates(&self, record: u32) -> Vec<(u32, Pass)> {
        let mut found = block::candidates(&self.spine.index, self.entries, record, self.model.max_block);
        if let Some(company) = self.company {
            for household in company.homes(self.entries, record) {
                found.extend(self.spine.members[household as usize].iter().map(|m| (*m, Pass::Household)));
            }
        }
        for (person, _) in &mut found {
            *person = self.spine.stands_for[*person as usize];
        }
        found.sort_unstable();
        found.dedup_by_key(|f| f.0);
        found
    }

    /// The record's number is nobody's, damaged or missing: the sum of all evidence decides.
    fn by_weight(&self, record: u32) -> Judged {
        let candidates = self.candidates(record);
        self.spine.touch(candidates.iter().map(|c| c.0));
        let mut pairs: Vec<Pair> = candidates
            .into_iter()
            .map(|(person, pass)| self.pair(record, person, pass, NumberUse::Compare))
            .filter(|pair| pair.weight >= self.model.possible_at)
            .collect();
        self.rank(&mut pairs);
        let Some(best) = pairs.first().copied() else {
            return Judged {
                status: Status::Unlinked,
                pairs: Vec::new(),
                margin: None,
                notes: Notes::default(),
                decided: None,
            };
        };
        let margin = pairs.get(1).map(|next| best.alone() - next.alone());
        let sure = best.alone() >= self.model.linked_at
            && margin.is_none_or(|m| m >= self.model.margin)
            && self.stands_on_two_legs(record, &best);
        if sure {
            return self.linked(best, margin);
        }
        pairs.retain(|p| best.alone() - p.alone() < self.model.margin);
        self.possible(pairs, margin)
    }

    /// At least two of name, birth date and (nearly right) number must agree, and nothing may contradict them.
    ///
    /// A name in a village is one leg only: namesakes are the rule there. A name that is only near is a leg where the
    /// village agrees too.
    fn stands_on_two_legs(&self, record: u32, pair: &Pair) -> bool {
        let levels = &pair.levels;
        let household = levels.household == HouseholdLevel::Same && levels.claim != ClaimLevel::Taken;
        let name = levels.name <= NameLevel::Dialect
            || levels.name.is_near() && (levels.division == DivisionLevel::Village || household);
        let birth = levels.birth == BirthLevel::Exact;
        let number = levels.number <= NumberLevel::TwoDigits;
        // A readable number that is another one belongs to another person until somebody says otherwise.
        let another_number =
            matches!(levels.number, NumberLevel::Compensated | NumberLevel::Parts | NumberLevel::Different)
                && !self.entries.near.contains_key(&record)
                && !self.spine.people.near.contains_key(&pair.person);
        usize::from(name) + usize::from(birth) + usize::from(number) + usize::from(household) >= 2
            && levels.name <= NameLevel::Near
            // As with a number that agrees: where the name is the same, a wrong sex is likelier than another person.
            && (!levels.contradicted() || levels.name <= NameLevel::Script && levels.number <= NumberLevel::Transposed)
            && !another_number
            && (levels.name <= NameLevel::Script || !self.somebody_fits_better(record, pair))
    }

    /// Best first; equals in an order that the content decides (number, birth date, household number), so that it is
    /// the same in every run. It only orders what is shown: equals are never chosen between.
    pub fn rank(&self, pairs: &mut [Pair]) {
        let spine = self.spine;
        let content = |pair: &Pair| {
            let i = pair.person as usize;
            let birth = spine.people.any_birth(pair.person);
            (spine.people.number[i], birth, spine.household_of[i], pair.person)
        };
        pairs.sort_by(|a, b| b.alone().total_cmp(&a.alone()).then_with(|| content(a).cmp(&content(b))));
        // The odds of one among several who exclude each other: its own against those of nobody and of all others. The
        // others of the first are what is left of the sum, those of the rest are the first and what is left beside it.
        let rest: f64 = pairs.iter().skip(1).map(|p| p.alone().exp2()).sum();
        let first = pairs.first().map_or(0.0, |p| p.alone().exp2());
        for (i, pair) in pairs.iter_mut().enumerate() {
            let alone = pair.alone();
            let others = if i == 0 { rest } else { first + (rest - alone.exp2()).max(0.0) };
            pair.rivals = -(1.0 + others).log2() as f32;
            pair.weight = alone + f64::from(pair.rivals);
        }
    }

    fn linked(&self, pair: Pair, margin: Option<f64>) -> Judged {
        Judged { status: Status::Linked, pairs: vec![pair], margin, notes: Notes::default(), decided: None }
    }

    /// Candidates, best first.
    fn possible(&self, mut pairs: Vec<Pair>, margin: Option<f64>) -> Judged {
        let margin = margin.or_else(|| pairs.get(1).map(|next| pairs[0].alone() - next.alone()));
        let notes = Notes { others: pairs.len() as u32 - 1, ..Notes::default() };
        pairs.truncate(MOST_CANDIDATES);
        Judged { status: Status::Possible, pairs, margin, notes, decided: None }
    }
}
