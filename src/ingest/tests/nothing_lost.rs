//! Nothing is lost: whatever rows a table is made of, each is data, quarantined, or listed as not data.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Line {
    Data(String),
    Unnamed,
    Numbered,
    Blank,
    Total,
    Footer,
    Heading,
    Short,
    Wide,
    Quote,
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        4 => "[甲乙丙丁合小备]{1,3}".prop_map(Line::Data),
        1 => Just(Line::Unnamed),
        1 => Just(Line::Numbered),
        1 => Just(Line::Blank),
        1 => Just(Line::Total),
        1 => Just(Line::Footer),
        1 => Just(Line::Heading),
        1 => Just(Line::Short),
        1 => Just(Line::Wide),
        1 => Just(Line::Quote),
    ]
}

fn cells(line: &Line, i: usize) -> Vec<String> {
    let text: Vec<String> = match line {
        Line::Data(name) => vec![i.to_string(), name.clone(), "990121199001011248".into()],
        Line::Unnamed => vec![i.to_string(), "".into(), "12".into()],
        Line::Numbered => vec![i.to_string(), "".into(), "".into()],
        Line::Blank => vec!["".into(), " ".into(), "\u{3000}".into()],
        Line::Total => vec!["合 计".into(), "".into(), i.to_string()],
        Line::Footer => vec!["填表人：某".into(), "".into(), "".into()],
        Line::Heading => vec!["序号".into(), "姓名".into(), "身份证号".into()],
        Line::Short => vec![i.to_string(), "戊".into()],
        Line::Wide => vec![i.to_string(), "己".into(), "1".into(), "多".into()],
        Line::Quote => vec![i.to_string(), "\"庚".into(), "1".into()],
    };
    text
}

/// What must become of the lines of a CSV file: (data, quarantined, not data, blank).
fn fate(line: &Line, csv: bool) -> [u32; 4] {
    match line {
        Line::Data(_) | Line::Unnamed => [1, 0, 0, 0],
        Line::Numbered | Line::Total | Line::Footer | Line::Heading => [0, 0, 1, 0],
        Line::Blank => [0, 0, 0, 1],
        Line::Short | Line::Wide | Line::Quote if csv => [0, 1, 0, 0],
        Line::Short | Line::Wide | Line::Quote => [1, 0, 0, 0],
    }
}

fn check(lines: &[Line], csv: bool, delivery: &Delivery) -> Result<(), TestCaseError> {
    let mut expected = [0; 4];
    for line in lines {
        for (sum, n) in expected.iter_mut().zip(fate(line, csv)) {
            *sum += n;
        }
    }
    let count = |d| delivery.rejects.iter().filter(|r| r.disposition == d).count() as u32;
    let found = [delivery.rows.len() as u32, count(Disposition::Quarantined), count(Disposition::NotData)];
    prop_assert_eq!(&found[..], &expected[..3]);
    // No row stands twice or is out of order.
    let mut rows: Vec<u32> = table(delivery).row.clone();
    rows.extend(delivery.rejects.iter().map(|r| r.at.row));
    rows.sort_unstable();
    rows.dedup();
    prop_assert_eq!(rows.len() as u32, expected[..3].iter().sum::<u32>());
    prop_assert_eq!(rows.len() + expected[3] as usize, lines.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn in_delimited_text(lines in prop::collection::vec(line(), 0..40), title in any::<bool>()) {
        let mut text = if title { "某县名册\n" } else { "" }.to_string();
        text += "序号,姓名,身份证号\n";
        for (i, line) in lines.iter().enumerate() {
            text += &(cells(line, i).join(",") + "\n");
        }
        let dir = folder("表.csv", text);
        check(&lines, true, &deliver(&people(Format::Csv), dir.path()))?;
    }

    #[test]
    fn in_workbooks(lines in prop::collection::vec(line(), 0..40), title in any::<bool>()) {
        let mut rows = Vec::new();
        if title {
            rows.push(vec!["某县名册".to_string()]);
        }
        rows.push(["序号", "姓名", "身份证号"].map(String::from).to_vec());
        rows.extend(lines.iter().enumerate().map(|(i, l)| cells(l, i)));
        let borrowed: Vec<Vec<&str>> = rows.iter().map(|r| r.iter().map(String::as_str).collect()).collect();
        let borrowed: Vec<&[&str]> = borrowed.iter().map(Vec::as_slice).collect();
        let dir = folder("表.xlsx", workbook(&borrowed));
        check(&lines, false, &deliver(&people(Format::Xlsx), dir.path()))?;
    }

    #[test]
    fn in_web_pages_and_ods_files(lines in prop::collection::vec(line(), 0..40), title in any::<bool>()) {
        let mut rows = Vec::new();
        if title {
            rows.push(vec!["某县名册".to_string()]);
        }
        rows.push(["序号", "姓名", "身份证号"].map(String::from).to_vec());
        rows.extend(lines.iter().enumerate().map(|(i, l)| cells(l, i)));
        let page: String = rows.iter().map(|r| format!("<tr><td>{}</tr>", r.join("<td>"))).collect();
        let dir = folder("表.xls", format!("<table>{page}</table>"));
        check(&lines, false, &deliver(&people(Format::Any), dir.path()))?;
        let row = |r: &Vec<String>| {
            let cells: String = r.iter().map(|c| workbooks::text_cell(c, "")).collect();
            format!("<table:table-row>{cells}</table:table-row>")
        };
        let table: String = rows.iter().map(row).collect();
        let dir = folder("表.ods", workbooks::ods(&format!("<table:table table:name=\"甲\">{table}</table:table>")));
        check(&lines, false, &deliver(&people(Format::Any), dir.path()))?;
    }
}
