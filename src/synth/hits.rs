//! Which rule of the catalogue should hold for whom, by the written policy and the generator's own facts. In: a household's
//! facts. Out: rule ids with the person when the rule is about one. Shares no code with `screen`.
//!
//! What a department does not know is not told here either: a household without a survey has no income, a house nobody
//! appraised has no grade. The numbers stand in `pipelines/quarterly/params.toml` with their documents.

use jiff::ToSpan;
use jiff::civil::Date;

use super::facts::{Appraisal, Facts};
use super::lives::severe;
use super::people::{County, Monitored};
use super::policy::{self, INCOME_LINE};
use super::study;

/// Income in fen from which doubt is told.
const INCOME_CAUTION: i64 = 2_000_000;
/// The county's minimum living standard, fen a year.
const DIBAO_LINE: i64 = 660_000;

/// A rule that should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Id of the rule.
    pub rule: &'static str,
    /// Whom it is about, when it is about a person.
    pub person: Option<usize>,
}

/// What the truth of a household is read from.
pub struct Case<'a> {
    /// The county.
    pub county: &'a County,
    /// The household.
    pub household: usize,
    /// Its facts.
    pub facts: &'a Facts,
    /// Days without water of the village's works, and whether a fault is open for more than 30 days.
    pub works: (i64, bool),
    /// Seed of the county.
    pub seed: u64,
    /// The round's day.
    pub as_of: Date,
    /// A department's data show a risk that lists the household.
    pub listed: bool,
}

/// The rules that should hold for a household and its members, sorted.
pub fn hits(case: &Case) -> Vec<Hit> {
    let here = case.county.here(case.household);
    if here.is_empty() {
        return Vec::new();
    }
    let mut seen = Seen { case, here, found: Vec::new() };
    seen.school();
    seen.medical();
    seen.house();
    seen.water();
    seen.income();
    seen.work();
    seen.events();
    seen.aid();
    seen.urban();
    super::hits_conduct::caution(&mut seen);
    super::hits_conduct::conduct(&mut seen);
    seen.found.sort_unstable();
    seen.found.dedup();
    seen.found
}

/// A household while its hits are collected.
pub(super) struct Seen<'a> {
    pub case: &'a Case<'a>,
    pub here: Vec<usize>,
    found: Vec<Hit>,
}

