"""Delimited text: encodings, line ends, quotes, widths, headings, titles, totals (reliability.md 4–8, 10, 21, 23, 24)."""

from .base import HEAD, LI, ROWS, WANG, ZHANG, case, csv, people, wrong

TABLE = csv([HEAD, *ROWS])


def make():
    encodings()
    lines_and_quotes()
    headings()
    not_data()
    rows()
    characters()
    delivered()


def encodings():
    def one(name, content, what, contract="people_csv", **keys):
        keys = keys or {"read": 3, "records": people()}
        case(f"text/{name}.csv", content, contract, what, [4, 33], **keys)

    mark = "\ufeff"
    one("utf8", TABLE, "UTF-8 as a database writes it")
    one("utf8_bom", mark + TABLE, "UTF-8 with a byte order mark, as Excel saves it")
    one("gbk", TABLE.encode("gbk"), "GBK as old programs write it")
    rare = csv([HEAD, ["㼆德", ZHANG[1], "1"], ["李𬱖", LI[1], "2"], ["王小明", WANG[1], "3"]]).encode("gb18030")
    one("gb18030_rare", rare, "GB18030 with four-byte characters in names: GBK does not have them", read=3,
        records=[{"row": 2, "name": "㼆德"}, {"row": 3, "name": "李𬱖"}])
    one("gb18030_bom", (mark + TABLE).encode("gb18030"), "GB18030 with a byte order mark of its own")
    one("utf16le_bom", (mark + TABLE).encode("utf-16le"), "UTF-16 as Excel's 'Unicode text' is")
    one("utf16be_bom", (mark + TABLE).encode("utf-16be"), "UTF-16, the high byte first")
    one("utf16le_bare", TABLE.encode("utf-16le"), "UTF-16 without a mark: no other text has a zero in every other byte, so it is no guess; told", read=3, problems=["ingest.encoding_mark"], records=people())
    one("utf16le_declared", TABLE.encode("utf-16le"), "UTF-16 without a mark, which the contract declares", "people_utf16", read=3, records=people())
    one("declared_gbk", TABLE.encode("gbk"), "GBK, which the contract declares", "people_gbk", read=3, records=people())
    one("declared_gbk_is_utf8", TABLE, "UTF-8 although the contract declares GBK: every name would be wrong", "people_gbk", refused="ingest.encoding")
    one("declared_gbk_is_marked", mark + TABLE, "a byte order mark is believed before the contract", "people_gbk", read=3, problems=["ingest.encoding_mark"], records=people())
    one("ascii", csv([HEAD]).encode("gbk") + csv([["Li Hua", wrong(ZHANG[1]), "1"]]).encode(),
        "GBK in the headings alone; the check digit of the number is wrong", read=1, findings=[(2, "id_number", "id_number.check_digit")])
    bad = TABLE.encode("gb18030").replace("李秀兰".encode("gb18030"), b"\xc0\xee\xff\xfe")
    one("gb18030_bad_bytes", bad, "bytes in one row that are no text: the row waits, the others go on", read=3, quarantined=1,
        rejects=[(3, "row.encoding")], records=[people()[0], people()[2]])
    # Three characters of UTF-8 have nine bytes, which are no GB18030; two have six, which are: 李玥 reads 鏉庣帴.
    mixed = lambda name: csv([HEAD, ROWS[0]]).encode("gb18030") + csv([[name, LI[1], "350.5"]]).encode() + csv([ROWS[2]]).encode("gb18030")
    one("mixed_gb18030_utf8", mixed("李小玥"), "a UTF-8 row pasted into a GB18030 file", read=3, quarantined=1, rejects=[(3, "row.encoding")],
        records=[people()[0], people()[2]])
    one("mixed_unseen", mixed("李玥"), "a UTF-8 row in a GB18030 file that also happens to be valid GB18030: the name would be 鏉庣帴", read=3,
        quarantined=1, rejects=[(3, "row.encoding")], records=[people()[0], people()[2]])
    one("mixed_utf8_gb18030", csv([HEAD, ROWS[0]]).encode() + csv([ROWS[1]]).encode("gb18030") + csv([ROWS[2]]).encode(),
        "a GB18030 row pasted into a UTF-8 file", read=3, quarantined=1, rejects=[(3, "row.encoding")], records=[people()[0], people()[2]])
    one("utf8_cut_character", TABLE.encode()[:-12] + b"\xe7\x8e", "UTF-8 that ends within a character: a transfer that broke off", read=3, quarantined=1,
        rejects=[(4, "row.encoding")], records=people()[:2])
    one("big5", csv([["姓名", "身份證號", "金額(元)"], ["陳大文", ZHANG[1], "1"]]).encode("big5"),
        "Big5 is valid GB18030 by bytes; its headings are not those of the contract", refused="ingest.no_heading")


