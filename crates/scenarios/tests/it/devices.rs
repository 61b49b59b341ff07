//! The main job with the zone's keys in a cryptographic device, rotation in between, and the ending that destroys keys
//! there; and a rotation that is killed.

use crate::people::Person;
use crate::program::{Served, json, logs_hold, story, yunyu};
use crate::resources::City;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The program with more in its environment; its JSON answer.
fn told(args: &[&str], env: &[(&str, &Path)]) -> Value {
    let mut command = Command::new(yunyu());
    let out = command.args(args).envs(env.iter().copied()).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{args:?}\n{text}\n{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_str(&text).unwrap()
}

/// The same where it refuses.
fn refused(args: &[&str], env: &[(&str, &Path)]) -> Value {
    let out = Command::new(yunyu()).args(args).envs(env.iter().copied()).stdin(Stdio::null()).output().unwrap();
    assert_eq!(out.status.code(), Some(2), "{args:?}\n{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

fn inventory(doctor: &Value, purpose: &str) -> (u64, u64) {
    let all = doctor["cryptography"]["inventory"].as_array().unwrap();
    let of = all.iter().find(|k| k["purpose"] == purpose).unwrap();
    assert_eq!((&of["undated"], of["oldest"].is_string() || of["live"] == 0), (&Value::from(0), true), "{of}");
    (of["live"].as_u64().unwrap(), of["destroyed"].as_u64().unwrap())
}

/// Story, examination, rotation, ending, examination.
fn whole_life(data: &Path, suite: &str, place: &str, kind: &str, env: &[(&str, &Path)]) {
    let at = data.to_str().unwrap();
    let tell = |extra: &[&str]| {
        let args =
            ["story", "--city", "wuxi", "--json", "--rows", "4000", "--data", at, "--suite", suite, "--keys", place];
        told(&[&args[..], extra].concat(), env)
    };
    let made = tell(&[]);
    let doctor = |env| told(&["admin", "doctor", "--data", at, "--json"], env);
    let found = doctor(env);
    let keys = &found["cryptography"]["keys"];
    assert_eq!((&keys["kind"], &keys["extractable"]), (&Value::from(kind), &Value::from(false)), "{found}");
    let before = inventory(&found, "authorisation");
    assert_eq!(before.1, 0, "nothing was destroyed yet");
    assert!(!data.join("zone/keys/master").exists() && !data.join("zone/keys/ring-master").exists());

    let rotated = told(&["admin", "rotate-keys", "--data", at, "--json"], env);
    assert!(rotated["keys"].as_u64().unwrap() >= 2 && rotated["objects"].as_u64().unwrap() >= 3, "{rotated}");

    tokio::runtime::Runtime::new().unwrap().block_on(sealing(data, env));
    let (out, secret) = (data.with_extension("backup"), Path::new("a passphrase for backups"));
    let env = &[env, &[("YUNYU_BACKUP_PASSPHRASE", secret)]].concat();
    let backup = ["admin", "backup", "--data", at, "--out", out.to_str().unwrap(), "--json"];
    let taken = told(&backup, env);
    assert!(taken["objects"].as_u64().unwrap() > 3 && taken["keys_in_custody"].is_null(), "{taken}");
    assert_eq!(drilled(data, &out, env)["left_out"], 0);

    assert_eq!(tell(&["--ending"])["product"], made["product"]);
    logs_hold(data);
    backups_after_a_destruction(data, &out, env);
    let after = inventory(&doctor(env), "authorisation");
    assert!(after.1 >= 1, "the ending destroys keys: {after:?}");
}

/// A resource whose key cannot be taken out is sealed and opened again all the same, by the people of the city and two keepers.
async fn sealing(data: &Path, env: &[(&str, &Path)]) {
    let at = data.to_str().unwrap();
    let [first, second] = ["the first keeper's own words", "the second keeper's own words"].map(Path::new);
    let keepers =
        |first, second| [env, &[("YUNYU_KEEPER_1_PASSPHRASE", first), ("YUNYU_KEEPER_2_PASSPHRASE", second)]].concat();
    let exported = told(&["admin", "export-keys", "--data", at, "--json"], &keepers(first, second));
    assert!(exported["sealed"].is_null() && exported["sealing_keys"].is_string(), "{exported}");
    assert!(!data.join("zone/keys/keepers.json").exists());
    let served = Served::start_in(data, env);
    let city = City::of(&served, data).await;
    let provider = Person::of(&served, data, "provider1.approver").await;
    let bureau = Person::of(&served, data, "bureau.reviewer").await;
    let case = city.decided("sealing", "under_dispute", &provider, &bureau).await;
    city.becomes(&provider, "sealed", &case).await;
    assert_eq!(city.job(&served).await.1, "sources-usable");
    let case = city.decided("unsealing", "dispute_settled", &provider, &bureau).await;
    city.stands(|| told(&["admin", "doctor", "--data", at, "--json"], env), "unsealing").await;
    assert_eq!(city.job(&served).await.1, "sources-usable", "an order alone opens nothing");
    drop(served);
    let unseal = ["admin", "unseal", "--data", at, "--resource", &city.resource, "--json"];
    refused(&unseal, &keepers(first, Path::new("not the second's words")));
    assert_eq!(told(&unseal, &keepers(first, second))["keys"], 1);
    let served = Served::start_in(data, env);
    let provider = Person::of(&served, data, "provider1.approver").await;
    city.becomes(&provider, "catalogued", &case).await;
    assert_eq!(city.job(&served).await.0, "done");
}

fn drilled(data: &Path, out: &Path, env: &[(&str, &Path)]) -> Value {
    let (at, out) = (data.to_str().unwrap(), out.to_str().unwrap());
    let drill = told(&["admin", "restore", "--backup", out, "--data", at, "--drill", "--json"], env);
    assert_eq!(drill["opened"], drill["objects"], "{drill}");
    drill
}

/// What a device destroyed comes back from no backup, also where nobody there remembers a tombstone; and neither does what
/// a rotation replaced.
fn backups_after_a_destruction(data: &Path, out: &Path, env: &[(&str, &Path)]) {
    assert!(drilled(data, out, env)["left_out"].as_u64().unwrap() > 0);
    let fresh = data.with_extension("fresh");
    let (to, out) = (fresh.to_str().unwrap(), out.to_str().unwrap());
    let restore = ["admin", "restore", "--backup", out, "--data", to, "--json"];
    let refused = refused(&restore, env);
    assert!(refused["error"]["en"].as_str().unwrap().contains("device lacks"), "{refused}");
    told(&[&restore[..], &["--without-keys"]].concat(), env);
    let found = told(&["admin", "doctor", "--data", to, "--json"], env);
    assert!(inventory(&found, "resource").0 >= 1, "the providers' records come back: {found}");
    fs::remove_dir_all(&fresh).unwrap();
    assert!(fs::read_dir(data.join("zone/keys/ring")).unwrap().count() > 0);
    let at = data.to_str().unwrap();
    told(&["admin", "rotate-keys", "--data", at, "--json"], env);
    let refused = self::refused(&restore, env);
    assert!(refused["error"]["en"].as_str().unwrap().contains("device lacks"), "{refused}");
}

#[test]
fn the_main_job_with_keys_in_a_pkcs11_token() {
    const MODULES: [&str; 3] =
        ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"];
    let module = MODULES.into_iter().find(|m| Path::new(m).exists()).expect("missing: apt-get install softhsm2");
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("softhsm2.conf");
    let (tokens, pin) = (dir.path().join("tokens"), dir.path().join("pin"));
    fs::create_dir(&tokens).unwrap();
    fs::write(&config, format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display())).unwrap();
    fs::write(&pin, "a-test's-pin\n").unwrap();
    fs::set_permissions(&pin, fs::Permissions::from_mode(0o600)).unwrap();
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "zone", "--so-pin", "a-so-pin", "--pin", "a-test's-pin"])
        .env("SOFTHSM2_CONF", &config)
        .output()
        .expect("missing: apt-get install softhsm2");
    assert!(made.status.success(), "{made:?}");
    let place = format!("pkcs11:{module}?token=zone&pin-file={}", pin.display());
    let data = dir.path().join("data");
    whole_life(&data, "intl", &place, "pkcs11", &[("SOFTHSM2_CONF", &config)]);
    // Without its token the zone does not start.
    fs::remove_dir_all(&tokens).unwrap();
    fs::create_dir(&tokens).unwrap();
    let out = Command::new(yunyu())
        .args(["admin", "rotate-keys", "--json", "--data"])
        .arg(&data)
        .env("SOFTHSM2_CONF", &config)
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stdout));
}

