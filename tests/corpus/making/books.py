"""Workbooks as departments send them (reliability.md 6–9, 21; background.md §3.3)."""

import zipfile

from .base import (HEAD, LI, ROWS, WANG, ZHANG, Blank, Day, Error, Formula, Sheet, book, case, edited, people)


def make():
    written()
    titles_and_headings()
    merged()
    hidden_and_sheets()
    cells()


def one(name, content, what, contract="people_xlsx", faults=(33,), sheet="Sheet1", **keys):
    keys = keys or {"read": 3, "records": people(2, sheet)}
    for key in ("rejects", "findings"):
        if key in keys:
            keys[key] = [a if isinstance(a[1], int) else (sheet, *a) for a in keys[key]]
    for record in keys.get("records", []):
        if "sheet" not in record:
            record["sheet"] = sheet
    case(f"books/{name}", content, contract, what, faults, **keys)


def written():
    table = [HEAD, *ROWS]
    one("plain.xlsx", book(table), "texts in the shared table")
    one("inline.xlsx", book(Sheet("Sheet1", table, inline=True)), "texts inside of the cells, as export libraries write them")
    one("deflated.xlsx", book(table, method=zipfile.ZIP_DEFLATED), "parts compressed, as every office program does")
    one("without_places.xlsx", book(Sheet("Sheet1", table, inline=True, places=False)), "cells and rows without their places, which the format allows")
    one("wrong_ending.xls", book(table), "a new workbook under the old ending", faults=(1, 33))
    one("no_ending", book(table), "a workbook without an ending")
    rich = edited(table, sharedStrings=lambda x: x.replace('<t xml:space="preserve">张建国</t>', '<r><t>张</t></r><r><rPr><b/></rPr><t>建国</t></r><rPh sb="0" eb="1"><t>zhang</t></rPh><phoneticPr fontId="1"/>'))
    one("rich_text.xlsx", rich, "a name in two formats with its reading beside it: the reading is not part of it")
    prefixed = lambda x: x.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?").replace("xmlns=", "xmlns:x=")
    one("prefixed.xlsx", edited(table, sheet1=prefixed, sharedStrings=prefixed), "elements with a prefix, as some report servers write them")
    strict = lambda x: x.replace("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
    one("strict.xlsx", edited(table, sheet1=strict, workbook=strict), "the strict variant of the format")
    one("absolute_targets.xlsx", edited_rels(table, 'Target="worksheets', 'Target="/xl/worksheets'), "parts named from the root of the archive")
    one("no_styles.xlsx", without(table, "xl/styles.xml"), "no styles at all, as small export scripts write")
    one("no_strings.xlsx", without([["1"]], "xl/sharedStrings.xml", inline=table), "no table of shared texts")


def edited_rels(table, before, after):
    from .base import parts, zipped

    all = parts([table])
    all["xl/_rels/workbook.xml.rels"] = all["xl/_rels/workbook.xml.rels"].replace(before, after)
    return zipped(all)


def without(table, part, inline=None):
    from .base import parts, zipped

    all = parts([Sheet("Sheet1", inline, inline=True) if inline else table])
    name = part.rsplit("/", 1)[-1]
    all.pop(part)
    for listed in ("[Content_Types].xml", "xl/_rels/workbook.xml.rels"):
        pieces = all[listed].split("<")
        all[listed] = "<".join(p for p in pieces if f'/{name}"' not in p and f'"{name}"' not in p)
    return zipped(all)


def titles_and_headings():
    one("one_title.xlsx", book(Sheet("Sheet1", [["低保发放表"], HEAD, *ROWS], merges=["A1:C1"])), "a title merged over the table", faults=(6, 33), read=3, records=people(3, "Sheet1"))
    one("three_titles.xlsx", book(Sheet("Sheet1", [["澄岚县民政局"], ["低保发放表"], ["填报日期：2026年9月", None, "单位：元"], HEAD, *ROWS], merges=["A1:C1", "A2:C2"])), "three title rows, the last with two cells", faults=(6, 33), read=3, records=people(5, "Sheet1"))
    plain = [["姓名", "身份证号", "金额"], *ROWS]
    wan = [{**p, "amount": a} for p, a in zip(people(3, "Sheet1"), ["12000000", "3505000", "0"])]
    one("unit_in_title.xlsx", book([["低保发放表（单位：万元）"], *plain]), "the title alone names the unit, and it is followed and told", contract="no_unit", faults=(6, 33), read=3, problems=["ingest.unit_stated"], records=wan)
    one("unit_beside_title.xlsx", book([["填报单位：民政局", None, "单 位：万元"], *plain]), "the same in a cell of its own, with blanks in the word; the office that fills in is no unit", contract="no_unit", faults=(6, 33), read=3, problems=["ingest.unit_stated"], records=[dict(r) for r in wan])
    one("units_in_title.xlsx", book([["低保发放表（单位：元、万元）"], *plain]), "a title with two units of money: neither is followed", contract="no_unit", faults=(6, 33), read=3, problems=["ingest.unit_unclear"], records=people(3, "Sheet1"))
    one("unit_contradicts.xlsx", book([["低保发放表（单位：万元）"], HEAD, *ROWS]), "a title in ten thousands over a heading in yuan: the heading goes before, and both are told", faults=(6, 33), read=3, problems=["ingest.unit_contradicts"], records=people(3, "Sheet1"))
    one("national_layout.xlsx", book(Sheet("Sheet1", [["监测对象信息"], ["导出时间：2026-09-30"], HEAD, *ROWS], dimension="A1")), "two title rows and a wrong dimension tag, as the national system exports", faults=(3, 6, 33), read=3, records=people(4, "Sheet1"))
    levels = [["序号", "学校信息", "学生信息", None, "资助金额(元)"], [None, "学校", "姓名", "身份证号", None], [1, "云岭小学", *ZHANG, 500], [2, "云岭小学", *LI, 600]]
    one("two_levels.xlsx", book(Sheet("Sheet1", levels, merges=["A1:A2", "C1:D1", "E1:E2"])), "a heading of two levels, merged to the right and downwards", "two_levels_xlsx", (6, 33), read=2, problems=["ingest.extra_column"],
        records=[{"row": 3, "school": "云岭小学", "name": "张建国", "id_number": ZHANG[1], "amount": "500"}, {"row": 4, "name": "李秀兰", "amount": "600"}])
    three = [["姓名", "家庭收入", None, None], [None, "工资性", "经营性", None], [None, "务工", "种植", "养殖"], ["张建国", 1000, 200, 30], ["李秀兰", 0, 5.5, None]]
    one("three_levels.xlsx", book(Sheet("Sheet1", three, merges=["A1:A3", "B1:D1", "C2:D2"])), "a heading of three levels", "three_levels", (6, 33), read=2,
        records=[{"row": 4, "name": "张建国", "wages": "1000", "farming": "200", "breeding": "30"}, {"row": 5, "wages": "0", "farming": "5.5", "breeding": ""}])
    one("tall_heading.xlsx", book(Sheet("Sheet1", [HEAD, [None] * 3, *ROWS], merges=["A1:A2", "B1:B2", "C1:C2"])), "headings merged over two rows", faults=(6, 33), read=3, records=people(3, "Sheet1"))
    pages = [["低保发放表"], HEAD, ROWS[0], ["低保发放表"], HEAD, ROWS[1], ["小计", None, 350.5], HEAD, ROWS[2], ["合计", None, 1550.5], ["填表人：赵某", None, "审核人：钱某"], ["备注：一式两份"]]
    one("pages.xlsx", book(pages), "title, headings and a subtotal on each printed page, totals and signatures below", faults=(6, 33), read=3, not_data=7,
        rejects=[(4, "row.repeated_heading"), (5, "row.repeated_heading"), (7, "row.total"), (8, "row.repeated_heading"), (10, "row.total"), (11, "row.total"), (12, "row.total")],
        records=[people(3)[0], people(5)[1], people(7)[2]])
    one("blank_rows.xlsx", book([HEAD, ROWS[0], [], ROWS[1], [Blank(), Blank(), Blank()], [" ", "\u3000", None], ROWS[2]]), "blank rows: none at all, formats without values, spaces", read=3, records=[people(2)[0], people(3)[1], people(5)[2]])
    one("left_and_top_empty.xlsx", book([[], [], *[[None, None, *r] for r in [HEAD, *ROWS]]]), "the table begins at C3", read=3, records=people(4, "Sheet1"))
    one("error_in_heading.xlsx", book([[*HEAD, Error("#REF!")], *ROWS]), "a formula's error among the headings is a column nobody knows", read=3, problems=["ingest.extra_column"], records=people(2, "Sheet1"))
    one("duplicate_heading.xlsx", book([[*HEAD, "金额（元）"], *[[*r, "1"] for r in ROWS]]), "two amounts under one heading, one in full-width brackets", faults=(5,), refused="ingest.duplicate_header")
    one("missing_column.xlsx", book([HEAD[:2], *[r[:2] for r in ROWS]]), "a required column is missing", faults=(7,), refused="ingest.missing_column")
    one("renamed_column.xlsx", book([["姓名", "身份证", "金额(元)"], *ROWS]), "a renamed column is a refusal with a suggestion", faults=(8, 9), refused="ingest.missing_column")
    one("headings_only.xlsx", book([HEAD]), "headings and nothing below", faults=(10,), problems=["ingest.no_rows"])
    one("empty.xlsx", book([[]]), "a workbook with nothing in it", faults=(10,), refused="ingest.empty_workbook")


def merged():
    members = [["村", *HEAD], ["石桥村", *ZHANG, 300], [None, *LI, None], [None, *WANG, None], [None, "赵丽华", None, 5]]
    one("merged_household.xlsx", book(Sheet("云岭镇", members, merges=["A2:A4", "D2:D4"])), "a village merged over three members reaches these and no further; an amount merged over them is one amount", "towns", sheet="云岭镇", read=4,
        records=[{"row": 2, "village": "石桥村", "amount": "300"}, {"row": 3, "village": "石桥村", "amount": ""}, {"row": 4, "village": "石桥村", "amount": ""}, {"row": 5, "village": "", "name": "赵丽华"}])
    one("not_merged.xlsx", book(Sheet("云岭镇", members)), "the same without merging: an empty cell says nothing, nothing is filled", "towns", sheet="云岭镇", read=4,
        records=[{"row": 2, "village": "石桥村"}, {"row": 3, "village": "", "name": "李秀兰"}])
    one("merged_over_blank.xlsx", book(Sheet("云岭镇", [["村", *HEAD], ["石桥村", *ZHANG, 300], [], [], ["大塘村", *LI, 5]], merges=["A2:A4"])), "a merged village makes no rows where there are none", "towns", sheet="云岭镇", read=2,
        records=[{"row": 2, "village": "石桥村"}, {"row": 5, "village": "大塘村"}])
    one("merged_total.xlsx", book(Sheet("Sheet1", [HEAD, *ROWS, ["合计：叁人", None, 1550.5]], merges=["A5:B5"])), "a merged total", faults=(6, 33), read=3, not_data=1, rejects=[(5, "row.total")], records=people(2, "Sheet1"))


def hidden_and_sheets():
    table = [HEAD, *ROWS]
    one("hidden_row.xlsx", book(Sheet("Sheet1", table, hidden_rows=[3])), "a row hidden by a filter is delivered all the same; told", read=3, problems=["ingest.hidden_rows"], records=people(2, "Sheet1"))
    one("hidden_column.xlsx", book(Sheet("Sheet1", table, hidden_columns=[1])), "a hidden column is read; told", read=3, problems=["ingest.hidden_rows"], records=people(2, "Sheet1"))
    one("hidden_sheet.xlsx", book(Sheet("Sheet1", table), Sheet("去年", [HEAD, ["赵丽华", None, "9"]], state="hidden")), "a hidden sheet is told and not read", read=3, problems=["ingest.hidden_sheet"], records=people(2, "Sheet1"))
    one("very_hidden_sheet.xlsx", book(Sheet("Sheet1", table), Sheet("字典", [["男"], ["女"]], state="veryHidden")), "a sheet hidden by a program", read=3, problems=["ingest.hidden_sheet"], records=people(2, "Sheet1"))
    towns = [Sheet("云岭镇", [["村", *HEAD], ["石桥村", *ROWS[0]]]), Sheet("清溪镇", [["序号", "姓名", "行政村", "金额(元)", "身份证号"], [1, LI[0], "石马村", 350.5, LI[1]]]), Sheet("汇总", [["乡镇", "人数"], ["云岭镇", 1]]), Sheet("Sheet4", [])]
    one("towns.xlsx", book(*towns), "a sheet for each township, with columns that drift, a summary and an empty sheet", "towns", (9, 33), read=2,
        problems=["ingest.extra_column", "ingest.sheet_skipped"], 
        records=[{"sheet": "云岭镇", "row": 2, "township": "云岭镇", "village": "石桥村", "name": "张建国"}, {"sheet": "清溪镇", "row": 2, "name": "李秀兰", "id_number": LI[1], "amount": "350.5"}])
    one("one_sheet_breaks.xlsx", book(Sheet("云岭镇", [["村", *HEAD], ["石桥村", *ROWS[0]]]), Sheet("大塘镇", [["村", "姓名", "金额(元)"], ["石马村", "李秀兰", 1]])), "one sheet lacks a required column: the file waits as a whole, half of it would be a wrong list", "towns", (7, 9), refused="ingest.missing_column")
    one("named_sheet.xlsx", book(Sheet("说明", [["填写说明"]]), Sheet("明细", table, state="hidden")), "the contract names the sheet, though it is hidden", "named_sheet", sheet="明细", read=3, records=people(2, "明细"))
    one("named_sheet_missing.xlsx", book(Sheet("名册", table)), "the sheet that the contract names is not there", "named_sheet", (7, 8), refused="ingest.missing_sheet")
    one("same_rows_two_sheets.xlsx", book(Sheet("一", table), Sheet("二", [HEAD, ROWS[0]])), "the same row in two sheets", faults=(24,), read=4, folded=1, rejects=[("二", 2, "row.duplicate")], sheet="一", records=people(2, "一"))
    odd = Sheet("../../etc/passwd", table)
    one("sheet_name_is_path.xlsx", book(odd), "a sheet's name that is a path: a name like any other", faults=(22,), sheet="../../etc/passwd", read=3, records=people(2, "../../etc/passwd"))


def cells():
    one("formulas.xlsx", book([HEAD, [Formula("A9", "张建国"), Formula('""', ZHANG[1]), Formula("1+1", 1200)], [LI[0], LI[1], Formula("SUM(C2)")], [*WANG, Formula("1/0", Error("#DIV/0!"))]]), "formulas count with the value beside them; one without is empty, an error is a doubt", read=3,
        findings=[(4, "amount", "cell.error")], records=[people(2)[0], {"row": 3, "amount": ""}, {"row": 4, "amount": "", "amount_raw": "#DIV/0!"}])
    one("cached_errors.xlsx", book([HEAD, [*ZHANG, Error("#N/A")], [LI[0], Error("#REF!"), 1], [Error("#NAME?"), WANG[1], 0], ["赵丽华", None, Error("#VALUE!")]]), "errors of broken look-ups: no value and a doubt", read=4,
        findings=[(2, "amount", "cell.error"), (3, "id_number", "cell.error"), (4, "name", "cell.error"), (5, "amount", "cell.error")],
        records=[{"row": 2, "amount": ""}, {"row": 3, "id_number": "", "id_number_lane": "missing"}, {"row": 4, "name": "", "id_number": WANG[1]}])
    one("errors_alone.xlsx", book([HEAD, [Error("#N/A"), Error("#N/A"), Error("#N/A")], ROWS[1]]), "a row of errors names nobody", read=2, quarantined=1, rejects=[(2, "row.no_identity")],
        findings=[(2, "name", "cell.error"), (2, "id_number", "cell.error"), (2, "amount", "cell.error")], records=[people(2)[1]])
    one("binary_fractions.xlsx", book([HEAD, [*ZHANG, 0.1 + 0.2], [*LI, 1234.5699999999999], [*WANG, 4.35 * 100]]), "what a sum leaves behind the second decimal is no third decimal", read=3,
        records=[{"row": 2, "amount": "0.3"}, {"row": 3, "amount": "1234.57"}, {"row": 4, "amount": "435"}])
    one("amount_as_day.xlsx", book([HEAD, [*ZHANG, Day(0)], [*LI, Day(60)], [*WANG, Day(1200)]]), "amounts in cells once formatted as days: what is no day stays a number, what looks like one is a doubt", read=3,
        findings=[(4, "amount", "amount.unreadable")], records=[{"row": 2, "amount": "0"}, {"row": 3, "amount": "60"}, {"row": 4, "amount": ""}])
    one("escaped_characters.xlsx", book([HEAD, ["张_x000D_建国", ZHANG[1], "1"], ["李秀兰", LI[1], "_x0031_2"]]), "characters escaped as the format does: a line end in a name, a digit", faults=(23,), read=2,
        records=[{"row": 2, "name": "张建国"}, {"row": 3, "amount": "12"}])
    one("formula_injection.xlsx", book([HEAD, ["=cmd|' /C calc'!A0", ZHANG[1], "1"], ["@张建国", LI[1], "+5"], ["-李秀兰", WANG[1], "-5"]]), "names that a spreadsheet would run: kept as they stand, compared without the marks", faults=(21,), read=3,
        findings=[(2, "name", "name.characters")],
        records=[{"row": 2, "name_raw": "=cmd|' /C calc'!A0"}, {"row": 3, "name": "张建国", "name_raw": "@张建国", "amount": "5"}, {"row": 4, "name": "李秀兰", "amount": "-5"}])
    one("long_text.xlsx", book([HEAD, ["张" + "a" * 32767, ZHANG[1], "1"], ROWS[1]]), "a text longer than a cell can hold", faults=(23,), read=2, quarantined=1, rejects=[(2, "row.oversized")], records=[people(2)[1]])
    one("unused_columns_wide.xlsx", book([HEAD + [None] * 200 + ["附件"], *[[*r] + [None] * 200 + ["有"] for r in ROWS]]), "a column far to the right", read=3, problems=["ingest.extra_column"], records=people(2, "Sheet1"))
