//! A hundred thousand numbers, damaged in known ways: is each recognised as what it is, and is no repair wrong?
//!
//! The damage is made here and knows nothing of the normaliser: its check characters, dates and dice are its own, and what a
//! number was before stays in this file. Each way is a file of its own, as a way of damage mostly is.

use arrow::array::StringArray;
use jiff::civil::Date;

use super::fixture::{codes, field, source};
use super::records;
use crate::model::raw::RawColumn;
use crate::model::{CellKind, RawTable};
use crate::plan::{Field, FieldKind, Role, Source};

const AS_OF: Date = Date::constant(2026, 9, 30);
const NUMBERS: usize = 100_000;

/// Marsaglia's xorshift: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % n as u64) as usize
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn digit(&mut self) -> char {
        char::from(b'0' + self.below(10) as u8)
    }
}

/// Check character by the definition of ISO 7064 MOD 11-2: every digit doubled along, 1 wanted in the end.
fn completed(body: &str) -> String {
    let rest = body.bytes().fold(0, |p, d| (p + u32::from(d - b'0')) * 2 % 11);
    let check = (12 - rest) % 11;
    format!("{body}{}", char::from_digit(check, 10).unwrap_or('X'))
}

/// A person: number, birth date, sex.
struct Person {
    number: String,
    birth: String,
    sex: &'static str,
}

fn person(dice: &mut Dice, regions: &[&str], years: std::ops::Range<usize>) -> Person {
    let (year, month) = (years.start + dice.below(years.len()), 1 + dice.below(12));
    let day = 1 + dice.below([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]);
    let sequence = 1 + dice.below(995);
    Person {
        number: completed(&format!("{}{year}{month:02}{day:02}{sequence:03}", dice.one(regions))),
        birth: format!("{year}-{month:02}-{day:02}"),
        sex: if sequence % 2 == 1 { "男" } else { "女" },
    }
}

/// A damaged cell, and what it must be recognised as.
struct Cell {
    text: String,
    kind: CellKind,
    lane: &'static str,
    /// The number that must come out; none where none may.
    number: Option<String>,
    /// What proposals should hold; none where nothing can be proposed.
    meant: Option<String>,
}

fn repairable(text: String, lane: &'static str, number: &str) -> Cell {
    Cell { text, kind: CellKind::Text, lane, number: Some(number.into()), meant: None }
}

fn hopeless(text: String, lane: &'static str) -> Cell {
    Cell { text, kind: CellKind::Text, lane, number: None, meant: None }
}

fn mistyped(text: String, number: &str) -> Cell {
    Cell { meant: Some(number.into()), ..hopeless(text, "invalid") }
}

fn widened(number: &str) -> String {
    number.chars().map(|c| char::from_u32(c as u32 + 0xFEE0).unwrap_or(c)).collect()
}

/// A person whose number ends in X.
fn with_x(dice: &mut Dice) -> Person {
    loop {
        let p = person(dice, &REGIONS, 1930..2016);
        if p.number.ends_with('X') {
            return p;
        }
    }
}

const REGIONS: [&str; 3] = ["990121", "990122", "991234"];

/// The ways, each with its share in a thousand numbers.
const WAYS: [(&str, usize); 30] = [
    ("as it should be", 60),
    ("full width", 40),
    ("spaces", 40),
    ("invisible marks", 40),
    ("quotes, apostrophe, =\"\"", 40),
    ("words around", 40),
    ("grouped", 30),
    ("x for X", 30),
    ("look-alike of X", 30),
    ("O and l for 0 and 1", 30),
    ("old number", 40),
    ("several at once", 40),
    ("disability certificate", 40),
    ("pupil's number", 15),
    ("telephone beside it", 25),
    ("twice in the cell", 15),
    ("two persons in the cell", 30),
    ("residence permit", 30),
    ("foreigner's documents", 40),
    ("placeholder", 30),
    ("number cell", 40),
    ("zeros in a text file", 40),
    ("scientific", 30),
    ("masked", 20),
    ("last three lost", 20),
    ("one wrong character", 60),
    ("two swapped", 40),
    ("one lost", 30),
    ("one struck twice", 25),
    ("nothing there", 10),
];

