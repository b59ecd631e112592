//! Lists about means: market supervision, vehicles, land register, treasury, credit, subsidies, supporters, helpers'
//! visits, disasters, bills that wait.

use super::Round;
use super::roll::{self, Field, Form, Line, form};
use super::style::DateStyle;
use super::truth::Records;
use crate::diag::Outcome;

/// Writes businesses and who answers for them.
pub fn business(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = Form {
        name: "法定代表人（经营者）",
        strangers: 10_000,
        ..form(
            "business",
            "市监/市场主体信息.xlsx",
            "",
            "主体名称,主体类型,注册资本(万元),成立日期,登记状态",
            DateStyle::Slash,
        )
    };
    let of = round.facts.iter().flat_map(|f| &f.means.businesses).enumerate();
    let lines: Vec<Line> = of
        .map(|(n, b)| {
            let fields = vec![
                Field::Text(format!("澄岚县{:03}号{}", n + 1, b.kind)),
                Field::Word(b.kind),
                Field::Wan(b.capital),
                Field::Day(Some(b.day)),
                Field::Word(b.state),
            ];
            Line { person: b.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes vehicles.
pub fn vehicle(round: &Round, records: &mut Records) -> Outcome<()> {
    let headings = "号牌种类,车辆类型,初次登记日期,机动车状态";
    let form = Form {
        name: "机动车所有人",
        ..form("vehicle", "公安交警/机动车登记信息.csv", "", headings, DateStyle::Iso)
    };
    let of = round.facts.iter().flat_map(|f| &f.means.vehicles);
    let lines: Vec<Line> = of
        .map(|v| {
            let plate = match v.kind {
                "大型汽车" => "大型汽车号牌",
                "普通摩托车" => "普通摩托车号牌",
                "轮式拖拉机" => "拖拉机号牌",
                _ => "小型汽车号牌",
            };
            let fields = vec![Field::Word(plate), Field::Word(v.kind), Field::Day(Some(v.day)), Field::Word(v.state)];
            Line { person: v.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes the land register: rural houses, flats and shops.
pub fn estate(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = Form {
        name: "权利人",
        ..form(
            "real_estate",
            "不动产/不动产登记信息.xlsx",
            "",
            "不动产权证号,用途,建筑面积(平方米),登记日期",
            DateStyle::Cell,
        )
    };
    let of = round.facts.iter().flat_map(|f| &f.means.estates).enumerate();
    let lines: Vec<Line> = of
        .map(|(n, e)| {
            let fields = vec![
                Field::Text(format!("南岭（2021）澄岚县不动产权第{:07}号", n + 1)),
                Field::Word(e.usage),
                Field::Text(format!("{}.{}", e.area / 10, e.area % 10)),
                Field::Day(Some(e.day)),
            ];
            Line { person: e.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes who is paid by the treasury, and village cadres.
pub fn payroll(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = form("payroll", "财政/财政供养人员.xlsx", "", "单位,人员类别,在职状态", DateStyle::Iso);
    let of = round.facts.iter().flat_map(|f| &f.means.payroll);
    let lines: Vec<Line> = of
        .map(|p| {
            let unit = if p.kind == "村干部" { "村民委员会" } else { "澄岚县某单位" };
            let fields = vec![Field::Word(unit), Field::Word(p.kind), Field::Word(p.state)];
            Line { person: p.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes micro-credits.
pub fn credit(round: &Round, records: &mut Records) -> Outcome<()> {
    let headings = "贷款金额(元),发放日期,逾期天数";
    let form = Form {
        name: "借款人",
        ..form("micro_credit", "金融/脱贫人口小额信贷台账.xlsx", "脱贫人口小额信贷台账", headings, DateStyle::Dot)
    };
    let of = round.facts.iter().flat_map(|f| &f.means.loans);
    let lines: Vec<Line> = of
        .map(|l| {
            let fields = vec![Field::Money(l.amount), Field::Day(Some(l.lent)), Field::Count(l.overdue)];
            Line { person: l.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes subsidies paid to households.
pub fn subsidy(round: &Round, records: &mut Records) -> Outcome<()> {
    let headings = "补贴项目,发放金额(元),发放日期";
    let form = form("subsidy", "财政/惠民惠农补贴一卡通发放明细.xlsx", "", headings, DateStyle::Compact);
    let of = round.facts.iter().flat_map(|f| &f.means.subsidies);
    let lines: Vec<Line> = of
        .map(|s| {
            let fields = vec![Field::Word(s.item), Field::Money(s.amount), Field::Day(Some(s.day))];
            Line { person: s.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// Writes what the checking platform says of those who are to support the old.
pub fn supporter(round: &Round, records: &mut Records) -> Outcome<()> {
    let headings = "赡养人关系,赡养人年收入(元),赡养能力";
    let form = Form {
        name: "被赡养人姓名",
        ..form(
            "supporter_check",
            "民政/赡养人经济状况核对.xlsx",
            "赡养人家庭经济状况核对结果",
            headings,
            DateStyle::Iso,
        )
    };
    let of = round.facts.iter().flat_map(|f| &f.means.supports);
    let lines: Vec<Line> = of
        .map(|s| {
            let fields = vec![Field::Word(s.relation), Field::Money(s.income), Field::Word(s.able)];
            Line { person: s.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}

/// The first member who lives in a household.
fn first(round: &Round, household: usize) -> Option<usize> {
    round.county.here(household).first().copied()
}

/// Writes the visits of helpers.
pub fn visit(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = Form {
        name: "户主姓名",
        ..form("helper_visit", "乡村振兴/帮扶走访记录.xlsx", "", "走访日期,走访人", DateStyle::Dot)
    };
    let mut dice = round.dice("helper_visit names");
    let mut lines = Vec::new();
    for (h, facts) in round.facts.iter().enumerate() {
        let Some(person) = first(round, h) else { continue };
        for day in &facts.means.visits {
            let helper = dice.pick::<&str>(&["黄干事", "李主任", "陈同志", "周老师"]);
            lines.push(Line { person, fields: vec![Field::Day(Some(*day)), Field::Word(helper)] });
        }
    }
    roll::write(round, records, &form, &lines)
}

/// Writes the ledger of disasters; losses are in 10,000 yuan.
pub fn disaster(round: &Round, records: &mut Records) -> Outcome<()> {
    let form = Form {
        name: "户主姓名",
        ..form(
            "disaster",
            "应急/受灾户台账.xlsx",
            "澄岚县自然灾害受灾户台账（直接经济损失单位：万元）",
            "灾害种类,发生日期,倒塌房屋(间),严重损坏房屋(间),一般损坏房屋(间),直接经济损失(万元)",
            DateStyle::Chinese,
        )
    };
    let mut lines = Vec::new();
    for (h, facts) in round.facts.iter().enumerate() {
        let Some(person) = first(round, h) else { continue };
        for d in &facts.means.disasters {
            let rooms = d.rooms.map(Field::Count);
            let mut fields = vec![Field::Word(d.kind), Field::Day(Some(d.day))];
            fields.extend(rooms);
            fields.push(Field::Wan(d.loss));
            lines.push(Line { person, fields });
        }
    }
    roll::write(round, records, &form, &lines)
}

/// Writes the bills of treatment elsewhere.
pub fn pending(round: &Round, records: &mut Records) -> Outcome<()> {
    let headings = "就医地,医疗费总额(元),出院日期,报销状态";
    let form = form(
        "bill_elsewhere",
        "医保/异地就医手工报销台账.xlsx",
        "异地就医手工（零星）报销台账",
        headings,
        DateStyle::Iso,
    );
    let of = round.facts.iter().flat_map(|f| &f.means.pending);
    let lines: Vec<Line> = of
        .map(|p| {
            let fields =
                vec![Field::Word("外省"), Field::Money(p.total), Field::Day(Some(p.day)), Field::Word(p.state)];
            Line { person: p.person, fields }
        })
        .collect();
    roll::write(round, records, &form, &lines)
}
