//! Han characters: folding of twin code points to the unified ideograph, and the wildcard for characters that got lost.
//!
//! Only twins of one character are folded here. Simplified, traditional and variant forms stay apart: different people may
//! differ in them, and what such a difference is worth the linker decides.

/// Stands for one character that cannot be known: U+25A1. Of the marks that clerks and systems use for a lost character it is
/// the only one that is neither a digit sign, a mask of other fields, nor a letter.
pub const WILDCARD: char = '□';

/// U+2E80–U+2EF3, CJK Radicals Supplement, from Unicode's EquivalentUnifiedIdeograph.txt 15.0; NFKC knows two of them.
const RADICALS_SUPPLEMENT: &str = "\
    \0厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢𡯂巳幺彑𫜹忄心扌攵\0旡日月歺母民氵氺灬爫爫丬牛犭王𤴔目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂\
    肀聿肉𦥑艹艹艹虎衤覀西见角𧢲讠贝𧾷车辶辶辶邑钅長镸长门𨸏阝雨青韦页风飞食𩙿飠饣𩠐马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟";

/// U+2F00–U+2FD5, Kangxi Radicals, from the same file.
const KANGXI: &str = "\
    一丨丶丿乙亅二亠人儿入八冂冖冫几凵刀力勹匕匚匸十卜卩厂厶又口囗土士夂夊夕大女子宀寸小尢尸屮山巛工己巾干幺广廴廾弋弓彐\
    彡彳心戈戶手支攴文斗斤方无日曰月木欠止歹殳毋比毛氏气水火爪父爻爿片牙牛犬玄玉瓜瓦甘生用田疋疒癶白皮皿目矛矢石示禸禾穴\
    立竹米糸缶网羊羽老而耒耳聿肉臣自至臼舌舛舟艮色艸虍虫血行衣襾見角言谷豆豕豸貝赤走足身車辛辰辵邑酉釆里金長門阜隶隹雨靑\
    非面革韋韭音頁風飛食首香馬骨高髟鬥鬯鬲鬼魚鳥鹵鹿麥麻黃黍黑黹黽鼎鼓鼠鼻齊齒龍龜龠";

/// U+E815–U+E864, where GBK kept 80 ideographs and radicals that Unicode did not have: 66 got code points of their own with
/// GB18030-2000 and the other 14 with GB18030-2022, in the order of the code.
const GBK_PRIVATE: &str = "\
    ⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠\
    ⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺\
    䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻";

/// The unified ideograph of a radical or of a private code point; other characters as they are.
pub fn unify(c: char) -> char {
    let nth = |table: &str, first: u32| table.chars().nth((c as u32 - first) as usize).filter(|u| *u != '\0');
    match c {
        '\u{2E80}'..='\u{2EF3}' => nth(RADICALS_SUPPLEMENT, 0x2E80).unwrap_or(c),
        '\u{2F00}'..='\u{2FD5}' => nth(KANGXI, 0x2F00).unwrap_or(c),
        '\u{E815}'..='\u{E864}' => nth(GBK_PRIVATE, 0xE815).map_or(c, unify),
        c => c,
    }
}

/// True for Han characters and for [`WILDCARD`], which stands for one.
pub fn is_han(c: char) -> bool {
    matches!(c,
        '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{20000}'..='\u{323AF}' | '\u{F900}'..='\u{FAFF}' | '〇' | '々')
        || c == WILDCARD
}

/// True for marks with which a character that could not be entered or printed was replaced, and for private code points that
/// nobody can read.
pub fn is_lost_mark(c: char) -> bool {
    matches!(c,
        '?' | '*' | '■' | '▢' | '〓' | '◇' | '◆' | '△' | '▲' | '○' | '◯' | '\u{FFFD}' | '\u{303E}'
        | '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFD}')
}

/// How many characters an ideographic description character joins; none for other characters.
pub fn description_operands(c: char) -> Option<usize> {
    match c {
        '\u{2FF2}' | '\u{2FF3}' => Some(3),
        '\u{2FFE}' | '\u{2FFF}' => Some(1),
        '\u{2FF0}'..='\u{2FFD}' => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radicals_become_ideographs() {
        let cases =
            [('⻢', '马'), ('⻰', '龙'), ('⻩', '黄'), ('⼭', '山'), ('⽂', '文'), ('⺠', '民'), ('\u{E81E}', '龴')];
        for (twin, unified) in cases {
            assert_eq!(unify(twin), unified);
        }
        assert_eq!(GBK_PRIVATE.chars().count(), 80);
        for c in ('\u{E815}'..='\u{E864}').chain('\u{2F00}'..='\u{2FD5}').chain('\u{2E80}'..='\u{2EF3}') {
            // U+2E80 has no equivalent and U+2E9A is not assigned.
            assert!(is_han(unify(c)) || matches!(c, '\u{2E80}' | '\u{2E9A}'), "{c:?}");
        }
    }

    #[test]
    fn an_ideograph_is_its_own_twin() {
        for c in "张龍〇□A·".chars() {
            assert_eq!(unify(c), c);
        }
    }
}
