//! The Merkle tree of RFC 9162 (section 2.1) over any of our hashes: roots, proofs, and pure verification.
//!
//! Knows no file: complete subtrees come from a [`Nodes`].

use crate::LogError;
use crypto::HashAlg;
use std::ops::Range;

/// A hash in the tree.
pub type Node = [u8; 32];

/// Where complete subtrees come from.
pub trait Nodes {
    /// Root of the complete subtree over leaves `index·2^level .. (index+1)·2^level`.
    ///
    /// # Errors
    /// It is not there.
    fn complete(&mut self, level: u32, index: u64) -> Result<Node, LogError>;
}

/// Hash of a leaf: H(0x00 ‖ bytes).
#[must_use]
pub fn leaf_node(alg: HashAlg, bytes: &[u8]) -> Node {
    let mut h = alg.hasher();
    h.update(&[0]);
    h.update(bytes);
    h.finish().bytes
}

/// Hash of an inner node: H(0x01 ‖ left ‖ right).
#[must_use]
pub fn inner_node(alg: HashAlg, left: &Node, right: &Node) -> Node {
    let mut h = alg.hasher();
    h.update(&[1]);
    h.update(left);
    h.update(right);
    h.finish().bytes
}

/// Root of the empty tree: H().
#[must_use]
pub fn empty_root(alg: HashAlg) -> Node {
    alg.hash(&[]).bytes
}

/// Root over subtrees of equal height, of which only the last may be incomplete.
#[must_use]
pub fn root_over(alg: HashAlg, nodes: &[Node]) -> Node {
    match nodes {
        [] => empty_root(alg),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(split(more.len() as u64) as usize);
            inner_node(alg, &root_over(alg, left), &root_over(alg, right))
        }
    }
}

/// Root over encoded leaves, such as the receipts of a segment.
#[must_use]
pub fn root<L: AsRef<[u8]>>(alg: HashAlg, leaves: &[L]) -> Node {
    let nodes: Vec<Node> = leaves.iter().map(|l| leaf_node(alg, l.as_ref())).collect();
    root_over(alg, &nodes)
}

/// Largest power of two below `n` (`n > 1`).
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// Root of the tree over the first `size` leaves.
///
/// # Errors
/// A subtree is missing.
pub fn root_at(alg: HashAlg, size: u64, nodes: &mut dyn Nodes) -> Result<Node, LogError> {
    if size == 0 { Ok(empty_root(alg)) } else { range(alg, 0, size, nodes) }
}

/// Root over leaves `lo..hi`; `lo` is a multiple of the next power of two from `hi - lo` on.
fn range(alg: HashAlg, lo: u64, hi: u64, nodes: &mut dyn Nodes) -> Result<Node, LogError> {
    let n = hi - lo;
    if n.is_power_of_two() {
        let level = n.ilog2();
        return nodes.complete(level, lo >> level);
    }
    let mid = lo + split(n);
    Ok(inner_node(alg, &range(alg, lo, mid, nodes)?, &range(alg, mid, hi, nodes)?))
}

/// Inclusion proof of leaf `index` in the tree of `size` leaves (RFC 9162 2.1.3.1).
///
/// # Errors
/// `index` is not in the tree, or a subtree is missing.
pub fn inclusion(alg: HashAlg, index: u64, size: u64, nodes: &mut dyn Nodes) -> Result<Vec<Node>, LogError> {
    if index >= size {
        return Err(LogError::OutOfRange(index));
    }
    let (mut lo, mut hi) = (0, size);
    let mut path = Vec::new();
    while hi - lo > 1 {
        let mid = lo + split(hi - lo);
        if index < mid {
            path.push(range(alg, mid, hi, nodes)?);
            hi = mid;
        } else {
            path.push(range(alg, lo, mid, nodes)?);
            lo = mid;
        }
    }
    path.reverse();
    Ok(path)
}

/// Consistency proof between the trees of `old` and `new` leaves (RFC 9162 2.1.4.1). Empty for `old` 0 or `new`.
///
/// # Errors
/// `old` is larger than `new`, or a subtree is missing.
pub fn consistency(alg: HashAlg, old: u64, new: u64, nodes: &mut dyn Nodes) -> Result<Vec<Node>, LogError> {
    if old > new {
        return Err(LogError::OutOfRange(old));
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut lo, mut hi) = (0, new);
    let mut path = Vec::new();
    // Descend to the subtree that ends where the old tree ends.
    while old != hi {
        let mid = lo + split(hi - lo);
        if old <= mid {
            path.push(range(alg, mid, hi, nodes)?);
            hi = mid;
        } else {
            path.push(range(alg, lo, mid, nodes)?);
            lo = mid;
        }
    }
    if lo != 0 {
        path.push(range(alg, lo, hi, nodes)?);
    }
    path.reverse();
    Ok(path)
}

