/**
 * Uploads of this tab, one for each resource. They go on while the person looks at other pages; over a reload the
 * batch is remembered, so that the same file can be sent again under it.
 */
import { useSyncExternalStore } from 'react';
import { onceKey, post } from '../api/client';
import { cache } from '../api/queries';
import { draftOf, dropDraft, keepDraft } from '../session';
import { onSession, sessionState } from '../session/store';
import type { OpenKey } from '../trust/keys';
import { isAbort } from '../zone/problem';
import { batchProgress, upload } from '../zone/upload';
import type { Stored, Upload } from '../zone/upload';

/** Where an upload is. */
export type RunState = 'opening' | 'sending' | 'storing' | 'stored' | 'failed' | 'cancelled' | 'interrupted';

/** What is remembered of an upload over a reload. */
interface Kept {
  batch: string;
  name: string;
  size: number;
  modified: number;
}

/** One upload. */
export interface Run extends Kept {
  resource: string;
  state: RunState;
  /** The file while this tab holds it. */
  file: File | null;
  /** Bytes that left this machine. */
  sent: number;
  /** Rows that the zone has read. */
  rows: number | null;
  started: number;
  error: unknown;
  stored: Stored | null;
}

const ROWS_MS = 1000;
const runs = new Map<string, Run>();
const live = new Map<string, Upload>();
const listeners = new Set<() => void>();

const slot = (resource: string) => `intake.${resource}`;
const busy = (run: Run) => run.state === 'opening' || run.state === 'sending' || run.state === 'storing';

function put(run: Run): void {
  runs.set(run.resource, run);
  for (const listener of listeners) listener();
}

function change(resource: string, part: Partial<Run>): void {
  const run = runs.get(resource);
  if (run) put({ ...run, ...part });
}

/** Leaving the page would cut an upload: the browser asks first. */
function guard(event: BeforeUnloadEvent): void {
  if ([...runs.values()].some(busy)) event.preventDefault();
}
if (typeof window !== 'undefined') window.addEventListener('beforeunload', guard);

let person = sessionState().session?.person;
onSession(() => {
  const now = sessionState().session?.person;
  if (now === person) return;
  // Nothing of one person's work goes on under another's session.
  person = now;
  for (const one of live.values()) one.cancel();
  live.clear();
  runs.clear();
});

/** The upload of a resource; one that a reload cut off is found again. */
export function runOf(resource: string): Run | null {
  const found = runs.get(resource);
  if (found) return found;
  const kept = draftOf<Kept>(slot(resource));
  if (!kept?.batch) return null;
  const run: Run = {
    ...kept,
    resource,
    state: 'interrupted',
    file: null,
    sent: 0,
    rows: null,
    started: 0,
    error: null,
    stored: null,
  };
  runs.set(resource, run);
  return run;
}

/** The upload of a resource, watched. */
export function useRun(resource: string): Run | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => runOf(resource),
  );
}

async function send(key: OpenKey, resource: string, batch: string, file: File): Promise<void> {
  change(resource, { state: 'sending', sent: 0, rows: null, error: null, file, started: Date.now() });
  const going = upload(key, { resource, batch }, file, ({ bytes }) =>
    change(resource, { sent: bytes, state: bytes >= file.size ? 'storing' : 'sending' }),
  );
  live.set(resource, going);
  const timer = setInterval(() => {
    batchProgress(key, resource, batch).then(
      (found) => {
        if (found.state === 'receiving') change(resource, { rows: found.rows });
      },
      // The count is an extra: the upload itself says what goes wrong.
      () => undefined,
    );
  }, ROWS_MS);
  try {
    const stored = await going.done;
    change(resource, { state: 'stored', stored, rows: stored.rows, sent: file.size });
    await cache.invalidateQueries();
  } catch (e) {
    change(resource, isAbort(e) ? { state: 'cancelled' } : { state: 'failed', error: e });
  } finally {
    clearInterval(timer);
    live.delete(resource);
  }
}

/** Opens a batch and sends a file as it. */
export async function start(key: OpenKey, resource: string, file: File): Promise<void> {
  const kept: Kept = { batch: '', name: file.name, size: file.size, modified: file.lastModified };
  const empty = { sent: 0, rows: null, started: Date.now(), error: null, stored: null };
  put({ ...kept, ...empty, resource, file, state: 'opening' });
  try {
    const path = `/api/v1/resources/${encodeURIComponent(resource)}/batches`;
    const opened = await post<{ id: string }>(path, { label: file.name }, onceKey());
    keepDraft(slot(resource), { ...kept, batch: opened.id });
    change(resource, { batch: opened.id });
    await send(key, resource, opened.id, file);
  } catch (e) {
    change(resource, { state: 'failed', error: e });
  }
}

/** Sends again under the batch that was opened: nothing of a cut upload was stored. */
export async function sendAgain(key: OpenKey, resource: string, file: File): Promise<void> {
  const run = runOf(resource);
  if (!run) return;
  if (run.batch === '') await start(key, resource, file);
  else await send(key, resource, run.batch, file);
}

/** Stops an upload. Nothing of it is stored. */
export function cancel(resource: string): void {
  live.get(resource)?.cancel();
}

/** Another file is to be sent: the batch opened for this one stays empty. */
export function forget(resource: string): void {
  cancel(resource);
  dropDraft(slot(resource));
  runs.delete(resource);
  for (const listener of listeners) listener();
}

/** Whether a file looks like the one that a batch was opened for. */
export function sameFile(run: Run, file: File): boolean {
  return run.name === file.name && run.size === file.size && run.modified === file.lastModified;
}
