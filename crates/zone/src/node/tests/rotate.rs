//! Keys are rotated: everything opens afterwards, nothing opens with the old material, and a kill at any step loses
//! nothing.

use super::world::World;
use crate::node::core::Core;
use crate::node::effects::take_order;
use crate::node::endpoint::batch::Progress;
use crate::node::error::NodeError;
use crate::node::outcome;
use crate::node::record::Record;
use crate::node::rotate::{rotate, rotate_keys};
use crate::node::sealed::{self, AUTHORISATION_KEY, RESOURCE_KEY, SUBJECT_KEY};
use crate::node::state::Bound;
use crate::seal::{SealedFile, context, write_sealed};
use crypto::{
    CryptoError, DataKey, Keeping, KeyId, KeyInfo, KeyProvider, Suite, WrappedKey, Zeroizing, open_file, open_header,
};
use model::order::Effect;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub(super) const OBJECTS: [&str; 3] =
    ["auth/auth_1/jobs/job_1.report", "auth/auth_1/products/prod_1.table", "res/res_1/bat_1/rows.parquet"];

/// A resource with a batch, and two objects of an authorisation.
pub(super) fn filled(w: &World) -> Core {
    let core = w.enrolled();
    take_order(&core, &w.order(1, "case_1", w.resource())).unwrap();
    let Effect::Resource(spec) = w.resource() else { panic!() };
    let csv = "citizen_id,district,secret\n1,A,x\n2,B,x\n3,B,bad,row\n";
    let stored = sealed::store_batch(&core, &spec, &"bat_1".into(), csv.as_bytes(), &Progress::default()).unwrap();
    let bound = Bound { order: "wo_1".into(), case: "case_1".into(), head: w.digest("head") };
    core.commit(|d| outcome::batch_stored(d, &bound, (None, "org_provider".into()), stored)).unwrap();
    let key = core.key(AUTHORISATION_KEY, "auth_1").unwrap();
    let root = sealed::objects(&core);
    for object in &OBJECTS[..2] {
        let provider = &*core.cfg.keys;
        let deployment = &core.cfg.trust.deployment;
        let place = SealedFile { root: &root, object, deployment, scope: "auth_1", provider };
        write_sealed(place, &key, |out| Ok(out.write_all(object.as_bytes())?)).unwrap();
    }
    core
}

pub(super) fn read(core: &Core, object: &str) -> Result<Vec<u8>, CryptoError> {
    let scope = if object.starts_with("res/") { "res_1" } else { "auth_1" };
    let context = context(&core.cfg.trust.deployment, scope, object);
    let file = fs::File::open(sealed::objects(core).join(object)).unwrap();
    let mut out = Vec::new();
    open_file(file, &*core.cfg.keys, &context)?.into_stream().read_to_end(&mut out).unwrap();
    Ok(out)
}

fn contents(core: &Core) -> Vec<Vec<u8>> {
    OBJECTS.iter().map(|o| read(core, o).unwrap()).collect()
}

fn info(core: &Core, purpose: &str) -> KeyInfo {
    core.cfg.keys.list().into_iter().find(|k| k.purpose == purpose).unwrap()
}

fn rotated_leaves(w: &World) -> usize {
    let text = fs::read(w.dir.path().join("zone/journal")).unwrap();
    let needle = b"\"kind\":\"rotate_key\"";
    text.windows(needle.len()).filter(|x| x == needle).count()
}

async fn rotated(w: &World, keys: Arc<dyn KeyProvider>) -> Result<(u64, u64), NodeError> {
    let mut cfg = w.config("http://127.0.0.1:1");
    cfg.keys = keys;
    rotate_keys(cfg).await.map(|r| (r.keys, r.objects))
}

