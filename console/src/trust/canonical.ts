/** Canonical JSON (RFC 8785) without floating-point numbers, and the bytes that are signed. */

import { concat, fromUtf8, utf8 } from './bytes';

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Why a value has no canonical JSON, or a text is not canonical. Never carries what stood there. */
export type CanonicalFault =
  'syntax' | 'float' | 'big_integer' | 'surrogate' | 'depth' | 'not_canonical' | 'type_name';

/** A value has no canonical JSON, or bytes are not canonical JSON. */
export class CanonicalError extends Error {
  readonly fault: CanonicalFault;

  constructor(fault: CanonicalFault) {
    super(`canonical JSON: ${fault}`);
    this.name = 'CanonicalError';
    this.fault = fault;
  }
}

/** Deepest nesting that the platform's reader takes. */
const MAX_DEPTH = 127;
const SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function writeText(text: string): string {
  // Half a surrogate pair is no text: the platform refuses it, JavaScript would write an escape.
  if (SURROGATE.test(text)) throw new CanonicalError('surrogate');
  return JSON.stringify(text);
}

function writeNumber(n: number): string {
  if (!Number.isInteger(n) || Object.is(n, -0)) throw new CanonicalError('float');
  if (!Number.isSafeInteger(n)) throw new CanonicalError('big_integer');
  return String(n);
}

function write(value: Json, depth: number): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return writeNumber(value);
  if (typeof value === 'string') return writeText(value);
  if (depth >= MAX_DEPTH) throw new CanonicalError('depth');
  if (Array.isArray(value)) return `[${value.map((v) => write(v, depth + 1)).join(',')}]`;
  // The default order of strings is that of UTF-16 code units, as RFC 8785 wants it.
  const names = Object.keys(value).sort();
  const members = names.map((n) => `${writeText(n)}:${write(value[n] as Json, depth + 1)}`);
  return `{${members.join(',')}}`;
}

/**
 * The canonical JSON of a value as text.
 * @throws CanonicalError for a floating-point number, an integer beyond ±(2^53 − 1) or half a surrogate pair.
 */
export function canonicalText(value: Json): string {
  return write(value, 0);
}

/** The canonical JSON of a value. Throws as `canonicalText`. */
export function canonical(value: Json): Uint8Array {
  return utf8(canonicalText(value));
}

/**
 * Reads canonical JSON: parses, encodes again and compares, so that one value has one text.
 * @throws CanonicalError for anything else.
 */
export function fromCanonical(bytes: Uint8Array): Json {
  const text = fromUtf8(bytes);
  if (text === null) throw new CanonicalError('syntax');
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new CanonicalError('syntax');
  }
  if (canonicalText(value) !== text) throw new CanonicalError('not_canonical');
  return value;
}

/**
 * Reads any JSON as the platform does: `undefined` where the platform would refuse it (half surrogate pairs, numbers
 * beyond all bounds, nesting deeper than 127).
 */
export function parseJson(bytes: Uint8Array): Json | undefined {
  const text = fromUtf8(bytes);
  if (text === null) return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return readable(value, 0) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readable(value: Json, depth: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'string') return !SURROGATE.test(value);
  if (value === null || typeof value === 'boolean') return true;
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((v) => readable(v, depth + 1));
  return Object.entries(value).every(([n, v]) => !SURROGATE.test(n) && readable(v, depth + 1));
}

/**
 * What is signed: `yunyu/<type>/v1\n` and the canonical JSON, so that a signature over one type never serves another.
 * @throws CanonicalError as `canonical`; or the type name is not made of lower-case letters, digits and hyphens.
 */
export function signingBytes(type: string, value: Json): Uint8Array {
  if (!/^[a-z0-9-]+$/.test(type)) throw new CanonicalError('type_name');
  return concat(utf8(`yunyu/${type}/v1\n`), canonical(value));
}
