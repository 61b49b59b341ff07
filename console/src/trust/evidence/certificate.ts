/**
 * Certificates of what the zone did: that an authorisation's keys were destroyed, that a resource was withdrawn, sealed or
 * unsealed. The platform writes them, so each that a file shows is held, member by member, against what others signed: the
 * order with its approvals, the zone's report, the leaf that records both.
 */

import { canonicalText, type Json } from '../canonical';
import { at, fail } from '../fault';
import { isObject, member, textOf } from '../shape';
import type { Document, Evidence } from './file';
import { Bodies } from './product';
import { checkRegistered } from './registered';
import { ofType, type Known } from './statements';
import { agrees, content, type Scene } from './scene';
import { DESTRUCTION_TYPE, PRODUCT_CERTIFICATE_TYPE, isHeld } from './types';

/** What a certificate may say, and what it must be held against. */
interface Form {
  /** All members that it may have. */
  readonly members: readonly string[];
  /** Code of one that says something else than it should. */
  readonly code: 'certificate' | 'destruction';
  /** Effect that was ordered, and outcome that was reported. */
  readonly effect: string;
  readonly outcome: string;
  /** What it is about, and members that the order's object has too. */
  readonly about: string;
  readonly ordered: readonly string[];
  /** Something is gone, so that what it was is told too. */
  readonly gone: boolean;
}

const SHARED = ['at', 'case', 'id', 'keys', 'objects', 'report', 'what'];
const RESOURCE = {
  members: [...SHARED, 'deed', 'provider', 'resource'],
  code: 'certificate',
  about: 'resource',
  ordered: ['resource', 'provider'],
} as const;
const DEEDS: Readonly<Record<string, Form>> = {
  destroyed: { ...RESOURCE, effect: 'withdraw', outcome: 'resource_destroyed', gone: true },
  sealed: { ...RESOURCE, effect: 'seal', outcome: 'resource_sealed', gone: false },
  unsealed: { ...RESOURCE, effect: 'unseal', outcome: 'resource_unsealed', gone: false },
};
const DESTRUCTION: Form = {
  members: [...SHARED, 'authorisation', 'operator'],
  code: 'destruction',
  effect: 'destroy',
  outcome: 'destroyed',
  about: 'authorisation',
  ordered: ['authorisation'],
  gone: true,
};

/** Whether two members are the same, where absent and null are both none. */
function alike(a: Json | undefined, b: Json | undefined): boolean {
  return canonicalText(a ?? null) === canonicalText(b ?? null);
}

/** Every certificate that the file shows holds, whatever the file is about. */
export function checkCertificates(scene: Scene): void {
  for (const [i, document] of scene.body.documents.entries()) {
    if (!isHeld(document)) continue;
    at(`body.documents[${i}]`, () => {
      const says = content(document);
      if (document.type === PRODUCT_CERTIFICATE_TYPE) checkRegistered(scene, document.digest, says);
      else certified(scene, document, says);
    });
  }
}

/** The file shows a certificate of this type that has this id under this name. */
export function checkShown(body: Evidence, type: string, name: string, id: string): void {
  const own = body.documents.filter((d) => d.type === type);
  if (id !== '' && own.some((d) => textOf(content(d), name) === id)) return;
  fail('incomplete', 'incomplete_named', {}, 'body.documents');
}

function formOf(document: Document, says: Json | undefined): Form {
  if (document.type === DESTRUCTION_TYPE) return DESTRUCTION;
  const word = textOf(says, 'deed') ?? '';
  return (Object.hasOwn(DEEDS, word) ? DEEDS[word] : undefined) ?? fail('certificate', 'certificate');
}

/** A report's leaf names the certificate, and the report answers the order that it says. */
function certified({ chains, known }: Scene, document: Document, says: Json | undefined): void {
  const form = formOf(document, says);
  const differs = () => fail(form.code, form.code);
  const whole = isObject(says) && Object.keys(says).every((name) => form.members.includes(name));
  if (!whole || !textOf(says, 'id')) differs();
  const found = ofType(known, 'report').find(({ digest, s }) => {
    const refs = chains.recorder('report', digest)?.leaf.refs ?? {};
    const named = Object.hasOwn(refs, 'certificate') ? refs['certificate'] : undefined;
    return named === document.digest && textOf(s.body, 'zone_head') !== undefined;
  });
  if (!found) return fail('incomplete', 'incomplete_recorded');
  const report = found.s.body;
  const told = form.gone
    ? agrees(says, 'objects', member(report, 'objects')) &&
      alike(member(says, 'what'), member(report, 'what'))
    : member(says, 'objects') === 0 && alike(member(says, 'what'), null);
  const agree =
    textOf(report, 'outcome') === form.outcome &&
    member(says, 'at') === chains.recorder('report', found.digest)?.leaf.at &&
    agrees(says, form.about, member(report, form.about)) &&
    agrees(says, 'case', member(report, 'case')) &&
    agrees(says, 'keys', member(report, 'keys')) &&
    agrees(says, 'report', member(report, 'seq'));
  if (!agree || !told) differs();
  const ordered = ofType(known, 'order').some(({ s: { body } }) => {
    const effect = member(body, 'effect');
    const object = member(effect, 'object');
    return (
      textOf(effect, 'effect') === form.effect &&
      form.ordered.every((name) => agrees(says, name, member(object, name))) &&
      textOf(report, 'order') !== undefined &&
      textOf(report, 'order') === textOf(body, 'id') &&
      textOf(report, 'case') === textOf(body, 'case')
    );
  });
  if (!ordered) fail('incomplete', 'incomplete_ordered', { name: form.effect });
  if (form.code === 'destruction') checkOperator(known, says, differs);
}

/** The operator whose authorisation ended: the order that brought it says who that is. */
function checkOperator(known: Known, says: Json | undefined, differs: () => never): void {
  const granted = new Bodies(known).orders('authorise', 'authorisation', textOf(says, 'authorisation') ?? '');
  if (granted.length === 0) fail('incomplete', 'incomplete_ordered', { name: 'authorise' });
  if (!granted.some((object) => agrees(says, 'operator', member(object, 'operator')))) differs();
}
