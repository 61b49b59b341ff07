/**
 * A resource is sealed, unsealed and withdrawn by hand in the browser, each person with an account of their own, in Chinese;
 * its certificate is taken away and verified. Needs the program itself (`YUNYU_BIN`).
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { World } from './harness/browser';
import { Person, Rules } from './harness/person';
import { Platform } from './harness/platform';

let platform: Platform;
let world: World;
let rules: Rules;
/** The resource that all of it is about, by id and table. */
let resource = { id: '', table: '' };
const sat: Person[] = [];

beforeAll(async () => {
  platform = await Platform.told(process.env['YUNYU_BIN'], 'wuxi', 'gm');
  await open();
});
afterAll(async () => {
  await world?.stop();
  await platform?.stop();
});

async function open(): Promise<void> {
  world = await World.start(platform.url, platform.data);
  rules = await Rules.read(platform.url);
}

/** A person of the story at a browser of their own, with the key from their desk. */
async function sit(account: string): Promise<Person> {
  const { password } = world.account(account);
  const paper = platform.file('paper.txt', '演示文本\n');
  const person = await Person.sit(world, { account, lang: 'zh', first: password, password }, rules, paper);
  sat.push(person);
  await person.signIn();
  await person.desk.takeKey(account);
  return person;
}

/** What the page says of itself, and a picture of it. */
async function look(person: Person, name: string): Promise<void> {
  expect(await person.desk.axe()).toEqual([]);
  await person.desk.shot(`taking-${name}-zh-light-1280`);
}

/** What takes a resource away or gives it back. Matters about it are offered there, too. */
const TAKING = ['sealing', 'unsealing', 'withdrawal'];

/** Which of these the resource's page offers. */
async function offered(person: Person): Promise<string[]> {
  await person.desk.open(`/catalogue/${resource.id}`);
  const links = await person.page.locator('main a[href*="/cases/new?procedure="]').all();
  const hrefs = await Promise.all(links.map((a) => a.getAttribute('href')));
  const all = hrefs.map((h) => new URL(h ?? '', platform.url).searchParams.get('procedure') ?? '');
  return all.filter((procedure) => TAKING.includes(procedure));
}

/** From the resource's page to the signed proposal. */
async function propose(person: Person, procedure: string, ground: string): Promise<string> {
  await person.desk.open(`/catalogue/${resource.id}`);
  await person.page.locator(`main a[href*="procedure=${procedure}&"]`).click();
  await person.page.locator('form.open').waitFor();
  await person.desk.settled();
  // The resource is the one that the person came from, by its name.
  expect(await person.page.locator('.ant-select:has(#resource)').innerText()).toContain(resource.table);
  await person.page.getByRole('radio', { name: person.says(`code.${ground}` as never) }).check();
  await look(person, `${procedure}-form`);
  const id = await person.hand();
  await person.act(procedure, 'propose');
  return id;
}

/** A stage; what was half done cannot be done again. */
function stage(name: string, walk: () => Promise<void>): void {
  test(name, { retry: 0 }, async () => {
    try {
      await walk();
    } catch (e) {
      // What everybody sees where it broke.
      for (const [i, person] of sat.splice(0).entries())
        await person.desk.shot(`taking-broken-${i}`).catch(() => undefined);
      throw e;
    }
    quiet();
  });
}

/** Nobody who sat here saw an error; they get up. */
function quiet(): void {
  expect(sat.splice(0).flatMap((p) => p.desk.faults)).toEqual([]);
}

/** The case comes to its end by itself on an open page. */
async function closes(person: Person, procedure: string): Promise<void> {
  const done = rules.procedure(procedure).steps.find((s) => s.name === 'certify');
  await person.page
    .locator('.timeline .past')
    .filter({ hasText: done?.zh ?? '' })
    .waitFor();
  await person.desk.settled();
  await look(person, `${procedure}-closed`);
}

