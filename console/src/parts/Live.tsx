/** Says what changed to people who do not see the page: one polite live region for the whole console. */
import { useSyncExternalStore } from 'react';

let said = '';
const listeners = new Set<() => void>();

/** Says a sentence. The same sentence twice is said twice. */
export function say(text: string): void {
  said = said === text ? `${text}\u00a0` : text;
  for (const listener of listeners) listener();
}

/** Stands once in the page. */
export function LiveRegion() {
  const text = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => said,
  );
  return (
    <div className="unseen" role="status" aria-live="polite">
      {text}
    </div>
  );
}
