//! Guards: conditions that a pack puts on a step, by name. Each is one small pure function over plain facts.
//! Which article a guard rests on is the pack's business: a refusal cites the rule written beside the guard.

mod authorisation;
mod plan;
mod product;
mod supply;

use super::facts::Facts;
use super::step::Procedure;
use crate::case::{Case, Command};
use crate::entity::words;
use crate::object::ObjectKind;
use crate::pack::{Pack, ValueKind};
use crate::record::{Authorisation, ResourceState};
use crate::refusal::Refusal;
use crate::retention::RESOURCE_MONTHS;
use crate::time::Timestamp;
use crate::usable::WITHDRAWAL;

words! {
    /// Name of a guard. Guards are judged in this order.
    Guard {
        /// The application window of the announcement is open.
        AnnouncementOpen = "announcement_open",
        /// An approved implementation plan covers modes, resources and term.
        PlanInForce = "plan_in_force",
        /// The announcement offers this mode.
        ModeAnnounced = "mode_announced",
        /// The announcement's window is sound and not over.
        WindowSound = "window_sound",
        /// The applicant's legal form is allowed.
        LegalFormAllowed = "legal_form_allowed",
        /// The applicant does not maintain the platform, nor does its group.
        MaintainerSeparate = "maintainer_separate",
        /// A sector authorisation rests on one provider, who grants it.
        OneProvider = "one_provider",
        /// No ban on applying is running.
        NoBan = "no_ban",
        /// A renewal is applied for within its window.
        RenewalWindow = "renewal_window",
        /// The review of a renewal names what an evaluation found: who goes on is no first applicant.
        EvaluationWeighed = "evaluation_weighed",
        /// The term does not exceed the maximum.
        TermWithinMax = "term_within_max",
        /// Every blacklist was checked, recently, without a hit.
        BlacklistsClear = "blacklists_clear",
        /// Every resource is in the master catalogue and not excluded.
        ResourcesCatalogued = "resources_catalogued",
        /// Data that a provider got through sharing has the sharing provider's consent on record.
        SharingConsented = "sharing_consented",
        /// No objection to the public notice is open.
        NoOpenObjection = "no_open_objection",
        /// There is an objection to answer.
        ObjectionOpen = "objection_open",
        /// The parties sign the same text.
        SameAgreement = "same_agreement",
        /// The authorisation is in force.
        AuthorisationActive = "authorisation_active",
        /// The authorisation is suspended.
        AuthorisationSuspended = "authorisation_suspended",
        /// No other stop of the authorisation is running.
        NoOtherStop = "no_other_stop",
        /// The authorisation was not terminated or revoked.
        AuthorisationNotEnded = "authorisation_not_ended",
        /// The ground is one of the procedure's grounds (`<procedure>.grounds`).
        GroundListed = "ground_listed",
        /// A ground that needs a failed rectification has one.
        GroundProved = "ground_proved",
        /// The zone reported keys and objects destroyed.
        Destroyed = "destroyed",
        /// The resource is in the catalogue, or an unsealing of it is decided and not carried out yet.
        ResourceHeld = "resource_held",
        /// The resource is sealed.
        ResourceSealed = "resource_sealed",
        /// The resource is in the catalogue or sealed.
        ResourceKept = "resource_kept",
        /// The resource's records need not be kept any longer (`retention.resource_months`).
        RetentionOver = "retention_over",
        /// The zone reported that it carried out this case's order.
        CarriedOut = "carried_out",
        /// The zone refused this case's last order.
        OrderRefused = "order_refused",
        /// What this case ordered was overtaken: another case about the resource was carried out since.
        Overtaken = "overtaken",
        /// The resources lie within the authorisation's scope.
        WithinScope = "within_scope",
        /// The grant or delivery ends no later than the authorisation.
        WithinTerm = "within_term",
        /// The scenario is approved, for this operator.
        ScenarioApproved = "scenario_approved",
        /// The author of the job is admitted to the domain.
        StaffAdmitted = "staff_admitted",
        /// The confidentiality agreement or plan is not over.
        PeriodOpen = "period_open",
        /// The grant is in force.
        GrantInForce = "grant_in_force",
        /// Everyone who must hold an emergency plan has one in force, fitted to the scenario where one is named.
        EmergencyPlan = "emergency_plan",
        /// The release names the job's own author, product, grant and scenario.
        ReleaseMatchesJob = "release_matches_job",
        /// The gate's report is the one named, and does not block.
        GatePassed = "gate_passed",
        /// No resource that the job reads, or its result was made of, is sealed or withdrawn.
        SourcesUsable = "sources_usable",
        /// The product was released with this artefact.
        ProductReleased = "product_released",
        /// The product has a measuring unit.
        ProductMeasurable = "product_measurable",
        /// The product's form is listed, or a reason is given.
        FormListed = "form_listed",
        /// The price is stated and within its ceiling.
        PriceWithinCeiling = "price_within_ceiling",
        /// The product has its certificate.
        ProductCertified = "product_certified",
        /// The listing at the venue is recorded.
        VenueListed = "venue_listed",
        /// The product is published.
        ProductPublished = "product_published",
        /// The consumer's legal form is admitted.
        ConsumerFormAllowed = "consumer_form_allowed",
        /// The consumer is not the operator that delivers, nor of its group.
        NotRedeveloper = "not_redeveloper",
        /// The product was reviewed for this scenario.
        ScenarioReviewed = "scenario_reviewed",
    }
}

