/** What the page shows of a verdict: the checks, and of a valid file its subject, story, orders and documents. */

import { dateOf } from '../i18n/date';
import type { Lang } from '../i18n/fill';
import type { Act } from '../trust/act';
import { fromBase64, fromUtf8 } from '../trust/bytes';
import type { Document, Evidence } from '../trust/evidence/file';
import { answersIn, type WorkOrder } from '../trust/evidence/order';
import type { Outcome } from '../trust/evidence/outcome';
import { STAGES, type Stage } from '../trust/evidence/stages';
import { isHeld, PRODUCT_CERTIFICATE_TYPE } from '../trust/evidence/types';
import type { Fault } from '../trust/fault';
import type { TrustTexts } from '../trust/texts';
import { leafWords, procedures, typeWords } from '../trust/words';
import { el } from './dom';

/** The words of the page and their language. */
export type Words = TrustTexts & { lang: Lang };

function time(at: number, { lang }: Words): HTMLElement {
  const date = dateOf(at);
  // A file may name any number; one that is no date is shown as it is.
  if (!date) return el('code', {}, String(at));
  // Times are those of the deployment, which is in China.
  const shown = new Intl.DateTimeFormat(lang === 'zh' ? 'zh-CN' : 'en-GB', {
    dateStyle: 'medium',
    timeStyle: 'medium',
    timeZone: 'Asia/Shanghai',
  });
  return el('time', { datetime: date.toISOString() }, shown.format(date));
}

function part(title: string, ...children: readonly (Node | string)[]): HTMLElement {
  return el('section', {}, el('h2', {}, title), ...children);
}

/** A fault: sentence, place, code. */
function faultText(fault: Fault, { t, fault: say }: Words): HTMLElement {
  const place = fault.file !== '' && [t('verify.place'), ' ', el('code', {}, fault.file), ' '];
  return el(
    'div',
    { class: 'fault' },
    el('p', {}, say(fault)),
    el('p', { class: 'faint' }, ...(place || []), t('verify.code'), ' ', el('code', {}, fault.what)),
  );
}

/** The verdict in one sentence, with what it means. */
function verdict(outcome: Outcome, words: Words): HTMLElement {
  const { valid, trusted, fault, clock, unseen } = outcome;
  const word = trusted ? 'trusted' : valid ? 'valid' : 'invalid';
  return el(
    'div',
    { class: `verdict ${word}`, role: 'status', 'data-verdict': word },
    el('h2', {}, words.t(`verify.${word}`)),
    el('p', {}, words.t(`verify.${word}Text`)),
    fault && faultText(fault, words),
    unseen.length > 0 && el('p', {}, words.t('verify.unseen', { logs: unseen.join(', ') })),
    clock === 'simulated' && el('p', { class: 'clock' }, words.t('verify.simulated')),
  );
}

/** The list of checks: what holds, what does not, what was not reached. */
function checks({ passed, fault }: Outcome, held: boolean, words: Words): HTMLElement {
  const early = fault?.file === 'trust';
  const failedAt = fault ? (early ? 'trust' : STAGES[passed.length]) : undefined;
  const state = (stage: Stage) => {
    if (stage === failedAt) return 'failed';
    return passed.includes(stage) && (stage !== 'trust' || held) ? 'passed' : 'unreached';
  };
  const one = (stage: Stage) => {
    const is = state(stage);
    const text =
      stage === 'trust' && !held ? words.t('verify.noTrust') : words.label('verify.stageText', stage);
    return el(
      'li',
      { class: is },
      el('h3', {}, words.label('verify.stage', stage), ' ', el('span', {}, words.label('verify', is))),
      el('p', { class: 'faint' }, text),
    );
  };
  return part(words.t('verify.checks'), el('ol', { class: 'checks' }, ...STAGES.map(one)));
}

/** Subject, deployment, root. */
function about(body: Evidence, words: Words): HTMLElement {
  const { t, label } = words;
  const facts: [string, Node][] = [
    [label('verify.kind', body.subject.kind), el('code', {}, body.subject.id)],
    [t('verify.deployment'), el('code', {}, body.deployment)],
    [t('verify.madeAt'), time(body.made_at, words)],
    [t('verify.suite'), el('code', {}, body.suite)],
    [t('verify.root'), el('code', {}, body.root)],
  ];
  const list = facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]);
  return part(t('verify.what'), el('dl', {}, ...list));
}

function table(heads: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  const head = el('thead', {}, el('tr', {}, ...heads.map((h) => el('th', { scope: 'col' }, h))));
  return el('div', { class: 'wide' }, el('table', {}, head, el('tbody', {}, ...rows)));
}

