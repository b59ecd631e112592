//! Names of fictional people. In: sex, birth year, surname, generation character. Out: a name.
//!
//! Common surnames and given characters stand in rough order of frequency, so that names collide as they do in
//! a real village; a share of the families has names with a separator, a few people have characters that
//! only GB18030's four-byte area holds. The lists are of common knowledge, not taken from a data set.

use super::dice::Dice;
use super::people::Sex;

/// Surnames with the weight of each in 10,000.
const SURNAMES: &str = "王720 李718 张680 刘540 陈530 杨310 黄270 赵230 吴225 周215 徐170 孙155 马130 朱128 胡125 林122 郭120 \
何118 高112 罗108 郑105 梁102 谢96 宋90 唐86 许85 邓80 冯78 韩76 曹74 曾72 彭71 萧30 肖42 蔡66 潘64 田63 董62 袁60 \
于58 余57 叶56 蒋55 杜54 苏53 魏52 程51 吕50 丁48 沈47 任46 姚45 卢44 傅30 付20 钟42 姜41 崔40 谭39 廖38 范37 汪36 陆35 \
金34 石33 戴32 贾31 韦30 夏29 邱28 方27 侯26 邹25 熊24 孟23 秦22 白21 江20 阎10 闫12 薛19 尹18 段17 雷17 黎16 史16 龙15 \
陶15 贺14 顾14 毛13 郝13 龚12 邵12 万11 钱11 严10 覃10 武9 戚5 莫9 孔8 向8 常8 汤7 康6 易6 乔5 赖5 庞5 樊4 兰4 殷4 施4 \
洪4 翟3 安3 颜3 倪3 牛3 温3 芦3 季3 俞3 章3 鲁3 葛3 伍3 申3 尤3 毕3 聂3 柳3 欧阳6 上官2 司马1 诸葛1 夏侯1 皇甫1";

/// Given-name characters by sex and cohort: born before 1960, 1960–1984, 1985–2004, later.
const MALE: [&str; 4] = [
    "国德明文福生贵昌荣华发祥成兴财金富元安忠义才有万学仁友光云山清海水木根树松林玉寿永世庆长春连开万宝顺保全朝绍正",
    "建国军明华文志强平德伟东勇林海波生学永忠荣新春红祥光庆成良宏正利云辉斌峰才贵福金龙飞安民武继兴家洪俊跃振宝和远",
    "伟鹏杰涛磊浩波超强辉飞俊龙斌健峰明凯鑫宇亮旭文军华刚勇林东海洋志宏建阳光帅佳成振云雷坤晓嘉楠昊晨毅威瑞航博",
    "浩宇轩泽子俊豪辰睿博文嘉梓铭皓天杰逸涵晨航瑞佳一阳诺哲奕鑫琪乐星恒昊霖熙骏烨丞彦煜旭安承墨林志明",
];
const FEMALE: [&str; 4] = [
    "英秀兰珍桂玉凤莲芝翠芬香菊花素淑芳梅云清仙金娥月琴碧春巧银贵莹琼连菁满引妹姑招娣群先会文华容桃杏友永",
    "秀英丽芳红梅玉兰琼华燕霞艳萍云春琴群桂珍平英会敏凤莉娟翠芬香蓉莲菊素清小月美碧静慧秋晓利建玲花仙雪惠淑",
    "丽婷静敏燕艳娟玲芳娜雪莉倩丹琳慧颖洁红佳欣萍晶晓玉梅露蓉怡璐瑶茜霞莎雯蕾薇小春海凤思梦文雨晨嘉媛琴月",
    "梓涵欣怡雨子诗语萱佳琪可馨瑶一诺思彤悦梦雅玥妍若曦嘉依晨媛紫琳心艺菲婷彩晓芯钰柔妙倩蕊月安禾沐汐伊",
];

/// Whole given names in fashion for those born since 2005.
const NEW_MALE: &str =
    "子轩 浩然 宇轩 梓豪 俊杰 子豪 浩宇 博文 天佑 一鸣 嘉豪 志远 铭轩 宇航 子墨 俊熙 文博 泽宇 皓轩 明轩";
const NEW_FEMALE: &str =
    "子涵 梓涵 欣怡 雨桐 诗涵 雨欣 思彤 梓萱 可馨 佳怡 语嫣 雨萱 思雨 若曦 欣妍 诗雨 梦瑶 佳琪 雅涵 一诺";

/// Characters of four bytes in GB18030, which GBK systems cannot write.
pub const RARE: &str = "𬭎𫖮𬱖𪣻𫍯𬘡𬳵𠙶𬀩𬸪𫄧𬬭㛃㬎㙍㟃𬇕𫞩𬍛𬤊";

const YI_CLANS: &str = "吉克 阿苦 沙马 曲比 吉木 海来 阿尔 马海 俄木 勒格";
const YI_MALE: &str = "石一 日古 拉铁 木呷 阿木 伍呷 子古 尔布 布都 依布";
const YI_FEMALE: &str = "阿呷 阿依 金花 阿支 伍各 木果 阿果 阿牛 石作 有作";
const UY_MALE: &str = "买买提 阿不都热合曼 艾尔肯 吐尔逊 玉素甫 艾合买提 阿卜力孜 依明 热合曼 卡德尔 库尔班 努尔买买提";
const UY_FEMALE: &str =
    "阿依古丽 古丽娜尔 阿依努尔 热孜万古丽 帕提古丽 米热古丽 阿曼古丽 祖丽胡玛尔 麦尔哈巴 布威麦尔彦";

