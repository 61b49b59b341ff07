//! Dictionaries of closed vocabularies and the shape of names. Shapes are evidence for a column, never proof for one value.

const ETHNIC: &str = "汉 壮 满 回 苗 维吾尔 土家 彝 蒙古 藏 布依 侗 瑶 朝鲜 白 哈尼 哈萨克 黎 傣 畲 傈僳 仡佬 东乡 高山 拉祜 水 佤 纳西 羌 土 仫佬 锡伯 柯尔克孜 达斡尔 景颇 毛南 撒拉 布朗 塔吉克 阿昌 普米 鄂温克 怒 京 基诺 德昂 保安 俄罗斯 裕固 乌孜别克 门巴 鄂伦春 独龙 塔塔尔 赫哲 珞巴";
const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边净";
const EDUCATION: &str = "文盲 半文盲 小学 初中 高中 中专 中技 职高 技校 大专 专科 专科教育 本科 大学 大学本科 大学专科 硕士 博士 研究生 硕士研究生 博士研究生 博士后 不详 其他 学龄前";
const MARITAL: &str = "未婚 已婚 初婚 再婚 复婚 丧偶 离婚 离异 未说明的婚姻状况";
const SEX: &str = "男 女 男性 女性 未知的性别 未说明的性别 male female m f 未知";
const ORG_TAILS: [&str; 26] = [
    "公司",
    "集团",
    "中心",
    "医院",
    "学校",
    "大学",
    "学院",
    "银行",
    "支行",
    "事务所",
    "合作社",
    "厂",
    "店",
    "局",
    "委员会",
    "研究院",
    "研究所",
    "协会",
    "基金会",
    "工作室",
    "商行",
    "经营部",
    "幼儿园",
    "政府",
    "所",
    "站",
];
const DIAGNOSIS_TAILS: [&str; 22] = [
    "炎",
    "病",
    "癌",
    "症",
    "瘤",
    "综合征",
    "感染",
    "骨折",
    "损伤",
    "高血压",
    "梗死",
    "梗塞",
    "出血",
    "衰竭",
    "结石",
    "哮喘",
    "肺结核",
    "贫血",
    "溃疡",
    "白内障",
    "障碍",
    "囊肿",
];

fn listed(list: &str, text: &str) -> bool {
    list.split(' ').any(|entry| entry.eq_ignore_ascii_case(text))
}

/// One of the 56 ethnic groups, with or without 族.
#[must_use]
pub fn is_ethnicity(text: &str) -> bool {
    let name = text.strip_suffix('族').unwrap_or(text);
    listed(ETHNIC, name) && (name.len() != text.len() || name.chars().count() > 1 || name == "汉")
}

/// A sex in words.
#[must_use]
pub fn is_sex(text: &str) -> bool {
    listed(SEX, text)
}

/// A level of education in words.
#[must_use]
pub fn is_education(text: &str) -> bool {
    listed(EDUCATION, text) || (text.ends_with("毕业") && listed(EDUCATION, text.trim_end_matches("毕业")))
}

/// A marital status in words.
#[must_use]
pub fn is_marital(text: &str) -> bool {
    listed(MARITAL, text)
}

/// Two to four Chinese characters that begin with a frequent surname.
#[must_use]
pub fn looks_like_person(text: &str) -> bool {
    let count = text.chars().count();
    let han = text.chars().all(|c| is_han(c) || c == '·');
    let surname = text.chars().next().is_some_and(|c| SURNAMES.contains(c))
        || ["欧阳", "司马", "上官", "诸葛", "皇甫", "尉迟", "公孙", "慕容"].iter().any(|s| text.starts_with(s));
    han && surname && (2..=4).contains(&count)
}

/// Ends like an organisation's name.
#[must_use]
pub fn looks_like_org(text: &str) -> bool {
    text.chars().count() >= 4
        && text.chars().any(is_han)
        && ORG_TAILS.iter().any(|tail| text.trim_end_matches(['）', ')']).ends_with(tail))
}

/// Holds the units of a postal address (a division and a street, number or building).
#[must_use]
pub fn looks_like_address(text: &str) -> bool {
    let units = ["省", "市", "区", "县", "镇", "乡", "街道"].iter().filter(|u| text.contains(**u)).count();
    let fine = ["路", "街", "巷", "弄", "村", "组", "号", "室", "幢", "栋", "单元", "小区"]
        .iter()
        .filter(|u| text.contains(**u))
        .count();
    text.chars().count() >= 6 && fine >= 1 && units + fine >= 2 && text.chars().any(is_han)
}

/// A diagnosis in words.
#[must_use]
pub fn looks_like_diagnosis(text: &str) -> bool {
    let count = text.chars().count();
    (2..=40).contains(&count) && text.chars().any(is_han) && DIAGNOSIS_TAILS.iter().any(|tail| text.ends_with(tail))
}

/// An ICD-10 code: letter, two digits, optional subdivision.
#[must_use]
pub fn is_icd10(text: &str) -> bool {
    let bytes = text.as_bytes();
    let [letter, d1, d2, rest @ ..] = bytes else {
        return false;
    };
    let head = letter.is_ascii_uppercase() && d1.is_ascii_digit() && d2.is_ascii_digit();
    let tail = match rest {
        [] => true,
        [b'.', sub @ ..] => {
            !sub.is_empty()
                && sub.len() <= 6
                && sub.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'+' || *b == b'*')
        }
        _ => false,
    };
    head && tail
}

/// Is this a Chinese character?
#[must_use]
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vocabularies() {
        assert!(is_ethnicity("汉族") && is_ethnicity("汉") && is_ethnicity("维吾尔族") && !is_ethnicity("水"));
        assert!(is_sex("男") && is_sex("F") && !is_sex("1"));
        assert!(is_education("大学本科") && !is_education("汉"));
        assert!(is_marital("已婚"));
        assert!(looks_like_person("张三") && looks_like_person("欧阳明月") && !looks_like_person("公司名称很长"));
        assert!(looks_like_org("运域示范科技有限公司") && !looks_like_org("公司"));
        assert!(looks_like_address("示范市东区人民路12号3室") && !looks_like_address("人民路"));
        assert!(is_icd10("E11") && is_icd10("I10.x00") && !is_icd10("E1") && !is_icd10("1E1"));
        assert!(looks_like_diagnosis("2型糖尿病") && !looks_like_diagnosis("病"));
    }
}
