/** Changed evidence files: what the verifier of the program and the one here must say the same of. */

import { fromBase64, toBase64, utf8 } from '../bytes';
import { canonical, fromCanonical, type Json } from '../canonical';
import type { Evidence, EvidenceFile } from '../evidence/file';
import type { KeyEntry } from '../log/keylist';
import type { Both, Suite } from '../suite';
import { Forge, rewrite, type Draft, type Wrong } from './forge';
import { demo } from './load';
import { authorisations } from './authorisations';

/** One changed file. */
export interface Change {
  name: string;
  evidence: Uint8Array;
  trust: Uint8Array | null;
}

/** How many bytes of the real file are changed, one at a time. */
const BYTES = 80;

function edited(file: Uint8Array, edit: (file: EvidenceFile) => void): Uint8Array {
  const value = structuredClone(fromCanonical(file)) as unknown as EvidenceFile;
  edit(value);
  return canonical(value as unknown as Json);
}

/** Changes of the real file that nobody can sign again. */
export function* plain(suite: Suite): Generator<Change> {
  const { evidence, trust } = demo(suite);
  const text = new TextDecoder().decode(evidence);
  yield { name: 'nothing', evidence, trust };
  yield { name: 'no trust file', evidence, trust: null };
  yield { name: 'foreign trust file', evidence, trust: demo(suite === 'gm' ? 'intl' : 'gm').trust };
  const other = (name: string, change: object): Change => {
    const value = { ...(fromCanonical(trust) as object), ...change };
    return { name: `trust file with another ${name}`, evidence, trust: canonical(value as Json) };
  };
  yield other('deployment', { deployment: 'another' });
  yield other('clock', { clock: 'real' });
  yield other('time', { created_at: 1 });
  yield other('pack', { pack: { name: 'wuxi', version: 'wuxi@1.1.2', digest: `sm3:${'0'.repeat(64)}` } });
  yield other('unknown pack', {
    city: 'none',
    pack: { name: 'none', version: 'none@1', digest: `sm3:${'0'.repeat(64)}` },
  });
  yield { name: 'a newline after it', evidence: utf8(`${text}\n`), trust };
  yield { name: 'half of it', evidence: evidence.slice(0, evidence.length >> 1), trust };
  yield { name: 'nothing at all', evidence: new Uint8Array(), trust };
  yield { name: 'a member more', evidence: utf8(`{"a":1,${text.slice(1)}`), trust };
  yield { name: 'a float', evidence: utf8(text.replace('"made_at":', '"made_at":1.5e3,"x":')), trust };
  for (const [name, edit] of Object.entries(EDITS)) yield { name, evidence: edited(evidence, edit), trust };
  const every = Math.floor(evidence.length / BYTES);
  for (let i = 7; i < evidence.length; i += every) {
    const changed = evidence.slice();
    // Letters and digits become others, so that many of these files can still be read.
    changed[i] = (changed[i] ?? 0) ^ (i % 2 === 0 ? 1 : 2);
    yield { name: `byte ${i}`, evidence: changed, trust };
  }
}

const EDITS: Readonly<Record<string, (file: EvidenceFile) => void>> = {
  'unsealed: another version': (f) => (f.body.v = 2),
  'unsealed: a version beyond all bounds': (f) => (f.body.v = 2 ** 32),
  'unsealed: another subject': (f) => (f.body.subject.id = 'prod_0'),
  'unsealed: another key': (f) => Object.assign(f, { key: '0'.repeat(32) }),
  'unsealed: no key list': (f) => (f.body.key_lists = []),
  'unsealed: key list by another key': (f) =>
    Object.assign(f.body.key_lists[0] ?? {}, { key: '0'.repeat(32) }),
  'unsealed: key lists the other way': (f) => f.body.key_lists.reverse(),
  'unsealed: no trust digest': (f) => (f.body.trust_digest = null),
  'unsealed: no zone': (f) => delete f.body.logs.zone,
};

/** Changes under keys of the test: one thing is wrong, and all signatures, digests and proofs hold. */
export function* forged(both: Both, suite: Suite, every: number): Generator<Change> {
  const { evidence, trust } = demo(suite);
  const forge = new Forge(both, evidence, trust);
  let n = 0;
  for (const [name, wrong] of wrongs(both, forge)) {
    if (n++ % every !== 0) continue;
    const made = forge.build(wrong);
    yield { name: `forged: ${name}`, evidence: made.evidence, trust: made.trust };
  }
}