/// Proof of the leaves `from..to` in the tree of `size` leaves: the roots of the subtrees that hold none of them, in
/// order from the left. Those left of `from` also give the root of the first `from` leaves.
///
/// # Errors
/// The range is not in the tree or empty, or a subtree is missing.
pub fn range_proof(alg: HashAlg, range: Range<u64>, size: u64, nodes: &mut dyn Nodes) -> Result<Vec<Node>, LogError> {
    if range.is_empty() || range.end > size {
        return Err(LogError::OutOfRange(range.end));
    }
    let (mut out, mut open) = (Vec::new(), vec![(0, size)]);
    while let Some((lo, hi)) = open.pop() {
        if hi <= range.start || lo >= range.end {
            out.push(self::range(alg, lo, hi, nodes)?);
        } else if lo < range.start || hi > range.end {
            let mid = lo + split(hi - lo);
            open.extend([(mid, hi), (lo, mid)]);
        }
    }
    Ok(out)
}

/// Three roots that leaves and a [`range_proof`] lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeRoots {
    /// Of the leaves before the range.
    pub before: Node,
    /// Of the leaves up to its end.
    pub upto: Node,
    /// Of the whole tree.
    pub whole: Node,
}

/// The roots that leaf hashes from `from` on and their proof in a tree of `size` leaves lead to; `None` where the proof
/// is not one of that shape.
#[must_use]
pub fn range_roots(alg: HashAlg, from: u64, leaves: &[Node], size: u64, proof: &[Node]) -> Option<RangeRoots> {
    let known = known(alg, from, leaves, size, proof)?;
    let before = known.left.iter().rev().copied().reduce(|right, left| inner_node(alg, &left, &right));
    Some(RangeRoots {
        before: before.unwrap_or_else(|| empty_root(alg)),
        upto: known.root(0, known.to, &mut 0)?,
        whole: known.root(0, size, &mut 0)?,
    })
}

/// The root of the first `at` leaves, with `at` inside the range or at one of its ends, as a range proof shows it.
#[must_use]
pub fn root_within(alg: HashAlg, from: u64, leaves: &[Node], size: u64, proof: &[Node], at: u64) -> Option<Node> {
    let known = known(alg, from, leaves, size, proof).filter(|k| (k.from.max(1)..=k.to).contains(&at))?;
    if at > known.from {
        return known.root(0, at, &mut 0);
    }
    known.left.iter().rev().copied().reduce(|right, left| inner_node(alg, &left, &right))
}

fn known<'a>(alg: HashAlg, from: u64, leaves: &'a [Node], size: u64, proof: &[Node]) -> Option<Known<'a>> {
    let to = from.checked_add(leaves.len() as u64).filter(|to| *to <= size && *to > from)?;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut given = proof.iter();
    let mut open = vec![(0, size)];
    while let Some((lo, hi)) = open.pop() {
        if hi <= from {
            left.push(*given.next()?);
        } else if lo >= to {
            right.push((lo, hi, *given.next()?));
        } else if lo < from || hi > to {
            let mid = lo + split(hi - lo);
            open.extend([(mid, hi), (lo, mid)]);
        }
    }
    if given.next().is_some() {
        return None;
    }
    Some(Known { alg, from, to, leaves, left, right })
}

/// What a range proof and its leaves say of subtrees.
struct Known<'a> {
    alg: HashAlg,
    from: u64,
    to: u64,
    leaves: &'a [Node],
    left: Vec<Node>,
    right: Vec<(u64, u64, Node)>,
}

impl Known<'_> {
    /// Root over `lo..hi`; `at` is the next of the nodes on the left.
    fn root(&self, lo: u64, hi: u64, at: &mut usize) -> Option<Node> {
        if hi <= self.from {
            let node = self.left.get(*at).copied();
            *at += 1;
            return node;
        }
        if let Some((_, _, node)) = self.right.iter().find(|(l, h, _)| (*l, *h) == (lo, hi)) {
            return Some(*node);
        }
        if lo >= self.from && hi <= self.to {
            let (a, b) = (usize::try_from(lo - self.from).ok()?, usize::try_from(hi - self.from).ok()?);
            return Some(root_over(self.alg, self.leaves.get(a..b)?));
        }
        let mid = lo + split(hi - lo);
        let left = self.root(lo, mid, at)?;
        Some(inner_node(self.alg, &left, &self.root(mid, hi, at)?))
    }
}

/// Does the proof show `leaf` at `index` under the root of `size` leaves? (RFC 9162 2.1.3.2)
#[must_use]
pub fn verify_inclusion(alg: HashAlg, leaf: &Node, index: u64, size: u64, proof: &[Node], root: &Node) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for p in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = inner_node(alg, p, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = inner_node(alg, &hash, p);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Does the proof show that the tree of `new` leaves extends the tree of `old` leaves? (RFC 9162 2.1.4.2)
#[must_use]
pub fn verify_consistency(alg: HashAlg, old: (u64, &Node), new: (u64, &Node), proof: &[Node]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return proof.is_empty() && *old_root == empty_root(alg);
    }
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (first, rest) = match proof.split_first() {
        _ if old_size.is_power_of_two() => (old_root, proof),
        Some(pair) => pair,
        None => return false,
    };
    let (mut seen_old, mut seen_new) = (*first, *first);
    for c in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            seen_old = inner_node(alg, c, &seen_old);
            seen_new = inner_node(alg, c, &seen_new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            seen_new = inner_node(alg, &seen_new, c);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && seen_old == *old_root && seen_new == *new_root
}
