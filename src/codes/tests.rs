//! Written values in, canonical codes and divisions out.

use super::table::Sheet;
use super::*;

const DIVISION_ROWS: &str = "\
# name: divisions
# version: 1
# effective_from: 2026-01-01
# document: fixture
code,name,level,parent,aliases
990121,澄岚县,county,,
990121001,云岭镇,township,990121,云岭乡
990121010,青山街道,township,990121,
990121011,白石乡,township,990121,
990121001001,大湾村,village,990121001,小湾村|湾里村
990121001002,柳树村,village,990121001,
990121001200,云岭社区,village,990121001,
990121010001,东门社区,village,990121010,
990121011001,柳树村,village,990121011,
990121011002,白石村,village,990121011,
990121011010,中村村,village,990121011,
";

fn divisions() -> Divisions {
    let mut problems = Vec::new();
    let sheet = Sheet::parse("divisions", "divisions.csv", DIVISION_ROWS, &mut problems);
    let divisions = Divisions::from_sheet(&sheet, &mut problems);
    assert_eq!(problems, []);
    divisions
}

fn codes(lookup: Lookup<'_>) -> Vec<String> {
    match lookup {
        Lookup::One(d) => vec![d.code.clone()],
        Lookup::Many(many) => many.iter().map(|d| d.code.clone()).collect(),
        Lookup::None => Vec::new(),
    }
}

