/** The session as components see it. */
import { useSyncExternalStore } from 'react';
import { onSession, sessionState } from './store';

export { begin, draftOf, dropDraft, end, keepDraft } from './store';
export type { Session } from './store';

/** The session of this tab, and whether it waits for the person to sign in again. */
export function useSession() {
  return useSyncExternalStore(onSession, sessionState);
}
