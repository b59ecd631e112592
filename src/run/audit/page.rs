//! The handover sheet: one page after each run that ties the round to the log, to be printed, signed and kept elsewhere.
//!
//! It stands beside the rounds and is no part of one: the head of the chain moves with the clock, and the files of a round are the
//! same bytes whenever they are made.

use std::path::{Path, PathBuf};

use super::{Head, head};
use crate::diag::{Failure, Outcome};
use crate::publish;
use crate::run::{clock, manifest};

/// Name of the page below the output folder.
pub const PAGE: &str = "交接单.html";

/// Writes the page for a published round with the head of the chain as it is now; gives its path and that head.
///
/// # Errors
/// The manifest or the log cannot be read, or the page not be written (74).
pub fn write_page(out: &Path, round: &str, run_id: &str, dir: &Path) -> Outcome<(PathBuf, Head)> {
    let path = dir.join("manifest.json");
    let (digest, _) = manifest::hash_file(&path).map_err(|e| Failure::io("hash the manifest", &path, &e))?;
    let head = head(out)?;
    let page = out.join(PAGE);
    let text = format!(
        r#"<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>交接单 {round}</title>
<style>
@page {{ size: A4; margin: 20mm; }}
body {{ font-family: "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", SimSun, sans-serif; line-height: 1.7; }}
h1 {{ font-size: 20pt; text-align: center; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border: 1px solid #333; padding: 6px 8px; text-align: left; vertical-align: top; }}
th {{ width: 11em; font-weight: 600; }}
.digits {{ font-family: "DejaVu Sans Mono", Consolas, monospace; font-size: 11pt; }}
p {{ font-size: 10.5pt; }}
</style></head><body>
<h1>数据比对批次交接单</h1>
<table>
<tr><th>批次</th><td>{round}</td></tr>
<tr><th>运行编号</th><td class="digits">{run_id}</td></tr>
<tr><th>成果清单指纹<br>manifest.json SHA-256</th><td class="digits">{digest}</td></tr>
<tr><th>审计日志条数</th><td>{seq}</td></tr>
<tr><th>审计日志链首<br>SHA-256</th><td class="digits">{chain}</td></tr>
<tr><th>打印时间</th><td>{at}</td></tr>
<tr><th>经办人（签字）</th><td>&nbsp;</td></tr>
<tr><th>接收保管人（签字）</th><td>&nbsp;</td></tr>
</table>
<p>本页请打印、签字后由不操作本系统的人保管。以后核对：<span class="digits">bidui audit verify --head</span>
后面写上面的链首（至少前16位）；成果核对用 <span class="digits">bidui runs verify {round}</span>。
链首对不上，说明日志被截短或重写；成果清单指纹对不上，说明批次文件不是当时发布的那一份。</p>
</body></html>
"#,
        round = escaped(round),
        run_id = escaped(run_id),
        digest = grouped(&digest),
        seq = head.seq,
        chain = grouped(&head.hash),
        at = clock::now_stamp(),
    );
    publish::atomic::write(&page, text.as_bytes())?;
    Ok((page, head))
}

/// Digits in groups of eight, as people read them out.
fn grouped(hash: &str) -> String {
    hash.as_bytes().chunks(8).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
