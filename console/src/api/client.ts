/**
 * The platform's HTTP API as the console uses it. One function: it adds the session, repeats a request
 * after the person signed in again, tells the connection store when nothing answers, and turns every
 * problem document into a `Refused`.
 */
import { renewed, sessionState } from '../session/store';
import { connected, disconnected } from './connection';
import { Refused, Unreachable, errorBody } from './problem';
import type { ErrorBody } from './problem';

/** What goes with a request. */
export interface Ask {
  body?: unknown;
  /** Makes a command repeatable: the same key is done once. */
  key?: string;
  signal?: AbortSignal | undefined;
  /** Sent without a session. */
  anonymous?: boolean;
}

/** A key for a command that must be done once, however often it is sent. */
export function onceKey(): string {
  return crypto.randomUUID();
}

async function once(method: string, path: string, ask: Ask, token: string | undefined): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (token) headers['authorization'] = `Bearer ${token}`;
  if (ask.key) headers['idempotency-key'] = ask.key;
  if (ask.body !== undefined) headers['content-type'] = 'application/json';
  const init: RequestInit = { method, headers, credentials: 'omit', cache: 'no-store' };
  if (ask.body !== undefined) init.body = JSON.stringify(ask.body);
  if (ask.signal) init.signal = ask.signal;
  try {
    return await fetch(path, init);
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    disconnected();
    throw new Unreachable();
  }
}

async function read<T>(response: Response): Promise<T> {
  const text = await response.text();
  let value: unknown = null;
  try {
    value = text === '' ? null : JSON.parse(text);
  } catch {
    // Not the platform: a proxy's page, for instance.
  }
  if (response.ok) {
    connected();
    return value as T;
  }
  const body = errorBody(value);
  if (body) {
    connected();
    throw new Refused(response.status, body);
  }
  // A gateway speaks where the platform is away; anything else is an answer without words.
  if (![502, 503, 504].includes(response.status)) {
    connected();
    throw new Refused(response.status, wordless(response.status));
  }
  disconnected();
  throw new Unreachable();
}

function wordless(status: number): ErrorBody {
  const words = `HTTP ${status}`;
  return { code: `http-${status}`, zh: words, en: words };
}

/**
 * Sends a request and reads its answer.
 *
 * @throws Refused when the platform says no, Unreachable when nothing answers, SignedOut when the
 * session ended and was not renewed.
 */
export async function call<T>(method: string, path: string, ask: Ask = {}): Promise<T> {
  const token = ask.anonymous ? undefined : sessionState().session?.token;
  const response = await once(method, path, ask, token);
  if (response.status === 401 && token) {
    // An answer that nobody reads holds its connection.
    await response.text();
    const session = await renewed(token);
    return read<T>(await once(method, path, ask, session.token));
  }
  return read<T>(response);
}

/** A read. */
export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>('GET', path, { signal });
}

/** A command. */
export function post<T>(path: string, body: unknown, key?: string): Promise<T> {
  return call<T>('POST', path, key === undefined ? { body } : { body, key });
}
