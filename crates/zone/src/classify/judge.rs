//! From counts to a judgement: what the column is, and what role, grade, class and masking follow. One ordered list of rules;
//! the first that holds decides. Content decides; a name only settles what content leaves open.

use super::profile::Profile;
use crate::contract::Class;
use crate::identify::Identifier as Id;
use serde::Serialize;

/// What a column is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// Kind, in the vocabulary of `classify`.
    pub identifier: Id,
    /// `direct`, `quasi`, `sensitive` or `none`.
    pub role: &'static str,
    /// Personal information: `none`, `general` or `sensitive`.
    pub personal: &'static str,
    /// Grade, 1–4.
    pub level: u8,
    /// Disclosure class.
    pub class: Class,
    /// Masking operator proposed, with parameters.
    pub masking: &'static str,
    /// 0 to 1.
    pub confidence: f64,
}

/// Judges one column.
#[must_use]
pub fn judge(name: &str, profile: &Profile) -> Judgement {
    let hint = Hint::new(name);
    let (identifier, confidence) = identify(&hint, profile);
    consequences(identifier, confidence, &hint, profile)
}

/// A column's name in parts.
pub(super) struct Hint {
    lower: String,
    words: Vec<String>,
}

impl Hint {
    pub(super) fn new(name: &str) -> Self {
        let lower = name.to_lowercase();
        let words = lower.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
        Self { lower, words }
    }

    /// One of the hints: an ASCII one as a word of the name, a Chinese one anywhere in it.
    pub(super) fn any(&self, hints: &[&str]) -> bool {
        hints.iter().any(|h| if h.is_ascii() { self.words.iter().any(|w| w == h) } else { self.lower.contains(h) })
    }
}

fn identify(hint: &Hint, p: &Profile) -> (Id, f64) {
    if p.present() == 0 {
        return (Id::None, 0.0);
    }
    direct(hint, p)
        .or_else(|| vocabulary(hint, p))
        .or_else(|| time(hint, p))
        .or_else(|| text(p))
        .or_else(|| number(hint, p))
        .unwrap_or_else(|| rest(hint, p))
}

/// Identifiers that content proves: most values are valid ones. Some dirt is expected; a decoy has a tenth valid at most.
fn direct(hint: &Hint, p: &Profile) -> Option<(Id, f64)> {
    let total: u64 = p.whole.values().sum();
    let best = p.whole.iter().max_by_key(|(_, n)| **n).map(|(id, _)| *id)?;
    let share = p.share(total);
    let named = match best {
        Id::CnOrgCode => hint.any(&["机构代码", "组织机构", "org", "org_code", "orgcode"]) || share >= 0.9,
        Id::BankCard => share >= 0.75 || hint.any(&["card", "account", "卡号", "账号", "银行"]),
        // A run of numbers one after another is a counter that happens to look like telephone numbers.
        Id::CnMobile => p.share(p.steps) < 0.5,
        _ => true,
    };
    (share >= 0.6 && named).then_some((best, share))
}

fn vocabulary(hint: &Hint, p: &Profile) -> Option<(Id, f64)> {
    for id in [Id::Sex, Id::MaritalStatus, Id::Education, Id::Ethnicity] {
        let share = p.share(p.looks.get(&id).copied().unwrap_or(0));
        let short_letters = id == Id::Sex
            && p.lengths.is_some_and(|(_, long)| long == 1)
            && p.few().is_some_and(|f| f.iter().all(|v| v.is_ascii()));
        if share >= 0.85 && (!short_letters || hint.any(&["sex", "gender", "性别"]) || p.distinct() == 2) {
            return Some((id, share));
        }
    }
    coded(hint, p)
}

/// Vocabularies written as codes: few short values, and a name that says which.
fn coded(hint: &Hint, p: &Profile) -> Option<(Id, f64)> {
    let short = p.lengths.is_some_and(|(_, long)| long <= 3);
    let table: [(Id, u64, &[&str]); 4] = [
        (Id::Sex, 4, &["sex", "gender", "性别", "xb"]),
        (Id::MaritalStatus, 12, &["marital", "marriage", "married", "婚姻", "婚否", "hyzk"]),
        (Id::Education, 30, &["education", "edu", "degree", "学历", "文化程度", "xl"]),
        (Id::Ethnicity, 60, &["ethnic", "ethnicity", "nation", "民族", "mz"]),
    ];
    table.iter().find(|(_, most, hints)| short && p.distinct() <= *most && hint.any(hints)).map(|(id, ..)| (*id, 0.8))
}