type Named = [string, Wrong];

function* wrongs(both: Both, f: Forge): Generator<Named> {
  yield ['nothing wrong', {}];
  yield* lists(f);
  yield* checkpoints();
  yield* leaves(f);
  yield* statements(f);
  yield* approvals(f);
  yield* authorisations(both, f);
  yield* documents(both);
  yield* bodies();
}

function* lists(f: Forge): Generator<Named> {
  const entry = (wanted: string, edit: (e: KeyEntry) => void, number = 0): Wrong => ({
    list(list, n) {
      if (number && n !== number) return;
      for (const e of list.entries.filter((x) => x.holder['kind'] === wanted)) edit(e);
    },
  });
  yield ['list: version', { list: (l) => void (l.v = 2) }];
  yield ['list: number', { list: (l, n) => void (l.number = n + 1) }];
  yield ['list: another deployment', { list: (l) => void (l.deployment = 'other') }];
  yield ['list: another deployment later', { list: (l, n) => void (n === 2 && (l.deployment = 'other')) }];
  yield ['list: another clock', { list: (l) => void (l.clock = 'real') }];
  yield ['list: earlier in time', { list: (l, n) => void (n === 2 && (l.issued_at = 0)) }];
  yield ['list: drops a key', { list: (l, n) => void (n === 2 && l.entries.shift()) }];
  yield [
    'list: a key twice',
    { list: (l) => void l.entries.push(structuredClone(l.entries[0] as KeyEntry)) },
  ];
  yield ['list: another id', { list: (l) => Object.assign(l.entries[0] ?? {}, { key: '0'.repeat(32) }) }];
  yield ['list: a member more', { list: (l) => Object.assign(l.entries[0] ?? {}, { more: 1 }) }];
  yield ['list: no revocation', { list: (l) => void delete (l.entries[0] as Partial<KeyEntry>).revoked_at }];
  yield ['list: changes a time', entry('person', (e) => (e.valid_from += 1), 2)];
  yield ['list: changes a kind', entry('zone', (e) => (e.holder = { kind: 'platform' }), 2)];
  yield ['list: a holder without kind', entry('zone', (e) => (e.holder = {}))];
  yield ['list: takes a revocation back', entry('person', (e) => (e.revoked_at = 9 ** 15), 1)];
  for (const kind of ['person', 'platform', 'zone', 'platform_log', 'zone_log']) {
    yield [`list: ${kind} revoked at once`, entry(kind, (e) => (e.revoked_at = e.valid_from))];
    yield [`list: ${kind} in force later`, entry(kind, (e) => (e.valid_from = 9 ** 15))];
  }
  const middle = f.body.statements[20]?.body as { at: number };
  yield ['list: people revoked midway', entry('person', (e) => (e.revoked_at = middle.at))];
  yield ['list: zone revoked midway', entry('zone', (e) => (e.revoked_at = middle.at))];
  const people = (edit: (holder: { [name: string]: Json }) => void) => entry('person', (e) => edit(e.holder));
  yield ['list: people without roles', people((h) => (h['roles'] = []))];
  yield ['list: unknown roles', people((h) => (h['roles'] = ['king']))];
  yield ['list: organisations without roles', people((h) => (h['org_roles'] = []))];
  yield ['list: one group', people((h) => (h['group'] = 'all'))];
  yield ['list: holders with a member more', people((h) => (h['more'] = 1))];
  yield [
    'list: signed by another',
    { body: (b) => Object.assign(b.key_lists[1] ?? {}, { signature: b.key_lists[0]?.signature }) },
  ];
}

