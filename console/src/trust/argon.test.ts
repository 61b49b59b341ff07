import { afterEach, expect, it, vi } from 'vitest';
import { stretchNow } from './argon.core';
import { toHex, utf8 } from './bytes';

afterEach(() => vi.unstubAllGlobals());

const SALT = Uint8Array.from({ length: 16 }, (_, i) => i);

/** No WebAssembly, as in a locked-down browser. */
const locked = { compile: () => Promise.reject(new Error('refused by the policy')) };

// The program's own words are in keys.test.ts: a key file that it sealed is opened.
it.each([
  { m: 64, t: 1, p: 1 },
  { m: 8, t: 3, p: 1 },
  { m: 72, t: 2, p: 3 },
])('computes the same with and without WebAssembly (%o)', async (cost) => {
  const ask = {
    secret: utf8('口令 passphrase'),
    salt: SALT,
    ...cost,
  };
  const fast = await stretchNow(ask);
  vi.stubGlobal('WebAssembly', locked);
  const slow = await stretchNow(ask);
  expect(fast.length).toBe(32);
  expect(toHex(slow)).toBe(toHex(fast));
  expect(toHex(await stretchNow({ ...ask, t: cost.t + 1 }))).not.toBe(toHex(fast));
});

it('does not ask WebAssembly where it is refused', async () => {
  const instantiate = vi.fn();
  vi.stubGlobal('WebAssembly', { ...locked, instantiate });
  await stretchNow({ secret: utf8('x'), salt: SALT, m: 64, t: 1, p: 1 });
  expect(instantiate).not.toHaveBeenCalled();
});
