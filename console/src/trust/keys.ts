/**
 * A person's signing key: made in the browser, kept as a key file sealed under a passphrase, opened to sign. The file
 * is that of the platform's program; either opens what the other made.
 */

import { KEY_FILE_COST, reasonable, stretch, type Cost } from './argon';
import { openBlob, sealBlob } from './blob';
import { fromBase64, fromHex, concat, random, toBase64, toHex, utf8 } from './bytes';
import { canonical, signingBytes, type Json } from './canonical';
import { keyId, parsePublic, prefixed } from './digest';
import { isSuite, loadSuite, type Primitives, type Suite } from './suite';

const LABEL = 'key-file';
/** Longest passphrase in bytes. */
const MAX_PASSPHRASE = 1024;

/** Why a key file does not open. */
export type KeyFault = 'wrong-passphrase' | 'damaged' | 'unsupported' | 'unusable-passphrase';

/** A key file does not open. Carries nothing of the file or the passphrase. */
export class KeyError extends Error {
  readonly code: KeyFault;

  constructor(code: KeyFault) {
    super(`key file: ${code}`);
    this.name = 'KeyError';
    this.code = code;
  }
}

/** A key file: JSON, says nothing about whose key it is. */
export interface KeyFile {
  /** Format version, 1. */
  readonly v: number;
  readonly suite: Suite;
  /** The public key, readable without the passphrase. */
  readonly public: string;
  /** Argon2id memory in KiB, passes, lanes. */
  readonly m_kib: number;
  readonly t: number;
  readonly p: number;
  /** Argon2id salt in hex digits. */
  readonly salt: string;
  /** The sealed secret in base64. */
  readonly sealed: string;
}

/** A statement with one signature over `yunyu/<type>/v1\n` and its canonical JSON. */
export interface Signed<T> {
  readonly body: T;
  readonly key: string;
  readonly signature: string;
}

/** Signs Ed25519 with the browser's own code where it has it (a key that cannot be read out again). */
async function browserSigner(secret: Uint8Array): Promise<((m: Uint8Array) => Promise<Uint8Array>) | null> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!subtle) return null;
  const pkcs8 = concat(fromHex('302e020100300506032b657004220420') ?? new Uint8Array(), secret);
  try {
    const key = await subtle.importKey('pkcs8', pkcs8 as BufferSource, 'Ed25519', false, ['sign']);
    return async (m) => new Uint8Array(await subtle.sign('Ed25519', key, m as BufferSource));
  } catch {
    return null;
  }
}

/** An open signing key. The secret is in no enumerable property; it lives as long as the value. */
export class OpenKey {
  /** Key id as key lists name it. */
  readonly id: string;
  /** Text of the public key. */
  readonly public: string;
  readonly suite: Suite;
  readonly #secret: Uint8Array;
  readonly #primitives: Primitives;
  #browser: ((m: Uint8Array) => Promise<Uint8Array>) | null | undefined;

  private constructor(primitives: Primitives, secret: Uint8Array, publicBytes: Uint8Array) {
    this.suite = primitives.suite;
    this.public = prefixed(this.suite, publicBytes);
    this.id = keyId(primitives, this.public);
    this.#secret = secret;
    this.#primitives = primitives;
  }

  /** The key of 32 secret bytes; `null` where they are none. */
  static of(primitives: Primitives, secret: Uint8Array): OpenKey | null {
    const publicBytes = primitives.derive(secret);
    return publicBytes ? new OpenKey(primitives, secret.slice(), publicBytes) : null;
  }

  /** Signs `yunyu/<type>/v1\n` and the canonical JSON of the body. Throws `CanonicalError`. */
  async sign<T>(type: string, body: T): Promise<Signed<T>> {
    const message = signingBytes(type, body as Json);
    if (this.#browser === undefined) {
      this.#browser = this.suite === 'intl' ? await browserSigner(this.#secret) : null;
    }
    const raw = this.#browser ? await this.#browser(message) : this.#primitives.sign(this.#secret, message);
    return { body, key: this.id, signature: prefixed(this.suite, raw) };
  }

  /** Seals the key under a passphrase. Throws `KeyError`. */
  async seal(passphrase: string, cost: Cost = KEY_FILE_COST): Promise<KeyFile> {
    const head = { v: 1, suite: this.suite, public: this.public, m_kib: cost.m, t: cost.t, p: cost.p };
    const file: KeyFile = { ...head, salt: toHex(random(16)), sealed: '' };
    const wrapping = await wrappingKey(file, passphrase);
    const sealed = sealBlob(this.#primitives, wrapping, LABEL, [bound(file)], this.#secret);
    return { ...file, sealed: toBase64(sealed) };
  }
}

/** Everything but the sealed part: none of it can be changed without the passphrase failing. */
function bound(f: KeyFile): Uint8Array {
  return canonical([f.v, f.suite, f.public, f.m_kib, f.t, f.p, f.salt]);
}

async function wrappingKey(file: KeyFile, passphrase: string): Promise<Uint8Array> {
  const secret = utf8(passphrase);
  if (secret.length === 0 || secret.length > MAX_PASSPHRASE) throw new KeyError('unusable-passphrase');
  const salt = fromHex(file.salt);
  const cost = { m: file.m_kib, t: file.t, p: file.p };
  if (!salt || !reasonable(cost, salt)) throw new KeyError('damaged');
  return stretch({ secret, salt, ...cost });
}

/**
 * Takes a value that was read from JSON as a key file, without opening it.
 * @throws KeyError where it is none, or of another version.
 */
export function importKeyFile(value: unknown): KeyFile {
  const file = value as KeyFile;
  const members = value !== null && typeof value === 'object' ? Object.keys(value).sort().join() : '';
  const texts = [file?.public, file?.salt, file?.sealed].every((t) => typeof t === 'string');
  const numbers = [file?.v, file?.m_kib, file?.t, file?.p].every((n) => Number.isSafeInteger(n));
  if (members !== 'm_kib,p,public,salt,sealed,suite,t,v' || !texts || !numbers || !isSuite(file.suite)) {
    throw new KeyError('damaged');
  }
  if (file.v !== 1) throw new KeyError('unsupported');
  return file;
}

/** Reads the text of a key file. Throws as `importKeyFile`. */
export function parseKeyFile(text: string): KeyFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new KeyError('damaged');
  }
  return importKeyFile(value);
}

/** The text of a key file, as the program writes it. */
export function keyFileText(file: KeyFile): string {
  return JSON.stringify(file, null, 2);
}

/**
 * Opens a key file. Takes a second or more, in a worker where there are workers.
 * @throws KeyError
 */
export async function openKey(given: KeyFile, passphrase: string): Promise<OpenKey> {
  const file = importKeyFile(given);
  const primitives = await loadSuite(file.suite);
  const sealed = fromBase64(file.sealed);
  if (!sealed || !parsePublic(primitives, file.public)) throw new KeyError('damaged');
  const secret = openBlob(primitives, await wrappingKey(file, passphrase), LABEL, [bound(file)], sealed);
  if (!secret) throw new KeyError('wrong-passphrase');
  const key = OpenKey.of(primitives, secret);
  if (!key) throw new KeyError('damaged');
  if (key.public !== file.public) throw new KeyError('wrong-passphrase');
  return key;
}

/** A new key, from the browser's random bytes. */
export async function generateKey(suite: Suite): Promise<OpenKey> {
  const primitives = await loadSuite(suite);
  for (;;) {
    // For SM2 a draw outside [1, n − 2] is thrown away (a chance below 2^-31).
    const key = OpenKey.of(primitives, random(32));
    if (key) return key;
  }
}
