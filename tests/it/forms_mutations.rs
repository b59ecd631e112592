//! Filled 核实表 with random edits: every row is classified as what was done to it, and nothing is called complete that is not.
//!
//! The forms are those of the published sample round. The expectation of every edit is known when it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bidui::cases::forms::{self, Earlier, Elsewhere, FormKind, Issued, Judging, Readers, RowState, Verdict};
use bidui::cases::ledger::Ledger;
use bidui::model::token;
use bidui::{ingest, plan};
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::book::{Book, Sheet};
use super::support::{root, sample_round, scratch};

/// Edited files, more than the 500 that are asked for.
const EDITED: u64 = 600;

/// What must come out.
#[derive(Debug, Default)]
struct Expected {
    /// Rows that are not simply answered.
    states: BTreeMap<String, RowState>,
    /// Rows of which a locked cell must be shown as changed.
    altered: BTreeSet<String>,
    new: usize,
    duplicate: usize,
    foreign: usize,
    stray: usize,
}

struct Bench {
    book: Book,
    expected: Expected,
    dice: ChaCha8Rng,
    /// Rows that no edit has touched.
    free: Vec<String>,
    /// A token of another form.
    foreign: String,
    /// What was done, for the message of a failure.
    done: Vec<String>,
}

impl Bench {
    fn at(&self, wanted: &str) -> (usize, usize) {
        self.book
            .rows()
            .into_iter()
            .find(|(s, r)| self.book.token(*s, *r) == wanted)
            .expect("an untouched row is there")
    }

    fn pick(&mut self) -> Option<String> {
        let at = (!self.free.is_empty()).then(|| self.dice.random_range(0..self.free.len()))?;
        Some(self.free.swap_remove(at))
    }

    fn expect(&mut self, token: &str, state: RowState) {
        self.expected.states.insert(token.to_string(), state);
    }

    /// One edit of one row.
    fn edit_row(&mut self) {
        let Some(token) = self.pick() else { return };
        let (s, r) = self.at(&token);
        let kind = self.dice.random_range(0..18);
        self.done.push(format!("row edit {kind} of {token}"));
        let copy = self.book.sheets[s].grid[r].clone();
        match kind {
            0 => {
                self.book.sheets[s].grid.remove(r);
                self.expect(&token, RowState::Missing);
            }
            1 => {
                self.book.set(s, r, "核实结果", "");
                self.expect(&token, RowState::Unanswered);
            }
            2 => {
                self.book.set(s, r, "核实结果", "基本属实");
                self.expect(&token, RowState::Refused);
            }
            3 => {
                self.book.set(s, r, "核实结果", "不属实");
                self.book.set(s, r, "情况说明", "");
                self.expect(&token, RowState::Refused);
            }
            4 => {
                self.book.set(s, r, "核实人", " ");
                self.expect(&token, RowState::Refused);
            }
            5 => {
                self.book.set(s, r, "核实日期", "2031-01-01");
                self.expect(&token, RowState::Refused);
            }
            6 => {
                self.book.set(s, r, "户主", "另一人");
                self.expect(&token, RowState::Altered);
                self.expected.altered.insert(token);
            }
            7 => {
                let evidence = self.book.get(s, r, "线索依据");
                self.book.set(s, r, "线索依据", &format!("{evidence}（村里加注）"));
                self.expected.altered.insert(token);
            }
            8 => {
                let to = self.dice.random_range(r + 1..=self.book.sheets[s].grid.len());
                self.book.sheets[s].grid.insert(to, copy);
                self.expected.duplicate += 1;
            }
            9 => {
                self.book.sheets[s].grid.insert(r + 1, copy);
                let other = if self.book.get(s, r, "核实结果") == "属实" { "不属实" } else { "属实" };
                self.book.set(s, r + 1, "核实结果", other);
                self.book.set(s, r + 1, "情况说明", "再去看过");
                self.expect(&token, RowState::Conflict);
                self.expected.duplicate += 1;
            }
            10 => {
                self.book.set(s, r, "编号", "");
                self.expect(&token, RowState::Missing);
                self.expected.stray += 1;
            }
            11 => {
                let mut typed: Vec<char> = token.chars().collect();
                let at = self.dice.random_range(0..typed.len());
                typed[at] = if typed[at] == '7' { '8' } else { '7' };
                self.book.set(s, r, "编号", &typed.into_iter().collect::<String>());
                self.expect(&token, RowState::Missing);
                self.expected.stray += 1;
            }
            12 => {
                let foreign = self.foreign.clone();
                self.book.set(s, r, "编号", &foreign);
                self.expect(&token, RowState::Missing);
                self.expected.foreign += 1;
            }
            13 => {
                let nobodys = token::row(&["nobody", &token], 0);
                self.book.set(s, r, "编号", &nobodys);
                self.expect(&token, RowState::Missing);
                self.expected.foreign += 1;
            }
            14 => {
                let mut line = vec![String::new(); copy.len()];
                for (heading, text) in [("组", "3组"), ("户主", "新报户"), ("实际风险", "因病"), ("核实人", "王干部")]
                {
                    line[self.book.sheets[s].column(heading).expect("there")] = text.to_string();
                }
                self.book.sheets[s].grid.insert(r + 1, line);
                self.expected.new += 1;
            }
            15 => {
                let mut line = vec![String::new(); copy.len()];
                for (heading, text) in [("情况说明", "说不清是谁"), ("核实人", "王干部")] {
                    line[self.book.sheets[s].column(heading).expect("there")] = text.to_string();
                }
                self.book.sheets[s].grid.insert(r + 1, line);
                self.expected.stray += 1;
            }
            16 => {
                // What is copied over this row's token is another row, which is there twice now.
                let Some(other) = self.pick() else { return };
                let (os, or) = self.at(&other);
                let line = self.book.sheets[os].grid[or].clone();
                if os == s {
                    self.book.sheets[s].grid[r] = line;
                    self.expect(&token, RowState::Missing);
                    self.expected.duplicate += 1;
                }
            }
            _ => {
                // The same token, written by hand.
                self.book.set(s, r, "编号", &format!(" {}-{} ", &token[..4].to_lowercase(), &token[4..]));
            }
        }
    }

