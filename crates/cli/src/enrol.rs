//! Trust bootstrap of a zone on a machine of its own: the zone makes its keys in its own folder, the offline root puts
//! them on a key list, the zone pins the trust file; and of a witness, whose key goes the same way. Files go by hand;
//! nothing here listens or dials.

use crate::init;
use crate::layout::{Layout, write_private};
use crate::wiring::{self, Chosen, CliError};
use audit::{ClockKind, Trust, WitnessKey};
use crypto::{PublicKey, SigningKey, Suite};
use model::keylist::{KEY_LIST_TYPE, KeyEntry, KeyHolder, KeyList};
use model::{Signed, Timestamp};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Signed type name of an enrolment request.
const REQUEST_TYPE: &str = "zone-enrolment";

/// What a zone asks the root to list. Canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestBody {
    /// Format version, 1.
    pub v: u32,
    /// Deployment, as the trust file names it.
    pub deployment: String,
    /// Digest of the trust file that the zone has pinned.
    pub trust: String,
    /// Public key that signs reports and requests.
    pub zone: String,
    /// Public key that signs checkpoints of the zone's log.
    pub zone_log: String,
}

/// The request, signed by both keys: who hands it in holds them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What is asked.
    pub body: RequestBody,
    /// Signature of the zone's key.
    pub zone_signature: String,
    /// Signature of the log's key.
    pub zone_log_signature: String,
}

impl Request {
    /// Reads a request; only its one encoding is accepted, and only signed by the keys it names.
    ///
    /// # Errors
    /// Usage: it is not such a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, CliError> {
        let bad = || {
            CliError::usage(
                "--request",
                "不是运营域的登记申请，或已被改动。",
                "It is not a zone's enrolment request, or was changed.",
            )
        };
        let request: Self = crypto::from_canonical(bytes).map_err(|_| bad())?;
        let b = &request.body;
        for (key, signature) in [(&b.zone, &request.zone_signature), (&b.zone_log, &request.zone_log_signature)] {
            let public: PublicKey = key.parse().map_err(|_| bad())?;
            public.verify(REQUEST_TYPE, b, signature).map_err(|_| bad())?;
        }
        if b.v == 1 && b.zone != b.zone_log { Ok(request) } else { Err(bad()) }
    }

    /// What both sides compare by telephone before the root signs.
    ///
    /// # Errors
    /// None that a parsed request has.
    pub fn digest(&self) -> Result<String, CliError> {
        let public: PublicKey = self.body.zone.parse()?;
        Ok(crypto::digest_of(public.suite(), REQUEST_TYPE, self)?.to_string())
    }
}

/// Where a zone's request lies.
pub fn request_file(layout: &Layout) -> PathBuf {
    layout.zone().join("enrolment.json")
}

/// Makes a zone's folder: keys, pinned trust file, pinned rule pack, and the request to the root. The trust file comes
/// last: a folder without it was not enrolled, and enrolment may run again.
///
/// # Errors
/// Usage: the folder is enrolled already, the pack is not the one that the trust file pins, or the keys cannot be kept
/// where they are to be.
pub fn enrol(layout: &Layout, trust_bytes: &[u8], city: Option<&str>, keys: &str) -> Result<Request, CliError> {
    let trust = Trust::parse(trust_bytes)
        .map_err(|e| CliError::usage("--trust", format!("{}。", e.zh()), format!("It is not a trust file: {e}.")))?;
    if layout.zone_trust().is_file() {
        return Err(CliError::usage(
            "--data",
            "该目录的运营域已登记；一个目录只登记一次。",
            "The zone in this folder is enrolled already; a folder is enrolled once.",
        ));
    }
    let Chosen { pack, own } = wiring::choose(city.unwrap_or(&trust.city))?;
    if wiring::pack_digest(trust.suite, &pack)? != trust.pack.digest {
        return Err(CliError::usage(
            "--city",
            "规则包不是信任文件固定的那一个。",
            "The rule pack is not the one that the trust file pins.",
        ));
    }
    let place = crate::keyplace::place(keys, trust.suite)?;
    let made = init::make_zone(layout, trust.suite, &place, Timestamp(trust.created_at))?;
    let [(_, zone), (_, zone_log)] = made.as_slice() else { return Err(CliError::bug("a zone has two keys")) };
    if let Some(own) = own {
        wiring::keep_pack(&own, &layout.zone_pack())?;
    }
    let request = request(&trust, zone, zone_log)?;
    write_private(&request_file(layout), &crypto::canonical(&request)?)?;
    write_private(&layout.zone_trust(), trust_bytes)?;
    Ok(request)
}

fn request(trust: &Trust, zone: &SigningKey, zone_log: &SigningKey) -> Result<Request, CliError> {
    let body = RequestBody {
        v: 1,
        deployment: trust.deployment.clone(),
        trust: trust.digest().map_err(CliError::bug)?.to_string(),
        zone: zone.public().to_string(),
        zone_log: zone_log.public().to_string(),
    };
    let zone_signature = zone.sign(REQUEST_TYPE, &body)?;
    let zone_log_signature = zone_log.sign(REQUEST_TYPE, &body)?;
    Ok(Request { body, zone_signature, zone_log_signature })
}