stage('a provider seals a resource; the authority decides; nobody else is offered it', async () => {
  const provider = await sit('provider1.approver');
  await provider.go('/catalogue');
  const own = provider.page.locator('main tbody tr').filter({ hasText: '示例卫健委' }).first();
  const link = own.locator('a[href*="/catalogue/res_"]').first();
  const href = await link.getAttribute('href');
  resource = { id: href?.split('/').pop() ?? '', table: await link.innerText() };
  expect(await offered(provider)).toEqual(['sealing', 'withdrawal']);
  await look(provider, 'resource-offered');
  // The list of what can be begun has them too.
  await provider.desk.open('/cases/new');
  for (const name of ['sealing', 'withdrawal', 'unsealing'])
    await provider.page.locator(`.choices a[href$="procedure=${name}"]`).waitFor();
  for (const [account, has] of [
    ['provider2.approver', []],
    ['operator.approver', []],
    ['bureau.approver', ['sealing']],
  ] as const)
    expect(await offered(await sit(account)), account).toEqual(has);

  await propose(provider, 'sealing', 'under_dispute');
  await look(provider, 'sealing-proposed');
  await provider.without('sealing', 'decide');
  const bureau = await sit('bureau.approver');
  await bureau.do('sealing', 'decide');
  await closes(bureau, 'sealing');
  await bureau.desk.open(`/catalogue/${resource.id}`);
  await bureau.page.getByText(bureau.says('mark.resource.sealed')).first().waitFor();
  await bureau.page
    .locator('main tbody th')
    .filter({ hasText: bureau.says('deed.sealed') })
    .waitFor();
  await look(bureau, 'resource-sealed');
});

stage('the certificate of the sealing is verified in the browser', async () => {
  const bureau = await sit('bureau.reviewer');
  await bureau.desk.open(`/catalogue/${resource.id}`);
  const file = bureau.page.waitForEvent('download');
  await bureau.page.getByRole('button', { name: bureau.says('evidence.download') }).click();
  const path = await (await file).path();
  await bureau.desk.open('/verify');
  const [evidence, trust] = [
    bureau.page.locator('input[type="file"]').nth(0),
    bureau.page.locator('input[type="file"]').nth(1),
  ];
  await evidence.setInputFiles(path);
  await trust.setInputFiles(platform.trust);
  await bureau.page.getByText('资源证明（撤回、封存或启封）').first().waitFor();
  await bureau.page.locator('.ant-alert-success').waitFor();
  await look(bureau, 'certificate-verified');
});

stage('the authority unseals it, and two keepers open it', async () => {
  const bureau = await sit('bureau.approver');
  expect(await offered(bureau)).toEqual(['unsealing']);
  const id = await propose(bureau, 'unsealing', 'dispute_settled');
  const second = await sit('bureau.reviewer');
  await second.do('unsealing', 'decide');
  await second.page.getByText('已决定，待两名保管人启封').first().waitFor();
  await look(second, 'unsealing-waits');
  // Pages that stay open would see the platform go.
  quiet();
  await world.stop();
  await platform.unseal(resource.id);
  await open();
  const provider = await sit('provider1.approver');
  await provider.desk.open(`/cases/${id}`);
  await closes(provider, 'unsealing');
  await provider.desk.open(`/catalogue/${resource.id}`);
  await provider.page.getByText(provider.says('mark.resource.catalogued')).first().waitFor();
});

stage('the provider withdraws it: keys and records are gone, the entry says so', async () => {
  const provider = await sit('provider1.approver');
  await propose(provider, 'withdrawal', 'provider_withdraws');
  const bureau = await sit('bureau.reviewer');
  await bureau.do('withdrawal', 'decide');
  await closes(bureau, 'withdrawal');
  await provider.desk.open(`/catalogue/${resource.id}`);
  await provider.page.getByText(provider.says('mark.resource.withdrawn')).first().waitFor();
  const deeds = provider.page.locator('main tbody th').filter({ hasText: /^已(撤回并销毁|封存|启封)$/ });
  await expect.poll(() => deeds.allInnerTexts()).toEqual(['已封存', '已启封', '已撤回并销毁']);
  expect(await offered(provider)).toEqual([]);
  await look(provider, 'resource-withdrawn');
  await provider.page.setViewportSize({ width: 400, height: 800 });
  await provider.desk.settled();
  await look(provider, 'resource-withdrawn-narrow');
});
