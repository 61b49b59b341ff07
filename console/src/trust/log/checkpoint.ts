/** Checkpoints: C2SP signed notes over a log's size and both roots, with extension lines. Only the one encoding is taken. */

import { concat, equal, fromBase64, fromUtf8, toBase64, utf8 } from '../bytes';
import { parsePublic, type PublicKey } from '../digest';
import { fail } from '../fault';
import { isSuite, type Both, type Suite } from '../suite';
import type { Node } from './merkle';

/** Kind of clock of a deployment. */
export type ClockKind = 'real' | 'simulated';

/** A checkpoint of the other log that this log has seen. */
export interface Anchor {
  readonly origin: string;
  readonly size: bigint;
  readonly sm3: Node;
}

/** A checkpoint. */
export interface Checkpoint {
  /** `<deployment>/platform` or `<deployment>/zone`. */
  readonly origin: string;
  readonly size: bigint;
  readonly sha256: Node;
  readonly sm3: Node;
  readonly suite: Suite;
  readonly clock: ClockKind;
  /** When it was signed, in milliseconds since 1970. */
  readonly time: bigint;
  /** Newest key list when it was signed. */
  readonly keys: { readonly number: bigint; readonly digest: Node } | null;
  /** Hash of `deployment.json`. */
  readonly deployment: Node | null;
  readonly anchors: readonly Anchor[];
  /** Signed lines without meaning for this version. */
  readonly other: readonly string[];
  /** First four bytes of the key's hash, and the signature. */
  readonly keyHash: Uint8Array;
  readonly signature: Uint8Array;
  /** What is signed. */
  readonly text: string;
}

const SM2_NOTE = concat(Uint8Array.of(0xff), utf8('yunyu/sm2-with-sm3'));
const ED25519_NOTE = Uint8Array.of(1);
const PLACED = new Set(['sm3', 'suite', 'clock', 'time', 'keys', 'deployment']);
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function bad(why: string): never {
  return fail('malformed', `checkpoint_${why}`, {}, 'checkpoint');
}

function node(text: string): Node {
  const bytes = fromBase64(text) ?? bad('base64');
  return bytes.length === 32 ? bytes : bad('root_length');
}

function integer(text: string, low: bigint, high: bigint): bigint {
  const n = /^(0|-?[1-9][0-9]*)$/.test(text) && !text.endsWith('\n') ? BigInt(text) : bad('number');
  return n >= low && n <= high ? n : bad('number');
}

const u64 = (text: string) => integer(text, 0n, 2n ** 64n - 1n);
const i64 = (text: string) => integer(text, -(2n ** 63n), 2n ** 63n - 1n);

/** The lines of a note's text, one after the other. */
class Lines {
  readonly #lines: string[];
  #at = 0;

  constructor(text: string) {
    this.#lines = text.split('\n');
  }

  /** The next line without the prefix that it must have. */
  next(prefix: string): string {
    const line = this.#lines[this.#at++] ?? bad('few_lines');
    return line.startsWith(prefix) ? line.slice(prefix.length) : bad('line_missing');
  }

  /** The next line without the prefix, if it has it. */
  nextIf(prefix: string): string | null {
    const line = this.#lines[this.#at];
    if (!line?.startsWith(prefix)) return null;
    this.#at++;
    return line.slice(prefix.length);
  }

  rest(): string[] {
    return this.#lines.slice(this.#at);
  }
}

function anchor(line: string): Anchor {
  const parts = line.split(' ');
  const [, origin, size, root] = parts;
  if (parts.length !== 4 || origin === undefined || size === undefined || root === undefined)
    return bad('anchor');
  return { origin, size: u64(size), sm3: node(root) };
}

function extensions(lines: string[]): { anchors: Anchor[]; other: string[] } {
  const out: { anchors: Anchor[]; other: string[] } = { anchors: [], other: [] };
  for (const line of lines) {
    if (line === '' || CONTROL.test(line)) bad('extension');
    const name = line.split(' ', 1)[0] ?? '';
    if (name === 'anchor' && line.includes(' ')) out.anchors.push(anchor(line));
    else if (name === 'anchor') bad('anchor');
    else if (PLACED.has(name)) bad('extension_place');
    else out.other.push(line);
  }
  return out;
}

