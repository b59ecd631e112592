//! 参数表.xlsx → parameters and groups: what `params.toml` says, filled in by a clerk and checked to the cell.
//!
//! In: the workbook in the pipeline's folder. Out: the same `ParamFile` that the TOML gives. Sheet 参数值 has one row per
//! value, sheet 人群 one per group; both are found by their headings, whatever stands above them. Every problem names sheet,
//! row and cell. Only the streaming cell reader is used (reliability.md #3).

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, DataRef, Reader, Xlsx};

use super::check::is_column_name;
use super::param_cells::{Cell, Line, Table};
use super::params::{self, OTHER, ParamFile};
use super::types::{Basis, Group, Param, ParamValue, Sql};
use crate::codes::Codes;
use crate::diag::{Diagnostic, Place, nearest};
use crate::model::build::Value;
use crate::model::table::Kind;

/// Name of the workbook in the pipeline's folder.
pub const FILE: &str = "参数表.xlsx";
/// Sheet of the values.
pub const VALUES: &str = "参数值";
/// Sheet of the groups.
pub const GROUPS: &str = "人群";
/// Headings of the values, in the order of the form; the first ones of a parameter's further rows may stay empty.
pub const VALUE_HEADINGS: [&str; 11] =
    ["参数代码", "参数名称", "类型", "单位", "开始日期", "结束日期", "乡镇", "人群", "收入口径", "值", "文件依据"];
/// Headings of the groups.
pub const GROUP_HEADINGS: [&str; 3] = ["人群代码", "人群名称", "条件"];
/// Types with the words of the form.
pub const KINDS: [(&str, Kind); 5] = [
    ("整数", Kind::Integer),
    ("金额或小数", Kind::Decimal),
    ("文字", Kind::Text),
    ("是否", Kind::Boolean),
    ("日期", Kind::Date),
];
/// A form has so many rows and columns at most; more is not looked at.
const MOST: (u32, u32) = (20_000, 64);

/// Reads the workbook; `file` is its path as people see it.
pub(super) fn read(bytes: Vec<u8>, file: &str, codes: &Codes) -> (ParamFile, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    let mut found = ParamFile::default();
    let place = Place::file(file);
    let mut book = match Xlsx::new(Cursor::new(bytes)) {
        Ok(book) => book,
        Err(error) => {
            let message = format!("this is no .xlsx workbook that can be read: {error}");
            problems.push(
                Diagnostic::error("params.unreadable", message, place)
                    .hint("save it as .xlsx without a password; `bidui check --params-form` writes a new form"),
            );
            return (found, problems);
        }
    };
    let names = book.sheet_names();
    if !names.iter().any(|n| n == VALUES) {
        let hint = match nearest(VALUES, names.iter().map(String::as_str)) {
            Some(near) => format!("rename the sheet {near} to {VALUES}"),
            None => "`bidui check --params-form` writes a form with the present values".to_string(),
        };
        let message = format!("the workbook has no sheet {VALUES}");
        problems.push(Diagnostic::error("params.no_sheet", message, place.clone()).hint(hint));
        return (found, problems);
    }
    if names.iter().any(|n| n == GROUPS)
        && let Some(lines) = cells(&mut book, GROUPS, &place, &mut problems)
        && let Some(table) = Table::new(lines, &GROUP_HEADINGS, &place.clone().sheet(GROUPS), &mut problems)
    {
        found.groups = groups(&table, &mut problems);
    }
    if let Some(lines) = cells(&mut book, VALUES, &place, &mut problems)
        && let Some(table) = Table::new(lines, &VALUE_HEADINGS, &place.sheet(VALUES), &mut problems)
    {
        found.params = values(&table, &found.groups, codes, &mut problems);
    }
    for param in &found.params {
        params::check_values(param, &mut |problem| problems.push(problem));
    }
    (found, problems)
}

/// The filled cells of a sheet by row.
fn cells(
    book: &mut Xlsx<Cursor<Vec<u8>>>,
    sheet: &str,
    place: &Place,
    problems: &mut Vec<Diagnostic>,
) -> Option<BTreeMap<u32, Line>> {
    let mut lines: BTreeMap<u32, Line> = BTreeMap::new();
    let broken = |error: calamine::XlsxError| {
        Diagnostic::error("params.unreadable", format!("the sheet cannot be read: {error}"), place.clone().sheet(sheet))
            .hint("open it and save it again as .xlsx")
    };
    let mut reader = match book.worksheet_cells_reader(sheet) {
        Ok(reader) => reader,
        Err(error) => {
            problems.push(broken(error));
            return None;
        }
    };
    loop {
        match reader.next_cell() {
            Ok(None) => return Some(lines),
            Ok(Some(cell)) => {
                let (row, column) = cell.get_position();
                if row >= MOST.0 || column >= MOST.1 {
                    continue;
                }
                let value = match cell.get_value() {
                    DataRef::SharedString(text) => Data::String((*text).to_string()),
                    other => Data::from(other.clone()),
                };
                if let Some(cell) = Cell::of(value) {
                    lines.entry(row).or_default().insert(column, cell);
                }
            }
            Err(error) => {
                problems.push(broken(error));
                return None;
            }
        }
    }
}

