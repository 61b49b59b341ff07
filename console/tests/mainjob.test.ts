/**
 * The whole main job by hand, from an empty folder to verified evidence: thirteen people, each in a browser session and a
 * language of their own, do through pages what the story does by API. Two things are not done in a browser, because no browser may:
 * the root signs the key list offline, and the consumer's application calls the zone with its access key.
 * Each person finds what to do next in the inbox. Needs the program itself (`YUNYU_BIN`).
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canonical } from '../src/trust/canonical';
import { World } from './harness/browser';
import type { Desk } from './harness/browser';
import { Person, Rules } from './harness/person';
import { Platform } from './harness/platform';
import { uscc } from './harness/uscc';

const FIRST = 'Kx7!given-password';
const OWN = 'Kx7!password-of-my-own';
const ADMINS = ['system', 'security', 'audit'] as const;

/** Organisations beside the authority: account prefix, names, duty, first sixteen characters of the code. */
const ORGANISATIONS = [
  ['mechanism', '甲协调机制办公室', 'First Coordination Office', 'coordination_body', '11990000SAMPLE01'],
  ['experts', '甲专家组', 'First Expert Panel', 'expert_panel', '12990000SAMPLE02'],
  ['cyber', '甲网信办', 'First Cyberspace Office', 'security_regulator', '11990000SAMPLE03'],
  ['provider', '甲人社局', 'First Human Resources Bureau', 'data_provider', '11990000SAMPLE05'],
  ['operator', '甲数据运营公司', 'First Data Operator', 'operator', '91990000SAMPLE07'],
  ['consumer', '甲保险公司', 'First Insurer', 'data_consumer', '91990000SAMPLE08'],
] as const;
/** Duties as the console lists them when an organisation is recorded. */
const DUTIES = ['data_authority', 'implementing_agency', 'coordination_body', 'data_provider'].concat([
  'security_regulator',
  'market_regulator',
  'operator',
  'data_consumer',
  'expert_panel',
]);
const AUTHORITY = '甲数据管理局';
const OPERATOR_CODE = uscc('91990000SAMPLE07');
const ROLES = ['approver', 'officer', 'engineer'];
/** Who works here: organisation by prefix, and the person's role. */
const PEOPLE = [
  'bureau.approver',
  'bureau.officer',
  'mechanism.approver',
  'experts.approver',
  'cyber.approver',
  'provider.officer',
  'provider.approver',
  'operator.approver',
  'operator.officer',
  'operator.engineer',
  'consumer.approver',
] as const;
type Name = (typeof PEOPLE)[number];
/** Who works in English; the others in Chinese. */
const ENGLISH: readonly string[] = [
  'experts.approver',
  'provider.officer',
  'operator.officer',
  'operator.engineer',
  'consumer.approver',
];

const TABLE = 'premiums';
const SCENARIO = { zh: '参保缴费统计', en: 'Insurance statistics' };
const PRODUCT = { zh: '分区参保人数数据集', en: 'Insured by district' };
const SQL = `SELECT district_code, insurance_type, COUNT(DISTINCT citizen_id) AS persons FROM ${TABLE} GROUP BY district_code, insurance_type`;
/** 720 made-up rows: every person once, six groups of 120. */
function rows(): string {
  const lines = ['citizen_id,district_code,insurance_type,pay_month,base_amount'];
  for (let i = 0; i < 720; i += 1) {
    const district = ['320205', '320206', '320211'][i % 3];
    const kind = ['pension', 'medical'][Math.floor(i / 3) % 2];
    const month = String((i % 12) + 1).padStart(2, '0');
    lines.push([100_001 + i, district, kind, `2025-${month}-01`, 4000 + ((i * 37) % 6000)].join(','));
  }
  return `${lines.join('\n')}\n`;
}

let platform: Platform;
let world: World;
let rules: Rules;
let agreement: string;
let table: string;
let accessKey = '';
let evidence = '';
const people = new Map<string, Person>();
const visitors: Desk[] = [];
let broken = false;

const at = (name: Name | 'keeper.system' | 'keeper.security'): Person => {
  const found = people.get(name);
  if (!found) throw new Error(`${name} is not here`);
  return found;
};

