/**
 * Argon2id itself. In WebAssembly, ten times as fast as in JavaScript; a browser that has none, or
 * may not use it (a locked-down mode, a proxy's policy), computes the same in JavaScript.
 */

import { argon2id as inScript } from '@noble/hashes/argon2';
import { argon2id as inWasm } from 'hash-wasm';
import type { Stretch } from './argon';

const LENGTH = 32;
/** A module of WebAssembly that does nothing: its magic number and version. */
const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** Whether WebAssembly runs here. */
async function hasWasm(): Promise<boolean> {
  try {
    await WebAssembly.compile(EMPTY);
    return true;
  } catch {
    return false;
  }
}

/** The 32 bytes, computed here and now. */
export async function stretchNow(ask: Stretch): Promise<Uint8Array> {
  return (await hasWasm()) ? fast(ask) : slow(ask);
}

function fast({ secret, salt, m, t, p }: Stretch): Promise<Uint8Array> {
  const cost = { memorySize: m, iterations: t, parallelism: p };
  return inWasm({ password: secret, salt, ...cost, hashLength: LENGTH, outputType: 'binary' });
}

function slow({ secret, salt, m, t, p }: Stretch): Uint8Array {
  return inScript(secret, salt, { m, t, p, dkLen: LENGTH });
}
