//! Closed epochs from the command line: archived, verified, bound in the log, and watched over.

use super::{made_on, say};
use crate::layout::Layout;
use crate::serve::platform;
use crate::wiring::{self, CliError};
use ::audit::LogReader;
use app::sequencer::Sequencer;
use crypto::Suite;
use model::Timestamp;
use model::time::DAY_MS;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The platform works a while, some days later: one leaf, and whatever the new day brings.
fn work(layout: &Layout, days: i64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let deployment = wiring::deployment(layout).unwrap();
        let app = platform::open(layout, deployment, "", ["none", "open"]).await.unwrap();
        let first = std::fs::read(layout.log().join("keys/1.json")).unwrap();
        app::keys::adopt_first(&app, crypto::from_canonical(&first).unwrap()).await.unwrap();
        app::link::restore_clock(&app).await.unwrap();
        app.clock.set_offset(app.clock.offset() + days * DAY_MS);
        let mut tx = app.store.begin().await.unwrap();
        app::link::store_clock(&mut tx, app.clock.offset()).await.unwrap();
        tx.commit().await.unwrap();
        app::restored::record(&app, "make_backup", BTreeMap::new()).await.unwrap();
        let (mut sequencer, _) = Sequencer::open(&app).unwrap();
        while sequencer.step().await.unwrap() {}
    });
}

fn epochs_check(data: &str) -> String {
    let said = say(&["admin", "doctor", "--data", data, "--json"]).unwrap().json;
    let check = said["checks"].as_array().unwrap().iter().find(|c| c["id"] == "epochs").cloned();
    check.map_or_else(|| "none".to_owned(), |c| c["state"].as_str().unwrap().to_owned())
}

fn refused(words: &[&str]) -> String {
    match say(words) {
        Err(CliError::Usage { at, .. }) => at,
        other => panic!("{other:?}"),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Whatever stops an archive in the making leaves no folder that could be taken for one.
fn nothing_half_is_left(layout: &Layout, dir: &Path) {
    let (data, out) = (text(&layout.data).to_owned(), dir.join("again"));
    let archive = ["audit", "archive", "--data", &data, "--epoch", "2026", "--out", text(&out)];
    let names = || std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name()).collect::<BTreeSet<_>>();
    let before = names();
    // The log is damaged: the first leaf of the bundle has another byte.
    let entries = layout.log().join("platform/entries/000.p");
    let bundle = std::fs::read_dir(&entries).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&bundle).unwrap();
    let mut bent = bytes.clone();
    bent[1] ^= 0xff;
    std::fs::write(&bundle, bent).unwrap();
    assert!(say(&archive).is_err());
    assert_eq!(names(), before, "nothing was left behind");
    std::fs::write(&bundle, bytes).unwrap();
    // A place that cannot be written.
    std::fs::write(&out, b"a file").unwrap();
    assert_eq!(refused(&archive), "--out");
    let below = out.join("below");
    assert_eq!(refused(&[&archive[..7], &[text(&below)]].concat()), "--out");
    std::fs::remove_file(&out).unwrap();
    // What a killed run left is pointed at, and not built upon.
    let left = dir.join(".again.unfinished");
    std::fs::create_dir(&left).unwrap();
    assert_eq!(refused(&archive), "--out");
    // Of two runs to one place the second waits for the first, whose work it leaves alone.
    let other = std::fs::File::open(&left).unwrap();
    other.try_lock().unwrap();
    match say(&archive) {
        Err(CliError::Usage { en, .. }) => assert!(en.contains("Another run is writing"), "{en}"),
        other => panic!("{other:?}"),
    }
    drop(other);
    std::fs::remove_dir(&left).unwrap();
    two_at_once(&archive, &out);
    // An empty folder is as good as none.
    std::fs::create_dir(&out).unwrap();
    assert_eq!(say(&archive).unwrap().code, 0);
    assert!(out.join("manifest.json").is_file() && !left.exists());
    let full = ["verify", "--archive", text(&out), "--trust", text(&layout.trust_file())].map(str::to_owned);
    every_file_counts(&out, &full);
    std::fs::remove_dir_all(&out).unwrap();
}

/// Two runs at the same moment: one makes the archive, whole, and the other says why it did not.
fn two_at_once(words: &[&str], out: &Path) {
    let said: Vec<_> = std::thread::scope(|s| {
        let runs = [0, 1].map(|_| s.spawn(|| say(words)));
        runs.map(|run| run.join().unwrap()).into_iter().collect()
    });
    let made = said.iter().filter(|s| s.as_ref().is_ok_and(|said| said.code == 0)).count();
    let refused = said.iter().filter(|s| matches!(s, Err(CliError::Usage { at, .. }) if at == "--out")).count();
    assert_eq!((made, refused), (1, 1), "{said:?}");
    assert!(out.join("manifest.json").is_file());
    std::fs::remove_dir_all(out).unwrap();
}

