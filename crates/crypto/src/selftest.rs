//! Known-answer tests of every primitive of both suites, run by each process before it does anything.
//!
//! A wrong library, a miscompiled routine, a broken vector unit or a stuck random source shows here, and not in twenty
//! years when an object does not open.

use crate::aead::{Aead, expand};
use crate::password::Cost;
use crate::sign::{PublicKey, SigningKey};
use crate::{CryptoError, Suite, random};

/// What is computed. A test puts a faulty one in its place.
trait Primitives {
    fn digest(&self, suite: Suite, data: &[u8]) -> Vec<u8> {
        suite.hash(data).bytes.to_vec()
    }
    fn mac(&self, suite: Suite, key: &[u8], data: &[u8]) -> Vec<u8> {
        suite.mac(key, data).to_vec()
    }
    fn expand(&self, suite: Suite, key: &[u8; 32], info: &[u8], out: &mut [u8]) -> Result<(), CryptoError> {
        expand(suite, key, info, out)
    }
    fn seal(&self, _suite: Suite, aead: &Aead, text: &mut Vec<u8>) -> Result<(), CryptoError> {
        aead.seal(0, text)
    }
    fn open(&self, _suite: Suite, aead: &Aead, text: &mut Vec<u8>) -> Result<(), CryptoError> {
        aead.open(0, text)
    }
    fn sign(&self, key: &SigningKey, text: &[u8]) -> Result<String, CryptoError> {
        key.sign_bytes(text)
    }
    fn verify(&self, key: &PublicKey, text: &[u8], signature: &str) -> bool {
        key.verify_bytes(text, signature).is_ok()
    }
    fn stretch(&self, secret: &[u8], salt: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Ok(Cost { m_kib: 256, t: 2, p: 1 }.stretch(secret, salt)?.to_vec())
    }
    fn draw(&self) -> Result<[u8; 32], CryptoError> {
        random()
    }
}

struct Real;

impl Primitives for Real {}

/// What a suite must answer.
struct Known {
    suite: Suite,
    /// Names of digest, MAC, derivation, AEAD and signature.
    names: [&'static str; 5],
    /// Digest of `abc`.
    digest: &'static str,
    /// MAC of `MAC_TEXT` under `MAC_KEY`.
    mac: &'static str,
    /// 42 bytes from `PRK` and `INFO`.
    okm: &'static str,
    /// `abc` sealed as chunk 0 under what is derived from `PRK` and `INFO`.
    sealed: &'static str,
    /// Signature of `abc` under `SECRET`.
    signature: &'static str,
}

const MAC_KEY: &[u8] = b"Jefe";
const MAC_TEXT: &[u8] = b"what do ya want for nothing?";
/// RFC 5869, test case 1: the pseudorandom key and the info of its second step.
const PRK: [u8; 32] = [
    0x07, 0x77, 0x09, 0x36, 0x2c, 0x2e, 0x32, 0xdf, 0x0d, 0xdc, 0x3f, 0x0d, 0xc4, 0x7b, 0xba, 0x63, 0x90, 0xb6, 0xc7,
    0x3b, 0xb5, 0x0f, 0x9c, 0x31, 0x22, 0xec, 0x84, 0x4a, 0xd7, 0xc2, 0xb3, 0xe5,
];
const INFO: [u8; 10] = [0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9];
/// RFC 8032, 7.1, test 1; within the range of SM2's secrets too.
const SECRET: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5,
    0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

const KNOWN: [Known; 2] = [
    Known {
        suite: Suite::Gm,
        names: ["SM3", "HMAC-SM3", "HKDF-SM3", "SM4-GCM", "SM2"],
        // GB/T 32905, A.1; OpenSSL's own vector; the rest is worked out another way in the tests below.
        digest: "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
        mac: "2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882",
        okm: "d278de218f1d74a25ddc0d839acd843a7d9f7d5d8b16583172f2a9d78fe19e19fea9b6996aa5912c4a50",
        sealed: "e0a42bd1e8aa351fc9044dc75a6be031a639e2",
        signature: "sm2:7Ps45YH6GLA+L/piC0WFdaDiFdouj9S55YAa4Mei2jI3TOxpFxqgvXuEFjYe+fzb4FCbrA6nf7m+hBKs75g+2g==",
    },
    Known {
        suite: Suite::Intl,
        names: ["SHA-256", "HMAC-SHA-256", "HKDF-SHA-256", "AES-256-GCM", "Ed25519"],
        // FIPS 180-4; RFC 4231, case 2; RFC 5869, case 1.
        digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        mac: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        okm: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        sealed: "368d658ebda0ddd67fb749d0906d5b2cfdc3fe",
        signature: "ed25519:gNcksB58omD0zH+N58lfc8+sYVurH3YrZDW27CbIz20sdY2uL4c5mo7tocvNKDWsW6Ztbsqjq6XlZ6dRBT3CBw==",
    },
];

/// `password`, `somesalt`, 2 passes, 256 KiB, one lane: a vector of the reference implementation.
const STRETCHED: &str = "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe";

/// Tests every primitive; names those that were tested.
///
/// # Errors
/// `SelfTest` with the name of the first that answers wrongly. Nothing may be sealed, signed or opened then.
pub fn self_test() -> Result<Vec<&'static str>, CryptoError> {
    all(&Real)
}

