/** The Merkle tree of RFC 9162 (2.1) over either hash: roots, proofs, and their checks. Sizes and indexes are bigint. */

import { equal } from '../bytes';
import type { Primitives } from '../suite';

/** A hash in the tree, 32 bytes. */
export type Node = Uint8Array;

const LEAF = Uint8Array.of(0);
const INNER = Uint8Array.of(1);

/** Hash of a leaf: H(0x00 ‖ bytes). */
export function leafNode(h: Primitives, bytes: Uint8Array): Node {
  return h.hash(LEAF, bytes);
}

/** Hash of an inner node: H(0x01 ‖ left ‖ right). */
export function innerNode(h: Primitives, left: Node, right: Node): Node {
  return h.hash(INNER, left, right);
}

/** Root of the empty tree: H(). */
export function emptyRoot(h: Primitives): Node {
  return h.hash();
}

/** Largest power of two below `n` (`n > 1`). */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * Hashes of subtrees over a list of leaf hashes, each computed once: roots and proofs for any size up to the list's.
 */
export class Tree {
  readonly #h: Primitives;
  readonly #leaves: readonly Node[];
  readonly #known = new Map<string, Node>();

  constructor(h: Primitives, leaves: readonly Node[]) {
    this.#h = h;
    this.#leaves = leaves;
  }

  #range(lo: number, hi: number): Node {
    const leaf = hi - lo === 1 ? this.#leaves[lo] : undefined;
    if (leaf) return leaf;
    const key = `${lo}-${hi}`;
    let node = this.#known.get(key);
    if (!node) {
      const mid = lo + split(hi - lo);
      node = innerNode(this.#h, this.#range(lo, mid), this.#range(mid, hi));
      this.#known.set(key, node);
    }
    return node;
  }

  /** Root over the first `size` leaves. */
  root(size: number = this.#leaves.length): Node {
    if (size > this.#leaves.length) throw new RangeError('beyond the leaves');
    return size === 0 ? emptyRoot(this.#h) : this.#range(0, size);
  }

  /** Inclusion proof of a leaf in the tree of `size` leaves (RFC 9162 2.1.3.1), nearest to the leaf first. */
  inclusion(index: number, size: number = this.#leaves.length): Node[] {
    if (index >= size || size > this.#leaves.length) throw new RangeError('beyond the leaves');
    const path: Node[] = [];
    let [lo, hi] = [0, size];
    while (hi - lo > 1) {
      const mid = lo + split(hi - lo);
      if (index < mid) {
        path.push(this.#range(mid, hi));
        hi = mid;
      } else {
        path.push(this.#range(lo, mid));
        lo = mid;
      }
    }
    return path.reverse();
  }

  /** Consistency proof between the trees of `old` and `size` leaves (RFC 9162 2.1.4.1). */
  consistency(old: number, size: number = this.#leaves.length): Node[] {
    if (old > size || size > this.#leaves.length) throw new RangeError('beyond the leaves');
    if (old === 0 || old === size) return [];
    const path: Node[] = [];
    let [lo, hi] = [0, size];
    while (old !== hi) {
      const mid = lo + split(hi - lo);
      if (old <= mid) {
        path.push(this.#range(mid, hi));
        hi = mid;
      } else {
        path.push(this.#range(lo, mid));
        lo = mid;
      }
    }
    if (lo !== 0) path.push(this.#range(lo, hi));
    return path.reverse();
  }
}

/** Does the proof show `leaf` at `index` under the root of `size` leaves? (RFC 9162 2.1.3.2) */
export function verifyInclusion(
  h: Primitives,
  leaf: Node,
  index: bigint,
  size: bigint,
  proof: readonly Node[],
  root: Node,
): boolean {
  if (index >= size || index < 0n) return false;
  let [at, last, hash] = [index, size - 1n, leaf];
  for (const p of proof) {
    if (last === 0n) return false;
    if ((at & 1n) === 1n || at === last) {
      hash = innerNode(h, p, hash);
      while ((at & 1n) === 0n && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      hash = innerNode(h, hash, p);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && equal(hash, root);
}

/** A tree's size and root. */
export interface Head {
  readonly size: bigint;
  readonly root: Node;
}

/** Does the proof show that the new tree extends the old one? (RFC 9162 2.1.4.2) */
export function verifyConsistency(h: Primitives, old: Head, now: Head, proof: readonly Node[]): boolean {
  if (old.size > now.size) return false;
  if (old.size === now.size) return proof.length === 0 && equal(old.root, now.root);
  if (old.size === 0n) return proof.length === 0 && equal(old.root, emptyRoot(h));
  let [at, last] = [old.size - 1n, now.size - 1n];
  while ((at & 1n) === 1n) [at, last] = [at >> 1n, last >> 1n];
  const whole = (old.size & (old.size - 1n)) === 0n;
  const first = whole ? old.root : proof[0];
  if (!first) return false;
  let [seenOld, seenNow] = [first, first];
  for (const c of whole ? proof : proof.slice(1)) {
    if (last === 0n) return false;
    if ((at & 1n) === 1n || at === last) {
      seenOld = innerNode(h, c, seenOld);
      seenNow = innerNode(h, c, seenNow);
      while ((at & 1n) === 0n && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      seenNow = innerNode(h, seenNow, c);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && equal(seenOld, old.root) && equal(seenNow, now.root);
}