def lines_and_quotes():
    def one(name, content, what, contract="people_csv", **keys):
        keys = keys or {"read": 3, "records": people()}
        case(f"text/{name}.csv", content, contract, what, [23, 33], **keys)

    one("lf", csv([HEAD, *ROWS], "\n"), "line feeds alone")
    one("cr", csv([HEAD, *ROWS], "\r"), "carriage returns alone, as very old programs write")
    one("mixed_ends", csv([HEAD, ROWS[0]], "\n") + csv(ROWS[1:], "\r\n"), "two kinds of line ends, after an edit on another system")
    one("no_last_end", csv([HEAD, *ROWS], last=False), "no line end behind the last row")
    one("dos_end", TABLE + "\x1a", "the end mark of DOS behind the last row is no row")
    one("tab", csv([HEAD, *ROWS], delimiter="\t"), "tabs between the cells", "people_tab", read=3, records=people())
    one("semicolon", csv([HEAD, *ROWS], delimiter=";"), "semicolons between the cells", "people_semicolon", read=3, records=people())
    one("other_delimiter", csv([HEAD, *ROWS], delimiter="|"), "bars between the cells although the contract says nothing of them: plainly so, and told", read=3, problems=["ingest.delimiter"], records=people())
    quoted = [[f'"{cell}"' for cell in row] for row in [HEAD, *ROWS]]
    one("all_quoted", csv(quoted), "every cell in quotes")
    comma = csv([["姓名", "身份证号", "备注"], ["张建国", ZHANG[1], '"低保,残疾"'], ["李秀兰", LI[1], '"说""好""的"'], ["王小明", WANG[1], "无"]])
    one("quoted_comma", comma, "commas and quotes inside of quoted cells", "remarks", read=3,
        records=[{"row": 2, "remark": "低保,残疾"}, {"row": 3, "remark": '说"好"的'}, {"row": 4, "remark": "无"}])
    line = csv([["姓名", "身份证号", "备注"], ["张建国", ZHANG[1], '"第一行\n第二行"'], ["李秀兰", LI[1], "好"]])
    one("quoted_line_end", line, "a line end inside of a quoted cell: rows are counted by lines", "remarks", read=2,
        records=[{"row": 2, "remark": "第一行 第二行"}, {"row": 4, "remark": "好"}])
    one("stray_quote", csv([HEAD, ROWS[0], ['"' + LI[0], LI[1], "350.5"], ROWS[2]]), "a quote that opens and never closes costs its own row alone", read=3, quarantined=1,
        rejects=[(3, "row.quote")], records=[people()[0], people()[2]])
    one("stray_quote_last", csv([HEAD, *ROWS[:2], ['"' + WANG[0], WANG[1], "0"]]), "a quote that opens in the last row", read=3, quarantined=1,
        rejects=[(4, "row.quote")], records=people()[:2])
    one("quote_inside", csv([["姓名", "身份证号", "备注"], ["张建国", ZHANG[1], '5"管'], ["李秀兰", LI[1], "好"]]), "a quote in the middle of a cell is an inch", "remarks", read=2,
        records=[{"row": 2, "remark": '5"管'}])
    wrapped = csv([HEAD, ["张建国", f'="{ZHANG[1]}"', "1"], ["李秀兰", f'"=""{LI[1]}"""', "2"], ["王小明", f"'{WANG[1]}", "3"]])
    one("wrapped_numbers", wrapped, "numbers wrapped as formulas or behind an apostrophe so that Excel keeps them", read=3,
        records=[{"row": 2, "id_number": ZHANG[1], "id_number_lane": "repaired"}, {"row": 3, "id_number": LI[1]}, {"row": 4, "id_number": WANG[1]}])


