//! The main job on PostgreSQL, in a cluster that lives as long as the test.

use crate::cluster::Cluster;
use crate::program::{Served, finish, logs_hold, platform_below, yunyu};
use serde_json::{Value, json as doc};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program call with the database in its environment; what it printed.
fn call(database: &str, args: &[&str], code: i32) -> Value {
    let out = Command::new(yunyu())
        .args(args)
        .arg("--json")
        .env("YUNYU_DATABASE", database)
        .env("YUNYU_BACKUP_PASSPHRASE", "a passphrase for backups")
        .env("YUNYU_KEEPER_1_PASSPHRASE", "the first keeper's own words")
        .env("YUNYU_KEEPER_2_PASSPHRASE", "the second keeper's own words")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (text, told) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.code(), Some(code), "{args:?}\n{text}\n{told}");
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{args:?}: {e}\n{text}\n{told}"))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn told_story(database: &str, data: &Path, more: &[&str]) {
    call(database, &[&["story", "--city", "wuxi", "--rows", "2000", "--data", text(data)], more].concat(), 0);
}

/// Leaves of the platform's log as they lie on disk, under its newest checkpoint.
fn leaves(data: &Path) -> Vec<Vec<u8>> {
    let (reader, _) = audit::LogReader::open(&data.join("log/platform")).unwrap();
    let mut out = Vec::new();
    reader
        .each(0, |_, leaf| {
            out.push(leaf.to_vec());
            Ok(())
        })
        .unwrap();
    out
}

/// A served folder that may well not live long, or not at all.
struct Tried {
    child: Child,
    log: PathBuf,
}

