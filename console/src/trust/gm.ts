/**
 * The suite `gm`: SM2 with SM3 (GB/T 32918, user id 1234567812345678, signature r ‖ s), SM3, SM4-GCM.
 *
 * The curve's arithmetic, SM3 and SM4 are the library's. Around it stands what the library leaves out: the form of keys,
 * the range of r and s, and the draw of k by RFC 6979 over SM3, so that a statement has one signature here as there.
 */

import { createHmacDrbg } from '@noble/curves/utils';
import { sm2, sm3, sm4 } from 'sm-crypto-v2';
import { concat, fromHex, toHex } from './bytes';
import type { Primitives } from './suite';

const ORDER = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
const TAG = 16;

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array();
}

function big(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

function to32(n: bigint): Uint8Array {
  return bytesOf(n.toString(16).padStart(64, '0'));
}

function hash(...parts: Uint8Array[]): Uint8Array {
  return bytesOf(sm3(concat(...parts)));
}

function hmac(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  return bytesOf(sm3(concat(...parts), { key, mode: 'hmac' }));
}

function isPublic(key: Uint8Array): boolean {
  // The compressed form would be a second text for the same key.
  if (key.length !== 65 || key[0] !== 4) return false;
  try {
    return sm2.verifyPublicKey(toHex(key));
  } catch {
    return false;
  }
}

function derive(secret: Uint8Array): Uint8Array | null {
  const d = big(secret);
  // d = n − 1 would make 1 + d vanish in the signing equation (GB/T 32918.2, 6.1).
  if (secret.length !== 32 || d === 0n || d >= ORDER - 1n) return null;
  return bytesOf(sm2.getPublicKeyFromPrivateKey(toHex(secret)));
}

/** k of RFC 6979 3.2 over SM3 from the secret and the digest that is signed. */
function draw(secret: Uint8Array, digest: Uint8Array): bigint {
  const drbg = createHmacDrbg<bigint>(32, 32, (key, ...parts) => hmac(key, ...parts));
  return drbg(concat(secret, to32(big(digest) % ORDER)), (bytes) => {
    const k = big(bytes);
    return k > 0n && k < ORDER ? k : undefined;
  });
}

function sign(secret: Uint8Array, message: Uint8Array): Uint8Array {
  const key = derive(secret);
  if (!key) throw new RangeError('not an SM2 secret key');
  const digest = bytesOf(sm2.getHash(message, toHex(key)));
  const k = draw(secret, digest);
  const x1 = big(bytesOf(sm2.getPublicKeyFromPrivateKey(toHex(to32(k)))).subarray(1, 33));
  return bytesOf(sm2.doSignature(digest, toHex(secret), { pointPool: [{ k, x1 }] }));
}

function verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || !isPublic(key)) return false;
  const [r, s] = [big(signature.subarray(0, 32)), big(signature.subarray(32))];
  if (r === 0n || s === 0n || r >= ORDER || s >= ORDER) return false;
  try {
    return sm2.doVerifySignature(message, toHex(signature), toHex(key), { hash: true });
  } catch {
    return false;
  }
}

/** SM2, SM3, SM4. */
export const gm: Primitives = {
  suite: 'gm',
  alg: 'sm3',
  keyLength: 16,
  hash,
  hmac,
  isPublic,
  derive,
  sign,
  verify,
  seal(key, nonce, plain) {
    const { output, tag } = sm4.encrypt(plain, key, {
      mode: 'gcm',
      iv: nonce,
      output: 'array',
      outputTag: true,
    });
    if (!tag) throw new Error('the library gave no tag');
    return concat(output, tag);
  },
  open(key, nonce, sealed) {
    // The library checks the tag only when it is given one of full length.
    if (sealed.length < TAG) return null;
    const [body, tag] = [sealed.slice(0, -TAG), sealed.slice(-TAG)];
    try {
      return sm4.decrypt(body, key, { mode: 'gcm', iv: nonce, output: 'array', tag });
    } catch {
      return null;
    }
  },
};
