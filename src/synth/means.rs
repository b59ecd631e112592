//! What departments know of a household's means: businesses, vehicles, houses, public payroll, loans, subsidies, who is to
//! support the old, how often helpers came, disasters, bills that wait. In: the county, draws of a stream of its own.
//! Out: [`Means`] of a household. Money is in fen.

use jiff::civil::Date;

use super::dice::Dice;
use super::facts::days_before;
use super::people::County;
use super::policy;

/// A business.
#[derive(Debug, Clone)]
pub struct Business {
    /// Who runs it.
    pub person: usize,
    /// 个体工商户, 有限责任公司 or 农民专业合作社.
    pub kind: &'static str,
    /// Capital, fen.
    pub capital: i64,
    /// 存续 or 注销.
    pub state: &'static str,
    /// Registered on.
    pub day: Date,
}

/// A vehicle.
#[derive(Debug, Clone)]
pub struct Vehicle {
    /// Owner.
    pub person: usize,
    /// 小型汽车, 大型汽车, 普通摩托车, 低速货车 or 轮式拖拉机.
    pub kind: &'static str,
    /// 正常, 报废 or 转出.
    pub state: &'static str,
    /// First registered on.
    pub day: Date,
}

/// A house or flat in the land register.
#[derive(Debug, Clone)]
pub struct Estate {
    /// Owner.
    pub person: usize,
    /// 农村宅基地, 城镇住宅 or 商业服务.
    pub usage: &'static str,
    /// Tenths of a square metre.
    pub area: i64,
    /// Registered on.
    pub day: Date,
}

/// Somebody paid by the treasury.
#[derive(Debug, Clone)]
pub struct Payroll {
    /// Who.
    pub person: usize,
    /// 行政编制, 事业编制, 国有企业 or 村干部.
    pub kind: &'static str,
    /// 在职 or 离职.
    pub state: &'static str,
}

/// A micro-credit.
#[derive(Debug, Clone)]
pub struct Loan {
    /// Borrower.
    pub person: usize,
    /// Fen.
    pub amount: i64,
    /// Lent on.
    pub lent: Date,
    /// Days overdue on the list's day.
    pub overdue: i64,
}

/// A subsidy paid to a household.
#[derive(Debug, Clone)]
pub struct Subsidy {
    /// Receiver.
    pub person: usize,
    /// 产业奖补, 交通补贴 or 耕地地力保护补贴.
    pub item: &'static str,
    /// Fen.
    pub amount: i64,
    /// Paid on.
    pub day: Date,
}

/// What the checking platform found of who is to support an old person.
#[derive(Debug, Clone)]
pub struct Support {
    /// The old person.
    pub person: usize,
    /// 子 or 女.
    pub relation: &'static str,
    /// Income a year, fen.
    pub income: i64,
    /// 充足, 一般 or 无.
    pub able: &'static str,
}

/// A disaster that befell a household.
#[derive(Debug, Clone)]
pub struct Disaster {
    /// 洪涝, 地质灾害, 风雹 or 干旱.
    pub kind: &'static str,
    /// On.
    pub day: Date,
    /// Rooms fallen, badly damaged, damaged.
    pub rooms: [i64; 3],
    /// Direct loss, fen.
    pub loss: i64,
}

/// A bill of treatment elsewhere that waits for its reimbursement, or has it.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Who.
    pub person: usize,
    /// Fen.
    pub total: i64,
    /// Discharged on.
    pub day: Date,
    /// 待报销 or 已报销.
    pub state: &'static str,
}

/// A household's means.
#[derive(Debug, Clone, Default)]
pub struct Means {
    /// Market supervision.
    pub businesses: Vec<Business>,
    /// Vehicles.
    pub vehicles: Vec<Vehicle>,
    /// Land register.
    pub estates: Vec<Estate>,
    /// Treasury.
    pub payroll: Vec<Payroll>,
    /// Micro-credit.
    pub loans: Vec<Loan>,
    /// Subsidies.
    pub subsidies: Vec<Subsidy>,
    /// Supporters.
    pub supports: Vec<Support>,
    /// Visits of helpers.
    pub visits: Vec<Date>,
    /// Disasters.
    pub disasters: Vec<Disaster>,
    /// Bills.
    pub pending: Vec<Pending>,
}

