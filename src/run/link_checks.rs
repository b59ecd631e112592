//! What is told about the inputs of `bidui link` before minutes are spent on them.
//!
//! In: facts about each file (headings, rows, how full a column is, keys) and counts of what blocking will give. Out:
//! every problem at once, as [`Diagnostic`]s with codes `link.*`; [`refuse`] makes the command's end of them. Rows are
//! named by number, values never: a key may be an identity number.
//!
//! | class | problems |
//! |---|---|
//! | 65 | a column that is not there, keys that repeat or are blank, one file given twice, blocking that finds nothing or too much, pairs of unknown records |
//! | 66 | a file or a side that is not there or has no rows |
//! | 78 | the model itself (`plan.*`) |

use std::collections::HashMap;
use std::path::Path;

use crate::diag::{self, Diagnostic, Failure, FailureClass, Outcome, Place, nearest};

/// Rows named in one message.
const MOST_ROWS: usize = 5;
/// Pairs to compare per row of the right side from which linkage is slow, and from which it is refused.
const SLOW: u64 = 2_000;
const HOPELESS: u64 = 50_000;
/// Whatever the sizes, so many pairs are compared in seconds.
const FEW_PAIRS: u64 = 20_000_000;

/// A column that a model or an option asks for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Heading.
    pub heading: &'a str,
    /// What asks for it, for example `role name of the model` or `--ids`.
    pub asked_by: &'a str,
    /// Linkage cannot do without it.
    pub required: bool,
}

/// Columns that are asked for and not there; each with the nearest heading that is.
pub fn columns(file: &str, headings: &[String], wanted: &[Wanted]) -> Vec<Diagnostic> {
    let missing = |w: &&Wanted| !headings.iter().any(|h| h == w.heading);
    let told = |w: &Wanted| {
        let message = format!("there is no column `{}`, which {} names", w.heading, w.asked_by);
        let place = Place::file(file).field(w.heading);
        let has = headings.iter().filter(|h| !h.is_empty()).map(String::as_str).collect::<Vec<_>>();
        let hint = match nearest(w.heading, has.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? the file has {}", has.join(", ")),
            None => format!("the file has {}", has.join(", ")),
        };
        match w.required {
            true => Diagnostic::error("link.missing_column", message, place).hint(hint),
            false => Diagnostic::warning("link.missing_column", message, place).hint(hint),
        }
    };
    let twice = |w: &&Wanted| headings.iter().filter(|h| *h == w.heading).count() > 1;
    let repeated = |w: &Wanted| {
        let message = format!("the heading `{}`, which {} names, stands twice", w.heading, w.asked_by);
        Diagnostic::error("link.repeated_column", message, Place::file(file).field(w.heading))
            .hint("give the two columns different headings")
    };
    let missing = wanted.iter().filter(missing).map(told);
    missing.chain(wanted.iter().filter(twice).map(repeated)).collect()
}

/// A side without rows.
pub fn empty_side(file: &str, rows: u64, set_aside: u64) -> Vec<Diagnostic> {
    if rows > 0 {
        return Vec::new();
    }
    let message = match set_aside {
        0 => "the file has no rows below its headings: there is nothing to link".to_string(),
        n => format!("none of the file's {n} rows can be read: there is nothing to link"),
    };
    let hint = "check that it is the right file and the right sheet";
    vec![Diagnostic::error("link.empty_side", message, Place::file(file)).hint(hint)]
}

/// How full a column is.
#[derive(Debug, Clone, Copy)]
pub struct Filled<'a> {
    /// Heading.
    pub heading: &'a str,
    /// Rows with a value that can be used.
    pub values: u64,
}

/// Columns that are asked for and hold nothing.
pub fn empty_columns(file: &str, rows: u64, columns: &[Filled]) -> Vec<Diagnostic> {
    let told = |c: &Filled| {
        let message = format!("column `{}` holds no usable value in any of {rows} rows", c.heading);
        Diagnostic::warning("link.empty_column", message, Place::file(file).field(c.heading))
            .hint("its comparison says nothing; check that the heading is the right one, or leave it out of the model")
    };
    columns.iter().filter(|c| rows > 0 && c.values == 0).map(told).collect()
}

