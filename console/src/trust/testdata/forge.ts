/**
 * Forges evidence for tests: everything in a real file is rebuilt under keys of the test – key lists, statements, leaves,
 * trees, checkpoints, seal –, so that one thing can be made wrong while all else holds. Digests that stand in other
 * things follow. Uses nothing of the verifier but hashes, signatures and canonical JSON.
 */

import type { Act } from '../act';
import { fromBase64, toBase64, utf8 } from '../bytes';
import { canonical, canonicalText, fromCanonical, signingBytes, type Json } from '../canonical';
import { digestOf, digestText, keyId, prefixed } from '../digest';
import type { Document, Evidence, EvidenceFile, Statement } from '../evidence/file';
import type { Signed } from '../keys';
import { parseCheckpoint } from '../log/checkpoint';
import type { KeyList } from '../log/keylist';
import type { Leaf, LogName } from '../log/leaf';
import { leafNode, Tree } from '../log/merkle';
import { concat } from '../bytes';
import type { Both, Primitives, Suite } from '../suite';
import type { Trust } from '../trustfile';

/** A key of the test. */
interface TestKey {
  id: string;
  public: string;
  publicBytes: Uint8Array;
  secret: Uint8Array;
}

/** A signed statement whose body is any object. */
export interface Draft {
  type: string;
  body: { [name: string]: Json };
  /** Id that the key had in the real file. */
  key: string;
}

/** Where a forgery may be made wrong. Each gets the thing as it would be, and changes it in place. */
export interface Wrong {
  list?: (list: KeyList, number: number) => void;
  statement?: (s: Draft, index: number) => void;
  /** A certificate's own text; the leaf names what comes of it. */
  certificate?: (says: { [name: string]: Json }) => void;
  /** `false` leaves the leaf out. */
  leaf?: (leaf: Leaf, log: LogName, index: number) => unknown;
  /** Lines of a checkpoint's text. */
  checkpoint?: (lines: string[], log: LogName) => void;
  /** After a note was signed. */
  note?: (note: string, log: LogName) => string;
  body?: (body: Evidence) => void;
  file?: (file: EvidenceFile) => void;
  trust?: (trust: Trust) => void;
}

/** What was forged. */
export interface Forged {
  evidence: Uint8Array;
  trust: Uint8Array;
}

interface OldLeaf {
  log: LogName;
  index: number;
  leaf: Leaf;
  hash: string;
}

/** A real file, taken apart once. */
export class Forge {
  readonly body: Evidence;
  readonly #both: Both;
  readonly #h: Primitives;
  readonly #trust: Trust;
  readonly #keys = new Map<string, TestKey>();
  readonly #digests: string[];
  readonly #leaves: OldLeaf[] = [];
  readonly #signed = new Map<string, string>();

