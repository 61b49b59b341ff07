/**
 * Weighs the first page: the entry, everything it imports at once, and its styles, compressed with
 * gzip. More than 400 kB fails the build.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const LIMIT = 400_000;
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const html = readFileSync(join(dist, 'index.html'), 'utf8');
const first = [...html.matchAll(/(?:src|href)="\/console\/([^"]+\.(?:js|css))"/g)].map((m) => m[1]);
const seen = new Set();
const visit = (path) => {
  if (seen.has(path)) return;
  seen.add(path);
  if (!path.endsWith('.js')) return;
  const text = readFileSync(join(dist, path), 'utf8');
  for (const [, spec] of text.matchAll(/(?:from|import)\s?["'](\.[^"']+\.js)["']/g))
    visit(join(dirname(path), spec));
};
first.forEach(visit);

let gzip = 0;
let brotli = 0;
for (const path of seen) {
  const bytes = readFileSync(join(dist, path));
  gzip += gzipSync(bytes, { level: 9 }).length;
  brotli += brotliCompressSync(bytes).length;
}
const kb = (n) => `${(n / 1000).toFixed(1)} kB`;
console.log(`first page: ${seen.size} files, gzip ${kb(gzip)}, brotli ${kb(brotli)} (limit ${kb(LIMIT)})`);
if (gzip > LIMIT) process.exit(1);
