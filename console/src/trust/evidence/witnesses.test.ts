/**
 * Cosignatures of witnesses in evidence, as a test of the program makes and forges them (`audit::it witnessed`): the same
 * verdicts as the program's.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../bytes';
import { canonicalText, type Json } from '../canonical';
import type { Suite } from '../suite';
import { verifyEvidence, type Packs } from './check';

interface Told {
  evidence: string;
  cases: {
    name: string;
    trust: string;
    witnessed?: Json;
    signature: string;
    verdict: {
      valid: boolean;
      trusted: boolean;
      checked: Record<string, number>;
      failure: { file: string; what: string } | null;
    };
  }[];
}

/** Approvals are not what is tested here. */
const packs: Packs = { pinned: () => () => undefined, named: () => () => undefined };

describe.each<Suite>(['gm', 'intl'])('witnesses in evidence of %s', (suite) => {
  const told = JSON.parse(
    readFileSync(new URL(`../testdata/witnessed/${suite}.json`, import.meta.url), 'utf8'),
  ) as Told;

  it('are judged as the program judges them', { timeout: 120_000 }, async () => {
    const [said, wanted]: Record<string, unknown>[] = [{}, {}];
    for (const { name, trust, witnessed, signature, verdict } of told.cases) {
      const { body, ...file } = JSON.parse(told.evidence) as { [name: string]: Json };
      const changed = { ...(body as object), ...(witnessed !== undefined && { witnessed }) };
      const bytes = utf8(canonicalText({ ...file, body: changed, signature } as unknown as Json));
      const { valid, trusted, checked, fault } = await verifyEvidence(bytes, utf8(trust), packs);
      const failure = fault && { file: fault.file, what: fault.what };
      if (said && wanted) [said[name], wanted[name]] = [{ valid, trusted, checked, failure }, verdict];
    }
    expect(said).toEqual(wanted);
    const codes = told.cases.map(({ verdict }) => verdict.failure?.what ?? String(verdict.trusted));
    const all = ['true', 'false', 'order', 'malformed', 'cosignature', 'signature', 'anchor', 'rolled_back'];
    if (suite === 'intl') expect(all.filter((code) => !codes.includes(code))).toEqual([]);
  });

  it('say how many of them are missing', { timeout: 60_000 }, async () => {
    const asked = told.cases.find(({ name }) => name === 'one is asked for and nobody has seen it');
    if (!asked) return;
    const report = await verifyEvidence(utf8(told.evidence), utf8(asked.trust), packs);
    expect([report.valid, report.trusted, report.unseen]).toEqual([true, false, ['platform', 'zone']]);
  });
});
