//! `--encrypt-to`: files for one reader only, as age files, so that a lost stick tells nobody anything.
//!
//! What is to be sealed is first written into a folder of its own within the output folder, which holds all of it in plain already;
//! the folder that leaves the office sees only sealed files.

#[cfg(feature = "encrypt")]
mod age_file;

use std::path::Path;

use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};

/// Lets `write` write into a folder, and puts every file of it, sealed for `recipients`, into `to` under its name with `.age`.
/// Without recipients `write` writes into `to`.
///
/// A recipient is a public key `age1…` or a file of them, one a line. Gives what `write` gave and the names of the sealed files.
///
/// # Errors
/// A recipient is none (64), the program was built without encryption (64), something cannot be read or written (74).
pub fn sealed<T>(
    out: &Path,
    to: &Path,
    recipients: &[String],
    write: impl FnOnce(&Path) -> Outcome<T>,
) -> Outcome<(T, Vec<String>)> {
    if recipients.is_empty() {
        return Ok((write(to)?, Vec::new()));
    }
    with_recipients(out, to, recipients, write)
}

fn refused(code: &'static str, said: String, hint: &str) -> Failure {
    let problem = Diagnostic::error(code, said, Place::default().field("--encrypt-to")).hint(hint);
    Failure::one(FailureClass::Usage, problem)
}

#[cfg(not(feature = "encrypt"))]
fn with_recipients<T>(
    _: &Path,
    _: &Path,
    _: &[String],
    _: impl FnOnce(&Path) -> Outcome<T>,
) -> Outcome<(T, Vec<String>)> {
    let hint = "build it with `cargo build --release --features encrypt`, or seal the files with the program `age`";
    Err(refused("seal.not_built", "this program was built without encryption; nothing was written".into(), hint))
}

#[cfg(feature = "encrypt")]
fn with_recipients<T>(
    out: &Path,
    to: &Path,
    recipients: &[String],
    write: impl FnOnce(&Path) -> Outcome<T>,
) -> Outcome<(T, Vec<String>)> {
    use crate::publish::atomic;

    let readers = keys(recipients)?;
    // 0700, and gone with it whatever happens but a kill; what a kill leaves lies among data of the same kind.
    let plain = tempfile::Builder::new()
        .prefix(".sealing-")
        .tempdir_in(out)
        .map_err(|e| Failure::io("make a folder in", out, &e))?;
    let made = write(plain.path())?;
    let mut names = Vec::new();
    for file in super::manifest::hash_tree(plain.path())? {
        let name = format!("{}.age", file.path);
        let from = plain.path().join(&file.path);
        atomic::write_with(&to.join(&name), |out| age_file::encrypt(&from, out, &readers))?;
        names.push(name);
    }
    Ok((made, names))
}

/// The keys that are named, all wrong ones told at once.
#[cfg(feature = "encrypt")]
fn keys(recipients: &[String]) -> Outcome<Vec<age_file::Recipient>> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for written in recipients {
        let text = match written.starts_with("age1") {
            true => written.clone(),
            false => std::fs::read_to_string(written)
                .map_err(|e| Failure::io("read the recipients", Path::new(written), &e))?,
        };
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            match age_file::parse(line) {
                Ok(key) => found.push(key),
                Err(said) => problems.extend(
                    refused("seal.recipient", format!("`{line}` is no public key: {said}"), "keys begin with age1")
                        .problems,
                ),
            }
        }
    }
    if found.is_empty() && problems.is_empty() {
        problems
            .extend(refused("seal.recipient", "the files name no public key".into(), "keys begin with age1").problems);
    }
    match problems.is_empty() {
        true => Ok(found),
        false => Err(Failure { class: FailureClass::Usage, problems }),
    }
}

#[cfg(all(test, feature = "encrypt"))]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn only_the_named_reader_opens_it_and_nothing_plain_is_left() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (out, to) = (folder.path().join("out"), folder.path().join("to"));
        std::fs::create_dir(&out).expect("made");
        let reader = age::x25519::Identity::generate();
        let list = folder.path().join("recipients.txt");
        std::fs::write(&list, format!("# 审计局\n{}\n", reader.to_public())).expect("written");
        let write = |dir: &Path| crate::publish::atomic::write(&dir.join("甲/名单.csv"), "姓名\n鸩羽笼\n".as_bytes());
        let ((), names) = sealed(&out, &to, &[list.display().to_string()], write).expect("sealed");
        assert_eq!(names, ["甲/名单.csv.age"]);
        assert_eq!(std::fs::read_dir(&out).expect("there").count(), 0, "the plain folder is gone");
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
}
