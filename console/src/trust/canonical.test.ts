import { describe, expect, it } from 'vitest';
import { fromBase64, fromUtf8, toBase64, utf8 } from './bytes';
import { canonicalText, fromCanonical, parseJson, signingBytes, type Json } from './canonical';
import { parseDigest } from './digest';

describe('canonical JSON', () => {
  it('orders members by UTF-16 code units and escapes as RFC 8785', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    const order = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    expect(Object.keys(JSON.parse(canonicalText(value)) as object).sort()).toEqual([...order].sort());
    expect(canonicalText(value)).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
    );
    expect(canonicalText('\u0000\u001f"\\/\b\f\n\r\t\u007f')).toBe(
      '"\\u0000\\u001f\\"\\\\/\\b\\f\\n\\r\\t\u007f"',
    );
    expect(canonicalText(JSON.parse('{"__proto__":1,"a":[]}') as Json)).toBe('{"__proto__":1,"a":[]}');
  });

  it.each([
    ['float', '1.5', 'float'],
    ['whole float', '1.0', 'not_canonical'],
    ['exponent', '1e3', 'not_canonical'],
    ['minus zero', '-0', 'float'],
    ['2^53', '9007199254740992', 'big_integer'],
    ['-2^53', '-9007199254740992', 'big_integer'],
    ['half a pair', '"\\ud800"', 'surrogate'],
    ['half a pair as a name', '{"\\udc00":1}', 'surrogate'],
    ['white space', '{ }', 'not_canonical'],
    ['trailing newline', '{}\n', 'not_canonical'],
    ['order', '{"b":1,"a":1}', 'not_canonical'],
    ['twice', '{"a":1,"a":1}', 'not_canonical'],
    ['escape', '"\\u0041"', 'not_canonical'],
    ['solidus', '"\\/"', 'not_canonical'],
    ['byte order mark', '\ufeff{}', 'syntax'],
    ['too deep', `${'['.repeat(128)}${']'.repeat(128)}`, 'depth'],
    ['cut', '{', 'syntax'],
  ])('refuses %s', (_, text, fault) => {
    expect(() => fromCanonical(utf8(text))).toThrow(expect.objectContaining({ fault }));
  });

  it('takes what is canonical', () => {
    for (const text of [
      '9007199254740991',
      '-9007199254740991',
      '"é\u{1f600}"',
      `${'['.repeat(127)}${']'.repeat(127)}`,
    ]) {
      expect(canonicalText(fromCanonical(utf8(text)))).toBe(text);
    }
    expect(() => fromCanonical(Uint8Array.of(0x22, 0xff, 0x22))).toThrow();
    expect(parseJson(utf8('{"a": 1.5}'))).toEqual({ a: 1.5 });
    expect(parseJson(utf8('"\\ud800"'))).toBeUndefined();
    expect(parseJson(utf8('1e999'))).toBeUndefined();
  });

  it('names the type of what is signed', () => {
    expect(fromUtf8(signingBytes('key-list', { b: 1, a: null }))).toBe('yunyu/key-list/v1\n{"a":null,"b":1}');
    for (const type of ['', 'Act', 'a\n', 'a/b']) expect(() => signingBytes(type, null)).toThrow();
  });
});

describe('texts of bytes', () => {
  it('have one spelling', () => {
    for (const text of ['', 'AA==', 'AAA=', 'AAAA', '+/+/'])
      expect(toBase64(fromBase64(text) ?? utf8('?'))).toBe(text);
    for (const text of [
      'A',
      'AA',
      'AA=',
      'AB==',
      'AAB=',
      'AAAA=',
      '====',
      'A===',
      'AA==\n',
      '-_-_',
      ' AAA',
    ]) {
      expect(fromBase64(text)).toBeNull();
    }
    const digest = `sm3:${'ab'.repeat(32)}`;
    expect(parseDigest(digest)?.alg).toBe('sm3');
    for (const text of [
      digest.toUpperCase(),
      `${digest}\n`,
      `md5:${'ab'.repeat(32)}`,
      `sm3:${'aB'.repeat(32)}`,
      'sm3:ab',
    ]) {
      expect(parseDigest(text)).toBeNull();
    }
  });
});
