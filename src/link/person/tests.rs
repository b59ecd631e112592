//! Registers and deliveries of a few rows: which state each record gets, and why.

use std::collections::BTreeMap;

use super::super::*;
use super::testing::{Row, model, number, records, source};
use arrow::array::Array;

fn as_of() -> jiff::civil::Date {
    jiff::civil::date(2026, 9, 30)
}

pub(super) fn build(rows: &[Row]) -> Register {
    let source = source("population");
    register(&source, &records(&source, rows), as_of())
}

/// State and person (by name) of each record.
fn outcome(register: &Register, source: &Source, rows: &[Row]) -> (Vec<(String, Option<String>)>, Linked) {
    let linked = link(register, source, &records(source, rows), &model());
    let names: BTreeMap<&str, &str> = register
        .persons
        .text("person_id")
        .iter()
        .flatten()
        .zip(register.persons.text("name").iter().map(Option::unwrap_or_default))
        .collect();
    let found = (0..rows.len())
        .map(|i| {
            let person = linked.links.str_at("person_id", i).map(|p| names[p].to_string());
            (linked.links.str_at("status", i).unwrap_or_default().to_string(), person)
        })
        .collect();
    (found, linked)
}

fn one(register: &Register, row: Row) -> (String, Option<String>, Linked) {
    let (mut found, linked) = outcome(register, &source("dept"), &[row]);
    let (status, person) = found.remove(0);
    (status, person, linked)
}

/// Names of the candidates in their order.
fn candidates(register: &Register, linked: &Linked) -> Vec<String> {
    let ids: Vec<&str> = register.persons.text("person_id").iter().flatten().collect();
    linked
        .possible
        .text("person_id")
        .iter()
        .flatten()
        .map(|p| {
            let at = ids.iter().position(|id| *id == p).expect("a person of the register");
            register.persons.str_at("name", at).unwrap_or_default().to_string()
        })
        .collect()
}

pub(super) struct Numbers {
    pub(super) guo: String,
    pub(super) jun: String,
    pub(super) ying: String,
    pub(super) li: String,
    pub(super) wang: String,
}

pub(super) fn numbers() -> Numbers {
    Numbers {
        guo: number("990121", "19700105", 11),
        jun: number("990121", "19730806", 31),
        ying: number("990122", "19720206", 42),
        li: number("990121", "19990408", 62),
        wang: number("990121", "19800307", 71),
    }
}

/// Two households of one village, two namesakes in another.
fn county() -> Register {
    let n = numbers();
    build(&[
        Row::new("张建国").number(&n.guo).birth("1970-01-05").sex("male").village(1, 1).household("001", "head"),
        Row::new("张建军").number(&n.jun).birth("1973-08-06").sex("male").village(1, 1).household("001", "brother"),
        Row::new("陈秀英").number(&n.ying).birth("1972-02-06").sex("female").village(1, 1).household("001", "spouse"),
        Row::new("张丽").number(&n.li).birth("1999-04-08").sex("female").village(1, 1).household("001", "daughter"),
        Row::new("王强").number(&n.wang).birth("1980-03-07").sex("male").village(1, 1).household("002", "head"),
        Row::new("张军").birth("1990-09-09").village(1, 1).household("002", "other"),
        Row::new("李伟").birth("1985-05-05").sex("male").village(2, 1).household("003", "head"),
        Row::new("李伟").birth("1960-06-06").sex("male").village(2, 1).household("004", "head"),
    ])
}

/// A number of its own for each `i` below 900.
pub(super) fn number_of(i: u32) -> String {
    number("990121", "19800101", 100 + i)
}

pub(super) fn typo(number: &str, at: usize) -> String {
    let digit = if &number[at..=at] == "7" { "8" } else { "7" };
    format!("{}{digit}{}", &number[..at], &number[at + 1..])
}