impl<'a> Seen<'a> {
    pub fn facts(&self) -> &'a Facts {
        self.case.facts
    }

    pub fn lifted(&self) -> bool {
        self.case.county.households[self.case.household].lifted
    }

    /// Marked in the national system and the risk is not gone.
    pub fn watched(&self) -> bool {
        self.marked().is_some_and(|m| !m.cleared)
    }

    pub fn marked(&self) -> Option<Monitored> {
        self.case.county.households[self.case.household].monitored
    }

    pub fn age(&self, person: usize) -> i64 {
        self.case.county.persons[person].age(self.case.as_of)
    }

    /// In the last so many months, the round's day included.
    pub fn within(&self, day: Date, months: i64) -> bool {
        day > self.case.as_of.saturating_sub(months.months()) && day <= self.case.as_of
    }

    /// In the last so many days before the round's day.
    fn older(&self, day: Date, days: i64) -> bool {
        day < self.case.as_of.saturating_sub(days.days())
    }

    pub fn household(&mut self, rule: &'static str, holds: bool) {
        if holds {
            self.found.push(Hit { rule, person: None });
        }
    }

    pub fn person(&mut self, rule: &'static str, person: usize, holds: bool) {
        if holds {
            self.found.push(Hit { rule, person: Some(person) });
        }
    }

    pub fn holds(&self, rule: &str) -> bool {
        self.found.iter().any(|h| h.rule == rule)
    }

    /// Per-capita income of the survey.
    pub fn per_capita(&self) -> Option<i64> {
        self.facts().survey.as_ref().map(|s| s.per_capita)
    }

    pub fn below(&self, line: i64) -> bool {
        self.per_capita().is_some_and(|income| income < line)
    }

    pub fn latest(&self) -> Option<&'a Appraisal> {
        self.facts().appraisals.iter().max_by_key(|a| a.day)
    }

    pub fn dangerous(&self) -> bool {
        self.latest().is_some_and(|a| matches!(a.grade, 'C' | 'D') && a.accepted.is_none())
    }

    /// Draws the minimum allowance now.
    pub fn allowance(&self) -> bool {
        self.facts().aid.allowance.as_ref().is_some_and(|a| a.stopped.is_none())
    }

    /// Compliant self-pay of the household, or of one member, in the window.
    fn self_pay(&self, of: Option<usize>) -> i64 {
        let claims = self.facts().claims.iter().filter(|c| self.within(c.day, 12));
        claims.filter(|c| of.is_none_or(|p| p == c.person)).map(|c| c.self_pay()).sum()
    }

    pub fn disabled(&self, person: usize) -> bool {
        self.facts().lives.certificates.iter().any(|c| c.person == person)
    }

    pub fn seriously_ill(&self, person: usize) -> bool {
        self.facts().lives.illnesses.iter().any(|i| i.person == person && i.class == "大病")
    }

    /// Not insured, and no reason for it.
    pub fn uninsured(&self, person: usize) -> bool {
        let row = self.facts().aid.insurance.iter().find(|i| i.person == person);
        row.is_none_or(|i| i.status == "未参保" && i.reason.is_empty())
    }

    /// Members on the labour ledger, those in work, in stable work, out of the county, out of the province, unemployed.
    pub fn labour(&self) -> [usize; 6] {
        let count = |holds: fn(&super::lives::Job) -> bool| self.facts().lives.jobs.iter().filter(|j| holds(j)).count();
        [
            count(|_| true),
            count(|j| matches!(j.state, "稳定就业" | "灵活就业")),
            count(|j| j.state == "稳定就业"),
            count(|j| matches!(j.place, "省内县外" | "省外")),
            count(|j| j.place == "省外"),
            count(|j| j.state == "失业"),
        ]
    }

    fn public_school(&self) -> i64 {
        let fees = self.facts().study.fees.iter();
        fees.filter(|f| f.owner == "公办" && f.mode == "全日制").map(|f| f.own()).sum()
    }

    fn school(&mut self) {
        let facts = self.facts();
        self.household("EDU-02", self.public_school() > policy::SCHOOL_COST);
        for p in self.here.clone() {
            let age = self.age(p);
            let listed: Vec<_> = facts.dropouts.iter().filter(|d| d.person == p).collect();
            let out = |d: &&&super::facts::Dropout| matches!(d.category, "疑似辍学" | "长期请假");
            let of_age = (6..=15).contains(&age);
            let left = listed.iter().filter(out).any(|d| !matches!(d.reason, "身体原因" | "外出就读"));
            self.person("EDU-01", p, of_age && left);
            self.person("EDU-03", p, of_age && listed.iter().filter(out).any(|d| d.reason == "厌学"));
            let at_home = listed.iter().any(|d| d.category == "送教上门");
            self.person("EDU-04", p, at_home && !self.disabled(p) && !self.seriously_ill(p));
            let on_roll = of_age && !facts.study.elsewhere.contains(&p);
            self.person("EDU-05", p, of_age && !on_roll && listed.is_empty());
            let idle = facts.study.leavers.iter().any(|l| l.person == p && l.state == "未升学未就业");
            self.person("EDU-06", p, idle && (15..=20).contains(&age));
            let at_school = on_roll || facts.study.fees.iter().any(|f| f.person == p);
            let aid = facts.study.aid.iter().filter(|a| a.person == p && self.within(a.day, 12));
            let aid: i64 = aid.map(|a| a.amount).sum();
            self.person("EDU-07", p, (self.lifted() || self.watched()) && at_school && aid == 0);
            self.person("EDU-08", p, self.disabled(p) && on_roll && aid < 50_000);
        }
    }

    fn medical(&mut self) {
        let facts = self.facts();
        let own = self.self_pay(None);
        self.household("MED-01", own >= policy::medical_limit(self.lifted()));
        self.household("MED-09", self.watched() && own >= 300_000);
        for p in self.here.clone() {
            let year: Vec<_> = facts.claims.iter().filter(|c| c.person == p && self.within(c.day, 12)).collect();
            let in_scope: i64 = year.iter().map(|c| c.in_scope).sum();
            let share = self.self_pay(Some(p)) * 10 > in_scope;
            self.person("MED-02", p, self.lifted() && in_scope >= 300_000 && share);
            let ill = |class: &str| facts.lives.illnesses.iter().any(|i| i.person == p && i.class == class);
            let untreated = |i: &&super::lives::Illness| i.person == p && i.treatment == "未救治";
            let mut without = facts.lives.illnesses.iter().filter(untreated);
            self.person("MED-03", p, without.clone().any(|i| i.class == "大病") && year.is_empty());
            self.person("MED-11", p, without.any(|i| matches!(i.class, "严重精神障碍" | "白内障")));
            self.person("MED-04", p, self.uninsured(p));
            let row = facts.aid.insurance.iter().find(|i| i.person == p && i.status != "未参保");
            let exit = facts.home.exit_year.is_some_and(|y| y > policy::NO_SUBSIDY_UNTIL);
            // Two tiers: what is paid for the lower one is half of it at most.
            let full = row.is_some_and(|i| i.paid > super::aid::PREMIUM / 2 && i.paid != 50_000 && i.paid != 70_000);
            self.person("MED-05", p, self.lifted() && exit && full);
            let kept = facts.aid.care.as_ref().is_some_and(|c| c.person == p);
            self.person("MED-06", p, kept && row.is_some_and(|i| i.paid > 0));
            let doctor = facts.lives.illnesses.iter().any(|i| i.person == p && i.class == "慢性病" && i.doctor);
            self.person("MED-07", p, self.lifted() && ill("慢性病") && !doctor);
            let mut waits = facts.means.pending.iter().filter(|b| b.person == p && b.state == "待报销");
            self.person("MED-08", p, waits.any(|b| self.older(b.day, 30)));
            let stays = year.iter().filter(|c| c.inpatient);
            let (covered, funds) = stays.fold((0, 0), |(a, b), c| (a + c.in_scope, b + c.funds()));
            self.person("MED-10", p, ill("大病") && covered > 0 && funds * 10 < covered * 9);
            let relief: i64 = year.iter().map(|c| c.aid).sum();
            self.person("MED-12", p, relief > 5_000_000);
        }
    }

    /// Cost that the household bore itself for works accepted in the window.
    fn works_cost(&self) -> i64 {
        let done = self.facts().appraisals.iter().filter(|a| a.accepted.is_some_and(|day| self.within(day, 12)));
        done.map(|a| a.house.own_cost).sum()
    }

    fn house(&mut self) {
        let facts = self.facts();
        let dangerous = self.dangerous();
        self.household("HOU-01", dangerous);
        let destroyed = |d: &&super::means::Disaster| d.rooms[0] + d.rooms[1] > 0 && self.within(d.day, 12);
        let day = facts.means.disasters.iter().filter(destroyed).map(|d| d.day).max();
        let accepted = facts.appraisals.iter().filter_map(|a| a.accepted).max();
        self.household("HOU-02", day.is_some_and(|day| accepted.is_none_or(|done| done < day)));
        if let Some(latest) = self.latest() {
            let house = latest.house;
            let safe = matches!(latest.grade, 'A' | 'B');
            self.household("HOU-03", house.only && house.shabby && safe);
            self.household("HOU-08", dangerous && house.mode.is_empty() && self.older(latest.day, 180));
            self.household("HOU-09", safe && !(house.signed && house.plaque));
            let size = self.here.len() as i64;
            let wrong = house.area < 300 || house.area > 600 || (size > 3 && house.area > size * 180);
            self.household("HOU-10", house.area > 0 && wrong);
        }
        self.household("HOU-11", self.works_cost() >= 3_000_000);
        let kept_at_home = facts.aid.care.as_ref().is_some_and(|c| c.at_home);
        let (disabled, orphans) = (!facts.lives.certificates.is_empty(), !facts.study.orphans.is_empty());
        let group = self.lifted() || self.allowance() || kept_at_home || disabled || orphans;
        self.household("HOU-05", dangerous && group);
        let no_house = facts.means.estates.iter().all(|e| e.usage == "商业服务");
        self.household("HOU-06", no_house && (kept_at_home || orphans || !facts.study.veterans.is_empty()));
        self.household("HOU-07", no_house && facts.lives.certificates.iter().any(|c| c.level <= 2));
        if let [p] = self.here[..] {
            let able = facts.means.supports.iter().any(|s| s.person == p && s.able == "充足");
            self.person("HOU-04", p, self.age(p) >= 60 && dangerous && able);
        }
    }

    fn water(&mut self) {
        let (off, fault) = self.case.works;
        self.household("WAT-03", off > policy::WATER_DAYS_OFF || fault);
        let Some(water) = &self.facts().water else { return };
        let dry = water.decilitres.is_some_and(|d| d < policy::WATER_DECILITRES);
        self.household("WAT-01", dry || water.days_off > policy::WATER_DAYS_OFF);
        let open = water.problem.is_some_and(|(_, since, done)| {
            done.is_none_or(|day| day > self.case.as_of) && self.older(since, policy::WATER_OPEN_DAYS)
        });
        self.household("WAT-02", open);
        self.household("WAT-04", water.quality == "不合格");
        self.household("WAT-05", water.minutes > 20);
    }

    fn income(&mut self) {
        let facts = self.facts();
        self.household("INC-01", self.below(INCOME_LINE));
        self.household("INC-02", self.below(DIBAO_LINE));
        let h = &self.case.county.households[self.case.household];
        let national = (h.lifted || h.monitored.is_some())
            .then(|| facts.survey.as_ref().map_or(h.income * 95 / 100, |s| s.last_year));
        let rich = self.per_capita().is_some_and(|i| i >= INCOME_CAUTION);
        self.household("CAU-01", rich || national.is_some_and(|i| i >= INCOME_CAUTION));
        let Some(survey) = &facts.survey else { return };
        self.household("LIV-01", survey.loss >= policy::INDUSTRY_LOSS);
        self.household("LIV-02", survey.labour >= 1 && survey.stable == 0 && survey.per_capita < INCOME_LINE);
        self.household("EXP-02", survey.per_capita * 10 < survey.last_year * 7);
        let lost: i64 = facts.means.disasters.iter().filter(|d| self.within(d.day, 12)).map(|d| d.loss).sum();
        let rigid = self.self_pay(None) + self.public_school() + lost + self.works_cost();
        self.household("EXP-01", rigid > survey.last_year * self.here.len() as i64);
    }

    fn work(&mut self) {
        let facts = self.facts();
        let [labour, works, stable, away, _, _] = self.labour();
        self.household("EMP-01", labour > 0 && works == 0);
        self.household("EMP-02", self.lifted() && labour > 0 && away == 0);
        self.household("EMP-03", facts.home.relocated && labour > 0 && stable == 0);
        let listed = self.lifted() || self.marked().is_some();
        let county = self.case.county;
        let lost = |&&p: &&usize| (16..60).contains(&self.age(p)) && severe(&county.persons[p]);
        let lost = listed && self.here.iter().any(|p| lost(&p));
        let kept = self.allowance() || facts.aid.care.is_some();
        self.household("EMP-06", self.lifted() && lost && works == 0 && !kept);
        self.household("LIV-03", facts.means.loans.iter().any(|l| l.overdue > 0));
        for job in &facts.lives.jobs {
            let idle = !matches!(job.state, "稳定就业" | "灵活就业");
            let back = job.ended.is_some_and(|day| self.within(day.first_of_month(), 6));
            self.person("EMP-04", job.person, back && idle);
            let trained = job.trained.is_some_and(|day| self.within(day, 12));
            let of_age = (16..=55).contains(&self.age(job.person));
            self.person("EMP-05", job.person, job.willing && of_age && !trained);
        }
    }

    fn events(&mut self) {
        let facts = self.facts();
        let of_age = |p: usize, day: Date| (16..=59).contains(&self.case.county.persons[p].age(day));
        let hurt = facts
            .lives
            .casualties
            .iter()
            .any(|c| matches!(c.severity, "重伤" | "死亡") && of_age(c.person, c.day) && self.within(c.day, 12));
        let died = facts.lives.deaths.iter().any(|d| of_age(d.person, d.day) && self.within(d.day, 12));
        self.household("ACC-01", hurt);
        self.household("LAB-01", died);
        let lost: i64 = facts.means.disasters.iter().filter(|d| self.within(d.day, 12)).map(|d| d.loss).sum();
        self.household("DST-01", lost >= policy::DISASTER_LOSS);
        for c in facts.lives.certificates.iter().filter(|c| c.level <= 2) {
            let of_age = (16..=59).contains(&self.age(c.person));
            self.person("DIS-01", c.person, of_age && self.within(c.issued, 12));
        }
        for d in facts.lives.deaths.iter().filter(|d| self.here.contains(&d.person)) {
            self.found.push(Hit { rule: "REG-01", person: Some(d.person) });
        }
        let granted = |words: &str| -> i64 {
            let of = facts.relief.iter().filter(|r| r.reason == words && self.within(r.day, 12));
            of.map(|r| r.amount).sum()
        };
        let other: i64 = ["重大疾病", "子女教育", "失业", "其他"].into_iter().map(granted).sum();
        let (accident, disaster) = (granted("意外事故"), granted("自然灾害"));
        self.household("OTH-01", accident >= policy::RELIEF);
        self.household("OTH-02", disaster >= policy::RELIEF);
        self.household("AID-05", other >= policy::RELIEF);
        for relief in &facts.relief {
            let late = match relief.paid {
                Some(day) => day > relief.day.saturating_add(4.days()),
                None => self.older(relief.day, 4),
            };
            self.person("AID-10", relief.person, late && self.within(relief.day, 12));
        }
    }

    fn aid(&mut self) {
        let facts = self.facts();
        let kept = self.allowance() || facts.aid.care.is_some();
        if let Some(allowance) = &facts.aid.allowance {
            let fresh = self.within(allowance.start.first_of_month(), 6);
            let unknown = !self.lifted() && self.marked().is_none();
            self.household("AID-01", allowance.stopped.is_none() && fresh && unknown);
            if let Some((day, reason)) = allowance.stopped {
                self.household("AID-02", self.within(day.first_of_month(), 6));
                self.household("AID-03", reason == "收入超标" && self.below(INCOME_LINE));
            }
        }
        if let Some(care) = &facts.aid.care {
            self.household("AID-04", self.within(care.start.first_of_month(), 6));
        }
        let looked_at = self.lifted() || self.watched();
        self.household("AID-06", looked_at && self.labour()[0] == 0 && !kept);
        for c in &facts.lives.certificates {
            let care = c.level <= 2 && !c.care;
            self.person("AID-07", c.person, care || (self.allowance() && !c.living));
        }
        for p in self.here.clone() {
            let of_age = (16..=59).contains(&self.age(p));
            let unpaid = of_age && !facts.lives.pensions.contains(&p);
            let is_severe = facts.lives.certificates.iter().any(|c| c.person == p && c.level <= 2);
            self.person("AID-08", p, unpaid && is_severe);
            let pupil = facts.study.fees.iter().any(|f| f.person == p);
            self.person("AID-09", p, unpaid && self.lifted() && !pupil);
        }
    }

    fn urban(&mut self) {
        let facts = self.facts();
        if !facts.home.urban {
            return;
        }
        let Case { county, household, seed, as_of, .. } = *self.case;
        let [_, works, stable, _, _, unemployed] = self.labour();
        self.household("URB-01", unemployed >= 2 && works == 0);
        let alone = |&&p: &&usize| {
            let status = study::marital(county, household, p, seed, as_of);
            (18..=59).contains(&self.age(p)) && matches!(status, "离婚" | "丧偶")
        };
        let dependants = self.here.iter().any(|&p| !(18..60).contains(&self.age(p)));
        let alone = self.here.iter().any(|p| alone(&p));
        self.household("URB-02", alone && dependants && stable == 0);
        self.household("URB-03", self.allowance() && self.below(DIBAO_LINE));
        let students = facts.study.fees.iter().any(|f| matches!(f.stage, "高职高专" | "本科"));
        self.household("URB-05", students && self.below(INCOME_LINE));
        for p in self.here.clone() {
            let weak = self.disabled(p) || self.seriously_ill(p);
            self.person("URB-04", p, weak && self.uninsured(p));
        }
    }
}
