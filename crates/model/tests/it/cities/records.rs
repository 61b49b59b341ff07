//! Matters that one city's text has people put on record: by whom, with which papers, and what stands in the way.

use super::*;
use model::object::MatterSpec;
use model::pack::DueOf;
use model::procedure::overdue_steps;

pub(super) fn walked(city: &str, procedure: &str, object: &MatterSpec, steps: &[(&Actor, &str)]) -> Way {
    let mut way = Way::open(city, procedure, object, steps[0].0);
    for (by, step) in steps {
        let command = way.approve(step);
        way.case = way.judge(by, &command).unwrap_or_else(|r| panic!("{city} {procedure} {step}: {r}")).case;
    }
    way
}

/// A document of the next step without one of its fields.
pub(super) fn lacking(way: &Way, step: &str, document: &str, field: &str) -> Command {
    let mut command = way.approve(step);
    command.documents.get_mut(document).unwrap().as_object_mut().unwrap().remove(field);
    command
}

/// A matter about nothing but itself, or about the authorisation.
pub(super) fn matter_about(authorisation: Option<&str>) -> MatterSpec {
    MatterSpec {
        matter: "mat_1".into(),
        title: "事项".into(),
        authorisation: authorisation.map(Into::into),
        operator: authorisation.map(|_| "org_op".into()),
        product: None,
        resource: None,
        provider: None,
        organisation: None,
    }
}

/// WX-16.5: the data authority together with a department concerned; CC-10.3 and SY-12.1: whoever granted. Nothing comes in
/// without evidence of its lawful source, under a suspension, or by one body's word where the text wants two.
#[test]
fn external_data_are_reviewed_before_they_come_in() {
    let object = matter_about(Some("auth_1"));
    for (city, rule, granter) in
        [("changchun", "CC-10.3", agency()), ("shenyang", "SY-12.1", authority()), ("wuxi", "WX-16.5", authority())]
    {
        assert_eq!(pack(city).procedure("external_data").unwrap().opened_by, [OrgRole::Operator], "{city}");
        let mut way = Way::open(city, "external_data", &object, &operator());
        for field in ["source", "ground", "evidence", "personal_information", "fused_with", "until"] {
            let bare = lacking(&way, "apply", "dataset", field);
            refused(&way, &operator(), &bare, "document-incomplete", rule);
        }
        let apply = way.approve("apply");
        // Another operator asks for nothing under this authorisation.
        refused(&way, &actor("op2", "op2", &[OrgRole::Operator]), &apply, "wrong-role", rule);
        way.facts.authorisation.as_mut().unwrap().state = model::record::AuthorisationState::Suspended;
        refused(&way, &operator(), &apply, "authorisation-active", rule);
        way.facts = facts_of(&way.pack);
        way.case = way.judge(&operator(), &apply).unwrap().case;
        if city == "wuxi" {
            let decide = way.approve("decide");
            refused(&way, &granter, &decide, "wrong-state", rule);
            let mut adverse = way.approve("examine");
            refused(&way, &granter, &adverse, "wrong-role", rule);
            adverse.documents.get_mut("opinion").unwrap()["lawful_source"] = json!("not_met");
            refused(&way, &security(), &adverse, "adverse-finding", rule);
            let examine = way.approve("examine");
            way.facts.authorisation.as_mut().unwrap().state = model::record::AuthorisationState::Suspended;
            refused(&way, &security(), &examine, "authorisation-active", rule);
            way.facts = facts_of(&way.pack);
            way.case = way.judge(&security(), &examine).unwrap().case;
            refused(&way, &granter, &lacking(&way, "decide", "decision", "with"), "document-incomplete", rule);
        }
        for finding in ["lawful_source", "security"] {
            let mut adverse = way.approve("decide");
            adverse.documents.get_mut("decision").unwrap()[finding] = json!("not_met");
            refused(&way, &granter, &adverse, "adverse-finding", rule);
        }
        let decide = way.approve("decide");
        way.facts.authorisation.as_mut().unwrap().state = model::record::AuthorisationState::Suspended;
        refused(&way, &granter, &decide, "authorisation-active", rule);
        way.facts = facts_of(&way.pack);
        way.case = way.judge(&granter, &decide).unwrap().case;
        assert_eq!(way.pack.ended_as(&way.case).as_deref(), Some("external_data.approved"), "{city}");
        // It holds until the day that was asked for, and that day counts whole.
        let over = way.case.deadlines.iter().find(|d| d.step == "expire").unwrap().at;
        way.now = over.plus_ms(-1);
        refused(&way, &Actor::clock(), &way.approve("expire"), "not-due", rule);
        way.now = over;
        assert_eq!(way.judge(&Actor::clock(), &way.approve("expire")).unwrap().case.state, "expired", "{city}");
    }
}

