/**
 * Matters on record: objections, inspections, complaints and what else the city's pack has, with those whom they concern.
 * What is asked for stands in the address. A person sees those cases that the platform shows to them.
 */
import { Alert, Select } from 'antd';
import { Link, useSearchParams } from 'react-router';
import { isAdmin } from '../app/menu';
import { MOST_CASES, useCasesOf, useMe, useProcedures } from '../api/queries';
import type { Case, Procedure } from '../api/types';
import { due } from '../cases/actable';
import { DueMatters } from '../cases/DueMatters';
import { CaseState } from '../cases/CaseState';
import { useTexts } from '../i18n';
import { isMatter, whom } from '../open/naming';
import { List, byText } from '../parts/List';
import { Org, useOrgName } from '../parts/Names';
import { Page } from '../parts/Page';
import { Ref } from '../parts/Ref';
import { Failure, Loading, Nothing, Shown } from '../parts/States';
import { Deadline, Time } from '../parts/Time';

export default function Matters() {
  const { t } = useTexts();
  const me = useMe().data;
  const query = useProcedures();
  return (
    <Page
      title={t('page.matters')}
      topic="matters"
      actions={me && !isAdmin(me) && <Link to="/cases/new">{t('page.newCase')}</Link>}
    >
      <Shown query={query}>
        {(data) => {
          const matters = data.procedures.filter(isMatter);
          return matters.length === 0 ? <Nothing text="matters.none" /> : <Known procedures={matters} />;
        }}
      </Shown>
    </Page>
  );
}

/** What is asked for, as the platform is asked for it. */
const ASKS = {
  open: { open: true },
  overdue: { overdue: true },
  ended: { open: false },
} as const;

function Known({ procedures }: { procedures: Procedure[] }) {
  const [params, setParams] = useSearchParams();
  const chosen = procedures.find((p) => p.name === params.get('procedure'));
  const state = params.get('state') ?? '';
  const only = Object.hasOwn(ASKS, state) ? (state as keyof typeof ASKS) : '';
  const asked = (chosen ? [chosen] : procedures).map((p) => p.name);
  const read = useCasesOf(asked, only ? ASKS[only] : {});
  const set = (key: string, value: string) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(key, value);
        else next.delete(key);
        return next;
      },
      { replace: true },
    );
  if (read.error) return <Failure error={read.error} again={() => void read.again()} />;
  return (
    <>
      <DueMatters />
      <More of={procedures.filter((p) => read.more.includes(p.name))} />
      <Rows cases={read.cases} procedures={procedures} only={only} chosen={chosen?.name ?? ''} set={set} />
      {read.loading && <Loading rows={3} />}
    </>
  );
}

/** Where all of them stand, page by page. */
function More({ of }: { of: Procedure[] }) {
  const { t, pick } = useTexts();
  if (of.length === 0) return null;
  return (
    <Alert
      type="info"
      showIcon
      title={t('matters.cut', { n: MOST_CASES })}
      description={
        <ul className="links">
          {of.map((p) => (
            <li key={p.name}>
              <Link to={`/cases?procedure=${p.name}`}>{pick(p)}</Link>
            </li>
          ))}
        </ul>
      }
    />
  );
}

interface RowsProps {
  cases: Case[];
  procedures: Procedure[];
  only: string;
  chosen: string;
  set: (key: string, value: string) => void;
}

function Rows({ cases, procedures, only, chosen, set }: RowsProps) {
  const { t, pick } = useTexts();
  const org = useOrgName();
  const name = (code: string) => pick(procedures.find((p) => p.name === code) ?? { zh: code, en: code });
  return (
    <List
      caption={t('page.matters')}
      rows={cases}
      rowKey={(c) => c.id}
      text={(c) =>
        [pick(c.title), name(c.procedure), c.id, pick({ zh: c.state_zh, en: c.state_en })]
          .concat([...whom(c), c.applicant].map(org))
          .join(' ')
      }
      filters={
        <>
          <Select
            value={chosen}
            onChange={(value) => set('procedure', value)}
            aria-label={t('cases.procedure')}
            popupMatchSelectWidth={false}
            options={[
              { value: '', label: t('cases.allProcedures') },
              ...procedures.map((p) => ({ value: p.name, label: pick(p) })),
            ]}
          />
          <Select
            value={only}
            onChange={(value) => set('state', value)}
            aria-label={t('cases.openOrEnded')}
            popupMatchSelectWidth={false}
            options={[
              { value: '', label: t('cases.both') },
              { value: 'open', label: t('cases.open') },
              { value: 'overdue', label: t('cases.overdue') },
              { value: 'ended', label: t('cases.ended') },
            ]}
          />
        </>
      }
      columns={[
        {
          title: t('field.title'),
          key: 'title',
          rowScope: 'row',
          render: (_, c) => (
            <Link to={`/cases/${c.id}`} className="clamp">
              {pick(c.title)}
            </Link>
          ),
        },
        {
          title: t('cases.procedure'),
          key: 'procedure',
          sorter: (a, b) => byText(name(a.procedure), name(b.procedure)),
          render: (_, c) => name(c.procedure),
        },
        { title: t('cases.state'), key: 'state', render: (_, c) => <CaseState c={c} /> },
        { title: t('matters.concerns'), key: 'whom', render: (_, c) => <Concerned c={c} /> },
        { title: t('matter.openedBy'), key: 'from', render: (_, c) => <Org id={c.applicant} /> },
        {
          title: t('cases.entered'),
          key: 'entered',
          sorter: (a, b) => a.entered_at - b.entered_at,
          render: (_, c) => <Time at={c.entered_at} />,
        },
        { title: t('inbox.due'), key: 'due', render: (_, c) => <Due c={c} /> },
      ]}
    />
  );
}

/** Whom a matter concerns, and what. */
function Concerned({ c }: { c: Case }) {
  const { t } = useTexts();
  const organisations = whom(c);
  const { resource, product } = c.object;
  if (organisations.length === 0) return <span className="faint">{t('value.none')}</span>;
  return (
    <ul className="plain">
      {organisations.map((id) => (
        <li key={id}>
          <Org id={id} />
        </li>
      ))}
      {typeof resource === 'string' && (
        <li>
          <Ref kind="resource" id={resource} />
        </li>
      )}
      {typeof product === 'string' && (
        <li>
          <Ref kind="product" id={product} />
        </li>
      )}
    </ul>
  );
}

function Due({ c }: { c: Case }) {
  const { t } = useTexts();
  const at = due(c);
  if (at === undefined || c.end) return <span className="faint">{t('inbox.noDue')}</span>;
  return <Deadline at={at} />;
}
