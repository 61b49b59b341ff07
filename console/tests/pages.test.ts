/** Every page in both languages and themes: axe finds nothing, nothing is reported, nothing is asked of others. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World } from './harness/browser';
import type { Desk, Lang, Theme } from './harness/browser';
import { idsOf, open, publicPages, rounds } from './harness/visits';
import type { Visit } from './harness/visits';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world?.stop();
});

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

test('no page is left out', async () => {
  const routes = readFileSync(fileURLToPath(new URL('../src/app/routes.tsx', import.meta.url)), 'utf8');
  const paths = [...routes.matchAll(/path: '([^']+)'/g)].map(([, path]) => path ?? '');
  const left = rounds(world, await idsOf(world)).flatMap((round) => round.visits);
  const seen = [...left, ...open(world)].map(({ path }) => path.replace(/\?.*/, '').slice(1));
  const form = (path: string) =>
    new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+').replace('*', 'nothing-here')}$`);
  expect(paths.length).toBeGreaterThan(30);
  expect(paths.filter((path) => path !== '/' && !seen.some((one) => form(path).test(one)))).toEqual([]);
});

/** Looks at one page and says what is wrong with it. */
async function look(desk: Desk, visit: Visit, shot: string): Promise<string[]> {
  await desk.open(visit.path);
  await visit.first?.(desk);
  await desk.shot(shot);
  const title = await desk.page.title();
  const untitled = title.includes('·') ? [] : [`no title: ${title}`];
  const found = [...untitled, ...(await desk.axe()), ...(await desk.hoverOnly()), ...desk.faults.splice(0)];
  return found.map((fault) => `${shot}: ${fault}`);
}

const looks: [Lang, Theme, number][] = [
  ['zh', 'light', 1280],
  ['en', 'dark', 1920],
  ['zh', 'dark', 1280],
  ['en', 'light', 1920],
];

describe.each(looks)('%s, %s, %i wide', (lang, theme, width) => {
  const named = (visit: Visit) => `${visit.name}-${lang}-${theme}-${width}`;

  test('before sign-in', async () => {
    const desk = await world.desk(lang, theme, width);
    const faults: string[] = [];
    for (const visit of open(world)) faults.push(...(await look(desk, visit, named(visit))));
    expect(faults).toEqual([]);
  });

  test('every page', async () => {
    const left = rounds(world, await idsOf(world));
    const faults: string[] = [];
    const walk = async () => {
      for (let round = left.shift(); round; round = left.shift()) {
        const { account, key, visits } = round;
        const desk = await world.desk(lang, theme, width);
        await desk.signIn(account);
        if (key) await desk.takeKey(account);
        for (const visit of visits) faults.push(...(await look(desk, visit, named(visit))));
        await desk.close();
      }
    };
    // Two people at a time: while one page waits, the other is looked at.
    await Promise.all([walk(), walk()]);
    expect(faults).toEqual([]);
  });

  test('pages for anyone', async () => {
    const desk = await world.desk(lang, theme, width);
    const faults: string[] = [];
    for (const visit of publicPages(await idsOf(world))) {
      await desk.page.goto(`${world.url}${visit.path}?lang=${lang}`);
      await desk.shot(named(visit));
      const found = [...(await desk.axe()), ...desk.faults.splice(0)];
      faults.push(...found.map((fault) => `${named(visit)}: ${fault}`));
    }
    expect(faults).toEqual([]);
  });
});
