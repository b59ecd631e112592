//! The resolved plan: what the stages read. Plain data, no parsing here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::cross_checks::CrossCheck;
pub use super::rule_types::*;
use super::terms::{Database, Snapshot, Terms};
use crate::diag::Place;
use crate::model::table::{Kind, Privacy};

/// A checked pipeline.
#[derive(Debug, Clone)]
pub struct Plan {
    /// ASCII name of the pipeline, for example `quarterly`.
    pub name: String,
    /// Chinese title.
    pub title: String,
    /// Folder of the pipeline.
    pub dir: PathBuf,
    /// Title of the county, shown on the report.
    pub county: String,
    /// How often a round is run; decides the round's name (`2026Q3`, `2026-09-30`).
    pub cadence: Cadence,
    /// All sources, in the order of the pipeline file.
    pub sources: Vec<Source>,
    /// Which income the county's lines are about; values of parameters that name another basis do not count.
    pub basis: Basis,
    /// Parameters by name.
    pub params: BTreeMap<String, Param>,
    /// Population groups, in the order in which they are looked at; `lifted` alone when the files declare none.
    pub groups: Vec<Group>,
    /// Indicators in file order.
    pub indicators: Vec<Indicator>,
    /// Rules in file order.
    pub rules: Vec<Rule>,
    /// Rule tests.
    pub rule_tests: Vec<RuleTest>,
    /// Linkage model.
    pub model: super::LinkModel,
    /// Folder of the code tables.
    pub codes_dir: PathBuf,
    /// Risk categories: cause code → title and department that owns the remedy.
    pub causes: Vec<Cause>,
    /// Measures, caps, sources of money and the words of publicity lists; empty without `shared/remedies.toml`.
    pub remedies: super::Remedies,
    /// How cases and work orders go.
    pub process: super::Process,
    /// How long what people's data are in is kept.
    pub retention: Retention,
    /// Every file the plan was made from, relative path and content, in path order; hashed into the manifest.
    pub files: Vec<PlanFile>,
}

/// How long what people's data are in is kept; without a time it stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Rounds: the newest so many. A round stays when this or the next says so, and all stay when neither is given.
    pub rounds: Option<u32>,
    /// Rounds: those of the last so many days.
    pub days: Option<u32>,
    /// Of how many of the newest rounds it is kept where they began, a copy of the ledger each; of all when not given.
    pub beginnings: Option<u32>,
    /// Departments' files as they came, from the last round that used them.
    pub deliveries_days: Option<u32>,
    /// In old rounds, rows of people who are not on the register.
    pub unmatched_days: Option<u32>,
}

/// A file the plan was made from.
#[derive(Debug, Clone)]
pub struct PlanFile {
    /// Path below the pipelines folder, `/` as separator.
    pub path: String,
    /// SHA-256 of the content, lower-case hex.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// How often rounds are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// One round a quarter, named `2026Q3`.
    Quarterly,
    /// One round a day, named `2026-09-30`.
    Nightly,
}

/// A risk category of the policy.
#[derive(Debug, Clone)]
pub struct Cause {
    /// ASCII code, for example `illness`.
    pub code: String,
    /// Title as the national system writes it, for example `因病`.
    pub title: String,
    /// Department that owns the remedy.
    pub department: String,
}

/// What a source is to the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceRole {
    /// The population register: the spine. Exactly one.
    Register,
    /// The national system's export of households. At most one.
    NationalSystem,
    /// A department's data. Any number.
    Department,
    /// What the villages report. At most one.
    Offline,
}

/// What a record of a source is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The person named in it.
    Person,
    /// The household whose head (or another member) is named in it.
    Household,
    /// A village; its records are linked to the division, not to a person.
    Village,
}

/// File format of a source; a file's own is told by its content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Whatever the file is; in a contract, no restriction.
    #[default]
    Any,
    /// Delimited text.
    Csv,
    /// Office Open XML workbook.
    Xlsx,
    /// Workbook of Excel 95 to 2003.
    Xls,
    /// Binary Office Open XML workbook.
    Xlsb,
    /// OpenDocument workbook.
    Ods,
    /// Web page with tables, often under the name of an .xls file.
    Html,
    /// XML workbook of Office 2003.
    XmlSheet,
    /// dBase or FoxPro table.
    Dbf,
    /// One JSON object in each line, or a list of objects.
    Json,
    /// Parquet.
    Parquet,
}

impl Format {
    /// The word of a contract for each format.
    pub const WORDS: [(&str, Format); 11] = [
        ("any", Format::Any),
        ("csv", Format::Csv),
        ("xlsx", Format::Xlsx),
        ("xls", Format::Xls),
        ("xlsb", Format::Xlsb),
        ("ods", Format::Ods),
        ("html", Format::Html),
        ("xml", Format::XmlSheet),
        ("dbf", Format::Dbf),
        ("json", Format::Json),
        ("parquet", Format::Parquet),
    ];

