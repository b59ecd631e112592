//! Calls that change the disk, as strace records them, and a fault at one of them: kill -9 before it, or no room left.
//!
//! A call is named by what it touches (path, system call, how many times before), not by its place in the whole run: threads
//! may interleave as they like, the n-th write of one file stays the n-th.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Calls that change the disk.
const CHANGING: &[&str] = &[
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "pwritev2",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "chmod",
    "fchmod",
    "fchmodat",
    "link",
    "linkat",
    "copy_file_range",
    "sendfile",
    "openat",
];

/// Of these, those that a full disk cannot fail.
const NEEDS_NO_ROOM: &[&str] = &["unlink", "unlinkat", "rmdir", "chmod", "fchmod", "fchmodat"];

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// kill -9 before the call is done.
    Kill,
    /// The call fails: no space left on the device.
    Full,
}

/// One call that changes the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// System call.
    pub syscall: String,
    /// What it touches, below the folder that is watched; empty for the folder itself.
    pub path: String,
    /// The how many-th of this call on this path.
    pub nth: usize,
}

impl Call {
    /// True when a full disk can fail it.
    pub fn needs_room(&self) -> bool {
        !NEEDS_NO_ROOM.contains(&self.syscall.as_str())
    }
}

/// True when strace is there and may trace.
pub fn available() -> bool {
    Command::new("strace").args(["-o", "/dev/null", "true"]).output().is_ok_and(|o| o.status.success())
}

/// Runs a command under strace and gives every call that changes what lies in `folder`, in the order in which they began.
pub fn record(folder: &Path, command: &[String]) -> Vec<Call> {
    let log = log_beside(folder);
    let set: Vec<String> = CHANGING.iter().map(|s| format!("?{s}")).collect();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "--seccomp-bpf", "-s", "0", "-o"]).arg(&log).arg(format!("-etrace={}", set.join(",")));
    let out = own_environment(&mut strace).args(command).output().unwrap();
    assert!(out.status.success(), "the undisturbed run: {}", String::from_utf8_lossy(&out.stderr));
    let text = std::fs::read_to_string(&log).unwrap();
    let folder = folder.to_str().unwrap();
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let Some((syscall, arguments)) = call(line) else { continue };
        let Some(path) = touched(arguments) else { continue };
        let below = match path.strip_prefix(folder) {
            Some("") => "",
            Some(rest) if rest.starts_with('/') => &rest[1..],
            _ => continue,
        };
        let nth = seen.entry((syscall.to_string(), below.to_string())).or_default();
        *nth += 1;
        // Opening to read counts on the way to the n-th, but changes nothing.
        if syscall != "openat" || arguments.contains("O_CREAT") {
            calls.push(Call { syscall: syscall.to_string(), path: below.to_string(), nth: *nth });
        }
    }
    calls
}

/// Runs a command with a fault at a call; the output, and whether the fault happened.
pub fn disturb(folder: &Path, command: &[String], call: &Call, fault: Fault) -> (Output, bool) {
    let log = log_beside(folder);
    let path = if call.path.is_empty() { folder.to_path_buf() } else { folder.join(&call.path) };
    let mut strace = Command::new("strace");
    strace.args(["-f", "-s", "0", "-o"]).arg(&log).arg("-P").arg(path).arg(format!("-etrace={}", call.syscall));
    match fault {
        // A signal is given at the stop of a call, which seccomp's filter leaves out.
        Fault::Kill => strace.arg(format!("-einject={}:signal=KILL:when={}", call.syscall, call.nth)),
        Fault::Full => {
            strace.arg("--seccomp-bpf").arg(format!("-einject={}:error=ENOSPC:when={}", call.syscall, call.nth))
        }
    };
    let output = own_environment(&mut strace).args(command).output().unwrap();
    let log = std::fs::read_to_string(&log).unwrap_or_default();
    let happened = match fault {
        Fault::Kill => log.contains("killed by SIGKILL"),
        Fault::Full => log.contains("(INJECTED)"),
    };
    (output, happened)
}

fn own_environment(command: &mut Command) -> &mut Command {
    command.env_clear().env("NO_COLOR", "1").env("POLARS_MAX_THREADS", "1").current_dir(super::super::support::root())
}

fn log_beside(folder: &Path) -> PathBuf {
    folder.with_extension("strace")
}

/// Name and arguments of a call's line; none for a line that resumes one.
fn call(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once(' ')?;
    let (name, arguments) = rest.trim_start().split_once('(')?;
    CHANGING.contains(&name).then_some((name, arguments))
}

/// What a call touches: the file behind its first argument, or the path it gives.
fn touched(arguments: &str) -> Option<String> {
    let first = arguments.split(", ").next()?;
    let quoted = |text: &str| Some(text.split_once('"')?.1.split('"').next()?.to_string());
    let path = match first.split_once('<') {
        Some((descriptor, path)) if descriptor != "AT_FDCWD" => path.split('>').next()?.to_string(),
        _ => quoted(arguments)?,
    };
    Some(unescaped(&path))
}

/// strace writes bytes beyond ASCII as `\345`.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.iter().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
        if first == b'\\' && digits > 0 {
            let number = std::str::from_utf8(&after[..digits]).unwrap();
            bytes.push(u32::from_str_radix(number, 8).unwrap() as u8);
            rest = &after[digits..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_line_of_strace_tells_what_is_touched() {
    let of = |line: &str| call(line).and_then(|(name, arguments)| Some((name.to_string(), touched(arguments)?)));
    let some = |name: &str, path: &str| Some((name.to_string(), path.to_string()));
    assert_eq!(of("21  write(6</a/\\345\\256\\211.csv>, \"\"..., 28785) = 28785"), some("write", "/a/安.csv"));
    assert_eq!(of("21  openat(AT_FDCWD</w>, \"/a/b\", O_WRONLY|O_CREAT, 0600) = 3</a/b>"), some("openat", "/a/b"));
    assert_eq!(of("21  unlinkat(5</a/c>, \"d\", 0) = 0"), some("unlinkat", "/a/c"));
    assert_eq!(of("21  rename(\"/a/x\", \"/a/y\") = 0"), some("rename", "/a/x"));
    assert_eq!(of("21  <... write resumed>) = 5"), None);
}
