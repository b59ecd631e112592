"""Names for the synthetic county: how often which is given, and what keying and conversion make of them.

Frequencies are modelled on what is public knowledge (surname shares, the most given names of three cohorts). Homophones
come from pypinyin, traditional and regional forms from OpenCC, both from PyPI: nothing here is shared with bidui, neither
its synthetic county nor the character tables of its linker, so that the linker is not tested with its own answers.
"""

import numpy as np

# Surnames with their share of the population in per mille; together about 91 %.
SURNAMES = """王 72 李 72 张 68 刘 54 陈 46 杨 31 黄 23 赵 21 吴 20 周 19 徐 15 孙 15 马 13 朱 13 胡 12 郭 12 林 12 何 11 高 11 梁 9.5
郑 9.3 罗 9.2 宋 8.4 谢 7.8 唐 7.3 韩 7.2 曹 6.6 许 6.6 邓 6.5 萧 .8 肖 5.9 冯 6.3 曾 5.8 程 5.7 蔡 5.4 彭 5.4 潘 5 袁 5 于 4.9 董 4.8
余 4.7 苏 4.5 叶 4.5 吕 4.5 魏 4.5 蒋 4.4 田 4.2 杜 4.1 丁 4 沈 3.9 姜 3.7 范 3.6 江 3.5 傅 1.9 付 1.5 钟 3.4 卢 3.3 汪 3.3 戴 3.3 崔 3.2
任 3.1 陆 3.1 廖 3.1 姚 3.1 方 3 金 3 邱 2.9 夏 2.8 谭 2.8 韦 2.8 贾 2.7 邹 2.6 石 2.5 熊 2.5 孟 2.4 秦 2.4 阎 .6 闫 1.9 薛 2.2 侯 2.1
雷 2.1 白 2.1 龙 2 段 2 郝 2 孔 1.9 邵 1.9 史 1.8 毛 1.7 常 1.7 万 1.7 顾 1.6 赖 1.6 武 1.5 康 1.5 贺 1.5 严 1.5 尹 1.5 钱 1.5 施 1.3
牛 1.3 洪 1.3 龚 1.3 汤 1.2 陶 1.2 黎 1.2 温 1.1 莫 1.1 易 1.1 樊 1.1 乔 1.1 文 1.1 安 1 殷 1 颜 1 庄 1 章 1 鲁 1 倪 .9 庞 .9 邢 .9
俞 .9 翟 .9 蓝 .9 聂 .8 齐 .8 向 .8 申 .8 葛 .8 柴 .7 伍 .7 覃 .7 骆 .7 关 .7 焦 .7 柳 .7 欧 .7 祝 .7 纪 .7 尚 .6 毕 .6 耿 .6 芦 .6
左 .6 季 .6 管 .6 符 .6 辛 .5 苗 .5 詹 .5 曲 .5 靳 .5 祁 .5 路 .5 涂 .5 兰 .5 甘 .5 裴 .5 梅 .5 童 .5 翁 .5 霍 .5 游 .5 阮 .5 尤 .5
岳 .4 柯 .4 牟 .4 滕 .4 谷 .4 舒 .4 卜 .4 成 .4 饶 .4 宁 .4 凌 .4 盛 .4 查 .4 单 .4 冉 .4 鲍 .4 华 .4 包 .4 屈 .4 房 .4 喻 .4 解 .3
蒲 .3 卫 .3 简 .3 时 .3 连 .3 车 .3 项 .3 闵 .3 邬 .3 吉 .3 党 .3 阳 .3 司 .3 费 .3 蒙 .3 席 .3 晏 .3 隋 .3 古 .3 强 .3 穆 .3 姬 .3
宫 .3 景 .3 米 .3 麦 .3 谈 .3 柏 .3 瞿 .2 艾 .2 沙 .2 鄢 .2 桂 .2 窦 .2 郁 .2 缪 .2 畅 .1 巩 .2 卓 .2 褚 .2 栾 .2 戚 .2 娄 .2 甄 .2
郎 .2 池 .2 丛 .2 边 .2 岑 .2 农 .2 苟 .2 迟 .2 保 .1 商 .2 臧 .2 佘 .2 卞 .2 虞 .2 刁 .2 冷 .2 应 .2 匡 .2 栗 .2 仇 .2 练 .1 楚 .1
揭 .1 师 .1 官 .1 佟 .1 封 .1 燕 .1 巫 .1 敖 .1 原 .1 植 .1 邝 .1 仲 .1 荆 .1 储 .1 宗 .1 楼 .1 干 .1 苑 .1 寇 .1 盖 .1 南 .1 屠 .1
鞠 .1 荣 .1 井 .1 乐 .1 银 .1 奚 .1 明 .1 麻 .1 雍 .1 花 .1 闻 .1 冼 .1 木 .1 郜 .1 廉 .1 衣 .1 蔺 .1 和 .1 冀 .1 占 .1 公 .05 门 .05
帅 .05 利 .05 满 .05 欧阳 .9 上官 .1 诸葛 .06 司徒 .05 司马 .05 皇甫 .04 令狐 .04 慕容 .01 尉迟 .01 夏侯 .02 端木 .01 东方 .01 公孙 .01"""

