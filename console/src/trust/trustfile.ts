/** The trust file: what a verifier must have from elsewhere before it believes a log or an evidence file. */

import { CanonicalError, fromCanonical, type Json } from './canonical';
import { digestOf, parseDigest, parsePublic } from './digest';
import { fail } from './fault';
import type { ClockKind } from './log/checkpoint';
import { i64, list, object, oneOf, text, u32 } from './shape';
import type { Both, Suite } from './suite';

/** The trust file. */
export interface Trust {
  v: number;
  deployment: string;
  /** City (name of its pack). */
  city: string;
  suite: Suite;
  clock: ClockKind;
  /** Public key of the offline authority root. */
  root: string;
  pack: { name: string; version: string; digest: string };
  /** Milliseconds since 1970. */
  created_at: number;
  /** How many of which witnesses must have seen a log; nothing here asks for it, since evidence carries no cosignature. */
  witnesses?: { k: number; keys: string[] };
}

const WITNESS_KEY = /^[a-z][a-z0-9.-]{0,63}\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/;

/** `k` of named keys, each once. */
function isPolicy(value: Json | undefined): boolean {
  if (!isPolicyShape(value)) return false;
  const { k, keys } = value;
  const names = new Set(keys.map((key) => key.split('+')[0]));
  const publics = new Set(keys.map((key) => key.split('+').slice(2).join('+')));
  const once = names.size === keys.length && publics.size === keys.length;
  return once && k >= 1 && k <= keys.length && keys.every((key) => WITNESS_KEY.test(key));
}

const isPolicyShape = object<{ k: number; keys: string[] }>({ k: u32, keys: list(text) });

const isTrust = object<Trust>({
  v: u32,
  deployment: text,
  city: text,
  suite: oneOf('gm', 'intl'),
  clock: oneOf('real', 'simulated'),
  root: text,
  pack: object({ name: text, version: text, digest: (v) => text(v) && parseDigest(v) !== null }),
  created_at: i64,
  witnesses: (v) => v === undefined || isPolicy(v),
});

function bad(why: string): never {
  return fail('malformed', `trust_${why}`, {}, 'trust');
}

/** Reads a trust file; anything but its one encoding is a fault. */
export function parseTrust(both: Both, bytes: Uint8Array): Trust {
  let value: Json;
  try {
    value = fromCanonical(bytes);
  } catch (e) {
    if (e instanceof CanonicalError) return bad('encoding');
    throw e;
  }
  const root = isTrust(value) ? parsePublic(both, value.root) : null;
  if (!isTrust(value) || !root) return bad('encoding');
  if (value.v !== 1) return bad('version');
  return root.suite === value.suite ? value : bad('suite');
}

/** Digest of the file. */
export function trustDigest(both: Both, trust: Trust): string {
  return digestOf(both[trust.suite], 'trust', trust as unknown as Json);
}
