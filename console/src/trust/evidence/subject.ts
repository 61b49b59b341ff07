/**
 * What evidence about each kind of subject must hold besides what all evidence must: the whole of a decision, all that is
 * shown of a person's history. A product's way is `product`'s; what certificates are held against is `certificate`'s.
 */

import { digestOf, DOCUMENTS_TYPE, OBJECT_TYPE } from '../digest';
import { fail } from '../fault';
import { textOf } from '../shape';
import type { Both } from '../suite';
import { checkCertificates, checkShown } from './certificate';
import type { Chains } from './chain';
import type { Document, Evidence } from './file';
import { checkProduct } from './product';
import { ofType, type Known } from './statements';
import { DESTRUCTION_TYPE, RESOURCE_TYPE } from './types';

/** Kinds of subjects. */
export const KINDS = ['product', 'decision', 'query_history', 'destruction', 'resource_certificate'] as const;

interface Scene {
  readonly both: Both;
  readonly body: Evidence;
  readonly chains: Chains;
  readonly known: Known;
}

/** Checks the certificates that the file shows, and what the kind of subject demands. */
export function checkSubject(scene: Scene): void {
  checkCertificates(scene);
  const { kind, id } = scene.body.subject;
  switch (kind) {
    case 'product':
      return checkProduct(scene.body, scene.known);
    case 'decision':
      return checkDecision(scene, id);
    case 'query_history':
      return checkHistory(scene, id);
    case 'destruction':
      return checkShown(scene.body, DESTRUCTION_TYPE, 'authorisation', id);
    case 'resource_certificate':
      return checkShown(scene.body, RESOURCE_TYPE, 'id', id);
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
