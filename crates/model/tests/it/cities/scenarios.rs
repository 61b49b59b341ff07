//! What each city's text says of application scenarios: which fields come first, who plans them, who proposes them.

use super::records::{lacking, matter_about, walked};
use super::*;
use model::pack::Status;

fn scenario(city: &str) -> Way {
    Way::open(city, "scenario", &facts().scenario.unwrap().spec, &operator())
}

fn submitted_with(way: &Way, field: &str, value: Value) -> Result<model::case::Outcome, Refusal> {
    let mut submit = way.approve("submit");
    submit.documents.get_mut("scenario_plan").unwrap()[field] = value;
    way.judge(&operator(), &submit)
}

/// JL-4.1, JN-6.1, SY-6.1, WX-2.3: a scenario says which priority field it belongs to, or none. What the text does not name
/// is none of the city's, and the refusal cites the row that lists them.
#[test]
fn priorities_of_each_city() {
    let three: &[&str] = &["livelihood", "high_growth", "strategic"];
    let table: [(&str, &str, &[&str], &str, &str); 4] = [
        ("jilin", "JL-4.1", three, "行业增值潜力显著的领域", "livelihood"),
        (
            "jinan",
            "JN-6.1",
            &["public_governance", "public_interest", "finance", "credit", "medical", "transport", "culture"],
            "公共治理、公益事业",
            "public governance",
        ),
        ("shenyang", "SY-6.1", &["finance", "credit", "transport", "medical", "health"], "卫生", "public health"),
        ("wuxi", "WX-2.3", three, "行业发展潜力显著的领域", "strategic weight"),
    ];
    for (city, row, fields, zh, en) in table {
        let way = scenario(city);
        let listed = way.pack.param("scenario.priorities").unwrap();
        assert_eq!((listed.source.as_str(), listed.status), (row, Status::Explicit), "{city}");
        assert_eq!(way.pack.list("scenario.priorities").unwrap(), fields, "{city}: in the order of the text");
        for field in fields {
            assert!(submitted_with(&way, "priority", json!(field)).is_ok(), "{city} {field}");
        }
        assert!(submitted_with(&way, "priority", Value::Null).is_ok(), "{city}: it belongs to none");
        for other in [json!("tourism"), json!("anything"), json!("none"), json!(["finance"])] {
            let refusal = submitted_with(&way, "priority", other.clone()).unwrap_err();
            assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), ("document-invalid", row), "{city} {other}");
            assert!(refusal.zh.contains(zh) && refusal.en.contains(en), "{refusal:?}");
            assert!(!refusal.article.is_empty(), "{city}");
        }
    }
    // A text that names none asks for none.
    for city in CITIES {
        let asked = table.iter().any(|(c, ..)| *c == city);
        let pack = pack(city);
        let form = &pack.procedure("scenario").unwrap().documents["scenario_plan"];
        assert_eq!(form.fields.iter().any(|f| f.name == "priority"), asked, "{city}");
    }
}

/// A choice whose words a parameter lists: what could not be chosen from is refused with its place.
#[test]
fn a_choice_without_its_list_is_refused_by_name() {
    let file = "procedures/scenario.toml";
    let listed = "choices_param = \"scenario.priorities\"";
    for (city, from, to) in [
        ("wuxi", listed, "choices_param = \"scenario.priority\""),
        ("wuxi", listed, "choices_param = \"term.max_months\""),
        ("wuxi", listed, "choices = [\"livelihood\"], choices_param = \"scenario.priorities\""),
        ("wuxi", "name = \"priority\", kind = \"choice\"", "name = \"priority\", kind = \"text\""),
        // Nothing to choose from, and no form can be handed in.
        ("national", "required = false, choices_param", "choices_param"),
    ] {
        let mut layers = resolve(&all_layers(), city).unwrap();
        let text = layers[0].files.get_mut(file).unwrap();
        assert!(text.contains(from), "{from}");
        *text = text.replacen(from, to, 1);
        let line = text.lines().position(|l| l.contains("name = \"priority\"")).unwrap() + 1;
        let error = Pack::load(&layers).expect_err(to);
        assert_eq!(
            (error.file.as_str(), error.line, error.key.as_str()),
            ("product/procedures/scenario.toml", line, "priority")
        );
        assert!(error.en.contains("choices_param") && !error.zh.is_empty() && !error.mend.is_empty(), "{error}");
    }
}

/// CC-27.2: sector departments plan, with support and incentives; the bureau lists; operators and business entities answer.
#[test]
fn sector_departments_plan_scenarios() {
    let planning = pack("changchun").procedure("scenario_planning").unwrap().clone();
    assert_eq!(planning.opened_by, [OrgRole::DataProvider, OrgRole::SupervisingDepartment]);
    let object = matter_about(None);
    let sector = provider(1);
    let way = Way::open("changchun", "scenario_planning", &object, &sector);
    for field in ["sector", "scenarios", "support", "incentives", "review_by"] {
        let refusal = way.judge(&sector, &lacking(&way, "submit", "sector_plan", field)).unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), ("document-incomplete", "CC-27.2"), "{field}");
    }
    let way = walked("changchun", "scenario_planning", &object, &[(&sector, "submit")]);
    let early = way.judge(&operator(), &way.approve("respond")).unwrap_err();
    assert_eq!((early.code.as_str(), early.rule.as_str()), ("wrong-state", "CC-27.2"), "nothing is listed yet");
    assert_eq!(way.judge(&sector, &way.approve("list")).unwrap_err().code, "wrong-role");
    let steps = [(&sector, "submit"), (&authority(), "list"), (&operator(), "respond"), (&consumer(), "respond")];
    let way = walked("changchun", "scenario_planning", &object, &steps);
    assert_eq!((way.case.state.as_str(), way.case.history.len()), ("listed", 4), "each answer is kept");
    // The plan says itself by when it is looked at again.
    let due = way.case.deadlines.iter().find(|d| d.step == "renew").unwrap();
    assert_eq!(due.at.date().to_string(), "2026-06-02", "the day itself still counts");
    let renewed = way.judge(&sector, &way.approve("renew")).unwrap().case;
    assert_eq!(renewed.state, "renewing", "a renewed plan is looked at anew");
    // The scenario of an operator may say which plan it carries out.
    let own = scenario("changchun");
    let mut submit = own.approve("submit");
    assert!(submit.documents["scenario_plan"].get("planned_in").is_some());
    submit.documents.get_mut("scenario_plan").unwrap().as_object_mut().unwrap().remove("planned_in");
    assert!(own.judge(&operator(), &submit).is_ok(), "not every scenario was planned by a department");
}
