//! Keys that people gave up at a restore: nothing is called unsealed that nobody can read, and what is then certified
//! destroyed stays so, also when the same snapshot is restored with the custody.

use crate::backup::{admin, files, names, signed, text};
use crate::people::Person;
use crate::program::{Served, json, logs_hold};
use crate::resources::City;
use serde_json::json as doc;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// People's desks are in no backup.
fn desks(data: &Path, restored: &Path) {
    fs::DirBuilder::new().mode(0o700).create(restored.join("desks")).unwrap();
    fs::copy(data.join("desks/accounts.json"), restored.join("desks/accounts.json")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_after_its_keys_were_given_up_stays_away() {
    let dir = tempfile::tempdir().unwrap();
    let made = City::told(dir.path(), "wuxi", "intl").await;
    let (data, bare) = (made.data(), made.beside("bare"));
    admin(&["export-keys", "--data", text(&data)], 0);
    let served = Served::start(&data);
    let provider = Person::of(&served, &data, "provider1.approver").await;
    let bureau = Person::of(&served, &data, "bureau.reviewer").await;
    let case = made.decided("sealing", "under_dispute", &provider, &bureau).await;
    let seen = made.becomes(&provider, "sealed", &case).await;
    let key = seen["certificates"][0]["keys"][0].as_str().unwrap().to_owned();
    drop(served);
    let (out, custody) = (made.beside("backup"), made.beside("custody"));
    admin(&["backup", "--data", text(&data), "--out", text(&out), "--custody", text(&custody)], 0);

    let restore = ["restore", "--backup", text(&out), "--data", text(&bare), "--custody", text(&custody)];
    admin(&[&restore[..], &["--without-keys", "--yes"]].concat(), 0);
    desks(&data, &bare);
    let served = Served::start(&bare);
    let first = Person::of(&served, &data, "bureau.approver").await;
    let second = Person::of(&served, &data, "bureau.reviewer").await;
    made.decided("unsealing", "dispute_settled", &first, &second).await;
    made.stands(|| json(&["admin", "doctor", "--data", text(&bare), "--json"], 0), "unsealing").await;
    drop(served);
    let told = admin(&["unseal", "--data", text(&bare), "--resource", &made.resource], 1);
    assert_eq!(told["error"]["code"], "records-unreadable", "{told}");

    // The way that the refusal names; the certificate names the key.
    let served = Served::start(&bare);
    let provider = Person::of(&served, &data, "provider1.approver").await;
    let bureau = Person::of(&served, &data, "bureau.approver").await;
    let case = made.decided("withdrawal", "provider_withdraws", &provider, &bureau).await;
    let seen = made.becomes(&provider, "withdrawn", &case).await;
    let certificates = seen["certificates"].as_array().unwrap();
    let deeds: Vec<&str> = certificates.iter().map(|c| c["deed"].as_str().unwrap()).collect();
    assert_eq!(deeds, ["sealed", "destroyed"], "nothing was unsealed");
    assert_eq!(certificates[1]["keys"], doc!([key]));
    drop(served);
    logs_hold(&bare);
    assert!(names(&custody, ".destroyed").contains(&format!("{key}.destroyed")));
    assert!(names(&custody, ".sealed").is_empty(), "the custody holds it no longer");

    // The same snapshot again, with the custody, the keepers and two people's signatures.
    let draft = made.beside("draft.json");
    admin(&[&restore[..], &["--draft", text(&draft), "--reason", "rehearsal"]].concat(), 0);
    let (a, b) = (signed(&data, &draft, "bureau.approver"), signed(&data, &draft, "bureau.reviewer"));
    let done = admin(&[&restore[..], &["--confirmed", text(&a), "--confirmed", text(&b)]].concat(), 0);
    assert!(done["left_out"].as_u64().unwrap() > 0, "{done}");
    let back = files(&bare.join("zone/objects/res").join(&made.resource));
    assert!(back.iter().all(|p| p.ends_with("summary.json")), "{back:?}");
    assert!(names(&bare.join("zone/keys/ring"), ".key").len() > 1, "what was not destroyed comes back");
    desks(&data, &bare);
    let served = Served::start(&bare);
    let provider = Person::of(&served, &data, "provider1.approver").await;
    provider.until(&format!("/api/v1/resources/{}", made.resource), |r| r["state"] == "withdrawn").await;
    drop(served);
    logs_hold(&bare);
}
