//! A small world: parties of every role, and facts in which every guard holds.

use model::act::Decision;
use model::case::{Actor, Case, Command, Outcome};
use model::ids::*;
use model::object::{AuthorisationMode, AuthorisationSpec, PlanSpec, ProductSpec, ScenarioSpec, StaffSpec, UseClass};
use model::order::{GrantSpec, JobSpec, RecipientSpec, ReleaseSpec, ResourceSpec, StopSpec};
use model::pack::{PackText, resolve};
use model::party::{LegalForm, OrgRole, PersonRole};
use model::record::*;
use model::{Digest, Facts, Fen, Pack, Refusal, Timestamp, decide, open_case};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

pub const CITY: &str = "wuxi";

/// 2026-03-02 09:00 in China.
pub const NOW: Timestamp = Timestamp(1_772_413_200_000);

pub static PACK: LazyLock<Pack> = LazyLock::new(|| Pack::load(&layers()).unwrap());

/// Every layer, with the one changed file of a mutant where this process runs one (`mutants`).
pub fn all_layers() -> Vec<PackText> {
    let mut layers = unchanged_layers();
    let mutant = std::env::var("YUNYU_MUTANT_FILE").ok().zip(std::env::var("YUNYU_MUTANT_TEXT").ok());
    if let Some((file, text)) = mutant {
        let (layer, path) = file.split_once('/').unwrap();
        let found = layers.iter_mut().find(|l| l.layer == layer).unwrap();
        found.files.insert(path.into(), std::fs::read_to_string(text).unwrap());
    }
    layers
}

pub fn unchanged_layers() -> Vec<PackText> {
    let mut by: BTreeMap<&str, PackText> = BTreeMap::new();
    for (layer, path, text) in crate::index::FILES {
        let entry = by.entry(layer).or_insert_with(|| PackText { layer: (*layer).into(), files: BTreeMap::new() });
        entry.files.insert((*path).into(), (*text).into());
    }
    by.into_values().collect()
}

pub fn layers() -> Vec<PackText> {
    resolve(&all_layers(), CITY).unwrap()
}

pub fn digest(c: char) -> Digest {
    Digest(format!("sm3:{}", c.to_string().repeat(64)))
}

/// A person `per_NAME` of organisation `org_ORG`.
pub fn actor(name: &str, org: &str, roles: &[OrgRole]) -> Actor {
    Actor {
        person: PersonId(format!("per_{name}")),
        org: OrgId(format!("org_{org}")),
        org_roles: roles.to_vec(),
        person_roles: vec![PersonRole::Approver, PersonRole::Officer, PersonRole::Engineer],
        group: None,
        clock: false,
    }
}

pub fn authority() -> Actor {
    actor("auth", "auth", &[OrgRole::DataAuthority])
}
pub fn mechanism() -> Actor {
    actor("coord", "coord", &[OrgRole::CoordinationBody])
}
pub fn expert() -> Actor {
    actor("expert", "expert", &[OrgRole::ExpertPanel])
}
pub fn security() -> Actor {
    actor("sec", "sec", &[OrgRole::SecurityRegulator])
}
pub fn provider(n: u8) -> Actor {
    actor(&format!("prov{n}"), &format!("prov{n}"), &[OrgRole::DataProvider])
}
pub fn operator() -> Actor {
    actor("op", "op", &[OrgRole::Operator])
}
pub fn engineer() -> Actor {
    actor("eng", "op", &[OrgRole::Operator])
}
pub fn consumer() -> Actor {
    actor("cons", "cons", &[OrgRole::DataConsumer])
}

pub const USCC: &str = "91320200MA1XXXXX0X";

fn resources() -> BTreeMap<ResourceId, OrgId> {
    BTreeMap::from([("res_1".into(), "org_prov1".into()), ("res_2".into(), "org_prov2".into())])
}

pub fn authorisation_spec(months: i32) -> AuthorisationSpec {
    AuthorisationSpec {
        authorisation: "auth_1".into(),
        announcement: "ann_1".into(),
        operator: "org_op".into(),
        uscc: USCC.into(),
        legal_form: LegalForm::LegalPerson,
        mode: AuthorisationMode::Scenario,
        domain: None,
        resources: resources(),
        term_months: months,
        renewal_of: None,
    }
}

pub fn grant_spec() -> GrantSpec {
    GrantSpec {
        grant: "gra_1".into(),
        authorisation: "auth_1".into(),
        scenario: "scn_1".into(),
        operator: "org_op".into(),
        resources: resources(),
        fields: BTreeMap::from([("citizens".into(), vec!["district".into()])]),
        purpose: "name: p\n".into(),
        until: NOW.plus_months(6),
    }
}

