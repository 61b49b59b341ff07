//! Gathers an evidence file out of the logs' folders and what the caller hands in.
//!
//! Reads leaves and tiles as they lie on disk; verify the result before it is handed out.

use super::statements::{REFERRED, digest_text};
use super::{
    AnchorProof, Document, EVIDENCE_TYPE, Evidence, EvidenceFile, LogPart, Statement, StoryStep, Subject, Witnessed,
    statement_digest,
};
use crate::checkpoint::Checkpoint;
use crate::files::Folder;
use crate::keys::{SignedValue, read_key_lists};
use crate::leaf::{Leaf, LogName};
use crate::proof::{ProvedLeaf, Prover};
use crate::reader::LogReader;
use crate::trust::{ClockKind, Trust};
use crate::witnessed::cosigned_checkpoints;
use crate::{LogError, LogSigner};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{Hash, HashAlg, PublicKey, Suite};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Whose evidence it is.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Deployment.
    pub deployment: String,
    /// Suite.
    pub suite: Suite,
    /// Kind of clock.
    pub clock: ClockKind,
    /// The authority root.
    pub root: PublicKey,
    /// Digest of the trust file, if the exporter has it.
    pub trust_digest: Option<Hash>,
}

impl TryFrom<&Trust> for Origin {
    type Error = LogError;

    fn try_from(t: &Trust) -> Result<Self, LogError> {
        let trust_digest = Some(t.digest()?);
        Ok(Self {
            deployment: t.deployment.clone(),
            suite: t.suite,
            clock: t.clock,
            root: t.root.clone(),
            trust_digest,
        })
    }
}

/// Builds one evidence file.
#[derive(Debug)]
pub struct EvidenceBuilder {
    log_dir: PathBuf,
    origin: Origin,
    subject: Subject,
    cases: BTreeSet<String>,
    person: Option<String>,
    /// Cases of which the person's leaves stay away too.
    apart: BTreeSet<String>,
    statements: BTreeMap<(String, String), Statement>,
    documents: BTreeMap<String, Document>,
    story: Vec<StoryStep>,
}

impl EvidenceBuilder {
    /// Evidence about `subject` out of the logs in `log_dir` (`DATA/log`).
    #[must_use]
    pub fn new(log_dir: &Path, origin: Origin, subject: Subject) -> Self {
        Self {
            log_dir: log_dir.to_path_buf(),
            origin,
            subject,
            cases: BTreeSet::new(),
            person: None,
            apart: BTreeSet::new(),
            statements: BTreeMap::new(),
            documents: BTreeMap::new(),
            story: Vec::new(),
        }
    }

    /// Adds every leaf of a case, from both logs. Cases of added statements come by themselves.
    pub fn case(&mut self, case: &str) -> &mut Self {
        self.cases.insert(case.to_owned());
        self
    }

    /// The cases that leaves by a person name, from both logs: also where they were only refused.
    ///
    /// # Errors
    /// The logs cannot be read.
    pub fn cases_of(&self, person: &str) -> Result<BTreeSet<String>, LogError> {
        let mut cases = BTreeSet::new();
        for reader in self.readers()? {
            reader.each(0, |_, bytes| {
                let leaf = Leaf::decode(bytes)?;
                if leaf.actor.as_deref() == Some(person) {
                    cases.extend(leaf.case);
                }
                Ok(())
            })?;
        }
        Ok(cases)
    }

    /// Adds every leaf by a person, from both logs, and every leaf of these cases; nothing of the cases that are to stay apart.
    pub fn person(&mut self, person: &str, cases: BTreeSet<String>, apart: BTreeSet<String>) -> &mut Self {
        self.person = Some(person.to_owned());
        self.cases.extend(cases);
        self.apart = apart;
        self
    }

