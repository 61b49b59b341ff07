/**
 * A whole log as the platform's API gives it, against its signed checkpoint: every leaf encoded anew, every case's chain
 * followed, both roots computed, the signature checked under the key lists. Says where it fails instead of throwing, so
 * that a log with a fault can still be looked at.
 */

import { toBase64, equal, utf8 } from '../bytes';
import { canonical, CanonicalError, type Json } from '../canonical';
import { parsePublic } from '../digest';
import { FaultError } from '../fault';
import type { Signed } from '../keys';
import { checkCheckpoint } from '../evidence/check';
import { loadBoth, type Both } from '../suite';
import { parseCheckpoint, type Checkpoint } from './checkpoint';
import { checkLists, listDigests } from './keylist';
import { decodeLeaf, leafHash, type Leaf } from './leaf';
import { leafNode, Tree, verifyInclusion, type Node } from './merkle';

/** What the platform gave. */
export interface Given {
  /** The checkpoint's note. */
  note: string;
  /** Leaves from index 0 on, as JSON. */
  leaves: readonly Json[];
  keyLists: readonly Signed<Json>[];
  /** Public key of the root, as the deployment states it. */
  root: string;
}

/** A leaf with its place and hash. */
export interface Entry {
  readonly index: number;
  readonly leaf: Leaf;
  readonly bytes: Uint8Array;
  /** Leaf hash under the deployment's suite. */
  readonly hash: string;
}

/** Why a log is not that of its checkpoint. */
export interface LogFault {
  readonly what: 'keys' | 'checkpoint' | 'missing' | 'leaf' | 'chain' | 'root';
  /** Leaf concerned, where it is one. */
  readonly index: number | null;
}

/** One tree's proof of a leaf. */
export interface TreeProof {
  readonly alg: 'sm3' | 'sha256';
  readonly leaf: Node;
  /** Nearest to the leaf first. */
  readonly nodes: readonly Node[];
  readonly root: Node;
  /** Does it lead to the signed root? */
  readonly holds: boolean;
}

/** A log that was read. */
export class WholeLog {
  readonly entries: readonly Entry[];
  /** `null` where the note cannot be read. */
  readonly checkpoint: Checkpoint | null;
  readonly note: string;
  readonly fault: LogFault | null;
  /** Number of the newest key list. */
  readonly keyList: number | null;
  readonly #both: Both;
  readonly #trees: { gm: Tree; intl: Tree } | null;

  constructor(both: Both, given: Given) {
    this.#both = both;
    this.note = given.note;
    this.checkpoint = read(() => parseCheckpoint(utf8(given.note)));
    const suite = this.checkpoint?.suite ?? 'gm';
    const entries: Entry[] = [];
    let fault: LogFault | null = null;
    for (const [index, value] of given.leaves.entries()) {
      const bytes = read(() => canonical(value));
      const leaf = bytes && read(() => decodeLeaf(bytes));
      if (!bytes || leaf?.log !== 'platform') {
        fault = { what: 'leaf', index };
        break;
      }
      entries.push({ index, leaf, bytes, hash: leafHash(both[suite], bytes) });
    }
    this.entries = entries;
    const size = Number(this.checkpoint?.size ?? 0n);
    this.#trees = this.checkpoint && entries.length >= size ? trees(both, entries.slice(0, size)) : null;
    this.keyList = given.keyLists.length || null;
    this.fault = this.#keysAndSignature(given) ?? fault ?? chains(entries) ?? this.#roots(size);
  }

  #keysAndSignature({ keyLists, root }: Given): LogFault | null {
    const c = this.checkpoint;
    if (!c) return { what: 'checkpoint', index: null };
    const key = parsePublic(this.#both, root);
    const keys = key && read(() => checkLists(this.#both, keyLists, key));
    if (!key || !keys) return { what: 'keys', index: null };
    const lists = listDigests(this.#both, key.suite, keyLists);
    const held =
      c.suite === key.suite && read(() => (checkCheckpoint(this.#both, c, 'platform', keys, lists), true));
    return held ? null : { what: 'checkpoint', index: null };
  }

  #roots(size: number): LogFault | null {
    const [c, made] = [this.checkpoint, this.#trees];
    if (!c || !made) return { what: 'missing', index: this.entries.length };
    const same = equal(made.gm.root(size), c.sm3) && equal(made.intl.root(size), c.sha256);
    return same ? null : { what: 'root', index: null };
  }

  /** Number of leaves under the checkpoint. */
  get size(): number {
    return Number(this.checkpoint?.size ?? 0n);
  }

  /** Both inclusion proofs of a leaf, checked; empty for a leaf beyond the checkpoint or of a log that is not whole. */
  proofs(index: number): TreeProof[] {
    const [c, made, entry] = [this.checkpoint, this.#trees, this.entries[index]];
    if (!c || !made || !entry || index >= this.size) return [];
    const proof = (suite: 'gm' | 'intl', root: Node): TreeProof => {
      const h = this.#both[suite];
      const [leaf, nodes] = [leafNode(h, entry.bytes), made[suite].inclusion(index, this.size)];
      return {
        alg: h.alg,
        leaf,
        nodes,
        root,
        holds: verifyInclusion(h, leaf, BigInt(index), c.size, nodes, root),
      };
    };
    return [proof('gm', c.sm3), proof('intl', c.sha256)];
  }

  /** A leaf with its proofs and checkpoint, in the form that `yunyu audit prove` prints. */
  proofFile(index: number): Json | null {
    const entry = this.entries[index];
    const [sm3, sha256] = this.proofs(index);
    if (!entry || !sm3 || !sha256) return null;
    return {
      v: 1,
      log: 'platform',
      hash: entry.hash,
      index,
      leaf: toBase64(entry.bytes),
      sm3_proof: sm3.nodes.map(toBase64),
      sha256_proof: sha256.nodes.map(toBase64),
      checkpoint: this.note,
    };
  }

  /** The leaves of a case, in order. */
  ofCase(name: string): Entry[] {
    return this.entries.filter((e) => e.leaf.case === name);
  }

  /** Does this log extend a checkpoint of it that was seen before? Only leaves that are here can say. */
  extends(before: { size: number; sm3: string; sha256: string }): boolean {
    const made = this.#trees;
    if (!made || before.size > this.size) return false;
    const same = (tree: Tree, root: string) => toBase64(tree.root(before.size)) === root;
    return same(made.gm, before.sm3) && same(made.intl, before.sha256);
  }
}

function read<T>(of: () => T): T | null {
  try {
    return of();
  } catch (e) {
    if (e instanceof FaultError || e instanceof CanonicalError) return null;
    throw e;
  }
}

function trees(both: Both, entries: readonly Entry[]): { gm: Tree; intl: Tree } {
  const tree = (suite: 'gm' | 'intl') => {
    const h = both[suite];
    return new Tree(
      h,
      entries.map((e) => leafNode(h, e.bytes)),
    );
  };
  return { gm: tree('gm'), intl: tree('intl') };
}

/** Each case's chain from its first leaf without a gap. */
function chains(entries: readonly Entry[]): LogFault | null {
  const last = new Map<string, Entry>();
  for (const entry of entries) {
    const { case: name, case_seq: seq, prev } = entry.leaf;
    if (name === null) continue;
    const before = last.get(name);
    if (seq !== (before?.leaf.case_seq ?? 0) + 1 || prev !== (before?.hash ?? null)) {
      return { what: 'chain', index: entry.index };
    }
    last.set(name, entry);
  }
  return null;
}

/** Reads a log. */
export async function readWhole(given: Given): Promise<WholeLog> {
  return new WholeLog(await loadBoth(), given);
}
