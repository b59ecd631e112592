//! The words around and instead of names that clerks write, and the few surnames that tell two names in one cell apart.

/// Cells that hold no name at all.
pub const PLACEHOLDERS: &[&str] = &[
    "无名氏",
    "无名",
    "无姓名",
    "无",
    "没有",
    "暂无",
    "不详",
    "不明",
    "未知",
    "未填",
    "未取名",
    "未起名",
    "未命名",
    "未定名",
    "未登记",
    "没取名",
    "没名字",
    "无名字",
    "不知道",
    "不清楚",
    "待定",
    "待补",
    "待填",
    "待查",
    "空",
    "空白",
    "测试",
    "某",
    "某某",
    "某某某",
    "佚名",
    "姓名",
    "户主姓名",
    "户主",
    "本人",
    "同上",
];

/// Newborns and others who are named only by a relative.
pub const UNNAMED: &[&str] =
    &["新生儿", "婴儿", "之子", "之女", "之妻", "之夫", "之母", "之父", "之孙", "之长子", "之次子", "之长女", "之次女"];

/// The same, with 的: `张三的儿子`.
pub const UNNAMED_TAILS: &[&str] =
    &["的儿子", "的女儿", "的妻子", "的丈夫", "的母亲", "的父亲", "的孙子", "的孙女", "的小孩", "的孩子"];

/// Words after which another name of the same person follows.
pub const OTHER_NAME: &[&str] = &["曾用名", "又名", "别名", "原名", "小名", "乳名", "化名"];

/// Words that may stand before a colon in front of the name.
pub const LABELS: &[&str] = &["户主", "姓名", "户主姓名", "本人", "患者", "学生"];

/// Notes behind a name, without brackets.
pub const NOTES: &[&str] = &["已死亡", "已去世", "已故", "死亡", "户主", "已迁出"];

/// What may stand in brackets without saying anything about the characters of the name.
pub const HONORIFICS: &[&str] = &["先生", "女士", "同志", "大爷", "大妈", "大叔", "大娘", "师傅", "老人"];

/// A hundred common surnames. Two parts that each begin with one are two persons, not the parts of a minority name.
const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁郑谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜\
                        崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤";

/// True for a part that looks like a whole Han name of its own.
pub fn is_whole_name(part: &[char]) -> bool {
    (2..=3).contains(&part.len()) && SURNAMES.contains(part[0])
}

/// True for characters of which every word above holds one: a name without them needs no search for words.
pub fn may_hold_words(c: char) -> bool {
    matches!(
        c,
        '无' | '没'
            | '暂'
            | '不'
            | '未'
            | '待'
            | '空'
            | '测'
            | '某'
            | '佚'
            | '姓'
            | '户'
            | '本'
            | '同'
            | '新'
            | '婴'
            | '之'
            | '的'
            | '名'
            | '患'
            | '学'
            | '已'
            | '死'
            | '先'
            | '女'
            | '大'
            | '师'
            | '老'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_holds_a_trigger() {
        let lists = [PLACEHOLDERS, UNNAMED, UNNAMED_TAILS, OTHER_NAME, LABELS, NOTES, HONORIFICS];
        for word in lists.iter().flat_map(|l| l.iter()) {
            assert!(word.chars().any(may_hold_words), "{word}");
        }
    }
}