/// A blocking pass: its name and the columns without which it finds nothing, as `file: heading`.
#[derive(Debug, Clone)]
pub struct Pass<'a> {
    /// Name of the pass.
    pub name: &'a str,
    /// Columns that it needs and that are absent or empty.
    pub lacks: Vec<String>,
}

/// Passes that lack a column; an error when no pass is left.
pub fn passes(model: &Place, passes: &[Pass]) -> Vec<Diagnostic> {
    let lost: Vec<&Pass> = passes.iter().filter(|p| !p.lacks.is_empty()).collect();
    if !passes.is_empty() && lost.len() == passes.len() {
        let why: Vec<String> = lost.iter().map(|p| format!("{} lacks {}", p.name, p.lacks.join(" and "))).collect();
        let message = format!("no blocking pass is left: {}", why.join("; "));
        let hint = "give the model a pass whose columns both files have";
        return vec![Diagnostic::error("link.no_pass_left", message, model.clone()).hint(hint)];
    }
    let told = |p: &&Pass| {
        let message = format!("blocking pass `{}` finds nothing: it lacks {}", p.name, p.lacks.join(" and "));
        Diagnostic::warning("link.pass_lost", message, model.clone())
            .hint("the other passes are used; pairs that only this one would find are lost")
    };
    lost.iter().map(told).collect()
}

/// What blocking will give, counted before anything is compared.
#[derive(Debug, Clone, Copy)]
pub struct PassCount<'a> {
    /// Name of the pass.
    pub name: &'a str,
    /// Pairs that share its key.
    pub pairs: u64,
}

/// Blocking that finds nothing or too much; `rows` are those of the right side, or of the one file.
pub fn blocking(model: &Place, counts: &[PassCount], rows: u64) -> Vec<Diagnostic> {
    let total: u64 = counts.iter().fold(0, |sum, c| sum.saturating_add(c.pairs));
    let mut problems = Vec::new();
    if total == 0 {
        let names: Vec<&str> = counts.iter().map(|c| c.name).collect();
        let message = format!("no two records share a blocking key (passes: {})", names.join(", "));
        let hint =
            "check that both files hold the same people and that the model names the right columns on both sides";
        return vec![Diagnostic::error("link.blocking_nothing", message, model.clone()).hint(hint)];
    }
    for c in counts {
        let per_row = c.pairs / rows.max(1);
        if c.pairs == 0 {
            let message = format!("no two records share the key of blocking pass `{}`", c.name);
            problems.push(
                Diagnostic::warning("link.pass_nothing", message, model.clone())
                    .hint("the values may be written differently on the two sides; the other passes are used"),
            );
        } else if c.pairs > FEW_PAIRS && per_row >= SLOW {
            let message = format!(
                "blocking pass `{}` brings together {} pairs, {per_row} for each of {rows} rows",
                c.name,
                thousands(c.pairs)
            );
            let hint = "its key is shared by too many records: add a column to it, or cut large blocks";
            problems.push(match per_row >= HOPELESS {
                true => Diagnostic::error("link.blocking_too_much", message, model.clone()).hint(hint),
                false => Diagnostic::warning("link.blocking_wide", message, model.clone()).hint(hint),
            });
        }
    }
    problems
}

/// Digits in groups of three.
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap_or("")).collect();
    groups.join(",")
}

