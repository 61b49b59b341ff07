/** Runs the verifier beside the page, so that the page stays alive. */

import type { Outcome } from './outcome';
import type { Ask } from './verify.worker';

/**
 * Verifies an evidence file in a worker.
 * @throws when the verifier itself fails, or `signal` ends it
 */
export function runVerifier(ask: Ask, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./verify.worker.ts', import.meta.url), { type: 'module' });
    const end = (then: () => void) => {
      worker.terminate();
      then();
    };
    signal.addEventListener('abort', () => end(() => reject(new DOMException('', 'AbortError'))));
    worker.onmessage = (event: MessageEvent<Outcome | null>) =>
      end(() => (event.data ? resolve(event.data) : reject(new Error('the verifier failed'))));
    worker.onerror = () => end(() => reject(new Error('the verifier could not be loaded')));
    worker.postMessage(ask);
  });
}
