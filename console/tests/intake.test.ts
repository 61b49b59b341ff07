/**
 * Supplying data: an officer catalogues a table and uploads its records, by the keyboard alone; an upload is stopped,
 * sent again, and survives a reload; what goes wrong is said.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { World } from './harness/browser';
import type { Desk } from './harness/browser';
import { Clerk } from './harness/clerk';
import { tabTo, unlock } from './harness/zone';

const OFFICER = 'provider1.officer';
const TABLE = `fees_${Date.now().toString(36)}`;
let world: World;
let resource = '';
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

async function at(...given: Parameters<World['desk']>): Promise<Desk> {
  const desk = await world.desk(...given);
  desks.push(desk);
  await desk.signIn(OFFICER);
  await desk.takeKey(OFFICER);
  return desk;
}

/** A file of the table: `rows` good rows and one with a cell too few. */
function csv(rows: number, header = 'visit_no,district,visit_day,fee'): Buffer {
  const lines = [header];
  for (let n = 0; n < rows; n += 1)
    lines.push(`V${n},${['320211', '320213', '320214'][n % 3] ?? ''},2026-03-0${(n % 9) + 1},${n % 500}.50`);
  lines.push('V-broken,320211');
  return Buffer.from(`${lines.join('\n')}\n`);
}
const file = (buffer: Buffer, name = `${TABLE}.csv`) => ({ name, mimeType: 'text/csv', buffer });

test('by the keyboard alone: look at a file, decide on its fields, open the case', async () => {
  const desk = await at('en');
  const { page } = desk;
  await desk.open('/intake');
  await tabTo(desk, page.locator('main a[href$="/intake/new"]').first());
  await page.keyboard.press('Enter');
  await desk.settled();

  await tabTo(desk, page.locator('.unlock input[type="password"]'));
  await page.keyboard.type(world.account(OFFICER).password);
  await page.keyboard.press('Enter');
  await page.locator('.keybar').waitFor();

  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET') sent.push(new URL(request.url()).pathname);
  });
  // Asked for before the way there: the browser takes a moment until it hands its dialog over.
  const chooser = page.waitForEvent('filechooser');
  await tabTo(desk, page.getByRole('button', { name: 'Choose a file' }));
  await page.keyboard.press('Enter');
  await (await chooser).setFiles(file(csv(300)));
  await page.locator('table.raw tbody tr').first().waitFor();
  expect(await page.locator('table.raw tbody tr').count()).toBe(10);
  expect(sent, 'the preview leaves the browser').toEqual([]);
  expect(await desk.axe()).toEqual([]);

  await tabTo(desk, page.locator('#intake-table'));
  await page.keyboard.press('Enter');
  const fields = page.locator('table.fields tbody tr');
  await fields.first().waitFor();
  expect(await fields.count()).toBe(4);
  expect(await desk.axe()).toEqual([]);

  // The district becomes a dimension, the day is released by month at the finest.
  const cls = (field: string) => page.getByLabel(`Class: ${field}`);
  await tabTo(desk, cls('visit_no'));
  await page.keyboard.press('End');
  expect(await cls('visit_no').inputValue()).toBe('LOCK');
  await tabTo(desk, page.getByLabel('Description: fee'));
  await page.keyboard.type('Fee in yuan');

  // Decisions survive a reload; the file itself is not needed any more.
  await page.reload();
  await desk.settled();
  expect(await page.getByLabel('Description: fee').inputValue()).toBe('Fee in yuan');
  await tabTo(desk, page.getByRole('button', { name: 'Open the cataloguing case' }));
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/cases\/case_/);
  await desk.settled();

  const id = new URL(page.url()).pathname.split('/').pop() ?? '';
  const officer = await Clerk.of(world, OFFICER);
  const c = await officer.get<{ object: { table: string; contract: string; resource: string } }>(
    `/cases/${id}`,
  );
  expect(c.object.table).toBe(TABLE);
  expect(c.object.contract).toContain('description: Fee in yuan');
  resource = c.object.resource;
  await officer.must(id, 'submit');
  await (await Clerk.of(world, 'bureau.approver')).must(id, 'review');
});