#[test]
fn the_main_job_with_keys_in_an_sdf_device() {
    let tests = std::env::current_exe().unwrap();
    let library: PathBuf = tests.parent().unwrap().join("libsdf_double.so");
    let dir = tempfile::tempdir().unwrap();
    let device = dir.path().join("device");
    fs::create_dir(&device).unwrap();
    fs::write(device.join("kek-1"), [9; 16]).unwrap();
    let place = format!("sdf:{}?kek=1", library.display());
    whole_life(&dir.path().join("data"), "gm", &place, "sdf", &[("YUNYU_SDF_DOUBLE", &device)]);
}

/// Rotation killed again and again: the next one goes on, and the story's ending finds everything.
#[test]
fn a_rotation_that_is_killed_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let made = story(&data, &[]);
    let at = data.to_str().unwrap();
    for n in 0..8 {
        let mut child = Command::new(yunyu())
            .args(["admin", "rotate-keys", "--json", "--data", at])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(20 + n * 25));
        let _ = child.kill();
        child.wait().unwrap();
    }
    json(&["admin", "rotate-keys", "--json", "--data", at], 0);
    let doctor = json(&["admin", "doctor", "--json", "--data", at], 0);
    let inventory = doctor["cryptography"]["inventory"].as_array().unwrap();
    assert!(inventory.iter().all(|k| k["rotating"] == 0), "{inventory:?}");
    assert_eq!(story(&data, &["--ending"])["product"], made["product"]);
    logs_hold(&data);
}

