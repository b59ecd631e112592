//! The papers of a year: each goes out, is filled in as the script says, and comes back as a form.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bidui::run::forms::{ExportOptions, export};
use bidui::run::open_orders;
use serde_json::Value;

use super::book::Book;
use super::support::root;
use super::year::{Year, text, upside_down};

/// The kind of form on which a batch of the script comes back; none for what is done otherwise.
pub fn kind(batch: &str) -> Option<&'static str> {
    Some(match batch {
        "identity" => "identity",
        "exit" => "exit",
        "end" => "publicity",
        "township" => "township",
        "meeting" => "meeting",
        "plan" => "order",
        "filing" => "filing",
        "returns" => "return",
        "notice" => "notice",
        _ => return None,
    })
}

impl Year {
    /// Sends a paper out; it has a row for everything that waits.
    fn send(&mut self, kind: &str, day: &str) -> Vec<PathBuf> {
        let options = ExportOptions {
            pipeline: root().join("pipelines/quarterly"),
            out: self.out.clone(),
            kind: kind.into(),
            to: None,
            on: Some(day.parse().unwrap()),
        };
        let sent = export(&options).unwrap();
        let rows: usize = sent.files.iter().map(|f| Book::read(f).rows().len()).sum();
        assert_eq!(rows, sent.rows, "{kind} {day}: every row is in a workbook");
        // The register knows when somebody entered by the month only: who has had his year is not counted.
        if self.strict && kind != "exit" {
            let wanted = self.papers.get(&(day.to_string(), kind.to_string())).copied();
            assert_eq!(Some(rows), wanted, "{kind} {day}: rows of what waits");
        }
        sent.files
    }

    /// Lists for publicity hang out: everybody on them is being published from then on.
    pub fn publish(&mut self, acts: &[Value]) {
        let day = text(&acts[0], "day").to_string();
        let published = |year: &Year| {
            let cases = year.ledger().cases().unwrap();
            cases.iter().filter(|c| c.state == "village_publicity" && c.since == day).count()
        };
        self.lists = self.send("publicity", &day);
        assert!(published(self) == acts.len() || !self.strict, "{day}: {} of {}", published(self), acts.len());
    }

    /// Orders for everybody whom the meeting let in.
    pub fn open_orders(&mut self, acts: &[Value]) {
        let opened = open_orders(&self.office(text(&acts[0], "day")), "县防贫办").unwrap();
        let told: Vec<String> = opened.iter().map(|o| format!("{} {}", o.case_id, o.cause)).collect();
        let wanted: Vec<String> = acts.iter().map(|a| format!("{} {}", text(a, "name"), text(a, "cause"))).collect();
        assert!(told.len() == wanted.len() || !self.strict, "opened {told:#?} for {wanted:#?}");
    }

    /// A paper goes out, is filled in and comes back.
    pub fn paper(&mut self, kind: &str, acts: &[Value]) {
        let day = text(&acts[0], "day").to_string();
        let issued = match kind {
            "publicity" => self.lists.clone(),
            _ => self.send(kind, &day),
        };
        let ledger = self.ledger();
        let tokens = ledger.form_tokens().unwrap();
        let mut order_of = BTreeMap::new();
        for state in ledger.orders(&self.plan.process).unwrap() {
            if state.order.state != "cancelled" {
                order_of.insert((state.order.case, state.order.cause.clone()), state.order.order);
            }
        }
        let mut by_row: BTreeMap<(Option<u32>, Option<u32>), &Value> = BTreeMap::new();
        for (case, acts) in self.by_case(acts) {
            for act in acts {
                let key = match text(act, "cause") {
                    "" => (Some(case), None),
                    cause => (None, order_of.get(&(case, cause.to_string())).copied()),
                };
                if key == (None, None) {
                    self.refused.push(format!("no order for {act}"));
                } else if by_row.insert(key, act).is_some() {
                    self.refused.push(format!("twice on one paper: {act}"));
                }
            }
        }
        let (mut files, mut wanted) = (Vec::new(), Vec::new());
        for (n, path) in issued.iter().enumerate() {
            let mut book = Book::read(path);
            let (mut answered, mut whole) = (0, true);
            for (sheet, row) in book.rows() {
                match by_row.remove(&tokens[&book.token(sheet, row)]) {
                    Some(act) => {
                        fill(&mut book, sheet, row, act);
                        answered += 1;
                    }
                    None => whole = false,
                }
            }
            if answered == 0 {
                continue;
            }
            if kind == "meeting" {
                for (label, said) in
                    [("会议编号", text(&acts[0], "meeting")), ("会议日期", &day), ("审定人", "县领导小组")]
                {
                    head(&mut book, label, said);
                }
            }
            if n % 2 == 1 {
                book.sheets.iter_mut().filter(|s| !s.hidden).for_each(upside_down);
            }
            files.push(self.save(&book, path, &day, n));
            wanted.push((answered, whole));
        }
        self.refused.extend(by_row.values().map(|act| format!("on no {kind}: {act}")));
        let imported = self.bring_in(files, &day);
        for (file, (answered, whole)) in imported.files.iter().zip(wanted) {
            let told = serde_json::to_value(file).unwrap();
            assert_eq!(file.state, "imported", "{told:#}");
            assert!(told["counts"]["answered"] == answered || !self.strict, "{kind} {day}: {answered} of {told:#}");
            assert!(file.complete == whole || !self.strict && !file.complete, "{kind} {day}: {told:#}");
        }
    }
}

