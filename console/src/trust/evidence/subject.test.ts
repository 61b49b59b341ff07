/**
 * Evidence of a decision, of what a person did, of a destruction and of a resource's certificate, as a test of the program makes it: valid as it is,
 * and under the program's codes refused where it was rebuilt under keys of the test and one thing is wrong.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Json } from '../canonical';
import { loadBoth } from '../suite';
import { Forge, rewrite, type Wrong } from '../testdata/forge';
import { utf8 } from '../bytes';
import { verifyEvidence, type Packs } from './check';
import type { Evidence } from './file';
import { isOrder } from './order';
import { KINDS } from './subject';

const read = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../testdata/ending/${name}`, import.meta.url)));
const trust = read('deployment.trust');
/** Approvals are not what is tested here. */
const packs: Packs = { pinned: () => () => undefined, named: () => () => undefined };
const both = await loadBoth();

const statement = (type: string, change: object): Wrong => ({
  statement: (s) => void (s.type === type && Object.assign(s.body, change)),
});
const body = (change: (b: Evidence) => void): Wrong => ({ body: change });
const id = (of: string) => body((b) => void (b.subject.id = of));

const says = (change: object): Wrong => ({ certificate: (c) => void Object.assign(c, change) });
/** Members of a certificate that say something else, one left out, and one more. */
const MEMBERS: Readonly<Record<string, Json>> = {
  id: 5,
  case: 'case-other',
  keys: ['key-1'],
  objects: 6,
  what: { kinds: { records: 9 }, list: `sha256:${'0'.repeat(64)}` },
  report: 8,
  at: 999,
  note: 'all copies are gone too',
};

function members(
  code: string,
  more: Readonly<Record<string, [Json, string]>>,
): Record<string, [Wrong, string]> {
  const all = [...Object.entries(MEMBERS).map(([n, v]) => [n, [v, code]] as const), ...Object.entries(more)];
  return {
    ...Object.fromEntries(all.map(([n, [v, c]]) => [`its ${n}`, [says({ [n]: v }), c]])),
    'its time left out': [{ certificate: (c) => Reflect.deleteProperty(c, 'at') }, code],
    'its keys left out': [{ certificate: (c) => Reflect.deleteProperty(c, 'keys') }, code],
  };
}

function without(type: string): Wrong {
  return body((b) => void (b.documents = b.documents.filter((d) => d.type !== type)));
}

/** A step of the story left out, the others numbered anew. */
function untold(n: number): Wrong {
  return body((b) => {
    b.story.splice(n, 1);
    b.story.forEach((s, i) => (s.n = i + 1));
  });
}