fn refused(way: &Way, by: &Actor, command: &Command, code: &str, rule: &str) {
    let refusal = way.judge(by, command).unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), (code, rule), "{}: {refusal}", way.pack.id());
    assert!(!refusal.zh.is_empty() && !refusal.en.is_empty() && !refusal.article.is_empty(), "{refusal:?}");
}

/// JL-23.1: those outside propose; the bureau answers each, by the scenario that comes of it or by its reasons; an operating
/// unit takes up what was adopted, and nothing else.
#[test]
fn society_proposes_and_is_answered() {
    let outside = [OrgRole::DataConsumer, OrgRole::ExpertPanel, OrgRole::ThirdPartyAssessor];
    assert_eq!(
        pack("jilin").procedure("proposal").unwrap().opened_by,
        outside,
        "no body of the city proposes to itself"
    );
    let mut way = Way::open("jilin", "proposal", &matter_about(None), &consumer());
    for field in ["proposer", "kind", "need", "benefit", "cooperation"] {
        refused(&way, &consumer(), &lacking(&way, "propose", "proposal", field), "document-incomplete", "JL-23.1");
    }
    refused(&way, &operator(), &way.approve("propose"), "wrong-role", "JL-23.1");
    way.case = way.judge(&consumer(), &way.approve("propose")).unwrap().case;
    let answered_by = way.pack.calendar.end(NOW, 20, model::pack::Days::Working).at;
    let deadline = way.case.deadlines.iter().find(|d| d.step == "adopt").unwrap();
    assert_eq!(deadline.at, answered_by, "an answer is owed, and told where it is late");
    refused(&way, &operator(), &way.approve("take_up"), "wrong-state", "JL-23.1");
    refused(&way, &consumer(), &way.approve("adopt"), "wrong-role", "JL-23.1");
    for field in ["scenario", "answer"] {
        refused(&way, &authority(), &lacking(&way, "adopt", "adoption", field), "document-incomplete", "JL-23.1");
    }
    let mut unreasoned = command(&way.pack, "proposal", "adopt", Decision::Reject);
    unreasoned.documents.clear();
    refused(&way, &authority(), &unreasoned, "document-missing", "JL-23.1");
    way.case = way.judge(&authority(), &way.approve("adopt")).unwrap().case;
    let vague = lacking(&way, "take_up", "cooperation", "scenario");
    refused(&way, &operator(), &vague, "document-incomplete", "JL-23.1");
    refused(&way, &consumer(), &way.approve("take_up"), "wrong-role", "JL-23.1");
    assert_eq!(way.judge(&operator(), &way.approve("take_up")).unwrap().case.state, "taken_up");
}

