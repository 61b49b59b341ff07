/**
 * Key files in this browser: IndexedDB, one for each deployment and person. What lies there is sealed
 * under the person's passphrase; nothing here can open it.
 */
const NAME = 'yunyu-keys';
const STORE = 'files';

/** A sealed key file as kept. */
export interface Kept {
  /** `<deployment>/<person>`. */
  slot: string;
  /** Text of the key file. */
  text: string;
  /** Public key, as registered. */
  public: string;
  /** Key id. */
  id: string;
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'slot' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('indexeddb'));
  });
}

async function run<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const tx = db.transaction(STORE, mode);
      const request = ask(tx.objectStore(STORE));
      tx.oncomplete = () => resolve(request.result);
      tx.onabort = () => reject(tx.error ?? new Error('indexeddb'));
    });
  } finally {
    db.close();
  }
}

/** Where the key of a person in a deployment lies. */
export const slotOf = (deployment: string, person: string) => `${deployment}/${person}`;

/** The key file of a slot. */
export async function keptKey(slot: string): Promise<Kept | null> {
  return (
    (await run<Kept | undefined>('readonly', (store) => store.get(slot) as IDBRequest<Kept | undefined>)) ??
    null
  );
}

/** Keeps a key file, in place of the one that lay there. */
export async function keepKey(kept: Kept): Promise<void> {
  await run('readwrite', (store) => store.put(kept));
}

/** Removes the key file of a slot from this browser. */
export async function dropKey(slot: string): Promise<void> {
  await run('readwrite', (store) => store.delete(slot));
}