#[test]
fn states_of_single_records() {
    let register = county();
    let n = numbers();
    let mut swapped: Vec<char> = n.guo.chars().collect();
    let at = (14..17).find(|i| swapped[*i] != swapped[i + 1] && swapped[i + 1] != 'X').expect("two unequal neighbours");
    swapped.swap(at, at + 1);
    let swapped: String = swapped.into_iter().collect();
    let unknown = number("990121", "19911111", 55);
    let linked = |name: &str| ("linked", Some(name.to_string()));
    type Case<'a> = (&'a str, Row, (&'a str, Option<String>));
    let cases: Vec<Case> = vec![
        ("number and name", Row::new("张建国").number(&n.guo), linked("张建国")),
        ("traditional form", Row::new("張建國").number(&n.guo), linked("张建国")),
        ("homophone", Row::new("章建国").number(&n.guo), linked("张建国")),
        ("homophone, sex against it", Row::new("张莉").number(&n.li).sex("male"), ("conflict", None)),
        ("exact name outweighs a wrong sex", Row::new("张丽").number(&n.li).sex("male"), linked("张丽")),
        ("lost character", Row::new("张国").number(&n.guo).village(1, 1), linked("张建国")),
        ("lost character, birth against it", Row::new("张国").number(&n.guo).birth("1950-07-20"), ("conflict", None)),
        (
            "lost character, own birth date, a namesake in the village",
            Row::new("张军").number(&n.jun).birth("1973-08-06"),
            linked("张建军"),
        ),
        ("lost character, a namesake in the village", Row::new("张军").number(&n.jun), ("conflict", None)),
        (
            "one wrong digit and a lost character",
            Row::new("张国").partial(&typo(&n.guo, 9)).village(1, 1),
            linked("张建国"),
        ),
        ("the same without a village", Row::new("张国").partial(&typo(&n.guo, 9)), ("possible", None)),
        (
            "one wrong digit in a brother's number",
            Row::new("张建军").partial(&typo(&n.guo, 9)).village(1, 1),
            ("possible", None),
        ),
        ("brother's number, near name", Row::new("张建军").number(&n.guo), ("conflict", None)),
        ("relative's number", Row::new("陈秀英").number(&n.guo), ("conflict", None)),
        ("daughter with her father's number", Row::new("张丽").number(&n.guo), ("conflict", None)),
        ("somebody else's number", Row::new("赵六").number(&n.guo), ("conflict", None)),
        ("number alone", Row::nameless().number(&n.guo), ("possible", None)),
        ("number and birth date", Row::nameless().number(&n.guo).birth("1970-01-05"), linked("张建国")),
        ("one wrong digit", Row::new("王强").partial(&typo(&n.wang, 9)).village(1, 1), linked("王强")),
        ("one wrong digit, no village", Row::new("王强").partial(&typo(&n.wang, 16)), linked("王强")),
        ("swapped digits", Row::new("张建国").partial(&swapped), linked("张建国")),
        ("Excel's fifteen digits", Row::new("张建国").partial(&n.guo[..15]), linked("张建国")),
        ("no number, name and birth date", Row::new("张建国").birth("1970-01-05"), linked("张建国")),
        ("no number, sound and birth date", Row::new("章建国").birth("1970-01-05").village(1, 1), linked("张建国")),
        ("no number, name and village", Row::new("张建国").village(1, 1), ("possible", None)),
        ("no number, two namesakes", Row::new("李伟").village(2, 1), ("possible", None)),
        ("no number, namesakes told by birth date", Row::new("李伟").birth("1960-06-06").village(2, 1), linked("李伟")),
        (
            "another valid number",
            Row::new("张建国").number(&unknown).birth("1970-01-05").village(1, 1),
            ("possible", None),
        ),
        ("a namesake from elsewhere", Row::new("张建国").number(&unknown).village(2, 1), ("unlinked", None)),
        ("nobody", Row::new("赵六").number(&unknown).village(1, 1), ("unlinked", None)),
        ("nothing at all", Row::nameless(), ("unlinked", None)),
        ("one wrong digit, sister's name", Row::new("张莉莉").partial(&typo(&n.ying, 9)), ("unlinked", None)),
    ];
    for (title, row, (status, person)) in cases {
        let (found, name, linked) = one(&register, row);
        assert_eq!((found.as_str(), name), (status, person), "{title}: {:?}", linked.links.str_at("evidence", 0));
        let listed = linked.links.integer("candidates").value(0) as usize;
        assert_eq!(listed, linked.possible.rows(), "{title}");
        assert_eq!(listed > 0, matches!(status, "possible" | "conflict"), "{title}");
    }
}

#[test]
fn a_conflict_proposes_the_member_whose_name_fits() {
    let register = county();
    let n = numbers();
    for (name, number, expected) in [
        ("陈秀英", &n.guo, vec!["陈秀英", "张建国"]),
        ("张建军", &n.guo, vec!["张建军", "张建国"]),
        ("张丽", &n.guo, vec!["张丽", "张建国"]),
        ("王强", &n.guo, vec!["王强", "张建国"]),
        ("赵六", &n.guo, vec!["张建国"]),
    ] {
        let (status, _, linked) = one(&register, Row::new(name).number(number).village(1, 1));
        assert_eq!(status, "conflict", "{name}");
        let mut found = candidates(&register, &linked);
        if name == "王强" {
            // Another household's member: named, but nothing explains the number.
            found.sort_by_key(|f| f != "王强");
        }
        assert_eq!(found, expected);
        assert_eq!(linked.links.str_at("number_level", 0), Some("exact"));
        assert!(linked.links.text("person_id").is_null(0));
        assert_eq!(linked.possible.str_at("status", 0), Some("conflict"));
    }
}

#[test]
fn a_split_off_brother_is_not_taken_for_the_owner() {
    let n = numbers();
    let register = build(&[
        Row::new("张建国").number(&n.guo).village(1, 1).household("001", "head"),
        Row::new("张建军").number(&n.jun).village(1, 1).household("002", "head"),
    ]);
    let (status, _, linked) = one(&register, Row::new("张建军").number(&n.guo));
    assert_eq!(status, "conflict");
    assert_eq!(candidates(&register, &linked).len(), 2);
}

#[test]
fn of_two_near_names_the_nearer_counts() {
    let n = numbers();
    let register = build(&[
        Row::new("黄军鹏").number(&n.guo).village(1, 1).household("001", "head"),
        Row::new("黄俊辉").number(&n.jun).village(1, 1).household("001", "brother"),
    ]);
    let (status, _, linked) = one(&register, Row::new("黄俊").number(&n.guo).village(1, 1));
    assert_eq!(status, "conflict");
    assert_eq!(linked.possible.rows(), 2);
    // As near to both: the number decides.
    let (_, person, _) = one(&register, Row::new("黄俊").number(&n.jun).village(1, 1));
    assert_eq!(person.as_deref(), Some("黄俊辉"));
}

#[test]
fn sisters_of_one_sound_are_kept_apart() {
    let (a, b) = (number("990121", "20010203", 22), number("990121", "20010203", 24));
    let register = build(&[
        Row::new("李丽").number(&a).village(1, 1).household("001", "daughter"),
        Row::new("李莉").number(&b).village(1, 1).household("001", "daughter"),
    ]);
    assert_eq!(one(&register, Row::new("李莉").number(&a)).0, "conflict");
    assert_eq!(one(&register, Row::new("李莉").number(&b)).1.as_deref(), Some("李莉"));
    assert_eq!(one(&register, Row::new("李力").birth("2001-02-03").village(1, 1)).0, "possible");
    assert_eq!(one(&register, Row::new("李莉").birth("2001-02-03").village(1, 1)).1.as_deref(), Some("李莉"));
}

#[test]
fn of_two_namesakes_in_one_household_the_number_alone_does_not_decide() {
    let (father, son) = (number("990121", "19530308", 553), number("990121", "19780829", 199));
    let member = |number: &str, relation: &str| Row::new("阿苦·木呷").number(number).household("001", relation);
    let register = build(&[member(&son, "head").village(1, 1), member(&father, "father").village(1, 1)]);
    let (status, _, linked) = one(&register, Row::new("阿苦木呷").number(&father).village(1, 1));
    assert_eq!(
        (status.as_str(), linked.possible.rows()),
        ("possible", 2),
        "it may be the son with his father's number"
    );
    assert!(linked.links.str_at("evidence", 0).unwrap().contains("同名成员"));
    let born = Row::new("阿苦木呷").number(&father).birth("1953-03-08");
    assert_eq!(one(&register, born).0, "linked", "a birth date of the record's own says who is meant");
}

#[test]
fn duplicates_in_the_register_do_not_break_links() {
    let n = numbers();
    let row = |household: &str, status: &'static str| {
        Row::new("张建国").number(&n.guo).village(1, 1).household(household, "head").set("person_status", status)
    };
    let record = || Row::new("张建国").number(&n.guo);
    let linked_to = |register: &Register| one(register, record()).2.links.str_at("person_id", 0).map(str::to_string);

    let moved = build(&[row("001", "moved_out"), row("002", "normal")]);
    assert_eq!(linked_to(&moved).as_deref(), Some("P0000002"));
    let twice = build(&[row("001", "normal"), row("001", "normal")]);
    assert_eq!(linked_to(&twice).as_deref(), Some("P0000001"));
    assert_eq!(twice.findings.iter().filter(|p| p.code == "register.duplicate_number").count(), 1);
    assert_eq!(twice.households.integer("size").value(0), 2, "reported, not merged");
    let far = || row("002", "normal").village(2, 1);
    let told = build(&[row("001", "normal"), far()]);
    let at_home = one(&told, record().village(2, 1)).2;
    assert_eq!(at_home.links.str_at("household_id", 0), Some("H002"));
    assert_eq!(one(&told, record()).0, "possible");
    let both = build(&[row("001", "normal"), row("002", "normal")]);
    let (status, _, linked) = one(&both, record());
    assert_eq!((status.as_str(), linked.possible.rows()), ("possible", 2));
    let shared = build(&[row("001", "normal"), Row::new("赵六").number(&n.guo).household("002", "head")]);
    assert_eq!(one(&shared, record()).1.as_deref(), Some("张建国"));
    assert_eq!(one(&shared, Row::new("赵六").number(&n.guo)).1.as_deref(), Some("赵六"));
    assert_eq!(one(&shared, Row::new("钱七").number(&n.guo)).2.possible.rows(), 2);
}

