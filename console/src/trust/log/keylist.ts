/** Key lists as a verifier sees them: who signs what, from when until when, under the authority root. */

import { canonicalText, type Json } from '../canonical';
import { holds, keyId, parsePublic, prefixed, type PublicKey } from '../digest';
import { fail } from '../fault';
import type { Signed } from '../keys';
import { i64, isObject, list, object, oneOf, orNull, text, textOf, u32, u64 } from '../shape';
import type { Both, Suite } from '../suite';
import type { ClockKind } from './checkpoint';

/** Signed type of key lists. */
export const KEY_LIST_TYPE = 'key-list';

/** One key of a list. */
export interface KeyEntry {
  key: string;
  public: string;
  /** Whose it is: `kind` and what belongs to the kind. */
  holder: { [name: string]: Json };
  valid_from: number;
  revoked_at: number | null;
}

/** A key list. */
export interface KeyList {
  v: number;
  deployment: string;
  number: number;
  clock: ClockKind;
  issued_at: number;
  entries: KeyEntry[];
}

/** The shape of a signed statement. */
export const isSigned = object<Signed<Json>>({ body: (v) => v !== undefined, key: text, signature: text });

const entryShape = {
  key: text,
  public: text,
  holder: isObject,
  valid_from: i64,
  revoked_at: orNull(i64),
};

const isKeyList = object<KeyList>({
  v: u32,
  deployment: text,
  number: u64,
  clock: oneOf('real', 'simulated'),
  issued_at: i64,
  entries: list(object<KeyEntry>(entryShape)),
});

/** As `isKeyList`, but `revoked_at` may be missing: such a list is readable, and not of version 1. */
const isLooseList = object<KeyList>({
  v: u32,
  deployment: text,
  number: u64,
  clock: oneOf('real', 'simulated'),
  issued_at: i64,
  entries: list(object<KeyEntry>({ ...entryShape, revoked_at: (v) => v === undefined || orNull(i64)(v) })),
});

function bad(why: string): never {
  return fail('malformed', `key_list_${why}`, {}, 'key list');
}

/** Kind of holder: `person`, `platform`, `zone`, `platform_log`, `zone_log`, `witness`. */
export function kindOf(entry: KeyEntry): string {
  return textOf(entry.holder, 'kind') ?? '';
}

/** May the key sign at this instant? */
export function inForce(entry: KeyEntry, at: number | bigint): boolean {
  return entry.valid_from <= at && (entry.revoked_at === null || at < entry.revoked_at);
}

/** The newest of the lists, with its keys read once. */
export class Keys {
  readonly list: KeyList;
  readonly #read: ReadonlyMap<string, PublicKey>;

  constructor(list: KeyList, read: ReadonlyMap<string, PublicKey>) {
    this.list = list;
    this.#read = read;
  }

  /** The entry of a key, whether it is in force or not. */
  entry(key: string): KeyEntry | undefined {
    return this.list.entries.find((e) => e.key === key);
  }

  /** The entry of a key, if it may sign at `at`. */
  valid(key: string, at: number | bigint): KeyEntry | undefined {
    return this.list.entries.find((e) => e.key === key && inForce(e, at));
  }

  /** Public key of an entry. */
  publicOf(entry: KeyEntry): PublicKey {
    return this.#read.get(entry.public) ?? bad('shape');
  }
}

function checkList(both: Both, signed: Signed<Json>, root: PublicKey, read: Map<string, PublicKey>): KeyList {
  const rootId = keyId(both[root.suite], prefixed(root.suite, root.bytes));
  if (signed.key !== rootId || !holds(both, root, KEY_LIST_TYPE, signed.body, signed.signature)) bad('root');
  const given = signed.body;
  if (!isLooseList(given)) return bad('shape');
  for (const e of given.entries) {
    const key = read.get(e.public) ?? parsePublic(both, e.public);
    if (!key) return bad('shape');
    read.set(e.public, key);
  }
  if (!isKeyList(given) || given.v !== 1) return bad('version');
  const seen = new Set<string>();
  for (const e of given.entries) {
    const suite: Suite | undefined = read.get(e.public)?.suite;
    if (suite !== root.suite || e.key !== keyId(both[suite], e.public) || kindOf(e) === '') bad('entry');
    if (seen.has(e.key)) bad('twice');
    seen.add(e.key);
  }
  return given;
}

function checkStep(before: KeyList, after: KeyList): void {
  const same = before.deployment === after.deployment && before.clock === after.clock;
  if (!same || before.issued_at > after.issued_at) bad('step');
  for (const old of before.entries) {
    const now = after.entries.find((e) => e.key === old.key) ?? bad('dropped');
    const revived = old.revoked_at !== null && now.revoked_at !== old.revoked_at;
    if (revived || now.valid_from !== old.valid_from || kindOf(now) !== kindOf(old)) bad('changed');
  }
}

/**
 * Checks lists from number 1 on: the root's signature, no gap, no key dropped or brought back. Gives the newest.
 * Whose a key is may change its text (a person's roles), but not its kind.
 */
export function checkLists(both: Both, lists: readonly Signed<Json>[], root: PublicKey): Keys {
  const read = new Map<string, PublicKey>();
  let last: KeyList | null = null;
  for (const [i, signed] of lists.entries()) {
    const now: KeyList = checkList(both, signed, root, read);
    if (now.number !== i + 1) bad('numbers');
    if (last) checkStep(last, now);
    last = now;
  }
  return last ? new Keys(last, read) : bad('none');
}

/** Digest (bytes) of each list's file under the suite's hash. */
export function listDigests(both: Both, suite: Suite, lists: readonly Signed<Json>[]): Uint8Array[] {
  return lists.map((l) => both[suite].hash(new TextEncoder().encode(canonicalText(l as unknown as Json))));
}
