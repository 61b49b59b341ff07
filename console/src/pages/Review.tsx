/** One blind review: what is judged, the measured facts, one vote. Nothing of other votes is shown or asked for. */
import { Alert, Button } from 'antd';
import { Suspense, lazy, useState } from 'react';
import { Link, useParams } from 'react-router';
import { useCase, useJob, useMe, useProcedures } from '../api/queries';
import type { Case, Me, Procedure } from '../api/types';
import { actable, alreadyDone } from '../cases/actable';
import { ActDialog } from '../cases/ActDialog';
import { DocumentsView } from '../cases/DocumentsView';
import { ObjectView } from '../cases/ObjectView';
import { mayReadReport } from '../gate/may';
import { useTexts } from '../i18n';
import { JobFacts, Lineage } from '../jobs/JobView';
import { Mark } from '../parts/Mark';

import { Page, Part } from '../parts/Page';
import { Loading, Shown } from '../parts/States';
import { Time } from '../parts/Time';

const GatePart = lazy(async () => ({ default: (await import('../gate/GatePart')).GatePart }));

export default function Review() {
  const { id = '' } = useParams();
  const { t } = useTexts();
  const query = useCase(id);
  const me = useMe().data;
  const procedure = useProcedures().data?.procedures.find((p) => p.name === query.data?.procedure);
  if (query.data && me && procedure) return <Known key={id} c={query.data} me={me} procedure={procedure} />;
  return (
    <Page title={t('review.title')} topic="reviews">
      <Shown query={query}>{() => null}</Shown>
    </Page>
  );
}

function Known({ c, me, procedure }: { c: Case; me: Me; procedure: Procedure }) {
  const { t, pick } = useTexts();
  const [open, setOpen] = useState(false);
  const [differs, setDiffers] = useState(false);
  const step = procedure.steps.find((s) => s.blind && s.from.includes(c.state));
  const own =
    step && c.history.find((d) => d.at >= c.entered_at && d.step === step.name && d.person === me.person);
  const may = step && actable(c, procedure, me).some((s) => s.name === step.name);
  const job = typeof c.object['job'] === 'string' ? c.object['job'] : undefined;
  return (
    <Page
      title={pick(c.title)}
      kind={`${pick(procedure)} · ${step ? pick(step) : pick({ zh: c.state_zh, en: c.state_en })}`}
      topic="reviews"
    >
      <Alert type="info" showIcon title={t('review.blindTitle')} description={t('review.blindText')} />
      {own ? (
        <Part title={t('review.yourVote')}>
          <p>
            <Mark kind="decision" code={own.decision} /> <Time at={own.at} />
          </p>
          <DocumentsView documents={own.documents ?? {}} procedure={procedure} />
          <p className="faint">{t('case.voted')}</p>
        </Part>
      ) : step && may ? (
        <Part title={t('review.yourVote')}>
          {differs && <Alert type="error" showIcon title={t('review.differs')} />}
          <p>{t('review.how')}</p>
          <Button type="primary" onClick={() => setOpen(true)}>
            {t('review.vote')}
          </Button>
        </Part>
      ) : (
        <Alert
          type="warning"
          showIcon
          title={
            step && alreadyDone(step, c, me)
              ? t('review.orgVoted')
              : step
                ? t('review.notYou')
                : t('review.over')
          }
          description={<Link to={`/cases/${c.id}`}>{t('review.toCase')}</Link>}
        />
      )}
      {job && <JobPart id={job} object={c.object} me={me} told={setDiffers} />}
      <Part title={t('case.object')}>
        <ObjectView of={c} />
      </Part>
      <Part title={t('review.before')}>
        {c.history
          .filter((d) => d.at <= c.entered_at)
          .map((d, i) => (
            <DocumentsView key={i} documents={d.documents ?? {}} procedure={procedure} />
          ))}
      </Part>
      {open && step && (
        <ActDialog c={c} procedure={procedure} step={step} me={me} close={() => setOpen(false)} />
      )}
    </Page>
  );
}

interface JobPartProps {
  id: string;
  object: Record<string, unknown>;
  me: Me;
  told: (differs: boolean) => void;
}

/** What the gate measured, for those who may read the job. */
function JobPart({ id, object, me, told }: JobPartProps) {
  const { t } = useTexts();
  const query = useJob(id);
  return (
    <>
      <Part title={t('review.measured')}>
        <Shown query={query}>
          {(job) => (
            <>
              <JobFacts job={job} />
              <Lineage job={job} />
            </>
          )}
        </Shown>
      </Part>
      {query.data?.gate && mayReadReport(me) && (
        <Suspense fallback={<Loading />}>
          <GatePart job={query.data} object={object} told={told} />
        </Suspense>
      )}
    </>
  );
}