fn time(hint: &Hint, p: &Profile) -> Option<(Id, f64)> {
    let look = |id| p.looks.get(&id).copied().unwrap_or(0);
    let (days, instants, months) = (look(Id::Date), look(Id::Timestamp), look(Id::Month));
    if p.share(days + instants) >= 0.8 {
        let id = if p.share(instants) >= 0.5 { Id::Timestamp } else { born(hint, p) };
        return Some((id, p.share(days + instants)));
    }
    if p.share(months) >= 0.8 {
        return Some((Id::Month, p.share(months)));
    }
    if p.share(p.compact_days) >= 0.95 {
        return Some((born(hint, p), p.share(p.compact_days)));
    }
    let month_named = hint.any(&["month", "ym", "period", "月", "月份", "年月", "期间"]);
    (p.share(p.compact_months) >= 0.98
        && (month_named || p.range.is_some_and(|(a, b)| a >= 199_001.0 && b <= 203_512.0))
        && p.distinct() <= 600)
        .then(|| (Id::Month, p.share(p.compact_months)))
}

/// Dates spread over more than a working life are dates of birth, unless the name speaks of something else.
fn born(hint: &Hint, p: &Profile) -> Id {
    let named = hint.any(&["birth", "birthday", "birthdate", "dob", "born", "出生", "生日"]);
    let other = hint.any(&["established", "founded", "registered", "registration", "成立", "注册", "设立", "开业"]);
    let wide = p.years.is_some_and(|(first, last)| first <= 1965 && last - first >= 40);
    if named || (wide && !other) { Id::BirthDate } else { Id::Date }
}

fn text(p: &Profile) -> Option<(Id, f64)> {
    let share = |id| p.share(p.looks.get(&id).copied().unwrap_or(0));
    let varied = p.distinct() >= 20 || p.distinct() * 2 >= p.present();
    if p.inside > 0 && p.characters >= 8 * p.present() && share(Id::CnAddress) < 0.6 {
        return Some((Id::FreeTextWithIdentifiers, p.share(p.inside).max(0.6)));
    }
    for (id, least) in [(Id::CnAddress, 0.6), (Id::OrgName, 0.6), (Id::Diagnosis, 0.6)] {
        if share(id) >= least {
            return Some((id, share(id)));
        }
    }
    (varied && share(Id::PersonName) >= 0.75).then(|| (Id::PersonName, share(Id::PersonName)))
}

fn number(hint: &Hint, p: &Profile) -> Option<(Id, f64)> {
    let look = |id| p.share(p.looks.get(&id).copied().unwrap_or(0));
    let icd_named = hint.any(&["icd", "icd10", "icd_code", "diagnosis", "诊断", "疾病"]);
    if look(Id::Icd10) >= 0.85 && (icd_named || p.lengths.is_some_and(|(_, long)| long > 4)) {
        return Some((Id::Icd10, look(Id::Icd10)));
    }
    if look(Id::Industry) >= 0.9 && (hint.any(&["industry", "行业"]) || p.distinct() >= 15) {
        return Some((Id::Industry, look(Id::Industry)));
    }
    if hint.any(&["行业"]) && p.distinct() <= 1500 {
        return Some((Id::Industry, 0.7));
    }
    let constant = p.lengths.is_some_and(|(short, long)| short == long || matches!((short, long), (6 | 9, 9 | 12)));
    if look(Id::CnRegionCode) >= 0.95
        && constant
        && p.share(p.steps) < 0.5
        && !is_unique(p)
        && !hint.any(&["zip", "postcode", "邮编", "邮政编码"])
    {
        return Some((Id::CnRegionCode, look(Id::CnRegionCode)));
    }
    degrees(hint, p).or_else(|| keys(p)).or_else(|| money(hint, p))
}

