//! Which approvals a work order must carry: `[[effects.NAME]]` tables.

use serde::{Deserialize, Serialize};

/// One way in which the approvals of an effect may come together: the approvals of these steps of this procedure,
/// in the number, of the roles and from the organisations that the steps themselves demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alternative {
    /// Procedure.
    pub procedure: String,
    /// Steps whose approvals the order carries.
    pub steps: Vec<String>,
    /// Rule it rests on.
    pub rule: String,
}
