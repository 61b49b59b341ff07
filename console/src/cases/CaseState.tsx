/** State of a case in the city's words. */
import { Tag } from 'antd';
import type { Case } from '../api/types';
import { useTexts } from '../i18n';

const BAD = ['refused', 'returned', 'withdrawn', 'failed', 'dropped', 'kept'];

/** The state. */
export function CaseState({ c }: { c: Case }) {
  const { pick } = useTexts();
  const colour = !c.end ? 'processing' : BAD.includes(c.state) ? 'error' : 'success';
  return <Tag color={colour}>{pick({ zh: c.state_zh, en: c.state_en })}</Tag>;
}
