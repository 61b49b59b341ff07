//! The tree against RFC 9162 written down as recursive definitions, for all sizes up to 600 and drawn pairs.

use audit::LogError;
use audit::merkle::{
    Node, Nodes, RangeRoots, consistency, empty_root, inclusion, leaf_node, range_proof, range_roots, root, root_at,
    root_over, root_within, verify_consistency, verify_inclusion,
};
use crypto::HashAlg::{self, Sha256, Sm3};
use ct_merkle::InclusionProof;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;

/// MTH of RFC 9162 2.1.1, over leaf inputs, with plain library hashing of concatenations.
fn mth(alg: HashAlg, d: &[Vec<u8>]) -> Node {
    match d {
        [] => alg.hash(b"").bytes,
        [one] => alg.hash(&[&[0u8], one.as_slice()].concat()).bytes,
        _ => {
            let k = d.len().next_power_of_two() / 2;
            alg.hash(&[&[1u8][..], &mth(alg, &d[..k]), &mth(alg, &d[k..])].concat()).bytes
        }
    }
}

/// PATH of RFC 9162 2.1.3.1.
fn path(alg: HashAlg, m: usize, d: &[Vec<u8>]) -> Vec<Node> {
    if d.len() == 1 {
        return vec![];
    }
    let k = d.len().next_power_of_two() / 2;
    let (mut p, other) =
        if m < k { (path(alg, m, &d[..k]), mth(alg, &d[k..])) } else { (path(alg, m - k, &d[k..]), mth(alg, &d[..k])) };
    p.push(other);
    p
}

/// SUBPROOF of RFC 9162 2.1.4.1.
fn subproof(alg: HashAlg, m: usize, d: &[Vec<u8>], whole: bool) -> Vec<Node> {
    if m == d.len() {
        return if whole { vec![] } else { vec![mth(alg, d)] };
    }
    let k = d.len().next_power_of_two() / 2;
    let (mut p, other) = if m <= k {
        (subproof(alg, m, &d[..k], whole), mth(alg, &d[k..]))
    } else {
        (subproof(alg, m - k, &d[k..], false), mth(alg, &d[..k]))
    };
    p.push(other);
    p
}

fn data(n: usize) -> Vec<Vec<u8>> {
    (0..n).map(|i| format!("leaf {i}").into_bytes()).collect()
}

struct Memory<'a>(HashAlg, &'a [Vec<u8>]);

impl Nodes for Memory<'_> {
    fn complete(&mut self, level: u32, index: u64) -> Result<Node, LogError> {
        let (from, to) = ((index << level) as usize, ((index + 1) << level) as usize);
        self.1.get(from..to).map(|d| mth(self.0, d)).ok_or(LogError::OutOfRange(index))
    }
}

