//! Backup, destruction, restore, as the people who run a machine do them.

use crate::program::{Served, json, logs_hold, story, yunyu};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const PASSPHRASE: &str = "a passphrase for backups";

const KEEPERS: [&str; 2] = ["the first keeper's own words", "the second keeper's own words"];

/// Runs a command with every passphrase in its environment.
pub fn admin(words: &[&str], code: i32) -> Value {
    kept_by(words, code, KEEPERS)
}

/// The same with the passphrases of these keepers.
pub fn kept_by(words: &[&str], code: i32, keepers: [&str; 2]) -> Value {
    let out = Command::new(yunyu())
        .arg("admin")
        .args(words)
        .arg("--json")
        .env("YUNYU_BACKUP_PASSPHRASE", PASSPHRASE)
        .env("YUNYU_KEEPER_1_PASSPHRASE", keepers[0])
        .env("YUNYU_KEEPER_2_PASSPHRASE", keepers[1])
        .env_remove("YUNYU_DATABASE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (text, told) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.code(), Some(code), "{words:?}\n{text}\n{told}");
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{words:?}: {e}\n{text}\n{told}"))
}

/// Starts the same and kills it after a while.
fn killed(words: &[&str], after: Duration) {
    let mut child = Command::new(yunyu())
        .arg("admin")
        .args(words)
        .arg("--json")
        .env("YUNYU_BACKUP_PASSPHRASE", PASSPHRASE)
        .envs(["YUNYU_KEEPER_1_PASSPHRASE", "YUNYU_KEEPER_2_PASSPHRASE"].into_iter().zip(KEEPERS))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    let _ = child.kill();
    child.wait().unwrap();
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out
}

pub fn names(folder: &Path, end: &str) -> Vec<String> {
    let name = |p: PathBuf| p.file_name().unwrap().to_string_lossy().into_owned();
    let mut out: Vec<String> = files(folder).into_iter().map(name).filter(|n| n.ends_with(end)).collect();
    out.sort();
    out
}

fn leaves(data: &Path, kind: &str) -> usize {
    let (reader, _) = audit::LogReader::open(&data.join("log/platform")).unwrap();
    let mut n = 0;
    reader
        .each(0, |_, bytes| {
            n += usize::from(audit::Leaf::decode(bytes)?.kind == kind);
            Ok(())
        })
        .unwrap();
    n
}

/// A person signs a draft.
pub fn signed(data: &Path, draft: &Path, by: &str) -> PathBuf {
    let out = draft.with_extension(by);
    let done = sign(data, draft, by, &out);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    out
}

/// The same into a file of their choice.
fn sign(data: &Path, draft: &Path, by: &str, out: &Path) -> Output {
    let desks: Vec<Value> = serde_json::from_slice(&std::fs::read(data.join("desks/accounts.json")).unwrap()).unwrap();
    let password = desks.iter().find(|d| d["account"] == by).unwrap()["password"].as_str().unwrap();
    let key = data.join(format!("desks/{by}.key.json"));
    Command::new(yunyu())
        .args(["admin", "confirm-restore", "--draft", text(draft), "--key", text(&key), "--out", text(out), "--json"])
        .env("YUNYU_KEY_PASSPHRASE", password)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Must hold: a backup from before a destruction cannot read the destroyed data afterwards; a restore revives nothing and
/// goes behind nothing that is known without two people.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_before_a_destruction_brings_nothing_back() {
    let dir = tempfile::tempdir().unwrap();
    let (data, out, custody) = (dir.path().join("data"), dir.path().join("backup"), dir.path().join("custody"));
    story(&data, &[]);
    let backup = ["backup", "--data", text(&data), "--out", text(&out), "--custody", text(&custody)];
    export(&data, &backup);
    let first = admin(&backup, 0);
    assert!(first["objects"].as_u64().unwrap() > 3, "{first}");
    let second = admin(&backup, 0);
    let (all, new) = (second["bytes"].as_u64().unwrap(), second["new_bytes"].as_u64().unwrap());
    assert!(new < all, "{second}");
    let keys = names(&custody, ".key");
    assert_eq!(keys, names(&data.join("zone/keys/ring"), ".key"));
    lie_apart(dir.path(), &data, &out, &custody);
    // A drill leaves the folder as it is, tries every key, and is on record.
    let drill = admin(&["restore", "--backup", text(&out), "--data", text(&data), "--drill"], 0);
    assert_eq!((&drill["opened"], &drill["recorded"]), (&drill["objects"], &Value::Bool(true)), "{drill}");

    killed_drill(&data, &backup, &out);

    // The authorisation ends: its keys go, from the custody too.
    story(&data, &["--ending"]);
    logs_hold(&data);
    assert!(!PathBuf::from(format!("{}.drill", text(&data))).exists(), "a start leaves the keys of a killed drill");
    assert_eq!(leaves(&data, "make_backup"), 3);
    assert!(leaves(&data, "drill_restore") >= 1);
    let gone = names(&data.join("zone/keys/ring"), ".destroyed");
    assert!(!gone.is_empty());
    assert_eq!(names(&custody, ".destroyed"), gone);
    assert!(names(&custody, ".key").len() < keys.len());

    // On a new machine, with everything there is: passphrase, custody, the snapshot from before.
    let fresh = dir.path().join("fresh");
    let restore = ["restore", "--backup", text(&out), "--data", text(&fresh)];
    let refused = admin(&restore, 2);
    assert!(refused["error"]["en"].as_str().unwrap().contains("custody"), "{refused}");
    let with = [&restore[..], &["--custody", text(&custody)]].concat();
    one_keeper_alone(&data, &with, &restore);
    let made = admin(&with, 0);
    let master = |data: &Path| std::fs::read(data.join("zone/keys/ring-master")).unwrap();
    assert_eq!(master(&fresh), master(&data));
    assert!(made["left_out"].as_u64().unwrap() > 0, "{made}");
    assert!(files(&fresh.join("zone/objects/auth")).is_empty(), "destroyed objects were laid out");
    assert!(!files(&fresh.join("zone/objects/res")).is_empty(), "the providers' records must come back");
    assert_eq!(names(&fresh.join("zone/keys/ring"), ".destroyed"), gone);
    held(&fresh, &data).await;

    behind(&data, &backup, &out, dir.path());
}

/// What a drill that was killed leaves beside a folder: its mark, and every key that is alive with the one they lie under.
fn planted(data: &Path) -> PathBuf {
    let left = PathBuf::from(format!("{}.drill", text(data)));
    for file in files(&data.join("zone/keys")) {
        let target = left.join(file.strip_prefix(data).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&file, target).unwrap();
    }
    std::fs::write(left.join(".restoring"), "").unwrap();
    left
}

/// Killed at any moment, a drill leaves nothing that outlives the next backup, drill, start or destruction; `doctor` shows it.
fn killed_drill(data: &Path, backup: &[&str], out: &Path) {
    let drill = ["restore", "--backup", text(out), "--data", text(data), "--drill"];
    for step in 0..4 {
        killed(&drill, Duration::from_millis(200 + 400 * step));
    }
    let left = planted(data);
    let told = json(&["admin", "doctor", "--data", text(data), "--json"], 1);
    let checks = told["checks"].as_array().unwrap();
    assert!(checks.iter().any(|c| c["id"] == "left_copies" && c["state"] == "fail"), "{told}");
    assert!(left.join("zone/keys/ring-master").exists(), "doctor changes nothing");
    admin(backup, 0);
    assert!(!left.exists(), "a backup leaves the keys of a killed drill");
    // For the next start.
    planted(data);
}

/// No folder is taken for another: what a restore would move out of the way is a data folder and holds nothing else, and
/// no link leads a backup into the data or into the custody.
fn lie_apart(dir: &Path, data: &Path, out: &Path, custody: &Path) {
    let precious = dir.join("precious");
    std::fs::create_dir_all(&precious).unwrap();
    std::fs::write(precious.join("letter.txt"), "kept").unwrap();
    let everything =
        |folder: &Path| files(folder).into_iter().map(|f| (f.clone(), std::fs::read(f).unwrap())).collect::<Vec<_>>();
    let before = [out, custody, precious.as_path()].map(everything);
    let (new, link, to_custody) = (dir.join("new"), dir.join("link"), dir.join("to-custody"));
    std::os::unix::fs::symlink(data, &link).unwrap();
    std::os::unix::fs::symlink(custody, &to_custody).unwrap();
    let (within, beneath) = (out.join("within"), custody.join("within"));
    let to_custody_from = dir.join("nowhere").join("..").join("custody");
    for wrong in [out, custody, dir, &precious, &within, &beneath, &to_custody, &to_custody_from] {
        admin(&["restore", "--backup", text(out), "--data", text(wrong), "--custody", text(custody)], 2);
    }
    admin(&["restore", "--backup", text(out), "--data", text(&new), "--custody", text(out)], 2);
    let letter = precious.join("letter.txt");
    for wrong in [&link.join("bk"), &to_custody.join("bk"), &data.join("bk"), &letter] {
        admin(&["backup", "--data", text(data), "--out", text(wrong), "--custody", text(custody)], 2);
    }
    admin(&["backup", "--data", text(&link), "--out", text(&data.join("bk")), "--custody", text(custody)], 2);
    // Another custody than the folder has is refused before anything is made of it.
    let (second, bk) = (dir.join("second"), dir.join("bk"));
    admin(&["backup", "--data", text(data), "--out", text(&bk), "--custody", text(&second)], 2);
    assert!([&second, &bk, &new, &data.join("bk")].iter().all(|p| !p.exists()));
    assert_eq!([out, custody, precious.as_path()].map(everything), before);
}

/// Keys leave the machine only sealed by two people, on record.
fn export(data: &Path, backup: &[&str]) {
    let refused = admin(backup, 2);
    assert!(refused["error"]["en"].as_str().unwrap().contains("two keepers"), "{refused}");
    let words = ["export-keys", "--data", text(data)];
    let [first, second] = KEEPERS;
    for (keepers, why) in [([first, first], "different"), (["short", second], "at least"), ([first, ""], "Each of")] {
        let refused = kept_by(&words, 2, keepers);
        assert!(refused["error"]["en"].as_str().unwrap().contains(why), "{refused}");
    }
    assert!(!data.join("zone/keys/keepers.json").exists());
    admin(&words, 0);
    logs_hold(data);
    let (reader, _) = audit::LogReader::open(&data.join("log/zone")).unwrap();
    let mut told = 0;
    reader
        .each(0, |_, bytes| {
            told += usize::from(audit::Leaf::decode(bytes)?.kind == "export_keys");
            Ok(())
        })
        .unwrap();
    assert_eq!(told, 1);
}

/// The attack: one keeper who holds backup, passphrase and custody.
fn one_keeper_alone(data: &Path, with: &[&str], restore: &[&str]) {
    let [first, second] = KEEPERS;
    for keepers in [[first, first], [second, second], [first, ""], ["", second], [second, first], [first, PASSPHRASE]] {
        let refused = kept_by(with, 2, keepers);
        assert!(refused["error"]["en"].as_str().unwrap().to_lowercase().contains("keeper"), "{refused}");
    }
    // What one person can have of the backup holds no master key but one made for a zone that begins anew.
    let folder = data.with_extension("bare");
    let bare = [&restore[..4], &[text(&folder), "--without-keys"]].concat();
    let refused = kept_by(&bare, 2, [first, ""]);
    assert!(refused["error"]["en"].as_str().unwrap().contains("lost for good"), "{refused}");
    kept_by(&[&bare[..], &["--former-custody-lost"]].concat(), 0, [first, ""]);
    let ours = std::fs::read(data.join("zone/keys/ring-master")).unwrap();
    for file in files(&folder) {
        assert!(!std::fs::read(&file).unwrap().windows(32).any(|w| w == ours), "{}", file.display());
    }
    assert!(names(&folder.join("zone/keys/ring"), ".key").is_empty());
}

/// A rotation between two backups: both open with the custody, until what they hold is destroyed.
#[test]
fn backups_from_before_a_rotation_open_until_a_destruction() {
    let dir = tempfile::tempdir().unwrap();
    let (data, out, custody) = (dir.path().join("data"), dir.path().join("backup"), dir.path().join("custody"));
    story(&data, &[]);
    admin(&["export-keys", "--data", text(&data)], 0);
    let backup = ["backup", "--data", text(&data), "--out", text(&out), "--custody", text(&custody)];
    admin(&backup, 0);
    let lock = std::fs::File::create(data.join("zone/rotation.lock")).unwrap();
    lock.lock_shared().unwrap();
    let rotate = ["rotate-keys", "--data", text(&data)];
    assert!(admin(&rotate, 2)["error"]["en"].as_str().unwrap().contains("backup"), "rotated during a backup");
    drop(lock);
    admin(&rotate, 0);
    std::fs::write(data.join("zone/rewrap"), b"").unwrap();
    assert!(admin(&backup, 2)["error"]["en"].as_str().unwrap().contains("rotate-keys"), "backed up with a torn header");
    std::fs::remove_file(data.join("zone/rewrap")).unwrap();
    admin(&backup, 0);
    assert!(names(&custody, ".key").iter().any(|n| n.ends_with(".v2.key")), "{:?}", names(&custody, ".key"));
    let bare = dir.path().join("bare");
    let drill = |n: &str| {
        let words = ["restore", "--backup", text(&out), "--data", text(&bare), "--custody", text(&custody), "--drill"];
        let told = admin(&[&words[..], &["--snapshot", n]].concat(), 0);
        assert_eq!(told["opened"], told["objects"], "{told}");
        told["left_out"].as_u64().unwrap()
    };
    assert_eq!((drill("1"), drill("2")), (0, 0));
    // The newest snapshot comes back on a machine that has nothing, and its next rotation finishes what is left.
    let restore = ["restore", "--backup", text(&out), "--data", text(&bare), "--custody", text(&custody)];
    admin(&restore, 0);
    admin(&["rotate-keys", "--data", text(&bare)], 0);
    let ring = bare.join("zone/keys/ring");
    assert!(names(&ring, ".key").iter().all(|n| !n.contains(".v2.") || !ring.join(n.replace(".v2.", ".")).exists()));
    // The end of the authorisation takes every version from the custody.
    story(&data, &["--ending"]);
    assert!(drill("1") > 0 && drill("2") > 0);
    for stone in names(&custody, ".destroyed") {
        let id = stone.strip_suffix(".destroyed").unwrap();
        assert!(names(&custody, ".key").iter().all(|n| !n.starts_with(id)), "a version of {id} is kept");
    }
}

/// A restored folder serves, and its authorisation is suspended; its log holds and says that it was restored.
async fn held(fresh: &Path, data: &Path) {
    // People bring their own desks: they are in no backup.
    assert!(!fresh.join("desks").exists() && !fresh.join("root").exists());
    std::fs::create_dir(fresh.join("desks")).unwrap();
    std::fs::copy(data.join("desks/accounts.json"), fresh.join("desks/accounts.json")).unwrap();
    let served = Served::start(fresh);
    let token = served.sign_in("bureau.approver").await;
    let list = served.get(&token, "/api/v1/authorisations").await;
    let rows = list["authorisations"].as_array().unwrap();
    assert!(rows.iter().all(|r| r["state"] == "suspended") && !rows.is_empty(), "{list}");
    // In use, too, a folder is backed up as of one moment.
    let out = fresh.with_extension("backup");
    for _ in 0..3 {
        admin(&["backup", "--data", text(fresh), "--out", text(&out)], 0);
    }
    drop(served);
    logs_hold(fresh);
    let (again, custody) = (fresh.with_extension("again"), fresh.with_file_name("custody"));
    admin(&["restore", "--backup", text(&out), "--data", text(&again), "--custody", text(&custody)], 0);
    logs_hold(&again);
    assert_eq!(leaves(fresh, "restore_backup"), 1);
    assert!(!fresh.join("platform/restored.json").exists());
}

/// Over a folder that is ahead: refused, until two people sign; what is set aside keeps no key.
fn behind(data: &Path, backup: &[&str], out: &Path, dir: &Path) {
    let restore = ["restore", "--backup", text(out), "--data", text(data), "--snapshot", "1"];
    let refused = admin(&restore, 1);
    assert_eq!(refused["error"]["code"], "restore-behind", "{refused}");
    admin(&[&restore[..], &["--former-custody-lost"]].concat(), 2);
    // A witness's checkpoint is enough to refuse on a machine that knows nothing else.
    let kept = dir.join("witness.checkpoint");
    std::fs::copy(data.join("log/platform/checkpoint"), &kept).unwrap();
    let bare = dir.join("bare");
    let elsewhere =
        ["restore", "--backup", text(out), "--data", text(&bare), "--without-keys", "--checkpoint", text(&kept)];
    let elsewhere = [&elsewhere[..], &["--former-custody-lost"]].concat();
    assert_eq!(admin(&elsewhere, 1)["error"]["code"], "restore-behind");
    assert!(!bare.exists());

    // A backup that is killed at any moment leaves the snapshots before it, and the next one goes on.
    for step in 0..6 {
        killed(backup, Duration::from_millis(50 + 150 * step));
    }
    admin(backup, 0);
    let draft = dir.join("draft.json");
    admin(&[&restore[..], &["--draft", text(&draft), "--reason", "rehearsal"]].concat(), 0);
    let (a, b) = (signed(data, &draft, "bureau.approver"), signed(data, &draft, "bureau.reviewer"));
    let officer = signed(data, &draft, "bureau.officer");
    let one = [&restore[..], &["--confirmed", text(&a)]].concat();
    assert_eq!(admin(&one, 1)["error"]["code"], "restore-behind");
    let wrong = [&restore[..], &["--confirmed", text(&a), "--confirmed", text(&officer)]].concat();
    assert_eq!(admin(&wrong, 1)["error"]["code"], "restore-signer");
    logs_hold(data);

    // What is there already is not written over: a key least of all.
    let key = data.join("desks/bureau.approver.key.json");
    let before = std::fs::read(&key).unwrap();
    assert_eq!(sign(data, &draft, "bureau.approver", &key).status.code(), Some(2));
    let trust = data.join("trust.json");
    admin(&[&restore[..], &["--draft", text(&trust), "--reason", "rehearsal"]].concat(), 2);
    assert_eq!(std::fs::read(&key).unwrap(), before);
    logs_hold(data);

    // Killed at any moment: the folder is the old one or the new one, and the same command finishes, with new signatures
    // where the old ones were used up already.
    let two = [&restore[..], &["--confirmed", text(&a), "--confirmed", text(&b)]].concat();
    let (restored, custody) = (data.join("platform/restored.json"), dir.join("custody"));
    for step in 0..6 {
        if !restored.is_file() {
            killed(&two, Duration::from_millis(80 + 200 * step));
        }
        assert!(data.join("deployment.json").is_file() && data.join("zone/journal").is_file(), "step {step}");
    }
    let used = !files(&custody.join("restorations")).is_empty();
    if !restored.is_file() && used {
        let again = dir.join("again.json");
        admin(&[&restore[..], &["--draft", text(&again), "--reason", "rehearsal"]].concat(), 0);
        let (a, b) = (signed(data, &again, "bureau.approver"), signed(data, &again, "bureau.reviewer"));
        admin(&[&restore[..], &["--confirmed", text(&a), "--confirmed", text(&b)]].concat(), 0);
    } else if !restored.is_file() {
        admin(&two, 0);
    }
    assert!(files(&data.join("zone/objects/auth")).is_empty());
    assert!(restored.is_file());

    // The attack: the same two signatures for another restore, of this folder or of a new one.
    assert_eq!(admin(&two, 1)["error"]["code"], "restore-statement-used");
    let elsewhere = dir.join("elsewhere");
    let replayed = ["--data", text(&elsewhere), "--custody", text(&custody)];
    let replayed =
        [&["restore", "--backup", text(out), "--snapshot", "1"][..], &replayed, &two[two.len() - 4..]].concat();
    assert_eq!(admin(&replayed, 1)["error"]["code"], "restore-statement-used");
    // Nor where every place that remembers has forgotten: nothing that is known is as it was.
    for folder in [data, out, &custody] {
        std::fs::remove_dir_all(folder.join("restorations")).unwrap();
    }
    for words in [&two, &replayed] {
        assert_eq!(admin(words, 1)["error"]["code"], "restore-other-statement");
    }
    assert!(!elsewhere.exists());
    // What was set aside keeps no key, and nothing is left beside.
    let aside: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    let set_aside = |p: &&PathBuf| text(p).contains("data.before-restore-");
    assert_eq!(aside.iter().filter(set_aside).count(), 1, "{aside:?}");
    for folder in aside.iter().filter(set_aside) {
        let ring = files(&folder.join("zone/keys/ring"));
        assert!(ring.iter().all(|f| text(f).ends_with(".destroyed")), "old keys outlive a later destruction: {ring:?}");
        assert!(!folder.join("zone/keys/ring-master").exists());
    }
    assert!(!aside.iter().any(|p| text(p).ends_with(".restoring") || text(p).ends_with(".drill")), "{aside:?}");
}