#[test]
fn the_deceased_are_found_too() {
    let n = numbers();
    let register =
        build(&[Row::new("张建国").number(&n.guo).household("001", "head").set("person_status", "deceased")]);
    assert_eq!(one(&register, Row::new("张建国").number(&n.guo)).0, "linked");
    assert_eq!(register.persons.str_at("status", 0), Some("deceased"));
}

#[test]
fn once_per_person_keeps_the_strongest_claim() {
    let register = county();
    let n = numbers();
    let mut once = source("once");
    once.once_per_person = true;
    let strong = || Row::new("张建国").number(&n.guo);
    let weak = || Row::new("张建国").birth("1970-01-05").village(1, 1);
    let weaker = || Row::new("章建国").birth("1970-01-05").village(1, 1);
    let weakest = || Row::new("章建国").birth("1970-01-05");
    let cases: [(Vec<Row>, &[&str]); 6] = [
        (vec![strong(), weak()], &["linked", "possible"]),
        (vec![strong(), strong()], &["linked", "linked"]),
        // A name of the same sound is not far enough behind the very name to lose the person unseen.
        (vec![weaker(), weak()], &["possible", "possible"]),
        (vec![weakest(), weak()], &["possible", "linked"]),
        (vec![weak(), weak(), weaker()], &["possible", "possible", "possible"]),
        (vec![weak()], &["linked"]),
    ];
    for (rows, expected) in cases {
        let (found, linked) = outcome(&register, &once, &rows);
        let states: Vec<&str> = found.iter().map(|f| f.0.as_str()).collect();
        assert_eq!(states, expected);
        let possible = states.iter().filter(|s| **s == "possible").count();
        assert_eq!(linked.possible.rows(), possible);
        let (often, _) = outcome(&register, &source("often"), &rows);
        assert!(often.iter().all(|f| f.0 == "linked"));
    }
}

