"""Values of cells in every form they are seen in: days, amounts, answers, phones, places, numbers, names."""

from .base import LI, WANG, ZHANG, Day, Error, Sheet, book, case, csv, number, wrong

NAME = "张建国"


def forms(name, contract, headings, rows, what, faults=(33,), format="csv", is_1904=False):
    """A file in which each row has one value in question.

    rows: (field, column, raw, clean value, code of the doubt or none); the other columns of the row are empty.
    """
    table, records, findings = [headings], [], []
    sheet = {"sheet": "Sheet1"} if format == "xlsx" else {}
    for i, (field, column, raw, clean, code) in enumerate(rows, 2):
        cells = [None if format == "xlsx" else ""] * len(headings)
        cells[0], cells[column] = NAME, raw
        table.append(cells)
        fields = clean if isinstance(clean, dict) else {field: clean or ""}
        records.append({**sheet, "row": i, **fields})
        if code:
            findings.append((*sheet.values(), i, field, code))
    if format == "csv":
        quoted = lambda cell: '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n') else cell
        content = csv([[quoted(cell) for cell in row] for row in table])
    else:
        content = book(Sheet("Sheet1", table), is_1904=is_1904)
    case(f"values/{name}.{format}", content, f"{contract}_{format}", what, faults, read=len(rows), findings=findings, records=records)


def make():
    days()
    amounts()
    answers()
    phones_and_places()
    numbers()
    names()


def days():
    head = ["姓名", "日期", "出生日期", "年月"]
    day = lambda raw, clean, code=None: ("day", 1, raw, clean, code)
    birth = lambda raw, clean, code=None: ("birth", 2, raw, clean, code)
    month = lambda raw, clean, code=None: ("month", 3, raw, clean, code)
    march = "2022-03-05"
    forms("days_written", "dates", head, [
        day("2022.3.5", march), day("2022/3/5", march), day("2022-03-05", march), day("2022年3月5日", march), day("20220305", march),
        day("２０２２．３．５", march), day("二〇二二年三月五日", march), day("2022-03-05 10:15:00", march), day("2022-03-05T10:15:00", march),
        day("20220305101500", march), day("2022。3。5", march), day("2022、3、5", march), day("2022 年 3 月 5 日", march),
        day("22-3-5", march, "date.two_digit_year"), day("98.3.5", "1998-03-05", "date.two_digit_year"),
        day("2022年3月", "2022-03-01", "date.day_missing"), day("202203", "2022-03-01", "date.day_missing"),
        day("2022/2/30", "", "date.impossible"), day("20221301", "", "date.impossible"), day("2023-02-29", "", "date.impossible"), day("2024-02-29", "2024-02-29"),
        day("2022.3.5-2022.4.5", "", "date.range"), day("3/5/2022", "", "date.ambiguous_order"), day("2022", "", "date.incomplete"), day("去年冬天", "", "date.unreadable"),
        day("农历八月十五", "", "date.lunar"), day("0000-00-00", ""), day("-", ""), day("", ""), day("无", ""),
        day("44625", "", "date.unreadable"),
    ], "days in every form that was seen; a serial in text may be anything")
    forms("births_and_months", "dates", head, [
        birth("1968-03-12", "1968-03-12"), birth("1968年3月", "", "date.incomplete"), birth("2026-10-01", "", "date.future"), birth("2026-09-30", "2026-09-30"),
        birth("1768-03-12", "", "date.impossible"), birth("农历1968年二月初二", "", "date.lunar"),
        month("2022年3月", "2022-03-01"), month("202203", "2022-03-01"), month("2022-03", "2022-03-01"), month("2022.3", "2022-03-01"), month("2022-03-17", "2022-03-01"),
        month("2022/13", "", "date.impossible"), month("二〇二二年十二月", "2022-12-01"),
    ], "births are not completed by an invented day; months are their first day")
    cells = [day(Day(44625), march), day(Day(44625.5), march), day(44625, march), day(20220305, march), day(2022.3, "2022-03-01", "date.day_missing"),
             day(2022.1, "", "date.ambiguous_month"), day("2022.3.5", march), day(Day(1), "", "date.placeholder"), day(Day(59), "1900-02-28"), day(Day(61), "1900-03-01"),
             day(2022, "", "date.incomplete"), day(Error("#VALUE!"), "", "cell.error"), month(Day(44625), "2022-03-01"), month(202203, "2022-03-01"), birth(Day(24909), "1968-03-12")]
    forms("days_1900", "dates", head, cells, "day cells, serials in plain number cells, typed numbers, the days around the leap day that never was", format="xlsx")
    forms("days_1904", "dates", head, [day(Day(44625 - 1462), march), day(Day(0), "", "date.placeholder"), birth(Day(24909 - 1462), "1968-03-12"), day(44625 - 1462, march), month(44625 - 1462, "2022-03-01"), birth(24909 - 1462, "1968-03-12")],
          "the same days counted from 1904, as workbooks from a Mac do, in day cells and in plain number cells", format="xlsx", is_1904=True)


