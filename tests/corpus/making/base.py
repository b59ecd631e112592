"""What the corpus is made with: cases and their expectations, identity numbers, delimited text, workbooks.

Nothing here knows the program under test. Workbooks are written by hand and not by a library, so that every byte is meant,
and their parts are stored and not deflated, so that no version of zlib changes them; only a few large ones are deflated.
"""

import io
import zipfile
from xml.sax.saxutils import escape, quoteattr

FILES = {}
EXPECTATIONS = {}
CONTRACTS = {}

HEAD = ["姓名", "身份证号", "金额(元)"]


def number(birth, sequence, region="990121"):
    """An identity number of the fictional county with its check character (GB 11643)."""
    digits = region + birth + sequence
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights)) % 11]


def wrong(id_number):
    """The same with another check character."""
    return id_number[:-1] + ("1" if id_number[-1] != "1" else "2")


# Three people of the fictional county: two men and a woman.
ZHANG, LI, WANG = ("张建国", number("19680312", "101")), ("李秀兰", number("19750620", "102")), ("王小明", number("20010909", "103"))
ROWS = [[*ZHANG, "1200"], [*LI, "350.5"], [*WANG, "0"]]


def people(first=2, sheet=None):
    """The clean values of ROWS when the first stands in row `first`."""
    values = [("张建国", ZHANG[1], "1200"), ("李秀兰", LI[1], "350.5"), ("王小明", WANG[1], "0")]
    all = []
    for i, (name, id_number, amount) in enumerate(values):
        row = {"row": first + i, "name": name, "id_number": id_number, "amount": amount}
        all.append({"sheet": sheet, **row} if sheet else row)
    return all


def case(path, content, contract, what, faults, read=0, quarantined=0, folded=0, not_data=0, refused=None, problems=(),
         rejects=(), findings=(), records=(), accepted=None, delivered_as=None):
    """A file and what it must come to.

    refused: the code of the refusal, or several; rejects: (row, code) or (sheet, row, code); findings: (row, field, code) or
    (sheet, row, field, code); records: the values of some rows. `accepted` is what is left of `read`, unless said.
    """
    assert path not in FILES, path
    codes = [refused] if isinstance(refused, str) else list(refused or ())
    lines = [f"what = {text(what)}", f"faults = {list(faults)}", f"contract = {text(contract)}"]
    if delivered_as:
        lines.append(f"delivered_as = {text(delivered_as)}")
    if codes:
        lines.append("refused = true")
    accepted = read - quarantined - folded if accepted is None else accepted
    for name, count in [("read", read), ("accepted", accepted), ("quarantined", quarantined), ("folded", folded), ("not_data", not_data)]:
        lines.append(f"{name} = {count}")
    lines.append(f"problems = [{', '.join(text(c) for c in sorted([*problems, *codes]))}]")
    at = lambda names, all: table([dict(zip(names[-len(a):], a)) for a in all])
    lines.append(f"rejects = {at(['sheet', 'row', 'code'], rejects)}")
    lines.append(f"findings = {at(['sheet', 'row', 'field', 'code'], findings)}")
    if records:
        lines.append(f"records = {table(records)}")
    FILES[path] = content.encode() if isinstance(content, str) else content
    EXPECTATIONS[path] = "\n".join(lines) + "\n"


def text(value):
    """A TOML string; control and direction characters escaped, so that a reader sees them."""
    hidden = lambda c: ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0x200B <= ord(c) <= 0x206F or c == "\ufeff"
    shown = (f"\\u{ord(c):04X}" if hidden(c) else c for c in value.replace("\\", "\\\\").replace('"', '\\"'))
    return f'"{"".join(shown)}"'


def table(rows):
    if not rows:
        return "[]"
    value = lambda v: str(v) if isinstance(v, int) else text(v)
    line = lambda row: "    { " + ", ".join(f"{k} = {value(v)}" for k, v in row.items()) + " },"
    return "[\n" + "\n".join(line(row) for row in rows) + "\n]"