#[tokio::test]
async fn every_object_is_wrapped_anew_and_the_old_material_opens_nothing() {
    for suite in [Suite::Gm, Suite::Intl] {
        let w = World::with(suite);
        let core = filled(&w);
        let before = contents(&core);
        let token = core.cfg.keys.mac_key(&info(&core, SUBJECT_KEY).id, "x").unwrap();
        let old: Vec<Vec<u8>> = OBJECTS.iter().map(|o| fs::read(sealed::objects(&core).join(o)).unwrap()).collect();
        let held = w.config("http://127.0.0.1:1");
        assert!(matches!(rotate_keys(held).await, Err(NodeError::Locked)), "a running node is not rotated");
        drop(core);
        let keys = w.config("http://127.0.0.1:1").keys;
        // Records, rows set aside, and two objects of the authorisation.
        assert_eq!(rotated(&w, keys).await.unwrap(), (2, 4));
        let core = w.core();
        assert_eq!(contents(&core), before);
        assert_eq!(core.cfg.keys.mac_key(&info(&core, SUBJECT_KEY).id, "x").unwrap(), token, "tokens stay");
        for (purpose, version) in [(RESOURCE_KEY, 2), (AUTHORISATION_KEY, 2), (SUBJECT_KEY, 1)] {
            let info = info(&core, purpose);
            assert_eq!((info.version, info.rotating), (version, false), "{purpose}");
        }
        for (object, old) in OBJECTS.iter().zip(old) {
            let path = sealed::objects(&core).join(object);
            let new = fs::read(&path).unwrap();
            let len = open_header(&new).unwrap().len();
            assert!(new[len..] == old[len..] && new[..len] != old[..len], "only the header changes");
            fs::write(&path, old).unwrap();
            assert!(matches!(read(&core, object), Err(CryptoError::DoesNotOpen)), "a copy from before");
        }
        assert_eq!(rotated_leaves(&w), 2);
        drop(core);
        w.verify_log();
    }
}

/// A provider that stops at its n-th step of a rotation, as a killed process does.
struct Failing {
    inner: Arc<dyn KeyProvider>,
    left: AtomicI64,
}

impl Failing {
    fn step(&self) -> Result<(), CryptoError> {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left > 0 { Ok(()) } else { Err(CryptoError::Device("stopped".into())) }
    }
}

impl KeyProvider for Failing {
    fn suite(&self) -> Suite {
        self.inner.suite()
    }
    fn keeping(&self) -> Keeping {
        self.inner.keeping()
    }
    fn create_at(&self, purpose: &str, scope: &str, at: Option<i64>) -> Result<KeyId, CryptoError> {
        self.inner.create_at(purpose, scope, at)
    }
    fn data_key(&self, id: &KeyId) -> Result<(DataKey, WrappedKey), CryptoError> {
        self.inner.data_key(id)
    }
    fn unwrap(&self, id: &KeyId, wrapped: &WrappedKey) -> Result<DataKey, CryptoError> {
        self.inner.unwrap(id, wrapped)
    }
    fn mac_key(&self, id: &KeyId, label: &str) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        self.inner.mac_key(id, label)
    }
    fn destroy_at(&self, id: &KeyId, at: Option<i64>) -> Result<(), CryptoError> {
        self.inner.destroy_at(id, at)
    }
    fn bury_at(&self, id: &KeyId, purpose: &str, scope: &str, at: Option<i64>) -> Result<(), CryptoError> {
        self.inner.bury_at(id, purpose, scope, at)
    }
    fn list(&self) -> Vec<KeyInfo> {
        self.inner.list()
    }
    fn remaining(&self, id: &KeyId) -> Result<u64, CryptoError> {
        self.inner.remaining(id)
    }
    fn begin_rotation(&self, id: &KeyId, at: Option<i64>) -> Result<u32, CryptoError> {
        self.step()?;
        let version = self.inner.begin_rotation(id, at)?;
        self.step().map(|()| version)
    }
    fn rewrap(&self, id: &KeyId, wrapped: &WrappedKey) -> Result<Option<WrappedKey>, CryptoError> {
        self.step()?;
        self.inner.rewrap(id, wrapped)
    }
    fn end_rotation(&self, id: &KeyId, at: Option<i64>) -> Result<(), CryptoError> {
        self.step()?;
        self.inner.end_rotation(id, at)?;
        self.step()
    }
}

