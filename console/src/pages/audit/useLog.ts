/**
 * The platform's log, read whole and checked against its signed checkpoint. Read once for list and leaves; what the
 * platform adds meanwhile comes when it is asked for again.
 */
import { useQuery } from '@tanstack/react-query';
import { useMemo, useSyncExternalStore } from 'react';
import { get } from '../../api/client';
import { useProcedures } from '../../api/queries';
import type { Deployment } from '../../api/types';
import { toBase64 } from '../../trust/bytes';
import type { Json } from '../../trust/canonical';
import type { Named, Title, Titles } from '../../trust/evidence/pack';
import type { Signed } from '../../trust/keys';
import { readWhole } from '../../trust/log/whole';
import type { WholeLog } from '../../trust/log/whole';

/** How many leaves one answer of the platform holds. */
const PAGE = 1000;
/** Where the last checkpoint seen is remembered, by its origin. */
const SEEN = 'yunyu.checkpoint.';

/** A log with what this browser remembers of it. */
export interface Log {
  whole: WholeLog;
  /** False where the log does not extend the checkpoint that this browser saw before. */
  continues: boolean;
  /** Since when entries are kept from the reader, who is asked for a blind vote; `null` where none are. */
  heldBack: number | null;
}

interface Answer {
  leaves: { index: number; leaf: Json }[];
  held_back_since: number | null;
}

interface Progress {
  n: number;
  size: number;
}
let progress: Progress = { n: 0, size: 0 };
const listeners = new Set<() => void>();

function tell(next: Progress): void {
  progress = next;
  for (const listener of listeners) listener();
}

async function readLog(signal: AbortSignal): Promise<Log> {
  const [checkpoint, lists, deployment] = await Promise.all([
    get<{ checkpoint: string | null }>('/api/v1/audit/checkpoint', signal),
    get<{ key_lists: Signed<Json>[] }>('/api/v1/key-lists', signal),
    get<Deployment>('/api/v1/deployment', signal),
  ]);
  const note = checkpoint.checkpoint ?? '';
  const size = Number(note.split('\n')[1] ?? 0) || 0;
  const leaves: Json[] = [];
  let heldBack: number | null;
  for (;;) {
    tell({ n: leaves.length, size });
    const path = `/api/v1/audit/leaves?from=${leaves.length}&limit=${PAGE}`;
    const answer = await get<Answer>(path, signal);
    const page = answer.leaves;
    heldBack = answer.held_back_since;
    // A leaf under another index than its own would be another leaf.
    const gap = page.findIndex(({ index }, i) => index !== leaves.length + i);
    leaves.push(...page.slice(0, gap < 0 ? undefined : gap).map(({ leaf }) => leaf));
    if (page.length < PAGE || gap >= 0) break;
  }
  const whole = await readWhole({
    note,
    leaves,
    keyLists: lists.key_lists,
    root: deployment.root_key?.public ?? '',
  });
  return { whole, continues: remember(whole), heldBack };
}

/** Compares with the checkpoint seen before, and remembers this one if it holds. */
function remember(whole: WholeLog): boolean {
  const c = whole.checkpoint;
  if (!c || whole.fault) return true;
  const name = SEEN + c.origin;
  const kept = localStorage.getItem(name);
  const before = kept === null ? null : (JSON.parse(kept) as { size: number; sm3: string; sha256: string });
  if (before && !whole.extends(before)) return false;
  localStorage.setItem(
    name,
    JSON.stringify({ size: whole.size, sm3: toBase64(c.sm3), sha256: toBase64(c.sha256) }),
  );
  return true;
}

/** The log. */
export function useLog() {
  return useQuery<Log>({
    queryKey: ['audit-log'],
    queryFn: ({ signal }) => readLog(signal),
    staleTime: 60_000,
    structuralSharing: false,
  });
}

/** How far reading has come. */
export function useProgress(): Progress {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => progress,
  );
}

/** Names of procedures and steps, as the platform's rule pack has them. */
export function useTitles(): Titles {
  const { data } = useProcedures();
  return useMemo(() => {
    const named = data?.procedures.map((p): [string, Named] => {
      const steps = p.steps.map((s): [string, Title] => [s.name, { zh: s.zh, en: s.en }]);
      return [p.name, { zh: p.zh, en: p.en, steps: new Map(steps) }];
    });
    return new Map(named);
  }, [data]);
}
