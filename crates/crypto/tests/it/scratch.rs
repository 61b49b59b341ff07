//! Keys of work files: a chunk opens under its own key and number, unchanged, and nowhere else.

use crypto::{Scratch, Suite};

#[test]
fn a_chunk_opens_under_its_own_key_and_number_only() {
    for suite in [Suite::Gm, Suite::Intl] {
        let (key, other) = (Scratch::new(suite).unwrap(), Scratch::new(suite).unwrap());
        let plain = b"planted 320106199001011234".to_vec();
        let (mut first, mut second) = (plain.clone(), plain.clone());
        assert_eq!((key.seal(&mut first).unwrap(), key.seal(&mut second).unwrap()), (0, 1));
        assert_ne!(first, second, "equal chunks do not look equal");
        assert!(!first.windows(7).any(|w| w == b"planted"));
        let opened = |key: &Scratch, number, chunk: &[u8]| {
            let mut chunk = chunk.to_vec();
            key.open(number, &mut chunk).is_ok().then_some(chunk)
        };
        assert_eq!(opened(&key, 0, &first).as_ref(), Some(&plain));
        assert_eq!(opened(&key, 1, &second).as_ref(), Some(&plain));
        assert_eq!(opened(&key, 1, &first), None, "another number");
        assert_eq!(opened(&other, 0, &first), None, "another key");
        for at in 0..first.len() {
            let mut changed = first.clone();
            changed[at] ^= 1;
            assert_eq!(opened(&key, 0, &changed), None, "byte {at}");
        }
    }
}