  constructor(both: Both, evidence: Uint8Array, trust: Uint8Array) {
    this.#both = both;
    this.body = (fromCanonical(evidence) as unknown as EvidenceFile).body;
    this.#trust = fromCanonical(trust) as unknown as Trust;
    this.#h = both[this.body.suite];
    this.#digests = this.body.statements.map((s) =>
      digestOf(this.#h, 'signed', { body: s.body, key: s.key, signature: s.signature }),
    );
    for (const log of ['platform', 'zone'] as const) {
      for (const { index, leaf } of this.body.logs[log]?.leaves ?? []) {
        const bytes = fromBase64(leaf) ?? new Uint8Array();
        const hash = digestText(this.#h.alg, leafNode(this.#h, bytes));
        this.#leaves.push({ log, index, leaf: fromCanonical(bytes) as unknown as Leaf, hash });
      }
    }
  }

  get suite(): Suite {
    return this.body.suite;
  }

  /** The newest key list of the real file. */
  get list(): KeyList {
    return this.body.key_lists.at(-1)?.body as unknown as KeyList;
  }

  /** The test's key in the place of a real one. */
  key(id: string): TestKey {
    let key = this.#keys.get(id);
    if (!key) {
      const secret = this.#h.hash(utf8(`a secret of a test: ${id}`));
      const publicBytes = this.#h.derive(secret) ?? new Uint8Array();
      const text = prefixed(this.suite, publicBytes);
      key = { id: keyId(this.#h, text), public: text, publicBytes, secret };
      this.#keys.set(id, key);
    }
    return key;
  }

  /** Signs as the test's key in the place of a real one; what was signed before is remembered. */
  sign(id: string, type: string, body: Json): string {
    const name = `${id} ${type} ${canonicalText(body)}`;
    let signature = this.#signed.get(name);
    if (signature === undefined) {
      signature = prefixed(this.suite, this.#h.sign(this.key(id).secret, signingBytes(type, body)));
      this.#signed.set(name, signature);
    }
    return signature;
  }

  /** Index of a statement in the real file: of a type, and as a test wants it. */
  find(type: string, wanted: (body: { [name: string]: Json }) => boolean): number {
    const i = this.body.statements.findIndex(
      (s) => s.type === type && wanted(s.body as { [name: string]: Json }),
    );
    if (i < 0) throw new Error(`no ${type} as wanted`);
    return i;
  }

  /** Indexes of the acts in an order of an effect, and of the order. */
  order(effect: string): { order: number; acts: number[] } {
    const order = this.find('order', (b) => (b['effect'] as { effect: string }).effect === effect);
    const approvals = (this.body.statements[order]?.body as unknown as { approvals: Signed<Act>[] })
      .approvals;
    const acts = approvals.map((a) =>
      this.#digests.indexOf(digestOf(this.#h, 'signed', a as unknown as Json)),
    );
    return { order, acts };
  }

  build(wrong: Wrong = {}): Forged {
    return new Build(
      this,
      this.#both,
      this.#h,
      structuredClone(this.#trust),
      wrong,
      this.#digests,
      this.#leaves,
    ).all();
  }
}

class Build {
  readonly #f: Forge;
  readonly #both: Both;
  readonly #h: Primitives;
  readonly #trust: Trust;
  readonly #wrong: Wrong;
  readonly #digests: string[];
  readonly #old: OldLeaf[];
  readonly #statements = new Map<number, { s: Statement; digest: string }>();
  readonly #leaves = new Map<string, { bytes: Uint8Array; hash: string; kept: boolean }>();
  readonly #byHash: Map<string, OldLeaf>;
  readonly #certificates = new Map<string, Document>();

  constructor(
    f: Forge,
    both: Both,
    h: Primitives,
    trust: Trust,
    wrong: Wrong,
    digests: string[],
    leaves: OldLeaf[],
  ) {
    [this.#f, this.#both, this.#h, this.#trust] = [f, both, h, trust];
    [this.#wrong, this.#digests, this.#old] = [wrong, digests, leaves];
    this.#byHash = new Map(leaves.map((l) => [l.hash, l]));
    for (const old of f.body.documents.filter((d) => wrong.certificate && d.type?.endsWith('-certificate'))) {
      const d = structuredClone(old);
      const says = fromCanonical(fromBase64(d.content) ?? new Uint8Array()) as { [name: string]: Json };
      wrong.certificate?.(says);
      rewrite(both, d, canonical(says), true);
      this.#certificates.set(old.digest, d);
    }
  }

  all(): Forged {
    const body = structuredClone(this.#f.body);
    const root = this.#f.key('root');
    this.#trust.root = root.public;
    this.#wrong.trust?.(this.#trust);
    body.root = root.public;
    body.trust_digest = digestOf(this.#h, 'trust', this.#trust as unknown as Json);
    body.key_lists = body.key_lists.map((l, i) =>
      this.#list(structuredClone(l.body) as unknown as KeyList, i + 1),
    );
    body.documents = body.documents.map((d) => this.#certificates.get(d.digest) ?? d);
    body.statements = body.statements.map((_, i) => this.#statement(i).s);
    const digest = new Map(body.statements.map((s, i) => [s, this.#statement(i).digest]));
    body.statements.sort((a, b) => {
      const [x, y] = [`${a.type} ${digest.get(a)}`, `${b.type} ${digest.get(b)}`];
      return x < y ? -1 : x > y ? 1 : 0;
    });
    this.#logs(body);
    this.#wrong.body?.(body);
    const platform = this.#f.list.entries.find((e) => e.holder['kind'] === 'platform')?.key ?? '';
    const signature = this.#f.sign(platform, 'evidence', body as unknown as Json);
    const file: EvidenceFile = { body, key: this.#f.key(platform).id, signature };
    this.#wrong.file?.(file);
    return { evidence: canonical(file as unknown as Json), trust: canonical(this.#trust as unknown as Json) };
  }

  #list(list: KeyList, number: number): Signed<Json> {
    for (const e of list.entries) [e.public, e.key] = [this.#f.key(e.key).public, this.#f.key(e.key).id];
    this.#wrong.list?.(list, number);
    const body = list as unknown as Json;
    return { body, key: this.#f.key('root').id, signature: this.#f.sign('root', 'key-list', body) };
  }

  #statement(i: number): { s: Statement; digest: string } {
    const known = this.#statements.get(i);
    if (known) return known;
    const old = this.#f.body.statements[i];
    if (!old) throw new RangeError('no such statement');
    const draft = { type: old.type, body: this.#subst(old.body) as { [name: string]: Json }, key: old.key };
    this.#wrong.statement?.(draft, i);
    const signature = this.#f.sign(draft.key, draft.type, draft.body);
    const s: Statement = { type: draft.type, body: draft.body, key: this.#f.key(draft.key).id, signature };
    const made = { s, digest: digestOf(this.#h, 'signed', { body: s.body, key: s.key, signature }) };
    this.#statements.set(i, made);
    return made;
  }

  #leaf(old: OldLeaf): { bytes: Uint8Array; hash: string; kept: boolean } {
    const name = `${old.log} ${old.index}`;
    const known = this.#leaves.get(name);
    if (known) return known;
    const leaf = this.#subst(old.leaf as unknown as Json) as unknown as Leaf;
    const kept = this.#wrong.leaf?.(leaf, old.log, old.index) !== false;
    const bytes = canonical(leaf as unknown as Json);
    const made = { bytes, hash: digestText(this.#h.alg, leafNode(this.#h, bytes)), kept };
    this.#leaves.set(name, made);
    return made;
  }

  /** A value with new digests in the place of those of rebuilt things. */
  #subst(value: Json): Json {
    if (typeof value === 'string') {
      const statement = this.#digests.indexOf(value);
      if (statement >= 0) return this.#statement(statement).digest;
      const certificate = this.#certificates.get(value);
      if (certificate) return certificate.digest;
      const leaf = this.#byHash.get(value);
      return leaf ? this.#leaf(leaf).hash : value;
    }
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((v) => this.#subst(v));
    if (Object.keys(value).sort().join() === 'body,key,signature') {
      const i = this.#digests.indexOf(digestOf(this.#h, 'signed', value));
      const made = i < 0 ? null : this.#statement(i).s;
      if (made) return { body: made.body, key: made.key, signature: made.signature };
    }
    return Object.fromEntries(Object.entries(value).map(([n, v]) => [n, this.#subst(v)]));
  }

  #logs(body: Evidence): void {
    const trees = new Map<LogName, { gm: Tree; intl: Tree; size: number }>();
    const indexes = new Map<number, number>();
    for (const log of ['platform', 'zone'] as const) {
      const own = this.#old.filter((l) => l.log === log && this.#leaf(l).kept);
      if (log === 'platform') own.forEach((l, i) => indexes.set(l.index, i));
      const bytes = own.map((l) => this.#leaf(l).bytes);
      const tree = (h: Primitives) =>
        new Tree(
          h,
          bytes.map((b) => leafNode(h, b)),
        );
      const made = { gm: tree(this.#both.gm), intl: tree(this.#both.intl), size: bytes.length };
      trees.set(log, made);
      const part = body.logs[log];
      if (!part) continue;
      part.leaves = bytes.map((b, index) => ({
        index,
        leaf: toBase64(b),
        sm3_proof: made.gm.inclusion(index).map(toBase64),
        sha256_proof: made.intl.inclusion(index).map(toBase64),
      }));
    }
    for (const step of body.story)
      step.leaf = step.leaf === null ? null : (indexes.get(step.leaf) ?? step.leaf);
    body.anchors = [];
    for (const log of ['platform', 'zone'] as const) {
      const [own, other] = [trees.get(log), log === 'platform' ? 'zone' : 'platform'] as const;
      const part = body.logs[other];
      if (!own || !part) continue;
      const seen = log === 'platform' ? own.size - 5 : own.size;
      part.checkpoint = this.#note(part.checkpoint, other as LogName, trees, body, {
        log,
        seen,
        own: own.gm,
      });
      body.anchors.push({ log, size: seen, proof: own.gm.consistency(seen).map(toBase64) });
    }
  }

  #note(
    old: string,
    log: LogName,
    trees: ReadonlyMap<LogName, { gm: Tree; intl: Tree; size: number }>,
    body: Evidence,
    anchor: { log: LogName; seen: number; own: Tree },
  ): string {
    const [c, tree] = [parseCheckpoint(utf8(old)), trees.get(log)];
    if (!tree) throw new Error('no tree');
    const lists = body.key_lists;
    const digest = this.#h.hash(utf8(canonicalText(lists.at(-1) as unknown as Json)));
    const lines = [
      c.origin,
      String(tree.size),
      toBase64(tree.intl.root()),
      `sm3 ${toBase64(tree.gm.root())}`,
    ];
    lines.push(
      `suite ${c.suite}`,
      `clock ${c.clock}`,
      `time ${c.time}`,
      `keys ${lists.length} ${toBase64(digest)}`,
    );
    const origin = `${body.deployment}/${anchor.log}`;
    lines.push(`anchor ${origin} ${anchor.seen} ${toBase64(anchor.own.root(anchor.seen))}`);
    this.#wrong.checkpoint?.(lines, log);
    const text = lines.map((l) => `${l}\n`).join('');
    const id = this.#f.list.entries.find((e) => e.holder['kind'] === `${log}_log`)?.key ?? '';
    const key = this.#f.key(id);
    const type =
      this.#f.suite === 'gm' ? concat(Uint8Array.of(0xff), utf8('yunyu/sm2-with-sm3')) : Uint8Array.of(1);
    const hash = this.#both.intl.hash(utf8(`${lines[0]}\n`), type, key.publicBytes).slice(0, 4);
    const signature = this.#h.sign(key.secret, utf8(text));
    const note = `${text}\n— ${lines[0]} ${toBase64(concat(hash, signature))}\n`;
    return this.#wrong.note?.(note, log) ?? note;
  }
}

/** Replaces the content of a document and, where `also`, its digest. */
export function rewrite(both: Both, d: Document, content: Uint8Array, also: boolean): void {
  d.content = toBase64(content);
  if (!also) return;
  const h = d.digest.startsWith('sm3') ? both.gm : both.intl;
  const lead = d.type === null ? new Uint8Array() : utf8(`yunyu/${d.type}/v1\n`);
  d.digest = digestText(h.alg, h.hash(lead, content));
}
