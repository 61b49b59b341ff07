/** The trust file: what a verifier must have from elsewhere before it believes a log or an evidence file. */

import { toBase64 } from './bytes';
import { CanonicalError, fromCanonical, type Json } from './canonical';
import { digestOf, parseDigest, parsePublic } from './digest';
import { fail } from './fault';
import type { ClockKind } from './log/checkpoint';
import { parseWitnessKey, type WitnessKey } from './log/cosign';
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
  /** How many of which witnesses must have seen a log. */
  witnesses?: { k: number; keys: string[] };
}

/** The witnesses that a trust file names; `null` where one is malformed, or stands in it twice, or they do not suffice. */
export function witnessKeys(both: Both, { witnesses }: Trust): WitnessKey[] | null {
  if (!witnesses) return [];
  const { k, keys } = witnesses;
  const read = keys.map((key) => parseWitnessKey(both, key)).filter((key) => key !== null);
  const names = new Set(read.map(({ name }) => name));
  const publics = new Set(read.map(({ key }) => `${key.suite}:${toBase64(key.bytes)}`));
  const once = [read, [...names], [...publics]].every((all) => all.length === keys.length);
  return once && k >= 1 && k <= keys.length ? read : null;
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
  witnesses: (v) => v === undefined || isPolicyShape(v),
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
  if (root.suite !== value.suite) return bad('suite');
  return witnessKeys(both, value) ? value : bad('witnesses');
}

/** Digest of the file without its witnesses: those are each verifier's own, the rest is the deployment's. */
export function trustDigest(both: Both, trust: Trust): string {
  const own = { ...trust };
  delete own.witnesses;
  return digestOf(both[trust.suite], 'trust', own as unknown as Json);
}
