/**
 * Evidence whose leaves stand in two epochs of the log, and forgeries at the border, as a test of the program makes them: the
 * same verdict here as there.
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

const told = (suite: string) =>
  JSON.parse(readFileSync(new URL(`../testdata/epochs/${suite}.json`, import.meta.url), 'utf8')) as Told;
/** Approvals are not what is tested here. */
const packs: Packs = { pinned: () => () => undefined, named: () => () => undefined };

describe.each(['gm', 'intl'])('evidence over a border, %s', (suite) => {
  const { trust, cases } = told(suite);

  it.each(cases)('$name', async ({ evidence, verdict }) => {
    const { valid, fault } = await verifyEvidence(utf8(evidence), utf8(trust), packs);
    expect(valid).toBe(verdict.valid);
    expect(fault && { file: fault.file, what: fault.what }).toEqual(verdict.failure);
  });

  it('one of them is valid', () => {
    expect(cases.filter((c) => c.verdict.valid)).toHaveLength(1);
  });
});
