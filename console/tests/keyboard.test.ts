/**
 * Work done with the keyboard alone: no pointer, no `click()`, no `fill()`. Whatever is used is reached with Tab or the
 * arrows and must show where the focus is.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { World } from './harness/browser';
import type { Desk } from './harness/browser';
import { Clerk } from './harness/clerk';
import { Keys } from './harness/keys';
import { releaseForVote } from './harness/release';

/** The menu's way to the inbox, whose path is the console's own. */
const INBOX = '.side a[href="/console"], .side a[href="/console/"]';

let world: World;
const desks: Desk[] = [];
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world?.stop();
});
afterEach(() => {
  expect(desks.splice(0).flatMap((desk) => desk.faults)).toEqual([]);
});

/** Signs in by the form, with the keyboard, and takes the person's key file. */
async function at(name: string): Promise<{ desk: Desk; keys: Keys }> {
  const desk = await world.desk('zh');
  desks.push(desk);
  const keys = new Keys(desk);
  const { account, password } = world.account(name);
  await desk.open('/login');
  await keys.to('input[autocomplete="username"]');
  await keys.type(account);
  await keys.to('input[autocomplete="current-password"]');
  await keys.type(password);
  await keys.press('Enter');
  await desk.page.waitForURL((url) => !url.pathname.endsWith('/login'));
  await desk.settled();
  // A file dialog is the system's own; the file is given to the field that the button opens it for.
  await desk.takeKey(name);
  return { desk, keys };
}

/** Signs what the open dialog asks for; the passphrase opens the key and keeps it open. */
async function sign(desk: Desk, keys: Keys, name: string): Promise<void> {
  const { page } = desk;
  await page.locator('.ant-modal form').waitFor();
  await keys.fillDialog();
  await keys.to('.ant-modal button[type="submit"]');
  await keys.press('Enter');
  await page.locator('.statement').waitFor();
  if ((await page.locator('.ant-modal input[type="password"]').count()) > 0) {
    await keys.to('.ant-modal input[type="password"]');
    await keys.type(world.account(name).password);
    await keys.to('.ant-modal input[type="checkbox"]');
    await keys.press('Space');
  }
  await keys.to('.ant-modal button[type="submit"]');
  await keys.press('Enter');
  await page.locator('.ant-modal').waitFor({ state: 'hidden' });
  await desk.settled();
}

test('a review: from the inbox to the signed vote', async () => {
  const release = await releaseForVote(world);
  const { desk, keys } = await at('experts.approver');
  const { page } = desk;
  await keys.to(INBOX);
  await keys.press('Enter');
  await page.waitForURL((url) => /\/console\/?$/.test(url.pathname));
  await desk.settled();
  await keys.to(`main a[href$="/reviews/${release}"]`);
  await keys.press('Enter');
  await page.waitForURL(new RegExp(release));
  await desk.settled();
  // The new page is announced by its heading, where reading begins.
  expect(await keys.here()).toBe('H1');
  expect(await page.locator('main').innerText()).toContain('盲审');
  await keys.to('main .part button.ant-btn-primary');
  await keys.press('Enter');
  await sign(desk, keys, 'experts.approver');
  await page.getByText('您已提交意见').waitFor();
  const seen = await (
    await Clerk.of(world, 'experts.approver')
  ).get<{ history: { step: string }[] }>(`/cases/${release}`);
  expect(seen.history.map((done) => done.step)).toEqual(['check', 'vote']);
});

test('an order: the officer opens it, the approver signs it', async () => {
  const { desk, keys } = await at('consumer.officer');
  const { page } = desk;
  await keys.to('.side a[href$="/products"]');
  await keys.press('Enter');
  await page.waitForURL(/\/products$/);
  await desk.settled();
  await keys.to('main a[href*="/products/"]');
  await keys.press('Enter');
  await page.waitForURL(/\/products\/prod_/);
  await desk.settled();
  await keys.to('main a[href*="procedure=consumer_order"]');
  await keys.press('Enter');
  await page.waitForURL(/procedure=consumer_order/);
  await desk.settled();
  await keys.to('#scenario input');
  await keys.press('Space');
  await keys.to('#until');
  await keys.day('2026-12-30');
  await keys.to('#kept');
  await keys.press('Space');
  await keys.to('form.open button[type="submit"]');
  await keys.press('Enter');
  await page.waitForURL(/\/cases\/case_/);
  await desk.settled();
  const id = new URL(page.url()).pathname.split('/').pop() ?? '';

  const approver = await at('consumer.approver');
  await approver.keys.to(INBOX);
  await approver.keys.press('Enter');
  await approver.desk.page.locator(`main a[href$="/cases/${id}"]`).first().waitFor();
  await approver.desk.settled();
  await approver.keys.to(`main a[href$="/cases/${id}"]`);
  await approver.keys.press('Enter');
  await approver.desk.page.waitForURL(new RegExp(id));
  await approver.desk.settled();
  await approver.keys.to('.timeline .now button');
  await approver.keys.press('Enter');
  await sign(approver.desk, approver.keys, 'consumer.approver');
  await approver.desk.page.locator('.timeline .past .good').first().waitFor();
});
