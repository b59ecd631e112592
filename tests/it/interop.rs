//! Other programs read what bidui writes. Ignored by default because they need python3 with PyPI, LibreOffice and
//! poppler; `make test-interop` runs them, and so does CI.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::deliveries::{number, open};
use super::support::{AS_OF, bidui, copy_tree, manifest, root, run, sample_round, scratch, table};

/// Runs a program and fails with its own words when it fails.
fn demand(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?} does not start: {e}"));
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    assert!(output.status.success(), "{command:?} failed:\n{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Python with DuckDB, pandas and pyarrow in an environment of its own, made once.
fn python() -> PathBuf {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop-venv");
    let python = venv.join("bin/python");
    let ready = python.exists()
        && Command::new(&python)
            .args(["-c", "import duckdb, jsonschema, pandas, pyarrow"])
            .status()
            .is_ok_and(|s| s.success());
    if !ready {
        demand(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
        demand(Command::new(&python).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "duckdb",
            "jsonschema",
            "pandas",
            "pyarrow",
        ]));
    }
    python
}

const READ_ALL: &str = r#"
import json, pathlib, sys
import duckdb, pandas, pyarrow.parquet as pq
round_dir = pathlib.Path(sys.argv[1])
declared = {t["table"]: t["rows"] for t in json.load(open(round_dir / "manifest.json"))["tables"]}
files = sorted((round_dir / "tables").glob("*.parquet"))
assert {f.stem for f in files} == set(declared), "tables and manifest differ"
dictionary = duckdb.sql(f"select * from '{round_dir}/tables/dictionary.parquet'").df()
for f in files:
    name = f.stem
    duck = duckdb.sql(f"select * from '{f}'")
    frame = pandas.read_parquet(f)
    n = duck.aggregate("count(*)").fetchall()[0][0]
    assert n == declared[name] == len(frame), (name, n, declared[name], len(frame))
    assert list(duck.columns) == list(frame.columns), name
    described = dictionary[dictionary.table_name == name]
    assert list(described.column_name) == list(frame.columns), f"dictionary does not describe {name}"
    for field in pq.read_schema(f):
        assert field.metadata and b"title" in field.metadata and b"privacy" in field.metadata, (name, field.name)
    types = dict(zip(duck.columns, map(str, duck.types)))
    for column, kind in zip(described.column_name, described.type):
        want = {"text": "VARCHAR", "integer": "BIGINT", "decimal": "DECIMAL(18,2)", "float": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}[kind]
        assert types[column] == want, (name, column, types[column], want)
print(len(files))
"#;

#[test]
#[ignore = "needs python3 and PyPI; run by make test-interop"]
fn duckdb_and_pandas_read_every_table() {
    let round = sample_round();
    let read = demand(Command::new(python()).args(["-c", READ_ALL]).arg(round));
    let tables = manifest(round)["tables"].as_array().unwrap().len();
    assert_eq!(read.trim(), tables.to_string());
}

const VALIDATE: &str = r#"
import datetime, json, pathlib, sys, tomllib
import jsonschema
schemas, pipelines = map(pathlib.Path, sys.argv[1:])
kinds = {"pipeline": "*/pipeline.toml", "contract": "shared/sources/*.toml", "params": "*/params.toml", "rules": "*/rules/*.toml",
         "tests": "*/tests/*.toml", "model": "shared/models/person*.toml", "generic-model": "shared/models/generic*.toml"}
def plain(value):
    if isinstance(value, dict): return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list): return [plain(v) for v in value]
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else value
def misspelt(value):
    # The first key of the deepest first table, with a letter too many.
    for key, inner in value.items():
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            return {**value, key: [misspelt(inner[0]), *inner[1:]]}
    key = next(iter(value))
    return {(k + "x" if k == key else k): v for k, v in value.items()}