function* checkpoints(): Generator<Named> {
  const line = (at: number, to: string): Wrong => ({ checkpoint: (lines) => void (lines[at] = to) });
  yield ['checkpoint: origin', line(0, 'other/platform')];
  yield ['checkpoint: origin with plus', line(0, 'a+b')];
  yield ['checkpoint: size', line(1, '1')];
  yield ['checkpoint: size 0', line(1, '0')];
  yield ['checkpoint: size of 64 bits', line(1, '18446744073709551615')];
  yield ['checkpoint: size beyond', line(1, '18446744073709551616')];
  yield ['checkpoint: size with zero', line(1, '0095')];
  yield ['checkpoint: SHA-256 root', line(2, toBase64(new Uint8Array(32)))];
  yield ['checkpoint: short root', line(2, toBase64(new Uint8Array(31)))];
  yield ['checkpoint: root without padding', line(2, toBase64(new Uint8Array(32)).slice(0, -1))];
  yield ['checkpoint: SM3 root', line(3, `sm3 ${toBase64(new Uint8Array(32))}`)];
  yield ['checkpoint: no SM3 root', line(3, 'suite gm')];
  yield ['checkpoint: gm', line(4, 'suite gm')];
  yield ['checkpoint: intl', line(4, 'suite intl')];
  yield ['checkpoint: no suite', line(4, 'suite none')];
  yield ['checkpoint: real clock', line(5, 'clock real')];
  yield ['checkpoint: no clock', line(5, 'clock none')];
  yield ['checkpoint: time before all', line(6, 'time -1')];
  yield ['checkpoint: time beyond', line(6, 'time 9223372036854775808')];
  yield ['checkpoint: time with plus', line(6, 'time +1')];
  yield ['checkpoint: other keys', line(7, `keys 1 ${toBase64(new Uint8Array(32))}`)];
  yield ['checkpoint: keys to come', line(7, `keys 9 ${toBase64(new Uint8Array(32))}`)];
  yield ['checkpoint: keys 0', line(7, `keys 0 ${toBase64(new Uint8Array(32))}`)];
  yield ['checkpoint: keys without digest', line(7, 'keys 1')];
  yield ['checkpoint: no keys', { checkpoint: (l) => void l.splice(7, 1) }];
  yield [
    'checkpoint: deployment',
    { checkpoint: (l) => void l.splice(8, 0, `deployment ${toBase64(new Uint8Array(32))}`) },
  ];
  yield [
    'checkpoint: anchor of another size',
    { checkpoint: (l) => void (l[8] = (l[8] ?? '').replace(/ \d+ /, ' 3 ')) },
  ];
  yield ['checkpoint: malformed anchor', line(8, 'anchor x')];
  yield ['checkpoint: bare anchor', line(8, 'anchor')];
  yield ['checkpoint: anchor of a third', line(8, `anchor third 7 ${toBase64(new Uint8Array(32))}`)];
  yield ['checkpoint: no anchor', { checkpoint: (l) => void l.splice(8, 1) }];
  yield ['checkpoint: anchor twice', { checkpoint: (l) => void l.push(l[8] ?? '') }];
  yield ['checkpoint: unknown line', { checkpoint: (l) => void l.push('later 1') }];
  yield ['checkpoint: misplaced line', { checkpoint: (l) => void l.push('time 1') }];
  yield ['checkpoint: unknown before anchor', { checkpoint: (l) => void l.splice(8, 0, 'later 1') }];
  yield ['checkpoint: control character', { checkpoint: (l) => void l.push('later \u0085') }];
  yield ['checkpoint: few lines', { checkpoint: (l) => void l.splice(5) }];
  yield ['note: no blank line', { note: (n) => n.replace('\n\n', '\n') }];
  yield ['note: two signatures', { note: (n) => n + n.slice(n.indexOf('—')) }];
  yield ['note: unsigned', { note: (n) => n.slice(0, n.indexOf('—')) }];
  yield ['note: short signature', { note: (n) => n.replace(/ [^ ]+\n$/, ' AAAA\n') }];
  yield ['note: shorter signature', { note: (n) => n.replace(/ [^ ]+\n$/, ' AA==\n') }];
  yield ['note: other key hash', { note: (n) => n.replace(/ ([^ ]{5})[^ ]([^ ]+\n)$/, ' $1A$2') }];
  yield ['note: no base64', { note: (n) => n.replace(/=?=?\n$/, '\n') }];
}

