/** State of a case in the city's words. */
import { Tag } from 'antd';
import type { Case } from '../api/types';
import { useTexts } from '../i18n';

const BAD = ['refused', 'returned', 'withdrawn', 'failed', 'dropped', 'kept', 'given_up', 'overtaken'];

/** The state. */
export function CaseState({ c }: { c: Case }) {
  const { pick, t } = useTexts();
  const colour = !c.end ? 'processing' : BAD.includes(c.state) ? 'error' : 'success';
  return (
    <>
      <Tag color={colour}>{pick({ zh: c.state_zh, en: c.state_en })}</Tag>
      {c.refused && (
        <Tag color="error" title={pick(c.refused)}>
          {t('case.refusedOrder')}
        </Tag>
      )}
    </>
  );
}
