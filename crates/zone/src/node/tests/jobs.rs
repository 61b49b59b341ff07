//! Jobs as processes: stopped at once, stopped by limits, run again after a crash.

use super::live::{Node, Platform};
use super::world::World;
use crate::node::child::JobOutput;
use crate::node::core::Core;
use crate::node::effects::take_order;
use crate::node::endpoint::batch::Progress;
use crate::node::outcome;
use crate::node::state::{Bound, Phase};
use crate::node::{job_main, jobs, sealed};
use model::order::{Effect, ReportOutcome};
use model::ticket::TicketPurpose;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CSV: &str = "citizen_id,district,secret\n1,A,x\n2,B,x\n";

async fn with_job(script: &str, wall: Duration) -> (Arc<Platform>, Node) {
    let platform = Platform::start(Arc::new(World::new())).await;
    let w = platform.world.clone();
    platform.give(w.order(1, "case_1", w.resource()));
    platform.give(w.order(2, "case_2", w.grant()));
    let node = start(&platform, script, wall).await;
    let purpose = TicketPurpose::Upload { resource: "res_1".into(), batch: "bat_1".into() };
    assert_eq!(node.call("provider", purpose, "PUT", "/data/v1/batches/bat_1", CSV.into()).await.0, 200);
    platform.give(w.order(3, "case_3", w.job("job_1")));
    (platform, node)
}

async fn start(platform: &Arc<Platform>, script: &str, wall: Duration) -> Node {
    let command = ["/bin/sh", "-c", script].map(Into::into).to_vec();
    Node::start(platform, |cfg| {
        cfg.job_command = command;
        cfg.limits.job_wall = wall;
    })
    .await
}

/// A job that says that it runs, with its process id, and then hangs.
fn hanging(mark: &std::path::Path) -> String {
    format!("read -r line; echo $$ > {}; while :; do :; done", mark.display())
}