function* leaves(f: Forge): Generator<Named> {
  const all = (['platform', 'zone'] as const).flatMap((log) =>
    (f.body.logs[log]?.leaves ?? []).map((l) => ({ log, at: l.index })),
  );
  for (const { log, at } of all.filter((_, i) => i % 9 === 2)) {
    yield [`leaf: ${log} ${at} dropped`, { leaf: (_, l, i) => !(l === log && i === at) }];
  }
  const last = all.filter((l) => l.log === 'platform').at(-1)?.at;
  const one = (edit: (leaf: { [name: string]: unknown }) => void, at = last): Wrong => ({
    leaf: (leaf, log, i) =>
      void (log === 'platform' && i === at && edit(leaf as unknown as { [name: string]: unknown })),
  });
  yield ['leaf: last dropped', { leaf: (_, log, i) => !(log === 'platform' && i === last) }];
  yield ['leaf: version', one((l) => (l['v'] = 2))];
  yield ['leaf: kind', one((l) => (l['kind'] = 'Not a verb'))];
  yield ['leaf: log', one((l) => (l['log'] = 'zone'))];
  yield ['leaf: outcome', one((l) => (l['outcome'] = 'perhaps'))];
  yield ['leaf: refused', one((l) => (l['outcome'] = 'refused'))];
  yield ['leaf: no prev', one((l) => (l['prev'] = null))];
  yield ['leaf: other prev', one((l) => (l['prev'] = `sm3:${'0'.repeat(64)}`))];
  yield ['leaf: no case', one((l) => (l['case'] = null))];
  yield ['leaf: other case', one((l) => (l['case'] = 'case_0'))];
  yield ['leaf: sequence', one((l) => (l['case_seq'] = 77))];
  yield ['leaf: id with a space', one((l) => (l['actor'] = 'a b'))];
  yield ['leaf: article of two lines', one((l) => (l['article'] = '1\n2'))];
  yield ['leaf: long article', one((l) => (l['article'] = '条'.repeat(86)))];
  yield ['leaf: fitting article', one((l) => (l['article'] = '条'.repeat(85)))];
  yield ['leaf: refs', one((l) => (l['refs'] = { 'Not a name': 'x' }))];
  yield ['leaf: no refs', one((l) => (l['refs'] = {}))];
  yield [
    'leaf: refs to a statement that is not there',
    one((l) => (l['refs'] = { act: `sm3:${'1'.repeat(64)}` })),
  ];
  yield ['leaf: refs to an id', one((l) => (l['refs'] = { act: 'act_1' }))];
  yield ['leaf: a member more', one((l) => (l['more'] = 1))];
  yield ['leaf: long', one((l) => (l['rule'] = 'x'.repeat(66_000)))];
  yield ['leaf: rule', one((l) => (l['rule'] = 'x'.repeat(257)))];
  yield ['leaf: early time', one((l) => (l['at'] = 0))];
  yield ['leaf: late time', one((l) => (l['at'] = 9 ** 15))];
  const proof = (
    edit: (p: { index: number; leaf: string; sm3_proof: string[]; sha256_proof: string[] }) => void,
  ): Wrong => ({
    body: (b) => edit(b.logs.platform?.leaves[10] ?? { index: 0, leaf: '', sm3_proof: [], sha256_proof: [] }),
  });
  yield ['proof: index', proof((p) => (p.index = 9 ** 15))];
  yield ['proof: order', { body: (b) => void b.logs.platform?.leaves.reverse() }];
  yield ['proof: short', proof((p) => void p.sm3_proof.pop())];
  yield ['proof: long', proof((p) => void p.sha256_proof.push(toBase64(new Uint8Array(32))))];
  yield ['proof: node of 31 bytes', proof((p) => void (p.sm3_proof[0] = toBase64(new Uint8Array(31))))];
  yield ['proof: other node', proof((p) => void (p.sha256_proof[1] = toBase64(new Uint8Array(32))))];
  yield ['proof: no base64', proof((p) => void (p.leaf = '!'))];
  yield ['proof: another leaf', proof((p) => void (p.leaf = toBase64(utf8('{}'))))];
}

