//! Files that hold a secret: made for their owner alone, refused when others can read them or when they lie with the data.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};

/// Bytes of a key.
pub const KEY: usize = 32;

/// Bytes that nobody can foretell, from the system.
///
/// # Errors
/// The system gives none (74).
pub fn random<const N: usize>() -> Outcome<[u8; N]> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0; N];
    fs::File::open(source).and_then(|mut f| f.read_exact(&mut bytes)).map_err(|e| Failure::io("read", source, &e))?;
    Ok(bytes)
}

/// Writes a new file for its owner alone and brings it to disk.
///
/// # Errors
/// The file is there already (64), or cannot be written (74).
pub fn write_new(path: &Path, text: &str) -> Outcome<()> {
    let failed = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::AlreadyExists => refused(
            FailureClass::Usage,
            "export.key_there",
            path,
            "the file is there already",
            "name a new file: without the old key earlier exports can be neither joined with later ones nor opened",
        ),
        _ => Failure::io("make the key file", path, &e),
    };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|e| Failure::io("write the key", path, &e))
}

/// What a key file holds that nobody but its owner can read and that does not lie in `data`, the folder of what it protects.
/// `made_by` is the command that makes such a file.
///
/// # Errors
/// There is no such file (66); others may read it or it lies in `data` (65); it cannot be read (74).
pub fn read(path: &Path, data: &Path, made_by: &str) -> Outcome<String> {
    let meta = fs::metadata(path).map_err(|_| {
        let hint = format!("make one with `{made_by}`, in a folder that is not copied with the data");
        refused(FailureClass::InputMissing, "export.no_key", path, "there is no such key file", &hint)
    })?;
    let contract = FailureClass::InputContract;
    if meta.permissions().mode() & 0o077 != 0 {
        let hint = "`chmod 600` it, and think about who may have read it";
        return Err(refused(contract, "export.key_open", path, "others than its owner can read the key", hint));
    }
    let inside = |data: &Path| path.canonicalize().is_ok_and(|p| p.starts_with(data));
    if data.canonicalize().is_ok_and(|data| inside(&data)) {
        let hint = "keep it elsewhere: who gets the data must not get the key with them";
        return Err(refused(contract, "export.key_beside", path, "the key lies in the folder of the data", hint));
    }
    fs::read_to_string(path).map_err(|e| Failure::io("read the key", path, &e))
}

/// The key that 64 hexadecimal digits mean; none when they are something else.
pub fn parse(digits: &str) -> Option<[u8; KEY]> {
    let at = |i: usize| digits.get(i..i + 2).and_then(|d| u8::from_str_radix(d, 16).ok());
    let key: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(at).collect();
    key?.try_into().ok()
}

/// A failure that names a key file.
pub fn refused(class: FailureClass, code: &'static str, path: &Path, said: &str, hint: &str) -> Failure {
    Failure::one(class, Diagnostic::error(code, said, Place::file(path.display().to_string())).hint(hint))
}
