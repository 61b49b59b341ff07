/**
 * The open key of this tab, for as long as the person asked for and at most fifteen minutes. It lies in
 * memory only, and goes with the tab, with signing out, and with another person.
 */
import type { OpenKey } from '../trust/keys';

/** How long an opened key stays open. */
export const OPEN_MS = 15 * 60_000;

let held: { slot: string; key: OpenKey } | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Holds an opened key. */
export function holdKey(slot: string, key: OpenKey): void {
  clearTimeout(timer);
  held = { slot, key };
  timer = setTimeout(lockKey, OPEN_MS);
}

/** The open key of a slot. */
export function heldKey(slot: string): OpenKey | null {
  return held?.slot === slot ? held.key : null;
}

/** Forgets the open key. */
export function lockKey(): void {
  clearTimeout(timer);
  held = null;
}
