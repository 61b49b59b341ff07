/**
 * Verifies an evidence file: root → key lists → seal → checkpoints → anchors → leaves and cases → statements →
 * documents → what the subject needs → story. The first fault ends it.
 */

import { equal, utf8 } from '../bytes';
import type { Json } from '../canonical';
import { holds, parsePublic, type PublicKey } from '../digest';
import { at, fail, FaultError, type Fault } from '../fault';
import { parseCheckpoint, signedBy, type Checkpoint, type ClockKind } from '../log/checkpoint';
import { checkLists, inForce, kindOf, listDigests, type Keys } from '../log/keylist';
import { LOGS, type LogName } from '../log/leaf';
import { verifyConsistency, type Head } from '../log/merkle';
import { decodeNodes } from '../log/proof';
import { loadBoth, type Both } from '../suite';
import { parseTrust, trustDigest, witnessKeys, type Trust } from '../trustfile';
import { Chains } from './chain';
import { Counts } from './counts';
import { checkDocuments } from './documents';
import { parseEvidence, type Evidence, type EvidenceFile } from './file';
import type { Quorum } from './refusal';
import { SKEW_MS } from './skew';
import { checkStatements } from './statements';
import { checkSubject } from './subject';
import type { Stage } from './stages';
import { checkWitnesses, unseen } from './witnesses';

/** Signed type of evidence files. */
export const EVIDENCE_TYPE = 'evidence';

/** What the verifier says. */
export interface Report {
  /** Everything in it agrees with itself, and with the trust file where one was given. */
  readonly valid: boolean;
  /** Valid, it stands on the root of the trust file, and enough of the witnesses that it asks for have seen the logs. */
  readonly trusted: boolean;
  /** Logs of whose leaves here too few of the trust file's witnesses have seen every one. */
  readonly unseen: readonly LogName[];
  /** What was checked, counted. */
  readonly checked: Readonly<Record<string, number>>;
  /** Kind of clock, once it is known. */
  readonly clock: ClockKind | null;
  /** The first thing found wrong. */
  readonly fault: Fault | null;
  /** Stages that were passed, in order; the next one failed or was not reached. */
  readonly passed: readonly Stage[];
  /** The file, where it could be read; not to be believed unless valid. */
  readonly file: EvidenceFile | null;
  /** The leaves, once they are proved. */
  readonly chains: Chains | null;
}

/** Finds the rule of quorum: the pack that a trust file pins, or without one that which each order names. */
export interface Packs {
  /** `null` where the pinned pack is not among those of this program. */
  pinned(both: Both, trust: Trust): Quorum | null;
  named(both: Both): Quorum;
}

class Run {
  readonly counts = new Counts();
  readonly passed: Stage[] = [];
  clock: ClockKind | null = null;
  file: EvidenceFile | null = null;
  chains: Chains | null = null;
  unseen: LogName[] = [];

  done(...stages: Stage[]): void {
    this.passed.push(...stages);
  }

  check(both: Both, bytes: Uint8Array, trust: Trust | null, quorum: Quorum): void {
    const file = (this.file = parseEvidence(both, bytes));
    const { body } = file;
    if (body.v !== 1) fail('version', 'evidence_version', {}, 'body.v');
    this.clock = body.clock;
    this.done('format');
    checkTrust(both, body, trust);
    this.done('trust');
    const root = parsePublic(both, body.root) ?? fail('malformed', 'evidence_encoding');
    const keys = at('body.key_lists', () => checkLists(both, body.key_lists, root));
    this.counts.add('key_lists', keys.list.number);
    checkDeployment(body, keys, root);
    this.done('key_lists');
    checkSeal(both, file, keys);
    this.done('seal');
    const checkpoints = checkCheckpoints(both, body, keys);
    this.done('checkpoints');
    checkAnchors(both, body, checkpoints, this.counts);
    this.done('anchors');
    const lists = listDigests(both, body.suite, body.key_lists);
    const vouched = (log: LogName, c: Checkpoint) => {
      vouch(both, c, log, { body, keys, lists });
    };
    const asked = (trust && witnessKeys(both, trust)) ?? [];
    const sizes = checkWitnesses({ both, body, keys, asked, checkpoints, vouched }, this.counts);
    this.unseen = unseen(both, body, trust, sizes);
    this.done('witnesses');
    const chains = (this.chains = Chains.read(both, body, checkpoints, this.counts));
    this.done('leaves');
    const known = checkStatements({ both, body, keys, chains }, quorum, this.counts);
    this.done('statements');
    checkDocuments(both, body, chains, this.counts);
    this.done('documents');
    checkSubject({ both, body, chains, known });
    this.done('subject');
    checkStory(body, chains);
    this.done('story');
  }
}

function checkTrust(both: Both, body: Evidence, trust: Trust | null): void {
  if (!trust) return;
  if (body.root !== trust.root) fail('other_root', 'other_root', {}, 'body.root');
  const same =
    body.deployment === trust.deployment && body.suite === trust.suite && body.clock === trust.clock;
  const digest = trustDigest(both, trust);
  if (!same || (body.trust_digest !== null && body.trust_digest !== digest)) {
    fail('other_trust', 'other_trust', {}, 'body');
  }
}

function checkDeployment(body: Evidence, { list }: Keys, root: PublicKey): void {
  if (list.deployment !== body.deployment || list.clock !== body.clock || root.suite !== body.suite) {
    fail('other_deployment', 'key_list_deployment', {}, 'body.key_lists');
  }
}

function checkSeal(both: Both, file: EvidenceFile, keys: Keys): void {
  const entry = keys.valid(file.key, file.body.made_at);
  const body = file.body as unknown as Json;
  const held =
    entry &&
    kindOf(entry) === 'platform' &&
    holds(both, keys.publicOf(entry), EVIDENCE_TYPE, body, file.signature);
  if (!held) fail('seal', 'seal', {}, 'signature');
}

