//! `bidui forms` as a clerk uses it: forms out, answers in, receipts, and what happens when something goes wrong on the way.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use bidui::cases::forms::{FormKind, Issued};
use bidui::cases::ledger::{FILE, Ledger};
use bidui::{ingest, plan};
use serde_json::Value;

use super::book::Book;
use super::support::{bidui, outcome, root, sample_round, scratch, table};

const ON: &str = "2026-10-12";

/// The case of every row that a folder's ledger has issued, by token.
pub fn cases_by_token(out: &Path) -> BTreeMap<String, Option<u32>> {
    let rows = issued(out).into_iter().flat_map(|f| f.rows);
    rows.map(|r| (r.token, r.case)).collect()
}

fn issued(out: &Path) -> Vec<Issued> {
    let ledger = Ledger::open(out).unwrap();
    let all = ledger.forms().unwrap();
    all.iter().map(|f| ledger.form(&f.form).unwrap().unwrap()).filter(|f| f.kind == FormKind::Verify).collect()
}

fn sample_out() -> &'static Path {
    sample_round().parent().unwrap().parent().unwrap()
}

/// A folder with the sample's ledger, as it was when the round was published.
fn office(name: &str) -> PathBuf {
    let out = scratch(name);
    fs::copy(sample_out().join(FILE), out.join(FILE)).unwrap();
    out
}

/// The form that went to a township.
fn form_of(form: &Issued) -> Book {
    Book::read(&sample_round().join("核实表").join(format!("{}.xlsx", form.township.as_deref().unwrap())))
}

/// The townships with the most rows.
fn largest() -> Vec<Issued> {
    let mut all = issued(sample_out());
    all.sort_by_key(|f| std::cmp::Reverse(f.rows.len()));
    assert!(all[1].rows.len() > 6, "the sample has forms to speak of");
    all
}

fn import(out: &Path, files: &[&Path], more: &[&str]) -> (i32, Vec<Value>, String) {
    let mut command = bidui();
    command.args(["forms", "import", "--json", "--on", ON, "--out"]).arg(out).args(more).args(files);
    let (code, stdout, stderr) = outcome(&mut command);
    let read: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{code} {stdout} {stderr}"));
    (code, read["files"].as_array().unwrap().clone(), stderr)
}

fn number(file: &Value, state: &str) -> u64 {
    file["counts"][state].as_u64().unwrap_or_else(|| panic!("{state} in {file}"))
}

fn state(out: &Path, case: u32) -> String {
    Ledger::open(out).unwrap().case(case).unwrap().unwrap().state
}

fn receipt(file: &Value) -> Value {
    let path = PathBuf::from(file["receipt"].as_str().unwrap());
    assert!(path.is_file(), "the receipt as a workbook");
    serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap()
}

