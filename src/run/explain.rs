//! Explains one number, name, household or row of a published round: from the cell to the list, and back.

use std::collections::BTreeSet;
use std::path::Path;

use arrow::array::Array;

use super::store::Round;
use super::waterfall::{self, Waterfall};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::model::table::Column;
use crate::model::text::{mask_name, mask_number, mask_runs};
use crate::model::{Privacy, Provenance, Table};

/// Candidates of one record that are drawn.
const MOST_PICTURES: usize = 3;

/// What was found for a question.
#[derive(Debug, serde::Serialize)]
pub struct Explained {
    /// Name of the round.
    pub round: String,
    /// One per household, and one per record that belongs to no household.
    pub cases: Vec<Case>,
}

/// One household, or one record without a household.
#[derive(Debug, serde::Serialize)]
pub struct Case {
    /// Id of the household or record.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Its parts in the order of the flow.
    pub sections: Vec<Section>,
    /// How the records that the question names came to their weights; of all its records when all are asked for.
    pub pictures: Vec<Waterfall>,
}

/// A titled list of lines.
#[derive(Debug, serde::Serialize)]
pub struct Section {
    /// Title.
    pub title: String,
    /// Lines.
    pub lines: Vec<String>,
}

/// Answers a question about a round.
///
/// `query` is an identity number, a name, a person, household or record id, a household number, or a cell's row as
/// `file:row` or `file!sheet:row` (the end of the file's path is enough). Names and numbers are masked unless `full`.
/// Pictures are of the records that the question names, of a household's every record with `all_pictures`.
pub fn explain(round: &Round, query: &str, full: bool, all_pictures: bool) -> Outcome<Explained> {
    let mut book = Book::open(round, full)?;
    let query = query.trim();
    let mut households = book.find_households(query);
    let mut lonely = Vec::new();
    let asked = book.find_records(query);
    if !all_pictures {
        let id =
            |(source, row): &(String, usize)| book.records_of(source).str_at("record_id", *row).map(str::to_string);
        book.pictured = Some(asked.iter().filter_map(id).collect());
    }
    for (source, row) in asked {
        match book.household_of(&source, row) {
            Some(household) => {
                households.insert(household);
            }
            None => lonely.push((source, row)),
        }
    }
    if households.is_empty() && lonely.is_empty() {
        let problem = Diagnostic::error(
            "explain.nothing",
            format!("nothing in round {} answers to this question", round.name),
            Place::default(),
        )
        .hint("give an identity number, a name, an id (H…, P…, source-0000001) or a row as file!sheet:row");
        return Err(Failure::one(FailureClass::InputMissing, problem));
    }
    let mut cases: Vec<Case> = households.iter().map(|h| book.household(h)).collect();
    cases.extend(lonely.iter().map(|(source, row)| book.record(source, *row)));
    if !full {
        let names = book.names_of(&households);
        let lines = cases.iter_mut().flat_map(|c| &mut c.sections).flat_map(|s| &mut s.lines);
        lines.for_each(|line| *line = without_names(line, &names));
    }
    Ok(Explained { round: round.name.clone(), cases })
}

/// The class of what a column is about: a raw value's that of its field.
fn class_of_field(table: &Table, column: &Column) -> Privacy {
    let field = column.name.strip_suffix("_raw").and_then(|field| table.schema.index(field));
    field.map_or(column.privacy, |at| table.schema.columns[at].privacy)
}

/// A line in which the members' names are masked wherever they stand: evidence and remarks name people too.
fn without_names(line: &str, names: &BTreeSet<&str>) -> String {
    let held = names.iter().filter(|n| line.contains(**n));
    held.fold(line.to_string(), |line, name| line.replace(name, &mask_name(name)))
}

/// Writes the drawings of an explanation as a page and as SVG.
pub fn write_pictures(explained: &Explained, html: Option<&Path>, svg: Option<&Path>) -> Outcome<()> {
    let pictures: Vec<Waterfall> = explained.cases.iter().flat_map(|c| c.pictures.iter().cloned()).collect();
    let title = format!("匹配权重 match weights, {}", explained.round);
    let files = [(html, waterfall::html(&title, &pictures)), (svg, waterfall::svg(&pictures))];
    for (path, text) in files {
        if let Some(path) = path {
            crate::publish::atomic::write(path, text.as_bytes())?;
        }
    }
    Ok(())
}