/// Why a guard does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fail {
    /// Chinese.
    pub(crate) zh: String,
    /// English.
    pub(crate) en: String,
}

/// A guard that does not hold, for this reason.
pub(crate) fn fail(zh: impl Into<String>, en: impl Into<String>) -> Result<(), Fail> {
    Err(Fail { zh: zh.into(), en: en.into() })
}

/// Holds, or fails for this reason.
pub(crate) fn hold(condition: bool, zh: &str, en: &str) -> Result<(), Fail> {
    if condition { Ok(()) } else { fail(zh, en) }
}

/// What a guard may look at.
pub(crate) struct Input<'a> {
    pub(crate) pack: &'a Pack,
    pub(crate) procedure: &'a Procedure,
    pub(crate) case: &'a Case,
    pub(crate) command: &'a Command,
    pub(crate) facts: &'a Facts,
    pub(crate) now: Timestamp,
}

impl Input<'_> {
    /// The authorisation that the object names or rests on, if the facts hold exactly that one.
    pub(crate) fn authorisation(&self) -> Option<&Authorisation> {
        let named = match self.procedure.object {
            ObjectKind::Job | ObjectKind::Release => self.grant().map(|g| g.authorisation.as_str()),
            ObjectKind::Recipient => self.product().map(|p| p.authorisation.as_str()),
            _ => self.case.text("authorisation"),
        }?;
        self.facts.authorisation.as_ref().filter(|a| a.id.as_str() == named)
    }

    /// The grant that the object names, directly or through its job.
    pub(crate) fn grant(&self) -> Option<&crate::record::Grant> {
        let named = self.case.text("grant").or_else(|| self.job().map(|j| j.grant.as_str()))?;
        self.facts.grant.as_ref().filter(|g| g.id.as_str() == named)
    }

    /// The job that the object names.
    pub(crate) fn job(&self) -> Option<&crate::record::Job> {
        let named = self.case.text("job")?;
        self.facts.job.as_ref().filter(|j| j.id.as_str() == named)
    }

    /// The product that the object names.
    pub(crate) fn product(&self) -> Option<&crate::record::Product> {
        let named = self.case.text("product")?;
        self.facts.product.as_ref().filter(|p| p.id.as_str() == named)
    }
}

impl Input<'_> {
    /// What the step departs from although the rule only speaks in general.
    pub(crate) fn warnings(&self, step: &super::step::Step) -> Vec<Refusal> {
        let general = |(guard, rule): (&Guard, &String)| match guard {
            Guard::TermWithinMax => authorisation::beyond_general_term(self)
                .map(|f| self.pack.refusal("term-beyond-general", rule, f.zh, f.en)),
            _ => None,
        };
        step.guards.iter().filter_map(general).collect()
    }
}

impl Guard {
    /// The stable code of its refusal, kebab case.
    #[must_use]
    pub fn code(self) -> String {
        self.as_str().replace('_', "-")
    }

