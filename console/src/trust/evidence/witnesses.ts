/** What witnesses saw of the logs: their cosigned checkpoints, and whether enough of them have seen every leaf here. */

import { utf8 } from '../bytes';
import { at, fail } from '../fault';
import type { Checkpoint } from '../log/checkpoint';
import { cosignedBy, isWitnessName, parseCosigned, type Cosigned, type WitnessKey } from '../log/cosign';
import { inForce, kindOf, type Keys } from '../log/keylist';
import { LOGS, type LogName } from '../log/leaf';
import { verifyConsistency } from '../log/merkle';
import { decodeNodes } from '../log/proof';
import { compareTexts, textOf } from '../shape';
import type { Both } from '../suite';
import { witnessKeys, type Trust } from '../trustfile';
import type { Counts } from './counts';
import type { Evidence, Witnessed } from './file';

interface Known {
  both: Both;
  body: Evidence;
  keys: Keys;
  /** Witnesses that the trust file asks for. */
  asked: readonly WitnessKey[];
  checkpoints: ReadonlyMap<LogName, Checkpoint>;
  /** Origin, suite, clock, signature and key list of a checkpoint. */
  vouched(log: LogName, checkpoint: Checkpoint): void;
}

const MOST_MS = 2n ** 63n - 1n;

/** Did a witness of this name sign, and does the trust file count it? `null` where nobody knows it. */
function counted(
  { both, keys, asked }: Known,
  name: string,
  { checkpoint, lines }: Cosigned,
): boolean | null {
  const bad = () => fail('cosignature', 'cosignature');
  const line = lines[0];
  if (lines.length !== 1 || !line || line.name !== name || !isWitnessName(name)) return bad();
  const signed = (by: WitnessKey): bigint | null => {
    const time = cosignedBy(both, checkpoint, line, by);
    return time === false ? bad() : time;
  };
  const named = asked.find((w) => w.name === name);
  const counts = named !== undefined && signed(named) !== null;
  let known = counts;
  const listed = keys.list.entries.filter(
    (e) => kindOf(e) === 'witness' && textOf(e.holder, 'name') === name,
  );
  for (const entry of listed) {
    const time = signed({ name, key: keys.publicOf(entry) });
    if (time === null) continue;
    if (time * 1000n > MOST_MS || !inForce(entry, time * 1000n)) bad();
    known = true;
  }
  if (known) return counts;
  return named === undefined && listed.length === 0 ? null : bad();
}

function extends_(
  both: Both,
  { sm3_proof, sha256_proof }: Witnessed,
  old: Checkpoint,
  own: Checkpoint,
): void {
  if (old.size > own.size) fail('rolled_back', 'rolled_back');
  for (const [suite, texts, hash] of [
    ['gm', sm3_proof, 'sm3'],
    ['intl', sha256_proof, 'sha256'],
  ] as const) {
    const nodes = decodeNodes(texts);
    const [seen, now] = [old, own].map((c) => ({ size: c.size, root: c[hash] }));
    const held = nodes && seen && now && verifyConsistency(both[suite], seen, now, nodes);
    if (!held) fail('anchor', 'witnessed');
  }
}

/** Checks every cosigned checkpoint; gives the sizes that the witnesses of the trust file have seen. */
export function checkWitnesses(known: Known, counts: Counts): Map<LogName, bigint[]> {
  const { both, body, checkpoints } = known;
  const sizes = new Map<LogName, bigint[]>(LOGS.map((log) => [log, []]));
  let before: Witnessed | null = null;
  for (const [i, given] of (body.witnessed ?? []).entries()) {
    const { log, witness, note } = given;
    at(`body.witnessed[${i}]`, () => {
      const later = (w: Witnessed) =>
        w.log === log ? compareTexts(w.witness, witness) < 0 : LOGS.indexOf(w.log) < LOGS.indexOf(log);
      if (before && !later(before)) fail('order', 'order');
      const own = checkpoints.get(log) ?? fail('missing', 'witnessed_log');
      const noted = parseCosigned(utf8(note));
      known.vouched(log, noted.checkpoint);
      extends_(both, given, noted.checkpoint, own);
      const counts_ = counted(known, witness, noted);
      counts.add(counts_ === null ? 'unknown_witnesses' : 'cosignatures', 1);
      if (counts_) sizes.get(log)?.push(noted.checkpoint.size);
    });
    before = given;
  }
  return sizes;
}

/** Logs of whose leaves here too few witnesses have seen every one. */
export function unseen(
  both: Both,
  body: Evidence,
  trust: Trust | null,
  sizes: ReadonlyMap<LogName, readonly bigint[]>,
): LogName[] {
  const policy = trust?.witnesses;
  if (!policy || !trust || !witnessKeys(both, trust)) return [];
  return LOGS.filter((log) => {
    const leaves = body.logs[log]?.leaves ?? [];
    const needed = BigInt(Math.max(-1, ...leaves.map((l) => l.index)) + 1);
    return needed > 0n && (sizes.get(log) ?? []).filter((size) => size >= needed).length < policy.k;
  });
}
