"""Throughput of ingest and normalize: rows per CPU second and peak memory, next to what others need for less.

Usage: python3 tests/bench/ingest.py [ROWS]   (make bench-ingest; 1,000,000 rows when not given)

Builds the release program, makes one table of a county (eleven columns: name, number, sex, birth date, township, village,
phone, two amounts, yes/no, remark) and measures, each in a process of its own and three times, the best CPU time:

* `bidui check --input … --tables …`: GB18030 CSV → normalised Parquet, raw value beside clean one;
* polars from PyPI: the same table as UTF-8 CSV → Parquet, streaming, types inferred, nothing checked;
* the same two from XLSX: `bidui`, and calamine's bare cells counted and thrown away (tests/bench/bare_cells.rs).

Promised: CSV at no less than half of polars' rate, XLSX at no less than calamine's rate divided by 1.5. Peak memory is told
for half the rows too, so that its growth shows. Timings on shared machines are noisy: quote the ratios of one run.
"""

import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEAD = ["姓名", "身份证号", "性别", "出生日期", "乡镇", "村", "联系电话", "费用总额(元)", "报销金额(元)", "是否参保", "备注"]
CONTRACT = """id = "bench"
title = "样本"
department = "样本局"
role = "department"
subject = "person"
format = "FORMAT"
files = ["**/*"]
not_data = ["合计", "小计", "填表人", "审核人", "备注"]
""" + "".join(
    f'\n[[field]]\nname = "{name}"\nheading = "{heading}"\nrequired = true\nmeaning = "Of the benchmark."\n{more}\n'
    for (name, more), heading in zip(
        [
            ("name", 'kind = "name"\nrole = "name"'),
            ("id_number", 'kind = "id_number"\nrole = "id_number"'),
            ("sex", 'kind = "code"\ncode = "sex"\nrole = "sex"'),
            ("birth", 'kind = "date"\nrole = "birth_date"'),
            ("township", 'kind = "township"\nrole = "township"'),
            ("village", 'kind = "village"\nrole = "village"'),
            ("phone", 'kind = "phone"'),
            ("cost", 'kind = "money"'),
            ("paid", 'kind = "money"'),
            ("insured", 'kind = "boolean"'),
            ("remark", 'kind = "text"'),
        ],
        HEAD,
    )
)
POLARS = "import sys, polars as pl\npl.scan_csv(sys.argv[1]).sink_parquet(sys.argv[2])"


def rows(count):
    """The same rows each time; every hundredth has something that needs a repair or a doubt."""
    chance = random.Random(20260930)
    places = {}
    for line in (ROOT / "pipelines/shared/codes/divisions.csv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#") and line.count(",") >= 4:
            code, name, level, parent, *_ = line.split(",")
            places[code] = (name, level, parent)
    villages = [(places[parent][0], name) for name, level, parent in places.values() if level == "village"]
    surnames, given = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗", "伟芳娜秀英敏静丽强磊军洋勇艳杰涛明超兰霞平刚桂华建国玉梅文海"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    for i in range(count):
        year, month, day, sequence = 1940 + i % 80, 1 + i % 12, 1 + i // 12 % 28, chance.randrange(1000)
        digits = f"990121{year}{month:02}{day:02}{sequence:03}"
        number = digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights)) % 11]
        name = chance.choice(surnames) + "".join(chance.choices(given, k=1 + (i % 3 > 0)))
        birth = f"{year}-{month:02}-{day:02}" if i % 4 else f"{year}年{month}月{day}日"
        if i % 100 == 0:
            name, number = f"{name}（户主）", f" {number[:6]} {number[6:14]} {number[14:]}"
        elif i % 100 == 1:
            number = number[:-1] + "0"
        township, village = villages[i % len(villages)]
        cost = chance.randrange(1, 5_000_000)
        yield [name, number, "男" if sequence % 2 else "女", birth, township, village, f"1{chance.choice('3578')}{chance.randrange(10**9):09}",
               f"{cost / 100:.2f}", f"{cost // 2 / 100:.2f}", "是" if i % 5 else "否", "" if i % 3 else f"第{i % 17}组{i % 400}号"]


def workbook(path, table):
    """As Excel writes it: texts in the shared table, amounts and phones as numbers."""
    shared, lines = {}, []
    for r, row in enumerate(table, 1):
        cells = []
        for c, value in enumerate(row):
            at = f"{chr(65 + c)}{r}"
            if value and r > 1 and c in (6, 7, 8):
                cells.append(f'<c r="{at}"><v>{value}</v></c>')
            elif value:
                cells.append(f'<c r="{at}" t="s"><v>{shared.setdefault(value, len(shared))}</v></c>')
        lines.append(f'<row r="{r}">{"".join(cells)}</row>')
    main, rel = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    pack = "http://schemas.openxmlformats.org/package/2006"
    link = lambda i, kind, target: f'<Relationship Id="rId{i}" Type="{rel}/{kind}" Target="{target}"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{pack}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{pack}/relationships">{link(1, "officeDocument", "xl/workbook.xml")}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets><sheet name="名册" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{pack}/relationships">{link(1, "worksheet", "worksheets/sheet1.xml")}{link(2, "sharedStrings", "sharedStrings.xml")}</Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}" count="{len(shared)}" uniqueCount="{len(shared)}">{"".join(f"<si><t>{escape(s)}</t></si>" for s in shared)}</sst>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


