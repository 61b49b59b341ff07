//! Jobs as processes: stopped at once, stopped by limits, run again after a crash.

use super::live::{Node, Platform};
use super::world::World;
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
