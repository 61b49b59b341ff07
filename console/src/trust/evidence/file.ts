/** The shape of an evidence file. */

import { CanonicalError, fromCanonical, type Json } from '../canonical';
import { parseDigest, parsePublic } from '../digest';
import { fail } from '../fault';
import type { Signed } from '../keys';
import type { ClockKind } from '../log/checkpoint';
import { isSigned } from '../log/keylist';
import { isProvedLeaf, type ProvedLeaf } from '../log/proof';
import type { LogName } from '../log/leaf';
import { i64, isObject, list, object, oneOf, orNull, text, u32, u64 } from '../shape';
import type { Both, Suite } from '../suite';

/** A signed statement. */
export interface Statement extends Signed<Json> {
  /** `act`, `order`, `report`, `certificate`, … */
  type: string;
}

/** A document that leaves or statements name by digest. */
export interface Document {
  name: string;
  media_type: string;
  /** `null`: the digest is that of the bytes. Otherwise the content is canonical JSON of this type. */
  type: string | null;
  digest: string;
  /** Base64. */
  content: string;
}

/** What is shown of one log. */
export interface LogPart {
  checkpoint: string;
  leaves: ProvedLeaf[];
}

/** Consistency between a checkpoint and what the other log has seen of the same log. */
export interface AnchorProof {
  log: LogName;
  size: number;
  proof: string[];
}

/** A checkpoint that a witness has cosigned, and proofs that the log here extends it. */
export interface Witnessed {
  log: LogName;
  /** Name of the witness. */
  witness: string;
  note: string;
  sm3_proof: string[];
  sha256_proof: string[];
}

/** A step of the story. The platform vouches for the words, the leaves for what happened. */
export interface StoryStep {
  n: number;
  zh: string;
  en: string;
  article: string | null;
  /** Index of the platform's leaf. */
  leaf: number | null;
}

/** The evidence. */
export interface Evidence {
  v: number;
  deployment: string;
  subject: { kind: string; id: string };
  suite: Suite;
  clock: ClockKind;
  made_at: number;
  root: string;
  trust_digest: string | null;
  key_lists: Signed<Json>[];
  logs: Partial<Record<LogName, LogPart>>;
  anchors: AnchorProof[];
  /** By log and witness; absent where there is none. */
  witnessed?: Witnessed[];
  statements: Statement[];
  documents: Document[];
  story: StoryStep[];
}

/** The file. */
export type EvidenceFile = Signed<Evidence>;

const digest = (v: Json | undefined) => text(v) && parseDigest(v) !== null;

const part = object<LogPart>({ checkpoint: text, leaves: list(isProvedLeaf) });
const logName = oneOf('platform', 'zone');

function isLogs(v: Json | undefined): boolean {
  return isObject(v) && Object.entries(v).every(([name, p]) => logName(name) && part(p));
}

const isWitnessed = object<Witnessed>({
  log: logName,
  witness: text,
  note: text,
  sm3_proof: list(text),
  sha256_proof: list(text),
});

const isEvidence = object<Evidence>({
  v: u32,
  deployment: text,
  subject: object({ kind: text, id: text }),
  suite: oneOf('gm', 'intl'),
  clock: oneOf('real', 'simulated'),
  made_at: i64,
  root: text,
  trust_digest: orNull(digest),
  key_lists: list(isSigned),
  logs: isLogs,
  anchors: list(object<AnchorProof>({ log: logName, size: u64, proof: list(text) })),
  witnessed: (v) => v === undefined || (list(isWitnessed)(v) && (v as Json[]).length > 0),
  statements: list(
    object<Statement>({ type: text, body: (v) => v !== undefined, key: text, signature: text }),
  ),
  documents: list(
    object<Document>({ name: text, media_type: text, type: orNull(text), digest, content: text }),
  ),
  story: list(object<StoryStep>({ n: u64, zh: text, en: text, article: orNull(text), leaf: orNull(u64) })),
});

const isFile = object<EvidenceFile>({ body: isEvidence, key: text, signature: text });

/** Reads an evidence file; anything but its one encoding is a fault. */
export function parseEvidence(both: Both, bytes: Uint8Array): EvidenceFile {
  let value: Json;
  try {
    value = fromCanonical(bytes);
  } catch (e) {
    if (e instanceof CanonicalError) return fail('malformed', 'evidence_encoding');
    throw e;
  }
  if (!isFile(value) || !parsePublic(both, value.body.root)) return fail('malformed', 'evidence_encoding');
  return value;
}
