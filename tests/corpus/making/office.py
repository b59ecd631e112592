"""Tables of formats/: what other programs write, for the tests of the readers.

What xlwt writes is made anew each time like the corpus; what LibreOffice writes differs from version to version, so it is made
only when asked for (`make.py --office`) and kept as it is.
"""

import io
import pathlib
import subprocess
import tempfile

CELL = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'


def row(*cells, attributes=""):
    return f"<table:table-row {attributes}>" + "".join(cells) + "</table:table-row>"


def text(value, attributes=""):
    return f'<table:table-cell office:value-type="string" {attributes}><text:p>{value}</text:p></table:table-cell>'


def number(value):
    return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'


def date(value):
    return (
        f'<table:table-cell table:style-name="day" office:value-type="date" office:date-value="{value}">'
        f"<text:p>{value}</text:p></table:table-cell>"
    )


def formula(text_, value="0"):
    return (
        f'<table:table-cell table:formula="of:{text_}" office:value-type="float" office:value="{value}">'
        f"<text:p>{value}</text:p></table:table-cell>"
    )


COVERED = "<table:covered-table-cell/>"
BLANK = "<table:table-cell/>"

FODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"
 xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2"
 office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles>
 <number:date-style style:name="iso"><number:year number:style="long"/><number:text>-</number:text>
  <number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/></number:date-style>
 <style:style style:name="day" style:family="table-cell" style:data-style-name="iso"/>
 <style:style style:name="shown" style:family="table"><style:table-properties table:display="true"/></style:style>
 <style:style style:name="hidden" style:family="table"><style:table-properties table:display="false"/></style:style>
</office:automatic-styles>
<office:body><office:spreadsheet>{}</office:spreadsheet></office:body></office:document>"""

HEADINGS = row(*[text(h) for h in ["村", "姓名", "身份证号", "金额(元)", "日期"]])

SHEETS = (
    '<table:table table:name="云岭镇" table:style-name="shown"><table:table-column table:number-columns-repeated="5"/>'
    + row(text("农村低保发放名册", 'table:number-columns-spanned="5"'), COVERED * 4)
    + HEADINGS
    + row(text("云岭村", 'table:number-rows-spanned="2"'), text("张三"), text("99012119900101123X"), number(310), date("2026-09-30"))
    + row(COVERED, text("李四"), number("990121199001011248"), formula("=40+2", 42), date("2026-01-05"))
    + row(text("清溪村"), text("王五"), text("990121199001011264"), formula("=1/0"), text("2026年3月"), attributes='table:visibility="collapse"')
    + row(BLANK * 5, attributes='table:number-rows-repeated="3"')
    + row(text("合计"), BLANK * 2, number("352.5"), BLANK)
    + "</table:table>"
    + '<table:table table:name="清溪 乡" table:style-name="shown"><table:table-column/>'
    + row(*[text(h) for h in ["姓名", "身份证号", "村"]])
    + row(text("赵六"), text("990121199001011280"), text("河湾村"))
    + "</table:table>"
    + '<table:table table:name="旧数据" table:style-name="hidden"><table:table-column/>'
    + row(*[text(h) for h in ["村", "姓名", "身份证号"]])
    + row(text("旧村"), text("钱七"), text("990121199001011301"))
    + "</table:table>"
)


def by_libreoffice(out):
    """Writes the same table as .xls, .ods and .xlsx into the folder `out`; needs `soffice` (apt-get install libreoffice-calc)."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "名册.fods"
        source.write_text(FODS.format(SHEETS), encoding="utf-8")
        for kind, filter_ in [("xls", "xls:MS Excel 97"), ("ods", "ods:calc8"), ("xlsx", "xlsx:Calc MS Excel 2007 XML")]:
            subprocess.run(
                ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to", filter_,
                 "--outdir", str(out), str(source)],
                check=True, capture_output=True,
            )


def by_xlwt():
    """Contents by name."""
    import xlwt

    def saved(workbook):
        out = io.BytesIO()
        workbook.save(out)
        return out.getvalue()

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("名册")
    for column, heading in enumerate(["姓名", "身份证号", "金额(元)"]):
        sheet.write(0, column, heading)
    for i in range(400):
        sheet.write(i + 1, 0, f"张{chr(0x4e00 + i)}")
        sheet.write(i + 1, 1, f"9901211990{i:08d}")
        sheet.write(i + 1, 2, i * 0.25)
    sheet.row(5).hidden = True
    sheet.col(4).hidden = True
    # Long enough that the table of texts goes over several records.

    far = xlwt.Workbook(encoding="utf-8")
    for name in ["甲", "乙"]:
        sheet = far.add_sheet(name)
        for column, heading in enumerate(["姓名", "身份证号"]):
            sheet.write(0, column, heading)
        sheet.write(1, 0, "张三")
        sheet.write(1, 1, "1")
        sheet.write(65535, 255, "x")
    return {"四百人.xls": saved(book), "远处的单元格.xls": saved(far)}
