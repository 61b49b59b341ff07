/** Verifies an evidence file in the browser, against a trust file had from elsewhere. Open to everybody; nothing is uploaded. */
import { PrinterOutlined } from '@ant-design/icons';
import { Alert, Button } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { say } from '../../parts/Live';
import { Page, Part } from '../../parts/Page';
import { Loading } from '../../parts/States';
import type { Outcome } from '../../trust/evidence/outcome';
import { runVerifier } from '../../trust/evidence/run';
import { Checks, FaultText } from './Checks';
import { FileDrop } from './FileDrop';
import type { Read } from './FileDrop';
import { About, Documents, OrdersPart, Story } from './Shown';
import { useWords } from './words';
import './verify.css';

type Result = { state: 'running' } | { state: 'broken' } | { state: 'done'; outcome: Outcome; held: boolean };

export default function VerifyPage() {
  const { t } = useWords();
  const [evidence, setEvidence] = useState<Read | null>(null);
  const [trust, setTrust] = useState<Read | null>(null);
  const [result, setResult] = useState<Result | null>(null);

  // What was begun for other files is of no interest any more.
  const running = useRef<AbortController>(null);
  useEffect(() => () => running.current?.abort(), []);

  // Both files may be chosen before either is read: the newest of each counts, not that of the last drawing.
  const chosen = useRef<{ file: Read | null; root: Read | null }>({ file: null, root: null });
  const run = (change: Partial<typeof chosen.current>) => {
    running.current?.abort();
    chosen.current = { ...chosen.current, ...change };
    const { file, root } = chosen.current;
    setEvidence(file);
    setTrust(root);
    if (!file) {
      setResult(null);
      return;
    }
    const stop = new AbortController();
    running.current = stop;
    setResult({ state: 'running' });
    runVerifier({ evidence: file.bytes, trust: root?.bytes ?? null }, stop.signal).then(
      (outcome) => setResult({ state: 'done', outcome, held: root !== null }),
      () => !stop.signal.aborted && setResult({ state: 'broken' }),
    );
  };

  const print = (
    <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
      {t('verify.print')}
    </Button>
  );
  return (
    <Page title={t('verify.title')} topic="verify" actions={result?.state === 'done' && print}>
      <p className="lead">{t('verify.intro')}</p>
      <p>
        <a href={`${import.meta.env.BASE_URL}verify.html`} download="verify.html">
          {t('verify.getOffline')}
        </a>
      </p>
      <div className="beside">
        <FileDrop
          title={t('verify.evidence')}
          help={t('verify.evidenceHelp')}
          value={evidence}
          onChange={(file) => run({ file })}
        />
        <FileDrop
          title={t('verify.trust')}
          help={t('verify.trustHelp')}
          value={trust}
          onChange={(root) => run({ root })}
        />
      </div>
      {result?.state === 'running' && (
        <div aria-busy>
          <p role="status">{t('verify.running')}</p>
          <Loading rows={3} />
        </div>
      )}
      {result?.state === 'broken' && <Alert type="error" showIcon title={t('verify.broken')} />}
      {result?.state === 'done' && <Verdict outcome={result.outcome} held={result.held} />}
    </Page>
  );
}

function Verdict({ outcome, held }: { outcome: Outcome; held: boolean }) {
  const { t } = useWords();
  const { valid, trusted, fault, clock, file, unseen } = outcome;
  const word = trusted ? 'trusted' : valid ? 'valid' : 'invalid';
  const title = t(`verify.${word}`);
  useEffect(() => say(title), [title]);
  return (
    <>
      <Alert
        type={trusted ? 'success' : valid ? 'warning' : 'error'}
        showIcon
        title={<strong>{title}</strong>}
        description={
          <>
            <p>{t(`verify.${word}Text`)}</p>
            {unseen.length > 0 && <p>{t('verify.unseen', { logs: unseen.join(', ') })}</p>}
            {fault && <FaultText fault={fault} />}
          </>
        }
      />
      {clock === 'simulated' && <Alert type="warning" showIcon title={t('verify.simulated')} />}
      <Part title={t('verify.checks')}>
        <Checks passed={outcome.passed} checked={outcome.checked} fault={fault} held={held} />
      </Part>
      {valid && file && (
        <>
          <About body={file.body} />
          <Story body={file.body} leaves={outcome.leaves} titles={outcome.titles} />
          <OrdersPart body={file.body} titles={outcome.titles} />
          <Documents body={file.body} />
          <Part title={t('verify.unproved')}>
            <ul className="links">
              <li>{t('verify.unproved1')}</li>
              <li>{t('verify.unproved2')}</li>
              <li>{t('verify.unproved3')}</li>
            </ul>
          </Part>
        </>
      )}
    </>
  );
}
