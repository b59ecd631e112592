"""The contracts the corpus is read with: small ones, each for one kind of question."""

from .base import contract

NAME = ("name", "姓名", "name", {"role": "name", "required": True})
NUMBER = ("id_number", "身份证号", "id_number", {"role": "id_number", "required": True, "aliases": ["证件号码", "公民身份号码"]})
AMOUNT = ("amount", "金额(元)", "money", {"required": True})


def both(name, fields, **keys):
    for format in ("csv", "xlsx"):
        contract(f"{name}_{format}", format, fields, **keys)


def make():
    both("people", [NAME, NUMBER, AMOUNT])
    contract("people_parquet", "parquet", [NAME, NUMBER, AMOUNT])
    contract("people_any", "any", [NAME, NUMBER, AMOUNT])
    contract("names_any", "any", [NAME, NUMBER])
    contract("villages_any", "any", [("village", "村", "village", {"role": "village", "required": True}), NAME, NUMBER, AMOUNT])
    contract("people_gbk", "csv", [NAME, NUMBER, AMOUNT], encoding="gbk")
    contract("people_utf16", "csv", [NAME, NUMBER, AMOUNT], encoding="utf-16le")
    contract("people_tab", "csv", [NAME, NUMBER, AMOUNT], delimiter="tab")
    contract("people_semicolon", "csv", [NAME, NUMBER, AMOUNT], delimiter=";")
    contract("people_all", "csv", [NAME, NUMBER, AMOUNT], fold_duplicates=False)
    contract("remarks", "csv", [NAME, NUMBER, ("remark", "备注", "text", {"required": True})])
    contract("optional", "csv", [NAME, NUMBER, ("phone", "电话", "phone"), ("amount", "金额(元)", "money", {"not_null": True, "required": True})])
    two = [("school", "学校信息/学校", "text", {"required": True}), ("name", "学生信息/姓名", "name", {"role": "name", "required": True}), ("id_number", "学生信息/身份证号", "id_number", {"role": "id_number", "required": True}), ("amount", "资助金额(元)", "money", {"required": True})]
    both("two_levels", two, header_rows=2)
    three = [("name", "姓名", "name", {"role": "name", "required": True}), ("wages", "家庭收入/工资性/务工", "money", {"required": True}), ("farming", "家庭收入/经营性/种植", "money", {"required": True}), ("breeding", "家庭收入/经营性/养殖", "money", {"required": True})]
    contract("three_levels", "xlsx", three, header_rows=3)
    town = ("township", "乡镇", "township", {"role": "township", "from": "sheet"})
    village = ("village", "村", "village", {"role": "village", "required": True, "aliases": ["行政村"]})
    contract("towns", "xlsx", [town, village, NAME, NUMBER, AMOUNT])
    contract("named_sheet", "xlsx", [NAME, NUMBER, AMOUNT], sheets=["明细"])
    contract("from_name", "csv", [NAME, NUMBER, ("month", "月份", "text", {"from": "file_name"})])
    days = [NAME, ("day", "日期", "date", {"required": True}), ("birth", "出生日期", "date", {"role": "birth_date", "required": True}), ("month", "年月", "month", {"required": True})]
    both("dates", days, fold_duplicates=False)
    contract("dates_any", "any", days)
    both("amounts", [NAME, ("yuan", "金额(元)", "money", {"required": True}), ("wan", "损失(万元)", "money", {"unit": "wan_yuan", "required": True}), ("area", "面积", "decimal", {"required": True}), ("size", "人口", "integer", {"required": True})], fold_duplicates=False)
    # Neither the heading nor the contract names the unit.
    contract("no_unit", "any", [NAME, NUMBER, ("amount", "金额", "money", {"required": True})])
    both("answers", [NAME, ("flag", "是否参保", "boolean", {"required": True}), ("sex", "性别", "code", {"role": "sex", "code": "sex", "required": True}), ("causes", "风险类型", "code", {"code": "cause", "multi": ",，、", "required": True})], fold_duplicates=False)
    both("phones", [NAME, ("phone", "联系电话", "phone", {"required": True})], fold_duplicates=False)
    contract("places_csv", "csv", [NAME, ("township", "乡镇", "township", {"role": "township", "required": True}), ("village", "村", "village", {"role": "village", "required": True})], fold_duplicates=False)
    both("numbers", [NAME, NUMBER, ("sex", "性别", "code", {"role": "sex", "code": "sex", "required": True}), ("birth", "出生日期", "date", {"role": "birth_date", "required": True})], fold_duplicates=False)
    # A pipeline needs a register; nothing is read with it.
    household = [("household", "户号", "text", {"role": "household"}), ("relation", "与户主关系", "code", {"role": "relation", "code": "relation"})]
    status = ("status", "人员状态", "code", {"role": "person_status", "code": "person_status"})
    contract("register", "csv", [NAME, NUMBER, village, *household, status], role="register")
