//! The custody of keys from outside: away, copied, or another one in its place.

use crate::backup::{admin, files, kept_by, names, text};
use crate::program::{json, story, yunyu};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn copied(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, target).unwrap();
    }
}

fn told(answer: &Value) -> &str {
    answer["error"]["en"].as_str().unwrap()
}

/// Must hold: keys that a destruction has to reach lie in one custody, and the zone knows which. An empty mount point, another
/// custody of the same deployment and a copy are refused, by backups and by restores.
#[test]
fn no_other_custody_takes_the_place_of_the_one_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let (data, out, custody, away) = (path("data"), path("backup"), path("custody"), path("away"));
    story(&data, &[]);
    admin(&["export-keys", "--data", text(&data)], 0);
    let taken = ["backup", "--data", text(&data), "--out", text(&out)];
    let to = |custody: &Path, code: i32| admin(&[&taken[..], &["--custody", text(custody)]].concat(), code);
    let letters = path("letters");
    fs::create_dir(&letters).unwrap();
    fs::write(letters.join("letter.txt"), "kept").unwrap();
    assert!(told(&to(&letters, 2)).contains("not empty"));
    for taken in [&letters, &out] {
        let made = admin(&["init", "--data", text(taken), "--city", "wuxi"], 2);
        assert!(told(&made).contains("no data folder"), "{made}");
    }
    assert_eq!(files(&letters), [letters.join("letter.txt")], "something was mixed into other files");
    to(&custody, 0);
    // Unmounted: the mount point is there, and empty.
    fs::rename(&custody, &away).unwrap();
    fs::create_dir(&custody).unwrap();
    for refused in [to(&custody, 2), admin(&taken, 2)] {
        assert!(told(&refused).contains("mount"), "{refused}");
    }
    assert!(files(&custody).is_empty(), "keys were written to the mount point");
    assert_eq!(names(&out.join("snapshots"), ""), ["000001"]);
    // Another custody of the same deployment in its place, or named.
    let head = fs::read_to_string(away.join("custody.json")).unwrap();
    let head: Value = serde_json::from_str(&head).unwrap();
    let other = head.to_string().replace(head["id"].as_str().unwrap(), &"0".repeat(32));
    for folder in [&custody, &path("second")] {
        copied(&away, folder);
        fs::write(folder.join("custody.json"), &other).unwrap();
        assert!(told(&to(folder, 2)).contains("another custody"));
    }
    let (second, fresh) = (path("second"), path("fresh"));
    for data in [&data, &fresh] {
        let words = ["restore", "--backup", text(&out), "--data", text(data), "--custody", text(&second)];
        assert!(told(&admin(&words, 2)).contains("another custody"), "restored to another custody");
        assert!(told(&admin(&[&words[..], &["--drill"]].concat(), 2)).contains("another custody"));
    }
    // A copy where it was, besides the one that moved.
    fs::write(custody.join("custody.json"), head.to_string()).unwrap();
    assert!(told(&to(&away, 2)).contains("another custody"), "two with one id");
    fs::remove_dir_all(&custody).unwrap();
    // Moved, it is the same one, here and on a new machine.
    to(&away, 0);
    admin(&taken, 0);
    let restore = ["restore", "--backup", text(&out), "--data", text(&fresh), "--custody", text(&away)];
    admin(&restore, 0);
    assert_eq!(fs::read(fresh.join("zone/custody")).unwrap(), fs::read(data.join("zone/custody")).unwrap());
    damaged(&out, &restore, &path("later"), &taken);
    told_by_file(&out, &away, &taken, &restore, &path("bare"));
    unmounted(&data, &away, &taken);
    unrecorded(&out, &path("moved"));
    lost(&data, &away, &path("replaced"), &taken);
}

/// Where keys were laid out on a disk that is away now: the doctor says so, and no mount point is restored to.
fn unmounted(data: &Path, custody: &Path, taken: &[&str]) {
    let note = custody.join("laid-out/0123456789abcdef");
    fs::create_dir_all(note.parent().unwrap()).unwrap();
    fs::write(&note, "0\n/mnt/away/yunyu.restoring").unwrap();
    let checks = json(&["admin", "doctor", "--data", text(data), "--json"], 1);
    let away = |c: &&Value| c["id"] == "places_away" && c["en"].as_str().unwrap().contains("/mnt/away");
    assert!(checks["checks"].as_array().unwrap().iter().any(|c| away(&c)), "{checks}");
    fs::remove_file(&note).unwrap();
    let words = ["restore", "--backup", taken[4], "--data", "/proc", "--custody", text(custody)];
    assert!(told(&admin(&words, 2)).contains("mount point"));
}

/// A machine that was restored without the custody that its backup tells of: it goes on only because somebody said that the
/// custody is lost, and a folder that merely has no record of one does not pass for it.
fn unrecorded(out: &Path, data: &Path) {
    let restore = ["restore", "--backup", text(out), "--data", text(data), "--without-keys", "--yes"];
    assert!(told(&admin(&restore, 2)).contains("--former-custody-lost"));
    admin(&[&restore[..], &["--former-custody-lost"]].concat(), 0);
    let taken = ["backup", "--data", text(data), "--out", text(out)];
    let marker = data.join("zone/custody-lost");
    let said = fs::read(&marker).unwrap();
    for other in [None, Some(&b"0123"[..])] {
        fs::remove_file(&marker).unwrap();
        other.iter().for_each(|id| fs::write(&marker, id).unwrap());
        assert!(told(&admin(&taken, 2)).contains("no record"), "{other:?}");
        fs::write(&marker, &said).unwrap();
    }
    admin(&taken, 0);
}

