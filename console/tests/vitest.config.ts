/** The browser tests: one real browser, one running platform, so one file after another. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // The main job by hand has a platform of its own, and is begun anew as a whole: `npm run test:mainjob`.
    exclude: process.env['YUNYU_MAINJOB'] ? [] : ['tests/mainjob.test.ts'],
    environment: 'node',
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // Every wait is for a condition; a busy machine may need long until it holds.
    expect: { poll: { timeout: 120_000, interval: 100 } },
    fileParallelism: false,
    // A busy machine may be late once; a fault fails every time.
    retry: 1,
  },
});
