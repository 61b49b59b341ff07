/** One job: how far it is, what the gate found, where each column comes from; after a failure, the way on. */
import { Link, useParams } from 'react-router';
import { useGrants, useJob, useMe, useProcedures, useProducts } from '../../api/queries';
import type { Job } from '../../api/types';
import { holds } from '../../app/menu';
import { mayOpen } from '../../cases/opening';
import { GatePart } from '../../gate/GatePart';
import { mayReadReport } from '../../gate/may';
import { JobFacts, Stages } from '../../jobs/JobView';
import { Kind, Page, Part } from '../../parts/Page';
import { useJobName } from '../../parts/Ref';
import { Refusal, Shown } from '../../parts/States';
import { JobProgress } from '../../workspace/JobProgress';
import { LineageView } from '../../workspace/LineageView';
import { useTexts } from '../../zone/texts';
import '../../zone/work.css';

/** How often a job that runs is read again. */
const RUNNING_MS = 1500;

export default function JobPage() {
  const { id = '' } = useParams();
  const { t } = useTexts();
  const name = useJobName();
  const first = useJob(id);
  // The same read, asked for more often while the job runs.
  const query = useJob(id, first.data?.state === 'ordered' ? RUNNING_MS : false);
  return (
    <Page
      title={(query.data && name(query.data)) ?? t('work.jobTitle')}
      kind={
        <>
          <Link to="/jobs">{t('page.jobs')}</Link> · <Kind of="job" id={id} />
        </>
      }
      topic="jobs"
    >
      <Shown query={query}>{(job) => <Known key={job.id} job={job} />}</Shown>
    </Page>
  );
}

function Known({ job }: { job: Job }) {
  const { t } = useTexts();
  const me = useMe().data;
  return (
    <>
      {job.state === 'ordered' && (
        <Part title={t('work.progress')}>
          <JobProgress job={job} />
        </Part>
      )}
      <Onward job={job} />
      <JobFacts job={job} />
      <Part title={t('field.sql')}>
        <pre className="code" tabIndex={0} aria-label={t('field.sql')}>
          {job.spec.sql}
        </pre>
      </Part>
      {job.result && Array.isArray(job.result.lineage) && job.result.lineage.length > 0 && (
        <Part title={t('job.lineage')}>
          <LineageView lineage={job.result.lineage} />
        </Part>
      )}
      {job.result && Object.keys(job.result.figures ?? {}).length > 0 && (
        <section className="part">
          <Stages job={job} />
        </section>
      )}
      {job.gate && me && mayReadReport(me) && <GatePart job={job} />}
    </>
  );
}

/** What comes next: the release of a result, or the same query once more. */
function Onward({ job }: { job: Job }) {
  const { t } = useTexts();
  const me = useMe().data;
  const release = useProcedures().data?.procedures.find((p) => p.object === 'release');
  const product = useProducts().data?.products.find((p) => p.id === job.spec.product);
  const grant = useGrants().data?.grants.find((g) => g.id === job.grant);
  if (!me || me.org.id !== job.operator) return null;
  if (job.barred) return <Refusal body={job.barred} />;
  const over = job.state === 'failed' || job.state === 'refused' || job.state === 'done';
  const engineer = holds(me, 'engineer') && grant?.state === 'open';
  const fresh = product === undefined || product.state === 'draft';
  return (
    <ul className="links">
      {job.state === 'done' && release && mayOpen(release, me) && fresh && (
        <li>
          <Link to={`/cases/new?procedure=${release.name}&job=${job.id}`}>{t('job.toRelease')}</Link>
        </li>
      )}
      {over && engineer && (
        <li>
          <Link to={`/workspace/${job.grant}?job=${job.id}`}>{t('work.sameSql')}</Link>
        </li>
      )}
    </ul>
  );
}
