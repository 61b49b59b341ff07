/** Why approvals do not suffice. */

import type { Said } from '../fault';
import type { Keys } from '../log/keylist';
import type { Statement } from './file';

/** A rule said no. The words stand in the message files under `verify.fault.quorum_<code>`. */
export class RefusedError extends Error {
  readonly code: string;
  readonly args: Readonly<Record<string, Said>>;

  constructor(code: string, rule: string, step?: { readonly zh: string; readonly en: string }) {
    super(`${code} (${rule})`);
    this.name = 'RefusedError';
    this.code = code;
    this.args = step ? { rule, step } : { rule };
  }
}

/** Judges the approvals of an order, each already verified as an act of its own. Throws `RefusedError`. */
export type Quorum = (order: Statement, acts: readonly Statement[], keys: Keys) => void;
