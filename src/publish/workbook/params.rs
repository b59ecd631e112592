//! The present parameters → 参数表.xlsx: a form that an office fills in instead of writing TOML.
//!
//! In: the plan and the names of its townships. Out: a workbook that `plan::param_book` reads back to the same parameters.

use std::path::Path;

use rust_xlsxwriter::{
    Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
    XlsxError,
};

use super::Issue;
use crate::diag::{Failure, Outcome};
use crate::model::build::Value;
use crate::model::text;
use crate::plan::param_book::{GROUP_HEADINGS, GROUPS, KINDS, VALUE_HEADINGS, VALUES};
use crate::plan::{Basis, Param, ParamValue, params};
use crate::publish::atomic;

/// Empty rows for what is added, formatted as the others.
const SPARE_ROWS: u32 = 60;
/// Excel's limit for the choices of a drop-down.
const MOST_LIST_CHARACTERS: usize = 255;

const NOTES: [&str; 10] = [
    "一行一个取值。同一参数的第二行起，名称、类型、单位可以不填。",
    "改变阈值时不要改旧行：在旧行填“结束日期”，再加一行，从“开始日期”起用新值，并写明文件依据。",
    "开始日期、结束日期都包含当天；结束日期不填表示一直有效。",
    "乡镇不填表示全县，写乡镇全称；人群不填表示所有户，“其他户”指不属于任何人群的户。",
    "收入口径不填表示两种口径都用；流程按 pipeline.toml 中 basis 选定的口径取值。",
    "同一天有几个取值都适用时，先看乡镇，再看人群，再看口径，取最具体的一个。",
    "每个参数必须有一个全县、所有户的取值，而且日期不能有空档，同一范围内不能重叠。",
    "值只写数字，例如 20000 或 0.60，不写“元”“万”“%”和逗号；是否写“是”或“否”；日期写成 2026-01-01。",
    "参数代码由规则引用，不要改动；新增的代码用小写英文字母、数字和下划线。",
    "填好后放在流程文件夹（与 pipeline.toml 同处），程序就以本表为准；先用 bidui check 检查，再用 bidui plan 看变化。",
];

struct Styles {
    title: Format,
    heading: Format,
    text: Format,
    day: Format,
    note: Format,
}

impl Styles {
    fn new() -> Self {
        let base = || Format::new().set_font_name("宋体").set_font_size(11).set_align(FormatAlign::VerticalCenter);
        let cell = || base().set_border(FormatBorder::Thin);
        Styles {
            title: base().set_font_size(14).set_bold(),
            heading: cell().set_bold().set_align(FormatAlign::Center).set_background_color(Color::RGB(0x00E7_ECF2)),
            text: cell().set_text_wrap(),
            day: cell().set_num_format("yyyy-mm-dd"),
            note: base().set_text_wrap(),
        }
    }
}

/// Writes the present parameters and groups as a form.
///
/// # Errors
/// `io.failed` when the file cannot be written.
pub fn params(issue: &Issue, townships: &[String], path: &Path) -> Outcome<()> {
    let bytes = made(issue, townships).map_err(|e| Failure::io("make the workbook", path, &e))?;
    atomic::write(path, &bytes)
}

fn made(issue: &Issue, townships: &[String]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let created = excel_day(text::to_days(issue.as_of))?;
    book.set_properties(
        &DocProperties::new()
            .set_title(format!("{} 参数表", issue.plan.title))
            .set_company(&issue.plan.county)
            .set_creation_datetime(&created),
    );
    let styles = Styles::new();
    values(book.add_worksheet(), issue, townships, &styles)?;
    groups(book.add_worksheet(), issue, &styles)?;
    let notes = book.add_worksheet();
    notes.set_name("填表说明")?;
    notes.set_column_width(0, 110)?;
    for (row, note) in (0u32..).zip(NOTES) {
        notes.write_string_with_format(row, 0, format!("{}. {note}", row + 1), &styles.note)?;
    }
    book.save_to_buffer()
}

fn head(
    sheet: &mut Worksheet,
    title: &str,
    headings: &[&str],
    widths: &[f64],
    styles: &Styles,
) -> Result<(), XlsxError> {
    sheet.write_string_with_format(0, 0, title, &styles.title)?;
    for ((column, heading), width) in (0u16..).zip(headings).zip(widths) {
        sheet.write_string_with_format(1, column, *heading, &styles.heading)?;
        sheet.set_column_width(column, *width)?;
    }
    sheet.set_freeze_panes(2, 1)?;
    sheet.set_landscape();
    sheet.set_paper_size(9); // A4
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(0, 1)?;
    Ok(())
}

