//! The two keepers of a zone's master key: it leaves the zone's machine sealed under both their passphrases, and neither
//! opens it alone. A ring in a device has no such key, and nothing of it can be handed out.
//!
//! With it they take sealing keys: a resource that is sealed lies under one of those, and they alone open it again. These they
//! take where keys are in a device too: there they mask what the device wrapped.

use crate::keyplace;
use crate::layout::{Layout, write_private};
use crate::serve::zone;
use crate::wiring::CliError;
use crypto::{CryptoError, SealingKeys, Suite, TwoPersonFile, Zeroizing};
use hsm::KeyPlace;
use model::Digest;
use std::path::PathBuf;

/// Environment variables with the keepers' passphrases, in their order.
pub const VARS: [&str; 2] = ["YUNYU_KEEPER_1_PASSPHRASE", "YUNYU_KEEPER_2_PASSPHRASE"];

/// Beginning of the names of the files that hold sealing keys, in `zone/keys`.
const PADS: &str = "pads-";

/// Shortest passphrase of a keeper, in characters: what it seals may be tried for years.
const SHORTEST: usize = 12;

/// Sealing keys made at a time; each serves one key of one resource.
const SEALING_KEYS: usize = 16;

/// What two keepers were handed, sealed.
pub struct Exported {
    /// The file with the master key; none where a device keeps the keys.
    pub master: Option<PathBuf>,
    /// The file with the sealing keys.
    pub pads: PathBuf,
    /// Digest of the one file that the zone's log names: the master key's, or else the sealing keys'.
    pub digest: Digest,
}

/// Seals the master key and new sealing keys for two keepers, with a leaf in the zone's log. Earlier keepers' file is replaced.
/// Where a device keeps the keys there is no master key, and only sealing keys are handed out.
///
/// # Errors
/// Usage: a passphrase is missing, short or given twice, the zone runs or was never linked.
pub fn export(layout: &Layout) -> Result<Exported, CliError> {
    let passphrases = passphrases()?;
    for (variable, passphrase) in VARS.iter().zip(&passphrases) {
        if passphrase.chars().count() < SHORTEST {
            return Err(CliError::usage(
                variable,
                format!("保管人口令至少 {SHORTEST} 个字符。"),
                format!("A keeper's passphrase has at least {SHORTEST} characters."),
            ));
        }
    }
    let suite = zone::suite(layout)?;
    let master = master_for(layout, suite, &passphrases)?;
    let pads = crypto::new_sealing_keys(SEALING_KEYS)?;
    let sealed = TwoPersonFile::seal(suite, written(&pads).as_bytes(), both(&passphrases)).map_err(refused)?;
    let sealed = crypto::canonical(&sealed)?;
    let digest = Digest(suite.hash(master.as_ref().unwrap_or(&sealed)).to_string());
    zone::record_export(layout, &digest)?;
    if let Some(bytes) = &master {
        write_private(&layout.keepers(), bytes)?;
    }
    // Earlier files stay: what was sealed before is under their keepers. These must be safe before the first is used.
    let file = layout.zone_keys().join(format!("{PADS}{}.json", crypto::random_hex(4)?));
    write_private(&file, &sealed)?;
    crypto::keep_sealing_keys(&layout.ring(), &pads)?;
    Ok(Exported { master: master.map(|_| layout.keepers()), pads: file, digest })
}

/// The master key's file for two keepers; none where a device keeps the keys.
fn master_for(
    layout: &Layout,
    suite: Suite,
    passphrases: &[Zeroizing<String>; 2],
) -> Result<Option<Vec<u8>>, CliError> {
    if keyplace::kept(layout)? != KeyPlace::File {
        return Ok(None);
    }
    let master = std::fs::read(layout.ring_master()).map(Zeroizing::new).map_err(|_| {
        CliError::usage("--data", "该目录没有运营域的主密钥。", "There is no master key of a zone in this folder.")
    })?;
    let file = TwoPersonFile::seal(suite, &master, both(passphrases)).map_err(refused)?;
    Ok(Some(crypto::canonical(&file)?))
}

