//! Platform and zone in folders of their own, as on two machines: enrolment by hand, TLS both ways, and the whole story.

use crate::certificates::Authority;
use crate::program::{finish, json, logs_hold, run, yunyu};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn arg(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A running process that is told to end, and waited for, when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        finish(&mut self.0);
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(yunyu());
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Starts a process and reads from what it says the first URL after a word.
fn start(args: &[&str], word: &str) -> (Running, String) {
    let mut running = Running(command(args).stderr(Stdio::piped()).spawn().unwrap());
    let mut said = BufReader::new(running.0.stderr.take().unwrap());
    let mut all = String::new();
    loop {
        let mut line = String::new();
        assert!(said.read_line(&mut line).unwrap() > 0, "{args:?} ended:\n{all}");
        if let Some(url) = line.split_whitespace().find(|w| w.starts_with("http")).filter(|_| line.contains(word)) {
            let url = url.to_owned();
            std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
            return (running, url);
        }
        all += &line;
    }
}

fn port(url: &str) -> String {
    url.rsplit(':').next().unwrap().to_owned()
}

/// The zone's health under its own authority: 200 only while the platform's lease lives.
async fn health(authority: &Authority, url: &str) -> Option<u16> {
    let client = authority.client();
    Some(client.get(format!("{url}/healthz")).send().await.ok()?.status().as_u16())
}

async fn becomes_healthy(authority: &Authority, url: &str, within: Duration) -> bool {
    let end = Instant::now() + within;
    while Instant::now() < end {
        if health(authority, url).await == Some(200) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

/// Made on one machine, enrolled on another, admitted by the root: three folders, files carried by hand.
struct Sites {
    dir: tempfile::TempDir,
    authority: Authority,
}

impl Sites {
    fn path(&self, name: &str) -> String {
        arg(&self.dir.path().join(name)).to_owned()
    }

    fn new() -> Self {
        let sites = Self { dir: tempfile::tempdir().unwrap(), authority: Authority::new() };
        std::fs::write(sites.path("ca.pem"), sites.authority.pem()).unwrap();
        std::fs::write(sites.path("other.pem"), Authority::new().pem()).unwrap();
        sites.authority.issue(&sites.dir.path().join("platform/platform/tls"), 2100);
        sites.authority.issue(&sites.dir.path().join("zone/zone/tls"), 2100);
        sites
    }

    /// `admin init`, `zone enrol`, `admin admit-zone`, with everything on the way that must be refused.
    fn enrol(&self) {
        let (platform, zone) = (self.path("platform"), self.path("zone"));
        let init = ["admin", "init", "--data", &platform, "--city", "wuxi", "--without-zone", "--json"];
        let made = json(&init, 0);
        assert!(
            !self.dir.path().join("platform/zone").exists(),
            "no key of the zone is made on the platform's machine"
        );
        let (trust, pass) = (made["trust"].as_str().unwrap(), made["root_passphrase"].as_str().unwrap());
        let enrol = ["zone", "enrol", "--data", &zone, "--trust", trust, "--json"];
        let asked = json(&enrol, 0);
        json(&enrol, 2);
        let request = asked["request"].as_str().unwrap().to_owned();
        let bytes = std::fs::read_to_string(&request).unwrap();
        let forged = self.path("forged.json");
        std::fs::write(&forged, bytes.replacen("\"zone\":\"sm2:", "\"zone\":\"sm2:B", 1)).unwrap();
        let admit = |request: &str, pass: &str| {
            let args = ["admin", "admit-zone", "--data", &platform, "--request", request, "--json"];
            let out = command(&args).env("YUNYU_ROOT_PASSPHRASE", pass).stdout(Stdio::piped()).output().unwrap();
            (out.status.code(), String::from_utf8(out.stdout).unwrap())
        };
        assert_eq!(admit(&forged, pass).0, Some(2), "a changed request");
        assert_eq!(admit(&request, "wrong").0, Some(2), "a wrong passphrase");
        let (code, told) = admit(&request, pass);
        assert_eq!(code, Some(0), "{told}");
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((&told["number"], &told["request"]), (&Value::from(2), &asked["digest"]));
        assert_eq!(admit(&request, pass).0, Some(2), "one zone per deployment");
        let other = self.path("other-trust.json");
        std::fs::write(&other, std::fs::read_to_string(trust).unwrap().replace("\"real\"", "\"simulated\"")).unwrap();
        json(&["zone", "enrol", "--data", &self.path("z2"), "--trust", &other, "--json"], 2);
        let (nowhere, loopback) = (self.path("nowhere"), "127.0.0.1:0");
        let bare = self.path("bare");
        json(&["zone", "enrol", "--data", &bare, "--trust", trust, "--json"], 0);
        let wrong: [&[&str]; 5] = [
            &["--data", &zone, "--listen", loopback, "--platform", "http://10.0.0.1:8600"],
            &["--data", &bare, "--listen", "0.0.0.0:0"],
            &["--data", &zone, "--listen", loopback, "--trust", &other],
            &["--data", &zone, "--listen", loopback, "--ca", &nowhere],
            &["--data", &nowhere],
        ];
        for args in wrong {
            let out = run(&[&["zone"], args].concat());
            let said = String::from_utf8_lossy(&out.stderr).into_owned();
            assert_eq!(out.status.code(), Some(2), "{args:?}: {said}");
        }
    }

    fn serve(&self, listen: &str) -> (Running, String) {
        let args = [
            "serve",
            "--data",
            &self.path("platform"),
            "--listen",
            listen,
            "--without-zone",
            "--tls",
            "--zone-url",
            "https://zone.example:8601",
        ];
        start(&args, "platform")
    }

    fn zone(&self, platform: &str, ca: &str) -> (Running, String) {
        let args = [
            "zone",
            "--data",
            &self.path("zone"),
            "--platform",
            platform,
            "--trust",
            &self.path("platform/trust.json"),
            "--listen",
            "127.0.0.1:0",
            "--ca",
            ca,
            "--tls",
        ];
        start(&args, "zone")
    }
}

/// The real clock, two commands, two folders: the zone takes key lists and leases over TLS, and only from a platform
/// whose certificate leads back to the authority it was given.
#[tokio::test(flavor = "multi_thread")]
async fn a_zone_of_another_machine_is_enrolled_and_linked() {
    let sites = Sites::new();
    sites.enrol();
    let platform_data = sites.path("platform");
    assert_eq!(run(&["serve", "--data", &platform_data, "--listen", "127.0.0.1:0"]).status.code(), Some(2), "no zone");
    let (platform, url) = sites.serve("127.0.0.1:0");
    assert!(url.starts_with("https://"), "{url}");
    let again = format!("127.0.0.1:{}", port(&url));

    let (zone, endpoint) = sites.zone(&url, &sites.path("other.pem"));
    let soon = Duration::from_secs(4);
    assert!(!becomes_healthy(&sites.authority, &endpoint, soon).await, "another authority's certificate was believed");
    assert_eq!(health(&sites.authority, &endpoint).await, Some(503));
    drop(zone);
    let (zone, endpoint) = sites.zone(&url, &sites.path("ca.pem"));
    assert!(becomes_healthy(&sites.authority, &endpoint, Duration::from_secs(20)).await, "the link does not come up");
    let plain = endpoint.replace("https", "http");
    assert_eq!(health(&sites.authority, &plain).await, None, "plain HTTP on a TLS endpoint");
    assert!(becomes_copied(&sites).await, "the platform has no copy of the zone's log");
    drop(zone);
    drop(platform);
    logs_hold(&sites.dir.path().join("platform"));

    sites.authority.issue(&sites.dir.path().join("platform/platform/tls"), 2021);
    let (_platform, url) = sites.serve(&again);
    let (_zone, endpoint) = sites.zone(&url, &sites.path("ca.pem"));
    assert!(!becomes_healthy(&sites.authority, &endpoint, soon).await, "an expired certificate was believed");
    // Who connects and says nothing is not kept.
    for mut stream in [&url, &endpoint].map(|u| TcpStream::connect(format!("127.0.0.1:{}", port(u))).unwrap()) {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let cut = stream.read(&mut [0]);
        assert!(matches!(&cut, Ok(0)) || cut.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset));
    }
}

/// The zone's leaves arrive in the platform's folder.
async fn becomes_copied(sites: &Sites) -> bool {
    let (own, copy) = (sites.dir.path().join("zone/log/zone"), sites.dir.path().join("platform/log/zone"));
    let leaves = |dir: &Path| {
        let text = std::fs::read_to_string(dir.join("checkpoint")).unwrap_or_default();
        text.lines().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or_default()
    };
    for _ in 0..100 {
        if leaves(&own) > 0 && leaves(&own) == leaves(&copy) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

/// The whole main job with the zone in a folder of its own and TLS between all three parties.
#[test]
fn the_main_job_on_two_folders_over_tls() {
    let sites = Sites::new();
    let args = [
        "story",
        "--city",
        "wuxi",
        "--rows",
        "4000",
        "--ending",
        "--json",
        "--data",
        &sites.path("platform"),
        "--zone-data",
        &sites.path("zone"),
        "--tls",
        "--ca",
        &sites.path("ca.pem"),
    ];
    let made = json(&args, 0);
    let platform = sites.dir.path().join("platform");
    logs_hold(&platform);
    assert!(!platform.join("zone").exists(), "nothing of the zone lies on the platform's machine");
    assert!(sites.dir.path().join("zone/zone/objects/res").is_dir());
    assert_eq!(
        std::fs::read(sites.path("zone/zone/trust.json")).unwrap(),
        std::fs::read(sites.path("platform/trust.json")).unwrap()
    );
    let (evidence, trust) = (made["evidence"].as_str().unwrap(), made["trust"].as_str().unwrap());
    let report = json(&["evidence", "verify", evidence, "--trust", trust, "--json"], 0);
    assert_eq!((&report["valid"], &report["trusted"]), (&Value::Bool(true), &Value::Bool(true)), "{report}");
    let without = args[..args.len() - 5].to_vec();
    json(&without, 2);
    // A simulated deployment stays on loopback, TLS or not.
    for off in ["--listen", "--zone-listen"] {
        let out =
            run(&["serve", "--data", arg(&platform), off, "0.0.0.0:0", "--without-zone", "--zone-url", "https://z"]);
        assert_eq!(out.status.code(), Some(2), "{off}");
    }
}