    /// Adds a signed statement (`{body, key, signature}`) of a type such as `act`; approvals within an order come with
    /// it. Adding one twice changes nothing.
    ///
    /// # Errors
    /// Not a signed statement, or without canonical JSON.
    pub fn statement<T: Serialize>(&mut self, kind: &str, signed: &T) -> Result<&mut Self, LogError> {
        let bytes = crypto::canonical(signed)?;
        let signed: SignedValue = crypto::from_canonical(&bytes)?;
        if let Some(case) = signed.body.get("case").and_then(Value::as_str) {
            self.cases.insert(case.to_owned());
        }
        for approval in signed.body.get("approvals").and_then(Value::as_array).into_iter().flatten() {
            self.statement("act", approval)?;
        }
        let digest = statement_digest(self.origin.suite, &signed)?.to_string();
        let SignedValue { body, key, signature } = signed;
        let statement = Statement { kind: kind.to_owned(), body, key, signature };
        self.statements.insert((kind.to_owned(), digest), statement);
        Ok(self)
    }

    /// Adds a document whose digest is that of its bytes.
    pub fn document(&mut self, name: &str, media_type: &str, content: &[u8]) -> &mut Self {
        let digest = self.origin.suite.hash(content);
        self.put(name, media_type, None, digest, content)
    }

    /// Adds a JSON document whose digest is `crypto::digest_of` under a type, such as an approved object.
    ///
    /// # Errors
    /// No canonical JSON.
    pub fn object<T: Serialize>(&mut self, name: &str, kind: &str, value: &T) -> Result<&mut Self, LogError> {
        let digest = crypto::digest_of(self.origin.suite, kind, value)?;
        let content = crypto::canonical(value)?;
        Ok(self.put(name, "application/json", Some(kind.to_owned()), digest, &content))
    }

    fn put(&mut self, name: &str, media_type: &str, kind: Option<String>, digest: Hash, content: &[u8]) -> &mut Self {
        let document = Document {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            kind,
            digest,
            content: BASE64.encode(content),
        };
        self.documents.insert(name.to_owned(), document);
        self
    }

    /// Adds the next step of the story; `leaf` is the index in the platform's log.
    pub fn step(&mut self, zh: &str, en: &str, article: Option<&str>, leaf: Option<u64>) -> &mut Self {
        let n = self.story.len() as u64 + 1;
        let article = article.map(str::to_owned);
        self.story.push(StoryStep { n, zh: zh.to_owned(), en: en.to_owned(), article, leaf });
        self
    }

    /// The statements that leaves of the added cases name and that were not added: digest by type. Empty when the
    /// evidence can be complete.
    ///
    /// # Errors
    /// The logs cannot be read.
    pub fn missing(&self) -> Result<Vec<(String, String)>, LogError> {
        let mut out = BTreeSet::new();
        for reader in self.readers()? {
            for (_, leaf) in self.leaves(&reader)? {
                for (kind, digest) in Leaf::decode(&leaf)?.refs {
                    let named = REFERRED.contains(&kind.as_str()) && digest_text(&digest);
                    if named && !self.statements.contains_key(&(kind.clone(), digest.clone())) {
                        out.insert((kind, digest));
                    }
                }
            }
        }
        Ok(out.into_iter().collect())
    }

