/** Stages of verification, in order. */
export const STAGES = [
  'format',
  'trust',
  'key_lists',
  'seal',
  'checkpoints',
  'anchors',
  'witnesses',
  'leaves',
  'statements',
  'documents',
  'subject',
  'story',
] as const;

/** A stage of verification. */
export type Stage = (typeof STAGES)[number];
