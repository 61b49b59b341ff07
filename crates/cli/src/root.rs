//! What the holder of the authority root does, offline: look at the next key list, and sign it. The platform drafts the
//! list; the root believes nothing of it but what it sees, and compares it with the list it signed last.

use crate::layout::write_private;
use crate::tools::input;
use crate::wiring::CliError;
use crypto::{PublicKey, SigningKey};
use model::Signed;
use model::keylist::{KEY_LIST_TYPE, KeyEntry, KeyHolder, KeyList};
use model::storage_words;
use std::fmt::Write as _;
use std::path::Path;

/// Environment variable with the passphrase of the root's key file.
pub const ROOT_VAR: &str = "YUNYU_ROOT_PASSPHRASE";

/// Opens the root's key file with the passphrase from the environment or standard input: never from an argument.
///
/// # Errors
/// Usage: not a key file, or another passphrase.
pub fn open(file: &Path) -> Result<SigningKey, CliError> {
    let pass = match std::env::var(ROOT_VAR) {
        Ok(pass) => zeroize::Zeroizing::new(pass),
        Err(_) => zeroize::Zeroizing::new(std::io::read_to_string(std::io::stdin().lock())?),
    };
    let bad = || CliError::usage("--root", "根密钥文件或口令不对。", "The root's key file or its passphrase is wrong.");
    let sealed: crypto::KeyFile = serde_json::from_slice(&input::bytes(file)?).map_err(|_| bad())?;
    sealed.open(pass.trim()).map_err(|_| bad())
}

/// The difference between two lists.
pub struct Change {
    /// The next list.
    pub next: KeyList,
    /// Entries that are new.
    pub added: Vec<KeyEntry>,
    /// Entries that are revoked by it.
    pub revoked: Vec<KeyEntry>,
}

/// Reads a draft and what it would change.
///
/// # Errors
/// Usage: a file is no key list; the previous one is not signed by this root; the draft does not follow it, or lists a key
/// that is no person's, not well formed, or of another suite.
pub fn change(root: &SigningKey, draft: &Path, previous: &Path) -> Result<Change, CliError> {
    let bad = |at: &str, zh: &str, en: &str| CliError::usage(at, zh, en);
    let before: Signed<KeyList> = serde_json::from_slice(&input::bytes(previous)?)
        .map_err(|_| bad("--previous", "不是已签署的密钥清单。", "It is not a signed key list."))?;
    let public = root.public();
    if before.key != root.key_id() || public.verify(KEY_LIST_TYPE, &before.body, &before.signature).is_err() {
        return Err(bad("--previous", "该清单不是由这个根密钥签署的。", "This root did not sign that list."));
    }
    let next: KeyList = serde_json::from_slice(&input::bytes(draft)?)
        .map_err(|_| bad("--draft", "不是密钥清单草案。", "It is not a draft of a key list."))?;
    if next.v != 1 || !next.follows(&before.body) {
        return Err(bad(
            "--draft",
            "草案没有接在上一份清单之后：编号须加一，部署相同，既有条目不得删改。",
            "The draft does not follow the previous list: one number higher, same deployment, no entry dropped or changed.",
        ));
    }
    let old = |entry: &KeyEntry| before.body.entries.iter().find(|e| e.key == entry.key);
    let added: Vec<KeyEntry> = next.entries.iter().filter(|e| old(e).is_none()).cloned().collect();
    let revokes = |e: &&KeyEntry| e.revoked_at.is_some() && old(e).is_some_and(|o| o.revoked_at.is_none());
    let revoked = next.entries.iter().filter(revokes).cloned().collect();
    let person = |e: &KeyEntry| {
        let key: Option<PublicKey> = e.public.parse().ok();
        matches!(e.holder, KeyHolder::Person { .. })
            && key.is_some_and(|k| k.key_id() == e.key && k.suite() == public.suite())
    };
    let mut ids: Vec<&str> = next.entries.iter().map(|e| e.key.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != next.entries.len() || !added.iter().all(person) {
        return Err(bad(
            "--draft",
            "新增条目只能是人员的密钥，编号与公钥一致，且不重复；运营域的密钥用 admin admit-zone。",
            "New entries must be keys of people, named by their own id and listed once; a zone's keys go by `admin admit-zone`.",
        ));
    }
    Ok(Change { next, added, revoked })
}

impl Change {
    /// What the holder of the root reads before signing.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!(
            "第 {n} 号密钥清单 key list {n}  部署 deployment {d}\n",
            n = self.next.number,
            d = self.next.deployment
        );
        for (sign, word, entries) in [("+", "新增 new", &self.added), ("-", "吊销 revoked", &self.revoked)] {
            for entry in entries {
                let _ = writeln!(out, "  {sign} {word}  {}  {}", entry.key, holder(&entry.holder));
            }
        }
        if self.added.is_empty() && self.revoked.is_empty() {
            out.push_str("  没有变化 nothing changes\n");
        }
        out
    }

    /// Signs the list into a file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn sign(self, root: &SigningKey, out: &Path) -> Result<(), CliError> {
        let signature = root.sign(KEY_LIST_TYPE, &self.next)?;
        let signed = Signed { key: root.key_id(), signature, body: self.next };
        write_private(out, &crypto::canonical(&signed)?).map_err(|e| {
            CliError::usage(
                &out.display().to_string(),
                format!("无法写入（{}）。", storage_words(e.kind())[0]),
                format!("It cannot be written ({}).", storage_words(e.kind())[1]),
            )
        })
    }
}

