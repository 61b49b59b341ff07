/** The verify page as one file: opened from the disk, without a network and without a platform. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

const PAGE = fileURLToPath(new URL('../dist/verify.html', import.meta.url));
const testdata = (path: string) => fileURLToPath(new URL(`../src/trust/testdata/${path}`, import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;
let folder: string;
const asked: string[] = [];

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  folder = mkdtempSync(join(tmpdir(), 'offline-'));
  // Somebody's USB stick: the page lies somewhere else than it was built.
  writeFileSync(join(folder, 'verify.html'), readFileSync(PAGE));
  for (const suite of ['gm', 'intl']) {
    const evidence = gunzipSync(readFileSync(testdata(`${suite}/evidence.json.gz`)));
    writeFileSync(join(folder, `${suite}.evidence.json`), evidence);
    const forged = evidence.toString().replace('"decision":"approve"', '"decision":"reject"');
    writeFileSync(join(folder, `${suite}.forged.json`), forged);
  }
});

afterAll(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true });
});

async function opened(locale: string): Promise<Page> {
  const context = await browser.newContext({ offline: true, locale });
  const page = await context.newPage();
  page.on('request', (request) => asked.push(request.url()));
  page.on('pageerror', (error) => asked.push(`error: ${error.message}`));
  page.on('console', (message) => message.type() === 'error' && asked.push(message.text()));
  await page.goto(pathToFileURL(join(folder, 'verify.html')).href);
  return page;
}

async function verdict(page: Page): Promise<string | null> {
  const shown = page.locator('[data-verdict]');
  await shown.waitFor({ timeout: 120_000 });
  return shown.getAttribute('data-verdict');
}

test.each(['gm', 'intl'])(
  'evidence of %s is judged from a file, and nothing is asked of anybody',
  async (suite) => {
    const page = await opened('en-GB');
    await page.setInputFiles('#evidence', join(folder, `${suite}.evidence.json`));
    expect(await verdict(page)).toBe('valid');
    const rows = page.locator('tbody tr');
    expect(await rows.count()).toBeGreaterThan(50);
    expect(await page.locator('details').count()).toBeGreaterThan(40);
    await page.addScriptTag({ content: '' }).then(
      () => expect.unreachable('the policy let another script in'),
      () => undefined,
    );
    await page.setInputFiles('#trust', testdata(`${suite === 'gm' ? 'intl' : 'gm'}/deployment.trust`));
    expect(await verdict(page)).toBe('invalid');
    await page.setInputFiles('#evidence', join(folder, `${suite}.forged.json`));
    expect(await verdict(page)).toBe('invalid');
    await page.context().close();
    const others = asked.filter(
      (url) => !url.startsWith('file://') && !url.includes('Content Security Policy'),
    );
    expect(others).toEqual([]);
  },
);

test('evidence of the platform under test stands on its trust file', async () => {
  const data = process.env['YUNYU_DATA'] ?? '';
  const file = readdirSync(data).find((name) => name.endsWith('.evidence.json')) ?? '';
  const page = await opened('en-GB');
  await page.setInputFiles('#trust', join(data, 'trust.json'));
  await page.setInputFiles('#evidence', join(data, file));
  expect(await verdict(page)).toBe('trusted');
  await page.context().close();
});

test('the page reads in both languages and has no fault that axe finds', async () => {
  const page = await opened('zh-CN');
  expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
  await page.setInputFiles('#evidence', join(folder, 'intl.evidence.json'));
  await verdict(page);
  for (const lang of ['zh-CN', 'en']) {
    expect(await page.locator('html').getAttribute('lang')).toBe(lang);
    // Runs outside of the page's policy, as a tool of the browser.
    const found = await page.evaluate(`${AXE}; axe.run().then((r) => r.violations.map((v) => v.id))`);
    expect(found).toEqual([]);
    await page.locator('header button').first().click();
  }
  await page.context().close();
});

test('without a network the page can ask for nothing', async () => {
  const page = await opened('en-GB');
  const failed = await page.evaluate(`(async () => {
    const tries = [fetch('https://example.org/'), fetch('data:text/plain,x'), import('data:text/javascript,1')];
    return (await Promise.allSettled(tries)).map((t) => t.status);
  })()`);
  expect(failed).toEqual(['rejected', 'rejected', 'rejected']);
  await page.context().close();
});
