"""Old workbooks, web pages, records and archives: all the forms in which a table leaves an office's programs."""

import io
import json
import struct
import zipfile

import xlwt

from .base import HEAD, LI, ROWS, WANG, XML, ZHANG, book, case, csv, people, wrong, zipped

TABLE = csv([HEAD, *ROWS])
BOOK = [HEAD, *ROWS]


def make():
    web_pages()
    old_workbooks()
    open_documents()
    binary_workbooks()
    dbase()
    json_lines()
    archives()


def one(name, content, what, faults=(33,), contract="people_any", sheet=None, **keys):
    keys = keys or {"read": 3, "records": people(2, sheet)}
    if sheet:
        for key in ("rejects", "findings"):
            keys[key] = [(sheet, *a) for a in keys.get(key, [])]
        for record in keys.get("records", []):
            record.setdefault("sheet", sheet)
    case(f"others/{name}", content, contract, what, faults, **keys)


def html(rows, charset="utf-8", cell="<td>{}</td>", before=""):
    body = "".join(f"<tr>{''.join(cell.format(v) for v in row)}</tr>\n" for row in rows)
    return f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}"></head><body>{before}<table border=1>\n{body}</table></body></html>'.encode(charset)


def web_pages():
    one("html_utf8.xls", html(BOOK), "a web page under the name of a workbook, as government web systems save it", (1, 33))
    one("html_gbk.xls", html(BOOK, "gb2312"), "the same in GBK, which the page says", (1, 4, 33))
    excel = html(BOOK, cell="<td x:str style='vnd.ms-excel.numberformat:@'>&nbsp;{}<br></td>")
    one("html_excel.xls", excel, "a page as Excel makes it, with spaces that do not break and line ends in the cells", (1, 33))
    spans = '<tr><td>村</td><td>姓名</td><td>身份证号</td><td>金额(元)</td></tr>'
    rows = [f'<tr><td rowspan="2">黄泥坳村</td><td>张建国</td><td>{ZHANG[1]}</td><td rowspan="2">300</td></tr>', f"<tr><td>李秀兰</td><td>{LI[1]}</td></tr>", f"<tr><td></td><td>王小明</td><td>{WANG[1]}</td><td>5</td></tr>"]
    one("html_merged.xls", f"<table>{spans}{''.join(rows)}</table>".encode(), "a village over two rows of a page; an amount over two rows is one amount", contract="villages_any", read=3,
        records=[{"row": 2, "village": "黄泥坳村", "amount": "300"}, {"row": 3, "name": "李秀兰", "village": "黄泥坳村", "amount": ""}, {"row": 4, "name": "王小明", "village": "", "amount": "5"}])
    one("html_title.xls", html(BOOK, before="<table><tr><td colspan=3>低保发放表</td></tr></table>"), "a title in a table of its own above the table", (6, 33), read=3, records=people(3))
    opened = "<table>" + "".join("<tr><td>" + "<td>".join(r) for r in BOOK)
    one("html_open.xls", f"{opened}</table>".encode(), "a page that closes nothing but its table", (1, 33))
    one("html_cut.xls", opened.encode(), "a page that ends within its table: a row may be missing, the last amount may be half of one", (1,), refused="ingest.truncated")
    one("html_cut_row.xls", html(BOOK)[: html(BOOK).rindex(b"</td>") - 1], "a page cut within its last cell", (1,), refused="ingest.truncated")
    one("html_cut_between.xls", html(BOOK)[: html(BOOK).rindex(b"<tr>")], "a page cut between two rows", (1,), refused="ingest.truncated")
    one("login.xls", '<!DOCTYPE html><html><body><form action="/login"><input name="user"></form>会话已过期，请重新登录</body></html>'.encode(), "the page that asks to log in, saved in place of the export", (1, 10), refused="ingest.web_page")
    one("script.xls", html([HEAD, ["<script>alert(1)</script>张建国", ZHANG[1], "1200"], *ROWS[1:]]), "a script in a cell is not shown and never run", (21, 23))
    one("web_archive.xls", b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n" + html(BOOK), "a page with its pictures in one file", (1,), refused="ingest.web_archive")
    cell = lambda v: f'<Cell><Data ss:Type="String">{v}</Data></Cell>'
    rows = "".join(f"<Row>{''.join(map(cell, r))}</Row>" for r in BOOK)
    sheet = f'{XML}<?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="名册"><Table>{rows}</Table></Worksheet></Workbook>'
    one("xml_2003.xls", sheet.encode(), "a workbook of Office 2003 in XML", (1, 33), sheet="名册")
    one("csv_named.xls", TABLE.encode("gb18030"), "delimited text under a workbook's name", (1, 33))
    one("tabs_named.xls", csv(BOOK, delimiter="\t").encode("gb18030"), "tabs between the cells, under a workbook's name, as many web systems save; told", (1, 33), read=3, problems=["ingest.delimiter"], records=people())


def old(fill, is_1904=False, name="名册"):
    workbook = xlwt.Workbook(encoding="utf-8")
    workbook.dates_1904 = is_1904
    sheet = workbook.add_sheet(name)
    fill(sheet)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def filled(rows):
    return lambda sheet: [sheet.write(r, c, v) for r, row in enumerate(rows) for c, v in enumerate(row) if v is not None]


def old_workbooks():
    plain = old(filled(BOOK))
    one("plain.xls", plain, "a workbook of the old kind", sheet="名册")
    one("plain_named.xlsx", plain, "the same under the new ending", (1, 33), sheet="名册")

    def titled(sheet):
        sheet.write_merge(0, 0, 0, 2, "低保发放表")
        filled([[], HEAD, *ROWS, ["合计", None, 1550.5]])(sheet)

    one("title.xls", old(titled), "a merged title and a total", (6, 33), sheet="名册", read=3, not_data=1, rejects=[(6, "row.total")], records=people(3))

    def cells(sheet):
        filled([HEAD, [ZHANG[0], ZHANG[1], 1200], [LI[0], float(LI[1][:15] + "000"), 350.5], [*WANG, True]])(sheet)

    one("cells.xls", old(cells), "numbers and a truth value in cells: a number cell holds no identity number", (25, 33), sheet="名册", read=3,
        findings=[(3, "id_number", "id_number.damaged"), (4, "amount", "amount.unreadable")], records=[people()[0], {"row": 3, "id_number_lane": "damaged", "id_number_partial": LI[1][:15]}])

    def days(sheet):
        style = xlwt.easyxf(num_format_str="YYYY-MM-DD")
        filled([["姓名", "日期", "出生日期", "年月"], ["张建国"]])(sheet)
        sheet.write(1, 1, 44625 - shift, style)
        sheet.write(1, 2, 24909 - shift, style)
        sheet.write(1, 3, "2022年3月")

    shift = 0
    march = [{"row": 2, "day": "2022-03-05", "birth": "1968-03-12", "month": "2022-03-01"}]
    one("days_1900.xls", old(days), "days counted from 1900", contract="dates_any", sheet="名册", read=1, records=march)
    shift = 1462
    one("days_1904.xls", old(days, is_1904=True), "days counted from 1904", contract="dates_any", sheet="名册", read=1, records=[dict(march[0])])

    def hidden(sheet):
        filled(BOOK)(sheet)
        sheet.row(2).hidden = True
        sheet.col(1).hidden = True

    one("hidden.xls", old(hidden), "a hidden row and a hidden column are read and told", sheet="名册", read=3, problems=["ingest.hidden_rows"], records=people())
    def far(sheet):
        filled(BOOK)(sheet)
        sheet.write(65_535, 255, "x")

    one("far_cell.xls", old(far), "a cell in the last corner: the parser would make room for sixteen million", (3,), refused="ingest.oversized")
    one("cut_half.xls", plain[: len(plain) // 2], "an old workbook cut in half", (1,), refused="ingest.truncated")
    one("cut_sector.xls", plain[:512], "the first sector of an old workbook", (1,), refused="ingest.truncated")


def ods(rows, before=""):
    """A workbook of OpenDocument: cells as (attributes, text) or texts."""
    def cell(value):
        if isinstance(value, tuple):
            attributes, shown = value
            return f"<table:table-cell {attributes}><text:p>{shown}</text:p></table:table-cell>" if shown is not None else f"<table:table-cell {attributes}/>"
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>' if value else "<table:table-cell/>"

    body = "".join(row if isinstance(row, str) else f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    names = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    content = f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names} office:version="1.3"><office:body><office:spreadsheet><table:table table:name="名册">{body}</table:table></office:spreadsheet></office:body></office:document-content>'
    manifest = '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>%s</manifest:manifest>'
    return {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content, "META-INF/manifest.xml": manifest % before}


def open_documents():
    one("plain.ods", zipped(ods(BOOK)), "a workbook of LibreOffice", sheet="名册")
    number = lambda v, shown: (f'office:value-type="float" office:value="{v}"', shown)
    typed = [HEAD, [*ZHANG, number("1200", "1,200.00")], [*LI, number("350.5", "351")], [*WANG, number("0", "0")]]
    one("typed.ods", zipped(ods(typed)), "numbers as they are and not as they are shown", sheet="名册")
    empty = '<table:table-row table:number-rows-repeated="1048571"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    one("repeated_empty.ods", zipped(ods([*BOOK, empty])), "a million empty rows of all columns in one element, as every file of LibreOffice has", (3, 33), sheet="名册")
    wide = lambda row: [*row, ('table:number-columns-repeated="16381"', None)]
    one("repeated_columns.ods", zipped(ods([wide(r) for r in BOOK])), "empty columns up to the last one", (3, 33), sheet="名册")
    merged = [["村", *HEAD], [('office:value-type="string" table:number-rows-spanned="2" table:number-columns-spanned="1"', "黄泥坳村"), *ROWS[0]]]
    cells = "".join('<table:table-cell office:value-type="string"><text:p>%s</text:p></table:table-cell>' % v for v in ROWS[1])
    covered = f"<table:table-row><table:covered-table-cell/>{cells}</table:table-row>"
    one("merged.ods", zipped(ods([*merged, covered, ["", *ROWS[2]]])), "a village merged over two rows", contract="villages_any", sheet="名册", read=3,
        records=[{"row": 2, "village": "黄泥坳村"}, {"row": 3, "name": "李秀兰", "village": "黄泥坳村"}, {"row": 4, "village": ""}])
    days = [["姓名", "日期", "出生日期", "年月"], ["张建国", ('office:value-type="date" office:date-value="2022-03-05"', "22/3/5"), ('office:value-type="date" office:date-value="1968-03-12T00:00:00"', "68/3/12"), "2022年3月"]]
    one("days.ods", zipped(ods(days)), "days as they are and not as they are shown", contract="dates_any", sheet="名册", read=1, records=[{"row": 2, "day": "2022-03-05", "birth": "1968-03-12", "month": "2022-03-01"}])
    locked = '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml" manifest:size="900"><manifest:encryption-data manifest:checksum="x"/></manifest:file-entry>'
    one("password.ods", zipped({**ods(BOOK, locked), "content.xml": bytes(range(256)) * 3}), "a workbook under a password", (30,), refused="ingest.password")
    whole = zipped(ods(BOOK))
    cut = ods(BOOK)
    one("content_cut.ods", zipped({**cut, "content.xml": cut["content.xml"][:-200]}), "an archive that is whole with content that is not", (1,), refused="ingest.truncated")
    one("cut_half.ods", whole[: len(whole) // 2], "cut in half", (1,), refused="ingest.truncated")


def binary(rows):
    """A workbook in binary records (MS-XLSB): texts in the shared table, numbers in cells."""
    def record(kind, data=b""):
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        size, length = len(data), b""
        while True:
            length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
            size >>= 7
            if not size:
                return head + length + data

    wide = lambda s: struct.pack("<I", len(s.encode("utf-16le")) // 2) + s.encode("utf-16le")
    shared, cells = {}, b""
    for r, row in enumerate(rows):
        cells += record(0, struct.pack("<IIHHBI", r, 0, 300, 0, 0, 0))
        for c, value in enumerate(row):
            if isinstance(value, str):
                cells += record(7, struct.pack("<III", c, 0, shared.setdefault(value, len(shared))))
            elif value is not None:
                cells += record(5, struct.pack("<IId", c, 0, value))
    size = struct.pack("<IIII", 0, len(rows) - 1, 0, len(rows[0]) - 1)
    sheet = record(129) + record(148, size) + record(145) + cells + record(146) + record(130)
    index = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("名册")) + record(144) + record(132)
    strings = record(159, struct.pack("<II", len(shared), len(shared))) + b"".join(record(19, b"\0" + wide(s)) for s in shared) + record(160)
    office, package = "http://schemas.openxmlformats.org/officeDocument/2006/relationships", "http://schemas.openxmlformats.org/package/2006"
    link = lambda id, kind, target: f'<Relationship Id="{id}" Type="{office}/{kind}" Target="{target}"/>'
    return {
        "[Content_Types].xml": f'{XML}<Types xmlns="{package}/content-types"><Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
        "_rels/.rels": f'{XML}<Relationships xmlns="{package}/relationships">{link("rId1", "officeDocument", "xl/workbook.bin")}</Relationships>',
        "xl/workbook.bin": index,
        "xl/_rels/workbook.bin.rels": f'{XML}<Relationships xmlns="{package}/relationships">{link("rId1", "worksheet", "worksheets/sheet1.bin")}{link("rId2", "sharedStrings", "sharedStrings.bin")}</Relationships>',
        "xl/worksheets/sheet1.bin": sheet,
        "xl/sharedStrings.bin": strings,
    }


def binary_workbooks():
    parts = binary(BOOK)
    one("plain.xlsb", zipped(parts), "a workbook in binary records", sheet="名册")
    one("numbers.xlsb", zipped(binary([HEAD, [*ZHANG, 1200.0], [*LI, 350.5], [WANG[0], float(WANG[1][:15] + "000"), 0.0]])), "numbers in cells", (25, 33), sheet="名册", read=3,
        findings=[(4, "id_number", "id_number.damaged")], records=people()[:2])
    one("sheet_cut.xlsb", zipped({**parts, "xl/worksheets/sheet1.bin": parts["xl/worksheets/sheet1.bin"][:60]}), "a sheet that ends within a record", (1,), refused="ingest.truncated")
    whole = zipped(parts)
    one("cut_half.xlsb", whole[: len(whole) // 2], "cut in half", (1,), refused="ingest.truncated")


def dbf(rows, page=0x4D, deleted=(), count=None, encoding="gbk"):
    """A table of dBase III: fields of 30 bytes."""
    names, body = rows[0], b""
    for i, row in enumerate(rows[1:]):
        body += (b"*" if i in deleted else b" ") + b"".join(v.encode(encoding).ljust(30) for v in row)
    fields = b"".join(n.encode(encoding).ljust(11, b"\0") + b"C" + bytes(4) + bytes([30, 0]) + bytes(14) for n in names)
    start = 32 + len(fields) + 1
    head = struct.pack("<BBBBIHH17xB2x", 3, 126, 9, 30, len(rows) - 1 if count is None else count, start, 1 + 30 * len(names), page)
    return head + fields + b"\r" + body + b"\x1a"


def dbase():
    rows = lambda first: people(first)
    one("plain.dbf", dbf(BOOK), "a table of a FoxPro program; records count from 1", read=3, records=rows(1))
    one("no_code_page.dbf", dbf(BOOK, page=0), "the same without a word about its code page", (4, 33), read=3, records=rows(1))
    one("deleted.dbf", dbf(BOOK, deleted=[1]), "a record marked as deleted is listed, not dropped", read=2, not_data=1, rejects=[(2, "row.deleted")], records=[rows(1)[0], rows(1)[2]])
    one("cut.dbf", dbf(BOOK)[:-50], "a table that ends within a record", (1,), refused="ingest.truncated")
    one("too_many_announced.dbf", dbf(BOOK, count=1_000_000_000), "a thousand million records announced, three there", (1, 3), refused="ingest.truncated")


def json_lines():
    def lines(rows):
        return "".join(json.dumps(dict(zip(HEAD, r)), ensure_ascii=False) + "\n" for r in rows)

    one("plain.jsonl", lines(ROWS), "an object in each line", read=3, records=people(1))
    one("numbers.jsonl", lines([[*ZHANG, 1200], [LI[0], int(LI[1][:17] + "0"), 350.5], [*WANG, None]]), "numbers as numbers: a program that wrote an identity number so may have rounded it", (25, 33), read=3,
        findings=[(2, "id_number", "id_number.damaged")], records=[people(1)[0], {"row": 2, "id_number": "", "id_number_lane": "damaged"}, {"row": 3, "amount": ""}])
    one("broken_line.jsonl", lines(ROWS[:1]) + '{"姓名": "李秀兰", "身份证号": \n' + lines(ROWS[2:]), "a line that is no object waits, the others go on", (1,), read=3, quarantined=1, rejects=[(2, "row.syntax")], records=[people(1)[0], people(1)[2]])
    one("nested.jsonl", lines([ROWS[0], [LI[0], LI[1], [1, 2]], ROWS[2]]), "a list where a value should be", (9,), read=3, quarantined=1, rejects=[(2, "row.nested")], records=[people(1)[0], people(1)[2]])
    one("list.json", json.dumps([dict(zip(HEAD, r)) for r in ROWS], ensure_ascii=False), "one list of objects", read=3, records=people(1))
    one("deep.jsonl", lines(ROWS[:1]) + '{"a":' * 3000 + "1" + "}" * 3000 + "\n", "three thousand objects in one another under a name that nobody knows", (2, 3), read=1, not_data=1, problems=["ingest.extra_column"], rejects=[(2, "row.no_value")], records=people(1)[:1])


def archives():
    gbk = io.BytesIO()
    with zipfile.ZipFile(gbk, "w") as archive:
        for name in ("低保/名册.csv",):
            info = zipfile.ZipInfo("x" * len(name.encode("gbk")), (1980, 1, 1, 0, 0, 0))
            info.create_system = 0
            archive.writestr(info, TABLE.encode("gb18030"))
    raw = gbk.getvalue().replace(b"x" * len("低保/名册.csv".encode("gbk")), "低保/名册.csv".encode("gbk"))
    one("gbk_names.zip", raw, "a table in an archive with names in GBK, as Windows packs them")
    one("utf8_names.zip", zipped({"低保/名册.csv": TABLE}), "a table in an archive with names in UTF-8")
    one("workbook.zip", zipped({"名册.xlsx": book(BOOK)}), "a workbook in an archive", sheet="Sheet1")
    one("two_tables.zip", zipped({"一.csv": TABLE, "二.csv": csv([HEAD, ["赵丽华", "", "5"]])}), "two tables in one archive", read=4, records=people())
    one("empty_member.zip", zipped({"a.csv": "", "b.csv": "", "名册.csv": TABLE}), "empty files before a table: told, and the table is read", (30,), read=3, problems=["ingest.empty_file", "ingest.empty_file"], records=people())
    one("beside.zip", zipped({"__MACOSX/._名册.csv": b"\0\5\x16\7", "~$名册.xlsx": b"\x05admin", "名册.csv": TABLE}), "a table among what systems leave beside it", (30, 33), read=3, problems=["ingest.left_out"], records=people())
    one("traversal.zip", zipped({"../../../../tmp/bidui-evil.csv": TABLE}), "a member that asks to be written outside of any folder", (22,), refused="ingest.zip_path")
    one("nested.zip", zipped({"内.zip": zipped({"名册.csv": TABLE})}), "an archive in an archive", (2,), refused="ingest.zip_nested")
    whole = zipped({"名册.csv": TABLE})
    one("cut_half.zip", whole[: len(whole) // 2], "an archive cut in half is told as that, and not as one that nobody asked for", (1,), refused="ingest.truncated")
    locked = bytearray(zipped({"名册.csv": TABLE}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.find(signature) + offset] |= 1
    one("password.zip", bytes(locked), "a member under a password", (30,), refused="ingest.password")