# Characters of given names, most given first, by sex and cohort (born before 1970, before 1995, later).
GIVEN = {
    ("M", 0): "国明文华德建志成玉福光荣生春金永平世庆林祥云贵祖海山发家中清元长宝安兴树万天正义良才红忠新宗昌有根先水富全学宏振龙江泽保连井东喜顺水泉本仁培少维克绍耀庭武胜松柏石田洪秀炳守传登廷锡怀",
    ("M", 1): "伟军勇强磊涛斌杰鹏超飞波辉刚健明俊峰亮平建国海志文华龙东林晓春永新成庆洪宏浩旭凯雷阳宇亚红小立云江胜雄安彬星松毅坤振光祥学荣富贵利兵锋康兴民卫良世德生忠玉金全少维佳川剑鑫",
    ("M", 2): "宇浩子轩梓涵俊杰博文天佑泽晨铭睿一诺奕辰皓嘉豪明志鑫家乐思远瑞昊霖志恒逸航雨泽欣怡亦承锦程星毅峰凯伟亮航翔龙飞辉鸿涛林雷哲彦景书源成安佳煜烨熙瀚楷骏懿昕昱旭阳栋",
    ("F", 0): "秀英玉兰珍桂芳莲梅香凤琴淑华素花云翠菊爱美金春红月清荣娥霞贞连银仙惠芝玲群彩巧翠英菊芬德慧妹转文秋娣冬大小二改引凤林秀先群琼锦绣蓉绪碧会开明庆朝",
    ("F", 1): "丽芳艳娟敏静燕红霞玲梅萍婷莉华英玉秀云洁琴春晓雪慧兰丹凤娜利琳倩翠小海爱雅美珍荣莹颖文晶瑞月佳璐菲媛蓉芬香莲菊惠青蕾露薇桂素清欣金群彩洪桃明亚巧芹",
    ("F", 2): "梓涵欣怡子雨诗思佳雅萱可馨一诺依妍语嘉悦彤若琪瑶紫宁婷心艺梦琳静熙钰颖晨曦柔安涵沐玥舒婉瑾慧芷柠漫筱璇菲雪洁莹甜乐美奕书瑞锦艾希曼苏珊蕊灵格睿秋语",
}
# Whole given names that come up again and again.
COMMON = {
    ("M", 0): "建国 国强 建华 志明 德明 文华 国华 明德 玉林 金生 福生 春林 长生 世荣 光明 永福 国平 志强 大明 玉山 新民 振华 树林 海清 德福 建平 国庆 胜利 援朝 有才 水生 根生 明 华 平 军 林 祥 贵 忠",
    ("M", 1): "伟 强 磊 军 勇 涛 杰 超 斌 鹏 刚 波 辉 健 飞 俊 峰 明 亮 平 凯 浩 林 建国 志强 建军 海涛 文斌 志伟 晓东 建华 国强 志勇 小军 志刚 建平 海军 永强 文杰 小龙 建伟 建林 少华 晓明 志华",
    ("M", 2): "浩宇 子轩 宇轩 浩然 子涵 博文 俊杰 梓豪 宇航 天佑 一鸣 嘉豪 俊熙 子豪 奕辰 梓轩 皓轩 浩轩 沐宸 志豪 家豪 嘉诚 文博 宇泽 睿 涛 浩 杰 鑫 宇 俊豪 佳豪 家乐 明轩 思远 泽宇 伟 鹏 旭 阳",
    ("F", 0): "秀英 桂英 秀兰 玉兰 桂兰 玉珍 秀珍 凤英 玉英 桂芳 桂珍 淑珍 淑英 兰英 秀芳 玉梅 秀梅 素珍 春梅 金花 翠兰 美英 爱珍 月英 素英 玉华 春英 秀华 凤兰 翠英 红英 彩云 珍 英 兰 芳 莲 梅 香",
    ("F", 1): "芳 娜 敏 静 丽 艳 娟 霞 燕 玲 婷 红 英 洁 莉 萍 丹 慧 琴 梅 秀英 丽娟 海燕 丽华 晓燕 小燕 红梅 春梅 丽丽 小红 红霞 秀芳 艳红 雪梅 丽萍 玉梅 晓丽 小玲 凤英 丽 颖 琳 佳",
    ("F", 2): "梓涵 欣怡 子涵 诗涵 雨涵 一诺 欣妍 梓萱 雨欣 可馨 思雨 雨桐 佳怡 紫涵 诗琪 欣悦 语桐 婉婷 依诺 若曦 梦瑶 雅婷 梦婷 思涵 静怡 佳琪 嘉怡 心怡 婷 悦 颖 欣 怡 慧 静怡 晓雯 雨婷",
}
# Transliterated parts of minority names.
PARTS = {
    "M": "阿卜杜拉 买买提 艾合买提 吐尔逊 玉素甫 依明 热合曼 卡德尔 艾力 牙生 阿不都 亚森 肉孜 司马义 托合提 伊力哈木 努尔 木拉提 哈力克 加帕尔 库尔班 莫合塔尔 艾尼瓦尔 帕尔哈提 塞买提 沙吾提 阿迪力 吾买尔 麦麦提 图尔贡 阿布力孜 居来提 巴合提 叶尔兰 赛力克 扎克尔 尼牙孜 萨拉木 克里木 伊敏 阿力木 凯撒尔",
    "F": "阿依古丽 古丽娜尔 帕提古丽 热依汗 阿孜古丽 米热古丽 布海力且姆 阿米娜 早热古丽 玛依拉 祖丽菲亚 茹仙古丽 迪丽努尔 帕丽达 吾尔古丽 海丽切 阿瓦古丽 努尔比亚 坎巴尔尼沙 沙拉买提 玛丽亚木 赛乃姆 古丽巴哈尔 热孜万古丽 哈丽代 阿曼古丽 巴哈尔古丽 吐拉罕 依再提汗 孜巴",
}
# Forms of one another that registry offices treat as different characters.
VARIANTS = "峰峯 升昇 哲喆 坤堃 乃迺 柏栢 群羣 辉煇 秋秌 岩巖 淼渺 炯烱 琉瑠 略畧 村邨 恒恆 凉涼 烟煙 泛汎 雁鴈 吉𠮷 启啓 朵朶 青靑 晋晉 璇璿 宝寳"
DOTS = ["•", "・", "．", ".", "‧", "", " "]

