//! Documents that a step asks for: forms with typed fields.

use crate::entity::words;
use crate::time::parse_date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

words! {
    /// Kind of a field.
    FieldKind {
        /// Text, not blank.
        Text = "text",
        /// Whole number, not negative.
        Integer = "integer",
        /// True or false.
        Flag = "flag",
        /// Civil date `YYYY-MM-DD`.
        Date = "date",
        /// Digest of an attachment (`sm3:` or `sha256:`).
        Digest = "digest",
        /// One of `choices`.
        Choice = "choice",
        /// List of texts, not empty.
        List = "list",
        /// Amount in fen.
        Money = "money",
    }
}

/// Form of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentForm {
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Rule that asks for it.
    pub rule: String,
    /// Fields.
    pub fields: Vec<Field>,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: FieldKind,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// False where it may be left out.
    #[serde(default = "yes")]
    pub required: bool,
    /// Allowed words of a choice; the loader fills them in where a parameter lists them.
    #[serde(default)]
    pub choices: Vec<String>,
    /// List parameter whose words a choice allows, for what each city's text lists in its own way. Where that list is empty,
    /// the form has no such field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices_param: Option<String>,
    /// For flags and choices: the only value with which the step may be approved.
    #[serde(default)]
    pub must: Option<String>,
}

fn yes() -> bool {
    true
}

/// Why a document does not fit its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// A required field is missing or blank.
    Missing(String),
    /// A field is of the wrong kind.
    Kind(String),
    /// A word that the parameter of the field does not list.
    Unlisted(String),
    /// A field that the form does not know.
    Unknown(String),
    /// A finding that forbids approval.
    Adverse(String),
}

impl DocumentForm {
    /// Checks a document against the form. With `approve`, findings with a `must` value are binding.
    pub(crate) fn check(&self, document: &Value, approve: bool) -> Result<(), Misfit> {
        let Some(map) = document.as_object() else {
            return Err(Misfit::Kind(String::new()));
        };
        for name in map.keys() {
            if !self.fields.iter().any(|f| &f.name == name) {
                return Err(Misfit::Unknown(name.clone()));
            }
        }
        self.fields.iter().try_for_each(|f| f.check(map.get(&f.name), approve))
    }
}

impl Field {
    fn check(&self, value: Option<&Value>, approve: bool) -> Result<(), Misfit> {
        let Some(value) = value.filter(|v| !v.is_null()) else {
            return if self.required { Err(Misfit::Missing(self.name.clone())) } else { Ok(()) };
        };
        if self.blank(value) {
            return Err(Misfit::Missing(self.name.clone()));
        }
        if !self.fits(value) {
            let misfit = if self.choices_param.is_some() { Misfit::Unlisted } else { Misfit::Kind };
            return Err(misfit(self.name.clone()));
        }
        match &self.must {
            Some(must) if approve && &plain(value) != must => Err(Misfit::Adverse(self.name.clone())),
            _ => Ok(()),
        }
    }

    fn blank(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => text.trim().is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        }
    }

    fn fits(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self.kind {
            FieldKind::Text => text.is_some(),
            FieldKind::Integer | FieldKind::Money => value.as_i64().is_some_and(|n| n >= 0),
            FieldKind::Flag => value.is_boolean(),
            FieldKind::Date => text.is_some_and(|t| parse_date(t).is_some()),
            FieldKind::Digest => text.is_some_and(is_digest),
            FieldKind::Choice => text.is_some_and(|t| self.choices.iter().any(|c| c == t)),
            FieldKind::List => {
                value.as_array().is_some_and(|a| a.iter().all(|v| v.as_str().is_some_and(|t| !t.trim().is_empty())))
            }
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sm3:").or_else(|| text.strip_prefix("sha256:"));
    hex.is_some_and(|h| h.len() == 64 && h.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
}

#[cfg(test)]
mod tests {
    use super::{DocumentForm, Field, FieldKind, Misfit};
    use serde_json::json;

    fn field(name: &str, kind: FieldKind) -> Field {
        Field {
            name: name.into(),
            kind,
            zh: "甲".into(),
            en: "a".into(),
            required: true,
            choices: vec!["met".into(), "not_met".into()],
            choices_param: None,
            must: None,
        }
    }

    #[test]
    fn each_kind_takes_its_own_values_only() {
        let cases = [
            (FieldKind::Text, json!("a"), true),
            (FieldKind::Text, json!(1), false),
            (FieldKind::Integer, json!(3), true),
            (FieldKind::Integer, json!(3.5), false),
            (FieldKind::Integer, json!(-1), false),
            (FieldKind::Flag, json!(true), true),
            (FieldKind::Flag, json!("true"), false),
            (FieldKind::Date, json!("2024-02-29"), true),
            (FieldKind::Date, json!("2023-02-29"), false),
            (FieldKind::Date, json!("20240229"), false),
            (FieldKind::Digest, json!(format!("sm3:{}", "0".repeat(64))), true),
            (FieldKind::Digest, json!(format!("sm3:{}", "G".repeat(64))), false),
            (FieldKind::Choice, json!("met"), true),
            (FieldKind::Choice, json!("maybe"), false),
            (FieldKind::List, json!(["a"]), true),
            (FieldKind::List, json!([1]), false),
            (FieldKind::Money, json!(100), true),
        ];
        for (kind, value, good) in cases {
            let form = DocumentForm {
                zh: "甲".into(),
                en: "a".into(),
                rule: "PRODUCT-x".into(),
                fields: vec![field("f", kind)],
            };
            assert_eq!(form.check(&json!({ "f": value }), true).is_ok(), good, "{kind} {value}");
        }
    }

    #[test]
    fn blank_unknown_and_adverse_are_named() {
        let mut finding = field("finding", FieldKind::Choice);
        finding.must = Some("met".into());
        let form = DocumentForm {
            zh: "甲".into(),
            en: "a".into(),
            rule: "PRODUCT-x".into(),
            fields: vec![finding, field("text", FieldKind::Text)],
        };
        assert_eq!(form.check(&json!({"finding": "met", "text": " "}), true), Err(Misfit::Missing("text".into())));
        assert_eq!(form.check(&json!({"finding": "met", "text": "a", "x": 1}), true), Err(Misfit::Unknown("x".into())));
        assert_eq!(
            form.check(&json!({"finding": "not_met", "text": "a"}), true),
            Err(Misfit::Adverse("finding".into()))
        );
        assert_eq!(form.check(&json!({"finding": "not_met", "text": "a"}), false), Ok(()));
        assert_eq!(form.check(&json!([]), true), Err(Misfit::Kind(String::new())));
    }
}