def amounts():
    head = ["姓名", "金额(元)", "损失(万元)", "面积", "人口"]
    yuan = lambda raw, clean, code=None: ("yuan", 1, raw, clean, code)
    wan = lambda raw, clean, code=None: ("wan", 2, raw, clean, code)
    area = lambda raw, clean, code=None: ("area", 3, raw, clean, code)
    size = lambda raw, clean, code=None: ("size", 4, raw, clean, code)
    forms("amounts_written", "amounts", head, [
        yuan("1234.5", "1234.5"), yuan("1,234,567.89", "1234567.89"), yuan("１，２３４．５０", "1234.5"), yuan("￥1 234元", "1234"), yuan("300元整", "300"),
        yuan("1.2万", "12000"), yuan("1.2万元", "12000"), yuan("3千", "3000"), yuan("-50", "-50"), yuan("－50", "-50"), yuan("（1,234.50）", "-1234.5"),
        yuan("1.2E+05", "120000"), yuan("1.005", "1.01", "amount.rounded"), yuan("约5000元", "5000", "amount.approximate"), yuan("0", "0"), yuan("", ""), yuan("-", ""), yuan("无", ""),
        yuan("1,23", "", "amount.unreadable"), yuan("300-500", "", "amount.unreadable"), yuan("1.2.3", "", "amount.unreadable"), yuan("1E30", "", "amount.too_large"), yuan("99999999999999999999", "", "amount.too_large"),
    ], "amounts in yuan: thousands, full width, units, refunds, blank and zero")
    forms("amounts_in_wan", "amounts", head, [
        wan("1.2", "12000"), wan("1.2万元", "12000"), wan("3000元", "3000"), wan("0.12345", "1234.5"), wan("-0.5", "-5000"), wan("0", "0"), wan("", ""), wan("1万2千", "12000"),
    ], "a column of ten thousands; a unit in the cell goes before that of the heading")
    forms("quantities", "amounts", head, [
        area("120平方米", "120"), area("3.5亩", "3.5"), area("35", "35"), area("约80㎡", "80", "amount.approximate"), area("八十", "80"),
        size("4", "4"), size("4人", "4"), size("四口", "4"), size("４", "4"), size("4.0", "4"), size("3.5", "", "integer.fraction"), size("十二", "12"), size("若干", "", "amount.unreadable"),
    ], "quantities with their units, counts in words")
    forms("amount_cells", "amounts", head, [
        yuan(1234.5, "1234.5"), yuan("1,234.5", "1234.5"), yuan(-350, "-350"), yuan(0, "0"), yuan(None, ""), yuan(True, "", "amount.unreadable"), yuan(1e300, "", "amount.too_large"),
        yuan(1e-7, "0"), yuan(0.125, "0.13", "amount.rounded"), wan(1.2, "12000"), wan(0.1 + 0.2, "3000"), size(4, "4"), size(4.5, "", "integer.fraction"), area(Error("#N/A"), "", "cell.error"),
    ], "amounts in number cells, a truth value among them", format="xlsx")


