//! A resource is sealed, unsealed and withdrawn through both processes, as the people of a city do it: what stops at once, what
//! only two keepers open, what no backup brings back, and what stays.

use crate::backup::{admin, files, kept_by, names, text};
use crate::people::Person;
use crate::program::{Served, json, logs_hold, python_agrees};
use reqwest::StatusCode;
use serde_json::{Value, json as doc};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A city's folder after its main job, with a grant open over the records of two providers.
pub struct City {
    /// What is made lies beside it.
    data: PathBuf,
    /// One resource, its provider, the grant over it and the job that was run.
    pub resource: String,
    provider: String,
    grant: String,
    sql: String,
    /// The story's product, which was made of the resource.
    product: String,
}

impl City {
    pub fn data(&self) -> PathBuf {
        self.data.clone()
    }

    pub fn beside(&self, name: &str) -> PathBuf {
        self.data.with_file_name(name)
    }

    pub async fn told(dir: &Path, city: &str, suite: &str) -> Self {
        let data = dir.join("data");
        json(&["story", "--city", city, "--suite", suite, "--rows", "2000", "--json", "--data", text(&data)], 0);
        let served = Served::start(&data);
        Self::of(&served, &data).await
    }

    /// What the story left in a folder.
    pub async fn of(served: &Served, data: &Path) -> Self {
        let engineer = Person::of(served, data, "operator.engineer").await;
        let job = engineer.get("/api/v1/jobs").await["jobs"][0].clone();
        let case = engineer.get(&format!("/api/v1/cases/{}", job["case"].as_str().unwrap())).await;
        let object = &case["object"];
        let provider = Person::of(served, data, "provider1.approver").await;
        let org = provider.get("/api/v1/me").await["org"]["id"].clone();
        let all = provider.get("/api/v1/resources").await["resources"].clone();
        let own = all.as_array().unwrap().iter().find(|r| r["provider"] == org).unwrap();
        let word = |v: &Value| v.as_str().unwrap().to_owned();
        let (resource, provider) = (word(&own["id"]), word(&org));
        let (grant, sql) = (word(&object["grant"]), word(&object["sql"]));
        let product = engineer.get("/api/v1/products").await["products"][0]["id"].clone();
        Self {
            data: data.to_owned(),
            resource,
            provider,
            grant,
            sql,
            product: product.as_str().unwrap_or_default().to_owned(),
        }
    }

    fn object(&self, ground: &str) -> Value {
        doc!({"resource": self.resource, "ground": ground})
    }

    fn path(&self) -> String {
        format!("/api/v1/resources/{}", self.resource)
    }

    /// What the zone holds of the resource's records.
    fn records(&self) -> Vec<PathBuf> {
        files(&self.data().join("zone/objects/res").join(&self.resource))
    }

    /// Opened and proposed by one, decided by another; the case.
    pub async fn decided(&self, procedure: &str, ground: &str, by: &Person<'_>, decides: &Person<'_>) -> String {
        let case = by.open(procedure, &self.object(ground)).await;
        by.must(&case, "propose").await;
        // Nobody decides what they proposed themselves, and no provider decides at all.
        let (status, body) = by.act(&case, "decide").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        decides.must(&case, "decide").await;
        case
    }

