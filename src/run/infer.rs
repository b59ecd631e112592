//! `bidui check --infer FILE`: drafts a contract from a file that nobody has described yet.
//!
//! In: a file, the sources and code tables of a pipeline, which are the dictionary of headings. Out: the contract as TOML with
//! comments that say how sure each line is. It holds no value of a person: only columns of few, short, repeated values are
//! shown, as the draft of a code table, and never those whose heading speaks of people.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use jiff::civil::Date;

use super::infer_names::{Dictionary, Names, base, pinyin, unit};
use crate::codes::{self, Codes};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome};
use crate::ingest::rows;
use crate::model::Privacy;
use crate::normalize::profile::Profile;
use crate::plan::{self, Field, FieldKind, Role};

/// Rows that are looked at.
const ROWS: u64 = 5000;
/// Headings of columns whose values are never shown.
const PERSONAL: [&str; 9] = ["姓名", "名字", "户主", "号", "电话", "手机", "住址", "地址", "账"];

/// A drafted contract.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The contract.
    pub toml: String,
    /// What is wrong with the file or with the draft as a contract.
    pub problems: Vec<Diagnostic>,
}

/// A column as it goes into the draft.
struct Column {
    name: String,
    heading: String,
    kind: FieldKind,
    unit: String,
    role: Option<Role>,
    code: Option<String>,
    multi: String,
    required: bool,
    privacy: Option<Privacy>,
    meaning: String,
    notes: Vec<String>,
    /// Rows that were looked at.
    rows: u64,
    /// True when no value came twice.
    unique: bool,
}

/// Drafts a contract for a file. `pipeline` gives the known headings, code tables and divisions.
///
/// # Errors
/// The pipeline cannot be loaded (78), or the file cannot be read (65).
pub fn infer(file: &Path, pipeline: &Path, as_of: Date) -> Outcome<Draft> {
    let (plan, problems) = plan::load(pipeline);
    let plan = plan.ok_or(Failure { class: FailureClass::Pipeline, problems })?;
    let (codes, _) = codes::load(&plan.codes_dir);
    let broken = |problems: Vec<Diagnostic>| Failure { class: FailureClass::InputContract, problems };
    let opened = rows::open(file).map_err(broken)?;
    let headings: Vec<String> = opened.headings().to_vec();
    let wanted: Vec<usize> = (0..headings.len()).filter(|i| !headings[*i].is_empty()).collect();
    let mut profiles = vec![Profile::default(); wanted.len()];
    let mut read = 0;
    let result = opened.read(&wanted, &mut |cells| {
        read += 1;
        if read <= ROWS {
            for (i, profile) in profiles.iter_mut().enumerate() {
                profile.see(cells.get(i), cells.kind(i), &codes, as_of);
            }
        }
        Ok(())
    });
    let mut problems = result.map_err(broken)?.problems;

    let dictionary = Dictionary::of(&plan.sources);
    let mut names = Names::default();
    let mut roles: BTreeSet<Role> = BTreeSet::new();
    let mut columns: Vec<Column> = Vec::new();
    let mut twice: BTreeSet<&str> = BTreeSet::new();
    for (at, profile) in wanted.iter().zip(&profiles) {
        let heading = headings[*at].as_str();
        if !twice.insert(heading) {
            continue; // a heading that stands twice cannot be told apart by a contract; said below
        }
        let known = dictionary.find(heading);
        columns.push(column(heading, profile, known, &codes, &mut names, &mut roles));
    }
    let repeated = wanted.len() - columns.len();
    let about = About { file, read, looked: read.min(ROWS), repeated, as_of };
    let (id, toml) = render(&about, &columns);
    problems.extend(plan::contract_problems(&toml, &id, &codes).into_iter().filter(Diagnostic::is_error));
    Ok(Draft { toml, problems })
}

