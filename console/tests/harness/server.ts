/**
 * Serves the built console as the platform does (content-security policy, nonce, compression, every path
 * below `/console/`), and passes everything else on to the platform. Used where the platform under test was
 * built without a console, and to see that the console lives under the policy.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
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

function page(response: ServerResponse, zone: string): void {
  const nonce = randomBytes(16).toString('base64');
  const html = readFileSync(join(DIST, 'index.html'), 'utf8').replace('__CSP_NONCE__', nonce);
  response.writeHead(200, {
    'content-type': TYPES['.html'],
    'content-security-policy': policy(nonce, zone),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(html);
}

function file(path: string, asked: IncomingMessage, response: ServerResponse): void {
  const squeezed = String(asked.headers['accept-encoding'] ?? '').includes('br') && existsSync(`${path}.br`);
  const headers: Record<string, string> = {
    'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
  };
  if (squeezed) headers['content-encoding'] = 'br';
  // A worker is a document of its own and lives under the policy that it is served with.
  headers['content-security-policy'] = "default-src 'none'; script-src 'self'; connect-src 'self'";
  response.writeHead(200, headers);
  response.end(readFileSync(squeezed ? `${path}.br` : path));
}

function passOn(platform: URL, asked: IncomingMessage, response: ServerResponse): void {
  const onward = request(
    {
      // A connection of its own for every request: the platform cuts those that wait.
      agent: false,
      host: platform.hostname,
      port: platform.port,
      path: asked.url,
      method: asked.method,
      headers: asked.headers,
    },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  onward.on('error', () => response.destroy());
  asked.pipe(onward);
}

/** A running server. */
export interface Served {
  url: string;
  close: () => Promise<void>;
}

/** Serves the console before a platform. */
export async function serve(platformUrl: string, zone: string): Promise<Served> {
  const platform = new URL(platformUrl);
  const server = createServer((asked, response) => {
    const path = decodeURIComponent(new URL(asked.url ?? '/', 'http://x').pathname);
    if (!path.startsWith('/console/')) return passOn(platform, asked, response);
    const wanted = join(DIST, normalize(path.slice('/console/'.length)));
    if (wanted.startsWith(DIST) && existsSync(wanted) && statSync(wanted).isFile())
      return file(wanted, asked, response);
    page(response, zone);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
