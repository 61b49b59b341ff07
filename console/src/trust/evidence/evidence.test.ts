/**
 * The same verdicts as the program's over real evidence of both suites and over changed and forged files. What the
 * program says is recorded; with `YUNYU=<program>` it is asked anew, compared and recorded. Without, every third changed and
 * every twelfth forged file is judged, for the time it takes.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { toHex } from '../bytes';
import { loadBoth, type Suite } from '../suite';
import { forged, plain, type Change } from '../testdata/changes';
import { packTexts } from '../testdata/load';
import { trustTexts } from '../texts';
import { verifyEvidence, type Report } from './check';
import { packsOf } from './pack';

/** What is compared of a verdict. */
interface Verdict {
  valid: boolean;
  trusted: boolean;
  checked: Record<string, number>;
  clock: string | null;
  file?: string;
  what?: string;
  /** In English, as the console has it; where rules are cited only their code. */
  en?: string;
}

interface Recorded {
  /** Beginning of the SHA-256 of both files: a changed test asks for another verdict. */
  sha256: string;
  verdict: Verdict;
}

const program = process.env['YUNYU'];
const folder = program ? mkdtempSync(join(tmpdir(), 'verdicts-')) : '';
const store = (suite: Suite) => new URL(`../testdata/${suite}/verdicts.json.gz`, import.meta.url);
const SUFFICE = 'its approvals do not suffice: ';
/** What the program says without a rule. */
const PLAIN: Readonly<Record<string, string>> = {
  [`${SUFFICE}not an order or act of this version`]: 'shape',
  [`${SUFFICE}the order rests on a rule pack that is not in this program`]: 'unknown-pack',
  [`${SUFFICE}the order is signed by an unlisted key`]: 'unlisted-key',
};
/** Codes that forged files must reach, so that no check is passed over. */
const CODES = [
  ...['trusted', 'version', 'malformed', 'corrupt', 'other_trust', 'other_deployment', 'seal', 'other_log'],
  ...[
    'other_suite',
    'signature',
    'key_list',
    'anchor',
    'chain',
    'order',
    'not_recorded',
    'key',
    'time',
    'holder',
  ],
  ...['case', 'head', 'statement_missing', 'approval', 'quorum', 'digest', 'not_named', 'missing', 'subject'],
  ...['incomplete', 'release', 'story'],
];
/** Of how many forged files one is judged. */
const EVERY = program ? 1 : 12;
const packs = packsOf(packTexts());

afterAll(() => {
  if (folder) rmSync(folder, { recursive: true });
});

function ours({ valid, trusted, checked, clock, fault }: Report): Verdict {
  if (!fault) return { valid, trusted, checked, clock };
  const code = fault.what === 'quorum' ? fault.text.replace('quorum_', '').replaceAll('_', '-') : null;
  const en = code ?? trustTexts('en').fault(fault);
  return { valid, trusted, checked, clock, file: fault.file, what: fault.what, en };
}

/** Asks the program. */
function ask({ evidence, trust }: Change): Verdict {
  const [file, trustFile] = [join(folder, 'evidence.json'), join(folder, 'trust.json')];
  writeFileSync(file, evidence);
  if (trust) writeFileSync(trustFile, trust);
  const args = ['evidence', 'verify', file, '--json', ...(trust ? ['--trust', trustFile] : [])];
  const { stdout } = spawnSync(program ?? '', args, { encoding: 'utf8' });
  const said = JSON.parse(stdout) as Verdict & { failure: { file: string; what: string; en: string } | null };
  const { valid, trusted, checked, clock, failure } = said;
  if (!failure) return { valid, trusted, checked, clock };
  const { file: place, what } = failure;
  const rule = /^its approvals do not suffice: ([a-z-]+) \(/.exec(failure.en)?.[1];
  return { valid, trusted, checked, clock, file: place, what, en: rule ?? PLAIN[failure.en] ?? failure.en };
}

async function compare(suite: Suite, changes: Iterable<Change>, known: Record<string, Recorded>, every = 1) {
  const both = await loadBoth();
  const differ: unknown[] = [];
  const seen = new Map<string, number>();
  let n = 0;
  for (const change of changes) {
    if (n++ % every !== 0) continue;
    const sha256 = toHex(both.intl.hash(change.evidence, change.trust ?? new Uint8Array())).slice(0, 16);
    if (program) {
      expect(
        seen.has(change.name) || known[change.name]?.sha256 === sha256,
        `two changes named ${change.name}`,
      ).toBe(false);
      known[change.name] = { sha256, verdict: ask(change) };
    }
    const theirs = known[change.name];
    expect(theirs?.sha256, `${change.name}: no verdict of the program is recorded for these files`).toBe(
      sha256,
    );
    const verdict = ours(await verifyEvidence(change.evidence, change.trust, packs));
    if (JSON.stringify(theirs?.verdict) !== JSON.stringify(verdict)) {
      differ.push({ suite, name: change.name, program: theirs?.verdict, console: verdict });
    }
    const what = verdict.what ?? (verdict.trusted ? 'trusted' : 'valid');
    seen.set(what, (seen.get(what) ?? 0) + 1);
  }
  expect(differ).toEqual([]);
  return seen;
}

describe.each<Suite>(['gm', 'intl'])('evidence of %s', (suite) => {
  const known: Record<string, Recorded> = program
    ? {}
    : (JSON.parse(gunzipSync(readFileSync(store(suite))).toString()) as Record<string, Recorded>);

  it('is judged as the program judges it, whatever byte of it is changed', { timeout: 600_000 }, async () => {
    const seen = await compare(suite, plain(suite), known, program ? 1 : 3);
    if (!program) return;
    expect(seen.get('trusted')).toBe(3);
    for (const what of ['valid', 'malformed', 'seal', 'other_root', 'other_trust', 'other_pack']) {
      expect(seen.has(what), what).toBe(true);
    }
  });

  it('is judged as the program judges it, whatever is forged in it', { timeout: 600_000 }, async () => {
    const seen = await compare(suite, forged(await loadBoth(), suite, EVERY), known);
    if (!program) return;
    for (const what of CODES) expect(seen.has(what), what).toBe(true);
    writeFileSync(store(suite), gzipSync(JSON.stringify(known), { level: 9 }));
  });
});
