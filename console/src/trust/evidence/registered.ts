/**
 * The certificate of a registered product: what it says of holder, product and artefact is what the people signed who
 * registered it, and the zone released that artefact. Its name and its number are the platform's.
 */

import type { Json } from '../canonical';
import { fail } from '../fault';
import { intOf, isObject, member, textOf } from '../shape';
import { agrees, content, type Scene } from './scene';
import { SKEW_MS } from './skew';
import { ofType } from './statements';

const MEMBERS = ['artefact', 'at', 'holder', 'id', 'number', 'product'];

/** A leaf names it; the object that was signed with that leaf says the same; the zone released the artefact. */
export function checkRegistered({ body, chains, known }: Scene, named: string, says: Json | undefined): void {
  const whole = isObject(says) && Object.keys(says).every((name) => MEMBERS.includes(name));
  if (!whole || !textOf(says, 'id') || !textOf(says, 'number')) fail('certificate', 'registered');
  const recorded = chains.links
    .map((l) => l.leaf)
    .find((l) => {
      const own = Object.hasOwn(l.refs, 'certificate') ? l.refs['certificate'] : undefined;
      return l.outcome === 'done' && l.log === 'platform' && own === named;
    });
  const signed = body.documents.find((d) => d.type === 'object' && d.digest === recorded?.object);
  if (!recorded || !signed) return fail('incomplete', 'incomplete_registered');
  const object = content(signed);
  const same =
    agrees(says, 'product', member(object, 'product')) &&
    agrees(says, 'artefact', member(object, 'artefact')) &&
    agrees(says, 'holder', member(object, 'operator'));
  // It is written in the same moment as the leaf, and before it.
  const time = intOf(says, 'at');
  const near = time !== undefined && Math.abs(time - recorded.at) <= SKEW_MS;
  if (!near || !same) fail('certificate', 'registered');
  const released = ofType(known, 'report').some(
    ({ s }) =>
      textOf(s.body, 'outcome') === 'released' &&
      agrees(says, 'product', member(s.body, 'product')) &&
      agrees(says, 'artefact', member(s.body, 'artefact')),
  );
  if (!released) fail('incomplete', 'incomplete_released');
}
