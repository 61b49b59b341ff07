//! The main job on PostgreSQL, in a cluster that lives as long as the test.

use crate::cluster::Cluster;
use crate::program::{logs_hold, yunyu};
use serde_json::Value;
use std::process::{Command, Stdio};

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