fn damage(way: &str, dice: &mut Dice) -> (Cell, Person) {
    let p = match way {
        "old number" => person(dice, &REGIONS, 1930..1986),
        "x for X" | "look-alike of X" => with_x(dice),
        "residence permit" => person(dice, &["810000", "820000", "830000"], 1950..2016),
        _ => person(dice, &REGIONS, 1930..2016),
    };
    let n = p.number.as_str();
    let mut chars: Vec<char> = n.chars().collect();
    let cell = match way {
        "as it should be" => repairable(n.into(), "valid", n),
        "full width" => repairable(widened(n), "repaired", n),
        "spaces" => {
            for _ in 0..=dice.below(3) {
                chars.insert(dice.below(chars.len() + 1), dice.one(&[' ', '\u{3000}', '\u{A0}', '\t', '\n']));
            }
            repairable(chars.iter().collect(), "repaired", n)
        }
        "invisible marks" => {
            for _ in 0..=dice.below(3) {
                let mark =
                    dice.one(&['\u{200B}', '\u{FEFF}', '\u{202D}', '\u{202C}', '\u{200E}', '\u{AD}', '\u{2060}']);
                chars.insert(dice.below(chars.len() + 1), mark);
            }
            repairable(chars.iter().collect(), "repaired", n)
        }
        "quotes, apostrophe, =\"\"" => {
            let (before, after) =
                dice.one(&[("'", ""), ("\"", "\""), ("=\"", "\""), ("‘", "’"), ("“", "”"), ("`", "")]);
            repairable(format!("{before}{n}{after}"), "repaired", n)
        }
        "words around" => {
            let (before, after) = dice.one(&[
                ("", "（户主）"),
                ("身份证：", ""),
                ("", "(已故)"),
                ("", ","),
                ("", "。"),
                ("张三", ""),
                ("", "户主"),
                ("身份证号码", "（2号）"),
                ("No.", ""),
            ]);
            repairable(format!("{before}{n}{after}"), "repaired", n)
        }
        "grouped" => {
            let between = dice.one(&["-", " ", "_", ".", "—"]);
            repairable([&n[..6], &n[6..14], &n[14..]].join(between), "repaired", n)
        }
        "x for X" => repairable(n.replace('X', "x"), "repaired", n),
        "look-alike of X" => {
            let x = dice.one(&["×", "χ", "Х", "х", "✕", "*", "Ｘ", "ｘ"]);
            repairable(n.replace('X', x), "repaired", n)
        }
        "O and l for 0 and 1" => {
            let (o, l) = (dice.one(&['O', 'o', 'О', '〇']), dice.one(&['l', 'I', '|']));
            let seen = n.replace('0', &o.to_string());
            repairable(if dice.below(2) == 0 { seen } else { seen.replace('1', &l.to_string()) }, "repaired", n)
        }
        "old number" => repairable(format!("{}{}", &n[..6], &n[8..17]), "repaired", n),
        "several at once" => {
            let mut text = if dice.below(2) == 0 { widened(n) } else { n.to_string() };
            let at = text.char_indices().nth(6 + dice.below(6)).map_or(0, |c| c.0);
            text.insert(at, dice.one(&[' ', '\u{3000}', '\u{200B}']));
            let after = dice.one(&["（户主）", "", "，", "\u{202C}"]);
            repairable(format!("'{text}{after}"), "repaired", n)
        }
        "disability certificate" => {
            let (category, level) = (1 + dice.below(7), 1 + dice.below(4));
            let reissue = dice.one(&["", "", "B1", "B2"]);
            repairable(format!("{n}{category}{level}{reissue}"), "certificate", n)
        }
        "pupil's number" => repairable(format!("{}{n}", dice.one(&["G", "g", "Ｇ"])), "repaired", n),
        "telephone beside it" => {
            let phone: String = (0..9).map(|_| dice.digit()).collect();
            let between = dice.one(&["/", " ", "，电话", "、", "（电话"]);
            repairable(format!("{n}{between}13{phone}"), "repaired", n)
        }
        "twice in the cell" => repairable(format!("{n}{}{n}", dice.one(&["/", " ", "、", "\n", ""])), "repaired", n),
        "two persons in the cell" => {
            let other = person(dice, &REGIONS, 1930..2016).number;
            let between = dice.one(&["/", " ", "、", "\n", "，", "", " 李四："]);
            mistyped(format!("{n}{between}{other}"), n)
        }
        "residence permit" => repairable(n.into(), "residence_permit", n),
        "foreigner's documents" => {
            let mut digits = |count: usize| -> String { (0..count).map(|_| dice.digit()).collect() };
            let texts = [
                format!("USA{}", digits(12)),
                format!("E{}", digits(8)),
                format!("EA{}", digits(7)),
                format!("H{}", digits(8)),
                format!("M{}", digits(10)),
                format!("护照G{}", digits(8)),
            ];
            match dice.below(7) {
                6 => {
                    let card =
                        completed(&format!("911{}{}{:03}", dice.one(&["704", "840"]), &n[6..14], dice.below(999)));
                    repairable(card.clone(), "foreign", &card)
                }
                i => hopeless(texts[i].clone(), "foreign"),
            }
        }
        "placeholder" => {
            let birth = &n[6..14];
            let texts =
                ["999999999999999999", "000000000000000000", "111111111111111111", "123456789012345678", "XXXXXX"];
            match dice.below(6) {
                5 => hopeless(format!("999999{birth}{:04}", dice.below(9999)), "placeholder"),
                i => hopeless(texts[i].into(), "placeholder"),
            }
        }
        "number cell" => Cell { kind: CellKind::Number, ..hopeless(format!("{}000", &n[..15]), "damaged") },
        "zeros in a text file" => hopeless(format!("{}000", &n[..15]), "damaged"),
        "scientific" => {
            let shown = dice.one(&[6, 6, 15]);
            hopeless(format!("{}.{}{}", &n[..1], &n[1..shown], dice.one(&["E+17", "e+17", "E17"])), "damaged")
        }
        "masked" => {
            let (from, mark) = (dice.one(&[6, 10]), dice.one(&['*', 'X']));
            chars[from..14 + dice.below(3)].fill(mark);
            hopeless(chars.iter().collect(), "invalid")
        }
        "last three lost" => hopeless(n[..15].into(), "invalid"),
        "one wrong character" => {
            let at = dice.below(18);
            let right = chars[at];
            while chars[at] == right {
                chars[at] = if at == 17 { dice.one(&['0', '1', '5', '8', 'X']) } else { dice.digit() };
            }
            mistyped(chars.iter().collect(), n)
        }
        "two swapped" => {
            let at = (0..).map(|_| dice.below(16)).find(|&i| chars[i] != chars[i + 1]).unwrap_or(0);
            chars.swap(at, at + 1);
            mistyped(chars.iter().collect(), n)
        }
        "one lost" => {
            chars.remove(dice.below(18));
            mistyped(chars.iter().collect(), n)
        }
        "one struck twice" => {
            let at = dice.below(18);
            chars.insert(at, chars[at]);
            mistyped(chars.iter().collect(), n)
        }
        "nothing there" => hopeless(dice.one(&["", "无", "-", "—", "未办理", "0"]).into(), "missing"),
        way => panic!("no such way: {way}"),
    };
    (cell, p)
}

