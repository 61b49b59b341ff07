/** Evidence of a product whose authorisation is not there, or is another than the people signed. */

import { fromBase64 } from '../bytes';
import { fromCanonical, type Json } from '../canonical';
import { digestOf, OBJECT_TYPE } from '../digest';
import type { Evidence } from '../evidence/file';
import { member, textOf } from '../shape';
import type { Both } from '../suite';
import type { Forge, Wrong } from './forge';

/** What a platform that holds its own keys could make of an authorisation's case: none at all, or another signed object. */
export function* authorisations(both: Both, f: Forge): Generator<[string, Wrong]> {
  const { order, acts } = f.order('authorise');
  const id = (f.body.statements[order]?.body as { case: string }).case;
  const told = new Set(f.body.logs.platform?.leaves.filter((p) => caseOf(p.leaf) === id).map((p) => p.index));
  const steps = new Set(f.body.story.filter((s) => told.has(s.leaf ?? -1)).map((s) => s.n));
  const shown = (b: Evidence) => (b.documents = b.documents.filter((d) => d.name !== `object-${id}.json`));
  yield [
    'authorise: its whole case left out',
    {
      leaf: (l) => l.case !== id,
      body(b) {
        b.statements = b.statements.filter((s) => textOf(s.body, 'case') !== id);
        b.documents = b.documents.filter((d) => !d.name.includes(id));
        b.story = b.story.filter((s) => !steps.has(s.n));
        b.story.forEach((s, i) => (s.n = i + 1));
      },
    },
  ];
  yield [
    'authorise: only its order left out',
    {
      leaf: (l) => l.refs['effect'] !== 'authorise' && !(l.case === id && l.kind === 'zone_reported'),
      body: (b) =>
        void (b.statements = b.statements.filter((s) => textOf(s.body, 'case') !== id || s.type === 'act')),
    },
  ];
  const signed = (name: string, edit: (object: { [name: string]: Json }) => void): [string, Wrong] => [
    `authorise: signed by all with ${name}`,
    {
      statement(s, i) {
        const object = structuredClone(objectOf(f.body.statements[order]?.body));
        edit(object);
        if (i === order) Object.assign(s.body['effect'] as object, { object });
        if (acts.includes(i)) s.body['object'] = digestOf(both[f.suite], OBJECT_TYPE, object);
      },
      body: (b) => void shown(b),
    },
  ];
  yield signed('nothing else', () => undefined);
  yield signed('another id', (o) => (o['authorisation'] = 'auth_0'));
  yield signed('another operator', (o) => (o['operator'] = 'org_0'));
  yield signed('no operator', (o) => Reflect.deleteProperty(o, 'operator'));
  yield signed('no resources', (o) => (o['resources'] = {}));
  yield signed('resources of others', (o) => {
    o['resources'] = Object.fromEntries(Object.keys(o['resources'] as object).map((r) => [r, 'org_0']));
  });
  yield signed('an unknown mode', (o) => (o['mode'] = 'all'));
  yield signed('a term of no end', (o) => (o['term_months'] = 2 ** 31));
}

function objectOf(order: Json | undefined): { [name: string]: Json } {
  return (order as unknown as { effect: { object: { [name: string]: Json } } }).effect.object;
}

function caseOf(leaf: string): Json | undefined {
  return member(fromCanonical(fromBase64(leaf) ?? new Uint8Array()), 'case');
}
