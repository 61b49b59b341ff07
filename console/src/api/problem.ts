/**
 * What an answer of the platform can be besides success. A refusal carries its rule and article; it is
 * shown whole, in the language of the reader. Knows nothing of components.
 */
import type { components } from './schema';

/** Body of an error, as the platform writes it. */
export type ErrorBody = components['schemas']['ErrorBody'];

/** The platform answered, and the answer is no. */
export class Refused extends Error {
  readonly status: number;
  readonly body: ErrorBody;

  constructor(status: number, body: ErrorBody) {
    super(body.code);
    this.name = 'Refused';
    this.status = status;
    this.body = body;
  }

  get code(): string {
    return this.body.code;
  }
}

/** Nothing answered, or something that is not the platform did. */
export class Unreachable extends Error {
  constructor() {
    super('unreachable');
    this.name = 'Unreachable';
  }
}

/** The session ended and the person did not sign in again. */
export class SignedOut extends Error {
  constructor() {
    super('signed-out');
    this.name = 'SignedOut';
  }
}

/** Reads an error body from an answer; `null` where there is none of the expected shape. */
export function errorBody(value: unknown): ErrorBody | null {
  if (typeof value !== 'object' || value === null) return null;
  const inner = 'error' in value ? value.error : value;
  if (typeof inner !== 'object' || inner === null) return null;
  const body = inner as Partial<ErrorBody>;
  return typeof body.code === 'string' && typeof body.zh === 'string' && typeof body.en === 'string'
    ? (inner as ErrorBody)
    : null;
}
