//! Types of a procedure.

use super::document::DocumentForm;
use super::guard::Guard;
use crate::entity::words;
use crate::object::{About, ObjectKind};
use crate::pack::Days;
use crate::party::{OrgRole, PersonRole};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// A procedure of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// Name; the file's name without `.toml`.
    pub name: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Kind of the canonical object.
    pub object: ObjectKind,
    /// What each case names; matters only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<About>,
    /// What a case may name besides; matters only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_name: Vec<About>,
    /// Roles of organisations that may open a case: any of these; empty for whoever may take a first step. Matters only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opened_by: Vec<OrgRole>,
    /// Whom a case names sees it only once a step falls to them; matters only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confidential: bool,
    /// State in which a case opens.
    pub start: String,
    /// States.
    pub states: Vec<State>,
    /// Steps.
    pub steps: Vec<Step>,
    /// Forms of the documents that steps ask for.
    #[serde(default)]
    pub documents: BTreeMap<String, DocumentForm>,
}

impl Procedure {
    /// A step by name.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|s| s.name == name)
    }

    /// A state by name.
    #[must_use]
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.iter().find(|s| s.name == name)
    }

    /// Steps that leave a state.
    pub fn steps_from<'a>(&'a self, state: &'a str) -> impl Iterator<Item = &'a Step> {
        self.steps.iter().filter(move |s| s.from.iter().any(|f| f == state))
    }

    /// Whether the procedure stops, mends or records and nothing more: none of its steps opens up work.
    #[must_use]
    pub fn mends(&self) -> bool {
        !self.steps.iter().any(Step::works)
    }

    /// Whether a step only mends: its procedure does, or the step takes something back, or no work lies ahead of it.
    #[must_use]
    pub fn step_mends(&self, step: &Step) -> bool {
        self.mends() || !step.works() && (!step.effects.is_empty() || !self.leads_to_work(&step.to))
    }

    fn leads_to_work(&self, state: &str) -> bool {
        let (mut seen, mut open) = (BTreeSet::from([state]), vec![state]);
        while let Some(state) = open.pop() {
            for step in self.steps.iter().filter(|s| s.from.iter().any(|f| f == state)) {
                if step.works() {
                    return true;
                }
                let on = [Some(step.to.as_str()), step.reject_to.as_deref()];
                open.extend(on.into_iter().flatten().filter(|to| seen.insert(*to)));
            }
        }
        false
    }

    /// What a matter's object lacks, or names although its procedure does not ask for it.
    #[must_use]
    pub fn misnamed(&self, object: &serde_json::Value) -> Option<About> {
        let named = |about: About| object.get(about.as_str()).is_some_and(|v| !v.is_null());
        // The authorisation of a product comes with it.
        let comes_along = |about| about == About::Authorisation && named(About::Product);
        About::ALL.iter().copied().find(|about| {
            let may = self.may_name.contains(about) || comes_along(*about);
            if self.about.contains(about) { !named(*about) } else { named(*about) && !may }
        })
    }
}

/// A state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Name.
    pub name: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// True where a case may rest for good.
    #[serde(default)]
    pub end: bool,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Name.
    pub name: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// States in which it may be taken.
    pub from: Vec<String>,
    /// State after approval, once the quorum is complete.
    pub to: String,
    /// State after rejection; without it the step cannot be rejected.
    #[serde(default)]
    pub reject_to: Option<String>,
    /// Who may take it: any of these.
    pub by: Vec<By>,
    /// Roles the person must hold: any of these; empty for none in particular.
    #[serde(default)]
    pub person_roles: Vec<PersonRole>,
    /// Number of approvals needed, of different people.
    #[serde(default = "one")]
    pub count: u32,
    /// Parameter that fixes the number instead; the higher of both counts.
    #[serde(default)]
    pub count_param: Option<String>,
    /// True when the approvals must come from different organisations (and groups).
    #[serde(default)]
    pub distinct_orgs: bool,
    /// True when nobody sees a vote before all are in.
    #[serde(default)]
    pub blind: bool,
    /// Who must not take it, although the role fits.
    #[serde(default)]
    pub not: Vec<Exclude>,
    /// Documents that an approval needs.
    #[serde(default)]
    pub documents: Vec<String>,
    /// Documents that a rejection needs.
    #[serde(default)]
    pub reject_documents: Vec<String>,
    /// Cases for which the step exists at all; without it, every case.
    #[serde(default)]
    pub when: Option<When>,
    /// Conditions of approval, each with the rule it rests on.
    #[serde(default)]
    pub guards: BTreeMap<Guard, String>,
    /// For the clock: when it acts. For people: by when they should.
    #[serde(default)]
    pub due: Option<Due>,
    /// What happens once the quorum is complete.
    #[serde(default)]
    pub effects: Vec<StepEffect>,
    /// Rule: row of the requirements or product rule.
    pub rule: String,
}

fn one() -> u32 {
    1
}

/// Branches of one procedure by a word of the object, as Jinan's authorisation by its mode (JN-8.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Text field of the object.
    pub field: String,
    /// Its values for which the step exists: any of these.
    pub any: Vec<String>,
}

