//! What is written holds people's data: folders are the owner's alone (0700), files too (0600), whatever the caller's umask says.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::diag::{Failure, Outcome};

/// Makes a folder and those above it that are not there, each for its owner alone. A folder that is there stays as it is.
pub fn make_dir(dir: &Path) -> Outcome<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|e| Failure::io("make the output folder", dir, &e))
}

/// True for a folder that holds anything: nothing is put beside what somebody else has laid there.
pub fn is_filled(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some())
}

/// Opens a file to write at its end, made for its owner alone.
pub fn append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// Takes from a file or folder what others than its owner may do with it.
pub fn only_owner(path: &Path) -> Outcome<()> {
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|e| Failure::io("set the permissions of", path, &e))
}
