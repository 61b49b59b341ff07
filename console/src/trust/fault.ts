/** What a verifier finds wrong: where, a stable code, and which message says it. The words stand in the message files. */

/** The first thing found wrong. */
export interface Fault {
  /** Place inside the file. */
  readonly file: string;
  /** Stable code, as the program's. */
  readonly what: string;
  /** Which message says it: `verify.fault.<text>`. */
  readonly text: string;
  /** What the message names: ids, numbers, names of steps. */
  readonly args: Readonly<Record<string, Said>>;
}

/** A text, or one in both languages. */
export type Said = string | { readonly zh: string; readonly en: string };

/** A fault on its way up. */
export class FaultError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(`${fault.file} [${fault.what}]`);
    this.name = 'FaultError';
    this.fault = fault;
  }
}

/** Ends a check. */
export function fail(
  what: string,
  text: string = what,
  args: Readonly<Record<string, Said>> = {},
  file = '',
): never {
  throw new FaultError({ file, what, text, args });
}

/** Runs a check whose faults lie at a place. */
export function at<T>(file: string, check: () => T): T {
  try {
    return check();
  } catch (e) {
    if (e instanceof FaultError) throw new FaultError({ ...e.fault, file });
    throw e;
  }
}
