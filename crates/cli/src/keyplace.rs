//! Where a zone keeps its keys, fixed when the zone is made and recorded beside them; and the PIN of a device, which
//! comes in the environment or in a file and never in an argument.

use crate::init::MASTER;
use crate::layout::{Layout, write_private};
use crate::wiring::CliError;
use crypto::{CryptoError, DeviceFault, KeyFile, KeyProvider, SigningKey, Suite, Zeroizing};
use hsm::{KeyPlace, Ring};
use serde::{Deserialize, Serialize};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Environment variable that hands the PIN to the zone.
pub const PIN_VAR: &str = "YUNYU_KEYS_PIN";

/// Purpose of the key in a device that the passphrase of the zone's own signing keys is derived from.
const SERVICE_KEY: &str = "service";

/// `zone/keys/place.json`. A folder without it was made when there were only files.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    v: u32,
    place: String,
}

fn place_file(layout: &Layout) -> PathBuf {
    layout.zone_keys().join("place.json")
}

/// A place as the command line names it.
///
/// # Errors
/// Usage: it names none, or none that serves the suite.
pub fn place(text: &str, suite: Suite) -> Result<KeyPlace, CliError> {
    let place: KeyPlace = text.parse().map_err(|_| {
        CliError::usage(
            "--keys",
            "写作 file、pkcs11:模块?token=标签 或 sdf:库?kek=序号，可加 &pin-file=文件；路径为绝对路径。",
            "Write file, pkcs11:MODULE?token=LABEL or sdf:LIBRARY?kek=INDEX, with &pin-file=FILE if wanted; paths are absolute.",
        )
    })?;
    match place.suite() {
        Some(only) if only != suite => Err(CliError::usage(
            "--keys",
            format!("此类密钥设备只用于 {only} 套件。"),
            format!("Such a device serves suite {only} alone."),
        )),
        _ => Ok(place),
    }
}

/// Where this zone's keys are.
///
/// # Errors
/// The record was changed.
pub fn kept(layout: &Layout) -> Result<KeyPlace, CliError> {
    match std::fs::read(place_file(layout)) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(KeyPlace::File),
        other => {
            let kept: Kept = crypto::from_canonical(&other?)?;
            let known = (kept.v == 1).then(|| kept.place.parse().ok()).flatten();
            known.ok_or_else(|| CliError::bug(CryptoError::UnknownVersion("the place of the keys")))
        }
    }
}

/// Makes the zone's ring at a place, and the passphrase of the zone's own signing keys.
///
/// # Errors
/// Usage: no PIN. Otherwise the device or the folder refuses.
pub fn init(layout: &Layout, place: &KeyPlace, suite: Suite, at_ms: i64) -> Result<Zeroizing<String>, CliError> {
    let (dir, master) = (layout.ring(), layout.ring_master());
    let keys = hsm::init(place, Ring { dir: &dir, master: &master, suite }, pin(place)?).map_err(refused)?;
    write_private(&place_file(layout), &crypto::canonical(&Kept { v: 1, place: place.to_string() })?)?;
    if matches!(place, KeyPlace::File) {
        let secret = Zeroizing::new(crypto::random_hex(32)?);
        write_private(&layout.zone_keys().join(MASTER), secret.as_bytes())?;
        return Ok(secret);
    }
    if keys.find(SERVICE_KEY, "zone").is_none() {
        keys.create_at(SERVICE_KEY, "zone", Some(at_ms))?;
    }
    passphrase(layout, &*keys)
}

/// Opens the zone's ring where it was made.
///
/// # Errors
/// As [`init`].
pub fn open(layout: &Layout, suite: Suite) -> Result<Arc<dyn KeyProvider>, CliError> {
    let place = kept(layout)?;
    let (dir, master) = (layout.ring(), layout.ring_master());
    hsm::open(&place, Ring { dir: &dir, master: &master, suite }, pin(&place)?).map_err(refused)
}

