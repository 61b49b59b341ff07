//! Sealing where keys are in a device that gives nothing out: the data key in each object's header is masked under the keepers'
//! sealing key, in its place, and the device opens none of them any more (`crypto`'s ring says how).
//!
//! Before anything is masked the key gets new material and the old is destroyed, so that no copy of a header from before
//! opens. A kill at any moment loses nothing: a header says itself whether it is masked, the sealing key stays until the last
//! one is, and one under way is written down whole first.

use super::core::Core;
use super::error::NodeError;
use super::rotate::{Alone, head, objects_under, rotate, write_header};
use super::sealed::{self, RESOURCE_KEY};
use crypto::{KeyId, KeyInfo, Mask, SealingKeys, mask_header};

fn info(core: &Core, id: &KeyId) -> Result<KeyInfo, NodeError> {
    let found = core.cfg.keys.list().into_iter().find(|k| k.id == *id && k.purpose == RESOURCE_KEY);
    found.ok_or(NodeError::Crypto(crypto::CryptoError::UnknownKey))
}

/// Masks a resource's key away, or goes on with it.
pub(crate) fn seal(core: &Core, id: &KeyId) -> Result<(), NodeError> {
    let key = info(core, id)?;
    let Some(mask) = core.cfg.keys.begin_masking(id)? else { return Alone::left_behind(&core.cfg.data) };
    let alone = Alone::masking(&core.cfg.data)?;
    let objects = objects_under(core, &format!("res/{}", key.scope), id)?;
    let mut begun = false;
    for object in &objects {
        begun |= turned(core, object, &mask, true)?.is_some();
    }
    if !begun {
        rotate(core, &key)?;
    }
    turn(core, &objects, &mask, false)?;
    core.cfg.keys.end_masking(id)?;
    alone.done()
}

/// Takes the masks off with what the keepers hold, or goes on with it.
pub(crate) fn open(core: &Core, id: &KeyId, with: &SealingKeys) -> Result<(), NodeError> {
    let key = info(core, id)?;
    let Some(mask) = core.cfg.keys.begin_unmasking(id, with)? else { return Alone::left_behind(&core.cfg.data) };
    let alone = Alone::masking(&core.cfg.data)?;
    turn(core, &objects_under(core, &format!("res/{}", key.scope), id)?, &mask, true)?;
    core.cfg.keys.end_unmasking(id)?;
    alone.done()
}

/// The header as it will stand, where it stands otherwise now.
fn turned(core: &Core, object: &str, mask: &Mask, off: bool) -> Result<Option<Vec<u8>>, NodeError> {
    Ok(mask_header(&head(&sealed::objects(core).join(object))?, mask, off)?)
}

fn turn(core: &Core, objects: &[String], mask: &Mask, off: bool) -> Result<(), NodeError> {
    for object in objects {
        if let Some(header) = turned(core, object, mask, off)? {
            write_header(core, object, &header)?;
        }
    }
    // Once more, from the disk: after this the sealing key goes, or the word that the key is sealed.
    for object in objects {
        if turned(core, object, mask, off)?.is_some() {
            return Err(NodeError::Config("an object does not keep its masked key"));
        }
    }
    Ok(())
}
