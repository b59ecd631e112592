//! The fictional county's divisions: fixed in code, the same for every seed. Out: townships, villages, `divisions.csv`.
//!
//! County 990121 澄岚县 with 20 townships of 20 villages. Region codes that begin with 99 are not given to any place.
//! Some village names occur in two townships (the township must decide), some villages were merged,
//! renamed or became communities, and their old names live on in the departments' files.

/// Province, prefecture and county, as the national system writes them.
pub const REGION: [&str; 3] = ["南岭省", "岚州市", "澄岚县"];

/// The county's code.
pub const COUNTY_CODE: &str = "990121";

/// Region codes of the neighbouring, just as fictional counties: where spouses and outsiders come from.
pub const NEIGHBOURS: [&str; 6] = ["990122", "990123", "990124", "990181", "990221", "990322"];

/// A township.
#[derive(Debug, Clone)]
pub struct Township {
    /// Nine digits.
    pub code: String,
    /// Full name with 镇, 乡 or 街道.
    pub name: &'static str,
    /// Its villages.
    pub villages: Vec<Village>,
}

/// A village or community.
#[derive(Debug, Clone)]
pub struct Village {
    /// Twelve digits.
    pub code: String,
    /// Name without 村 or 社区.
    pub stem: &'static str,
    /// 村 or 社区.
    pub suffix: &'static str,
    /// Names it had before, full.
    pub old_names: Vec<String>,
}

impl Village {
    /// Full name.
    pub fn name(&self) -> String {
        format!("{}{}", self.stem, self.suffix)
    }
}

impl Township {
    /// Name without 镇, 乡 or 街道.
    pub fn stem(&self) -> &'static str {
        ["街道", "镇", "乡"].iter().find_map(|s| self.name.strip_suffix(s)).unwrap_or(self.name)
    }
}

const NAMES: [(&str, &str); 20] = [
    (
        "云岭镇",
        "柳树 石桥 大塘 上坪 下坪 新安 龙潭 黄泥坳 竹园 双河 白沙 青山 杨家湾 古井 樟木 莲花 旺村 岭脚 松林 长坡",
    ),
    ("清溪镇", "清溪口 榕树 石马 田心 沙坡 六合 那排 百花 新屋 水口 高岭 三江 大坡 桐油 龙岩 和平 新塘 凤凰 马鞍 太平"),
    ("白石乡", "白石 柳树 红岩 罗汉 天堂 平山 牛栏冲 甘棠 古寨 盘龙 三台 回龙 雷公 乌石 长岭 茶亭 银坑 铁炉 花桥 望天"),
    ("龙泉镇", "龙泉 上泉 下泉 东岸 西岸 桂花 梅子坳 油麻 石牛 大岭 小岭 新民 团结 红星 胜利 前进 光明 永乐 福寿 仁和"),
    ("双江乡", "双江 江口 沙洲 渡头 河西 河东 鱼塘 芦苇 白鹤 水车 浅滩 老鸦滩 码头 新河 柳湾 翠屏 石坝 三合 九曲 平安"),
    (
        "大坪镇",
        "大坪 中坪 枫木 茶山 梨园 桃源 李家坡 王家寨 马家冲 陈家坝 周家院 黄家沟 唐家湾 何家岭 赵家坪 新安 兴隆 泰来 顺和 长乐",
    ),
    (
        "高峰乡",
        "高峰 云雾 雪山 风口 鹰嘴 老鹰岩 野猪塘 杉木 箭竹 岩脚 岩上 洞口 天星 月亮湾 星子 滴水 石门 金竹 银杏 迎客",
    ),
    ("永兴镇", "永兴 永安 永红 永胜 永新 兴旺 兴业 大湾 小湾 湾里 石榴 枇杷 柑子 柚子 橙林 果园 花山 银山 金山 宝塔"),
    ("青山街道", "青山 东门 西门 南门 北门 桥头 城关 文昌 武圣 学前 府后 朝阳 解放 建设 人民 工农 向阳 滨河 迎宾 新城"),
    ("石门镇", "石门 石桥 石鼓 石笋 石梯 石盘 石龙 石狮 石佛 石井 石墙 石阶 石柱 石塘 石湖 石林 石峰 石崖 石岗 石头"),
    ("平川乡", "平川 川东 川西 上川 下川 麦地 稻香 荷塘 藕田 菜园 瓜棚 牧场 草甸 花海 油坊 碾坊 磨坊 糖坊 酒坊 染坊"),
    ("红岩镇", "红岩 赤水 丹霞 朱砂 红旗 红光 红庙 红土 红枫 红豆 红花 红梅 红星 红石 红桥 红河 红坡 红坪 红塘 红田"),
    ("凤山乡", "凤山 凤鸣 凤翔 凤仪 凤尾 凤头 凤岭 凤冠 梧桐 百鸟 孔雀 画眉 黄鹂 燕子 喜鹊 大雁 白鹭 鹤舞 鹊桥 鸟巢"),
    ("金沟镇", "金沟 银沟 铜沟 铁沟 锡沟 水沟 大沟 小沟 长沟 短沟 深沟 浅沟 东沟 西沟 南沟 北沟 上沟 下沟 中沟 沟口"),
    ("兰溪乡", "兰溪 兰花 兰田 兰桥 兰坪 兰岭 兰口 蕙草 菊花 山茶 杜鹃 海棠 牡丹 芍药 月季 茉莉 栀子 玉兰 丁香 紫薇"),
    ("三元镇", "三元 状元 会元 解元 文笔 墨池 书台 砚山 笔架 进士 举人 秀才 翰林 学堂 书院 崇文 尚武 礼义 忠信 孝友"),
    ("牛场乡", "牛场 马场 羊场 猪场 鸡场 狗场 兔场 龙场 蛇场 猴场 鼠场 虎场 新场 老场 大场 小场 中场 场坝 场口 场头"),
    ("东风镇", "东风 南风 春风 和风 清风 东升 东方 东明 东兴 东安 东湖 东山 东岭 东坡 东塘 东坪 东沙 东河 东井 东寨"),
    ("南坳乡", "南坳 北坳 东坳 西坳 坳上 坳下 坳背 坳头 坳口 大坳 小坳 长坳 风坳 雨坳 雷坳 云坳 月坳 星坳 松坳 竹坳"),
    ("新桥镇", "新桥 老桥 大桥 小桥 木桥 竹桥 铁桥 风雨桥 廊桥 拱桥 平桥 桥上 桥下 桥东 桥西 柳树 大塘 双河 莲花 青山"),
];