def headings():
    def one(name, rows, what, faults, contract="people_csv", **keys):
        case(f"text/{name}.csv", rows if isinstance(rows, str) else csv(rows), contract, what, faults, **keys)

    one("duplicate_heading", [[*HEAD, "姓名"], *[[*r, "某某"] for r in ROWS]], "two columns of one name: which is right is not for a program to guess", [5], refused="ingest.duplicate_header")
    one("duplicate_by_alias", [["姓名", "身份证号", "证件号码", "金额(元)"], ["张建国", ZHANG[1], LI[1], "1"]], "a heading and its alias side by side", [5], refused="ingest.duplicate_header")
    one("missing_column", [HEAD[:2], *[r[:2] for r in ROWS]], "a required column is missing", [7], refused="ingest.missing_column")
    one("renamed_column", [["姓名", "身份证号", "发放金额(元)"], *ROWS], "a renamed column is a refusal with a suggestion, never a guess", [8, 9], refused="ingest.missing_column")
    one("alias", [["姓名", "公民身份号码", "金额(元)"], *ROWS], "a heading under its alias", [8], read=3, records=people())
    one("extra_column", [[*HEAD, "民族"], *[[*r, "汉"] for r in ROWS]], "a new column is told and not used", [9], read=3, problems=["ingest.extra_column"], records=people())
    one("other_order", [HEAD[::-1], *[r[::-1] for r in ROWS]], "the columns in another order", [9], read=3, records=people())
    one("dressed_headings", [[" *姓　名", "身份证号 ", '"金额\n（元）"'], *ROWS], "headings with spaces, a star, a line end and full-width brackets", [6, 33], read=3, records=people(3))
    one("optional_missing", [["姓名", "身份证号", "金额(元)"], *ROWS], "an optional column is missing: told", [9], "optional", read=3, problems=["ingest.optional_column"], records=people())
    one("two_titles", [["澄岚县低保发放表", "", ""], ["2026年9月", "", ""], HEAD, *ROWS], "two title rows", [6, 33], read=3, records=people(4))
    one("three_titles", "澄岚县民政局\r\n低保发放表\r\n2026年9月30日\r\n" + TABLE, "three title rows without the commas of the table", [6, 33], read=3, records=people(5))
    one("heading_far_down", [["说明", "", ""]] * 12 + [HEAD, *ROWS], "the headings stand below the rows that are searched", [6], refused="ingest.no_heading")
    one("no_heading", ROWS, "no headings at all: the first row is data", [6, 7], refused="ingest.no_heading")
    one("two_levels", [["序号", "学校信息", "学生信息", "", "资助金额(元)"], ["", "学校", "姓名", "身份证号", ""], ["1", "云岭小学", "张建国", ZHANG[1], "500"], ["2", "云岭小学", "李秀兰", LI[1], "600"]],
        "a two-level heading that was merged before it went through CSV", [6, 33], "two_levels_csv", read=2, problems=["ingest.extra_column"],
        records=[{"row": 3, "school": "云岭小学", "name": "张建国", "id_number": ZHANG[1], "amount": "500"}, {"row": 4, "amount": "600"}])
    one("headings_only", [HEAD], "an empty export: told, since it looks like nobody to report", [10], problems=["ingest.no_rows"])
    one("202609", [HEAD[:2], *[r[:2] for r in ROWS]], "the month stands in the file's name alone", [33], "from_name", read=3, records=[{"row": 2, "month": "202609"}])


def not_data():
    def one(name, rows, what, contract="people_csv", **keys):
        case(f"text/{name}.csv", rows if isinstance(rows, str) else csv(rows), contract, what, [6, 33], **keys)

    total = [["合计", "", "1550.5"], ["小　计：", "", "1550.5"], ["填表人：赵某", "审核人：钱某", ""], ["", "审核人：钱某", ""], ["备注：本表一式两份", "", ""], ["注：金额单位为元", "", ""]]
    one("footers", [HEAD, *ROWS, *total], "totals, signatures and remarks below the table are listed and not counted", read=3, not_data=6, rejects=[(r, "row.total") for r in range(5, 11)], records=people())
    one("pages", [["低保发放表", "", ""], HEAD, ROWS[0], ["低保发放表", "", ""], HEAD, ROWS[1], ["本页小计", "", "350.5"], HEAD, ROWS[2]],
        "title and headings again on each printed page; a subtotal under a longer word", read=3, not_data=4,
        rejects=[(4, "row.repeated_heading"), (5, "row.repeated_heading"), (7, "row.total"), (8, "row.repeated_heading")],
        records=[people(3)[0], people(5)[1], people(7)[2]])
    one("blank_rows", [HEAD, ROWS[0], ["", "", ""], ROWS[1], [" ", "\u3000", ""], ROWS[2]], "blank rows between the groups", read=3,
        records=[people(2)[0], people(3)[1], people(4)[2]])
    one("blank_lines", csv([HEAD, ROWS[0]]) + "\r\n\r\n" + csv(ROWS[1:]), "lines without anything between the groups", read=3, records=[people(2)[0], *people(4)[1:]])
    one("total_names", [HEAD, ["合计明", ZHANG[1], "1"], ["备注", LI[1], "2"]], "a row with an identity number is a person, whatever the name begins with", read=2,
        records=[{"row": 2, "name": "合计明", "id_number": ZHANG[1]}, {"row": 3, "id_number": LI[1]}])
    one("numbers_only", [["序号", *HEAD], ["1", *ROWS[0]], ["2", "", "", ""], ["3", "", "", ""]], "running numbers printed ahead of rows nobody filled in", read=1, not_data=2,
        problems=["ingest.extra_column"], rejects=[(3, "row.no_value"), (4, "row.no_value")])
    one("two_exports", "\ufeff" + TABLE + "\ufeff" + csv([HEAD, ["赵丽华", "", "5"]]), "two exports joined: the second begins with a mark and headings", read=4, not_data=1,
        rejects=[(5, "row.repeated_heading")], records=[*people(), {"row": 6, "name": "赵丽华", "amount": "5"}])