def contract(name, format, fields, **keys):
    """A contract: fields as (name, heading, kind, {more})."""
    lines = [f'id = "{name}"', 'title = "样本"', 'department = "样本局"', f'role = "{keys.pop("role", "department")}"']
    lines += [f'subject = "{keys.pop("subject", "person")}"', f'format = "{format}"', 'files = ["**/*"]']
    lines.append('not_data = ["合计", "小计", "总计", "填表人", "审核人", "制表", "备注", "注:", "注："]')
    show = lambda v: str(v).lower() if isinstance(v, (bool, int)) else text(v) if isinstance(v, str) else f"[{', '.join(map(text, v))}]"
    lines += [f"{k} = {show(v)}" for k, v in keys.items()]
    for field, heading, kind, *more in fields:
        lines += ["", "[[field]]", f'name = "{field}"', f"heading = {text(heading)}", f'kind = "{kind}"']
        lines += [f"{k} = {show(v)}" for k, v in (more[0] if more else {}).items()]
        lines.append('meaning = "Of the corpus."')
    CONTRACTS[f"{name}.toml"] = "\n".join(lines) + "\n"


def csv(rows, end="\r\n", delimiter=",", last=True):
    lines = [delimiter.join(row) for row in rows]
    return end.join(lines) + (end if last else "")


# Values of workbook cells beyond text and numbers.
class Day:
    """A number shown as a day."""

    def __init__(self, serial):
        self.serial = serial


class Error:
    """An error kept beside a formula."""

    def __init__(self, word):
        self.word = word


class Formula:
    """A formula with the value stored beside it, if any."""

    def __init__(self, formula, value=None):
        self.formula, self.value = formula, value


class Blank:
    """A cell with a format and nothing in it."""


def letters(column):
    out, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        out = chr(65 + digit) + out
    return out


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


class Sheet:
    def __init__(self, name, rows, state=None, merges=(), hidden_rows=(), hidden_columns=(), dimension=None, inline=False, places=True):
        self.name, self.rows, self.state, self.merges = name, rows, state, merges
        self.hidden_rows, self.hidden_columns, self.dimension = hidden_rows, hidden_columns, dimension
        self.inline, self.places = inline, places

    def cell(self, at, value, shared):
        r = f' r="{at}"' if self.places else ""
        match value:
            case None:
                return ""
            case Blank():
                return f'<c{r} s="1"/>'
            case bool():
                return f'<c{r} t="b"><v>{int(value)}</v></c>'
            case int() | float():
                return f"<c{r}><v>{value!r}</v></c>"
            case Day():
                return f'<c{r} s="1"><v>{value.serial!r}</v></c>'
            case Error():
                return f'<c{r} t="e"><v>{value.word}</v></c>'
            case Formula():
                kinds = {str: ' t="str"', bool: ' t="b"', Error: ' t="e"'}
                kept = value.value.word if isinstance(value.value, Error) else value.value
                kept = "" if kept is None else f"<v>{escape(str(int(kept) if isinstance(kept, bool) else kept))}</v>"
                return f"<c{r}{kinds.get(type(value.value), '')}><f>{escape(value.formula)}</f>{kept}</c>"
            case str() if self.inline:
                return f'<c{r} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
            case str():
                return f'<c{r} t="s"><v>{shared.setdefault(value, len(shared))}</v></c>'

    def xml(self, shared):
        rows = []
        for i, row in enumerate(self.rows, 1):
            cells = "".join(self.cell(f"{letters(c)}{i}", v, shared) for c, v in enumerate(row))
            hidden = ' hidden="1"' if i in self.hidden_rows else ""
            place = f' r="{i}"' if self.places else ""
            if cells:
                rows.append(f"<row{place}{hidden}>{cells}</row>")
        dimension = f'<dimension ref="{self.dimension}"/>' if self.dimension is not None else ""
        columns = "".join(f'<col min="{c + 1}" max="{c + 1}" width="0" hidden="1" customWidth="1"/>' for c in self.hidden_columns)
        columns = f"<cols>{columns}</cols>" if columns else ""
        merges = "".join(f'<mergeCell ref="{m}"/>' for m in self.merges)
        merges = f'<mergeCells count="{len(self.merges)}">{merges}</mergeCells>' if merges else ""
        return f'{XML}<worksheet xmlns="{MAIN}">{dimension}{columns}<sheetData>{"".join(rows)}</sheetData>{merges}</worksheet>'