#[tokio::test]
async fn a_stop_at_any_step_of_a_rotation_loses_nothing() {
    let w = World::new();
    let before = contents(&filled(&w));
    let (mut stops, mut most) = (0, 0);
    for n in 0..40 {
        let inner = w.config("http://127.0.0.1:1").keys;
        let left = AtomicI64::new(n);
        let whole = rotated(&w, Arc::new(Failing { inner, left })).await.is_ok();
        let core = w.core();
        assert_eq!(contents(&core), before, "stopped at step {n}");
        most = most.max(info(&core, RESOURCE_KEY).version);
        drop(core);
        if whole {
            break;
        }
        stops += 1;
    }
    assert!((8..40).contains(&stops), "{stops} steps");
    let keys = w.config("http://127.0.0.1:1").keys;
    rotated(&w, keys).await.unwrap();
    let core = w.core();
    assert_eq!(contents(&core), before);
    assert!(!core.cfg.keys.list().iter().any(|k| k.rotating));
    // One leaf for each version that a key has had, never two.
    let versions: u32 = [RESOURCE_KEY, AUTHORISATION_KEY].map(|p| info(&core, p).version - 1).iter().sum();
    assert_eq!(rotated_leaves(&w), versions as usize);
    assert!(most >= 2);
}

/// A header that was cut short while it was written is finished when the folder is opened.
#[test]
fn a_torn_header_is_healed() {
    let w = World::new();
    let core = filled(&w);
    let before = contents(&core);
    let key = info(&core, AUTHORISATION_KEY);
    core.cfg.keys.begin_rotation(&key.id, None).unwrap();
    let path = sealed::objects(&core).join(OBJECTS[1]);
    let old = fs::read(&path).unwrap();
    let header = crypto::rewrap_header(&old, &*core.cfg.keys).unwrap().unwrap();
    let redo = serde_json::json!({"v": 1, "object": OBJECTS[1], "header": base64(&header)});
    drop(core);
    for cut in [0, 1, header.len() / 2, header.len() - 1, header.len()] {
        let torn = [&header[..cut], &old[cut..]].concat();
        fs::write(&path, torn).unwrap();
        fs::write(rewrap_file(&w), crypto::canonical(&redo).unwrap()).unwrap();
        let core = w.core();
        assert_eq!(contents(&core), before, "cut at {cut}");
        assert!(!rewrap_file(&w).exists());
    }
    let core = w.core();
    rotate(&core, &key).unwrap();
    assert_eq!(contents(&core), before);
}

fn rewrap_file(w: &World) -> PathBuf {
    w.dir.path().join("zone/rewrap")
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A key that has wrapped what it may gets new material by itself; what it wrapped still opens.
#[test]
fn an_exhausted_key_gets_new_material() {
    let w = World::new();
    let core = filled(&w);
    let before = contents(&core);
    let key = info(&core, AUTHORISATION_KEY);
    drop(core);
    let uses = w.dir.path().join(format!("ring/{}.uses", key.id));
    let full = fs::read_to_string(&uses).unwrap().replace("\"reserved\":256", "\"reserved\":4294967296");
    fs::write(&uses, full).unwrap();
    let core = w.core();
    assert!(matches!(core.cfg.keys.data_key(&key.id), Err(CryptoError::Exhausted)));
    assert_eq!(core.key(AUTHORISATION_KEY, "auth_1").unwrap(), key.id);
    core.cfg.keys.data_key(&key.id).unwrap();
    assert_eq!(contents(&core), before);
    let now = info(&core, AUTHORISATION_KEY);
    assert_eq!((now.version, now.rotating), (2, true));
}

#[test]
fn the_record_of_a_rotation_is_known_again() {
    let w = World::new();
    let core = w.enrolled();
    core.commit(|d| {
        d.push(Record::KeyRotated { key: "kek-1".into(), version: 2 });
        Ok(())
    })
    .unwrap();
    drop(core);
    assert_eq!(w.core().read(|s| s.rotated.get("kek-1").copied()), Some(2));
    assert!(Path::new(&rewrap_file(&w)).parent().unwrap().exists());
}