/// Names of the ring's entries that the place has no key for. Changes nothing.
///
/// # Errors
/// As [`init`].
pub fn absent(layout: &Layout, suite: Suite) -> Result<Vec<String>, CliError> {
    let place = kept(layout)?;
    let (dir, master) = (layout.ring(), layout.ring_master());
    hsm::absent(&place, Ring { dir: &dir, master: &master, suite }, pin(&place)?).map_err(refused)
}

/// Asks the place of the keys what it is, and opens no ring.
///
/// # Errors
/// The device or its PIN is not there.
pub fn look(place: &KeyPlace, suite: Suite) -> Result<crypto::Keeping, CliError> {
    hsm::look(place, suite, pin(place)?).map_err(refused)
}

/// Passphrase under which the zone's own signing keys lie: derived in the device, or in a file beside them.
fn passphrase(layout: &Layout, keys: &dyn KeyProvider) -> Result<Zeroizing<String>, CliError> {
    match keys.find(SERVICE_KEY, "zone") {
        Some(id) => Ok(Zeroizing::new(hex::encode(*keys.mac_key(&id, "service-passphrase")?))),
        None => Ok(Zeroizing::new(std::fs::read_to_string(layout.zone_keys().join(MASTER))?.trim().to_owned())),
    }
}

/// One of the zone's own signing keys.
///
/// # Errors
/// It is missing or does not open.
pub fn zone_key(layout: &Layout, keys: &dyn KeyProvider, name: &str) -> Result<SigningKey, CliError> {
    let file: KeyFile = serde_json::from_slice(&std::fs::read(layout.zone_keys().join(name))?)?;
    Ok(file.open(&passphrase(layout, keys)?)?)
}

/// What a device says is its keeper's to mend, and told in both languages.
fn refused(e: CryptoError) -> CliError {
    let zh = e.device_zh().map(str::to_owned);
    let pin = [DeviceFault::PinRefused, DeviceFault::PinLocked, DeviceFault::PinFinalTry];
    match e {
        // Nobody tries it again by themselves.
        CryptoError::Device(why) if pin.iter().any(|fault| fault.en() == why) => {
            CliError::Refused(model::Refusal::new(
                "pin-refused",
                "PRODUCT-KEYS",
                "",
                format!("密钥设备不可用：{}。", zh.unwrap_or_else(|| why.clone())),
                format!("The key device cannot be used: {why}."),
            ))
        }
        CryptoError::Device(why) => CliError::usage(
            "--keys",
            format!("密钥设备不可用：{}。", zh.unwrap_or_else(|| why.clone())),
            format!("The key device cannot be used: {why}."),
        ),
        other => other.into(),
    }
}

/// The PIN of a place that wants one.
fn pin(place: &KeyPlace) -> Result<Option<Zeroizing<String>>, CliError> {
    if !place.wants_pin() {
        return Ok(None);
    }
    if let Some(file) = place.pin_file() {
        return pin_in(file).map(Some);
    }
    match std::env::var(PIN_VAR) {
        Ok(pin) => Ok(Some(Zeroizing::new(pin))),
        Err(_) => Err(CliError::usage(
            "--keys",
            format!("密钥设备的 PIN 须放在环境变量 {PIN_VAR} 或 pin-file 所指的文件中。"),
            format!("The device's PIN must stand in {PIN_VAR}, or in the file that pin-file names."),
        )),
    }
}

fn pin_in(file: &Path) -> Result<Zeroizing<String>, CliError> {
    let mode = std::fs::metadata(file).map(|m| m.permissions().mode());
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    match (mode, text) {
        // Tried with an empty one, a device counts a wrong PIN.
        (Ok(_), Ok(text)) if text.trim().is_empty() => {
            Err(CliError::usage("pin-file", "PIN 文件是空的。", "The PIN file is empty."))
        }
        (Ok(mode), Ok(text)) if mode & 0o077 == 0 => Ok(Zeroizing::new(text.trim().to_owned())),
        (Ok(_), Ok(_)) => Err(CliError::usage(
            "pin-file",
            "PIN 文件别的用户也能读；请设为 0600。",
            "Other users can read the PIN file; set its mode to 0600.",
        )),
        _ => Err(CliError::usage("pin-file", "PIN 文件无法读取。", "The PIN file cannot be read.")),
    }
}