/// Fills the cover: what is asked once for the whole form.
fn head(book: &mut Book, label: &str, said: &str) {
    for sheet in book.sheets.iter_mut().filter(|s| !s.hidden) {
        for row in sheet.grid.iter_mut().filter(|r| r.first().is_some_and(|c| c == label)) {
            row.resize_with(2, String::new);
            row[1] = said.to_string();
        }
    }
}

/// What somebody writes into a row.
fn fill(book: &mut Book, sheet: usize, row: usize, act: &Value) {
    let (day, reason) = (text(act, "day"), text(act, "reason"));
    let shown = |book: &Book, heading: &str| book.get(sheet, row, heading);
    let mut cells: Vec<(&str, String)> = Vec::new();
    let mut put = |heading, said: &str| cells.push((heading, said.to_string()));
    match (text(act, "batch"), text(act, "trigger")) {
        ("identity", trigger) => {
            put("核对结果", if trigger == "identity.found" { "身份已查清" } else { "查无此人此户" });
            put("核对说明", reason);
            put("核对人", "赵主任");
            put("核对日期", day);
        }
        ("end", trigger) => {
            let passed = trigger == "publicity.passed";
            put("公示结果", if passed { "无异议" } else { "有异议" });
            put("异议内容和调查处理", reason);
            put("公示截止日期", day);
            put("经办人", "王干部");
        }
        ("township", trigger) => {
            let passed = trigger == "township.pass";
            put("审核意见", if passed { "通过" } else { "退回补正" });
            put(if passed { "审慎事项说明" } else { "退回原因" }, if passed { "已核实，不影响" } else { reason });
            put("审核人", "李镇长");
            put("审核日期", day);
        }
        ("meeting", trigger) => {
            let decided = match trigger {
                "meeting.pass" | "order.special_pass" => "通过",
                "meeting.reject" => "不通过",
                _ => "退回补正",
            };
            put("审定意见", decided);
            put("审慎事项说明", "会议已了解");
            put("原因", reason);
        }
        ("exit", trigger) => {
            let gone = trigger == "exit.village";
            put("评定意见", if gone { "风险已消除" } else { "继续跟踪" });
            put("评定理由", reason);
            if gone {
                put("表决方式", "举手");
                put("驻村工作队参加", "是");
                put("农户同意", "是");
            }
            put("评定人", "王干部");
            put("评定日期", day);
        }
        ("plan", _) => {
            let special = text(act, "manner") == "special";
            let fits = shown(book, "可用举措");
            put("办理意见", "拟定");
            put("拟定举措", if special { "特殊救助" } else { fits.split('、').next().expect("a measure") });
            put("金额（元）", "100");
            put("资金来源", "行业部门普惠政策资金");
            put("普惠政策不足的说明", if special { "报销和救助后仍有缺口" } else { "" });
            put("经办人", "张科长");
            put("拟定日期", day);
        }
        ("filing", trigger) => {
            match trigger {
                "order.file" => {
                    put("审核意见", "备案");
                    put("备案号", "备〔2026〕1号");
                }
                "order.special" => put("审核意见", "提请领导小组审定"),
                _ => put("审核意见", "退回"),
            }
            put("原因", reason);
            put("审核人", "赵主任");
            put("审核日期", day);
        }
        ("returns", trigger) => {
            let done = trigger == "order.close";
            put("办理情况", if done { "已完成，申请办结" } else { "实施中" });
            put("进展", "已落实");
            put("经办人", "张科长");
            for condition in ["整改到位", "责任落实", "群众满意"].into_iter().filter(|_| done) {
                put(condition, "是");
            }
        }
        ("notice", _) => {
            put("告知结果", "已公示并告知本人");
            put("告知方式", "入户当面");
            put("告知人", "王干部");
            put("告知日期", day);
        }
        (batch, trigger) => panic!("{batch} {trigger} is on no paper"),
    }
    for (heading, said) in cells.into_iter().filter(|(_, said)| !said.is_empty()) {
        book.set(sheet, row, heading, &said);
    }
}
