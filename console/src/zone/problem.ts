/** What a call to the zone can end with besides an answer. A refusal is a `Refused`, as the platform's are. */

/** The operation domain's endpoint does not answer. The platform may well do. */
export class ZoneAway extends Error {
  /** Address that was asked. */
  readonly endpoint: string;

  constructor(endpoint: string) {
    super('zone-away');
    this.name = 'ZoneAway';
    this.endpoint = endpoint;
  }
}

/** The signing key is not open in this tab, so that the call could not be proved. */
export class KeyLocked extends Error {
  constructor() {
    super('key-locked');
    this.name = 'KeyLocked';
  }
}

/** The person stopped it. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled');
    this.name = 'Cancelled';
  }
}

/** Whether an error only says that somebody no longer wants the answer. */
export function isAbort(error: unknown): boolean {
  return error instanceof Cancelled || (error instanceof DOMException && error.name === 'AbortError');
}
