/**
 * The signed statements of an evidence file: each by a listed key of the right kind valid at its time, each recorded by
 * a leaf, each bound to a head of its case that is in the chain; and nothing recorded without its statement.
 */

import { digestOf, holds, OBJECT_TYPE, parseDigest, STATEMENT_TYPE } from '../digest';
import { at, fail, FaultError } from '../fault';
import { kindOf, type KeyEntry, type Keys } from '../log/keylist';
import { compareTexts, intOf, member, textOf } from '../shape';
import type { Both } from '../suite';
import type { Chains, Link } from './chain';
import type { Counts } from './counts';
import type { Evidence, Statement } from './file';
import { RefusedError, type Quorum } from './refusal';
import { SKEW_MS } from './skew';

/** Leaf references whose digest must be that of a statement of the same type. */
const REFERRED = ['act', 'order', 'report'];

/** Statements by type and digest. */
export type Known = ReadonlyMap<string, Statement>;

/** The name of a statement among the known. */
export function nameOf(type: string, digest: string): string {
  return `${type} ${digest}`;
}

/** Statements of a type with their digests, by digest. */
export function ofType(known: Known, type: string): { digest: string; s: Statement }[] {
  const own = [...known].filter(([name]) => name.startsWith(`${type} `));
  return own.map(([name, s]) => ({ digest: name.slice(type.length + 1), s }));
}

interface Scene {
  readonly both: Both;
  readonly body: Evidence;
  readonly keys: Keys;
  readonly chains: Chains;
}

function digestOfStatement({ both, body }: Scene, s: Statement): string {
  return digestOf(both[body.suite], STATEMENT_TYPE, { body: s.body, key: s.key, signature: s.signature });
}

/** Checks all statements of the file. */
export function checkStatements(scene: Scene, quorum: Quorum, counts: Counts): Known {
  const { body, chains } = scene;
  const known = new Map<string, Statement>();
  let last: { type: string; digest: string } | null = null;
  for (const [i, s] of body.statements.entries()) {
    const place = `body.statements[${i}]`;
    const digest = digestOfStatement(scene, s);
    const follows = last ? compareTexts(last.type, s.type) || compareTexts(last.digest, digest) : -1;
    if (follows >= 0) fail('order', 'statement_order', {}, place);
    last = { type: s.type, digest };
    at(place, () => new One(scene, s, digest).check());
    known.set(nameOf(s.type, digest), s);
    counts.add('statements', 1);
  }
  checkReferences(chains, known);
  for (const [i, s] of body.statements.entries()) {
    if (s.type !== 'order') continue;
    at(`body.statements[${i}]`, () => checkOrder(scene, s, known, quorum));
    counts.add('orders', 1);
  }
  return known;
}

/** References of a leaf that must be statements. */
function stated(link: Link): [string, string][] {
  const refs = Object.entries(link.leaf.refs).sort(([a], [b]) => compareTexts(a, b));
  return refs.filter(([name, d]) => REFERRED.includes(name) && parseDigest(d) !== null);
}

/** Every statement that a leaf names is there. A refused command's leaf may name one that is not. */
function checkReferences(chains: Chains, known: Known): void {
  for (const link of chains.links.filter((l) => l.leaf.outcome === 'done')) {
    for (const [name, digest] of stated(link)) {
      if (!known.has(nameOf(name, digest)))
        fail('statement_missing', 'statement_missing', { name }, link.place);
    }
  }
}

class One {
  readonly #scene: Scene;
  readonly #s: Statement;
  readonly #digest: string;

  constructor(scene: Scene, s: Statement, digest: string) {
    this.#scene = scene;
    this.#s = s;
    this.#digest = digest;
  }

