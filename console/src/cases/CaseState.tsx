/** State of a case in the city's words. */
import { Tag } from 'antd';
import type { Case } from '../api/types';
import { useTexts } from '../i18n';

const BAD = ['refused', 'returned', 'withdrawn', 'failed', 'dropped', 'kept', 'given_up', 'overtaken'].concat(
  ['unqualified', 'dismissed', 'unfounded', 'not_accepted', 'declined'],
);

/** The state; `bare` where the page itself says why the zone refused the order. */
export function CaseState({ c, bare = false }: { c: Case; bare?: boolean }) {
  const { pick, t } = useTexts();
  const colour = !c.end ? 'processing' : BAD.includes(c.state) ? 'error' : 'success';
  return (
    <>
      <Tag color={colour}>{pick({ zh: c.state_zh, en: c.state_en })}</Tag>
      {c.refused && (
        <>
          <Tag color="error">{t('case.refusedOrder')}</Tag>
          {!bare && <div className="faint">{pick(c.refused)}</div>}
        </>
      )}
    </>
  );
}
