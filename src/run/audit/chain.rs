//! The chain itself: lines that each carry the hash of the one before, appended one at a time and brought to disk.
//!
//! A line is one JSON object whose last field is `hash`, the SHA-256 of all that stands before that field in the line; the
//! field `prev` holds the hash of the line before, 64 zeros in the first. So every line vouches for all above it, and anybody can
//! recompute it with `sha256sum`. Nothing is ever taken away: remains of a write that a power cut broke off stay where they are, and
//! the next line (`mended`) vouches for them too.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::run::manifest::hex;

/// What the first line names as the hash before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Event of a line that vouches for remains above it.
pub const MENDED: &str = "mended";
const MARK: &str = ",\"hash\":\"";
/// Length of `,"hash":"…"}`.
const SEAL: usize = MARK.len() + 64 + 2;

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Head {
    /// Number of the last line's entry, from 1; 0 for a chain without entries.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

impl Head {
    /// Before the first entry.
    pub fn none() -> Head {
        Head { seq: 0, hash: GENESIS.into() }
    }
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Flaw {
    /// Line of the file, from 1.
    pub line: u64,
    /// `changed` (the line is not what was written), `gap` (it does not continue the line above: lines were removed, put in or
    /// swapped), `torn` (the file ends within a line) or `head` (the head that was kept elsewhere is not in the chain).
    pub kind: &'static str,
    /// The particulars.
    pub said: String,
}

/// A chain as it was found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Entries that are what their hashes say, in order.
    pub entries: Vec<Value>,
    /// What is wrong.
    pub flaws: Vec<Flaw>,
    /// Lines that a power cut broke off and a later entry vouches for.
    pub mended: u64,
}

/// One line, ready to be written: `fields` in their order between `seq`, `prev` and `hash`.
fn line(after: &Head, fields: &Map<String, Value>) -> (String, Head) {
    let mut body = format!("{{\"seq\":{},\"prev\":\"{}\"", after.seq + 1, after.hash);
    for (key, value) in fields {
        body.push_str(&format!(",{}:{value}", Value::from(key.as_str())));
    }
    let hash = hex(&Sha256::digest(body.as_bytes()));
    (format!("{body}{MARK}{hash}\"}}"), Head { seq: after.seq + 1, hash })
}

/// The entry of a line (without its end of line) and its head; none when it is not what it was written as.
fn sound(line: &[u8]) -> Option<(Value, Head)> {
    let at = line.len().checked_sub(SEAL)?;
    let (body, seal) = line.split_at(at);
    let hash = seal.strip_prefix(MARK.as_bytes())?.strip_suffix(b"\"}")?;
    if hex(&Sha256::digest(body)).as_bytes() != hash {
        return None;
    }
    let entry: Value = serde_json::from_slice(line).ok()?;
    let head = Head { seq: entry["seq"].as_u64()?, hash: entry["hash"].as_str()?.to_string() };
    entry["prev"].as_str()?;
    Some((entry, head))
}

/// True when the bytes look like the beginning of a line whose rest never reached the disk.
fn broken_off(remains: &[u8]) -> bool {
    let ended = remains.ends_with(b"\n");
    let mark = remains.windows(MARK.len()).position(|w| w == MARK.as_bytes());
    let sealed = mark.is_some_and(|at| remains.len() - at >= SEAL);
    !ended && !sealed
}

/// Appends one entry after the last sound line and brings it to disk; gives the new head.
///
/// A writer at the same time waits: the file is locked for as long as its end is read and written. Remains after the last sound
/// line stay, and an entry of their own says so first; `mended` gets its fields.
///
/// # Errors
/// As the system tells; nothing counts as written then.
pub fn append(
    path: &Path,
    fields: &Map<String, Value>,
    mended: impl FnOnce(Value) -> Map<String, Value>,
) -> std::io::Result<Head> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).map_err(std::io::Error::from)?;
    let fresh = file.metadata()?.len() == 0;
    let (mut head, remains) = tail(&mut file)?;
    let mut text = String::new();
    if !remains.is_empty() {
        if remains != b"\n" {
            let torn = broken_off(&remains);
            if !remains.ends_with(b"\n") {
                text.push('\n');
            }
            let said = json!({"bytes": remains.len(), "sha256": hex(&Sha256::digest(&remains)), "torn": torn});
            let (one, next) = line(&head, &mended(said));
            text.push_str(&one);
            text.push('\n');
            head = next;
        } else {
            // Only the end of the line was lost: the line is whole.
            text.push('\n');
        }
    }
    let (one, head) = line(&head, fields);
    text.push_str(&one);
    text.push('\n');
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    if fresh && let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(head)
}