#[test]
fn a_candidate_that_another_record_has_comes_last() {
    let n = numbers();
    let register = build(&[
        Row::new("李伟").number(&n.guo).birth("1970-01-05").village(2, 1).household("003", "head"),
        Row::new("李伟").number(&n.jun).birth("1970-01-25").village(1, 1).household("004", "head"),
    ]);
    let mut once = source("once");
    once.once_per_person = true;
    let rows = [Row::new("李伟").number(&n.guo), Row::new("李伟").birth("1970-01-15").village(2, 1)];
    let first = |source: &Source| {
        let (found, linked) = outcome(&register, source, &rows);
        assert_eq!((found[0].0.as_str(), found[1].0.as_str()), ("linked", "possible"));
        let all: Vec<&str> = register.persons.text("person_id").iter().flatten().collect();
        let own = linked.links.str_at("person_id", 0).expect("the first record is linked").to_string();
        let ids: Vec<&str> = linked.possible.text("person_id").iter().flatten().collect();
        let evidence = linked.links.str_at("evidence", 1).unwrap_or_default();
        assert!(ids.iter().all(|id| all.contains(id)));
        (ids.len(), ids.iter().position(|id| *id == own), evidence.contains("另一记录"))
    };
    // The village speaks for the first person, but that one has a record already.
    let (candidates, at, told) = first(&once);
    assert!(candidates == 1 || at == Some(1) && told, "{candidates} {at:?} {told}");
}