/// How a family writes its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Surname and one or two characters.
    Han,
    /// Clan·given.
    Yi,
    /// Given·father's given.
    Uyghur,
}

impl Style {
    /// The ethnic group as the register writes it.
    pub fn ethnicity(self) -> &'static str {
        match self {
            Style::Han => "汉族",
            Style::Yi => "彝族",
            Style::Uyghur => "维吾尔族",
        }
    }
}

/// The lists, cut up once.
#[derive(Debug)]
pub struct Names {
    surnames: Vec<(&'static str, u32)>,
    male: [Vec<char>; 4],
    female: [Vec<char>; 4],
    rare: Vec<char>,
}

impl Default for Names {
    fn default() -> Self {
        let cut = |lists: [&str; 4]| lists.map(|l| l.chars().collect::<Vec<_>>());
        Names {
            surnames: SURNAMES
                .split_whitespace()
                .map(|entry| {
                    let at = entry.find(|c: char| c.is_ascii_digit()).expect("every surname has a weight");
                    (&entry[..at], entry[at..].parse().expect("weights are numbers"))
                })
                .collect(),
            male: cut(MALE),
            female: cut(FEMALE),
            rare: RARE.chars().collect(),
        }
    }
}

fn word(dice: &mut Dice, list: &str) -> String {
    let words: Vec<&str> = list.split(' ').collect();
    words[dice.early(words.len())].to_string()
}

impl Names {
    /// A surname by its frequency.
    pub fn surname(&self, dice: &mut Dice) -> &'static str {
        let surname: &&'static str = dice.weighted(&self.surnames);
        surname
    }

    /// A character that a generation of a clan shares.
    pub fn generation_character(&self, dice: &mut Dice, sex: Sex, birth_year: i16) -> char {
        let list = if sex == Sex::Male { &self.male } else { &self.female };
        let list = &list[cohort(birth_year)];
        list[dice.below(list.len())]
    }

    /// A Han name. `shared` is the character that siblings or the clan's generation have in common.
    pub fn han(&self, dice: &mut Dice, surname: &str, sex: Sex, birth_year: i16, shared: Option<char>) -> String {
        let cohort = cohort(birth_year);
        let list = if sex == Sex::Male { &self.male[cohort] } else { &self.female[cohort] };
        let one = |dice: &mut Dice| list[dice.early(list.len())];
        let mut given = String::new();
        let single = [16, 24, 32, 12][cohort];
        if let Some(character) = shared {
            given.push(character);
            given.push(one(dice));
        } else if cohort == 3 && dice.percent(45) {
            given = word(dice, if sex == Sex::Male { NEW_MALE } else { NEW_FEMALE });
        } else if dice.percent(single) {
            given.push(one(dice));
        } else {
            let first = one(dice);
            given.push(first);
            // A doubled character is a girl's name of our days, rare otherwise.
            let second = one(dice);
            given.push(if second == first && !dice.percent(10) { one(dice) } else { second });
        }
        if dice.chance(4_000) {
            given.pop();
            given.push(*dice.pick(&self.rare));
        }
        format!("{surname}{given}")
    }

    /// A name with a separator; `first` is the clan for Yi names and ignored otherwise, `father` the father's own name.
    pub fn separated(&self, dice: &mut Dice, style: Style, sex: Sex, clan: &str, father: Option<&str>) -> String {
        let male = sex == Sex::Male;
        match style {
            Style::Yi => format!("{clan}·{}", word(dice, if male { YI_MALE } else { YI_FEMALE })),
            _ => {
                let own = word(dice, if male { UY_MALE } else { UY_FEMALE });
                let father = match father {
                    Some(name) => name.split('·').next().unwrap_or(name).to_string(),
                    None => word(dice, UY_MALE),
                };
                let own = if own == father { word(dice, if male { UY_MALE } else { UY_FEMALE }) } else { own };
                format!("{own}·{father}")
            }
        }
    }

    /// A Yi clan.
    pub fn clan(&self, dice: &mut Dice) -> String {
        word(dice, YI_CLANS)
    }
}

fn cohort(birth_year: i16) -> usize {
    match birth_year {
        ..1960 => 0,
        1960..1985 => 1,
        1985..2005 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_characters_take_four_bytes_in_gb18030() {
        for c in RARE.chars() {
            let text = c.to_string();
            let (bytes, _, bad) = encoding_rs::GB18030.encode(&text);
            assert!(!bad && bytes.len() == 4, "{c} takes {} bytes", bytes.len());
        }
    }

    #[test]
    fn common_surnames_are_common_and_names_keep_the_shared_character() {
        let names = Names::default();
        let mut dice = Dice::new(1, "names", 0);
        let wangs = (0..10_000).filter(|_| names.surname(&mut dice) == "王").count();
        assert!((500..1100).contains(&wangs), "{wangs}");
        for _ in 0..50 {
            let name = names.han(&mut dice, "欧阳", Sex::Male, 1970, Some('德'));
            assert!(name.starts_with("欧阳德") && name.chars().count() == 4, "{name}");
        }
        assert!(names.separated(&mut dice, Style::Uyghur, Sex::Female, "", Some("依明·卡德尔")).ends_with("·依明"));
    }
}
