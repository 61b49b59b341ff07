//! Resources that were sealed or withdrawn: nothing is supplied to them, and no new product is made of them.

use crate::pack::Pack;
use crate::record::{Resource, ResourceState};
use crate::refusal::Refusal;

/// The rule that a refusal cites where a resource is sealed.
pub const SEALING: &str = "PRODUCT-SEALING";
/// The rule that a refusal cites where a resource was withdrawn.
pub const WITHDRAWAL: &str = "PRODUCT-WITHDRAWAL";

/// Code, rule and words of what keeps a resource from being used.
type Away = (&'static str, &'static str, String, String);

/// What keeps a resource from being used, if it is sealed or withdrawn.
pub(crate) fn away(resource: &Resource) -> Option<Away> {
    let id = &resource.id;
    match resource.state {
        ResourceState::Submitted | ResourceState::Catalogued => None,
        ResourceState::Sealed => Some((
            "resource-sealed",
            SEALING,
            format!("资源 {id} 已封存，启封之前任何人不可读"),
            format!("resource {id} is sealed and nobody can read it until it is unsealed"),
        )),
        ResourceState::Withdrawn => Some((
            "resource-withdrawn",
            WITHDRAWAL,
            format!("资源 {id} 已撤回并销毁"),
            format!("resource {id} was withdrawn and destroyed"),
        )),
    }
}

/// May something be supplied to a resource, or made of it?
///
/// # Errors
/// The refusal, by the rule of the sealing or of the withdrawal.
pub fn check_usable(pack: &Pack, resource: &Resource) -> Result<(), Refusal> {
    away(resource).map_or(Ok(()), |(code, rule, zh, en)| Err(pack.refusal(code, rule, zh, en)))
}
