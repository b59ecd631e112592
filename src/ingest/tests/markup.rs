//! Web pages and XML under the name of a workbook.

use encoding_rs::GB18030;

use super::workbooks::under;
use super::*;
use crate::ingest::limits::{LIMITS, Limits};

fn one(bytes: impl AsRef<[u8]>) -> Delivery {
    let mut source = people(Format::Any);
    source.fields.push(field("village?", "村", FieldKind::Village));
    let dir = folder("低保名册.xls", bytes);
    deliver(&source, dir.path())
}

/// What a government web system exports: its own idea of HTML, and of its encoding.
const PAGE: &str = r#"
<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>
<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><style>td{mso-number-format:"\@";}</style>
<script>document.write("<table><tr><td>姓名</td></tr></table>")</script></head><body>
<table border=1><caption>农村低保发放名册</caption>
<thead><tr><th rowspan=2>村<th colspan=2>人员</th><th rowspan="2" align=center>金额<br>(元)</th></tr>
<tr><th>姓名</th><th>身份证号</th></tr></thead>
<tr><td rowspan="2">云岭村</td><td>
      张三&nbsp; </td><td style='vnd.ms-excel.numberformat:@'>99012119900101123X</td><td x:num>310</td></tr>
<tr style="display: none"><td>李<b>四</b></td><td>990121199001011248<td></tr>
<TR><TD>清溪&amp;乡村</TD><TD>𠮷野</TD><TD>1</TD><TD>5</TD></TR>
<tr><td colspan="4"></td></tr>
<tr><td>合计</td><td></td><td></td><td>315</td></tr>
</table></body></html>"#;