/// The product's own table and files: a bent byte anywhere is found. Of long files a byte in some hundreds is bent here; how
/// every byte is covered is tested where archives are made.
fn every_file_counts(archive: &Path, words: &[String]) {
    let words: Vec<&str> = std::iter::once("audit").chain(words.iter().map(String::as_str)).collect();
    let mut open = vec![archive.to_path_buf()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let table = path.extension().is_some_and(|e| e == "parquet");
        for at in (0..bytes.len()).step_by(if table { 97 } else { 1 + bytes.len() / 2 }) {
            let mut bent = bytes.clone();
            bent[at] ^= 4;
            std::fs::write(&path, bent).unwrap();
            let said = say(&words).unwrap();
            assert_eq!(said.code, 1, "{} byte {at}: {}", path.display(), said.text);
        }
        std::fs::write(&path, bytes).unwrap();
    }
    assert_eq!(say(&words).unwrap().code, 0);
}

#[test]
fn closed_epochs_are_archived_bound_and_watched() {
    for suite in [Suite::Gm, Suite::Intl] {
        let dir = tempfile::tempdir().unwrap();
        let (layout, _) = made_on(&dir.path().join("data"), suite, Timestamp::morning_of("2026-12-31"));
        let (data, log, trust) = (layout.data.clone(), layout.log(), layout.trust_file());
        let (data, log, trust) = (text(&data), text(&log), text(&trust));
        work(&layout, 0);
        assert_eq!(epochs_check(data), "none", "none is closed");
        work(&layout, 1);
        assert_eq!(epochs_check(data), "warn", "closed, and bound nowhere");

        let out = dir.path().join("2026");
        let archive = ["audit", "archive", "--data", data, "--epoch", "2026", "--out", text(&out)];
        let made = say(&archive).unwrap().json;
        assert_eq!((&made["from"], &made["to"]), (&Value::from(0), &Value::from(1)));
        assert_eq!(refused(&archive), "--out");
        let other = dir.path().join("x");
        let unknown = ["audit", "archive", "--data", data, "--epoch", "2027", "--out", text(&other)];
        assert_eq!(refused(&unknown), "--epoch");
        let within = layout.log().join("archive");
        let inside = ["audit", "archive", "--data", data, "--epoch", "2026", "--out", text(&within)];
        assert_eq!(refused(&inside), "--out", "the log would not verify any more");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(layout.log(), &link).unwrap();
        let up = layout.zone().join("../log/archive");
        for way in [link.join("archive"), up, layout.zone().join("archive"), out.join("tiles/more")] {
            let within = ["audit", "archive", "--data", data, "--epoch", "2026", "--out", text(&way)];
            assert_eq!(refused(&within), "--out", "{}", way.display());
            assert!(!way.exists());
        }
        let lost = dir.path().join("not-there/../more");
        assert!(say(&["audit", "archive", "--data", data, "--epoch", "2026", "--out", text(&lost)]).is_err());
        assert!(!dir.path().join("not-there").exists());
        nothing_half_is_left(&layout, dir.path());
        let said = say(&["audit", "verify", "--archive", text(&out), "--trust", trust]).unwrap();
        assert_eq!((said.code, &said.json["trusted"]), (0, &Value::from(true)), "{}", said.text);
        assert!(said.text.contains("platform 2026: 0..1"), "{}", said.text);
        assert_eq!(say(&["audit", "verify", log, "--archive", text(&out), "--trust", trust]).unwrap().code, 0);

        // Whoever has the folder without the platform's keys binds nothing.
        let renew = ["audit", "renew", "--data", data, "--archive", text(&out)];
        let (keys, away) = (layout.platform_keys(), dir.path().join("keys-away"));
        std::fs::rename(&keys, &away).unwrap();
        let size = || LogReader::open(&layout.log().join("platform")).unwrap().1.size;
        let before = size();
        assert!(say(&renew).is_err());
        if keys.exists() {
            std::fs::remove_dir_all(&keys).unwrap();
        }
        std::fs::rename(&away, &keys).unwrap();
        work(&layout, 0);
        assert_eq!(size(), before + 1, "the work's own leaf and none more");

        let renewed = say(&["audit", "renew", "--data", data, "--archive", text(&out)]).unwrap().json;
        assert_eq!(renewed["renewed"]["platform_2026"], made["manifest"]);
        work(&layout, 0);
        assert_eq!(epochs_check(data), "ok");
        let said = say(&["audit", "verify", log, "--trust", trust]).unwrap();
        assert_eq!(said.code, 0, "{}", said.text);
        assert_eq!(said.json["epochs"][0]["archive"], made["manifest"]);
        assert!(said.text.contains("next by 2032-01-01"), "{}", said.text);

        work(&layout, 5 * 366);
        assert_eq!(epochs_check(data), "fail", "five years are over");
        let again = ["audit", "renew", "--data", data, "--archive", text(&out)];
        assert_eq!(refused(&again), "--archive", "another epoch is closed, and its archive was not given");
        let second = dir.path().join("2027");
        say(&["audit", "archive", "--data", data, "--epoch", "2027", "--out", text(&second)]).unwrap();
        let both = ["audit", "renew", "--data", data, "--archive", text(&out), "--archive", text(&second)];
        assert_eq!(say(&both).unwrap().code, 0);
        work(&layout, 0);
        assert_eq!(epochs_check(data), "ok");

        // What was bent is not bound.
        let leaves = out.join("leaves.parquet");
        let mut bytes = std::fs::read(&leaves).unwrap();
        bytes[10] ^= 1;
        std::fs::write(&leaves, bytes).unwrap();
        let said = say(&both).unwrap();
        assert_eq!((said.code, &said.json["failure"]["what"]), (1, &Value::from("digest")), "{}", said.text);
    }
}
