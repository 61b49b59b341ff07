//! A device that gives nothing out, as files in a folder of its own; and a resource that is sealed where keys are in it.

use super::rotate::{OBJECTS, filled, read};
use super::world::World;
use crate::node::core::Core;
use crate::node::effects::{Taken, take_order};
use crate::node::error::NodeError;
use crate::node::resources::{How, pending, settle, unseal};
use crate::node::rotate::{head, hold_still, rotate_keys, write_header};
use crate::node::sealed::{self, RESOURCE_KEY};
use crypto::{
    CryptoError, Keeping, KeyId, KeyState, SealingKeys, Suite, Vault, Zeroizing, device_open, device_wrapped,
    keep_sealing_keys, mask_header, new_sealing_keys, open_header, random,
};
use model::ids::ResourceId;
use model::order::{Effect, ReportOutcome, ResourceStopSpec};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// Material of keys by their names; what it wrapped is opened by it alone.
pub struct Device {
    pub dir: PathBuf,
    pub suite: Suite,
}

impl Device {
    fn stream(&self, kek: &[u8; 32], nonce: &[u8]) -> [u8; 32] {
        self.suite.mac(kek, nonce)
    }
}

impl Vault for Device {
    type Kek = [u8; 32];

    const OUTSIDE: bool = true;

    fn suite(&self) -> Suite {
        self.suite
    }

    fn keeping(&self) -> Keeping {
        Keeping { kind: "test", device: "a folder".into(), extractable: false }
    }

    fn make(&self, name: &str, _: &[u8]) -> Result<(String, Self::Kek), CryptoError> {
        fs::create_dir_all(&self.dir)?;
        let kek = random::<32>()?;
        fs::write(self.dir.join(name), kek)?;
        Ok((name.to_owned(), kek))
    }

    fn open(&self, name: &str, _: &[u8], _: &str) -> Result<Self::Kek, CryptoError> {
        fs::read(self.dir.join(name))?.try_into().map_err(|_| CryptoError::DoesNotOpen)
    }

    fn holds(&self, name: &str) -> Result<bool, CryptoError> {
        Ok(self.dir.join(name).is_file())
    }

    fn erase(&self, name: &str) -> Result<(), CryptoError> {
        match fs::remove_file(self.dir.join(name)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
            _ => Ok(()),
        }
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        out.chunks_mut(8).try_for_each(|part| {
            part.copy_from_slice(&random::<8>()?[..part.len()]);
            Ok(())
        })
    }

    fn wrap(&self, kek: &Self::Kek, bound: &[u8], key: &[u8; 32]) -> Result<Vec<u8>, CryptoError> {
        let nonce = random::<16>()?;
        let body: Vec<u8> = self.stream(kek, &nonce).iter().zip(key).map(|(a, b)| a ^ b).collect();
        device_wrapped(self.suite, bound, key, &[&nonce[..], &body].concat())
    }

    fn unwrap(&self, kek: &Self::Kek, bound: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        device_open(self.suite, bound, wrapped, |body| {
            let (nonce, body) = body.split_at_checked(16).ok_or(CryptoError::Truncated)?;
            let mut key = Zeroizing::new(self.stream(kek, nonce));
            key.iter_mut().zip(body).for_each(|(a, b)| *a ^= b);
            Ok(key)
        })
    }

    fn derive(&self, kek: &Self::Kek, info: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        Ok(Zeroizing::new(self.suite.mac(kek, info)))
    }
}

fn stop(ground: &str) -> ResourceStopSpec {
    ResourceStopSpec {
        resource: "res_1".into(),
        provider: "org_provider".into(),
        ground: ground.into(),
        article: String::new(),
    }
}

fn seal(seq: u64, w: &World, core: &Core) {
    let order = w.order(seq, &format!("case_{seq}"), Effect::Seal(stop("under_dispute")));
    assert_eq!(take_order(core, &order).unwrap(), Taken::Applied);
}

fn pads(w: &World) -> SealingKeys {
    let pads = new_sealing_keys(2).unwrap();
    keep_sealing_keys(&w.dir.path().join("ring"), &pads).unwrap();
    pads
}

fn last(core: &Core) -> Option<ReportOutcome> {
    core.read(|s| s.outbox.back().map(|r| r.body.outcome.clone()))
}

fn how(core: &Core) -> Option<How> {
    core.read(|s| s.held.get(&ResourceId::from("res_1")).map(|h| h.how.clone()))
}

/// Sealed objects of the resource, by path.
fn own(core: &Core, id: &KeyId) -> Vec<String> {
    crate::node::rotate::objects_under(core, "res/res_1", id).unwrap()
}

fn key(core: &Core) -> KeyId {
    let all = core.cfg.keys.list();
    all.into_iter().find(|k| k.purpose == RESOURCE_KEY && k.state != KeyState::Destroyed).unwrap().id
}

