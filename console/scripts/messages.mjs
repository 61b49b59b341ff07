/**
 * Parity of the message files: the same keys, the same placeholders, no empty text, no text in the
 * wrong language, no key that no code names and no key that code names but no file holds.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../src', import.meta.url));
const read = (name) => JSON.parse(readFileSync(join(src, 'messages', `${name}.json`), 'utf8'));
const faults = [];
// The first page's messages, and one pair for each part of the console that brings its own.
const pairs = readdirSync(join(src, 'messages'))
  .filter((name) => /^(\w+\.)?zh\.json$/.test(name))
  .map((name) => [name.replace(/\.json$/, ''), name.replace(/zh\.json$/, 'en')]);

const holes = (text) =>
  [...text.matchAll(/\{(\w+)\}/g)]
    .map((m) => m[1])
    .sort()
    .join(',');
const keys = new Set();
for (const [zhName, enName] of pairs) {
  const zh = read(zhName);
  const en = read(enName);
  for (const key of new Set([...Object.keys(zh), ...Object.keys(en)])) {
    if (keys.has(key)) faults.push(`${key}: stands in two files`);
    keys.add(key);
    if (!zh[key] || !en[key]) {
      faults.push(`${key}: missing or empty in ${zh[key] ? enName : zhName}.json`);
      continue;
    }
    if (holes(zh[key]) !== holes(en[key])) faults.push(`${key}: placeholders differ`);
    if (/\p{Script=Han}/u.test(en[key]) && !key.startsWith('bilingual.'))
      faults.push(`${key}: Chinese characters in ${enName}.json`);
  }
}

const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  .map((entry) => readFileSync(join(entry.parentPath ?? entry.path, entry.name), 'utf8'));
const code = files.join('\n');
// A key is named whole ('case.title'), by a prefix in a template (`state.${name}`), or by a kind (label('unit', code), translated(lang, 'unit', code, …)).
const prefixes = new Set([
  ...[...code.matchAll(/`([a-z][\w-]*(?:\.[\w-]+)*\.)\$\{/g)].map((m) => m[1]),
  ...[...code.matchAll(/\b(?:label|maybe)\(\s*'([\w.-]+)'/g)].map((m) => `${m[1]}.`),
  ...[...code.matchAll(/\btranslated\(\s*\w+,\s*'([\w.-]+)'/g)].map((m) => `${m[1]}.`),
]);
for (const key of keys) {
  const named = code.includes(`'${key}'`) || code.includes(`"${key}"`);
  if (!named && ![...prefixes].some((prefix) => key.startsWith(prefix)))
    faults.push(`${key}: no code names it`);
}

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
