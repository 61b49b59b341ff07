//! Archives of closed epochs: each by itself and in a row, damaged, forged, swapped, dropped, and against the log.

use crate::epochs::{opening, year};
use crate::support::{World, copy, files};
use audit::LogName::{self, Platform, Zone};
use audit::archive::{ArchivesAsked, LeafTable, MANIFEST, MANIFEST_TYPE, Making, Manifest, Row, Take};
use audit::archive::{make_archive, verify_archives};
use audit::{Leaf, LogError, Trust, VerifyReport, WitnessKey, WitnessPolicy, anchor_line};
use audit::{Witness, WitnessRequest, attach_cosignature};
use crypto::{SigningKey, Suite};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A table as plain as can be: length, index, hashes, leaf. That of the product is tested where it is.
struct Plain;

impl LeafTable for Plain {
    fn write(&self, path: &Path, rows: &mut dyn FnMut(Take<'_>) -> Result<(), LogError>) -> Result<(), LogError> {
        let mut out = Vec::new();
        rows(&mut |row| {
            out.extend(u32::try_from(row.leaf.len()).unwrap().to_be_bytes());
            out.extend(row.index.to_be_bytes());
            out.extend(row.sm3);
            out.extend(row.sha256);
            out.extend(row.leaf);
            Ok(())
        })?;
        std::fs::write(path, out).unwrap();
        Ok(())
    }

    fn read(&self, path: &Path, each: Take<'_>) -> Result<(), LogError> {
        let bytes = std::fs::read(path).unwrap();
        let mut rest = bytes.as_slice();
        let broken = || LogError::Leaf("no table");
        while !rest.is_empty() {
            let (len, more) = rest.split_first_chunk::<4>().ok_or_else(broken)?;
            let (index, more) = more.split_first_chunk::<8>().ok_or_else(broken)?;
            let (sm3, more) = more.split_first_chunk::<32>().ok_or_else(broken)?;
            let (sha256, more) = more.split_first_chunk::<32>().ok_or_else(broken)?;
            let (leaf, more) = more.split_at_checked(u32::from_be_bytes(*len) as usize).ok_or_else(broken)?;
            rest = more;
            each(Row { index: u64::from_be_bytes(*index), leaf: leaf.to_vec(), sm3: *sm3, sha256: *sha256 })?;
        }
        Ok(())
    }
}

struct Bench {
    world: World,
    trust: Trust,
    out: tempfile::TempDir,
}

/// Both logs over four years (2026 to 2029, the last one running), `n` leaves a year, each anchoring the other.
fn bench(suite: Suite, n: usize) -> Bench {
    bench_beginning(suite, n, "step_done")
}

/// The same; the first leaf of the platform's year has this verb.
fn bench_beginning(suite: Suite, n: usize, kind: &str) -> Bench {
    let mut world = World::new(suite);
    world.publish(1, &world.services());
    let (mut p, mut z) = (world.open(Platform), world.open(Zone));
    for now in [1_000, 2_000, 3_000, 4_000] {
        for (name, log) in [(Platform, &mut p), (Zone, &mut z)] {
            if let Some(closing) = log.closing(now, year) {
                let between = world.leaves(name, 2);
                log.append(&[&between[..], &[opening(name, &closing, now)]].concat()).unwrap();
            }
            let first = if name == Platform { kind } else { "step_done" };
            log.append(&[world.leaf(name, None, first, &[])]).unwrap();
            log.append(&world.leaves(name, n - 1)).unwrap();
        }
        p.checkpoint(now, &world.platform_log, &[]).unwrap();
        z.checkpoint(now, &world.zone_log, &[anchor_line(p.published().unwrap())]).unwrap();
        p.checkpoint(now, &world.platform_log, &[anchor_line(z.published().unwrap())]).unwrap();
    }
    let mut trust = world.trust();
    trust.pack.digest = crypto::digest_of(suite, "pack", &pack()).unwrap();
    Bench { world, trust, out: tempfile::tempdir().unwrap() }
}

fn pack() -> BTreeMap<String, String> {
    [("city/pack.toml", "id = \"city\"\n"), ("product/pack.toml", "id = \"product\"\n")]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
}

impl Bench {
    fn make(&self, log: LogName, epoch: u32) -> PathBuf {
        let out = self.out.path().join(format!("{log}-{epoch}"));
        let mut more: BTreeMap<String, Vec<u8>> =
            pack().into_iter().map(|(name, text)| (format!("pack/{name}"), text.into_bytes())).collect();
        more.insert("verifier/README.txt".into(), b"read me".to_vec());
        let signer = if log == Platform { &self.world.platform_log } else { &self.world.zone_log };
        let logs = self.world.logs();
        let making = Making { log_dir: &logs, log, epoch, out: &out, at: 5_000, table: &Plain, signer, more: &more };
        make_archive(&making).unwrap();
        out
    }

