/** Jobs, and one of them in a drawer. Which one is open stands in the address, so a reload keeps it. */
import { Drawer } from 'antd';
import { Link, useSearchParams } from 'react-router';
import { useJob, useJobs, useMe, useProcedures, useProducts } from '../api/queries';
import type { Job } from '../api/types';
import { mayOpen } from '../cases/opening';
import { useTexts } from '../i18n';
import { JobFacts, Lineage, Stages } from '../jobs/JobView';
import { List } from '../parts/List';
import { Mark } from '../parts/Mark';
import { count } from '../parts/Money';
import { Org, useOrgName } from '../parts/Names';
import { Page, Part } from '../parts/Page';
import { useJobName } from '../parts/Ref';
import { Refusal, Shown } from '../parts/States';

/** How often a job that runs is read again. */
const RUNNING_MS = 1500;

export default function Jobs() {
  const { t } = useTexts();
  const query = useJobs();
  const org = useOrgName();
  const name = useJobName();
  const [params, setParams] = useSearchParams();
  const open = params.get('job');
  return (
    <Page title={t('page.jobs')} topic="jobs">
      <Shown query={query} empty={{ when: (d) => d.jobs.length === 0, text: 'job.empty' }}>
        {(data) => (
          <List
            caption={t('page.jobs')}
            rows={data.jobs}
            rowKey={(j) => j.id}
            text={(j) => `${name(j) ?? ''} ${j.id} ${j.spec.sql} ${org(j.operator)}`}
            columns={[
              {
                title: t('object.job'),
                key: 'id',
                rowScope: 'row',
                render: (_, j) => (
                  <>
                    <Link to={`?job=${j.id}`} className="clamp">
                      {name(j) ?? j.id}
                    </Link>
                    <div className="faint">
                      <code>{j.id}</code>
                    </div>
                  </>
                ),
              },
              { title: t('field.operator'), key: 'operator', render: (_, j) => <Org id={j.operator} /> },
              { title: t('job.state'), key: 'state', render: (_, j) => <Mark kind="job" code={j.state} /> },
              {
                title: t('job.verdict'),
                key: 'verdict',
                render: (_, j) =>
                  j.gate ? (
                    <Mark kind="verdict" code={j.gate.verdict} />
                  ) : (
                    <span className="faint">{t('value.none')}</span>
                  ),
              },
              {
                title: t('job.rows'),
                key: 'rows',
                align: 'right',
                render: (_, j) =>
                  j.rows === null ? <span className="faint">{t('value.none')}</span> : count(j.rows),
              },
            ]}
          />
        )}
      </Shown>
      <Drawer
        open={open !== null}
        onClose={() => setParams({})}
        size={760}
        title={t('object.job')}
        destroyOnHidden
      >
        {open && <JobDrawer id={open} />}
      </Drawer>
    </Page>
  );
}

function JobDrawer({ id }: { id: string }) {
  const { t } = useTexts();
  const first = useJob(id);
  const runs = first.data?.state === 'ordered';
  // The same read, asked for more often while the job runs.
  const query = useJob(id, runs ? RUNNING_MS : false);
  return (
    <Shown query={query}>
      {(job) => (
        <div className="page">
          <p>
            <Link to={`/jobs/${job.id}`}>{t('job.page')}</Link>
          </p>
          <JobFacts job={job} />
          <Onward job={job} />
          <Details job={job} />
        </div>
      )}
    </Shown>
  );
}

/** What comes after a job: its release. */
function Onward({ job }: { job: Job }) {
  const { t } = useTexts();
  const me = useMe().data;
  const release = useProcedures().data?.procedures.find((p) => p.object === 'release');
  const product = useProducts().data?.products.find((p) => p.id === job.spec.product);
  if (job.state !== 'done' || !me || !release || !mayOpen(release, me) || me.org.id !== job.operator)
    return null;
  if (product && product.state !== 'draft') return null;
  if (job.barred) return <Refusal body={job.barred} />;
  return (
    <p>
      <Link to={`/cases/new?procedure=${release.name}&job=${job.id}`}>{t('job.toRelease')}</Link>
    </p>
  );
}

function Details({ job }: { job: Job }) {
  const { t } = useTexts();
  return (
    <>
      <Part title={t('field.sql')}>
        <pre className="code">{job.spec.sql}</pre>
      </Part>
      {job.result && (
        <>
          <Part title={t('job.lineage')}>
            <Lineage job={job} />
          </Part>
          <Stages job={job} />
        </>
      )}
    </>
  );
}
