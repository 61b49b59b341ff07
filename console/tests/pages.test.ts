/** Every page in both languages and themes: axe finds nothing, nothing is reported, nothing is asked of others. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World } from './harness/browser';
import type { Desk, Lang, Theme } from './harness/browser';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world?.stop();
});

/** Ids of the demonstration's objects, by kind. */
async function ids(): Promise<Record<string, string>> {
  const { account, password } = world.account('bureau.approver');
  const ask = async (path: string, token?: string, body?: unknown) => {
    const answer = await fetch(`${world.url}/api/v1/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return (await answer.json()) as Record<string, { id: string; procedure?: string }[]>;
  };
  const { token } = (await ask('sessions', undefined, { account, password })) as unknown as { token: string };
  const found: Record<string, string> = {};
  for (const kind of ['resources', 'authorisations', 'grants', 'jobs', 'products', 'orders', 'cases']) {
    const list = (await ask(kind, token))[kind] ?? [];
    found[kind] = list[0]?.id ?? '';
    if (kind === 'cases') for (const c of list) found[`case.${c.procedure}`] = c.id;
  }
  return found;
}

test('the first page weighs less than 400 kB compressed, all of it counted', async () => {
  const desk = await world.desk('zh');
  const files = new Set<string>();
  desk.page.on('request', (request) => files.add(new URL(request.url()).pathname));
  await desk.open('/login');
  const built = [...files].filter((path) => /^\/console\/.*\.(js|css)$/.test(path));
  const weight = built.map(
    (path) => gzipSync(readFileSync(join(DIST, path.slice('/console/'.length)))).length,
  );
  expect(built.length).toBeGreaterThan(5);
  expect(weight.reduce((sum, n) => sum + n, 0)).toBeLessThan(400_000);
});

type Visit = [name: string, path: string];
const everyone = (id: Record<string, string>): Record<string, Visit[]> => ({
  'bureau.approver': [
    ['inbox', '/'],
    ['cases', '/cases'],
    ['case-authorisation', `/cases/${id['case.authorisation']}`],
    ['case-catalogue', `/cases/${id['case.catalogue']}`],
    ['reviews', '/reviews'],
    ['review-over', `/reviews/${id['case.release']}`],
    ['catalogue', '/catalogue'],
    ['resource', `/catalogue/${id['resources']}`],
    ['authorisations', '/authorisations'],
    ['authorisation', `/authorisations/${id['authorisations']}`],
    ['open', '/cases/new'],
    ['open-announcement', '/cases/new?procedure=announcement'],
    ['open-rectification', `/cases/new?procedure=rectification&authorisation=${id['authorisations']}`],
    ['rules', '/rules'],
    ['procedure', '/rules/authorisation'],
    ['organisations', '/organisations'],
    ['people', '/people'],
    ['key', '/key'],
    ['key-lists', '/key-lists'],
    ['deployment', '/deployment'],
    ['not-found', '/nothing-here'],
    ['not-yours', '/cases/case_00000000000000000000'],
  ],
  'operator.approver': [
    ['operator-inbox', '/'],
    ['grants', '/grants'],
    ['grant', `/grants/${id['grants']}`],
    ['jobs', '/jobs'],
    ['job', `/jobs?job=${id['jobs']}`],
    ['products', '/products'],
    ['product', `/products/${id['products']}`],
    ['open-authorisation', '/cases/new?procedure=authorisation'],
    ['open-demand', '/cases/new?procedure=demand'],
    ['open-product', '/cases/new?procedure=product'],
    ['open-staff', '/cases/new?procedure=staff'],
  ],
  'consumer.approver': [
    ['orders', '/orders'],
    ['order', `/orders/${id['orders']}`],
    ['open-order', `/cases/new?procedure=consumer_order&product=${id['products']}`],
  ],
  'keeper.system': [
    ['admin-people', '/'],
    ['admin-organisations', '/organisations'],
  ],
  'keeper.security': [['admin-key-lists', '/key-lists']],
});

/** Looks at one page and says what is wrong with it. */
async function look(desk: Desk, path: string, shot: string): Promise<string[]> {
  await desk.open(path);
  await desk.shot(shot);
  const title = await desk.page.title();
  const untitled = title.includes('·') ? [] : [`no title: ${title}`];
  const found = [...untitled, ...(await desk.axe()), ...desk.faults.splice(0)];
  return found.map((fault) => `${shot}: ${fault}`);
}

const looks: [Lang, Theme, number][] = [
  ['zh', 'light', 1280],
  ['en', 'dark', 1920],
  ['zh', 'dark', 1280],
  ['en', 'light', 1920],
];

describe.each(looks)('%s, %s, %i wide', (lang, theme, width) => {
  test('before sign-in', async () => {
    const desk = await world.desk(lang, theme, width);
    const faults = [
      ...(await look(desk, '/login', `login-${lang}-${theme}-${width}`)),
      ...(await look(desk, '/setup', `setup-${lang}-${theme}-${width}`)),
    ];
    expect(faults).toEqual([]);
  });

  test('every page', async () => {
    const faults: string[] = [];
    for (const [account, visits] of Object.entries(everyone(await ids()))) {
      const desk = await world.desk(lang, theme, width);
      await desk.signIn(account);
      for (const [name, path] of visits)
        faults.push(...(await look(desk, path, `${name}-${lang}-${theme}-${width}`)));
    }
    expect(faults).toEqual([]);
  }, 400_000);
});