def parts(sheets, is_1904=False):
    """The parts of a workbook, by name."""
    sheets = [s if isinstance(s, Sheet) else Sheet("Sheet1", s) for s in sheets]
    shared, all = {}, {}
    for i, sheet in enumerate(sheets, 1):
        all[f"xl/worksheets/sheet{i}.xml"] = sheet.xml(shared)
    override = lambda part, kind: f'<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml"/>'
    types = "".join(override(part, "worksheet") for part in all)
    types += override("xl/workbook.xml", "sheet.main") + override("xl/styles.xml", "styles") + override("xl/sharedStrings.xml", "sharedStrings")
    state = lambda s: f' state="{s.state}"' if s.state else ""
    listed = "".join(f'<sheet name={quoteattr(s.name)} sheetId="{i}"{state(s)} r:id="rId{i}"/>' for i, s in enumerate(sheets, 1))
    epoch = '<workbookPr date1904="1"/>' if is_1904 else ""
    related = lambda id, kind, target: f'<Relationship Id="{id}" Type="{OFFICE}/{kind}" Target="{target}"/>'
    n = len(sheets)
    links = "".join(related(f"rId{i}", "worksheet", f"worksheets/sheet{i}.xml") for i in range(1, n + 1))
    links += related(f"rId{n + 1}", "styles", "styles.xml") + related(f"rId{n + 2}", "sharedStrings", "sharedStrings.xml")
    strings = "".join(f'<si><t xml:space="preserve">{escape(s)}</t></si>' for s in shared)
    return {
        "[Content_Types].xml": f'{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>{types}</Types>',
        "_rels/.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{related("rId1", "officeDocument", "xl/workbook.xml")}</Relationships>',
        "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{epoch}<sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
        "xl/styles.xml": f'{XML}<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'{XML}<sst xmlns="{MAIN}" count="{len(shared)}" uniqueCount="{len(shared)}">{strings}</sst>',
        **all,
    }


def zipped(files, method=zipfile.ZIP_STORED):
    """A zip archive of named contents, as of no time in particular."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items() if isinstance(files, dict) else files:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system, info.external_attr = method, 0, 0
            archive.writestr(info, content.encode() if isinstance(content, str) else content)
    return out.getvalue()


def book(*sheets, is_1904=False, method=zipfile.ZIP_STORED):
    """A workbook of sheets, or of the rows of its only sheet."""
    return zipped(parts(sheets, is_1904), method)


def edited(*sheets, method=zipfile.ZIP_STORED, **changes):
    """A workbook one part of which is changed: the part's ending as a key → what is to be done with its text."""
    all = parts(sheets)
    for ending, change in changes.items():
        names = [name for name in all if name.rsplit("/", 1)[-1].removesuffix(".xml").lower() == ending.lower()]
        assert len(names) == 1, (ending, list(all))
        before = all[names[0]]
        all[names[0]] = change(before)
        assert all[names[0]] != before, f"{ending} was not changed"
    return zipped(all, method)


def raw_sheet(rows, head=True, before="", behind="", method=zipfile.ZIP_STORED):
    """A workbook whose sheet is this XML below the headings."""
    cell = lambda at, value: f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>'
    first = f'<row r="1">{cell("A1", HEAD[0])}{cell("B1", HEAD[1])}{cell("C1", HEAD[2])}</row>' if head else ""
    xml = f'{XML}<worksheet xmlns="{MAIN}">{before}<sheetData>{first}{rows}</sheetData>{behind}</worksheet>'
    return edited([["x"]], method=method, sheet1=lambda _: xml)


def raw_row(r, values, places=None):
    """A row of inline texts for `raw_sheet`."""
    places = places or [f"{letters(c)}{r}" for c in range(len(values))]
    cells = "".join(f'<c r="{at}" t="inlineStr"><is><t>{escape(v)}</t></is></c>' for at, v in zip(places, values))
    return f'<row r="{r}">{cells}</row>'