impl When {
    /// Whether the object takes this branch.
    #[must_use]
    pub fn holds(&self, object: &serde_json::Value) -> bool {
        object.get(&self.field).and_then(serde_json::Value::as_str).is_some_and(|v| self.any.iter().any(|a| a == v))
    }
}

impl Step {
    /// Whether the step exists for a case about this object.
    #[must_use]
    pub fn exists_for(&self, object: &serde_json::Value) -> bool {
        self.when.as_ref().is_none_or(|w| w.holds(object))
    }

    /// Whether the completed step opens up work.
    #[must_use]
    pub fn works(&self) -> bool {
        self.effects.iter().any(|e| e.works())
    }

    /// Whether somebody reviews here: the author must stand aside.
    #[must_use]
    pub fn reviews(&self) -> bool {
        self.not.contains(&Exclude::Author)
    }

    /// Whether the completed step sends the work order of this effect.
    #[must_use]
    pub fn sends(&self, effect: &str) -> bool {
        self.effects.iter().any(|e| e.order() == Some(effect))
    }
}

/// When something is due. Exactly one of `param`, `field`, `document`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// Parameter with a number of days, counted from the day after the state was entered.
    #[serde(default)]
    pub param: Option<String>,
    /// Which days that number counts; calendar days if left out.
    #[serde(default)]
    pub days: Option<Days>,
    /// Field of the object with an instant.
    #[serde(default)]
    pub field: Option<String>,
    /// `document.field`: a date in the last document of that name; due at the end of that day in China.
    #[serde(default)]
    pub document: Option<String>,
}

/// Who may take a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// Any organisation with the role.
    Role(OrgRole),
    /// The organisation that opened the case.
    Applicant,
    /// The operator that the object, or its authorisation, names.
    Operator,
    /// The organisation of the job's author.
    AuthorOrg,
    /// The consumer that the object names.
    Consumer,
    /// The provider that the object names.
    Provider,
    /// The organisation that an emergency plan names as its holder.
    Holder,
    /// The organisation that a matter names.
    Concerned,
    /// Every provider of the object's resources, each once: the step waits for all of them.
    EachProvider,
    /// Every department that supervises one of the object's resources, each once; the data authority for those that
    /// nobody was assigned (JL-5.2).
    EachSupervisor,
    /// The organisation that granted the authorisation which the object names (授权单位, JN-3.2).
    Authoriser,
    /// Anybody with an account.
    Anyone,
    /// The platform's timer.
    Clock,
}

const RELATIONS: [(&str, By); 12] = [
    ("the_applicant", By::Applicant),
    ("the_operator", By::Operator),
    ("the_author_org", By::AuthorOrg),
    ("the_consumer", By::Consumer),
    ("the_provider", By::Provider),
    ("the_holder", By::Holder),
    ("the_concerned", By::Concerned),
    ("each_provider", By::EachProvider),
    ("each_supervisor", By::EachSupervisor),
    ("the_authoriser", By::Authoriser),
    ("anyone", By::Anyone),
    ("clock", By::Clock),
];

impl By {
    /// Every word of a pack: roles of organisations, then relations.
    #[must_use]
    pub fn words() -> Vec<String> {
        let roles = OrgRole::ALL.into_iter().map(role_word);
        roles.chain(RELATIONS.iter().map(|(w, _)| (*w).to_owned())).collect()
    }

    /// The word in the pack.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Role(role) => role_word(role),
            other => RELATIONS.iter().find(|(_, b)| *b == other).map_or_else(String::new, |(w, _)| (*w).to_owned()),
        }
    }
}

/// The word of an organisation's role.
#[must_use]
pub(crate) fn role_word(role: OrgRole) -> String {
    role.word()
}

impl Serialize for By {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.word())
    }
}

impl<'de> Deserialize<'de> for By {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let word = String::deserialize(d)?;
        if let Some((_, by)) = RELATIONS.iter().find(|(w, _)| *w == word) {
            return Ok(*by);
        }
        let role: Result<OrgRole, _> = serde_json::from_value(serde_json::Value::String(word.clone()));
        role.map(Self::Role).map_err(|_| {
            let known: Vec<&str> = RELATIONS.iter().map(|(w, _)| *w).collect();
            serde::de::Error::custom(format!(
                "unknown role `{word}`, expected a role of an organisation or one of {}",
                known.join(", ")
            ))
        })
    }
}

words! {
    /// Who must not take a step (conflict rules; organisations count with their affiliated groups).
    Exclude {
        /// The person who opened the case or wrote the job.
        Author = "author",
        /// The organisation of the job's author.
        AuthorOrg = "author_org",
        /// The organisation that opened the case.
        Applicant = "applicant",
        /// Whoever took an earlier step of the case.
        EarlierActor = "earlier_actor",
        /// Whomever a matter names or concerns: nobody judges in a matter about themselves.
        Concerned = "concerned",
    }
}

