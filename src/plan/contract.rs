//! Data contracts: `shared/sources/<id>.toml` → [`Source`].

use super::check::{self, column_name};
use super::cross_checks;
use super::reader::{Document, Problems, Section};
use super::terms::{COMPLETENESS, Database, Snapshot, Terms};
use super::types::{Field, FieldFrom, FieldKind, Format, Role, Source, SourceRole, Subject};
use crate::codes::Codes;
use crate::diag::{Diagnostic, nearest};
use crate::model::table::Privacy;
use crate::model::text::date;

const ROLES: [(&str, SourceRole); 4] = [
    ("register", SourceRole::Register),
    ("national_system", SourceRole::NationalSystem),
    ("department", SourceRole::Department),
    ("offline", SourceRole::Offline),
];
const SUBJECTS: [(&str, Subject); 3] =
    [("person", Subject::Person), ("household", Subject::Household), ("village", Subject::Village)];
const FROM: [(&str, FieldFrom); 3] =
    [("column", FieldFrom::Column), ("sheet", FieldFrom::Sheet), ("file_name", FieldFrom::FileName)];
const SNAPSHOTS: [(&str, Snapshot); 2] = [("full", Snapshot::Full), ("increment", Snapshot::Increment)];
/// Privacy classes with the word a pipeline file uses.
pub(super) const PRIVACY: [(&str, Privacy); 4] = [
    ("public", Privacy::Public),
    ("internal", Privacy::Internal),
    ("personal", Privacy::Personal),
    ("sensitive", Privacy::Sensitive),
];
const MONEY_UNITS: [&str; 3] = ["yuan", "wan_yuan", "fen"];

/// Reads a contract that the pipeline names `id`.
pub(super) fn read(file: &Section, id: &str, codes: &Codes) -> Source {
    let fields: Vec<Field> = file
        .sections("field")
        .iter()
        .map(|section| {
            let field = field(section, codes);
            section.finish();
            field
        })
        .collect();
    file.has("note"); // for people only
    let own_id = file.need_text("id");
    if !own_id.is_empty() && own_id != id {
        let message = format!("the contract is named `{own_id}` but its file `{id}.toml`");
        file.error("plan.id_differs", "id", message, format!("write id = \"{id}\", or rename the file"));
    }
    let mut source = Source {
        id: id.into(),
        title: file.need_text("title"),
        department: file.need_text("department"),
        role: file.need_word("role", &ROLES, SourceRole::Department),
        subject: file.need_word("subject", &SUBJECTS, Subject::Person),
        required: file.flag_or("required", false),
        format: file.word("format", &Format::WORDS).unwrap_or_default(),
        files: globs(file),
        encoding: file.text("encoding"),
        delimiter: delimiter(file),
        header_rows: file.whole("header_rows", 1..=5).unwrap_or(1) as u32,
        header_within: file.whole("header_within", 1..=100).unwrap_or(10) as u32,
        sheets: file.texts("sheets").unwrap_or_default(),
        not_data: file.texts("not_data").unwrap_or_default(),
        fold_duplicates: file.flag_or("fold_duplicates", true),
        once_per_person: file.flag_or("once_per_person", false),
        snapshot: file.word("snapshot", &SNAPSHOTS).unwrap_or_default(),
        completeness: completeness(file),
        freshness_days: file.whole("freshness_days", 1..=3660).map(|days| days as u32),
        terms: terms(file),
        database: file.section("database").map(|section| {
            let database = database(&section);
            section.finish();
            database
        }),
        checks: Vec::new(),
        fields,
        place: file.place(),
    };
    for section in file.sections("check") {
        let check = cross_checks::read(&section, &source, codes);
        source.checks.extend(check);
        section.finish();
    }
    format_keys(file, &source);
    check::source(&source, |problem| file.report(problem));
    source
}

