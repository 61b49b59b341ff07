/**
 * The verifier in Python (docs/verify), written from the documents alone, says of real, changed and forged evidence what
 * the program is recorded to say. `YUNYU_PYTHON` names a Python that has its two libraries; `cargo xtask test` sets it.
 * Without `YUNYU_FULL` only some of the files are judged: SM2 in Python is slow.
 */

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBoth, type Suite } from '../suite';
import { forged, plain, type Change } from '../testdata/changes';
import { packTexts } from '../testdata/load';

interface Verdict {
  valid: boolean;
  trusted: boolean;
  checked: Record<string, number>;
  clock: string | null;
  file?: string;
  what?: string;
}

interface Said extends Omit<Verdict, 'file' | 'what'> {
  failure: { file: string; what: string } | null;
}

const python = process.env['YUNYU_PYTHON'];
const full = process.env['YUNYU_FULL'] !== undefined;
/** Of how many changed and forged files one is judged. */
const EVERY: Readonly<Record<Suite, readonly [number, number]>> = full
  ? { gm: [3, 12], intl: [1, 1] }
  : { gm: [15, 90], intl: [3, 12] };
const folder = mkdtempSync(join(tmpdir(), 'python-verdicts-'));
const packs = join(folder, 'packs');
const here = (path: string) => new URL(`../testdata/${path}`, import.meta.url);

beforeAll(() => {
  for (const [path, text] of Object.entries(packTexts())) {
    mkdirSync(dirname(join(packs, path)), { recursive: true });
    writeFileSync(join(packs, path), text);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

function every<T>(all: Iterable<T>, n: number): T[] {
  return [...all].filter((_, i) => i % n === 0);
}

/** What the Python verifier says of each, in one run of it. */
async function judged(changes: readonly Change[]): Promise<Verdict[]> {
  const child = spawn(
    python ?? '',
    [fileURLToPath(new URL('../../../../docs/verify/judge.py', import.meta.url)), packs],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const out: Verdict[] = [];
  const [evidence, trust] = [join(folder, 'evidence'), join(folder, 'trust')];
  for (const change of changes) {
    writeFileSync(evidence, change.evidence);
    if (change.trust) writeFileSync(trust, change.trust);
    child.stdin.write(`${JSON.stringify([evidence, change.trust && trust])}\n`);
    const line = await lines.next();
    if (line.done) throw new Error(`no verdict on ${change.name}`);
    const { valid, trusted, checked, clock, failure } = JSON.parse(line.value) as Said;
    out.push({
      ...{ valid, trusted, checked, clock },
      ...(failure && { file: failure.file, what: failure.what }),
    });
  }
  child.stdin.end();
  return out;
}

describe.skipIf(!python).each<Suite>(['gm', 'intl'])('the Python verifier on evidence of %s', (suite) => {
  it('says what the program says', { timeout: 1_800_000 }, async () => {
    const both = await loadBoth();
    const recorded = JSON.parse(
      gunzipSync(readFileSync(here(`${suite}/verdicts.json.gz`))).toString(),
    ) as Record<string, { verdict: Verdict & { en?: string } }>;
    const [changed, rebuilt] = EVERY[suite];
    const changes = [...every(plain(suite), changed), ...forged(both, suite, rebuilt)];
    const verdicts = await judged(changes);
    const differ = changes.flatMap(({ name }, i) => {
      const program = { ...recorded[name]?.verdict };
      delete program.en;
      const said = verdicts[i];
      return JSON.stringify(sorted(program)) === JSON.stringify(sorted(said))
        ? []
        : [{ name, program, said }];
    });
    expect(differ).toEqual([]);
    expect(new Set(verdicts.map((v) => v.what)).size).toBeGreaterThan(full ? 15 : 3);
  });
});

/** The same value with members in one order. */
function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([n, v]) => [n, sorted(v)]));
}
