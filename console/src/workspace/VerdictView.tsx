/** The verdict in words, each reason with its place and what would help. */
import { CheckCircleOutlined, CloseCircleOutlined, InfoCircleOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useEffect } from 'react';
import { say } from '../parts/Live';
import { ZoneFailure } from '../zone/ZoneFailure';
import { useTexts } from '../zone/texts';
import { spanAt } from './place';
import type { Span } from './place';
import type { Reason, Verdict } from './types';

interface Props {
  sql: string;
  verdict: Verdict | undefined;
  /** False while a newer text is being judged. */
  current: boolean;
  error: unknown;
  again: () => void;
  goTo: (span: Span) => void;
}

const ICONS = {
  allow: <CheckCircleOutlined />,
  aggregate: <CheckCircleOutlined />,
  subject: <InfoCircleOutlined />,
  refuse: <CloseCircleOutlined />,
};

/** The verdict. */
export function VerdictView({ sql, verdict, current, error, again, goTo }: Props) {
  const { t } = useTexts();
  const spoken = verdict && current ? t(`work.verdict.${verdict.verdict}`) : '';
  useEffect(() => {
    if (spoken) say(spoken);
  }, [spoken]);
  if (error) return <ZoneFailure error={error} again={again} />;
  if (!verdict)
    return <p className="faint">{t(sql.trim() === '' ? 'work.verdict.none' : 'work.checking')}</p>;
  return (
    <section className={`verdict ${verdict.verdict}`} aria-label={t('work.verdict')}>
      <p className="head">
        <span aria-hidden="true">{ICONS[verdict.verdict]}</span>
        <strong>{t(`work.verdict.${verdict.verdict}`)}</strong>
        {!current && <span className="faint">{t('work.checking')}</span>}
      </p>
      <p>{t(`work.means.${verdict.verdict}`)}</p>
      {verdict.reasons.length > 0 && (
        <ol>
          {verdict.reasons.map((reason, i) => (
            <li key={i}>
              <ReasonView reason={reason} sql={sql} goTo={goTo} />
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function ReasonView({ reason, sql, goTo }: { reason: Reason; sql: string; goTo: (span: Span) => void }) {
  const { t, pick } = useTexts();
  const span = spanAt(sql, reason.at);
  return (
    <>
      <p>{pick(reason)}</p>
      {reason.columns.length > 0 && (
        <p className="codes">
          {reason.columns.map((column) => (
            <code key={column}>{column}</code>
          ))}
        </p>
      )}
      {reason.would_help && (
        <p>
          <strong>{t('work.help')}</strong> {pick({ zh: reason.would_help_zh, en: reason.would_help })}
        </p>
      )}
      <p className="row">
        {span && (
          <Button size="small" onClick={() => goTo(span)}>
            {t('work.goTo', { line: reason.at.line, column: reason.at.column })}
          </Button>
        )}
        <span className="faint">
          {t('work.rule')} <code>{reason.rule}</code>
        </span>
      </p>
    </>
  );
}
