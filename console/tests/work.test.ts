/** Work at a desk: signing, blind votes in two sessions, a session that ends, a line that is cut, the keyboard alone. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { World } from './harness/browser';
import type { Desk } from './harness/browser';
import { Clerk } from './harness/clerk';
import { releaseForVote } from './harness/release';

let world: World;
const desks: Desk[] = [];
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world?.stop();
});
afterEach(() => {
  const faults = desks.splice(0).flatMap((desk) => desk.faults);
  expect(faults).toEqual([]);
});

async function at(name: string, ...given: Parameters<World['desk']>): Promise<Desk> {
  const desk = await world.desk(...given);
  desks.push(desk);
  await desk.signIn(name);
  return desk;
}

/** Opens an announcement by the form; answers the case's path. */
async function announce(desk: Desk, title: string): Promise<string> {
  const { page } = desk;
  await desk.open('/cases/new?procedure=announcement');
  await page.locator('#zh').fill(title);
  await page.locator('#en').fill('Test announcement');
  await page.locator('#modes input').first().check();
  await page.locator('#conditions').fill('one\ntwo');
  await page.locator('#opens').fill('2026-03-01');
  await page.locator('#closes').fill('2026-12-30');
  await page.locator('form.open button[type="submit"]').click();
  await page.waitForURL(/\/cases\/case_/);
  await desk.settled();
  return new URL(page.url()).pathname.replace('/console', '');
}

/** Fills every text field of the dialog's first stage and goes on to what is signed. */
async function fill(desk: Desk): Promise<void> {
  const dialog = desk.page.locator('.ant-modal');
  for (const area of await dialog.locator('textarea').all()) await area.fill('test');
  await dialog.locator('button[type="submit"]').click();
  await dialog.locator('.statement').waitFor();
}

async function sign(desk: Desk, name: string): Promise<void> {
  const dialog = desk.page.locator('.ant-modal');
  await dialog.locator('input[type="password"]').fill(world.account(name).password);
  await dialog.locator('button[type="submit"]').click();
  await dialog.waitFor({ state: 'hidden' });
  await desk.settled();
}

