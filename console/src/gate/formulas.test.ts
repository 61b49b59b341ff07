import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import en from '../messages/work.en.json';
import zh from '../messages/work.zh.json';
import { translated } from '../zone/texts';

const GATE = fileURLToPath(new URL('../../../crates/zone/src/gate', import.meta.url));
const KIND = 'gate.formulaOf';
const formulas = Object.entries(en).filter(([key]) => key.startsWith(`${KIND}.`));

it('every formula that is translated is one that the gate writes, word for word', () => {
  const files = readdirSync(GATE, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.rs'));
  const code = files.map((name) => readFileSync(join(GATE, name), 'utf8')).join('\n');
  expect(formulas.length).toBeGreaterThan(5);
  expect(formulas.filter(([, text]) => !code.includes(`"${text}"`))).toEqual([]);
});

it('is shown in the language of the reader; another formula stays as the gate wrote it', () => {
  for (const [key, text] of formulas) {
    const id = key.slice(KIND.length + 1);
    const own = (zh as Record<string, string>)[key];
    expect(translated('zh', KIND, id, text)).toEqual({ text: own, lang: 'zh' });
    expect(translated('en', KIND, id, text)).toEqual({ text, lang: 'en' });
    expect(translated('zh', KIND, id, `${text}!`)).toEqual({ text: `${text}!`, lang: 'en' });
  }
});
