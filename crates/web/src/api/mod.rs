//! The platform's public API, one module per area. Handlers parse and render; `app` decides.

pub mod audit_log;
pub mod cases;
pub mod checks;
pub mod deployment;
pub mod keys;
pub mod market;
pub mod parties;
pub mod public;
pub mod resources;
pub mod sessions;
pub mod tickets;
pub mod zone_link;

use crate::state::WebState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route of the public API.
pub fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(deployment::get_deployment))
        .routes(routes!(deployment::setup))
        .routes(routes!(deployment::move_clock))
        .routes(routes!(deployment::list_procedures))
        .routes(routes!(deployment::get_pack))
        .routes(routes!(deployment::list_packs))
        .routes(routes!(deployment::compare_packs))
        .routes(routes!(sessions::create_session, sessions::delete_session))
        .routes(routes!(sessions::get_me))
        .routes(routes!(sessions::change_password))
        .routes(routes!(parties::create_organisation, parties::list_organisations))
        .routes(routes!(parties::create_person, parties::list_people))
        .routes(routes!(parties::set_roles))
        .routes(routes!(parties::close_account))
        .routes(routes!(parties::unlock_account))
        .routes(routes!(parties::reset_password))
        .routes(routes!(checks::record_check))
        .routes(routes!(keys::request_key))
        .routes(routes!(keys::draft_key_list))
        .routes(routes!(keys::install_key_list, keys::list_key_lists))
        .routes(routes!(cases::open_case, cases::list_cases))
        .routes(routes!(cases::get_case))
        .routes(routes!(cases::draft_act))
        .routes(routes!(cases::act, cases::list_acts))
        .routes(routes!(resources::list_resources))
        .routes(routes!(resources::get_resource))
        .routes(routes!(resources::open_batch))
        .routes(routes!(resources::list_batches))
        .routes(routes!(tickets::create_ticket))
        .routes(routes!(market::list_authorisations))
        .routes(routes!(market::list_due))
        .routes(routes!(market::list_announcements))
        .routes(routes!(market::list_implementation_plans))
        .routes(routes!(market::list_scenarios))
        .routes(routes!(market::list_staff))
        .routes(routes!(market::list_plans))
        .routes(routes!(market::list_grants))
        .routes(routes!(market::list_jobs))
        .routes(routes!(market::get_job))
        .routes(routes!(market::list_products))
        .routes(routes!(market::get_product))
        .routes(routes!(market::list_orders))
        .routes(routes!(market::get_order))
        .routes(routes!(market::get_usage))
        .routes(routes!(market::get_evidence))
        .routes(routes!(market::get_case_evidence))
        .routes(routes!(market::get_person_evidence))
        .routes(routes!(market::get_destruction_evidence))
        .routes(routes!(market::get_resource_certificate_evidence))
        .routes(routes!(audit_log::list_leaves))
        .routes(routes!(audit_log::get_checkpoint))
        .routes(routes!(public::list_public_products))
        .routes(routes!(public::get_certificate))
        .routes(routes!(public::list_notices))
        .routes(routes!(public::object))
        .routes(routes!(public::list_catalogue))
        .routes(routes!(public::get_catalogued))
}
