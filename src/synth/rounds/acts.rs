//! What somebody does on a day, as a line of the script.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::calendar::Stop;
use super::process::{Case, Whom};
use super::view::{View, Views};
use crate::synth::divisions::Township;

/// Something that somebody does.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Act {
    /// On which day.
    pub day: String,
    /// Acts of one day are of one batch. As forms come back: `answers`, `again`, `identity`, `exit`, `end`, `township`, `meeting`,
    /// `plan`, `filing`, `returns`, `notice`. Sent out: `start`. Opened: `open`. At the keyboard: `decide`, `life`, `hand`,
    /// `rollback`, `stop`, `resume`, `entered`.
    pub batch: &'static str,
    /// Day of the run whose form is filled in.
    pub form: String,
    /// Township's code.
    pub township: String,
    /// Village's name.
    pub village: String,
    /// The register's household number; empty for a stranger.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub household: String,
    /// Name of the head, or as reported.
    pub name: String,
    /// A stranger's number as reported.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reported_number: String,
    /// The register's number of the other household: into whose case it goes, from whose case it is split.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub other: String,
    /// The order's cause; empty for what is done to the case.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub cause: &'static str,
    /// What it does to the case; empty when nothing is answered.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub trigger: &'static str,
    /// How the form is handled when not plainly: `late`, `deleted`, `same_again`, `corrected`, `two_versions`; `special`
    /// when special relief is planned.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub manner: &'static str,
    /// Causes found, where they are other ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<&'static str>,
    /// Why.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: &'static str,
    /// Number of the meeting.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub meeting: String,
    /// False for what must change nothing: a second version that says the same, or another thing.
    pub takes_effect: bool,
}

/// A day on which something is done.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The day.
    pub day: Date,
    /// What is done.
    pub batch: &'static str,
    /// The stop whose business it is.
    pub stop: &'a Stop,
    /// Day of the run whose forms are out.
    pub form: Date,
    /// What there is to see, by stop.
    pub views: &'a [Views],
    /// The last run's stop.
    pub last: usize,
    /// Households that have left as a whole, and whether they died.
    pub gone: &'a BTreeMap<usize, bool>,
    /// The county's townships.
    pub townships: &'a [Township],
}

impl Scene<'_> {
    /// Whether a case's household has left.
    pub fn left(&self, case: &Case) -> bool {
        case.household().is_some_and(|h| self.gone.contains_key(&h))
    }

    /// A household as the last run saw it.
    pub fn view(&self, ordinal: usize) -> Option<&View> {
        self.views[self.last].get(&ordinal)
    }

    /// A line of the script about a case.
    pub fn act(&self, case: &Case, trigger: &'static str, manner: &'static str) -> Act {
        let view = case.household().and_then(|h| self.view(h));
        let reason = match trigger {
            "answer.false" => "入户核实，生活正常，风险不属实",
            "answer.not_found" => "村里查无此人",
            "answer.wrong_identity" => "与数据中的身份不符",
            "answer.other_cause" => "困难属实，原因不同",
            "identity.found" => "已与户籍底册核对，确为该户",
            "identity.none" => "本县查无此人此户",
            "publicity.objection" => "群众反映情况不实，需重新核实",
            "township.return" => "材料不全，退回补正",
            "meeting.reject" => "经研究不符合条件",
            "meeting.return" => "情况不清，退回补正",
            "exit.village" => "收入稳定，风险已消除",
            "exit.extend" => "风险尚未稳定消除，继续跟踪",
            "rollback" => "复核发现风险未稳定消除",
            "life.died" => "全户去世",
            "life.moved" => "全户迁出",
            "merge" => "经核对为该户成员，并入该户一案",
            "split" => "入户发现困难的是另一户，分案核实",
            "clock.stop" => "送市级平台比对",
            "clock.resume" => "平台比对已返回",
            "helper.assign" => "原帮扶联系人调离",
            "order.return" => "金额超过上限，请重新拟定",
            "order.special" => "初审同意，提请审定",
            "undo" => "两次填报不一致，撤回前一次",
            _ => "",
        };
        let (name, number) = match &case.whom {
            Whom::Stranger(name, number) => (name.clone(), number.clone()),
            Whom::Household(_) => (view.map(|v| v.head.clone()).unwrap_or_default(), String::new()),
        };
        let township = &self.townships[case.place.0];
        Act {
            day: self.day.to_string(),
            batch: self.batch,
            form: self.form.to_string(),
            township: township.code.clone(),
            village: township.villages[case.place.1].name(),
            household: view.map(|v| v.number.clone()).unwrap_or_default(),
            name,
            reported_number: number,
            trigger,
            manner,
            reason,
            ..Act::default()
        }
    }
}
