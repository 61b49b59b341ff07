/**
 * The documents of an evidence file: each is what its digest says, and a leaf, a statement or another bound document
 * names that digest, or a statement holds the document itself.
 */

import { fromBase64, utf8 } from '../bytes';
import { canonical, CanonicalError, fromCanonical, parseJson, signingBytes, type Json } from '../canonical';
import { digestText, hashWith, parseDigest } from '../digest';
import { at, fail } from '../fault';
import { compareTexts } from '../shape';
import type { Both, Primitives } from '../suite';
import type { Chains } from './chain';
import type { Counts } from './counts';
import type { Document, Evidence } from './file';

/** Checks all documents of the file. */
export function checkDocuments(both: Both, body: Evidence, chains: Chains, counts: Counts): void {
  const named = new Set<string>();
  for (const { leaf } of chains.links) {
    for (const t of [...Object.values(leaf.refs), leaf.object ?? '']) if (parseDigest(t)) named.add(t);
  }
  for (const s of body.statements) {
    collect(s.body, named);
    held(both[body.suite], s.body, named);
  }
  let open: { place: string; d: Document; bytes: Uint8Array }[] = [];
  let last: string | null = null;
  for (const [i, d] of body.documents.entries()) {
    const place = `body.documents[${i}]`;
    if (last !== null && compareTexts(last, d.name) >= 0) fail('order', 'document_order', {}, place);
    last = d.name;
    open.push({ place, d, bytes: at(place, () => content(both, d)) });
    counts.add('documents', 1);
  }
  // A bound document binds those that it names in turn.
  while (open.length > 0) {
    const before = open.length;
    open = open.filter(({ d, bytes }) => {
      const bound = named.has(d.digest);
      const value = bound ? parseJson(bytes) : undefined;
      if (value !== undefined) collect(value, named);
      return !bound;
    });
    if (open.length === before) fail('not_named', 'not_named', {}, open[0]?.place);
  }
}

/** The bytes of a document, which are what its digest says. */
export function content(both: Both, d: Document): Uint8Array {
  const bytes = fromBase64(d.content) ?? fail('malformed', 'document_base64');
  const digest = parseDigest(d.digest) ?? fail('malformed', 'document_base64');
  let signed = bytes;
  if (d.type !== null) {
    let value: Json;
    try {
      value = fromCanonical(bytes);
    } catch (e) {
      if (e instanceof CanonicalError) return fail('malformed', 'document_json');
      throw e;
    }
    try {
      signed = signingBytes(d.type, value);
    } catch (e) {
      if (e instanceof CanonicalError) return fail('corrupt', 'type_name');
      throw e;
    }
  }
  const found = hashWith(both, digest.alg, signed);
  return digestText(found.alg, found.bytes) === d.digest ? bytes : fail('digest', 'document_digest');
}

/** Digests of what a signed value holds: its texts, and its arrays and objects in canonical JSON. */
function held(h: Primitives, value: Json, out: Set<string>): void {
  if (typeof value === 'string') out.add(digestText(h.alg, h.hash(utf8(value))));
  if (value === null || typeof value !== 'object') return;
  for (const v of Object.values(value)) held(h, v, out);
  out.add(digestText(h.alg, h.hash(canonical(value))));
}

/** Every digest that stands in a value. */
function collect(value: Json, out: Set<string>): void {
  if (typeof value === 'string' && parseDigest(value)) out.add(value);
  if (value === null || typeof value !== 'object') return;
  for (const v of Object.values(value)) collect(v, out);
}