    fn all(&self) -> Vec<PathBuf> {
        LogName::ALL.into_iter().flat_map(|log| [2026, 2027, 2028].map(|epoch| self.make(log, epoch))).collect()
    }

    fn check(&self, dirs: &[PathBuf], live: bool) -> VerifyReport {
        let logs = self.world.logs();
        let live = live.then_some(logs.as_path());
        verify_archives(
            dirs,
            ArchivesAsked { trust: Some(&self.trust), witnesses: None, table: &Plain, live, rebind: false },
        )
    }

    fn failure(&self, dirs: &[PathBuf]) -> (String, String, String) {
        let report = self.check(dirs, false);
        assert!(!report.valid && !report.trusted, "it was believed");
        let f = report.failure.unwrap();
        (f.file, f.what, f.en)
    }

    /// Changes a file of an archive, and signs a manifest that fits.
    fn forge(&self, dir: &Path, key: &SigningKey, change: impl FnOnce(&mut Manifest)) {
        let file = dir.join(MANIFEST);
        let signed: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let mut manifest: Manifest = serde_json::from_value(signed["body"].clone()).unwrap();
        for f in &mut manifest.files {
            let bytes = std::fs::read(dir.join(&f.name)).unwrap();
            f.size = bytes.len() as u64;
            f.sm3 = crypto::HashAlg::Sm3.hash(&bytes);
            f.sha256 = crypto::HashAlg::Sha256.hash(&bytes);
        }
        change(&mut manifest);
        let signature = key.sign(MANIFEST_TYPE, &manifest).unwrap();
        let signed = json!({"body": manifest, "key": key.key_id(), "signature": signature});
        std::fs::write(&file, crypto::canonical(&signed).unwrap()).unwrap();
    }
}

#[test]
fn archives_in_a_row_and_each_alone() {
    for (suite, n) in [(Suite::Gm, 300), (Suite::Intl, 20)] {
        let b = bench(suite, n);
        let all = b.all();
        let report = b.check(&all, false);
        assert!(report.valid && report.trusted, "{report:?}");
        assert_eq!((report.checked["archives"], report.epochs.len()), (6, 6));
        assert_eq!(report.checked["leaves"], 2 * (3 * n as u64 + 2 * 3));
        assert!(!report.checked.contains_key("cases_continued") || report.checked["cases_continued"] == 0);
        let said = report.unproved.unwrap();
        assert!(said.contains("the log itself was not given") && !said.contains("first given"), "{said}");

        let report = b.check(&all, true);
        assert!(report.trusted, "{report:?}");
        assert_eq!(report.epochs.iter().filter(|e| e.archive.is_some()).count(), 6);
        assert_eq!(report.epochs.len(), 8, "the running ones too");

        // One alone says so.
        let report = b.check(&all[1..2], false);
        assert!(report.trusted, "{report:?}");
        assert!(report.checked["cases_continued"] > 0);
        let said = report.unproved.unwrap();
        assert!(said.contains("of platform the epoch 2027 is the first given"), "{said}");
        // Without the trust file nothing is trusted.
        let asked = ArchivesAsked { trust: None, witnesses: None, table: &Plain, live: None, rebind: false };
        let report = verify_archives(&all, asked);
        assert!(report.valid && !report.trusted, "{report:?}");
    }
}

#[test]
fn every_flipped_byte_of_every_file_is_found() {
    let b = bench(Suite::Intl, 3);
    let dir = b.make(Platform, 2027);
    let dirs = [dir.clone()];
    for (path, bytes) in files(&dir) {
        let file = dir.join(&path);
        for i in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[i] ^= 1 << (i % 8);
            std::fs::write(&file, &bent).unwrap();
            assert!(!b.check(&dirs, false).valid, "{} byte {i}", path.display());
        }
        std::fs::remove_file(&file).unwrap();
        assert!(!b.check(&dirs, false).valid, "{} is missing", path.display());
        std::fs::write(&file, &bytes).unwrap();
    }
    for (stray, what) in [("x", "unknown_file"), ("tiles/sm3/tile/0/001", "unknown_file"), ("keys/2.json", "corrupt")] {
        std::fs::write(dir.join(stray), b"x").unwrap();
        assert_eq!(b.failure(&dirs).1, what, "{stray}");
        std::fs::remove_file(dir.join(stray)).unwrap();
    }
    assert!(b.check(&dirs, false).trusted);
}