#[test]
fn evidence_is_a_sentence_that_hides_numbers() {
    let register = county();
    let n = numbers();
    let evidence = |row: Row| one(&register, row).2.links.str_at("evidence", 0).unwrap_or_default().to_string();
    assert_eq!(
        evidence(Row::new("章建国").number(&n.guo).birth("1970-01-05").village(1, 1)),
        "身份证号一致；姓名同音（登记为张建国）；出生日期一致；同村"
    );
    let typo = evidence(Row::new("王强").partial(&typo(&n.wang, 9)));
    assert!(typo.starts_with("身份证号差一位（登记为990121********"), "{typo}");
    assert!(!typo.contains(&n.wang));
    assert_eq!(
        evidence(Row::new("陈秀英").number(&n.guo)),
        "号码与姓名不符：身份证号一致；姓名不同（登记为张建国）；同户有姓名更相符的陈秀英"
    );
    assert_eq!(evidence(Row::new("赵六")), "没有可用的身份证号；没有足够相符的人");
}

#[test]
fn the_weights_of_a_pair_add_up_to_its_match_weight() {
    let register = county();
    let n = numbers();
    let rows = [
        Row::new("张建国").number(&n.guo),
        Row::new("李伟").village(2, 1),
        Row::new("陈秀英").number(&n.guo),
        Row::new("无名氏"),
    ];
    let (_, linked) = outcome(&register, &source("dept"), &rows);
    let mut priors = Vec::new();
    for table in [&linked.links, &linked.possible] {
        for row in 0..table.rows() {
            let weight = |column: &str| table.float(column).is_valid(row).then(|| table.float(column).value(row));
            let parts: Vec<Option<f64>> = table
                .schema
                .columns
                .iter()
                .map(|c| c.name.as_str())
                .filter(|c| c.ends_with("_weight") && *c != "match_weight")
                .map(weight)
                .collect();
            assert_eq!(parts.len(), 9);
            match weight("match_weight") {
                Some(sum) => priors.push(sum - parts.iter().map(|p| p.expect("a weight")).sum::<f64>()),
                None => assert!(parts.iter().all(Option::is_none)),
            }
        }
    }
    assert!(priors.len() >= 4, "{priors:?}");
    assert!(priors.iter().all(|p| (p - priors[0]).abs() < 1e-3), "{priors:?}");
}

