//! Contracts and purpose, looked up by column and table.

use std::collections::BTreeSet;

use crate::contract::{Class, Contract, Field};
use crate::engine::label::Atom;
use crate::purpose::Purpose;

/// Threshold of a sensitive field that names none (product default).
const SENSITIVE_K: u32 = 20;

/// What holds for a query.
pub struct Policy<'a> {
    /// Contracts of all tables.
    pub contracts: &'a [Contract],
    /// The purpose.
    pub purpose: &'a Purpose,
}

impl Policy<'_> {
    /// Contract of a table.
    pub fn contract(&self, table: &str) -> Option<&Contract> {
        self.contracts.iter().find(|contract| contract.table.name == table)
    }

    /// Field of a column.
    pub fn field(&self, atom: &Atom) -> Option<&Field> {
        self.contract(&atom.table)?.field(&atom.column)
    }

    /// Class of a column.
    pub fn class(&self, atom: &Atom) -> Option<Class> {
        self.field(atom)?.class
    }

    /// Is the column public?
    pub fn is_public(&self, atom: &Atom) -> bool {
        self.class(atom) == Some(Class::Pub)
    }

    /// Least number of subjects of a kind for a group that those columns touch: the purpose's, raised by each field of a table
    /// about that kind.
    pub fn k(&self, kind: &str, touched: &BTreeSet<Atom>) -> u32 {
        let of_kind = |atom: &&Atom| {
            let contract = self.contract(&atom.table);
            contract.is_some_and(|contract| contract.table.subjects.iter().any(|subject| subject.kind == kind))
        };
        let own = |atom: &Atom| self.field(atom).map_or(0, |field| own_k(field, kind));
        let most = touched.iter().filter(of_kind).map(own).max().unwrap_or(0);
        self.purpose.threshold(kind).max(most)
    }

    /// The largest threshold that any query can meet: subject sets carried below a release keep so many tokens.
    pub fn largest_k(&self) -> u32 {
        let kinds = self
            .contracts
            .iter()
            .flat_map(|contract| contract.table.subjects.iter().map(|subject| subject.kind.as_str()));
        let purpose = kinds.map(|kind| self.purpose.threshold(kind)).max().unwrap_or(10);
        let fields = self.contracts.iter().flat_map(|contract| contract.table.fields.iter());
        fields.map(|field| own_k(field, "person")).max().unwrap_or(0).max(purpose)
    }

    /// Must a group not fall into one single value of the field (G5)?
    pub fn must_vary(&self, atom: &Atom) -> bool {
        self.field(atom).is_some_and(|field| field.homogeneity || field.class == Some(Class::Sen))
    }
}

/// A field's own threshold; the default of sensitive fields is about people.
fn own_k(field: &Field, kind: &str) -> u32 {
    let sensitive = field.class == Some(Class::Sen) && kind != "enterprise";
    match field.k {
        Some(k) if kind != "enterprise" => k,
        Some(_) => 0,
        None if sensitive => SENSITIVE_K,
        None => 0,
    }
}