/** Origin, suite, clock, signature, and the key list that a checkpoint binds. */
export function checkCheckpoint(
  both: Both,
  c: Checkpoint,
  log: LogName,
  keys: Keys,
  lists: readonly Uint8Array[],
): void {
  const { list } = keys;
  if (c.origin !== `${list.deployment}/${log}` || c.clock !== list.clock) fail('other_log');
  const suite = list.entries[0] ? keys.publicOf(list.entries[0]).suite : c.suite;
  if (suite !== c.suite) fail('other_suite');
  const own = list.entries.filter((e) => kindOf(e) === `${log}_log` && inForce(e, c.time));
  if (!own.some((e) => signedBy(both, c, keys.publicOf(e)))) fail('signature', 'checkpoint_signature');
  if (!c.keys) return;
  const bound =
    c.keys.number >= 1n && c.keys.number <= BigInt(lists.length)
      ? lists[Number(c.keys.number) - 1]
      : undefined;
  if (!bound || !equal(bound, c.keys.digest)) fail('key_list', 'checkpoint_key_list');
}

/** The same for a checkpoint in the file. */
function vouch(
  both: Both,
  c: Checkpoint,
  log: LogName,
  { body, keys, lists }: { body: Evidence; keys: Keys; lists: readonly Uint8Array[] },
): void {
  // The lists are hashed under the file's suite.
  if (c.suite !== body.suite) {
    const ours = c.origin === `${keys.list.deployment}/${log}` && c.clock === keys.list.clock;
    fail(ours ? 'other_suite' : 'other_log');
  }
  checkCheckpoint(both, c, log, keys, lists);
}

function checkCheckpoints(both: Both, body: Evidence, keys: Keys): Map<LogName, Checkpoint> {
  const lists = listDigests(both, body.suite, body.key_lists);
  const out = new Map<LogName, Checkpoint>();
  for (const log of LOGS) {
    const part = body.logs[log];
    if (!part) continue;
    out.set(
      log,
      at(`body.logs.${log}.checkpoint`, () => {
        const checkpoint = parseCheckpoint(utf8(part.checkpoint));
        vouch(both, checkpoint, log, { body, keys, lists });
        if (checkpoint.time > BigInt(body.made_at) + BigInt(SKEW_MS)) fail('time', 'checkpoint_late');
        return checkpoint;
      }),
    );
  }
  if (!out.has('platform')) fail('missing', 'platform_log_missing', {}, 'body.logs');
  return out;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const d = (a[i] ?? 0) - (b[i] ?? 0);
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

/** What other checkpoints here have seen of a log, in order and each once. */
function anchorsOf(own: Checkpoint, others: Checkpoint[]): Head[] {
  const seen = others.flatMap((c) => c.anchors).filter((a) => a.origin === own.origin);
  const heads = seen.map((a) => ({ size: a.size, root: a.sm3 }));
  heads.sort((a, b) => (a.size === b.size ? compareBytes(a.root, b.root) : a.size < b.size ? -1 : 1));
  return heads.filter((h, i) => {
    const before = heads[i - 1];
    return !before || before.size !== h.size || !equal(before.root, h.root);
  });
}

/** Exactly one proof for each anchor that a checkpoint here holds of a log here. */
function checkAnchors(
  both: Both,
  body: Evidence,
  all: ReadonlyMap<LogName, Checkpoint>,
  counts: Counts,
): void {
  const bad = (i: number) => fail('anchor', 'anchor', {}, `body.anchors[${i}]`);
  let next = 0;
  for (const [log, own] of all) {
    const others = [...all].filter(([other]) => other !== log).map(([, c]) => c);
    for (const seen of anchorsOf(own, others)) {
      const i = next++;
      const given = body.anchors[i] ?? bad(i);
      const nodes = decodeNodes(given.proof) ?? bad(i);
      const now = { size: own.size, root: own.sm3 };
      const [old, young] = seen.size <= now.size ? [seen, now] : [now, seen];
      const held =
        given.log === log &&
        BigInt(given.size) === seen.size &&
        verifyConsistency(both.gm, old, young, nodes);
      if (!held) bad(i);
      counts.add('anchors', 1);
    }
  }
  if (next < body.anchors.length) bad(next);
}

function checkStory(body: Evidence, chains: Chains): void {
  for (const [i, step] of body.story.entries()) {
    const shown = step.leaf === null || chains.hasPlatformLeaf(step.leaf);
    if (step.n !== i + 1 || !shown) fail('story', 'story', {}, `body.story[${i}]`);
  }
}

/**
 * Verifies an evidence file. `trustBytes` is the trust file; without it a valid file is only consistent in itself.
 * Nothing leaves the page: no request is made.
 */
export async function verifyEvidence(
  bytes: Uint8Array,
  trustBytes: Uint8Array | null,
  packs: Packs,
): Promise<Report> {
  const both = await loadBoth();
  const run = new Run();
  let fault: Fault | null = null;
  let trust: Trust | null = null;
  try {
    trust = trustBytes ? parseTrust(both, trustBytes) : null;
    const quorum = trust ? packs.pinned(both, trust) : packs.named(both);
    run.check(both, bytes, trust, quorum ?? fail('other_pack', 'other_pack', {}, 'trust'));
  } catch (e) {
    if (!(e instanceof FaultError)) throw e;
    fault = e.fault;
  }
  const valid = fault === null;
  const { clock, passed, file, chains } = run;
  return {
    valid,
    trusted: valid && trust !== null && run.unseen.length === 0,
    unseen: run.unseen,
    checked: run.counts.all(),
    clock,
    fault,
    passed,
    file,
    chains,
  };
}
