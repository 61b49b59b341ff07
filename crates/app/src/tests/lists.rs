//! Lists of cases: filtered, searched, ordered, paged; and blind to votes.

use super::*;
use serde_json::Value;
use views::{CaseFilter, CaseOrder};

fn ids(page: &Value) -> Vec<String> {
    page["cases"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()).collect()
}

/// Puts a case in place of the one that is there.
async fn put(w: &World, case: &Case) {
    let mut tx = w.app.store.begin().await.unwrap();
    tx.get_for_update::<Case>(case.id.as_str()).await.unwrap();
    tx.put(case).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn cases_are_found_by_words_of_either_language_and_by_what_they_are_about() {
    let w = world().await;
    let (firm, authority) =
        (w.org("甲运营公司", OrgRole::Operator).await, w.org("数据局", OrgRole::DataAuthority).await);
    let notice = w.case("authorisation", "noticed", &firm.id, Vec::new()).await;
    let over = w.case("authorisation", "refused", &firm.id, Vec::new()).await;
    let mut staff = w.case("staff", "submitted", &firm.id, Vec::new()).await;
    staff.object =
        serde_json::json!({ "person": "per_0123456789abcdef", "operator": firm.id, "authorisation": "aut_1" });
    put(&w, &staff).await;
    let who = actor("per_a", &authority, &[PersonRole::Approver]);
    let list = async |filter: CaseFilter| views::cases(&w.app, &who, &filter).await.unwrap();
    let all = list(CaseFilter { order: CaseOrder::Oldest, ..Default::default() }).await;
    assert_eq!(all["total"], 3);

    let found = async |text: &str| {
        let mut found = ids(&list(CaseFilter { text: Some(text.into()), ..Default::default() }).await);
        found.sort();
        found
    };
    let mut three = vec![notice.id.to_string(), over.id.to_string(), staff.id.to_string()];
    three.sort();
    assert_eq!(found("甲运营").await, three);
    assert_eq!(found("STAFF").await, [staff.id.to_string()], "the procedure, in English, in any case");
    assert_eq!(found("人员 cdef").await, [staff.id.to_string()], "every word, of the title too");
    assert_eq!(found(notice.id.as_str()).await, [notice.id.to_string()]);
    assert!(found("甲运营 nowhere").await.is_empty());

    let title = |page: &Value| page["cases"][0]["title"].clone();
    let one = list(CaseFilter { text: Some("staff".into()), ..Default::default() }).await;
    assert_eq!(title(&one)["zh"], "甲运营公司的人员（cdef）");
    let of_operator = actor("per_c", &firm, &[PersonRole::Officer]);
    let own = CaseFilter { own: true, open: Some(true), ..Default::default() };
    let mine = views::cases(&w.app, &of_operator, &own).await.unwrap();
    assert_eq!(mine["total"], 2);
    assert_eq!(list(own).await["total"], 0, "the authority has opened none");
    assert_eq!(ids(&list(CaseFilter { open: Some(false), ..Default::default() }).await), [over.id.to_string()]);
    let about = CaseFilter { authorisation: Some("aut_1".into()), ..Default::default() };
    assert_eq!(ids(&list(about).await), [staff.id.to_string()]);
}

#[tokio::test]
async fn cases_are_ordered_by_change_and_by_deadline_and_paged_by_number() {
    let w = world().await;
    let firm = w.org("运营公司", OrgRole::Operator).await;
    let mut made = Vec::new();
    for n in 0..7 {
        w.shift.store(n * 60_000, Ordering::SeqCst);
        let mut case = w.case("authorisation", "applied", &firm.id, Vec::new()).await;
        if n == 3 {
            case.deadlines.push(model::case::Deadline {
                step: "review".into(),
                at: T0.plus_days(3),
                unannounced: Default::default(),
            });
            put(&w, &case).await;
        }
        made.push(case.id.to_string());
    }
    let who = actor("per_c", &firm, &[PersonRole::Approver]);
    let page = async |order, skip| {
        let filter = CaseFilter { order, skip, limit: Some(3), ..Default::default() };
        views::cases(&w.app, &who, &filter).await.unwrap()
    };
    assert_eq!(ids(&page(CaseOrder::Oldest, 0).await), made[..3]);
    assert_eq!(ids(&page(CaseOrder::Oldest, 6).await), made[6..]);
    let newest: Vec<String> = made.iter().rev().cloned().collect();
    assert_eq!(ids(&page(CaseOrder::Newest, 3).await), newest[3..6]);
    assert_eq!(ids(&page(CaseOrder::Due, 0).await), [made[3].clone(), made[0].clone(), made[1].clone()]);
    let last = page(CaseOrder::Newest, 9).await;
    assert_eq!((ids(&last).len(), last["total"].as_u64()), (0, Some(7)));
}

/// A reviewer's lists are the same, byte for byte, before and after somebody else's blind vote; one's own vote stays there.
#[tokio::test]
async fn lists_tell_nothing_of_a_blind_vote() {
    let w = world().await;
    let firm = w.org("运营公司", OrgRole::Operator).await;
    let (experts, authority) =
        (w.org("专家组", OrgRole::ExpertPanel).await, w.org("数据局", OrgRole::DataAuthority).await);
    let case = w.case("release", "checked", &firm.id, Vec::new()).await;
    let other = actor("per_b", &authority, &[PersonRole::Approver]);
    let voter = actor("per_a", &experts, &[PersonRole::Approver]);
    let author = actor("per_c", &firm, &[PersonRole::Approver]);
    let blind = CaseFilter { blind: true, ..Default::default() };
    let lists = async |who: &Actor| {
        let mut out = Vec::new();
        for order in [CaseOrder::Opened, CaseOrder::Newest, CaseOrder::Oldest, CaseOrder::Due] {
            for (inbox, blind) in [(false, false), (true, false), (false, true)] {
                let filter = CaseFilter { inbox, blind, order, ..Default::default() };
                out.push(views::cases(&w.app, who, &filter).await.unwrap().to_string());
            }
        }
        out
    };
    let before = lists(&other).await;
    assert_eq!(views::cases(&w.app, &voter, &blind).await.unwrap()["total"], 1);
    assert_eq!(views::cases(&w.app, &author, &blind).await.unwrap()["total"], 0, "the author has no vote");
    let mut voted = case.clone();
    voted.history.push(Done {
        step: "vote".into(),
        state: "checked".into(),
        person: voter.person.clone(),
        org: experts.id.clone(),
        group: None,
        decision: Decision::Approve,
        at: w.app.now(),
        documents: BTreeMap::new(),
    });
    put(&w, &voted).await;
    assert_eq!(lists(&other).await, before);
    let own = views::cases(&w.app, &voter, &blind).await.unwrap();
    assert_eq!((own["total"].as_u64(), own["cases"][0]["can_act"].as_array().map(Vec::len)), (Some(1), Some(0)));
}

/// The log names voters and their time; a regulator who is asked for a vote reads it up to the beginning of the vote.
#[tokio::test]
async fn the_log_waits_for_a_blind_vote() {
    let w = world().await;
    let firm = w.org("运营公司", OrgRole::Operator).await;
    let cyber = w.org("网信办", OrgRole::SecurityRegulator).await;
    let voter = actor("per_a", &cyber, &[PersonRole::Approver]);
    let reader = actor("per_b", &cyber, &[PersonRole::Reader]);
    let leaf = async |at: i64| {
        w.shift.store(at, Ordering::SeqCst);
        let draft = crate::funnel::leaf(&w.app, &voter, &crate::funnel::Command::plain("read_log"), "act");
        let mut tx = w.app.store.begin().await.unwrap();
        tx.append_leaf(draft).await.unwrap();
        tx.commit().await.unwrap();
        while !sequence(&w.app.store, 100).await.unwrap().is_empty() {}
    };
    let read = async |who: &Actor| {
        let page = views::leaves(&w.app, who, 0, 100).await.unwrap();
        (page["leaves"].as_array().unwrap().len(), !page["held_back_since"].is_null())
    };
    leaf(0).await;
    assert_eq!(read(&voter).await, (1, false));
    w.shift.store(1_000, Ordering::SeqCst);
    let mut case = w.case("release", "checked", &firm.id, Vec::new()).await;
    let held = read(&voter).await;
    assert_eq!(held, (1, true), "from the beginning, so that holding back tells of no vote");
    leaf(2_000).await;
    assert_eq!(read(&voter).await, held);
    assert_eq!(read(&reader).await, (2, false), "who has no vote reads everything");
    case.history.push(Done {
        step: "vote".into(),
        state: "checked".into(),
        person: voter.person.clone(),
        org: cyber.id.clone(),
        group: None,
        decision: Decision::Approve,
        at: w.app.now(),
        documents: BTreeMap::new(),
    });
    put(&w, &case).await;
    assert_eq!(read(&voter).await, (2, false), "the own vote is given");
}