    /// A job over the granted records: its state in the end, and the code of what refused it.
    pub async fn job(&self, served: &Served) -> (String, String) {
        let data = self.data();
        let engineer = Person::of(served, &data, "operator.engineer").await;
        let form = doc!({"procedure": "job", "object": {"grant": self.grant, "sql": self.sql}});
        let (status, body) = served.post(&engineer.token, "/api/v1/cases", &form).await;
        if !status.is_success() {
            return ("refused".to_owned(), body["error"]["code"].as_str().unwrap().to_owned());
        }
        let case = body["id"].as_str().unwrap().to_owned();
        let seen = engineer.get(&format!("/api/v1/cases/{case}")).await;
        let job = seen["object"]["job"].as_str().unwrap().to_owned();
        engineer.must(&case, "submit").await;
        let reviewer = Person::of(served, &data, "bureau.reviewer").await;
        let (status, body) = reviewer.act(&case, "review").await;
        if !status.is_success() {
            return ("refused".to_owned(), body["error"]["code"].as_str().unwrap().to_owned());
        }
        let ended = |v: &Value| matches!(v["state"].as_str(), Some("done" | "failed" | "refused"));
        let end = engineer.until(&format!("/api/v1/jobs/{job}"), ended).await;
        let mut why = end["result"]["refusal"]["code"].clone();
        if why.is_null() {
            why = engineer.get(&format!("/api/v1/cases/{case}")).await["refused_orders"][0]["refusal"]["code"].clone();
        }
        (end["state"].as_str().unwrap().to_owned(), why.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the zone of a folder that is served says how the resource stands.
    pub async fn stands(&self, doctor: impl Fn() -> Value, how: &str) {
        let of = |told: &Value| {
            let held = told["resources"].as_array().unwrap().iter().find(|r| r["resource"] == self.resource.as_str());
            held.map(|r| r["how"].clone())
        };
        for _ in 0..60 {
            if of(&doctor()) == Some(doc!(how)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("{how}");
    }

    pub async fn becomes(&self, by: &Person<'_>, state: &str, case: &str) -> Value {
        by.until(&format!("/api/v1/cases/{case}"), |c| c["state"] == "closed").await;
        by.until(&self.path(), |r| r["state"] == state).await
    }

    /// The certificate's evidence holds on a machine that has nothing but it and the trust file.
    async fn proves(&self, served: &Served, certificate: &Value, deed: &str) {
        assert_eq!(certificate["deed"], deed, "{certificate}");
        let id = certificate["id"].as_str().unwrap();
        let url = format!("{}/api/v1/resource-certificates/{id}/evidence", served.platform);
        let data = self.data();
        for (who, status) in [("consumer.approver", 404), ("provider2.approver", 404), ("cyber.approver", 200)] {
            let token = served.sign_in(who).await;
            let answer = served.client.get(&url).bearer_auth(token).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{who}");
            if status == 200 {
                fs::write(self.beside(&format!("{deed}.json")), answer.bytes().await.unwrap()).unwrap();
            }
        }
        let file = self.beside(&format!("{deed}.json"));
        let trust = data.join("trust.json");
        let told = json(&["evidence", "verify", text(&file), "--trust", text(&trust), "--json"], 0);
        assert_eq!((&told["valid"], &told["trusted"]), (&Value::Bool(true), &Value::Bool(true)), "{told}");
        python_agrees(&file, &trust);
        let bytes = fs::read_to_string(&file).unwrap();
        assert!(bytes.contains("\"kind\":\"resource_certificate\"") && bytes.contains(id));
        let bent = self.beside("bent.json");
        fs::write(&bent, bytes.replacen(&self.resource, "res_other", 1)).unwrap();
        json(&["evidence", "verify", text(&bent), "--trust", text(&trust), "--json"], 1);
    }
}

async fn whole_life(city: &str, suite: &str) {
    let dir = tempfile::tempdir().unwrap();
    let made = City::told(dir.path(), city, suite).await;
    let data = made.data();
    let at = text(&data);
    admin(&["export-keys", "--data", at], 0);
    let kept = made.records();
    assert!(!kept.is_empty());
    let key = sealed(&made, at).await;
    restored_while_sealed(&made, at, &key);
    unsealed(&made, at, &kept).await;
    withdrawn(&made, at, &key).await;
}

/// Sealed: jobs are refused, records stay and nobody reads them; the key of the resource is given back.
async fn sealed(made: &City, at: &str) -> String {
    let data = made.data();
    let ring = data.join("zone/keys/ring");
    let served = Served::start(&data);
    assert_eq!(made.job(&served).await.0, "done", "before anything is sealed");
    let provider = Person::of(&served, &data, "provider1.approver").await;
    let bureau = Person::of(&served, &data, "bureau.reviewer").await;
    let case = made.decided("sealing", "under_dispute", &provider, &bureau).await;
    let seen = made.becomes(&provider, "sealed", &case).await;
    assert_eq!(made.job(&served).await, ("refused".to_owned(), "sources-usable".to_owned()), "when it is opened");
    let certificate = &seen["certificates"][0];
    made.proves(&served, certificate, "sealed").await;
    let key = certificate["keys"][0].as_str().unwrap().to_owned();
    drop(served);
    assert_eq!(names(&ring, ".sealed"), [format!("{key}.sealed")]);
    assert!(names(&ring, ".key").iter().all(|n| !n.starts_with(&key)), "the key itself is not there");
    // The keepers alone decide nothing.
    let told = admin(&["unseal", "--data", at, "--resource", &made.resource], 2);
    assert!(told["error"]["en"].as_str().unwrap().contains("No order"), "{told}");
    key
}

/// A backup of that time comes back with everything, the sealed resource among it, still sealed.
fn restored_while_sealed(made: &City, at: &str, key: &str) {
    let (out, custody) = (made.beside("backup"), made.beside("custody"));
    admin(&["backup", "--data", at, "--out", text(&out), "--custody", text(&custody)], 0);
    let restore = ["restore", "--backup", text(&out), "--custody", text(&custody), "--data"];
    let drill = admin(&[&restore[..], &[at, "--drill"]].concat(), 0);
    let count = |name: &str| drill[name].as_u64().unwrap();
    assert!(count("sealed") > 0 && count("opened") + count("sealed") == count("objects"), "{drill}");
    let told = json(&["admin", "doctor", "--data", at, "--json"], 0);
    let kinds = told["cryptography"]["inventory"].as_array().unwrap();
    let of = kinds.iter().find(|k| k["purpose"] == "resource").unwrap();
    assert_eq!((&of["sealed"], &of["destroyed"]), (&doc!(1), &doc!(0)), "{of}");
    assert_eq!(examined(made, at), ("sealed".to_owned(), "sealed_resources".to_owned()));
    let fresh = made.beside("while-sealed");
    admin(&[&restore[..], &[text(&fresh)]].concat(), 0);
    let ring = fresh.join("zone/keys/ring");
    assert_eq!(names(&ring, ".sealed"), [format!("{key}.sealed")]);
    assert!(names(&ring, ".key").iter().all(|n| !n.starts_with(key)) && !names(&ring, ".key").is_empty());
    assert_eq!(files(&fresh.join("zone/objects/res").join(&made.resource)).len(), made.records().len());
    logs_hold(&fresh);
}

/// What an examination of the folder tells the keepers of the resource.
fn examined(made: &City, at: &str) -> (String, String) {
    let told = json(&["admin", "doctor", "--data", at, "--json"], 0);
    let held = told["resources"].as_array().unwrap();
    let of = held.iter().find(|r| r["resource"] == made.resource.as_str()).unwrap();
    let names = |c: &&Value| c["zh"].as_str().unwrap().contains(&made.resource);
    let check = told["checks"].as_array().unwrap().iter().find(names).unwrap();
    (of["how"].as_str().unwrap().to_owned(), check["id"].as_str().unwrap().to_owned())
}

/// Unsealed by an order and two keepers: a job works again.
async fn unsealed(made: &City, at: &str, kept: &[PathBuf]) {
    let data = made.data();
    let served = Served::start(&data);
    let bureau = Person::of(&served, &data, "bureau.approver").await;
    let second = Person::of(&served, &data, "bureau.reviewer").await;
    let case = made.decided("unsealing", "dispute_settled", &bureau, &second).await;
    made.stands(|| json(&["admin", "doctor", "--data", at, "--json"], 0), "unsealing").await;
    assert_eq!(made.job(&served).await.1, "sources-usable", "an order alone opens nothing");
    drop(served);
    assert_eq!(made.records(), kept, "the records are kept");
    assert_eq!(examined(made, at), ("unsealing".to_owned(), "unsealing_orders".to_owned()));
    let custody = made.beside("custody/keys");
    assert_eq!(names(&custody, ".sealed").len(), 1);
    let words = ["unseal", "--data", at, "--resource", &made.resource];
    kept_by(&words, 2, ["the first keeper's own words", "not the second's words"]);
    assert_eq!(admin(&words, 0)["keys"], 1);
    assert!(names(&custody, ".sealed").is_empty(), "the custody holds what is open, at once");
    let served = Served::start(&data);
    let bureau = Person::of(&served, &data, "bureau.approver").await;
    let seen = made.becomes(&bureau, "catalogued", &case).await;
    assert_eq!(made.job(&served).await.0, "done");
    made.proves(&served, &seen["certificates"][1], "unsealed").await;
}

/// Withdrawn: keys, records and every way back are gone; what is told about them stays.
async fn withdrawn(made: &City, at: &str, key: &str) {
    let data = made.data();
    let (out, custody) = (made.beside("backup"), made.beside("custody"));
    let backup = ["backup", "--data", at, "--out", text(&out), "--custody", text(&custody)];
    admin(&backup, 0);
    let drill = ["restore", "--backup", text(&out), "--data", at, "--custody", text(&custody), "--drill"];
    assert_eq!(admin(&drill, 0)["left_out"], 0);
    let served = Served::start(&data);
    let provider = Person::of(&served, &data, "provider1.approver").await;
    let bureau = Person::of(&served, &data, "bureau.approver").await;
    let case = made.decided("withdrawal", "provider_withdraws", &provider, &bureau).await;
    let seen = made.becomes(&provider, "withdrawn", &case).await;
    let certificate = &seen["certificates"][2];
    assert_eq!((&certificate["keys"], &certificate["provider"]), (&doc!([key]), &doc!(made.provider)));
    assert!(certificate["objects"].as_u64().unwrap() > 0 && certificate["what"]["kinds"]["records"].is_u64());
    assert_eq!(made.job(&served).await.1, "sources-usable");
    made.proves(&served, certificate, "destroyed").await;
    made.ends_here(&provider, at).await;
    // Records about the data stay: the entry with its contract, the batches, every case with its acts.
    assert!(seen["spec"]["contract"].as_str().unwrap().len() > 100 && seen["versions"][0]["case"].is_string());
    let batches = provider.get(&format!("{}/batches", made.path())).await;
    assert!(!batches["stored"].as_array().unwrap().is_empty(), "{batches}");
    for certificate in seen["certificates"].as_array().unwrap() {
        let case = provider.get(&format!("/api/v1/cases/{}", certificate["case"].as_str().unwrap())).await;
        assert_eq!((&case["state"], case["history"].as_array().unwrap().len()), (&doc!("closed"), 3), "{case}");
    }
    drop(served);
    logs_hold(&data);
    let ring = data.join("zone/keys/ring");
    assert!(names(&ring, ".destroyed").contains(&format!("{key}.destroyed")));
    assert!(made.records().is_empty() && files(&data.join("zone/spill")).is_empty());
    assert_eq!(names(&data.join("zone/destroyed"), ".json"), [format!("{}.json", made.resource)]);
    // The backup from before, with the custody and everybody's words, brings the others back and not these.
    assert!(admin(&drill, 0)["left_out"].as_u64().unwrap() > 0);
    let fresh = made.beside("fresh");
    admin(&["restore", "--backup", text(&out), "--data", text(&fresh), "--custody", text(&custody)], 0);
    // Counts are no records: they stand in the batches' rows, too.
    let counts = |p: &PathBuf| p.ends_with("summary.json");
    let back = files(&fresh.join("zone/objects/res").join(&made.resource));
    assert!(back.iter().all(counts), "{back:?}");
    assert!(!files(&fresh.join("zone/objects/res")).is_empty(), "another provider's records come back");
    assert!(names(&fresh.join("zone/keys/ring"), ".key").iter().all(|n| !n.starts_with(key)));
    stays_away(made, &fresh, "withdrawn", "resource-withdrawn").await;
    // Keys that still work are not dropped before somebody was shown which.
    let bare = made.beside("bare");
    let without =
        ["restore", "--backup", text(&out), "--data", text(&bare), "--custody", text(&custody), "--without-keys"];
    let told = admin(&without, 2)["error"]["en"].as_str().unwrap().to_owned();
    assert!(told.contains("--yes") && told.contains("resource ") && !told.contains(&made.resource), "{told}");
    assert!(!bare.exists());
    admin(&[&without[..], &["--yes"]].concat(), 0);
    assert!(names(&bare.join("zone/keys/ring"), ".key").is_empty());
}

/// In a folder that was restored from a backup of before, platform and zone say what was decided since.
async fn stays_away(made: &City, restored: &Path, state: &str, code: &str) {
    let data = made.data();
    // People's passwords are in no backup.
    let words = "desks/accounts.json";
    fs::create_dir_all(restored.join("desks")).unwrap();
    fs::copy(data.join(words), restored.join(words)).unwrap();
    let served = Served::start(restored);
    let provider = Person::of(&served, &data, "provider1.approver").await;
    let seen = provider.until(&made.path(), |r| r["state"] == state).await;
    assert_eq!(seen["id"], made.resource);
    let listed = provider.get("/api/v1/resources").await["resources"].clone();
    assert!(listed.as_array().unwrap().iter().any(|r| r["id"] == made.resource && r["state"] == state), "{listed}");
    let officer = served.sign_in("provider1.officer").await;
    let (status, body) = served.post(&officer, &format!("{}/batches", made.path()), &doc!({"label": "x"})).await;
    let said = &body["error"];
    assert_eq!((status, said["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some(code)), "{body}");
    assert!(["rule", "zh", "en"].iter().all(|f| said[*f].as_str().is_some_and(|t| !t.is_empty())), "{body}");
    drop(served);
    logs_hold(restored);
}

/// WX-19.1, under the commercial ciphers.
#[tokio::test(flavor = "multi_thread")]
async fn a_resource_is_sealed_unsealed_and_withdrawn_in_wuxi() {
    whole_life("wuxi", "gm").await;
}

/// The same in a city whose text says nothing of it, under the international ciphers.
#[tokio::test(flavor = "multi_thread")]
async fn a_resource_is_sealed_unsealed_and_withdrawn_in_shenyang() {
    whole_life("shenyang", "intl").await;
}

impl City {
    /// Decided, and given back because the zone refused it: case page and list say why.
    /// Of a resource that is gone no case is begun that could never end; its product's evidence tells what became of it.
    async fn ends_here(&self, provider: &Person<'_>, at: &str) {
        for (procedure, ground, code) in [
            ("sealing", "under_dispute", "resource-held"),
            ("unsealing", "dispute_settled", "resource-sealed"),
            ("withdrawal", "provider_withdraws", "resource-kept"),
        ] {
            let form = doc!({"procedure": procedure, "object": self.object(ground)});
            let (status, body) = provider.served.post(&provider.token, "/api/v1/cases", &form).await;
            assert_eq!(
                (status, body["error"]["code"].as_str()),
                (StatusCode::UNPROCESSABLE_ENTITY, Some(code)),
                "{body}"
            );
        }
        let (file, trust) = (self.beside("product.json"), self.data.join("trust.json"));
        let products = json(&["evidence", "export", &self.product, "--data", at, "--out", text(&file), "--json"], 0);
        let told = json(&["evidence", "verify", text(&file), "--trust", text(&trust), "--json"], 0);
        assert_eq!(told["trusted"], Value::Bool(true), "{told} {products}");
        assert!(std::fs::read_to_string(&file).unwrap().contains(r#""effect":"withdraw""#));
        python_agrees(&file, &trust);
    }

    async fn returned(&self, by: &Person<'_>, decides: &Person<'_>, code: &str) -> String {
        let case = self.decided("sealing", "under_dispute", by, decides).await;
        let seen = by.until(&format!("/api/v1/cases/{case}"), |c| c["state"] == "returned").await;
        assert_eq!(
            (&seen["refused_orders"][0]["refusal"]["code"], &seen["refused"]["code"]),
            (&doc!(code), &doc!(code))
        );
        let listed = by.get("/api/v1/cases?procedure=sealing").await["cases"].clone();
        let row = listed.as_array().unwrap().iter().find(|c| c["id"] == case.as_str()).unwrap().clone();
        assert_eq!(row["refused"]["code"], code, "{row}");
        assert!(["rule", "zh", "en"].iter().all(|f| row["refused"][*f].as_str().is_some_and(|t| !t.is_empty())));
        case
    }
}

/// What the zone refused is signed anew by both, or closed; an unsealing that nobody carried out is taken back; and no release
/// is begun or goes on over a source that was sealed meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_zone_refused_comes_to_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let made = City::told(dir.path(), "wuxi", "intl").await;
    let data = made.data();
    let served = Served::start(&data);
    assert_eq!(made.job(&served).await.0, "done");
    let engineer = Person::of(&served, &data, "operator.engineer").await;
    let jobs = engineer.get("/api/v1/jobs").await["jobs"].clone();
    let done: Vec<&Value> = jobs.as_array().unwrap().iter().filter(|j| j["state"] == "done").collect();
    let job = doc!({"job": done.iter().map(|j| j["id"].as_str().unwrap()).next_back().unwrap()});
    let begun = engineer.open("release", &job).await;
    let provider = Person::of(&served, &data, "provider1.approver").await;
    let bureau = Person::of(&served, &data, "bureau.reviewer").await;
    // There are no sealing keys yet.
    let again = made.returned(&provider, &bureau, "sealing-unavailable").await;
    let closed = made.returned(&provider, &bureau, "sealing-unavailable").await;
    provider.must(&closed, "close").await;
    assert_eq!(provider.get(&format!("/api/v1/cases/{closed}")).await["state"], "given_up");
    let (status, body) = bureau.act(&again, "decide").await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("wrong-state")));
    drop(served);
    admin(&["export-keys", "--data", text(&data)], 0);

    let served = Served::start(&data);
    let provider = Person::of(&served, &data, "provider1.approver").await;
    let bureau = Person::of(&served, &data, "bureau.reviewer").await;
    provider.must(&again, "propose").await;
    bureau.must(&again, "decide").await;
    let seen = made.becomes(&provider, "sealed", &again).await;
    let case = provider.get(&format!("/api/v1/cases/{again}")).await;
    assert_eq!((&case["refused"], &case["state"]), (&Value::Null, &doc!("closed")), "the refusal is not the last word");
    made.proves(&served, &seen["certificates"][0], "sealed").await;
    let engineer = Person::of(&served, &data, "operator.engineer").await;
    let (status, body) = engineer.act(&begun, "check").await;
    let code = |body: &Value| body["error"]["code"].as_str().unwrap_or_default().to_owned();
    assert_eq!((status, code(&body).as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "sources-usable"), "{body}");
    let form = doc!({"procedure": "release", "object": job});
    let (status, body) = served.post(&engineer.token, "/api/v1/cases", &form).await;
    assert_eq!((status, code(&body).as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "sources-usable"), "{body}");
    // Decided to unseal, and taken back before the keepers came.
    let approver = Person::of(&served, &data, "bureau.approver").await;
    let unsealing = made.decided("unsealing", "dispute_settled", &approver, &bureau).await;
    let back = made.decided("sealing", "under_dispute", &approver, &bureau).await;
    made.becomes(&approver, "sealed", &back).await;
    approver.until(&format!("/api/v1/cases/{unsealing}"), |c| c["state"] == "overtaken").await;
    drop(served);
    let told = admin(&["unseal", "--data", text(&data), "--resource", &made.resource], 2);
    assert!(told["error"]["en"].as_str().unwrap().contains("No order"), "{told}");
    logs_hold(&data);
}

/// A copy of a pack with a floor of one month for records.
fn with_floor(dir: &Path) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/wuxi");
    let pack = dir.join("kept");
    for file in files(&own) {
        let to = pack.join(file.strip_prefix(&own).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&file, &to).unwrap();
    }
    let change = |name: &str, change: &dyn Fn(String) -> String| {
        let path = pack.join(name);
        fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
    };
    change("pack.toml", &|t| t.replacen("id = \"wuxi\"", "id = \"kept\"", 1));
    change("parameters.toml", &|t| {
        format!("{t}\n[\"retention.resource_months\"]\nvalue = 1\nsource = \"WX-19.1\"\nstatus = \"explicit\"\n")
    });
    pack
}

/// Before its time the withdrawal is refused with the article; a month later it is carried out.
#[tokio::test(flavor = "multi_thread")]
async fn records_are_not_destroyed_before_their_retention_is_over() {
    let packs = tempfile::tempdir().unwrap();
    let made = City::told(packs.path(), text(&with_floor(packs.path())), "intl").await;
    let data = made.data();
    let served = Served::start(&data);
    let provider = Person::of(&served, &data, "provider1.approver").await;
    let case = provider.open("withdrawal", &made.object("provider_withdraws")).await;
    provider.must(&case, "propose").await;
    let bureau = Person::of(&served, &data, "bureau.approver").await;
    let (status, body) = bureau.act(&case, "decide").await;
    let error = &body["error"];
    assert_eq!((status, error["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("retention-over")), "{body}");
    assert_eq!((error["rule"].as_str(), error["article"].as_str()), (Some("WX-19.1"), Some("19")), "{body}");
    assert!(!made.records().is_empty());
    let admin = served.sign_in("keeper.system").await;
    let month = doc!({"advance_ms": 32i64 * 86_400_000});
    let (status, body) = served.post(&admin, "/api/v1/clock", &month).await;
    assert!(status.is_success(), "{body}");
    // Sessions ended meanwhile.
    let bureau = Person::of(&served, &data, "bureau.approver").await;
    bureau.must(&case, "decide").await;
    made.becomes(&bureau, "withdrawn", &case).await;
    drop(served);
    assert!(made.records().is_empty());
    logs_hold(&data);
}
