/**
 * A small secret sealed in one piece: `version 1 ‖ suite ‖ salt 24 ‖ commitment 32 ‖ ciphertext and tag`, under a key
 * derived for this one blob (HKDF-Expand of the suite) from the label, the salt and the bound parts. The commitment
 * makes sure that it opens under one key only.
 */

import { concat, equal, equalSecret, random, utf8 } from './bytes';
import type { Primitives } from './suite';

const VERSION = 1;
const SALT = 24;
const COMMITMENT = 32;
const NONCE = 12;
const HEAD = 2 + SALT + COMMITMENT;

function lead(suite: Primitives): Uint8Array {
  return Uint8Array.of(VERSION, suite.suite === 'gm' ? 1 : 2);
}

/** A part with its length before it, so that no two lists of parts give the same bytes. */
function part(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(bytes.length));
  return concat(length, bytes);
}

function expand(suite: Primitives, key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  let block: Uint8Array = new Uint8Array();
  let out: Uint8Array = new Uint8Array();
  for (let i = 1; out.length < length; i++) {
    block = suite.hmac(key, block, info, Uint8Array.of(i));
    out = concat(out, block);
  }
  return out.slice(0, length);
}

function derive(suite: Primitives, key: Uint8Array, label: string, salt: Uint8Array, bound: Uint8Array[]) {
  const parts = [utf8(label), utf8(suite.suite), salt, ...bound].map(part);
  const okm = expand(
    suite,
    key,
    concat(utf8('yunyu/blob/v1\n'), ...parts),
    suite.keyLength + NONCE + COMMITMENT,
  );
  const nonceAt = suite.keyLength + NONCE;
  return {
    key: okm.slice(0, suite.keyLength),
    nonce: okm.slice(suite.keyLength, nonceAt),
    commitment: okm.slice(nonceAt),
  };
}

/** Seals `plain` under a uniform 32-byte key; opens only with the same label and bound parts. */
export function sealBlob(
  suite: Primitives,
  key: Uint8Array,
  label: string,
  bound: Uint8Array[],
  plain: Uint8Array,
): Uint8Array {
  const salt = random(SALT);
  const made = derive(suite, key, label, salt, bound);
  return concat(lead(suite), salt, made.commitment, suite.seal(made.key, made.nonce, plain));
}

/** Opens what `sealBlob` made; `null` for another key, label, bound part, version or changed bytes. */
export function openBlob(
  suite: Primitives,
  key: Uint8Array,
  label: string,
  bound: Uint8Array[],
  sealed: Uint8Array,
): Uint8Array | null {
  if (sealed.length < HEAD || !equal(sealed.subarray(0, 2), lead(suite))) return null;
  const made = derive(suite, key, label, sealed.slice(2, 2 + SALT), bound);
  if (!equalSecret(made.commitment, sealed.slice(2 + SALT, HEAD))) return null;
  return suite.open(made.key, made.nonce, sealed.slice(HEAD));
}
