/** Test data, read from disk. */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Suite } from '../suite';

/** Files of the demo of one suite. */
export function demo(suite: Suite) {
  const read = (name: string) => readFileSync(new URL(`./${suite}/${name}`, import.meta.url));
  return {
    evidence: new Uint8Array(gunzipSync(read('evidence.json.gz'))),
    trust: new Uint8Array(read('trust.json')),
    keyFile: read('desk.key.json').toString(),
    passphrase: read('passphrase').toString(),
  };
}
