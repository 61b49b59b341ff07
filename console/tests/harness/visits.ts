/** Every page of the console in a state worth looking at, by the person who finds it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Desk, World } from './browser';
import { Clerk } from './clerk';

/** A page: its name on pictures, its path, and what is done there first. */
export interface Visit {
  name: string;
  path: string;
  first?: (desk: Desk) => Promise<void>;
}

/** The pages of one person. */
export interface Round {
  account: string;
  /** With the person's key in the browser. */
  key?: boolean;
  visits: Visit[];
}

/** A query that a rule refuses: a single person's row would leave. */
export const REFUSED_SQL =
  'SELECT c.citizen_id, c.district_code\nFROM citizens c\nWHERE c.district_code IS NOT NULL';

/** Ids of the demonstration's objects, by kind; `case.PROCEDURE` is a case of that procedure. */
export async function idsOf(world: World): Promise<Record<string, string>> {
  const clerk = await Clerk.of(world, 'bureau.approver');
  const found: Record<string, string> = {};
  for (const kind of ['resources', 'authorisations', 'grants', 'jobs', 'products', 'orders', 'cases']) {
    const list =
      (
        await clerk.get<
          Record<string, { id: string; procedure?: string; provider?: string; gate?: unknown }[]>
        >(`/${kind}`)
      )[kind] ?? [];
    found[kind] = list[0]?.id ?? '';
    if (kind === 'cases') for (const c of list) found[`case.${c.procedure}`] = c.id;
  }
  // What the story has published, and the job that it comes from; tests before may have begun others.
  const { products: all } = await clerk.get<{ products: { id: string; state: string; job: string }[] }>(
    '/products',
  );
  const published = all.find((p) => p.state === 'published');
  found['products'] = published?.id ?? '';
  found['jobs'] = published?.job ?? '';
  const provider = await Clerk.of(world, 'provider1.officer');
  const me = await provider.get<{ org: { id: string } }>('/me');
  const { resources } = await provider.get<{ resources: { id: string; provider: string }[] }>('/resources');
  found['own-resource'] = resources.find((r) => r.provider === me.org.id)?.id ?? '';
  const products = await (await fetch(`${world.url}/api/v1/public/products`)).json();
  found['certificate'] = (products as { products: { certificate: string }[] }).products[0]?.certificate ?? '';
  return found;
}

/** Opens the person's key on a page that talks to the zone. */
export function unlock(world: World, account: string): (desk: Desk) => Promise<void> {
  return async (desk) => {
    await desk.page.locator('.unlock input[type="password"]').fill(world.account(account).password);
    await desk.page.locator('.unlock button[type="submit"]').click();
    await desk.page.locator('.unlock').waitFor({ state: 'hidden' });
    await desk.settled();
  };
}

/** Types a query into the editor of a workspace that is open. */
export async function query(desk: Desk, sql: string): Promise<void> {
  await desk.page.locator('.cm-content').click();
  await desk.page.keyboard.press('Control+a');
  await desk.page.keyboard.insertText(sql);
  // The list of completions would lie over the page.
  await desk.page.keyboard.press('Escape');
  await desk.page.locator('.verdict').waitFor();
  await desk.settled();
}

/** Gives the page of the verifier the demonstration's evidence and trust file. */
export function evidence(world: World): (desk: Desk) => Promise<void> {
  return async (desk) => {
    const file = readdirSync(world.data).find((name) => name.endsWith('.evidence.json'));
    if (!file) throw new Error('the demonstration has left no evidence');
    const inputs = desk.page.locator('input[type="file"]');
    await inputs.nth(0).setInputFiles(join(world.data, file));
    await inputs.nth(1).setInputFiles(join(world.data, 'trust.json'));
    await desk.page.locator('main .ant-alert-success').waitFor();
    await desk.settled();
  };
}

/** Pages that need no session. */
export function open(world: World): Visit[] {
  return [
    { name: 'login', path: '/login' },
    { name: 'setup', path: '/setup' },
    { name: 'verify-empty', path: '/verify' },
    { name: 'verify', path: '/verify', first: evidence(world) },
  ];
}

