//! Decisions about the records of a plain file as [`Pairs`], with what a clerk wants to see beside them.
//!
//! In: a [`Judgement`]. Out: one row per listed pair, one per record for which nobody was found, and text columns: the
//! two values where a level is not exact, the number proposed, and one sentence. Rows that settled records give share
//! their sentence; nothing is allocated for them.

use std::collections::BTreeMap;

use super::block::Pass;
use super::decide::{Judged, Pair};
use super::names::NameLevel;
use super::numbers::{self, NumberLevel};
use super::pack::{Columns, NO_DATE};
use super::score::{BirthLevel, COMPARISONS, Levels};
use super::settled::OPEN;
use super::weights;
use super::{Judgement, evidence};
use crate::link::pairs::{Compared, NO_LEVEL, Pairs, Status};
use crate::link::pairs_table::{TextColumn, TextPlace};
use crate::model::table::{Column, Kind, Privacy};
use crate::model::text;

/// Sentences of levels that name no value.
type Known = BTreeMap<([u8; COMPARISONS], bool, bool), u32>;

/// Records whose names are looked up at once.
const TOGETHER: usize = 64;

struct Table<'a> {
    judgement: &'a Judgement,
    entries: &'a Columns,
    pairs: Pairs,
    numbers: [TextColumn; 2],
    names: [TextColumn; 2],
    births: [TextColumn; 2],
    repair: TextColumn,
    evidence: TextColumn,
    known: Known,
    last: Option<(Levels, u32)>,
}

/// The table of all records, in their order.
pub fn pairs(judgement: &Judgement, entries: &Columns) -> (Pairs, Vec<TextColumn>) {
    let column =
        |name: &str, title: &str, privacy, meaning: &str| Column::new(name, title, Kind::Text, privacy, meaning);
    let two = |name: &str, title: &str, privacy| {
        [("left", "左表", "left"), ("right", "右表", "right")].map(|(side, word, of)| {
            let meaning = format!("The {name} on the {of} side, where the two are not exactly alike.");
            TextColumn::sparse(column(&format!("{name}_{side}"), &format!("{word}{title}"), privacy, &meaning))
        })
    };
    let sentence = "Why the record is in its state, in one sentence.";
    let mut table = Table {
        judgement,
        entries,
        // Few records have a second candidate.
        pairs: empty(entries.len() + entries.len() / 32),
        numbers: two("number", "身份证号", Privacy::Sensitive),
        names: two("name", "姓名", Privacy::Personal),
        births: two("birth", "出生日期", Privacy::Personal),
        repair: TextColumn::sparse(column(
            "number_repair",
            "建议身份证号",
            Privacy::Sensitive,
            "The number proposed for a record whose own is damaged, mistyped or missing.",
        )),
        evidence: TextColumn {
            place: TextPlace::Shared(Vec::with_capacity(entries.len())),
            ..TextColumn::sparse(column("evidence", "依据", Privacy::Personal, sentence))
        },
        known: Known::new(),
        last: None,
    };
    let judge = judgement.judge(entries);
    let mut others = judgement.others.iter().peekable();
    let settled = &judgement.settled;
    // Pairs of one kind differ in the rarity of the name only.
    let mut kinds: Vec<Option<Pair>> = vec![None; 1 << u8::BITS];
    let mut same_names = [0.0; TOGETHER];
    for (piece, persons) in settled.person.chunks(TOGETHER).enumerate() {
        let first = (piece * TOGETHER) as u32;
        let end = first + persons.len() as u32;
        // Names lie anywhere in memory: accesses that do not wait for one another overlap.
        let open = others.clone().take_while(|o| o.0 < end);
        judgement.spine.touch(open.flat_map(|(_, judged)| judged.pairs.iter().map(|p| p.person)));
        for ((weight, person), record) in same_names.iter_mut().zip(persons).zip(first..) {
            *weight = if *person == OPEN { 0.0 } else { judge.weight_of_same_name(record, *person) };
        }
        for ((person, weight), record) in persons.iter().zip(same_names).zip(first..) {
            if *person != OPEN {
                let kind = usize::from(settled.kind[record as usize]);
                let like = kinds[kind].get_or_insert_with(|| judge.settled_pair(record, *person));
                table.settled(record, &judge.renamed(*like, *person, weight));
            } else if let Some((_, judged)) = others.next_if(|o| o.0 == record) {
                table.judged(record, judged);
            }
        }
    }
    let [a, b] = table.numbers;
    let [c, d] = table.names;
    let [e, f] = table.births;
    (table.pairs, vec![a, b, c, d, e, f, table.repair, table.evidence])
}

