//! Every kind of form on paper: what its workbook says of widths, margins and scale, reckoned to points.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::path::Path;

use jiff::civil::date;

use super::{FormKind, Issued, spec, words};
use crate::cases::forms::IssuedRow;
use crate::codes;
use crate::model::form::FormSpec;
use crate::plan::load;
use crate::publish::workbook::{self, Issue};

/// Pixels of a character in the widest replacement of the workbook's font that was met: LibreOffice with DejaVu and Noto only. Its
/// pages, measured with `pdftohtml -xml -zoom 3`, have the sizes reckoned here.
const WIDEST_CHARACTER: f64 = 8.8;
/// Points that everybody can read.
const LEAST: f64 = 8.0;

/// A text as long as they come, by what the heading says.
fn sample(heading: &str) -> String {
    let has = |words: &[&str]| words.iter().any(|w| heading.contains(w));
    let text = match heading {
        "户主" => "艾合买提·艾尔肯",
        "证件号" => "990121********1234",
        "序号" | "组" | "人口" | "村民小组" => "12组",
        "开单编号" => "W0000123",
        "可用举措" => "医疗救助、资助参保、临时救助、纳入最低生活保障、特殊救助、特别救助（补差）",
        "类型" | "拟列类型" => "突发严重困难户",
        "纳入时间" => "2025年11月",
        _ if has(&["日期", "时间"]) => "2026-10-19",
        _ if has(&["月份", "起始月"]) => "2026年11月",
        _ if has(&["金额"]) => "120000.00",
        _ if has(&["依据", "条件", "核实事项", "答复", "查询", "反馈", "核对结果"]) => {
            return "近12个月合规自付35200元，达到20000元；上年家庭纯收入29055.48元。".repeat(3);
        }
        _ => "云岭镇黄泥坳村因病、因残",
    };
    text.to_string()
}

fn issued(kind: FormKind, spec: &FormSpec) -> Issued {
    let shown: BTreeMap<String, String> =
        spec.columns.iter().filter(|c| c.is_given()).map(|c| (c.heading.clone(), sample(&c.heading))).collect();
    let row = |n: u32| IssuedRow {
        token: format!("QTQGWJU{n:02}"),
        sheet: "黄泥坳村".into(),
        case: Some(n),
        order: None,
        shown: shown.clone(),
    };
    Issued {
        form: "FNP4YTGH9S".into(),
        kind,
        round: "2026Q3".into(),
        township_code: None,
        township: Some("云岭镇".into()),
        issued_on: date(2026, 10, 8),
        due_on: Some(date(2026, 10, 20)),
        rows: (0..3).map(row).collect(),
    }
}

fn part(path: &Path, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn number(xml: &str, tag: &str, attribute: &str) -> Option<f64> {
    let tag = &xml[xml.find(&format!("<{tag} "))?..];
    let tag = &tag[..tag.find('>')?];
    let value = tag.split_once(&format!(" {attribute}=\""))?.1;
    value.split('"').next()?.parse().ok()
}

/// Columns on paper: to the end of the print area, or all.
fn printed(book: &str, sheet: usize, all: usize) -> usize {
    let named = format!("<definedName name=\"_xlnm.Print_Area\" localSheetId=\"{sheet}\">");
    let Some((_, area)) = book.split_once(&named) else { return all };
    let last = area.split('<').next().unwrap().rsplit('$').nth(1).unwrap();
    last.trim_end_matches(':').bytes().fold(0, |n, letter| n * 26 + usize::from(letter - b'A' + 1))
}

/// Points of the cells' text on A4 across, and the columns on paper.
fn print_size(path: &Path, sheet: usize) -> (f64, usize) {
    let xml = part(path, &format!("xl/worksheets/sheet{}.xml", sheet + 1));
    assert!(xml.contains("paperSize=\"9\"") && xml.contains("orientation=\"landscape\""), "A4 across");
    assert_eq!(number(&xml, "pageSetup", "fitToWidth").unwrap_or(1.0), 1.0, "one page across");
    let mut widths = Vec::new();
    for col in xml.split("<col ").skip(1) {
        let col = format!("<col {col}");
        let of = |name| number(&col, "col", name).unwrap();
        widths.extend(std::iter::repeat_n(of("width"), (of("max") - of("min")) as usize + 1));
    }
    let columns = printed(&part(path, "xl/workbook.xml"), sheet, widths.len());
    let wide: f64 = widths[..columns].iter().map(|w| w * WIDEST_CHARACTER).sum();
    let margin = |side| number(&xml, "pageMargins", side).unwrap();
    let page = (297.0 / 25.4 - margin("left") - margin("right")) * 96.0;
    let size =
        part(path, "xl/styles.xml").split("<sz val=\"").nth(1).unwrap().split('"').next().unwrap().parse::<f64>();
    (size.unwrap() * (page / wide).min(1.0), columns)
}

#[test]
fn every_form_can_be_read_on_a4() {
    let (plan, problems) = load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines/quarterly")));
    let plan = plan.unwrap_or_else(|| panic!("{problems:?}"));
    let (codes, _) = codes::load(&plan.codes_dir);
    let issue = Issue { plan: &plan, round: "2026Q3", as_of: date(2026, 9, 30) };
    let kept = std::env::var_os("BIDUI_KEEP_FORMS");
    let scratch = tempfile::tempdir().unwrap();
    let dir = kept.as_ref().map_or(scratch.path(), Path::new);
    let mut told = String::new();
    for (kind, code, title) in FormKind::ALL {
        let Some(spec) = spec(kind, &plan, &codes) else {
            assert_eq!(kind, FormKind::National, "the other kinds are forms");
            continue;
        };
        let path = dir.join(format!("{code}.xlsx"));
        let sheets = match kind {
            FormKind::Blank | FormKind::SelfReport => {
                workbook::blank(&issue, &spec, &words(kind), "FNP4YTGH9S", "云岭镇", &path).unwrap();
                0..1
            }
            _ => {
                workbook::form(&issue, &spec, &words(kind), &issued(kind, &spec), &path).unwrap();
                0..2
            }
        };
        for sheet in sheets.clone() {
            let (size, columns) = print_size(&path, sheet);
            assert!(size >= LEAST, "{title}: sheet {sheet} is printed at {size:.2} points");
            if sheet + 1 == sheets.end {
                let asked = spec.columns.iter().rposition(|c| c.is_asked()).unwrap();
                assert!(columns > asked, "{title}: what is filled in is on paper");
                let left_off: Vec<&str> = spec.columns[columns..].iter().map(|c| c.heading.as_str()).collect();
                _ = writeln!(told, "{title} {size:.1} {}", left_off.join(" "));
            }
        }
    }
    insta::assert_snapshot!(told);
}