  check(): void {
    const { both, body, keys, chains } = this.#scene;
    const s = this.#s;
    const deployment = member(s.body, 'deployment');
    if (deployment !== undefined && deployment !== body.deployment)
      fail('other_deployment', 'statement_deployment');
    const referred = REFERRED.includes(s.type);
    const link = referred ? chains.recorder(s.type, this.#digest) : chains.names(this.#digest);
    if (!link) return fail('not_recorded');
    const time = intOf(s.body, 'at') ?? intOf(s.body, 'issued_at') ?? link.leaf.at;
    // Who holds a revoked key could write an earlier time: what is recorded after the revocation does not count.
    // A zone may report late, under a key that was renewed meanwhile.
    const recorded = s.type === 'report' ? time : link.leaf.at;
    const entry = keys.valid(s.key, time);
    if (
      !entry ||
      !(entry.valid_from <= recorded && (entry.revoked_at === null || recorded < entry.revoked_at))
    ) {
      return fail('key');
    }
    if (!holds(both, keys.publicOf(entry), s.type, s.body, s.signature))
      fail('signature', 'statement_signature');
    if (time > link.leaf.at + SKEW_MS) fail('time', 'statement_late');
    this.#checkHolder(entry);
    if (referred) this.#checkHeads(link, time);
  }

  /** Is the key of the kind that makes such statements? */
  #checkHolder(entry: KeyEntry): void {
    const own = (name: string) => {
      const given = textOf(this.#s.body, name);
      return given !== undefined && given === textOf(entry.holder, name);
    };
    const kind = kindOf(entry);
    const fits = () => {
      if (this.#s.type === 'act') return kind === 'person' && own('person') && own('org');
      if (this.#s.type === 'order') return kind === 'platform';
      if (this.#s.type === 'report') return kind === 'zone';
      return ['person', 'platform', 'zone'].includes(kind);
    };
    if (!fits()) fail('holder');
  }

  #checkHeads(link: Link, time: number): void {
    const { chains } = this.#scene;
    const { type, body } = this.#s;
    const name = textOf(body, 'case');
    if (name === undefined) {
      if (type !== 'report') fail('case', 'case_missing');
      return;
    }
    if (link.leaf.log !== 'platform' || link.leaf.case !== name) fail('case', 'case_other');
    if (type === 'report') {
      const zone = textOf(body, 'zone_head');
      if (zone !== undefined && !chains.find('zone', name, zone)) fail('head', 'head_zone');
      const head = textOf(body, 'case_head');
      if (head !== undefined) this.#platformHead(link, name, head, null);
      return;
    }
    const head = textOf(body, type === 'act' ? 'head' : 'case_head');
    if (head === undefined) this.#noHead(link, name);
    else this.#platformHead(link, name, head, time);
  }

  /** The head must be in the chain before the leaf that records the statement, and not be later than the statement. */
  #platformHead(link: Link, name: string, head: string, time: number | null): void {
    const bound = this.#scene.chains.before('platform', name, link).find((l) => l.hash === head);
    if (!bound) return fail('head', 'head_platform');
    if (time !== null && bound.leaf.at > time + SKEW_MS) fail('time', 'statement_early');
  }

  /** Only the first act of a case may bind nothing. */
  #noHead(link: Link, name: string): void {
    const earlier = this.#scene.chains.before('platform', name, link).some((l) => stated(l).length > 0);
    if (this.#s.type !== 'act' || earlier) fail('head', 'head_none');
  }
}

/**
 * Each approval in an order is an act of this file that approves this order's object in this order's case, and together
 * they satisfy the quorum.
 */
function checkOrder({ both, body, keys }: Scene, order: Statement, known: Known, quorum: Quorum): void {
  const wanted = intOf(order.body, 'key_list');
  if (wanted !== undefined && wanted >= 0 && wanted > keys.list.number) fail('key_list', 'order_key_list');
  const suite = both[body.suite];
  const object = digestOf(suite, OBJECT_TYPE, member(member(order.body, 'effect'), 'object') ?? null);
  const approvals = member(order.body, 'approvals');
  const acts: Statement[] = [];
  for (const approval of Array.isArray(approvals) ? approvals : []) {
    const act = known.get(nameOf('act', digestOf(suite, STATEMENT_TYPE, approval)));
    if (!act) return fail('approval', 'approval_missing');
    const approves = textOf(act.body, 'decision') === 'approve' && textOf(act.body, 'object') === object;
    if (!approves || textOf(act.body, 'case') !== textOf(order.body, 'case'))
      fail('approval', 'approval_other');
    acts.push(act);
  }
  try {
    quorum(order, acts, keys);
  } catch (e) {
    if (!(e instanceof RefusedError)) throw e;
    throw new FaultError({
      file: '',
      what: 'quorum',
      text: `quorum_${e.code.replaceAll('-', '_')}`,
      args: e.args,
    });
  }
}
