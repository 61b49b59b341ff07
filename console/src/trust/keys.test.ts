import { describe, expect, it } from 'vitest';
import { differences, DraftError, signAct, type Act, type Shown } from './act';
import { fromBase64, fromHex, toHex, utf8 } from './bytes';
import { fromCanonical, type Json } from './canonical';
import { digestOf, holds, keyId, parsePublic, parseSignature, prefixed } from './digest';
import { generateKey, OpenKey, openKey, keyFileText, parseKeyFile, type Signed } from './keys';
import { loadSuite, type Suite } from './suite';
import { demo } from './testdata/load';
import { zoneHeaders, type Proof } from './zone';

interface Evidence {
  body: { statements: (Signed<Json> & { type: string })[] };
}

/** For tests only: no time is spent on stretching. */
const cheap = { m: 64, t: 1, p: 1 };

function statements(suite: Suite) {
  return (fromCanonical(demo(suite).evidence) as unknown as Evidence).body.statements;
}

describe.each<Suite>(['gm', 'intl'])('keys of %s', (suite) => {
  it('open a file that the program made, and sign as the program signed', { timeout: 60_000 }, async () => {
    const { keyFile, passphrase } = demo(suite);
    const key = await openKey(parseKeyFile(keyFile), passphrase);
    expect(key.public).toBe(parseKeyFile(keyFile).public);
    const own = statements(suite).filter((s) => s.key === key.id);
    expect(own.length).toBeGreaterThan(3);
    const primitives = await loadSuite(suite);
    const publicKey = parsePublic(primitives, key.public);
    for (const s of own) {
      expect((await key.sign(s.type, s.body)).signature).toBe(s.signature);
      expect(publicKey && holds(primitives, publicKey, s.type, s.body, s.signature)).toBe(true);
      expect(publicKey && holds(primitives, publicKey, 'report', s.body, s.signature)).toBe(false);
    }
    expect(JSON.stringify(key)).toBe(JSON.stringify({ id: key.id, public: key.public, suite }));
    await expect(openKey(parseKeyFile(keyFile), `${passphrase}x`)).rejects.toMatchObject({
      code: 'wrong-passphrase',
    });
  });

  it('are sealed and opened again, and no part of the file can be changed', { timeout: 60_000 }, async () => {
    const key = await generateKey(suite);
    const file = await key.seal('口令 passphrase', cheap);
    expect(parseKeyFile(keyFileText(file))).toEqual(file);
    expect(await openKey(file, '口令 passphrase')).toMatchObject({ id: key.id, public: key.public, suite });
    const fails = async (change: object, code: string) => {
      const changed = { ...file, ...change };
      await expect(openKey(changed, '口令 passphrase')).rejects.toMatchObject({ code });
    };
    const other = await generateKey(suite);
    await fails({ public: other.public }, 'wrong-passphrase');
    await fails({ m_kib: 65 }, 'wrong-passphrase');
    await fails(
      { salt: file.salt.toUpperCase() === file.salt ? `${file.salt}00` : file.salt.toUpperCase() },
      'wrong-passphrase',
    );
    await fails({ sealed: file.sealed.replace(/^..../, 'AQMA') }, 'wrong-passphrase');
    await fails({ m_kib: 1 << 21 }, 'damaged');
    await fails({ v: 2 }, 'unsupported');
    await fails({ more: 1 }, 'damaged');
    await expect(openKey(file, '')).rejects.toMatchObject({ code: 'unusable-passphrase' });
    await expect(openKey(file, 'x'.repeat(1025))).rejects.toMatchObject({ code: 'unusable-passphrase' });
    expect(() => parseKeyFile('{')).toThrow(expect.objectContaining({ code: 'damaged' }));
  });

  it('sign the same with the library as with the browser', { timeout: 60_000 }, async () => {
    const primitives = await loadSuite(suite);
    const secret = primitives.hash(utf8('a secret of a test'));
    const key = OpenKey.of(primitives, secret);
    const message = utf8('yunyu/act/v1\n{"a":1}');
    const raw = primitives.sign(secret, message);
    expect((await key?.sign('act', { a: 1 }))?.signature).toBe(prefixed(suite, raw));
    const publicBytes = primitives.derive(secret) ?? new Uint8Array();
    expect(primitives.verify(publicBytes, message, raw)).toBe(true);
    for (let i = 0; i < 64; i++) {
      const changed = raw.slice();
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(primitives.verify(publicBytes, message, changed)).toBe(false);
    }
    expect(primitives.verify(publicBytes, message, new Uint8Array(64))).toBe(false);
    expect(primitives.verify(publicBytes, message, raw.slice(1))).toBe(false);
  });

  it('sign an act only as it was shown', async () => {
    const primitives = await loadSuite(suite);
    const key = await generateKey(suite);
    const object = { product: 'prod_1', price: 100 };
    const documents = { opinion: { text: '同意' } };
    const shown: Shown = {
      deployment: 'd',
      case: 'case_1',
      procedure: 'release',
      step: 'vote',
      decision: 'approve',
      object,
      documents,
      person: 'per_1',
      org: 'org_1',
      now: 1000,
    };
    const draft: Act = {
      v: 1,
      deployment: 'd',
      case: 'case_1',
      procedure: 'release',
      step: 'vote',
      decision: 'approve',
      object: digestOf(primitives, 'object', object),
      documents: digestOf(primitives, 'documents', documents),
      head: null,
      person: 'per_1',
      org: 'org_1',
      at: 1200,
    };
    const signed = await signAct(key, draft, shown);
    const publicKey = parsePublic(primitives, key.public);
    expect(
      publicKey && holds(primitives, publicKey, 'act', signed.body as unknown as Json, signed.signature),
    ).toBe(true);
    await expect(signAct(key, { ...draft, decision: 'reject' }, shown)).rejects.toThrow(DraftError);
    expect(await differences(key, draft, { ...shown, object: { ...object, price: 101 } })).toEqual([
      'object',
    ]);
    expect(await differences(key, { ...draft, at: 10 ** 9 }, shown)).toEqual(['at']);
    const more = { ...draft, also: 'x' } as Act;
    expect(await differences(key, more, shown)).toEqual(['also']);
  });

  it('prove possession for one request', async () => {
    const primitives = await loadSuite(suite);
    const key = await generateKey(suite);
    const ticket = { body: { id: 'tic_1', purpose: 'preview' }, key: 'k', signature: 's' };
    const headers = await zoneHeaders(key, ticket, { method: 'PUT', path: '/v1/x', now: 5 });
    const read = (name: string) => fromCanonical(fromBase64(headers[name] ?? '') ?? new Uint8Array());
    expect(read('Yunyu-Ticket')).toEqual(ticket);
    const proof = read('Yunyu-Proof') as unknown as Signed<Proof>;
    expect(proof.body).toMatchObject({ v: 1, ticket: 'tic_1', method: 'PUT', path: '/v1/x', at: 5 });
    const publicKey = parsePublic(primitives, key.public);
    expect(proof.key).toBe(keyId(primitives, key.public));
    expect(
      publicKey && holds(primitives, publicKey, 'proof', proof.body as unknown as Json, proof.signature),
    ).toBe(true);
  });
});

