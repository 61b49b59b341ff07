/** Cosignatures: witnesses' keys, and checkpoints with their lines. Only the one encoding is taken. */

import { concat, equal, fromBase64, toBase64, toHex, utf8 } from '../bytes';
import type { PublicKey } from '../digest';
import { fail } from '../fault';
import type { Both, Suite } from '../suite';
import { parseNote, type Checkpoint } from './checkpoint';

/** A witness's public key with its name. */
export interface WitnessKey {
  readonly name: string;
  readonly key: PublicKey;
}

/** One line under a checkpoint's own signature. */
export interface Cosignature {
  readonly name: string;
  readonly blob: Uint8Array;
}

/** A signed checkpoint with cosignatures under it. */
export interface Cosigned {
  readonly checkpoint: Checkpoint;
  readonly lines: readonly Cosignature[];
}

const KIND: Readonly<Record<Suite, Uint8Array>> = {
  intl: Uint8Array.of(4),
  gm: concat(Uint8Array.of(0xff), utf8('yunyu/sm2-with-sm3-cosignature')),
};
const MOST = 64;

/** Is it a witness's name? */
export function isWitnessName(name: string): boolean {
  return /^[a-z][a-z0-9.-]{0,63}$/.test(name) && !name.endsWith('\n');
}

function keyHash(both: Both, { name, key }: WitnessKey): Uint8Array {
  return both.intl.hash(utf8(`${name}\n`), KIND[key.suite], key.bytes).slice(0, 4);
}

function begins(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return equal(bytes.subarray(0, prefix.length), prefix);
}

/** Reads `<name>+<key hash>+<base64 of signature type and key>`; `null` for anything else. */
export function parseWitnessKey(both: Both, text: string): WitnessKey | null {
  const found = /^([^+]*)\+([^+]*)\+(.*)$/.exec(text);
  const [name, hash, bytes] = [found?.[1] ?? '', found?.[2], fromBase64(found?.[3] ?? '-')];
  if (!isWitnessName(name) || !bytes || text.endsWith('\n')) return null;
  for (const suite of ['intl', 'gm'] as const) {
    const raw = bytes.slice(KIND[suite].length);
    if (!begins(bytes, KIND[suite]) || !both[suite].isPublic(raw)) continue;
    const read = { name, key: { suite, bytes: raw } };
    const whole = `${name}+${toHex(keyHash(both, read))}+${toBase64(bytes)}`;
    return whole === text && hash === toHex(keyHash(both, read)) ? read : null;
  }
  return null;
}

function parseLine(line: string): Cosignature {
  const bad = () => fail('malformed', 'cosignature_line', {}, 'cosignature');
  const found = /^— ([^ ]*) (.*)$/.exec(line) ?? bad();
  const blob = fromBase64(found[2] ?? '-') ?? bad();
  return { name: found[1] ?? '', blob };
}

/** Reads a checkpoint with the lines of its witnesses. */
export function parseCosigned(bytes: Uint8Array): Cosigned {
  const { checkpoint, more } = parseNote(bytes);
  const lines = more.split('\n');
  // The last line ends, too.
  const fits = lines.pop() === '' && lines.length <= MOST;
  return fits
    ? { checkpoint, lines: lines.map(parseLine) }
    : fail('malformed', 'cosignature_line', {}, 'cosignature');
}

/**
 * When the witness saw the checkpoint, in seconds since 1970, if the line is of this witness; `null` if it is another's;
 * `false` if it names this witness's key and does not hold.
 */
export function cosignedBy(
  both: Both,
  c: Checkpoint,
  line: Cosignature,
  by: WitnessKey,
): bigint | null | false {
  const { name, blob } = line;
  if (blob.length < 4 || name !== by.name || !equal(blob.slice(0, 4), keyHash(both, by))) return null;
  if (blob.length !== 76) return false;
  const time = BigInt(`0x${toHex(blob.slice(4, 12))}`);
  const message = utf8(`cosignature/v1\ntime ${time}\n${c.text}`);
  return both[by.key.suite].verify(by.key.bytes, message, blob.slice(12)) ? time : false;
}
