//! Whole files for certain readers: sealed out of a folder that goes, opened into another.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{age_file, refused};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::publish::atomic;
use crate::run::manifest;
use crate::run::position::clear;

/// [`super::sealed`] when there are recipients.
pub fn seal<T>(
    out: &Path,
    to: &Path,
    recipients: &[String],
    write: impl FnOnce(&Path) -> Outcome<T>,
) -> Outcome<(T, Vec<String>)> {
    let readers = recipient_keys(recipients)?;
    clear_remains(out)?;
    // 0700, and gone with it whatever happens but a kill; what a kill leaves lies among data of the same kind.
    let plain =
        tempfile::Builder::new().prefix(PLAIN).tempdir_in(out).map_err(|e| Failure::io("make a folder in", out, &e))?;
    let made = write(plain.path())?;
    let mut names = Vec::new();
    for file in manifest::hash_tree(plain.path())? {
        let name = format!("{}.age", file.path);
        let from = plain.path().join(&file.path);
        atomic::write_with(&to.join(&name), |out| age_file::encrypt(&from, out, &readers))?;
        names.push(name);
    }
    Ok((made, names))
}

/// How the names of folders begin that hold what is to be sealed.
const PLAIN: &str = ".sealing-";

/// Removes what kills left of earlier sealings. Another one may be under way, but not for a day.
fn clear_remains(out: &Path) -> Outcome<()> {
    const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);
    for entry in std::fs::read_dir(out).into_iter().flatten().flatten() {
        let old =
            || entry.metadata().and_then(|m| m.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age > DAY));
        if entry.file_name().to_string_lossy().starts_with(PLAIN) && old() {
            clear(&entry.path())?;
        }
    }
    Ok(())
}

/// [`super::opened`].
pub fn open(from: &Path, to: &Path, identities: &[PathBuf]) -> Outcome<()> {
    const CHANGED: &str = "the file is not as it was sealed";
    let keys = identity_keys(identities)?;
    let mut problems = Vec::new();
    for file in manifest::hash_tree(from)? {
        let Some(name) = file.path.strip_suffix(".age") else { continue };
        let sealed = from.join(&file.path);
        let told = match age_file::open(&sealed, &keys)? {
            Err(said) => Some(said),
            Ok(mut reader) => {
                let mut told = None;
                let written = atomic::write_with(&to.join(name), |out| {
                    // A piece that was changed or cut off is told as an error of reading; all others are the disk's.
                    std::io::copy(&mut reader, out).map(drop).inspect_err(|e| {
                        told = matches!(e.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof).then_some(CHANGED);
                    })
                });
                match told {
                    Some(said) => Some(said.to_string()),
                    None => written.map(|()| None)?,
                }
            }
        };
        problems.extend(told.map(|said| {
            let hint = "name the identity of a reader for whom it was sealed; or copy the file again, whole";
            Diagnostic::error("seal.closed", said, Place::file(sealed.display().to_string())).hint(hint)
        }));
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure { class: FailureClass::InputContract, problems }),
    }
}

/// The public keys that are named, all wrong ones told at once.
fn recipient_keys(named: &[String]) -> Outcome<Vec<age_file::Recipient>> {
    let texts = named.iter().map(|written| match written.starts_with("age1") {
        true => Ok(written.clone()),
        false => text_of(Path::new(written), "read the recipients"),
    });
    let place = Place::default().field("--encrypt-to");
    each_line(&texts.collect::<Outcome<Vec<_>>>()?, &place, "seal.recipient", "keys begin with age1", |line| {
        age_file::parse(line).map_err(|said| format!("`{line}` is no public key: {said}"))
    })
}

/// The secret keys of identity files. What stands in a wrong line is told to nobody.
fn identity_keys(files: &[PathBuf]) -> Outcome<Vec<age_file::Identity>> {
    let texts = files.iter().map(|file| text_of(file, "read the identity")).collect::<Outcome<Vec<_>>>()?;
    let place = Place::default().field("--identity");
    let hint = "name the file that `age-keygen` wrote";
    each_line(&texts, &place, "seal.identity", hint, |line| {
        age_file::identity(line).map_err(|said| format!("a line is no secret key: {said}"))
    })
}

fn text_of(path: &Path, what: &str) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|e| Failure::io(what, path, &e))
}