/// The tables that an explanation walks through.
struct Book {
    full: bool,
    persons: Table,
    households: Table,
    links: Table,
    possible: Table,
    history: Option<Table>,
    decisions: Option<Table>,
    corrections: Option<Table>,
    hits: Table,
    hit_records: Table,
    others: Vec<Table>,
    records: Vec<(String, Table)>,
    /// Possible, linked.
    thresholds: Option<(f64, f64)>,
    /// Records of which pictures are wanted; none means all.
    pictured: Option<BTreeSet<String>>,
}

impl Book {
    fn open(round: &Round, full: bool) -> Outcome<Book> {
        let mut records = Vec::new();
        for name in round.tables()? {
            if let Some(source) = name.strip_prefix("records_") {
                records.push((source.to_string(), round.table(&name)?));
            }
        }
        // Rounds of before the ledger do not have these.
        let has = round.tables()?;
        let optional = |name: &str| has.iter().any(|t| t == name).then(|| round.table(name)).transpose();
        let mut others = Vec::new();
        for name in [
            "indicators_household",
            "online_list",
            "offline_list",
            "comparison",
            "verification_tasks",
            "proposals",
            "work_orders",
            "tracking",
        ] {
            others.push(round.table(name)?);
        }
        Ok(Book {
            full,
            persons: round.table("persons")?,
            households: round.table("households")?,
            links: round.table("links")?,
            possible: round.table("possible_links")?,
            history: optional("person_history")?,
            decisions: optional("decisions")?,
            corrections: optional("corrections")?,
            hits: round.table("rule_hits")?,
            hit_records: round.table("hit_records")?,
            others,
            records,
            thresholds: round.thresholds(),
            pictured: None,
        })
    }

    /// Households whose number or id is the query, or of whose members one has it as name, number or id.
    fn find_households(&self, query: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for i in 0..self.persons.rows() {
            let is = |column| self.persons.str_at(column, i) == Some(query);
            if is("person_id") || is("name") || is("id_number") || is("household_id") {
                found.extend(self.persons.str_at("household_id", i).map(str::to_string));
            }
        }
        for i in 0..self.households.rows() {
            if ["household_no", "national_household_no"].iter().any(|c| self.households.str_at(c, i) == Some(query)) {
                found.extend(self.households.str_at("household_id", i).map(str::to_string));
            }
        }
        found
    }

    /// Records whose id, cell or any text value is the query.
    fn find_records(&self, query: &str) -> BTreeSet<(String, usize)> {
        let cell = query.rsplit_once(':').and_then(|(left, row)| {
            let row: i64 = row.parse().ok()?;
            let (file, sheet) = left.split_once('!').map_or((left, None), |(f, s)| (f, Some(s)));
            Some((file.to_string(), sheet.map(str::to_string), row))
        });
        let mut found = BTreeSet::new();
        for (source, table) in &self.records {
            let texts: Vec<&str> = table
                .schema
                .columns
                .iter()
                .filter(|c| c.kind == crate::model::Kind::Text && class_of_field(table, c) >= Privacy::Personal)
                .map(|c| c.name.as_str())
                .collect();
            for i in 0..table.rows() {
                let by_cell = cell.as_ref().is_some_and(|(file, sheet, row)| {
                    table.integer("row").value(i) == *row
                        && table.str_at("file", i).is_some_and(|f| f == file || f.ends_with(&format!("/{file}")))
                        && sheet.as_deref().is_none_or(|s| table.str_at("sheet", i) == Some(s))
                });
                let by_value = table.str_at("record_id", i) == Some(query)
                    || texts.iter().any(|c| table.str_at(c, i) == Some(query));
                if by_cell || by_value {
                    found.insert((source.clone(), i));
                }
            }
        }
        found
    }

    fn records_of(&self, source: &str) -> &Table {
        &self.records.iter().find(|(s, _)| s == source).expect("sources come from this list").1
    }

    fn household_of(&self, source: &str, row: usize) -> Option<String> {
        let id = self.records_of(source).str_at("record_id", row)?;
        let own = |t: &Table| {
            (0..t.rows())
                .find(|&i| t.str_at("record_id", i) == Some(id))
                .and_then(|i| t.str_at("household_id", i).map(str::to_string))
        };
        own(&self.links).or_else(|| own(&self.persons))
    }

