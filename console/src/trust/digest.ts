/** Digests and public keys as texts, and the digests of statements and objects. */

import { fromBase64, fromHex, toBase64, toHex, utf8 } from './bytes';
import { signingBytes, type Json } from './canonical';
import { isSuite, suiteOf, type Both, type HashAlg, type Primitives, type Suite } from './suite';

/** Type under which an approved object is digested. */
export const OBJECT_TYPE = 'object';
/** Type under which the documents of an act are digested. */
export const DOCUMENTS_TYPE = 'documents';
/** Type under which a whole signed statement (`{body, key, signature}`) is digested. */
export const STATEMENT_TYPE = 'signed';

/** A digest. */
export interface Digest {
  readonly alg: HashAlg;
  readonly bytes: Uint8Array;
}

/** A public key; only usable keys become a value of this type. */
export interface PublicKey {
  readonly suite: Suite;
  readonly bytes: Uint8Array;
}

const PREFIX: Readonly<Record<Suite, string>> = { gm: 'sm2', intl: 'ed25519' };

/** `sm3:` or `sha256:` and 64 lower-case hex digits. */
export function digestText(alg: HashAlg, bytes: Uint8Array): string {
  return `${alg}:${toHex(bytes)}`;
}

/** Reads a digest's text; `null` for anything else. */
export function parseDigest(text: string): Digest | null {
  const found = /^(sm3|sha256):([0-9a-f]{64})$/.exec(text);
  const bytes = fromHex(found?.[2] ?? '-');
  return bytes && !text.endsWith('\n') ? { alg: found?.[1] as HashAlg, bytes } : null;
}

/** `sm2:` or `ed25519:` and base64, as public keys and signatures have it. */
export function prefixed(suite: Suite, bytes: Uint8Array): string {
  return `${PREFIX[suite]}:${toBase64(bytes)}`;
}

function split(text: string): { suite: Suite; bytes: Uint8Array } | null {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0));
  const suite = (Object.keys(PREFIX) as Suite[]).find((s) => PREFIX[s] === name);
  const bytes = fromBase64(text.slice(colon + 1));
  return suite && isSuite(suite) && bytes ? { suite, bytes } : null;
}

/** The suite that a public key's text claims, without loading any suite's code. */
export function claimedSuite(publicText: string): Suite | null {
  return split(publicText)?.suite ?? null;
}

/** Reads a public key; `null` where the text is another form or the key is not usable. */
export function parsePublic(both: Pick<Both, Suite> | Primitives, text: string): PublicKey | null {
  const found = split(text);
  if (!found) return null;
  const primitives = 'alg' in both ? both : both[found.suite];
  return primitives.suite === found.suite && primitives.isPublic(found.bytes) ? found : null;
}

/** Reads a signature's text: 64 bytes of this suite. */
export function parseSignature(suite: Suite, text: string): Uint8Array | null {
  const found = split(text);
  return found && found.suite === suite && found.bytes.length === 64 ? found.bytes : null;
}

/** Id of a public key: the first half of the suite's digest of its text, 32 hex digits. */
export function keyId(primitives: Primitives, publicText: string): string {
  return toHex(primitives.hash(utf8(`yunyu/key-id/v1\n${publicText}`)).subarray(0, 16));
}

/** Digest of a value as a type: H(`yunyu/<type>/v1\n` ‖ canonical JSON). Throws `CanonicalError`. */
export function digestOf(primitives: Primitives, type: string, value: Json): string {
  return digestText(primitives.alg, primitives.hash(signingBytes(type, value)));
}

/** Digest of bytes under an algorithm. */
export function hashWith(both: Both, alg: HashAlg, ...parts: Uint8Array[]): Digest {
  return { alg, bytes: both[suiteOf(alg)].hash(...parts) };
}

/** Does a signature over `yunyu/<type>/v1\n` and the canonical JSON of the value hold? */
export function holds(
  both: Both | Primitives,
  key: PublicKey,
  type: string,
  value: Json,
  signature: string,
): boolean {
  const raw = parseSignature(key.suite, signature);
  const primitives = 'alg' in both ? both : both[key.suite];
  if (!raw || primitives.suite !== key.suite) return false;
  try {
    return primitives.verify(key.bytes, signingBytes(type, value), raw);
  } catch {
    return false;
  }
}
