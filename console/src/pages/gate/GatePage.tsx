/** The gate's report of one job, on a page of its own: to be read at length and printed. */
import { Alert } from 'antd';
import { Link, useParams } from 'react-router';
import { useJob, useMe } from '../../api/queries';
import { GatePart } from '../../gate/GatePart';
import { mayReadReport } from '../../gate/may';
import { Page } from '../../parts/Page';
import { Shown } from '../../parts/States';
import { Empty } from '../../zone/Empty';
import { useTexts } from '../../zone/texts';

export default function GatePage() {
  const { job: id = '' } = useParams();
  const { t } = useTexts();
  const me = useMe().data;
  const query = useJob(id);
  return (
    <Page
      title={t('gate.title')}
      kind={
        <>
          <Link to={`/jobs/${id}`}>{t('object.job')}</Link> <code>{id}</code>
        </>
      }
      topic="gate"
    >
      <Shown query={query}>
        {(job) => {
          if (me && !mayReadReport(me)) return <Alert type="warning" showIcon title={t('gate.notYou')} />;
          return job.gate ? <GatePart job={job} /> : <Empty text={t('gate.none')} />;
        }}
      </Shown>
    </Page>
  );
}
