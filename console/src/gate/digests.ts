/** Whether the report that was read is the one that was signed for. Every comparison is made on what was computed here. */

/** One comparison. */
export interface Compared {
  /** What is compared; a key of the messages. */
  what: 'reportJob' | 'reportCase' | 'artefactJob' | 'artefactCase';
  expected: string;
  found: string;
  same: boolean;
}

interface Sources {
  /** Digest of the report, computed in this browser. */
  computed: string;
  /** Artefact that the report speaks of. */
  artefact: string;
  /** What the platform holds of the job. */
  gate: { report: string; artefact: string } | null;
  /** The object of the case under review. */
  object?: Record<string, unknown> | undefined;
}

/** All comparisons that can be made. */
export function compare({ computed, artefact, gate, object }: Sources): Compared[] {
  const found: Compared[] = [];
  const add = (what: Compared['what'], expected: unknown, is: string) => {
    if (typeof expected === 'string' && expected !== '')
      found.push({ what, expected, found: is, same: expected === is });
  };
  if (gate) {
    add('reportJob', gate.report, computed);
    add('artefactJob', gate.artefact, artefact);
  }
  if (object) {
    add('reportCase', object['gate_report'], computed);
    add('artefactCase', object['artefact'], artefact);
  }
  return found;
}
