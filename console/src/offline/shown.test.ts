/** What the page shows of files that verify: of each document whether anybody vouches for what it says, and always an answer. */

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Lang } from '../i18n/fill';
import { fromBase64, fromUtf8, utf8 } from '../trust/bytes';
import { verifyEvidence, type Packs } from '../trust/evidence/check';
import { outcomeOf, type Outcome } from '../trust/evidence/outcome';
import { loadBoth } from '../trust/suite';
import { Forge, type Wrong } from '../trust/testdata/forge';
import { packTexts } from '../trust/testdata/load';
import { beside, documentOf } from '../trust/testdata/papers';
import { trustTexts } from '../trust/texts';
import { answer, type Words } from './shown';

/** As much of an element as the page builds. */
class Element {
  readonly attributes: Record<string, string> = {};
  readonly children: (Element | string)[] = [];

  constructor(readonly name: string) {}

  setAttribute(name: string, value: string): void {
    this.attributes[name] = value;
  }

  addEventListener(): void {}

  append(...more: (Element | string)[]): void {
    this.children.push(...more);
  }

  get text(): string {
    return this.children.map((c) => (typeof c === 'string' ? c : c.text)).join('');
  }

  all(fits: (e: Element) => boolean): Element[] {
    const inner = this.children.flatMap((c) => (typeof c === 'string' ? [] : c.all(fits)));
    return fits(this) ? [this, ...inner] : inner;
  }
}

