//! The generator as a whole: the sample stays what the code makes, the truth points at the right rows, the rates hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::*;

const SAMPLE: Options = Options {
    households: 3000,
    seed: 20260930,
    dirt: Dirt::Ordinary,
    as_of: Date::constant(2026, 9, 30),
};

fn files(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("readable folder") {
            let path = entry.expect("readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(root).expect("below the root").to_path_buf());
            }
        }
    }
    found
}

/// Set `BIDUI_WRITE_SAMPLE=1` to write the sample anew instead of comparing.
#[test]
fn the_committed_sample_is_what_the_code_makes() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data");
    let fresh = tempfile::tempdir().expect("temporary folder");
    generate(&SAMPLE, fresh.path()).expect("the sample can be made");
    if std::env::var_os("BIDUI_WRITE_SAMPLE").is_some() {
        for folder in fs::read_dir(&committed)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|e| e.path().is_dir())
        {
            fs::remove_dir_all(folder.path()).expect("old sample can be removed");
        }
        generate(&SAMPLE, &committed).expect("the sample can be written");
    }
    let mut expected = files(fresh.path());
    for file in &expected {
        let same = fs::read(fresh.path().join(file)).ok() == fs::read(committed.join(file)).ok();
        assert!(
            same,
            "{} differs; bidui synth --households 3000 --seed 20260930 --as-of 2026-09-30 --out sample-data",
            file.display()
        );
    }
    expected.insert(PathBuf::from("README.md"));
    assert_eq!(files(&committed), expected);
}