n = 0
for kind, glob in kinds.items():
    schema = json.load(open(schemas / f"{kind}.json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    files = sorted(pipelines.glob(glob))
    assert files, kind
    for file in files:
        value = plain(tomllib.loads(file.read_text("utf-8")))
        errors = [f"{list(e.path)}: {e.message}" for e in validator.iter_errors(value)]
        assert not errors, (str(file), errors)
        # A test's given names indicators and is open: its table ends there.
        assert list(validator.iter_errors(misspelt(value))), f"{file}: a misspelt key passes"
        n += 1
print(n)
"#;

#[test]
#[ignore = "needs python3 and PyPI; run by make test-interop"]
fn shipped_pipeline_files_follow_the_schemas_and_a_slip_does_not() {
    let office = scratch("interop-schema").join("office");
    demand(bidui().arg("init").arg(&office));
    let pipelines = root().join("pipelines");
    let read =
        demand(Command::new(python()).args(["-c", VALIDATE]).args([&office.join("pipelines/.schema"), &pipelines]));
    assert!(read.trim().parse::<usize>().unwrap() >= 30, "{read}");
}

fn pages(pdf: &Path) -> (usize, String) {
    let info = demand(Command::new("pdfinfo").arg(pdf));
    let of = |key: &str| info.lines().find_map(|l| l.strip_prefix(key)).unwrap_or("").trim().to_string();
    (of("Pages:").parse().unwrap(), of("Page size:"))
}

#[test]
#[ignore = "needs LibreOffice and poppler; run by make test-interop"]
fn libreoffice_opens_the_workbooks_and_their_pages_are_a4() {
    let round = sample_round();
    let out = scratch("interop-pdf");
    let profile = out.join("profile");
    let mut books: Vec<PathBuf> = std::fs::read_dir(round)
        .unwrap()
        .chain(std::fs::read_dir(round.join("核实表")).unwrap())
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "xlsx"))
        .collect();
    books.sort();
    assert!(books.len() >= 4, "lists and at least one township's form: {books:?}");
    for book in books {
        demand(
            Command::new("soffice")
                .arg(format!("-env:UserInstallation=file://{}", profile.display()))
                .args(["--headless", "--convert-to", "pdf", "--outdir"])
                .arg(&out)
                .arg(&book),
        );
        let pdf = out.join(book.with_extension("pdf").file_name().unwrap());
        let (count, size) = pages(&pdf);
        assert!(count > 0 && size.contains("A4"), "{}: {count} pages of {size}", book.display());
        let text = demand(Command::new("pdftotext").args(["-layout"]).arg(&pdf).arg("-"));
        assert!(!text.contains("###"), "{}: a column is too narrow for its numbers", book.display());
        // A page is a picture that somebody can read: it must not be blank.
        let stem = out.join("page");
        demand(Command::new("pdftoppm").args(["-png", "-r", "40", "-f", "1", "-l", "1"]).arg(&pdf).arg(&stem));
        assert!(text.chars().filter(|c| !c.is_whitespace()).count() > 50, "{}: nearly blank", book.display());
    }
}

/// Fills a receipt in with LibreOffice itself, as a clerk does: types into cells, tries a locked one, sorts the rows, saves.
const FILL_IN: &str = r#"
import atexit, json, subprocess, sys, time
import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.table import TableSortField
from com.sun.star.util.NumberFormat import TEXT

source, target, profile, heading, values = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]
pipe = "bidui%d" % (time.time_ns() % 10**9)
office = subprocess.Popen(["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--norestore",
    f"--accept=pipe,name={pipe};urp;StarOffice.ComponentContext"])
atexit.register(office.kill)
prop = lambda name, value: PropertyValue(name, 0, value, 0)
local = uno.getComponentContext()
resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
for _ in range(240):
    try:
        context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        break
    except Exception:
        time.sleep(0.5)
else:
    sys.exit("LibreOffice does not answer")
desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
document = desktop.loadComponentFromURL(uno.systemPathToFileUrl(source), "_blank", 0, (prop("Hidden", True),))
sheets = document.Sheets
assert not sheets.getByName("_bidui_receipt").IsVisible, "the marker is hidden"
sheet = sheets.getByName("待更正")
assert sheet.isProtected(), "the sheet is protected"
cursor = sheet.createCursor()
cursor.gotoEndOfUsedArea(False)
last, width = cursor.RangeAddress.EndRow, cursor.RangeAddress.EndColumn
text = lambda row, column: sheet.getCellByPosition(column, row).String
head = next(r for r in range(20) if any(text(r, c) == "回执编号" for c in range(width + 1)))
at = {text(head, c): c for c in range(width + 1)}
fill = at["更正：" + heading]
rows = [r for r in range(head + 1, last + 1) if "id_number." in text(r, at["问题代码"])]
assert len(rows) > len(values), "the sample has such rows"
done = []
for row, value in zip(rows, values):
    cell = sheet.getCellByPosition(fill, row)
    assert not cell.CellProtection.IsLocked, "what is asked for can be written"
    kind = document.NumberFormats.getByKey(cell.NumberFormat).Type
    assert kind & TEXT, "a cell of another format would turn 18 digits into a number as soon as they are typed"
    cell.String = value
    done.append([text(row, at[c]) for c in ("文件", "工作表", "行号")])
