/**
 * What evidence about a certificate of a resource must hold: that the resource was withdrawn, sealed or unsealed because
 * people decided it, and that the zone said the same as the certificate does.
 */

import { fromBase64 } from '../bytes';
import { canonicalText, parseJson, type Json } from '../canonical';
import { fail, FaultError } from '../fault';
import { member, textOf } from '../shape';
import type { Chains } from './chain';
import type { Document, Evidence } from './file';
import { ofType, type Known } from './statements';

/** Type under which a certificate about a resource is digested. */
const CERTIFICATE_TYPE = 'resource-certificate';

/** What a certificate says was done: the effect that was ordered, the outcome that was reported, whether anything is gone. */
const DEEDS: Readonly<Record<string, { effect: string; outcome: string; gone: boolean }>> = {
  destroyed: { effect: 'withdraw', outcome: 'resource_destroyed', gone: true },
  sealed: { effect: 'seal', outcome: 'resource_sealed', gone: false },
  unsealed: { effect: 'unseal', outcome: 'resource_unsealed', gone: false },
};

interface Scene {
  readonly body: Evidence;
  readonly chains: Chains;
  readonly known: Known;
}

/** The value of a document of a type; its encoding was checked before. */
export function content(document: Document): Json | undefined {
  return parseJson(fromBase64(document.content) ?? new Uint8Array());
}

/** Whether a member is there, not null, and what it should be. */
export function agrees(says: Json | undefined, name: string, of: Json | undefined): boolean {
  const own = member(says, name);
  return of !== undefined && of !== null && own !== undefined && canonicalText(own) === canonicalText(of);
}

/** Whether two members are the same, where absent and null are both none. */
export function alike(a: Json | undefined, b: Json | undefined): boolean {
  return canonicalText(a ?? null) === canonicalText(b ?? null);
}

/** A certificate of this id holds; of several one is enough. */
export function checkCertificate(scene: Scene, id: string): void {
  let first: FaultError | null = null;
  for (const document of scene.body.documents) {
    if (document.type !== CERTIFICATE_TYPE || id === '') continue;
    const says = content(document);
    if (textOf(says, 'id') !== id) continue;
    try {
      return certified(scene, document, says);
    } catch (e) {
      if (!(e instanceof FaultError)) throw e;
      first ??= e;
    }
  }
  if (first) throw first;
  fail('incomplete', 'incomplete_named', {}, 'body.documents');
}

/** A report's leaf names the certificate, and the report answers the order that it says. */
function certified({ chains, known }: Scene, document: Document, says: Json | undefined): void {
  const found = ofType(known, 'report').find(({ digest, s }) => {
    const refs = chains.recorder('report', digest)?.leaf.refs ?? {};
    const named = Object.hasOwn(refs, 'certificate') ? refs['certificate'] : undefined;
    return named === document.digest && textOf(s.body, 'zone_head') !== undefined;
  });
  if (!found) return fail('incomplete', 'incomplete_recorded', {}, 'body.statements');
  const report = found.s.body;
  const word = textOf(says, 'deed') ?? '';
  const deed = Object.hasOwn(DEEDS, word) ? DEEDS[word] : undefined;
  if (!deed) return fail('certificate', 'certificate', {}, 'body.documents');
  const agree =
    textOf(report, 'outcome') === deed.outcome &&
    agrees(says, 'resource', member(report, 'resource')) &&
    agrees(says, 'case', member(report, 'case')) &&
    agrees(says, 'keys', member(report, 'keys')) &&
    agrees(says, 'report', member(report, 'seq')) &&
    (!deed.gone ||
      (agrees(says, 'objects', member(report, 'objects')) &&
        alike(member(says, 'what'), member(report, 'what'))));
  if (!agree) fail('certificate', 'certificate', {}, 'body.documents');
  const ordered = ofType(known, 'order').some(({ s: { body } }) => {
    const effect = member(body, 'effect');
    const object = member(effect, 'object');
    return (
      textOf(effect, 'effect') === deed.effect &&
      agrees(says, 'resource', member(object, 'resource')) &&
      agrees(says, 'provider', member(object, 'provider')) &&
      textOf(report, 'order') !== undefined &&
      textOf(report, 'order') === textOf(body, 'id') &&
      textOf(report, 'case') === textOf(body, 'case')
    );
  });
  if (!ordered) fail('incomplete', 'incomplete_order', { name: deed.effect }, 'body.statements');
}
