//! Canaries: numbers, names, telephones and bank accounts planted wherever a department, a village or the office itself can put one,
//! and every output searched for them. `run::classes::OUTPUTS` says what each output may show.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use bidui::model::table::{Column, Kind};
use bidui::model::{Privacy, Table};
use bidui::run::classes::{OUTPUTS, Output, Shows};
use globset::GlobBuilder;

use super::book::Book;
use super::support::{AS_OF, bidui, copy_tree, outcome, root, scratch};

/// Names that nobody has and no word is.
const NAMES: [&str; 4] = ["鸩羽笼", "鸩翎锁", "鸩喙衔", "鸩翮囚"];
const PHONES: [&str; 3] = ["19900007731", "19900007732", "19900007733"];
const ACCOUNTS: [&str; 3] = ["6222998877665544331", "6222998877665544332", "622299887766554433"];

/// Identity numbers of the fictional division, valid to the last digit.
fn numbers() -> Vec<String> {
    ["99012119770307881", "99012119770307883", "99012119770307885", "99012119770307887"].map(with_check).to_vec()
}

fn with_check(body: &str) -> String {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = body.bytes().zip(weights).map(|(b, w)| usize::from(b - b'0') * w).sum();
    format!("{body}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][sum % 11])
}

fn canaries() -> Vec<(Shows, String)> {
    let of = |kind, values: &[&str]| values.iter().map(|v| (kind, (*v).to_string())).collect::<Vec<_>>();
    let mut all = of(Shows::Names, &NAMES);
    all.extend(of(Shows::Phones, &PHONES));
    all.extend(of(Shows::Accounts, &ACCOUNTS));
    all.extend(numbers().into_iter().map(|n| (Shows::Numbers, n)));
    all
}

/// An office whose departments put what they should not wherever they can.
struct Office {
    dir: PathBuf,
    /// Everything said on stdout and stderr, with the command.
    said: Vec<(String, String)>,
}

impl Office {
    fn new(name: &str) -> Office {
        let dir = scratch(name);
        copy_tree(&root().join("pipelines"), &dir.join("pipelines"));
        copy_tree(&root().join("sample-data"), &dir.join("inbox"));
        fs::remove_dir_all(dir.join("inbox/truth")).unwrap();
        Office { dir, said: Vec::new() }
    }

    fn out(&self) -> PathBuf {
        self.dir.join("out")
    }

    fn append(&self, below: &str, lines: &str, gb18030: bool) {
        let mut file = fs::OpenOptions::new().append(true).open(self.dir.join("inbox").join(below)).unwrap();
        match gb18030 {
            true => file.write_all(&encoding_rs::GB18030.encode(lines).0).unwrap(),
            false => file.write_all(lines.as_bytes()).unwrap(),
        }
    }

    fn plant(&self) {
        let n = numbers();
        let (names, phones, accounts) = (NAMES, PHONES, ACCOUNTS);
        // Good rows of the register: a household of canaries; and rows that cannot be used.
        self.append(
            "公安/户籍人口底册.csv",
            &format!(
                "999777001,{},{},{},1,19770307,汉族,02,云岭镇,柳树村,4组,电话{}账号{},正常,,农村,已婚\r\n\
                 999777001,{},,{},2,19770307,汉族,10,云岭镇,柳树村,4组,柳树村4组9号,正常,,农村,已婚\r\n\
                 999777001,{},,{}9,3,不详{},汉族,77,云岭镇,没有的村{},4组,,,,,\r\n\
                 \"{},{},{}\r\n",
                names[0],
                names[1],
                n[0],
                phones[0],
                accounts[0],
                names[1],
                n[1],
                names[2],
                n[2],
                n[2],
                names[2],
                names[3],
                n[3],
                phones[1]
            ),
            true,
        );
        // Good and bad rows of a department about them, an amount that is an account, a day that is a telephone.
        self.append(
            "水利/农户饮水台账.csv",
            &format!(
                "云岭镇,柳树村,4组,{},{},分散供水,{},12,不合格,40,60,水量不足{},2026-05-01,\r\n\
                 云岭镇,柳树村,4组,{},{}1,分散供水,,{},{},{},{},{},{},{}\r\n\
                 {},{},{},{}\r\n",
                names[0],
                n[0],
                names[1],
                phones[0],
                names[2],
                n[2],
                accounts[1],
                names[3],
                phones[1],
                accounts[0],
                n[3],
                phones[2],
                names[0],
                n[3],
                names[3],
                phones[2],
                accounts[2]
            ),
            false,
        );
        // Headings, in a file whose name holds a number too, and which breaks its contract.
        let path = self.dir.join("inbox/公安交警/交通事故伤亡人员.csv");
        let broken = format!(
            "乡镇,村,{}的{},联系{},账号{}\r\n云岭镇,柳树村,{},{}\r\n",
            names[3], n[3], phones[2], accounts[2], names[3], n[3]
        );
        fs::write(path.with_file_name(format!("交通事故伤亡人员_{}_{}.csv", n[3], phones[2])), broken).unwrap();
        fs::remove_file(path).unwrap();
        // A workbook whose sheet is called by a number, one that is broken off.
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet().set_name(format!("{}{}", n[3], phones[1])).unwrap();
        for (c, text) in ["乡镇", names[3], accounts[2], &n[3], phones[2]].iter().enumerate() {
            sheet.write_string(0, u16::try_from(c).unwrap(), *text).unwrap();
            sheet.write_string(1, u16::try_from(c).unwrap(), *text).unwrap();
        }
        let tekun = self.dir.join("inbox/民政/特困供养人员.xlsx");
        fs::write(&tekun, book.save_to_buffer().unwrap()).unwrap();
        let whole = fs::read(self.dir.join("inbox/民政/临时救助台账.xlsx")).unwrap();
        fs::remove_file(self.dir.join("inbox/民政/临时救助台账.xlsx")).unwrap();
        let half = self.dir.join(format!("inbox/民政/临时救助台账_{}.xlsx", accounts[2]));
        fs::write(half, &whole[..whole.len() / 2]).unwrap();
        // A web page in the place of a workbook, with the canaries in its text.
        let page = format!("<html><body><p>{} {} {}</p></body></html>", names[3], n[3], phones[2]);
        fs::write(self.dir.join("inbox/应急/受灾户台账.xlsx"), page).unwrap();
        // A file no contract knows.
        fs::write(self.dir.join(format!("inbox/民政/{}.txt", n[3])), names[3]).unwrap();
    }

    /// Runs a command as loud as it gets and keeps what it says.
    fn bidui(&mut self, args: &[&str]) -> i32 {
        let mut command = bidui();
        command.current_dir(&self.dir).args(args).arg("-vv").env("RUST_BACKTRACE", "1");
        let (code, out, err) = outcome(&mut command);
        self.said.push((format!("stdout of {args:?}"), out));
        self.said.push((format!("stderr of {args:?}"), err));
        code
    }

    fn last(&self) -> &str {
        &self.said[self.said.len() - 1].1
    }

    fn fill_a_form(&self) -> PathBuf {
        let n = numbers();
        let forms = fs::read_dir(self.out().join("rounds/2026Q3/核实表")).unwrap();
        let mut paths: Vec<PathBuf> = forms.map(|e| e.unwrap().path()).collect();
        paths.sort();
        let mut book = Book::read(&paths[0]);
        let rows = book.rows();
        let (s, first) = rows[0];
        book.answer(s, first, "身份不符");
        book.set(s, first, "情况说明", &format!("实为{}{}，电话{}", NAMES[3], n[3], PHONES[2]));
        // A locked cell is written over, a row is added.
        book.set(s, first, "户主", NAMES[2]);
        let width = book.sheets[s].grid[first].len();
        book.sheets[s].grid.insert(first + 1, vec![String::new(); width]);
        for (heading, text) in
            [("户主", NAMES[3]), ("组", "2组"), ("实际风险", "因病"), ("情况说明", ACCOUNTS[2]), ("核实人", "王干部")]
        {
            book.set(s, first + 1, heading, text);
        }
        let filled = self.dir.join(format!("回传_{}.xlsx", n[3]));
        book.write(&filled);
        filled
    }
}

/// What stands in a file, as text by part: the parts of a workbook unpacked, a table's values by column with the column's class.
fn parts(path: &Path) -> Vec<(String, Option<Privacy>, String)> {
    let bytes = fs::read(path).unwrap();
    let ending = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
    if ending == "parquet"
        && let Ok(table) = bidui::run::read_table(path)
    {
        let class = |c: &Column| (c.kind == Kind::Text).then_some(c.privacy);
        return table.schema.columns.iter().map(|c| (c.name.clone(), class(c), values(&table, &c.name))).collect();
    }
    if bytes.starts_with(b"PK")
        && let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(&bytes))
    {
        return (0..archive.len())
            .map(|i| {
                let mut part = archive.by_index(i).unwrap();
                let (name, mut text) = (part.name().unwrap_or_default().to_string(), Vec::new());
                part.read_to_end(&mut text).unwrap();
                (name, None, String::from_utf8_lossy(&text).into_owned())
            })
            .collect();
    }
    vec![(String::new(), None, String::from_utf8_lossy(&bytes).into_owned())]
}