/// JL-28.1: feedback to the operating unit, order by order; what does not come is told as overdue, under its row.
#[test]
fn who_used_a_product_feeds_back() {
    for end in ["leave", "stop", "expire"] {
        let order = Way::open("jilin", "consumer_order", &recipient_spec(), &consumer());
        refused(&order, &consumer(), &order.approve("report_use"), "wrong-state", "JL-28.1");
        let mut way = order.after("admit_recipient");
        for field in ["quality", "quality_finding", "application", "effect"] {
            let bare = lacking(&way, "report_use", "use_feedback", field);
            refused(&way, &consumer(), &bare, "document-incomplete", "JL-28.1");
        }
        let other = actor("cons2", "cons2", &[OrgRole::DataConsumer]);
        for by in [operator(), authority(), other.clone()] {
            refused(&way, &by, &way.approve("report_use"), "wrong-role", "JL-28.1");
        }
        // As often as there is something to say, and under a suspension too; the delivery goes on as it was.
        for _ in 0..2 {
            way.facts.authorisation.as_mut().unwrap().state = model::record::AuthorisationState::Suspended;
            let outcome = way.judge(&consumer(), &way.approve("report_use")).unwrap();
            assert!(outcome.effects.is_empty() && outcome.case.state == "delivering");
            way.case = outcome.case;
        }
        let ending = way.pack.procedure("consumer_order").unwrap().step(end).unwrap().clone();
        way.take(&ending).unwrap();
        assert_eq!(
            way.case.state, "ended",
            "{end}: what was fed back in use does not make up for what is owed after it"
        );
        let due = way.pack.calendar.end(way.case.entered_at, 30, model::pack::Days::Calendar).at;
        let late =
            |at: Timestamp| overdue_steps(&way.pack, &way.case, at).into_iter().map(|(s, at)| (s.rule.clone(), at));
        assert_eq!(late(due.plus_ms(-1)).count(), 0, "{end}");
        assert_eq!(late(due).collect::<Vec<_>>(), [("JL-28.1".to_owned(), due)], "{end}");
        refused(&way, &other, &way.approve("feed_back"), "wrong-role", "JL-28.1");
        let bare = lacking(&way, "feed_back", "use_feedback", "effect");
        refused(&way, &consumer(), &bare, "document-incomplete", "JL-28.1");
        way.case = way.judge(&consumer(), &way.approve("feed_back")).unwrap().case;
        assert_eq!(way.case.state, "fed_back");
        assert_eq!(overdue_steps(&way.pack, &way.case, due.plus_days(400)).len(), 0, "{end}: nothing is owed any more");
    }
}

/// JL-10.9: what exists is declared whole, gets a day, and is merged only once the old channel serves nobody any more.
#[test]
fn an_existing_channel_merges_by_its_day() {
    let (procedure, row) = ("channel_onboarding", "JL-10.9");
    let openers = [OrgRole::DataProvider, OrgRole::SupervisingDepartment];
    assert_eq!(pack("jilin").procedure(procedure).unwrap().opened_by, openers);
    let mut way = Way::open("jilin", procedure, &matter_about(None), &supervisor());
    for field in ["channel", "data", "services", "users", "digest"] {
        refused(&way, &supervisor(), &lacking(&way, "declare", "inventory", field), "document-incomplete", row);
    }
    way.case = way.judge(&supervisor(), &way.approve("declare")).unwrap().case;
    refused(&way, &supervisor(), &way.approve("report"), "wrong-state", row);
    refused(&way, &supervisor(), &way.approve("schedule"), "wrong-role", row);
    refused(&way, &authority(), &lacking(&way, "schedule", "schedule", "merge_by"), "document-incomplete", row);
    way.case = way.judge(&authority(), &way.approve("schedule")).unwrap().case;
    let day = way.case.deadlines.iter().find(|d| d.step == "report").unwrap().at;
    assert_eq!(day.date().to_string(), "2026-06-02", "the day itself still counts");
    let late = overdue_steps(&way.pack, &way.case, day);
    assert_eq!(late.iter().map(|(s, _)| s.rule.as_str()).collect::<Vec<_>>(), [row]);
    assert_eq!(overdue_steps(&way.pack, &way.case, day.plus_ms(-1)).len(), 0);
    refused(&way, &authority(), &way.approve("verify"), "wrong-state", row);
    for field in ["resources", "served_since", "closed_on"] {
        refused(&way, &supervisor(), &lacking(&way, "report", "merger", field), "document-incomplete", row);
    }
    way.case = way.judge(&supervisor(), &way.approve("report")).unwrap().case;
    for field in ["closed", "complete"] {
        let mut adverse = way.approve("verify");
        adverse.documents.get_mut("verification").unwrap()[field] = json!(false);
        refused(&way, &authority(), &adverse, "adverse-finding", row);
    }
    refused(&way, &supervisor(), &way.approve("verify"), "wrong-role", row);
    assert_eq!(way.judge(&authority(), &way.approve("verify")).unwrap().case.state, "merged");
}