/// The share of rows by which a full list may differ; an increment has no such bound.
fn completeness(file: &Section) -> f64 {
    let share = file.number("completeness").unwrap_or(COMPLETENESS);
    if !(share > 0.0 && share <= 1.0) {
        let message = format!("`completeness` is {share}, which is no share above 0 and up to 1");
        let hint = "write for example completeness = 0.2: a list 20 % longer or shorter than the last one is held";
        file.error("plan.out_of_range", "completeness", message, hint);
    }
    if file.has("completeness") && file.word("snapshot", &SNAPSHOTS) == Some(Snapshot::Increment) {
        let message = "`completeness` says something about full lists only";
        file.error("plan.contradiction", "completeness", message, "remove `completeness`, or correct `snapshot`");
    }
    share
}

/// What the law asks to be written down about the use of a department's data.
fn terms(file: &Section) -> Terms {
    let text = |key: &str| file.text(key).unwrap_or_default();
    let terms = Terms {
        provider: text("provider"),
        catalogue: text("catalogue"),
        purpose: text("purpose"),
        legal_basis: text("legal_basis"),
        contact: text("contact"),
        received_on: file.day("received_on"),
        valid_until: file.day("valid_until"),
        place: file.place_of("valid_until"),
    };
    if let (Some(received), Some(until)) = (terms.received_on, terms.valid_until)
        && until < received
    {
        let message = format!("`valid_until` is before `received_on`, {}", date(received));
        file.error("plan.contradiction", "valid_until", message, "it is the last day on which the data may be used");
    }
    let told = [("provider", &terms.provider), ("purpose", &terms.purpose), ("legal_basis", &terms.legal_basis)];
    let silent: Vec<&str> = told.iter().filter(|(_, text)| text.trim().is_empty()).map(|(key, _)| *key).collect();
    if !silent.is_empty() {
        let message = format!("the contract does not say its `{}`", silent.join("`, `"));
        file.report(
            Diagnostic::note("plan.terms_missing", message, file.place()).hint(
                "write down who provides the data, for what they may be used and what allows it (政务数据共享条例)",
            ),
        );
    }
    terms
}

/// Where a copy of a database's table comes from and goes to.
fn database(section: &Section) -> Database {
    let database = Database {
        connection: section.need_text("connection"),
        query: section.need_text("query"),
        file: section.need_text("file"),
        place: section.place(),
    };
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !database.connection.chars().all(name) {
        let message = "`connection` is no name of an environment variable";
        let hint = "write the connection string into an environment variable, and that one's name here: no password belongs in a pipeline file";
        section.error("plan.out_of_range", "connection", message, hint);
    }
    let query = database.query.trim();
    let first = query.split_whitespace().next().unwrap_or_default();
    if !query.is_empty() && (query.contains(';') || !["select", "with"].contains(&first.to_lowercase().as_str())) {
        let message = "`query` is not one SELECT";
        section.error(
            "plan.out_of_range",
            "query",
            message,
            "a department's database is only ever read; leave `;` out",
        );
    }
    let inside = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':']);
    let below = database.file.ends_with(".parquet") && database.file.split('/').all(inside);
    if !below && !database.file.is_empty() {
        let message = "`file` is no place of a .parquet file below the input folder";
        section.error("plan.out_of_range", "file", message, "write for example file = \"民政/农村低保.parquet\"");
    }
    database
}

/// What is wrong with the text of a contract by itself, as a pipeline would tell it. Places name the file `<id>.toml`.
pub fn problems(text: &str, id: &str, codes: &Codes) -> Vec<Diagnostic> {
    let problems = Problems::default();
    Document::new(format!("{id}.toml"), text.into()).read(&problems, |file| read(file, id, codes));
    problems.into_inner()
}

fn globs(file: &Section) -> Vec<String> {
    file.needs("files");
    let globs = file.texts_at("files").unwrap_or_default();
    if globs.is_empty() {
        let hint = "add `files = [\"部门/文件名*.xlsx\"]`, below the input folder";
        file.error("plan.missing_key", "files", "the contract names no `files`", hint);
    }
    for (glob, place) in &globs {
        let problem = match globset::Glob::new(glob) {
            Err(error) => Some(error.kind().to_string()),
            Ok(_) if glob.starts_with('/') || glob.contains('\\') || glob.split('/').any(|p| p == "..") => {
                Some("it must lie below the input folder and be written with `/`".to_string())
            }
            Ok(_) => None,
        };
        if let Some(problem) = problem {
            let message = format!("`{glob}` is no pattern of files: {problem}");
            file.report(
                Diagnostic::error("plan.bad_glob", message, place.clone())
                    .hint("`*` stands for any characters of a name, for example \"公安/户籍人口*.csv\""),
            );
        }
    }
    globs.into_iter().map(|(glob, _)| glob).collect()
}

