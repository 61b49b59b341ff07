//! A small deployment to test on: keys, a key list, both logs.

use audit::{ClockKind, Leaf, LogConfig, LogName, Outcome, PackRef, TileLog, Trust, leaf_hash, publish_key_list};
use crypto::{SigningKey, Suite};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub const DEPLOYMENT: &str = "city-1";

pub fn key(suite: Suite, n: u8) -> SigningKey {
    SigningKey::from_secret(suite, &[n; 32]).unwrap()
}

/// Keys of a deployment and the folder its logs lie in.
pub struct World {
    pub dir: tempfile::TempDir,
    pub suite: Suite,
    pub root: SigningKey,
    pub platform: SigningKey,
    pub zone: SigningKey,
    pub platform_log: SigningKey,
    pub zone_log: SigningKey,
    pub heads: BTreeMap<(LogName, String), (u64, String)>,
}

impl World {
    pub fn new(suite: Suite) -> Self {
        let k = |n| key(suite, n);
        let world = Self {
            dir: tempfile::tempdir().unwrap(),
            suite,
            root: k(1),
            platform: k(2),
            zone: k(3),
            platform_log: k(4),
            zone_log: k(5),
            heads: BTreeMap::new(),
        };
        std::fs::create_dir_all(world.logs()).unwrap();
        let facts = json!({"deployment": DEPLOYMENT, "root": world.root.public().to_string(), "v": 1});
        std::fs::write(world.logs().join("deployment.json"), crypto::canonical(&facts).unwrap()).unwrap();
        world
    }

    pub fn logs(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    pub fn trust(&self) -> Trust {
        Trust {
            v: 1,
            deployment: DEPLOYMENT.into(),
            city: "city".into(),
            suite: self.suite,
            clock: ClockKind::Simulated,
            root: self.root.public(),
            pack: PackRef { name: "city".into(), version: "1".into(), digest: self.suite.hash(b"pack") },
            created_at: 0,
            witnesses: None,
        }
    }

    pub fn entry(&self, key: &SigningKey, holder: &Value) -> Value {
        json!({"key": key.key_id(), "public": key.public().to_string(), "holder": holder, "valid_from": 0, "revoked_at": null})
    }

    pub fn services(&self) -> Vec<Value> {
        let kinds = [
            (&self.platform, "platform"),
            (&self.zone, "zone"),
            (&self.platform_log, "platform_log"),
            (&self.zone_log, "zone_log"),
        ];
        kinds.into_iter().map(|(k, kind)| self.entry(k, &json!({"kind": kind}))).collect()
    }

    pub fn key_list(&self, number: u64, entries: &[Value]) -> Value {
        let body = json!({"v": 1, "deployment": DEPLOYMENT, "number": number, "clock": "simulated",
            "issued_at": number, "entries": entries});
        signed(&self.root, "key-list", body)
    }

    pub fn publish(&self, number: u64, entries: &[Value]) {
        publish_key_list(&self.logs(), &self.root.public(), &self.key_list(number, entries)).unwrap();
    }

    pub fn config(&self, log: LogName) -> LogConfig {
        let state = self.dir.path().join(format!("{log}-state/signer.json"));
        LogConfig::new(DEPLOYMENT, log, self.suite, ClockKind::Simulated, &state)
    }

    pub fn open(&self, log: LogName) -> TileLog {
        TileLog::open(&self.logs().join(log.as_str()), self.config(log)).unwrap()
    }

    /// The next leaf of a case, encoded; the chain moves on.
    pub fn leaf(&mut self, log: LogName, case: Option<&str>, kind: &str, refs: &[(&str, &str)]) -> Vec<u8> {
        self.leaf_about(log, case, kind, refs, (None, 1_000))
    }

    /// The next leaf of a case with its object's digest and its time.
    pub fn leaf_about(
        &mut self,
        log: LogName,
        case: Option<&str>,
        kind: &str,
        refs: &[(&str, &str)],
        (object, at): (Option<String>, i64),
    ) -> Vec<u8> {
        let last = case.and_then(|c| self.heads.get(&(log, c.to_owned())).cloned());
        let leaf = Leaf {
            v: 1,
            log,
            at,
            kind: kind.into(),
            case: case.map(Into::into),
            case_seq: case.map(|_| last.as_ref().map_or(1, |(n, _)| n + 1)),
            prev: last.map(|(_, h)| h),
            actor: Some("person-1".into()),
            org: Some("org-1".into()),
            outcome: Outcome::Done,
            rule: None,
            article: Some("12.1".into()),
            object,
            refs: refs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        let bytes = leaf.encode().unwrap();
        if let Some(case) = case {
            let hash = leaf_hash(self.suite.hash_alg(), &bytes).to_string();
            self.heads.insert((log, case.to_owned()), (leaf.case_seq.unwrap(), hash));
        }
        bytes
    }

    /// `n` leaves over three cases and none.
    pub fn leaves(&mut self, log: LogName, n: usize) -> Vec<Vec<u8>> {
        let cases = [None, Some("case-a"), Some("case-b"), Some("case-c")];
        (0..n).map(|i| self.leaf(log, cases[i * 7 % 4], "step_done", &[])).collect()
    }
}

/// A signed statement as JSON.
pub fn signed(key: &SigningKey, type_name: &str, body: Value) -> Value {
    let signature = key.sign(type_name, &body).unwrap();
    json!({"body": body, "key": key.key_id(), "signature": signature})
}

/// Every file below a folder with its bytes.
pub fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut out = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                out.insert(path.strip_prefix(root).unwrap().to_path_buf(), std::fs::read(&path).unwrap());
            }
        }
    }
    out
}

pub fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let target = to.join(path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, bytes).unwrap();
    }
}