fn values(sheet: &mut Worksheet, issue: &Issue, townships: &[String], styles: &Styles) -> Result<(), XlsxError> {
    sheet.set_name(VALUES)?;
    let title = format!("{}　{}　参数值（填法见“填表说明”）", issue.plan.county, issue.plan.title);
    let widths = [26.0, 30.0, 12.0, 16.0, 12.0, 12.0, 12.0, 12.0, 13.0, 14.0, 40.0];
    head(sheet, &title, &VALUE_HEADINGS, &widths, styles)?;
    let mut row = 2;
    for param in issue.plan.params.values() {
        for (place, value) in param.values.iter().enumerate() {
            line(sheet, row, param, value, place == 0, issue, styles)?;
            row += 1;
        }
    }
    let last = row + SPARE_ROWS;
    for row in row..last {
        for column in 0..VALUE_HEADINGS.len() as u16 {
            let style = if matches!(column, 4 | 5) { &styles.day } else { &styles.text };
            sheet.write_blank(row, column, style)?;
        }
    }
    let groups: Vec<String> = issue.plan.groups.iter().map(|g| g.title.clone()).chain(["其他户".to_string()]).collect();
    let kinds: Vec<String> = KINDS.iter().map(|(word, _)| (*word).to_string()).collect();
    let bases: Vec<String> = Basis::WORDS.iter().map(|(_, basis)| basis.title().to_string()).collect();
    for (column, choices) in [(2, kinds.as_slice()), (6, townships), (7, &groups), (8, &bases)] {
        if choices.is_empty() || choices.join(",").chars().count() > MOST_LIST_CHARACTERS {
            continue;
        }
        let rule = DataValidation::new()
            .allow_list_strings(choices)?
            .set_error_title("请从下拉列表中选择")?
            .set_error_message("只能填列表中的选项，或者留空。")?;
        sheet.add_data_validation(2, column, last - 1, column, &rule)?;
    }
    sheet.autofilter(1, 0, last - 1, VALUE_HEADINGS.len() as u16 - 1)?;
    Ok(())
}

fn line(
    sheet: &mut Worksheet,
    row: u32,
    param: &Param,
    value: &ParamValue,
    first: bool,
    issue: &Issue,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let kind = KINDS.iter().find(|(_, kind)| *kind == param.kind).map_or("", |(word, _)| word);
    let group = value.group.as_deref().map(|name| match issue.plan.groups.iter().find(|g| g.name == name) {
        Some(group) => group.title.as_str(),
        None if name == params::OTHER => "其他户",
        None => name,
    });
    let once = |text| if first { text } else { "" };
    let texts = [
        (0, param.name.as_str()),
        (1, once(param.title.as_str())),
        (2, once(kind)),
        (3, once(param.unit.as_str())),
        (6, value.township.as_deref().unwrap_or("")),
        (7, group.unwrap_or("")),
        (8, value.basis.map_or("", Basis::title)),
        (10, value.document.as_str()),
    ];
    for (column, text) in texts {
        match text {
            "" => sheet.write_blank(row, column, &styles.text)?,
            text => sheet.write_string_with_format(row, column, text, &styles.text)?,
        };
    }
    for (column, day) in [(4, value.from), (5, value.until)] {
        match day {
            Some(day) => sheet.write_datetime_with_format(row, column, excel_day(day)?, &styles.day)?,
            None => sheet.write_blank(row, column, &styles.day)?,
        };
    }
    #[expect(clippy::cast_precision_loss, reason = "amounts have 15 digits at most, and are read back in hundredths")]
    match &value.value {
        Value::Integer(n) => sheet.write_number_with_format(row, 9, *n as f64, &styles.text)?,
        Value::Decimal(n) => sheet.write_number_with_format(row, 9, *n as f64 / 100.0, &styles.text)?,
        Value::Float(n) => sheet.write_number_with_format(row, 9, *n, &styles.text)?,
        Value::Boolean(truth) => {
            sheet.write_string_with_format(row, 9, if *truth { "是" } else { "否" }, &styles.text)?
        }
        Value::Date(day) => sheet.write_datetime_with_format(row, 9, excel_day(*day)?, &styles.day)?,
        Value::Text(text) => sheet.write_string_with_format(row, 9, text, &styles.text)?,
        Value::Null => sheet.write_blank(row, 9, &styles.text)?,
    };
    Ok(())
}

fn groups(sheet: &mut Worksheet, issue: &Issue, styles: &Styles) -> Result<(), XlsxError> {
    sheet.set_name(GROUPS)?;
    head(sheet, "人群：从上到下第一个成立的算；都不成立的是“其他户”", &GROUP_HEADINGS, &[20.0, 20.0, 90.0], styles)?;
    for (row, group) in (2u32..).zip(&issue.plan.groups) {
        for (column, text) in (0u16..).zip([&group.name, &group.title, &group.when.text]) {
            sheet.write_string_with_format(row, column, text, &styles.text)?;
        }
    }
    Ok(())
}

fn excel_day(days: i32) -> Result<ExcelDateTime, XlsxError> {
    let day = text::from_days(days);
    ExcelDateTime::from_ymd(
        u16::try_from(day.year()).unwrap_or(1900),
        day.month().unsigned_abs(),
        day.day().unsigned_abs(),
    )
}
