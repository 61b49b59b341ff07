//! Refusals: each leaves its leaf, none carries what a caller typed, none keeps others from acting; and what is refused
//! once a delivery has ended.

use super::visible::{order, product};
use super::*;
use crate::funnel::Idempotency;
use crate::{cases, effects, keys, resources, setup, tickets};
use audit::Leaf;
use model::act::Act;
use model::ids::{AuthorisationId, OrderId, ProductId};
use model::keylist::{KEY_LIST_TYPE, KeyList};
use model::record::{
    Authorisation, AuthorisationState, ConsumerOrderState, Grade, ProductState, Resource, ResourceState,
};
use model::ticket::TicketPurpose;
use model::{Digest, Signed};
use store::{LeafDraft, Outcome};

const WEAK: &str = "short";
const GOOD: &str = "Correct-Horse-1-Battery";

impl World {
    /// Leaves written since the last look.
    pub(super) async fn leaves(&self) -> Vec<Leaf> {
        let rows = sequence(&self.app.store, 1000).await.unwrap();
        rows.iter().map(|(_, bytes)| Leaf::decode(bytes).unwrap()).collect()
    }

    /// A leaf of a case.
    async fn leave(&self, case: &CaseId) {
        let mut tx = self.app.store.begin().await.unwrap();
        let (kind, at, refs) = ("act".to_owned(), self.app.now(), BTreeMap::new());
        let (case, outcome) = (Some(case.to_string()), Outcome::Done);
        let draft = LeafDraft {
            kind,
            case,
            actor: None,
            org: None,
            outcome,
            rule: None,
            article: None,
            object: None,
            refs,
            at,
        };
        tx.append_leaf(draft).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A key list that names nobody.
    async fn list_no_keys(&self) {
        let root = SigningKey::generate(Suite::Intl).unwrap();
        let (deployment, entries) = ("dep-a".into(), Vec::new());
        let body = KeyList { v: 1, deployment, number: 1, clock: Clock::Real, issued_at: T0, entries };
        let list = Signed { key: root.key_id(), signature: root.sign(KEY_LIST_TYPE, &body).unwrap(), body };
        let mut tx = self.app.store.begin().await.unwrap();
        tx.put(&keys::StoredKeyList { id: "1".into(), list }).await.unwrap();
        tx.meta_set("key_list_current", "1").await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn person(org: &Organisation, account: &str, password: &str, roles: &[PersonRole]) -> parties::NewPerson {
    parties::NewPerson {
        org: org.id.clone(),
        account: account.into(),
        password: password.into(),
        name: format!("姓名{account}"),
        document: None,
        roles: roles.to_vec(),
        must_change: false,
    }
}

/// Invariant 3: also what is judged before the transaction leaves a leaf when it is refused.
#[tokio::test]
async fn every_refusal_leaves_its_leaf() {
    let w = world().await;
    let (firm, bureau) = (w.org("运营", OrgRole::Operator).await, w.org("数据局", OrgRole::DataAuthority).await);
    let engineer = actor("per_00000000000000e1", &firm, &[PersonRole::Engineer]);
    let admin = actor("per_00000000000000a1", &bureau, &[PersonRole::SystemAdmin]);
    let made =
        setup::create_person(&w.app, &admin, person(&bureau, "li.wei", GOOD, &[PersonRole::Officer]), None).await;
    let victim = made.unwrap().id;
    w.leaves().await;
    let both = [PersonRole::SystemAdmin, PersonRole::Approver];
    let create = async |who: &Actor, new: parties::NewPerson| code(setup::create_person(&w.app, who, new, None).await);
    let change =
        async |who: &Actor, change: people::Change| code(people::change(&w.app, who, &victim, change, None).await);
    let again = Idempotency { key: "k".into(), fingerprint: "one".into() };
    let other = Idempotency { fingerprint: "other".into(), ..again.clone() };
    let open = async |id: &Idempotency| {
        let doc = serde_json::json!({ "scenarios": [], "digest": format!("sha256:{}", "0".repeat(64)), "until": 1 });
        let provider = w.app.store.list::<Organisation>(&Filter::default()).await.unwrap();
        let provider = provider.iter().find(|o| o.roles.contains(&OrgRole::DataProvider)).unwrap().clone();
        let who = actor("per_00000000000000b1", &provider, &[PersonRole::Approver]);
        code(cases::open(&w.app, &who, "emergency_plan", doc, Some(id)).await)
    };
    w.org("数源", OrgRole::DataProvider).await;
    assert_eq!(open(&again).await, "ok");
    w.leaves().await;
    for (told, want) in [
        (create(&engineer, person(&firm, "new.one", GOOD, &[PersonRole::Officer])).await, "not-permitted"),
        (create(&admin, person(&bureau, "new.two", WEAK, &[PersonRole::Officer])).await, "password-too-weak"),
        (create(&admin, person(&bureau, "root", GOOD, &[PersonRole::Officer])).await, "default-account-name"),
        (create(&admin, person(&bureau, "new.three", GOOD, &both)).await, "administrator-acts"),
        (change(&engineer, people::Change::Close).await, "not-permitted"),
        (change(&engineer, people::Change::Password(GOOD.into())).await, "not-permitted"),
        (change(&admin, people::Change::Password(WEAK.into())).await, "password-too-weak"),
        (open(&other).await, "idempotency-key-reused"),
    ] {
        assert_eq!(told, want);
    }
    let codes: Vec<String> = w.leaves().await.iter().filter_map(|l| l.refs.get("code").cloned()).collect();
    let wanted = [
        "not-permitted",
        "password-too-weak",
        "default-account-name",
        "administrator-acts",
        "not-permitted",
        "not-permitted",
        "password-too-weak",
        "idempotency-key-reused",
    ];
    assert_eq!(codes, wanted);
}

/// Invariant 6: what a caller types where an id belongs may be a name or a number of a person.
#[tokio::test]
async fn no_leaf_holds_what_a_refused_caller_typed() {
    let w = world().await;
    let firm = w.org("运营", OrgRole::Operator).await;
    let reader = actor("per_00000000000000e1", &firm, &[PersonRole::Reader]);
    let planted = ["张三", "110101199003074477", "case_张三", "res_110101199003074477X", "per_ 1"];
    for text in planted {
        assert_eq!(code(resources::open_batch(&w.app, &reader, text, "", None).await), "not-permitted");
        let change = people::Change::Close;
        let who = PersonId(text.into());
        assert_eq!(code(people::change(&w.app, &reader, &who, change, None).await), "not-permitted");
        let act = forged(&CaseId(text.into()), &reader);
        assert_eq!(code(cases::act(&w.app, &reader, act, BTreeMap::new(), None).await), "not-permitted");
    }
    let leaves = w.leaves().await;
    assert_eq!(leaves.len(), 3 * planted.len());
    for leaf in leaves {
        let text = String::from_utf8(leaf.encode().unwrap()).unwrap();
        assert!(planted.iter().all(|p| !text.contains(p)), "{text}");
    }
}

fn forged(case: &CaseId, who: &Actor) -> Signed<Act> {
    let body = Act {
        v: 1,
        deployment: "dep-a".into(),
        case: case.clone(),
        procedure: "rectification".into(),
        step: "report".into(),
        decision: Decision::Approve,
        object: Digest("d".into()),
        documents: Digest("d".into()),
        head: None,
        person: who.person.clone(),
        org: who.org.clone(),
        at: T0,
    };
    Signed { key: "k".into(), signature: "s".into(), body }
}

/// Whoever sees a case can be refused in it as often as they like: the others sign over the same head as before. If it
/// moved, an operator could keep the authority from suspending it.
#[tokio::test]
async fn refusals_do_not_move_the_head_that_others_sign() {
    let w = world().await;
    let (firm, bureau) = (w.org("运营", OrgRole::Operator).await, w.org("数据局", OrgRole::DataAuthority).await);
    w.list_no_keys().await;
    let case = w.case("rectification", "suspended", &bureau.id, Vec::new()).await;
    let mut row = case.clone();
    row.object = serde_json::json!({ "authorisation": "auth_1", "ground": "g", "article": "10.1" });
    row.data.insert("operator".into(), serde_json::json!(firm.id));
    w.put(&row).await;
    let approver = actor("per_00000000000000c1", &bureau, &[PersonRole::Approver]);
    let operator = actor("per_00000000000000c2", &firm, &[PersonRole::Approver]);
    let draft = async || {
        let none = BTreeMap::new();
        cases::draft_act(&w.app, &approver, &case.id, "accept", Decision::Reject, &none).await.unwrap().head
    };
    w.leave(&case.id).await;
    let before = draft().await;
    assert!(before.is_some());
    for _ in 0..3 {
        let act = forged(&case.id, &operator);
        assert_eq!(code(cases::act(&w.app, &operator, act, BTreeMap::new(), None).await), "bad-signature");
    }
    assert_eq!(w.leaves().await.iter().filter(|l| l.outcome == Outcome::Refused).count(), 3);
    assert_eq!(draft().await, before);
    w.leave(&case.id).await;
    assert_ne!(draft().await, before, "what was done moves it");
}

/// What cannot be signed is said at once, with the reason.
#[tokio::test]
async fn numbers_that_cannot_be_signed_open_no_case() {
    let w = world().await;
    let bureau = w.org("数据局", OrgRole::DataAuthority).await;
    let approver = actor("per_00000000000000c1", &bureau, &[PersonRole::Approver]);
    let open = async |closes: i64| {
        let asked = serde_json::json!({
            "zh": "通告", "en": "Call", "modes": ["scenario"], "conditions": [], "opens": 1, "closes": closes,
        });
        code(cases::open(&w.app, &approver, "announcement", asked, None).await)
    };
    assert_eq!(open((1 << 53) - 1).await, "ok");
    assert_eq!(open(1 << 53).await, "bad-object");
    assert_eq!(open(i64::MAX).await, "bad-object");
}

/// Every refusal of a stopped authorisation cites the article of the procedure, whatever its opener wrote.
#[tokio::test]
async fn nobody_writes_the_article_of_a_stop() {
    let w = world().await;
    let bureau = w.org("数据局", OrgRole::DataAuthority).await;
    let approver = actor("per_00000000000000c1", &bureau, &[PersonRole::Approver]);
    for (procedure, article) in [("rectification", "10.1"), ("termination", "10.1"), ("revocation", "10.3")] {
        let ground = w.app.pack.list(&format!("{procedure}.grounds")).unwrap()[0].clone();
        for asked in ["", "10", "张三"] {
            let asked = serde_json::json!({ "authorisation": "auth_1", "ground": ground, "article": asked });
            let case = cases::open(&w.app, &approver, procedure, asked, None).await.unwrap();
            assert_eq!(case["object"]["article"], article, "{procedure}");
        }
        let nonsense = serde_json::json!({ "authorisation": "auth_1", "ground": "bad_mood", "article": "" });
        assert_eq!(code(cases::open(&w.app, &approver, procedure, nonsense, None).await), "ground-listed");
    }
}

pub(super) fn resource(provider: &Organisation) -> Resource {
    let spec = serde_json::json!({
        "resource": "res_1", "table": "t", "provider": provider.id, "contract": "", "contract_digest": "d",
    });
    Resource {
        id: "res_1".into(),
        spec: model::object::read(&spec).unwrap(),
        provider: provider.id.clone(),
        supervisor: None,
        sharing_consent: None,
        grade: Grade::General,
        excluded: false,
        state: ResourceState::Catalogued,
        case: CaseId("case_r".into()),
        at: T0,
    }
}

/// What may never be authorised for operation: its dictionary is for its provider and for those that oversee.
#[tokio::test]
async fn the_dictionary_of_excluded_data_is_not_for_everybody() {
    let w = world().await;
    let provider = w.org("数源", OrgRole::DataProvider).await;
    let seen = async |org: &Organisation| {
        let who = actor("per_00000000000000d1", org, &[PersonRole::Reader]);
        let listed = views::resources(&w.app, &who).await.unwrap()["resources"].as_array().unwrap().len();
        (listed, code(views::resource(&w.app, &who, "res_1").await))
    };
    for excluded in [false, true] {
        w.put(&Resource { excluded, ..resource(&provider) }).await;
        for (role, sees) in [
            (OrgRole::DataAuthority, true),
            (OrgRole::SecurityRegulator, true),
            (OrgRole::DataProvider, !excluded),
            (OrgRole::Operator, !excluded),
            (OrgRole::DataConsumer, !excluded),
        ] {
            let want = if sees { (1, "ok".to_owned()) } else { (0, "not-found".to_owned()) };
            assert_eq!(seen(&w.org("机构", role).await).await, want, "{role:?} {excluded}");
        }
        assert_eq!(seen(&provider).await, (1, "ok".into()));
    }
}

/// An upload goes under an id that the platform gave: it stands in both logs.
#[tokio::test]
async fn only_an_opened_batch_gets_a_ticket() {
    let w = world().await;
    let provider = w.org("数源", OrgRole::DataProvider).await;
    let who = Actor { key: Some("k".into()), ..actor("per_00000000000000d1", &provider, &[PersonRole::Officer]) };
    let row = resource(&provider);
    w.put(&row).await;
    let batch = resources::open_batch(&w.app, &who, "res_1", "", None).await.unwrap().id;
    for (id, want) in [(batch.as_str(), "ok"), ("110101199003074477", "not-found")] {
        let (resource, batch) = (row.id.clone(), id.into());
        let upload = TicketPurpose::Upload { resource: row.id.clone(), batch: id.into() };
        assert_eq!(code(tickets::for_person(&w.app, &who, upload).await), want, "{id}");
        let aside = TicketPurpose::SetAside { resource, batch };
        assert_eq!(code(tickets::for_person(&w.app, &who, aside).await), want, "{id}");
    }
}

/// An ended order and a withdrawn product get no ticket any more; where the authorisation ended, the zone says why.
#[tokio::test]
async fn what_has_ended_is_delivered_no_more() {
    let w = world().await;
    let (firm, buyer) = (w.org("运营", OrgRole::Operator).await, w.org("买方", OrgRole::DataConsumer).await);
    let key = "yk_0011";
    let digest = Digest(w.app.suite().hash(key.as_bytes()).to_string());
    w.put(&tickets::AccessKey { digest, order: OrderId("ord_1".into()) }).await;
    let who = Actor { key: Some("k".into()), ..actor("per_a", &buyer, &[PersonRole::Approver]) };
    let purpose = || TicketPurpose::Product { product: ProductId("prd_1".into()), order: OrderId("ord_1".into()) };
    let asks = async || {
        let person = code(tickets::for_person(&w.app, &who, purpose()).await);
        let program = code(tickets::for_access_key(&w.app, key).await);
        assert_eq!(person, program);
        person
    };
    use AuthorisationState as A;
    use ConsumerOrderState::{Delivering, Ended};
    use ProductState::{Published, Withdrawn};
    for (state, order_state, product_state, want) in [
        (A::Active, Delivering, Published, "ok"),
        (A::Active, Ended, Published, "order-ended"),
        (A::Active, Delivering, Withdrawn, "product-withdrawn"),
        (A::Suspended, Delivering, Withdrawn, "product-withdrawn"),
        (A::Suspended, Delivering, Published, "ok"),
        (A::Terminated, Delivering, Withdrawn, "ok"),
        (A::Revoked, Delivering, Withdrawn, "ok"),
    ] {
        w.put(&authorisation(&firm, state)).await;
        w.put(&order(&firm.id, &buyer.id, order_state)).await;
        w.put(&product(&firm.id, product_state)).await;
        assert_eq!(asks().await, want, "{state:?} {order_state:?} {product_state:?}");
    }
}

/// A product that was withdrawn, or whose authorisation ended, does not come back by a step of an older case.
#[tokio::test]
async fn a_listing_does_not_bring_a_withdrawn_product_back() {
    let w = world().await;
    let firm = w.org("运营", OrgRole::Operator).await;
    let mut case = w.case("product", "certified", &firm.id, Vec::new()).await;
    case.object = serde_json::json!({
        "product": "prd_1", "authorisation": "aut_1", "operator": firm.id, "scenario": "sce_1", "artefact": "d",
        "zh": "甲", "en": "a", "form": "dataset", "form_reason": null, "unit": "row", "price": 1, "ceiling": null,
        "use_class": "industry_use",
    });
    let outcome = model::case::Outcome {
        case,
        effects: vec![model::procedure::StepEffect::RecordListing],
        complete: true,
        rule: "WX-21.1".into(),
        article: "21".into(),
        warnings: Vec::new(),
    };
    let who = actor("per_00000000000000b1", &firm, &[PersonRole::Approver]);
    for (state, want) in [(ProductState::Certified, "ok"), (ProductState::Withdrawn, "product-withdrawn")] {
        w.put(&product(&firm.id, state)).await;
        let mut tx = w.app.store.begin().await.unwrap();
        assert_eq!(code(effects::apply_all(&w.app, &mut tx, &who, &outcome, T0).await), want, "{state:?}");
    }
}

pub(super) fn authorisation(firm: &Organisation, state: AuthorisationState) -> Authorisation {
    let spec = serde_json::json!({
        "authorisation": "aut_1", "announcement": "ann_1", "operator": firm.id, "uscc": "u", "legal_form": "legal_person",
        "mode": "scenario", "domain": null, "resources": {}, "term_months": 1, "renewal_of": null,
    });
    let spec = model::object::read(&spec).unwrap();
    let mut row = Authorisation::start(&spec, &"org_a".into(), &CaseId("case_a".into()), "wuxi@1", T0);
    row.id = AuthorisationId("aut_1".into());
    row.state = state;
    row
}