#[test]
fn a_web_page_in_any_encoding() {
    let two_levels = |source: &mut Source| {
        source.header_rows = 2;
        source.fields[0].heading = "人员/姓名".into();
        source.fields[1].heading = "人员/身份证号".into();
    };
    let gb = GB18030.encode(PAGE).0.into_owned();
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(PAGE.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for bytes in [gb, PAGE.into(), format!("\u{feff}{PAGE}").into(), utf16] {
        let mut source = people(Format::Any);
        source.fields.push(field("village?", "村", FieldKind::Village));
        two_levels(&mut source);
        let dir = folder("低保名册.xls", bytes);
        let delivery = deliver(&source, dir.path());
        assert_eq!(texts(&delivery, "name"), ["张三\u{a0}", "李四", "𠮷野"]);
        assert_eq!(texts(&delivery, "id_number"), ["99012119900101123X", "990121199001011248", "1"]);
        assert_eq!(texts(&delivery, "village"), ["云岭村", "云岭村", "清溪&乡村"]);
        assert_eq!(texts(&delivery, "amount"), ["310", "-", "5"]);
        assert_eq!(kinds(&delivery, "amount")[0], CellKind::Number);
        assert_eq!(table(&delivery).row, [4, 5, 6]);
        assert_eq!(rejects(&delivery), [("row.total", 8)]);
        assert_eq!(codes(&delivery), ["ingest.hidden_rows"]);
        assert_eq!(table(&delivery).provenance(0).sheet, "");
    }
}

#[test]
fn tags_that_nobody_closes_and_tables_in_tables() {
    let page = "<div><table><tr><td>民政局<table><tr><td>姓名<td>身份证号<tr><td>张三<td>1</table>
        <tr><td>导出人</table><table><tr><td>李四<td>2<tr><td><table><tr><td>王五<td>3</body>";
    let delivery = one(page);
    assert_eq!(texts(&delivery, "name"), ["张三", "民政局", "导出人", "李四", "王五"]);
    assert_eq!(table(&delivery).row, [2, 3, 4, 5, 6]);
    // Text behind half a tag, an entity without an end, a comment that never closes.
    for page in [
        "<table><tr><td>姓名<td>身份证号<tr><td>张&lt三<td>1<tr></table><td",
        "<table><tr><td>姓名<td>身份证号<tr><td>张<三<td>1</table><!-- <tr>",
    ] {
        assert_eq!(one(page).read, 1, "{page}");
    }
}

#[test]
fn a_page_cut_anywhere_within_its_table_is_refused() {
    let page = "<html><body><table><tr><td>姓名</td><td>身份证号</td></tr>\n<tr><td>张三</td><td>1</td></tr>\n<tr><td>李四</td><td>2345</td></tr></table></body></html>";
    let (begins, ends) = (page.find("身份").unwrap(), page.find("</table>").unwrap() + "</table>".len());
    for cut in (begins..ends).filter(|cut| page.is_char_boundary(*cut)) {
        let delivery = one(&page[..cut]);
        assert!(delivery.rows.is_empty() && delivery.read == 0, "{cut}");
        assert!(codes(&delivery).contains(&"ingest.truncated"), "{cut}: {:?}", delivery.problems);
    }
    for cut in ends..=page.len() {
        assert_eq!(one(&page[..cut]).read, 2, "{cut}");
    }
}

#[test]
fn a_page_without_a_table_says_so() {
    let login = "<!DOCTYPE html><html><head><title>统一登录</title></head><body><form>请先登录</form></body></html>";
    for page in [login, "<html><body>500 Internal Server Error</body></html>"] {
        assert_eq!(codes(&one(page)), ["ingest.web_page"]);
    }
    assert_eq!(codes(&one("<table><tr><td>系统繁忙</td></tr></table>")), ["ingest.no_heading"]);
    assert_eq!(codes(&one("<table></table>")), ["ingest.empty_workbook"]);
    assert_eq!(codes(&one("MIME-Version: 1.0\nX-Document-Type: Workbook\n")), ["ingest.web_archive"]);
}

#[test]
fn bytes_that_are_not_text_set_their_row_aside() {
    let mut page = GB18030.encode("<table><tr><td>姓名<td>身份证号<tr><td>张三<td>1<tr><td>李").0.into_owned();
    page.extend(b"\xff<td>2");
    page.extend(&*GB18030.encode("<tr><td>王五<td>3</table>").0);
    let delivery = one(page);
    assert_eq!(texts(&delivery, "name"), ["张三", "王五"]);
    assert_eq!(rejects(&delivery), [("row.encoding", 3)]);
    assert_eq!(codes(&delivery)[0], "ingest.encoding_guessed");
}

#[test]
fn pages_that_mean_harm() {
    let heading = "<table><tr><td>姓名<td>身份证号<tr><td>张三<td>1";
    let table = [
        "<table>".repeat(100),
        format!("{heading}{}", "<tr><td colspan=1000 rowspan=65534>x".repeat(100) + &"<td colspan=1000>y".repeat(20)),
        format!("{heading}<td>{}", "长".repeat(1_000_000)),
    ];
    for page in table {
        assert_eq!(codes(&one(page)), ["ingest.oversized"]);
    }
    // A range that never ends reaches to the end of the table and no further.
    let tall =
        format!("{heading}<tr><td rowspan=99999999999>李四<td>2<tr><td>3</table><table><tr><td>王五<td>4</table>");
    assert_eq!(texts(&one(tall), "name"), ["张三", "李四", "李四", "王五"]);
    let small = "<table><tr><td>姓名<td>身份证号<tr><td rowspan=2>张三<td>1</table>";
    for limits in [
        Limits { cells: 3, ..LIMITS },
        Limits { merges: 0, ..LIMITS },
        Limits { page: 10, ..LIMITS },
        Limits { text: 10, ..LIMITS },
        Limits { columns: 1, ..LIMITS },
    ] {
        assert_eq!(under(limits, small), ["ingest.oversized"], "{limits:?}");
    }
}

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:x="urn:schemas-microsoft-com:office:excel" xmlns:html="http://www.w3.org/TR/REC-html40">
<Worksheet ss:Name="云岭 &amp; 镇"><Table ss:ExpandedColumnCount="9999999"><Column ss:Index="9" ss:Hidden="1" ss:Span="1"/>
<Row><Cell ss:MergeAcross="3"><Data ss:Type="String">低保名册</Data></Cell></Row>
<Row ss:Index="3"><Cell><Data ss:Type="String">村</Data></Cell><Cell><Data ss:Type="String">姓名</Data></Cell>
 <Cell ss:Index="5"><Data ss:Type="String">身份证号</Data></Cell><Cell><Data ss:Type="String">金额(元)</Data></Cell></Row>
<Row><Cell ss:MergeDown="1"><Data ss:Type="String">云岭村</Data></Cell><Cell><ss:Data ss:Type="String"><html:B>张</html:B>三</ss:Data>
 <Comment><ss:Data ss:Type="String">批注</ss:Data></Comment></Cell>
 <Cell ss:Index="5"><Data ss:Type="Number">990121199001011248</Data></Cell><Cell><Data ss:Type="Error">#DIV/0!</Data></Cell></Row>
<Row ss:Hidden="1"><Cell ss:Index="2"><Data ss:Type="String">李四</Data></Cell>
 <Cell ss:Index="5"><Data ss:Type="DateTime">2026-09-30T00:00:00.000</Data></Cell><Cell><Data ss:Type="Boolean">1</Data></Cell></Row>
</Table></Worksheet>
<Worksheet ss:Name="旧"><Table><Row><Cell><Data ss:Type="String">姓名</Data></Cell></Row></Table>
<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet>
</Workbook>"#;

#[test]
fn an_xml_workbook_of_2003() {
    use CellKind::{Bool, Date, Error, Number};
    let delivery = one(XML);
    assert_eq!(texts(&delivery, "name"), ["张三", "李四"]);
    assert_eq!(texts(&delivery, "village"), ["云岭村", "云岭村"]);
    assert_eq!(texts(&delivery, "id_number"), ["990121199001011248", "2026-09-30"]);
    assert_eq!(kinds(&delivery, "id_number"), [Number, Date]);
    assert_eq!((texts(&delivery, "amount"), kinds(&delivery, "amount")), (vec!["#DIV/0!", "TRUE"], vec![Error, Bool]));
    assert_eq!(table(&delivery).row, [4, 5]);
    assert_eq!(table(&delivery).provenance(0).sheet, "云岭 & 镇");
    assert_eq!(codes(&delivery), ["ingest.hidden_sheet", "ingest.hidden_rows"]);
    assert!(problem(&delivery, "ingest.hidden_rows").message.starts_with("1 rows and 2 columns"));
    let gb = GB18030.encode(&XML.replace("UTF-8", "GB2312")).0.into_owned();
    assert_eq!(texts(&one(gb), "village"), ["云岭村", "云岭村"]);
}

#[test]
fn xml_workbooks_that_are_cut_or_mean_harm() {
    for cut in (XML.find("<Worksheet").unwrap()..XML.len() - 1).step_by(37).filter(|c| XML.is_char_boundary(*c)) {
        let delivery = one(&XML[..cut]);
        assert_eq!(codes(&delivery).last(), Some(&"ingest.truncated"), "{cut}");
    }
    let table = [
        (XML.replace("ss:Index=\"3\"", "ss:Index=\"1\""), "ingest.broken_workbook"),
        (XML.replace("ss:Index=\"3\"", "ss:Index=\"1048577\""), "ingest.broken_workbook"),
        (XML.replace("ss:Index=\"5\"", "ss:Index=\"16385\""), "ingest.broken_workbook"),
        (XML.replace("低保名册", &"长".repeat(1_000_000)), "ingest.oversized"),
        (XML.replace("低保名册", &"&amp;".repeat(1_000_000)), "ingest.oversized"),
    ];
    for (xml, code) in table {
        assert_eq!(codes(&one(xml)), [code]);
    }
    // Entities of its own mean nothing: no bomb is laid with them.
    let bomb = XML.replacen("<Workbook", "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><Workbook", 1);
    assert_eq!(texts(&one(bomb.replace("李四", "李四&b;")), "name"), ["张三", "李四\u{fffd}"]);
    assert_eq!(under(Limits { cells: 3, ..LIMITS }, XML), ["ingest.oversized"]);
    assert_eq!(under(Limits { merges: 1, ..LIMITS }, XML), ["ingest.oversized"]);
}
