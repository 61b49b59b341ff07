/** A leaf with what proves that it stands in a signed log. */

import { fromBase64 } from '../bytes';
import { fail } from '../fault';
import { list, object, text, u64 } from '../shape';
import type { Both } from '../suite';
import type { Checkpoint } from './checkpoint';
import { decodeLeaf, type Leaf, type LogName } from './leaf';
import { leafNode, verifyInclusion, type Node } from './merkle';

/** A leaf, its index, and its inclusion proofs under both hashes; nodes in base64, nearest to the leaf first. */
export interface ProvedLeaf {
  index: number;
  /** The encoded leaf in base64. */
  leaf: string;
  sm3_proof: string[];
  sha256_proof: string[];
}

/** The shape of a proved leaf. */
export const isProvedLeaf = object<ProvedLeaf>({
  index: u64,
  leaf: text,
  sm3_proof: list(text),
  sha256_proof: list(text),
});

/** Nodes out of their base64 texts; `null` where one is none. */
export function decodeNodes(texts: readonly string[]): Node[] | null {
  const nodes = texts.map((t) => fromBase64(t));
  return nodes.every((n): n is Uint8Array => n?.length === 32) ? nodes : null;
}

function bad(why: string): never {
  return fail('malformed', `proof_${why}`, {}, 'leaf proof');
}

/** Checks both proofs against a checkpoint; gives the leaf and its encoding. */
export function checkProof(
  both: Both,
  proved: ProvedLeaf,
  log: LogName,
  c: Checkpoint,
): { leaf: Leaf; bytes: Uint8Array } {
  const bytes = fromBase64(proved.leaf) ?? bad('base64');
  const trees = [
    { h: both.gm, proof: proved.sm3_proof, root: c.sm3 },
    { h: both.intl, proof: proved.sha256_proof, root: c.sha256 },
  ];
  for (const { h, proof, root } of trees) {
    const nodes = decodeNodes(proof) ?? bad('node');
    if (!verifyInclusion(h, leafNode(h, bytes), BigInt(proved.index), c.size, nodes, root)) bad('root');
  }
  const leaf = decodeLeaf(bytes);
  return leaf.log === log ? { leaf, bytes } : bad('log');
}
