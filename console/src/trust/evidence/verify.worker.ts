/** Verifies one evidence file and answers with the outcome, or `null` where the verifier itself failed. */

import { verifyEvidence } from './check';
import { outcomeOf } from './outcome';
import { packsOf } from './pack';
import { SHIPPED } from './shipped';

/** What the worker is asked. */
export interface Ask {
  evidence: Uint8Array;
  trust: Uint8Array | null;
}

addEventListener('message', (event: MessageEvent<Ask>) => {
  const { evidence, trust } = event.data;
  verifyEvidence(evidence, trust, packsOf(SHIPPED))
    .then((report) => postMessage(outcomeOf(report, SHIPPED)))
    .catch(() => postMessage(null));
});
