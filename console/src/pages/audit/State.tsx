/** What the log is worth: whether it is that of its signed checkpoint, and the checkpoint itself. */
import { DownloadOutlined } from '@ant-design/icons';
import { Alert, Button } from 'antd';
import { Link } from 'react-router';
import { useTexts } from '../../i18n';
import { Facts } from '../../parts/Facts';
import { download } from '../../parts/download';
import { Part } from '../../parts/Page';
import { Time } from '../../parts/Time';
import { toBase64 } from '../../trust/bytes';
import { useWords } from '../verify/words';
import { useProgress } from './useLog';
import type { Log } from './useLog';

/** Reading goes on. */
export function Reading() {
  const { t } = useWords();
  const { n, size } = useProgress();
  return (
    <p role="status" className="faint">
      {t('audit.loading', { n, size })}
    </p>
  );
}

/** The verdict over the log. */
export function LogVerdict({ log: { whole, continues, heldBack } }: { log: Log }) {
  const { t, label } = useWords();
  const common = useTexts();
  if (heldBack !== null && whole.fault?.what === 'missing') {
    return (
      <Alert
        type="info"
        showIcon
        title={t('audit.heldBack')}
        description={
          <>
            <p>
              {t('audit.heldBackSince')} <Time at={heldBack} />
            </p>
            <p>{t('audit.heldBackText')}</p>
            <Link to="/reviews">{common.t('page.reviews')}</Link>
          </>
        }
      />
    );
  }
  if (whole.fault || !continues) {
    const what = whole.fault?.what ?? 'history';
    const sentence = label('audit.fault', what).replace('{n}', String(whole.fault?.index ?? ''));
    return <Alert type="error" showIcon title={t('audit.fails')} description={sentence} />;
  }
  return (
    <Alert
      type="success"
      showIcon
      title={t('audit.holds', { n: whole.size })}
      description={
        <>
          <p>{t('audit.holdsText')}</p>
          <p>{t('audit.rootClaimed')}</p>
        </>
      }
    />
  );
}

/** The checkpoint. */
export function CheckpointPart({ log: { whole } }: { log: Log }) {
  const { t } = useWords();
  const c = whole.checkpoint;
  const save = (
    <Button
      icon={<DownloadOutlined />}
      onClick={() => download('checkpoint', whole.note, 'text/plain')}
      disabled={whole.note === ''}
    >
      {t('audit.saveNote')}
    </Button>
  );
  return (
    <Part title={t('audit.state')} aside={save}>
      {c && (
        <Facts
          items={[
            [t('audit.origin'), <code key="o">{c.origin}</code>],
            [t('audit.size'), c.size.toString()],
            [t('audit.signedAt'), <Time key="t" at={Number(c.time)} />],
            c.keys && [t('audit.list'), t('audit.listN', { n: c.keys.number.toString() })],
            [t('audit.sm3root'), <code key="g">{toBase64(c.sm3)}</code>],
            [t('audit.sha256root'), <code key="i">{toBase64(c.sha256)}</code>],
            c.anchors.length > 0 && [
              t('audit.anchors'),
              c.anchors.map((a) => t('audit.anchor', { n: a.size.toString() })).join(' '),
            ],
          ]}
        />
      )}
      <details>
        <summary>{t('audit.note')}</summary>
        <pre className="code" tabIndex={0} aria-label={t('audit.note')}>
          {whole.note}
        </pre>
      </details>
    </Part>
  );
}
