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

/// Declares an enum of snake-case words with `as_str`, `Display`, `FromStr`-like `parse` and serde.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }
        impl $name {
            /// Every value, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word, snake case.
            #[must_use]
            pub fn as_str(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
            /// The value of a word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> { Self::ALL.iter().copied().find(|v| v.as_str() == word) }
        }
        impl AsRef<str> for $name { fn as_ref(&self) -> &str { self.as_str() } }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
    };
}
pub(crate) use words;

/// Implements `Entity` from fields.
macro_rules! entity {
    ($name:ty, $kind:literal, id = $id:ident $(, parent = $parent:ident)? $(, org = $org:ident)? $(, state = $state:ident)?) => {
        impl crate::entity::Entity for $name {
            const KIND: &'static str = $kind;
            fn id(&self) -> &str { self.$id.as_ref() }
            $(fn parent(&self) -> Option<&str> { Some(self.$parent.as_ref()) })?
            $(fn org(&self) -> Option<&str> { Some(self.$org.as_ref()) })?
            $(fn state(&self) -> Option<&str> { Some(self.$state.as_ref()) })?
        }
    };
}
pub(crate) use entity;

entity!(crate::party::Organisation, "organisation", id = id);
entity!(crate::party::Person, "person", id = id, org = org);
