/**
 * The first run of a new folder, at the desk alone: set-up by the wizard, a person recorded, the first password changed,
 * a key made in the browser, listed by the root, and used. Needs the program itself (`YUNYU_BIN`).
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { World } from './harness/browser';
import type { Desk } from './harness/browser';
import { Platform } from './harness/platform';

const PASSWORD = 'Kx7!first-password';

let world: World;
let platform: Platform;

beforeAll(async () => {
  platform = await Platform.start(process.env['YUNYU_BIN'], 'intl');
  world = await World.start(platform.url, platform.data);
});
afterAll(async () => {
  await world?.stop();
  await platform?.stop();
});

/** One administrator's page of the wizard. */
async function administrator(desk: Desk, which: string, name: string, account: string): Promise<void> {
  const { page } = desk;
  await page.locator(`#${which}_name`).fill(name);
  await page.locator(`#${which}_account`).fill(account);
  await page.locator(`#${which}_password`).fill(PASSWORD);
  await page.locator(`#${which}_again`).fill(PASSWORD);
  await page.locator('form button[type="submit"]').click();
}

async function wizard(desk: Desk): Promise<void> {
  const { page } = desk;
  await desk.open('/setup');
  await page.locator('#token').fill(platform.setupToken);
  await page.locator('form button[type="submit"]').click();
  await page.locator('#authority_zh').fill('第一数据局');
  await page.locator('#authority_en').fill('First Data Bureau');
  await page.locator('form button[type="submit"]').click();
  await administrator(desk, 'system_admin', '甲某', 'keeper.one');
  // The same person cannot be two administrators: the wizard says so before anything is sent.
  await administrator(desk, 'security_admin', '甲某', 'keeper.two');
  await page.getByText('three different people').first().waitFor();
  expect(await desk.axe()).toEqual([]);
  await page.locator('#security_admin_name').fill('乙某');
  await page.locator('form button[type="submit"]').click();
  await administrator(desk, 'audit_admin', '丙某', 'keeper.three');
  await page.getByText('Set-up is done').waitFor();
}

/** The system administrator records a person of the authority. */
async function record(desk: Desk): Promise<void> {
  const { page } = desk;
  await desk.signIn('keeper.one', PASSWORD);
  await page.locator('article header button').click();
  await page.locator('#org').click();
  await page.locator('.ant-select-item-option-active').first().waitFor({ state: 'attached' });
  await page.keyboard.press('Enter');
  await page.locator('#name').fill('丁某');
  await page.locator('#account').fill('first.approver');
  await page.locator('#password').fill(PASSWORD);
  await page.locator('#roles input').first().check();
  await page.locator('.ant-modal button[type="submit"]').click();
  await page.locator('.ant-modal').waitFor({ state: 'hidden' });
  await page.getByText('first.approver').first().waitFor();
}

/** First sign-in with another password, then a key of one's own. */
async function begin(desk: Desk): Promise<string> {
  const { page } = desk;
  await desk.open('/login');
  await page.locator('input[autocomplete="username"]').fill('first.approver');
  await page.locator('input[autocomplete="current-password"]').fill(PASSWORD);
  await page.locator('form button[type="submit"]').click();
  await page.locator('#fresh').fill(`${PASSWORD}-2`);
  await page.locator('#again').fill(`${PASSWORD}-2`);
  expect(await desk.axe()).toEqual([]);
  await page.locator('form button[type="submit"]').click();
  await page.waitForURL((url) => !url.pathname.endsWith('/login'));
  await desk.open('/key');
  await page.locator('#fresh').fill('my own passphrase');
  await page.locator('#again').fill('my own passphrase');
  await page.locator('form:has(#fresh) button[type="submit"]').click();
  await page.getByText('not registered').waitFor();
  await page.locator('.ant-alert button').click();
  await page.getByText('waiting for the root').waitFor();
  return page.locator('.facts code').first().innerText();
}

/** The security administrator carries the draft to the root, which lies outside of the platform, and back. */
async function list(desk: Desk): Promise<void> {
  const { page } = desk;
  await desk.signIn('keeper.two', PASSWORD);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download the draft' }).click(),
  ]);
  await page.locator('input[type="file"]').setInputFiles(platform.signKeys(await download.path()));
  await page.getByText('Key list 2 is in force.').first().waitFor();
}

/** Pages on which there is nothing yet say so and what comes first; nothing of them is broken. */
async function empty(desk: Desk): Promise<string[]> {
  const faults: string[] = [];
  for (const path of [
    '/',
    '/cases',
    '/reviews',
    '/catalogue',
    '/authorisations',
    '/grants',
    '/jobs',
    '/products',
    '/orders',
  ]) {
    await desk.open(path);
    await desk.shot(`empty${path.replace('/', '-')}-en-light-1280`);
    if ((await desk.page.locator('main .ant-empty').count()) !== 1)
      faults.push(`${path}: does not say that it is empty`);
    faults.push(...(await desk.axe()).map((fault) => `${path}: ${fault}`));
  }
  return faults;
}

test('a new folder is set up, and its first person signs', async () => {
  const faults: string[] = [];
  const admin = await world.desk('en');
  await wizard(admin);
  await admin.open('/setup');
  await admin.page.getByText('set up already').waitFor();
  await record(admin);
  const person = await world.desk('en');
  const key = await begin(person);
  const keeper = await world.desk('en');
  await list(keeper);
  await person.open('/key');
  await person.page.getByText('you can sign').waitFor();
  expect(await person.page.locator('.facts code').last().innerText()).toBe(key);
  faults.push(...(await empty(person)));
  faults.push(...admin.faults, ...person.faults, ...keeper.faults);
  expect(faults).toEqual([]);
});