/// Old names by township and village (both from 0): merged away, renamed, or a village that became a community.
const OLD: [(usize, usize, &[&str]); 16] = [
    (0, 1, &["石拱桥村"]),
    (0, 5, &["老安村", "安上村"]),
    (0, 16, &["旺屯村"]),
    (1, 2, &["石马寨村"]),
    (1, 6, &["那排屯村"]),
    (2, 3, &["罗汉坪村", "罗汉岭村"]),
    (2, 7, &["甘棠坳村"]),
    (3, 5, &["桂花树村"]),
    (3, 12, &["团结大队"]),
    (4, 2, &["沙洲坝村"]),
    (4, 7, &["芦苇荡村"]),
    (5, 4, &["梨子园村"]),
    (5, 0, &["大坪子村"]),
    (8, 5, &["桥头村"]),
    (9, 0, &["石门坎村"]),
    (12, 3, &["凤仪场村"]),
];

/// The whole county.
pub fn county() -> Vec<Township> {
    NAMES
        .iter()
        .enumerate()
        .map(|(t, (name, villages))| {
            let code = format!("{COUNTY_CODE}{:03}", t + 1);
            let villages = villages
                .split(' ')
                .enumerate()
                .map(|(v, stem)| Village {
                    code: format!("{code}{:03}", 200 + v + 1),
                    stem,
                    // The seat of a township and everything in a sub-district is a community.
                    suffix: if name.ends_with("街道") || v == 5 && t % 3 == 1 { "社区" } else { "村" },
                    old_names: OLD
                        .iter()
                        .filter(|(ot, ov, _)| (*ot, *ov) == (t, v))
                        .flat_map(|(_, _, names)| names.iter().map(|n| n.to_string()))
                        .collect(),
                })
                .collect();
            Township { code, name, villages }
        })
        .collect()
}

/// How many townships and villages per township a county of so many households uses.
pub fn extent(households: usize) -> (usize, usize) {
    match households {
        0..=400 => (2, 4),
        401..=1500 => (4, 6),
        1501..=6000 => (6, 8),
        6001..=30_000 => (10, 12),
        _ => (20, 20),
    }
}

/// The division table as a code table file: code, name, level, parent, aliases.
pub fn csv() -> String {
    let mut out = String::from(
        "# name: divisions\n# version: 2026\n# effective_from: 2026-01-01\n\
         # document: fictional county 990121, made by `bidui synth`; codes beginning with 99 belong to no place\n\
         code,name,level,parent,aliases\n",
    );
    out.push_str(&format!("{COUNTY_CODE},{},county,,\n", REGION[2]));
    for township in county() {
        out.push_str(&format!("{},{},township,{COUNTY_CODE},\n", township.code, township.name));
        for village in &township.villages {
            out.push_str(&format!(
                "{},{},village,{},{}\n",
                village.code,
                village.name(),
                township.code,
                village.old_names.join("|")
            ));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn twenty_by_twenty_with_names_unique_inside_a_township() {
        let county = county();
        assert_eq!(county.len(), 20);
        for township in &county {
            let mut names: BTreeSet<String> = township.villages.iter().map(Village::name).collect();
            assert_eq!(names.len(), 20, "{}", township.name);
            for old in township.villages.iter().flat_map(|v| v.old_names.iter()) {
                assert!(names.insert(old.clone()), "{old} names two villages of {}", township.name);
            }
        }
    }

    #[test]
    fn the_table_has_a_line_for_every_division() {
        let csv = csv();
        assert_eq!(csv.lines().filter(|l| !l.starts_with('#')).count(), 1 + 1 + 20 + 400);
        assert!(csv.contains("990121001201,柳树村,village,990121001,\n"));
    }
}