assert sheet.getCellByPosition(at["问题"], rows[0]).CellProtection.IsLocked, "the rest is locked"
# The office can take the lock away (it has no password); somebody sorts the whole rows then.
sheet.unprotect("")
body = sheet.getCellRangeByPosition(0, head + 1, width, last)
field = TableSortField()
field.Field, field.IsAscending = at["回执编号"], True
body.sort((prop("SortFields", uno.Any("[]com.sun.star.table.TableSortField", (field,))), prop("ContainsHeader", False)))
filter = "calc8" if target.endswith(".ods") else "Calc MS Excel 2007 XML"
document.storeToURL(uno.systemPathToFileUrl(target), (prop("FilterName", filter),))
document.close(True)
try:
    desktop.terminate()
except Exception:
    pass
office.wait(60)
print(json.dumps(done, ensure_ascii=False))
"#;

#[test]
#[ignore = "needs LibreOffice and python3-uno; run by make test-interop"]
fn a_receipt_corrected_in_libreoffice_heals_exactly_its_rows() {
    heals("interop-receipt", "新建 Microsoft Excel 工作表.xlsx");
}

#[test]
#[ignore = "needs LibreOffice and python3-uno; run by make test-interop"]
fn a_receipt_saved_in_libreoffices_own_format_heals_them_too() {
    heals("interop-receipt-ods", "无标题 1.ods");
}

fn heals(scratch_name: &str, saved_as: &str) {
    let dir = scratch(scratch_name);
    let (inbox, out) = (dir.join("inbox"), dir.join("out"));
    copy_tree(&root().join("sample-data"), &inbox);
    let pipeline = root().join("pipelines/quarterly");
    assert_eq!(run(&pipeline, &inbox, &out, AS_OF).0, 0);
    let round = out.join("rounds/2026Q3");
    let before = open(&round);
    let receipt = round.join("数据质量回执/民政局_农村低保发放名册.xlsx");
    let back = inbox.join(saved_as);
    let numbers = [number("991"), number("993")];
    // UNO comes with the system's Python, not with one from PyPI.
    let mut edit = Command::new("/usr/bin/python3");
    edit.args(["-c", FILL_IN]).arg(&receipt).arg(&back).arg(dir.join("profile")).arg("户主身份证号").args(&numbers);
    let done: Vec<[String; 3]> = serde_json::from_str(demand(&mut edit).trim()).unwrap();
    assert_eq!(done.len(), 2);

    let (code, _, err) = run(&pipeline, &inbox, &out, AS_OF);
    assert_eq!(code, 0, "{err}");
    assert!(!err.contains("receipt."), "nothing about the receipt is doubtful: {err}");
    let after = open(&round);
    let of_rows = |o: &(String, String, String, i64, String, String)| {
        o.0 == "dibao" && done.contains(&[o.1.clone(), o.2.clone(), o.3.to_string()])
    };
    let healed: Vec<_> = before.difference(&after).collect();
    assert!(healed.iter().all(|o| of_rows(o) && o.5 == "id_number"), "{healed:?}");
    assert_eq!(healed.len(), before.iter().filter(|o| of_rows(o) && o.5 == "id_number").count());
    assert!(healed.len() >= 2, "{healed:?}");
    assert!(after.difference(&before).all(of_rows), "no other row is touched");
    let corrections = table(&round, "corrections");
    let kept: Vec<Option<&str>> = (0..corrections.rows()).map(|i| corrections.str_at("corrected", i)).collect();
    assert_eq!(kept.len(), 2);
    assert!(numbers.iter().all(|n| kept.contains(&Some(n.as_str()))), "18 digits went there and back");
    assert_eq!(manifest(&round)["sums_close"], true);
}

/// Fills a 核实表 in with LibreOffice itself: answers every row of every sheet, tries the locks, sorts one sheet's whole rows.
const ANSWER: &str = r#"
import atexit, subprocess, sys, time
import uno
from com.sun.star.beans import PropertyValue

