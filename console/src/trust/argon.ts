/**
 * Argon2id (RFC 9106), with which a passphrase becomes a key. It costs time and memory on purpose: where the browser has
 * workers it runs in one, so that the page stays alive. The platform serves that worker, and nothing else, with a policy
 * that lets it run WebAssembly.
 */

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

/** The 32 bytes, computed in a worker where there are workers. */
export async function stretch(ask: Stretch): Promise<Uint8Array> {
  if (typeof Worker === 'undefined') return (await import('./argon.core')).stretchNow(ask);
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./argon.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = (event: MessageEvent<Uint8Array | null>) => {
      worker.terminate();
      if (event.data) resolve(event.data);
      else reject(new Error('argon2id failed'));
    };
    worker.onerror = () => {
      worker.terminate();
      reject(new Error('the worker for argon2id failed'));
    };
    worker.postMessage(ask);
  });
}