    /// Names of the households' members.
    fn names_of(&self, households: &BTreeSet<String>) -> BTreeSet<&str> {
        (0..self.persons.rows())
            .filter(|i| self.persons.str_at("household_id", *i).is_some_and(|h| households.contains(h)))
            .filter_map(|i| self.persons.str_at("name", i))
            .filter(|name| name.chars().count() > 1)
            .collect()
    }

    fn name(&self, name: &str) -> String {
        if self.full { name.to_string() } else { mask_name(name) }
    }

    fn number(&self, number: &str) -> String {
        if self.full { number.to_string() } else { mask_number(number) }
    }

    /// Every value of a row that is there, `title value`, masked by its privacy class.
    fn values(&self, table: &Table, row: usize, skip: &[&str]) -> String {
        let shown: Vec<String> = table
            .schema
            .columns
            .iter()
            .filter(|c| !skip.contains(&c.name.as_str()))
            .filter_map(|c| {
                let value = table.display_at(&c.name, row).filter(|v| !v.is_empty())?;
                let value = match () {
                    () if self.full => value,
                    () if c.name.contains("number") && c.privacy >= Privacy::Personal => mask_number(&value),
                    () if c.name.contains("name") && c.privacy == Privacy::Personal => mask_name(&value),
                    () if c.name.contains("phone") => mask_number(&value),
                    // Accounts, and numbers within words.
                    () => mask_runs(&value),
                };
                Some(format!("{} {value}", c.title))
            })
            .collect();
        shown.join("；")
    }

    /// A record as the file has it: its own columns, raw columns left out where they say the same.
    fn record_line(&self, source: &str, row: usize) -> String {
        let table = self.records_of(source);
        let raw: Vec<&str> =
            table.schema.columns.iter().map(|c| c.name.as_str()).filter(|n| n.ends_with("_raw")).collect();
        let mut skip = vec!["record_id", "file", "sheet", "row", "township_code", "village_code"];
        skip.extend(raw);
        let id = table.str_at("record_id", row).unwrap_or("");
        let at = Provenance::of(table, row);
        let corrected = self.corrected(source, &at);
        format!("{id} [{at}] {}{corrected}", self.values(table, row, &skip))
    }

    /// Which values of a row come from a receipt, and from which row of it.
    fn corrected(&self, source: &str, at: &Provenance) -> String {
        let Some(table) = &self.corrections else { return String::new() };
        let own = |i: &usize| table.str_at("source", *i) == Some(source) && Provenance::of(table, *i) == *at;
        let text = |c: &str, i: usize| table.str_at(c, i).unwrap_or("").to_string();
        let shown = (0..table.rows()).filter(own).map(|i| {
            let from = table.integer_at("receipt_row", i).unwrap_or_default();
            format!("；{} 按回执更正 [{}!{}:{from}]", text("field", i), text("receipt", i), text("receipt_sheet", i))
        });
        shown.collect()
    }

    fn link_lines(&self, record_id: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for i in (0..self.links.rows()).filter(|&i| self.links.str_at("record_id", i) == Some(record_id)) {
            let status = self.links.str_at("status", i).unwrap_or("");
            let pass = self.links.str_at("pass", i).unwrap_or("-");
            let evidence = self.links.str_at("evidence", i).unwrap_or("");
            let weight = self.links.display_at("match_weight", i).unwrap_or_else(|| "-".into());
            lines.push(format!("{status} ({pass}, weight {weight}): {evidence}"));
        }
        for i in (0..self.possible.rows()).filter(|&i| self.possible.str_at("record_id", i) == Some(record_id)) {
            lines.push(format!(
                "candidate {} {}: {}",
                self.possible.integer("rank").value(i),
                self.possible.str_at("person_id", i).unwrap_or(""),
                self.possible.str_at("evidence", i).unwrap_or("")
            ));
        }
        lines
    }