function keysLine(line: string | null) {
  if (line === null) return null;
  const space = line.indexOf(' ');
  const [number, digest] = space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
  return { number: u64(number), digest: node(digest) };
}

function signatureLine(line: string, origin: string): { keyHash: Uint8Array; signature: Uint8Array } {
  const lead = `— ${origin} `;
  const blob = line.startsWith(lead) ? line.slice(lead.length) : bad('signature_line');
  const bytes = fromBase64(blob) ?? bad('signature_base64');
  if (bytes.length < 4) bad('signature_short');
  if (bytes.length !== 68) bad('signature_length');
  return { keyHash: bytes.slice(0, 4), signature: bytes.slice(4) };
}

function rendered(c: Omit<Checkpoint, 'text'>): string {
  const lines = [c.origin, String(c.size), toBase64(c.sha256), `sm3 ${toBase64(c.sm3)}`];
  lines.push(`suite ${c.suite}`, `clock ${c.clock}`, `time ${c.time}`);
  if (c.keys) lines.push(`keys ${c.keys.number} ${toBase64(c.keys.digest)}`);
  if (c.deployment) lines.push(`deployment ${toBase64(c.deployment)}`);
  for (const a of c.anchors) lines.push(`anchor ${a.origin} ${a.size} ${toBase64(a.sm3)}`);
  return [...lines, ...c.other].map((l) => `${l}\n`).join('');
}

/** Reads a signed note; anything but its one encoding is a fault. */
export function parseCheckpoint(bytes: Uint8Array): Checkpoint {
  const { checkpoint, more } = parseNote(bytes);
  return more === '' ? checkpoint : bad('signature_line');
}

/** Reads a signed note under whose own signature further lines may stand; gives those as they are. */
export function parseNote(bytes: Uint8Array): { checkpoint: Checkpoint; more: string } {
  const whole = fromUtf8(bytes) ?? bad('utf8');
  const blank = whole.indexOf('\n\n');
  if (blank < 0) bad('no_blank');
  const lines = new Lines(whole.slice(0, blank));
  const origin = lines.next('');
  if (!/^[!-*,-~]+$/.test(origin)) bad('origin');
  const head = {
    origin,
    size: u64(lines.next('')),
    sha256: node(lines.next('')),
    sm3: node(lines.next('sm3 ')),
  };
  const suite = lines.next('suite ');
  if (!isSuite(suite)) return fail('corrupt', 'suite_name');
  const clock = lines.next('clock ');
  if (clock !== 'real' && clock !== 'simulated') return fail('malformed', 'clock_name', {}, 'clock');
  const time = i64(lines.next('time '));
  const keys = keysLine(lines.nextIf('keys '));
  const deploymentLine = lines.nextIf('deployment ');
  const deployment = deploymentLine === null ? null : node(deploymentLine);
  const more = extensions(lines.rest());
  const read = { ...head, suite, clock: clock as ClockKind, time, keys, deployment, ...more };
  const signatures = whole.slice(blank + 2);
  const end = signatures.indexOf('\n');
  if (end < 0) bad('signature_line');
  const signed = { ...read, ...signatureLine(signatures.slice(0, end), origin) };
  const text = rendered(signed);
  if (text !== whole.slice(0, blank + 1)) bad('encoding');
  return { checkpoint: { ...signed, text }, more: signatures.slice(end + 1) };
}

/** First four bytes of SHA-256(origin ‖ 0x0a ‖ signature type ‖ key). */
export function noteKeyHash(both: Both, origin: string, key: PublicKey): Uint8Array {
  const type = key.suite === 'gm' ? SM2_NOTE : ED25519_NOTE;
  return both.intl.hash(utf8(`${origin}\n`), type, key.bytes).slice(0, 4);
}

/** Did this key sign it? */
export function signedBy(both: Both, c: Checkpoint, key: PublicKey): boolean {
  const named = key.suite === c.suite && equal(c.keyHash, noteKeyHash(both, c.origin, key));
  return named && both[key.suite].verify(key.bytes, utf8(c.text), c.signature);
}

/** Did the key of this text sign it? */
export function signedByText(both: Both, c: Checkpoint, publicText: string): boolean {
  const key = parsePublic(both, publicText);
  return key !== null && signedBy(both, c, key);
}