const WRONG: Readonly<Record<string, Readonly<Record<string, [Wrong, string]>>>> = {
  decision: {
    'another case': [id('case-other'), 'incomplete'],
    'no case': [id(''), 'incomplete'],
    'an act on another object': [statement('act', { object: `sha256:${'0'.repeat(64)}` }), 'approval'],
    'without what was signed': [without('object'), 'incomplete'],
    'without the documents': [without('documents'), 'incomplete'],
    'acts on other documents': [statement('act', { documents: `sha256:${'0'.repeat(64)}` }), 'not_named'],
  },
  query_history: {
    'another person of the case': [id('person-1'), 'history'],
    nobody: [id('person-9'), 'incomplete'],
    'without the first step': [untold(0), 'incomplete'],
    'without the last step': [untold(2), 'incomplete'],
    'no story': [body((b) => void (b.story = [])), 'incomplete'],
    'a leaf by nobody': [{ leaf: (l) => void (l.case === null && (l.actor = null)) }, 'history'],
  },
  destruction: {
    ...members('destruction', {
      authorisation: ['auth-2', 'destruction'],
      operator: ['org-8', 'destruction'],
      deed: ['destroyed', 'destruction'],
    }),
    'another authorisation': [id('auth-2'), 'incomplete'],
    'no authorisation': [id(''), 'incomplete'],
    'fewer keys': [statement('report', { keys: ['key-1'] }), 'destruction'],
    'no keys': [statement('report', { keys: null }), 'destruction'],
    'more objects': [statement('report', { objects: 6 }), 'destruction'],
    'another report': [statement('report', { seq: 8 }), 'destruction'],
    'of another authorisation': [statement('report', { authorisation: 'auth-2' }), 'destruction'],
    'on no order': [statement('report', { order: null }), 'incomplete'],
    'of another outcome': [statement('report', { outcome: 'applied' }), 'destruction'],
    'no head of the zone': [statement('report', { zone_head: null }), 'incomplete'],
    'an order of another effect': [
      {
        statement: (s) =>
          void (s.type === 'order' && Object.assign(s.body['effect'] as object, { effect: 'suspend' })),
      },
      'incomplete',
    ],
    'a leaf that names no certificate': [
      { leaf: (l) => Reflect.deleteProperty(l.refs, 'certificate') },
      'not_named',
    ],
    'without certificate': [without('destruction-certificate'), 'incomplete'],
    'another certificate': [
      body((b) => {
        const own = b.documents.find((d) => d.type === 'destruction-certificate');
        if (own) rewrite(both, own, utf8('{}'), true);
      }),
      'not_named',
    ],
    'a list that the certificate does not have': [
      statement('report', { what: { kinds: {}, list: `sha256:${'0'.repeat(64)}` } }),
      'destruction',
    ],
  },
  resource_certificate: {
    ...members('certificate', {
      resource: ['res-2', 'certificate'],
      provider: ['org-8', 'incomplete'],
      deed: ['sealed', 'certificate'],
      operator: ['org-9', 'certificate'],
    }),
    'another certificate’s id': [id('des-2'), 'incomplete'],
    'no id': [id(''), 'incomplete'],
    'fewer keys': [statement('report', { keys: ['key-1'] }), 'certificate'],
    'no keys': [statement('report', { keys: null }), 'certificate'],
    'more objects': [statement('report', { objects: 6 }), 'certificate'],
    'another list': [
      statement('report', { what: { kinds: {}, list: `sha256:${'0'.repeat(64)}` } }),
      'certificate',
    ],
    'no list': [statement('report', { what: null }), 'certificate'],
    'another report': [statement('report', { seq: 8 }), 'certificate'],
    'of another resource': [statement('report', { resource: 'res-2' }), 'certificate'],
    'of another outcome': [statement('report', { outcome: 'resource_sealed' }), 'certificate'],
    'on another’s order': [statement('report', { order: 'wo-2' }), 'incomplete'],
    'on no order': [statement('report', { order: null }), 'incomplete'],
    'no head of the zone': [statement('report', { zone_head: null }), 'incomplete'],
    'an order of another effect': [
      {
        statement: (s) =>
          void (s.type === 'order' && Object.assign(s.body['effect'] as object, { effect: 'seal' })),
      },
      'incomplete',
    ],
    'a leaf that names no certificate': [
      { leaf: (l) => Reflect.deleteProperty(l.refs, 'certificate') },
      'not_named',
    ],
    'without certificate': [without('resource-certificate'), 'incomplete'],
    'another’s certificate': [
      body((b) => {
        const own = b.documents.find((d) => d.type === 'resource-certificate');
        if (own) rewrite(both, own, utf8('{"id":"des-1"}'), true);
      }),
      'not_named',
    ],
  },
};

describe.each(KINDS.filter((kind) => kind !== 'product'))('evidence of kind %s', (kind) => {
  const evidence = read(`${kind}.json`);

  it('is valid as the program made it', async () => {
    const report = await verifyEvidence(evidence, trust, packs);
    expect(report.fault).toBeNull();
    expect(report.trusted).toBe(true);
    expect(report.file?.body.subject.kind).toBe(kind);
  });

  it('holds orders of the shape over which approvals are counted', () => {
    const { body } = JSON.parse(new TextDecoder().decode(evidence)) as { body: Evidence };
    const orders = body.statements.filter((s) => s.type === 'order');
    expect(orders.length).toBeGreaterThan(0);
    for (const { body: order } of orders) expect(isOrder(order)).toBe(true);
  });

  it('is found out wherever a byte is changed', { timeout: 120_000 }, async () => {
    for (let i = 3; i < evidence.length; i += 211) {
      const bent = evidence.slice();
      bent[i] = (bent[i] ?? 0) ^ 1;
      expect((await verifyEvidence(bent, trust, packs)).valid, `byte ${i}`).toBe(false);
    }
  });

  it('is refused where one thing in it is wrong', { timeout: 120_000 }, async () => {
    const forge = new Forge(both, evidence, trust);
    const untouched = forge.build();
    expect((await verifyEvidence(untouched.evidence, untouched.trust, packs)).fault).toBeNull();
    const said: Record<string, Json> = {};
    const wanted: Record<string, Json> = {};
    for (const [name, [wrong, code]] of Object.entries(WRONG[kind] ?? {})) {
      const forged = forge.build(wrong);
      const { fault } = await verifyEvidence(forged.evidence, forged.trust, packs);
      [said[name], wanted[name]] = [fault?.what ?? null, code];
    }
    expect(said).toEqual(wanted);
  });

  it('is refused under another kind and another root', async () => {
    const forge = new Forge(both, evidence, trust);
    for (const other of [...KINDS, 'city'].filter((k) => k !== kind)) {
      const forged = forge.build({ body: (b) => void (b.subject.kind = other) });
      expect((await verifyEvidence(forged.evidence, forged.trust, packs)).valid, other).toBe(false);
    }
    expect((await verifyEvidence(forge.build().evidence, trust, packs)).fault?.what).toBe('other_root');
  });
});