function* statements(f: Forge): Generator<Named> {
  const one = (i: number, edit: (s: Draft) => void): Wrong => ({
    statement: (s, n) => void (n === i && edit(s)),
  });
  const person = (not: string) =>
    f.list.entries.find((e) => e.holder['kind'] === 'person' && e.key !== not)?.key ?? '';
  const kinds = {
    act: f.find('act', (b) => b['head'] !== null),
    order: f.find('order', () => true),
    report: f.find('report', (b) => b['case_head'] !== null && b['zone_head'] !== null),
  };
  for (const [kind, i] of Object.entries(kinds)) {
    const key = f.body.statements[i]?.key ?? '';
    const time = kind === 'order' ? 'issued_at' : 'at';
    yield [`${kind}: another deployment`, one(i, (s) => (s.body['deployment'] = 'other'))];
    yield [`${kind}: deployment is a number`, one(i, (s) => (s.body['deployment'] = 1))];
    yield [`${kind}: signed by somebody else`, one(i, (s) => (s.key = person(key)))];
    yield [`${kind}: unlisted key`, one(i, (s) => (s.key = 'nobody'))];
    yield [`${kind}: other type`, one(i, (s) => (s.type = 'certificate'))];
    yield [`${kind}: type of no type`, one(i, (s) => (s.type = 'x-1'))];
    yield [
      `${kind}: eleven minutes later`,
      one(i, (s) => (s.body[time] = Number(s.body[time]) + 11 * 60_000)),
    ];
    yield [`${kind}: a day earlier`, one(i, (s) => (s.body[time] = Number(s.body[time]) - 86_400_000))];
    yield [`${kind}: no time`, one(i, (s) => Reflect.deleteProperty(s.body, time))];
    yield [`${kind}: no case`, one(i, (s) => delete s.body['case'])];
    yield [`${kind}: another case`, one(i, (s) => (s.body['case'] = 'case_0'))];
    const head = kind === 'act' ? 'head' : 'case_head';
    yield [`${kind}: no head`, one(i, (s) => (s.body[head] = null))];
    yield [`${kind}: another head`, one(i, (s) => (s.body[head] = `sm3:${'0'.repeat(64)}`))];
    yield [`${kind}: a member more`, one(i, (s) => (s.body['more'] = { a: [1, null, true] }))];
    yield [`${kind}: signature of another`, swapped(kind)];
    yield [`${kind}: left out`, { body: (b) => void drop(b, kind) }];
  }
  yield [
    'report: another zone head',
    one(kinds.report, (s) => (s.body['zone_head'] = `sm3:${'0'.repeat(64)}`)),
  ];
  yield ['report: no zone head', one(kinds.report, (s) => (s.body['zone_head'] = null))];
  yield ['act: of another organisation', one(kinds.act, (s) => (s.body['org'] = 'org_0'))];
  yield ['statements: the other way', { body: (b) => void b.statements.reverse() }];
  yield [
    'statements: one twice',
    { body: (b) => void b.statements.splice(1, 0, structuredClone(b.statements[0] as never)) },
  ];
  yield ['statements: none', { body: (b) => void (b.statements = []) }];
  yield [
    'statements: body is a list',
    { body: (b) => Object.assign(b.statements.at(-1) ?? {}, { body: [1] }) },
  ];
  for (const outcome of ['job_done', 'released']) {
    const i = f.find('report', (b) => b['outcome'] === outcome);
    yield [`${outcome}: another artefact`, one(i, (s) => (s.body['artefact'] = `sm3:${'0'.repeat(64)}`))];
    yield [`${outcome}: no artefact`, one(i, (s) => delete s.body['artefact'])];
    yield [`${outcome}: blocked`, one(i, (s) => (s.body['verdict'] = 'block'))];
    yield [`${outcome}: another outcome`, one(i, (s) => (s.body['outcome'] = 'applied'))];
    yield [
      `${outcome}: another job`,
      one(i, (s) => Object.assign(s.body, { job: 'job_0', product: 'prod_0' })),
    ];
  }
}

function swapped(type: string): Wrong {
  return {
    body(b) {
      const [x, y] = b.statements.filter((s) => s.type === type);
      if (x && y) Object.assign(x, { signature: y.signature });
    },
  };
}

function drop(b: Evidence, type: string): void {
  b.statements.splice(
    b.statements.findIndex((s) => s.type === type),
    1,
  );
}

interface Order {
  approvals: { body: { [name: string]: Json } }[];
  effect: { effect: string; object: { [name: string]: Json } };
}