describe('public keys', () => {
  it('have one text and are usable', async () => {
    const [gm, intl] = [await loadSuite('gm'), await loadSuite('intl')];
    const secret = new Uint8Array(32).fill(7);
    const sm2 = gm.derive(secret) ?? new Uint8Array();
    expect(gm.isPublic(sm2)).toBe(true);
    const compressed = Uint8Array.of(2 + ((sm2[64] ?? 0) & 1), ...sm2.slice(1, 33));
    expect(gm.isPublic(compressed)).toBe(false);
    expect(gm.isPublic(Uint8Array.of(...sm2.slice(0, 64), (sm2[64] ?? 0) ^ 1))).toBe(false);
    const last =
      fromHex('fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122') ?? new Uint8Array();
    expect(gm.derive(last)).toBeNull();
    expect(gm.derive(new Uint8Array(32))).toBeNull();
    const small = [
      '00'.repeat(32),
      `01${'00'.repeat(31)}`,
      `ec${'ff'.repeat(30)}7f`,
      `ed${'ff'.repeat(30)}7f`,
    ];
    for (const hex of small) expect(intl.isPublic(fromHex(hex) ?? new Uint8Array())).toBe(false);
    const good = intl.derive(secret) ?? new Uint8Array();
    expect(intl.isPublic(good)).toBe(true);
    expect(parsePublic(gm, prefixed('intl', good))).toBeNull();
    expect(parsePublic(intl, prefixed('intl', good).replace(/=$/, ''))).toBeNull();
    expect(parseSignature('gm', prefixed('intl', new Uint8Array(64)))).toBeNull();
  });

  it('of small order sign nothing', async () => {
    const intl = await loadSuite('intl');
    // With A of order 1 and R = identity, S = 0, the equation holds for every message.
    const identity = fromHex(`01${'00'.repeat(31)}`) ?? new Uint8Array();
    const forged = fromHex(`01${'00'.repeat(63)}`) ?? new Uint8Array();
    expect(intl.verify(identity, utf8('anything'), forged)).toBe(false);
  });

  it('of SM2 and SM3 give the results of the standards', async () => {
    const gm = await loadSuite('gm');
    expect(toHex(gm.hash(utf8('abc')))).toBe(
      '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0',
    );
    const secret =
      fromHex('3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8') ?? new Uint8Array();
    const key = toHex(gm.derive(secret) ?? new Uint8Array());
    expect(key.slice(2, 66)).toBe('09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020');
    const signature = fromHex(
      'f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3' +
        'b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa',
    );
    const publicBytes = gm.derive(secret) ?? new Uint8Array();
    expect(gm.verify(publicBytes, utf8('message digest'), signature ?? new Uint8Array())).toBe(true);
    expect(gm.verify(publicBytes, utf8('message digesT'), signature ?? new Uint8Array())).toBe(false);
  });
});