fn delimiter(file: &Section) -> u8 {
    match file.text("delimiter").as_deref() {
        None => b',',
        Some("tab") => b'\t',
        Some(text) if text.len() == 1 && !text.chars().any(|c| c.is_ascii_alphanumeric() || c == '"') => {
            text.as_bytes()[0]
        }
        Some(text) => {
            let message = format!("`{text}` is no delimiter");
            file.error("plan.unknown_word", "delimiter", message, "write one character, for example \";\", or \"tab\"");
            b','
        }
    }
}

/// Keys that only some formats have.
fn format_keys(file: &Section, source: &Source) {
    let only = |key: &str, fits: bool, word: &str| {
        if file.has(key) && !fits {
            let message = format!("`{key}` says something about {word} files only");
            file.error("plan.contradiction", key, message, format!("remove `{key}`, or correct `format`"));
        }
    };
    only("encoding", source.format.has_encoding(), "csv");
    only("delimiter", matches!(source.format, Format::Any | Format::Csv), "csv");
    only("sheets", source.format.has_sheets(), "xlsx");
    if let Some(label) = &source.encoding
        && encoding_rs::Encoding::for_label(label.as_bytes()).is_none()
    {
        let known = ["gb18030", "gbk", "utf-8", "utf-16le", "big5"];
        let hint = match nearest(label, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("common are {}; without the key it is found out", known.join(", ")),
        };
        file.error("plan.unknown_word", "encoding", format!("there is no encoding `{label}`"), hint);
    }
    if source.header_rows > source.header_within {
        let message = "`header_within` is smaller than `header_rows`";
        file.error("plan.contradiction", "header_within", message, "the headings must lie within the searched rows");
    }
}

fn field(section: &Section, codes: &Codes) -> Field {
    let kind = section.need_word("kind", &FieldKind::WORDS, FieldKind::Text);
    let default_privacy = match kind {
        FieldKind::IdNumber | FieldKind::Money => Privacy::Sensitive,
        FieldKind::Name | FieldKind::Phone | FieldKind::Date => Privacy::Personal,
        _ => Privacy::Internal,
    };
    let default_unit = if kind == FieldKind::Money { "yuan" } else { "" };
    let field = Field {
        name: column_name(section, "name"),
        heading: section.need_text("heading"),
        aliases: section.texts("aliases").unwrap_or_default(),
        from: section.word("from", &FROM).unwrap_or(FieldFrom::Column),
        kind,
        unit: section.text("unit").filter(|u| !u.is_empty()).unwrap_or_else(|| default_unit.into()),
        unit_stated: section.text("unit").is_some_and(|u| !u.is_empty()),
        required: section.flag_or("required", false),
        not_null: section.flag_or("not_null", false),
        role: section.word("role", &Role::WORDS),
        code: section.text("code"),
        multi: section.text("multi").unwrap_or_default(),
        privacy: section.word("privacy", &PRIVACY).unwrap_or(default_privacy),
        meaning: section.need_text("meaning"),
        place: section.place(),
    };
    if kind == FieldKind::Money && !MONEY_UNITS.contains(&field.unit.as_str()) {
        let message = format!("`{}` is no unit of money", field.unit);
        section.error("plan.unknown_word", "unit", message, format!("known are {}", MONEY_UNITS.join(", ")));
    }
    unit_of(section, &field);
    code_of(section, &field, codes);
    role_of(section, &field);
    field
}