/// Each file taken away, linked, moved, exchanged for another; each folder with one more.
#[test]
fn what_is_added_removed_renamed_or_linked_is_found() {
    use std::os::unix::ffi::OsStrExt;
    let b = bench(Suite::Intl, 3);
    let dir = b.make(Platform, 2027);
    let dirs = [dir.clone()];
    let what = || b.check(&dirs, false).failure.map_or_else(String::new, |f| f.what);
    let (all, aside) = (files(&dir), b.out.path().join("aside"));
    assert!(all.len() > 10, "{:?}", all.keys());
    let mut folders = std::collections::BTreeSet::from([dir.clone()]);
    for path in all.keys() {
        let file = dir.join(path);
        folders.insert(file.parent().unwrap().to_path_buf());
        std::fs::rename(&file, &aside).unwrap();
        assert_ne!(what(), "", "{} is gone", path.display());
        std::os::unix::fs::symlink(&aside, &file).unwrap();
        assert_eq!(what(), "not_plain", "{} is a link to the same bytes", path.display());
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert_ne!(what(), "", "{} is a folder", path.display());
        std::fs::remove_dir(&file).unwrap();
        // What never ends is not read, and nobody is waited for.
        std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
        assert_ne!(what(), "", "{} is a device", path.display());
        std::fs::remove_file(&file).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
        assert_ne!(what(), "", "{} is a pipe", path.display());
        std::fs::remove_file(&file).unwrap();
        let renamed = dir.join(format!("{}x", path.display()));
        std::fs::rename(&aside, &renamed).unwrap();
        assert_ne!(what(), "", "{} has another name", path.display());
        std::fs::rename(&renamed, &file).unwrap();
    }
    for (one, other) in all.keys().zip(all.keys().skip(1)).filter(|(one, other)| all[*one] != all[*other]) {
        let swap = || {
            let [one, other] = [one, other].map(|name| dir.join(name));
            std::fs::rename(&one, &aside).unwrap();
            std::fs::rename(&other, &one).unwrap();
            std::fs::rename(&aside, &other).unwrap();
        };
        swap();
        assert_ne!(what(), "", "{} and {} are exchanged", one.display(), other.display());
        swap();
    }
    for folder in folders {
        for name in ["zz".as_bytes(), b".hidden", b"\xff"] {
            let stray = folder.join(std::ffi::OsStr::from_bytes(name));
            std::fs::write(&stray, b"").unwrap();
            assert_ne!(what(), "", "{}", stray.display());
            std::fs::remove_file(&stray).unwrap();
            std::fs::create_dir(&stray).unwrap();
            assert_ne!(what(), "", "{} is an empty folder", stray.display());
            std::fs::remove_dir(&stray).unwrap();
        }
    }
    assert_eq!(what(), "");
}

