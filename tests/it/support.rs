//! What the integration tests share: where things lie and how the program is started.

use std::path::PathBuf;
use std::process::{Command, Output};

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

/// Runs a command and gives exit code, stdout and stderr.
pub fn outcome(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |b: Vec<u8>| String::from_utf8(b).expect("output is UTF-8");
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}