/// Another module seals and opens the records, in every process and every job; afterwards the built-in one reads them.
#[test]
fn the_main_job_with_another_bulk_cipher() {
    let dir = tempfile::tempdir().unwrap();
    for suite in ["gm", "intl"] {
        let data = dir.path().join(suite);
        let at = data.to_str().unwrap();
        let args = ["story", "--city", "wuxi", "--json", "--rows", "2000", "--suite", suite, "--data", at];
        told(&args, &[("YUNYU_BULK_CIPHER", Path::new("libgcrypt"))]);
        let doctor = ["admin", "doctor", "--data", at, "--json"];
        let found = told(&doctor, &[("YUNYU_BULK_CIPHER", Path::new("libgcrypt"))]);
        let named = found["cryptography"]["bulk_cipher"].as_str().unwrap();
        assert!(named.starts_with("libgcrypt 1."), "{found}");
        assert_eq!(told(&doctor, &[])["cryptography"]["bulk_cipher"], "built-in");
        // The ending reads and destroys what the other module sealed.
        told(&[&args[..], &["--ending"]].concat(), &[]);
        logs_hold(&data);
    }
    let doctor = ["admin", "doctor", "--data", dir.path().to_str().unwrap(), "--json"];
    let unknown = refused(&doctor, &[("YUNYU_BULK_CIPHER", Path::new("openssl"))]);
    assert!(unknown["error"]["en"].as_str().unwrap().contains("libgcrypt"), "{unknown}");
}
