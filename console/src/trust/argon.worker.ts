/** Stretches one passphrase and answers with 32 bytes, or `null` where that failed (no memory). */

import { stretchNow, type Stretch } from './argon.core';

addEventListener('message', (event: MessageEvent<Stretch>) => {
  try {
    postMessage(stretchNow(event.data));
  } catch {
    postMessage(null);
  }
});
