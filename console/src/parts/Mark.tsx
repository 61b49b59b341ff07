/** States and verdicts: always a word, the colour only repeats it. */
import { Tag } from 'antd';
import { useTexts } from '../i18n';

const GOOD = [
  'active',
  'catalogued',
  'open',
  'done',
  'published',
  'delivering',
  'pass',
  'listed',
  'certified',
  'registered',
  'released',
  'approved',
  'admitted',
  'approve',
  'explicit',
  'valid',
];
const WAIT = [
  'submitted',
  'ordered',
  'suspended',
  'sealed',
  'review',
  'applied',
  'pending',
  'draft',
  'derived',
];
const BAD = [
  'failed',
  'refused',
  'terminated',
  'revoked',
  'withdrawn',
  'block',
  'reject',
  'expired',
  'closed',
];

function colour(code: string): string {
  if (GOOD.includes(code)) return 'success';
  if (WAIT.includes(code)) return 'warning';
  return BAD.includes(code) ? 'error' : 'default';
}

/** A state of a thing, by the kind of thing: `mark.<kind>.<code>`. */
export function Mark({ kind, code }: { kind: string; code: string }) {
  const { maybe } = useTexts();
  return <Tag color={colour(code)}>{maybe('mark', `${kind}.${code}`) ?? code}</Tag>;
}
