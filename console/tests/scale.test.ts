/** What grows, what is long, what is printed, and how soon the first page is ready. Figures are printed. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { World } from './harness/browser';
import type { Desk } from './harness/browser';
import { evidence, idsOf } from './harness/visits';

let world: World;
let id: Record<string, string>;
const desks: Desk[] = [];
beforeAll(async () => {
  world = await World.start();
  id = await idsOf(world);
});
afterAll(async () => {
  await world?.stop();
});
afterEach(() => {
  expect(desks.splice(0).flatMap((desk) => desk.faults)).toEqual([]);
});

async function seat(...given: Parameters<World['desk']>): Promise<Desk> {
  const desk = await world.desk(...given);
  desks.push(desk);
  return desk;
}

const told = (what: string, ms: number) => console.info(`${what}: ${Math.round(ms)} ms`);

test('the first page can be used within a second of being asked for', async () => {
  const desk = await seat('zh');
  const times: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    // The first of them is without a cache.
    await desk.page.goto(`${world.url}/console/login`, { waitUntil: 'commit' });
    const ready = await desk.page.waitForFunction(() => {
      const field = document.querySelector<HTMLInputElement>('input[autocomplete="username"]');
      return field && !field.disabled && field.offsetWidth > 0 ? performance.now() : 0;
    });
    times.push(await ready.jsonValue());
  }
  told('sign-in page ready, first', times[0] ?? 0);
  told('sign-in page ready, best', Math.min(...times));
  // The aim is one second; a busy machine is given three.
  expect(Math.min(...times)).toBeLessThan(3_000);
});

const TEN_THOUSAND = 10_000;

/** Ten thousand tables made of the demonstration's own: the browser has them all. */
async function manyTables(desk: Desk): Promise<void> {
  await desk.page.route('**/api/v1/resources', async (route) => {
    const answer = await route.fetch();
    const { resources } = (await answer.json()) as { resources: Record<string, unknown>[] };
    const more = Array.from({ length: TEN_THOUSAND }, (_, i) => ({
      ...resources[i % resources.length],
      id: `res_${i.toString(16).padStart(20, '0')}`,
      table: `table_${i.toString().padStart(5, '0')}`,
    }));
    await route.fulfill({ response: answer, json: { resources: more } });
  });
}

test('ten thousand rows are listed, searched and sorted', async () => {
  const desk = await seat('zh');
  const { page } = desk;
  await desk.signIn('bureau.approver');
  await manyTables(desk);
  const rows = page.locator('tbody tr[data-row-key]');
  let since = Date.now();
  await desk.open('/catalogue');
  await rows.first().waitFor();
  told('10,000 rows shown', Date.now() - since);
  expect(Date.now() - since).toBeLessThan(15_000);
  expect(await page.locator('main').innerText()).toContain('10000');

  since = Date.now();
  await page.locator('.filters input').first().fill('table_08191');
  await expect.poll(() => rows.count()).toBe(1);
  told('one of 10,000 found', Date.now() - since);
  expect(Date.now() - since).toBeLessThan(5_000);

  await page.locator('.filters input').first().fill('');
  await expect.poll(() => rows.count()).toBeGreaterThan(1);
  since = Date.now();
  await page.locator('th.ant-table-column-has-sorters').first().click();
  await page.locator('th[aria-sort]').waitFor();
  told('10,000 sorted', Date.now() - since);
  expect(Date.now() - since).toBeLessThan(5_000);
  // What is drawn is a page of them, never all.
  expect(await rows.count()).toBeLessThanOrEqual(100);
});

/** A platform with ten thousand cases, made of the demonstration's own: it answers a page at a time, and keeps what it was asked. */
async function manyCases(desk: Desk): Promise<URLSearchParams[]> {
  const asked: URLSearchParams[] = [];
  await desk.page.route(/\/api\/v1\/cases\?/, async (route) => {
    const url = new URL(route.request().url());
    const ask = url.searchParams;
    asked.push(ask);
    const answer = await route.fetch({ url: `${url.origin}${url.pathname}?summary=true` });
    const { cases } = (await answer.json()) as { cases: Record<string, unknown>[] };
    const all = Array.from({ length: TEN_THOUSAND }, (_, i) => ({
      ...cases[i % cases.length],
      id: `case_${i.toString(16).padStart(20, '0')}`,
      title: { zh: `事项 ${i}`, en: `case ${i}` },
    }));
    const text = ask.get('text');
    const found = all.filter((c) => !text || `${c.title.zh} ${c.id}`.includes(text));
    const skip = Number(ask.get('skip') ?? 0);
    const page = found.slice(skip, skip + Number(ask.get('limit') ?? found.length));
    await route.fulfill({ response: answer, json: { cases: page, total: found.length } });
  });
  return asked;
}

