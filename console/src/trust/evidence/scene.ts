/** What a certificate in an evidence file is held against. */

import { fromBase64 } from '../bytes';
import { canonicalText, parseJson, type Json } from '../canonical';
import { member } from '../shape';
import type { Chains } from './chain';
import type { Document, Evidence } from './file';
import type { Known } from './statements';

/** The file, with what was checked of it before. */
export interface Scene {
  readonly body: Evidence;
  readonly chains: Chains;
  readonly known: Known;
}

/** The value of a document of a type; its encoding was checked before. */
export function content(document: Document): Json | undefined {
  return parseJson(fromBase64(document.content) ?? new Uint8Array());
}

/** Whether a member is there, not null, and what it should be. */
export function agrees(says: Json | undefined, name: string, of: Json | undefined): boolean {
  const own = member(says, name);
  return of !== undefined && of !== null && own !== undefined && canonicalText(own) === canonicalText(of);
}