    /// The pictures of a record: its link, or its candidates from the best on.
    fn pictures(&self, record_id: &str) -> Vec<Waterfall> {
        if self.pictured.as_ref().is_some_and(|wanted| !wanted.contains(record_id)) {
            return Vec::new();
        }
        let rows = |t: &Table| -> Vec<usize> {
            (0..t.rows()).filter(|&i| t.str_at("record_id", i) == Some(record_id)).collect()
        };
        let candidates = rows(&self.possible);
        let drawn: Vec<Waterfall> =
            candidates.iter().take(MOST_PICTURES).filter_map(|&i| self.picture(&self.possible, i)).collect();
        match drawn.is_empty() {
            true => rows(&self.links).into_iter().filter_map(|i| self.picture(&self.links, i)).collect(),
            false => drawn,
        }
    }

    fn picture(&self, table: &Table, row: usize) -> Option<Waterfall> {
        let text = |column: &str| table.str_at(column, row).unwrap_or("");
        let person = table.str_at("person_id", row)?;
        let name = (0..self.persons.rows())
            .find(|&i| self.persons.str_at("person_id", i) == Some(person))
            .and_then(|i| self.persons.str_at("name", i))
            .map_or(String::new(), |name| format!(" {}", self.name(name)));
        let rank = if table.has("rank") { format!(", {}", table.integer("rank").value(row)) } else { String::new() };
        let title = format!("{} → {person}{name} ({}{rank})", text("record_id"), text("status"));
        let mut picture = drawn(table, row, title)?;
        (picture.possible_at, picture.linked_at) = (self.thresholds.map(|t| t.0), self.thresholds.map(|t| t.1));
        Some(picture)
    }

    /// The rows of a table from the ledger that are about some persons.
    fn of_people(&self, table: Option<&Table>, people: &BTreeSet<&str>) -> Vec<String> {
        let Some(table) = table else {
            return Vec::new();
        };
        let about = |row: usize, column: &str| {
            table.has(column) && table.str_at(column, row).is_some_and(|person| people.contains(person))
        };
        (0..table.rows())
            .filter(|row| about(*row, "person_id") || about(*row, "other_person_id"))
            .map(|row| self.values(table, row, &[]))
            .collect()
    }

    fn household(&self, household: &str) -> Case {
        let rows = |t: &Table| -> Vec<usize> {
            (0..t.rows()).filter(|&i| t.str_at("household_id", i) == Some(household)).collect()
        };
        let mut sections = Vec::new();
        let mut section = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                sections.push(Section { title: title.to_string(), lines });
            }
        };
        let own = rows(&self.households);
        section("家庭 household", own.iter().map(|&i| self.values(&self.households, i, &[])).collect());
        let mut members = Vec::new();
        for i in rows(&self.persons) {
            let p = |c| self.persons.str_at(c, i).unwrap_or("");
            let birth = self.persons.display_at("birth_date", i).unwrap_or_default();
            members.push(format!(
                "{} {} {} {} {} {birth} {} ← {}",
                p("person_id"),
                self.name(p("name")),
                self.number(p("id_number")),
                p("relation"),
                p("sex"),
                p("status"),
                p("record_id")
            ));
        }
        section("成员 members", members);
        let people: BTreeSet<&str> =
            rows(&self.persons).into_iter().filter_map(|i| self.persons.str_at("person_id", i)).collect();
        section("人员编号沿革 id history", self.of_people(self.history.as_ref(), &people));
        section("人工认定 decisions", self.of_people(self.decisions.as_ref(), &people));

        let ours: BTreeSet<&str> =
            rows(&self.links).into_iter().filter_map(|l| self.links.str_at("record_id", l)).collect();
        let mut linked = Vec::new();
        for (source, table) in &self.records {
            for i in 0..table.rows() {
                let Some(id) = table.str_at("record_id", i) else {
                    continue;
                };
                if ours.contains(id) {
                    linked.push(self.record_line(source, i));
                    linked.extend(self.link_lines(id).into_iter().map(|l| format!("    {l}")));
                }
            }
        }
        section("匹配到的记录 linked records", linked);
        let candidates = rows(&self.possible);
        let records: BTreeSet<&str> = candidates
            .iter()
            .filter_map(|&i| self.possible.str_at("record_id", i))
            .chain(ours.iter().copied())
            .collect();
        let pictures = records.into_iter().flat_map(|id| self.pictures(id)).collect();
        let maybe: Vec<String> = candidates
            .iter()
            .map(|&i| {
                format!(
                    "{} {}: {}",
                    self.possible.str_at("status", i).unwrap_or(""),
                    self.possible.str_at("record_id", i).unwrap_or(""),
                    self.possible.str_at("evidence", i).unwrap_or("")
                )
            })
            .collect();
        section("待认定的记录 possible and conflicting records", maybe);

        let mut hits = Vec::new();
        for i in rows(&self.hits) {
            let h = |c| self.hits.str_at(c, i).unwrap_or("");
            hits.push(format!(
                "{} v{} {}（{}）: {}",
                h("rule"),
                self.hits.integer("rule_version").value(i),
                h("title"),
                h("role"),
                h("evidence")
            ));
            for r in 0..self.hit_records.rows() {
                if self.hit_records.str_at("hit_id", r) == Some(h("hit_id")) {
                    hits.push(format!(
                        "    {} ← {} [{}]",
                        self.hit_records.str_at("indicator", r).unwrap_or(""),
                        self.hit_records.str_at("record_id", r).unwrap_or(""),
                        Provenance::of(&self.hit_records, r)
                    ));
                }
            }
        }
        section("规则命中 rule hits", hits);
        for table in &self.others {
            let lines = rows(table).iter().map(|&i| self.values(table, i, &["household_id"])).collect();
            section(&format!("{} {}", table.schema.title, table.name()), lines);
        }
        Case { id: household.to_string(), title: format!("household {household}"), sections, pictures }
    }

    fn record(&self, source: &str, row: usize) -> Case {
        let id = self.records_of(source).str_at("record_id", row).unwrap_or("").to_string();
        let sections = vec![
            Section { title: "记录 record".into(), lines: vec![self.record_line(source, row)] },
            Section { title: "匹配 link".into(), lines: self.link_lines(&id) },
        ];
        Case { title: format!("record {id}"), sections, pictures: self.pictures(&id), id }
    }
}

