/**
 * Calls to the operation domain's own endpoint: a ticket from the platform, a proof signed by the person's key for
 * exactly one request, and the call itself. Data pass here and nowhere else. Knows nothing of components.
 */
import { get, post } from '../api/client';
import { Refused, errorBody } from '../api/problem';
import { cache } from '../api/queries';
import type { Deployment, Signed } from '../api/types';
import type { OpenKey } from '../trust/keys';
import { ZoneAway } from './problem';

/** What a ticket is for. */
export type Purpose =
  | { purpose: 'upload'; resource: string; batch: string }
  | { purpose: 'set_aside'; resource: string; batch: string }
  | { purpose: 'gate_report'; job: string }
  | { purpose: 'job'; job: string }
  | { purpose: 'classify' }
  | { purpose: 'preview'; grant: string };

interface TicketBody {
  id: string;
  key: string;
  expires: number;
}

/** A ticket and where to show it. */
interface Pass {
  ticket: Signed<TicketBody>;
  endpoint: string;
}

/** A request to the zone. */
export interface ZoneAsk {
  purpose: Purpose;
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Without query: the proof is for the path alone. */
  path: string;
  query?: Record<string, string>;
  body?: Blob | Uint8Array | string;
  /** Media type of the body. */
  media?: string;
  signal?: AbortSignal;
}

/** A ticket is not used in its last minute: the request may take a while to arrive. */
const SPARE_MS = 60_000;
/** Answers that pass by themselves: the lease is being renewed, or an order is on its way to the zone. */
const WAITS_MS = [400, 800, 1500, 2500, 4000];
/** The clock or the ticket was out of date: asked once more with fresh ones. */
const STALE = new Set(['ticket-expired', 'ticket-invalid', 'proof-invalid', 'proof-replayed']);

const passes = new Map<string, Pass>();

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Now on the deployment's clock, which the zone goes by too; it may be moved in a demonstration. */
async function clock(fresh: boolean): Promise<number> {
  const key = ['/api/v1/deployment'];
  const known = cache.getQueryState<Deployment>(key);
  if (!fresh && known?.data && Date.now() - known.dataUpdatedAt < 60_000)
    return known.data.now + Math.max(0, Date.now() - known.dataUpdatedAt);
  const asked = Date.now();
  const found = await get<Deployment>('/api/v1/deployment');
  cache.setQueryData(key, found, { updatedAt: asked });
  return found.now + Math.max(0, Date.now() - asked);
}

async function passFor(key: OpenKey, purpose: Purpose, now: number, fresh: boolean): Promise<Pass> {
  const slot = `${key.id} ${JSON.stringify(purpose)}`;
  const kept = passes.get(slot);
  if (!fresh && kept && kept.ticket.body.expires - now > SPARE_MS) return kept;
  const made = await post<Pass>('/api/v1/tickets', purpose);
  passes.set(slot, made);
  return made;
}

/** Address and headers of one request, ready to be sent once. */
export async function signedRequest(
  key: OpenKey,
  ask: Pick<ZoneAsk, 'purpose' | 'method' | 'path' | 'query'>,
  fresh = false,
): Promise<{ url: string; endpoint: string; headers: Record<string, string> }> {
  const now = await clock(fresh);
  const { ticket, endpoint } = await passFor(key, ask.purpose, now, fresh);
  const { zoneHeaders } = await import('../trust/zone');
  const headers = await zoneHeaders(key, ticket, { method: ask.method, path: ask.path, now });
  const query = ask.query ? `?${new URLSearchParams(ask.query).toString()}` : '';
  return { url: `${endpoint}${ask.path}${query}`, endpoint, headers };
}

/** Reads what a text says in JSON; `undefined` where it says nothing. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The refusal in an answer that is not a success. */
export function refusalOf(status: number, text: string, endpoint: string): Error {
  const body = errorBody(jsonOf(text));
  return body ? new Refused(status, body) : new ZoneAway(endpoint);
}

/**
 * Whether, and after how long, a refused call is worth another try without anybody doing anything.
 *
 * @returns milliseconds to wait, or `null`
 */
export function again(error: unknown, tries: number): number | null {
  if (!(error instanceof Refused)) return null;
  if (error.status === 503) return WAITS_MS[tries] ?? null;
  return STALE.has(error.code) && tries === 0 ? 0 : null;
}

async function once(key: OpenKey, ask: ZoneAsk, fresh: boolean): Promise<Response> {
  const { url, endpoint, headers } = await signedRequest(key, ask, fresh);
  const init: RequestInit = {
    method: ask.method,
    headers: ask.media ? { ...headers, 'content-type': ask.media } : headers,
    credentials: 'omit',
    cache: 'no-store',
    referrerPolicy: 'no-referrer',
  };
  if (ask.body !== undefined) init.body = ask.body as BodyInit;
  if (ask.signal) init.signal = ask.signal;
  let answer: Response;
  try {
    answer = await fetch(url, init);
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new ZoneAway(endpoint);
  }
  if (answer.ok) return answer;
  throw refusalOf(answer.status, await answer.text(), endpoint);
}

/**
 * Calls the zone.
 *
 * @throws Refused when the zone or the platform says no, ZoneAway when the zone does not answer.
 */
export async function zoneCall(key: OpenKey, ask: ZoneAsk): Promise<Response> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await once(key, ask, tries > 0);
    } catch (e) {
      const wait = again(e, tries);
      if (wait === null) throw e;
      await sleep(wait);
    }
  }
}

/** Calls the zone and reads JSON. */
export async function zoneJson<T>(key: OpenKey, ask: ZoneAsk): Promise<T> {
  return (await (await zoneCall(key, ask)).json()) as T;
}

/** Forgets all tickets, for tests and when the person changes. */
export function forgetPasses(): void {
  passes.clear();
}