    /// What a file of the format is, in words that follow "the file is".
    pub fn title(self) -> &'static str {
        match self {
            Format::Any => "a table of any format",
            Format::Csv => "delimited text",
            Format::Xlsx => "an .xlsx workbook",
            Format::Xls => "a workbook of the old .xls kind",
            Format::Xlsb => "an .xlsb workbook",
            Format::Ods => "an .ods workbook",
            Format::Html => "a web page",
            Format::XmlSheet => "an XML workbook of Office 2003",
            Format::Dbf => "a dBase table",
            Format::Json => "JSON",
            Format::Parquet => "a Parquet file",
        }
    }

    /// True for formats that may have several sheets.
    pub fn has_sheets(self) -> bool {
        matches!(self, Format::Any | Format::Xlsx | Format::Xls | Format::Xlsb | Format::Ods | Format::XmlSheet)
    }

    /// True for formats whose texts may be in any encoding.
    pub fn has_encoding(self) -> bool {
        matches!(self, Format::Any | Format::Csv | Format::Html | Format::Dbf | Format::Json)
    }
}

/// A source's contract (`shared/sources/<id>.toml`).
#[derive(Debug, Clone)]
pub struct Source {
    /// ASCII id; the records table is `records_<id>`.
    pub id: String,
    /// Chinese title.
    pub title: String,
    /// Providing department.
    pub department: String,
    /// What it is to the job.
    pub role: SourceRole,
    /// What a record is about.
    pub subject: Subject,
    /// True when the run cannot do without it (exit 65 or 66 when broken or missing).
    pub required: bool,
    /// Format to which the source is restricted.
    pub format: Format,
    /// Globs below the input folder, `/` as separator.
    pub files: Vec<String>,
    /// Declared encoding of delimited text (WHATWG label); none = found by BOM → strict UTF-8 → GB18030.
    pub encoding: Option<String>,
    /// Delimiter of delimited text; `,` by default. A file without it in its first lines is looked at for another.
    pub delimiter: u8,
    /// Number of heading rows that together make the headings (2 for merged two-level headings, joined by `/`).
    pub header_rows: u32,
    /// The first heading row is searched in the first so many rows of a file or sheet.
    pub header_within: u32,
    /// Which sheets are read; empty = all visible sheets that carry the headings.
    pub sheets: Vec<String>,
    /// A row whose first non-empty cell begins with one of these is not data (合计, 小计, 填表人…).
    pub not_data: Vec<String>,
    /// Fold rows that are equal in every field; `false` keeps them.
    pub fold_duplicates: bool,
    /// True when the source lists each person at most once.
    pub once_per_person: bool,
    /// Whether a delivery lists everything or only what is new.
    pub snapshot: Snapshot,
    /// Share (0.2 = 20 %) by which the number of rows of a full list may differ from the last good delivery's before the
    /// delivery is held.
    pub completeness: f64,
    /// Days after which a delivery is no longer fresh; none = it never ages.
    pub freshness_days: Option<u32>,
    /// On which terms it is used.
    pub terms: Terms,
    /// Where `bidui pull` gets it, when the department opens a database instead of sending files.
    pub database: Option<Database>,
    /// What is told when values do not go together.
    pub checks: Vec<CrossCheck>,
    /// Fields in order.
    pub fields: Vec<Field>,
    /// Where the contract stands.
    pub place: Place,
}

/// One field of a contract.
#[derive(Debug, Clone)]
pub struct Field {
    /// ASCII `snake_case` name; the column name of the records table.
    pub name: String,
    /// Heading as the department writes it (two-level headings: `学生信息/姓名`).
    pub heading: String,
    /// Other headings that mean the same.
    pub aliases: Vec<String>,
    /// Where the value is taken from.
    pub from: FieldFrom,
    /// Type of the value.
    pub kind: FieldKind,
    /// Unit of the file's numbers: `yuan`, `wan_yuan`, `fen`, `litre`, `day`… (money becomes yuan).
    pub unit: String,
    /// True when the contract itself names the unit; otherwise a title row of a file may (`单位：万元`).
    pub unit_stated: bool,
    /// A file without this column is blocked.
    pub required: bool,
    /// A row without this value is quarantined.
    pub not_null: bool,
    /// Role in linkage and household building.
    pub role: Option<Role>,
    /// Code table by name, for kind `code`.
    pub code: Option<String>,
    /// Separators of a multi-valued code cell; empty = single value. Values are kept sorted, joined by `|`.
    pub multi: String,
    /// Who may see it.
    pub privacy: Privacy,
    /// What it says.
    pub meaning: String,
    /// Where it stands in the contract.
    pub place: Place,
}

