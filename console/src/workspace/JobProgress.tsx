/** A job that is on its way: stage, milliseconds, cancel. Asked of the zone by the engineer's own organisation. */
import { Alert, Button, Modal } from 'antd';
import { useEffect, useState } from 'react';
import { useChanged, useMe } from '../api/queries';
import type { Job } from '../api/types';
import { holds } from '../app/menu';
import { say } from '../parts/Live';
import { count } from '../parts/Money';
import { distance } from '../parts/Time';
import { KeyBar } from '../zone/KeyBar';
import { ZoneFailure } from '../zone/ZoneFailure';
import { zoneCall } from '../zone/client';
import { useTexts } from '../zone/texts';
import { useOpenKey } from '../zone/useOpenKey';
import { useZoneRead } from '../zone/useZone';
import type { JobProgress as Progress } from './types';
import '../zone/work.css';

const POLL_MS = 1000;

/** Shows how far a job is while it runs; nothing once it is over. */
export function JobProgress({ job }: { job: Job }) {
  const { t } = useTexts();
  const me = useMe().data;
  if (job.state !== 'ordered') return null;
  const may = me !== undefined && me.org.id === job.spec.author_org && holds(me, 'engineer');
  if (!may) return <Alert type="info" showIcon title={t('work.running')} />;
  return (
    <>
      <KeyBar />
      <Watched job={job} />
    </>
  );
}

function Watched({ job }: { job: Job }) {
  const { t } = useTexts();
  const changed = useChanged();
  const { query, key } = useZoneRead<Progress>({
    purpose: { purpose: 'job', job: job.id },
    path: `/data/v1/jobs/${job.id}/progress`,
    poll: POLL_MS,
    fresh: 0,
  });
  const state = query.data?.state;
  useEffect(() => {
    // The zone knows first; the platform is read again until it has the report.
    if (state === 'done' || state === 'failed') void changed();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each new state
  }, [state]);
  if (!key) return <p className="faint">{t('work.watchNeedsKey')}</p>;
  return (
    <>
      {query.data && <Stages progress={query.data} />}
      {query.error && <ZoneFailure error={query.error} again={() => void query.refetch()} />}
      <Cancel job={job} over={state === 'done' || state === 'failed'} />
    </>
  );
}

function Stages({ progress }: { progress: Progress }) {
  const { t, label } = useTexts();
  const over = progress.state === 'done' ? progress.stages.length : (progress.over ?? 0);
  const words =
    progress.state === 'running' && progress.stage
      ? t('work.inStage', { stage: label('stage', progress.stage) })
      : t(`work.job.${progress.state}`);
  useEffect(() => say(words), [words]);
  return (
    <div className="stages">
      <p>
        <strong>{words}</strong>{' '}
        {progress.ms !== undefined && <span className="faint">{t('time.ms', { n: progress.ms })}</span>}
      </p>
      <Rows progress={progress} />
      <ol className="steps" aria-label={t('work.stages')}>
        {progress.stages.map((stage, i) => (
          <li
            key={stage}
            className={i < over ? 'past' : i === over && progress.state === 'running' ? 'now' : ''}
            {...(i === over && progress.state === 'running' ? { 'aria-current': 'step' as const } : {})}
          >
            <span aria-hidden="true">{i < over ? '✓' : i + 1}</span> {label('stage', stage)}
            {i < over && <span className="unseen">{t('work.stageOver')}</span>}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** About how many rows are read, and how long reading goes on. Two digits are all that the zone tells. */
function Rows({ progress }: { progress: Progress }) {
  const { t } = useTexts();
  const { read, of, left_ms: left } = progress;
  if (read === undefined || of === undefined || of === 0) return null;
  const words = t('work.rows', { read: count(read), of: count(of) });
  return (
    <p className="reading">
      <Progressed percent={Math.min(100, Math.round((read / of) * 100))} label={words} />
      <span>{words}</span>{' '}
      {left !== undefined && left !== null && (
        <span className="faint">
          {left < 60_000
            ? t('work.leftSeconds', { n: Math.max(1, Math.ceil(left / 1000)) })
            : t('work.left', { far: distance(left, t) })}
        </span>
      )}
    </p>
  );
}

function Progressed({ percent, label }: { percent: number; label: string }) {
  return <progress max={100} value={percent} aria-label={label} />;
}

function Cancel({ job, over }: { job: Job; over: boolean }) {
  const { t } = useTexts();
  const changed = useChanged();
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const { key } = useOpenKey();
  const cancel = async () => {
    if (!key) return;
    setBusy(true);
    setError(null);
    try {
      const purpose = { purpose: 'job' as const, job: job.id };
      await zoneCall(key, { purpose, method: 'DELETE', path: `/data/v1/jobs/${job.id}` });
      say(t('work.cancelled'));
      await changed();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
      setAsked(false);
    }
  };
  return (
    <>
      {error !== null && <ZoneFailure error={error} />}
      <p>
        <Button danger disabled={over} loading={busy} onClick={() => setAsked(true)}>
          {t('work.cancel')}
        </Button>
      </p>
      <Modal
        open={asked}
        title={t('work.cancelSure')}
        okText={t('work.cancel')}
        cancelText={t('work.goOn')}
        okButtonProps={{ danger: true, loading: busy }}
        onOk={() => void cancel()}
        onCancel={() => setAsked(false)}
      >
        <p>{t('work.cancelText')}</p>
      </Modal>
    </>
  );
}
