//! What a changed contract may change while records are held under the one before.

use super::{Contract, Field};

impl Contract {
    /// Whether records that were stored under `before` can be read under this contract: whom they are about and how they
    /// are stored is the same. Classes, grids, masks, descriptions may change; fields may go, or come if they may be empty.
    #[must_use]
    pub fn reads_records_of(&self, before: &Self) -> bool {
        // Tokens of subjects were made when the records were taken in, from these keys and their domains.
        self.table.subjects == before.table.subjects
            && self.table.fields.iter().all(|new| match before.table.fields.iter().find(|old| old.name == new.name) {
                Some(old) => stored_alike(old, new),
                None => !new.required && !new.unique,
            })
            && before.table.subjects.iter().flat_map(|s| s.key.iter().chain(&s.else_key)).all(|key| self.has(key))
    }

    fn has(&self, name: &str) -> bool {
        self.table.fields.iter().any(|f| f.name == name)
    }
}

fn stored_alike(old: &Field, new: &Field) -> bool {
    let still = new.arrow_type() == old.arrow_type() && new.domain == old.domain;
    // What could be empty may be empty in what is stored; what was unique was checked only then.
    still && (old.required || !new.required) && (old.unique || !new.unique)
}

#[cfg(test)]
mod tests {
    use super::super::{Class, LogicalType, Subject, Table};
    use super::*;

    fn contract() -> Contract {
        let key = Field { domain: Some("person".into()), ..Field::new("id", LogicalType::String, Some(Class::Key)) };
        let fields = vec![key, Field::new("district", LogicalType::String, Some(Class::Dim))];
        let subject = Subject { kind: "person".into(), key: Some("id".into()), else_key: None, when_measure: false };
        let table = Table { name: "visits".into(), subjects: vec![subject], fields };
        Contract { id: "visits".into(), version: "1".into(), table }
    }

    fn changed(change: impl FnOnce(&mut Table)) -> bool {
        let mut new = contract();
        change(&mut new.table);
        new.reads_records_of(&contract())
    }

    #[test]
    fn what_says_how_fields_may_be_used_changes_and_how_they_are_stored_does_not() {
        let extra = |required| Field { required, ..Field::new("ward", LogicalType::String, Some(Class::Dim)) };
        let may: [(bool, bool); 10] = [
            (true, changed(|_| ())),
            (true, changed(|t| t.fields[1].class = Some(Class::Lock))),
            (true, changed(|t| drop(t.fields.remove(1)))),
            (true, changed(|t| t.fields.push(extra(false)))),
            (false, changed(|t| t.fields.push(extra(true)))),
            (false, changed(|t| t.fields.push(Field { unique: true, ..extra(false) }))),
            (false, changed(|t| t.fields[1].logical_type = LogicalType::Integer)),
            (false, changed(|t| t.fields[1].required = true)),
            (false, changed(|t| t.fields[0].domain = Some("enterprise".into()))),
            (false, changed(|t| t.subjects.clear())),
        ];
        for (n, (want, got)) in may.into_iter().enumerate() {
            assert_eq!(got, want, "case {n}");
        }
        assert!(!changed(|t| drop(t.fields.remove(0))), "a subject's key stays");
        assert!(!changed(|t| t.fields[1].unique = true), "stored rows were never held against each other");
    }
}