function* approvals(f: Forge): Generator<Named> {
  for (const effect of ['authorise', 'resource', 'grant', 'job', 'release']) {
    const { order, acts } = f.order(effect);
    const on = (edit: (o: Order) => void): Wrong => ({
      statement: (s, i) => void (i === order && edit(s.body as unknown as Order)),
    });
    const act = (n: number, edit: (s: Draft) => void): Wrong => ({
      statement: (s, i) => void (i === acts[n] && edit(s)),
    });
    for (const [n] of acts.entries())
      yield [`${effect}: without approval ${n}`, on((o) => void o.approvals.splice(n, 1))];
    yield [`${effect}: no approvals`, on((o) => (o.approvals = []))];
    yield [`${effect}: approvals the other way`, on((o) => void o.approvals.reverse())];
    yield [
      `${effect}: an approval twice`,
      on((o) => void o.approvals.push(structuredClone(o.approvals[0] as never))),
    ];
    yield [`${effect}: an approval changed`, on((o) => Object.assign(o.approvals[0]?.body ?? {}, { at: 1 }))];
    yield [`${effect}: object changed`, on((o) => (o.effect.object['product'] = 'prod_0'))];
    yield [`${effect}: object with a member more`, on((o) => (o.effect.object['more'] = 1))];
    yield [`${effect}: another effect`, on((o) => (o.effect.effect = 'stop'))];
    yield [`${effect}: another pack`, on((o) => Object.assign(o, { pack: 'wuxi@9.9.9' }))];
    yield [`${effect}: a pack of no city`, on((o) => Object.assign(o, { pack: 'none' }))];
    yield [`${effect}: a key list to come`, on((o) => Object.assign(o, { key_list: 99 }))];
    yield [`${effect}: years later`, on((o) => Object.assign(o, { issued_at: 9 ** 15 }))];
    yield [`${effect}: act rejected`, act(0, (s) => (s.body['decision'] = 'reject'))];
    yield [`${effect}: act over another object`, act(0, (s) => (s.body['object'] = `sm3:${'0'.repeat(64)}`))];
    yield [`${effect}: act of another step`, act(0, (s) => (s.body['step'] = 'none'))];
    yield [`${effect}: act of another procedure`, act(0, (s) => (s.body['procedure'] = 'none'))];
    yield [
      `${effect}: acts of another procedure`,
      {
        statement: (s, i) => void (acts.includes(i) && (s.body['procedure'] = 'none')),
      },
    ];
    yield [`${effect}: act of another version`, act(0, (s) => (s.body['v'] = 2))];
    const n = acts.length - 1;
    const last = f.body.statements[acts[n] ?? 0];
    const firstAct = f.body.statements[acts[0] ?? 0];
    const by = (id: string): Wrong =>
      act(n, (s) => {
        const holder = f.list.entries.find((e) => e.key === id)?.holder ?? {};
        Object.assign(s, { key: id });
        Object.assign(s.body, { person: holder['person'], org: holder['org'] });
      });
    if (firstAct && firstAct.key !== last?.key)
      yield [`${effect}: last act by the first's signer`, by(firstAct.key)];
    const people = f.list.entries.filter((e) => e.holder['kind'] === 'person' && e.key !== last?.key);
    for (const e of people.filter((_, i) => i % 4 === 1)) {
      const holder = e.holder as { org_roles: string[]; roles: string[] };
      yield [`${effect}: last act by ${holder.org_roles.join('+')} ${holder.roles.join('+')}`, by(e.key)];
    }
    yield [
      `${effect}: last act before the first`,
      act(n, (s) => (s.body['at'] = Number(s.body['at']) - 5 * 60_000)),
    ];
    yield [
      `${effect}: last act much before`,
      act(n, (s) => (s.body['at'] = Number(s.body['at']) - 9 * 60_000)),
    ];
  }
  const { acts } = f.order('release');
  const [x, y] = [acts[1], acts[2]].map((i) => f.body.statements[i ?? 0]);
  yield [
    'release: votes swapped between people',
    {
      statement(s, i) {
        const other = i === acts[1] ? y : i === acts[2] ? x : undefined;
        if (other) s.key = other.key;
      },
    },
  ];
  yield [
    'release: one organisation votes twice',
    {
      list(list) {
        const keys = [x, y].map((s) => f.key(s?.key ?? '').id);
        const [a, b] = keys.map((k) => list.entries.find((e) => e.key === k)?.holder);
        if (a && b) b['org'] = a['org'] ?? null;
      },
      statement: (s, i) => void (i === acts[2] && (s.body['org'] = (x?.body as { org: string }).org)),
    },
  ];
}