    /// Makes the file: `made_at` is the time on the deployment's clock, `platform` signs for the platform.
    ///
    /// # Errors
    /// The logs cannot be read, or signing fails.
    pub fn build(&self, made_at: i64, platform: &dyn LogSigner) -> Result<Vec<u8>, LogError> {
        let (mut logs, mut checkpoints) = (BTreeMap::new(), BTreeMap::new());
        for log in LogName::ALL.into_iter().filter(|l| self.log_dir.join(l.as_str()).is_dir()) {
            let (reader, checkpoint) = LogReader::open(&self.log_dir.join(log.as_str()))?;
            let (mut leaves, mut prover) = (Vec::new(), Prover::new(&reader));
            for (index, leaf) in self.leaves(&reader)? {
                leaves.push(ProvedLeaf::make(&mut prover, index, &leaf)?);
            }
            logs.insert(log, LogPart { checkpoint: checkpoint.render(), leaves });
            checkpoints.insert(log, checkpoint);
        }
        let body = Evidence {
            v: 1,
            deployment: self.origin.deployment.clone(),
            subject: self.subject.clone(),
            suite: self.origin.suite,
            clock: self.origin.clock,
            made_at,
            root: self.origin.root.clone(),
            trust_digest: self.origin.trust_digest,
            key_lists: read_key_lists(&self.log_dir)?,
            logs,
            anchors: self.anchors(&checkpoints)?,
            witnessed: self.witnessed(&checkpoints)?,
            statements: self.statements.values().cloned().collect(),
            documents: self.documents.values().cloned().collect(),
            story: self.story.clone(),
        };
        let signature = platform.sign(&crypto::signing_bytes(EVIDENCE_TYPE, &body)?)?;
        Ok(crypto::canonical(&EvidenceFile { body, key: platform.public().key_id(), signature })?)
    }

    fn readers(&self) -> Result<Vec<LogReader>, LogError> {
        let dirs = LogName::ALL.map(|l| self.log_dir.join(l.as_str())).into_iter().filter(|d| d.is_dir());
        dirs.map(|d| LogReader::open(&d).map(|(reader, _)| reader)).collect()
    }

    fn leaves(&self, reader: &LogReader) -> Result<Vec<(u64, Vec<u8>)>, LogError> {
        let mut out = Vec::new();
        reader.each(0, |index, bytes| {
            let leaf = Leaf::decode(bytes)?;
            let apart = leaf.case.as_ref().is_some_and(|c| self.apart.contains(c));
            let by_them = self.person.is_some() && leaf.actor == self.person && !apart;
            if by_them || leaf.case.is_some_and(|c| self.cases.contains(&c)) {
                out.push((index, bytes.to_vec()));
            }
            Ok(())
        })?;
        Ok(out)
    }

    fn anchors(&self, checkpoints: &BTreeMap<LogName, Checkpoint>) -> Result<Vec<AnchorProof>, LogError> {
        let mut out = BTreeSet::new();
        for (log, own) in checkpoints {
            let others = checkpoints.iter().filter(|(other, _)| *other != log);
            for anchor in others.flat_map(|(_, c)| &c.anchors).filter(|a| a.origin == own.origin) {
                let (old, new) = (anchor.size.min(own.size), anchor.size.max(own.size));
                let reader = LogReader::at(Folder::new(&self.log_dir.join(log.as_str())), new);
                let nodes = reader.consistency(HashAlg::Sm3, old, new)?;
                let proof = nodes.iter().map(|n| BASE64.encode(n)).collect();
                out.insert(AnchorProof { log: *log, size: anchor.size, proof });
            }
        }
        Ok(out.into_iter().collect())
    }

    /// What witnesses have cosigned of these logs, as it lies beside them.
    fn witnessed(&self, checkpoints: &BTreeMap<LogName, Checkpoint>) -> Result<Vec<Witnessed>, LogError> {
        let mut out = Vec::new();
        for (log, own) in checkpoints {
            let reader = LogReader::at(Folder::new(&self.log_dir.join(log.as_str())), own.size);
            for (witness, noted) in cosigned_checkpoints(&self.log_dir, *log)? {
                // One that was attached meanwhile may reach beyond what this file shows.
                if noted.checkpoint.size > own.size {
                    continue;
                }
                let proof = |alg| -> Result<Vec<String>, LogError> {
                    let nodes = reader.consistency(alg, noted.checkpoint.size, own.size)?;
                    Ok(nodes.iter().map(|n| BASE64.encode(n)).collect())
                };
                let (sm3_proof, sha256_proof) = (proof(HashAlg::Sm3)?, proof(HashAlg::Sha256)?);
                out.push(Witnessed { log: *log, witness, note: noted.render(), sm3_proof, sha256_proof });
            }
        }
        Ok(out)
    }
}