fn column(
    heading: &str,
    profile: &Profile,
    known: Option<(&Field, &str)>,
    codes: &Codes,
    names: &mut Names,
    roles: &mut BTreeSet<Role>,
) -> Column {
    let mut notes = Vec::new();
    let looks = by_heading(heading, profile);
    let mut column = match known {
        Some((field, source)) => {
            let share = profile.share(field.kind);
            notes.push(format!("表头已知（见 {source}）；{}", seen(profile)));
            if profile.filled > 0 && share < 0.8 && !matches!(field.kind, FieldKind::Code | FieldKind::Text) {
                notes.push(format!("请核对 kind：只有{:.0}%的值符合", share * 100.0));
            }
            Column {
                name: names.free(&field.name),
                heading: heading.into(),
                kind: field.kind,
                unit: field.unit.clone(),
                role: field.role,
                code: field.code.clone(),
                multi: field.multi.clone(),
                required: false,
                privacy: Some(field.privacy),
                meaning: field.meaning.clone(),
                notes,
                rows: 0,
                unique: false,
            }
        }
        None => {
            notes.push(format!("按内容推测，请核对名称、类型和含义；{}", seen(profile)));
            Column {
                name: names.free(&pinyin(base(heading))),
                heading: heading.into(),
                kind: looks,
                unit: String::new(),
                role: None,
                code: None,
                multi: String::new(),
                required: false,
                privacy: None,
                meaning: base(heading).into(),
                notes,
                rows: 0,
                unique: false,
            }
        }
    };
    if let Some(written) = unit(heading) {
        column.unit = written.into();
    } else if column.kind == FieldKind::Money {
        column.notes.push("表头没有写单位，按元处理；请看标题行是否写有“单位：万元”".into());
    }
    (column.rows, column.unique) = (profile.rows, !profile.repeats && profile.filled > 1);
    column.required = profile.filled == profile.rows && profile.rows > 0;
    coded(&mut column, profile, codes);
    column.role = role(&column).filter(|role| roles.insert(*role));
    if column.privacy.is_none() && ["病", "残", "健康"].iter().any(|word| heading.contains(word)) {
        column.privacy = Some(Privacy::Sensitive);
        column.notes.push("与健康有关，按 sensitive 处理".into());
    }
    let open_text = column.kind == FieldKind::Text && profile.codes().is_none();
    if column.privacy.is_none() && open_text {
        column.privacy = Some(Privacy::Personal);
        column.notes.push("自由文字可能含个人信息，先按 personal 处理".into());
    }
    column
}

/// What was seen, in numbers only.
fn seen(profile: &Profile) -> String {
    if profile.filled == 0 {
        return "所看各行都为空".into();
    }
    let blank = profile.rows - profile.filled;
    match blank {
        0 => "没有空值".into(),
        _ => format!("{:.1}%为空", blank as f64 * 100.0 / profile.rows as f64),
    }
}

/// The kind by content, helped by what the heading says.
fn by_heading(heading: &str, profile: &Profile) -> FieldKind {
    let says = |words: &[&str]| words.iter().any(|word| heading.contains(word));
    let kind = profile.kind();
    let money = says(&["元", "金额", "费", "收入", "支出", "款", "工资", "补贴", "补助"]);
    match kind {
        FieldKind::Integer | FieldKind::Decimal if money => FieldKind::Money,
        FieldKind::Text
            if profile.share(FieldKind::Name) >= 0.9 && says(&["姓名", "名字", "户主", "人员", "联系人"]) =>
        {
            FieldKind::Name
        }
        // A date of eight digits is one only under a heading that says so.
        FieldKind::Date | FieldKind::Month if profile.share(FieldKind::Integer) >= 0.9 => {
            if says(&["日期", "时间", "年月", "月份", "日"]) { kind } else { FieldKind::Integer }
        }
        kind => kind,
    }
}

/// A table of codes that knows the column's values, or the draft of one.
fn coded(column: &mut Column, profile: &Profile, codes: &Codes) {
    if let Some(table) = column.code.as_deref().and_then(|name| codes.table(name)) {
        let strange = profile.codes().map_or(0, |v| v.keys().filter(|value| table.resolve(value).is_none()).count());
        // Two systems code the same thing: `relation_gbt4761`, `relation_national`.
        let stem = |name: &str| name.split('_').next().unwrap_or_default().to_string();
        let other = profile.tables(codes).into_iter().find(|other| stem(other.name()) == stem(table.name()));
        if let Some(other) = other.filter(|_| strange > 0) {
            column.notes.push(format!("全部写法都在代码表 {} 中，不在 {} 中", other.name(), table.name()));
            column.code = Some(other.name().into());
        } else if strange > 0 && column.multi.is_empty() {
            column.notes.push(format!("有{strange}种写法不在代码表 {} 中，请补进 aliases", table.name()));
        }
        return;
    }
    let private = PERSONAL.iter().any(|word| column.heading.contains(word));
    if !matches!(column.kind, FieldKind::Text | FieldKind::Integer) || private {
        return;
    }
    let Some(values) = profile.codes() else { return };
    let digits = values.keys().all(|value| value.chars().all(|c| c.is_ascii_digit()));
    let tables = profile.tables(codes);
    if let Some(table) = tables.first().filter(|_| !digits) {
        column.kind = FieldKind::Code;
        column.code = Some(table.name().into());
        let others: Vec<&str> = tables[1..].iter().map(|table| table.name()).collect();
        column.notes.push(match others.is_empty() {
            true => format!("全部写法都在代码表 {} 中", table.name()),
            false => format!("全部写法都在代码表 {} 中，也在 {} 中，请选定", table.name(), others.join("、")),
        });
        return;
    }
    if column.kind == FieldKind::Integer {
        return; // counts and ages are few and short, too
    }
    let name = &column.name;
    column.notes.push(format!("疑似代码列，只有{}种写法。要作为代码，另存为 shared/codes/{name}.csv：", values.len()));
    for line in ["# name: ", "# version: 1", "# effective_from: 2026-01-01", "# document: 待填"] {
        column.notes.push(if line.ends_with(": ") { format!("    {line}{name}") } else { format!("    {line}") });
    }
    column.notes.push("    code,title,aliases".into());
    for (i, value) in values.keys().enumerate() {
        column.notes.push(format!("    {name}_{},{},", i + 1, value.replace(',', "，")));
    }
    column.notes.push(format!("再把 kind 改为 \"code\"，加一行 code = \"{name}\"，并给每个代码起英文名"));
}

