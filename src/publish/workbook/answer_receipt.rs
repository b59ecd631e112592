//! What came of a form that was returned → 回执: every row with its state and why, changed cells as issued and as returned.
//!
//! It goes back to the one who filled the form in, and says 完整 only when every row that was issued has an answer that was applied.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Issue;
use super::sheet::{Cell, Column, Page, Writer};
use crate::diag::Outcome;
use crate::model::form::FORM;

/// Shape of the receipt as JSON.
pub const FORMAT: &str = "bidui.form_receipt.1";

/// A receipt, as it is drawn and as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerReceipt {
    /// [`FORMAT`].
    pub format: String,
    /// Token of the form.
    pub form: String,
    /// Code of its kind.
    pub kind: String,
    /// Title of its kind.
    pub title: String,
    /// The round.
    pub round: String,
    /// Who filled it in.
    pub township: String,
    /// Name of the file.
    pub file: String,
    /// SHA-256 of its content.
    pub sha256: String,
    /// Day on which it was taken in.
    pub received_on: String,
    /// By whom.
    pub by: String,
    /// Every issued row has an answer that was applied.
    pub complete: bool,
    /// Numbers by state: code, Chinese word, number; in a fixed order, those of nothing left out.
    pub counts: Vec<(String, String, usize)>,
    /// What is to be told about the file as a whole.
    pub notes: Vec<String>,
    /// Every issued row and every other row of the file.
    pub rows: Vec<ReceiptLine>,
}

/// One row of a receipt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptLine {
    /// Its token; empty for rows without one.
    pub token: String,
    /// The village, or the sheet of the file.
    pub place: String,
    /// Whom it is about.
    pub name: String,
    /// Where it stands in the file; empty for rows that are missing.
    pub at: String,
    /// Code of the state.
    pub state: String,
    /// The state in Chinese.
    pub state_title: String,
    /// The deciding answer.
    pub result: String,
    /// What happened to the case, in Chinese.
    pub moved: String,
    /// Codes of what is to be told.
    pub codes: Vec<String>,
    /// What is to be told, in Chinese.
    pub reasons: Vec<String>,
    /// Changed locked cells: heading, as issued, as returned.
    pub altered: Vec<[String; 3]>,
}

/// Writes a receipt as a workbook.
///
/// # Errors
/// An `io.failed` failure naming the path.
pub fn answer_receipt(issue: &Issue, of: &AnswerReceipt, path: &Path) -> Outcome<()> {
    let mut book = Writer::new(issue, &format!("{}{}回执", of.township, of.title), path)?;
    book.foot(&format!("{FORM}：{}", of.form));
    book.page("回执", &cover(of))?;
    if !of.rows.is_empty() {
        book.page("逐行结果", &lines(of))?;
    }
    let altered: Vec<(&ReceiptLine, &[String; 3])> =
        of.rows.iter().flat_map(|r| r.altered.iter().map(move |a| (r, a))).collect();
    if !altered.is_empty() {
        book.page("改动对照", &changes(of, &altered))?;
    }
    book.save()
}

fn line(of: &AnswerReceipt) -> String {
    format!("{}　批次：{}　{FORM}：{}　收表日期：{}", of.township, of.round, of.form, of.received_on)
}

fn cover(of: &AnswerReceipt) -> Page {
    let row = |name: &str, text: String| vec![Cell::Text(name.to_string()), Cell::Text(text)];
    let number = |code: &str| of.counts.iter().find(|(own, ..)| own == code).map_or(0, |(.., n)| *n);
    let verdict = match (of.complete, number("issued")) {
        (true, _) => "完整：发出的每一行都已答复并采用".to_string(),
        (false, 0) => "本表没有需要逐行答复的内容".to_string(),
        (false, issued) => {
            let done = number("answered") + number("earlier");
            format!("不完整：发出{issued}行，已答复并采用{done}行，还差{}行", issued.saturating_sub(done))
        }
    };
    let mut rows = vec![
        row("填表单位", of.township.clone()),
        row("表", of.title.clone()),
        row("批次", of.round.clone()),
        row(FORM, of.form.clone()),
        row("收到的文件", of.file.clone()),
        row("收表日期", of.received_on.clone()),
        row("结论", verdict),
    ];
    rows.extend(of.counts.iter().map(|(_, title, n)| row(title, format!("{n}行"))));
    for (i, note) in of.notes.iter().enumerate() {
        rows.push(row(if i == 0 { "另请留意" } else { "" }, note.clone()));
    }
    if !of.complete && number("issued") > 0 {
        let how = "未采用和缺少的各行仍待答复。请在原表中改正或补填后再交一次，已采用的不必重填；编号不要改动。";
        rows.push(row("怎么办", how.to_string()));
    }
    Page {
        title: format!("{}回执", of.title),
        lines: vec![line(of)],
        columns: vec![Column::of("项目", 16, 24), Column::of("内容", 70, 90)],
        rows,
        locked: true,
        one_page: true,
        ..Page::default()
    }
}

fn lines(of: &AnswerReceipt) -> Page {
    let rows = of.rows.iter().map(|r| {
        let cells = [&r.token, &r.place, &r.name, &r.at, &r.state_title, &r.result, &r.moved];
        let mut cells: Vec<Cell> = cells.into_iter().map(|text| text.clone().into()).collect();
        cells.push(r.reasons.join("；").into());
        cells
    });
    Page {
        title: format!("{}逐行结果", of.title),
        lines: vec![line(of)],
        columns: vec![
            Column::of("编号", 11, 12),
            Column::of("村", 8, 16),
            Column::of("户主", 8, 10),
            Column::of("在文件中的位置", 10, 18),
            Column::of("结果", 10, 14),
            Column::of("答复", 8, 10),
            Column::of("办理", 8, 18),
            Column::of("说明", 24, 46),
        ],
        rows: rows.collect(),
        locked: true,
        ..Page::default()
    }
}

fn changes(of: &AnswerReceipt, altered: &[(&ReceiptLine, &[String; 3])]) -> Page {
    let rows = altered.iter().map(|(r, [heading, issued, returned])| {
        [&r.token, &r.place, &r.name, heading, issued, returned].into_iter().map(|t| t.clone().into()).collect()
    });
    Page {
        title: format!("{}改动对照", of.title),
        lines: vec![line(of), "锁定的格不应改动；以发出的内容为准。".to_string()],
        columns: vec![
            Column::of("编号", 11, 12),
            Column::of("村", 8, 16),
            Column::of("户主", 8, 10),
            Column::of("栏目", 8, 12),
            Column::of("发出时", 24, 44),
            Column::of("交回时", 24, 44),
        ],
        rows: rows.collect(),
        locked: true,
        ..Page::default()
    }
}