fn empty(rows: usize) -> Pairs {
    let compared = weights::words().map(|(name, words)| Compared {
        name: name.to_string(),
        words: words.iter().map(|w| w.to_string()).collect(),
        level: Vec::with_capacity(rows),
        weight: Vec::with_capacity(rows),
    });
    Pairs {
        left: Vec::with_capacity(rows),
        right: Vec::with_capacity(rows),
        status: Vec::with_capacity(rows),
        rank: Vec::with_capacity(rows),
        weight: Vec::with_capacity(rows),
        margin: Vec::with_capacity(rows),
        pass: Vec::with_capacity(rows),
        passes: Pass::ALL.iter().map(|p| p.as_str().to_string()).collect(),
        compared: compared.into(),
        cluster: Vec::new(),
    }
}

impl Table<'_> {
    fn row(&mut self, record: u32, status: Status, rank: u32, pair: Option<&Pair>, margin: Option<f64>) {
        let pairs = &mut self.pairs;
        pairs.left.push(pair.map(|p| p.person));
        pairs.right.push(record);
        pairs.status.push(status);
        pairs.rank.push(rank);
        pairs.weight.push(pair.map_or(0.0, |p| p.weight as f32));
        pairs.margin.push(margin.map(|m| m as f32));
        pairs.pass.push(pair.map_or(NO_LEVEL, |p| p.pass as u8));
        let places = pair.map(|p| p.levels.places());
        for (i, compared) in pairs.compared.iter_mut().enumerate() {
            compared.level.push(places.map_or(NO_LEVEL, |p| p[i]));
            compared.weight.push(pair.map_or(0.0, |p| p.parts[i]));
        }
    }

    fn settled(&mut self, record: u32, pair: &Pair) {
        self.row(record, Status::Linked, 1, Some(pair), None);
        let word = match self.last {
            Some((levels, word)) if levels == pair.levels => word,
            _ => {
                let key = (pair.levels.places(), pair.levels.own_birth, pair.levels.own_sex);
                let (spine, words) = (&self.judgement.spine, &mut self.evidence.words);
                let word = *self.known.entry(key).or_insert_with(|| {
                    words.push(&evidence::pair(&pair.levels, spine, pair.person));
                    words.len() as u32 - 1
                });
                self.last = Some((pair.levels, word));
                word
            }
        };
        if let TextPlace::Shared(of) = &mut self.evidence.place {
            of.push(word);
        }
    }

    fn judged(&mut self, record: u32, judged: &Judged) {
        let status = judged.status;
        let sentence = evidence::sentence(&self.judgement.spine, self.entries, record, judged);
        if judged.pairs.is_empty() {
            self.row(record, status, 1, None, None);
            let row = self.pairs.right.len() - 1;
            self.evidence.push(row, &sentence);
            return;
        }
        for (i, pair) in judged.pairs.iter().enumerate() {
            let next = judged.pairs.get(i + 1).map(|next| pair.alone() - next.alone());
            self.row(record, status, i as u32 + 1, Some(pair), if i == 0 { judged.margin.or(next) } else { next });
            let row = self.pairs.right.len() - 1;
            if i == 0 {
                self.evidence.push(row, &sentence);
                self.propose(row, pair);
            } else {
                let words = evidence::pair(&pair.levels, &self.judgement.spine, pair.person);
                self.evidence.push(row, &words);
            }
            self.values(row, record, pair);
        }
    }

    /// The register's number, where that of the record is not a readable number of somebody.
    fn propose(&mut self, row: usize, pair: &Pair) {
        let number = self.judgement.spine.cards[pair.person as usize].number;
        if number != numbers::NONE && pair.levels.number != NumberLevel::Exact {
            self.repair.push(row, &numbers::show(number));
        }
    }

    /// The values of both sides where they are not exactly alike.
    fn values(&mut self, row: usize, record: u32, pair: &Pair) {
        let spine = &self.judgement.spine;
        let sides = [(&*spine.people, pair.person), (self.entries, record)];
        let card = &spine.cards[pair.person as usize];
        if pair.levels.number != NumberLevel::Exact {
            for (column, (columns, at)) in self.numbers.iter_mut().zip(sides) {
                if let Some(number) = columns.shown_number(at) {
                    column.push(row, &number);
                }
            }
        }
        if pair.levels.name != NameLevel::Exact {
            let names = [spine.people.names.get(card.name), self.entries.name_of(record)];
            for (column, name) in self.names.iter_mut().zip(names) {
                if let Some(name) = name {
                    column.push(row, name.text());
                }
            }
        }
        if pair.levels.birth != BirthLevel::Exact {
            let births = [card.any_birth(), self.entries.any_birth(record)];
            for (column, birth) in self.births.iter_mut().zip(births) {
                if birth != NO_DATE {
                    column.push(row, &text::date(birth));
                }
            }
        }
    }
}
