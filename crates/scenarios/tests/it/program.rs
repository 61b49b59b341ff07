//! The `yunyu` program as a person or a script calls it.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The binary that was built with the tests.
pub fn yunyu() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join("yunyu");
    assert!(path.is_file(), "{} is missing: build with `cargo build --workspace`", path.display());
    path
}

pub fn run(args: &[&str]) -> Output {
    Command::new(yunyu()).args(args).stdin(Stdio::null()).output().unwrap()
}

/// Runs a command with `--json` and expects an exit code.
pub fn json(args: &[&str], code: i32) -> Value {
    let out = run(args);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(code), "{args:?}\n{text}\n{told}");
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{args:?}: {e}\n{text}\n{told}"))
}

/// The verifier in `docs/verify` says that a file is valid, and counts the approvals itself from the texts of the packs.
/// `YUNYU_PYTHON` names a Python with its two libraries; `cargo xtask test` sets it.
pub fn python_agrees(file: &Path, trust: &Path) {
    let Some(python) = std::env::var_os("YUNYU_PYTHON") else {
        eprintln!("skipped: YUNYU_PYTHON names no Python");
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut verify = Command::new(python);
    verify.arg(root.join("docs/verify/verify_evidence.py")).arg(file).arg("--trust").arg(trust);
    let out = verify.arg("--packs").arg(root.join("packs")).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    let told: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!((&told["valid"], &told["trusted"]), (&Value::Bool(true), &Value::Bool(true)), "{told}");
}

/// A story of Wuxi in a folder, to its end.
pub fn story(data: &Path, extra: &[&str]) -> Value {
    let mut args = vec!["story", "--city", "wuxi", "--json", "--rows", "4000", "--data", data.to_str().unwrap()];
    args.extend(extra);
    json(&args, 0)
}

/// The same, started and left running.
pub fn begin(data: &Path) -> Child {
    Command::new(yunyu())
        .args(["story", "--city", "wuxi", "--json", "--rows", "4000", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Both logs of a folder hold against its trust file, and people can be told what each leaf is.
pub fn logs_hold(data: &Path) {
    let (log, trust) = (data.join("log"), data.join("trust.json"));
    let report = json(&["audit", "verify", log.to_str().unwrap(), "--trust", trust.to_str().unwrap(), "--json"], 0);
    assert_eq!((&report["valid"], &report["trusted"]), (&Value::Bool(true), &Value::Bool(true)), "{report}");
    for name in audit::LogName::ALL {
        let (reader, _) = audit::LogReader::open(&log.join(name.as_str())).unwrap();
        let known = |_, bytes: &[u8]| {
            let kind = audit::Leaf::decode(bytes)?.kind;
            assert!(model::leaf_kind::is_leaf_kind(&kind), "the kind {kind} of leaves is not on the list");
            Ok(())
        };
        reader.each(0, known).unwrap();
    }
}

/// Tells a process to end, and waits for it.
pub fn finish(child: &mut Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    child.wait().unwrap();
}

/// Processes below another, with their command lines.
pub fn below(parent: u32) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let of = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)).and_then(|p| p.parse::<u32>().ok());
        if of == Some(parent) {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            found.push((pid, String::from_utf8_lossy(&line).replace('\0', " ")));
            found.extend(below(pid));
        }
    }
    found
}

/// The platform process below a supervisor or a story, if it runs.
pub fn platform_below(parent: u32) -> Option<u32> {
    below(parent).into_iter().find(|(_, line)| line.contains(" platform-process ")).map(|(pid, _)| pid)
}

/// A folder under `yunyu serve`, until it is dropped.
pub struct Served {
    child: Child,
    data: PathBuf,
    /// Base URL of the platform.
    pub platform: String,
    /// Base URL of the zone's endpoint.
    pub zone: String,
    /// A client without a proxy.
    pub client: reqwest::Client,
}

impl Served {
    pub fn start(data: &Path) -> Self {
        Self::start_in(data, &[])
    }

    /// The same with more in its environment.
    pub fn start_in(data: &Path, env: &[(&str, &Path)]) -> Self {
        // One provider for the whole process; a second installation is no error.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut child = Command::new(yunyu())
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut url = |name: &str| {
            let line = lines.by_ref().map(Result::unwrap).find(|l| l.contains(name)).unwrap();
            line[line.find("http").unwrap()..].trim().to_owned()
        };
        let (platform, zone) = (url(" platform "), url(" zone "));
        // The pipe must not fill up.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let served = Self {
            child,
            data: data.to_owned(),
            platform,
            zone,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        served.wait();
        served
    }

    fn wait(&self) {
        for address in [&self.platform, &self.zone] {
            let address = address.trim_start_matches("http://");
            let end = Instant::now() + Duration::from_secs(60);
            while std::net::TcpStream::connect(address).is_err() {
                assert!(Instant::now() < end, "{address} does not listen");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }

    /// The platform's process.
    pub fn platform_pid(&self) -> u32 {
        platform_below(self.child.id()).unwrap()
    }

    /// Signs in with the password on the account's desk.
    pub async fn sign_in(&self, account: &str) -> String {
        let desks = std::fs::read(self.data.join("desks/accounts.json")).unwrap();
        let desks: Vec<Value> = serde_json::from_slice(&desks).unwrap();
        let found = desks.iter().find(|d| d["account"] == account).unwrap();
        let form = serde_json::json!({"account": account, "password": found["password"]});
        let (status, body) = self.post("", "/api/v1/sessions", &form).await;
        assert!(status.is_success(), "{account}: {body}");
        body["token"].as_str().unwrap().to_owned()
    }

    pub async fn post(&self, token: &str, path: &str, form: &Value) -> (reqwest::StatusCode, Value) {
        let request = self.client.post(format!("{}{path}", self.platform)).bearer_auth(token);
        let answer = request.body(form.to_string()).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    pub async fn asked(&self, token: &str, path: &str) -> (reqwest::StatusCode, Value) {
        let answer = self.client.get(format!("{}{path}", self.platform)).bearer_auth(token).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    pub async fn get(&self, token: &str, path: &str) -> Value {
        let (status, body) = self.asked(token, path).await;
        assert!(status.is_success(), "{path}: {body}");
        body
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}
