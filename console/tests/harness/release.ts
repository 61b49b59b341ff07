/** Sets the stage for a vote: a query is run, its result checked by the gate and put before the reviewers. */
import type { World } from './browser';
import { Clerk } from './clerk';

/** A job with a sealed result, and its release case checked and ready for the vote. */
export async function releaseForVote(world: World): Promise<string> {
  const [engineer, operator, bureau] = await Promise.all(
    ['operator.engineer', 'operator.approver', 'bureau.approver'].map((n) => Clerk.of(world, n)),
  );
  if (!engineer || !operator || !bureau) throw new Error('nobody is there');
  const { grants } = await operator.get<{ grants: { id: string }[] }>('/grants');
  const sql =
    'SELECT c.district_code, COUNT(DISTINCT c.citizen_id) AS persons FROM citizens c GROUP BY c.district_code';
  const job = await engineer.open('job', { grant: grants[0]?.id, sql });
  await engineer.must(job, 'submit');
  await bureau.must(job, 'review');
  const { object } = await engineer.get<{ object: { job: string } }>(`/cases/${job}`);
  for (let i = 0; i < 300; i += 1) {
    const { state } = await engineer.get<{ state: string }>(`/jobs/${object.job}`);
    if (state === 'done') break;
    if (state === 'failed') throw new Error('the job failed');
    await new Promise((done) => setTimeout(done, 200));
  }
  const release = await engineer.open('release', { job: object.job });
  await operator.must(release, 'check');
  return release;
}
