/**
 * Argon2id (RFC 9106), with which a passphrase becomes a key. It takes a second or more: where the browser has workers
 * it runs in one, so that the page stays alive. In JavaScript, since the page's policy allows no WebAssembly.
 */

import { stretchNow, type Stretch } from './argon.core';

export { KEY_FILE_COST, reasonable, type Cost } from './argon.core';

/** The 32 bytes, computed in a worker where there are workers. */
export function stretch(ask: Stretch): Promise<Uint8Array> {
  if (typeof Worker === 'undefined') return Promise.resolve(stretchNow(ask));
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