/// What each line means that is neither empty nor a remark; there must be one.
fn each_line<T>(
    texts: &[String],
    place: &Place,
    code: &'static str,
    hint: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Outcome<Vec<T>> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let lines = texts.iter().flat_map(|text| text.lines()).map(str::trim);
    for line in lines.filter(|l| !l.is_empty() && !l.starts_with('#')) {
        match parse(line) {
            Ok(key) => found.push(key),
            Err(said) => problems.extend(refused(code, said, place.clone(), hint).problems),
        }
    }
    if found.is_empty() && problems.is_empty() {
        problems.extend(refused(code, "no key is named".into(), place.clone(), hint).problems);
    }
    match problems.is_empty() {
        true => Ok(found),
        false => Err(Failure { class: FailureClass::Usage, problems }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::run::seal::{opened, sealed};

    #[test]
    fn only_the_named_reader_opens_it_and_nothing_plain_is_left() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (out, to) = (folder.path().join("out"), folder.path().join("to"));
        // What kills left: of another day, and of one that may be under way.
        let remains = |name: &str| out.join(name).join("名单.csv");
        for name in [".sealing-old", ".sealing-now"] {
            crate::publish::atomic::write(&remains(name), "鸩羽笼".as_bytes()).expect("written");
        }
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_500_000_000);
        std::fs::File::open(out.join(".sealing-old")).expect("there").set_modified(old).expect("set");
        let reader = age::x25519::Identity::generate();
        let list = folder.path().join("recipients.txt");
        std::fs::write(&list, format!("# 审计局\n{}\n", reader.to_public())).expect("written");
        let write = |dir: &Path| crate::publish::atomic::write(&dir.join("甲/名单.csv"), "姓名\n鸩羽笼\n".as_bytes());
        let ((), names) = sealed(&out, &to, &[list.display().to_string()], write).expect("sealed");
        assert_eq!(names, ["甲/名单.csv.age"]);
        assert_eq!(std::fs::read_dir(&out).expect("there").count(), 1, "the plain folder is gone, and the old one");
        assert!(remains(".sealing-now").exists());
        let bytes = std::fs::read(to.join(&names[0])).expect("there");
        assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
        let open = |identity: &age::x25519::Identity| -> Option<String> {
            let mut text = String::new();
            let decryptor = age::Decryptor::new(&bytes[..]).ok()?;
            decryptor.decrypt(std::iter::once(identity as _)).ok()?.read_to_string(&mut text).ok()?;
            Some(text)
        };
        assert_eq!(open(&reader).as_deref(), Some("姓名\n鸩羽笼\n"));
        assert_eq!(open(&age::x25519::Identity::generate()), None);
        let failure = sealed(&out, &to, &["age1wrong".into()], |_| Ok(())).expect_err("no key");
        assert_eq!(failure.problems[0].code, "seal.recipient");
    }

    #[test]
    fn what_was_sealed_is_opened_whole_or_said_to_stay_closed() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let dir = |name: &str| folder.path().join(name);
        std::fs::create_dir(dir("out")).expect("made");
        let [reader, stranger] = [(); 2].map(|()| age::x25519::Identity::generate());
        let identity = |name: &str, identity: &age::x25519::Identity| {
            use age::secrecy::ExposeSecret;
            let text = format!("# created by hand\n{}\n", identity.to_string().expose_secret());
            std::fs::write(dir(name), text).expect("written");
            vec![dir(name)]
        };
        // More than one piece (64 KiB) of the format.
        let text = "姓名,990121199001011234\n".repeat(10_000);
        let write = |dir: &Path| {
            crate::publish::atomic::write(&dir.join("甲/名单.csv"), text.as_bytes())?;
            crate::publish::atomic::write(&dir.join("空.csv"), b"")
        };
        sealed(&dir("out"), &dir("to"), &[reader.to_public().to_string()], write).expect("sealed");
        let key = identity("key", &reader);
        opened(&dir("to"), &dir("plain"), &key).expect("opened");
        let read = |name: &str| std::fs::read_to_string(dir("plain").join(name)).expect("there");
        assert_eq!((read("甲/名单.csv"), read("空.csv")), (text.clone(), String::new()));

        let code = |to: &str, keys: &[PathBuf]| {
            let failure = opened(&dir("to"), &dir(to), keys).expect_err("closed");
            let place = failure.problems[0].place.file.clone().unwrap_or_default();
            (failure.problems[0].code, failure.problems.len(), place.ends_with(".csv.age"))
        };
        assert_eq!(code("a", &identity("stranger", &stranger)), ("seal.closed", 2, true));
        // Changed, and cut off behind the first piece.
        let path = dir("to").join("甲/名单.csv.age");
        let bytes = std::fs::read(&path).expect("there");
        let changed: Vec<u8> =
            bytes.iter().enumerate().map(|(i, b)| if i + 9 == bytes.len() { b ^ 1 } else { *b }).collect();
        for (to, bytes) in [("b", &changed[..]), ("c", &bytes[..70_000]), ("d", &bytes[..40]), ("e", &[])] {
            std::fs::write(&path, bytes).expect("written");
            assert_eq!(code(to, &key), ("seal.closed", 1, true), "{to}");
            assert!(!dir(to).join("甲/名单.csv").exists(), "{to}: nothing half");
        }
        std::fs::write(dir("key"), "AGE-SECRET-KEY-1WRONG\n").expect("written");
        assert_eq!(code("f", &key).0, "seal.identity");
    }
}