/// A heading that names another unit of money than the field's would have its amounts read 10,000 times too small or large.
fn unit_of(section: &Section, field: &Field) {
    if field.kind != FieldKind::Money {
        return;
    }
    let headings =
        std::iter::once((&field.heading, "heading")).chain(field.aliases.iter().map(|alias| (alias, "aliases")));
    for (heading, key) in headings {
        let Some((_, bracket)) = heading.rsplit_once(['(', '（']) else { continue };
        let named =
            match bracket.trim_end_matches([')', '）']).trim_start_matches("单位").trim_start_matches([':', '：']) {
                "元" => "yuan",
                "万元" => "wan_yuan",
                _ => continue,
            };
        if named != field.unit {
            let message = format!("`{heading}` says {named}, but the unit of `{}` is {}", field.name, field.unit);
            let hint = "give files in another unit a contract of their own, or correct `unit`";
            section.error("plan.contradiction", key, message, hint);
        }
    }
}

fn code_of(section: &Section, field: &Field, codes: &Codes) {
    match (&field.code, field.kind) {
        (None, FieldKind::Code) => {
            let message = format!("field `{}` is of kind code but names no code table", field.name);
            section.error("plan.missing_key", "code", message, "add `code = \"…\"`, a table of shared/codes");
        }
        (Some(_), kind) if kind != FieldKind::Code => {
            let message = format!("field `{}` names a code table but is not of kind code", field.name);
            section.error("plan.contradiction", "code", message, "write kind = \"code\", or remove `code`");
        }
        (Some(table), _) if codes.table(table).is_none() => {
            let known: Vec<&str> = codes.tables().map(|t| t.name()).collect();
            let hint = match nearest(table, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", known.join(", ")),
            };
            section.error("plan.unknown_code_table", "code", format!("there is no code table `{table}`"), hint);
        }
        _ => {}
    }
    if !field.multi.is_empty() && field.kind != FieldKind::Code {
        let message = format!("field `{}` has separators but is not of kind code", field.name);
        section.error("plan.contradiction", "multi", message, "only codes have several values in a cell");
    }
}

/// A role asks for a kind of value: the linker reads it by its role.
fn role_of(section: &Section, field: &Field) {
    use FieldKind as K;
    let Some(role) = field.role else { return };
    let (kinds, tables): (&[FieldKind], &[&str]) = match role {
        Role::IdNumber => (&[K::IdNumber], &[]),
        Role::Name => (&[K::Name], &[]),
        Role::Sex => (&[K::Code], &["sex"]),
        Role::BirthDate => (&[K::Date], &[]),
        Role::Township => (&[K::Township], &[]),
        Role::Village => (&[K::Village], &[]),
        Role::Group | Role::Household | Role::Note => (&[K::Text], &[]),
        Role::Relation => (&[K::Code], &["relation"]),
        Role::Phone => (&[K::Phone], &[]),
        Role::PersonStatus => (&[K::Code], &["person_status"]),
        Role::HouseholdType => (&[K::Code], &["household_type"]),
        Role::ListType => (&[K::Code], &["list_type"]),
        Role::MonitoredSince => (&[K::Month, K::Date], &[]),
        Role::RiskCleared => (&[K::Boolean], &[]),
        Role::Causes => (&[K::Code], &["cause"]),
    };
    let word = |kind: FieldKind| K::WORDS.iter().find(|(_, k)| *k == kind).map_or("", |(w, _)| w);
    let role_word = Role::WORDS.iter().find(|(_, r)| *r == role).map_or("", |(w, _)| w);
    if !kinds.contains(&field.kind) {
        let wanted: Vec<&str> = kinds.iter().map(|k| word(*k)).collect();
        let message =
            format!("role `{role_word}` needs a field of kind {}, not {}", wanted.join(" or "), word(field.kind));
        section.error("plan.contradiction", "role", message, "correct `kind`, or remove the role");
    }
    // `relation_gbt4761` gives the codes of `relation`: a table's own spelling system follows its name.
    let table = field.code.as_deref().unwrap_or_default();
    let fits =
        |wanted: &&str| table == *wanted || table.strip_prefix(*wanted).is_some_and(|rest| rest.starts_with('_'));
    if field.kind == K::Code && !table.is_empty() && !tables.is_empty() && !tables.iter().any(fits) {
        let message =
            format!("role `{role_word}` needs the codes of table `{}`, not of `{table}`", tables.join(" or "));
        section.error("plan.contradiction", "code", message, "correct `code`, or remove the role");
    }
}