WIDTH = 16  # characters kept of a name
MOST = 4  # variants kept of a character


def codes(text):
    return np.array([ord(c) for c in text], dtype=np.uint32)


def table(words):
    """Words as a matrix of code points, padded with zeros."""
    rows = np.zeros((len(words), max(len(w) for w in words)), dtype=np.uint32)
    for row, word in zip(rows, words):
        row[: len(word)] = codes(word)
    return rows


class Draw:
    """Draws of rows by weight: one search in the cumulated weights."""

    def __init__(self, values, weights):
        self.values = values
        self.edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        self.edges /= self.edges[-1]

    def __call__(self, rng, size):
        return self.values[np.minimum(np.searchsorted(self.edges, rng.random(size), side="right"), len(self.values) - 1)]


def plain_characters():
    """The 3,755 everyday and the 3,008 rarer characters of GB 2312, the pool of tails and of keying errors."""
    everyday = [bytes([h, l]).decode("gb2312") for h in range(0xB0, 0xD8) for l in range(0xA1, 0xFF) if (h, l) < (0xD7, 0xFA)]
    rarer = [bytes([h, l]).decode("gb2312") for h in range(0xD8, 0xF8) for l in range(0xA1, 0xFF)]
    return everyday, rarer


class Names:
    """All tables, and the vectorised draws of names."""

    def __init__(self):
        words = SURNAMES.split()
        self.surnames = table(words[0::2])
        self.surname_weights = np.array([float(w) for w in words[1::2]])
        self.surname = Draw(np.arange(len(self.surnames)), self.surname_weights)
        everyday, rarer = plain_characters()
        unfit = set("的了是不我他她它们这那和在有就也都而及与着或个被把让给死病丧尸鬼贼奸淫屎尿屁狗猪犯杀毒癌疮痛伤败")
        everyday_fit = codes("".join(c for c in everyday if c not in unfit))
        self.character, self.whole = {}, {}
        for key, text in GIVEN.items():
            pool = list(dict.fromkeys(text))
            ranks = np.arange(len(pool)) + 6.0
            weights = np.concatenate([0.96 * (1 / ranks) / (1 / ranks).sum(), np.full(len(everyday_fit), 0.038 / len(everyday_fit)), np.full(len(rarer), 0.002 / len(rarer))])
            self.character[key] = Draw(np.concatenate([codes("".join(pool)), everyday_fit, codes("".join(rarer))]), weights)
            common = list(dict.fromkeys(COMMON[key].split()))
            self.whole[key] = Draw(table(common), 1 / (np.arange(len(common)) + 8.0))
        self.clan = codes("".join(dict.fromkeys("国文德志世永光明正家元学宗兴昌荣春林华祥庆树培绍继承先朝廷廷仁义礼智信安邦定启开泰恒嘉庆")))
        self.parts = {sex: np.array(text.split(), dtype=object) for sex, text in PARTS.items()}
        self._slips(everyday, rarer)

    def _slips(self, everyday, rarer):
        """Per character: others of the same sound, and other forms."""
        import opencc
        from pypinyin import Style, pinyin

        use = {}
        for key, draw in self.character.items():
            for c, w in zip(draw.values, np.diff(draw.edges, prepend=0)):
                use[chr(c)] = use.get(chr(c), 0) + w
        for word, w in zip(SURNAMES.split()[0::2], self.surname_weights):
            for c in word:
                use[c] = use.get(c, 0) + w / 1000
        pool = sorted(set(everyday) | set(rarer) | set(use))
        sound = {c: pinyin(c, style=Style.NORMAL, heteronym=False)[0][0] for c in pool}
        order = sorted(pool, key=lambda c: (sound[c], c))
        self.pool = codes("".join(order))
        usual = set(everyday)
        weight = np.array([use.get(c, 0.0) + (0.0004 if c in usual else 0.00004) for c in order])
        self.edges = np.concatenate([[0.0], np.cumsum(weight)])
        self.of = np.full(0x20000 + 0x10000, -1, dtype=np.int32)  # code point → place in the pool
        self.of[self.pool] = np.arange(len(order))
        first, last = {}, {}
        for place, c in enumerate(order):
            first.setdefault(sound[c], place)
            last[sound[c]] = place + 1
        self.first = np.array([first[sound[c]] for c in order])
        self.last = np.array([last[sound[c]] for c in order])
        forms = {c: [] for c in order}
        for config in ("s2t", "s2hk", "s2tw"):
            convert = opencc.OpenCC(config).convert
            for c in order:
                forms[c].append(convert(c))
        japanese = opencc.OpenCC("t2jp").convert
        for c in order:
            forms[c].append(japanese(forms[c][0]))
        for a, b in VARIANTS.split():
            if a in forms:
                forms[a].append(b)
            if b in forms:
                forms[b].append(a)
        self.forms = np.zeros((len(order), MOST), dtype=np.uint32)
        self.form_count = np.zeros(len(order), dtype=np.int64)
        for place, c in enumerate(order):
            others = list(dict.fromkeys(f for f in forms[c] if f != c and len(f) == 1))[:MOST]
            self.form_count[place] = len(others)
            self.forms[place, : len(others)] = codes("".join(others))

    def given(self, rng, male, cohort, clan, generation):
        """Given names as two columns of code points; the second is 0 for names of one character."""
        out = np.zeros((len(male), 2), dtype=np.uint32)
        for (sex, era), draw in self.character.items():
            rows = np.flatnonzero((male == (sex == "M")) & (cohort == era))
            if not len(rows):
                continue
            n = len(rows)
            names = draw(rng, (n, 2))
            names[rng.random(n) < (0.13, 0.24, 0.10)[era], 1] = 0
            common = rng.random(n) < (0.22, 0.20, 0.16)[era]
            names[common] = self.whole[sex, era](rng, int(common.sum()))
            # The generation character of the clan, given to sons more than to daughters.
            shared = rng.random(n) < (0.28, 0.15, 0.05)[era] * (1.0 if sex == "M" else 0.3)
            two = shared & (names[:, 1] != 0)
            names[two, 0] = self.clan[(clan[rows][two] * 31 + generation[rows][two] * 7) % len(self.clan)]
            out[rows] = names
        return out

    def homophone(self, rng, characters):
        """Another character of the same sound, the usual ones more often; itself where no other has it."""
        place = self.of[characters]
        known = place >= 0
        out = characters.copy()
        p = place[known]
        low, high = self.edges[self.first[p]], self.edges[self.last[p]]
        found = p.copy()
        for _ in range(6):
            again = found == p
            if not again.any():
                break
            drawn = np.searchsorted(self.edges, low[again] + rng.random(int(again.sum())) * (high - low)[again], side="right") - 1
            found[again] = np.clip(drawn, self.first[p][again], self.last[p][again] - 1)
        out[known] = self.pool[found]
        return out

    def form(self, rng, characters):
        """A traditional, regional or variant form; callers only ask for characters that have one."""
        place = self.of[characters]
        return self.forms[place, (rng.random(len(place)) * self.form_count[place]).astype(np.int64)]

    def has_form(self, characters):
        place = self.of[np.minimum(characters, len(self.of) - 1)]
        return (place >= 0) & (self.form_count[np.maximum(place, 0)] > 0)
