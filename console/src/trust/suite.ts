/**
 * The two cipher suites: `gm` (SM2, SM3, SM4) and `intl` (Ed25519, SHA-256, AES-256). Their code is loaded when it is
 * first needed, so that no page carries a suite that it does not use.
 *
 * Hashes and signatures are computed here and not by WebCrypto: it hashes only asynchronously, which is slow for the
 * thousands of small hashes of a Merkle proof, it does not exist where the page is not served securely, and its Ed25519
 * accepts signatures that the platform refuses (keys of small order). WebCrypto signs Ed25519 where it can (`keys.ts`).
 */

/** A cipher suite; one per deployment. */
export type Suite = 'gm' | 'intl';
/** A digest algorithm. */
export type HashAlg = 'sm3' | 'sha256';

/** What a suite computes. */
export interface Primitives {
  readonly suite: Suite;
  readonly alg: HashAlg;
  /** Length of the AEAD's key in bytes. */
  readonly keyLength: number;
  /** Digest of the concatenation of the parts, 32 bytes. */
  hash(...parts: Uint8Array[]): Uint8Array;
  /** HMAC of the concatenation of the parts, 32 bytes. */
  hmac(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array;
  /** Is this a usable public key: of the one form, on the curve, not of small order? */
  isPublic(key: Uint8Array): boolean;
  /** The public key of 32 secret bytes; `null` where they are no secret key. */
  derive(secret: Uint8Array): Uint8Array | null;
  /** Signs deterministically, as the platform does. 64 bytes. */
  sign(secret: Uint8Array, message: Uint8Array): Uint8Array;
  /** Does the signature (64 bytes) hold? */
  verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** GCM: ciphertext and tag. */
  seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Uint8Array;
  /** GCM: the plain text; `null` where the tag does not hold. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | null;
}

/** Both suites. */
export type Both = Readonly<Record<Suite, Primitives>>;

/** Is this text a suite's name? */
export function isSuite(text: unknown): text is Suite {
  return text === 'gm' || text === 'intl';
}

/** The suite's digest algorithm. */
export function algOf(suite: Suite): HashAlg {
  return suite === 'gm' ? 'sm3' : 'sha256';
}

/** The suite of a digest algorithm. */
export function suiteOf(alg: HashAlg): Suite {
  return alg === 'sm3' ? 'gm' : 'intl';
}

/** Loads a suite. */
export async function loadSuite(suite: Suite): Promise<Primitives> {
  return suite === 'gm' ? (await import('./gm')).gm : (await import('./intl')).intl;
}

/** Loads both: logs have a tree under each hash, whatever the deployment's suite is. */
export async function loadBoth(): Promise<Both> {
  const [gm, intl] = await Promise.all([loadSuite('gm'), loadSuite('intl')]);
  return { gm, intl };
}