    /// Parameters it needs; the loader refuses a pack that lacks one.
    #[must_use]
    pub fn parameters(self) -> &'static [(&'static str, ValueKind)] {
        match self {
            Self::LegalFormAllowed => &[("operator.legal_forms", ValueKind::List)],
            Self::RenewalWindow => &[("renewal.window_months_before_expiry", ValueKind::Integer)],
            Self::TermWithinMax => &[("term.max_months", ValueKind::Integer)],
            Self::BlacklistsClear => {
                &[("operator.blacklists", ValueKind::List), ("operator.blacklist_check_days", ValueKind::Integer)]
            }
            Self::FormListed => &[("product.forms", ValueKind::List)],
            Self::RetentionOver => &[("retention.resource_months", ValueKind::Integer)],
            Self::ConsumerFormAllowed => &[("consumer.legal_forms", ValueKind::List)],
            Self::EmergencyPlan => &[("emergency_plan.required_of", ValueKind::List)],
            _ => &[],
        }
    }

    /// What a refusal cites: the rule beside the guard; for how long records are kept, the rule of the value itself; and
    /// for a source that is gone, the rule of its withdrawal.
    pub(crate) fn rule<'a>(self, i: &Input<'a>, beside: &'a str) -> &'a str {
        match self {
            Self::RetentionOver => i.pack.param(RESOURCE_MONTHS).map_or(beside, |p| p.source.as_str()),
            Self::GroundProved => authorisation::proof_rule(i).unwrap_or(beside),
            Self::SourcesUsable if supply::unusable(i).is_some_and(|r| r.state == ResourceState::Withdrawn) => {
                WITHDRAWAL
            }
            _ => beside,
        }
    }

    /// True for the guards that are judged when a case is opened too: what they find stays for long or for good.
    pub(crate) fn at_opening(self) -> bool {
        let states = [Self::ResourceHeld, Self::ResourceSealed, Self::ResourceKept];
        matches!(self, Self::SourcesUsable | Self::GroundListed) || states.contains(&self)
    }

    /// True for the guards that also bind a rejection.
    pub(crate) fn on_reject(self) -> bool {
        self == Self::ObjectionOpen
    }

    pub(crate) fn check(self, i: &Input<'_>) -> Result<(), Fail> {
        match self {
            Self::AnnouncementOpen => authorisation::announcement_open(i),
            Self::PlanInForce => plan::in_force(i),
            Self::MaintainerSeparate => authorisation::maintainer_separate(i),
            Self::OneProvider => authorisation::one_provider(i),
            Self::ModeAnnounced => authorisation::mode_announced(i),
            Self::WindowSound => authorisation::window_sound(i),
            Self::LegalFormAllowed => authorisation::legal_form_allowed(i),
            Self::NoBan => authorisation::no_ban(i),
            Self::RenewalWindow => authorisation::renewal_window(i),
            Self::EvaluationWeighed => authorisation::evaluation_weighed(i),
            Self::TermWithinMax => authorisation::term_within_max(i),
            Self::BlacklistsClear => authorisation::blacklists_clear(i),
            Self::NoOpenObjection => authorisation::no_open_objection(i),
            Self::ObjectionOpen => authorisation::objection_open(i),
            Self::SameAgreement => authorisation::same_agreement(i),
            Self::AuthorisationActive => authorisation::active(i),
            Self::AuthorisationSuspended => authorisation::suspended(i),
            Self::AuthorisationNotEnded => authorisation::not_ended(i),
            Self::GroundListed => authorisation::ground_listed(i),
            Self::GroundProved => authorisation::ground_proved(i),
            Self::NoOtherStop => hold(
                !i.facts.other_stop,
                "该授权还有其他暂停未解除",
                "another stop of this authorisation is not lifted yet",
            ),
            Self::Destroyed => authorisation::destroyed(i),
            Self::ResourceHeld => supply::resource_held(i),
            Self::ResourceSealed => supply::resource_is(i, &[ResourceState::Sealed]),
            Self::ResourceKept => supply::resource_is(i, &[ResourceState::Catalogued, ResourceState::Sealed]),
            Self::RetentionOver => supply::retention_over(i),
            Self::CarriedOut => supply::carried_out(i),
            Self::OrderRefused => supply::order_refused(i),
            Self::Overtaken => supply::overtaken(i),
            Self::ResourcesCatalogued => supply::resources_catalogued(i),
            Self::SharingConsented => supply::sharing_consented(i),
            Self::EmergencyPlan => plan::emergency(i),
            Self::WithinScope => supply::within_scope(i),
            Self::WithinTerm => supply::within_term(i),
            Self::ScenarioApproved => supply::scenario_approved(i),
            Self::StaffAdmitted => supply::staff_admitted(i),
            Self::PeriodOpen => supply::period_open(i),
            Self::GrantInForce => supply::grant_in_force(i),
            Self::ReleaseMatchesJob => product::release_matches_job(i),
            Self::GatePassed => product::gate_passed(i),
            Self::SourcesUsable => supply::sources_usable(i),
            Self::ProductReleased => product::released(i),
            Self::ProductMeasurable => product::measurable(i),
            Self::FormListed => product::form_listed(i),
            Self::PriceWithinCeiling => product::price_within_ceiling(i),
            Self::ProductCertified => product::certified(i),
            Self::VenueListed => product::venue_listed(i),
            Self::ProductPublished => product::published(i),
            Self::ConsumerFormAllowed => product::consumer_form_allowed(i),
            Self::NotRedeveloper => product::not_redeveloper(i),
            Self::ScenarioReviewed => product::scenario_reviewed(i),
        }
    }
}
