/**
 * The verify page as one file that a regulator opens from a USB stick, without a network and without this platform. It is
 * built by `vite.offline.config.ts` with everything inside it, under a policy that allows no request at all.
 *
 * Verification runs in the page itself: a page opened from a file may start no worker of its own.
 */

import type { Lang } from '../i18n/fill';
import { verifyEvidence } from '../trust/evidence/check';
import { outcomeOf, type Outcome } from '../trust/evidence/outcome';
import { packsOf, packVersions } from '../trust/evidence/pack';
import { SHIPPED } from '../trust/evidence/shipped';
import { trustTexts, type TrustKey } from '../trust/texts';
import { el } from './dom';
import { answer, type Words } from './shown';

interface Chosen {
  readonly name: string;
  readonly bytes: Uint8Array;
}

type Which = 'evidence' | 'trust';
type Result = 'running' | 'broken' | { outcome: Outcome; held: boolean } | null;

const packs = packsOf(SHIPPED);
let lang: Lang = navigator.language.startsWith('zh') ? 'zh' : 'en';
const chosen: Record<Which, Chosen | null> = { evidence: null, trust: null };
let result: Result = null;
/** Counts what was chosen: an answer to an earlier choice is of no interest any more. */
let turn = 0;

async function take(which: Which, file: File | undefined): Promise<void> {
  if (!file) return;
  chosen[which] = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
  await run();
}

async function run(): Promise<void> {
  const own = ++turn;
  const [evidence, trust] = [chosen.evidence?.bytes, chosen.trust?.bytes ?? null];
  result = evidence ? 'running' : null;
  draw();
  if (!evidence) return;
  // Lets the page be drawn before the work begins.
  await new Promise((drawn) => setTimeout(drawn, 50));
  let found: Result;
  try {
    const report = await verifyEvidence(evidence, trust, packs);
    found = { outcome: outcomeOf(report, SHIPPED), held: trust !== null };
  } catch {
    found = 'broken';
  }
  if (own !== turn) return;
  result = found;
  draw();
}

const HELP: Readonly<Record<Which, TrustKey>> = {
  evidence: 'verify.evidenceHelp',
  trust: 'verify.trustHelp',
};
const NAME: Readonly<Record<Which, TrustKey>> = { evidence: 'verify.evidence', trust: 'verify.trust' };

function place(which: Which, words: Words): HTMLElement {
  const { t } = words;
  const file = chosen[which];
  const input = el('input', {
    type: 'file',
    id: which,
    'aria-describedby': `${which}-help`,
    change: (event) => void take(which, (event.target as HTMLInputElement).files?.[0]),
  });
  const out = el(
    'section',
    { class: 'drop', 'data-drop': which },
    el('h2', {}, el('label', { for: which }, t(NAME[which]))),
    el('p', { class: 'faint', id: `${which}-help` }, t(HELP[which])),
    input,
    el('p', { class: 'faint' }, t('verify.drop')),
    el(
      'p',
      { class: 'chosen' },
      file
        ? t('verify.chosen', { name: file.name, n: file.bytes.length.toLocaleString(lang) })
        : t('verify.none'),
    ),
  );
  out.addEventListener('dragover', (event) => event.preventDefault());
  out.addEventListener('drop', (event) => {
    event.preventDefault();
    void take(which, event.dataTransfer?.files[0]);
  });
  return out;
}

function shown(words: Words): HTMLElement[] {
  if (result === null) return [];
  if (typeof result === 'string') return [el('p', { role: 'status' }, words.t(`verify.${result}`))];
  return answer(result.outcome, result.held, words);
}

function draw(): void {
  const words: Words = { ...trustTexts(lang), lang };
  const { t } = words;
  document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';
  document.title = t('verify.title');
  const turnLang = () => {
    lang = lang === 'zh' ? 'en' : 'zh';
    draw();
    document.querySelector<HTMLElement>('header button')?.focus();
  };
  const print = typeof result === 'object' && result !== null;
  document.body.replaceChildren(
    el(
      'header',
      {},
      el('h1', {}, t('verify.title')),
      el('button', { type: 'button', click: turnLang }, t('bilingual.offline')),
      print && el('button', { type: 'button', click: () => window.print() }, t('verify.print')),
    ),
    el(
      'main',
      {},
      el('p', {}, t('verify.intro')),
      el('p', { class: 'faint' }, t('verify.offline'), ' ', t('verify.source')),
      el('div', { class: 'beside' }, place('evidence', words), place('trust', words)),
      ...shown(words),
    ),
    el('footer', { class: 'faint' }, t('verify.packs', { packs: packVersions(SHIPPED).join(', ') })),
  );
}

// A file dropped beside its place must not take the page away.
for (const name of ['dragover', 'drop']) addEventListener(name, (event) => event.preventDefault());
draw();
