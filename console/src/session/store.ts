/**
 * The session of this tab: token, person, organisation. Kept in `sessionStorage`, so that a reload
 * does not sign out and closing the tab does. When the platform says that the session ended, requests
 * wait here until the person signs in again: nothing that was typed is lost.
 */
import { SignedOut } from '../api/problem';

/** A session. */
export interface Session {
  token: string;
  person: string;
  org: string;
  account: string;
}

type Listener = () => void;
const KEPT = 'yunyu.session';
const listeners = new Set<Listener>();

interface State {
  session: Session | null;
  /** True while requests wait for the person to sign in again. */
  expired: boolean;
}

let state: State = { session: read(), expired: false };
let waiting: { go: (session: Session) => void; stop: (e: Error) => void }[] = [];

function read(): Session | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? 'null') as Session | null;
  } catch {
    return null;
  }
}

function set(next: State): void {
  state = next;
  for (const listener of listeners) listener();
}

/** The state, for `useSyncExternalStore`. */
export function sessionState(): State {
  return state;
}

/** Calls back on every change. */
export function onSession(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Starts a session, or goes on with the one that ended. Requests of another person never go on. */
export function begin(session: Session): void {
  const same = state.session?.person === session.person;
  sessionStorage.setItem(KEPT, JSON.stringify(session));
  const held = waiting;
  waiting = [];
  set({ session, expired: false });
  for (const one of held) {
    if (same) one.go(session);
    else one.stop(new SignedOut());
  }
}

/** Ends the session in this tab. */
export function end(): void {
  sessionStorage.removeItem(KEPT);
  forgetDrafts();
  const held = waiting;
  waiting = [];
  set({ session: null, expired: false });
  for (const one of held) one.stop(new SignedOut());
}

/** The session has ended on the platform: waits until the same person is signed in again. */
export function renewed(token: string): Promise<Session> {
  const now = state.session;
  if (!now) return Promise.reject(new SignedOut());
  // Somebody signed in again while this request was on its way.
  if (now.token !== token) return Promise.resolve(now);
  return new Promise((go, stop) => {
    waiting.push({ go, stop });
    if (!state.expired) set({ ...state, expired: true });
  });
}

const DRAFT = 'yunyu.draft.';

/** Keeps what was typed into a form over a reload of the tab. */
export function keepDraft(form: string, values: unknown): void {
  try {
    sessionStorage.setItem(DRAFT + form, JSON.stringify(values));
  } catch {
    // A full store only means that a reload forgets.
  }
}

/** What was typed into a form before. */
export function draftOf<T>(form: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(DRAFT + form) ?? 'null') as T | null;
  } catch {
    return null;
  }
}

/** Forgets a draft once it is handed in. */
export function dropDraft(form: string): void {
  sessionStorage.removeItem(DRAFT + form);
}

function forgetDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(DRAFT)) sessionStorage.removeItem(key);
}