fn name_problem(table: &Table, row: u32, heading: &str, name: &str) -> Option<Diagnostic> {
    (!is_column_name(name) || name == OTHER).then(|| {
        let message = format!("`{name}` is no name");
        Diagnostic::error("plan.bad_name", message, table.place(row, heading)).hint(
            "write it in lower-case ASCII letters, digits and _, for example income_line; the Chinese goes beside it",
        )
    })
}

fn groups(table: &Table, problems: &mut Vec<Diagnostic>) -> Vec<Group> {
    let mut found = Vec::new();
    for row in table.rows() {
        let Some(name) = table.need(row, "人群代码", problems) else { continue };
        problems.extend(name_problem(table, row, "人群代码", &name));
        let title = table.need(row, "人群名称", problems).unwrap_or_default();
        let text = table.need(row, "条件", problems).unwrap_or_default();
        let when = Sql { text, place: table.place(row, "条件") };
        found.push(Group { name, title, when, place: table.place(row, "人群代码") });
    }
    found
}

fn values(table: &Table, groups: &[Group], codes: &Codes, problems: &mut Vec<Diagnostic>) -> Vec<Param> {
    let mut found: Vec<Param> = Vec::new();
    for row in table.rows() {
        let Some(name) = table.need(row, "参数代码", problems) else { continue };
        let at = match found.iter().position(|p| p.name == name) {
            Some(at) => at,
            None => {
                problems.extend(name_problem(table, row, "参数代码", &name));
                let kind = table.need(row, "类型", problems).map(|word| (kind(table, row, &word, problems), word));
                found.push(Param {
                    title: table.need(row, "参数名称", problems).unwrap_or_default(),
                    kind: kind.map_or(Kind::Text, |(kind, _)| kind),
                    unit: table.text(row, "单位").unwrap_or_default(),
                    values: Vec::new(),
                    place: table.place(row, "参数代码"),
                    name,
                });
                found.len() - 1
            }
        };
        same_as_first(table, row, &found[at], problems);
        let value = value(table, row, &found[at], groups, codes, problems);
        found[at].values.push(value);
    }
    found
}

fn kind(table: &Table, row: u32, word: &str, problems: &mut Vec<Diagnostic>) -> Kind {
    let ascii = [Kind::Integer, Kind::Decimal, Kind::Text, Kind::Boolean, Kind::Date].map(|k| (k.name(), k));
    if let Some((_, kind)) = KINDS.iter().chain(&ascii).find(|(w, _)| *w == word) {
        return *kind;
    }
    let words = KINDS.map(|(word, _)| word).join("、");
    problems.push(
        Diagnostic::error("params.unknown_kind", format!("there is no type `{word}`"), table.place(row, "类型"))
            .hint(format!("choose one of {words}")),
    );
    Kind::Text
}

/// A parameter's further rows may leave its title, type and unit out, but must not say something else.
fn same_as_first(table: &Table, row: u32, param: &Param, problems: &mut Vec<Diagnostic>) {
    let kind_word = KINDS.iter().find(|(_, k)| *k == param.kind).map_or("", |(word, _)| word);
    for (heading, first) in [("参数名称", param.title.as_str()), ("类型", kind_word), ("单位", param.unit.as_str())]
    {
        let Some(here) = table.text(row, heading) else { continue };
        if here != first && !(heading == "类型" && here == param.kind.name()) {
            let message = format!("`{}` has the {heading} {here} here and {first} in its first row", param.name);
            problems.push(
                Diagnostic::error("params.contradiction", message, table.place(row, heading))
                    .hint("leave it empty in further rows, or correct the one that is wrong"),
            );
        }
    }
}

fn value(
    table: &Table,
    row: u32,
    param: &Param,
    groups: &[Group],
    codes: &Codes,
    problems: &mut Vec<Diagnostic>,
) -> ParamValue {
    let township = table.text(row, "乡镇").map(|written| {
        params::township(&written, codes).unwrap_or_else(|| {
            problems.push(params::unknown_township(&written, table.place(row, "乡镇")));
            written
        })
    });
    // Whether a group is declared is looked at when all files are read; a title counts as its name.
    let group = table.text(row, "人群").map(|written| match written.as_str() {
        "其他" | "其他户" => OTHER.to_string(),
        "脱贫户" if groups.is_empty() => "lifted".to_string(),
        _ => groups.iter().find(|g| g.title == written).map_or(written, |g| g.name.clone()),
    });
    let basis = table.text(row, "收入口径").and_then(|written| {
        let known = Basis::WORDS.iter().find(|(word, basis)| *word == written || basis.title() == written);
        if known.is_none() {
            let message = format!("there is no basis `{written}`");
            problems.push(
                Diagnostic::error("params.unknown_basis", message, table.place(row, "收入口径"))
                    .hint("write 纯收入 or 可支配收入, or leave it empty when it counts for both"),
            );
        }
        known.map(|(_, basis)| *basis)
    });
    let (from, until) = (table.day(row, "开始日期", problems), table.day(row, "结束日期", problems));
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        let message = "the value ends before it begins";
        problems.push(
            Diagnostic::error("plan.contradiction", message, table.place(row, "结束日期"))
                .hint("结束日期 is the last day on which the value holds; leave it empty while it holds"),
        );
    }
    ParamValue {
        from,
        until,
        township,
        group,
        basis,
        value: table.value(row, "值", param.kind, problems).unwrap_or(Value::Null),
        document: table.need(row, "文件依据", problems).unwrap_or_default(),
        place: table.place(row, "值"),
    }
}
