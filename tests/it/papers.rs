//! From proposals to orders and dossiers, over the forms that go out and come back: publicity, township, meeting, departments.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use bidui::plan::remedies::HEALTH_WORDS;
use serde_json::Value;

use super::book::Book;
use super::support::{bidui, office, outcome, sample_round, table};

fn call(args: &[&str], out: &Path, on: &str) -> Value {
    let (code, said, errors) = outcome(bidui().args(args).arg("--out").arg(out).args(["--on", on, "--json"]));
    assert_eq!(code, 0, "{args:?}: {errors}");
    serde_json::from_str(&said).unwrap_or_else(|e| panic!("{args:?}: {e}: {said}"))
}

/// Exports a kind and gives its workbooks.
fn export(out: &Path, kind: &str, on: &str) -> Vec<PathBuf> {
    let told = call(&["forms", "export", kind], out, on);
    told["files"].as_array().expect("files").iter().map(|f| PathBuf::from(f.as_str().expect("a path"))).collect()
}

/// Fills every workbook and brings all in; gives what came of each.
fn answer(out: &Path, files: &[PathBuf], on: &str, mut fill: impl FnMut(&mut Book, usize, usize)) -> Vec<Value> {
    let mut filled = Vec::new();
    for (i, file) in files.iter().enumerate() {
        let mut book = Book::read(file);
        for (sheet, row) in book.rows() {
            fill(&mut book, sheet, row);
        }
        let name =
            format!("{}-{i}-filled.xlsx", file.parent().and_then(Path::file_name).expect("day").to_string_lossy());
        let path = out.join(format!("{}-{name}", file.file_stem().expect("name").to_string_lossy()));
        book.write(&path);
        filled.push(path);
    }
    import(out, &filled, on)
}

fn import(out: &Path, files: &[PathBuf], on: &str) -> Vec<Value> {
    let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
    let args: Vec<&str> = ["forms", "import"].into_iter().chain(names.iter().map(String::as_str)).collect();
    call(&args, out, on)["files"].as_array().expect("files").clone()
}

fn states(out: &Path, on: &str) -> BTreeMap<String, String> {
    let all = call(&["cases", "list", "--all"], out, on);
    let text = |v: &Value, key: &str| v[key].as_str().unwrap_or_default().to_string();
    all.as_array().expect("cases").iter().map(|c| (text(c, "case_id"), text(c, "state"))).collect()
}

fn count(states: &BTreeMap<String, String>, state: &str) -> usize {
    states.values().filter(|s| *s == state).count()
}

/// Fills the cover: what is asked once for the whole form.
fn head(book: &mut Book, label: &str, text: &str) {
    for sheet in book.sheets.iter_mut().filter(|s| !s.hidden) {
        for row in &mut sheet.grid {
            if row.first().is_some_and(|c| c == label) {
                row.resize_with(2, String::new);
                row[1] = text.to_string();
            }
        }
    }
}

/// Every part of a workbook, as text.
fn parts(path: &Path) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut parts = BTreeMap::new();
    for i in 0..archive.len() {
        let mut part = archive.by_index(i).unwrap();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        parts.insert(part.name().expect("a name").into_owned(), String::from_utf8_lossy(&bytes).into_owned());
    }
    parts
}

/// Runs of digits of a text.
fn longest_digits(text: &str) -> usize {
    text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0)
}

