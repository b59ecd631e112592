//! `bidui forms`: forms go out, come back filled in, move cases, and are answered with a receipt.
//!
//! ```text
//! export   KIND → workbooks in a folder; what was issued is in the ledger
//! import   FILE… → each read by its tokens, judged, applied in one transaction, answered with a receipt
//! receipt  FORM → the receipt of its last return once more
//! list     every form, and how many of its rows are answered
//! ```
//!
//! 核实表 of a round go out with the round itself. An import changes the ledger first and writes the receipt afterwards: a program
//! that stops between the two has done the import, and the same command again writes the receipt. New reports in a form are written
//! to `OUT/forms/inbox` in the columns of the villages' contract: the next run of a quarter reads them beside the villages' lists.

mod apply;
mod export;
mod import;
#[cfg(test)]
mod print_tests;
mod receipt;

use std::path::Path;

use jiff::civil::Date;

pub use export::{ExportOptions, Exported, export};
pub use import::{ImportOptions, Imported, ImportedFile, import};
pub use receipt::{ReceiptOptions, Receipts, receipt};

use super::ledger;
use crate::cases::forms::{self, FormKind, FormSpec, Issue, Issued, Taken};
use crate::cases::ledger::{FILE, FormEntry};
use crate::codes::Codes;
use crate::diag::Outcome;
use crate::model::Table;
use crate::plan::{Plan, Source, SourceRole};
use crate::publish::workbook::{self, Words};

/// Folder of the 核实表 below the folder of the round.
const VERIFY: &str = "核实表";

/// 核实表 of a round: what each township is asked.
pub fn verify(plan: &Plan, codes: &Codes, round: &str, as_of: Date, taken: &Taken, tasks: &Table) -> Vec<Issued> {
    let days = plan.process.cases.state("to_verify").and_then(|s| s.working_days);
    let due_on = days.map(|n| codes.workdays().add_working_days(as_of, n).0);
    forms::verify_forms(&Issue { kind: FormKind::Verify, round, issued_on: as_of, due_on, taken }, tasks)
}

/// Writes the 核实表 of a round below its folder.
pub fn write_verify(issue: &workbook::Issue, all: &[Issued], dir: &Path) -> Outcome<()> {
    workbook::forms(issue, &forms::verify(issue.plan), &words(FormKind::Verify), all, &dir.join(VERIFY)).map(|_| ())
}

/// What a kind shows and asks; none for kinds that do not come back.
pub fn spec(kind: FormKind, plan: &Plan, codes: &Codes) -> Option<FormSpec> {
    match kind {
        FormKind::Verify => Some(forms::verify(plan)),
        FormKind::Blank => offline(plan).map(|source| forms::blank(source, codes)),
        FormKind::SelfReport => offline(plan).map(|source| forms::self_report(source, codes)),
        _ => super::papers::spec(kind, plan),
    }
}

/// The contract of what villages report.
fn offline(plan: &Plan) -> Option<&Source> {
    plan.sources.iter().find(|s| s.role == SourceRole::Offline)
}

/// What a kind says around its rows.
fn words(kind: FormKind) -> Words {
    if let Some(words) = super::papers::words(kind) {
        return words;
    }
    let lines = |all: &[&str]| all.iter().map(|l| (*l).to_string()).collect();
    match kind {
        FormKind::Verify => Words {
            title: "线上线下比对核实表".into(),
            how: lines(&[
                "填写：请入户核实后填浅色各栏，“核实结果”从下拉列表中选一项；不要增删行，不要改动编号。",
                "“属实”以外的结果必须写情况说明；“原因不同”必须选填实际风险；“身份不符”必须写正确姓名，知道的填正确身份证号（18位）。",
                "只有“身份不符”时才填身份证号，其他情况不需要。每行写核实人和核实日期。",
                "橙色格表示还缺必填内容，灰色格表示不需要填。可以整行排序，不要只排部分列。",
                "新发现而表中没有的户：填《线下排查表》一并交回；写在本表末尾（编号留空）的，也作为新增收下。",
                "填好后保存为 .xlsx 交回，文件名不限；没有填完的可以先交，补填后再交同一张表。收到后会出具回执。",
            ]),
            back_to: "县防贫办（以电子表交回，纸质表签字盖章留村备查）".into(),
            closing: lines(&[
                "核实人（签字）：＿＿＿＿＿＿　　村党组织书记（签字）：＿＿＿＿＿＿　　村（居）委会（盖章）　　\
                 乡镇审核人（签字）：＿＿＿＿＿＿　　日期：＿＿＿＿年＿＿月＿＿日",
            ]),
        },
        FormKind::SelfReport => Words {
            title: "自主申报表".into(),
            how: lines(&[
                "填写：每户一行。没有签订授权书（授权书编号为空）的，不能比对其收入和财产，不予受理。",
                "“上报类型”从下拉列表中选；“致贫返贫风险”可选多项，用顿号（、）分开。",
            ]),
            back_to: "县防贫办".into(),
            closing: lines(&["填表人（签字）：＿＿＿＿＿＿　　村（居）委会（盖章）　　日期：＿＿＿＿年＿＿月＿＿日"]),
        },
        _ => Words {
            title: "线下排查表".into(),
            how: lines(&[
                "填写：每户一行，填浅色各栏；“上报类型”从下拉列表中选，“致贫返贫风险”可选多项，用顿号（、）分开。",
            ]),
            back_to: "县防贫办".into(),
            closing: lines(&[
                "填表人（签字）：＿＿＿＿＿＿　　审核人（签字）：＿＿＿＿＿＿　　日期：＿＿＿＿年＿＿月＿＿日",
            ]),
        },
    }
}

/// Every form of an output folder and how it stands.
///
/// # Errors
/// There is no ledger (66), or it cannot be read (74).
pub fn list(out: &Path) -> Outcome<Vec<FormEntry>> {
    ledger_of(out)?.forms()
}

/// The ledger of a folder that must have one.
fn ledger_of(out: &Path) -> Outcome<crate::cases::ledger::Ledger> {
    match out.join(FILE).is_file() {
        true => ledger::open(out),
        false => Err(ledger::missing(out)),
    }
}