def rows():
    def one(name, rows, what, faults, contract="people_csv", **keys):
        case(f"text/{name}.csv", rows if isinstance(rows, str) else csv(rows), contract, what, faults, **keys)

    one("narrow_row", [HEAD, ROWS[0], LI, ROWS[2]], "a row with fewer cells than headings", [9], read=3, quarantined=1, rejects=[(3, "row.width")])
    one("wide_row", [HEAD, ROWS[0], [*ROWS[1], "多"], ROWS[2]], "a row with more cells than headings: a comma in a name moves all behind it", [9], read=3, quarantined=1, rejects=[(3, "row.width")])
    one("trailing_commas", [[*r, "", ""] for r in [HEAD, *ROWS]], "empty columns behind the table, as Excel leaves them", [33], read=3, records=people())
    one("ragged_trailing_commas", [HEAD, [*ROWS[0], "", ""], ROWS[1], [*ROWS[2], ""]], "empty cells behind some rows", [33], read=3, records=people())
    one("duplicates", [HEAD, *ROWS, ROWS[1], [*LI, "351.5"], ROWS[1]], "the same row three times is one; another amount is another row", [24], read=6, folded=2,
        rejects=[(5, "row.duplicate"), (7, "row.duplicate")], records=[{"row": 6, "amount": "351.5"}])
    one("duplicates_numbered", [["序号", *HEAD], ["1", *ROWS[0]], ["2", *ROWS[0]]], "the running number does not make rows different", [24], read=2, folded=1, problems=["ingest.extra_column"], rejects=[(3, "row.duplicate")])
    one("duplicates_kept", [HEAD, *ROWS, ROWS[1]], "a contract that keeps equal rows: two payments of one amount", [24], "people_all", read=4)
    one("nobody", [HEAD, ["", "", "1200"], ["-", "/", "3"], ROWS[2]], "neither a name nor a number", [24], read=3, quarantined=2, rejects=[(2, "row.no_identity"), (3, "row.no_identity")])
    one("number_without_name", [HEAD, ["", ZHANG[1], "1"], [LI[0], "", "2"]], "a number or a name is enough", [24], read=2, records=[{"row": 2, "name": "", "id_number": ZHANG[1]}, {"row": 3, "name": "李秀兰", "id_number": "", "id_number_lane": "missing"}])
    one("missing_value", [["姓名", "身份证号", "电话", "金额(元)"], [*ZHANG, "13912345678", ""], [*LI, "", "-"], [*WANG, "", "3"]], "a value without which the row is of no use", [7], "optional", read=3, quarantined=2,
        rejects=[(2, "row.missing_value"), (3, "row.missing_value")])
    one("one_number_two_names", [HEAD, ROWS[0], ["张建军", ZHANG[1], "1200"]], "one number under two names: both rows stay; which is right is not for a reader of files", [24], read=2,
        records=[{"row": 2, "id_number": ZHANG[1]}, {"row": 3, "name": "张建军", "id_number": ZHANG[1]}])
    one("two_numbers_one_name", [HEAD, ROWS[0], [ZHANG[0], LI[1], "1200"]], "one name with two numbers: both rows stay", [24], read=2)