fn contract() -> Source {
    source(vec![
        field("id_number", "身份证号", FieldKind::IdNumber, Some(Role::IdNumber)),
        field("name", "姓名", FieldKind::Name, Some(Role::Name)),
        field("birth_date", "出生日期", FieldKind::Date, Some(Role::BirthDate)),
        Field { code: Some("sex".into()), ..field("sex", "性别", FieldKind::Code, Some(Role::Sex)) },
    ])
}

#[test]
fn a_hundred_thousand_damaged_numbers() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut cells: Vec<(usize, Cell, Person)> = Vec::with_capacity(NUMBERS);
    for (way, (name, share)) in WAYS.iter().enumerate() {
        for _ in 0..NUMBERS / 1000 * share {
            let (cell, person) = damage(name, &mut dice);
            cells.push((way, cell, person));
        }
    }
    assert_eq!(cells.len(), NUMBERS);
    let filled = |text: &str| if text.is_empty() { None } else { Some(text.to_string()) };
    let column = |name: &str, text: StringArray, kind: Vec<CellKind>| RawColumn { field: name.into(), text, kind };
    let texts = vec![CellKind::Text; NUMBERS];
    let raw = RawTable {
        origins: WAYS.iter().map(|(way, _)| (format!("{way}.csv"), String::new())).collect(),
        origin: cells.iter().map(|c| c.0 as u32).collect(),
        row: (0..NUMBERS as u32).map(|i| i + 2).collect(),
        columns: vec![
            column(
                "id_number",
                cells.iter().map(|c| filled(&c.1.text)).collect(),
                cells.iter().map(|c| c.1.kind).collect(),
            ),
            // Names keep equal rows from being folded.
            column("name", (0..NUMBERS).map(name).map(Some).collect(), texts.clone()),
            column("birth_date", cells.iter().map(|c| filled(&c.2.birth)).collect(), texts.clone()),
            column("sex", cells.iter().map(|c| filled(c.2.sex)).collect(), texts),
        ],
        stated: Default::default(),
    };
    let n = records(&contract(), &raw, codes(), AS_OF);
    assert_eq!((n.accepted, n.folded), (NUMBERS as u64, 0));

    let mut of_way = vec![Tally::default(); WAYS.len()];
    for (row, (way, cell, _)) in cells.iter().enumerate() {
        let tally = &mut of_way[*way];
        let at = |column: &str| n.records.str_at(column, row);
        let (lane, number) = (at("id_number_lane"), at("id_number"));
        tally.cells += 1;
        tally.right += u32::from(lane == Some(cell.lane) && number == cell.number.as_deref());
        // A number that comes out and is not the person's, whatever the lane says of it.
        tally.wrong += u32::from(number.is_some() && number != cell.number.as_deref());
        assert_eq!(at("id_number_raw").unwrap_or(""), cell.text, "the raw value stands beside the clean one");
        let proposals: Vec<&str> = at("id_number_proposals").map_or(Vec::new(), |p| p.split(';').collect());
        if let Some(meant) = &cell.meant {
            tally.to_propose += 1;
            tally.proposed += u32::from(proposals.iter().any(|p| p.starts_with(meant.as_str())));
            tally.first += u32::from(proposals.first().is_some_and(|p| p.starts_with(meant.as_str())));
            tally.proposals += proposals.len() as u32;
        }
        assert!(number.is_none() || proposals.is_empty(), "a number that stands needs no proposals");
    }
    let mut all = Tally::default();
    let mut shown =
        String::from("way | numbers | right % | wrong | meant among proposals % | first % | proposals each\n");
    for ((way, _), tally) in WAYS.iter().zip(&of_way) {
        all.add(tally);
        shown += &tally.line(way);
    }
    shown += &all.line("all");
    insta::assert_snapshot!(shown);
    assert!(all.right * 100 >= all.cells * 99, "recognised:\n{shown}");
    assert_eq!(all.wrong, 0, "wrong automatic repairs:\n{shown}");
    assert!(all.proposed * 100 >= all.to_propose * 95, "proposed:\n{shown}");
    for ((way, _), tally) in WAYS.iter().zip(&of_way) {
        assert!(tally.right * 100 >= tally.cells * 97, "{way}:\n{shown}");
    }
}