test('a step is shown, signed in the browser and taken; its signature holds', async () => {
  const desk = await at('bureau.approver', 'en');
  await desk.takeKey('bureau.approver');
  await announce(desk, '测试通告');
  await desk.page.locator('.timeline .now button').first().click();
  await fill(desk);
  await desk.page.getByText('Same as the object on this page').waitFor();
  expect(await desk.axe()).toEqual([]);
  await desk.shot('act-sign-en-light-1280');
  await desk.page.locator('.statement .ant-collapse-header').last().click();
  expect(await desk.page.locator('.statement pre').last().innerText()).toMatch(/^yunyu\/act\/v1\n\{"at":/);
  // A wrong passphrase opens nothing and signs nothing.
  await desk.page.locator('.ant-modal input[type="password"]').fill('not the passphrase');
  await desk.page.locator('.ant-modal button[type="submit"]').click();
  await desk.page.locator('.ant-modal [role="alert"]').waitFor();
  await sign(desk, 'bureau.approver');
  await desk.page.locator('.timeline .past .good').waitFor();
  expect(await desk.page.locator('.timeline .past').count()).toBe(1);
});

test('what is signed is what was shown: a changed draft is not signed', async () => {
  const desk = await at('bureau.approver', 'en');
  await desk.takeKey('bureau.approver');
  await announce(desk, '测试通告二');
  await desk.page.route('**/act-draft', async (route) => {
    const answer = await route.fetch();
    const draft = (await answer.json()) as Record<string, unknown>;
    await route.fulfill({ response: answer, json: { ...draft, object: `sm3:${'ab'.repeat(32)}` } });
  });
  let sent = 0;
  desk.page.on('request', (request) => {
    if (request.url().endsWith('/acts') && request.method() === 'POST') sent += 1;
  });
  await desk.page.locator('.timeline .now button').first().click();
  await fill(desk);
  await desk.page
    .locator('.ant-modal input[type="password"]')
    .fill(world.account('bureau.approver').password);
  await desk.page.locator('.ant-modal button[type="submit"]').click();
  await desk.page.getByText('Not signed').waitFor();
  expect(sent).toBe(0);
});

test('a session that ends asks for the password over the page and goes on with what was typed', async () => {
  const desk = await at('bureau.approver', 'en');
  const { page } = desk;
  await desk.open('/cases/new?procedure=announcement');
  await page.locator('#zh').fill('不会丢失');
  await page.locator('#en').fill('Not lost');
  await page.locator('#modes input').first().check();
  await page.locator('#conditions').fill('one');
  await page.locator('#opens').fill('2026-03-01');
  await page.locator('#closes').fill('2026-12-30');
  const token = await page.evaluate(
    () => JSON.parse(sessionStorage.getItem('yunyu.session') ?? '{}').token as string,
  );
  await fetch(`${world.url}/api/v1/sessions`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${token}` },
  });
  await page.locator('form.open button[type="submit"]').click();
  await page.getByText('The session has ended').waitFor();
  expect(await page.locator('#zh').inputValue()).toBe('不会丢失');
  expect(await desk.axe()).toEqual([]);
  await desk.shot('relogin-en-light-1280');
  await page
    .locator('.ant-modal input[autocomplete="current-password"]')
    .fill(world.account('bureau.approver').password);
  await page.locator('.ant-modal button[type="submit"]').click();
  await page.waitForURL(/\/cases\/case_/);
  await page.getByRole('heading', { level: 1, name: 'Not lost' }).waitFor();
});

test('a line that is cut is said and mended by itself; what was typed stays', async () => {
  const desk = await at('bureau.approver', 'en');
  const { page } = desk;
  await desk.open('/cases/new?procedure=announcement');
  await page.locator('#zh').fill('断线');
  await page.route('**/api/**', (route) => route.abort('connectionrefused'));
  await page.locator('.side a[href$="/organisations"]').click();
  await page.getByText('The platform does not answer').first().waitFor();
  await desk.shot('offline-en-light-1280');
  await page.unroute('**/api/**');
  await page.getByText('The platform does not answer').first().waitFor({ state: 'hidden' });
  await page.locator('table').first().waitFor();
  await desk.open('/cases/new?procedure=announcement');
  expect(await page.locator('#zh').inputValue()).toBe('断线');
  desk.faults.splice(
    0,
    desk.faults.length,
    ...desk.faults.filter((f) => !f.includes('ERR_CONNECTION_REFUSED')),
  );
});

test('the palette finds pages and objects with the keyboard alone', async () => {
  const desk = await at('bureau.approver', 'zh');
  const { page } = desk;
  await page.keyboard.press('Control+k');
  await page.locator('[role="combobox"]').waitFor();
  await page.keyboard.type('citizens');
  await page.locator('[role="option"][aria-selected="true"]').first().waitFor();
  await desk.shot('palette-zh-light-1280');
  expect(await desk.axe()).toEqual([]);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/catalogue\/res_/);
  await desk.settled();
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
});

test('help and glossary are in place and clean', async () => {
  const desk = await at('operator.approver', 'zh', 'dark');
  await desk.page.locator('[data-testid="help"]').click();
  await desk.page.locator('.ant-drawer .ant-tabs-tab').nth(1).click();
  await desk.page.locator('.ant-drawer .terms dt').first().waitFor();
  expect(await desk.axe()).toEqual([]);
  await desk.shot('help-zh-dark-1280');
});

/** All that the API tells a reviewer about a release, its time of drafting left out. */
async function whatIsKnown(clerk: Clerk, release: string): Promise<unknown[]> {
  const lists = ['', '&inbox=true', '&blind=true', '&order=newest', '&order=oldest', '&order=due'];
  const draft = await clerk.ask('POST', `/cases/${release}/act-draft`, {
    step: 'vote',
    decision: 'approve',
    documents: {},
  });
  return [
    await clerk.get(`/cases/${release}`),
    await clerk.get(`/cases/${release}/acts`),
    ...(await Promise.all(lists.map((ask) => clerk.get(`/cases?summary=true${ask}`)))),
    { ...draft.body, at: 0 },
  ];
}

test('blind votes: two sessions see nothing of each other, and the author has no vote', async () => {
  const release = await releaseForVote(world);
  const expert = await at('experts.approver', 'en');
  const bureau = await at('bureau.approver', 'zh');
  const clerk = await Clerk.of(world, 'bureau.approver');
  const known = await whatIsKnown(clerk, release);
  await bureau.open('/reviews');
  const listed = await bureau.page.locator('main').innerText();
  await expert.takeKey('experts.approver');
  await expert.open(`/reviews/${release}`);
  await expert.shot('review-en-light-1280');
  expect(await expert.axe()).toEqual([]);
  await expert.page.locator('.part button.ant-btn-primary').first().click();
  await fill(expert);
  await sign(expert, 'experts.approver');
  await expert.page.getByText('Your vote is in').waitFor();
  await expert.open('/reviews');
  const own = expert.page.locator(`tr:has(a[href$="/reviews/${release}"])`);
  await own.getByText('In', { exact: true }).waitFor();

  // The other reviewer: by page, by API, and by the list: nothing has changed.
  expect(await whatIsKnown(clerk, release)).toEqual(known);
  await bureau.open('/reviews');
  expect(await bureau.page.locator('main').innerText()).toBe(listed);
  await bureau.open(`/reviews/${release}`);
  expect(await bureau.page.locator('.part button.ant-btn-primary').count()).toBe(1);
  await bureau.open(`/cases/${release}`);
  expect(await bureau.page.locator('.timeline .past').count()).toBe(1);
  const seen = await clerk.get<{ history: { step: string }[] }>(`/cases/${release}`);
  expect(seen.history.map((d) => d.step)).toEqual(['check']);
  const acts = await clerk.get<{ acts: { act: { body: { step: string } } }[] }>(`/cases/${release}/acts`);
  expect(acts.acts.map((a) => a.act.body.step)).toEqual(['check']);

  // The author's organisation: no button, and the API refuses.
  const author = await at('operator.engineer', 'en');
  await author.open(`/reviews/${release}`);
  expect(await author.page.locator('.part button.ant-btn-primary').count()).toBe(0);
  const refused = await (await Clerk.of(world, 'operator.engineer')).act(release, 'vote');
  expect(refused.status).toBe(422);

  // Once the last vote is in, both are shown.
  await clerk.must(release, 'vote');
  await bureau.open(`/cases/${release}`);
  expect(await bureau.page.locator('.timeline .past').count()).toBe(3);
});