#[test]
fn townships_by_name_suffix_old_name_code_and_within_a_text() {
    let divisions = divisions();
    let cases: &[(&str, &[&str])] = &[
        ("云岭镇", &["990121001"]),
        ("云岭", &["990121001"]),
        ("云岭乡", &["990121001"]),
        ("云岭镇人民政府", &["990121001"]),
        ("云 岭　镇", &["990121001"]),
        ("青山街道办事处", &["990121010"]),
        ("青山", &["990121010"]),
        ("澄岚县白石乡", &["990121011"]),
        ("云岭镇线下排查表", &["990121001"]),
        ("云岭线下排查表", &["990121001"]),
        ("990121001", &["990121001"]),
        ("９９０１２１００１", &["990121001"]),
        ("990121001000", &["990121001"]),
        ("99012101", &["990121010"]),
        ("990121011002", &["990121011"]),
        // A village is no township although its name begins like one.
        ("云岭社区", &[]),
        ("东风镇", &[]),
        ("990121", &[]),
        ("", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(codes(divisions.township(text)), *expected, "{text}");
    }
}

#[test]
fn villages_by_name_suffix_old_name_code_and_within_a_text() {
    let divisions = divisions();
    let cases: &[(Option<&str>, &str, &[&str])] = &[
        (Some("990121001"), "大湾村", &["990121001001"]),
        (Some("990121001"), "大湾", &["990121001001"]),
        (Some("990121001"), "大湾村村民委员会", &["990121001001"]),
        (Some("990121001"), "大湾村委会", &["990121001001"]),
        (Some("990121001"), "大湾社区", &["990121001001"]),
        (Some("990121001"), "小湾村", &["990121001001"]),
        (Some("990121001"), "湾里村委会", &["990121001001"]),
        (Some("990121001"), "云岭镇大湾村", &["990121001001"]),
        (Some("990121001"), "大湾村三组", &["990121001001"]),
        (Some("990121001"), "云岭村", &["990121001200"]),
        (Some("990121011"), "中村", &["990121011010"]),
        (Some("990121011"), "中村村委会", &["990121011010"]),
        (Some("990121011"), "白石", &["990121011002"]),
        // Two townships have a 柳树村: the township decides, in its own column or in the text.
        (None, "柳树村", &["990121001002", "990121011001"]),
        (Some("990121011"), "柳树村", &["990121011001"]),
        (None, "白石乡柳树村", &["990121011001"]),
        (None, "澄岚县东门社区居委会", &["990121010001"]),
        (None, "990121001001", &["990121001001"]),
        (Some("990121001"), "9901210012", &["990121001200"]),
        (Some("990121011"), "99012101101", &["990121011010"]),
        (None, "９９０１２１００１００２", &["990121001002"]),
        // A code that lies in another township than the one written contradicts it.
        (Some("990121011"), "990121001002", &[]),
        (Some("990121001"), "白石村", &[]),
        (Some("990121001"), "白石乡柳树村", &[]),
        (None, "990121001", &[]),
        (Some("990121999"), "大湾村", &[]),
        (None, "村", &[]),
    ];
    for (township, text, expected) in cases {
        assert_eq!(codes(divisions.village(*township, text)), *expected, "{township:?} {text}");
    }
}

#[test]
fn every_name_of_the_table_finds_itself() {
    let divisions = divisions();
    for d in divisions.all() {
        match d.level {
            DivisionLevel::County => {}
            DivisionLevel::Township => assert_eq!(divisions.township(&d.name), Lookup::One(d)),
            DivisionLevel::Village => assert_eq!(divisions.village(Some(&d.parent), &d.name), Lookup::One(d)),
        }
    }
}

#[test]
fn the_shipped_tables_load_and_agree_with_each_other() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/shared/codes");
    let (codes, problems) = load(&dir);
    let errors: Vec<_> = problems.iter().filter(|p| p.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let relation = codes.table("relation").expect("shipped table");
    for name in ["relation_gbt4761", "relation_national"] {
        for entry in codes.table(name).expect("shipped table").entries() {
            assert!(relation.entry(&entry.code).is_some(), "{name}: {}", entry.code);
        }
    }
    for table in codes.tables() {
        assert!(!table.version().is_empty() && !table.document().is_empty(), "{}", table.name());
        assert!(table.effective_from().is_some(), "{}", table.name());
    }
}

#[test]
fn the_same_digits_mean_different_things_in_different_tables() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/shared/codes");
    let (codes, _) = load(&dir);
    let resolve = |table: &str, text: &str| {
        let entry = codes.table(table).and_then(|t| t.resolve(text));
        entry.map_or("-".to_string(), |e| e.code.clone())
    };
    let cases = [
        ("relation_gbt4761", "02", "head"),
        ("relation_gbt4761", "10", "spouse"),
        ("relation_gbt4761", "23", "son"),
        ("relation_gbt4761", "28", "son_in_law"),
        ("relation_gbt4761", "38", "daughter_in_law"),
        ("relation_gbt4761", "77", "sister"),
        ("relation_gbt4761", "99", "non_relative"),
        ("relation_national", "之儿媳", "daughter_in_law"),
        ("relation_national", "02", "-"),
        ("sex", "1", "male"),
        ("sex", "女性", "female"),
        ("sex", "m", "male"),
        ("sex", "0", "-"),
        ("house_grade", "c级", "C"),
        ("house_grade", "Ｃ级", "C"),
        ("house_grade", "Ｄ", "D"),
        ("list_type", "边缘户", "marginal"),
        ("list_type", "脱贫监测户", "unstable"),
        ("cause", "务工就业不稳", "employment"),
        ("cause", "因病", "illness"),
    ];
    for (table, text, expected) in cases {
        assert_eq!(resolve(table, text), expected, "{table} {text}");
    }
    let gbt = codes.table("relation_gbt4761").expect("shipped table");
    let known = (1..=99).filter(|n| gbt.resolve(&format!("{n:02}")).is_some()).count();
    // 01, 02, then 10–12 and 20–99 without a gap.
    assert_eq!(known, 2 + 3 + 80);
}