/// Keys that repeat or are blank: a pair could not be traced back to its row. `keys` in the order of the rows, each with
/// the number of its row in the file.
pub fn keys<'a>(file: &str, heading: &str, keys: impl Iterator<Item = (u32, &'a str)>) -> Vec<Diagnostic> {
    // Only looked up, never walked: its order reaches nothing.
    let mut first: HashMap<&str, u32> = HashMap::new();
    let (mut repeated, mut blank) = (Vec::new(), Vec::new());
    for (row, key) in keys {
        if key.is_empty() {
            blank.push((row, row));
        } else if let Some(earlier) = first.get(key) {
            repeated.push((*earlier, row));
        } else {
            first.insert(key, row);
        }
    }
    let place = Place::file(file).field(heading);
    let mut problems = Vec::new();
    if !repeated.is_empty() {
        let rows: Vec<String> = repeated.iter().take(MOST_ROWS).map(|(a, b)| format!("{a} and {b}")).collect();
        let message = format!(
            "{} rows have a key that an earlier row has: rows {}{}",
            repeated.len(),
            rows.join(", "),
            more(repeated.len())
        );
        let hint = "a key must name one row; name another column with --ids, or leave --ids out to use row numbers";
        problems.push(Diagnostic::error("link.duplicate_keys", message, place.clone()).hint(hint));
    }
    if !blank.is_empty() {
        let rows: Vec<String> = blank.iter().take(MOST_ROWS).map(|(row, _)| row.to_string()).collect();
        let message = format!("{} rows have no key: rows {}{}", blank.len(), rows.join(", "), more(blank.len()));
        let hint = "fill the key in, name another column with --ids, or leave --ids out to use row numbers";
        problems.push(Diagnostic::error("link.blank_keys", message, place).hint(hint));
    }
    problems
}

fn more(count: usize) -> &'static str {
    if count > MOST_ROWS { ", …" } else { "" }
}

/// One file given for both sides.
pub fn same_file(left: &Path, right: &Path) -> Vec<Diagnostic> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if real(left) != real(right) {
        return Vec::new();
    }
    let message = "both sides are the same file: every record would be linked to itself";
    let hint = "to find duplicates in one file, give it once with --dedupe";
    vec![Diagnostic::error("link.same_file", message, Place::file(right.display().to_string())).hint(hint)]
}

/// Known pairs (truth, labels, decisions) of records that are not in the files; `unknown` are their rows.
pub fn known_pairs(file: &str, pairs: u64, unknown: &[u32]) -> Vec<Diagnostic> {
    let place = Place::file(file);
    let rows: Vec<String> = unknown.iter().take(MOST_ROWS).map(u32::to_string).collect();
    let hint = "left_id and right_id hold the keys that --ids names, or row numbers from 1 without --ids";
    if pairs == 0 {
        let message = "the file has no pairs";
        return vec![Diagnostic::error("link.no_known_pairs", message, place).hint(hint)];
    }
    if unknown.len() as u64 >= pairs {
        let message = format!("none of the file's {pairs} pairs is of records in the linked files");
        return vec![Diagnostic::error("link.unknown_keys", message, place).hint(hint)];
    }
    if unknown.is_empty() {
        return Vec::new();
    }
    let message = format!(
        "{} of {pairs} pairs name a record that is not in the linked files: rows {}{}",
        unknown.len(),
        rows.join(", "),
        more(unknown.len())
    );
    vec![Diagnostic::warning("link.unknown_keys", message, place).hint(hint)]
}

