/** Shapes of JSON: exact members, no unknown ones. */

import type { Json } from './canonical';

/** Says whether a value has a shape. */
export type Guard<T> = (value: Json | undefined) => value is T & Json;

type Shape = { readonly [name: string]: (value: Json | undefined) => boolean };

/** A JSON object, not an array. */
export function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** A text. */
export const text = (value: Json | undefined): value is string => typeof value === 'string';
/** An integer. */
export const i64 = (value: Json | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value);
/** An integer from 0. */
export const u64 = (value: Json | undefined): value is number => i64(value) && value >= 0;
/** An integer of 32 bits. */
export const i32 = (value: Json | undefined): value is number =>
  i64(value) && value >= -(2 ** 31) && value < 2 ** 31;
/** An integer of 32 bits from 0. */
export const u32 = (value: Json | undefined): value is number => u64(value) && value < 2 ** 32;
/** Any value. */
export const any = (value: Json | undefined): value is Json => value !== undefined;
/** One of some words. */
export const oneOf = (...words: string[]) => {
  const known = new Set(words);
  return (value: Json | undefined): value is string => typeof value === 'string' && known.has(value);
};
/** `null` or a shape. */
export const orNull = (inner: (v: Json | undefined) => boolean) => (value: Json | undefined) =>
  value === null || (value !== undefined && inner(value));
/** Absent, `null` or a shape. */
export const optional = (inner: (v: Json | undefined) => boolean) => (value: Json | undefined) =>
  value === undefined || value === null || inner(value);
/** A list. */
export const list = (inner: (v: Json | undefined) => boolean) => (value: Json | undefined) =>
  Array.isArray(value) && value.every((v) => inner(v));
/** An object whose members all have one shape. */
export const map = (inner: (v: Json | undefined) => boolean) => (value: Json | undefined) =>
  isObject(value) && Object.values(value).every((v) => inner(v));

/** An object with these members, whatever others it has. */
export function open<T>(shape: Shape): Guard<T> {
  const names = Object.keys(shape);
  return (value): value is T & Json => names.every((n) => isObject(value) && shape[n]?.(member(value, n)));
}

/** An object with these members and no others. */
export function object<T>(shape: Shape): Guard<T> {
  const fits = open<T>(shape);
  return (value): value is T & Json =>
    isObject(value) && fits(value) && Object.keys(value).every((n) => Object.hasOwn(shape, n));
}

/** A member of an object; `undefined` for none, and for what is no object. */
export function member(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** A member that is a text. */
export function textOf(value: Json | undefined, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === 'string' ? found : undefined;
}

/** A member that is an integer. */
export function intOf(value: Json | undefined, name: string): number | undefined {
  const found = member(value, name);
  return i64(found) ? found : undefined;
}

/** Order of texts by their UTF-8 bytes, which is that of their code points. */
export function compareTexts(a: string, b: string): number {
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const d = (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0);
    if (d !== 0) return d;
  }
  return x.length - y.length;
}
