//! What the integration tests share: where things lie, how the program is started, and one run of the sample for all.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use bidui::run::forms::{ImportOptions, Imported, import};

/// The day to which the sample is told.
pub const AS_OF: &str = "2026-09-30";

/// The repository's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The program under test, in an environment of its own.
pub fn bidui() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bidui"));
    command.env_clear().env("NO_COLOR", "1").current_dir(root());
    command
}

/// Brings filled forms of the quarterly pipeline in on a day.
pub fn bring_in(out: &Path, files: Vec<PathBuf>, day: &str) -> Imported {
    let options = ImportOptions {
        pipeline: root().join("pipelines/quarterly"),
        out: out.to_path_buf(),
        files,
        by: String::new(),
        on: Some(day.parse().unwrap()),
        overrule: false,
    };
    import(&options).unwrap()
}

/// Runs a command and gives exit code, stdout and stderr.
pub fn outcome(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |b: Vec<u8>| String::from_utf8(b).expect("output is UTF-8");
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// Runs a pipeline on a folder of deliveries.
pub fn run(pipeline: &Path, input: &Path, out: &Path, as_of: &str) -> (i32, String, String) {
    outcome(
        bidui()
            .args(["run", &pipeline.to_string_lossy(), "--as-of", as_of])
            .arg("--input")
            .arg(input)
            .arg("--out")
            .arg(out),
    )
}

/// The county that quality is measured on: the sample, or the folder named by `BIDUI_COUNTY` (made by `bidui synth`).
pub fn county() -> PathBuf {
    std::env::var_os("BIDUI_COUNTY").map_or_else(|| root().join("sample-data"), PathBuf::from)
}

/// The published round of the sample, run once for all tests of this process.
pub fn sample_round() -> &'static Path {
    static ROUND: OnceLock<PathBuf> = OnceLock::new();
    ROUND.get_or_init(|| {
        let out = scratch("sample-round");
        let (code, _, errors) = run(&root().join("pipelines/quarterly"), &county(), &out, AS_OF);
        assert_eq!(code, 0, "the sample runs: {errors}");
        out.join("rounds/2026Q3")
    })
}

/// A copy of the sample's output folder as its run left it, for a test that starts commands on it: each of them is
/// written in the audit log, so that none may be started on the folder that all share.
pub fn office(name: &str) -> PathBuf {
    let shared = sample_round().ancestors().nth(2).unwrap();
    let log = fs::read_to_string(shared.join("audit.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 2, "a test started a command on the folder that all share: {log}");
    let out = scratch(name).join("out");
    copy_tree(shared, &out);
    out
}

/// An empty folder below cargo's folder for test output.
pub fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir).unwrap();
    }
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// Copies a folder.
pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A table of a round.
pub fn table(round: &Path, name: &str) -> bidui::model::Table {
    bidui::run::read_table(&round.join("tables").join(format!("{name}.parquet"))).unwrap()
}

/// The manifest of a round.
pub fn manifest(round: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(round.join("manifest.json")).unwrap()).unwrap()
}

/// Every file below a folder with its bytes, in path order.
pub fn tree(dir: &Path) -> Vec<(String, Vec<u8>)> {
    fn collect(dir: &Path, prefix: &str, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                collect(&entry.path(), &format!("{name}/"), found);
            } else {
                found.push((name, fs::read(entry.path()).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    collect(dir, "", &mut found);
    found.sort();
    found
}
