/** Submits the query as a job: opens its case, whose first step is signed on the page of the case. */
import { Button } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { onceKey, post } from '../api/client';
import { useChanged, useMe, useProcedures } from '../api/queries';
import type { Case } from '../api/types';
import { mayOpen } from '../cases/opening';
import { Failure } from '../parts/States';
import { useTexts } from '../zone/texts';

interface Props {
  grant: string;
  sql: string;
  /** The verdict on this text is a refusal: the zone would refuse the job too. */
  refused: boolean;
  /** The verdict on this text is known. */
  checked: boolean;
}

/** The button. */
export function Submit({ grant, sql, refused, checked }: Props) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const changed = useChanged();
  const me = useMe().data;
  const procedure = useProcedures().data?.procedures.find(
    (p) => p.object === 'job' && me !== undefined && mayOpen(p, me),
  );
  const [key, setKey] = useState({ sql, once: onceKey() });
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const empty = sql.trim() === '';

  const submit = async () => {
    if (!procedure) return;
    setBusy(true);
    setError(null);
    // The same text twice by a double press is one case; another text is another.
    const once = key.sql === sql ? key.once : onceKey();
    setKey({ sql, once });
    try {
      const object = { grant, sql };
      const opened = await post<Case>('/api/v1/cases', { procedure: procedure.name, object }, once);
      await changed();
      await navigate(`/cases/${opened.id}`);
    } catch (e) {
      setKey({ sql: '', once: '' });
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const why = empty ? '' : refused ? t('work.submitRefused') : checked ? '' : t('work.submitWaits');
  return (
    <>
      {error !== null && <Failure error={error} />}
      <div className="row">
        <Button
          type="primary"
          loading={busy}
          disabled={!procedure || empty || refused || !checked}
          onClick={() => void submit()}
        >
          {t('work.submit')}
        </Button>
        <span className="faint">{why || t('work.submitText')}</span>
      </div>
    </>
  );
}