#[test]
fn from_the_proposal_to_the_order_and_the_dossier() {
    let out = office("papers");
    let proposed = count(&states(&out, "2026-10-08"), "proposed");
    assert!(proposed > 5, "the sample proposes households: {proposed}");

    // Publicity: nothing but name, group, type and a neutral word in any part of the workbook.
    let lists = export(&out, "publicity", "2026-10-08");
    let persons = table(sample_round(), "persons");
    let numbers: BTreeSet<&str> = (0..persons.rows()).filter_map(|r| persons.str_at("id_number", r)).collect();
    let mut rows = 0;
    for list in &lists {
        for (name, text) in parts(list) {
            for word in HEALTH_WORDS {
                assert!(!text.contains(word), "{}: {name}: {word}", list.display());
            }
            for number in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|t| t.len() == 18) {
                assert!(!numbers.contains(number), "{}: {name} has an identity number", list.display());
            }
        }
        let book = Book::read(list);
        for cell in book.sheets.iter().filter(|s| !s.hidden).flat_map(|s| &s.grid).flatten() {
            assert!(longest_digits(cell) < 7, "{}: {cell}", list.display());
            assert!(!cell.contains("内部资料"));
        }
        rows += book.rows().len();
    }
    assert_eq!(rows, proposed, "every proposed case is on one list");
    assert_eq!(count(&states(&out, "2026-10-08"), "village_publicity"), proposed);
    assert!(parts(&lists[0]).values().all(|p| !p.contains("内部资料")), "the list hangs on a wall");

    // Too early it cannot have passed.
    let early = answer(&out, &lists[..1], "2026-10-10", |book, sheet, row| {
        book.set(sheet, row, "公示结果", "无异议");
        book.set(sheet, row, "公示截止日期", "2026-10-10");
        book.set(sheet, row, "经办人", "王干部");
    });
    assert_eq!(early[0]["complete"], Value::Bool(false));
    assert_eq!(early[0]["counts"]["answered"], Value::from(0));
    let mut objected = 0;
    let told = answer(&out, &lists, "2026-10-14", |book, sheet, row| {
        let objection = objected == 0;
        objected += 1;
        book.set(sheet, row, "公示结果", if objection { "有异议" } else { "无异议" });
        book.set(sheet, row, "公示截止日期", "2026-10-13");
        book.set(sheet, row, "经办人", "王干部");
        if objection {
            book.set(sheet, row, "异议内容和调查处理", "群众反映家里有工程车，待查");
        }
    });
    assert!(told.iter().all(|f| f["complete"] == Value::Bool(true)), "{told:?}");
    assert_eq!(count(&states(&out, "2026-10-14"), "township_review"), proposed - 1);

    // Township: a caution asks for a word; without it the row comes back, and nobody is removed.
    let reviews = export(&out, "township", "2026-10-14");
    let mut cautioned = 0;
    let silent = answer(&out, &reviews, "2026-10-15", |book, sheet, row| {
        cautioned += usize::from(!book.get(sheet, row, "审慎事项").is_empty());
        book.set(sheet, row, "审核意见", "通过");
        book.set(sheet, row, "审核人", "李镇长");
    });
    let refused: u64 = silent.iter().map(|f| f["counts"]["refused"].as_u64().unwrap()).sum();
    assert_eq!(refused as usize, cautioned);
    let now = states(&out, "2026-10-15");
    assert_eq!(count(&now, "county_meeting"), proposed - 1 - cautioned);
    if cautioned > 0 {
        let again = export(&out, "township", "2026-10-15");
        let told = answer(&out, &again, "2026-10-16", |book, sheet, row| {
            book.set(sheet, row, "审核意见", "通过");
            book.set(sheet, row, "审慎事项说明", "车为旧农用车，用于务工");
            book.set(sheet, row, "审核人", "李镇长");
        });
        assert!(told.iter().all(|f| f["complete"] == Value::Bool(true)), "{told:?}");
    }

    // The meeting: its number once on the cover; without it nothing is decided.
    let before = count(&states(&out, "2026-10-16"), "county_meeting");
    assert_eq!(before, proposed - 1);
    let meeting = export(&out, "meeting", "2026-10-16");
    assert_eq!(meeting.len(), 1);
    let decide = |n: usize| match n {
        0 => "不通过",
        1 => "退回补正",
        _ => "通过",
    };
    let filled = |with_head: bool, name: &str| {
        let mut book = Book::read(&meeting[0]);
        for (n, (sheet, row)) in book.rows().into_iter().enumerate() {
            book.set(sheet, row, "审定意见", decide(n));
            book.set(sheet, row, if n < 2 { "原因" } else { "审慎事项说明" }, "会议讨论");
        }
        if with_head {
            head(&mut book, "会议编号", "县防贫会〔2026〕3号");
            head(&mut book, "会议日期", "2026-10-18");
            head(&mut book, "审定人", "县领导小组");
        }
        let path = out.join(name);
        book.write(&path);
        path
    };
    let told = import(&out, &[filled(false, "without-number.xlsx")], "2026-10-18");
    assert_eq!(told[0]["counts"]["answered"], Value::from(0));
    let told = import(&out, &[filled(true, "with-number.xlsx")], "2026-10-18");
    assert_eq!(told[0]["complete"], Value::Bool(true), "{told:?}");
    let now = states(&out, "2026-10-18");
    assert_eq!((count(&now, "approved"), count(&now, "rejected")), (before - 2, 1));

    // The national system's two sheets hold every approved household, with full numbers.
    let national = call(&["orders", "national"], &out, "2026-10-18");
    assert_eq!(national["mark"].as_u64().unwrap() + national["enter"].as_u64().unwrap(), (before - 2) as u64);
    let book = Book::read(Path::new(national["file"].as_str().unwrap()));
    for (sheet, heading) in [(0, "户主证件号码"), (1, "与户主关系")] {
        assert!(
            book.sheets[sheet].grid[2].iter().any(|c| c == heading),
            "headings on row 3: {:?}",
            book.sheets[sheet].grid[2]
        );
    }

    // One order per risk; the same command again opens none. Departments get their own only.
    let opened = call(&["orders", "open", "--by", "县防贫办"], &out, "2026-10-19");
    let opened = opened.as_array().unwrap().len();
    assert!(opened >= before - 2);
    assert_eq!(call(&["orders", "open", "--by", "县防贫办"], &out, "2026-10-19"), Value::Array(Vec::new()));
    let papers = export(&out, "order", "2026-10-19");
    let mut seen = BTreeSet::new();
    for paper in &papers {
        let book = Book::read(paper);
        for (sheet, row) in book.rows() {
            assert!(seen.insert(book.get(sheet, row, "开单编号")), "an order is on one paper only");
            assert!(!numbers.contains(book.get(sheet, row, "证件号").as_str()));
        }
    }
    assert_eq!(seen.len(), opened);

    // One department asks far too much, one has nothing but special relief.
    let mut n = 0;
    let mut greedy = String::new();
    let mut special = String::new();
    let told = answer(&out, &papers, "2026-10-20", |book, sheet, row| {
        n += 1;
        let order = book.get(sheet, row, "开单编号");
        let fits = book.get(sheet, row, "可用举措");
        let general = fits.split('、').next().expect("a measure").to_string();
        let special_relief = n == 2;
        book.set(sheet, row, "办理意见", "拟定");
        book.set(sheet, row, "拟定举措", if special_relief { "特殊救助" } else { &general });
        book.set(sheet, row, "金额（元）", if n == 1 { "900000" } else { "100" });
        book.set(sheet, row, "资金来源", "行业部门普惠政策资金");
        book.set(sheet, row, "经办人", "张科长");
        if special_relief {
            book.set(sheet, row, "普惠政策不足的说明", "报销和救助后仍有缺口");
            special.clone_from(&order);
        }
        if n == 1 {
            greedy = order;
        }
    });
    assert!(told.iter().all(|f| f["complete"] == Value::Bool(true)), "{told:?}");

    // The office sees what is wrong beside each plan; special relief cannot be filed past the leading group.
    let filing = export(&out, "filing", "2026-10-21");
    let mut checked = BTreeMap::new();
    let file = |book: &mut Book, sheet: usize, row: usize, special: &str, greedy: &str, straight: bool| {
        let order = book.get(sheet, row, "开单编号");
        book.set(sheet, row, "审核人", "防贫办赵");
        if order == greedy {
            book.set(sheet, row, "审核意见", "退回");
            book.set(sheet, row, "原因", "超过上限");
        } else if order == special && !straight {
            book.set(sheet, row, "审核意见", "提请领导小组审定");
            book.set(sheet, row, "原因", "初审同意");
        } else {
            book.set(sheet, row, "审核意见", "备案");
            book.set(sheet, row, "备案号", "备〔2026〕1号");
        }
    };
    let past = answer(&out, &filing, "2026-10-22", |book, sheet, row| {
        checked.insert(book.get(sheet, row, "开单编号"), book.get(sheet, row, "核对结果"));
        file(book, sheet, row, &special, &greedy, true);
    });
    assert_eq!(past[0]["counts"]["refused"], Value::from(1), "{past:?}");
    assert!(checked[&greedy].contains("上限"), "{}", checked[&greedy]);
    let again = export(&out, "filing", "2026-10-22");
    let told = answer(&out, &again, "2026-10-23", |book, sheet, row| file(book, sheet, row, &special, &greedy, false));
    assert_eq!(told[0]["complete"], Value::Bool(true), "{told:?}");
    let meeting = export(&out, "meeting", "2026-10-23");
    let mut book = Book::read(&meeting[0]);
    let rows = book.rows();
    assert_eq!(rows.len(), 1, "only the special relief waits for the leading group");
    assert_eq!(book.get(rows[0].0, rows[0].1, "事项"), "特殊救助");
    book.set(rows[0].0, rows[0].1, "审定意见", "通过");
    book.set(rows[0].0, rows[0].1, "审慎事项说明", "已了解");
    head(&mut book, "会议编号", "县防贫会〔2026〕4号");
    head(&mut book, "会议日期", "2026-10-25");
    head(&mut book, "审定人", "县领导小组");
    let path = out.join("special.xlsx");
    book.write(&path);
    assert_eq!(import(&out, &[path], "2026-10-25")[0]["complete"], Value::Bool(true));

    // Monthly returns: closing only with all three conditions.
    let returns = export(&out, "return", "2026-12-02");
    let mut closed = 0;
    let told = answer(&out, &returns, "2026-12-03", |book, sheet, row| {
        assert_eq!(book.get(sheet, row, "反馈月份"), "2026年11月");
        closed += 1;
        book.set(sheet, row, "办理情况", if closed <= 2 { "已完成，申请办结" } else { "实施中" });
        book.set(sheet, row, "进展", "已落实");
        book.set(sheet, row, "经办人", "张科长");
        if closed <= 2 {
            book.set(sheet, row, "整改到位", "是");
            book.set(sheet, row, "责任落实", "是");
            book.set(sheet, row, "群众满意", if closed == 1 { "否" } else { "是" });
        }
    });
    let refused: u64 = told.iter().map(|f| f["counts"]["refused"].as_u64().unwrap()).sum();
    assert_eq!(refused, 1, "a household that is not content is not done");
    let book = call(&["orders", "list"], &out, "2026-12-03");
    let state = |o: &Value| o["state"].as_str().unwrap().to_string();
    let orders = book["orders"].as_array().unwrap();
    let in_state = |wanted: &str| orders.iter().filter(|o| state(o) == wanted).count();
    assert_eq!((in_state("done"), in_state("drafted"), in_state("filed")), (1, 1, 1));
    assert_eq!(in_state("in_progress"), opened - 3);
    // The one that was sent back has no plan and no return: help should have begun in November.
    let findings = book["findings"].as_array().unwrap();
    assert!(
        findings.iter().any(|f| f["order_id"] == greedy.as_str() && f["code"] == "order.not_started"),
        "{findings:?}"
    );

    // Dossier, exits and conduct.
    let case = orders.iter().find(|o| o["order_id"] == special.as_str()).unwrap()["case_id"].as_str().unwrap();
    let dossier = call(&["cases", "dossier", case], &out, "2026-12-03");
    let page = fs::read_to_string(dossier["file"].as_str().unwrap()).unwrap();
    for text in [case, special.as_str(), "县防贫会〔2026〕3号", "特殊救助", "村级公示期满无异议"] {
        assert!(page.contains(text), "{text}");
    }
    for number in page.split(|c: char| !c.is_ascii_alphanumeric()).filter(|t| t.len() == 18) {
        assert!(!numbers.contains(number), "the dossier hides numbers");
    }
    let exits = call(&["cases", "exits"], &out, "2026-12-03");
    assert!(exits.as_array().unwrap().iter().any(|c| c["met"] == "不明"), "what is not known is not taken for met");
    let conduct = call(&["cases", "conduct"], &out, "2026-12-03");
    assert!(conduct.as_array().is_some());
}