test('by the keyboard alone: upload a batch, see what was set aside and why, fetch it', async () => {
  const desk = await at('en', 'dark');
  const { page } = desk;
  await desk.open(`/intake/${resource}`);
  await tabTo(desk, page.locator('.unlock input[type="password"]'));
  await page.keyboard.type(world.account(OFFICER).password);
  await page.keyboard.press('Enter');
  await page.locator('.keybar').waitFor();
  // Asked for before the way there: the browser takes a moment until it hands its dialog over.
  const chooser = page.waitForEvent('filechooser');
  await tabTo(desk, page.getByRole('button', { name: 'Choose a file' }));
  await page.keyboard.press('Enter');
  await (await chooser).setFiles(file(csv(500)));
  await page.locator('.ant-alert-success').waitFor();
  await tabTo(desk, page.getByRole('button', { name: 'Upload', exact: true }));
  await page.keyboard.press('Enter');
  const figures = page.locator('dl.figures dd');
  await figures.first().waitFor();
  expect(await figures.allInnerTexts()).toEqual(['500', '1']);
  expect(await desk.axe()).toEqual([]);

  const download = page.waitForEvent('download');
  await tabTo(desk, page.getByRole('button', { name: 'Download the rows set aside' }).first());
  await page.keyboard.press('Enter');
  const path = await (await download).path();
  const { readFileSync } = await import('node:fs');
  expect(readFileSync(path, 'utf8')).toContain('V-broken');

  // After a reload the result is read again from the platform.
  await page.reload();
  await desk.settled();
  await figures.first().waitFor();
  expect(await figures.allInnerTexts()).toEqual(['500', '1']);
});

test('an entry is changed field by field; the review shows what changes; what would break the records is undone', async () => {
  const desk = await at('en');
  const { page } = desk;
  await desk.open(`/catalogue/${resource}`);
  await page.getByRole('link', { name: 'Change the entry' }).click();
  await page.locator('table.fields tbody tr').first().waitFor();
  await page.getByText('Nothing differs from the entry as it is.').waitFor();
  const go = page.getByRole('button', { name: 'Open the cataloguing case' });
  expect(await go.isDisabled(), 'nothing is changed yet').toBe(true);
  await page.getByLabel('Description: fee').fill('Fee, rounded');
  await page.getByLabel('Class: district').selectOption('LOCK');
  const changes = page.locator('table.changes tbody tr');
  await expect.poll(() => changes.count()).toBe(2);
  // What was decided survives a reload.
  await page.reload();
  await desk.settled();
  await expect.poll(() => changes.count()).toBe(2);
  expect(await desk.axe()).toEqual([]);
  await go.click();
  await page.waitForURL(/\/cases\/case_/);
  await desk.settled();
  const told = (await changes.allInnerTexts()).map((row) => row.replace(/\s+/g, ' '));
  expect(told.some((row) => row.startsWith('fee Description Fee in yuan Fee, rounded'))).toBe(true);
  expect(await desk.axe()).toEqual([]);
  // The papers begin as they were handed in the last time.
  await page.locator('.timeline button, .columns button').filter({ hasText: 'Submit' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  expect(await dialog.locator('textarea').first().inputValue()).not.toBe('');
  await page.keyboard.press('Escape');

  const id = new URL(page.url()).pathname.split('/').pop() ?? '';
  const officer = await Clerk.of(world, OFFICER);
  const bureau = await Clerk.of(world, 'bureau.approver');
  await officer.must(id, 'submit');
  const reviewer = await world.desk('zh');
  desks.push(reviewer);
  await reviewer.signIn('bureau.approver');
  await reviewer.open(`/cases/${id}`);
  const rows = reviewer.page.locator('table.changes').first().locator('tbody tr');
  await expect.poll(() => rows.count()).toBe(2);
  await reviewer.shot('case-change-zh-light-1280');
  await bureau.must(id, 'review');
  await desk.open(`/catalogue/${resource}`);
  await page.getByText('How the entry came about').waitFor();
  expect(await page.locator('ol.versions li').count()).toBe(2);

  // A change that the records in the zone would not survive: approved by people, refused by the zone, undone here.
  const { spec } = await officer.get<{ spec: { contract: string } }>(`/resources/${resource}`);
  const broken = spec.contract
    .replace(/logicalType: number/, 'logicalType: date')
    .replace(/physicalType: .*/, '');
  const bad = await officer.open('catalogue', { resource, contract: broken });
  await officer.must(bad, 'submit');
  await bureau.must(bad, 'review');
  await desk.open(`/cases/${bad}`);
  await page.getByText('contract-breaks-records').first().waitFor({ timeout: 30_000 });
  const after = await officer.get<{ spec: { contract: string } }>(`/resources/${resource}`);
  expect(after.spec.contract).toBe(spec.contract);
});

test('an upload is stopped and sent again; one cut by a reload goes on under the same batch', async () => {
  const desk = await at('zh');
  const { page } = desk;
  await desk.open(`/intake/${resource}`);
  await unlock(desk, world, OFFICER);
  const big = file(csv(120_000), 'big.csv');
  const line = await page.context().newCDPSession(page);
  const speed = (bytes: number) =>
    line.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: bytes,
    });
  const opened: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'PUT') opened.push(new URL(request.url()).pathname);
  });
  await line.send('Network.enable');
  await page.locator('input[type="file"]').setInputFiles(big);
  await page.locator('table.raw').waitFor();
  await speed(200_000);
  await page.getByRole('button', { name: '开始上传' }).click();
  await page.getByRole('progressbar').waitFor();
  await page.waitForFunction(
    () => Number(document.querySelector('[role="progressbar"]')?.getAttribute('aria-valuenow')) > 2,
  );
  expect(await desk.axe()).toEqual([]);
  await page.getByRole('button', { name: '停止上传' }).click();
  await page.getByText('已停止。没有存入任何内容。').first().waitFor();

  // Sent again, then the tab is reloaded in the middle: the browser asks, and the batch is remembered.
  await page.waitForTimeout(500);
  await page.getByRole('button', { name: '重新发送' }).click();
  await page.getByRole('progressbar').waitFor();
  page.once('dialog', (dialog) => void dialog.accept());
  await page.reload();
  await desk.settled();
  await page.getByText('上传中断了').waitFor();
  await unlock(desk, world, OFFICER);
  await speed(-1);
  await page.waitForTimeout(1500);
  await page.locator('input[type="file"]').setInputFiles(file(csv(10), 'other.csv'));
  await page.getByText('不是同一文件').waitFor();
  await page.locator('input[type="file"]').setInputFiles(big);
  // A file handed over by a test has no time of change, so that it looks like another one each time.
  await page.getByRole('button', { name: '仍发送这份文件' }).click();
  const figures = page.locator('dl.figures dd');
  await figures.first().waitFor();
  expect(await figures.allInnerTexts()).toEqual(['120,000', '1']);
  expect(new Set(opened).size, 'one batch').toBe(1);
});

