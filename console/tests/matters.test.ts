/**
 * Matters by hand in the browser: an operator objects to a resource and is answered, a body that supervises inspects the
 * operator, and a consumer complains of it without its knowing. Each person has an account and a key of their own.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MessageKey } from '../src/i18n';
import { World } from './harness/browser';
import type { Lang } from './harness/browser';
import { Person, Rules } from './harness/person';

let world: World;
let rules: Rules;
let folder = '';
const sat: Person[] = [];
/** Tells this run's matters from those of others. */
const mark = Date.now().toString(36);

beforeAll(async () => {
  world = await World.start();
  rules = await Rules.read(world.url);
  folder = mkdtempSync(join(tmpdir(), 'matters-'));
  writeFileSync(join(folder, 'paper.txt'), '演示文本\n');
});
afterAll(async () => {
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A person of the story at a browser of their own, with the key from their desk. */
async function sit(account: string, lang: Lang = 'zh'): Promise<Person> {
  const { password } = world.account(account);
  const who = { account, lang, first: password, password };
  const person = await Person.sit(world, who, rules, join(folder, 'paper.txt'));
  sat.push(person);
  await person.signIn();
  await person.desk.takeKey(account);
  return person;
}

/** What the page says of itself, and a picture of it. */
async function look(person: Person, name: string): Promise<void> {
  expect(await person.desk.axe()).toEqual([]);
  expect(await person.desk.hoverOnly()).toEqual([]);
  await person.desk.shot(`matters-${name}-${person.who.lang}-light-1280`);
}

/** A stage; what was half done cannot be done again. Nobody who sat here saw an error. */
function stage(name: string, walk: () => Promise<void>): void {
  test(name, { retry: 0 }, async () => {
    try {
      await walk();
    } catch (e) {
      // What everybody sees where it broke.
      for (const [i, person] of sat.splice(0).entries())
        await person.desk.shot(`matters-broken-${i}`).catch(() => undefined);
      throw e;
    }
    expect(sat.splice(0).flatMap((p) => p.desk.faults)).toEqual([]);
  });
}

/** The matters that the page before this person offers. */
async function offered(person: Person): Promise<string[]> {
  const links = await person.page.locator('main .part a[href*="/cases/new?procedure="]').all();
  const hrefs = await Promise.all(links.map((a) => a.getAttribute('href')));
  return hrefs.map((h) => new URL(h ?? '', world.url).searchParams.get('procedure') ?? '');
}

/** What stands as chosen in the form. */
const chosen = (person: Person, id: string) =>
  person.page.locator(`.ant-select:has(#${id})`).first().innerText();

/** The case is in this state, as the page says above its title. */
async function stands(person: Person, procedure: string, state: string): Promise<void> {
  const named = rules.state(procedure, state);
  await person.page.locator('article header .kind').getByText(person.pick(named)).waitFor();
}

/** The papers of the step taken last have this word for a choice. */
async function reads(person: Person, choice: MessageKey): Promise<void> {
  const papers = person.page.locator('.timeline details:has(.documents)').last();
  await papers.locator('summary').click();
  await papers.getByText(person.says(choice), { exact: true }).waitFor();
}

/** The row of a matter in the register. */
const row = (person: Person, title: string) =>
  person.page.locator('main tbody tr').filter({ hasText: title });

stage(
  'an operator objects to a resource; the authority forwards, the provider answers, the operator accepts',
  async () => {
    const operator = await sit('operator.officer');
    await operator.go('/catalogue');
    const own = operator.page.locator('main tbody tr').filter({ hasText: '示例卫健委' }).first();
    const link = own.locator('a[href*="/catalogue/res_"]').first();
    const table = await link.innerText();
    await link.click();
    await operator.page.waitForURL(/\/catalogue\/res_/);
    await operator.desk.settled();
    const resource = new URL(operator.page.url()).pathname;
    expect(await offered(operator)).toEqual(['assessment', 'objection']);
    await look(operator, 'resource-offered');
    await operator.page.locator('main a[href*="procedure=objection&"]').click();
    await operator.page.locator('form.open').waitFor();
    await operator.desk.settled();
    // The resource is the one that the person came from, by its name.
    await expect.poll(() => chosen(operator, 'resource')).toContain(table);
    const title = `区划代码有误 ${mark}`;
    await operator.write({ title });
    await look(operator, 'objection-form');
    const id = await operator.hand();
    await operator.act('objection', 'raise', { 'fault.dimension': 'completeness' });
    await stands(operator, 'objection', 'raised');
    await reads(operator, 'choice.completeness');
    await look(operator, 'objection-raised');

    const bureau = await sit('bureau.officer');
    await bureau.do('objection', 'forward');
    await stands(bureau, 'objection', 'with_provider');
    const other = await sit('provider2.officer');
    await other.without('objection', 'answer');
    const provider = await sit('provider1.officer');
    await provider.do('objection', 'answer', { 'answer.outcome': 'corrected' });
    await operator.do('objection', 'accept');
    await stands(operator, 'objection', 'settled');
    expect(new URL(operator.page.url()).pathname).toBe(`/console/cases/${id}`);
    await reads(operator, 'choice.corrected');
    // What it does not name is not shown as empty; what it names is, by name.
    const object = operator.page
      .locator('.part')
      .filter({ hasText: operator.says('field.matter') })
      .first();
    const names = await object.locator('dt').allInnerTexts();
    expect(names).toContain(operator.says('field.provider'));
    expect(names).not.toContain(operator.says('field.product'));
    expect(await object.innerText()).not.toMatch(/\b(res|org)_/);
    await look(operator, 'objection-settled');

    // The resource's page has it on record, for those that may see it.
    await provider.page.goto(`${world.url}${resource}`);
    await provider.desk.settled();
    await provider.page.locator('main .part').getByRole('link', { name: title }).waitFor();
    expect(await offered(provider)).not.toContain('objection');
    await look(provider, 'resource-record');
    await other.page.goto(`${world.url}${resource}`);
    await other.desk.settled();
    expect(await other.page.getByRole('link', { name: title }).count()).toBe(0);
  },
);

stage(
  'a security regulator inspects the operator, from the page of the authorisation; it puts right what was found',
  async () => {
    const cyber = await sit('cyber.approver', 'en');
    await cyber.go('/authorisations');
    await cyber.page.locator('main a[href*="/authorisations/aut"]').first().click();
    await cyber.page.waitForURL(/\/authorisations\/aut/);
    await cyber.desk.settled();
    expect(await offered(cyber)).toEqual(
      expect.arrayContaining(['complaint', 'credit_record', 'inspection', 'irregularity']),
    );
    await look(cyber, 'authorisation-offered');
    await cyber.page.locator('main a[href*="procedure=inspection&"]').click();
    await cyber.page.locator('form.open').waitFor();
    await cyber.desk.settled();
    for (const id of ['organisation', 'authorisation'])
      await expect.poll(() => chosen(cyber, id)).not.toMatch(/(org|aut\w*)_|^\s*$/);
    await cyber.write({ title: `Access log of March ${mark}` });
    await look(cyber, 'inspection-form');
    await cyber.hand();
    await cyber.act('inspection', 'announce', { 'plan.kind': 'security' });
    await cyber.act('inspection', 'find');
    await stands(cyber, 'inspection', 'rectifying');
    const operator = await sit('operator.approver');
    await operator.do('inspection', 'rectify');
    await cyber.do('inspection', 'close');
    await stands(cyber, 'inspection', 'closed');
    await look(cyber, 'inspection-closed');
  },
);

stage(
  'a consumer complains of the operator, which does not see it; the register shows each what they may see',
  async () => {
    const consumer = await sit('consumer.officer');
    await consumer.go('/');
    await consumer.page.locator('article header a[href="/console/cases/new"]').click();
    await consumer.page.getByRole('heading', { name: consumer.says('matters.title'), level: 2 }).waitFor();
    await look(consumer, 'new-case');
    await consumer.page.locator('.part .choices a[href$="procedure=complaint"]').click();
    await consumer.page.locator('form.open').waitFor();
    await consumer.page.getByText(consumer.says('matter.confidential')).waitFor();
    const title = `对不同使用方差别定价 ${mark}`;
    await consumer.write({ title });
    await consumer.choose('organisation', '示例数据运营公司');
    await look(consumer, 'complaint-form');
    const id = await consumer.hand();
    // Nobody but the author's organisation sees it before it is handed in.
    const bureau = await sit('bureau.approver');
    await bureau.go('/matters');
    expect(await row(bureau, title).count()).toBe(0);
    await consumer.act('complaint', 'file', { 'complaint.kind': 'discrimination' });
    await stands(consumer, 'complaint', 'filed');
    await look(consumer, 'complaint-filed');

    const operator = await sit('operator.approver');
    await operator.go('/matters');
    await row(operator, `区划代码有误 ${mark}`).waitFor();
    expect(await row(operator, title).count()).toBe(0);
    await operator.desk.open(`/cases/${id}`);
    await operator.page.getByText(operator.says('todo.general.404')).waitFor();
    expect(await operator.page.getByText(title).count()).toBe(0);

    await bureau.desk.open('/matters');
    await row(bureau, title).waitFor();
    await expect.poll(() => row(bureau, title).innerText()).toContain('示例数据运营公司');
    await look(bureau, 'register');
    // By state, and by procedure; the address keeps both.
    await bureau.desk.open('/matters?state=ended');
    await row(bureau, `区划代码有误 ${mark}`).waitFor();
    expect(await row(bureau, title).count()).toBe(0);
    await bureau.desk.open('/matters?procedure=objection');
    await row(bureau, `区划代码有误 ${mark}`).waitFor();
    expect(await row(bureau, `Access log of March ${mark}`).count()).toBe(0);
    await bureau.desk.open('/matters?procedure=complaint&state=open');
    await row(bureau, title).getByRole('link', { name: title }).click();
    await bureau.atCase();
    expect(new URL(bureau.page.url()).pathname).toBe(`/console/cases/${id}`);
    // Whom the regulator finds at fault learns of it by what the regulator does then: it never sees who complained.
    const market = await sit('market.approver');
    await market.do('complaint', 'accept');
    await market.act('complaint', 'uphold');
    await stands(market, 'complaint', 'upheld');
    await look(market, 'complaint-upheld');
    await operator.desk.open(`/cases/${id}`);
    await operator.page.getByText(operator.says('todo.general.404')).waitFor();
  },
);

stage(
  'a provider, who has no list of authorisations, reports irregular operation; the operator does not see it',
  async () => {
    const provider = await sit('provider1.officer');
    await provider.start('irregularity');
    const title = `超范围加工 ${mark}`;
    await provider.write({ title });
    await provider.choose('authorisation', '示例数据运营公司');
    expect(await chosen(provider, 'authorisation')).not.toMatch(/auth_/);
    await look(provider, 'irregularity-form');
    await provider.hand();
    await provider.act('irregularity', 'report');
    await stands(provider, 'irregularity', 'reported');
    const operator = await sit('operator.officer');
    await operator.go('/matters');
    await row(operator, `区划代码有误 ${mark}`).waitFor();
    expect(await row(operator, title).count()).toBe(0);
    // What the procedure's page says of it.
    await operator.desk.open('/rules/irregularity');
    await operator.page.getByText(operator.says('matter.confidential')).waitFor();
    await expect
      .poll(() => operator.page.locator('.page > .facts').innerText())
      .toContain('市场监督管理部门');
    await look(operator, 'procedure');
  },
);