words! {
    /// What a completed step asks the platform to do.
    StepEffect {
        /// Send the zone the authorisation.
        OrderAuthorise = "order_authorise",
        /// Send the zone the resource.
        OrderResource = "order_resource",
        /// Send the zone the grant.
        OrderGrant = "order_grant",
        /// Send the zone the job.
        OrderJob = "order_job",
        /// Send the zone the release.
        OrderRelease = "order_release",
        /// Send the zone the recipient.
        OrderRecipient = "order_recipient",
        /// Send the zone the suspension.
        OrderSuspend = "order_suspend",
        /// Send the zone the restoration.
        OrderRestore = "order_restore",
        /// Send the zone the destruction.
        OrderDestroy = "order_destroy",
        /// Send the zone the withdrawal of a resource.
        OrderWithdraw = "order_withdraw",
        /// Send the zone the sealing of a resource.
        OrderSeal = "order_seal",
        /// Send the zone the unsealing of a resource.
        OrderUnseal = "order_unseal",
        /// Record the resource in the master catalogue.
        CatalogueResource = "catalogue_resource",
        /// Put the implementation plan in force, in the place of the one it replaces.
        AdoptImplementationPlan = "adopt_implementation_plan",
        /// Publish the announcement.
        PublishAnnouncement = "publish_announcement",
        /// Publish the public notice.
        PublishNotice = "publish_notice",
        /// Record an objection to a public notice.
        RecordObjection = "record_objection",
        /// Settle one objection.
        SettleObjection = "settle_objection",
        /// Record a signed agreement.
        RecordAgreement = "record_agreement",
        /// Start the authorisation.
        ActivateAuthorisation = "activate_authorisation",
        /// Mark it suspended.
        SuspendAuthorisation = "suspend_authorisation",
        /// Mark it active again.
        RestoreAuthorisation = "restore_authorisation",
        /// Mark it terminated.
        TerminateAuthorisation = "terminate_authorisation",
        /// Mark it revoked.
        RevokeAuthorisation = "revoke_authorisation",
        /// Start a ban on applying.
        StartBan = "start_ban",
        /// Record the destruction certificate from the zone's report.
        CertifyDestruction = "certify_destruction",
        /// Record the scenario as approved.
        ApproveScenario = "approve_scenario",
        /// Record the staff file as filed.
        FileStaff = "file_staff",
        /// Admit the person to the domain.
        AdmitStaff = "admit_staff",
        /// End the person's admission.
        DismissStaff = "dismiss_staff",
        /// Assign the resource to the department that the matter names (JL-5.2).
        AssignSupervisor = "assign_supervisor",
        /// Put the emergency plan in force.
        EnforcePlan = "enforce_plan",
        /// Record the grant.
        OpenGrant = "open_grant",
        /// Record the reviewed scenario and the review of the product.
        RecordReview = "record_review",
        /// Register the product.
        RegisterProduct = "register_product",
        /// Issue the product's certificate.
        IssueCertificate = "issue_certificate",
        /// Record venue and reference of the listing.
        RecordListing = "record_listing",
        /// Put the product on the public page.
        PublishProduct = "publish_product",
        /// Take the product off.
        WithdrawProduct = "withdraw_product",
        /// Record the recipient.
        AdmitRecipient = "admit_recipient",
        /// End the recipient's deliveries.
        EndRecipient = "end_recipient",
    }
}

impl StepEffect {
    /// Name of the work order's effect (`order::Effect::name`), where the step sends one.
    #[must_use]
    pub fn order(self) -> Option<&'static str> {
        self.as_str().strip_prefix("order_")
    }

    /// Whether somebody may do more with data afterwards: nothing of the kind goes on under an authorisation that is
    /// suspended. Restoring one is not among them: it mends.
    #[must_use]
    pub fn works(self) -> bool {
        match self {
            Self::OrderAuthorise
            | Self::OrderGrant
            | Self::OrderJob
            | Self::OrderRelease
            | Self::OrderRecipient
            | Self::ActivateAuthorisation
            | Self::ApproveScenario
            | Self::OpenGrant
            | Self::RecordReview
            | Self::RegisterProduct
            | Self::IssueCertificate
            | Self::RecordListing
            | Self::PublishProduct
            | Self::AdmitRecipient => true,
            Self::OrderResource
            | Self::OrderSuspend
            | Self::OrderRestore
            | Self::OrderDestroy
            | Self::OrderWithdraw
            | Self::OrderSeal
            | Self::OrderUnseal
            | Self::CatalogueResource
            | Self::AdoptImplementationPlan
            | Self::PublishAnnouncement
            | Self::PublishNotice
            | Self::RecordObjection
            | Self::SettleObjection
            | Self::RecordAgreement
            | Self::SuspendAuthorisation
            | Self::RestoreAuthorisation
            | Self::TerminateAuthorisation
            | Self::RevokeAuthorisation
            | Self::StartBan
            | Self::CertifyDestruction
            | Self::FileStaff
            | Self::AdmitStaff
            | Self::DismissStaff
            | Self::AssignSupervisor
            | Self::EnforcePlan
            | Self::WithdrawProduct
            | Self::EndRecipient => false,
        }
    }
}
