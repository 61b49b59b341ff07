/** A procedure as it runs: what was done and by whom, where it is and who must act until when, what lies ahead. */
import {
  CheckCircleFilled,
  CloseCircleFilled,
  ClockCircleOutlined,
  RightCircleFilled,
} from '@ant-design/icons';
import { Tag } from 'antd';
import { Fragment } from 'react';
import type { ReactNode } from 'react';
import type { Case, Done, Procedure, Step } from '../api/types';
import { useTexts } from '../i18n';
import { Basis } from '../parts/Basis';
import { Facts } from '../parts/Facts';
import { Mark } from '../parts/Mark';
import { Org, Person } from '../parts/Names';
import { Deadline, Time } from '../parts/Time';
import { ahead } from './actable';
import { DocumentsView } from './DocumentsView';
import { useTerm } from './terms';

interface TimelineProps {
  c: Case;
  procedure: Procedure | undefined;
  /** What stands at the present place: buttons. */
  here?: ReactNode;
  /** Signature of something done. */
  signature?: (done: Done) => ReactNode;
}

/** The timeline. */
export function Timeline({ c, procedure, here, signature }: TimelineProps) {
  const { t, pick } = useTexts();
  const next = procedure && !c.end ? ahead(procedure, c.state).slice(1) : [];
  return (
    <ol className="timeline">
      {c.history.map((done, i) => (
        <Past key={i} done={done} procedure={procedure} signature={signature} />
      ))}
      <li className="now" aria-current="step">
        <span className="dot">{c.end ? <CheckCircleFilled /> : <RightCircleFilled />}</span>
        <div>
          <h3>
            {pick({ zh: c.state_zh, en: c.state_en })}{' '}
            <Tag color="processing">{c.end ? t('case.ended') : t('case.now')}</Tag>
          </h3>
          {!c.end && <Waiting c={c} procedure={procedure} />}
          {here}
        </div>
      </li>
      {next.length > 0 && (
        <li className="sub">
          <span className="dot" />
          <p className="faint">{t('case.ahead')}</p>
        </li>
      )}
      {next.map((step) => (
        <Coming key={step.name} step={step} />
      ))}
    </ol>
  );
}

function Past({
  done,
  procedure,
  signature,
}: {
  done: Done;
  procedure: Procedure | undefined;
  signature: TimelineProps['signature'];
}) {
  const { t, pick } = useTexts();
  const step = procedure?.steps.find((s) => s.name === done.step);
  const no = done.decision === 'reject';
  const documents = Object.keys(done.documents ?? {});
  return (
    <li className={no ? 'past no' : 'past'}>
      <span className="dot">{no ? <CloseCircleFilled /> : <CheckCircleFilled />}</span>
      <div>
        <h3>
          {step ? pick(step) : done.step} <Mark kind="decision" code={done.decision} />
        </h3>
        <p>
          <Org id={done.org} />
          {done.person !== 'clock' && (
            <>
              {' · '}
              <Person id={done.person} />
            </>
          )}
          {' · '}
          <Time at={done.at} />
        </p>
        {step && (
          <p className="faint">
            <Basis rule={done.rule} article={done.article} />
          </p>
        )}
        {documents.length > 0 && (
          <details>
            <summary>{t('case.documents', { n: documents.length })}</summary>
            <DocumentsView documents={done.documents ?? {}} procedure={procedure} />
          </details>
        )}
        {signature?.(done)}
      </div>
    </li>
  );
}

/** Who must act, until when, under which article. */
function Waiting({ c, procedure }: { c: Case; procedure: Procedure | undefined }) {
  const { t, pick } = useTexts();
  const term = useTerm();
  return (
    <ul className="waiting">
      {c.steps.map((open) => {
        const step = procedure?.steps.find((s) => s.name === open.step);
        const until = c.deadlines.find((d) => d.step === open.step);
        const late = c.overdue?.find((o) => o.step === open.step);
        const needed = open.count > 1;
        return (
          <li key={open.step}>
            <strong>{pick(open)}</strong>
            {open.blind && <Tag>{t('case.blind')}</Tag>}
            <Facts
              items={[
                [t('case.who'), open.by.map(term).join(t('list.or'))],
                step &&
                  step.person_roles.length > 0 && [
                    t('case.asRole'),
                    step.person_roles
                      .map((r) => t(`personRole.${r}` as 'personRole.approver'))
                      .join(t('list.or')),
                  ],
                needed && [t('case.votes'), t('case.votesNeeded', { n: open.count })],
                until && [
                  t('case.until'),
                  <Fragment key="until">
                    <Deadline at={until.at} />
                    {until.unannounced && until.unannounced.length > 0 && (
                      <div className="faint">
                        {t('case.unannounced', { years: until.unannounced.join(t('list.comma')) })}
                      </div>
                    )}
                  </Fragment>,
                ],
                late?.escalated_to &&
                  late.escalated_to.length > 0 && [
                    t('case.escalated'),
                    late.escalated_to.map(term).join(t('list.and')),
                  ],
                [t('case.basis'), <Basis key="basis" rule={open.rule} article={open.article} says />],
                open.documents.length > 0 && [
                  t('case.documentsNeeded'),
                  open.documents
                    .map((d) => procedure?.documents[d])
                    .map((d) => (d ? pick(d) : ''))
                    .join(t('list.and')),
                ],
              ]}
            />
          </li>
        );
      })}
    </ul>
  );
}

function Coming({ step }: { step: Step }) {
  const { pick, t } = useTexts();
  const term = useTerm();
  return (
    <li className="coming">
      <span className="dot">
        <ClockCircleOutlined />
      </span>
      <div>
        <h3>{pick(step)}</h3>
        <p className="faint">
          {step.by.map(term).join(t('list.or'))} · <Basis rule={step.rule} />
        </p>
      </div>
    </li>
  );
}