test('what does not fit is refused whole, with what to do; a zone that is away is told from the platform', async () => {
  const desk = await at('en');
  const { page } = desk;
  await desk.open(`/intake/${resource}`);
  await unlock(desk, world, OFFICER);
  await page
    .locator('input[type="file"]')
    .setInputFiles(file(csv(5, 'visit_no,district,day,fee'), 'wrong.csv'));
  await page.getByText("The file's columns are not those of the contract").waitFor();
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.locator('.refusal').waitFor();
  expect(await page.locator('.refusal code').last().innerText()).toMatch(/columns$/);
  expect(await desk.axe()).toEqual([]);

  await page.getByRole('button', { name: 'Drop this batch and choose another file' }).click();
  await page.context().route(`${world.zone}/**`, (route) => route.abort());
  await page.locator('input[type="file"]').setInputFiles(file(csv(5), 'fine.csv'));
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.getByText('The operation domain does not answer').first().waitFor();
  await page.context().unroute(`${world.zone}/**`);
  await page.getByRole('button', { name: 'Send again' }).click();
  await page.locator('dl.figures').waitFor();
});

test('without a key, and for people of other duties, the page says so', async () => {
  const desk = await world.desk('en');
  desks.push(desk);
  await desk.signIn(OFFICER);
  await desk.open(`/intake/${resource}`);
  await desk.page.locator('main a[href$="/key"]').waitFor();
  expect(await desk.axe()).toEqual([]);
  const other = await world.desk('en');
  desks.push(other);
  await other.signIn('operator.engineer');
  await other.open('/intake');
  await other.page.getByText('for officers of data providers').waitFor();
});
