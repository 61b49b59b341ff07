/** At pages that call the zone: open the key, and work by the keyboard alone. */
import type { Locator } from 'playwright-core';
import type { Desk, World } from './browser';

/** Opens the person's key on the page, as a person does. */
export async function unlock(desk: Desk, world: World, name: string): Promise<void> {
  const { page } = desk;
  await page.locator('.unlock input[type="password"]').fill(world.account(name).password);
  await page.locator('.unlock input[type="password"]').press('Enter');
  await page.locator('.unlock').waitFor({ state: 'detached' });
}

/** Goes by the Tab key until something has the focus. Fails where the keyboard does not get there. */
export async function tabTo(desk: Desk, wanted: Locator, most = 300): Promise<void> {
  await wanted.waitFor();
  const target = await wanted.elementHandle();
  for (let i = 0; i < most; i += 1) {
    if (await target?.evaluate((element) => element === document.activeElement)) return;
    await desk.page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach ${wanted.toString()}`);
}
