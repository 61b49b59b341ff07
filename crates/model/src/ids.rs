//! Typed identifiers. An id is a short prefix and random text; it never carries a personal value.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);
        impl $name {
            /// The prefix every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;
            /// An id from its random part (letters and digits).
            #[must_use]
            pub fn from_part(part: &str) -> Self { Self(format!("{}_{part}", $prefix)) }
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
            /// Whether it looks like an id that the platform gave: what a caller sends as one may be any text.
            #[must_use]
            pub fn has_form(&self) -> bool { has_form(&self.0, $prefix) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl AsRef<str> for $name { fn as_ref(&self) -> &str { &self.0 } }
        impl From<&str> for $name { fn from(s: &str) -> Self { Self(s.to_owned()) } }
    )+};
}

fn has_form(id: &str, prefix: &str) -> bool {
    let part = id.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).unwrap_or_default();
    (8..=64).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

ids! {
    /// An organisation.
    OrgId = "org",
    /// A natural person with an account.
    PersonId = "per",
    /// A run of a procedure.
    CaseId = "case",
    /// A public-data resource in the catalogue.
    ResourceId = "res",
    /// One supplied batch of records.
    BatchId = "bat",
    /// An authorisation to operate.
    AuthorisationId = "auth",
    /// An application scenario.
    ScenarioId = "scn",
    /// A grant: these fields, this purpose, until this date.
    GrantId = "gra",
    /// A job over raw records.
    JobId = "job",
    /// A data product.
    ProductId = "prod",
    /// A consumer's order.
    OrderId = "ord",
    /// A ticket for the zone's endpoint.
    TicketId = "tic",
    /// A work order from platform to zone.
    WorkOrderId = "wo",
    /// An announcement that opens a round of applications.
    AnnouncementId = "ann",
    /// An implementation plan (实施方案).
    ImplementationPlanId = "iplan",
    /// An emergency plan.
    PlanId = "plan",
    /// An agreement.
    AgreementId = "agr",
    /// A product certificate.
    CertificateId = "cert",
    /// A destruction certificate.
    DestructionId = "dest",
    /// A matter of the register: an objection, an inspection, a drill, whatever a pack has people keep.
    MatterId = "mat",
    /// A staff file.
    StaffId = "staff",
    /// A ban on applying.
    BanId = "ban",
    /// A check against a blacklist.
    CheckId = "chk",
    /// An objection.
    ObjectionId = "obj",
}
