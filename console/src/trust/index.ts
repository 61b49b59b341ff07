/**
 * What the pages use to sign, digest and verify. Import it lazily (`await import('../trust')`): it brings the library
 * of the intl suite's curve and hashes, and loads SM2, SM3 and SM4 when they are first needed.
 */

import { canonicalText, type Json } from './canonical';
import * as digests from './digest';
import type { KeyFile, OpenKey, Signed } from './keys';
import { loadSuite, type Suite } from './suite';
import { zoneHeaders, type TicketBody } from './zone';

export { DraftError, differences, signAct, type Act, type Shown } from './act';
export { generateKey, importKeyFile, KeyError, keyFileText, OpenKey, openKey, parseKeyFile } from './keys';
export type { KeyFault, KeyFile, Signed } from './keys';
export type { Json } from './canonical';
export type { Suite } from './suite';

/** Seals a key under a passphrase. Throws `KeyError`. */
export function sealKey(key: OpenKey, passphrase: string): Promise<KeyFile> {
  return key.seal(passphrase);
}

/** Signs a body as a type. */
export function signStatement<T>(key: OpenKey, type: string, body: T): Promise<Signed<T>> {
  return key.sign(type, body);
}

/** Does the signature hold under this public key, and is it the key that the statement names? */
export async function verifyStatement(
  publicText: string,
  type: string,
  signed: Signed<unknown>,
): Promise<boolean> {
  const suite = digests.claimedSuite(publicText);
  if (!suite) return false;
  const primitives = await loadSuite(suite);
  const key = digests.parsePublic(primitives, publicText);
  const named = key !== null && digests.keyId(primitives, publicText) === signed.key;
  return named && digests.holds(primitives, key, type, signed.body as Json, signed.signature);
}

/** Digest of a value as a type, as text. */
export async function digestOf(suite: Suite, type: string, body: unknown): Promise<string> {
  return digests.digestOf(await loadSuite(suite), type, body as Json);
}

/** Digest of bytes, as text (`sm3:…` or `sha256:…`). */
export async function hashBytes(suite: Suite, bytes: Uint8Array): Promise<string> {
  const primitives = await loadSuite(suite);
  return digests.digestText(primitives.alg, primitives.hash(bytes));
}

/** Canonical JSON as text. Throws `CanonicalError`. */
export function canonical(body: unknown): string {
  return canonicalText(body as Json);
}

/** Id of a public key; `null` where the text is none. */
export async function keyId(publicText: string): Promise<string | null> {
  const suite = digests.claimedSuite(publicText);
  return suite && digests.keyId(await loadSuite(suite), publicText);
}

/** Headers of one request to the zone; `now` is on the deployment's clock. */
export function proofHeaders(
  key: OpenKey,
  ticket: Signed<TicketBody>,
  method: string,
  path: string,
  now: number,
): Promise<Record<string, string>> {
  return zoneHeaders(key, ticket, { method, path, now });
}
