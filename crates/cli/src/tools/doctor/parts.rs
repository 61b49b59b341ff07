//! Whether the parts that a folder cannot do without are there: its database, the platform's keys, the keys in a device.

use super::{Check, State};
use crate::init::{PEOPLE_KEY, PLATFORM_KEY, PLATFORM_LOG_KEY};
use crate::keyplace;
use crate::layout::Layout;
use crate::serve::supervisor::DATABASE_VAR;
use crate::wiring::{self, CliError};
use app::deployment::Deployment;
use hsm::KeyPlace;

/// All of them.
pub fn checks(layout: &Layout, deployment: &Deployment) -> Vec<Check> {
    let platform = layout.platform_keys().is_dir().then(|| [database(layout), platform_keys(layout)]);
    platform.into_iter().flatten().chain(device(layout, deployment)).collect()
}

/// Where the database is, and whether that one is there. What stands in it is judged when the platform starts.
fn database(layout: &Layout) -> Check {
    match wiring::database_url(layout) {
        Err(CliError::Usage { zh, en, .. }) => Check::new("database", State::Fail, zh, en),
        Err(e) => Check::new(
            "database",
            State::Fail,
            format!("数据库无法确定：{e}。"),
            format!("It is not known which database: {e}."),
        ),
        Ok(url) if url != layout.database_url() => Check::new(
            "database",
            State::Ok,
            format!("数据库由 {DATABASE_VAR} 指明，内容在平台启动时核对。"),
            format!("The database is named by {DATABASE_VAR}; what stands in it is checked when the platform starts."),
        ),
        Ok(_) => {
            let file = layout.platform().join("platform.db");
            let plain = std::fs::symlink_metadata(&file).is_ok_and(|found| found.is_file());
            if plain {
                return Check::new(
                    "database",
                    State::Ok,
                    "SQLite 数据库在目录中。",
                    "The SQLite database is in the folder.",
                );
            }
            if file.symlink_metadata().is_ok() {
                let at = file.display();
                return Check::new(
                    "database",
                    State::Fail,
                    format!("{at} 不是普通文件。"),
                    format!("{at} is no plain file."),
                );
            }
            Check::new(
                "database",
                State::Ok,
                "还没有数据库：尚未启动过。",
                "There is no database yet: it was never started.",
            )
        }
    }
}

fn platform_keys(layout: &Layout) -> Check {
    let keys = layout.platform_keys();
    let mut bad: Vec<String> = [PLATFORM_KEY, PLATFORM_LOG_KEY]
        .iter()
        .filter(|name| wiring::service_key(&keys, name).is_err())
        .map(|name| keys.join(name).display().to_string())
        .collect();
    let people = keys.join(PEOPLE_KEY);
    bad.extend(wiring::secret(&people).is_err().then(|| people.display().to_string()));
    if bad.is_empty() {
        return Check::new("platform_keys", State::Ok, "平台的密钥打得开。", "The platform's keys open.");
    }
    let bad = bad.join(", ");
    Check::new(
        "platform_keys",
        State::Fail,
        format!("平台的密钥缺失或打不开：{bad}。请从备份恢复整个目录（admin restore）。"),
        format!(
            "Keys of the platform are missing or do not open: {bad}. Restore the whole folder from a backup (admin restore)."
        ),
    )
}

/// Every key of the ring must lie in its device: with one that is missing the zone does not start.
fn device(layout: &Layout, deployment: &Deployment) -> Option<Check> {
    if !layout.ring().is_dir() || keyplace::kept(layout).is_ok_and(|place| place == KeyPlace::File) {
        return None;
    }
    Some(match keyplace::absent(layout, deployment.suite) {
        Ok(gone) if gone.is_empty() => {
            Check::new("device_keys", State::Ok, "密钥环的密钥都在设备中。", "All keys of the ring are in the device.")
        }
        Ok(gone) => {
            let known = crypto::inventory(&layout.ring()).unwrap_or_default();
            let named = |name: &String| {
                let id = name.split('.').next().unwrap_or_default();
                let key = known.iter().find(|k| k.id.as_str() == id);
                key.map_or_else(|| name.clone(), |k| format!("{name} ({} {})", k.purpose, k.scope))
            };
            let gone = gone.iter().map(named).collect::<Vec<_>>().join(", ");
            Check::new(
                "device_keys",
                State::Fail,
                format!("设备中没有这些密钥：{gone}。可能是另一台设备，或其用户已登出；运营域此时不会启动。"),
                format!(
                    "The device does not hold these keys: {gone}. It may be another device, or its user is logged out; the zone does not start with it."
                ),
            )
        }
        Err(CliError::Usage { zh, en, .. }) => Check::new("device_keys", State::Fail, zh, en),
        Err(e) => Check::new(
            "device_keys",
            State::Fail,
            format!("密钥设备不可用：{e}。"),
            format!("The device cannot be used: {e}."),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// The attack, or the accident: the database is away, is a link, or a key file is gone.
    #[test]
    fn what_is_missing_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(&dir.path().join("data")).unwrap();
        fs::create_dir_all(layout.platform_keys()).unwrap();
        assert_eq!(database(&layout).state, State::Ok, "never started");
        fs::write(layout.platform().join("log-signer.json"), b"{}").unwrap();
        assert_eq!(database(&layout).state, State::Fail, "it worked, and its database is away");
        let file = layout.platform().join("platform.db");
        std::os::unix::fs::symlink("/etc/hostname", &file).unwrap();
        assert_eq!(database(&layout).state, State::Fail, "a link");
        fs::remove_file(&file).unwrap();
        fs::write(&file, b"").unwrap();
        assert_eq!(database(&layout).state, State::Ok);
        let told = platform_keys(&layout);
        assert!(told.state == State::Fail && told.en.contains("platform-log.key.json"), "{told:?}");
    }
}