beforeAll(async () => {
  platform = await Platform.start(process.env['YUNYU_BIN'], 'gm', '2026-03-02');
  world = await World.start(platform.url, platform.data);
  rules = await Rules.read(platform.url);
  agreement = platform.file('agreement.txt', '演示文本：仅用于测试。\n');
  table = platform.file(`${TABLE}.csv`, rows());
});
afterAll(async () => {
  await world?.stop();
  await platform?.stop();
});

async function visitor(path: string): Promise<Desk> {
  const desk = await world.desk('zh');
  visitors.push(desk);
  await desk.page.goto(`${platform.url}${path}`);
  return desk;
}

async function sit(account: string, first: string, password: string): Promise<Person> {
  const lang = ENGLISH.includes(account) ? 'en' : 'zh';
  const person = await Person.sit(world, { account, lang, first, password }, rules, agreement);
  people.set(account, person);
  return person;
}

/** A stage of the job; what comes after a broken one would only say the same again. */
function stage(name: string, walk: () => Promise<void>): void {
  test(
    name,
    // A stage that was half done cannot be done again.
    { retry: 0 },
    async () => {
      broken = true;
      try {
        await walk();
        broken = false;
      } finally {
        // What everybody sees where it broke.
        if (broken)
          for (const [who, person] of people) {
            await person.shot(`broken-${who}`);
            for (const fault of person.desk.faults) console.error(`${who}: ${fault}`);
          }
      }
    },
  );
}

/** The system administrator records an organisation. */
async function organisation(admin: Person, one: (typeof ORGANISATIONS)[number]): Promise<void> {
  const [, zh, en, duty, code] = one;
  const { page } = admin;
  await page.locator('article header button.ant-btn-primary').click();
  await admin.write({ zh, en, uscc: uscc(code) });
  await page.locator('#roles input').nth(DUTIES.indexOf(duty)).check();
  await page.locator('.ant-modal button[type="submit"]').click();
  await page.locator('.ant-modal').waitFor({ state: 'hidden' });
  await page.locator('main table').getByText(zh).waitFor();
}

/** The system administrator records a person. */
async function record(admin: Person, name: Name): Promise<void> {
  const [prefix, role] = name.split('.') as [string, string];
  const { page } = admin;
  const org = ORGANISATIONS.find((o) => o[0] === prefix)?.[1] ?? AUTHORITY;
  await page.locator('article header button.ant-btn-primary').click();
  await admin.choose('org', org);
  await admin.write({ name: `演示人员 ${name}`, account: name, password: FIRST });
  await page.locator('#roles input').nth(ROLES.indexOf(role)).check();
  await page.locator('.ant-modal button[type="submit"]').click();
  await page.locator('.ant-modal').waitFor({ state: 'hidden' });
  await page.locator('main table').getByText(name, { exact: true }).waitFor();
}