/// What is wrong with a file of a backup or a custody is told in both languages, with its name.
fn told_by_file(out: &Path, custody: &Path, taken: &[&str], restore: &[&str], bare: &Path) {
    let drill: Vec<&str> = restore.iter().map(|w| if w.ends_with("/fresh") { text(bare) } else { w }).collect();
    let drill = [&drill[..], &["--drill"]].concat();
    let object = files(&out.join("objects")).into_iter().next().unwrap();
    let flip = |file: &Path| {
        let mut bytes = fs::read(file).unwrap();
        bytes[5] ^= 1;
        fs::write(file, bytes).unwrap();
    };
    flip(&object);
    let refused = admin(&drill, 2);
    assert!(told(&refused).contains(text(&object)), "{refused}");
    // A restore that fails leaves no copy of a key behind, nor a note of one.
    let refused = admin(&drill[..drill.len() - 1], 2);
    assert!(told(&refused).contains(text(&object)), "{refused}");
    assert!(
        !bare.exists() && !bare.with_extension("restoring").exists() && files(&custody.join("laid-out")).is_empty()
    );
    // Whoever backs up every night need not know of it.
    assert_eq!(admin(taken, 0)["mended"], 1);
    admin(&drill, 0);
    for file in [out.join("backup.json"), custody.join("floor.json"), custody.join("custody.json")] {
        flip(&file);
        let refused = admin(&drill, 2);
        assert_eq!(refused["error"]["at"], text(&file), "{refused}");
        flip(&file);
    }
    let key = files(&custody.join("keys")).into_iter().find(|f| text(f).ends_with(".key")).unwrap();
    flip(&key);
    let refused = admin(&drill, 2);
    assert_eq!(refused["error"]["at"], text(&custody.join("keys")), "{refused}");
    flip(&key);
    admin(&[taken, &["--dump", text(bare)]].concat(), 2);
    admin(&[restore, &["--reason", "no draft"]].concat(), 2);
    let (new, short) = (out.with_extension("new"), "11 letters.");
    let words = ["admin", "backup", "--json", "--data", taken[2], "--out", text(&new)];
    let run = |secret: &OsStr| {
        let mut run = Command::new(yunyu());
        run.args(words).env("YUNYU_BACKUP_PASSPHRASE", secret).stdin(Stdio::null()).output().unwrap()
    };
    for secret in [OsStr::new(short), OsStr::from_bytes(b"no text \xff at all")] {
        assert_eq!(run(secret).status.code(), Some(2), "{secret:?}");
    }
    assert!(!new.exists());
}

/// A custody that is lost for good is replaced when both keepers say so, and only then.
fn lost(data: &Path, former: &Path, new: &Path, taken: &[&str]) {
    let words = [taken, &["--custody", text(new), "--former-custody-lost"]].concat();
    assert!(told(&admin(&words, 2)).contains("not lost"));
    fs::remove_dir_all(former).unwrap();
    let checks = json(&["admin", "doctor", "--data", text(data), "--json"], 1);
    let away = |c: &&Value| c["id"] == "custody" && c["state"] == "fail";
    assert!(checks["checks"].as_array().unwrap().iter().any(|c| away(&c)), "{checks}");
    let refused = kept_by(&words, 2, ["the first keeper's own words", ""]);
    assert!(told(&refused).contains("keeper") && !new.exists(), "{refused}");
    assert!(admin(&words, 0)["keys_in_custody"].as_u64().unwrap() > 0);
    admin(taken, 0);
    assert_eq!(names(new, ".key"), names(&data.join("zone/keys/ring"), ".key"));
    json(&["admin", "doctor", "--data", text(data), "--json"], 0);
}

/// One bad snapshot is named, blocks neither backups nor older snapshots, and is passed over by nobody unasked.
fn damaged(out: &Path, restore: &[&str], later: &Path, taken: &[&str]) {
    let last = files(&out.join("snapshots")).into_iter().max().unwrap();
    let mut bytes = fs::read(&last).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&last, bytes).unwrap();
    let words: Vec<&str> = restore.iter().map(|w| if w.ends_with("/fresh") { text(later) } else { w }).collect();
    let refused = admin(&words, 2);
    assert!(
        told(&refused).contains("damaged") && refused["error"]["at"].as_str().unwrap().contains("snapshots/"),
        "{refused}"
    );
    let older = [&words[..], &["--snapshot", "1"]].concat();
    assert_eq!(admin(&older, 1)["error"]["code"], "restore-behind");
    let none = admin(&[&words[..], &["--snapshot", "99"]].concat(), 2);
    assert!(told(&none).contains("no snapshot 99"), "{none}");
    let next = admin(taken, 0);
    assert_eq!(next["damaged"].as_array().unwrap().len(), 1, "{next}");
    admin(&words, 0);
}

/// The attack: a command that was given a passphrase is made to crash. It leaves no core dump for whoever reads the disk.
#[test]
fn no_command_that_takes_a_passphrase_leaves_a_core_dump() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["admin", "restore", "--drill", "--backup", "b", "--data", "d"];
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -c unlimited; exec \"$@\"", "sh"])
        .arg(yunyu())
        .args(words)
        .env_remove("YUNYU_BACKUP_PASSPHRASE")
        .current_dir(dir.path())
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It waits for its passphrase.
    let limits = format!("/proc/{}/limits", child.id());
    let closed = || {
        let text = fs::read_to_string(&limits).unwrap();
        let line = text.lines().find(|l| l.starts_with("Max core file size")).unwrap();
        line.split_whitespace().skip(4).take(2).all(|word| word == "0")
    };
    let end = Instant::now() + Duration::from_secs(20);
    while !closed() {
        assert!(Instant::now() < end, "the limit of core dumps stays open");
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false));
}
