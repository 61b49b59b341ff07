/** The browser tests: one real browser, one running platform, so one file after another. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // The whole main job by hand takes ten minutes and more: `cargo xtask test --full`.
    exclude: process.env['YUNYU_FULL'] ? [] : ['tests/mainjob.test.ts'],
    environment: 'node',
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    // A busy machine may be late once; a fault fails every time.
    retry: 1,
  },
});