/// The part that a column can play in linkage; what only the register or the national system has is left out.
fn role(column: &Column) -> Option<Role> {
    let by_kind = match column.kind {
        FieldKind::IdNumber => Some(Role::IdNumber),
        FieldKind::Name => Some(Role::Name),
        FieldKind::Township => Some(Role::Township),
        FieldKind::Village => Some(Role::Village),
        FieldKind::Phone => Some(Role::Phone),
        FieldKind::Date if column.heading.contains("出生") => Some(Role::BirthDate),
        FieldKind::Code => match column.code.as_deref() {
            Some("sex") => Some(Role::Sex),
            Some(table) if table.starts_with("relation") => Some(Role::Relation),
            _ => None,
        },
        FieldKind::Text => column.role.filter(|role| matches!(role, Role::Group | Role::Household)),
        _ => None,
    };
    // A guardian's or a school's column is one that a contract gave no part.
    let others = ["监护人", "学校", "曾用名", "单位", "经办", "开户"].iter().any(|word| column.heading.contains(word));
    by_kind.filter(|_| !others)
}

struct About<'a> {
    file: &'a Path,
    read: u64,
    looked: u64,
    repeated: usize,
    as_of: Date,
}

/// The contract's text; gives its id, too.
fn render(about: &About, columns: &[Column]) -> (String, String) {
    let once = columns.iter().any(|c| c.role == Some(Role::IdNumber) && c.unique);
    let text = |part: Option<&std::ffi::OsStr>| part.map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = text(about.file.file_stem());
    let ending = text(about.file.extension()).to_lowercase();
    let folder = text(about.file.parent().and_then(Path::file_name));
    let title: String = stem.chars().filter(|c| !c.is_ascii_digit() && !"（）()_- .".contains(*c)).collect();
    let title = if title.is_empty() { "待填".to_string() } else { title };
    let id = pinyin(&title);
    let department = if folder.is_empty() { "待填".to_string() } else { folder.clone() };
    let mut pattern = String::new();
    for c in stem.chars() {
        // What changes from one delivery to the next: dates and the number that a browser adds.
        let c = if c.is_ascii_digit() { '*' } else { c };
        let special = "[]{}!?\\".contains(c);
        let c = if special { '*' } else { c };
        if c != '*' || !pattern.ends_with('*') {
            pattern.push(c);
        }
    }
    let glob = if folder.is_empty() { format!("{pattern}.{ending}") } else { format!("{folder}/{pattern}.{ending}") };
    let format = match ending.as_str() {
        "parquet" => "parquet",
        "csv" | "tsv" | "txt" => "csv",
        _ => "xlsx",
    };
    let has = |role: Role| columns.iter().any(|c| c.role == Some(role));
    let of_heads = columns.iter().any(|c| c.role == Some(Role::Name) && c.heading.contains("户主"));
    let subject = match () {
        () if of_heads => "household",
        () if has(Role::Name) => "person",
        () if has(Role::Village) => "village",
        () => "person",
    };
    let mut out = String::new();
    // Writing into a text cannot fail.
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    line(format!(
        "# 由 `bidui check --infer` 起草（{}，共{}行，看了前{}行）。每一行都要由人核对。",
        about.as_of, about.read, about.looked
    ));
    line("# 存为 shared/sources/<id>.toml，把 id 加进 pipeline.toml 的 sources，再运行 bidui check。".into());
    line(format!("id = {}", quoted(&id)));
    line(format!("title = {}", quoted(&title)));
    line(format!("department = {} # 取自文件夹名，请核对", quoted(&department)));
    line("role = \"department\"".into());
    line(format!("subject = \"{subject}\" # 一条记录说的是：person 人，household 户，village 村"));
    line("required = false".into());
    line(format!("format = \"{format}\""));
    line(format!("files = [{}] # 相对收件文件夹", quoted(&glob)));
    line(
        "not_data = [\"合计\", \"小计\", \"总计\", \"填表人\", \"审核人\", \"制表\", \"备注\", \"注:\", \"注：\"]"
            .into(),
    );
    line(format!(
        "once_per_person = {once} # {}",
        if once { "所看各行的身份证号没有重复" } else { "身份证号有重复，或没有身份证号" }
    ));
    line("snapshot = \"full\" # 全量名单；只报新增时写 \"increment\"，并删去 completeness".into());
    line("completeness = 0.2 # 行数变化超过20%就暂缓使用".into());
    for (key, what) in [
        ("provider", "提供单位全称"),
        ("catalogue", "政务数据目录编号或共享申请编号"),
        ("purpose", "使用目的"),
        ("legal_basis", "法律或政策依据"),
    ] {
        line(format!("# {key} = \"\" # {what}，必须填写"));
    }
    line("# received_on = 2026-01-01 # 取得许可的日期".into());
    line("# valid_until = 2026-12-31 # 许可的最后一天".into());
    if !has(Role::Name) && !has(Role::Village) {
        line("# 没有找到姓名列：记录无法匹配到人，请给姓名列写 role = \"name\"".into());
    }
    if about.repeated > 0 {
        line(format!("# 有{}列的表头与前面的列相同，没有列入；两级表头请写 header_rows = 2", about.repeated));
    }
    for column in columns {
        field(column, &mut line);
    }
    (id, out)
}