/// Signs the next key list with a zone's keys on it, and lays it where the platform takes it over at its next start.
/// Gives the list's number and file.
///
/// # Errors
/// Usage: another deployment or trust file, another root, a clock that accepts no enrolment now, or a zone is listed.
pub fn admit(
    layout: &Layout,
    request: &Request,
    root: &SigningKey,
    now: Timestamp,
) -> Result<(u64, PathBuf), CliError> {
    let trust = Trust::parse(&std::fs::read(layout.trust_file())?).map_err(CliError::bug)?;
    if root.public() != trust.root {
        return Err(CliError::usage("--root", "这不是该部署的根密钥。", "It is not this deployment's root."));
    }
    let body = &request.body;
    let suites = [&body.zone, &body.zone_log].map(|k| k.parse::<PublicKey>().map(|p| p.suite()));
    let ours = body.deployment == trust.deployment
        && body.trust == trust.digest().map_err(CliError::bug)?.to_string()
        && suites.iter().all(|s| s.as_ref().is_ok_and(|s: &Suite| *s == trust.suite));
    if !ours {
        return Err(CliError::usage(
            "--request",
            "该申请属于另一个部署，或固定了另一份信任文件。",
            "The request is of another deployment, or pins another trust file.",
        ));
    }
    let mut list = newest(layout)?;
    let held = |e: &KeyEntry| matches!(e.holder, KeyHolder::Zone | KeyHolder::ZoneLog) && e.revoked_at.is_none();
    if list.entries.iter().any(held) {
        return Err(CliError::usage(
            "--request",
            "密钥清单上已有运营域；一个部署只有一个运营域。",
            "A zone is on the key list already; a deployment has one zone.",
        ));
    }
    for (key, holder) in [(&body.zone, KeyHolder::Zone), (&body.zone_log, KeyHolder::ZoneLog)] {
        list.entries.push(entry(&key.parse()?, holder, now));
    }
    sign_next(layout, list, root, now)
}

/// Signs the next key list with a witness's key on it, and lays it where the platform takes it over. A key of the same
/// witness that stands there already is revoked.
///
/// # Errors
/// Usage: another root, a key of another suite or one that is listed already, or a simulated deployment.
pub fn admit_witness(
    layout: &Layout,
    key: &WitnessKey,
    root: &SigningKey,
    now: Timestamp,
) -> Result<(u64, PathBuf), CliError> {
    let bytes = std::fs::read(layout.trust_file())?;
    let trust = Trust::parse(&bytes).map_err(CliError::bug)?;
    refuse_simulated(&bytes)?;
    if root.public() != trust.root {
        return Err(CliError::usage("--root", "这不是该部署的根密钥。", "It is not this deployment's root."));
    }
    let mut list = newest(layout)?;
    let listed = list.entries.iter().any(|e| e.key == key.public().key_id());
    if key.public().suite() != trust.suite || listed {
        let (zh, en) =
            ("该密钥不属于本部署的密码套件，或已列出。", "The key is of another suite, or is listed already.");
        return Err(CliError::usage("--witness", zh, en));
    }
    let holder = KeyHolder::Witness { name: key.name().to_owned() };
    for old in list.entries.iter_mut().filter(|e| e.holder == holder) {
        old.revoked_at.get_or_insert(now);
    }
    list.entries.push(entry(key.public(), holder, now));
    sign_next(layout, list, root, now)
}

fn entry(public: &PublicKey, holder: KeyHolder, now: Timestamp) -> KeyEntry {
    KeyEntry { key: public.key_id(), public: public.to_string(), holder, valid_from: now, revoked_at: None }
}

fn sign_next(
    layout: &Layout,
    mut list: KeyList,
    root: &SigningKey,
    now: Timestamp,
) -> Result<(u64, PathBuf), CliError> {
    list.number += 1;
    list.issued_at = now;
    let signature = root.sign(KEY_LIST_TYPE, &list)?;
    let number = list.number;
    let signed = Signed { key: root.key_id(), signature, body: list };
    std::fs::create_dir_all(layout.signed_lists())?;
    let file = layout.signed_lists().join(format!("{number}.json"));
    write_private(&file, &crypto::canonical(&signed)?)?;
    Ok((number, file))
}

/// The newest list: published, or signed and waiting for the platform.
fn newest(layout: &Layout) -> Result<KeyList, CliError> {
    let mut newest: Option<KeyList> = None;
    for dir in [layout.log().join("keys"), layout.signed_lists()] {
        let Ok(entries) = std::fs::read_dir(dir) else { continue };
        for entry in entries {
            let list: Signed<KeyList> = crypto::from_canonical(&std::fs::read(entry?.path())?)?;
            if newest.as_ref().is_none_or(|n| n.number < list.body.number) {
                newest = Some(list.body);
            }
        }
    }
    newest.ok_or_else(|| CliError::bug("there is no key list"))
}

/// A story's zone in a folder of its own: enrolled and admitted where that is still to be done.
///
/// # Errors
/// As [`enrol`] and [`admit`].
pub fn ensure(platform: &Layout, zone: &Layout, city: &str, keys: &str, root: &SigningKey) -> Result<(), CliError> {
    if !zone.zone_trust().is_file() {
        enrol(zone, &std::fs::read(platform.trust_file())?, Some(city), keys)?;
    }
    let request = Request::parse(&std::fs::read(request_file(zone))?)?;
    let listed = newest(platform)?.entries.iter().any(|e| e.public == request.body.zone);
    if !listed {
        admit(platform, &request, root, wiring::deployment(platform)?.created_at)?;
    }
    Ok(())
}

/// A simulated deployment takes no zone of another machine (invariant 10).
///
/// # Errors
/// Usage: it is simulated.
pub fn refuse_simulated(trust_bytes: &[u8]) -> Result<(), CliError> {
    match Trust::parse(trust_bytes) {
        Ok(trust) if trust.clock == ClockKind::Simulated => Err(CliError::usage(
            "--trust",
            "模拟时钟的部署不接受真实登记。",
            "A deployment with a simulated clock accepts no real enrolment.",
        )),
        _ => Ok(()),
    }
}