pub fn job_spec() -> JobSpec {
    JobSpec {
        job: "job_1".into(),
        grant: "gra_1".into(),
        sql: "select district, count(*) from citizens group by district".into(),
        author: "per_eng".into(),
        author_org: "org_op".into(),
        product: "prod_1".into(),
    }
}

pub fn release_spec() -> ReleaseSpec {
    ReleaseSpec {
        job: "job_1".into(),
        product: "prod_1".into(),
        artefact: digest('a'),
        gate_report: digest('b'),
        author: "per_eng".into(),
        author_org: "org_op".into(),
        scenario: "scn_1".into(),
    }
}

pub fn product_spec() -> ProductSpec {
    ProductSpec {
        product: "prod_1".into(),
        authorisation: "auth_1".into(),
        operator: "org_op".into(),
        scenario: "scn_1".into(),
        artefact: digest('a'),
        zh: "分区统计".into(),
        en: "Counts by district".into(),
        form: "dataset".into(),
        form_reason: None,
        unit: "row".into(),
        price: Fen(100),
        ceiling: None,
        use_class: UseClass::Industry,
    }
}

pub fn recipient_spec() -> RecipientSpec {
    RecipientSpec {
        order: "ord_1".into(),
        product: "prod_1".into(),
        consumer: "org_cons".into(),
        operator: "org_op".into(),
        scenario: "scn_1".into(),
        access_key: digest('c'),
        until: NOW.plus_months(3),
    }
}

pub fn stop_spec(ground: &str) -> StopSpec {
    StopSpec { authorisation: "auth_1".into(), ground: ground.into(), article: "10".into() }
}

pub fn staff_spec() -> StaffSpec {
    StaffSpec {
        staff: "staff_1".into(),
        person: "per_eng".into(),
        operator: "org_op".into(),
        identity: digest('d'),
        nda_until: NOW.plus_months(12),
    }
}

pub fn resource_spec() -> ResourceSpec {
    resource(1).spec
}

fn resource(n: u8) -> Resource {
    Resource {
        id: ResourceId(format!("res_{n}")),
        spec: ResourceSpec {
            resource: ResourceId(format!("res_{n}")),
            table: "citizens".into(),
            provider: OrgId(format!("org_prov{n}")),
            contract: "id: citizens\n".into(),
            contract_digest: digest('e'),
            replaces: None,
        },
        provider: OrgId(format!("org_prov{n}")),
        supervisor: None,
        sharing_consent: None,
        grade: Grade::General,
        excluded: false,
        state: ResourceState::Catalogued,
        case: "case_r".into(),
        at: NOW,
    }
}

pub fn plan(n: u8) -> EmergencyPlan {
    EmergencyPlan {
        id: PlanId(format!("plan_{n}")),
        spec: PlanSpec {
            plan: PlanId(format!("plan_{n}")),
            holder: OrgId(format!("org_prov{n}")),
            scenarios: vec!["scn_1".into()],
            digest: digest('f'),
            until: NOW.plus_months(24),
        },
        holder: OrgId(format!("org_prov{n}")),
        state: PlanState::InForce,
        case: "case_p".into(),
    }
}

pub fn authorisation(state: AuthorisationState) -> Authorisation {
    let mut a = Authorisation::start(
        &authorisation_spec(24),
        &"org_auth".into(),
        &"case_a".into(),
        &PACK.version(),
        NOW.plus_months(-1),
    );
    a.state = state;
    a
}