/// The command's end when any problem is an error: all of them, in reading order, under the class of the first that
/// keeps the others from being judged: the model, then what is not there, then what is wrong.
pub fn refuse(mut problems: Vec<Diagnostic>) -> Outcome<Vec<Diagnostic>> {
    let class = |p: &Diagnostic| match p.code {
        code if code.starts_with("plan.") => FailureClass::Pipeline,
        "link.empty_side" | "link.no_file" => FailureClass::InputMissing,
        _ => FailureClass::InputContract,
    };
    let order = [FailureClass::Pipeline, FailureClass::InputMissing, FailureClass::InputContract];
    let found = |wanted: &FailureClass| problems.iter().any(|p| p.is_error() && class(p) == *wanted);
    let gravest = order.into_iter().find(found);
    diag::sort(&mut problems);
    match gravest {
        Some(class) => Err(Failure { class, problems }),
        None => Ok(problems),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(problems: &[Diagnostic]) -> String {
        let line = |p: &Diagnostic| {
            let hint = p.hint.as_deref().unwrap_or("-");
            format!("{:?} {}: {} [{}]\n  hint: {hint}", p.severity, p.place, p.message, p.code)
        };
        problems.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn model() -> Place {
        Place::file("person-cn.toml")
    }

    #[test]
    fn columns_and_rows() {
        let headings = ["编号", "姓名", "身份证号码", "", "电话", "电话"].map(str::to_string);
        let wanted = |heading, asked_by, required| Wanted { heading, asked_by, required };
        let mut problems = columns(
            "医保.csv",
            &headings,
            &[
                wanted("姓名", "role name of the model", true),
                wanted("身份证号", "role number of the model", true),
                wanted("村", "role village of the model", false),
                wanted("id", "--ids", true),
                wanted("电话", "role phone of the model", false),
            ],
        );
        problems.extend(empty_side("医保.csv", 0, 0));
        problems.extend(empty_side("医保.csv", 0, 12));
        problems.extend(empty_side("医保.csv", 1, 0));
        let filled = [Filled { heading: "姓名", values: 0 }, Filled { heading: "电话", values: 3 }];
        problems.extend(empty_columns("医保.csv", 100, &filled));
        problems.extend(empty_columns("医保.csv", 0, &filled));
        insta::assert_snapshot!(told(&problems));
    }

    #[test]
    fn blocking_of_too_little_and_too_much() {
        let pass = |name, lacks: &[&str]| Pass { name, lacks: lacks.iter().map(|l| l.to_string()).collect() };
        let mut problems = passes(&model(), &[pass("number", &["医保.csv: 身份证号"]), pass("name_birth", &[])]);
        problems.extend(passes(&model(), &[pass("number", &["a: n", "b: n"]), pass("name_birth", &["a: birth"])]));
        problems.extend(passes(&model(), &[pass("number", &[])]));
        let count = |name, pairs| PassCount { name, pairs };
        problems.extend(blocking(&model(), &[count("number", 0), count("name", 0)], 10));
        problems.extend(blocking(&model(), &[count("number", 900), count("name", 0)], 10));
        problems.extend(blocking(
            &model(),
            &[count("sex", 120_000_000_000), count("village", 3_000_000_000)],
            1_000_000,
        ));
        // A small file is compared in seconds whatever its blocks.
        problems.extend(blocking(&model(), &[count("all", 12_497_500)], 5_000));
        insta::assert_snapshot!(told(&problems));
    }

    #[test]
    fn keys_and_known_pairs() {
        let rows = ["a", "b", "a", "", "c", "b", "a", "a", "a", "a"];
        let mut problems = keys("register.csv", "person_id", rows.iter().zip(2..).map(|(key, row)| (row, *key)));
        problems.extend(keys("register.csv", "person_id", [(2, "a"), (3, "b")].into_iter()));
        problems.extend(known_pairs("truth.csv", 0, &[]));
        problems.extend(known_pairs("truth.csv", 9, &[4, 7]));
        problems.extend(known_pairs("truth.csv", 2, &[2, 3]));
        problems.extend(known_pairs("truth.csv", 2, &[]));
        let here = Path::new("src/lib.rs");
        problems.extend(same_file(here, Path::new("src/../src/lib.rs")));
        problems.extend(same_file(here, Path::new("src/main.rs")));
        insta::assert_snapshot!(told(&problems));
    }

    #[test]
    fn the_class_says_what_to_mend_first() {
        let class = |problems: Vec<Diagnostic>| refuse(problems).map_err(|f| (f.class.exit_code(), f.problems.len()));
        let of = |code| Diagnostic::error(code, "", Place::default());
        let doubt = || empty_columns("a", 1, &[Filled { heading: "x", values: 0 }]);
        assert_eq!(class(doubt()).map(|p| p.len()), Ok(1));
        assert_eq!(class([doubt(), vec![of("link.missing_column")]].concat()).unwrap_err(), (65, 2));
        assert_eq!(class(vec![of("link.missing_column"), of("link.empty_side")]).unwrap_err(), (66, 2));
        assert_eq!(class(vec![of("link.empty_side"), of("plan.syntax")]).unwrap_err(), (78, 2));
    }
}
