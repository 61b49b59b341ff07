/** The leaves of an evidence file: proved into their checkpoints, and each case's chain whole from its first leaf. */

import { at, fail } from '../fault';
import type { Checkpoint } from '../log/checkpoint';
import { leafHash, LOGS, type Leaf, type LogName } from '../log/leaf';
import { checkProof } from '../log/proof';
import type { Both } from '../suite';
import type { Counts } from './counts';
import type { Evidence } from './file';
import { SKEW_MS } from './skew';

/** A leaf that is proved and in its chain. */
export interface Link {
  /** Place in the file. */
  readonly place: string;
  readonly index: number;
  readonly leaf: Leaf;
  /** Its leaf hash as text. */
  readonly hash: string;
}

/** All leaves, by log in order of index, and the chain of every case. */
export class Chains {
  readonly links: Link[] = [];
  readonly #cases = new Map<string, Link[]>();
  readonly #platform = new Set<number>();

  /** Proves every leaf and follows every chain. Throws the first fault. */
  static read(
    both: Both,
    body: Evidence,
    checkpoints: ReadonlyMap<LogName, Checkpoint>,
    counts: Counts,
  ): Chains {
    const out = new Chains();
    for (const log of LOGS) {
      const [part, checkpoint] = [body.logs[log], checkpoints.get(log)];
      if (!part || !checkpoint) continue;
      let last = -1;
      for (const [i, proved] of part.leaves.entries()) {
        const place = `body.logs.${log}.leaves[${i}]`;
        if (last >= proved.index) fail('order', 'leaf_order', {}, place);
        last = proved.index;
        const { leaf, bytes } = at(place, () => checkProof(both, proved, log, checkpoint));
        // Who writes a leaf says when; that it is in the tree by the checkpoint's time is what the log's key says.
        if (BigInt(leaf.at) > checkpoint.time + BigInt(SKEW_MS)) fail('time', 'leaf_late', {}, place);
        if (log === 'platform') out.#platform.add(proved.index);
        out.#add(log, { place, index: proved.index, leaf, hash: leafHash(both[body.suite], bytes) });
        counts.add('leaves', 1);
        counts.add('proofs', 2);
      }
    }
    counts.add('cases', out.#cases.size);
    return out;
  }

  #add(log: LogName, link: Link): void {
    const { case: name, case_seq: seq, prev } = link.leaf;
    if (name !== null && seq !== null) {
      const chain = this.#of(log, name);
      if (seq !== chain.length + 1 || prev !== (chain.at(-1)?.hash ?? null))
        fail('chain', 'chain', {}, link.place);
      chain.push(link);
      this.#cases.set(`${log} ${name}`, chain);
    }
    this.links.push(link);
  }

  #of(log: LogName, name: string): Link[] {
    return this.#cases.get(`${log} ${name}`) ?? [];
  }

  /** Is a platform leaf of this index shown? */
  hasPlatformLeaf(index: number): boolean {
    return this.#platform.has(index);
  }

  /** Is a chain of this case shown? */
  hasCase(log: LogName, name: string): boolean {
    return this.#of(log, name).length > 0;
  }

  /** The leaf of a case's chain with this hash. */
  find(log: LogName, name: string, hash: string): Link | undefined {
    return this.#of(log, name).find((l) => l.hash === hash);
  }

  /** The leaves of a case's chain before another of its leaves. */
  before(log: LogName, name: string, link: Link): Link[] {
    const seq = link.leaf.case_seq ?? 0;
    return this.#of(log, name).filter((l) => (l.leaf.case_seq ?? 0) < seq);
  }

  /** The first leaf that names this statement; the platform's log first. */
  recorder(name: string, digest: string): Link | undefined {
    return this.links.find((l) => Object.hasOwn(l.leaf.refs, name) && l.leaf.refs[name] === digest);
  }

  /** The first leaf that names this digest under any name. */
  names(digest: string): Link | undefined {
    return this.links.find((l) => Object.values(l.leaf.refs).includes(digest));
  }
}
