//! Whatever bytes come in, reading them ends with a value or an error.

use crate::story::{Plan, Story, quorum};
use audit::evidence::verify;
use audit::{Checkpoint, Leaf, Trust, verify_once};
use crypto::Suite;
use proptest::prelude::*;
use std::sync::OnceLock;

fn sample() -> &'static (Vec<u8>, String, Vec<u8>, Trust) {
    static SAMPLE: OnceLock<(Vec<u8>, String, Vec<u8>, Trust)> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let mut story = Story::write(Suite::Intl, Plan::default());
        let note = std::fs::read_to_string(story.world.logs().join("platform/checkpoint")).unwrap();
        let leaf = story.world.leaf(audit::LogName::Platform, Some("case-x"), "step", &[("act", "sm3:00")]);
        (story.evidence(), note, leaf, story.trust())
    })
}

/// Cuts, doubles, swaps and overwrites pieces.
fn mangle(bytes: &[u8], cuts: &[(prop::sample::Index, prop::sample::Index, u8)]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for (a, b, how) in cuts {
        if out.is_empty() {
            break;
        }
        let (a, b) = (a.index(out.len()), b.index(out.len()));
        let (a, b) = (a.min(b), a.max(b));
        match how % 4 {
            0 => drop(out.drain(a..b.min(a + 40))),
            1 => {
                let piece = out[a..b.min(a + 200)].to_vec();
                out.splice(b..b, piece);
            }
            2 => out.swap(a, b),
            _ => out[a] = *how,
        }
    }
    out
}

fn cuts() -> impl Strategy<Value = Vec<(prop::sample::Index, prop::sample::Index, u8)>> {
    prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index, u8)>(), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn mangled_evidence_is_not_believed(cuts in cuts()) {
        let (bytes, _, _, trust) = sample();
        let bent = mangle(bytes, &cuts);
        prop_assert!(bent == *bytes || !verify(&bent, Some(trust), &quorum).valid);
    }

    #[test]
    fn mangled_notes_and_leaves(cuts in cuts()) {
        let (_, note, leaf, trust) = sample();
        let bent = mangle(note.as_bytes(), &cuts);
        if let Ok(read) = Checkpoint::parse(&bent) {
            prop_assert_eq!(read.render().into_bytes(), bent);
        }
        let bent = mangle(leaf, &cuts);
        if let Ok(read) = Leaf::decode(&bent) {
            prop_assert_eq!(read.encode().unwrap(), bent);
        }
        let bytes = trust.to_bytes().unwrap();
        let bent = mangle(&bytes, &cuts);
        if let Ok(read) = Trust::parse(&bent) {
            prop_assert_eq!(read.to_bytes().unwrap(), bent);
        }
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!verify(&bytes, None, &quorum).valid);
        prop_assert!(Checkpoint::parse(&bytes).is_err());
        prop_assert!(Leaf::decode(&bytes).is_err());
        prop_assert!(Trust::parse(&bytes).is_err());
    }

    #[test]
    fn any_entry_bundle(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let story = tempfile::tempdir().unwrap();
        let dir = story.path().join("platform");
        std::fs::create_dir_all(dir.join("entries/000.p")).unwrap();
        std::fs::write(dir.join("entries/000.p/3"), &bytes).unwrap();
        std::fs::write(dir.join("checkpoint"), &bytes).unwrap();
        prop_assert!(!verify_once(story.path(), None, None).valid);
    }
}