fn holder(holder: &KeyHolder) -> String {
    match holder {
        KeyHolder::Person { person, org, org_roles, roles, .. } => {
            format!("{person} @ {org}  {}  {}", words(org_roles), words(roles))
        }
        KeyHolder::Witness { name } => format!("witness {name}"),
        other => words(std::slice::from_ref(other)),
    }
}

/// Enum words as the API has them.
fn words<T: serde::Serialize>(values: &[T]) -> String {
    let word = |v: &T| {
        let value = serde_json::to_value(v).unwrap_or_default();
        value.as_str().or_else(|| value["kind"].as_str()).unwrap_or_default().to_owned()
    };
    values.iter().map(word).collect::<Vec<String>>().join("+")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::party::{OrgRole, PersonRole};
    use model::{Clock, Timestamp};

    fn person(key: &SigningKey, id: &str) -> KeyEntry {
        KeyEntry {
            key: key.key_id(),
            public: key.public().to_string(),
            holder: KeyHolder::Person {
                person: id.into(),
                org: "org_a".into(),
                org_roles: vec![OrgRole::DataAuthority],
                roles: vec![PersonRole::Approver],
                group: None,
            },
            valid_from: Timestamp(1),
            revoked_at: None,
        }
    }

    fn list(number: u64, entries: Vec<KeyEntry>) -> KeyList {
        KeyList { v: 1, deployment: "d".into(), number, clock: Clock::Real, issued_at: Timestamp(1), entries }
    }

    /// The root signs what it was shown, on top of what it signed last, and nothing else.
    #[test]
    fn only_a_true_successor_is_signed() {
        let suite = crypto::Suite::Intl;
        let new = || SigningKey::generate(suite).unwrap();
        let (root, a, b) = (new(), new(), new());
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, value: serde_json::Value| {
            let path = dir.path().join(name);
            std::fs::write(&path, value.to_string()).unwrap();
            path
        };
        let first = list(1, vec![person(&a, "per_a")]);
        let signed = |by: &SigningKey, body: &KeyList| {
            let signature = by.sign(KEY_LIST_TYPE, body).unwrap();
            serde_json::to_value(Signed { key: by.key_id(), signature, body: body.clone() }).unwrap()
        };
        let previous = write("1.json", signed(&root, &first));
        let mut next = list(2, vec![person(&a, "per_a"), person(&b, "per_b")]);
        next.entries[0].revoked_at = Some(Timestamp(5));
        let draft = |body: &KeyList| write("draft.json", serde_json::to_value(body).unwrap());
        let seen = change(&root, &draft(&next), &previous).unwrap();
        assert_eq!((seen.added.len(), seen.revoked.len()), (1, 1));
        assert!(seen.text().contains("per_b @ org_a  data_authority  approver"), "{}", seen.text());
        let out = dir.path().join("2.json");
        seen.sign(&root, &out).unwrap();
        let made: Signed<KeyList> = crypto::from_canonical(&std::fs::read(&out).unwrap()).unwrap();
        assert!(root.public().verify(KEY_LIST_TYPE, &made.body, &made.signature).is_ok());
        let attacks: Vec<Box<dyn Fn(&mut KeyList)>> = vec![
            Box::new(|l| l.number = 3),
            Box::new(|l| l.deployment = "e".into()),
            Box::new(|l| drop(l.entries.remove(0))),
            Box::new(|l| l.entries[0].valid_from = Timestamp(9)),
            Box::new(|l| l.entries[1].holder = KeyHolder::Zone),
            Box::new(|l| l.entries[1].key = "0".repeat(32)),
            Box::new(|l| l.entries.push(l.entries[1].clone())),
            Box::new(|l| {
                if let KeyHolder::Person { roles, .. } = &mut l.entries[0].holder {
                    roles.push(PersonRole::SystemAdmin);
                }
            }),
        ];
        for (n, attack) in attacks.iter().enumerate() {
            let mut bad = next.clone();
            attack(&mut bad);
            assert!(change(&root, &draft(&bad), &previous).is_err(), "attack {n}");
        }
        let foreign = write("f.json", signed(&new(), &first));
        assert!(change(&root, &draft(&next), &foreign).is_err(), "another root's list");
        let other = SigningKey::generate(crypto::Suite::Gm).unwrap();
        let gm = list(2, vec![person(&a, "per_a"), person(&other, "per_b")]);
        assert!(change(&root, &draft(&gm), &previous).is_err(), "a key of another suite");
    }
}
