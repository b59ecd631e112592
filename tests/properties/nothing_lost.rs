//! Nothing is lost: whatever mixture of faults a table is made of, each of its rows is accepted, quarantined or folded, or is
//! listed as no data, once, and for the reason that was put in.

use bidui::ingest::{self, InputFile};
use bidui::model::{Disposition, Provenance};
use bidui::normalize;
use proptest::prelude::*;
use rust_xlsxwriter::{Workbook, Worksheet};

use crate::corpus::contracts;
use crate::support::AS_OF;

/// One row with what is wrong with it.
#[derive(Debug, Clone, Copy)]
enum Line {
    Sound,
    /// A row that stood before, if there is one.
    Again(prop::sample::Index),
    DamagedNumber,
    DamagedAmount,
    FormulaName,
    InvisibleName,
    NumberAlone,
    Nobody,
    BadBytes,
    OtherEncoding,
    Short,
    Wide,
    Quote,
    QuotedLineEnd,
    Oversized,
    Blank,
    InvisibleBlank,
    Total,
    LongTotal,
    Signature,
    Heading,
    Title,
    RunningNumber,
}

/// What must become of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Accepted,
    Quarantined(&'static str),
    Folded,
    NotData(&'static str),
    /// Nothing is there.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Utf8,
    Utf8Marked,
    Gb18030,
    Xlsx,
}

const HEAD: [&str; 4] = ["序号", "姓名", "身份证号", "金额(元)"];
const TITLE: &str = "澄岚县低保发放表";

fn line() -> impl Strategy<Value = Line> {
    use Line::*;
    prop_oneof![
        6 => Just(Sound),
        2 => any::<prop::sample::Index>().prop_map(Again),
        1 => prop::sample::select(vec![DamagedNumber, DamagedAmount, FormulaName, InvisibleName, NumberAlone]),
        1 => Just(Nobody),
        3 => prop::sample::select(vec![BadBytes, OtherEncoding, Short, Wide, Quote, QuotedLineEnd]),
        1 => prop::sample::select(vec![Blank, InvisibleBlank, Total, LongTotal, Signature, Heading, Title, RunningNumber]),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![Kind::Utf8, Kind::Utf8Marked, Kind::Gb18030])
}

/// A number of the fictional county that checks; different for each `i` below a thousand.
fn number(i: usize) -> String {
    let digits = format!("99012119700101{i:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
    format!("{digits}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// The cells of a row; `i` makes every row another one.
fn cells(line: Line, i: usize) -> Vec<String> {
    use Line::*;
    let (serial, amount) = (i.to_string(), format!("{i}.5"));
    let row = |name: &str, number: &str, amount: &str| {
        vec![serial.clone(), name.to_string(), number.to_string(), amount.to_string()]
    };
    match line {
        Sound | Again(_) | BadBytes | Quote => row("张建国", &number(i), &amount),
        DamagedNumber => row("李秀兰", "9.90121E+17", &amount),
        DamagedAmount => row("李秀兰", &number(i), &format!("约{i}-9")),
        FormulaName => row("=1+1", &number(i), &amount),
        InvisibleName => row("张\u{200b}建\u{202e}国\0", &number(i), &amount),
        NumberAlone => row("", &number(i), &amount),
        Nobody => row("-", "", &amount),
        OtherEncoding => row("李玥", &number(i), &amount),
        Short => vec![serial.clone(), format!("王小明{i}")],
        Wide => [row("王小明", &number(i), &amount), vec!["多".into()]].concat(),
        QuotedLineEnd => row("张建\n国", &number(i), &amount),
        Oversized => row(&"长".repeat(32_768), &number(i), &amount),
        Blank => row("", " ", "").into_iter().skip(1).chain(["".to_string()]).collect(),
        InvisibleBlank => vec!["\u{200b}".into(), "\u{3000}".into(), "\u{feff}".into(), "".into()],
        Total => vec!["合 计".into(), "".into(), "".into(), amount.clone()],
        LongTotal => vec!["".into(), "本页小计：".into(), "".into(), amount.clone()],
        Signature => vec!["填表人：赵某".into(), "".into(), "审核人：钱某".into(), "".into()],
        Heading => HEAD.map(String::from).to_vec(),
        Title => vec![TITLE.into(), "".into(), "".into(), "".into()],
        RunningNumber => vec![serial.clone(), "".into(), "".into(), "".into()],
    }
}

fn fate(line: Line, kind: Kind) -> Fate {
    use Line::*;
    let text = kind != Kind::Xlsx;
    match line {
        BadBytes if text => Fate::Quarantined("row.encoding"),
        OtherEncoding if kind == Kind::Gb18030 => Fate::Quarantined("row.encoding"),
        Short | Wide if text => Fate::Quarantined("row.width"),
        Quote if text => Fate::Quarantined("row.quote"),
        Oversized => Fate::Quarantined("row.oversized"),
        Nobody => Fate::Quarantined("row.no_identity"),
        Again(_) => Fate::Folded,
        Blank | InvisibleBlank => Fate::Nothing,
        Total | LongTotal | Signature => Fate::NotData("row.total"),
        Heading | Title => Fate::NotData("row.repeated_heading"),
        RunningNumber => Fate::NotData("row.no_value"),
        _ => Fate::Accepted,
    }
}

/// Rows with their places in the file, and what must become of them.
struct Table {
    bytes: Vec<u8>,
    fates: Vec<(u32, Fate)>,
}

/// Every file has enough sound rows that most of it is in its encoding.
fn with_sound_rows(lines: &[Line]) -> Vec<Line> {
    lines.iter().copied().chain(std::iter::repeat_n(Line::Sound, lines.len() + 2)).collect()
}

/// The lines as rows of cells: a repeated row is the cells of an earlier one.
fn rows(lines: &[Line], kind: Kind) -> Vec<(Line, Fate, Vec<String>)> {
    let mut all: Vec<(Line, Fate, Vec<String>)> = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let sound: Vec<usize> = (0..all.len()).filter(|&at| matches!(all[at].0, Line::Sound)).collect();
        let row = match line {
            // The running number is not part of the contract: the repetition has its own.
            Line::Again(at) if !sound.is_empty() => {
                let mut cells = all[*at.get(&sound)].2.clone();
                cells[0] = i.to_string();
                (*line, Fate::Folded, cells)
            }
            Line::Again(_) => (Line::Sound, Fate::Accepted, cells(Line::Sound, i)),
            line => (*line, fate(*line, kind), cells(*line, i)),
        };
        all.push(row);
    }
    all
}

fn text_table(lines: &[Line], kind: Kind, crlf: bool, dos: bool) -> Table {
    let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    let encode = |text: &str| match kind {
        Kind::Gb18030 => encoding_rs::GB18030.encode(text).0.into_owned(),
        _ => text.as_bytes().to_vec(),
    };
    let mut bytes = if kind == Kind::Utf8Marked { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
    for row in [vec![TITLE, "", "", ""], HEAD.to_vec()] {
        bytes.extend(encode(&row.join(",")));
        bytes.extend(end);
    }
    let (mut at, mut fates) = (3, Vec::new());
    for (line, fate, cells) in rows(lines, kind) {
        fates.push((at, fate));
        let quoted = |cell: &String| if cell.contains('\n') { format!("\"{cell}\"") } else { cell.clone() };
        let joined = cells.iter().map(quoted).collect::<Vec<_>>().join(",");
        match line {
            Line::BadBytes => bytes.extend([encode(&joined), b"\xff\xfe".to_vec()].concat()),
            Line::OtherEncoding => bytes.extend(joined.as_bytes()),
            Line::Quote => bytes.extend(encode(&joined.replacen(',', ",\"", 1))),
            _ => bytes.extend(encode(&joined)),
        }
        bytes.extend(end);
        at += 1 + joined.matches('\n').count() as u32;
    }
    if dos {
        bytes.push(0x1a);
    }
    Table { bytes, fates }
}

fn workbook(lines: &[Line]) -> Table {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let write = |sheet: &mut Worksheet, row: u32, cells: &[String]| {
        for (column, text) in cells.iter().enumerate().filter(|(_, t)| !t.is_empty() && t.len() <= 32_767) {
            sheet.write_string(row, column as u16, text).unwrap();
        }
    };
    write(sheet, 0, &[TITLE.to_string()]);
    write(sheet, 1, &HEAD.map(String::from));
    let mut fates = Vec::new();
    for (i, (_, fate, cells)) in rows(lines, Kind::Xlsx).into_iter().enumerate() {
        write(sheet, i as u32 + 2, &cells);
        fates.push((i as u32 + 3, fate));
    }
    Table { bytes: book.save_to_buffer().unwrap(), fates }
}

/// Reads a table and holds what became of each row against what must.
fn check(table: &Table, contract: &str, name: &str) -> Result<(), TestCaseError> {
    let (plan, codes) = contracts();
    let source = plan.sources.iter().find(|s| s.id == contract).expect("a contract of the corpus");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, &table.bytes).unwrap();
    let delivery = ingest::read(source, &[InputFile { relative: name.into(), path }]);
    prop_assert!(delivery.refused.is_empty(), "{:?}", delivery.problems);
    let normalized = normalize::records(source, &delivery.rows.table().unwrap(), codes, AS_OF.parse().unwrap());

    let records = &normalized.records;
    let mut found: Vec<(u32, Fate)> =
        (0..records.rows()).map(|i| (Provenance::of(records, i).row, Fate::Accepted)).collect();
    found.extend(delivery.rejects.iter().chain(&normalized.rejects).map(|r| {
        let fate = match r.disposition {
            Disposition::Quarantined => Fate::Quarantined(r.code),
            Disposition::Folded => Fate::Folded,
            Disposition::NotData => Fate::NotData(r.code),
        };
        (r.at.row, fate)
    }));
    found.sort_unstable();
    let expected: Vec<_> = table.fates.iter().copied().filter(|(_, f)| *f != Fate::Nothing).collect();
    prop_assert_eq!(&found, &expected);
    let read = expected.iter().filter(|(_, f)| !matches!(f, Fate::NotData(_))).count() as u64;
    prop_assert_eq!(delivery.read, read);
    prop_assert_eq!(
        read,
        normalized.accepted + normalized.quarantined + normalized.folded + (delivery.read - delivery.rows.len() as u64)
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_delimited_text(lines in prop::collection::vec(line(), 0..40), kind in kind(), crlf in any::<bool>(), dos in any::<bool>()) {
        let mut lines = with_sound_rows(&lines);
        if lines.len().is_multiple_of(5) {
            lines.insert(lines.len() / 2, Line::Oversized);
        }
        check(&text_table(&lines, kind, crlf, dos), "people_csv", "名册.csv")?;
    }

    #[test]
    fn in_workbooks(lines in prop::collection::vec(line(), 0..40)) {
        check(&workbook(&with_sound_rows(&lines)), "people_xlsx", "名册.xlsx")?;
    }
}
