/** Argon2id itself, and what it may cost. */

import { argon2id } from '@noble/hashes/argon2';

/** Cost of stretching. */
export interface Cost {
  /** Memory in KiB. */
  readonly m: number;
  /** Passes. */
  readonly t: number;
  /** Lanes. */
  readonly p: number;
}

/** What a worker is asked. */
export interface Stretch extends Cost {
  readonly secret: Uint8Array;
  readonly salt: Uint8Array;
}

/** What key files are sealed with: an attacker can try them offline. */
export const KEY_FILE_COST: Cost = { m: 65_536, t: 3, p: 1 };

/** Is this a cost that the platform's program computes, too? Beyond it a changed file could exhaust the machine. */
export function reasonable(cost: Cost, salt: Uint8Array): boolean {
  const { m, t, p } = cost;
  const whole = [m, t, p].every((n) => Number.isSafeInteger(n) && n >= 1);
  return whole && m <= 1 << 20 && t <= 16 && p <= 16 && m >= 8 * p && salt.length >= 8;
}

/** The 32 bytes, computed here and now. */
export function stretchNow({ secret, salt, m, t, p }: Stretch): Uint8Array {
  return argon2id(secret, salt, { m, t, p, dkLen: 32 });
}