fn all(p: &dyn Primitives) -> Result<Vec<&'static str>, CryptoError> {
    let mut done = Vec::new();
    for known in &KNOWN {
        done.extend(suite(p, known)?);
    }
    let stretched = p.stretch(b"password", b"somesalt").is_ok_and(|out| hex::encode(out) == STRETCHED);
    let random = lively(p.draw(), p.draw());
    for (name, held) in [("Argon2id", stretched), ("the random source", random)] {
        done.push(check(name, held)?);
    }
    Ok(done)
}

fn check(name: &'static str, held: bool) -> Result<&'static str, CryptoError> {
    if held { Ok(name) } else { Err(CryptoError::SelfTest(name)) }
}

fn suite(p: &dyn Primitives, known: &Known) -> Result<[&'static str; 5], CryptoError> {
    let [digest, mac, hkdf, aead, signature] = known.names;
    let suite = known.suite;
    let mut okm = [0; 42];
    let expanded = p.expand(suite, &PRK, &INFO, &mut okm).is_ok();
    Ok([
        check(digest, hex::encode(p.digest(suite, b"abc")) == known.digest)?,
        check(mac, hex::encode(p.mac(suite, MAC_KEY, MAC_TEXT)) == known.mac)?,
        check(hkdf, expanded && hex::encode(okm) == known.okm)?,
        check(aead, seals(p, known).unwrap_or(false))?,
        check(signature, signs(p, known).unwrap_or(false))?,
    ])
}

/// Seals as known, opens again, and opens nothing that was changed.
fn seals(p: &dyn Primitives, known: &Known) -> Result<bool, CryptoError> {
    let aead = Aead::derive(known.suite, &PRK, &INFO)?;
    let mut text = b"abc".to_vec();
    p.seal(known.suite, &aead, &mut text)?;
    let sealed = hex::encode(&text) == known.sealed;
    let mut changed = text.clone();
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    let refused = p.open(known.suite, &aead, &mut changed).is_err();
    p.open(known.suite, &aead, &mut text)?;
    Ok(sealed && refused && text == b"abc")
}

/// Signs as known, verifies that, and verifies nothing else.
fn signs(p: &dyn Primitives, known: &Known) -> Result<bool, CryptoError> {
    let key = SigningKey::from_secret(known.suite, &SECRET)?;
    let signed = p.sign(&key, b"abc")? == known.signature;
    let public = key.public();
    Ok(signed && p.verify(&public, b"abc", known.signature) && !p.verify(&public, b"xyz", known.signature))
}

/// Two draws that differ, and together more than a few values. A sound source fails this with a chance below 2^-200.
fn lively(a: Result<[u8; 32], CryptoError>, b: Result<[u8; 32], CryptoError>) -> bool {
    let (Ok(a), Ok(b)) = (a, b) else { return false };
    let values: std::collections::BTreeSet<u8> = a.into_iter().chain(b).collect();
    a != b && values.len() >= 16
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_primitive_answers_as_known() {
        let done = self_test().unwrap();
        assert_eq!((done.len(), done[3], done[9]), (12, "SM4-GCM", "Ed25519"));
    }

    /// HKDF written out, and the AEADs called without our derivation: the known answers are not only our own word.
    #[test]
    fn known_answers_come_out_another_way() {
        use aes_gcm::{AeadInOut, Aes256Gcm, AesGcm, KeyInit};
        for known in &KNOWN {
            let (mut okm, mut block) = (Vec::new(), Vec::new());
            for n in 1..=3 {
                block = known.suite.mac(&PRK, &[&block[..], &INFO, &[n]].concat()).to_vec();
                okm.extend(&block);
            }
            assert_eq!(hex::encode(&okm[..42]), known.okm);
            let mut text = b"abc".to_vec();
            let nonce = |at: usize| <[u8; 12]>::try_from(&okm[at..at + 12]).unwrap().into();
            match known.suite {
                Suite::Gm => AesGcm::<sm4_simd::Sm4, sm4_simd::cipher::consts::U12>::new_from_slice(&okm[..16])
                    .unwrap()
                    .encrypt_in_place(&nonce(16), &[], &mut text),
                Suite::Intl => {
                    Aes256Gcm::new_from_slice(&okm[..32]).unwrap().encrypt_in_place(&nonce(32), &[], &mut text)
                }
            }
            .unwrap();
            assert_eq!(hex::encode(text), known.sealed);
        }
    }

    /// One fault, in one primitive of one suite.
    struct Faulty(&'static str);

    impl Faulty {
        fn hits(&self, suite: Suite, nth: usize) -> bool {
            KNOWN.iter().any(|k| k.suite == suite && k.names[nth] == self.0)
        }
    }

    fn flip(bytes: &mut [u8], when: bool) {
        if let Some(last) = bytes.last_mut().filter(|_| when) {
            *last ^= 1;
        }
    }

    impl Primitives for Faulty {
        fn digest(&self, suite: Suite, data: &[u8]) -> Vec<u8> {
            let mut out = Real.digest(suite, data);
            flip(&mut out, self.hits(suite, 0));
            out
        }
        fn mac(&self, suite: Suite, key: &[u8], data: &[u8]) -> Vec<u8> {
            let mut out = Real.mac(suite, key, data);
            flip(&mut out, self.hits(suite, 1));
            out
        }
        fn expand(&self, suite: Suite, key: &[u8; 32], info: &[u8], out: &mut [u8]) -> Result<(), CryptoError> {
            Real.expand(suite, key, info, out)?;
            flip(out, self.hits(suite, 2));
            Ok(())
        }
        fn seal(&self, suite: Suite, aead: &Aead, text: &mut Vec<u8>) -> Result<(), CryptoError> {
            Real.seal(suite, aead, text)?;
            flip(text, self.hits(suite, 3) && suite == Suite::Gm);
            Ok(())
        }
        fn open(&self, suite: Suite, aead: &Aead, text: &mut Vec<u8>) -> Result<(), CryptoError> {
            // A cipher that forgets to check the tag.
            match Real.open(suite, aead, text) {
                Err(_) if self.hits(suite, 3) && suite == Suite::Intl => Ok(()),
                other => other,
            }
        }
        fn sign(&self, key: &SigningKey, text: &[u8]) -> Result<String, CryptoError> {
            let other = if self.0 == "SM2" && key.suite() == Suite::Gm { &text[1..] } else { text };
            Real.sign(key, other)
        }
        fn verify(&self, key: &PublicKey, text: &[u8], signature: &str) -> bool {
            // A check that always agrees.
            (self.0 == "Ed25519" && key.suite() == Suite::Intl) || Real.verify(key, text, signature)
        }
        fn stretch(&self, secret: &[u8], salt: &[u8]) -> Result<Vec<u8>, CryptoError> {
            let mut out = Real.stretch(secret, salt)?;
            flip(&mut out, self.0 == "Argon2id");
            Ok(out)
        }
        fn draw(&self) -> Result<[u8; 32], CryptoError> {
            if self.0 == "the random source" { Ok([0x5a; 32]) } else { Real.draw() }
        }
    }

    #[test]
    fn a_fault_in_any_primitive_is_named() {
        let mut tried = 0;
        for name in KNOWN.iter().flat_map(|k| k.names).chain(["Argon2id", "the random source"]) {
            match all(&Faulty(name)) {
                Err(CryptoError::SelfTest(found)) => assert_eq!(found, name),
                other => panic!("{name}: {other:?}"),
            }
            tried += 1;
        }
        assert_eq!(tried, 12);
    }

    #[test]
    fn a_stuck_random_source_is_found() {
        let counting = std::array::from_fn::<u8, 32, _>(|i| i as u8);
        let few = std::array::from_fn::<u8, 32, _>(|i| (i % 7) as u8);
        for (a, b) in [(Ok([0; 32]), Ok([1; 32])), (Ok(counting), Ok(counting)), (Ok(few), Ok([9; 32]))] {
            assert!(!lively(a, b));
        }
        assert!(!lively(Err(CryptoError::Random), Ok(counting)));
        assert!(!lively(random(), Err(CryptoError::Random)));
    }
}
