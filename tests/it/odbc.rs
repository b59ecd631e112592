//! `bidui pull` against a real driver: SQLite over unixODBC. Ignored by default because both must be installed; `make test-odbc`
//! runs it, and so does CI.

use std::fs;
use std::path::{Path, PathBuf};

use super::deliveries::number;
use super::support::{AS_OF, bidui, copy_tree, outcome, root, scratch};

/// A set-up whose list of 低保 comes from a view of a database with so many rows.
fn office(name: &str, rows: usize, query: &str) -> (PathBuf, String) {
    let office = scratch(name);
    copy_tree(&root().join("pipelines"), &office.join("pipelines"));
    let contract = office.join("pipelines/shared/sources/dibao.toml");
    let text = fs::read_to_string(&contract).unwrap();
    let text: String = text
        .lines()
        .filter(|l| !l.starts_with("format ="))
        .map(|l| format!("{l}\n"))
        .collect::<String>()
        .replacen("files = [\"民政/农村低保*.xlsx\"]", "files = [\"民政/农村低保*.{xlsx,parquet}\"]", 1);
    let section =
        format!("\n[database]\nconnection = \"OFFICE_DB\"\nquery = \"{query}\"\nfile = \"民政/农村低保.parquet\"\n");
    fs::write(&contract, text + &section).unwrap();
    let path = office.join("民政.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE V_DIBAO (乡镇 TEXT, 村 TEXT, 户主姓名 TEXT, 户主身份证号 TEXT, 低保证号 TEXT, 保障类别 TEXT,
                家庭人口 INTEGER, 保障人数 INTEGER, \"月保障金额(元)\" TEXT, 起始年月 TEXT, 停保年月 TEXT, 停保原因 TEXT);",
        )
        .unwrap();
    database.execute_batch("BEGIN").unwrap();
    for i in 0..rows {
        let id = number(&format!("{:03}", i % 1000));
        database
            .execute(
                "INSERT INTO V_DIBAO VALUES ('云岭镇', '东沟村', '张某', ?1, ?2, 'B类', 3, 2, '640.50', '2024-03', NULL, NULL)",
                rusqlite::params![id, format!("D{i:06}")],
            )
            .unwrap();
    }
    database.execute_batch("COMMIT").unwrap();
    (office, format!("Driver=SQLite3;Database={}", path.display()))
}

fn pull(office: &Path, connection: &str) -> (i32, String, String) {
    outcome(
        bidui()
            .env("OFFICE_DB", connection)
            .arg("pull")
            .arg(office.join("pipelines/quarterly"))
            .arg("--input")
            .arg(office.join("inbox")),
    )
}

#[test]
#[ignore = "needs unixODBC and its SQLite driver"]
fn a_table_is_copied_and_read_like_a_sent_file() {
    let (office, connection) = office("odbc", 5_000, "SELECT * FROM V_DIBAO WHERE 保障人数 > 0");
    let (code, line, err) = pull(&office, &connection);
    assert_eq!((code, line.trim()), (0, "dibao: 5000 rows -> 民政/农村低保.parquet"), "{err}");
    let (_, json, err) = outcome(
        bidui()
            .args(["check", "--json", "--as-of", AS_OF])
            .arg(office.join("pipelines/quarterly"))
            .arg("--input")
            .arg(office.join("inbox")),
    );
    let checked: serde_json::Value = serde_json::from_str(&json).unwrap_or_else(|e| panic!("{e}: {err}"));
    let dibao = checked["delivered"].as_array().unwrap().iter().find(|d| d["source"] == "dibao").unwrap();
    assert_eq!((&dibao["read"], &dibao["accepted"]), (&5000.into(), &5000.into()), "{dibao}");
}

#[test]
#[ignore = "needs unixODBC and its SQLite driver"]
fn what_cannot_be_copied_leaves_the_old_copy() {
    let (office, connection) = office("odbc-fails", 10, "SELECT * FROM V_DIBAO");
    assert_eq!(pull(&office, &connection).0, 0);
    let copy = office.join("inbox/民政/农村低保.parquet");
    let before = fs::read(&copy).unwrap();
    let database = rusqlite::Connection::open(office.join("民政.db")).unwrap();
    database.execute("UPDATE V_DIBAO SET 停保原因 = ?1 WHERE 低保证号 = 'D000007'", ["长".repeat(5_000)]).unwrap();
    let (code, _, err) = pull(&office, &connection);
    assert_eq!(code, 65, "{err}");
    assert!(err.contains("pull.too_long") && !err.contains("长长"), "{err}");
    database.execute("DELETE FROM V_DIBAO", []).unwrap();
    let (code, _, err) = pull(&office, &connection);
    assert_eq!(code, 65, "{err}");
    assert!(err.contains("pull.empty"), "{err}");
    database.execute("DROP TABLE V_DIBAO", []).unwrap();
    let (code, _, err) = pull(&office, &connection);
    assert_eq!(code, 65, "{err}");
    assert!(err.contains("pull.query"), "{err}");
    let (code, _, err) = pull(&office, "Driver=Nobody;Pwd=secret-word");
    assert_eq!(code, 65, "{err}");
    assert!(err.contains("pull.connect") && !err.contains("secret-word"), "{err}");
    assert_eq!(fs::read(&copy).unwrap(), before);
}
