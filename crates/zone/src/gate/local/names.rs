//! What column names hint at in files of cells. Hints only: used where no contract, role or raw record tells.

const COUNTS: [&str; 34] = [
    "n",
    "cnt",
    "count",
    "counts",
    "freq",
    "frequency",
    "persons",
    "people",
    "subjects",
    "patients",
    "users",
    "households",
    "enterprises",
    "firms",
    "companies",
    "headcount",
    "total_count",
    "person_count",
    "num",
    "number",
    "人数",
    "户数",
    "企业数",
    "数量",
    "计数",
    "频数",
    "例数",
    "件数",
    "家数",
    "单位数",
    "参保人数",
    "就诊人数",
    "人次",
    "样本数",
];
const COUNT_TAILS: [&str; 8] = ["_count", "_cnt", "_n", "人数", "户数", "企业数", "家数", "人次"];
const COUNT_HEADS: [&str; 4] = ["count_", "cnt_", "n_", "num_"];
const FIRMS: [&str; 9] = ["ent", "enterprise", "firm", "company", "uscc", "org", "企业", "单位", "家数"];
const AFFIXES: [&str; 18] = [
    "sum",
    "total",
    "avg",
    "mean",
    "average",
    "amount_of",
    "合计",
    "总额",
    "总",
    "平均",
    "均值",
    "汇总",
    "max",
    "min",
    "std",
    "median",
    "sum_of",
    "total_of",
];

/// Does the name say that the column counts something?
pub(super) fn is_count(name: &str) -> bool {
    let lower = name.to_lowercase();
    COUNTS.contains(&lower.as_str())
        || COUNT_TAILS.iter().any(|t| lower.ends_with(t))
        || COUNT_HEADS.iter().any(|h| lower.starts_with(h))
}

/// The subject kind that a name hints at.
pub(super) fn kind(name: &str) -> &'static str {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let firm = FIRMS.iter().any(|f| {
        if f.is_ascii() {
            words
                .iter()
                .any(|w| w == f || w.strip_suffix('s') == Some(f) || (*f == "enterprise" && *w == "enterprises"))
        } else {
            lower.contains(f)
        }
    });
    if firm || lower == "companies" { "enterprise" } else { "person" }
}

/// Which of the raw columns does an aggregated column come from, by name?
pub(super) fn source<'a>(output: &str, raw: &[&'a str]) -> Option<&'a str> {
    let lower = output.to_lowercase();
    if let Some(same) = raw.iter().find(|r| r.to_lowercase() == lower) {
        return Some(same);
    }
    let longest = raw.iter().filter(|r| {
        let name = r.to_lowercase();
        let rest = lower
            .strip_suffix(&name)
            .or_else(|| lower.strip_prefix(&name))
            .map(|rest| rest.trim_matches(|c: char| !c.is_alphanumeric()).to_owned());
        rest.is_some_and(|rest| AFFIXES.contains(&rest.as_str()))
    });
    longest.max_by_key(|r| r.len()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints() {
        for name in ["n", "COUNT", "person_count", "参保人数", "n_persons", "企业数"] {
            assert!(is_count(name), "{name}");
        }
        for name in ["education-num", "amount", "nation", "country", "district"] {
            assert!(!is_count(name), "{name}");
        }
        assert_eq!(
            (kind("ent_id"), kind("企业数"), kind("patient"), kind("client_id"), kind("enterprises")),
            ("enterprise", "enterprise", "person", "person", "enterprise")
        );
        assert_eq!(source("sum_tax", &["tax", "tax_id", "x"]), Some("tax"));
        assert_eq!(source("tax_total", &["tax"]), Some("tax"));
        assert_eq!(source("tax", &["tax"]), Some("tax"));
        assert_eq!(source("sum_taxes", &["tax"]), None);
    }
}
