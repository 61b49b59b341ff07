/** Documents that a forger puts beside the real ones: the platform's leaves name what the platform likes. */

import { utf8 } from '../bytes';
import { compareTexts } from '../shape';
import type { Both, Suite } from '../suite';
import type { Document } from '../evidence/file';
import { rewrite, type Wrong } from './forge';

/** Such a document, as text. */
export interface Paper {
  readonly name: string;
  readonly type: string | null;
  readonly content: string;
}

/** The document of an evidence file. */
export function documentOf(both: Both, suite: Suite, { name, type, content }: Paper): Document {
  const out: Document = { name, type, media_type: 'application/json', digest: both[suite].alg, content: '' };
  rewrite(both, out, utf8(content), true);
  return out;
}

/** A file with these documents too; leaves that open cases name the digests of the first `named` of them. */
export function beside(documents: readonly Document[], named = documents.length): Wrong {
  return {
    leaf: (leaf) => {
      if (leaf.log !== 'platform' || leaf.kind !== 'case_opened') return;
      documents.slice(0, named).forEach((d, i) => (leaf.refs[`paper_${i}`] = d.digest));
    },
    body: (body) => {
      body.documents = [...body.documents, ...documents].sort((a, b) => compareTexts(a.name, b.name));
    },
  };
}
