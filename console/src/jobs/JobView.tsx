/** A job in parts: what it is, what the gate found, where each column comes from, how long each stage took. */
import type { Job } from '../api/types';
import { useTexts } from '../i18n';
import { Copyable } from '../parts/Copy';
import { Facts } from '../parts/Facts';
import { List } from '../parts/List';
import { Mark } from '../parts/Mark';
import { Org, Person } from '../parts/Names';
import { Ref, RefNames } from '../parts/Ref';
import { Refusal } from '../parts/States';
import { Time } from '../parts/Time';
import { count } from '../parts/Money';

/** State, verdict and digests. */
export function JobFacts({ job }: { job: Job }) {
  const { t } = useTexts();
  return (
    <RefNames value={job.refs ?? {}}>
      {job.result?.refusal && <Refusal body={job.result.refusal} />}
      <Facts
        items={[
          [t('job.state'), <Mark key="s" kind="job" code={job.state} />],
          job.gate && [t('job.verdict'), <Mark key="v" kind="verdict" code={job.gate.verdict} />],
          job.rows !== null && [t('job.rows'), count(job.rows)],
          job.ordered_at !== undefined &&
            job.ordered_at !== null && [t('job.ordered'), <Time key="o" at={job.ordered_at} />],
          job.done_at !== undefined &&
            job.done_at !== null && [t('job.done'), <Time key="d" at={job.done_at} />],
          [t('field.operator'), <Org key="op" id={job.operator} />],
          [t('field.author'), <Person key="a" id={job.spec.author} />],
          [t('object.grant'), <Ref key="g" kind="grant" id={job.grant} />],
          [t('object.product'), <Ref key="p" kind="product" id={job.spec.product} />],
          [t('object.case'), <Ref key="c" kind="case" id={job.case} />],
          job.gate && [
            t('field.artefact'),
            <Copyable key="d1" text={job.gate.artefact} name={t('field.artefact')} />,
          ],
          job.gate && [
            t('field.gate_report'),
            <Copyable key="d2" text={job.gate.report} name={t('field.gate_report')} />,
          ],
        ]}
      />
    </RefNames>
  );
}

/** Which source fields each column comes from, and how. */
export function Lineage({ job }: { job: Job }) {
  const { t, label } = useTexts();
  const lineage = job.result?.lineage;
  if (!Array.isArray(lineage) || lineage.length === 0) return null;
  return (
    <List
      caption={t('job.lineage')}
      rows={lineage}
      rowKey={(l) => l.column}
      columns={[
        { title: t('job.column'), key: 'column', rowScope: 'row', render: (_, l) => <code>{l.column}</code> },
        {
          title: t('job.from'),
          key: 'from',
          render: (_, l) =>
            l.sources.length === 0 ? (
              <span className="faint">{t('job.counted')}</span>
            ) : (
              l.sources.map((s) => (
                <div key={`${s.table}.${s.column}`}>
                  <code>{`${s.table}.${s.column}`}</code> {label('transform', s.transform)}
                </div>
              ))
            ),
        },
        {
          title: t('job.indirect'),
          key: 'indirect',
          render: (_, l) =>
            l.indirect.length === 0 ? (
              <span className="faint">{t('value.none')}</span>
            ) : (
              <span className="codes">
                {l.indirect.map((c) => (
                  <code key={c}>{c}</code>
                ))}
              </span>
            ),
        },
      ]}
    />
  );
}

/** Milliseconds by stage, as bars with their numbers. */
export function Stages({ job }: { job: Job }) {
  const { t, label } = useTexts();
  const figures = Object.entries(job.result?.figures ?? {});
  if (figures.length === 0) return null;
  const most = Math.max(...figures.map(([, ms]) => ms), 1);
  return (
    <table className="bars">
      <caption>{t('job.stages')}</caption>
      <tbody>
        {figures.map(([name, ms]) => (
          <tr key={name}>
            <th scope="row">{label('stage', name.replace(/_ms$/, ''))}</th>
            <td>
              <meter min={0} max={most} value={ms} aria-hidden="true" />
            </td>
            <td className="number">{t('time.ms', { n: ms })}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
