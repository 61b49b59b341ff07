/** The suite `intl`: Ed25519 (RFC 8032, strict), SHA-256, AES-256-GCM. */

import { gcm } from '@noble/ciphers/aes';
import { ed25519 } from '@noble/curves/ed25519';
import { hmac } from '@noble/hashes/hmac';
import { sha256, sha512 } from '@noble/hashes/sha2';
import { concat, equal } from './bytes';
import type { Primitives } from './suite';

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((n, b) => (n << 8n) | BigInt(b), 0n);
}

function point(bytes: Uint8Array): InstanceType<typeof Point> | null {
  try {
    return Point.fromHex(bytes, false);
  } catch {
    return null;
  }
}

/**
 * RFC 8032 5.1.7 without the cofactor, and with neither key nor R of small order: the rule under which the platform
 * verifies. The library's own check multiplies by the cofactor and would accept more.
 */
function verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false;
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  const [a, seen] = [point(key), point(r)];
  if (s >= ORDER || !a || !seen || a.isSmallOrder() || seen.isSmallOrder()) return false;
  const k = littleEndian(sha512(concat(r, key, message))) % ORDER;
  const ours = (s === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(s)).subtract(a.multiplyUnsafe(k));
  return equal(ours.toBytes(), r);
}

/** Ed25519, SHA-256, AES-256. */
export const intl: Primitives = {
  suite: 'intl',
  alg: 'sha256',
  keyLength: 32,
  hash: (...parts) => sha256(concat(...parts)),
  hmac: (key, ...parts) => hmac(sha256, key, concat(...parts)),
  isPublic: (key) => key.length === 32 && point(key)?.isSmallOrder() === false,
  derive: (secret) => (secret.length === 32 ? ed25519.getPublicKey(secret) : null),
  sign: (secret, message) => ed25519.sign(message, secret),
  verify,
  seal: (key, nonce, plain) => gcm(key, nonce).encrypt(plain),
  open(key, nonce, sealed) {
    try {
      return gcm(key, nonce).decrypt(sealed);
    } catch {
      return null;
    }
  },
};
