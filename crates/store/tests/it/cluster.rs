//! A throw-away PostgreSQL cluster from Debian's package: Unix socket only, gone at the end of the test.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PACKAGE: &str =
    "PostgreSQL is not installed; these tests need Debian's package `postgresql` (apt-get install postgresql)";

pub struct Cluster {
    folder: PathBuf,
    server: Option<Child>,
}

fn bin() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|d| Some(d.ok()?.path().join("bin")))
        .filter(|b| b.join("initdb").exists() && b.join("postgres").exists())
        .collect();
    found.sort();
    if let Some(newest) = found.pop() {
        return newest;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).find(|d| d.join("initdb").exists() && d.join("postgres").exists()).expect(PACKAGE)
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0).unwrap_or(false)
}

/// A command run as an unprivileged user (PostgreSQL refuses root) that dies with this test's thread.
fn unprivileged(program: &Path) -> Command {
    let mut c = Command::new("setpriv");
    if is_root() {
        c.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]);
    }
    c.args(["--pdeathsig", "QUIT", "--"]).arg(program);
    c.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin").current_dir("/");
    c
}

impl Cluster {
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("yunyu-pg-").tempdir_in("/tmp").unwrap().keep();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        let mut cluster = Self { folder, server: None };
        let made = unprivileged(&bin().join("initdb"))
            .args(["-N", "-A", "trust", "-U", "yunyu", "-E", "UTF8", "--locale", "C", "-D"])
            .arg(cluster.folder.join("data"))
            .output()
            .expect("setpriv (package util-linux) runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        cluster.run();
        let made = cluster.psql_on("postgres", "CREATE DATABASE t");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        cluster
    }

    /// Starts the server on the folder as it is, and waits until it answers.
    pub fn run(&mut self) {
        let log = std::fs::File::create(self.folder.join("log")).unwrap();
        let server = unprivileged(&bin().join("postgres"))
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-k")
            .arg(&self.folder)
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "shared_buffers=16MB",
                // The tests kill processes, not the machine: what a process wrote stays.
                "-c",
                "fsync=off",
                "-c",
                "max_connections=40",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.server = Some(server);
        let began = Instant::now();
        while !self.psql_on("postgres", "SELECT 1").status.success() {
            assert!(began.elapsed() < Duration::from_secs(60), "PostgreSQL does not answer: {}", self.log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Ends the server at once, as a crash would: no checkpoint, no goodbye to clients.
    pub fn crash(&mut self) {
        if let Some(mut server) = self.server.take() {
            let pid = server.id().to_string();
            let sent = Command::new("kill").args(["-QUIT", &pid]).status().unwrap();
            assert!(sent.success());
            server.wait().unwrap();
        }
    }

    pub fn url(&self) -> String {
        self.url_of("t")
    }

    /// URL of another database of the cluster.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://yunyu@{}/{database}", self.folder.display().to_string().replace('/', "%2F"))
    }

    /// Runs a client program of PostgreSQL, such as `pg_dump`, against the cluster.
    #[allow(dead_code, reason = "the suite of the store dumps nothing")]
    pub fn client(&self, program: &str, args: &[&str]) {
        let done = Command::new(bin().join(program)).args(["-U", "yunyu", "-h"]).arg(&self.folder).args(args).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    }

    pub fn psql(&self, sql: &str) -> Output {
        self.psql_on("t", sql)
    }

    #[allow(dead_code, reason = "the suite of the store asks one database alone")]
    pub fn psql_on(&self, database: &str, sql: &str) -> Output {
        Command::new(bin().join("psql"))
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "yunyu", "-d", database, "-h"])
            .arg(&self.folder)
            .args(["-c", sql])
            .output()
            .unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.crash();
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}
