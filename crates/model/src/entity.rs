//! What the store keeps as one versioned row: an id, a few indexed words and a JSON body.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A stored object. `store` keeps `KIND`, `id`, `parent`, `org`, `state` in columns and the whole value as JSON.
pub trait Entity: Serialize + DeserializeOwned + Send + Sync {
    /// Row kind, snake case.
    const KIND: &'static str;
    /// Id, unique within the kind.
    fn id(&self) -> &str;
    /// The object this one belongs to, where there is one (for example the case of an act).
    fn parent(&self) -> Option<&str> {
        None
    }
    /// Organisation that owns it, where there is one.
    fn org(&self) -> Option<&str> {
        None
    }
    /// State word, where it has one.
    fn state(&self) -> Option<&str> {
        None
    }
}

impl Entity for crate::party::Organisation {
    const KIND: &'static str = "organisation";
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Entity for crate::party::Person {
    const KIND: &'static str = "person";
    fn id(&self) -> &str {
        self.id.as_str()
    }
    fn org(&self) -> Option<&str> {
        Some(self.org.as_str())
    }
}
