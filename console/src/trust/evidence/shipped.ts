/** The texts of the rule packs shipped with the program, built in when the console is built. */

import type { Texts } from './pack';

const PREFIX = '../../../../packs/';

const files = import.meta.glob<string>('../../../../packs/*/**/*.{toml,cedar}', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Texts by `layer/path`. */
export const SHIPPED: Texts = Object.fromEntries(
  Object.entries(files).map(([path, text]) => [path.slice(PREFIX.length), text]),
);
