//! ZIP deliveries: names, matching, and what is refused.

use std::io::{Cursor, Write};

use encoding_rs::GB18030;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::ingest::archive;
use crate::ingest::limits::{LIMITS, Limits};

const TABLE: &str = "姓名,身份证号\n张三,1\n";

/// An archive of these members.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        out.start_file(*name, SimpleFileOptions::default()).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// The archive with a member's name written in other bytes of the same number, and without the mark of UTF-8.
fn renamed(mut bytes: Vec<u8>, from: &str, to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> =
        (0..bytes.len() - from.len()).filter(|i| bytes[*i..].starts_with(from.as_bytes())).collect();
    assert_eq!(places.len(), 2, "in the member's header and in the directory");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

fn read_all(patterns: &[&str], files: &[(&str, Vec<u8>)]) -> (Delivery, Vec<(&'static str, String)>) {
    let dir = TempDir::new().unwrap();
    for (name, bytes) in files {
        put(&dir, name, bytes);
    }
    let mut source = people(Format::Any);
    source.files = patterns.iter().map(|p| p.to_string()).collect();
    let found = find_files(&source, dir.path()).unwrap();
    let delivery = read(&source, &found.files);
    assert_closed(&delivery);
    let notes = found.notes.iter().map(|n| (n.code, n.place.file.clone().unwrap())).collect();
    (delivery, notes)
}

fn origins(delivery: &Delivery) -> Vec<String> {
    table(delivery).origins.into_iter().map(|o| o.0).collect()
}

#[test]
fn members_are_found_as_in_a_folder_and_keep_their_archive_in_their_name() {
    let book = workbook(&[&["姓名", "身份证号"], &["李四", "2"]]);
    let archive = zip(&[
        ("低保.csv", TABLE.as_bytes()),
        ("民政/低保2.xlsx", &book),
        ("特困/特困.csv", TABLE.as_bytes()),
        ("__MACOSX/._低保.csv", b"x"),
        ("~$低保.xlsx", b"x"),
        ("空/低保.csv", b""),
    ]);
    let table: [(&[&str], &str, &[&str]); 6] = [
        (&["民政/低保*"], "民政.zip", &["民政.zip/低保.csv", "民政.zip/民政/低保2.xlsx"]),
        (&["民政/低保*"], "民政/九月.zip", &["民政/九月.zip/低保.csv", "民政/九月.zip/民政/低保2.xlsx"]),
        (&["民政.zip/*.csv"], "民政.zip", &["民政.zip/低保.csv"]),
        (&["特困/*"], "民政.zip", &["民政.zip/特困/特困.csv"]),
        (
            &["民政/九月*.zip"],
            "民政/九月.zip",
            &["民政/九月.zip/低保.csv", "民政/九月.zip/民政/低保2.xlsx", "民政/九月.zip/特困/特困.csv"],
        ),
        (&["公安/*"], "民政.zip", &[]),
    ];
    for (patterns, place, expected) in table {
        let (delivery, _) = read_all(patterns, &[(place, archive.clone())]);
        assert_eq!(origins(&delivery), expected, "{patterns:?} {place}");
    }
    let (_, notes) = read_all(&["**/*"], &[("民政.zip", archive)]);
    let expected = [("ingest.left_out", "民政.zip/~$低保.xlsx"), ("ingest.empty_file", "民政.zip/空/低保.csv")];
    let mut found = notes;
    found.sort();
    let mut expected = expected.map(|(c, f)| (c, f.to_string())).to_vec();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn names_in_gbk() {
    let gbk = GB18030.encode("民政/低保名册.csv").0.into_owned();
    let plain = "a".repeat(gbk.len());
    let bytes = renamed(zip(&[(&plain, TABLE.as_bytes())]), &plain, &gbk);
    let (delivery, _) = read_all(&["民政/低保*.csv"], &[("报送.zip", bytes)]);
    assert_eq!(origins(&delivery), ["报送.zip/民政/低保名册.csv"]);
    assert_eq!(texts(&delivery, "name"), ["张三"]);
}

#[test]
fn members_that_mean_harm_are_refused_with_a_word_and_the_others_are_read() {
    let inner = zip(&[("低保.csv", TABLE.as_bytes())]);
    let mut bytes = zip(&[("甲.csv", TABLE.as_bytes()), ("xx/xx/低保.csv", TABLE.as_bytes()), ("里面.zip", &inner)]);
    bytes = renamed(bytes, "xx/xx/低保.csv", "../../低保.csv".as_bytes());
    let (delivery, _) = read_all(&["**/*"], &[("民政.zip", bytes)]);
    assert_eq!(origins(&delivery), ["民政.zip/甲.csv"]);
    let told: Vec<_> = delivery.problems.iter().map(|p| (p.code, p.place.file.clone().unwrap())).collect();
    let expected = [("ingest.zip_path", "民政.zip/__/__/低保.csv"), ("ingest.zip_nested", "民政.zip/里面.zip")];
    for (code, file) in expected {
        assert!(told.contains(&(code, file.to_string())), "{told:?}");
    }
    assert_eq!(delivery.refused.len(), 2);

    // The bit that says a member is encrypted, in its header and in the directory.
    let mut locked = zip(&[("低保.csv", TABLE.as_bytes())]);
    let directory = locked.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    locked[6] |= 1;
    locked[directory + 8] |= 1;
    let (delivery, _) = read_all(&["民政/*"], &[("民政.zip", locked)]);
    assert_eq!(codes(&delivery), ["ingest.password"]);

    // 70 MB in 70 KB.
    let bomb = zip(&[("低保.csv", &vec![b'1'; 70 << 20])]);
    assert!(bomb.len() < 200_000);
    let (delivery, _) = read_all(&["民政/*"], &[("民政.zip", bomb)]);
    assert_eq!(codes(&delivery), ["ingest.oversized"]);
}

#[test]
fn archives_that_are_cut_or_lie_about_their_size() {
    let whole = zip(&[("低保.csv", TABLE.repeat(50).as_bytes()), ("特困.csv", TABLE.as_bytes())]);
    for cut in (45..whole.len() - 1).step_by(7) {
        // Named as a table it is no archive of tables either, but a file that ends early.
        let (delivery, _) = read_all(&["民政/低保.xlsx"], &[("民政/低保.xlsx", whole[..cut].to_vec())]);
        assert_eq!(codes(&delivery), ["ingest.truncated"], "{cut}");
        let (delivery, _) = read_all(&["民政/低保.csv"], &[("民政/低保.zip", whole[..cut].to_vec())]);
        assert!(delivery.rows.is_empty() && delivery.refused.len() == 1, "{cut}");
        let (delivery, notes) = read_all(&["公安/*"], &[("民政/低保.zip", whole[..cut].to_vec())]);
        assert!(delivery.refused.is_empty() && notes.len() <= 1, "{cut}");
    }
    let mut damaged = whole.clone();
    damaged[45] ^= 0xff;
    let (delivery, _) = read_all(&["民政/*"], &[("民政.zip", damaged)]);
    assert_eq!(codes(&delivery), ["ingest.truncated", "ingest.optional_column"]);
    assert_eq!(delivery.rows.len(), 1);

    let dir = folder("a.zip", &whole);
    let (path, place) = (dir.path().join("a.zip"), Place::file("a.zip"));
    let few = Limits { parts: 1, ..LIMITS };
    assert_eq!(archive::members(&path, &few, &place).unwrap_err()[0].code, "ingest.oversized");
    let members = archive::members(&path, &LIMITS, &place).unwrap();
    let small = Limits { inflated: 50, ..LIMITS };
    let end = archive::unpack(&path, &members[0], &mut Vec::new(), &small, &place);
    assert_eq!(end.unwrap_err()[0].code, "ingest.oversized");
    // An end record that tells of more parts than fit into memory.
    let mut liar = whole;
    let end = liar.windows(4).position(|w| w == b"PK\x05\x06").unwrap();
    liar[end + 8..end + 12].fill(0xfe);
    fs::write(&path, liar).unwrap();
    assert_eq!(archive::members(&path, &LIMITS, &place).unwrap_err()[0].code, "ingest.oversized");
}
