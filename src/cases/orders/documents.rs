//! What papers and findings rest on, in the words of the policy documents: clerks look a document up by its name and its words.
//!
//! The documents number no articles that could be named; our own numbers of requirements (`R211`) mean nothing to a clerk and stand
//! in comments only.

/// Income above the line (R211, R213, R214).
pub const EXIT_INCOME: &str = "2020年东台防贫方案“对家庭人均收入超过‘监测线’且纳入时间满一年的监测户，适时退出”“家庭人均可支配收入稳定超过‘监测线’”";
/// A year in (R206, R211).
pub const EXIT_YEAR: &str = "2020年贵港防贫方案“对脱贫监测户和边缘户，安排干部跟踪管理1年”；2020年东台防贫方案“对家庭人均收入超过‘监测线’且纳入时间满一年的监测户，适时退出监测管理”";
/// The risk gone (R208, R214).
pub const EXIT_RISK: &str = "2020年贵港防贫方案“返贫致贫风险已经消除的，按照村评定、乡镇审核、县审定的程序，取消重点关注”；2020年东台防贫方案“影响家庭贫困状况的重大支出因素已消除或有效缓解”";
/// No large inescapable expense (R213).
pub const EXIT_RIGID: &str =
    "2020年东台防贫方案“家庭收入明显增加，家庭人均可支配收入稳定超过‘监测线’，家庭无重大刚性支出”";
/// Schooling, housing, water, medical cover (R219–R221).
pub const EXIT_GUARANTEES: &str = "2016年脱贫退出和城镇解困方案“适龄儿童全部接受九年义务教育”“住房结构体系整体基本安全，有安全卫生饮用水”“全部参加新型农村合作医疗，大病有救助”";
/// An exit is published and told (R215).
pub const EXIT_TOLD: &str = "2020年东台防贫方案“按照规范程序退出帮扶和监测管理，并公示到村、告知本人”";
/// Exits are guarded (R216).
pub const EXIT_STRICT: &str = "2022年防返贫方案汇编“严把退出关口，规范退出标准和程序，稳定消除返贫致贫风险”";
/// How the work was done (R136).
pub const CONDUCT: &str = "2022年防返贫方案汇编“核查发现的漏认定、风险消除不实、快进快出、‘体外循环’等情况”";
/// Money for marginal households (R205).
pub const FUND_REVIEW: &str = "2020年贵港防贫方案“边缘户防贫资金使用经区直有关部门根据防贫举措提出申请、区扶贫和水库移民局和区财政部门审定、区扶贫开发领导小组备案等程序”";
/// When an order is closed (R196).
pub const CLOSING: &str =
    "2022年防返贫方案汇编“实行开单式反馈问题，问题整改不到位不放过、责任不落实不放过、群众不满意不放过”";
/// When help begins (R130).
pub const FIRST_MONTH: &str = "2020年东台防贫方案“自识别次月起，按本文件落实帮扶措施”";
/// Monthly returns (R157).
pub const MONTHLY: &str = "2020年东台防贫方案“帮扶落实情况每月实时反馈扶贫部门”";
