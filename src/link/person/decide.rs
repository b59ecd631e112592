//! The one state of each record: linked, possible, conflict or unlinked.
//!
//! In: a record, the register, the model. Out: a [`Judged`] with its candidates. Nothing here depends on the order of
//! rows: equal candidates are told as equal, never chosen between.

use super::block::{self, Pass};
use super::evidence;
use super::names::{self, NameLevel};
use super::numbers::{self, NumberLevel};
use super::pack::{Columns, NO_DIVISION};
use super::score::{self, BirthLevel, DivisionLevel, Levels, NumberUse, Weights};
use super::spine::Spine;
use crate::plan::LinkModel;

/// Most candidates that a person is asked to look at for one record.
pub const MOST_CANDIDATES: usize = 5;

/// State of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The person is known.
    Linked,
    /// Somebody has to look.
    Possible,
    /// Number and name speak against each other.
    Conflict,
    /// Nobody in the register.
    Unlinked,
}

impl Status {
    /// The word of the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Linked => "linked",
            Status::Possible => "possible",
            Status::Conflict => "conflict",
            Status::Unlinked => "unlinked",
        }
    }
}

/// A record and a person, compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The person.
    pub person: u32,
    /// What brought them together.
    pub pass: Pass,
    /// The five comparisons.
    pub levels: Levels,
    /// Match weight.
    pub weight: f64,
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
    /// Why, in Chinese.
    pub evidence: String,
}

