/** Opens the case that catalogues or changes an entry; its first step is signed on the page of the case. */
import { Alert, Button } from 'antd';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useNavigate } from 'react-router';
import { onceKey, post } from '../api/client';
import { useChanged, useMe, useProcedures } from '../api/queries';
import type { Case } from '../api/types';
import { mayOpen } from '../cases/opening';
import { ZoneFailure } from '../zone/ZoneFailure';
import { useTexts } from '../zone/texts';

interface Props {
  /** What the case is about. */
  object: () => Record<string, unknown>;
  /** The case is open: what was kept of the form can go. */
  opened: () => void;
  disabled: boolean;
  /** The way back. */
  children: ReactNode;
}

/** The button, with what was refused. */
export function OpenEntryCase({ object, opened, disabled, children }: Props) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const changed = useChanged();
  const me = useMe().data;
  const procedures = useProcedures().data?.procedures;
  const procedure = procedures?.find((p) => p.object === 'resource' && me !== undefined && mayOpen(p, me));
  const [key, setKey] = useState(onceKey);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const open = async () => {
    if (!procedure) return;
    setBusy(true);
    setError(null);
    try {
      const made = await post<Case>('/api/v1/cases', { procedure: procedure.name, object: object() }, key);
      opened();
      await changed();
      await navigate(`/cases/${made.id}`);
    } catch (e) {
      // What was refused is asked again under another key: the same key would be answered as before.
      setKey(onceKey());
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {error !== null && <ZoneFailure error={error} />}
      {procedures && !procedure && <Alert type="warning" showIcon title={t('intake.forOfficers')} />}
      <div className="row">
        {children}
        <Button type="primary" loading={busy} disabled={disabled || !procedure} onClick={() => void open()}>
          {t('intake.openCase')}
        </Button>
        <span className="faint">{t('open.nothingDecided')}</span>
      </div>
    </>
  );
}
