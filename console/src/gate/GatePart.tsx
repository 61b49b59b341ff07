/**
 * The gate's report as reviewers read it: verdict, every check with formula, parameter and worst case, plots with
 * their numbers beside them; and whether it is the report that the case names, found out in this browser.
 */
import { CheckCircleOutlined, WarningOutlined } from '@ant-design/icons';
import { Alert, Tag } from 'antd';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useDeployment } from '../api/queries';
import type { Job, Suite } from '../api/types';
import { Chart } from '../parts/Chart';
import { Copyable } from '../parts/Copy';
import { Facts } from '../parts/Facts';
import { say } from '../parts/Live';
import { Mark } from '../parts/Mark';
import { count } from '../parts/Money';
import { Part } from '../parts/Page';
import { Loading } from '../parts/States';
import { KeyBar } from '../zone/KeyBar';
import { ZoneFailure } from '../zone/ZoneFailure';
import { translated, useTexts } from '../zone/texts';
import { useZoneRead } from '../zone/useZone';
import { compare } from './digests';
import type { Compared } from './digests';
import { figuresOf, plotOf } from './measured';
import type { Figure, Plot } from './measured';
import type { Check, GateReport } from './types';
import '../zone/work.css';

interface Props {
  job: Job;
  /** Object of the case under review, where the report is read for one. */
  object?: Record<string, unknown>;
  /** Told whether the report is another one than the case names. */
  told?: (differs: boolean) => void;
}

/** Type name under which reports are digested. */
const REPORT_TYPE = 'gate-report';

/** The report of a job. */
export function GatePart({ job, object, told }: Props) {
  const { t } = useTexts();
  const { query, key } = useZoneRead<GateReport>({
    purpose: { purpose: 'gate_report', job: job.id },
    path: `/data/v1/jobs/${job.id}/report`,
    // A report never changes; a look at it is written to the log.
    fresh: Infinity,
    enabled: job.gate !== null,
  });
  if (!job.gate) return null;
  return (
    <Part title={t('gate.title')}>
      {!query.data && <KeyBar />}
      {query.data && <Report report={query.data} job={job} object={object} told={told} />}
      {!query.data && query.error && <ZoneFailure error={query.error} again={() => void query.refetch()} />}
      {!query.data && !query.error && (key ? <Loading /> : <p className="faint">{t('gate.needsKey')}</p>)}
    </Part>
  );
}

interface ReportProps {
  report: GateReport;
  job: Job;
  object: Record<string, unknown> | undefined;
  told: ((differs: boolean) => void) | undefined;
}

function Report({ report, job, object, told }: ReportProps) {
  const { t } = useTexts();
  return (
    <>
      <Digests report={report} job={job} object={object} told={told} />
      <Facts
        items={[
          [t('job.verdict'), <Mark key="v" kind="verdict" code={report.verdict} />],
          [t('gate.rows'), count(report.rows)],
          [
            t('gate.columns'),
            <span key="c" className="codes">
              {report.columns.map((name) => (
                <code key={name}>{name}</code>
              ))}
            </span>,
          ],
        ]}
      />
      <Overview checks={report.checks} />
      {report.checks.map((check) => (
        <CheckView key={check.id} check={check} />
      ))}
      <details>
        <summary>{t('gate.parameters')}</summary>
        <Figures caption={t('gate.parameters')} figures={figuresOf(report.parameters)} />
      </details>
    </>
  );
}

/** The digest of the report, computed here and compared with what the case and the platform name. */
function Digests({ report, job, object, told }: ReportProps) {
  const { t } = useTexts();
  const suite = useDeployment().data?.suite as Suite | undefined;
  const { data: computed, error } = useQuery({
    queryKey: ['gate-digest', suite, job.id],
    queryFn: async () => (await import('../trust')).digestOf(suite as Suite, REPORT_TYPE, report),
    enabled: suite !== undefined,
    staleTime: Infinity,
    retry: false,
    networkMode: 'always',
  });
  const all = computed ? compare({ computed, artefact: report.artefact, gate: job.gate, object }) : [];
  const wrong = all.filter((one) => !one.same);
  const spoken = wrong.length > 0 ? t('gate.differs') : '';
  useEffect(() => {
    if (spoken) say(spoken);
    told?.(spoken !== '');
  }, [spoken, told]);
  if (error) return <Alert type="error" showIcon role="alert" title={t('gate.undigested')} />;
  if (!computed) return <Loading rows={2} />;
  return (
    <>
      {wrong.length > 0 ? (
        <Alert
          type="error"
          showIcon
          role="alert"
          className="loud"
          title={t('gate.differs')}
          description={t('gate.differsText')}
        />
      ) : (
        <Alert type="success" showIcon title={t(object ? 'gate.sameCase' : 'gate.same')} />
      )}
      <details open={wrong.length > 0}>
        <summary>{t('gate.digests')}</summary>
        <CompareTable all={all} />
      </details>
    </>
  );
}

