/**
 * Puts the built console under the platform's own address, in one browser context: the origin is then the platform's,
 * which is the only one that the zone's endpoint answers. Policy and nonce are as the platform sends them.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext } from 'playwright-core';

const DIST = process.env['YUNYU_DIST'] ?? fileURLToPath(new URL('../../dist/', import.meta.url));
const PUBLIC_STYLE = fileURLToPath(new URL('../../../crates/web/src/public/style.css', import.meta.url));
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

function policy(nonce: string, zone: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "worker-src 'self'",
    `connect-src 'self' ${zone}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Answers `/console/…` of the platform from `dist`. */
export async function consoleFromDist(
  context: BrowserContext,
  platform: string,
  zone: string,
): Promise<void> {
  // A page that the test fulfils has no address of its own, so that the browser asks before it may call the local
  // machine; a page that the platform itself serves there need not ask.
  const permissions = ['local-network-access', 'clipboard-read', 'clipboard-write'];
  await context.grantPermissions(permissions, { origin: platform });
  // The pages for anyone are the platform's; their style is the repository's.
  await context.route(`${platform}/style.css`, (route) =>
    route.fulfill({ contentType: TYPES['.css'] ?? '', body: readFileSync(PUBLIC_STYLE) }),
  );
  await context.route(`${platform}/console/**`, async (route) => {
    const path = decodeURIComponent(new URL(route.request().url()).pathname).slice('/console/'.length);
    const file = join(DIST, normalize(path));
    if (file.startsWith(DIST) && existsSync(file) && statSync(file).isFile()) {
      const contentType = TYPES[extname(file)] ?? 'application/octet-stream';
      // A worker is a document of its own and lives under the policy that it is served with.
      const wasm = path.startsWith('assets/argon.worker-') ? " 'wasm-unsafe-eval'" : '';
      const headers = { 'content-security-policy': `default-src 'none'; script-src 'self'${wasm}` };
      await route.fulfill({ contentType, headers, body: readFileSync(file) });
      return;
    }
    const nonce = randomBytes(16).toString('base64');
    const body = readFileSync(join(DIST, 'index.html'), 'utf8').replace('__CSP_NONCE__', nonce);
    const headers = { 'content-security-policy': policy(nonce, zone), 'cache-control': 'no-store' };
    await route.fulfill({ contentType: 'text/html; charset=utf-8', headers, body });
  });
}
