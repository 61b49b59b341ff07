/** One upload: how far it is, stop, send again. */
import { Alert, Button, Progress } from 'antd';
import { useEffect, useState } from 'react';
import { count } from '../parts/Money';
import { say } from '../parts/Live';
import { Part } from '../parts/Page';
import type { OpenKey } from '../trust/keys';
import { ZoneFailure } from '../zone/ZoneFailure';
import { batchProgress } from '../zone/upload';
import type { BatchProgress } from '../zone/upload';
import { useTexts } from '../zone/texts';
import { FilePick } from './FilePick';
import { cancel, forget, sameFile, sendAgain } from './runs';
import type { Run } from './runs';
import { size } from './size';

/** Spoken at these shares of the file, not at every byte. */
const SPOKEN = 25;

interface Props {
  run: Run;
  /** The open key, without which nothing can be sent. */
  openKey: OpenKey | null;
}

/** The upload. */
export function RunView({ run, openKey }: Props) {
  const { t } = useTexts();
  const going = run.state === 'opening' || run.state === 'sending' || run.state === 'storing';
  return (
    <Part title={t('intake.uploading', { name: run.name })}>
      {going ? <Going run={run} /> : <Stopped run={run} openKey={openKey} />}
    </Part>
  );
}

function Going({ run }: { run: Run }) {
  const { t } = useTexts();
  const percent = run.size === 0 ? 0 : Math.min(100, Math.floor((run.sent / run.size) * 100));
  const words =
    run.state === 'opening'
      ? t('intake.opening')
      : run.state === 'storing'
        ? t('intake.storing')
        : t('intake.sending', { sent: size(run.sent), size: size(run.size) });
  const quarter = Math.floor(percent / SPOKEN) * SPOKEN;
  useEffect(() => {
    if (quarter > 0) say(t('intake.spoken', { n: quarter }));
  }, [quarter, t]);
  return (
    <>
      <Progress percent={percent} status="active" aria-label={t('intake.progress')} />
      <p>
        {words}
        {run.rows !== null && ` ${t('intake.rowsRead', { n: count(run.rows) })}`}
        <Left run={run} />
      </p>
      <p className="row">
        <Button danger onClick={() => cancel(run.resource)} disabled={run.state === 'opening'}>
          {t('intake.stop')}
        </Button>
        <span className="faint">{t('intake.mayLeave')}</span>
      </p>
    </>
  );
}

/** Time left, by the speed so far. */
function Left({ run }: { run: Run }) {
  const { t } = useTexts();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const over = now - run.started;
  if (run.state !== 'sending' || over < 3000 || run.sent === 0) return null;
  const seconds = Math.ceil(((run.size - run.sent) / run.sent) * (over / 1000));
  const text =
    seconds >= 90
      ? t('intake.minutesLeft', { n: Math.round(seconds / 60) })
      : t('intake.secondsLeft', { n: seconds });
  return <> {text}</>;
}

function Stopped({ run, openKey }: Props) {
  const { t } = useTexts();
  const found = useZoneState(run, openKey);
  const [other, setOther] = useState<File | null>(null);
  const again = (file: File) => {
    if (!openKey) return;
    setOther(null);
    void sendAgain(openKey, run.resource, file);
  };
  const elsewhere = found?.state === 'receiving';
  return (
    <>
      {run.state === 'cancelled' && <Alert type="info" showIcon title={t('intake.cancelled')} />}
      {run.state === 'interrupted' && (
        <Alert
          type="warning"
          showIcon
          title={elsewhere ? t('intake.elsewhere') : t('intake.interrupted')}
          description={
            elsewhere
              ? t('intake.elsewhereText')
              : t('intake.interruptedText', { name: run.name, size: size(run.size) })
          }
        />
      )}
      {run.state === 'failed' && <ZoneFailure error={run.error} />}
      <div className="row">
        {run.file && (
          <Button type="primary" disabled={!openKey} onClick={() => run.file && again(run.file)}>
            {t('intake.sendAgain')}
          </Button>
        )}
        {!run.file && !elsewhere && (
          <FilePick
            file={null}
            label={t('intake.chooseSame')}
            disabled={!openKey}
            choose={(file) => (sameFile(run, file) ? again(file) : setOther(file))}
          />
        )}
        <Button onClick={() => forget(run.resource)}>{t('intake.another')}</Button>
      </div>
      {!openKey && <p className="faint">{t('intake.needsKey')}</p>}
      {other && (
        <Alert
          type="warning"
          showIcon
          role="alert"
          title={t('intake.otherFile', { name: other.name, before: run.name })}
          action={<Button onClick={() => again(other)}>{t('intake.sendAnyway')}</Button>}
        />
      )}
    </>
  );
}

const LOOK_MS = 2000;

/** What the zone holds of a batch whose upload this tab lost sight of. */
function useZoneState(run: Run, openKey: OpenKey | null): BatchProgress | null {
  const [found, setFound] = useState<BatchProgress | null>(null);
  const lost = run.state === 'interrupted' && run.batch !== '';
  useEffect(() => {
    if (!lost || !openKey) return;
    let gone = false;
    const look = () =>
      batchProgress(openKey, run.resource, run.batch).then(
        (progress) => {
          if (!gone) setFound(progress);
        },
        () => undefined,
      );
    void look();
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [lost, openKey, run.resource, run.batch]);
  return lost ? found : null;
}
