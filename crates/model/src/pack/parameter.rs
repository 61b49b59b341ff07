//! Parameters: values with origin, and the rule that a lower layer may only tighten a strict one.

use crate::entity::words;
use serde::{Deserialize, Serialize};

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// A list of words.
    List(Vec<String>),
}

words! {
    /// Kind of a value.
    ValueKind {
        /// True or false.
        Flag = "flag",
        /// A whole number.
        Integer = "integer",
        /// A text.
        Text = "text",
        /// A list of words.
        List = "list",
    }
}

impl Value {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ValueKind {
        match self {
            Self::Flag(_) => ValueKind::Flag,
            Self::Integer(_) => ValueKind::Integer,
            Self::Text(_) => ValueKind::Text,
            Self::List(_) => ValueKind::List,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(b) => write!(f, "{b}"),
            Self::Integer(n) => write!(f, "{n}"),
            Self::Text(t) => f.write_str(t),
            Self::List(l) => f.write_str(&l.join(", ")),
        }
    }
}

words! {
    /// Where a value comes from, seen from the city.
    Status {
        /// The layer's own text states it.
        Explicit = "explicit",
        /// A layer above gives it; it is not the city's rule.
        Inherited = "inherited",
        /// The layer's reading of its text.
        Derived = "derived",
    }
}

words! {
    /// In which direction a lower layer may move a strict value.
    Strict {
        /// The value is a maximum: only lower.
        Max = "max",
        /// The value is a minimum: only higher.
        Min = "min",
        /// The value lists what is allowed: only fewer.
        Subset = "subset",
        /// The value lists what is demanded: only more.
        Superset = "superset",
        /// The value may not be changed.
        Fixed = "fixed",
    }
}

/// An effective parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// The value.
    pub value: Value,
    /// Rule it comes from.
    pub source: String,
    /// Status, seen from the city.
    pub status: Status,
    /// Direction in which alone it may be tightened.
    pub strict: Option<Strict>,
    /// True where the text says "in general" or "in principle": departing from it is told, not refused.
    #[serde(default)]
    pub general: bool,
    /// Layer that set the value.
    pub layer: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
}

/// A parameter as a layer writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawParameter {
    pub(crate) value: Value,
    pub(crate) source: String,
    pub(crate) status: Status,
    pub(crate) strict: Option<Strict>,
    #[serde(default)]
    pub(crate) general: bool,
    pub(crate) zh: Option<String>,
    pub(crate) en: Option<String>,
}

impl Strict {
    /// May the value be replaced by `lower`?
    pub(crate) fn allows(self, upper: &Value, lower: &Value) -> bool {
        match (self, upper, lower) {
            (Self::Max, Value::Integer(u), Value::Integer(l)) => l <= u,
            (Self::Min, Value::Integer(u), Value::Integer(l)) => l >= u,
            (Self::Subset, Value::List(u), Value::List(l)) => l.iter().all(|x| u.contains(x)),
            (Self::Superset, Value::List(u), Value::List(l)) => u.iter().all(|x| l.contains(x)),
            (_, u, l) => u == l,
        }
    }

    /// Does the direction make sense for this kind of value?
    pub(crate) fn fits(self, kind: ValueKind) -> bool {
        match self {
            Self::Max | Self::Min => kind == ValueKind::Integer,
            Self::Subset | Self::Superset => kind == ValueKind::List,
            Self::Fixed => true,
        }
    }
}