/// Where a field's value is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldFrom {
    /// A column of the file.
    Column,
    /// The sheet's name.
    Sheet,
    /// The file's name without its ending.
    FileName,
}

/// Type of a field; decides its normaliser and the columns it becomes (see `plan::schema`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldKind {
    /// Text, trimmed.
    Text,
    /// Identity number.
    IdNumber,
    /// Person's name.
    Name,
    /// Day.
    Date,
    /// Month; becomes its first day.
    Month,
    /// Money in yuan.
    Money,
    /// Quantity with at most two decimals.
    Decimal,
    /// Whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// Value of a code table; becomes the canonical code.
    Code,
    /// Township name or code.
    Township,
    /// Village name or code.
    Village,
    /// Phone number.
    Phone,
}

impl FieldKind {
    /// The type of the clean column.
    pub fn column_kind(self) -> Kind {
        match self {
            FieldKind::Date | FieldKind::Month => Kind::Date,
            FieldKind::Money | FieldKind::Decimal => Kind::Decimal,
            FieldKind::Integer => Kind::Integer,
            FieldKind::Boolean => Kind::Boolean,
            _ => Kind::Text,
        }
    }

    /// All kinds with the word a contract uses.
    pub const WORDS: [(&'static str, FieldKind); 13] = [
        ("text", FieldKind::Text),
        ("id_number", FieldKind::IdNumber),
        ("name", FieldKind::Name),
        ("date", FieldKind::Date),
        ("month", FieldKind::Month),
        ("money", FieldKind::Money),
        ("decimal", FieldKind::Decimal),
        ("integer", FieldKind::Integer),
        ("boolean", FieldKind::Boolean),
        ("code", FieldKind::Code),
        ("township", FieldKind::Township),
        ("village", FieldKind::Village),
        ("phone", FieldKind::Phone),
    ];
}

/// Role of a field; at most one field per role in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Identity number of the subject.
    IdNumber,
    /// Name of the subject.
    Name,
    /// Sex (code table `sex`: male, female).
    Sex,
    /// Birth date.
    BirthDate,
    /// Township.
    Township,
    /// Village.
    Village,
    /// Villagers' group.
    Group,
    /// Relation to the head (code table `relation`).
    Relation,
    /// The source's own household number: rows that share it are one household.
    Household,
    /// Phone number.
    Phone,
    /// Status of a registered person (code table `person_status`).
    PersonStatus,
    /// Type of household in the national system (code table `household_type`).
    HouseholdType,
    /// Monitored or reported type (code table `list_type`).
    ListType,
    /// Month of identification.
    MonitoredSince,
    /// Whether the risk is cleared.
    RiskCleared,
    /// Causes (code table `cause`, multi-valued).
    Causes,
    /// The village's own words.
    Note,
}

impl Role {
    /// All roles with the word a contract uses.
    pub const WORDS: [(&'static str, Role); 17] = [
        ("id_number", Role::IdNumber),
        ("name", Role::Name),
        ("sex", Role::Sex),
        ("birth_date", Role::BirthDate),
        ("township", Role::Township),
        ("village", Role::Village),
        ("group", Role::Group),
        ("relation", Role::Relation),
        ("household", Role::Household),
        ("phone", Role::Phone),
        ("person_status", Role::PersonStatus),
        ("household_type", Role::HouseholdType),
        ("list_type", Role::ListType),
        ("monitored_since", Role::MonitoredSince),
        ("risk_cleared", Role::RiskCleared),
        ("causes", Role::Causes),
        ("note", Role::Note),
    ];
}

impl Source {
    /// The field that has a role.
    pub fn field_with(&self, role: Role) -> Option<&Field> {
        self.fields.iter().find(|f| f.role == Some(role))
    }

    /// The name of the field that has a role.
    pub fn name_of(&self, role: Role) -> Option<&str> {
        self.field_with(role).map(|f| f.name.as_str())
    }

    /// Name of its records table.
    pub fn table(&self) -> String {
        format!("records_{}", self.id)
    }

    /// The contract alone, without where it stands: equal however the pipeline folder was named.
    pub fn without_places(&self) -> Source {
        let mut source = self.clone();
        source.place = Place::default();
        source.terms.place = Place::default();
        source.fields.iter_mut().for_each(|f| f.place = Place::default());
        source.checks.iter_mut().for_each(|c| c.place = Place::default());
        source.database.iter_mut().for_each(|d| d.place = Place::default());
        source
    }
}
