/** What evidence about a product must hold: the way back from its release to the resources it was made of. */

import { canonicalText, type Json } from '../canonical';
import { fail, FaultError } from '../fault';
import { compareTexts, isObject, member, textOf } from '../shape';
import type { Evidence, Statement } from './file';
import type { Known } from './statements';

/**
 * Checks that a release of the product is there with the job, the grant, the authorisation and the resources it rests on,
 * each as an order, and with the zone's reports of the job and the release. Where it was released more than once, one is enough.
 */
export function checkProduct(body: Evidence, known: Known): void {
  const all = new Bodies(known);
  let first: FaultError | null = null;
  for (const release of all.orders('release', 'product', body.subject.id)) {
    try {
      return all.checkRelease(release);
    } catch (e) {
      if (!(e instanceof FaultError)) throw e;
      first ??= e;
    }
  }
  if (first) throw first;
  missing('order', 'release');
}

/** Outcomes by which the zone says that an order took effect. */
const TAKEN = ['applied', 'job_done', 'released'];

function missing(what: 'order' | 'report', name: string): never {
  return fail('incomplete', `incomplete_${what}`, { name }, 'body.statements');
}

function word(value: Json | undefined, name: string): string {
  return textOf(value, name) ?? '';
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalText(a) === canonicalText(b);
}

/** Orders and reports by what they are about. */
export class Bodies {
  readonly #all: readonly Statement[];

  constructor(known: Known) {
    this.#all = [...known.values()];
  }

  checkRelease(release: Json): void {
    const job = this.#order('job', 'job', word(release, 'job'));
    const grant = this.#order('grant', 'grant', word(job, 'grant'));
    this.#checkAuthorised(grant);
    const resources = member(grant, 'resources');
    const ids = isObject(resources) ? Object.keys(resources).sort(compareTexts) : [];
    for (const id of ids) this.#order('resource', 'resource', id);
    const done = this.#report('job_done', 'job', word(release, 'job'));
    const measured = ['artefact', 'gate_report'].every((n) => {
      const given = member(done, n);
      return given !== undefined && same(given, member(release, n));
    });
    if (!measured || word(done, 'verdict') === 'block')
      fail('release', 'release_measured', {}, 'body.statements');
    const out = this.#report('released', 'product', word(release, 'product'));
    if (!same(member(out, 'artefact'), member(release, 'artefact'))) {
      fail('release', 'release_artefact', {}, 'body.statements');
    }
  }

  /** The grant's authorisation was granted to its operator, over its resources and their providers. */
  #checkAuthorised(grant: Json): void {
    const operator = textOf(grant, 'operator');
    const named = this.orders('authorise', 'authorisation', word(grant, 'authorisation')).filter(
      (a) => operator !== undefined && textOf(a, 'operator') === operator,
    );
    if (named.length === 0) missing('order', 'authorise');
    const wanted = member(grant, 'resources');
    const covers = (authorised: Json) => {
      const scope = member(authorised, 'resources');
      return Object.entries(isObject(wanted) ? wanted : {}).every(([id, provider]) => {
        const held = isObject(scope) && Object.hasOwn(scope, id) ? scope[id] : undefined;
        return typeof held === 'string' && held === provider;
      });
    };
    if (!named.some(covers)) fail('release', 'release_scope', {}, 'body.statements');
  }

  #bodies(type: string): Json[] {
    return this.#all.filter((s) => s.type === type).map((s) => s.body);
  }

  /**
   * Objects of the orders of an effect about one thing, of those that the zone took: another order of the same id, which
   * people signed later or for something else, has no report that says so.
   */
  orders(effect: string, name: string, id: string): Json[] {
    const taken = this.#bodies('order').filter((b) => this.#taken(b));
    const effects = taken.map((b) => member(b, 'effect'));
    const objects = effects.filter((e) => word(e, 'effect') === effect).map((e) => member(e, 'object'));
    return objects.filter((o): o is Json => o !== undefined && id !== '' && word(o, name) === id);
  }

  /** Whether the zone reported that it carried an order out. */
  #taken(order: Json): boolean {
    const id = word(order, 'id');
    const of = (r: Json) => word(r, 'order') === id && word(r, 'case') === word(order, 'case');
    return id !== '' && this.#bodies('report').some((r) => of(r) && TAKEN.includes(word(r, 'outcome')));
  }

  #order(effect: string, name: string, id: string): Json {
    return this.orders(effect, name, id)[0] ?? missing('order', effect);
  }

  #report(outcome: string, name: string, id: string): Json {
    const found = this.#bodies('report').find((b) => word(b, 'outcome') === outcome && word(b, name) === id);
    return found ?? missing('report', outcome);
  }
}