#[test]
fn answers_move_cases_once_and_the_receipt_says_complete_only_when_it_is() {
    let out = office("forms-year");
    let form = &largest()[0];
    let mut book = form_of(form);
    let results = ["属实", "不属实", "查无此人", "身份不符", "原因不同"];
    let ends = ["proposed", "false_alarm", "identity_unclear", "identity_unclear", "proposed"];
    let rows = book.rows();
    let (last, first) = (rows[rows.len() - 1], rows[0]);
    let mut wanted = BTreeMap::new();
    let cases = cases_by_token(&out);
    for (i, (s, r)) in rows.iter().enumerate() {
        let case = cases[&book.token(*s, *r)].unwrap();
        let before = state(&out, case);
        if (*s, *r) == last {
            wanted.insert(case, before);
            continue;
        }
        book.answer(*s, *r, results[i % 5]);
        // A person nobody knows stays unknown until the office has looked.
        let end = if before == "identity_unclear" && i % 5 != 1 { "identity_unclear" } else { ends[i % 5] };
        if before == "identity_unclear" && i % 5 == 0 {
            book.set(*s, *r, "情况说明", "是本村的户");
        }
        wanted.insert(case, end.to_string());
    }
    let new = book.sheets[first.0].grid[first.1].len();
    book.sheets[first.0].grid.insert(first.1 + 1, vec![String::new(); new]);
    for (heading, text) in
        [("户主", "新报户"), ("组", "2组"), ("实际风险", "因病"), ("情况说明", "大病住院"), ("核实人", "王干部")]
    {
        book.set(first.0, first.1 + 1, heading, text);
    }
    let one = out.join("一.xlsx");
    book.write(&one);

    let (code, files, told) = import(&out, &[&one], &[]);
    assert_eq!(code, 0, "{told}");
    let n = rows.len() as u64;
    assert_eq!((number(&files[0], "issued"), number(&files[0], "answered")), (n, n - 1), "{}", files[0]);
    assert_eq!((number(&files[0], "unanswered"), number(&files[0], "new")), (1, 1));
    assert_eq!(files[0]["complete"], false);
    assert!(!told.contains("王干部"), "no personal value in what is said");
    for (case, end) in &wanted {
        assert_eq!(&state(&out, *case), end, "case {case}");
    }
    let paper = receipt(&files[0]);
    assert_eq!(paper["complete"], false);
    assert_eq!(paper["rows"].as_array().unwrap().len() as u64, n + 1);

    // The new report is a file that the villages' contract takes.
    let reports = PathBuf::from(files[0]["reports"].as_str().unwrap());
    let below = reports.strip_prefix(out.join("forms/inbox")).unwrap().to_path_buf();
    let (plan, _) = plan::load(&root().join("pipelines/quarterly"));
    let plan = plan.unwrap();
    let source = plan.sources.iter().find(|s| s.id == "offline_report").unwrap();
    assert!(ingest::fits(source, &below.to_string_lossy()).unwrap(), "{}", below.display());
    let relative = below.to_string_lossy().into_owned();
    let delivery = ingest::read(source, &[ingest::InputFile { path: reports.clone(), relative }]);
    assert!(delivery.refused.is_empty() && delivery.read == 1, "{:?}", delivery.problems);
    assert!(below.to_string_lossy().contains(form.township.as_deref().unwrap()));

    // The same file once more, and its receipt gone in between: nothing changes, the receipt is there again.
    let path = PathBuf::from(files[0]["receipt"].as_str().unwrap());
    let bytes = fs::read(&path).unwrap();
    fs::remove_dir_all(out.join("forms")).unwrap();
    let events = Ledger::open(&out).unwrap().case_events(None).unwrap();
    let (code, files, _) = import(&out, &[&one, &one], &[]);
    assert_eq!((code, &files[0]["state"], &files[1]["state"]), (0, &"repeated".into(), &"repeated".into()));
    assert_eq!(fs::read(&path).unwrap(), bytes, "the same receipt is the same bytes");
    assert!(reports.is_file());
    assert_eq!(Ledger::open(&out).unwrap().case_events(None).unwrap(), events);

    // The missing answer follows: complete, and nothing else happens a second time.
    book.answer(last.0, last.1, "属实");
    book.set(last.0, last.1, "情况说明", "去过了");
    let two = out.join("二.xlsx");
    book.write(&two);
    let (_, files, told) = import(&out, &[&two], &[]);
    assert_eq!((number(&files[0], "answered"), number(&files[0], "earlier")), (1, n - 1), "{} {told}", files[0]);
    assert_eq!((number(&files[0], "new"), number(&files[0], "duplicate")), (0, 1), "the report is known");
    assert_eq!(files[0]["complete"], true);
    assert_eq!(Ledger::open(&out).unwrap().case_events(None).unwrap().len(), events.len() + 1);

    // A later version that says something else is for a person; what the person decides counts.
    let case = cases[&book.token(first.0, first.1)].unwrap();
    let before = state(&out, case);
    book.answer(first.0, first.1, "不属实");
    let three = out.join("三.xlsx");
    book.write(&three);
    let (_, files, told) = import(&out, &[&three], &[]);
    assert_eq!((number(&files[0], "conflict"), &files[0]["complete"]), (1, &false.into()), "{}", files[0]);
    assert!(files[0]["problems"].to_string().contains("forms.conflict"), "{told}");
    assert_eq!(state(&out, case), before);
    let given_out = PathBuf::from(files[0]["receipt"].as_str().unwrap());
    let bytes = fs::read(&given_out).unwrap();
    let (_, files, told) = import(&out, &[&three], &["--overrule", "--by", "李主任"]);
    assert_ne!(files[0]["receipt"].as_str().map(PathBuf::from), Some(given_out.clone()));
    assert_eq!(fs::read(&given_out).unwrap(), bytes, "the receipt that was given out stays as it was");
    assert_eq!((number(&files[0], "answered"), &files[0]["complete"]), (1, &true.into()), "{} {told}", files[0]);
    assert_eq!(state(&out, case), "false_alarm");

    let (code, listed, _) = outcome(bidui().args(["forms", "list", "--json", "--out"]).arg(&out));
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let own = listed.as_array().unwrap().iter().find(|f| f["form"] == form.form.as_str()).unwrap();
    assert_eq!((code, own["answered"].as_u64(), own["returns"].as_u64()), (0, Some(n), Some(4)));
    let (code, again, _) = outcome(bidui().args(["forms", "receipt", &form.form, "--out"]).arg(&out));
    assert_eq!((code, again.lines().count()), (0, 4), "{again}");
}

