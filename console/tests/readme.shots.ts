/** The pictures of the README, made anew: `npm run shots` writes `docs/shots/NAME.LANGUAGE.png`. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { World } from './harness/browser';
import type { Desk, Lang } from './harness/browser';
import { REFUSED_SQL, evidence, idsOf, query, unlock } from './harness/visits';

const SHOTS = fileURLToPath(new URL('../../docs/shots/', import.meta.url));
const MOST_BYTES = 200_000;

let world: World;
let id: Record<string, string>;
beforeAll(async () => {
  world = await World.start();
  id = await idsOf(world);
  mkdirSync(SHOTS, { recursive: true });
});
afterAll(async () => {
  await world?.stop();
});

async function keep(desk: Desk, name: string): Promise<void> {
  const path = join(SHOTS, `${name}.png`);
  await desk.page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  expect(desk.faults).toEqual([]);
  expect(statSync(path).size).toBeLessThan(MOST_BYTES);
}

test.each<Lang>(['zh', 'en'])(
  'pictures of the README, %s',
  async (lang) => {
    const bureau = await world.desk(lang);
    await bureau.signIn('bureau.approver');
    await bureau.takeKey('bureau.approver');
    await bureau.open(`/cases/${id['case.authorisation']}`);
    await keep(bureau, `case.${lang}`);
    await bureau.open(`/gate/${id['jobs']}`);
    await unlock(world, 'bureau.approver')(bureau);
    await bureau.page.locator('.chart svg').first().waitFor();
    await keep(bureau, `gate.${lang}`);
    await bureau.open('/verify');
    await evidence(world)(bureau);
    await keep(bureau, `verify.${lang}`);

    const engineer = await world.desk(lang);
    await engineer.signIn('operator.engineer');
    await engineer.takeKey('operator.engineer');
    await engineer.open(`/workspace/${id['grants']}`);
    await unlock(world, 'operator.engineer')(engineer);
    await query(engineer, REFUSED_SQL);
    await keep(engineer, `workspace.${lang}`);
  },
  240_000,
);
