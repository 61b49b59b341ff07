/**
 * What evidence about each kind of subject must hold besides what all evidence must: the whole of a decision, all that is
 * shown of a person's history, the way from an order to destroy to the certificate. A product's way is `product`'s, a
 * resource's certificate is `certificate`'s.
 */

import { digestOf, DOCUMENTS_TYPE, OBJECT_TYPE } from '../digest';
import { fail, FaultError } from '../fault';
import { member, textOf } from '../shape';
import type { Both } from '../suite';
import { agrees, alike, checkCertificate, content } from './certificate';
import type { Chains } from './chain';
import type { Document, Evidence, Statement } from './file';
import { checkProduct } from './product';
import { ofType, type Known } from './statements';

/** Kinds of subjects. */
export const KINDS = ['product', 'decision', 'query_history', 'destruction', 'resource_certificate'] as const;
/** Type under which a certificate of destruction is digested. */
const CERTIFICATE_TYPE = 'destruction-certificate';

interface Scene {
  readonly both: Both;
  readonly body: Evidence;
  readonly chains: Chains;
  readonly known: Known;
}

/** Checks what the kind of subject demands. */
export function checkSubject(scene: Scene): void {
  const { kind, id } = scene.body.subject;
  switch (kind) {
    case 'product':
      return checkProduct(scene.body, scene.known);
    case 'decision':
      return checkDecision(scene, id);
    case 'query_history':
      return checkHistory(scene, id);
    case 'destruction':
      return checkDestruction(scene, id);
    case 'resource_certificate':
      return checkCertificate(scene, id);
    default:
      fail('subject', 'subject', {}, 'body.subject');
  }
}

function documentOf(body: Evidence, type: string, digest: string | undefined): Document | undefined {
  return body.documents.find((d) => d.type === type && d.digest === digest);
}

/** The case's chain and acts are here, and of every act the object and the documents that were signed. */
function checkDecision({ both, body, chains, known }: Scene, id: string): void {
  if (!chains.hasCase('platform', id)) fail('incomplete', 'incomplete_case', {}, 'body.logs');
  const acts = ofType(known, 'act').filter(({ s }) => textOf(s.body, 'case') === id);
  if (acts.length === 0) fail('incomplete', 'incomplete_acts', {}, 'body.statements');
  const none = digestOf(both[body.suite], DOCUMENTS_TYPE, {});
  for (const { s } of acts) {
    const [object, documents] = [textOf(s.body, 'object'), textOf(s.body, 'documents')];
    const shown =
      documentOf(body, OBJECT_TYPE, object) &&
      (documents === none || documentOf(body, DOCUMENTS_TYPE, documents));
    if (!shown) fail('incomplete', 'incomplete_signed', {}, 'body.documents');
  }
}

/** Every leaf is by the person or of a case in which they acted, and the story tells each of theirs. */
function checkHistory({ body, chains }: Scene, id: string): void {
  const own = chains.links.filter((l) => l.leaf.actor === id);
  if (own.length === 0) fail('incomplete', 'incomplete_history', {}, 'body.logs');
  const cases = new Set(own.flatMap((l) => l.leaf.case ?? []));
  const stray = chains.links.find(
    ({ leaf }) => leaf.actor !== id && (leaf.case === null || !cases.has(leaf.case)),
  );
  if (stray) fail('history', 'history', {}, stray.place);
  const told = new Set(body.story.map((s) => s.leaf));
  if (own.some((l) => l.leaf.log === 'platform' && !told.has(l.index))) {
    fail('incomplete', 'incomplete_story', {}, 'body.story');
  }
}

/**
 * There is an order to destroy the authorisation's keys, the zone's report that it did, and the certificate that says the
 * same. Where it was ordered more than once, one is enough.
 */
function checkDestruction(scene: Scene, id: string): void {
  let first: FaultError | null = null;
  for (const { s } of ofType(scene.known, 'order')) {
    const effect = member(s.body, 'effect');
    const object = member(effect, 'object');
    if (id === '' || textOf(effect, 'effect') !== 'destroy' || textOf(object, 'authorisation') !== id)
      continue;
    try {
      return checkDestroyed(scene, id, s);
    } catch (e) {
      if (!(e instanceof FaultError)) throw e;
      first ??= e;
    }
  }
  if (first) throw first;
  fail('incomplete', 'incomplete_destroy', {}, 'body.statements');
}

function checkDestroyed({ body, chains, known }: Scene, id: string, order: Statement): void {
  const [name, named] = [textOf(order.body, 'id'), textOf(order.body, 'case')];
  const found = ofType(known, 'report').find(
    ({ s: { body: b } }) =>
      textOf(b, 'outcome') === 'destroyed' &&
      textOf(b, 'authorisation') === id &&
      textOf(b, 'order') !== undefined &&
      textOf(b, 'order') === name &&
      textOf(b, 'case') === named &&
      textOf(b, 'zone_head') !== undefined,
  );
  if (!found) return fail('incomplete', 'incomplete_destroyed', {}, 'body.statements');
  const refs = chains.recorder('report', found.digest)?.leaf.refs ?? {};
  const digest = Object.hasOwn(refs, 'certificate') ? refs['certificate'] : undefined;
  const certificate = documentOf(body, CERTIFICATE_TYPE, digest);
  if (!certificate) return fail('incomplete', 'incomplete_certificate', {}, 'body.documents');
  const says = content(certificate);
  const report = found.s.body;
  const agree =
    textOf(says, 'authorisation') === id &&
    agrees(says, 'case', member(report, 'case')) &&
    agrees(says, 'keys', member(report, 'keys')) &&
    agrees(says, 'objects', member(report, 'objects')) &&
    agrees(says, 'report', member(report, 'seq')) &&
    alike(member(says, 'what'), member(report, 'what'));
  if (!agree) fail('destruction', 'destruction', {}, 'body.documents');
}
