/** How a person shows a ticket at the zone's endpoint: the ticket, and a proof for exactly one request. */

import { random, toBase64, toHex } from './bytes';
import { canonical, type Json } from './canonical';
import type { OpenKey, Signed } from './keys';

const PROOF_TYPE = 'proof';

/** What of a ticket matters to its holder; it is passed on as the platform gave it. */
export interface TicketBody {
  id: string;
}

/** Proof of possession: signed by the holder's key for one method and path. */
export interface Proof {
  v: number;
  ticket: string;
  /** Upper case. */
  method: string;
  /** Without query. */
  path: string;
  /** Milliseconds since 1970 on the deployment's clock. */
  at: number;
  /** Used once. */
  nonce: string;
}

function header(value: unknown): string {
  return toBase64(canonical(value as Json));
}

/**
 * Headers of one request to the zone under a person's ticket.
 * @param now on the deployment's clock; the zone allows 30 seconds
 */
export async function zoneHeaders(
  key: OpenKey,
  ticket: Signed<TicketBody>,
  request: { method: string; path: string; now: number },
): Promise<Record<string, string>> {
  const body: Proof = {
    v: 1,
    ticket: ticket.body.id,
    method: request.method,
    path: request.path,
    at: request.now,
    nonce: toHex(random(16)),
  };
  return { 'Yunyu-Ticket': header(ticket), 'Yunyu-Proof': header(await key.sign(PROOF_TYPE, body)) };
}