/// JL-30.1: who provides, manages, operates or uses names a person who answers for it; whoever has named none is told.
#[test]
fn each_organisation_names_who_answers_for_its_data() {
    let (procedure, row) = ("responsibility", "JL-30.1");
    let pack = pack("jilin");
    let four = [OrgRole::DataProvider, OrgRole::DataAuthority, OrgRole::Operator, OrgRole::DataConsumer];
    assert_eq!(pack.procedure(procedure).unwrap().opened_by, four);
    let again = pack.recurring().into_iter().find(|r| r.procedure.name == procedure).unwrap();
    assert_eq!((again.months, again.rule, again.of.clone()), (12, row, DueOf::Own(four.to_vec())));
    assert!(again.is_done("noted") && !again.is_done("recorded"));
    let mut way = Way::open("jilin", procedure, &matter_about(None), &operator());
    for field in ["answers_for", "person", "since", "team", "rules"] {
        refused(&way, &operator(), &lacking(&way, "name", "appointment", field), "document-incomplete", row);
    }
    let mut other = way.approve("name");
    other.documents.get_mut("appointment").unwrap()["answers_for"] = json!("everything");
    refused(&way, &operator(), &other, "document-invalid", row);
    way.case = way.judge(&operator(), &way.approve("name")).unwrap().case;
    refused(&way, &operator(), &way.approve("confirm"), "wrong-role", row);
    way.case = way.judge(&supervisor(), &way.approve("confirm")).unwrap().case;
    assert_eq!(way.case.state, "noted", "it stands until another is on record");
    // The bureau does not confirm what the same person handed in.
    let own = walked("jilin", procedure, &matter_about(None), &[(&authority(), "name")]);
    let refusal = own.judge(&authority(), &own.approve("confirm")).unwrap_err();
    assert_eq!(refusal.code, "conflict-of-interest");
}

/// JN-10.1, JL-22.1, SY-12.1: what an operator found out about the market, handed to whoever granted; in Jinan that can be a
/// provider, to whom its demands go as well.
#[test]
fn market_research_goes_on_record() {
    for (city, row) in [("jinan", "JN-10.1"), ("jilin", "JL-22.1"), ("shenyang", "SY-12.1")] {
        let mut way = Way::open(city, "market_research", &matter_about(Some("auth_1")), &operator());
        assert_eq!(way.pack.procedure("market_research").unwrap().opened_by, [OrgRole::Operator], "{city}");
        for field in ["asked", "demands", "scenarios", "products", "digest"] {
            refused(&way, &operator(), &lacking(&way, "record", "research", field), "document-incomplete", row);
        }
        let stranger = actor("op2", "op2", &[OrgRole::Operator]);
        refused(&way, &stranger, &way.approve("record"), "wrong-role", row);
        way.case = way.judge(&operator(), &way.approve("record")).unwrap().case;
        refused(&way, &operator(), &way.approve("confirm"), "wrong-role", row);
        way.facts.authorisation.as_mut().unwrap().authoriser = "org_prov1".into();
        refused(&way, &authority(), &way.approve("confirm"), "wrong-role", row);
        assert_eq!(way.judge(&provider(1), &way.approve("confirm")).unwrap().case.state, "noted", "{city}");
    }
}

/// SY-18.1 and SY-20.1: the bureau begins with the finance bureau named, and the report speaks to each of the five points.
#[test]
fn the_annual_evaluation_says_what_the_text_asks() {
    let mut way = Way::open("shenyang", "evaluation", &matter_about(Some("auth_1")), &authority());
    assert_eq!(way.pack.procedure("evaluation").unwrap().opened_by, [OrgRole::DataAuthority]);
    let every = way.pack.param("evaluation.every_months").unwrap();
    assert_eq!((every.status, every.source.as_str()), (model::pack::Status::Explicit, "SY-20.1"));
    refused(&way, &authority(), &lacking(&way, "begin", "criteria", "with"), "document-incomplete", "SY-18.1");
    way.case = way.judge(&authority(), &way.approve("begin")).unwrap().case;
    refused(
        &way,
        &operator(),
        &lacking(&way, "self_evaluate", "self_report", "digest"),
        "document-incomplete",
        "SY-18.1",
    );
    way.case = way.judge(&operator(), &way.approve("self_evaluate")).unwrap().case;
    let finance = actor("finance", "finance", &[OrgRole::MarketRegulator]);
    for field in ["partner_management", "supply", "compliance", "quality", "effect", "grade"] {
        refused(&way, &finance, &lacking(&way, "assess", "report", field), "document-incomplete", "SY-20.1");
    }
    refused(&way, &operator(), &way.approve("assess"), "wrong-role", "SY-20.1");
    way.case = way.judge(&finance, &way.approve("assess")).unwrap().case;
    refused(&way, &finance, &way.approve("fail"), "wrong-role", "SY-20.1");
    way.case = way.judge(&authority(), &way.approve("fail")).unwrap().case;
    assert_eq!(
        way.pack.ended_as(&way.case).as_deref(),
        way.pack.list("termination.proofs").unwrap()[0].split('=').nth(1)
    );
}