#[test]
fn two_versions_in_one_command_fold_where_they_agree_and_conflict_where_they_do_not() {
    let out = office("forms-versions");
    let form = &largest()[1];
    let mut book = form_of(form);
    let rows = book.rows();
    for (s, r) in &rows {
        book.answer(*s, *r, "不属实");
    }
    let (one, two) = (out.join("甲.xlsx"), out.join("乙.xlsx"));
    book.write(&one);
    let (s, r) = rows[2];
    let case = cases_by_token(&out)[&book.token(s, r)].unwrap();
    let before = state(&out, case);
    book.answer(s, r, "原因不同");
    book.set(rows[0].0, rows[0].1, "情况说明", "换一种说法");
    book.write(&two);
    let n = rows.len() as u64;
    let (code, files, told) = import(&out, &[&one, &two], &[]);
    assert_eq!(code, 0, "{told}");
    assert_eq!((number(&files[0], "answered"), number(&files[0], "conflict")), (n - 1, 1), "{}", files[0]);
    assert_eq!((number(&files[1], "earlier"), number(&files[1], "conflict")), (n - 1, 1), "{}", files[1]);
    assert!(files.iter().all(|f| f["complete"] == false));
    assert_eq!(state(&out, case), before, "nothing is applied for the row");
    assert!(
        rows.iter()
            .filter(|at| **at != (s, r))
            .all(|(s, r)| { state(&out, cases_by_token(&out)[&book.token(*s, *r)].unwrap()) == "false_alarm" })
    );
    // A third version does not settle it either; a person does.
    book.set(s, r, "情况说明", "第三份");
    let three = out.join("丙.xlsx");
    book.write(&three);
    assert_eq!(number(&import(&out, &[&three], &[]).1[0], "conflict"), 1);
    let (_, files, _) = import(&out, &[&three], &["--overrule"]);
    assert_eq!((number(&files[0], "answered"), &files[0]["complete"]), (1, &true.into()), "{}", files[0]);
}

#[test]
fn what_is_no_form_is_refused_and_the_others_go_on() {
    let out = office("forms-refused");
    let forms = largest();
    let (form, other) = (&forms[0], &forms[1]);
    let mut book = form_of(form);
    for (s, r) in book.rows() {
        book.answer(s, r, "不属实");
    }
    let good = out.join("good.xlsx");
    book.write(&good);
    // Known by its tokens alone: no hidden sheet, no cover, one sheet as text.
    let sheet = book.rows()[0].0;
    let of_sheet = book.rows().iter().filter(|(s, _)| *s == sheet).count() as u64;
    let csv = out.join("一个村.csv");
    fs::write(&csv, format!("\u{feff}{}", book.csv(sheet))).unwrap();
    let lock = out.join("~$good.xlsx");
    fs::write(&lock, b"lock").unwrap();
    let cut = out.join("cut.xlsx");
    fs::write(&cut, &fs::read(&good).unwrap()[..2000]).unwrap();
    let wrong = out.join("wrong.csv");
    fs::write(&wrong, "姓名,金额\n甲,1\n").unwrap();
    // Another ledger's form.
    let mut strange = form_of(other);
    for sheet in &mut strange.sheets {
        for cell in sheet.grid.iter_mut().flatten() {
            if bidui::model::token::is_row(cell) {
                *cell = bidui::model::token::row(&["another office", cell], 0);
            } else if let Some(form) = bidui::model::token::form_within(cell) {
                *cell = cell.replace(&form, &bidui::model::token::form(&["another office"]));
            }
        }
    }
    let unknown = out.join("unknown.xlsx");
    strange.write(&unknown);
    let (code, files, told) = import(&out, &[&lock, &cut, &wrong, &unknown, &csv, &good], &[]);
    assert_eq!(code, 65, "{told}");
    let codes: Vec<String> =
        files.iter().map(|f| f["problems"][0]["code"].as_str().unwrap_or("").to_string()).collect();
    assert_eq!(
        (codes[0].as_str(), codes[2].as_str(), codes[3].as_str()),
        ("forms.lock_file", "forms.not_a_form", "forms.unknown")
    );
    assert!(files[..4].iter().all(|f| f["state"] == "refused"), "{files:?}");
    let n = form.rows.len() as u64;
    assert_eq!((number(&files[4], "answered"), number(&files[4], "missing")), (of_sheet, n - of_sheet), "{}", files[4]);
    assert_eq!((number(&files[5], "answered"), number(&files[5], "earlier")), (n - of_sheet, of_sheet), "{}", files[5]);
    assert_eq!(files[5]["complete"], true);
}