async fn running(mark: &std::path::Path) -> String {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        match std::fs::read_to_string(mark) {
            Ok(pid) if pid.ends_with('\n') => return pid.trim().to_owned(),
            _ => assert!(Instant::now() < end, "the job does not start"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn alive(pid: &str) -> bool {
    std::path::Path::new("/proc").join(pid).join("exe").read_link().is_ok()
}

async fn gone(pid: &str, within: Duration) {
    let end = Instant::now() + within;
    while alive(pid) {
        assert!(Instant::now() < end, "the process lives on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_kills_a_running_job_at_once() {
    let marks = tempfile::tempdir().unwrap();
    let mark = marks.path().join("mark");
    let (platform, node) = with_job(&hanging(&mark), Duration::from_secs(60)).await;
    let pid = running(&mark).await;
    platform.give(platform.world.order(4, "case_4", Effect::Suspend(platform.world.stop())));
    gone(&pid, Duration::from_secs(3)).await;
    let report = platform.wait(|o| matches!(o, ReportOutcome::JobFailed { .. })).await;
    let ReportOutcome::JobFailed { refusal, .. } = report.outcome else { panic!() };
    assert_eq!((refusal.code.as_str(), refusal.article.as_str()), ("authorisation-suspended", "10.1"));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_without_the_authorisation_stops_a_job_that_then_runs_again() {
    let marks = tempfile::tempdir().unwrap();
    let mark = marks.path().join("mark");
    let (platform, node) = with_job(&hanging(&mark), Duration::from_secs(60)).await;
    let pid = running(&mark).await;
    platform.say(|s| s.authorisations.clear());
    gone(&pid, Duration::from_secs(3)).await;
    std::fs::remove_file(&mark).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!mark.exists(), "it does not run while not in force");
    platform.say(|s| s.authorisations = vec!["auth_1".into()]);
    assert_ne!(running(&mark).await, pid);
    assert!(!platform.reports().iter().any(|r| matches!(r.outcome, ReportOutcome::JobFailed { .. })));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_beyond_its_time_is_killed_and_reported() {
    let marks = tempfile::tempdir().unwrap();
    let mark = marks.path().join("mark");
    let (platform, node) = with_job(&hanging(&mark), Duration::from_millis(700)).await;
    let pid = running(&mark).await;
    gone(&pid, Duration::from_secs(5)).await;
    let report = platform.wait(|o| matches!(o, ReportOutcome::JobFailed { .. })).await;
    let ReportOutcome::JobFailed { refusal, .. } = report.outcome else { panic!() };
    assert_eq!(refusal.code, "job-died");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_running_when_the_node_died_runs_again_and_ends_once() {
    let marks = tempfile::tempdir().unwrap();
    let mark = marks.path().join("mark");
    let (platform, node) = with_job(&hanging(&mark), Duration::from_secs(60)).await;
    let pid = running(&mark).await;
    node.kill().await;
    gone(&pid, Duration::from_secs(5)).await;
    let refusal = r#"{"outcome":"refused","refusal":{"code":"c","rule":"N1","article":"","zh":"z","en":"e"}}"#;
    let node = start(&platform, &format!("read -r line; echo '{refusal}'"), Duration::from_secs(60)).await;
    platform.wait(|o| matches!(o, ReportOutcome::JobFailed { refusal, .. } if refusal.rule == "N1")).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ends = platform.reports().iter().filter(|r| matches!(r.outcome, ReportOutcome::JobFailed { .. })).count();
    assert_eq!(ends, 1);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_stands_in_arguments_or_environment() {
    let marks = tempfile::tempdir().unwrap();
    let mark = marks.path().join("mark");
    let (_platform, node) = with_job(&hanging(&mark), Duration::from_secs(60)).await;
    let pid = running(&mark).await;
    let read = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).unwrap();
    assert!(!String::from_utf8_lossy(&read("cmdline")).contains("SELECT"));
    let environment = String::from_utf8_lossy(&read("environ")).into_owned();
    assert!(!environment.contains("HOME=") && !environment.contains("PATH="), "{environment}");
    node.stop().await;
}

/// One line, and then nothing until the process ends, as a parent's pipe.
struct Pipe(std::io::Cursor<Vec<u8>>);

impl std::io::Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = std::io::Read::read(&mut self.0, out)?;
        if n == 0 {
            std::thread::sleep(Duration::from_secs(600));
        }
        Ok(n)
    }
}

/// Stores a batch of so many people per district, and orders a job over it.
pub(super) fn with_records(w: &World, districts: &[(&str, u64)]) -> Core {
    let core = w.enrolled();
    for (n, (case, effect)) in (1..).zip([("case_1", w.resource()), ("case_2", w.grant()), ("case_3", w.job("job_1"))])
    {
        take_order(&core, &w.order(n, case, effect)).unwrap();
    }
    let mut csv = String::from("citizen_id,district,secret\n");
    for (n, (district, people)) in districts.iter().enumerate() {
        for person in 0..*people {
            csv.push_str(&format!("{},{district},planted\n", n as u64 * 1000 + person));
        }
    }
    let Effect::Resource(spec) = w.resource() else { panic!() };
    let stored = sealed::store_batch(&core, &spec, &"bat_1".into(), csv.as_bytes(), &Progress::default()).unwrap();
    let bound = Bound { order: "wo_1".into(), case: "case_1".into(), head: w.digest("head") };
    core.commit(|d| outcome::batch_stored(d, &bound, (None, "org_provider".into()), stored)).unwrap();
    core
}

pub(super) fn run_job(core: &Core) -> JobOutput {
    let id = "job_1".into();
    let plan = core.read(|s| jobs::prepare(s, &id)).unwrap();
    let mut line = serde_json::to_vec(&jobs::input(core, &id, &plan).unwrap()).unwrap();
    line.push(b'\n');
    let mut out = Vec::new();
    assert_eq!(job_main(Pipe(std::io::Cursor::new(line)), &mut out), 0);
    serde_json::from_slice(last_line(&out)).unwrap()
}

#[test]
fn a_job_runs_over_sealed_records_and_its_result_is_released() {
    for suite in [crypto::Suite::Gm, crypto::Suite::Intl] {
        let w = World::with(suite);
        let core = with_records(&w, &[("A", 25), ("B", 12), ("C", 3)]);
        let output = run_job(&core);
        let JobOutput::Done { report, rows, .. } = &output else {
            panic!("{}", serde_json::to_string(&output).unwrap())
        };
        assert_eq!(*rows, 2, "the small group is not there");
        let spec = model::order::ReleaseSpec {
            job: "job_1".into(),
            product: "prod_1".into(),
            artefact: model::Digest(report.artefact.clone()),
            gate_report: model::Digest(report.digest(suite).unwrap().to_string()),
            author: "per_engineer".into(),
            author_org: "org_operator".into(),
            scenario: "scn_1".into(),
        };
        let verdict = report.verdict.name();
        assert_ne!(verdict, "block", "{}", serde_json::to_string(report).unwrap());
        jobs::finish(&core, &"job_1".into(), &"auth_1".into(), output).unwrap();
        assert!(core.read(|s| matches!(s.jobs[&"job_1".into()].phase, Phase::Done(_))));
        take_order(&core, &w.order(4, "case_4", Effect::Release(spec))).unwrap();
        let release = core.read(|s| s.releases[&"prod_1".into()].clone());
        let (rows, object) = sealed::release_product(&core, &release).unwrap();
        assert_eq!(rows, 2);
        core.commit(|d| outcome::released(d, &release, rows, object)).unwrap();
        let release = core.read(|s| s.releases[&"prod_1".into()].clone());
        let csv = crate::node::render::csv(&sealed::open_product(&core, &release).unwrap()).unwrap();
        let mut lines: Vec<&str> = std::str::from_utf8(&csv).unwrap().lines().skip(1).collect();
        lines.sort_unstable();
        assert_eq!(lines, ["A,25", "B,12"]);
    }
}

#[test]
fn a_job_that_asks_for_what_was_not_granted_is_refused() {
    let w = World::new();
    let core = with_records(&w, &[("A", 25)]);
    let id = "job_1".into();
    let plan = core.read(|s| jobs::prepare(s, &id)).unwrap();
    let mut input = jobs::input(&core, &id, &plan).unwrap();
    input.tables[0].fields = vec!["citizen_id".into()];
    let mut line = serde_json::to_vec(&input).unwrap();
    line.push(b'\n');
    let mut out = Vec::new();
    assert_eq!(job_main(Pipe(std::io::Cursor::new(line)), &mut out), 0);
    assert!(matches!(serde_json::from_slice(last_line(&out)).unwrap(), JobOutput::Refused { .. }));
}

#[test]
fn a_batch_moved_to_another_place_does_not_open() {
    let w = World::new();
    let core = with_records(&w, &[("A", 25)]);
    let root = sealed::objects(&core).join("res/res_1");
    std::fs::rename(root.join("bat_1"), root.join("bat_2")).unwrap();
    let id = "job_1".into();
    let plan = core.read(|s| jobs::prepare(s, &id)).unwrap();
    assert!(jobs::input(&core, &id, &plan).is_err());
    std::fs::rename(root.join("bat_2"), root.join("bat_1")).unwrap();
    let path = root.join("bat_1/rows.parquet");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(run_job(&core), JobOutput::Refused { .. }));
}

/// The answer: what stands before it are stages.
fn last_line(out: &[u8]) -> &[u8] {
    out.trim_ascii_end().rsplit(|b| *b == b'\n').next().unwrap()
}
