//! Word tables. Every name says that it is invented.

pub(super) const SURNAMES: [&str; 20] = [
    "赵", "钱", "孙", "李", "周", "吴", "郑", "王", "冯", "陈", "褚", "卫", "蒋", "沈", "韩", "杨", "朱", "秦", "许",
    "欧阳",
];
pub(super) const GIVEN: [&str; 6] = ["样例", "示例", "虚构", "试验", "模拟", "范本"];
pub(super) const DIGITS: [&str; 10] = ["〇", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
pub(super) const HUKOU: [&str; 3] = ["城镇", "农村", "集体"];
pub(super) const MARITAL: [&str; 4] = ["未婚", "已婚", "离异", "丧偶"];
pub(super) const EDUCATION: [&str; 5] = ["初中及以下", "高中", "大专", "本科", "研究生"];
pub(super) const INSURANCE: [&str; 5] = ["养老", "医疗", "失业", "工伤", "生育"];
pub(super) const STATUS: [&str; 3] = ["存续", "存续", "吊销"];
pub(super) const MODES: [&str; 3] = ["地铁", "公交", "轮渡"];
pub(super) const STREET_WORDS: [&str; 4] = ["样本路", "示例街", "虚拟巷", "试验道"];
pub(super) const NOTES: [&str; 5] = ["", "复诊", "门诊记录(模拟),无异常", "自述\"头晕\",\n建议休息", "模拟病历"];

/// District code, name, published population.
pub(super) const DISTRICTS: [(&str, &str, u64); 6] = [
    ("320291", "东样区", 812_000),
    ("320292", "西样区", 645_000),
    ("320293", "南样区", 930_000),
    ("320294", "北样区", 588_000),
    ("320295", "中样区", 431_000),
    ("320296", "新样区", 702_000),
];
/// Industry code, name, section.
pub(super) const INDUSTRIES: [(&str, &str, &str); 8] = [
    ("C34", "通用设备制造业", "C"),
    ("C39", "计算机、通信和其他电子设备制造业", "C"),
    ("F51", "批发业", "F"),
    ("F52", "零售业", "F"),
    ("G54", "道路运输业", "G"),
    ("I65", "软件和信息技术服务业", "I"),
    ("O80", "机动车、电子产品和日用产品修理业", "O"),
    ("P83", "教育", "P"),
];
/// Diagnosis code, name, chapter.
pub(super) const DIAGNOSES: [(&str, &str, &str); 10] = [
    ("I10", "特发性(原发性)高血压", "IX"),
    ("I25", "慢性缺血性心脏病", "IX"),
    ("E11", "2型糖尿病", "IV"),
    ("E78", "脂蛋白代谢紊乱", "IV"),
    ("J06", "急性上呼吸道感染", "X"),
    ("J45", "哮喘", "X"),
    ("K29", "胃炎和十二指肠炎", "XI"),
    ("K80", "胆石症", "XI"),
    ("M54", "背痛", "XIII"),
    ("S82", "小腿骨折", "XIX"),
];