#[test]
fn townships_forms_are_disjoint_and_complete_and_hold_nothing_of_another() {
    let round = sample_round();
    let tasks = table(round, "verification_tasks");
    let forms = issued(sample_out());
    let tokens: Vec<&String> = forms.iter().flat_map(|f| f.rows.iter().map(|r| &r.token)).collect();
    let distinct: std::collections::BTreeSet<_> = tokens.iter().collect();
    assert_eq!((tokens.len(), distinct.len()), (tasks.rows(), tasks.rows()), "every task once");
    for form in &forms {
        let path = round.join("核实表").join(format!("{}.xlsx", form.township.as_deref().unwrap()));
        let mut archive = zip::ZipArchive::new(fs::File::open(&path).unwrap()).unwrap();
        let mut all = String::new();
        for i in 0..archive.len() {
            let mut bytes = Vec::new();
            archive.by_index(i).unwrap().read_to_end(&mut bytes).unwrap();
            all.push_str(&String::from_utf8_lossy(&bytes));
        }
        let own: std::collections::BTreeSet<&String> = form.rows.iter().flat_map(|r| r.shown.values()).collect();
        let said = |text: &str| own.iter().any(|o| o.contains(text));
        assert!(form.rows.iter().all(|r| all.contains(&r.token)), "its own rows are there");
        for other in forms.iter().filter(|f| f.form != form.form) {
            for row in &other.rows {
                assert!(!all.contains(&row.token), "{} holds a token of {}", path.display(), other.form);
                for column in ["户主", "证件号"] {
                    let text = &row.shown[column];
                    assert!(
                        text.is_empty() || said(text) || !all.contains(text.as_str()),
                        "{} names another's person",
                        path.display()
                    );
                }
            }
        }
        // Nobody's whole number is in it.
        let digits: Vec<&str> = all.split(|c: char| !c.is_ascii_digit()).filter(|d| d.len() >= 17).collect();
        assert!(!digits.iter().any(|d| d.starts_with("99")), "{}", path.display());
    }
}

