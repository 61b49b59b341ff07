/** Verifies one evidence file and answers with the outcome, or `null` where the verifier itself failed. */

import { verifyEvidence } from './check';
import { outcomeOf } from './outcome';
import { shippedPacks } from './pack';

/** What the worker is asked. */
export interface Ask {
  evidence: Uint8Array;
  trust: Uint8Array | null;
}

addEventListener('message', (event: MessageEvent<Ask>) => {
  const { evidence, trust } = event.data;
  shippedPacks()
    .then((packs) => verifyEvidence(evidence, trust, packs))
    .then((report) => postMessage(outcomeOf(report)))
    .catch(() => postMessage(null));
});
