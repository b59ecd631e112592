//! Copies a working set-up to a new folder, so that an office starts from pipelines that run.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::private;
use crate::diag::{Diagnostic, Failure, FailureClass, Outcome, Place};
use crate::plan;
use crate::plan::json_schema::{self, FileKind};

/// What starts the runs of an office on its server; `@DIR@` is the office's folder.
const KIT: [(&str, &str); 5] = [
    ("ops/bidui-nightly.service", include_str!("kit/bidui-nightly.service")),
    ("ops/bidui-nightly.timer", include_str!("kit/bidui-nightly.timer")),
    ("ops/bidui.cron", include_str!("kit/bidui.cron")),
    ("ops/logrotate.conf", include_str!("kit/logrotate.conf")),
    ("ops/office.env", include_str!("kit/office.env")),
];

/// Folders that these files write to.
const KIT_FOLDERS: [&str; 3] = ["log", "backup", "metrics"];

static PIPELINES: Dir = include_dir!("$CARGO_MANIFEST_DIR/pipelines");

/// What was set up.
#[derive(Debug)]
pub struct SetUp {
    /// The new folder.
    pub dir: PathBuf,
    /// Files written, in path order, relative to it.
    pub files: Vec<String>,
    /// Inbox folders made, relative to it.
    pub inboxes: Vec<String>,
}

/// Makes `dir` with `pipelines/`, one inbox folder per department and an empty `rounds`-to-be.
///
/// # Errors
/// Exit 64 when the folder already holds something; 74 when it cannot be written.
pub fn init(dir: &Path) -> Outcome<SetUp> {
    let taken = private::is_filled(dir);
    if taken {
        let problem = Diagnostic::error(
            "init.not_empty",
            "the folder already holds something; nothing was written",
            Place::file(dir.display().to_string()),
        )
        .hint("name a new or an empty folder");
        return Err(Failure::one(FailureClass::Usage, problem));
    }
    let mut files = Vec::new();
    copy(&PIPELINES, &dir.join("pipelines"), &mut files)?;
    schemas(dir, &mut files)?;
    kit(dir, &mut files)?;
    files.sort();

    let (plan, _) = plan::load(&dir.join("pipelines/quarterly"));
    let plan = plan.ok_or_else(|| Failure::internal("the shipped pipelines do not load"))?;
    let mut inboxes: Vec<String> = plan
        .sources
        .iter()
        .flat_map(|s| &s.files)
        .filter_map(|pattern| pattern.rsplit_once('/').map(|(folder, _)| format!("inbox/{folder}")))
        .collect();
    inboxes.sort();
    inboxes.dedup();
    for inbox in &inboxes {
        let path = dir.join(inbox);
        std::fs::create_dir_all(&path).map_err(|e| Failure::io("make the folder", &path, &e))?;
    }
    let note = dir.join("inbox/说明.txt");
    std::fs::write(&note, NOTE).map_err(|e| Failure::io("write", &note, &e))?;
    Ok(SetUp { dir: dir.to_path_buf(), files, inboxes })
}

/// JSON Schemas of the pipeline files, and a `.taplo.toml` by which an editor for TOML finds them.
fn schemas(dir: &Path, files: &mut Vec<String>) -> Outcome<()> {
    let mut write = |path: &str, text: String| {
        let to = dir.join(path);
        files.push(path.to_string());
        std::fs::write(&to, text).map_err(|e| Failure::io("write", &to, &e))
    };
    let folder = dir.join("pipelines/.schema");
    std::fs::create_dir_all(&folder).map_err(|e| Failure::io("make the folder", &folder, &e))?;
    let mut rules =
        String::from("# Editors for TOML (taplo, Even Better TOML) complete and check the pipeline files by this.\n");
    for (word, kind, glob) in FileKind::ALL {
        let schema = serde_json::to_string_pretty(&json_schema::schema(kind)).unwrap_or_default();
        let path = format!("pipelines/.schema/{word}.json");
        write(&path, schema + "\n")?;
        rules.push_str(&format!("\n[[rule]]\ninclude = [\"pipelines/{glob}\"]\n[rule.schema]\npath = \"{path}\"\n"));
    }
    write(".taplo.toml", rules)
}

/// The files by which a server starts the runs, with the folder's own path in them.
fn kit(dir: &Path, files: &mut Vec<String>) -> Outcome<()> {
    for folder in KIT_FOLDERS {
        private::make_dir(&dir.join(folder))?;
    }
    let folder = dir.join("ops");
    std::fs::create_dir_all(&folder).map_err(|e| Failure::io("make the folder", &folder, &e))?;
    let own = std::path::absolute(dir).map_err(|e| Failure::io("find the path of", dir, &e))?;
    for (path, text) in KIT {
        let to = dir.join(path);
        let text = text.replace("@DIR@", &own.display().to_string());
        std::fs::write(&to, text).map_err(|e| Failure::io("write", &to, &e))?;
        files.push(path.to_string());
    }
    Ok(())
}

/// How the inbox may be laid out, for the one who puts files there.
const NOTE: &str = "\
收件文件夹

各部门的文件放进以部门命名的文件夹，文件名与约定（pipelines/shared/sources/*.toml 的 files）相符即可：
    inbox/民政/农村低保发放名册.xlsx

也可以每个批次建一个文件夹；以批次命名的文件夹（2026Q4、2026-12-31）里的文件只用于该批次：
    inbox/2026Q4/民政/农村低保发放名册.xlsx

文件按内容识别：同一文件再放一次、旧文件改名再放，都不会重复计入。逾期未送、文件损坏或行数相差过大的，
沿用该部门上一次的数据并注明日期。部门改好的《数据质量回执》放在任何位置都可以，文件名不限。
正在复制或下载的文件（~$ 开头，.part、.crdownload 结尾）不会读取。
";

fn copy(from: &Dir, to: &Path, files: &mut Vec<String>) -> Outcome<()> {
    std::fs::create_dir_all(to).map_err(|e| Failure::io("make the folder", to, &e))?;
    for file in from.files() {
        let name = file.path().file_name().unwrap_or_default();
        let path = to.join(name);
        std::fs::write(&path, file.contents()).map_err(|e| Failure::io("write", &path, &e))?;
        files.push(format!("pipelines/{}", file.path().display()));
    }
    for folder in from.dirs() {
        copy(folder, &to.join(folder.path().file_name().unwrap_or_default()), files)?;
    }
    Ok(())
}
