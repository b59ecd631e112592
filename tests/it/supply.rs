//! Whose code is in the program: every crate locked and from the registry, and none of bidui's own reaches for a network.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::support::root;

/// Crates that talk to other machines.
const CLIENTS: [&str; 16] = [
    "reqwest",
    "hyper",
    "hyper-util",
    "ureq",
    "curl",
    "isahc",
    "attohttpc",
    "minreq",
    "native-tls",
    "openssl",
    "rustls",
    "quinn",
    "h2",
    "tonic",
    "object_store",
    "tungstenite",
];

/// polars' streaming engine links a cloud reader (object_store, reqwest) that no feature takes away; bidui gives it no address, and
/// `elsewhere.rs` watches that no socket is asked for.
const TOLERATED_THROUGH: &str = "polars";

/// Name → what it depends on, as the lock file has it (tests' and optional crates too).
fn locked() -> BTreeMap<String, BTreeSet<String>> {
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        if name != "bidui" {
            let source = package.get("source").and_then(|s| s.as_str()).unwrap_or("a folder");
            assert!(
                source.starts_with("registry+https://github.com/rust-lang/crates.io-index"),
                "{name} is from {source}"
            );
            assert!(package.get("checksum").is_some(), "{name} has no checksum");
        }
        let needs = package.get("dependencies").and_then(|d| d.as_array()).into_iter().flatten();
        let needs = needs.map(|d| d.as_str().unwrap().split(' ').next().unwrap().to_string());
        graph.entry(name.to_string()).or_default().extend(needs);
    }
    graph
}

#[test]
fn no_crate_of_ours_is_a_network_client() {
    let graph = locked();
    let mut reached = BTreeSet::from(["bidui"]);
    let mut left = vec!["bidui"];
    while let Some(name) = left.pop() {
        for next in graph[name].iter().filter(|n| *n != TOLERATED_THROUGH) {
            if reached.insert(next) {
                left.push(next);
            }
        }
    }
    assert!(reached.len() > 100, "the lock file is read: {}", reached.len());
    let clients: Vec<&&str> = CLIENTS.iter().filter(|c| reached.contains(**c)).collect();
    assert!(clients.is_empty(), "reached otherwise than through {TOLERATED_THROUGH}: {clients:?}");
}

#[test]
fn nothing_in_the_program_opens_a_connection() {
    fn walk(dir: &Path, found: &mut Vec<String>, read: &mut usize) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found, read);
            } else if path.extension().is_some_and(|e| e == "rs") {
                *read += 1;
                let text = fs::read_to_string(&path).unwrap();
                let opens =
                    ["std::net", "TcpStream", "UdpSocket", "reqwest", "ToSocketAddrs", "object_store", "CloudOptions"];
                found.extend(opens.iter().filter(|o| text.contains(**o)).map(|o| format!("{}: {o}", path.display())));
            }
        }
    }
    let (mut found, mut read) = (Vec::new(), 0);
    walk(&root().join("src"), &mut found, &mut read);
    assert!(read > 200 && found.is_empty(), "{read} files: {found:?}");
}