#[test]
fn a_bad_table_tells_every_problem_with_its_line() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let bad = "# name: sexes\n# version: 1\n# effective_from: soon\ncode,titel,aliases\nmale,男,1\nmale,男,M\nm ale,男,\nfemale,女,1\nx,y\n";
    std::fs::write(dir.path().join("sex.csv"), bad).expect("a file");
    let divisions = "# name: divisions\n# version: 1\ncode,name,level,parent,aliases\n99012100,云岭镇,township,990121,\n990121001,白石乡,township,990121,\n";
    std::fs::write(dir.path().join("divisions.csv"), divisions).expect("a file");
    let (_, problems) = load(dir.path());
    let told: Vec<String> = problems
        .iter()
        .map(|p| {
            let line = p.place.line.map_or(String::new(), |l| format!(":{l}"));
            let file = p.place.file.as_deref().and_then(|f| f.rsplit('/').next()).unwrap_or_default().to_string();
            format!("{file}{line} {} {}", p.code, p.message)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn old_names_and_codes_mean_what_they_became() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, rows: &str| {
        let text = format!("# name: {name}\n# version: 1\n{rows}");
        std::fs::write(dir.path().join(format!("{name}.csv")), text).expect("a file");
    };
    write(
        "divisions",
        "code,name,level,parent,aliases\n990121,澄岚县,county,,\n990121001,云岭镇,township,990121,\n\
         990121002,青山街道,township,990121,\n990121001001,西沟村,village,990121001,\n\
         990121001002,东沟社区,village,990121001,\n990121002001,石桥社区,village,990121002,\n\
         990121002002,新民村,village,990121002,\n",
    );
    write(
        "division_changes",
        "old_code,old_name,new_code,from,kind\n990121001009,东沟村,990121001001,2024-05-01,merged\n\
         990121003,青山乡,990121002,2023-01-01,upgraded\n990121002007,石桥村,990121002001,2023-01-01,upgraded\n\
         990121002008,大民村,990121002001,2022-01-01,split\n990121002008,大民村,990121002002,2022-01-01,split\n",
    );
    let (codes, problems) = load(dir.path());
    assert!(problems.is_empty(), "{problems:?}");
    let divisions = codes.divisions();
    let code = |lookup: Lookup<'_>| match lookup {
        Lookup::One(d) => d.code.clone(),
        Lookup::Many(many) => many.iter().map(|d| d.code.as_str()).collect::<Vec<_>>().join("|"),
        Lookup::None => "-".into(),
    };
    let villages = [
        // The old name, exactly; its stem belongs to the community that bears it today.
        (Some("990121001"), "东沟村", "990121001001"),
        (Some("990121001"), "东沟社区", "990121001002"),
        (Some("990121001"), "东沟", "990121001002"),
        (None, "990121001009", "990121001001"),
        (None, "石桥村委会", "990121002001"),
        (Some("990121001"), "990121002007", "-"),
        (None, "青山乡石桥村", "990121002001"),
        (None, "大民村", "990121002001|990121002002"),
        (None, "大民", "990121002001|990121002002"),
        (None, "990121002008", "990121002001|990121002002"),
        (None, "99012100200", "-"),
    ];
    for (township, text, expected) in villages {
        assert_eq!(code(divisions.village(township, text)), expected, "{township:?} {text}");
    }
    for (text, expected) in
        [("青山乡", "990121002"), ("青山", "990121002"), ("990121003", "990121002"), ("990121003000", "990121002")]
    {
        assert_eq!(code(divisions.township(text)), expected, "{text}");
    }
}

#[test]
fn a_bad_change_is_told_with_its_line() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let divisions = "# name: divisions\n# version: 1\ncode,name,level,parent,aliases\n990121,澄岚县,county,,\n";
    let changes = "# name: division_changes\n# version: 1\nold_code,old_name,new_code,from,kind\n\
                   99012,东沟村,990121,2024,merge\n,,990129,2024-01-01,merged\n";
    std::fs::write(dir.path().join("divisions.csv"), divisions).expect("a file");
    std::fs::write(dir.path().join("division_changes.csv"), changes).expect("a file");
    let (_, problems) = load(dir.path());
    let told: Vec<String> = problems.iter().map(|p| format!("{:?} {}", p.place.line, p.code)).collect();
    let expected = [
        "Some(4) codes.bad_change",
        "Some(4) codes.bad_date",
        "Some(4) codes.bad_code",
        "Some(5) codes.bad_change",
        "Some(5) codes.unknown_division",
    ];
    assert_eq!(told, expected);
}
