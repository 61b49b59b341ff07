//! What people let pass: told once, to those whom the pack names, and decided by nobody.

use super::*;
use crate::timers;
use views::CaseFilter;

fn told(view: &serde_json::Value) -> (usize, bool) {
    let late = view["overdue"].as_array().unwrap();
    (late.len(), late.iter().all(|o| o["told_at"].is_i64()))
}

#[tokio::test]
async fn what_is_overdue_is_told_once_and_stays_where_it_is() {
    let w = world().await;
    let (firm, authority) = (w.org("运营公司", OrgRole::Operator).await, w.org("数据局", OrgRole::DataAuthority).await);
    let case = w.case("authorisation", "applied", &firm.id, Vec::new()).await;
    let approver = actor("per_a", &authority, &[PersonRole::Approver]);
    let overdue = CaseFilter { overdue: true, ..Default::default() };
    let late = async || views::cases(&w.app, &approver, &overdue).await.unwrap()["total"].clone();
    assert_eq!((timers::escalate(&w.app).await.unwrap(), late().await), (0, 0.into()));
    // 20 working days from Wednesday 25 February 2026, with Saturday 28 February worked: until 24 March.
    let due = Timestamp::start_of(model::time::parse_date("2026-03-25").unwrap());
    w.shift.store(due.0 - T0.0 - 1, Ordering::SeqCst);
    assert_eq!(timers::escalate(&w.app).await.unwrap(), 0);
    w.shift.store(due.0 - T0.0, Ordering::SeqCst);
    let view = views::case(&w.app, &approver, &case.id).await.unwrap();
    assert_eq!((told(&view), view["overdue"][0]["step"].as_str()), ((1, false), Some("review")));
    assert_eq!((timers::escalate(&w.app).await.unwrap(), late().await), (1, 1.into()));
    assert_eq!(timers::escalate(&w.app).await.unwrap(), 0, "once");
    let view = views::case(&w.app, &approver, &case.id).await.unwrap();
    assert_eq!((told(&view), view["overdue"][0]["since"].as_i64()), ((1, true), Some(due.0)));
    assert_eq!(view["overdue"][0]["escalated_to"], serde_json::json!(["data_authority"]));
    assert_eq!(view["state"], "applied", "nobody decides in the place of those who let it pass");
    assert_eq!(view["can_act"], serde_json::json!(["review"]));
    let leaves = sequence(&w.app.store, 100).await.unwrap();
    let text: Vec<String> = leaves.iter().map(|(_, b)| String::from_utf8_lossy(b).into_owned()).collect();
    let of_it: Vec<&String> = text.iter().filter(|l| l.contains("step_overdue")).collect();
    assert!(of_it.len() == 1 && of_it[0].contains("review") && of_it[0].contains("WX-"), "{text:?}");
}

/// Whoever is told sees the case, although nothing else makes it theirs; others do not.
#[tokio::test]
async fn whoever_is_told_sees_the_case() {
    let mut w = world().await;
    let firm = w.org("运营公司", OrgRole::Operator).await;
    let sector = w.org("行业主管部门", OrgRole::SupervisingDepartment).await;
    let inner = Arc::get_mut(&mut w.app.inner).unwrap();
    let pack = Arc::make_mut(&mut inner.pack);
    pack.parameters.get_mut("overdue.escalate_to").unwrap().value =
        model::pack::Value::List(vec!["supervising_department".into()]);
    let case = w.case("authorisation", "applied", &firm.id, Vec::new()).await;
    let reader = actor("per_s", &sector, &[PersonRole::Reader]);
    let rival = actor("per_r", &w.org("另一家", OrgRole::Operator).await, &[PersonRole::Approver]);
    assert_eq!(code(views::case(&w.app, &reader, &case.id).await), "not-found");
    w.shift.store(60 * model::time::DAY_MS, Ordering::SeqCst);
    assert_eq!(timers::escalate(&w.app).await.unwrap(), 1);
    assert_eq!(code(views::case(&w.app, &reader, &case.id).await), "ok");
    assert_eq!(code(views::case(&w.app, &rival, &case.id).await), "not-found");
}