source, profile, targets = sys.argv[1], sys.argv[2], sys.argv[3:]
pipe = "bidui%d" % (time.time_ns() % 10**9)
office = subprocess.Popen(["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--norestore",
    f"--accept=pipe,name={pipe};urp;StarOffice.ComponentContext"])
atexit.register(office.kill)
prop = lambda name, value: PropertyValue(name, 0, value, 0)
local = uno.getComponentContext()
resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
for _ in range(240):
    try:
        context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        break
    except Exception:
        time.sleep(0.5)
else:
    sys.exit("LibreOffice does not answer")
desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
document = desktop.loadComponentFromURL(uno.systemPathToFileUrl(source), "_blank", 0, (prop("Hidden", True),))
assert not document.Sheets.getByName("bidui").IsVisible, "the marker is hidden"
answered = first = 0
for number in range(document.Sheets.Count):
    sheet = document.Sheets.getByIndex(number)
    if not sheet.IsVisible:
        continue
    assert sheet.isProtected(), "every sheet is protected"
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    last, width = cursor.RangeAddress.EndRow, cursor.RangeAddress.EndColumn
    text = lambda row, column: sheet.getCellByPosition(column, row).String
    head = next((r for r in range(min(last + 1, 20)) if any(text(r, c) == "编号" for c in range(width + 1))), None)
    if head is None:
        continue
    at = {text(head, c): c for c in range(width + 1)}
    here = 0
    for row in range(head + 1, last + 1):
        if len(text(row, at["编号"])) != 9:
            continue
        for heading, value in {"核实结果": "不属实", "情况说明": "入户看过，不属实", "核实人": "王干部"}.items():
            cell = sheet.getCellByPosition(at[heading], row)
            assert not cell.CellProtection.IsLocked, heading
            cell.String = value
        # Typed as a person types it: the program makes a day of it.
        sheet.getCellByPosition(at["核实日期"], row).setFormula("2026-10-08")
        for locked in ("编号", "户主", "证件号", "核实事项", "线索依据", "核对"):
            assert sheet.getCellByPosition(at[locked], row).CellProtection.IsLocked, locked
        here += 1
    if not first:
        first = here
        document.CurrentController and document.CurrentController.setActiveSheet(sheet)
    answered += here
filters = {"xlsx": "Calc MS Excel 2007 XML", "xls": "MS Excel 97", "ods": "calc8"}
for target in targets:
    document.storeToURL(uno.systemPathToFileUrl(target), (prop("FilterName", filters[target.rsplit(".", 1)[1]]),))
document.close(True)
try:
    desktop.terminate()
except Exception:
    pass
office.wait(60)
print(answered)
"#;

#[test]
#[ignore = "needs LibreOffice and python3-uno; run by make test-interop"]
fn a_form_answered_in_libreoffice_comes_back_whole_in_every_format() {
    let round = sample_round();
    let dir = scratch("interop-form");
    let out = round.parent().unwrap().parent().unwrap();
    let mut forms: Vec<PathBuf> = std::fs::read_dir(round.join("核实表")).unwrap().map(|e| e.unwrap().path()).collect();
    forms.sort();
    let targets = ["xlsx", "xls", "ods"].map(|ending| dir.join(format!("交回.{ending}")));
    let mut fill = Command::new("/usr/bin/python3");
    fill.args(["-c", ANSWER]).arg(&forms[0]).arg(dir.join("profile")).args(&targets);
    let answered: u64 = demand(&mut fill).trim().parse().unwrap();
    assert!(answered > 2);
    for target in targets {
        let office = scratch("interop-form-office");
        std::fs::copy(out.join("ledger.sqlite"), office.join("ledger.sqlite")).unwrap();
        let mut import = bidui();
        import.args(["forms", "import", "--json", "--on", "2026-10-12", "--out"]).arg(&office).arg(&target);
        let said: serde_json::Value = serde_json::from_str(&demand(&mut import)).unwrap();
        let file = &said["files"][0];
        let name = target.display();
        assert_eq!(file["counts"]["answered"].as_u64(), Some(answered), "{name}: {file}");
        assert_eq!((&file["complete"], &file["counts"]["with_changes"]), (&true.into(), &0.into()), "{name}: {file}");
    }
}
