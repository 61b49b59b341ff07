/**
 * The workspace: the verdict as one types, names that complete, a rehearsal on made-up rows, a job from submission to
 * its sealed result, and the same query again.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { World } from './harness/browser';
import type { Desk } from './harness/browser';
import { Clerk } from './harness/clerk';
import { tabTo, unlock } from './harness/zone';

const ENGINEER = 'operator.engineer';
const GOOD = `SELECT c.district_code, p.insurance_type,
       COUNT(DISTINCT p.citizen_id) AS persons
FROM si_payments p JOIN citizens c ON p.citizen_id = c.citizen_id
GROUP BY c.district_code, p.insurance_type`;
let world: World;
let grant = '';
let job = '';
const desks: Desk[] = [];

beforeAll(async () => {
  world = await World.start();
  const engineer = await Clerk.of(world, ENGINEER);
  const { grants } = await engineer.get<{ grants: { id: string; state: string }[] }>('/grants');
  grant = grants.find((g) => g.state === 'open')?.id ?? '';
});
afterAll(async () => {
  await world?.stop();
});
afterEach(() => {
  const faults = desks.splice(0).flatMap((desk) => desk.faults);
  expect(faults).toEqual([]);
});

async function at(path: string, ...given: Parameters<World['desk']>): Promise<Desk> {
  const desk = await world.desk(...given);
  desks.push(desk);
  await desk.signIn(ENGINEER);
  await desk.takeKey(ENGINEER);
  await desk.open(path);
  return desk;
}

const written = (desk: Desk) =>
  desk.page.locator('.cm-content').evaluate((e) => (e as HTMLElement).innerText);

test('the verdict comes while one types, with the place, the reason and what would help', async () => {
  const desk = await at(`/workspace/${grant}`, 'en');
  const { page } = desk;
  // The key is locked: what is typed stays, and nothing is asked of the zone.
  const editor = page.locator('.cm-content');
  await editor.waitFor();
  await tabTo(desk, editor);
  await page.keyboard.type('SELECT 1');
  await page.getByText('Open your signing key at the top of the page first').first().waitFor();
  expect(await desk.axe()).toEqual([]);
  await unlock(desk, world, ENGINEER);
  expect(await written(desk)).toBe('SELECT 1');
  await page.locator('.tree details').first().waitFor();

  // A locked field: refused, marked in the text, and the button goes to the place.
  await editor.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('SELECT COUNT(*) AS n\nFROM citizens\nWHERE full_name = 1');
  await page.locator('.verdict.refuse').waitFor();
  await page.locator('.cm-lintRange-error').first().waitFor();
  expect(await page.locator('.verdict li').first().innerText()).toMatch(/\S+/);
  expect(await page.getByRole('button', { name: 'Submit as a job' }).isDisabled()).toBe(true);
  expect(await desk.axe()).toEqual([]);
  await page.locator('.verdict li button').first().click();
  expect(await page.evaluate(() => document.activeElement?.classList.contains('cm-content'))).toBe(true);

  // Names complete from the grant; Tab takes the name, Esc and Tab leave the editor.
  await page.keyboard.press('Control+a');
  await page.keyboard.type('SELECT insur', { delay: 20 });
  await page.locator('.cm-tooltip-autocomplete').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.classList.contains('cm-content'))).toBe(false);
});

test('what completes are the granted names; a field is inserted by the keyboard', async () => {
  const desk = await at(`/workspace/${grant}`, 'zh', 'dark');
  const { page } = desk;
  await unlock(desk, world, ENGINEER);
  await page.locator('.tree details').first().waitFor();
  await tabTo(desk, page.getByLabel('查找表或字段'));
  await page.keyboard.type('district_c');
  const found = page.getByRole('button', { name: '插入 district_code' }).first();
  await tabTo(desk, found);
  await page.keyboard.press('Enter');
  expect(await written(desk)).toContain('district_code');
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('SELECT c. FROM citizens c');
  for (let i = 0; i < ' FROM citizens c'.length; i += 1) await page.keyboard.press('ArrowLeft');
  await page.keyboard.type('hu');
  await page.locator('.cm-tooltip-autocomplete').getByText('hukou_type').waitFor();
  await page.keyboard.press('Tab');
  expect(await written(desk)).toContain('c.hukou_type');
});

test('a rehearsal says that it is made up; the draft survives a reload; the job is opened as a case', async () => {
  const desk = await at(`/workspace/${grant}`, 'en');
  const { page } = desk;
  await unlock(desk, world, ENGINEER);
  await page.locator('.cm-content').click();
  await page.keyboard.insertText(GOOD);
  await page.locator('.verdict.aggregate').waitFor();
  await page.locator('.lineage svg[role="img"]').waitFor();
  expect(await page.locator('.lineages tbody tr').count()).toBe(3);
  await page.keyboard.press('Control+Enter');
  const rows = page.locator('.madeup tbody tr');
  await rows.first().waitFor();
  expect(await page.locator('.madeup tbody td:last-child').first().innerText()).toBe('made up');
  expect(await desk.axe()).toEqual([]);

  await page.reload();
  await desk.settled();
  await page.locator('.cm-content').waitFor();
  expect((await written(desk)).replaceAll(/\s+/g, ' ')).toContain('COUNT(DISTINCT p.citizen_id)');
  await unlock(desk, world, ENGINEER);
  await page.locator('.verdict.aggregate').waitFor();
  await page.getByRole('button', { name: 'Submit as a job' }).click();
  await page.waitForURL(/\/cases\/case_/);
  await desk.settled();
  const id = new URL(page.url()).pathname.split('/').pop() ?? '';
  const engineer = await Clerk.of(world, ENGINEER);
  const c = await engineer.get<{ object: { sql: string; grant: string; job: string } }>(`/cases/${id}`);
  expect([c.object.sql, c.object.grant]).toEqual([GOOD, grant]);
  job = c.object.job;

  await engineer.must(id, 'submit');
  await (await Clerk.of(world, 'bureau.approver')).must(id, 'review');
  await desk.open(`/jobs/${job}`);
  await page.locator('.lineage').waitFor();
  expect(await desk.axe()).toEqual([]);
  const again = page.getByRole('link', { name: 'Open again with the same SQL' });
  await again.click();
  await page.waitForURL(/\/workspace\//);
  await desk.settled();
  await page.locator('.cm-content').waitFor();
  expect((await written(desk)).replaceAll(/\s+/g, ' ')).toContain('GROUP BY c.district_code');
});

test('another draft is not overwritten without being asked', async () => {
  const desk = await at(`/workspace/${grant}`, 'en');
  const { page } = desk;
  await page.locator('.cm-content').click();
  await page.keyboard.insertText('SELECT 42');
  await desk.open(`/workspace/${grant}?job=${job}`);
  await page.getByText('You have another draft under this grant').waitFor();
  expect(await written(desk)).toBe('SELECT 42');
  expect(await desk.axe()).toEqual([]);
  await page.getByRole('button', { name: "Take the job's SQL" }).click();
  await page.waitForFunction(() =>
    document.querySelector('.cm-content')?.textContent?.includes('si_payments'),
  );
});

test('a job under way shows its stage and is cancelled under a proof of the engineer', async () => {
  const desk = await at('/jobs', 'en');
  const { page } = desk;
  // The demonstration's jobs take a blink; a running one is played to the page, every call is still signed.
  const cancelled: string[] = [];
  let over = false;
  await page.route(`${world.url}/api/v1/jobs/${job}`, async (route) => {
    const answer = (await (await route.fetch()).json()) as Record<string, unknown>;
    const now = over
      ? {
          ...answer,
          state: 'failed',
          gate: null,
          rows: null,
          result: { lineage: [], figures: {}, refusal: REFUSAL },
        }
      : { ...answer, state: 'ordered', gate: null, rows: null, result: null };
    await route.fulfill({ json: now });
  });
  const cors = { 'access-control-allow-origin': world.url };
  await page.route(`${world.zone}/data/v1/jobs/${job}/progress`, (route) =>
    route.request().method() === 'OPTIONS'
      ? route.continue()
      : route.fulfill({
          headers: cors,
          json: over
            ? { job, state: 'failed', stages: STAGES }
            : { job, state: 'running', stages: STAGES, stage: 'run', over: 2, ms: 4200 },
        }),
  );
  await page.route(`${world.zone}/data/v1/jobs/${job}`, async (route) => {
    if (route.request().method() !== 'DELETE') return route.continue();
    const headers = await route.request().allHeaders();
    cancelled.push(Buffer.from(headers['yunyu-proof'] ?? '', 'base64').toString());
    over = true;
    return route.fulfill({ headers: cors, json: { job, state: 'failed', code: 'job-cancelled' } });
  });
  await desk.open(`/jobs/${job}`);
  await unlock(desk, world, ENGINEER);
  await page.getByText('Under way: Run').first().waitFor();
  await page.getByText('4200 ms').waitFor();
  expect(await page.locator('.steps [aria-current="step"]').innerText()).toContain('Run');
  expect(await desk.axe()).toEqual([]);
  await page.reload();
  await desk.settled();
  await unlock(desk, world, ENGINEER);
  await page.getByRole('button', { name: 'Cancel the job' }).click();
  await page.locator('.ant-modal').getByRole('button', { name: 'Cancel the job' }).click();
  await page.locator('.refusal').waitFor();
  expect(cancelled.length).toBe(1);
  const proof = JSON.parse(cancelled[0] ?? '{}') as { body: { method: string; path: string } };
  expect([proof.body.method, proof.body.path]).toEqual(['DELETE', `/data/v1/jobs/${job}`]);
  await page.getByRole('link', { name: 'Open again with the same SQL' }).waitFor();
});

const STAGES = ['open', 'clear', 'run', 'gate', 'seal'];
const REFUSAL = { code: 'job-cancelled', rule: 'ZONE-JOB-5', article: '', zh: 'x', en: 'cancelled' };