/// Opens a sealed resource, after the order that says so. Says how many keys were opened.
///
/// # Errors
/// Usage: there is no zone, nobody ordered it, the keepers are others, the zone runs. Refused: its keys were given up. Otherwise storage failed; a later call goes on.
pub fn unseal(layout: &Layout, resource: &str) -> Result<u64, CliError> {
    // Says what is missing where there is no zone.
    zone::suite(layout)?;
    let passphrases = passphrases()?;
    let mut pads = SealingKeys::new();
    for entry in std::fs::read_dir(layout.zone_keys())? {
        let path = entry?.path();
        let named = path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(PADS));
        if !named {
            continue;
        }
        let file: TwoPersonFile = crypto::from_canonical(&std::fs::read(&path)?)?;
        match file.open(both(&passphrases)) {
            Ok(text) => pads.extend(read(&text)?),
            Err(CryptoError::WrongPassphrase) => {}
            Err(e) => return Err(refused(e)),
        }
    }
    if pads.is_empty() {
        return Err(refused(CryptoError::WrongPassphrase));
    }
    zone::unseal(layout, resource, &pads)
}

/// Sealing keys as lines `name key`.
fn written(pads: &SealingKeys) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(pads.len() * 100));
    for (name, key) in pads {
        let key = Zeroizing::new(hex::encode(**key));
        out.extend([name.as_str(), " ", key.as_str(), "\n"]);
    }
    out
}

fn read(text: &[u8]) -> Result<SealingKeys, CliError> {
    let bad = || CliError::bug(CryptoError::Malformed("sealing keys"));
    let text = std::str::from_utf8(text).map_err(|_| bad())?;
    let line = |line: &str| {
        let (name, hex) = line.split_once(' ')?;
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(hex, key.as_mut()).ok()?;
        Some((name.to_owned(), key))
    };
    text.lines().map(|l| line(l).ok_or_else(bad)).collect()
}

/// Whether both keepers' passphrases were given.
pub fn given() -> bool {
    VARS.iter().all(|v| std::env::var_os(v).is_some())
}

/// Opens the master key that lies sealed in a folder.
///
/// # Errors
/// Usage: there are no keepers, a passphrase is missing or wrong.
pub fn master(layout: &Layout, suite: Suite) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let bytes = std::fs::read(layout.keepers()).map_err(|_| {
        CliError::usage(
            "--custody",
            "备份中没有两名保管人封存的主密钥，托管的密钥打不开。",
            "The backup holds no master key sealed by two keepers; the keys in the custody do not open.",
        )
    })?;
    let file: TwoPersonFile = crypto::from_canonical(&bytes)?;
    if file.suite != suite {
        return Err(CliError::bug(CryptoError::UnknownVersion("the two keepers' file")));
    }
    file.open(both(&passphrases()?)).map_err(refused)
}

fn both(passphrases: &[Zeroizing<String>; 2]) -> [&str; 2] {
    passphrases.each_ref().map(|p| p.as_str())
}

fn passphrases() -> Result<[Zeroizing<String>; 2], CliError> {
    let [first, second] = VARS.map(|variable| {
        let text = std::env::var(variable).map(|t| Zeroizing::new(t.trim().to_owned())).unwrap_or_default();
        if !text.is_empty() {
            return Ok(text);
        }
        Err(CliError::usage(
            variable,
            "须由两名保管人各在其环境变量给出口令。",
            "Each of the two keepers gives a passphrase in an environment variable.",
        ))
    });
    let both = [first?, second?];
    if both[0] == both[1] { Err(refused(CryptoError::OnePerson)) } else { Ok(both) }
}

fn refused(e: CryptoError) -> CliError {
    match e {
        CryptoError::OnePerson => {
            CliError::usage(VARS[1], "两名保管人的口令不得相同。", "The two keepers must have different passphrases.")
        }
        // Both make one key: which of them is wrong cannot be told.
        CryptoError::WrongPassphrase => CliError::usage(
            &VARS.join(", "),
            "两名保管人的口令至少有一个不对，或两人次序颠倒；无从得知是哪一个。",
            "At least one of the two keepers' passphrases is wrong, or they are swapped; which one cannot be told.",
        ),
        other => other.into(),
    }
}
