/** Test data, read from disk. */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Texts } from '../evidence/pack';
import type { Suite } from '../suite';

function read(path: string): Buffer {
  return readFileSync(new URL(`./${path}`, import.meta.url));
}

/** Files of the demo of one suite. */
export function demo(suite: Suite) {
  return {
    evidence: new Uint8Array(gunzipSync(read(`${suite}/evidence.json.gz`))),
    trust: new Uint8Array(read(`${suite}/deployment.trust`)),
    keyFile: read(`${suite}/approver.key`).toString(),
    passphrase: read(`${suite}/passphrase`).toString(),
  };
}

/** The rule packs that the demos were made under. */
export function packTexts(): Texts {
  return JSON.parse(gunzipSync(read('packs.json.gz')).toString()) as Texts;
}
