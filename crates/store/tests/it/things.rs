//! A domain object for tests.

use model::{Entity, Timestamp};
use serde::{Deserialize, Serialize};
use store::{LeafDraft, Outcome};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    pub id: String,
    pub parent: Option<String>,
    pub org: Option<String>,
    pub state: Option<String>,
    pub n: u64,
}

impl Thing {
    pub fn new(id: &str, n: u64) -> Self {
        Self { id: id.into(), parent: None, org: None, state: None, n }
    }
}

impl Entity for Thing {
    const KIND: &'static str = "thing";
    fn id(&self) -> &str {
        &self.id
    }
    fn parent(&self) -> Option<&str> {
        self.parent.as_deref()
    }
    fn org(&self) -> Option<&str> {
        self.org.as_deref()
    }
    fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

pub fn draft(case: Option<&str>, kind: &str, at: i64) -> LeafDraft {
    LeafDraft {
        kind: kind.into(),
        case: case.map(Into::into),
        actor: Some("per_a".into()),
        org: Some("org_a".into()),
        outcome: Outcome::Done,
        rule: None,
        article: Some("11".into()),
        object: None,
        refs: std::collections::BTreeMap::default(),
        at: Timestamp(at),
    }
}