fn values(table: &Table, column: &str) -> String {
    (0..table.rows()).filter_map(|row| table.display_at(column, row)).collect::<Vec<_>>().join("\n")
}

fn files(dir: &Path, below: &str, found: &mut Vec<(String, PathBuf)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_string_lossy());
        match path.is_dir() {
            true => files(&path, &format!("{name}/"), found),
            false => found.push((name, path)),
        }
    }
}

fn class_of(path: &str) -> Option<&'static Output> {
    OUTPUTS.iter().find(|o| {
        let glob = GlobBuilder::new(o.path).literal_separator(true).build().unwrap();
        glob.compile_matcher().is_match(path)
    })
}

#[test]
fn canaries_are_found_in_no_output_that_must_not_show_them() {
    let mut office = Office::new("canaries");
    office.plant();
    let out = office.out().display().to_string();
    let run = [
        "run",
        "pipelines/quarterly",
        "--input",
        "inbox",
        "--out",
        &out,
        "--as-of",
        AS_OF,
        "--summary",
        "table",
        "--metrics",
        "run.prom",
        "--lineage",
        "run.ndjson",
        "--notify",
        "./listen",
    ];
    let listen = office.dir.join("listen");
    fs::write(&listen, "#!/bin/sh\nexec /bin/cat >> notified.ndjson\n").unwrap();
    fs::set_permissions(&listen, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(office.bidui(&run), 65, "files were refused, the round was published: {}", office.last());
    let filled = office.fill_a_form().display().to_string();
    let named = ["--out", out.as_str()];
    let with = |args: &[&str]| [args, &named[..]].concat().iter().map(|s| (*s).to_string()).collect::<Vec<String>>();
    let commands = [
        with(&["check", "pipelines/quarterly", "--input", "inbox"]).into_iter().take(4).collect(),
        with(&["forms", "import", &filled, "--by", "王干部", "--on", "2026-10-12"]),
        with(&["forms", "export", "verify", "--on", "2026-10-12"]),
        with(&["forms", "export", "blank", "--on", "2026-10-12"]),
        with(&["cases", "list"]),
        with(&["cases", "overdue", "--on", "2026-12-31"]),
        with(&["cases", "dossier", "A0000001"]),
        with(&["cases", "history"]).into_iter().take(0).collect(),
        with(&["runs", "list"]),
        with(&["runs", "verify"]),
        with(&["audit", "list"]),
        with(&["orders", "list"]),
        with(&["explain", "鸩羽笼"]),
        with(&["explain", &numbers()[0], "--waterfall"]),
        with(&["precision"]).into_iter().take(0).collect(),
        with(&["export", "--aggregate", "--to", "counts"]),
    ];
    for command in commands.iter().filter(|c| !c.is_empty()) {
        let args: Vec<&str> = command.iter().map(String::as_str).collect();
        office.bidui(&args);
    }
    // Rules and settings that are wrong, with canaries in them.
    let rules = office.dir.join("pipelines/quarterly/rules/medical.toml");
    let text = fs::read_to_string(&rules).unwrap();
    let wrong = format!(
        "no_such_column > {} and other_column = '{}' and x = {} and y = {}",
        PHONES[2],
        numbers()[3],
        ACCOUNTS[2],
        PHONES[1]
    );
    let when = text.lines().find(|l| l.starts_with("when = ")).unwrap().to_string();
    fs::write(&rules, text.replacen(&when, &format!("when = \"{wrong}\""), 1)).unwrap();
    assert_eq!(office.bidui(&run), 78, "{}", office.last());
    fs::write(&rules, &text).unwrap();
    // A panic's message goes to stderr like everything else; what is left of the round is searched below.
    assert_eq!(office.bidui(&["export", "--new-key", "key"]), 0, "{}", office.last());
    assert_eq!(office.bidui(&["export", "--out", &out, "--key", "key", "--to", "rows"]), 0, "{}", office.last());

    let mut broken: Vec<String> = Vec::new();
    let all = canaries();
    let mut look = |place: &str, text: &str, shows: &[Shows]| {
        for (kind, canary) in all.iter().filter(|(kind, _)| !shows.contains(kind)) {
            if text.contains(canary.as_str()) {
                broken.push(format!("{place}: {} {canary}", kind.title()));
            }
        }
    };
    // The question of `explain` is in the name of the command, not in what it says.
    for (command, said) in &office.said {
        look(command.split(" of ").next().unwrap_or_default(), said, &[]);
    }
    for told in ["run.prom", "run.ndjson", "notified.ndjson"] {
        look(told, &fs::read_to_string(office.dir.join(told)).unwrap(), &[]);
    }
    for folder in ["rows", "counts"] {
        let mut found = Vec::new();
        files(&office.dir.join(folder), "", &mut found);
        assert!(found.len() > 2, "{folder} has files");
        for (name, path) in found {
            parts(&path).iter().for_each(|(part, _, text)| look(&format!("{folder}/{name} {part}"), text, &[]));
        }
    }
    let mut found = Vec::new();
    files(&office.out(), "", &mut found);
    let mut classes: BTreeSet<&str> = BTreeSet::new();
    let mut unclassed = Vec::new();
    for (name, path) in &found {
        let Some(output) = class_of(name) else {
            unclassed.push(name.clone());
            continue;
        };
        classes.insert(output.path);
        look(&format!("name of {name}"), name, &[]);
        for (part, column, text) in parts(path) {
            // A column of text shows what its own class allows, whatever the file's. A telephone in a column of numbers is a
            // number there, and the file's class covers it.
            let shows = match column {
                Some(Privacy::Public | Privacy::Internal) => &[][..],
                _ => output.shows,
            };
            look(&format!("{name} {part}"), &text, shows);
        }
    }
    assert!(broken.is_empty(), "{} leaks:\n{}", broken.len(), broken.join("\n"));
    assert!(unclassed.is_empty(), "outputs without a class: {unclassed:?}");
    let often: BTreeMap<&str, usize> =
        found.iter().filter_map(|(n, _)| class_of(n)).fold(BTreeMap::new(), |mut m, o| {
            *m.entry(o.path).or_insert(0) += 1;
            m
        });
    for wanted in
        ["rounds/*/manifest.json", "rounds/*/数据质量回执/**", "forms/receipts/**", "dossiers/**", "audit.jsonl"]
    {
        assert!(classes.contains(wanted), "{wanted} was made: {often:?}");
    }
    // The canaries did reach the program: each stands somewhere where it may.
    let everything: String =
        found.iter().filter(|(n, _)| n.starts_with("rounds/")).flat_map(|(_, p)| parts(p)).map(|(_, _, t)| t).collect();
    for (kind, canary) in all.iter().filter(|(kind, _)| matches!(kind, Shows::Names | Shows::Numbers)) {
        assert!(everything.contains(canary.as_str()), "{} {canary} never got in", kind.title());
    }
    assert!(PHONES[..2].iter().all(|p| everything.contains(p)) && everything.contains(ACCOUNTS[0]));
}

#[test]
fn the_documentation_has_the_table_of_outputs() {
    let text = fs::read_to_string(root().join("docs/privacy.md")).unwrap();
    for line in bidui::run::classes::as_markdown().lines() {
        assert!(text.contains(line), "docs/privacy.md lacks: {line}");
    }
}