test('of ten thousand cases the platform gives a page: turned, searched, sorted, and come back to', async () => {
  const desk = await seat('zh');
  const { page } = desk;
  await desk.signIn('bureau.approver');
  const asked = await manyCases(desk);
  const first = page.locator('tbody tr[data-row-key] a').first();
  await desk.open('/cases');
  expect(await page.locator('.filters [role="status"]').innerText()).toContain('10000');
  expect(await page.locator('tbody tr[data-row-key]').count()).toBe(20);
  await page.locator('.ant-pagination-item-2').click();
  await expect.poll(() => first.innerText()).toBe('事项 20');
  // Letter by letter: the field keeps the focus although each letter goes into the address.
  await page.locator('.filters input').first().pressSequentially('事项 9999');
  await expect.poll(() => first.innerText()).toBe('事项 9999');
  await desk.settled();
  expect(await page.locator('tbody tr[data-row-key]').count()).toBe(1);
  // What is asked for stands in the address: back from a case, the list is as it was.
  await first.click();
  await page.waitForURL(/\/cases\/case_/);
  await page.goBack();
  await expect.poll(() => first.innerText()).toBe('事项 9999');
  expect(await page.locator('.filters input').first().inputValue()).toBe('事项 9999');
  await page.locator('.filters input').first().fill('');
  await page.locator('th.ant-table-column-has-sorters').first().click();
  await expect.poll(() => asked.at(-1)?.get('order')).toBe('oldest');
  await desk.settled();
  expect(asked.every((ask) => Number(ask.get('limit')) === 20)).toBe(true);
  expect(await desk.axe()).toEqual([]);
});

const LONG = '示例市公共数据资源授权运营与社会保险参保缴费统计分析联合服务中心'.repeat(4);

/** Every organisation and product has a very long name. */
async function long(desk: Desk): Promise<void> {
  const renamed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(renamed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        name,
        name === 'zh' && typeof one === 'string' ? LONG : renamed(one),
      ]),
    );
  };
  await desk.page.route(/\/api\/v1\/(organisations|products|scenarios|me)/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: renamed(await answer.json()) });
  });
}

test('very long Chinese names neither widen a page nor hide what stands beside them', async () => {
  const desk = await seat('zh');
  await desk.signIn('bureau.approver');
  await long(desk);
  const pages = [
    '/',
    '/cases',
    `/cases/${id['case.authorisation']}`,
    `/products/${id['products']}`,
    `/authorisations/${id['authorisations']}`,
    '/products',
    '/orders',
    '/organisations',
    `/grants/${id['grants']}`,
  ];
  const wide: string[] = [];
  for (const [n, path] of pages.entries()) {
    await desk.open(path);
    await desk.shot(`long-${n}-zh-light-1280`);
    const over = await desk.page.evaluate(() => {
      const root = document.documentElement;
      // Text that is cut although it could have been broken.
      const cut = [...document.querySelectorAll('main h1, main dd, main td')].filter(
        (e) =>
          !e.querySelector('.clamp') &&
          e.scrollWidth > e.clientWidth + 2 &&
          getComputedStyle(e).overflowX !== 'visible',
      );
      return [root.scrollWidth - root.clientWidth, cut.length];
    });
    if (over.some((n) => n > 0)) wide.push(`${path}: ${over.join(' ')}`);
  }
  expect(wide).toEqual([]);
});

/** What is not dark on white, as it should be on paper. */
async function pale(desk: Desk): Promise<string[]> {
  return desk.page.evaluate(() => {
    const light = (colour: string) =>
      (colour.match(/[\d.]+/g) ?? []).slice(0, 3).reduce((sum, n) => sum + Number(n), 0) / 3;
    return [...document.querySelectorAll('main h1, main p, main dt, main dd, main td, main th')]
      .filter((e) => (e as HTMLElement).offsetWidth > 0)
      .map((e) => ({ e, colour: getComputedStyle(e).color }))
      .filter(({ colour }) => light(colour) >= 140)
      .map(({ e, colour }) => `${e.tagName} ${colour} ${(e.textContent ?? '').slice(0, 20)}`);
  });
}

/** On paper: nothing but the page itself, dark on white, also for somebody who works in the dark. */
async function print(desk: Desk, shot: string): Promise<void> {
  await desk.page.emulateMedia({ media: 'print' });
  await expect.poll(() => pale(desk)).toEqual([]);
  for (const gone of await desk.page.locator('header.top, .side, body > header, button, form').all())
    expect(await gone.isVisible()).toBe(false);
  expect(await desk.page.locator('h1').isVisible()).toBe(true);
  await desk.shot(`${shot}-print`);
  await desk.page.pdf({ path: join(desk.shots, `${shot}.pdf`), format: 'A4' });
  await desk.page.emulateMedia({ media: 'screen' });
}

test.each(['light', 'dark'] as const)(
  'case, certificate and verified evidence are printed (%s)',
  async (theme) => {
    const desk = await seat('zh', theme);
    await desk.signIn('bureau.approver');
    await desk.open(`/cases/${id['case.authorisation']}`);
    await print(desk, `case-zh-${theme}`);
    await desk.open('/verify');
    await evidence(world)(desk);
    await print(desk, `verify-zh-${theme}`);
    await desk.page.goto(`${world.url}/certificates/${id['certificate']}`);
    await print(desk, `certificate-zh-${theme}`);
  },
  120_000,
);

test('on a narrow screen no page scrolls sideways', async () => {
  const desk = await seat('en');
  await desk.signIn('provider1.officer');
  await desk.page.setViewportSize({ width: 375, height: 800 });
  const pages = [
    '/',
    '/cases',
    `/cases/${id['case.catalogue']}`,
    '/catalogue',
    `/catalogue/${id['own-resource']}`,
    `/catalogue/${id['own-resource']}/change`,
    '/intake',
    '/rules',
  ];
  const wide: string[] = [];
  for (const path of pages) {
    await desk.open(path);
    const over = await desk.page.evaluate(() => {
      const root = document.documentElement;
      return root.scrollWidth - root.clientWidth;
    });
    if (over > 0) wide.push(`${path}: ${over}`);
  }
  expect(wide).toEqual([]);
});