fn field(column: &Column, line: &mut impl FnMut(String)) {
    let word = |kind: FieldKind| FieldKind::WORDS.iter().find(|(_, k)| *k == kind).map_or("text", |(word, _)| word);
    line(String::new());
    for note in &column.notes {
        line(format!("# {note}"));
    }
    line("[[field]]".into());
    line(format!("name = {}", quoted(&column.name)));
    line(format!("heading = {}", quoted(&column.heading)));
    line(format!("kind = \"{}\"", word(column.kind)));
    let numeric = matches!(column.kind, FieldKind::Money | FieldKind::Decimal | FieldKind::Integer);
    if numeric && !column.unit.is_empty() {
        line(format!("unit = {}", quoted(&column.unit)));
    }
    if let (FieldKind::Code, Some(code)) = (column.kind, &column.code) {
        line(format!("code = {}", quoted(code)));
        if !column.multi.is_empty() {
            line(format!("multi = {}", quoted(&column.multi)));
        }
    }
    if let Some(role) = column.role {
        line(format!("role = \"{}\"", Role::WORDS.iter().find(|(_, r)| *r == role).map_or("", |(word, _)| word)));
    }
    if column.required {
        line(format!("required = true # 所看{}行都有值", column.rows));
    }
    if let Some(privacy) = column.privacy {
        line(format!("privacy = \"{}\"", privacy.name()));
    }
    line(format!("meaning = {}", quoted(&column.meaning)));
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str, text: &str) -> Draft {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = dir.path().join("残联");
        std::fs::create_dir(&folder).expect("writable");
        let file = folder.join(name);
        std::fs::write(&file, text).expect("writable");
        let pipeline = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/quarterly");
        infer(&file, &pipeline, Date::constant(2026, 9, 30)).expect("a draft")
    }

    #[test]
    fn a_draft_is_a_contract_and_holds_nobody() {
        let mut text =
            String::from("序号,姓名,身份证号,性别,残疾类别,补贴金额(万元),发证日期,与户主关系,备注说明,监护人姓名\n");
        for i in 0..60 {
            let digits = format!("9901211980010{:02}{:02}", i % 9 + 10, i % 90 + 10);
            let digits = format!("{digits:0<17}");
            let check = crate::normalize::id_check::check_character(&digits.as_bytes()[..17]).expect("digits");
            let number = format!("{}{}", &digits[..17], check as char);
            let class = ["肢体", "视力", "听力"][i % 3];
            let given = ["伟", "芳", "娜", "敏", "静"][i % 5];
            let _ = writeln!(
                text,
                "{i},张{given}{given},{number},{},{class},0.{:02},2024.{}.5,之子,情况说明之{i},李{given}",
                ["男", "女"][i % 2],
                i % 90 + 10,
                i % 12 + 1
            );
        }
        let draft = draft("2026年残疾人补贴(3).csv", &text);
        insta::assert_snapshot!(draft.toml);
        assert_eq!(draft.problems, []);
        for personal in ["张伟", "李芳", "9901211980", "情况说明之"] {
            assert!(!draft.toml.contains(personal), "{personal} stands in the draft");
        }
    }

    #[test]
    fn two_columns_of_one_name_and_words_of_sql() {
        let draft = draft("表.csv", "group,户主姓名,户主姓名,row\n1,张三,李四,2\n3,王五,赵六,4\n");
        assert_eq!(draft.problems, []);
        assert!(draft.toml.contains("有1列的表头与前面的列相同"));
    }
}
