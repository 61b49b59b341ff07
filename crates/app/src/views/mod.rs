//! What callers may read. Reads decide visibility, never state; a thing that is not for the caller looks absent.

mod case;
mod cases;
mod catalogue;
mod evidence;
mod market;
mod people;
mod records;
mod refs;
mod rules;

pub use case::{acts, case, case_view, check_visible, leaves};
pub use cases::{CaseFilter, CaseOrder, cases};
pub use catalogue::{public_catalogue, public_resource};
pub use evidence::check_evidence;
pub use market::{
    authorisations, authorisations_in_force, batches, certificate, deliveries_ended, grants, job, jobs, order, orders,
    product, products, public_product, public_products, resource, resources, sees_job, usage,
};
pub use people::{me, organisations, people};
pub use records::{announcements, implementation_plans, plans, scenarios, staff};
pub use rules::{About, about, compared, pack, packs, procedures};

use crate::funnel::Actor;
use model::party::{OrgRole, PersonRole};

/// Roles that see the objects of others: those that plan, decide, supervise or watch. Experts, assessors and other
/// reviewers are asked case by case and see what they are asked about.
pub(crate) fn oversees(actor: &Actor) -> bool {
    let watch = [
        OrgRole::DataAuthority,
        OrgRole::ImplementingAgency,
        OrgRole::CoordinationBody,
        OrgRole::SecurityRegulator,
        OrgRole::MarketRegulator,
    ];
    actor.org_roles.iter().any(|r| watch.contains(r)) || actor.roles.contains(&PersonRole::AuditAdmin)
}