#[test]
fn persons_and_households() {
    let n = numbers();
    let register = build(&[
        Row::new("张丽").number(&n.li).village(1, 1).household("007", "daughter"),
        Row::new("张建国").number(&n.guo).sex("male").village(1, 1).household("007", "father"),
        Row::new("陈秀英").birth("1972-02-06").household("007", "mother").set("person_status", "deceased"),
        Row::new("王强").number(&n.wang).household("003", "head").set("person_status", "moved_out"),
        Row::new("王小").birth("2015-01-01").household("003", "son"),
        Row::new("孤").birth("1950-01-01"),
    ]);
    let households = &register.households;
    let texts = |column| -> Vec<Option<String>> { (0..3).map(|i| households.display_at(column, i)).collect() };
    let some = |texts: [&str; 3]| texts.map(|t| Some(t.to_string())).to_vec();
    assert_eq!(texts("household_id"), some(["H003", "H007", "HP0000006"]));
    assert_eq!(texts("household_no")[2], None);
    assert_eq!(texts("head_person_id"), some(["P0000005", "P0000002", "P0000006"]));
    assert_eq!(texts("size"), some(["1", "2", "1"]));
    assert_eq!(texts("village_code")[1].as_deref(), Some("990121001001"));
    let codes: Vec<(&str, u32)> = register.findings.iter().map(|p| (p.code, p.at.row)).collect();
    // The child of the third household is alone in it since its father has moved out.
    let told =
        [("register.no_head", 2), ("register.head_gone", 5), ("register.minor_alone", 6), ("register.no_household", 7)];
    assert_eq!(codes, told);
    assert_eq!(register.persons.display_at("birth_date", 0).as_deref(), Some("1999-04-08"));
    assert_eq!(register.persons.str_at("sex", 0), Some("female"));
    assert_eq!(register.persons.str_at("status", 2), Some("deceased"));
    assert!(build(&[]).households.rows() == 0);
}

#[test]
fn villages() {
    let water = source("water");
    let rows = [Row::nameless().village(1, 2), Row::nameless()];
    let linked = link_villages(&water, &records(&water, &rows));
    assert_eq!(linked.links.str_at("status", 0), Some("linked"));
    assert_eq!(linked.links.str_at("linked_village_code", 0), Some("990121001002"));
    assert_eq!(linked.links.str_at("status", 1), Some("unlinked"));
    assert_eq!(linked.possible.rows(), 0);
}

/// A family of the register, and its records but for one whose number is missing and whose name lost a character.
fn family() -> (Register, Vec<Row>) {
    let names = ["张建国", "陈秀英", "张小丽", "张建军"];
    let at_home = |i: usize| Row::new(names[i]).number(&number_of(i as u32)).village(1, 1).household("001", "other");
    let mut rows: Vec<Row> = (0..4).map(at_home).collect();
    let strangers = ["王强", "李伟", "赵玉兰", "吴德福", "黄海燕"];
    rows.extend((10..60_u32).map(|i| {
        let home = format!("{:03}", 2 + i / 4);
        Row::new(strangers[i as usize % 5]).number(&number_of(i)).village(1, 1 + i % 3).household(&home, "other")
    }));
    let record = |i: usize| Row::new(names[i]).number(&number_of(i as u32)).village(1, 1).household("F7", "other");
    let mut delivery = vec![record(0), record(1), record(3)];
    delivery
        .extend((10..60_u32).map(|i| Row::new(strangers[i as usize % 5]).number(&number_of(i)).village(1, 1 + i % 3)));
    (build(&rows), delivery)
}

#[test]
fn a_family_that_is_linked_vouches_for_its_last_member() {
    let (register, mut rows) = family();
    let alone = Row::new("张丽").sex("female");
    assert_eq!(outcome(&register, &source("dept"), &[rows.clone(), vec![alone.clone()]].concat()).0[53].0, "unlinked");
    rows.push(alone.household("F7", "other"));
    let (found, linked) = outcome(&register, &source("dept"), &rows);
    assert_eq!(found[53].1.as_deref().or(candidates(&register, &linked).first().map(String::as_str)), Some("张小丽"));
    assert!(linked.links.str_at("evidence", 53).unwrap().contains("来源中的同一家庭已对应此户"));
}