/** The story; what stands beside a leaf is the leaf's. */
function story(body: Evidence, { leaves, titles }: Outcome, words: Words): HTMLElement {
  const { t, lang } = words;
  const of = procedures(Object.values(leaves));
  const rows = body.story.map((step) => {
    const leaf = step.leaf === null ? undefined : leaves[step.leaf];
    return el(
      'tr',
      {},
      el('td', {}, String(step.n)),
      el('td', {}, leaf && time(leaf.at, words)),
      el('th', { scope: 'row' }, leaf ? leafWords(leaf, of, titles, words) : step[lang]),
      el('td', {}, (leaf ? leaf.article : step.article) ?? ''),
      el('td', {}, el('code', {}, leaf?.actor ?? ''), ' ', el('code', {}, leaf?.org ?? '')),
      el('td', {}, step.leaf === null ? '' : String(step.leaf)),
    );
  });
  const heads = [t('verify.n'), t('verify.time'), t('verify.words'), t('verify.article')];
  const all = table([...heads, t('verify.who'), t('verify.leaf')], rows);
  return part(t('verify.steps'), el('p', { class: 'faint' }, t('verify.stepsText')), all);
}

/** Orders and who approved them. Only of a valid file, in which every order has its shape. */
function orders(body: Evidence, { titles }: Outcome, words: Words): HTMLElement {
  const { t, label, lang } = words;
  const step = (a: Act) => titles.get(a.procedure)?.steps.get(a.step)?.[lang] ?? a.step;
  const answers = answersIn(body.statements);
  const said = (o: WorkOrder) => {
    const answer = answers.get(o.id);
    if (!answer) return [el('strong', { class: 'mark' }, t('verify.unanswered'))];
    return [label('verify.outcome', answer.outcome), ' ', time(answer.at, words)];
  };
  const all = body.statements.filter((s) => s.type === 'order').map((s) => s.body as unknown as WorkOrder);
  const rows = all
    .sort((a, b) => a.seq - b.seq)
    .map((o) => {
      const by = ({ body: a }: { body: Act }) =>
        el('li', {}, step(a), ' ', el('code', {}, a.person), ' ', el('code', {}, a.org));
      return el(
        'tr',
        {},
        el('th', { scope: 'row' }, label('verify.effect', o.effect.effect)),
        el('td', {}, time(o.issued_at, words)),
        el('td', {}, ...said(o)),
        el('td', {}, el('ul', {}, ...o.approvals.map(by))),
      );
    });
  return part(
    t('verify.orders'),
    table([t('verify.effect'), t('verify.issued'), t('verify.answer'), t('verify.approvals')], rows),
  );
}

function save(d: Document): void {
  const bytes = fromBase64(d.content) ?? new Uint8Array();
  // Never as a page: a document could hold one.
  const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type: 'application/octet-stream' }));
  el('a', { href: url, download: d.name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function document(d: Document, words: Words): HTMLElement {
  const { t } = words;
  const text = fromUtf8(fromBase64(d.content) ?? new Uint8Array()) ?? '';
  const label = t('verify.content', { name: d.name });
  const type = typeWords(d, words);
  const unknown = [el('code', {}, type.text), ' ', el('strong', { class: 'mark' }, t('verify.unknownType'))];
  return el(
    'details',
    {},
    el('summary', {}, el('code', {}, d.name), ' ', ...(type.known ? [type.text] : unknown)),
    d.type === PRODUCT_CERTIFICATE_TYPE && el('p', {}, t('verify.productCertificate')),
    el('p', { class: 'faint' }, t('verify.digest'), ' ', el('code', {}, d.digest)),
    el('pre', { tabindex: '0', role: 'region', 'aria-label': label }, text),
    el('button', { type: 'button', click: () => save(d) }, t('verify.save', { name: d.name })),
  );
}

/** Documents, each to read and to keep: those that were held against statements, and those of which only the digest was. */
function documents(body: Evidence, words: Words): HTMLElement {
  const { t } = words;
  const some = (name: string, title: string, text: string, all: readonly Document[]) =>
    all.length > 0 &&
    el(
      'section',
      { 'data-documents': name },
      el('h3', {}, title),
      el('p', { class: 'faint' }, text),
      ...all.map((d) => document(d, words)),
    );
  const held = body.documents.filter(isHeld);
  const bound = body.documents.filter((d) => !isHeld(d));
  const parts = [
    some('held', t('verify.docsHeld'), t('verify.docsHeldText'), held),
    some('bound', t('verify.docsBound'), t('verify.docsBoundText'), bound),
  ];
  return part(t('verify.docs'), ...parts.filter((p) => p !== false));
}

/** What a valid verdict does not prove. */
function unproved({ t }: Words): HTMLElement {
  const said = [t('verify.unproved1'), t('verify.unproved2'), t('verify.unproved3')];
  return part(t('verify.unproved'), el('ul', {}, ...said.map((s) => el('li', {}, s))));
}

/**
 * All that is shown of an outcome. A file that verifies was made by somebody else: whatever stands in it, the verdict is
 * shown, and of a part that cannot be drawn that it cannot.
 */
export function answer(outcome: Outcome, held: boolean, words: Words): HTMLElement[] {
  const body = outcome.valid ? outcome.file?.body : undefined;
  const parts = [() => verdict(outcome, words), () => checks(outcome, held, words)];
  if (body) {
    parts.push(
      () => about(body, words),
      () => story(body, outcome, words),
      () => orders(body, outcome, words),
      () => documents(body, words),
      () => unproved(words),
    );
  }
  return parts.map((draw) => {
    try {
      return draw();
    } catch {
      return el('p', { class: 'fault', role: 'alert' }, words.t('verify.undrawn'));
    }
  });
}
