/** One entry of a log: who did what in which case, by ids and digests only. */

import { CanonicalError, fromCanonical } from '../canonical';
import { digestText, parseDigest } from '../digest';
import { fail } from '../fault';
import { any, i64, isObject, map, object, oneOf, orNull, text, u32, u64 } from '../shape';
import type { Primitives } from '../suite';
import { leafNode } from './merkle';

/** Which of the two logs. */
export type LogName = 'platform' | 'zone';
/** Both logs, in their order. */
export const LOGS: readonly LogName[] = ['platform', 'zone'];

const MAX_LEAF = 65_535;
const MAX_REFS = 64;

/** An entry. */
export interface Leaf {
  v: number;
  log: LogName;
  /** Milliseconds since 1970 on the deployment's clock. */
  at: number;
  kind: string;
  case: string | null;
  case_seq: number | null;
  /** Leaf hash of the case's previous leaf in this log. */
  prev: string | null;
  actor: string | null;
  org: string | null;
  outcome: 'done' | 'refused';
  rule: string | null;
  article: string | null;
  object: string | null;
  refs: { [name: string]: string };
}

const isLeaf = object<Leaf>({
  v: u32,
  log: oneOf('platform', 'zone'),
  at: i64,
  kind: text,
  case: orNull(text),
  case_seq: orNull(u64),
  prev: orNull(text),
  actor: orNull(text),
  org: orNull(text),
  outcome: oneOf('done', 'refused'),
  rule: orNull(text),
  article: orNull(text),
  object: orNull(text),
  refs: (v) => isObject(v) && any(v) && map(text)(v),
});

const isName = (s: string) => /^[a-z0-9_]{1,64}$/.test(s) && !s.endsWith('\n');
const isId = (s: string) => /^[!-~]{1,256}$/.test(s) && !s.endsWith('\n');
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function isLine(s: string): boolean {
  const length = new TextEncoder().encode(s).length;
  return length >= 1 && length <= 256 && !CONTROL.test(s);
}

function chained({ case: name, case_seq: seq, prev }: Leaf): boolean {
  if (name === null) return seq === null && prev === null;
  if (prev === null) return seq === 1;
  return seq !== null && seq > 1 && parseDigest(prev) !== null;
}

function check(leaf: Leaf): void {
  if (leaf.v !== 1) fail('corrupt', 'leaf_version');
  if (!isName(leaf.kind)) fail('corrupt', 'leaf_kind');
  if (!chained(leaf)) fail('corrupt', 'leaf_chain');
  const ids = [leaf.case, leaf.actor, leaf.org, leaf.prev, leaf.object, leaf.rule];
  if (!ids.every((s) => s === null || isId(s))) fail('corrupt', 'leaf_id');
  if (leaf.article !== null && !isLine(leaf.article)) fail('corrupt', 'leaf_article');
  const refs = Object.entries(leaf.refs);
  if (refs.length > MAX_REFS || !refs.every(([k, v]) => isName(k) && isId(v))) fail('corrupt', 'leaf_refs');
}

/** Reads a leaf; only its one encoding is taken. Throws a fault. */
export function decodeLeaf(bytes: Uint8Array): Leaf {
  if (bytes.length > MAX_LEAF) fail('corrupt', 'leaf_long');
  let value;
  try {
    value = fromCanonical(bytes);
  } catch (e) {
    if (e instanceof CanonicalError) fail('corrupt', 'leaf_encoding');
    throw e;
  }
  if (!isLeaf(value)) return fail('corrupt', 'leaf_encoding');
  check(value);
  return value;
}

/** Leaf hash as text, under the deployment suite's hash: what `prev` and bound heads hold. */
export function leafHash(h: Primitives, bytes: Uint8Array): string {
  return digestText(h.alg, leafNode(h, bytes));
}