def answers():
    head = ["姓名", "是否参保", "性别", "风险类型"]
    flag = lambda raw, clean, code=None: ("flag", 1, raw, clean, code)
    sex = lambda raw, clean, code=None: ("sex", 2, raw, clean, code)
    causes = lambda raw, clean, code=None: ("causes", 3, raw, clean, code)
    yes = [flag(raw, "是") for raw in ["是", "1", "√", "Y", "有", "T", "true", "TRUE", " 是 ", "１"]]
    no = [flag(raw, "否") for raw in ["否", "0", "×", "N", "无", "F", "FALSE"]]
    forms("yes_and_no", "answers", head, [*yes, *no, flag("", ""), flag("-", ""), flag("2", "", "boolean.unknown"), flag("待核实", "", "boolean.unknown"), flag("是/否", "", "boolean.unknown")], "yes and no in every form that was seen")
    forms("codes", "answers", head, [
        sex("男", "male"), sex("女性", "female"), sex("1", "male"), sex("2", "female"), sex("M", "male"), sex("1-男", "male"), sex("1-女", "", "code.unknown"), sex("0", "", "code.unknown"), sex("9", "", "code.unknown"), sex("", ""),
        causes("因病", "illness"), causes("因残,因病", "disability|illness"), causes("因病，因残、因病", "disability|illness"), causes("务工就业不稳", "employment"), causes("因病，天灾", "illness", "code.partly_unknown"), causes("天灾", "", "code.unknown"),
    ], "values of code tables: words, numbers, several in one cell in any order; 0 means man here and woman there")
    forms("answer_cells", "answers", head, [flag(True, "是"), flag(False, "否"), flag(1, "是"), flag(0, "否"), flag("√", "是"), sex(1, "male"), sex(2, "female"), flag(Error("#REF!"), "", "cell.error")], "truth values and numbers in cells", format="xlsx")


def phones_and_places():
    phone = lambda raw, clean, code=None: ("phone", 1, raw, clean, code)
    forms("phones", "phones", ["姓名", "联系电话"], [
        phone("13912345678", "13912345678"), phone("139 1234 5678", "13912345678"), phone("139-1234-5678", "13912345678"), phone("+8613912345678", "13912345678"), phone("１３９１２３４５６７８", "13912345678"),
        phone("1.38E+10", "", "phone.damaged"), phone("139****5678", "", "phone.masked"), phone("1391234567", "", "phone.invalid"), phone("12345678901", "", "phone.placeholder"), phone("13888888888", "", "phone.placeholder"),
        phone("13912345678/13812345678", "13912345678", "phone.several"), phone("0775-2823456", "0775-2823456"), phone("无", ""), phone("", ""),
    ], "phone numbers, one that a spreadsheet shortened")
    forms("phone_cells", "phones", ["姓名", "联系电话"], [phone(13912345678, "13912345678"), phone(1.3912345678e10, "13912345678"), phone(0, ""), phone(139, "", "phone.invalid")], "phone numbers in number cells", format="xlsx")

    def place(township, village, named, found, code=None, where="village"):
        return (township, village, named, found, code, where)

    rows = [
        place("云岭镇", "石桥村", "云岭镇", "石桥村"), place("云岭", "石桥", "云岭镇", "石桥村"), place("云岭镇", "石桥村委会", "云岭镇", "石桥村"), place("云岭镇", "石桥村民委员会", "云岭镇", "石桥村"),
        place("云岭镇", "石桥社区", "云岭镇", "石桥村"), place("云岭乡", "石桥村", "云岭镇", "石桥村"), place("青山镇", "桥头村", "青山街道", "桥头社区"), place("云岭镇", "老安村", "云岭镇", "新安村"), place("云岭镇", "安上村", "云岭镇", "新安村"),
        place("990121001", "990121001202", "云岭镇", "石桥村"), place("", "澄岚县云岭镇石桥村", "", "石桥村"), place("", "石桥村", "", "", "division.ambiguous_village"), place("云岭镇", "99012100121", "云岭镇", "双河村"), place("云岭 镇", "石　桥村", "云岭镇", "石桥村"),
        place("云岭镇", "不知村", "云岭镇", "", "division.unknown_village"), place("清溪镇", "黄泥坳村", "清溪镇", "", "division.not_in_township"), place("火星镇", "", "", "", "division.unknown_township", "township"),
        place("云岭镇", "本级", "云岭镇", "", "division.no_village"), place("云岭镇", "其他", "云岭镇", "", "division.no_village"),
    ]
    table = [["姓名", "乡镇", "村"], *[[NAME, t, v] for t, v, *_ in rows]]
    case("values/places.csv", csv(table), "places_csv", "villages under old, short, merged, renamed and coded names; a code without its last zero; the county's own level", [33], read=len(rows),
         findings=[(i, where, code) for i, (*_, code, where) in enumerate(rows, 2) if code],
         records=[{"row": i, "township": t, "village": v} for i, (_, _, t, v, *_) in enumerate(rows, 2)])


