/** What a page shows while it reads, when only part of it can be read, and when the platform says no. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { World } from './harness/browser';
import type { Desk } from './harness/browser';
import { idsOf } from './harness/visits';

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

async function at(name: string, ...given: Parameters<World['desk']>): Promise<Desk> {
  const desk = await world.desk(...given);
  desks.push(desk);
  await desk.signIn(name);
  return desk;
}

test.each([
  ['zh', 'light', '正在读取'],
  ['en', 'dark', 'Loading'],
] as const)('while something is read the page says so (%s, %s)', async (lang, theme, words) => {
  const desk = await at('bureau.approver', lang, theme);
  const { page } = desk;
  let answer = () => {};
  const held = new Promise<void>((go) => (answer = go));
  await page.route('**/api/v1/products', async (route) => {
    await held;
    await route.continue();
  });
  await page.locator('.side a[href$="/products"]').click();
  const busy = page.locator('main [aria-busy="true"]');
  await busy.waitFor();
  expect(await busy.innerText()).toContain(words);
  expect(await page.locator('h1').count()).toBe(1);
  expect(await desk.axe()).toEqual([]);
  await desk.shot(`loading-${lang}-${theme}-1280`);
  answer();
  await busy.waitFor({ state: 'detached' });
  await page.locator('main table').waitFor();
});

test('what cannot be read is said in its place, and read again there; the rest of the page stays', async () => {
  const desk = await at('consumer.officer', 'en');
  const { page } = desk;
  await page.route('**/usage', (route) =>
    route.fulfill({
      status: 500,
      json: { error: { code: 'internal', zh: '平台内部错误。', en: 'Internal error.' } },
    }),
  );
  await desk.open(`/orders/${id['orders']}`);
  const part = page.locator('.part').filter({ has: page.locator('.ant-alert-error') });
  expect(await part.count()).toBe(1);
  expect(await part.innerText()).toContain('What to do:');
  expect(await page.locator('main .facts').first().innerText()).toContain('Price');
  expect(await desk.axe()).toEqual([]);
  await desk.shot('partial-en-light-1280');
  await page.unroute('**/usage');
  await part.getByRole('button', { name: 'Try again' }).click();
  await page.locator('.ant-alert-error').waitFor({ state: 'detached' });
  await desk.settled();
  expect(await page.locator('.figures, main .ant-empty').count()).toBeGreaterThan(0);
});

/** A refusal as the platform words one; which step it meets does not matter here, and nothing is left behind. */
const NO = {
  code: 'guard-failed',
  rule: 'WX-16.3',
  article: '16.3',
  zh: '保密期限已过。',
  en: 'The period of confidentiality is over.',
};

test.each([
  ['zh', 'dark', NO.zh, '接下来：'],
  ['en', 'light', NO.en, 'What to do:'],
] as const)(
  'a refusal names its rule and what to do, and what was typed stays (%s, %s)',
  async (lang, theme, reason, todo) => {
    const desk = await at('bureau.approver', lang, theme);
    const { page } = desk;
    await desk.open('/cases/new?procedure=announcement');
    await page.locator('#zh').fill('不会丢失');
    await page.locator('#en').fill('Not lost');
    await page.locator('#modes input').first().check();
    await page.locator('#conditions').fill('one');
    await page.locator('#opens').fill('2026-03-01');
    await page.locator('#closes').fill('2026-12-30');
    await page.route('**/api/v1/cases', (route) => route.fulfill({ status: 422, json: { error: NO } }));
    await page.locator('form.open button[type="submit"]').click();
    const refusal = page.locator('.refusal');
    await refusal.waitFor();
    const text = await refusal.innerText();
    for (const word of [reason, todo, NO.rule, NO.code]) expect(text).toContain(word);
    expect(await page.locator('#zh').inputValue()).toBe('不会丢失');
    expect(await desk.axe()).toEqual([]);
    await desk.shot(`refused-${lang}-${theme}-1280`);
  },
);
