/** What became of a batch: rows stored, rows set aside by reason, and those rows to be mended by their provider. */
import { DownloadOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { count } from '../parts/Money';
import { download } from '../parts/download';
import { say } from '../parts/Live';
import { ZoneFailure } from '../zone/ZoneFailure';
import { zoneCall } from '../zone/client';
import { KeyLocked } from '../zone/problem';
import { useTexts } from '../zone/texts';
import { useOpenKey } from '../zone/useOpenKey';

interface Props {
  resource: string;
  batch: { id: string; rows: number; set_aside: Record<string, number> };
}

/** All rows set aside. */
export function asideOf(reasons: Record<string, number>): number {
  return Object.values(reasons).reduce((sum, n) => sum + n, 0);
}

/** The result. */
export function BatchResult({ resource, batch }: Props) {
  const { t, label } = useTexts();
  const aside = asideOf(batch.set_aside);
  return (
    <>
      <dl className="figures">
        <div>
          <dt>{t('batch.rows')}</dt>
          <dd className="good">{count(batch.rows)}</dd>
        </div>
        <div>
          <dt>{t('batch.setAside')}</dt>
          <dd className={aside > 0 ? 'bad' : ''}>{count(aside)}</dd>
        </div>
      </dl>
      {aside > 0 && (
        <>
          <table className="grid tight">
            <caption>{t('intake.reasons')}</caption>
            <thead>
              <tr>
                <th scope="col">{t('intake.reason')}</th>
                <th scope="col" className="number">
                  {t('intake.rows')}
                </th>
                <th scope="col">{t('intake.mend')}</th>
              </tr>
            </thead>
            <tbody>
              {Object.entries(batch.set_aside).map(([why, n]) => (
                <tr key={why}>
                  <th scope="row">{label('problem', why)}</th>
                  <td className="number">{count(n)}</td>
                  <td>{label('intake.mending', why)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <SetAside resource={resource} batch={batch.id} />
        </>
      )}
    </>
  );
}

/** Downloads the rows set aside: raw lines, so each look is written to the log. */
export function SetAside({ resource, batch }: { resource: string; batch: string }) {
  const { t } = useTexts();
  const { key } = useOpenKey();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const take = async () => {
    if (!key) {
      setError(new KeyLocked());
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const answer = await zoneCall(key, {
        purpose: { purpose: 'set_aside', resource, batch },
        method: 'GET',
        path: `/data/v1/batches/${batch}/set-aside`,
      });
      download(`${batch}.set-aside.csv`, new Uint8Array(await answer.arrayBuffer()), 'text/csv');
      say(t('intake.downloaded'));
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div>
      <p className="row">
        <Button icon={<DownloadOutlined aria-hidden />} loading={busy} onClick={() => void take()}>
          {t('intake.getAside')}
        </Button>
        <span className="faint">{t('intake.asideLogged')}</span>
      </p>
      {error !== null && !(error instanceof KeyLocked && key) && <ZoneFailure error={error} />}
    </div>
  );
}
