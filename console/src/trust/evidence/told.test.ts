/**
 * Evidence as tests of the program make it: leaves in two epochs of the log with forgeries at the border, and certificates of
 * products with forgeries of what they say. The same verdict here as there.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../bytes';
import { verifyEvidence, type Packs } from './check';

interface Told {
  trust: string;
  cases: {
    name: string;
    evidence: string;
    verdict: { valid: boolean; failure: { file: string; what: string } | null };
  }[];
}

const told = (file: string) =>
  JSON.parse(readFileSync(new URL(`../testdata/${file}.json`, import.meta.url), 'utf8')) as Told;
/** Approvals are not what is tested here. */
const packs: Packs = { pinned: () => () => undefined, named: () => () => undefined };

describe.each(['epochs/gm', 'epochs/intl', 'registered/intl'])('evidence of %s', (file) => {
  const { trust, cases } = told(file);

  it.each(cases)('$name', async ({ evidence, verdict }) => {
    const { valid, fault } = await verifyEvidence(utf8(evidence), utf8(trust), packs);
    expect(valid).toBe(verdict.valid);
    expect(fault && { file: fault.file, what: fault.what }).toEqual(verdict.failure);
  });

  it('one of them is valid', () => {
    expect(cases.filter((c) => c.verdict.valid)).toHaveLength(1);
  });
});
