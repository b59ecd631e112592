//! One run at a time on an output folder: a kernel lock, which vanishes with its process (faults 16 and 17).

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{clock, private};
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};

/// Held as long as it lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Who holds a lock: the process, the command it is at (none for a run), and since when.
pub fn holder(verb: &str) -> String {
    let verb = if verb.is_empty() { String::new() } else { format!(" ({verb})") };
    format!("process {}{verb}, since {}", std::process::id(), clock::now_stamp())
}

/// Takes the lock of an output folder, or tells who holds it (exit 75).
pub fn take(out: &Path, holder: &str) -> Outcome<Lock> {
    private::make_dir(out)?;
    let path = out.join(".lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|e| Failure::io("open the lock", &path, &e))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            let written = file
                .set_len(0)
                .and_then(|()| file.seek(SeekFrom::Start(0)))
                .and_then(|_| file.write_all(holder.as_bytes()));
            written.map_err(|e| Failure::io("write the lock", &path, &e))?;
            Ok(Lock { _file: file })
        }
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut other = String::new();
            let _ = file.read_to_string(&mut other);
            let problem = Diagnostic::error(
                "run.locked",
                format!("another run holds this folder: {}", other.trim()),
                Place::file(path.display().to_string()),
            )
            .hint("wait until it ends; the lock goes with its process, nothing has to be deleted");
            Err(Failure::one(FailureClass::Locked, problem))
        }
        Err(e) => Err(Failure::io("lock", &path, &e)),
    }
}

/// True when somebody holds the lock of an output folder now. Takes nothing and writes nothing.
pub fn held(out: &Path) -> bool {
    let Ok(file) = File::open(out.join(".lock")) else { return false };
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockShared).is_err()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_second_taker_is_told_who_holds_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = super::take(dir.path(), "pid 1, round 2026Q3").unwrap();
        let failure = super::take(dir.path(), "pid 2").unwrap_err();
        assert_eq!(failure.class.exit_code(), 75);
        assert!(failure.problems[0].message.contains("pid 1, round 2026Q3"));
        drop(first);
        assert!(super::take(dir.path(), "pid 3").is_ok());
    }
}