/// Four characters out of sixteen to twenty-one, so that no two rows are equal.
fn name(i: usize) -> String {
    let of = |list: &str, i: usize| list.chars().nth(i % list.chars().count()).unwrap_or('张');
    let given = "文明华强芳丽军伟敏静秀英杰涛勇艳娟磊超霞平";
    let surname = of("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", i);
    format!("{surname}{}{}{}", of(given, i / 16), of(given, i / 336), of(given, i / 7056))
}

#[derive(Clone, Default)]
struct Tally {
    cells: u32,
    right: u32,
    wrong: u32,
    to_propose: u32,
    proposed: u32,
    first: u32,
    proposals: u32,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.cells += other.cells;
        self.right += other.right;
        self.wrong += other.wrong;
        self.to_propose += other.to_propose;
        self.proposed += other.proposed;
        self.first += other.first;
        self.proposals += other.proposals;
    }

    fn line(&self, way: &str) -> String {
        let percent = |part: u32, of: u32| {
            if of == 0 { "–".into() } else { format!("{:.2}", f64::from(part) * 100.0 / f64::from(of)) }
        };
        let each = match self.to_propose {
            0 => "–".into(),
            n => format!("{:.1}", f64::from(self.proposals) / f64::from(n)),
        };
        format!(
            "{way} | {} | {} | {} | {} | {} | {each}\n",
            self.cells,
            percent(self.right, self.cells),
            self.wrong,
            percent(self.proposed, self.to_propose),
            percent(self.first, self.to_propose),
        )
    }
}