def characters():
    def one(name, rows, what, faults, contract="people_csv", **keys):
        case(f"text/{name}.csv", rows if isinstance(rows, (str, bytes)) else csv(rows), contract, what, faults, **keys)

    one("nul", [HEAD, ["张\0建国", ZHANG[1], "1200"], ROWS[1]], "NUL inside of a name", [23], read=2, records=[{"row": 2, "name": "张建国", "name_raw": "张\0建国"}])
    one("zero_width", [HEAD, ["\u200b张建国\u200d", f"\u202d{ZHANG[1]}\u202c", "1200\u200b"], ["李\ufeff秀兰", LI[1] + "\u00a0", "350.5"]], "invisible characters around names, numbers and amounts", [23], read=2,
        records=[{"row": 2, "name": "张建国", "id_number": ZHANG[1], "amount": "1200"}, {"row": 3, "name": "李秀兰", "id_number": LI[1]}])
    one("bidi_override", [["姓名", "身份证号", "备注"], ["张\u202e国建\u202c", ZHANG[1], "\u2067甲\u2069"]], "a direction override would show the name backwards", [23], "remarks", read=1,
        records=[{"row": 2, "name": "张国建", "remark": "甲"}])
    one("ansi_escape", [["姓名", "身份证号", "备注"], ["张建国", ZHANG[1], "\x1b[2J\x1b[31m红"], ["李秀兰", LI[1], "\x07响"]], "escapes that would clear a terminal", [23], "remarks", read=2,
        records=[{"row": 2, "remark": "[2J[31m红", "remark_raw": "\x1b[2J\x1b[31m红"}, {"row": 3, "remark": "响"}])
    formulas = ["=1+1", "+86 139", "-5", "@SUM(A1)", "=HYPERLINK(\"\"http://x\"\")", "'=1+1"]
    kept = ["=1+1", "+86 139", "-5", "@SUM(A1)", '=HYPERLINK("http://x")', "=1+1"]
    one("formula_injection", [["姓名", "身份证号", "备注"], *[["张建国", ZHANG[1], f'"{f}"'] for f in formulas]], "text that a spreadsheet would run; the guard of an earlier export is undone, so two rows are one in meaning but not in text", [21], "remarks", read=6,
        records=[{"row": i, "remark": k} for i, k in enumerate(kept, 2)])
    one("longest_cell", [["姓名", "身份证号", "备注"], ["张建国", ZHANG[1], "a" * 32767], ["李秀兰", LI[1], "b"]], "the longest text a spreadsheet cell can hold", [23], "remarks", read=2)
    one("too_long_cell", [["姓名", "身份证号", "备注"], ["张建国", ZHANG[1], "a" * 32768], ["李秀兰", LI[1], "b"]], "one character more is no cell but an accident", [23], "remarks", read=2, quarantined=1, rejects=[(2, "row.oversized")])
    glosses = "原因?qū)е麓箢~刚性支出 15、核"
    one("mojibake", [["姓名", "身份证号", "备注"], ["张建国", ZHANG[1], glosses]], "text that was read one byte off long before it came here stays as it is", [4], "remarks", read=1,
        records=[{"row": 2, "remark": "原因?qū)е麓箢~刚性支出 15、核"}])
    one("private_use", [HEAD, ["张\ue100", ZHANG[1], "1"], ["李□", LI[1], "2"], ["王?明", WANG[1], "3"]], "characters an older system could not write: one unknown character each", [23], read=3,
        findings=[(2, "name", "name.wildcard"), (3, "name", "name.wildcard"), (4, "name", "name.wildcard")])
    one("private_use_moved", [HEAD, ["张\ue81e", ZHANG[1], "1"]], "a character that GB18030-2022 moved out of the private area", [23], read=1, records=[{"row": 2, "name": "张龴"}])


def delivered():
    def one(name, content, what, as_name, **keys):
        case(f"text/{name}", content, "people_csv", what, [30], delivered_as=as_name, **keys)

    one("lock_excel.csv", TABLE, "Excel's lock file beside an open workbook", "~$名册.csv", problems=["ingest.left_out"])
    one("lock_libreoffice.csv", TABLE, "LibreOffice's lock file", ".~lock.名册.csv#", problems=["ingest.left_out"])
    one("hidden.csv", TABLE, "a hidden file", ".名册.csv", problems=["ingest.left_out"])
    one("chinese_name.csv", TABLE, "a name with full-width brackets, a space and a number from a browser", "（自定义）低保名册 (22).csv", read=3, records=people())
    one("upper_case.csv", TABLE, "an ending in capitals", "名册.CSV", read=3, records=people())
    one("direction_name.csv", TABLE, "a name that shows itself as another: a direction override before its ending", "名册\u202evsc.csv", read=3, records=people())
    case("text/empty.csv", b"", "people_csv", "no bytes: perhaps still being copied", [1, 10, 30], problems=["ingest.empty_file"])
    case("text/blank.csv", b"\r\n \r\n\t\r\n", "people_csv", "blank lines alone: not a table without rows, but no table", [1, 10], refused="ingest.no_heading")
