//! Help for those whom the county has let in: an order for each cause, planned, filed, returned month by month, closed. Written
//! here a second time on purpose, as the process is.

use jiff::ToSpan;
use jiff::civil::Date;

use super::acts::Scene;
use super::office::{Office, month_after};

/// One order.
#[derive(Debug, Clone)]
pub struct Order {
    /// The case.
    pub case: usize,
    /// The cause to be removed.
    pub cause: &'static str,
    /// Every step: day, trigger, state.
    pub steps: Vec<(Date, &'static str, &'static str)>,
    /// First month in which help is due.
    pub from: Date,
    /// Last month that was returned.
    pub returned: Option<Date>,
    /// What is planned is special relief.
    pub special: bool,
}

impl Order {
    /// Where it stands.
    pub fn state(&self) -> &'static str {
        self.steps.last().map_or("", |s| s.2)
    }

    /// Whether a return for the month before a day is due and not there.
    pub fn expects(&self, day: Date) -> bool {
        let month = last_month(day);
        matches!(self.state(), "filed" | "in_progress") && self.from <= month && self.returned != Some(month)
    }
}

fn last_month(day: Date) -> Date {
    day.first_of_month().saturating_sub(1.month())
}

impl Office {
    /// Every cause of a decided case gets its order; what was cancelled or is there already gets none.
    pub fn open_orders(&mut self, scene: &Scene) {
        for case in 0..self.cases.len() {
            let Some(decided) = self.cases[case].decided() else { continue };
            for cause in self.cases[case].to_remedy() {
                let there = |o: &Order| o.case == case && o.cause == cause && o.state() != "cancelled";
                if self.orders.iter().any(there) {
                    continue;
                }
                let from = month_after(decided).max(scene.day.first_of_month());
                let steps = Vec::new();
                self.orders.push(Order { case, cause, steps, from, returned: None, special: false });
                self.step(scene, self.orders.len() - 1, "", &[("order.open", "drafted")]);
            }
        }
    }

    /// Takes steps of an order, and writes the last of them into the script.
    fn step(&mut self, scene: &Scene, order: usize, manner: &'static str, steps: &[(&'static str, &'static str)]) {
        let (case, cause) = (self.orders[order].case, self.orders[order].cause);
        for (trigger, state) in steps {
            self.orders[order].steps.push((scene.day, *trigger, *state));
        }
        let Some((trigger, _)) = steps.last() else { return };
        let mut act = scene.act(&self.cases[case], trigger, manner);
        (act.cause, act.takes_effect) = (cause, true);
        if scene.batch == "meeting" {
            act.meeting = self.meeting(scene);
        }
        self.script.push(act);
    }

    fn in_state(&self, state: &str) -> Vec<usize> {
        (0..self.orders.len()).filter(|o| self.orders[*o].state() == state).collect()
    }

    /// Departments say what they mean to do; some of them later.
    pub fn plans(&mut self, scene: &Scene) {
        for order in self.in_state("drafted") {
            let card = self.card("plan");
            if card.is_empty() {
                continue;
            }
            self.orders[order].special = card == "special";
            let manner = if card == "special" { "special" } else { "" };
            self.step(scene, order, manner, &[("order.plan", "planned")]);
        }
    }

    /// The office puts plans on file, sends them back, or puts special relief to the meeting.
    pub fn filings(&mut self, scene: &Scene) {
        for order in self.in_state("planned") {
            let to = match (self.orders[order].special, self.card("filing")) {
                (true, _) => ("order.special", "special_review"),
                (false, "order.return") => ("order.return", "drafted"),
                (false, _) => ("order.file", "filed"),
            };
            self.step(scene, order, "", &[to]);
        }
    }

    /// What the meeting decides about special relief.
    pub fn special_relief(&mut self, scene: &Scene) {
        for order in self.in_state("special_review") {
            let to = match self.card("special") {
                "order.return" => ("order.return", "drafted"),
                _ => ("order.special_pass", "filed"),
            };
            self.step(scene, order, "", &[to]);
        }
    }

    /// Departments return the month before: under way, done, or nothing at all.
    pub fn returns(&mut self, scene: &Scene) {
        for order in 0..self.orders.len() {
            if !self.orders[order].expects(scene.day) {
                continue;
            }
            let card = self.card("returns");
            if card.is_empty() {
                continue;
            }
            let mut steps = Vec::new();
            if self.orders[order].state() == "filed" {
                steps.push(("order.start", "in_progress"));
            }
            steps.push(("order.report", "in_progress"));
            if card == "order.close" {
                steps.push(("order.close", "done"));
            }
            self.orders[order].returned = Some(last_month(scene.day));
            self.step(scene, order, "", &steps);
        }
    }

    /// What is still open of a case that has come to an end is not done any more.
    pub fn cancel_orders(&mut self, day: Date, case: usize) {
        for order in self.orders.iter_mut().filter(|o| o.case == case) {
            if !matches!(order.state(), "done" | "cancelled") {
                order.steps.push((day, "order.cancel", "cancelled"));
            }
        }
    }
}
