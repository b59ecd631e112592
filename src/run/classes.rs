//! What each output may show of a person, who reads it and why: one table for the documentation and the test that plants canaries.

use crate::model::Privacy;

/// What tells who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Names in full.
    Names,
    /// Identity numbers in full.
    Numbers,
    /// Telephone numbers.
    Phones,
    /// Bank accounts.
    Accounts,
}

/// One kind of output.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Where it lies below the output folder, as a glob; the first that fits counts.
    pub path: &'static str,
    /// The highest class of what stands in it.
    pub class: Privacy,
    /// What may stand in it in full. What is not named here is masked or absent.
    pub shows: &'static [Shows],
    /// Who reads it.
    pub reader: &'static str,
    /// Why that reader needs what is shown in full.
    pub why: &'static str,
}

use Privacy::{Internal, Personal, Public, Sensitive};
use Shows::{Accounts, Names, Numbers, Phones};

const NOTHING: &[Shows] = &[];
const ALL: &[Shows] = &[Names, Numbers, Phones, Accounts];

/// Every output below the output folder.
#[rustfmt::skip]
pub const OUTPUTS: &[Output] = &[
    out("交接单.html", Public, NOTHING, "经办人、保管人", "只有批次、指纹和签字栏"),
    out("audit.jsonl", Internal, NOTHING, "审计员", "谁、何时、做了什么、为什么；只有编号和数量"),
    out("history.jsonl", Internal, NOTHING, "值班员", "哪次运行何时结束、退出码"),
    out(".lock", Internal, NOTHING, "程序", "哪个进程占用"),
    out(".before/**", Sensitive, ALL, "程序", "撤销一次运行时放回的原状"),
    out(".stages/**", Sensitive, ALL, "程序", "已完成步骤的结果，下次运行接着用"),
    out(".sealing-*/**", Sensitive, ALL, "程序", "封装前的明文，封装完即删；中断留下的一天后清除"),
    out("rounds/*/manifest.json", Internal, NOTHING, "审计员、复算的人", "文件指纹和数量"),
    out("rounds/*/purged.json", Internal, NOTHING, "审计员", "清除了哪些文件、多少行"),
    out("rounds/*/report.html", Internal, NOTHING, "领导小组", "只有数量"),
    out("rounds/*/核实表/**", Sensitive, &[Names], "乡镇、村", "要上门找到这一户：姓名全，号码只留头尾"),
    out("rounds/*/线上疑似名单.xlsx", Sensitive, &[Names, Numbers], "县防贫办", "逐户研判，号码用来和部门核对"),
    out("rounds/*/建议名单.xlsx", Sensitive, &[Names, Numbers], "县防贫办、审定会议", "审定后录入全国系统要用号码"),
    out("rounds/*/待认定匹配.xlsx", Sensitive, ALL, "县防贫办", "认定是否同一人，要比对原值"),
    out("rounds/*/数据质量回执/**", Sensitive, ALL, "提供数据的部门", "改正自己的数据，要看到自己送来的原值"),
    out("rounds/*/tables/*.parquet", Sensitive, ALL, "县防贫办", "全部计算依据；每列带隐私级别"),
    out("forms/全国系统标注和录入_*.xlsx", Sensitive, ALL, "县防贫办", "按全国系统表头录入，号码必须完整"),
    out("forms/receipts/**", Sensitive, &[Names], "乡镇", "说明哪一户的答复收到了、缺了"),
    out("forms/inbox/**", Sensitive, ALL, "程序（下次运行读入）", "村里新报的户，号码用来认人"),
    out("forms/publicity/**", Personal, &[Names], "村民（公示栏）", "公示要求姓名；号码、电话、账号、病情一律没有"),
    out("forms/**", Sensitive, &[Names], "乡镇、村、部门", "办这一户的事：姓名全，号码只留头尾"),
    out("dossiers/**", Sensitive, NOTHING, "县防贫办", "一户一档；--unmask 才有姓名全称，并记入审计日志"),
    out("deliveries/**", Sensitive, ALL, "程序", "部门送来的原件，按指纹保存，到期清除"),
    out("ledger.sqlite*", Sensitive, ALL, "程序", "跨批次的人员编号、案件和认定"),
];

const fn out(
    path: &'static str,
    class: Privacy,
    shows: &'static [Shows],
    reader: &'static str,
    why: &'static str,
) -> Output {
    Output { path, class, shows, reader, why }
}

impl Shows {
    /// In Chinese.
    pub fn title(self) -> &'static str {
        match self {
            Names => "姓名",
            Numbers => "身份证号",
            Phones => "电话",
            Accounts => "银行账号",
        }
    }
}

/// The table as `docs/privacy.md` has it.
pub fn as_markdown() -> String {
    let mut text = String::from("| 输出（OUT 之下） | 级别 | 完整显示 | 谁看 | 为什么 |\n|---|---|---|---|---|\n");
    for o in OUTPUTS {
        let shows = match o.shows {
            [] => "无".to_string(),
            some => some.iter().map(|s| s.title()).collect::<Vec<_>>().join("、"),
        };
        text.push_str(&format!("| `{}` | {} | {shows} | {} | {} |\n", o.path, o.class.name(), o.reader, o.why));
    }
    text
}
