/** Which page the help speaks of. */
import { useSyncExternalStore } from 'react';

let topic: string | null = null;
const listeners = new Set<() => void>();

/** Called by a page when it is shown. */
export function setTopic(next: string | null): void {
  topic = next;
  for (const listener of listeners) listener();
}

/** The topic of the page shown. */
export function useTopic(): string | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => topic,
  );
}