    /// One edit of the whole book that changes nothing of what it says.
    fn edit_book(&mut self) {
        let sheets: Vec<usize> =
            (0..self.book.sheets.len()).filter(|i| self.book.sheets[*i].heading().is_some()).collect();
        if sheets.is_empty() {
            return;
        }
        let s = sheets[self.dice.random_range(0..sheets.len())];
        let kind = self.dice.random_range(0..11);
        self.done.push(format!("book edit {kind} of sheet {s}"));
        let heading = self.book.sheets[s].heading().expect("a table");
        let of = &mut self.book.sheets[s];
        match kind {
            0 => of.grid[heading + 1..].shuffle(&mut self.dice),
            1 => {
                let width = of.grid.iter().map(Vec::len).max().unwrap_or(0);
                let mut order: Vec<usize> = (0..width).collect();
                order.shuffle(&mut self.dice);
                for row in &mut of.grid[heading..] {
                    let cell = |c: &usize| row.get(*c).cloned().unwrap_or_default();
                    *row = order.iter().map(cell).collect();
                }
            }
            2 => of.name = format!("Sheet{}", self.dice.random_range(1000..9999)),
            3 => self.book.sheets.retain(|s| !s.hidden),
            4 => {
                let columns = ["核实结果", "户主", "情况说明", "组"];
                let column = of.column(columns[self.dice.random_range(0..columns.len())]);
                // Only between columns that stand as issued can a changed heading be told.
                let in_order =
                    of.column("编号") == Some(1) && of.column("核对").is_some_and(|c| c + 1 == of.grid[heading].len());
                if let (Some(column), true) = (column, in_order) {
                    of.grid[heading][column] = "改过的标题".into();
                }
            }
            5 => of.grid.insert(0, vec!["请各村尽快填报".into()]),
            6 => of.grid.insert(heading + 1, Vec::new()),
            7 => self.book.sheets.retain(|s| s.heading().is_some() || s.hidden),
            8 => self.book.sheets.reverse(),
            9 => of.grid.push(vec![String::new(), "合计".into()]),
            _ => {
                if sheets.len() > 1 {
                    let other = self.book.sheets[sheets[1]].grid.clone();
                    self.book.sheets[sheets[0]].grid.extend(other);
                    self.book.sheets.remove(sheets[1]);
                }
            }
        }
    }

