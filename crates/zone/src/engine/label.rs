//! The label lattice: what an expression's value may be used for and which columns it comes from.
//!
//! A label is a set of permitted modes and a set of origin columns; joining two labels intersects the modes and unites the
//! origins, so that no combination permits more than its parts (monotone by construction). A missing class permits nothing.

use std::collections::BTreeSet;

use datafusion::common::ScalarValue;

use super::verdict::Transform;
use crate::contract::{Class, Derivation, Field, Grid};

/// A set of permitted uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes(u32);

impl Modes {
    /// Stand in a row of the answer.
    pub const SHOW: Self = Self(1);
    /// Key of a released group.
    pub const GROUP: Self = Self(1 << 1);
    /// Argument of `COUNT`.
    pub const COUNT: Self = Self(1 << 2);
    /// Argument of `COUNT(DISTINCT …)` at a release.
    pub const DISTINCT: Self = Self(1 << 3);
    /// Argument of sums, means, spreads and quantiles.
    pub const SUM: Self = Self(1 << 4);
    /// `MIN`/`MAX` per subject, below a release.
    pub const EXTREME: Self = Self(1 << 5);
    /// Equality with a key of the same domain.
    pub const EQJOIN: Self = Self(1 << 6);
    /// Equality with a literal.
    pub const LIT_EQ: Self = Self(1 << 7);
    /// Range comparison with a literal (on the grid, where there is one).
    pub const LIT_RANGE: Self = Self(1 << 8);
    /// `IS [NOT] NULL`.
    pub const NULLTEST: Self = Self(1 << 9);
    /// Equality with a public column.
    pub const PUBEQ: Self = Self(1 << 10);
    /// Key of a grouping or window below a release.
    pub const INNER_KEY: Self = Self(1 << 11);
    /// Order within a subject's rows.
    pub const ORDER: Self = Self(1 << 12);
    /// Sums and differences of measures of one row.
    pub const ADD: Self = Self(1 << 13);
    /// `date_trunc`, `date_part`; difference of times.
    pub const TRUNC: Self = Self(1 << 14);
    /// `floor(x / n) * n`.
    pub const BAND: Self = Self(1 << 15);
    /// Argument of `date_part('epoch', …)`: a difference of times.
    pub const EPOCH: Self = Self(1 << 16);
    /// Argument of `AVG` and `MEDIAN` only.
    pub const MEAN: Self = Self(1 << 17);
    /// Comparison with 1 only: a rank within one subject.
    pub const RANK: Self = Self(1 << 18);
    /// `COALESCE` with a literal.
    pub const COALESCE: Self = Self(1 << 19);
    /// `floor(x / n) * n` over a year number, n ≥ 5.
    pub const YEAR_BAND: Self = Self(1 << 20);
    /// Every use.
    pub const ALL: Self = Self((1 << 21) - 1);
    /// No use.
    pub const NONE: Self = Self(0);

    /// Union.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Intersection.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Without those.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// True if every one of those is permitted.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Uses of a dimension.
    pub const DIM: Self = Self::GROUP
        .or(Self::COUNT)
        .or(Self::DISTINCT)
        .or(Self::EXTREME)
        .or(Self::LIT_EQ)
        .or(Self::LIT_RANGE)
        .or(Self::NULLTEST)
        .or(Self::PUBEQ)
        .or(Self::INNER_KEY)
        .or(Self::ORDER)
        .or(Self::COALESCE);

    /// Uses of a class.
    pub const fn of_class(class: Class) -> Self {
        match class {
            Class::Pub => Self::ALL,
            Class::Dim => Self::DIM,
            Class::Sen => Self::DIM.without(Self::DISTINCT),
            Class::Mea => Self::COUNT.or(Self::SUM).or(Self::LIT_RANGE).or(Self::ADD).or(Self::BAND),
            Class::Time => {
                let order = Self::EXTREME.or(Self::INNER_KEY).or(Self::ORDER);
                Self::COUNT.or(Self::LIT_RANGE).or(Self::TRUNC).or(order)
            }
            Class::Key => Self::COUNT.or(Self::DISTINCT).or(Self::EQJOIN).or(Self::INNER_KEY),
            Class::Rid => Self::COUNT.or(Self::DISTINCT),
            Class::Lock => Self::NONE,
        }
    }
}

/// A column of a table: where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Atom {
    /// Table.
    pub table: String,
    /// Column.
    pub column: String,
}

impl Atom {
    /// As `table.column`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }
}

/// How a value depends on a condition over restricted columns, so that folding it counts the rows that meet the condition (G2).
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// It does not.
    None,
    /// A value where the condition holds, and zero or null where it does not.
    ElseNothing,
    /// One of these constants.
    Constants(Vec<ScalarValue>),
}

/// The subject key that a column is, and the scan of the table that it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectKey {
    /// Kind of subject.
    pub kind: String,
    /// Number of the scan.
    pub scan: usize,
}