#[tokio::test]
async fn sealed_in_a_device_nothing_opens_without_the_keepers() {
    let w = World::in_device();
    let core = filled(&w);
    let (before, other) = (read(&core, OBJECTS[2]).unwrap(), read(&core, OBJECTS[0]).unwrap());
    let path = sealed::objects(&core).join(OBJECTS[2]);
    let copy = fs::read(&path).unwrap();
    let pads = pads(&w);
    seal(2, &w, &core);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert!(matches!(last(&core), Some(ReportOutcome::ResourceSealed { keys, .. }) if keys.len() == 1));
    assert_eq!(how(&core), Some(How::Sealed));
    assert!(matches!(read(&core, OBJECTS[2]), Err(CryptoError::SealedKey)));
    assert_eq!(read(&core, OBJECTS[0]).unwrap(), other, "another key's objects are not touched");
    let id = key(&core);
    drop(core);
    // Whoever has machine and device, and takes the word away that the key is sealed, opens neither what lies there nor a copy
    // from before: its material was destroyed in the device.
    let word = w.dir.path().join(format!("ring/{id}.masked"));
    let (said, masked) = (fs::read(&word).unwrap(), fs::read(&path).unwrap());
    assert_eq!(masked.len(), copy.len());
    fs::remove_file(&word).unwrap();
    let core = w.core();
    assert!(read(&core, OBJECTS[2]).is_err());
    fs::write(&path, &copy).unwrap();
    assert!(read(&core, OBJECTS[2]).is_err());
    fs::write(&path, &masked).unwrap();
    fs::write(&word, said).unwrap();
    drop(core);
    rotate_keys(w.config("http://127.0.0.1:1")).await.unwrap();

    let open = |with: SealingKeys| {
        let cfg = w.config("http://127.0.0.1:1");
        async move { unseal(cfg, &"res_1".into(), &with).await }
    };
    assert!(matches!(open(pads.clone()).await, Err(NodeError::NotOrdered)));
    let core = w.core();
    let order = w.order(3, "case_3", Effect::Unseal(stop("dispute_settled")));
    assert_eq!(take_order(&core, &order).unwrap(), Taken::Applied);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert!(matches!(read(&core, OBJECTS[2]), Err(CryptoError::SealedKey)), "an order alone opens nothing");
    drop(core);
    let strangers = open(new_sealing_keys(2).unwrap()).await;
    assert!(matches!(strangers, Err(NodeError::Crypto(CryptoError::NoSealingKey))), "{strangers:?}");
    // Stopped after one object: the next call goes on.
    let core = w.core();
    let mask = core.cfg.keys.begin_unmasking(&id, &pads).unwrap().unwrap();
    let first = own(&core, &id).remove(0);
    let header = mask_header(&head(&sealed::objects(&core).join(&first)).unwrap(), &mask, true).unwrap().unwrap();
    write_header(&core, &first, &header).unwrap();
    drop(core);
    assert_eq!(open(pads.clone()).await.unwrap(), 1);
    let core = w.core();
    assert_eq!((read(&core, OBJECTS[2]).unwrap(), how(&core)), (before, None));
    // Again, under the next sealing key; and what is sealed can be destroyed.
    seal(4, &w, &core);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    let order = w.order(5, "case_5", Effect::Withdraw(stop("no_longer_necessary")));
    assert_eq!(take_order(&core, &order).unwrap(), Taken::Applied);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!(how(&core), Some(How::Withdrawn));
    assert!(!w.dir.path().join("device").join(id.as_str()).exists() && !word.exists());
    drop(core);
    w.verify_log();
}

/// Killed after some headers were masked: no backup copies what is half done, and the next start finishes it.
#[test]
fn a_sealing_that_is_cut_short_goes_on() {
    let w = World::in_device();
    let core = filled(&w);
    pads(&w);
    seal(2, &w, &core);
    let id = key(&core);
    let objects = own(&core, &id);
    assert!(objects.len() > 1);
    // While a backup copies, it waits.
    let still = hold_still(&w.dir.path().join("zone")).unwrap();
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!((how(&core), own(&core, &id).len()), (Some(How::Sealing), objects.len()));
    assert!(read(&core, OBJECTS[2]).is_ok(), "nothing is masked yet");
    drop(still);
    let mask = core.cfg.keys.begin_masking(&id).unwrap().unwrap();
    let header = mask_header(&head(&sealed::objects(&core).join(&objects[0])).unwrap(), &mask, false).unwrap().unwrap();
    fs::write(w.dir.path().join("zone/masking"), b"").unwrap();
    write_header(&core, &objects[0], &header).unwrap();
    drop(core);
    assert!(matches!(hold_still(&w.dir.path().join("zone")), Err(NodeError::Rotating)));
    let core = w.core();
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!(how(&core), Some(How::Sealed));
    for object in &objects {
        let header = head(&sealed::objects(&core).join(object)).unwrap();
        assert_eq!(open_header(&header).unwrap().wrapped.0[0], 3, "{object}");
    }
    drop(hold_still(&w.dir.path().join("zone")).unwrap());
}

/// Killed between the last step and the word that it is done: the next start takes that word away too, or no backup would be
/// made any more.
#[test]
fn a_sealing_that_was_only_not_said_to_be_done_is_done() {
    let w = World::in_device();
    let core = filled(&w);
    pads(&w);
    seal(2, &w, &core);
    crate::node::masking::seal(&core, &key(&core)).unwrap();
    fs::write(w.dir.path().join("zone/masking"), b"").unwrap();
    drop(core);
    let core = w.core();
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!(how(&core), Some(How::Sealed));
    drop(hold_still(&w.dir.path().join("zone")).unwrap());
}