const read = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../trust/testdata/ending/${name}`, import.meta.url)));
/** Approvals are not what is tested here. */
const packs: Packs = { pinned: () => () => undefined, named: () => () => undefined };
const both = await loadBoth();
const forge = new Forge(both, read('destruction.json'), read('deployment.trust'));
const words = (lang: Lang): Words => ({ ...trustTexts(lang), lang });

beforeAll(() => void vi.stubGlobal('document', { createElement: (name: string) => new Element(name) }));

async function judged(wrong: Wrong = {}): Promise<Outcome> {
  const { evidence, trust } = forge.build(wrong);
  const report = await verifyEvidence(evidence, trust, packs);
  expect(report.fault).toBeNull();
  expect(report.trusted).toBe(true);
  return outcomeOf(report, packTexts());
}

function drawn(outcome: Outcome, lang: Lang = 'zh'): Element {
  const page = new Element('main');
  page.append(...(answer(outcome, true, words(lang)) as unknown as Element[]));
  return page;
}

/** Documents of a part of the page, by name: what its first line says beside the name. */
function part(page: Element, name: string): Record<string, string> {
  const sections = page.all((e) => e.attributes['data-documents'] === name);
  const lines = sections.flatMap((s) => s.all((e) => e.name === 'summary'));
  return Object.fromEntries(
    lines.map((l) => {
      const [own] = l.all((e) => e.name === 'code');
      return [own?.text ?? '', l.text.slice(own?.text.length).trim()];
    }),
  );
}

const verdict = (page: Element) =>
  page.all((e) => 'data-verdict' in e.attributes)[0]?.attributes['data-verdict'];
const undrawn = (page: Element) => page.all((e) => e.attributes['role'] === 'alert').length;

describe('documents', () => {
  it('stand apart by whether the verifier reads them', async () => {
    const page = drawn(await judged(), 'en');
    expect(part(page, 'held')).toEqual({ 'destruction.json': 'Certificate of destruction' });
    expect(part(page, 'bound')).toEqual({
      'documents-0.json': 'Documents handed in with a decision',
      'documents-2.json': 'Documents handed in with a decision',
      'object.json': 'What was decided on',
    });
  });

  it('do not become certificates by a name, or a type that looks like one', async () => {
    const own = forge.body.documents.find((d) => d.type === 'destruction-certificate');
    const content = (fromUtf8(fromBase64(own?.content ?? '') ?? new Uint8Array()) ?? '').replace(
      'auth-1',
      'auth-9',
    );
    expect(content).toContain('auth-9');
    const paper = (name: string, type: string | null) => documentOf(both, 'intl', { name, type, content });
    const forged = [
      paper('destruction-2.json', null),
      paper('destruction-3.json', 'destruction-certificates'),
    ];
    const outcome = await judged(beside(forged));
    const page = drawn(outcome);
    expect(Object.keys(part(page, 'held'))).toEqual(['destruction.json']);
    const unknown = words('zh').t('verify.unknownType');
    expect(part(page, 'bound')).toMatchObject({
      'destruction-2.json': words('zh').t('verify.untyped'),
      'destruction-3.json': `destruction-certificates ${unknown}`,
    });
    for (const lang of ['zh', 'en'] as const) {
      const [held, bound] = ['held', 'bound'].map((name) =>
        drawn(outcome, lang).all((e) => e.attributes['data-documents'] === name),
      );
      expect(held?.[0]?.text).toContain(words(lang).t('verify.docsHeld'));
      expect(bound?.[0]?.text).toContain(words(lang).t('verify.docsBound'));
    }
  });
});

describe('a product’s certificate', () => {
  it('is held, and what is the platform’s word in it is said', async () => {
    const told = JSON.parse(
      readFileSync(new URL('../trust/testdata/registered/intl.json', import.meta.url), 'utf8'),
    ) as { trust: string; cases: { evidence: string }[] };
    const evidence = utf8(told.cases[0]?.evidence ?? '');
    const page = drawn(outcomeOf(await verifyEvidence(evidence, utf8(told.trust), packs), packTexts()), 'zh');
    expect(part(page, 'held')).toEqual({ 'certificate.json': '登记证书' });
    const [said] = page.all((e) => e.name === 'details' && e.text.includes('certificate.json'));
    expect(said?.text).toContain(words('zh').t('verify.productCertificate'));
  });

  it('that nobody recorded is refused', async () => {
    const content = JSON.stringify({ artefact: 'a', at: 1, holder: 'h', id: 'i', number: 'n', product: 'p' });
    const forged = [documentOf(both, 'intl', { name: 'zz.json', type: 'certificate', content })];
    const { evidence, trust } = forge.build(beside(forged));
    const { fault } = await verifyEvidence(evidence, trust, packs);
    expect(fault?.what).toMatch(/^(not_named|incomplete)$/);
  });
});

describe('an order', () => {
  it('that the zone has not answered here is not shown as carried out', async () => {
    const outcome = await judged();
    const answered = drawn(outcome).text;
    expect(answered).toContain(words('zh').label('verify.outcome', 'destroyed'));
    expect(answered).not.toContain(words('zh').t('verify.unanswered'));
    const body = outcome.file?.body;
    if (!body) throw new Error('no file');
    const statements = body.statements.filter((s) => s.type !== 'report');
    const withheld = { ...outcome, file: { ...outcome.file, body: { ...body, statements } } } as Outcome;
    expect(drawn(withheld).text).toContain(words('zh').t('verify.unanswered'));
  });
});

describe('the page answers', () => {
  const FAR = Number.MAX_SAFE_INTEGER;
  const opened = (about: string): Wrong => ({
    leaf: (l) => void (l.kind === 'case_opened' && (l.refs['about'] = about)),
  });

  it.each<[string, Wrong]>([
    ['made at a time that is no date', { body: (b) => void (b.made_at = FAR) }],
    [
      'whose leaf has a time that is no date',
      { leaf: (l) => void (l.kind === 'case_opened' && (l.at = -FAR)) },
    ],
    ['with a case about “constructor”', opened('constructor')],
    ['with a case about “__proto__”', opened('__proto__')],
    [
      'with a step “constructor”',
      { leaf: (l) => void (l.kind === 'case_opened' && (l.refs['step'] = 'constructor')) },
    ],
  ])('a file %s', async (_, wrong) => {
    const outcome = await judged(wrong);
    for (const lang of ['zh', 'en'] as const) {
      const page = drawn(outcome, lang);
      expect(verdict(page)).toBe('trusted');
      expect(undrawn(page)).toBe(0);
    }
  });

  it('with the number where a time is no date', async () => {
    const page = drawn(await judged({ body: (b) => void (b.made_at = FAR) }));
    expect(page.text).toContain(String(FAR));
    expect(page.all((e) => e.name === 'time').length).toBeGreaterThan(0);
  });

  it('where a part cannot be drawn, and says which', async () => {
    const outcome = await judged();
    const body = outcome.file?.body;
    if (!body) throw new Error('no file');
    const order = { ...body.statements[0], type: 'order', body: null };
    const broken = {
      ...outcome,
      file: { ...outcome.file, body: { ...body, statements: [order] } },
    } as Outcome;
    const page = drawn(broken);
    expect(verdict(page)).toBe('trusted');
    expect(undrawn(page)).toBe(1);
    expect(Object.keys(part(page, 'held'))).toEqual(['destruction.json']);
  });
});
