/** Whether the platform answers. While it does not, it is asked again every three seconds. */
import { useSyncExternalStore } from 'react';

type Listener = () => void;
const listeners = new Set<Listener>();
const back = new Set<Listener>();
let down = false;
let timer: ReturnType<typeof setTimeout> | undefined;

const AGAIN_MS = 3000;

function set(next: boolean): void {
  if (down === next) return;
  down = next;
  for (const listener of listeners) listener();
  if (!down) for (const listener of back) listener();
}

async function look(): Promise<void> {
  try {
    const answer = await fetch('/api/v1/deployment', { cache: 'no-store', credentials: 'omit' });
    if (answer.ok) {
      connected();
      return;
    }
  } catch {
    // Still nothing.
  }
  timer = setTimeout(() => void look(), AGAIN_MS);
}

/** Something answered. */
export function connected(): void {
  clearTimeout(timer);
  timer = undefined;
  set(false);
}

/** Nothing answered. */
export function disconnected(): void {
  set(true);
  timer ??= setTimeout(() => void look(), AGAIN_MS);
}

/** Calls back whenever the platform answers again after a break. */
export function onBack(listener: Listener): () => void {
  back.add(listener);
  return () => back.delete(listener);
}

/** True while the platform does not answer. */
export function useDown(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => down,
  );
}