def numbers():
    head = ["姓名", "身份证号", "性别", "出生日期"]
    id = ZHANG[1]
    x = next(n for i in range(100, 400) if (n := number("19680312", str(i)))[-1] == "X")
    old = id[:6] + id[8:17]

    def lane(raw, lane, clean="", code=None, **more):
        return ("id_number", 1, raw, {"id_number": clean, "id_number_lane": lane, **{f"id_number_{k}": v for k, v in more.items()}}, code)

    forms("numbers_written", "numbers", head, [
        lane(id, "valid", id), lane(x.lower(), "repaired", x), lane("".join(chr(ord(c) + 0xFEE0) for c in id), "repaired", id), lane(f" {id[:6]} {id[6:14]} {id[14:]} ", "repaired", id), lane(f"'{id}", "repaired", id), lane(f'="{id}"', "repaired", id),
        lane(f"{id}（户主）", "repaired", id), lane(f"{id},", "repaired", id), lane(f"\u202d{id}\u202c", "repaired", id), lane(x[:-1] + "×", "repaired", x), lane(x[:-1] + "Х", "repaired", x), lane(x[:-1] + "*", "repaired", x),
        lane(id.replace("0", "O", 1), "repaired", id), lane(old, "repaired", id), lane(id + "42", "certificate", id), lane(id + "42B1", "certificate", id), lane(number("19680312", "101", "810000"), "residence_permit", number("19680312", "101", "810000")),
        lane(wrong(id), "invalid", code="id_number.check_digit"), lane(id[:10] + "1340" + id[14:], "invalid", code="id_number.birth_date"), lane(id[:-1], "invalid", code="id_number.length"), lane(id + "1", "invalid", code="id_number.length"),
        lane("9.90121E+17", "damaged", code="id_number.damaged", partial="990121"), lane(id[:15] + "000", "damaged", code="id_number.damaged", partial=id[:15]), lane("999999196803121019", "placeholder", code="id_number.placeholder"),
        lane("000000000000000000", "placeholder", code="id_number.placeholder"), lane("990121********1019", "invalid", code="id_number.masked"), lane(f"{id}/{LI[1]}", "invalid", code="id_number.several"), lane("E12345678", "foreign", code="id_number.passport"),
        lane("无", "missing"), lane("", "missing"), lane("暂无", "missing"),
    ], "identity numbers in every form that was seen: what was done to a number is told, nothing is guessed", (25, 33))
    forms("number_cells", "numbers", head, [
        lane(float(id[:15] + "000") if id[-1] == "X" else float(id), "damaged", code="id_number.damaged", partial=id[:15]), lane(id, "valid", id), lane(float(id[:15] + "000"), "damaged", code="id_number.damaged", partial=id[:15]), lane(0, "missing"), lane(Error("#N/A"), "missing", code="cell.error"),
    ], "numbers in number cells: Excel keeps 15 digits, others what a float holds; neither is a number any more", (25,), "xlsx")
    case("values/number_speaks.csv", csv([head, [ZHANG[0], ZHANG[1], "男", "1968-03-12"], [LI[0], LI[1], "男", "1975-06-20"], [WANG[0], WANG[1], "男", "2001-09-19"]]), "numbers_csv", "the number's own sex and birth date against those of the row", [24, 25], read=3,
         findings=[(3, "id_number", "id_number.sex_differs"), (4, "id_number", "id_number.birth_differs")])


def names():
    name = lambda raw, clean, code=None: (raw, clean, code)
    rows = [
        name("张建国", "张建国"), name("张　三", "张三"), name("张建国（户主）", "张建国"), name("张建国(已故)", "张建国"), name("张三2", "张三"), name("1.张三", "张三"), name("龍兵", "龍兵"), name("⼭山", "山山"), name("阿依古丽•买买提", "阿依古丽·买买提"),
        name("阿依古丽．买买提", "阿依古丽·买买提"), name("阿依古丽 · 买买提", "阿依古丽·买买提"), name("张?国", "张□国", "name.wildcard"), name("张某某", "张□□", "name.wildcard"), name("无名氏", "", "name.placeholder"), name("待定", "", "name.placeholder"),
        name("张建国之子", "", "name.unnamed"), name("张", "张", "name.incomplete"), name("户主：张建国", "张建国"), name("张建国/张国", "张建国"), name("张WEI", "张□", "name.wildcard"),
    ]
    table = [["姓名", "身份证号", "金额(元)"], *[[n, ZHANG[1], str(i)] for i, (n, *_) in enumerate(rows)]]
    case("values/names.csv", csv(table), "people_csv", "names with notes, running numbers, dots of every kind, lost characters, radicals for characters, stand-ins", [23, 33], read=len(rows),
         findings=[(i, "name", code) for i, (_, _, code) in enumerate(rows, 2) if code], records=[{"row": i, "name": clean} for i, (_, clean, _) in enumerate(rows, 2)])
