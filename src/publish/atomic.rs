//! One way to write a file: bytes in, a file that is wholly there or not at all.
//!
//! A temporary file in the same folder is written, synced, renamed over the target, and the folder is synced. A kill, a full
//! disk or a power cut leaves the old file or the new one, never half of one (reliability faults 13–15).
//!
//! What is written holds people's data: a file is its owner's alone (0600) from its first byte and a folder too (0700), whatever
//! the umask says.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::diag::{Failure, Outcome};

/// Writes `bytes` to `path`, making the folders above it.
///
/// # Errors
/// An `io.failed` failure naming the path; the old file, if any, is untouched then.
pub fn write(path: &Path, bytes: &[u8]) -> Outcome<()> {
    write_with(path, |out| out.write_all(bytes))
}

/// Writes what `fill` writes to `path`, making the folders above it.
///
/// # Errors
/// As [`write()`]; a failure of `fill` counts as a failure to write.
pub fn write_with<E: Display>(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>) -> Outcome<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make_folder(folder)?;
    let temporary = temporary_for(path);
    let written = fill_temporary(&temporary, fill)
        .and_then(|()| fs::rename(&temporary, path).map_err(|e| Failure::io("put the file in place", path, &e)))
        .and_then(|()| sync_folder(folder));
    if written.is_err() {
        // The first failure is what counts; a temporary file that cannot be removed is overwritten next time.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn fill_temporary<E: Display>(
    temporary: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Outcome<()> {
    let failed = |what: &str, e: &dyn Display| Failure::io(what, temporary, e);
    let file = create(temporary).map_err(|e| failed("create the file", &e))?;
    let mut out = BufWriter::new(file);
    fill(&mut out).map_err(|e| failed("write the file", &e))?;
    let file = out.into_inner().map_err(|e| failed("write the file", &e.error()))?;
    file.sync_all().map_err(|e| failed("bring the file to disk", &e))
}

/// Makes an empty file for its owner alone. One that is there is taken away first: it may be wider, or open in another program.
///
/// # Errors
/// As the system tells.
pub fn create(path: &Path) -> std::io::Result<File> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The temporary name: hidden, beside the target, always the same, so that a later run cleans up after a killed one.
fn temporary_for(path: &Path) -> PathBuf {
    let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    path.with_file_name(format!(".{name}.part"))
}

/// Makes a folder and those above it, each for its owner alone, and brings the new entries to disk. A folder that is there stays
/// as it is.
///
/// # Errors
/// An `io.failed` failure naming the folder.
pub fn make_folder(folder: &Path) -> Outcome<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|p| !p.as_os_str().is_empty()) {
        make_folder(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(Failure::io("make the folder", folder, &e)),
        _ => sync_folder(folder.parent().unwrap_or(Path::new("."))),
    }
}

/// Brings a folder's entries to disk, so that a rename survives a power cut. Windows has no such call and needs none.
///
/// # Errors
/// An `io.failed` failure naming the folder.
pub fn sync_folder(folder: &Path) -> Outcome<()> {
    if cfg!(windows) {
        return Ok(());
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| Failure::io("bring the folder to disk", folder, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("readable")
            .map(|e| e.expect("entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_replaces_the_old_one_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("甲/乙/名单.txt");
        write(&path, b"old").expect("written");
        write(&path, b"new").expect("written");
        assert_eq!(fs::read(&path).expect("readable"), b"new");
        assert_eq!(entries(path.parent().expect("has one")), ["名单.txt"]);
    }

    #[test]
    fn a_failed_write_keeps_the_old_file() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("list.txt");
        write(&path, b"old").expect("written");
        let failure = write_with(&path, |out| {
            out.write_all(b"half").expect("buffered");
            Err("no room")
        })
        .expect_err("fails");
        assert_eq!(failure.class, crate::diag::FailureClass::Io);
        assert_eq!(fs::read(&path).expect("readable"), b"old");
        assert_eq!(entries(folder.path()), ["list.txt"]);
    }

    #[test]
    fn a_leftover_of_a_killed_run_is_no_hindrance() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("list.txt");
        fs::write(folder.path().join(".list.txt.part"), b"half of a file").expect("written");
        write(&path, b"new").expect("written");
        assert_eq!(entries(folder.path()), ["list.txt"]);
    }

    #[test]
    #[cfg(unix)]
    fn what_is_written_is_the_owner_s_alone_even_while_it_is_written() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("temporary folder");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        let path = folder.path().join("甲/乙.txt");
        // A leftover of a killed run of an older version, open to all.
        fs::create_dir(folder.path().join("甲")).expect("made");
        let part = folder.path().join("甲/.乙.txt.part");
        fs::write(&part, b"half").expect("written");
        fs::set_permissions(&part, fs::Permissions::from_mode(0o666)).expect("opened");
        write_with(&path, |out| {
            assert_eq!(mode(&part), 0o600, "before the first byte");
            out.write_all(b"x")
        })
        .expect("written");
        write(&folder.path().join("丙/丁.txt"), b"x").expect("written");
        assert_eq!([mode(&path), mode(&folder.path().join("丙"))], [0o600, 0o700]);
    }

    #[test]
    fn a_folder_that_is_a_file_is_told() {
        let folder = tempfile::tempdir().expect("temporary folder");
        fs::write(folder.path().join("a"), b"").expect("written");
        assert!(write(&folder.path().join("a/b.txt"), b"x").is_err());
    }
}