fn degrees(hint: &Hint, p: &Profile) -> Option<(Id, f64)> {
    let (low, high) = p.range.filter(|_| p.share(p.numbers) >= 0.9)?;
    let fine = p.share(p.fine) >= 0.5;
    let within = |a: f64, b: f64| low >= a && high <= b;
    if within(-180.0, 180.0) && (hint.any(&["lon", "lng", "longitude", "经度", "jd"]) || (fine && within(73.0, 136.0)))
    {
        return Some((Id::Longitude, 0.9));
    }
    (within(-90.0, 90.0) && fine && (hint.any(&["lat", "latitude", "纬度", "wd"]) || within(17.0, 54.0)))
        .then_some((Id::Latitude, 0.85))
}

/// Numbers and codes that a system made.
fn keys(p: &Profile) -> Option<(Id, f64)> {
    let long = p.share(p.long_digits) >= 0.9;
    let (low, high) = p.range.unwrap_or_default();
    let dense = high - low <= 10_000.0 * p.distinct() as f64;
    if long
        && p.lengths.is_some_and(|(short, long)| short == long && (15..=19).contains(&long))
        && dense
        && p.false_identity * 2 < p.present()
    {
        return Some((Id::SequentialCardId, 0.8));
    }
    if long {
        return Some((Id::InternalId, 0.8));
    }
    let digits = p.share(p.integers) >= 0.98;
    let code = p.share(p.codes) >= 0.9 && p.lengths.is_some_and(|(short, _)| short >= 3);
    (is_unique(p) && p.present() >= 20 && (digits || code)).then_some((Id::InternalId, 0.85))
}

/// As good as every value differs.
pub(super) fn is_unique(p: &Profile) -> bool {
    p.distinct() as f64 >= 0.97 * p.present() as f64
}

fn money(hint: &Hint, p: &Profile) -> Option<(Id, f64)> {
    if p.share(p.numbers) < 0.9 || p.distinct() <= 10 {
        return None;
    }
    if hint.any(&["income", "salary", "wage", "wages", "收入", "工资", "薪资", "薪酬"]) {
        return Some((Id::Income, 0.85));
    }
    let named = hint.any(&[
        "amount", "fee", "price", "cost", "tax", "pay", "paid", "fare", "balance", "capital", "amt", "金额", "费",
        "费用", "价", "税", "额", "缴费", "资本", "基数",
    ]);
    let cents = p.share(p.cents) >= 0.5 && p.range.is_some_and(|(low, high)| low >= 0.0 && high >= 1000.0);
    (named || cents).then_some((Id::Amount, if named { 0.85 } else { 0.6 }))
}

fn rest(hint: &Hint, p: &Profile) -> (Id, f64) {
    let key_named =
        hint.words.iter().any(|w| matches!(w.as_str(), "id" | "key" | "no" | "code" | "token" | "tailnum" | "uuid"))
            || hint.any(&["编号", "编码", "序号", "号码"]);
    let few = p.distinct() <= 1000 && (p.distinct() * 5 <= p.present() || p.distinct() <= 20);
    let fraction = p.numbers > p.integers;
    if few && !fraction && !(p.share(p.numbers) > 0.9 && p.distinct() > 400) {
        return (Id::Category, 0.8);
    }
    let code = p.share(p.codes) >= 0.9 && p.share(p.numbers) < 0.9;
    if code || (key_named && !fraction && p.distinct() > 20 && p.characters <= 40 * p.present()) {
        return (Id::InternalId, 0.7);
    }
    (Id::None, 0.5)
}

