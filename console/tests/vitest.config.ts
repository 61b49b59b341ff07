/** The browser tests: one real browser, one running platform, so one file after another. */
import { BaseSequencer } from 'vitest/node';
import type { TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/** By name: the files share a platform, and an order that comes from an earlier run's cache is another one in CI. */
class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => a.moduleId.localeCompare(b.moduleId)));
  }
}

/** Where `cargo xtask test` reads what failed, to say it last. */
const report = process.env['YUNYU_REPORT'];

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
    sequence: { sequencer: ByName },
    reporters: [
      'default',
      ...(report ? [['json', { outputFile: report }] as ['json', { outputFile: string }]] : []),
    ],
    // A busy machine may be late once; a fault fails every time.
    retry: 1,
  },
});