/// Label of an expression.
#[derive(Clone, Debug)]
pub struct Label {
    /// Permitted uses.
    pub modes: Modes,
    /// Origin columns.
    pub atoms: BTreeSet<Atom>,
    /// Grid on which literals must lie.
    pub grid: Option<Grid>,
    /// Domain of a key.
    pub domain: Option<String>,
    /// Registered derivations.
    pub derive: Vec<Derivation>,
    /// Condition it depends on.
    pub condition: Condition,
    /// How it depends on its origins.
    pub transform: Transform,
    /// Set where the column is a table's subject key.
    pub subject: Option<SubjectKey>,
    /// A released value has a part in it.
    pub from_release: bool,
    /// Result of a releasing aggregate, not computed with afterwards.
    pub released_as_is: bool,
    /// Index of the release point's key that this column is.
    pub released_key: Option<(usize, usize)>,
    /// Index of the release point's measure that this column is.
    pub released_measure: Option<(usize, usize)>,
    /// A time that is a day's first instant: bounds within the day bound the whole day.
    pub whole_days: bool,
    /// Says whether a row is the first of its subject: may choose rows, and not the others.
    pub first_row: bool,
    /// How many times longer than its longest column a text may be.
    pub growth: u64,
    /// A window's count or sum: stands on every row that it was made of, so that folding it again counts each row squared.
    pub spread: bool,
    /// Columns whose groups must not be of one value (G5), and which this public value was equated with.
    pub reveals: BTreeSet<Atom>,
}

impl Label {
    /// Label of a constant.
    pub fn constant() -> Self {
        Self {
            modes: Modes::ALL,
            atoms: BTreeSet::new(),
            grid: None,
            domain: None,
            derive: Vec::new(),
            condition: Condition::None,
            transform: Transform::Identity,
            subject: None,
            from_release: false,
            released_as_is: false,
            released_key: None,
            released_measure: None,
            whole_days: false,
            first_row: false,
            growth: 1,
            spread: false,
            reveals: BTreeSet::new(),
        }
    }

    /// Label of a field as it stands in its table.
    pub fn of_field(table: &str, field: &Field) -> Self {
        let modes = field.class.map_or(Modes::NONE, Modes::of_class);
        let modes =
            if field.homogeneity && field.class != Some(Class::Pub) { modes.without(Modes::DISTINCT) } else { modes };
        Self {
            modes,
            atoms: BTreeSet::from([Atom { table: table.into(), column: field.name.clone() }]),
            grid: if matches!(field.class, Some(Class::Mea | Class::Time)) { field.grid } else { None },
            domain: field.domain.clone(),
            derive: field.derive.clone(),
            ..Self::constant()
        }
    }

    /// A value derived from others: permitted uses given, origins united.
    pub fn derived<'a>(modes: Modes, parts: impl IntoIterator<Item = &'a Label>) -> Self {
        let mut label = Self { modes, transform: Transform::ManyToOne, ..Self::constant() };
        for part in parts {
            label.atoms.extend(part.atoms.iter().cloned());
            label.transform = label.transform.max(part.transform);
            label.from_release |= part.from_release;
            label.growth = label.growth.max(part.growth);
            label.first_row |= part.first_row;
            label.spread |= part.spread;
            label.reveals.extend(part.reveals.iter().cloned());
        }
        label
    }

    /// Least upper bound of labels: permits what all of them permit.
    pub fn join<'a>(parts: impl IntoIterator<Item = &'a Label> + Clone) -> Self {
        let modes = parts.clone().into_iter().fold(Modes::ALL, |modes, part| modes.and(part.modes));
        Self::derived(modes, parts)
    }

    /// True if every use is permitted.
    pub fn is_free(&self) -> bool {
        self.modes == Modes::ALL
    }

    /// True if it permits every use because nobody's column is in it: a literal under a name.
    pub fn is_written(&self) -> bool {
        self.is_free() && self.atoms.is_empty() && !self.from_release
    }

    /// A literal of the query on rows of which only some have it: which row has it tells how the rows were chosen.
    pub fn chosen_by(&self, implicit: &BTreeSet<Atom>) -> Self {
        let mut label = Self::derived(Modes::DIM, [self]);
        label.atoms.extend(implicit.iter().cloned());
        label
    }

    /// Names of the origins.
    pub fn names(&self) -> Vec<String> {
        self.atoms.iter().map(Atom::name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_never_permits_more() {
        let classes =
            [Class::Pub, Class::Dim, Class::Sen, Class::Mea, Class::Time, Class::Key, Class::Rid, Class::Lock];
        for a in classes {
            for b in classes {
                let (x, y) = (Modes::of_class(a), Modes::of_class(b));
                assert!(x.has(x.and(y)) && y.has(x.and(y)));
            }
            assert!(a == Class::Pub || !Modes::of_class(a).has(Modes::SHOW), "{a:?} in a row");
        }
        assert_eq!(Modes::of_class(Class::Lock), Modes::NONE);
    }
}
