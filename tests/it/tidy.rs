//! Holds what `lib.rs` promises: the map, the direction of dependence, who prints, who touches files, who reads the clock.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::support::root;

/// Folder below `src` → folders it may name with `crate::`.
fn allowed() -> BTreeMap<&'static str, &'static [&'static str]> {
    const BELOW: &[&str] = &["plan", "model", "codes", "diag"];
    BTreeMap::from([
        ("diag", &[] as &[&str]),
        ("model", &["diag"]),
        ("codes", &["diag", "model"]),
        ("plan", &["diag", "model", "codes"]),
        ("ingest", BELOW),
        ("normalize", BELOW),
        ("link", BELOW),
        ("screen", BELOW),
        ("reconcile", BELOW),
        ("cases", BELOW),
        ("publish", BELOW),
        // The generator must not know what the normalisers and the linker know.
        ("synth", &["diag"]),
        (
            "run",
            &[
                "plan",
                "model",
                "codes",
                "diag",
                "ingest",
                "normalize",
                "link",
                "screen",
                "reconcile",
                "cases",
                "publish",
            ],
        ),
        ("cli", &["run", "synth", "model", "diag"]),
    ])
}

const MAY_TOUCH_FILES: &[&str] = &["ingest", "publish", "cases", "run", "synth", "plan", "codes"];
const MAY_READ_CLOCK: &[&str] = &["run", "cli"];
const LONGEST: usize = 600;

struct Source {
    path: PathBuf,
    /// First folder below `src`, empty for `lib.rs` and `main.rs`.
    folder: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut found = Vec::new();
    walk(&src, &mut |path| {
        if path.extension().is_some_and(|e| e == "rs") {
            let below = path.strip_prefix(&src).unwrap();
            let folder = below.components().next().filter(|_| below.components().count() > 1);
            found.push(Source {
                path: below.to_path_buf(),
                folder: folder.map(|c| c.as_os_str().to_string_lossy().into_owned()).unwrap_or_default(),
                text: fs::read_to_string(path).unwrap(),
            });
        }
    });
    assert!(found.len() > 40, "the walk must find the sources, or these tests test nothing");
    found
}

fn walk(dir: &Path, take: &mut impl FnMut(&Path)) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, take);
        } else {
            take(&path);
        }
    }
}

/// Code without comments and without what follows `#[cfg(test)]`, which may do as tests do.
fn program(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    body.lines().map(|l| l.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// True for a file that only exists under `#[cfg(test)]`: below `tests`, or declared so by the module above it.
fn is_test_file(s: &Source, all: &[Source]) -> bool {
    let below_tests = s.path.components().any(|c| c.as_os_str() == "tests" || c.as_os_str() == "tests.rs");
    let name = s.path.file_stem().unwrap().to_string_lossy();
    let declared = all.iter().filter(|other| other.path.parent() == s.path.parent()).any(|other| {
        ["mod", "pub mod", "pub(crate) mod", "pub(super) mod"]
            .iter()
            .any(|word| other.text.contains(&format!("#[cfg(test)]\n{word} {name};")))
    });
    below_tests || declared
}

/// First segments named after `crate::`, groups included.
fn crate_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '}' if depth == 0 => break,
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => names.push(std::mem::take(&mut word)),
                    c if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            names.push(word);
        } else {
            names.push(rest.to_string());
        }
    }
    names
        .iter()
        .map(|n| n.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|n| !n.is_empty())
        .collect()
}