function* documents(both: Both): Generator<Named> {
  const on = (n: number, edit: (d: Evidence['documents'][number], b: Evidence) => void): Wrong => ({
    body: (b) => edit(b.documents[n] as Evidence['documents'][number], b),
  });
  for (const n of [0, 1, 12, 45]) {
    yield [`document ${n}: left out`, { body: (b) => void b.documents.splice(n, 1) }];
    yield [`document ${n}: content`, on(n, (d) => rewrite(both, d, utf8('{"a":1}'), false))];
    yield [`document ${n}: content and digest`, on(n, (d) => rewrite(both, d, utf8('{"a":1}'), true))];
    yield [`document ${n}: a newline more`, on(n, (d) => rewrite(both, d, utf8('{"a":1}\n'), true))];
    yield [`document ${n}: no base64`, on(n, (d) => (d.content += '='))];
    yield [`document ${n}: other type`, on(n, (d) => (d.type = d.type === null ? 'object' : null))];
    yield [`document ${n}: type of no type`, on(n, (d) => (d.type = 'No Type'))];
    yield [`document ${n}: renamed`, on(n, (d) => (d.name = 'zz'))];
    yield [`document ${n}: named beyond the plane`, on(n, (d) => (d.name = '\u{1f600}'))];
    yield [
      `document ${n}: other hash`,
      on(n, (d) => {
        const h = d.digest.startsWith('sm3') ? both.intl : both.gm;
        d.digest = `${h.alg}:00`;
        const bytes = fromBase64(d.content) ?? new Uint8Array();
        const flipped = h.alg === 'sm3' ? `sm3:${'0'.repeat(64)}` : `sha256:${'0'.repeat(64)}`;
        d.digest = flipped;
        rewrite(both, d, bytes, true);
      }),
    ];
  }
  yield ['documents: the other way', { body: (b) => void b.documents.reverse() }];
  yield [
    'documents: one twice',
    { body: (b) => void b.documents.push(structuredClone(b.documents.at(-1) as never)) },
  ];
}

function* bodies(): Generator<Named> {
  yield ['body: version', { body: (b) => void (b.v = 3) }];
  yield ['body: kind of subject', { body: (b) => void (b.subject.kind = 'city') }];
  yield ['body: another product', { body: (b) => void (b.subject.id = 'prod_0') }];
  yield ['body: empty product', { body: (b) => void (b.subject.id = '') }];
  yield ['body: made before the keys', { body: (b) => void (b.made_at = 0) }];
  yield ['body: another deployment', { body: (b) => void (b.deployment = 'other') }];
  yield [
    'body: another deployment, also in the trust file',
    {
      body: (b) => Object.assign(b, { deployment: 'other', trust_digest: null }),
      trust: (t) => void (t.deployment = 'other'),
    },
  ];
  yield ['body: another clock', { body: (b) => void (b.clock = 'real') }];
  yield ['body: no trust digest', { body: (b) => void (b.trust_digest = null) }];
  yield [
    'body: trust digest under another hash',
    { body: (b) => void (b.trust_digest = `sha256:${'0'.repeat(64)}`) },
  ];
  yield [
    'body: sealed by another',
    { file: (f) => Object.assign(f, { signature: f.body.statements[0]?.signature }) },
  ];
  yield [
    'body: seal of another suite',
    { file: (f) => Object.assign(f, { signature: f.signature.replace(/^\w+/, 'rsa') }) },
  ];
  yield ['anchors: none', { body: (b) => void (b.anchors = []) }];
  yield ['anchors: one more', { body: (b) => void b.anchors.push({ log: 'zone', size: 1, proof: [] }) }];
  yield ['anchors: the other way', { body: (b) => void b.anchors.reverse() }];
  yield ['anchors: short proof', { body: (b) => void b.anchors[0]?.proof.pop() }];
  yield ['anchors: no node', { body: (b) => void b.anchors[0]?.proof.push('x') }];
  yield ['anchors: size', { body: (b) => Object.assign(b.anchors[0] ?? {}, { size: 1 }) }];
  yield ['no zone', { body: (b) => void delete b.logs.zone }];
  yield ['no platform', { body: (b) => void delete b.logs.platform }];
  yield ['story: numbers', { body: (b) => Object.assign(b.story[3] ?? {}, { n: 9 }) }];
  yield [
    'story: a leaf that is not shown',
    { body: (b) => Object.assign(b.story[3] ?? {}, { leaf: 99_999 }) },
  ];
  yield ['story: no leaf', { body: (b) => Object.assign(b.story[3] ?? {}, { leaf: null }) }];
  yield ['story: half a pair', { body: (b) => Object.assign(b.story[3] ?? {}, { zh: '字' }) }];
}