/// Draws a household's means.
pub fn means(county: &County, household: usize, seed: u64, as_of: Date) -> Means {
    let mut dice = Dice::new(seed, "means", household as u64);
    let mut means = Means::default();
    let here = county.here(household);
    let Some(&head) = here.first() else { return means };
    let h = &county.households[household];
    let (dice, rich) = (&mut dice, h.income >= 2_000_000);
    let adults: Vec<usize> =
        here.iter().copied().filter(|&p| (18..=75).contains(&county.persons[p].age(as_of))).collect();
    wealth(&mut means, dice, &adults, rich, as_of);
    let weak = here.iter().any(|&p| super::lives::severe(&county.persons[p]));
    if dice.percent(if weak { 88 } else { 97 }) {
        let (area, day) = (dice.between(600, 1_600), days_before(dice, as_of, 300, 2_500));
        means.estates.push(Estate { person: head, usage: "农村宅基地", area, day });
    }
    if h.lifted || h.monitored.is_some() {
        tended(&mut means, dice, head, &adults, as_of);
    } else if dice.percent(4) {
        let day = days_before(dice, as_of, 20, 340);
        means.subsidies.push(Subsidy { person: head, item: "耕地地力保护补贴", amount: 24_000, day });
    }
    for &p in here.iter().filter(|&&p| county.persons[p].age(as_of) >= 65) {
        if dice.percent(30) {
            let able = *dice.weighted(&[("充足", 18), ("一般", 62), ("无", 20)]);
            let income = if able == "充足" { dice.between(90, 260) } else { dice.between(8, 50) } * 100_000;
            means.supports.push(Support { person: p, relation: *dice.pick(&["子", "女"]), income, able });
        }
    }
    misfortune(&mut means, dice, &here, as_of);
    means
}

fn wealth(means: &mut Means, dice: &mut Dice, adults: &[usize], rich: bool, as_of: Date) {
    for &p in adults {
        let more = if rich { 3 } else { 1 };
        let day = days_before(dice, as_of, 100, 4_000);
        if dice.chance(22_000 * more) {
            let kind = *dice.weighted(&[("个体工商户", 70), ("有限责任公司", 18), ("农民专业合作社", 12)]);
            let state = *dice.weighted(&[("存续", 82), ("注销", 18)]);
            means.businesses.push(Business { person: p, kind, capital: dice.between(1, 200) * 1_000_000, state, day });
        }
        if dice.chance(70_000 * more) {
            let kinds = [("小型汽车", 45), ("普通摩托车", 35), ("低速货车", 8), ("轮式拖拉机", 8), ("大型汽车", 4)];
            let (kind, state) = (*dice.weighted(&kinds), *dice.weighted(&[("正常", 88), ("报废", 8), ("转出", 4)]));
            means.vehicles.push(Vehicle { person: p, kind, state, day });
        }
        if dice.chance(9_000 * more) {
            let usage = *dice.weighted(&[("城镇住宅", 80), ("商业服务", 20)]);
            means.estates.push(Estate { person: p, usage, area: dice.between(450, 1_400), day });
        }
        if dice.chance(9_000 * more) {
            let kind = *dice.weighted(&[("行政编制", 15), ("事业编制", 45), ("国有企业", 15), ("村干部", 25)]);
            let state = *dice.weighted(&[("在职", 88), ("离职", 12)]);
            means.payroll.push(Payroll { person: p, kind, state });
        }
    }
}

/// What lifted and monitored households get.
fn tended(means: &mut Means, dice: &mut Dice, head: usize, adults: &[usize], as_of: Date) {
    let count = dice.between(4, 9);
    let newest = if dice.percent(90) { dice.between(2, 50) } else { dice.between(70, 120) };
    for n in 0..count {
        let day = newest + n * dice.between(28, 50);
        means.visits.push(days_before(dice, as_of, day, day));
    }
    if dice.percent(25) {
        let item = *dice.pick(&["产业奖补", "交通补贴"]);
        let (amount, day) = (dice.between(2, 30) * 10_000, days_before(dice, as_of, 15, 500));
        means.subsidies.push(Subsidy { person: head, item, amount, day });
    }
    if let (Some(&p), true) = (adults.first(), dice.percent(18)) {
        let amount = *dice.weighted(&[(3_000_000, 40), (5_000_000, 55), (5_500_000, 5)]);
        let overdue = if dice.percent(8) { dice.between(1, 120) } else { 0 };
        means.loans.push(Loan { person: p, amount, lent: days_before(dice, as_of, 60, 1_000), overdue });
    }
}

fn misfortune(means: &mut Means, dice: &mut Dice, here: &[usize], as_of: Date) {
    if dice.chance(6_000) {
        let kind = *dice.weighted(&[("洪涝", 50), ("地质灾害", 15), ("风雹", 20), ("干旱", 15)]);
        let rooms = match dice.below(10) {
            0 => [dice.between(1, 3), 0, 0],
            1 => [0, dice.between(1, 2), 1],
            2..5 => [0, 0, dice.between(1, 4)],
            _ => [0; 3],
        };
        let loss = match dice.below(8) {
            0 => policy::DISASTER_LOSS,
            1 => policy::DISASTER_LOSS - 10_000,
            2..4 => dice.between(110, 600) * 10_000,
            _ => dice.between(2, 90) * 10_000,
        };
        let day = if dice.percent(75) { (10, 350) } else { (380, 800) };
        means.disasters.push(Disaster { kind, day: days_before(dice, as_of, day.0, day.1), rooms, loss });
    }
    if dice.chance(8_000) {
        let person = *dice.pick(here);
        let state = *dice.weighted(&[("待报销", 60), ("已报销", 40)]);
        let (total, day) = (dice.between(30, 900) * 10_000, days_before(dice, as_of, 5, 160));
        means.pending.push(Pending { person, total, day, state });
    }
}