#[test]
fn empty_forms_are_read_as_the_villages_source_and_self_reports_need_an_authorisation() {
    let out = office("forms-blank");
    let to = out.join("空表");
    for kind in ["blank", "self_report"] {
        let mut command = bidui();
        command.args(["forms", "export", kind, "--on", ON, "--out"]).arg(&out).arg("--to").arg(to.join(kind));
        let (code, shown, told) = outcome(&mut command);
        assert_eq!(code, 0, "{shown} {told}");
    }
    let township = largest()[0].township.clone().unwrap();
    let village = largest()[0].rows[0].sheet.clone();
    let fill = |book: &mut Book, at: usize, name: &str| {
        let sheet = book.sheets.iter().position(|s| !s.hidden).unwrap();
        let heads = book.sheets[sheet].grid.iter().position(|r| r.iter().any(|c| c == "户主姓名")).unwrap();
        let row = heads + at;
        let grid = &mut book.sheets[sheet].grid;
        grid.resize_with(grid.len().max(row + 1), Vec::new);
        for (heading, text) in
            [("行政村", village.as_str()), ("户主姓名", name), ("致贫返贫风险", "因病"), ("家庭人口", "3")]
        {
            let column = grid[heads].iter().position(|c| c == heading).unwrap();
            let width = grid[row].len().max(column + 1);
            grid[row].resize_with(width, String::new);
            grid[row][column] = text.to_string();
        }
        (sheet, heads, row)
    };
    // 线下排查表: filled in and put into the folder of deliveries as it is.
    let name = format!("{township}线下排查表.xlsx");
    let mut book = Book::read(&to.join("blank").join(&name));
    fill(&mut book, 1, "新报户");
    let filled = out.join(&name);
    book.write(&filled);
    let (plan, _) = plan::load(&root().join("pipelines/quarterly"));
    let plan = plan.unwrap();
    let source = plan.sources.iter().find(|s| s.id == "offline_report").unwrap();
    let relative = format!("线下排查/{name}");
    assert!(ingest::fits(source, &relative).unwrap());
    let delivery = ingest::read(source, &[ingest::InputFile { path: filled, relative }]);
    assert!(delivery.refused.is_empty() && delivery.read == 1, "{:?}", delivery.problems);

    // 自主申报表: a row without the number of the authorisation is refused, with the reason.
    let mut book = Book::read(&to.join("self_report").join(format!("{township}自主申报表.xlsx")));
    let (sheet, heads, row) = fill(&mut book, 1, "申报户");
    fill(&mut book, 2, "没授权的户");
    let column = book.sheets[sheet].grid[heads].iter().position(|c| c == "授权书编号").unwrap();
    book.sheets[sheet].grid[row].resize_with(column + 1, String::new);
    book.sheets[sheet].grid[row][column] = "SQ-2026-001".into();
    let filled = out.join("申报.xlsx");
    book.write(&filled);
    let (code, files, told) = import(&out, &[&filled], &[]);
    assert_eq!(code, 0, "{told}");
    assert_eq!((number(&files[0], "new"), number(&files[0], "stray"), &files[0]["complete"]), (1, 1, &false.into()));
    assert!(receipt(&files[0]).to_string().contains("未填“授权书编号”"), "{}", receipt(&files[0]));
    let reports = Book::read(Path::new(files[0]["reports"].as_str().unwrap()));
    let said: Vec<&String> = reports.sheets[0].grid.iter().flatten().collect();
    assert!(said.iter().any(|t| t.contains("SQ-2026-001")) && said.iter().any(|t| *t == "申报户"));
    assert!(!said.iter().any(|t| *t == "没授权的户"));
}

#[test]
fn a_killed_import_is_wholly_done_or_wholly_not() {
    let form = &largest()[0];
    let mut book = form_of(form);
    for (s, r) in book.rows() {
        book.answer(s, r, "不属实");
    }
    let whole = office("forms-kill-whole");
    let file = whole.join("交回.xlsx");
    book.write(&file);
    let (_, files, _) = import(&whole, &[&file], &[]);
    let n = number(&files[0], "answered");
    let name = PathBuf::from(files[0]["receipt"].as_str().unwrap());
    let paper = fs::read(&name).unwrap();
    let events = Ledger::open(&whole).unwrap().case_events(None).unwrap().len();
    let (mut done, mut not) = (0, 0);
    let before = Ledger::open(sample_out()).unwrap().case_events(None).unwrap().len();
    let began = std::time::Instant::now();
    import(&office("forms-kill-time"), &[&file], &[]);
    let takes = began.elapsed();
    for step in 1..=12_u32 {
        let out = office("forms-kill");
        let mut command = bidui();
        command.args(["forms", "import", "--on", ON, "--out"]).arg(&out).arg(&file);
        let mut child =
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(takes * step / 12);
        child.kill().unwrap();
        child.wait().unwrap();
        let ledger = Ledger::open(&out).unwrap();
        let now = ledger.case_events(None).unwrap().len();
        let returns = ledger.returns_of_form(&form.form).unwrap().len();
        drop(ledger);
        assert!((now, returns) == (before, 0) || (now, returns) == (events, 1), "{now} events, {returns} returns");
        if returns == 0 {
            not += 1
        } else {
            done += 1
        }
        // The same command again: done, once, with its receipt.
        let (code, files, told) = import(&out, &[&file], &[]);
        assert_eq!(code, 0, "{told}");
        assert_eq!(Ledger::open(&out).unwrap().case_events(None).unwrap().len(), events);
        assert_eq!(fs::read(files[0]["receipt"].as_str().unwrap()).unwrap(), paper);
    }
    assert!(n > 6 && not > 0, "{done} done, {not} not");
}