describe('the main job, by hand', () => {
  beforeEach((context) => context.skip(broken, 'an earlier stage is broken'));

  stage('the first run: the wizard sets the authority and three administrators up', async () => {
    const first = await world.desk('zh');
    visitors.push(first);
    const { page } = first;
    const next = () => page.locator('form button[type="submit"]').click();
    await first.open('/login');
    await page.locator('.ant-alert a[href="/console/setup"]').click();
    await page.locator('#token').fill(platform.setupToken);
    await next();
    await page.locator('#authority_zh').fill(AUTHORITY);
    await page.locator('#authority_en').fill('First Data Bureau');
    await next();
    for (const which of ADMINS) {
      await page.locator(`#${which}_admin_name`).fill(`演示人员 ${which}`);
      await page.locator(`#${which}_admin_account`).fill(`keeper.${which}`);
      await page.locator(`#${which}_admin_password`).fill(OWN);
      await page.locator(`#${which}_admin_again`).fill(OWN);
      await next();
    }
    await page.locator('.ant-alert-success').waitFor();
    await first.shot('mainjob-01-setup-zh-light-1280');
  });

  stage('the system administrator records organisations and people', async () => {
    const admin = await sit('keeper.system', '', OWN);
    await admin.signIn();
    await admin.go('/organisations');
    for (const one of ORGANISATIONS) await organisation(admin, one);
    await admin.go('/people');
    for (const name of PEOPLE) await record(admin, name);
    await admin.shot('02-people');
  });

  stage('everybody makes a key in the browser; the root signs the list offline', async () => {
    const coming = async (name: Name) => {
      const person = await sit(name, FIRST, `${OWN} ${PEOPLE.indexOf(name)}`);
      await person.begin();
      await person.makeKey();
    };
    // Two at a time: sealing a key costs seconds of computing on purpose.
    for (let i = 0; i < PEOPLE.length; i += 2) await Promise.all(PEOPLE.slice(i, i + 2).map(coming));
    await at('operator.approver').shot('03-key-waits');
    const keeper = await sit('keeper.security', '', OWN);
    await keeper.signIn();
    const { page } = keeper;
    const [draft] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: keeper.says('keyList.draft') }).click(),
    ]);
    await page.locator('input[type="file"]').setInputFiles(platform.signKeys(await draft.path()));
    await page.locator('.good').first().waitFor();
    await keeper.shot('03-key-list');
    const person = at('bureau.approver');
    await person.page.reload();
    await person.desk.settled();
    await person.page.locator('.ant-alert-success').waitFor();
    for (const name of PEOPLE) {
      await at(name).page.reload();
      await at(name).desk.settled();
      expect(await at(name).page.locator('main .ant-alert-success').count(), name).toBe(1);
    }
  });

  stage('the authority announces', async () => {
    const bureau = at('bureau.approver');
    await bureau.start('announcement');
    await bureau.write({ zh: '授权运营申报通告', en: 'Call for operators', conditions: '演示条件' });
    const mode = bureau.page.locator('#modes label').filter({ hasText: '场景' });
    await mode.locator('input').check();
    await bureau.write({ opens: '2026-03-02', closes: '2026-04-30' });
    await bureau.hand();
    await bureau.act('announcement', 'publish');
    await bureau.shot('04-announcement');
  });

  stage("the provider's officer catalogues a table, the authority reviews it", async () => {
    const officer = at('provider.officer');
    const { page } = officer;
    await officer.go('/intake');
    await page
      .getByRole('link', { name: officer.says('intake.newTable') })
      .first()
      .click();
    await officer.unlock();
    await page.locator('input[type="file"]').setInputFiles(table);
    await page.getByRole('button', { name: officer.says('intake.look') }).click();
    await page.locator('table.fields').waitFor();
    // The zone took the amounts for numbers of records; the officer knows better.
    const amount = page.locator('table.fields tbody tr').filter({ hasText: 'base_amount' });
    await amount.locator('select').nth(1).selectOption('MEA');
    await amount.locator('.setting input').first().fill('100');
    await officer.shot('05-intake');
    await page.getByRole('button', { name: officer.says('intake.openCase') }).click();
    await officer.atCase();
    await officer.act('catalogue', 'submit', { 'classification.grade': 'general' });
    await at('bureau.approver').do('catalogue', 'review');
    await officer.go('/catalogue');
    await page.locator('main table').getByText(TABLE).waitFor();
  });

  stage("the provider's officer supplies the records straight to the zone", async () => {
    const officer = at('provider.officer');
    const { page } = officer;
    await officer.go('/intake');
    await page.getByRole('link', { name: officer.says('intake.supplyTo', { table: TABLE }) }).click();
    await officer.unlock();
    await page.locator('input[type="file"]').setInputFiles(table);
    await page.locator('.ant-alert-success').waitFor();
    await page.getByRole('button', { name: officer.says('intake.upload'), exact: true }).click();
    await page.locator('.figures .good').waitFor();
    expect(await page.locator('.figures dd').allInnerTexts()).toEqual(['720', '0']);
    await officer.shot('06-supplied');
  });

  stage('emergency plan: the provider submits, the security authority endorses', async () => {
    const provider = at('provider.officer');
    await provider.start('emergency_plan');
    await provider.page.locator('form.open input[type="file"]').setInputFiles(agreement);
    await expect.poll(() => provider.page.locator('#digest').inputValue()).toMatch(/^sm3:/);
    await provider.write({ until: '2027-02-28' });
    await provider.hand();
    await provider.act('emergency_plan', 'submit');
    await at('cyber.approver').do('emergency_plan', 'endorse');
    await at('cyber.approver').without('emergency_plan', 'endorse');
  });

  stage('the operator applies; lists are checked; review, experts, notice', async () => {
    const operator = at('operator.approver');
    await operator.start('authorisation');
    await operator.choose('announcement');
    await operator.page.locator('#mode input').first().check();
    await operator.choose('resources', TABLE);
    await operator.write({ term_months: '24' });
    await operator.hand();
    await operator.act('authorisation', 'apply', { 'written_application.term_months': '24' });
    await operator.shot('07-applied');

    const officer = at('bureau.officer');
    await officer.go('/organisations');
    for (const list of [0, 1]) {
      await officer.page.locator('article header button').first().click();
      await officer.write({ uscc: OPERATOR_CODE });
      await officer.page.locator('#list input').nth(list).check();
      await officer.page.locator('#hit input').first().check();
      await officer.page.locator('.ant-modal button[type="submit"]').click();
      await officer.page.locator('.ant-modal').waitFor({ state: 'hidden' });
    }
    await at('bureau.approver').do('authorisation', 'review');
    await at('experts.approver').do('authorisation', 'argue');
    await at('bureau.approver').do('authorisation', 'give_notice');
    await at('bureau.approver').shot('07-noticed');
  });

  stage('anybody objects on the public page; the authority answers', async () => {
    const { page } = await visitor('/notices');
    await page.locator('main table a').first().click();
    await page.locator('#text').fill('演示异议：请说明收益测算方法。');
    await page.locator('main form button').click();
    await page.locator('[role="status"]').waitFor();
    // Who has an account signs it; the inbox offers that to those who see the case.
    await at('cyber.approver').do('authorisation', 'raise_objection');
    const bureau = at('bureau.approver');
    await bureau.do('authorisation', 'answer_objection');
    await bureau.shot('08-objection-answered');
    await bureau.without('authorisation', 'answer_objection');
  });

  stage('the notice ends with time; everybody signs in again over the page', async () => {
    const admin = at('keeper.system');
    await at('mechanism.approver').without('authorisation', 'deliberate');
    await admin.go('/deployment');
    await admin.write({ day: '2026-03-11' });
    await admin.page.locator('form:has(#day) button[type="submit"]').click();
    await admin.page.locator('.ant-modal .ant-btn-primary').click();
    await Promise.all(PEOPLE.map((name) => at(name).comeBack()));
  });

  stage('deliberation, determination, agreement of both sides', async () => {
    await at('mechanism.approver').do('authorisation', 'deliberate');
    await at('bureau.approver').do('authorisation', 'determine');
    await at('operator.approver').do('authorisation', 'sign_operator');
    await at('bureau.approver').do('authorisation', 'sign_authority');
    await at('bureau.approver').shot('09-authorised');
    await at('operator.approver').go('/authorisations');
    expect(await at('operator.approver').page.locator('main tbody tr').count()).toBe(1);
  });

  stage('staff are filed and vetted, the scenario is assessed', async () => {
    const officer = at('operator.officer');
    await officer.start('staff');
    await officer.choose('person', 'operator.engineer');
    await officer.write({ name: '演示人员', document: 'SAMPLE-0001', nda: '2027-02-28' });
    const [opening] = await Promise.all([officer.page.waitForEvent('download'), officer.hand()]);
    expect(opening.suggestedFilename()).toBe('staff-identity.opening.json');
    await officer.act('staff', 'submit', { 'confidentiality_agreement.period_until': '2027-02-28' });
    await at('bureau.approver').do('staff', 'file');
    await at('bureau.approver').do('staff', 'vet');

    await officer.start('scenario');
    await officer.choose('authorisation');
    await officer.write({ ...SCENARIO, purpose: SCENARIO.zh });
    await officer.page.locator('#use_class input').last().check();
    await officer.hand();
    await officer.act('scenario', 'submit');
    await at('bureau.approver').do('scenario', 'assess');
  });

  stage('one application, one list, one decision: the grant', async () => {
    const operator = at('operator.approver');
    const { page } = operator;
    await operator.start('demand');
    await operator.choose('authorisation');
    await operator.choose('scenario', operator.pick(SCENARIO));
    await operator.choose('resources', TABLE);
    const fields = page.locator('.grid3 input[type="checkbox"]');
    await fields.first().waitFor();
    for (const field of await fields.all()) await field.check();
    await page.getByRole('button', { name: operator.says('open.proposePurpose') }).click();
    await expect.poll(() => page.locator('#purpose').inputValue()).toContain('answer: aggregate');
    await operator.shot('10-demand');
    await operator.hand();
    await operator.act('demand', 'submit');
    await at('bureau.approver').do('demand', 'assess');
    await at('provider.approver').do('demand', 'consent');
    await at('bureau.approver').do('demand', 'decide');
    await operator.go('/grants');
    expect(await page.locator('main tbody tr').count()).toBe(1);
  });

  stage("the engineer's query: judged as it is written, submitted, reviewed, run", async () => {
    const engineer = at('operator.engineer');
    const { page } = engineer;
    await engineer.go('/workspace');
    await page.getByRole('link', { name: engineer.pick(SCENARIO) }).click();
    await engineer.unlock();
    // What would show single persons is refused while it is written, and cannot be submitted.
    await page.locator('.cm-content').click();
    await page.keyboard.insertText(`SELECT citizen_id FROM ${TABLE}`);
    await page.locator('.verdict.refuse').waitFor();
    expect(await page.getByRole('button', { name: engineer.says('work.submit') }).isDisabled()).toBe(true);
    // Removed first: text typed over a selection makes Chromium try an inline style, which the policy refuses (wish W23).
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');
    await page.keyboard.insertText(SQL);
    await page.locator('.verdict.aggregate, .verdict.allow').waitFor();
    await engineer.shot('11-workspace');
    await page.getByRole('button', { name: engineer.says('work.submit') }).click();
    await engineer.atCase();
    await engineer.act('job', 'submit');
    await at('bureau.approver').do('job', 'review');
    await engineer.go('/jobs');
    await page.locator('main tbody tr a').first().click();
    await page
      .locator('.ant-drawer')
      .getByRole('link', { name: engineer.says('job.toRelease') })
      .waitFor();
    await engineer.shot('11-job');
    await page.locator('.ant-drawer-close').click();
  });

  stage('the gate report is read, and two votes are cast blind', async () => {
    const engineer = at('operator.engineer');
    await engineer.go('/jobs');
    await engineer.page.locator('main tbody tr a').first().click();
    await engineer.page
      .locator('.ant-drawer')
      .getByRole('link', { name: engineer.says('job.toRelease') })
      .click();
    await engineer.page.locator('form.open').waitFor();
    await engineer.hand();
    await engineer.act('release', 'check');

    // The report is read by the security authority; experts and providers are not let to it (wish W21).
    const reader = at('cyber.approver');
    await reader.takeUp('release', 'vote');
    await reader.unlock('.check');
    await reader.shot('12-gate-report');

    const expert = at('experts.approver');
    await expert.takeUp('release', 'vote');
    const opinion = '专家意见：分组人数均高于阈值';
    await expert.act('release', 'vote', { 'vote_opinion.opinion': opinion });

    const provider = at('provider.approver');
    await provider.takeUp('release', 'vote');
    expect(await provider.page.getByText(opinion).count()).toBe(0);
    // Nor on the page of the case: nothing but the check is known to have happened.
    const review = provider.page.url();
    await provider.page.goto(review.replace('/reviews/', '/cases/'));
    await provider.desk.settled();
    expect(await provider.page.locator('.timeline .past').count()).toBe(1);
    expect(await provider.page.getByText(opinion).count()).toBe(0);
    await at('cyber.approver').without('release', 'security_review');
    await provider.do('release', 'vote');
    await at('cyber.approver').do('release', 'security_review');
    await at('bureau.approver').do('release', 'authority_review');
    await at('bureau.approver').shot('12-released');
    expect(await at('bureau.approver').page.getByText(opinion).count()).toBe(1);
  });

  stage('the product is registered, certified, listed and published', async () => {
    const officer = at('operator.officer');
    const { page } = officer;
    await officer.go('/products');
    await page.locator('main tbody tr a').first().click();
    await page.waitForURL(/\/products\/prod_/);
    // The zone releases by the digest that was reviewed; then it can be registered.
    await expect
      .poll(async () => {
        await page.reload();
        await officer.desk.settled();
        return page.getByRole('link', { name: officer.says('product.register') }).count();
      })
      .toBe(1);
    await page.getByRole('link', { name: officer.says('product.register') }).click();
    await officer.choose('scenario', officer.pick(SCENARIO));
    await officer.write({ ...PRODUCT, price: '1.50' });
    await officer.choose('form');
    await officer.choose('unit');
    await page.locator('#use_class input').last().check();
    await officer.shot('13-register');
    await officer.hand();
    await officer.act('product', 'register');
    await at('bureau.approver').do('product', 'certify');
    await officer.do('product', 'list', { 'venue_listing.listed_on': '2026-03-11' });
    await at('bureau.approver').do('product', 'publish');
    await at('bureau.approver').shot('13-published');
    const { page: shop } = await visitor('/');
    await shop.getByText(PRODUCT.zh).first().waitFor();
  });

  stage('a consumer orders; the access key never leaves the browser but by hand', async () => {
    const consumer = at('consumer.approver');
    const { page } = consumer;
    await consumer.go('/products');
    await page.getByRole('link', { name: consumer.pick(PRODUCT) }).click();
    await page.getByRole('link', { name: consumer.says('product.order') }).click();
    await page.locator('#scenario input').first().check();
    await consumer.write({ until: '2026-08-31' });
    accessKey = await page.locator('.ant-alert .copyable code').innerText();
    expect(accessKey).toMatch(/^yk_[0-9a-f]{64}$/);
    await page.locator('#kept').check();
    await consumer.shot('14-order');
    let sent = '';
    page.on('request', (request) => (sent += request.postData() ?? ''));
    await consumer.hand();
    expect(sent).toContain('consumer_order');
    expect(sent).not.toContain(accessKey);
    await consumer.act('consumer_order', 'apply');
    await at('operator.officer').do('consumer_order', 'review');
    await consumer.do('consumer_order', 'sign_consumer');
    await at('operator.approver').do('consumer_order', 'sign_operator');
    await consumer.without('consumer_order', 'sign_consumer');
  });

  stage("the consumer's application is served rows by key, and the use is shown", async () => {
    const consumer = at('consumer.approver');
    const { page } = consumer;
    await consumer.go('/orders');
    await page.locator('main tbody tr a').first().click();
    await page.locator('pre.code').waitFor();
    const path = /\/data\/v1\/products\/\w+\/rows/.exec(await page.locator('pre.code').innerText())?.[0];
    await expect
      .poll(
        async () => {
          const bearer = { authorization: `Bearer ${accessKey}` };
          const given = await fetch(`${platform.url}/api/v1/tickets`, { method: 'POST', headers: bearer });
          if (!given.ok) return given.status;
          const { ticket, endpoint } = (await given.json()) as { ticket: never; endpoint: string };
          const shown = { ...bearer, 'yunyu-ticket': Buffer.from(canonical(ticket)).toString('base64') };
          const answer = await fetch(`${endpoint}${path}?limit=100`, { headers: shown });
          if (!answer.ok) return answer.status;
          const { rows: found } = (await answer.json()) as { rows: unknown[] };
          return `${found.length} rows`;
        },
        { interval: 1000 },
      )
      .toBe('6 rows');
    await page.locator('.figures').waitFor();
    const [calls, number] = await page.locator('.figures dd').allInnerTexts();
    expect([calls, number]).toEqual(['1', '6']);
    await consumer.shot('15-usage');
  });

  stage('the evidence is downloaded and verified by somebody without an account', async () => {
    const operator = at('operator.approver');
    await operator.go('/products');
    await operator.page.getByRole('link', { name: operator.pick(PRODUCT) }).click();
    const [download] = await Promise.all([
      operator.page.waitForEvent('download'),
      operator.page.getByRole('button', { name: operator.says('evidence.download') }).click(),
    ]);
    evidence = readFileSync(await download.path(), 'utf8');
    const desk = await world.desk('zh');
    visitors.push(desk);
    await desk.open('/verify');
    const files = desk.page.locator('input[type="file"]');
    await files.nth(0).setInputFiles(await download.path());
    await files.nth(1).setInputFiles(platform.trust);
    await desk.page.locator('.ant-alert-success').waitFor();
    await desk.shot('mainjob-16-verified-zh-light-1280');
    // One decision changed, and it is no evidence any more.
    const forged = evidence.replace('"decision":"approve"', '"decision":"reject"');
    expect(forged).not.toBe(evidence);
    await files.nth(0).setInputFiles(platform.file('forged.json', forged));
    await desk.page.locator('.ant-alert-error').first().waitFor();
  });

  test('nobody saw an error, and nothing was asked of others', () => {
    const faults = [...people].flatMap(([name, { desk }]) => desk.faults.map((f) => `${name}: ${f}`));
    expect([...faults, ...visitors.flatMap((desk) => desk.faults)]).toEqual([]);
  });
});
