//! Who is at work: the account that the system knows, and the name that a person gives.

use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

/// Environment variable with the name of the person at the keyboard.
pub const OPERATOR: &str = "BIDUI_OPERATOR";

static NAMED: OnceLock<String> = OnceLock::new();

/// Names the person who works with this process; the first name given counts, before that of [`OPERATOR`].
pub fn set_operator(name: &str) {
    if !name.trim().is_empty() {
        let _ = NAMED.set(name.trim().to_string());
    }
}

/// The fields of an entry that say who: `user` and `uid` of the process, `login` when the kernel knows that somebody else logged in
/// (sudo), `operator` as the person says.
pub fn who() -> Value {
    let mut who = Map::new();
    let uid = std::fs::metadata("/proc/self").map(|m| m.uid()).ok();
    if let Some(uid) = uid {
        who.insert("user".into(), account(uid).into());
        who.insert("uid".into(), uid.into());
    }
    // The uid with which the session began: sudo does not change it. 4294967295 for services.
    let login = std::fs::read_to_string("/proc/self/loginuid").ok().and_then(|t| t.trim().parse::<u32>().ok());
    if let Some(login) = login.filter(|l| *l != u32::MAX && Some(*l) != uid) {
        who.insert("login".into(), account(login).into());
    }
    let named = NAMED.get().cloned().or_else(|| std::env::var(OPERATOR).ok()).filter(|n| !n.trim().is_empty());
    if let Some(name) = named {
        who.insert("operator".into(), name.trim().into());
    }
    json!(who)
}

/// Name of an account in /etc/passwd; its number when it is not there (a directory service, a container).
fn account(uid: u32) -> String {
    let named = std::fs::read_to_string("/etc/passwd").ok().and_then(|text| {
        let of = |line: &str| {
            let mut parts = line.split(':');
            let (name, number) = (parts.next()?, parts.nth(1)?);
            (number == uid.to_string()).then(|| name.to_string())
        };
        text.lines().find_map(of)
    });
    named.unwrap_or_else(|| uid.to_string())
}