/// WX-29.1: what the annual evaluations found is weighed when somebody applies again. It is a ground, no bar.
#[test]
fn past_evaluations_are_weighed_in_a_new_application() {
    let mut way = applied("wuxi").before("review");
    let mut silent = way.approve("review");
    silent.documents.remove("past_evaluation");
    refused(&way, &authority(), &silent, "document-missing", "WX-29.1");
    for field in ["grade", "evaluation", "weighed"] {
        refused(
            &way,
            &authority(),
            &lacking(&way, "review", "past_evaluation", field),
            "document-incomplete",
            "WX-29.1",
        );
    }
    let mut review = way.approve("review");
    review.documents.get_mut("past_evaluation").unwrap()["grade"] = json!("none");
    refused(&way, &authority(), &review, "document-invalid", "WX-29.1");
    for grade in ["excellent", "unqualified", "first_application", "not_evaluated"] {
        review.documents.get_mut("past_evaluation").unwrap()["grade"] = json!(grade);
        assert!(way.judge(&authority(), &review).is_ok(), "{grade}");
    }
    // Who continues an authorisation applies again: an evaluation of the earlier one is named, or that there was none.
    let first = way.case.object["renewal_of"].take();
    way.case.object["renewal_of"] = json!("auth_0");
    review.documents.get_mut("past_evaluation").unwrap()["grade"] = json!("first_application");
    refused(&way, &authority(), &review, "evaluation-weighed", "WX-29.1");
    review.documents.get_mut("past_evaluation").unwrap()["grade"] = json!("not_evaluated");
    assert!(way.judge(&authority(), &review).is_ok());
    way.case.object["renewal_of"] = first;
    way.case = way.judge(&authority(), &review).unwrap().case;
    let kept = way.case.document("past_evaluation").unwrap();
    assert_eq!(kept["grade"], "not_evaluated", "whoever argues and determines later reads it");
}

/// SY-30.1: the provider declares, the finance side approves under the asset rules, and no application passes its review without a
/// word on it.
#[test]
fn data_under_asset_management_are_approved_under_its_rules() {
    let row = "SY-30.1";
    let mut object = matter_about(None);
    object.resource = Some("res_1".into());
    object.provider = Some("org_prov1".into());
    let mut way = Way::open("shenyang", "asset_management", &object, &provider(1));
    assert_eq!(way.pack.procedure("asset_management").unwrap().opened_by, [OrgRole::DataProvider]);
    for field in ["number", "since", "rules", "digest"] {
        refused(&way, &provider(1), &lacking(&way, "declare", "asset", field), "document-incomplete", row);
    }
    refused(&way, &provider(2), &way.approve("declare"), "wrong-role", row);
    way.case = way.judge(&provider(1), &way.approve("declare")).unwrap().case;
    let finance = actor("finance", "finance", &[OrgRole::MarketRegulator]);
    refused(&way, &authority(), &way.approve("approve"), "wrong-role", row);
    for field in ["document_number", "scope", "revenue", "digest"] {
        refused(&way, &finance, &lacking(&way, "approve", "approval", field), "document-incomplete", row);
    }
    assert_eq!(way.judge(&finance, &way.approve("approve")).unwrap().case.state, "approved");
    let review = applied("shenyang").before("review");
    let mut silent = review.approve("review");
    silent.documents.remove("asset_review");
    refused(&review, &authority(), &silent, "document-missing", row);
    for field in ["finding", "revenue"] {
        refused(&review, &authority(), &lacking(&review, "review", "asset_review", field), "document-incomplete", row);
    }
    assert!(review.judge(&authority(), &review.approve("review")).is_ok());
}
