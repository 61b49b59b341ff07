import { afterAll, beforeAll, test } from 'vitest';
import { World } from './harness/browser';
import { idsOf, rounds } from './harness/visits';
let world: World;
beforeAll(async () => { world = await World.start(); });
afterAll(async () => { await world.stop(); });
test('some', async () => {
  const only = (process.env['ONLY'] ?? '').split(',');
  const [lang, theme, width] = (process.env['LOOK'] ?? 'zh,light,1280').split(',');
  for (const { account, key, visits } of rounds(world, await idsOf(world))) {
    const some = visits.filter((v) => only.includes(v.name));
    if (some.length === 0) continue;
    const desk = await world.desk(lang as 'zh', theme as 'light', Number(width));
    await desk.signIn(account);
    if (key) await desk.takeKey(account);
    for (const v of some) {
      await desk.open(v.path);
      try { await v.first?.(desk); } catch (e) { console.log(String(e)); }
      await desk.shot(`${v.name}-${lang}-${theme}-${width}`);
      console.log(v.name, await desk.axe(), desk.faults.splice(0));
    }
    await desk.close();
  }
}, 300_000);