impl Tried {
    fn start(data: &Path, database: &str, more: &[&str]) -> Self {
        let log = data.with_extension("said");
        let child = Command::new(yunyu())
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .env("YUNYU_DATABASE", database)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, log }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    fn says(&self, what: &str, within: Duration) {
        let end = Instant::now() + within;
        while !self.said().contains(what) {
            assert!(Instant::now() < end, "it never said {what:?}:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn platform(&self) -> String {
        self.says("platform ", Duration::from_secs(30));
        self.said().split_whitespace().find(|word| word.starts_with("http")).unwrap().to_owned()
    }

    async fn listens(&self, within: Duration) {
        let end = Instant::now() + within;
        let address = self.platform().replace("http://", "");
        while tokio::net::TcpStream::connect(&address).await.is_err() {
            assert!(Instant::now() < end, "it never listened:\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Two leaves: a sign-in that is refused, and one that is not.
    async fn act(&self) {
        let platform = self.platform();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for (password, want) in [("wrong", 422), (self.password().as_str(), 200)] {
            let form = doc!({"account": "bureau.officer", "password": password}).to_string();
            let answer = client.post(format!("{platform}/api/v1/sessions")).body(form).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), want, "{:?}", answer.text().await);
        }
    }

    fn password(&self) -> String {
        let desks = std::fs::read(self.log.with_extension("").join("desks/accounts.json")).unwrap();
        let desks: Vec<Value> = serde_json::from_slice(&desks).unwrap();
        desks.iter().find(|d| d["account"] == "bureau.officer").unwrap()["password"].as_str().unwrap().to_owned()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(platform_below(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
    }
}

impl Drop for Tried {
    fn drop(&mut self) {
        finish(&mut self.child);
    }
}

fn reaches(data: &Path, size: usize) {
    let end = Instant::now() + Duration::from_secs(60);
    while leaves(data).len() < size {
        assert!(Instant::now() < end, "{} of {size} leaves", leaves(data).len());
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(done.success());
}

/// Two machines with the same keys on one database: one sequences, the other says so and gives nothing out; when the first
/// stands still the other goes on where it stopped, and there is one history.
#[tokio::test(flavor = "multi_thread")]
async fn two_platforms_on_one_database_make_one_log() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cluster = Cluster::start();
    let dir = tempfile::tempdir().unwrap();
    let [first, second, zone] = ["first", "second", "zone"].map(|name| dir.path().join(name));
    let (url, soon) = (cluster.url(), Duration::from_secs(90));
    told_story(&url, &first, &["--zone-data", text(&zone)]);
    copy(&first, &second);
    let before = leaves(&first).len();
    let alone = ["--without-zone", "--zone-url", "http://127.0.0.1:1"];
    let one = Tried::start(&first, &url, &alone);
    one.listens(soon).await;
    one.act().await;
    reaches(&first, before + 2);
    // The other waits longer than a term for the lease, and ends without it.
    let other = Tried::start(&second, &url, &alone);
    other.says("Another platform process works on this database", soon);
    drop(other);
    assert_eq!(leaves(&second).len(), before, "the second gave leaves out");
    one.act().await;
    reaches(&first, before + 4);
    // The first stands still: the other takes over after the term, with the leaves that it never saw.
    one.signal(rustix::process::Signal::STOP);
    let last = leaves(&first);
    let other = Tried::start(&second, &url, &alone);
    other.listens(soon).await;
    other.act().await;
    reaches(&second, last.len() + 2);
    let end = leaves(&second);
    assert_eq!(end[..last.len()], last[..], "two histories");
    // The first wakes up: it lost the lease, signs nothing any more and ends.
    one.signal(rustix::process::Signal::CONT);
    one.says("process ended", soon);
    assert_eq!(leaves(&first), last);
    drop(one);
    drop(other);
    logs_hold(&second);
    // Alone again, the first catches up with what the second wrote.
    let one = Tried::start(&first, &url, &alone);
    one.listens(soon).await;
    one.act().await;
    reaches(&first, end.len() + 2);
    drop(one);
    assert_eq!(leaves(&first)[..end.len()], end[..]);
    logs_hold(&first);
}

/// A backup with a dump comes back on another database; an older dump under a newer log is found out.
#[tokio::test(flavor = "multi_thread")]
async fn a_dump_comes_back_with_its_folder_and_only_with_it() {
    let cluster = Cluster::start();
    let dir = tempfile::tempdir().unwrap();
    let (data, fresh) = (dir.path().join("data"), dir.path().join("fresh"));
    let (out, custody) = (dir.path().join("backup"), dir.path().join("custody"));
    let url = cluster.url();
    told_story(&url, &data, &[]);
    call(&url, &["admin", "export-keys", "--data", text(&data)], 0);
    let backup = ["admin", "backup", "--data", text(&data), "--out", text(&out), "--custody", text(&custody)];
    let refused = call(&url, &backup, 2);
    assert!(refused["error"]["en"].as_str().unwrap().contains("pg_dump"), "{refused}");
    let dump = dir.path().join("dump");
    cluster.client("pg_dump", &["-Fc", "-f", text(&dump), "t"]);
    let with = |url: &str, dump: &Path, code| call(url, &[&backup[..], &["--dump", text(dump)]].concat(), code);
    // What is no dump, one from before the last checkpoint, another database, and none at all (a timer's shell without the variable).
    let plain = dir.path().join("plain");
    std::fs::write(&plain, "no dump").unwrap();
    assert!(with(&url, &plain, 2)["error"]["en"].as_str().unwrap().contains("custom"));
    let old = dir.path().join("old");
    std::fs::copy(&dump, &old).unwrap();
    std::fs::File::options().write(true).open(&old).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert!(with(&url, &old, 2)["error"]["en"].as_str().unwrap().contains("older than"));
    assert!(cluster.psql("CREATE DATABASE empty").status.success());
    assert!(with(&cluster.url_of("empty"), &dump, 2)["error"]["en"].as_str().unwrap().contains("does not hold"));
    let tables = cluster.psql_on("empty", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
    assert!(String::from_utf8_lossy(&tables.stdout).contains(" 0"), "tables were made in somebody else's database");
    let bare = Command::new(yunyu())
        .args(backup)
        .env_remove("YUNYU_DATABASE")
        .env("YUNYU_BACKUP_PASSPHRASE", "a passphrase for backups")
        .output()
        .unwrap();
    assert_eq!(bare.status.code(), Some(2), "{}", String::from_utf8_lossy(&bare.stderr));
    assert!(String::from_utf8_lossy(&bare.stderr).contains("YUNYU_DATABASE"));
    with(&url, &dump, 0);
    let wanted = ["admin", "restore", "--backup", text(&out), "--data", text(&fresh), "--custody", text(&custody)];
    call(&url, &wanted, 0);
    let back = fresh.join("platform/database.dump");
    assert_eq!(std::fs::read(&back).unwrap(), std::fs::read(&dump).unwrap());
    std::fs::create_dir(fresh.join("desks")).unwrap();
    std::fs::copy(data.join("desks/accounts.json"), fresh.join("desks/accounts.json")).unwrap();
    assert!(cluster.psql("CREATE DATABASE back").status.success());
    cluster.client("pg_restore", &["-d", "back", text(&back)]);
    let other = cluster.url_of("back");
    // Started with another database first, or with none: what the restore left for the first start is not used up by that.
    let empty = Tried::start(&fresh, &cluster.url_of("empty"), &[]);
    empty.says("the database is behind the log", Duration::from_secs(60));
    drop(empty);
    assert!(fresh.join("platform/restored.json").is_file() && !fresh.join("platform/platform.db").exists());
    let served = Served::start_in(&fresh, &[("YUNYU_DATABASE", Path::new(&other))]);
    let token = served.sign_in("bureau.approver").await;
    let list = served.get(&token, "/api/v1/authorisations").await;
    let rows = list["authorisations"].as_array().unwrap();
    assert!(rows.iter().all(|r| r["state"] == "suspended") && !rows.is_empty(), "{list}");
    served.sign_in("bureau.officer").await;
    drop(served);
    logs_hold(&fresh);
    // What was restored is backed up again, and that comes back too.
    let again = dir.path().join("again");
    cluster.client("pg_dump", &["-Fc", "-f", text(&again), "back"]);
    let taken = ["admin", "backup", "--data", text(&fresh), "--out", text(&out), "--dump", text(&again)];
    call(&other, &taken, 0);
    call(&other, &["admin", "restore", "--backup", text(&out), "--data", text(&fresh), "--drill"], 0);
    // The attack: the dump alone put back under a log that has gone on.
    assert!(cluster.psql("CREATE DATABASE older").status.success());
    cluster.client("pg_restore", &["-d", "older", text(&dump)]);
    let refused = Tried::start(&fresh, &cluster.url_of("older"), &[]);
    refused.says("the database is behind the log", Duration::from_secs(60));
}

#[test]
fn the_main_job_on_postgresql() {
    let cluster = Cluster::start();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let tell = || {
        let out = Command::new(yunyu())
            .args(["story", "--city", "wuxi", "--json", "--ending", "--rows", "4000", "--data"])
            .arg(&data)
            .env("YUNYU_DATABASE", cluster.url())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice::<Value>(&out.stdout).unwrap()
    };
    let made = tell();
    assert!(!data.join("platform/platform.db").exists(), "the folder's own database was used");
    logs_hold(&data);
    let count = |table: &str| {
        let out = cluster.psql(&format!("COPY (SELECT count(*) FROM {table}) TO STDOUT"));
        String::from_utf8(out.stdout).unwrap().trim().parse::<u64>().unwrap()
    };
    let leaves = count("leaf");
    assert!(leaves > 100, "{leaves} leaves in PostgreSQL");
    let product = made["product"]["id"].as_str().unwrap();
    let out = Command::new(yunyu())
        .args(["evidence", "export", product, "--data"])
        .arg(&data)
        .arg("--out")
        .arg(dir.path().join("evidence.json"))
        .env("YUNYU_DATABASE", cluster.url())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    // Finished: told again, nothing is done again.
    assert_eq!(tell()["product"], made["product"]);
    logs_hold(&data);
}
