/** Stretches one passphrase and answers with 32 bytes, or `null` where that failed (no memory). */

import type { Stretch } from './argon';
import { stretchNow } from './argon.core';

addEventListener('message', (event: MessageEvent<Stretch>) => {
  stretchNow(event.data).then(
    (bytes) => postMessage(bytes),
    () => postMessage(null),
  );
});
