/**
 * Writes `src/api/schema.ts` from the API document; with `--check` it fails where the committed
 * file differs from what the document says.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const out = new URL('../src/api/schema.ts', import.meta.url);
const ast = await openapiTS(new URL('../../docs/openapi.json', import.meta.url));
const text = `// Generated from docs/openapi.json by \`npm run api\`.\n${astToString(ast)}`;

if (process.argv.includes('--check')) {
  let kept = '';
  try {
    kept = readFileSync(out, 'utf8');
  } catch {
    // A missing file differs.
  }
  if (kept !== text) {
    console.error('src/api/schema.ts differs from docs/openapi.json: run `npm run api`');
    process.exit(1);
  }
} else {
  writeFileSync(out, text);
}