fn report(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

#[test]
fn stages_never_import_each_other() {
    let allowed = allowed();
    let mut broken = Vec::new();
    for s in sources().iter().filter(|s| !s.folder.is_empty()) {
        let may = allowed.get(s.folder.as_str()).unwrap_or_else(|| panic!("src/{} is not in the tidy test", s.folder));
        // Test code of a stage keeps to the same rule: rows in, rows out, without the neighbours.
        for name in crate_names(&s.text.lines().map(|l| l.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")) {
            if name != s.folder && !may.contains(&name.as_str()) {
                broken.push(format!("{}: crate::{name}", s.path.display()));
            }
        }
    }
    report(&broken, "cli → run → stages → {plan, model, codes} → diag");
}

#[test]
fn only_cli_prints() {
    let macros = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
    let mut broken = Vec::new();
    let all = sources();
    for s in all.iter().filter(|s| s.folder != "cli" && !is_test_file(s, &all)) {
        let text = program(&s.text);
        for m in macros {
            let hit = text
                .match_indices(m)
                .any(|(at, _)| !text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_'));
            if hit {
                broken.push(format!("{}: {m}", s.path.display()));
            }
        }
    }
    report(&broken, "nothing below cli prints");
}

#[test]
fn only_run_reads_the_clock() {
    let clocks = ["Timestamp::now", "Zoned::now", "SystemTime::now", "Instant::now", "Local::now", "Utc::now"];
    let mut broken = Vec::new();
    for s in sources().iter().filter(|s| !MAY_READ_CLOCK.contains(&s.folder.as_str())) {
        for clock in clocks.iter().filter(|c| program(&s.text).contains(**c)) {
            broken.push(format!("{}: {clock}", s.path.display()));
        }
    }
    report(&broken, "everything but run gets `as_of`");
}

#[test]
fn only_some_folders_touch_files() {
    let touches = ["std::fs", "File::open", "File::create", "OpenOptions"];
    let mut broken = Vec::new();
    let all = sources();
    for s in all.iter().filter(|s| !MAY_TOUCH_FILES.contains(&s.folder.as_str()) && !is_test_file(s, &all)) {
        for touch in touches.iter().filter(|t| program(&s.text).contains(**t)) {
            broken.push(format!("{}: {touch}", s.path.display()));
        }
    }
    report(&broken, "only ingest, publish, cases, run, synth and the loaders touch files");
}

#[test]
fn files_can_be_read_in_one_sitting_and_say_what_they_are() {
    let mut broken = Vec::new();
    for s in sources() {
        let lines = s.text.lines().count();
        if lines > LONGEST {
            broken.push(format!("{}: {lines} lines", s.path.display()));
        }
        if !s.text.starts_with("//!") {
            broken.push(format!("{}: does not open with //!", s.path.display()));
        }
    }
    let tests = root().join("tests");
    walk(&tests, &mut |path| {
        if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(path).unwrap();
            if text.lines().count() > LONGEST || !text.starts_with("//!") {
                broken.push(format!("{}: too long, or does not open with //!", path.display()));
            }
        }
    });
    report(&broken, "at most 600 lines, opening with //!");
}

#[test]
fn every_folder_is_on_the_map() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut broken = Vec::new();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            let name = entry.file_name().into_string().unwrap();
            if !lib.contains(&format!("//! | `{name}` |")) || !lib.contains(&format!("pub mod {name};")) {
                broken.push(name);
            }
        }
    }
    report(&broken, "folders of src that the map in lib.rs does not have");
    for name in allowed().keys() {
        assert!(root().join("src").join(name).is_dir(), "src/{name} is in the tidy test but not in src");
    }
}

#[test]
fn the_top_level_stays_as_agreed() {
    let agreed = [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "README.zh-CN.md",
        "LICENSE",
        "CHANGELOG.md",
        "Makefile",
        "clippy.toml",
        "deny.toml",
        "rustfmt.toml",
        "src",
        "pipelines",
        "sample-data",
        "tests",
        "docs",
    ];
    let listed = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let Ok(listed) = listed else { panic!("git must be there to list the tracked files") };
    let text = String::from_utf8(listed.stdout).unwrap();
    let mut top: Vec<&str> = text.split('\0').filter_map(|p| p.split('/').next()).filter(|p| !p.is_empty()).collect();
    top.sort_unstable();
    top.dedup();
    let strange: Vec<&&str> = top.iter().filter(|t| !t.starts_with('.') && !agreed.contains(t)).collect();
    assert!(strange.is_empty(), "not part of the agreed top level: {strange:?}");
    assert!(top.contains(&"src"), "git lists the sources");
}

#[test]
fn no_identity_number_of_a_real_region_is_in_the_repository() {
    let weights = [7u32, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let valid = |n: &[u8]| {
        let sum: u32 = n.iter().zip(weights).map(|(c, w)| u32::from(c - b'0') * w).sum();
        b"10X98765432"[(sum % 11) as usize] == n[17]
    };
    let mut broken = Vec::new();
    for folder in ["src", "tests", "pipelines", "sample-data", "docs"] {
        let dir = root().join(folder);
        if !dir.is_dir() {
            continue;
        }
        walk(&dir, &mut |path| {
            let bytes = fs::read(path).unwrap();
            let mut start = 0;
            while start < bytes.len() {
                let run = bytes[start..].iter().take_while(|b| b.is_ascii_digit()).count();
                let end = start + run;
                let number: Vec<u8> = match run {
                    17 if bytes.get(end) == Some(&b'X') => bytes[start..=end].to_vec(),
                    18 => bytes[start..end].to_vec(),
                    _ => Vec::new(),
                };
                // Mainland provinces are 11–65; the fictional county is 99.
                if number.len() == 18 && valid(&number) && (b"11".as_slice()..=b"65".as_slice()).contains(&&number[..2])
                {
                    let year: u32 = std::str::from_utf8(&number[6..10]).unwrap().parse().unwrap();
                    if (1900..=2030).contains(&year) {
                        broken.push(format!("{} at byte {start}", path.display()));
                    }
                }
                start = end + 1;
            }
        });
    }
    report(&broken, "valid identity numbers with a real region's prefix");
}
