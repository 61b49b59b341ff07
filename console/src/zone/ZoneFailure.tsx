/** A failed call to the zone, in words, with what to do. Refusals look as the platform's do. */
import { Alert, Button } from 'antd';
import { useEffect } from 'react';
import { Refused } from '../api/problem';
import { useTexts } from './texts';
import { say } from '../parts/Live';
import { Failure, Refusal } from '../parts/States';
import { KeyLocked, ZoneAway, isAbort } from './problem';

/** Shows it. */
export function ZoneFailure({ error, again }: { error: unknown; again?: () => void }) {
  if (isAbort(error)) return null;
  if (error instanceof ZoneAway) return <Away error={error} {...(again ? { again } : {})} />;
  if (error instanceof KeyLocked) return <Locked />;
  // The zone is not broken: it waits for its lease or its orders.
  if (error instanceof Refused && error.status === 503) {
    return (
      <>
        <Refusal body={error.body} />
        {again && <Again again={again} />}
      </>
    );
  }
  return <Failure error={error} {...(again ? { again } : {})} />;
}

function Away({ error, again }: { error: ZoneAway; again?: () => void }) {
  const { t } = useTexts();
  const title = t('zone.away');
  useEffect(() => say(title), [title]);
  return (
    <>
      <Alert
        type="warning"
        showIcon
        title={title}
        description={
          <>
            {t('zone.awayText')} <code>{error.endpoint}</code>
          </>
        }
      />
      {again && <Again again={again} />}
    </>
  );
}

function Locked() {
  const { t } = useTexts();
  return <Alert type="info" showIcon title={t('zone.locked')} />;
}

function Again({ again }: { again: () => void }) {
  const { t } = useTexts();
  return (
    <p>
      <Button onClick={again}>{t('state.again')}</Button>
    </p>
  );
}