/** Pages of people. */
export function rounds(world: World, id: Record<string, string>): Round[] {
  const at = (name: string, path: string, first?: Visit['first']): Visit => ({
    name,
    path,
    ...(first ? { first } : {}),
  });
  return [
    {
      account: 'bureau.approver',
      key: true,
      visits: [
        at('inbox', '/'),
        at('cases', '/cases'),
        at('case-authorisation', `/cases/${id['case.authorisation']}`),
        at('case-catalogue', `/cases/${id['case.catalogue']}`),
        at('case-staff', `/cases/${id['case.staff']}`),
        at('case-release', `/cases/${id['case.release']}`),
        at('reviews', '/reviews'),
        at('review-over', `/reviews/${id['case.release']}`),
        at('catalogue', '/catalogue'),
        at('resource', `/catalogue/${id['resources']}`),
        at('authorisations', '/authorisations'),
        at('authorisation', `/authorisations/${id['authorisations']}`),
        at('open', '/cases/new'),
        at('open-announcement', '/cases/new?procedure=announcement'),
        at('open-rectification', `/cases/new?procedure=rectification&authorisation=${id['authorisations']}`),
        at('rules', '/rules'),
        at('compare-choose', '/compare'),
        at('compare', '/compare/jinan'),
        at('procedure', '/rules/authorisation'),
        at('procedure-matter', '/rules/complaint'),
        at('matters', '/matters'),
        at('open-matter', `/cases/new?procedure=inspection&authorisation=${id['authorisations']}`),
        at('organisations', '/organisations'),
        at('people', '/people'),
        at('key', '/key'),
        at('key-lists', '/key-lists'),
        at('deployment', '/deployment'),
        at('gate', `/gate/${id['jobs']}`, unlock(world, 'bureau.approver')),
        at('not-found', '/nothing-here'),
        at('not-yours', '/cases/case_00000000000000000000'),
      ],
    },
    {
      account: 'operator.approver',
      visits: [
        at('operator-inbox', '/'),
        at('operator-cases', '/cases'),
        at('grants', '/grants'),
        at('grant', `/grants/${id['grants']}`),
        at('jobs', '/jobs'),
        at('job-drawer', `/jobs?job=${id['jobs']}`),
        at('products', '/products'),
        at('product', `/products/${id['products']}`),
        at('open-authorisation', '/cases/new?procedure=authorisation'),
        at('open-demand', '/cases/new?procedure=demand'),
        at('open-product', '/cases/new?procedure=product'),
        at('open-staff', '/cases/new?procedure=staff'),
        at('open-scenario', '/cases/new?procedure=scenario'),
        at('open-release', `/cases/new?procedure=release&job=${id['jobs']}`),
        at('no-key', '/key'),
      ],
    },
    {
      account: 'operator.engineer',
      key: true,
      visits: [
        at('workspaces', '/workspace'),
        at('workspace-locked', `/workspace/${id['grants']}`),
        at('workspace', `/workspace/${id['grants']}`, async (desk) => {
          await unlock(world, 'operator.engineer')(desk);
          await query(desk, REFUSED_SQL);
        }),
        at('job', `/jobs/${id['jobs']}`),
      ],
    },
    {
      account: 'provider1.officer',
      key: true,
      visits: [
        at('provider-inbox', '/'),
        at('intake', '/intake'),
        at('intake-new', '/intake/new', unlock(world, 'provider1.officer')),
        at('intake-supply', `/intake/${id['own-resource']}`),
        at('entry-change', `/catalogue/${id['own-resource']}/change`),
        at('open-plan', '/cases/new?procedure=emergency_plan'),
      ],
    },
    {
      account: 'consumer.officer',
      visits: [
        at('consumer-product', `/products/${id['products']}`),
        at('orders', '/orders'),
        at('order', `/orders/${id['orders']}`),
        at('open-order', `/cases/new?procedure=consumer_order&product=${id['products']}`),
      ],
    },
    {
      account: 'keeper.system',
      visits: [at('admin-people', '/'), at('admin-organisations', '/organisations')],
    },
    {
      account: 'cyber.approver',
      visits: [
        at('inspector-inbox', '/'),
        at('inspector-audit', '/audit'),
        at('inspector-product', `/products/${id['products']}`),
      ],
    },
    { account: 'keeper.security', visits: [at('admin-key-lists', '/key-lists')] },
    {
      account: 'keeper.audit',
      visits: [at('admin-cases', '/'), at('audit', '/audit'), at('audit-entry', '/audit/3')],
    },
  ];
}

/** The pages for anyone, which the platform itself writes. */
export function publicPages(id: Record<string, string>): Visit[] {
  return [
    { name: 'public-products', path: '/' },
    { name: 'public-product', path: `/products/${id['products']}` },
    { name: 'public-certificates', path: '/certificates' },
    { name: 'public-certificate', path: `/certificates/${id['certificate']}` },
    { name: 'public-certificate-unknown', path: '/certificates/XX-0000' },
    { name: 'public-notices', path: '/notices' },
    { name: 'public-catalogue', path: '/catalogue' },
    { name: 'public-resource', path: `/catalogue/${id['resources']}` },
  ];
}