/// The picture of one row of a table that has a `match_weight` and, per comparison, columns `…_level` and `…_weight`.
fn drawn(table: &Table, row: usize, title: String) -> Option<Waterfall> {
    let float = |column: &str| {
        let values = table.float(column);
        values.is_valid(row).then(|| values.value(row))
    };
    let weight = float("match_weight")?;
    let mut comparisons = Vec::new();
    for column in &table.schema.columns {
        let Some(name) = column.name.strip_suffix("_weight").filter(|n| *n != "match") else { continue };
        let level = format!("{name}_level");
        let level = if table.has(&level) { table.str_at(&level, row).unwrap_or("") } else { "" };
        let title = column.title.trim_end_matches("权重");
        comparisons.push((format!("{title} {name}"), level.to_string(), float(&column.name)?));
    }
    let mut picture = Waterfall::of(title, weight, comparisons);
    picture.margin = float("margin");
    Some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::build::{TableBuilder, Value};
    use crate::model::tables;

    #[test]
    fn a_row_of_links_is_drawn_with_its_own_columns() {
        let schema = tables::links();
        let mut table = TableBuilder::new(schema.clone());
        for weight in [Value::Float(9.5), Value::Null] {
            let value = |name: &str| match name {
                "match_weight" => weight.clone(),
                "name_level" => "sound".into(),
                "name_weight" => Value::Float(5.0),
                "number_level" => "one_digit".into(),
                "number_weight" => Value::Float(15.5),
                "phone_level" => "missing".into(),
                name if name.ends_with("_weight") => Value::Float(0.0),
                _ => Value::Null,
            };
            table.push(schema.columns.iter().map(|c| value(&c.name)).collect());
        }
        let table = table.finish();
        let picture = drawn(&table, 0, "r → p".into()).expect("a picture");
        let steps: Vec<(&str, &str, f64)> =
            picture.steps.iter().map(|s| (s.name.as_str(), s.level.as_str(), s.weight)).collect();
        let expected = [("先验 prior", "", -11.0), ("号码 number", "one_digit", 15.5), ("姓名 name", "sound", 5.0)];
        assert_eq!(steps, expected);
        assert_eq!((picture.weight, picture.margin), (9.5, None));
        assert_eq!(drawn(&table, 1, String::new()), None, "nobody was compared");
    }
}