/// The head of the last sound line and what stands after it; a lone end of line as remains means that only that is missing.
fn tail(file: &mut File) -> std::io::Result<(Head, Vec<u8>)> {
    let length = file.metadata()?.len();
    let mut span = 1 << 16;
    loop {
        let from = length.saturating_sub(span);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(length - from).read_to_end(&mut bytes)?;
        // The first line of a part is hardly whole: it counts only when the part is the whole file.
        let begin = if from == 0 { 0 } else { bytes.iter().position(|b| *b == b'\n').map_or(bytes.len(), |p| p + 1) };
        let mut end = bytes.len();
        while end > begin {
            let body = if bytes[end - 1] == b'\n' { end - 1 } else { end };
            let start = bytes[begin..body].iter().rposition(|b| *b == b'\n').map_or(begin, |p| begin + p + 1);
            if let Some((_, head)) = sound(&bytes[start..body]) {
                let remains = if body == end { b"\n".to_vec() } else { bytes[end..].to_vec() };
                return Ok((head, remains));
            }
            end = start;
        }
        if from == 0 {
            return Ok((Head::none(), bytes));
        }
        span *= 8;
    }
}

/// Where the chain of a file ends; the beginning when there is no file.
///
/// # Errors
/// As the system tells.
pub fn head(path: &Path) -> std::io::Result<Head> {
    match File::open(path) {
        Ok(mut file) => tail(&mut file).map(|(head, _)| head),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Head::none()),
        Err(e) => Err(e),
    }
}

/// Walks a chain from its first line and tells everything that is not as it was written.
///
/// # Errors
/// As the reader tells.
pub fn walk(mut reader: impl BufRead) -> std::io::Result<Walk> {
    let mut found = Walk::default();
    let mut head = Head::none();
    let (mut number, mut strange) = (0, Vec::new());
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        number += 1;
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let Some((entry, own)) = sound(line) else {
            strange.push((number, bytes.clone()));
            continue;
        };
        vouched(&entry, &mut strange, &mut found);
        if entry["prev"] != head.hash.as_str() || own.seq != head.seq + 1 {
            let said = format!("entry {} does not continue entry {}", own.seq, head.seq);
            found.flaws.push(Flaw { line: number, kind: "gap", said });
        }
        head = own;
        found.entries.push(entry);
    }
    if let Some((number, last)) = strange.pop_if(|(_, last)| broken_off(last)) {
        let said = format!("the file ends within a line ({} bytes); the next command says so in the chain", last.len());
        found.flaws.push(Flaw { line: number, kind: "torn", said });
    }
    found.flaws.extend(strange.drain(..).map(|(number, _)| changed(number)));
    found.flaws.sort_by_key(|f| f.line);
    Ok(found)
}

fn changed(line: u64) -> Flaw {
    Flaw { line, kind: "changed", said: "the line is not what was written".into() }
}

/// Judges the strange lines above an entry: remains of a power cut when the entry vouches for them, else flaws.
fn vouched(entry: &Value, strange: &mut Vec<(u64, Vec<u8>)>, found: &mut Walk) {
    let told = &entry["on"];
    if entry["event"] == MENDED {
        let mut remains: Vec<u8> = strange.iter().flat_map(|(_, line)| line.iter().copied()).collect();
        if told["bytes"].as_u64() == Some(remains.len() as u64 - u64::from(!remains.is_empty())) {
            remains.pop();
        }
        let same = told["sha256"] == hex(&Sha256::digest(&remains)).as_str();
        if same && told["torn"] == true {
            found.mended += strange.len() as u64;
            strange.clear();
            return;
        }
        if !same && strange.is_empty() {
            let line = found.entries.len() as u64 + 1;
            let said = "the remains that this entry vouches for are gone".to_string();
            found.flaws.push(Flaw { line, kind: "gap", said });
        }
    }
    found.flaws.extend(strange.drain(..).map(|(number, _)| changed(number)));
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