/// Facts in which every guard holds.
pub fn facts() -> Facts {
    let ann = model::object::AnnouncementSpec {
        announcement: "ann_1".into(),
        zh: "通告".into(),
        en: "Call".into(),
        modes: vec![AuthorisationMode::Scenario],
        conditions: vec!["x".into()],
        opens: NOW.plus_days(-10),
        closes: NOW.plus_days(20),
        implementation_plan: None,
    };
    let check = |list: &str| BlacklistCheck {
        id: CheckId(format!("chk_{list}")),
        uscc: USCC.into(),
        list: list.into(),
        hit: false,
        at: NOW.plus_days(-1),
    };
    let gate = GateFacts { job: "job_1".into(), artefact: digest('a'), verdict: "pass".into(), report: digest('b') };
    Facts {
        announcement: Some(Announcement {
            id: "ann_1".into(),
            spec: ann,
            case: "case_n".into(),
            by: "org_auth".into(),
            at: NOW,
        }),
        authorisation: Some(authorisation(AuthorisationState::Active)),
        previous: None,
        bans: Vec::new(),
        blacklist_checks: vec![check("dishonest_judgment_debtor"), check("major_tax_violator")],
        resources: BTreeMap::from([("res_1".into(), resource(1)), ("res_2".into(), resource(2))]),
        plans: vec![plan(1), plan(2)],
        scenario: Some(Scenario {
            id: "scn_1".into(),
            spec: ScenarioSpec {
                scenario: "scn_1".into(),
                authorisation: "auth_1".into(),
                operator: "org_op".into(),
                zh: "场景".into(),
                en: "Scenario".into(),
                purpose: "p".into(),
                use_class: UseClass::Industry,
            },
            operator: "org_op".into(),
            state: ScenarioState::Approved,
            case: "case_s".into(),
        }),
        staff: Some(StaffFile {
            id: "staff_1".into(),
            spec: staff_spec(),
            person: "per_eng".into(),
            operator: "org_op".into(),
            state: StaffState::Admitted,
            case: "case_f".into(),
        }),
        grant: Some(Grant {
            id: "gra_1".into(),
            spec: grant_spec(),
            authorisation: "auth_1".into(),
            operator: "org_op".into(),
            state: GrantState::Open,
            case: "case_g".into(),
        }),
        job: Some(Job {
            id: "job_1".into(),
            spec: job_spec(),
            grant: "gra_1".into(),
            operator: "org_op".into(),
            state: JobState::Done,
            gate: Some(gate),
            rows: Some(7),
            case: "case_j".into(),
        }),
        product: Some(Product {
            id: "prod_1".into(),
            operator: "org_op".into(),
            authorisation: "auth_1".into(),
            job: "job_1".into(),
            reviewed_scenarios: vec!["scn_1".into()],
            artefact: Some(digest('a')),
            rows: Some(7),
            spec: Some(product_spec()),
            certificate: Some("cert_1".into()),
            venue: None,
            state: ProductState::Published,
            at: NOW,
        }),
        open_objections: 0,
        failed_rectification: true,
        other_stop: false,
        destroyed: true,
        carried_out: true,
        ..Facts::default()
    }
}

/// A document of a procedure filled in so that it fits.
pub fn filled(procedure: &str, document: &str) -> Value {
    use model::procedure::FieldKind;
    let form = &PACK.procedure(procedure).unwrap().documents[document];
    let mut out = serde_json::Map::new();
    for f in &form.fields {
        let value = match f.kind {
            FieldKind::Text => json!("x"),
            FieldKind::Integer if f.name == "term_months" => json!(24),
            FieldKind::Integer | FieldKind::Money => json!(3),
            FieldKind::Flag => json!(f.must.as_deref() == Some("true")),
            FieldKind::Date => json!("2026-06-01"),
            FieldKind::Digest => json!(digest('9')),
            FieldKind::Choice => json!(f.must.clone().unwrap_or_else(|| f.choices[0].clone())),
            FieldKind::List => json!(["x"]),
        };
        out.insert(f.name.clone(), value);
    }
    Value::Object(out)
}

/// A command with every document that the step wants.
pub fn command(procedure: &str, step: &str, decision: Decision) -> Command {
    let found = PACK.procedure(procedure).unwrap().step(step).unwrap();
    let names = if decision == Decision::Approve { &found.documents } else { &found.reject_documents };
    let mut command = Command { step: step.into(), decision, documents: BTreeMap::new() };
    for name in names {
        command.documents.insert(name.clone(), filled(procedure, name));
    }
    command
}

/// A case under way: the case, the facts and the clock.
#[derive(Clone)]
pub struct Run {
    pub case: Case,
    pub facts: Facts,
    pub now: Timestamp,
}

impl Run {
    pub fn open(procedure: &str, object: impl serde::Serialize, by: &Actor) -> Self {
        let object = serde_json::to_value(object).unwrap();
        let case = open_case(&PACK, procedure, "case_1".into(), object, by, NOW).unwrap();
        Self { case, facts: facts(), now: NOW }
    }

    /// Judges a command without taking it.
    pub fn judge(&self, by: &Actor, command: &Command) -> Result<Outcome, Refusal> {
        decide(&PACK, &self.case, by, command, &self.facts, self.now)
    }

    pub fn try_step(&mut self, by: &Actor, step: &str) -> Result<Outcome, Refusal> {
        let command = command(&self.case.procedure, step, Decision::Approve);
        let outcome = self.judge(by, &command)?;
        self.case = outcome.case.clone();
        Ok(outcome)
    }

    pub fn step(&mut self, by: &Actor, step: &str) -> &mut Self {
        let state = self.case.state.clone();
        if let Err(refusal) = self.try_step(by, step) {
            panic!("{step} from {state}: {refusal}");
        }
        self
    }

    pub fn reject(&mut self, by: &Actor, step: &str) -> &mut Self {
        let command = command(&self.case.procedure, step, Decision::Reject);
        self.case = self.judge(by, &command).unwrap().case;
        self
    }

    pub fn refused(&self, by: &Actor, step: &str) -> Refusal {
        let command = command(&self.case.procedure, step, Decision::Approve);
        self.judge(by, &command).unwrap_err()
    }

    pub fn code(&self, by: &Actor, step: &str) -> String {
        self.refused(by, step).code
    }
}
