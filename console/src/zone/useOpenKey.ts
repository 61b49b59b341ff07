/** The person's open key, watched: it locks itself after a while, and can be locked by hand. */
import { useCallback, useSyncExternalStore } from 'react';
import { heldKey } from '../keys/unlocked';
import { useKeyHere } from '../keys/useKey';
import type { KeyHere } from '../keys/useKey';
import type { OpenKey } from '../trust/keys';

const LOOK_MS = 500;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Says that a key was opened or locked just now, instead of waiting for the next look. */
export function keyTouched(): void {
  for (const listener of listeners) listener();
}

function watch(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(keyTouched, LOOK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The key file here and, while it is open, the key. */
export function useOpenKey(): { here: KeyHere | undefined; key: OpenKey | null } {
  const { key: here } = useKeyHere();
  const slot = here?.slot ?? '';
  const key = useSyncExternalStore(
    watch,
    useCallback(() => heldKey(slot), [slot]),
  );
  return { here, key: here && here.kept && here.listed === here.kept.id ? key : null };
}