    /// An edit that takes many rows along.
    fn edit_much(&mut self) {
        let sheets: Vec<usize> =
            (0..self.book.sheets.len()).filter(|i| self.book.sheets[*i].heading().is_some()).collect();
        let s = sheets[self.dice.random_range(0..sheets.len())];
        let rows: Vec<usize> = self.book.rows().into_iter().filter(|(i, _)| *i == s).map(|(_, r)| r).collect();
        let tokens: Vec<String> = rows.iter().map(|r| self.book.token(s, *r)).collect();
        let kind = self.dice.random_range(0..4);
        self.done.push(format!("large edit {kind} of sheet {s}"));
        self.free.retain(|t| !tokens.contains(t));
        match kind {
            0 => {
                self.book.sheets.remove(s);
                tokens.iter().for_each(|t| self.expect(t, RowState::Missing));
            }
            1 if rows.len() > 1 => {
                // Only the column of the tokens is sorted: every row has another one's.
                for (r, token) in rows.iter().zip(tokens.iter().cycle().skip(1)) {
                    self.book.set(s, *r, "编号", token);
                }
                tokens.iter().for_each(|t| {
                    self.expect(t, RowState::Altered);
                });
            }
            2 if rows.len() > 1 => {
                // Only the answers are sorted, with the end of the token that stands beside them.
                let columns = ["核实结果", "实际风险", "情况说明", "正确姓名", "核实人", "核实日期", "核对"];
                let cells: Vec<Vec<String>> =
                    rows.iter().map(|r| columns.iter().map(|c| self.book.get(s, *r, c)).collect()).collect();
                for (r, line) in rows.iter().zip(cells.iter().cycle().skip(1)) {
                    for (column, text) in columns.iter().zip(line) {
                        self.book.set(s, *r, column, text);
                    }
                }
                tokens.iter().for_each(|t| self.expect(t, RowState::Altered));
            }
            _ => {
                let column = self.book.sheets[s].column("核实结果").expect("there");
                let heading = self.book.sheets[s].heading().expect("there");
                for row in self.book.sheets[s].grid[heading..].iter_mut().filter(|r| r.len() > column) {
                    row.remove(column);
                }
                tokens.iter().for_each(|t| self.expect(t, RowState::Unanswered));
            }
        }
    }
}

/// What the ledger of the sample has issued.
fn issued() -> Vec<Issued> {
    let out = sample_round().parent().unwrap().parent().unwrap();
    let ledger = Ledger::open(out).unwrap();
    let all = ledger.forms().unwrap();
    let mut forms: Vec<Issued> = all.iter().map(|f| ledger.form(&f.form).unwrap().unwrap()).collect();
    forms.retain(|f| f.kind == FormKind::Verify);
    assert!(forms.len() > 1, "the sample asks several townships");
    forms
}

fn judge(path: &Path, issued: &Issued, plan: &plan::Plan, foreign: &BTreeSet<String>) -> Verdict {
    let (returned, _) = ingest::form::read(path, "form.xlsx").unwrap();
    let spec = forms::verify(plan);
    let found = forms::found(&returned, &spec);
    let day = |text: &str, _| text.trim().parse().map_err(|_| "不是日期".to_string());
    let number = |text: &str, _| Ok(text.to_string());
    let earlier: BTreeMap<String, Earlier> = BTreeMap::new();
    let judging = Judging {
        spec: &spec,
        issued,
        elsewhere: &|token| foreign.contains(token).then(|| Elsewhere { form: "另一乡镇".into() }),
        earlier: &earlier,
        readers: Readers { day: &day, id_number: &number },
        by: "",
        today: "2026-10-31".parse().unwrap(),
        overrule: false,
    };
    forms::classify(&judging, &found)
}

