/**
 * The gate report before reviewers: read from the zone under their own key, its digest computed in the browser and
 * compared with the one in the case; another report is told loudly.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { World } from './harness/browser';
import type { Desk } from './harness/browser';
import { Clerk } from './harness/clerk';
import { tabTo, unlock } from './harness/zone';

const SQL = `SELECT v.icd_chapter, COUNT(DISTINCT v.citizen_id) AS persons, AVG(v.total_fee) AS mean_fee
FROM visits v GROUP BY v.icd_chapter`;
let world: World;
let job = '';
let release = '';
const desks: Desk[] = [];

interface JobView {
  state: string;
  result: { refusal: unknown } | null;
}

beforeAll(async () => {
  world = await World.start();
  const engineer = await Clerk.of(world, 'operator.engineer');
  const { grants } = await engineer.get<{ grants: { id: string; state: string }[] }>('/grants');
  const grant = grants.find((g) => g.state === 'open')?.id;
  const opened = await engineer.open('job', { grant, sql: SQL });
  job = (await engineer.get<{ object: { job: string } }>(`/cases/${opened}`)).object.job;
  await engineer.must(opened, 'submit');
  await (await Clerk.of(world, 'bureau.approver')).must(opened, 'review');
  for (let i = 0; i < 120; i += 1) {
    const found = await engineer.get<JobView>(`/jobs/${job}`);
    if (found.state === 'done') break;
    if (found.state === 'failed') throw new Error(JSON.stringify(found.result?.refusal));
    await new Promise((done) => setTimeout(done, 500));
  }
  release = await engineer.open('release', { job });
  await engineer.must(release, 'check');
});
afterAll(async () => {
  await world?.stop();
});
afterEach(() => {
  const faults = desks.splice(0).flatMap((desk) => desk.faults);
  expect(faults).toEqual([]);
});

async function reviewer(name: string, ...given: Parameters<World['desk']>): Promise<Desk> {
  const desk = await world.desk(...given);
  desks.push(desk);
  await desk.signIn(name);
  await desk.takeKey(name);
  return desk;
}

test('a reviewer reads the report under their own key and votes by the keyboard', async () => {
  const name = 'experts.approver';
  const desk = await reviewer(name, 'en');
  const { page } = desk;
  await desk.open(`/reviews/${release}`);
  await tabTo(desk, page.locator('.unlock input[type="password"]'));
  await page.keyboard.type(world.account(name).password);
  await page.keyboard.press('Enter');
  await page.getByText('The report has the digest that this case names').waitFor();
  expect(await page.locator('.check').count()).toBeGreaterThanOrEqual(3);
  // Everything that is decided on has a name, and what is not for the reviewer is no link.
  expect(await page.locator('main').innerText()).not.toMatch(/\b(gra|job|scn|prod|case)_[0-9a-f]{4}/);
  for (const link of await page.locator('main .part a').all())
    expect(await link.getAttribute('href')).not.toMatch(/\/(grants|products|cases)\//);
  // Every plot stands beside a table; every check names its formula.
  const plots = page.locator('.check .chart');
  await plots.first().waitFor();
  for (const plot of await plots.all())
    expect(await plot.locator('xpath=ancestor::section[1]//table').count()).toBeGreaterThan(0);
  expect(await page.locator('.check code[lang="en"]').count()).toBe(await page.locator('.check').count());
  await page.getByText('Digests compared').click();
  expect(await page.getByText('Equal').count()).toBe(4);
  expect(await desk.axe()).toEqual([]);
  await desk.shot('review-gate-en-light-1280');

  await tabTo(desk, page.locator('main .part button.ant-btn-primary').first());
  await page.keyboard.press('Enter');
  const dialog = page.locator('.ant-modal');
  await dialog.locator('textarea').first().waitFor();
  for (const area of await dialog.locator('textarea').all()) {
    await tabTo(desk, area);
    await page.keyboard.type('read and found in order');
  }
  await tabTo(desk, dialog.locator('button[type="submit"]'));
  await page.keyboard.press('Enter');
  await dialog.locator('.statement').waitFor();
  // The key is open already: nothing to type, the statement is signed as shown.
  await tabTo(desk, dialog.locator('button[type="submit"]'));
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'hidden' });
  await desk.settled();
  const clerk = await Clerk.of(world, name);
  const { history } = await clerk.get<{ history: { step: string }[] }>(`/cases/${release}`);
  expect(history.some((done) => done.step === 'vote')).toBe(true);
});

test('a report that is not the one of the case is told loudly, in both languages and themes', async () => {
  for (const [lang, theme, words] of [
    ['zh', 'dark', '摘要不一致'],
    ['en', 'light', 'The digests differ'],
  ] as const) {
    const desk = await reviewer('cyber.approver', lang, theme);
    const { page } = desk;
    await page.route(`${world.zone}/data/v1/jobs/${job}/report`, async (route) => {
      if (route.request().method() === 'OPTIONS') return route.continue();
      const answer = await route.fetch();
      const report = (await answer.json()) as { rows: number };
      return route.fulfill({ response: answer, json: { ...report, rows: report.rows + 1 } });
    });
    await desk.open(`/reviews/${release}`);
    await unlock(desk, world, 'cyber.approver');
    const alert = page.locator('.loud[role="alert"]');
    await alert.waitFor();
    expect(await alert.innerText()).toContain(words);
    expect(await page.locator('tr.wrong').count()).toBe(2);
    // Said beside the vote, too.
    expect(await page.locator('main .part .ant-alert-error').count()).toBe(2);
    expect(await desk.axe()).toEqual([]);
    await desk.shot(`review-differs-${lang}-${theme}-1280`);
  }
});

test('on a page of its own; without a key it says what opens it', async () => {
  const desk = await world.desk('zh', 'light', 1920);
  desks.push(desk);
  await desk.signIn('bureau.approver');
  await desk.open(`/gate/${job}`);
  await desk.page.locator('main a[href$="/key"]').waitFor();
  expect(await desk.axe()).toEqual([]);
});
