/**
 * The verifier in Python (docs/verify), written from the documents alone, says of real, changed and forged evidence what
 * the program is recorded to say. `YUNYU_PYTHON` names a Python that has its two libraries; `cargo xtask test` sets it.
 * Without `YUNYU_FULL` only some of the files are judged: SM2 in Python is slow.
 */

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBoth, type Suite } from '../suite';
import { forged, plain, type Change } from '../testdata/changes';
import { Forge } from '../testdata/forge';
import { packTexts } from '../testdata/load';
import { beside, documentOf } from '../testdata/papers';
import { verifyEvidence, type Packs } from './check';

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

/** What the Python verifier says of each, in one run of it; `args` is the folder of the packs, if approvals are counted. */
async function judged(changes: readonly Change[], args: readonly string[] = [packs]): Promise<Verdict[]> {
  const child = spawn(
    python ?? '',
    [fileURLToPath(new URL('../../../../docs/verify/judge.py', import.meta.url)), ...args],
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

/** Nobody counts approvals. */
const UNCOUNTED: Packs = { pinned: () => () => undefined, named: () => () => undefined };
/** Untyped documents that name another one: those that are JSON bind it, the others are bytes. */
const TEXTS: Readonly<Record<string, [(digest: string) => string, boolean]>> = {
  plain: [(d) => `{"n":1,"of":"${d}"}`, true],
  'of a fraction': [(d) => `[1.5e3,"${d}"]`, true],
  'not a number': [(d) => `[NaN,"${d}"]`, false],
  infinite: [(d) => `[-Infinity,"${d}"]`, false],
  'of a number beyond bounds': [(d) => `[1e999,"${d}"]`, false],
  'of many digits': [(d) => `[${'9'.repeat(5000)},"${d}"]`, false],
  'of half a pair': [(d) => `["\\ud800","${d}"]`, false],
  'of half a pair as a name': [(d) => `{"\\ud800":"${d}"}`, false],
  'of a pair': [(d) => `["\\ud83d\\ude00","${d}"]`, true],
  'with a mark before it': [(d) => `\ufeff["${d}"]`, false],
  'nested 127 deep': [(d) => `${'['.repeat(127)}"${d}"${']'.repeat(127)}`, true],
  'nested 128 deep': [(d) => `["${d}",${'['.repeat(127)}${']'.repeat(127)}]`, false],
};

describe.skipIf(!python)('the Python verifier', () => {
  it('reads documents of no type as the console does', { timeout: 600_000 }, async () => {
    const both = await loadBoth();
    const read = (name: string) => new Uint8Array(readFileSync(here(`ending/${name}`)));
    const forge = new Forge(both, read('destruction.json'), read('deployment.trust'));
    const bound = documentOf(both, 'intl', { name: 'zz-bound', type: null, content: 'bound' });
    const changes = Object.entries(TEXTS).map(([name, [text]]) => {
      const by = documentOf(both, 'intl', { name: 'zz-by', type: null, content: text(bound.digest) });
      return { name, ...forge.build(beside([by, bound], 1)) };
    });
    const verdicts = await judged(changes, []);
    const own = await Promise.all(changes.map((c) => verifyEvidence(c.evidence, c.trust, UNCOUNTED)));
    const said = changes.map(({ name }, i) => {
      const [python, console] = [verdicts[i], own[i]];
      return { name, python: python?.what ?? python?.valid, console: console?.fault?.what ?? console?.valid };
    });
    const wanted = Object.entries(TEXTS).map(([name, [, json]]) => {
      const what = json || 'not_named';
      return { name, python: what, console: what };
    });
    expect(said).toEqual(wanted);
  });

  it('takes no number for a truth value, and nothing that is left out for null', () => {
    const cases = [
      '{"n": 1}, {"n": True}',
      '{}, {"n": None}',
      '{"n": [0]}, {"n": [False]}',
      '{"n": [1]}, {"n": [1]}',
    ];
    const said = cases.map((c) => `v.same(${c}, "n")`).join(', ');
    const { stdout } = spawnSync(python ?? '', ['-c', `import verify_evidence as v; print(${said})`], {
      cwd: fileURLToPath(new URL('../../../../docs/verify', import.meta.url)),
      encoding: 'utf8',
    });
    expect(stdout.trim()).toBe('False False False True');
  });

  it('says in one line that there is no such file', () => {
    const program = fileURLToPath(new URL('../../../../docs/verify/verify_evidence.py', import.meta.url));
    const missing = join(folder, 'missing.json');
    const { status, stderr, stdout } = spawnSync(python ?? '', [program, missing], { encoding: 'utf8' });
    expect([status, stdout, stderr.trim().split('\n').length]).toEqual([2, '', 1]);
    expect(stderr).toContain(missing);
  });
});

/** The same value with members in one order. */
function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([n, v]) => [n, sorted(v)]));
}
