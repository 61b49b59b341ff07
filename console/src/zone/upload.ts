/**
 * Sends one file to the zone. The browser streams it from disk, so its size does not matter; what arrived is told
 * while it goes, and the zone's own count of rows is asked for beside it. A cut upload stores nothing: sending the
 * same bytes again is how it goes on, and bytes that were stored already are answered as before.
 */
import type { OpenKey } from '../trust/keys';
import { again, jsonOf, refusalOf, signedRequest, zoneJson } from './client';
import { Cancelled, ZoneAway } from './problem';

/** What the zone says of a stored batch. */
export interface Stored {
  batch: string;
  resource: string;
  rows: number;
  set_aside: Record<string, number>;
  digest: string;
  encoding: string;
}

/** How far the zone is with a batch. */
export type BatchProgress =
  | { state: 'absent' }
  | { state: 'receiving'; bytes: number; rows: number }
  | { state: 'stored'; rows: number };

/** How far an upload is, as seen from here. */
export interface Sent {
  /** Bytes that left this machine. */
  bytes: number;
  total: number;
}

/** An upload under way. */
export interface Upload {
  done: Promise<Stored>;
  cancel: () => void;
}

const path = (batch: string) => `/data/v1/batches/${batch}`;

/** How far the zone is with a batch. */
export function batchProgress(key: OpenKey, resource: string, batch: string): Promise<BatchProgress> {
  const purpose = { purpose: 'upload' as const, resource, batch };
  return zoneJson<BatchProgress>(key, { purpose, method: 'GET', path: `${path(batch)}/progress` });
}

/** Starts to send a file. */
export function upload(
  key: OpenKey,
  to: { resource: string; batch: string },
  file: Blob,
  told: (sent: Sent) => void,
): Upload {
  const state: { request: XMLHttpRequest | null; stopped: boolean } = { request: null, stopped: false };
  const purpose = { purpose: 'upload' as const, ...to };

  const once = async (fresh: boolean): Promise<Stored> => {
    const { url, endpoint, headers } = await signedRequest(
      key,
      { purpose, method: 'PUT', path: path(to.batch) },
      fresh,
    );
    if (state.stopped) throw new Cancelled();
    return new Promise<Stored>((resolve, reject) => {
      // The only way in a browser to see how much of a body has left.
      const request = new XMLHttpRequest();
      state.request = request;
      request.open('PUT', url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.setRequestHeader('content-type', 'application/octet-stream');
      request.upload.onprogress = (event) => told({ bytes: event.loaded, total: file.size });
      request.onload = () => {
        const body = jsonOf(request.responseText) as Stored | undefined;
        if (request.status === 200 && body) resolve(body);
        else reject(refusalOf(request.status, request.responseText, endpoint));
      };
      request.onerror = () => reject(new ZoneAway(endpoint));
      request.onabort = () => reject(new Cancelled());
      request.send(file);
    });
  };

  const run = async (): Promise<Stored> => {
    for (let tries = 0; ; tries += 1) {
      try {
        return await once(tries > 0);
      } catch (e) {
        const wait = state.stopped ? null : again(e, tries);
        if (wait === null) throw e;
        await new Promise((done) => setTimeout(done, wait));
        if (state.stopped) throw new Cancelled();
      }
    }
  };

  return {
    done: run(),
    cancel: () => {
      state.stopped = true;
      state.request?.abort();
    },
  };
}