#[test]
fn every_edit_is_classified_and_nothing_is_falsely_complete() {
    let round = sample_round();
    let forms = issued();
    let (plan, problems) = plan::load(&root().join("pipelines/quarterly"));
    let plan = plan.unwrap_or_else(|| panic!("{problems:?}"));
    let dir = scratch("form-mutations");
    let path = dir.join("交回.xlsx");
    let mut seen: BTreeMap<RowState, usize> = BTreeMap::new();
    let (mut complete, mut rows) = (0, 0);
    let books: Vec<Book> = forms
        .iter()
        .map(|f| {
            Book::read(&round.join("核实表").join(format!("{}.xlsx", f.township.as_deref().unwrap_or("乡镇不明"))))
        })
        .collect();
    for seed in 0..EDITED {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let at = dice.random_range(0..forms.len());
        let (issued, mut book) = (&forms[at], books[at].clone());
        let others: BTreeSet<String> = forms
            .iter()
            .filter(|f| f.form != issued.form)
            .flat_map(|f| f.rows.iter().map(|r| r.token.clone()))
            .collect();
        let results = ["属实", "不属实", "查无此人", "身份不符", "原因不同"];
        for (s, r) in book.rows() {
            book.answer(s, r, results[dice.random_range(0..results.len())]);
        }
        assert_eq!(book.rows().len(), issued.rows.len(), "every issued row is in the workbook");
        let foreign = others.iter().nth(dice.random_range(0..others.len())).unwrap().clone();
        let free = issued.rows.iter().map(|r| r.token.clone()).collect();
        let mut bench = Bench { book, expected: Expected::default(), dice, free, foreign, done: Vec::new() };
        if bench.dice.random_range(0..6) == 0 {
            bench.edit_much();
        }
        for _ in 0..bench.dice.random_range(0..5) {
            bench.edit_row();
        }
        for _ in 0..bench.dice.random_range(0..3) {
            bench.edit_book();
        }
        let Bench { book, expected, done, .. } = bench;
        book.write(&path);

        let verdict = judge(&path, issued, &plan, &others);
        let counts = verdict.counts(issued);
        let told = |what: &str| format!("seed {seed}, {what}, after {done:?}: {counts:?}, {expected:?}");
        let mut all_answered = true;
        for row in &issued.rows {
            let judged: Vec<_> = verdict
                .rows
                .iter()
                .filter(|j| j.token.as_ref() == Some(&row.token) && j.state != RowState::Duplicate)
                .collect();
            assert_eq!(judged.len(), 1, "{}", told(&row.token));
            let wanted = expected.states.get(&row.token).copied().unwrap_or(RowState::Answered);
            all_answered &= wanted == RowState::Answered;
            assert_eq!(judged[0].state, wanted, "{} {:?}", told(&row.token), judged[0]);
            if expected.altered.contains(&row.token) {
                assert!(!judged[0].altered.is_empty(), "{}", told(&row.token));
            }
            *seen.entry(wanted).or_default() += 1;
        }
        let others = [counts.new, counts.duplicate, counts.foreign, counts.stray];
        assert_eq!(others, [expected.new, expected.duplicate, expected.foreign, expected.stray], "{}", told("others"));
        assert!(counts.sums_close(), "{}", told("sums"));
        assert_eq!(counts.is_complete(), all_answered, "{}", told("complete"));
        complete += usize::from(all_answered);
        rows += issued.rows.len();
    }
    // The edits did what they are there for.
    for state in [
        RowState::Answered,
        RowState::Unanswered,
        RowState::Missing,
        RowState::Altered,
        RowState::Conflict,
        RowState::Refused,
    ] {
        assert!(seen.get(&state).copied().unwrap_or(0) > 20, "{state:?}: {seen:?}");
    }
    assert!(complete > 20 && complete < EDITED as usize / 2, "{complete} complete");
    let figures = format!("{EDITED} edited forms, {rows} issued rows, {complete} complete: {seen:?}");
    std::fs::write(dir.join("figures.txt"), figures).unwrap();
}

#[test]
fn a_form_that_was_cut_off_is_refused() {
    let round = sample_round();
    let name = issued()[0].township.clone().unwrap();
    let bytes = std::fs::read(round.join("核实表").join(format!("{name}.xlsx"))).unwrap();
    let path = scratch("form-cut").join("交回.xlsx");
    let mut dice = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..40 {
        let end = dice.random_range(0..bytes.len());
        std::fs::write(&path, &bytes[..end]).unwrap();
        assert!(ingest::form::read(&path, "交回.xlsx").is_err(), "cut at {end} of {}", bytes.len());
    }
}

#[test]
fn the_books_read_here_are_the_books_that_were_written() {
    let form = &issued()[0];
    let name = form.township.clone().unwrap();
    let book = Book::read(&sample_round().join("核实表").join(format!("{name}.xlsx")));
    let hidden: Vec<&Sheet> = book.sheets.iter().filter(|s| s.hidden).collect();
    assert_eq!(hidden.len(), 1);
    assert_eq!(hidden[0].name, "bidui");
    let mut tokens: Vec<String> = book.rows().iter().map(|(s, r)| book.token(*s, *r)).collect();
    let mut own: Vec<String> = form.rows.iter().map(|r| r.token.clone()).collect();
    tokens.sort();
    own.sort();
    assert_eq!(tokens, own);
}