/// Everything a decision needs.
pub struct Judge<'a> {
    /// The spine.
    pub spine: &'a Spine,
    /// The records.
    pub entries: &'a Columns,
    /// Thresholds.
    pub model: &'a LinkModel,
    /// Weights of that model.
    pub weights: &'a Weights,
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

    fn pair(&self, record: u32, person: u32, pass: Pass, number_use: NumberUse) -> Pair {
        let levels = score::compare(self.entries, record, &self.spine.people, person, number_use);
        Pair { person, pass, levels, weight: self.weights.sum(&levels) }
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
            let mut judged = self.possible(vec![pair, other], None);
            judged.evidence.push_str("；同户另有同名成员，号码可能是其中一人的");
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
        members.find(|m| *m != pair.person && self.name_level(record, *m) <= pair.levels.name.max(NameLevel::Script))
    }

    /// One number and name in several households: mostly one person registered twice. Only what the record says beside
    /// number and name, such as its village, can tell which household is meant.
    fn several(&self, named: Vec<Pair>) -> Judged {
        let margin = named[0].weight - named[1].weight;
        let told = named[0].levels.name <= NameLevel::Script
            && named[0].weight >= self.model.linked_at
            && margin >= self.model.margin
            && !named[0].levels.contradicted();
        if !told {
            return self.possible(named, None);
        }
        let mut judged = self.linked(named[0], Some(margin));
        judged.evidence.push_str("；底册另有同号同名的登记");
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
        let fits = |person: &&u32| {
            let same = self.spine.stands_for[**person as usize] == pair.person;
            !same && self.name_fits_better(record, **person, pair)
        };
        let household = self.spine.household_of[pair.person as usize] as usize;
        if self.spine.members[household].iter().any(|p| fits(&p)) {
            return true;
        }
        // A birth date of the record's own that agrees settles it against people of other households.
        let born = pair.levels.own_birth && pair.levels.birth == BirthLevel::Exact;
        pair.levels.name.is_near()
            && !born
            && block::namesakes(&self.spine.index, self.entries, record, self.village(record, pair.person))
                .iter()
                .any(|p| fits(&p))
    }

    /// True when a person's name is at least near, and closer to the record's than that of a pair.
    fn name_fits_better(&self, record: u32, person: u32, pair: &Pair) -> bool {
        let gap = |person| names::gap(self.entries.name_of(record), self.spine.people.name_of(person));
        match self.name_level(record, person) {
            level if level.is_near() && pair.levels.name.is_near() => gap(person) < gap(pair.person),
            level => level <= NameLevel::Near && level < pair.levels.name,
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
                if !known(&pairs, person) && owners.iter().all(|o| self.name_fits_better(record, person, o)) {
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
        // Elsewhere only with a birth date of the record's own: a name alone is nobody's.
        if self.entries.birth[record as usize] != super::pack::NO_DATE {
            for (person, pass) in self.candidates(record) {
                if !known(&pairs, person) {
                    let pair = self.pair(record, person, pass, NumberUse::Others);
                    if pair.levels.name <= NameLevel::Dialect && pair.levels.birth == BirthLevel::Exact {
                        pairs.push(pair);
                    }
                }
            }
        }
        let by_name = pairs.len();
        pairs.extend(owners.iter().copied().map(|mut owner| {
            if relative {
                owner.weight += self.weights.of_name(NameLevel::Different).min(0.0);
                owner.weight -= self.weights.of_name(owner.levels.name);
            }
            owner
        }));
        self.rank(&mut pairs);
        let evidence = self.conflict_evidence(&owners[0], &pairs, by_name > 0);
        pairs.truncate(MOST_CANDIDATES);
        Judged { status: Status::Conflict, pairs, margin: None, evidence }
    }

    fn conflict_evidence(&self, owner: &Pair, pairs: &[Pair], somebody: bool) -> String {
        let owner_words = self.words(owner);
        let best = pairs.iter().find(|p| p.levels.number != NumberLevel::Exact);
        match best {
            Some(best) if somebody => {
                let place = match best.pass {
                    Pass::Household => "同户",
                    Pass::NameVillage => "同村",
                    _ => "另一户",
                };
                let name = self.spine.people.name_of(best.person).map_or("空", |n| n.text());
                format!("号码与姓名不符：{owner_words}；{place}有姓名更相符的{name}")
            }
            _ => format!("号码与姓名不符：{owner_words}；未找到姓名相符的人"),
        }
    }

    fn words(&self, pair: &Pair) -> String {
        evidence::pair(&pair.levels, &self.spine.people, pair.person)
    }

    fn candidates(&self, record: u32) -> Vec<(u32, Pass)> {
        let mut found = block::candidates(&self.spine.index, self.entries, record, self.model.max_block);
        for (person, _) in &mut found {
            *person = self.spine.stands_for[*person as usize];
        }
        found.sort_unstable();
        found.dedup_by_key(|f| f.0);
        found
    }

    /// The record's number is nobody's, damaged or missing: the sum of all evidence decides.
    fn by_weight(&self, record: u32) -> Judged {
        let mut pairs: Vec<Pair> = self
            .candidates(record)
            .into_iter()
            .map(|(person, pass)| self.pair(record, person, pass, NumberUse::Compare))
            .filter(|pair| pair.weight >= self.model.possible_at)
            .collect();
        self.rank(&mut pairs);
        let Some(best) = pairs.first().copied() else {
            return self.unlinked(record);
        };
        let margin = pairs.get(1).map(|next| best.weight - next.weight);
        let sure = best.weight >= self.model.linked_at
            && margin.is_none_or(|m| m >= self.model.margin)
            && self.stands_on_two_legs(record, &best);
        if sure {
            return self.linked(best, margin);
        }
        pairs.retain(|p| best.weight - p.weight < self.model.margin);
        self.possible(pairs, margin)
    }

    /// At least two of name, birth date and (nearly right) number must agree, and nothing may contradict them.
    ///
    /// A name in a village is one leg only: namesakes are the rule there. A name that is only near is a leg where the
    /// village agrees too.
    fn stands_on_two_legs(&self, record: u32, pair: &Pair) -> bool {
        let levels = &pair.levels;
        let name =
            levels.name <= NameLevel::Dialect || levels.name.is_near() && levels.division == DivisionLevel::Village;
        let birth = levels.birth == BirthLevel::Exact;
        let number = levels.number <= NumberLevel::TwoDigits;
        // A readable number that is another one belongs to another person until somebody says otherwise.
        let another_number =
            matches!(levels.number, NumberLevel::Compensated | NumberLevel::Parts | NumberLevel::Different)
                && !self.entries.near.contains_key(&record)
                && !self.spine.people.near.contains_key(&pair.person);
        usize::from(name) + usize::from(birth) + usize::from(number) >= 2
            && levels.name <= NameLevel::Near
            && !levels.contradicted()
            && !another_number
            && (levels.name <= NameLevel::Script || !self.somebody_fits_better(record, pair))
    }

    /// Best first; equals in an order that the content decides (number, birth date, household number), so that it is
    /// the same in every run. It only orders what is shown: equals are never chosen between.
    fn rank(&self, pairs: &mut [Pair]) {
        let spine = self.spine;
        let content = |pair: &Pair| {
            let i = pair.person as usize;
            let birth = spine.people.any_birth(pair.person);
            (spine.people.number[i], birth, spine.household_of[i], pair.person)
        };
        pairs.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| content(a).cmp(&content(b))));
    }

    fn linked(&self, pair: Pair, margin: Option<f64>) -> Judged {
        let repeated = self.spine.is_repeated(pair.person);
        let mut evidence = self.words(&pair);
        if repeated {
            evidence.push_str("；底册有此人的重复登记，取状态正常或在前的一条");
        }
        Judged { status: Status::Linked, pairs: vec![pair], margin, evidence }
    }

    /// Candidates, best first.
    fn possible(&self, mut pairs: Vec<Pair>, margin: Option<f64>) -> Judged {
        let margin = margin.or_else(|| pairs.get(1).map(|next| pairs[0].weight - next.weight));
        let mut evidence = self.words(&pairs[0]);
        if pairs.len() > 1 {
            evidence.push_str(&format!("；另有{}名相近的候选人", pairs.len() - 1));
        }
        pairs.truncate(MOST_CANDIDATES);
        Judged { status: Status::Possible, pairs, margin, evidence }
    }

    fn unlinked(&self, record: u32) -> Judged {
        let number = match self.entries.has_number(record) {
            true if self.entries.number[record as usize] != numbers::NONE => "底册中没有此身份证号",
            true => "身份证号有误且底册中没有相近号码",
            false => "没有可用的身份证号",
        };
        let name = match self.entries.name_of(record) {
            Some(_) => "没有足够相符的人",
            None => "记录没有姓名",
        };
        Judged { status: Status::Unlinked, pairs: Vec::new(), margin: None, evidence: format!("{number}；{name}") }
    }
}