/// Also whoever holds the log's key puts nothing into an archive that a reader takes for a part of it.
#[test]
fn a_signed_manifest_names_only_what_an_archive_has() {
    let b = bench(Suite::Intl, 3);
    for (epoch, name) in [(2027, "notes.txt"), (2027, "tiles.txt"), (2027, "leaves.csv"), (2026, "before")] {
        let dir = b.make(Platform, epoch);
        std::fs::write(dir.join(name), b"x").unwrap();
        b.forge(&dir, &b.world.platform_log, |m| {
            let more = audit::archive::FileDigest {
                name: name.to_owned(),
                size: 1,
                sm3: crypto::HashAlg::Sm3.hash(b"x"),
                sha256: crypto::HashAlg::Sha256.hash(b"x"),
            };
            m.files.push(more);
            m.files.sort_by(|a, b| a.name.cmp(&b.name));
        });
        let (file, what, _) = b.failure(std::slice::from_ref(&dir));
        assert_eq!((file, what.as_str()), (format!("platform-{epoch}/{name}"), "unknown_file"));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}

#[test]
fn a_missing_swapped_or_rebuilt_epoch_is_named() {
    let b = bench(Suite::Intl, 20);
    let all = b.all();
    let (file, what, en) = b.failure(&[all[0].clone(), all[2].clone()]);
    assert_eq!((file.as_str(), what.as_str()), ("platform-2028/manifest.json", "missing"));
    assert_eq!(en, "an epoch of platform before 2028 is missing: leaves 20 to 42");
    let (file, what, _) = b.failure(&[all[0].clone(), all[0].clone()]);
    assert_eq!((file.as_str(), what.as_str()), ("platform-2026/manifest.json", "epoch"));

    // The epoch of another log of the same name, made with the very keys: its leaves differ.
    let other = bench(Suite::Intl, 20);
    let theirs = other.make(Platform, 2027);
    assert!(b.check(&[all[0].clone(), theirs.clone()], false).valid, "the same leaves, to the byte");
    let mut rebuilt = World::new(Suite::Intl);
    rebuilt.publish(1, &rebuilt.services());
    let mut log = rebuilt.open(Platform);
    for now in [1_000, 2_000, 3_000] {
        if let Some(closing) = log.closing(now, year) {
            log.append(&[opening(Platform, &closing, now)]).unwrap();
        }
        log.append(&rebuilt.leaves(Platform, 20)).unwrap();
        log.checkpoint(now, &rebuilt.platform_log, &[]).unwrap();
    }
    let rebuilt = Bench { world: rebuilt, trust: b.trust.clone(), out: tempfile::tempdir().unwrap() };
    let theirs = rebuilt.make(Platform, 2027);
    assert!(rebuilt.check(std::slice::from_ref(&theirs), false).valid, "by itself it is whole");
    let (file, what, en) = b.failure(&[all[0].clone(), theirs.clone()]);
    assert_eq!((file.as_str(), what.as_str()), ("platform-2027/manifest.json", "epoch"), "{en}");
    let report = b.check(&[theirs], true);
    assert_eq!(report.failure.unwrap().what, "epoch", "the log holds another epoch 2027");
}

/// Whoever holds the log's key signs a manifest over anything: what it names must be right all the same.
#[test]
fn a_forged_manifest_does_not_help() {
    let b = bench(Suite::Intl, 20);
    let honest = b.make(Platform, 2027);
    let forged = |name: &str| {
        let dir = b.out.path().join(name);
        copy(&honest, &dir);
        dir
    };
    let key = &b.world.platform_log;
    // Truncated by a leaf, an index off, a leaf changed with its hashes.
    let rows = |dir: &Path| {
        let mut rows = Vec::new();
        Plain
            .read(&dir.join("leaves.parquet"), &mut |row| {
                rows.push(row);
                Ok(())
            })
            .unwrap();
        rows
    };
    let changes: [(&str, fn(&mut Vec<Row>)); 5] = [
        ("truncated", |rows| drop(rows.pop())),
        ("begins late", |rows| drop(rows.remove(0))),
        ("swapped", |rows| rows.swap(4, 5)),
        ("changed", |rows| {
            let mut leaf = Leaf::decode(&rows[9].leaf).unwrap();
            leaf.actor = Some("person-9".into());
            rows[9].leaf = leaf.encode().unwrap();
            rows[9].sm3 = audit::merkle::leaf_node(crypto::HashAlg::Sm3, &rows[9].leaf);
            rows[9].sha256 = audit::merkle::leaf_node(crypto::HashAlg::Sha256, &rows[9].leaf);
        }),
        ("one more", |rows| rows.push(Row { index: rows.last().unwrap().index + 1, ..rows[3].clone() })),
    ];
    for (name, change) in changes {
        let dir = forged(name);
        let mut rows = rows(&dir);
        change(&mut rows);
        std::fs::remove_file(dir.join("leaves.parquet")).unwrap();
        Plain.write(&dir.join("leaves.parquet"), &mut |take| rows.iter().cloned().try_for_each(&mut *take)).unwrap();
        b.forge(&dir, key, |_| {});
        assert!(!b.check(&[dir], false).valid, "{name}");
    }
    // Another epoch's border, in each place where it stands.
    let other = b.make(Platform, 2026);
    for (file, from) in [("before", "checkpoint"), ("checkpoint", "checkpoint"), ("opened.json", "opened.json")] {
        let dir = forged(&format!("other-{file}"));
        std::fs::copy(other.join(from), dir.join(file)).unwrap();
        b.forge(&dir, key, |_| {});
        let valid = b.check(&[dir], false).valid;
        // The border before this epoch is the closing checkpoint of the one before: the same file.
        assert_eq!(valid, file == "before", "{file}");
    }
    let dir = forged("a tile");
    std::fs::write(dir.join("tiles/sm3/tile/0/000.p/43"), vec![7; 43 * 32]).unwrap();
    b.forge(&dir, key, |_| {});
    assert_eq!(b.failure(&[dir]).1, "root");
    for (name, what, change) in [
        ("year", "epoch", (|m: &mut Manifest| m.epoch = 2030) as fn(&mut Manifest)),
        ("range", "epoch", |m| m.to -= 1),
        ("deployment", "other_deployment", |m| m.deployment = "city-2".into()),
        ("log", "signature", |m| m.log = Zone),
    ] {
        let dir = forged(name);
        b.forge(&dir, key, change);
        assert_eq!(b.failure(&[dir]).1, what, "{name}");
    }
    let dir = forged("key");
    b.forge(&dir, &b.world.zone_log, |_| {});
    assert_eq!(b.failure(&[dir]).1, "signature", "the other log's key");
    let dir = forged("pack");
    std::fs::write(dir.join("pack/city/pack.toml"), "id = \"town\"\n").unwrap();
    b.forge(&dir, key, |_| {});
    assert_eq!(b.failure(&[dir]).1, "other_pack");
}

/// The zone's closing checkpoint saw the platform's log: archives of another one do not go with it.
#[test]
fn what_the_other_logs_archives_saw_is_held_against_each() {
    let (b, other) = (bench(Suite::Intl, 20), bench_beginning(Suite::Intl, 20, "sign_in"));
    let (ours, theirs, zone) = (b.make(Platform, 2026), other.make(Platform, 2026), b.make(Zone, 2026));
    let report = b.check(&[ours.clone(), zone.clone()], false);
    assert!(report.trusted, "{report:?}");
    assert_eq!(report.checked["anchors"], 2, "each closing checkpoint saw the other log");
    assert!(!report.checked.contains_key("anchors_not_checked"));
    // What nobody could look at is counted and said, with what to give.
    let report = b.check(std::slice::from_ref(&ours), false);
    assert_eq!(report.checked["anchors_not_checked"], 1);
    let said = report.unproved.unwrap();
    assert!(said.contains("1 anchors of the log zone were not checked: give the archives"), "{said}");
    assert!(said.contains("no witnesses were asked for") && !said.contains("too few"), "{said}");
    let report = b.check(std::slice::from_ref(&ours), true);
    assert_eq!(report.checked["anchors"], 1, "against the log itself");
    assert!(report.trusted && !report.checked.contains_key("anchors_not_checked"), "{report:?}");
    assert!(b.check(std::slice::from_ref(&theirs), false).trusted, "by itself it is whole");
    let (file, what, en) = b.failure(&[theirs, zone]);
    assert_eq!((file.as_str(), what.as_str()), ("platform-2026/leaves.parquet", "anchor"), "{en}");
    assert!(en.contains("zone-2026"), "{en}");
}

#[test]
fn witnesses_count_for_an_epoch_that_they_have_seen() {
    let mut b = bench(Suite::Gm, 20);
    let home = tempfile::tempdir().unwrap();
    let key = SigningKey::from_secret(Suite::Gm, &[61; 32]).unwrap();
    let public = WitnessKey::new("bureau", key.public()).unwrap();
    b.trust.witnesses = Some(WitnessPolicy { k: 1, keys: vec![public.clone()] });
    let before = b.make(Platform, 2026);
    let report = b.check(std::slice::from_ref(&before), false);
    assert!(report.valid && !report.trusted, "nobody has seen it: {report:?}");
    assert!(report.unproved.unwrap().contains("too few witnesses have cosigned platform, epoch 2026"));
    let request = WitnessRequest::make(&b.world.logs(), Platform, 0).unwrap();
    Witness::begin(home.path(), &b.world.trust().deployment, &key).unwrap();
    let witness = Witness::open(home.path(), b.world.trust(), public).unwrap();
    let (_, note) = witness.cosign(&request, &key, 9).unwrap();
    let note = note.render();
    attach_cosignature(&b.world.logs(), note.as_bytes()).unwrap();
    std::fs::remove_dir_all(&before).unwrap();
    let after = b.make(Platform, 2026);
    let report = b.check(&[after], false);
    assert!(report.trusted && report.checked["cosignatures"] == 1, "{report:?}");
}

/// `epoch_renewed` binds what is archived: another archive of that epoch is found from then on.
#[test]
fn a_bound_archive_cannot_be_exchanged() {
    let mut b = bench(Suite::Intl, 5);
    let dir = b.make(Platform, 2026);
    let bytes = std::fs::read(dir.join(MANIFEST)).unwrap();
    let digest = Suite::Intl.hash(&bytes).to_string();
    let leaf = b.world.leaf(Platform, None, "epoch_renewed", &[("platform_2026", &digest)]);
    let mut log = b.world.open(Platform);
    log.append(&[leaf]).unwrap();
    log.checkpoint(6_000, &b.world.platform_log, &[]).unwrap();
    drop(log);
    let report = b.check(std::slice::from_ref(&dir), true);
    assert!(report.trusted, "{report:?}");
    let view = &report.epochs[0];
    assert_eq!((view.archive.as_deref(), view.renewed_at), (Some(digest.as_str()), Some(1_000)));
    b.forge(&dir, &b.world.platform_log, |m| m.made_at += 1);
    assert!(b.check(std::slice::from_ref(&dir), false).valid, "by itself it is as good");
    assert_eq!(b.check(std::slice::from_ref(&dir), true).failure.unwrap().what, "archive");
    // Bound in its turn (the first was lost, say) it counts, and so does the first.
    let other = Suite::Intl.hash(&std::fs::read(dir.join(MANIFEST)).unwrap()).to_string();
    let leaf = b.world.leaf(Platform, None, "epoch_renewed", &[("platform_2026", &other)]);
    let mut log = b.world.open(Platform);
    log.append(&[leaf]).unwrap();
    log.checkpoint(7_000, &b.world.platform_log, &[]).unwrap();
    drop(log);
    let report = b.check(std::slice::from_ref(&dir), true);
    assert!(report.trusted, "{report:?}");
    assert_eq!(report.epochs[0].bound, [digest, other]);
    std::fs::write(dir.join(MANIFEST), bytes).unwrap();
    assert!(b.check(&[dir], true).trusted);
}

/// Attacks that were tried: a witness's file named twice, a time before the closing, and the leaf that opened the next
/// epoch under a checkpoint that nobody has signed.
#[test]
fn odd_manifests_and_unsigned_openings_are_refused() {
    let b = bench(Suite::Intl, 5);
    let dir = b.make(Platform, 2027);
    let key = &b.world.platform_log;
    let (manifest, opened) =
        (std::fs::read(dir.join(MANIFEST)).unwrap(), std::fs::read(dir.join("opened.json")).unwrap());
    let changes: [fn(&mut Manifest); 3] =
        [|m| m.files.push(m.files.last().unwrap().clone()), |m| m.files.reverse(), |m| m.made_at = 1_999];
    for change in changes {
        b.forge(&dir, key, change);
        assert_eq!(b.failure(std::slice::from_ref(&dir)).1, "malformed");
        std::fs::write(dir.join(MANIFEST), &manifest).unwrap();
    }
    let mut file: Value = serde_json::from_slice(&opened).unwrap();
    file["keys"] = json!([]);
    let note = file["proof"]["checkpoint"].as_str().unwrap().to_owned();
    let at = note.trim_end().len() - 12;
    let other = if note.as_bytes()[at] == b'A' { "B" } else { "A" };
    file["proof"]["checkpoint"] = json!(format!("{}{other}{}", &note[..at], &note[at + 1..]));
    std::fs::write(dir.join("opened.json"), crypto::canonical(&file).unwrap()).unwrap();
    b.forge(&dir, key, |_| {});
    let (file, what, _) = b.failure(std::slice::from_ref(&dir));
    assert_eq!((file.as_str(), what.as_str()), ("platform-2027/opened.json", "signature"));
}

/// A key that was revoked later signs no archive that says it was made later, whatever lists the archive holds itself.
#[test]
fn a_revoked_key_signs_no_archive() {
    let b = bench(Suite::Intl, 5);
    let dir = b.make(Platform, 2027);
    let forged = b.out.path().join("forged");
    copy(&dir, &forged);
    b.forge(&forged, &b.world.platform_log, |m| m.made_at = 6_000);
    assert!(b.check(std::slice::from_ref(&forged), true).valid, "nothing is revoked yet");
    let mut entries = b.world.services();
    for entry in entries.iter_mut().filter(|e| e["key"] == json!(b.world.platform_log.key_id())) {
        entry["revoked_at"] = json!(5_500);
    }
    b.world.publish(2, &entries);
    assert!(b.check(&[dir], true).valid, "made before");
    let report = b.check(&[forged], true);
    assert_eq!(report.failure.unwrap().what, "signature");
}