# A process begins with the peak memory of the one it was forked from: so a small one starts it, and not this with its table.
STARTER = """
import os, resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def measure(command):
    """CPU seconds and peak MiB of one command, by the kernel's own count."""
    code, cpu, peak = subprocess.check_output([sys.executable, "-c", STARTER, *command], text=True).split()
    assert code == "0", f"failed: {command}"
    return float(cpu), float(peak)


def best(command):
    runs = [measure(command) for _ in range(3)]
    return min(c for c, _ in runs), max(p for _, p in runs)


class Office:
    """A pipeline with one source of a format, and an inbox for it."""

    def __init__(self, scratch, name, format, bidui):
        self.dir, self.bidui = scratch / name, bidui
        shared = self.dir / "shared"
        (shared / "sources").mkdir(parents=True)
        for part in ("codes", "models"):
            shutil.copytree(ROOT / "pipelines/shared" / part, shared / part)
        shutil.copy(ROOT / "tests/corpus/contracts/register.toml", shared / "sources")
        register = (shared / "sources/register.toml").read_text(encoding="utf-8")
        (shared / "sources/register.toml").write_text(register.replace('files = ["**/*"]', 'files = ["no/*"]'), encoding="utf-8")
        (shared / "sources/bench.toml").write_text(CONTRACT.replace("FORMAT", format), encoding="utf-8")
        (self.dir / "job").mkdir()
        (self.dir / "job/params.toml").touch()
        (self.dir / "job/pipeline.toml").write_text('name = "bench"\ntitle = "样本"\ncounty = "澄岚县"\ncadence = "quarterly"\nmodel = "person-cn"\nsources = ["register", "bench"]\n', encoding="utf-8")
        self.inbox = self.dir / "inbox"
        self.inbox.mkdir()

    def command(self):
        return [self.bidui, "check", str(self.dir / "job"), "--input", str(self.inbox), "--tables", str(self.dir / "tables"), "--as-of", "2026-09-30"]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    in_book = min(count // 4, 1_000_000)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    for what in ([], ["--example", "bare_cells"]):
        subprocess.check_call(["cargo", "build", "--release", "--locked", "--quiet", *what], cwd=ROOT)
    bidui, bare = str(target / "release/bidui"), str(target / "release/examples/bare_cells")
    python = target / "bench-venv/bin/python"
    if not python.exists():
        subprocess.check_call([sys.executable, "-m", "venv", str(python.parents[1])])
        subprocess.check_call([python, "-m", "pip", "install", "--quiet", "polars"])
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        table = list(rows(count))
        found = {}
        for name, part in (("whole", table), ("half", table[: count // 2])):
            text = "\r\n".join(",".join(r) for r in [HEAD, *part]) + "\r\n"
            office = Office(scratch, name, "csv", bidui)
            (office.inbox / "名册.csv").write_bytes(text.encode("gb18030"))
            (scratch / f"{name}.csv").write_bytes(text.encode())
            found[name] = best(office.command())
            found[f"polars {name}"] = best([str(python), "-c", POLARS, str(scratch / f"{name}.csv"), str(scratch / "polars.parquet")])
        for name, part in (("book", table[:in_book]), ("half book", table[: in_book // 2])):
            office = Office(scratch, name, "xlsx", bidui)
            workbook(office.inbox / "名册.xlsx", [HEAD, *part])
            found[name] = best(office.command())
            found[f"bare {name}"] = best([bare, str(office.inbox / "名册.xlsx")])
    show = lambda title, name, n: print(f"{title:44} {n:9,} rows {found[name][0]:7.2f} CPU s {n / found[name][0] / 1000:7.0f} thousand rows/CPU s  peak {found[name][1]:6.0f} MiB")
    show("bidui, GB18030 CSV → normalised Parquet", "whole", count)
    show("polars, UTF-8 CSV → Parquet", "polars whole", count)
    show("bidui, half", "half", count // 2)
    show("polars, half", "polars half", count // 2)
    show("bidui, XLSX → normalised Parquet", "book", in_book)
    show("calamine, bare cells of the same", "bare book", in_book)
    show("bidui, half of the workbook", "half book", in_book // 2)
    show("calamine, half of the workbook", "bare half book", in_book // 2)
    print(f"CSV rate against polars:    {found['polars whole'][0] / found['whole'][0]:.2f} (promised 0.50)")
    print(f"XLSX rate against calamine: {found['bare book'][0] / found['book'][0]:.2f} (promised {1 / 1.5:.2f})")
    print(f"peak memory, whole against half: CSV {found['whole'][1] / found['half'][1]:.2f}, XLSX {found['book'][1] / found['half book'][1]:.2f}")


main()