function CompareTable({ all }: { all: Compared[] }) {
  const { t } = useTexts();
  return (
    <table className="grid">
      <caption>{t('gate.digestsText')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('gate.what')}</th>
          <th scope="col">{t('gate.named')}</th>
          <th scope="col">{t('gate.found')}</th>
          <th scope="col">{t('gate.result')}</th>
        </tr>
      </thead>
      <tbody>
        {all.map((one) => (
          <tr key={one.what} className={one.same ? '' : 'wrong'}>
            <th scope="row">{t(`gate.cmp.${one.what}`)}</th>
            <td>
              <Copyable text={one.expected} name={t('gate.named')} />
            </td>
            <td>
              <code>{one.found}</code>
            </td>
            <td className="nowrap">
              {one.same ? (
                <span className="good">
                  <CheckCircleOutlined aria-hidden="true" /> {t('gate.equal')}
                </span>
              ) : (
                <strong className="bad">
                  <WarningOutlined aria-hidden="true" /> {t('gate.unequal')}
                </strong>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** All checks on one look. */
function Overview({ checks }: { checks: Check[] }) {
  const { t, label, pick } = useTexts();
  return (
    <table className="grid">
      <caption>{t('gate.checks', { n: checks.length })}</caption>
      <thead>
        <tr>
          <th scope="col">{t('gate.check')}</th>
          <th scope="col">{t('gate.judged')}</th>
          <th scope="col">{t('gate.finding')}</th>
        </tr>
      </thead>
      <tbody>
        {checks.map((check) => (
          <tr key={check.id}>
            <th scope="row">
              <a href={`#gate-${check.id}`}>{label('gate.id', check.id)}</a>
            </th>
            <td>
              <Mark kind="verdict" code={check.verdict} />
            </td>
            <td>{pick(check)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function CheckView({ check }: { check: Check }) {
  const { t, label, maybe, pick, lang } = useTexts();
  const plot = plotOf(check);
  const formula = translated(lang, 'gate.formulaOf', check.id, check.formula);
  const about = maybe('gate.about', check.id);
  return (
    <section
      id={`gate-${check.id}`}
      className="check"
      aria-labelledby={`gate-${check.id}-name`}
      tabIndex={-1}
    >
      <h3 id={`gate-${check.id}-name`}>
        {label('gate.id', check.id)} <Mark kind="verdict" code={check.verdict} />{' '}
        <Tag>{t('gate.number', { n: check.check })}</Tag>
      </h3>
      {about && <p>{about}</p>}
      <p>
        <strong>{pick(check)}</strong>
      </p>
      <p>
        <span className="faint">{t('gate.formula')}</span> <code lang={formula.lang}>{formula.text}</code>
      </p>
      <div className={plot ? 'beside' : ''}>
        {plot && <Drawn plot={plot} name={label('gate.id', check.id)} />}
        <div className="stack">
          <Figures caption={t('gate.worst')} figures={figuresOf(check.worst)} />
          <Figures caption={t('gate.parameter')} figures={figuresOf(check.parameter)} />
        </div>
      </div>
    </section>
  );
}

/** Names of measured things: words where there are any, else as the gate says. */
function useFigureName() {
  const { maybe } = useTexts();
  return (path: string[]) =>
    path
      .map((name) => maybe('gate.m', name) ?? maybe('subject', name) ?? maybe('identifier', name) ?? name)
      .join(' · ');
}

function Figures({ caption, figures }: { caption: string; figures: Figure[] }) {
  const { t } = useTexts();
  const name = useFigureName();
  if (figures.length === 0) return null;
  const word = ({ value, path }: Figure) => {
    if (value === null) return t('gate.notMeasured');
    if (typeof value === 'boolean') return value ? t('value.yes') : t('value.no');
    if (typeof value !== 'number') return value;
    return path.some((part) => part.endsWith('_permille'))
      ? t('gate.percent', { n: value / 10 })
      : count(value);
  };
  return (
    <table className="grid tight">
      <caption>{caption}</caption>
      <tbody>
        {figures.map((figure) => (
          <tr key={figure.path.join('.')}>
            <th scope="row">{name(figure.path)}</th>
            <td className="number">{word(figure)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Drawn({ plot, name }: { plot: Plot; name: string }) {
  const { t } = useTexts();
  const word = useFigureName();
  const names = plot.labelled ? plot.names.map((one) => word(one.split(' '))) : plot.names;
  const series = [{ name: t(`gate.plot.${plot.kind}`), values: plot.measured }];
  if (plot.limits)
    series.push({
      name: t(plot.kind === 'least' ? 'gate.plot.floor' : 'gate.plot.ceiling'),
      values: plot.limits,
    });
  return <Chart title={t('gate.drawn', { name })} names={names} series={series} />;
}