#[test]
fn known_roots() {
    // SHA-256 of nothing, and the roots of certificate-transparency's reference tests (RFC 6962 has the same tree).
    assert_eq!(hex::encode(empty_root(Sha256)), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let inputs: Vec<Vec<u8>> =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
            .iter()
            .map(|h| hex::decode(h).unwrap())
            .collect();
    let known = [
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ];
    for (n, want) in known {
        assert_eq!(hex::encode(root(Sha256, &inputs[..n])), want);
    }
}

#[test]
fn roots_of_all_sizes() {
    let d = data(600);
    for alg in [Sm3, Sha256] {
        for n in 0..=600 {
            let want = mth(alg, &d[..n]);
            assert_eq!(root(alg, &d[..n]), want);
            assert_eq!(root_at(alg, n as u64, &mut Memory(alg, &d)).unwrap(), want);
        }
    }
}

#[test]
fn all_proofs_of_small_trees() {
    let d = data(40);
    for n in 1..=40usize {
        let nodes = &mut Memory(Sm3, &d[..n]);
        let top = mth(Sm3, &d[..n]);
        for m in 0..n {
            let proof = inclusion(Sm3, m as u64, n as u64, nodes).unwrap();
            assert_eq!(proof, path(Sm3, m, &d[..n]));
            for (at, input) in d.iter().enumerate().take(n) {
                let holds = verify_inclusion(Sm3, &leaf_node(Sm3, input), m as u64, n as u64, &proof, &top);
                assert_eq!(holds, at == m);
            }
        }
        for m in 1..=n {
            let proof = consistency(Sm3, m as u64, n as u64, nodes).unwrap();
            assert_eq!(proof, subproof(Sm3, m, &d[..n], true));
            let old = mth(Sm3, &d[..m]);
            assert!(verify_consistency(Sm3, (m as u64, &old), (n as u64, &top), &proof));
            for other in (1..=n).filter(|o| *o != m) {
                assert!(!verify_consistency(Sm3, (other as u64, &old), (n as u64, &top), &proof));
            }
        }
    }
    assert!(inclusion(Sm3, 40, 40, &mut Memory(Sm3, &d)).is_err());
    assert!(consistency(Sm3, 41, 40, &mut Memory(Sm3, &d)).is_err());
}

#[test]
fn all_ranges_of_small_trees() {
    let d = data(33);
    let hashes: Vec<Node> = d.iter().map(|l| leaf_node(Sm3, l)).collect();
    for n in 1..=33usize {
        let nodes = &mut Memory(Sm3, &d[..n]);
        for from in 0..n {
            for to in from + 1..=n {
                let proof = range_proof(Sm3, from as u64..to as u64, n as u64, nodes).unwrap();
                let roots = range_roots(Sm3, from as u64, &hashes[from..to], n as u64, &proof);
                for at in 0..=n {
                    let found = root_within(Sm3, from as u64, &hashes[from..to], n as u64, &proof, at as u64);
                    let inside = at >= from.max(1) && at <= to;
                    assert_eq!(found, inside.then(|| root_over(Sm3, &hashes[..at])), "{from}..{to} of {n} at {at}");
                }
                let want =
                    RangeRoots { before: mth(Sm3, &d[..from]), upto: mth(Sm3, &d[..to]), whole: mth(Sm3, &d[..n]) };
                assert_eq!(roots, Some(want), "{from}..{to} of {n}");
                if !proof.is_empty() {
                    assert_eq!(range_roots(Sm3, from as u64, &hashes[from..to], n as u64, &proof[1..]), None);
                }
                let longer = [&proof[..], &[[7; 32]]].concat();
                assert_eq!(range_roots(Sm3, from as u64, &hashes[from..to], n as u64, &longer), None);
            }
        }
        assert!(
            range_proof(Sm3, 0..0, n as u64, nodes).is_err()
                && range_proof(Sm3, 0..n as u64 + 1, n as u64, nodes).is_err()
        );
    }
}

/// Our root and our proof of leaf `m`, held against somebody else's tree over the same leaves; theirs against our check.
fn agrees<H: sm3::Digest>(alg: HashAlg, m: usize, d: &[Vec<u8>]) {
    let n = d.len() as u64;
    let mut theirs = MemoryBackedTree::<H, Vec<u8>>::new();
    d.iter().for_each(|leaf| theirs.push(leaf.clone()));
    let ours = root(alg, d);
    assert_eq!(theirs.root().as_bytes().as_slice(), ours, "{alg:?} root of {n}");
    let proof = inclusion(alg, m as u64, n, &mut Memory(alg, d)).unwrap();
    let given = InclusionProof::<H>::from_bytes(proof.concat());
    theirs.root().verify_inclusion(&d[m], m as u64, &given).unwrap();
    let made = theirs.prove_inclusion(m);
    assert_eq!(made.as_bytes(), proof.concat(), "{alg:?} proof of {m} in {n}");
    let (leaf, nodes) = (leaf_node(alg, &d[m]), made.as_bytes().as_chunks::<32>().0);
    assert!(verify_inclusion(alg, &leaf, m as u64, n, nodes, &ours));
    for old in [1, m + 1].into_iter().filter(|old| *old < d.len()) {
        let proof = consistency(alg, old as u64, n, &mut Memory(alg, d)).unwrap();
        let made = theirs.prove_consistency(d.len() - old);
        assert_eq!(made.as_bytes(), proof.concat(), "{alg:?} {old} to {n}");
        let (top, before) = (ours, mth(alg, &d[..old]));
        assert!(verify_consistency(alg, (old as u64, &before), (n, &top), made.as_bytes().as_chunks::<32>().0));
    }
}

#[test]
fn another_library_agrees() {
    for n in [1, 2, 3, 7, 8, 9, 255, 256, 257, 300] {
        for m in [0, n / 2, n - 1] {
            agrees::<sm3::Sm3>(Sm3, m, &data(n));
            agrees::<sha2::Sha256>(Sha256, m, &data(n));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn inclusion_as_defined(n in 1usize..600, at in any::<prop::sample::Index>(), bit in any::<prop::sample::Index>(),
                            sha in any::<bool>()) {
        let alg = if sha { Sha256 } else { Sm3 };
        let (d, m) = (data(n), at.index(n));
        let proof = inclusion(alg, m as u64, n as u64, &mut Memory(alg, &d)).unwrap();
        prop_assert_eq!(&proof, &path(alg, m, &d));
        let (leaf, top) = (leaf_node(alg, &d[m]), mth(alg, &d));
        let holds = |leaf, m, n, proof: &[Node], top| verify_inclusion(alg, leaf, m, n, proof, top);
        prop_assert!(holds(&leaf, m as u64, n as u64, &proof, &top));
        prop_assert!(!holds(&leaf, m as u64 + 1, n as u64, &proof, &top));
        prop_assert!(!holds(&top, m as u64, n as u64, &proof, &top) || n == 1);
        let mut longer = proof.clone();
        longer.push(top);
        prop_assert!(!holds(&leaf, m as u64, n as u64, &longer, &top));
        if !proof.is_empty() {
            prop_assert!(!holds(&leaf, m as u64, n as u64, &proof[1..], &top));
            let mut bent = proof.clone();
            let b = bit.index(proof.len() * 256);
            bent[b / 256][b % 256 / 8] ^= 1 << (b % 8);
            prop_assert!(!holds(&leaf, m as u64, n as u64, &bent, &top));
        }
    }

    #[test]
    fn consistency_as_defined(n in 1usize..600, at in any::<prop::sample::Index>(), bit in any::<prop::sample::Index>()) {
        let (d, m) = (data(n), at.index(n) + 1);
        let proof = consistency(Sha256, m as u64, n as u64, &mut Memory(Sha256, &d)).unwrap();
        prop_assert_eq!(&proof, &subproof(Sha256, m, &d, true));
        let (old, new) = (mth(Sha256, &d[..m]), mth(Sha256, &d));
        let holds = |old: &Node, new: &Node, proof: &[Node]| {
            verify_consistency(Sha256, (m as u64, old), (n as u64, new), proof)
        };
        prop_assert!(holds(&old, &new, &proof));
        // Another history of the same length is no extension.
        let mut other = d.clone();
        other[bit.index(m)] = b"another".to_vec();
        prop_assert!(!holds(&mth(Sha256, &other[..m]), &new, &proof));
        prop_assert!(!holds(&old, &mth(Sha256, &other), &proof));
        if !proof.is_empty() {
            let mut bent = proof.clone();
            let b = bit.index(proof.len() * 256);
            bent[b / 256][b % 256 / 8] ^= 1 << (b % 8);
            prop_assert!(!holds(&old, &new, &bent));
            prop_assert!(!holds(&old, &new, &proof[..proof.len() - 1]));
        }
    }

    #[test]
    fn verifying_never_panics(m in any::<u64>(), n in any::<u64>(), proof in prop::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let node = [7u8; 32];
        prop_assert!(!verify_inclusion(Sm3, &node, m, n, &proof, &[9; 32]));
        let _ = verify_consistency(Sm3, (m, &node), (n, &node), &proof);
        let leaves = [node, node];
        let _ = range_roots(Sm3, m, &leaves[..1 + proof.len() % 2], n, &proof);
    }
}