fn consequences(id: Id, confidence: f64, hint: &Hint, p: &Profile) -> Judgement {
    let (role, personal, level, class, masking) = match id {
        Id::CnResidentId | Id::CnResidencePermit => ("direct", "sensitive", 4, Class::Lock, "keyed_hash"),
        Id::CnPassport | Id::CnTravelPermit => ("direct", "sensitive", 4, Class::Lock, "keyed_hash"),
        Id::BankCard => ("direct", "sensitive", 4, Class::Lock, "mask(6,4)"),
        Id::CnMobile => ("direct", "general", 3, Class::Lock, "mask(3,4)"),
        Id::CnLandline => ("direct", "general", 3, Class::Lock, "mask(4,2)"),
        Id::Email => ("direct", "general", 3, Class::Lock, "mask(1,0)"),
        Id::CnPlate => ("direct", "general", 3, Class::Lock, "mask(2,2)"),
        Id::PersonName => ("direct", "general", 3, Class::Lock, "mask(1,0)"),
        Id::CnAddress => ("direct", "general", 3, Class::Lock, "redact"),
        Id::CnUscc | Id::CnOrgCode => ("direct", "none", 2, Class::Key, "keyed_hash"),
        Id::OrgName => ("direct", "none", 2, Class::Lock, "redact"),
        Id::FreeTextWithIdentifiers => ("direct", "sensitive", 4, Class::Lock, "redact"),
        Id::SequentialCardId => ("direct", "general", 3, Class::Lock, "tokenise"),
        Id::BirthDate => ("quasi", "general", 2, Class::Time, "generalise(year)"),
        Id::Sex | Id::Ethnicity | Id::Education => ("quasi", "general", 2, Class::Dim, "none"),
        Id::MaritalStatus => ("quasi", "sensitive", 4, Class::Dim, "none"),
        Id::CnRegionCode => ("quasi", "general", 2, Class::Dim, "generalise(6)"),
        Id::Longitude | Id::Latitude => ("quasi", "general", 3, Class::Lock, "generalise(0.01)"),
        Id::Timestamp => ("quasi", "none", 2, Class::Time, "generalise(hour)"),
        Id::Date => ("quasi", "none", 2, Class::Time, "generalise(month)"),
        Id::Month => ("quasi", "none", 1, Class::Dim, "none"),
        Id::Icd10 => ("sensitive", "sensitive", 4, Class::Sen, "generalise(3)"),
        Id::Diagnosis => ("sensitive", "sensitive", 4, Class::Lock, "redact"),
        Id::Income => ("sensitive", "sensitive", 4, Class::Mea, "round"),
        Id::Amount => ("sensitive", "none", 2, Class::Mea, "round"),
        Id::Industry => ("none", "none", 1, Class::Dim, "none"),
        Id::InternalId => internal(hint, p),
        Id::Category => ("none", "none", 1, Class::Dim, "none"),
        Id::None if p.share(p.numbers) >= 0.9 => ("none", "none", 2, Class::Mea, "round"),
        Id::None => ("none", "none", 2, Class::Lock, "redact"),
    };
    Judgement {
        identifier: id,
        role,
        personal,
        level,
        class,
        masking,
        confidence: (confidence * 100.0).round() / 100.0,
    }
}

/// Keys of people are direct identifiers of a sort; keys of rows are not.
fn internal(hint: &Hint, p: &Profile) -> (&'static str, &'static str, u8, Class, &'static str) {
    if subject_kind(hint).is_some_and(|k| k == "person") {
        ("direct", "general", 2, Class::Key, "tokenise")
    } else if subject_kind(hint).is_some() {
        ("direct", "none", 2, Class::Key, "tokenise")
    } else if is_unique(p) {
        ("none", "none", 1, Class::Rid, "tokenise")
    } else {
        ("none", "none", 2, Class::Lock, "tokenise")
    }
}

/// The kind of subject that a key's name speaks of.
pub(super) fn subject_kind(hint: &Hint) -> Option<&'static str> {
    const PERSON: [&str; 22] = [
        "citizen",
        "person",
        "people",
        "patient",
        "resident",
        "user",
        "member",
        "student",
        "employee",
        "insured",
        "passenger",
        "customer",
        "pid",
        "uid",
        "人员",
        "个人",
        "患者",
        "居民",
        "学生",
        "员工",
        "参保人",
        "用户",
    ];
    const FIRM: [&str; 12] = [
        "enterprise",
        "ent",
        "company",
        "firm",
        "employer",
        "merchant",
        "uscc",
        "企业",
        "单位",
        "公司",
        "商户",
        "机构",
    ];
    if hint.any(&PERSON) {
        Some("person")
    } else if hint.any(&FIRM) {
        Some("enterprise")
    } else {
        None
    }
}
