/** What waits for this person: steps to take, by when. Administrators are led to their own first page. */
import { Tag } from 'antd';
import { useMemo } from 'react';
import { Link, Navigate } from 'react-router';
import { home } from '../app/menu';
import { useCases, useMe, useProcedures } from '../api/queries';
import type { Case, Me, Procedure, Step } from '../api/types';
import { actable, due } from '../cases/actable';
import { DueMatters } from '../cases/DueMatters';
import { useTexts } from '../i18n';
import { Basis } from '../parts/Basis';
import { List } from '../parts/List';
import { Org, useOrgName } from '../parts/Names';
import { Page, Part } from '../parts/Page';
import { Failure, Loading, Nothing } from '../parts/States';
import { Deadline, Time } from '../parts/Time';

interface Todo {
  c: Case;
  procedure: Procedure;
  step: Step;
}

/** Everything the person can do now, the nearest deadline first, then the oldest. */
export function todos(cases: Case[], procedures: Procedure[], me: Me): Todo[] {
  const found = cases.flatMap((c) => {
    const procedure = procedures.find((p) => p.name === c.procedure);
    return procedure ? actable(c, procedure, me).map((step) => ({ c, procedure, step })) : [];
  });
  const far = Number.MAX_SAFE_INTEGER;
  return found.sort((a, b) => (due(a.c) ?? far) - (due(b.c) ?? far) || a.c.entered_at - b.c.entered_at);
}

export default function Inbox() {
  const { t, pick } = useTexts();
  const me = useMe().data;
  const cases = useCases({ inbox: true });
  const procedures = useProcedures();
  const org = useOrgName();
  const rows = useMemo(
    () =>
      me && cases.data && procedures.data
        ? todos(cases.data.cases, procedures.data.procedures, me)
        : undefined,
    [me, cases.data, procedures.data],
  );
  if (me && home(me) !== '/') return <Navigate to={home(me)} replace />;
  // A case that is over leaves some steps open to take; they do not wait for anybody.
  const urgent = rows?.filter((r) => !r.c.end);
  const optional = rows?.filter((r) => r.c.end);
  const error = cases.error ?? procedures.error;

  const columns = (own: Todo[]) => (
    <List
      caption={t('inbox.caption')}
      rows={own}
      rowKey={(r) => `${r.c.id}/${r.step.name}`}
      text={(r) => `${pick(r.step)} ${pick(r.procedure)} ${pick(r.c.title)} ${org(r.c.applicant)} ${r.c.id}`}
      columns={[
        {
          title: t('inbox.todo'),
          key: 'step',
          rowScope: 'row',
          render: (_, r) => (
            <>
              <Link to={r.step.blind ? `/reviews/${r.c.id}` : `/cases/${r.c.id}`}>
                <strong>{pick(r.step)}</strong>
              </Link>{' '}
              {r.step.blind && <Tag>{t('case.blind')}</Tag>}
              <div className="faint">{pick(r.procedure)}</div>
            </>
          ),
        },
        {
          title: t('inbox.about'),
          key: 'about',
          render: (_, r) => <span className="clamp">{pick(r.c.title)}</span>,
        },
        { title: t('inbox.from'), key: 'from', render: (_, r) => <Org id={r.c.applicant} /> },
        {
          title: t('inbox.since'),
          key: 'since',
          sorter: (a, b) => a.c.entered_at - b.c.entered_at,
          render: (_, r) => <Time at={r.c.entered_at} />,
        },
        {
          title: t('inbox.due'),
          key: 'due',
          render: (_, r) => {
            const at = due(r.c);
            return at === undefined ? (
              <span className="faint">{t('inbox.noDue')}</span>
            ) : (
              <Deadline at={at} />
            );
          },
        },
        { title: t('case.basis'), key: 'basis', render: (_, r) => <Basis rule={r.step.rule} /> },
      ]}
    />
  );

  return (
    <Page title={t('page.inbox')} topic="inbox" actions={<Link to="/cases/new">{t('page.newCase')}</Link>}>
      {urgent === undefined &&
        (error ? <Failure error={error} again={() => void cases.refetch()} /> : <Loading />)}
      {urgent?.length === 0 && (
        <Nothing text="inbox.empty">
          <Link to="/cases">{t('inbox.seeCases')}</Link>
        </Nothing>
      )}
      {urgent && urgent.length > 0 && columns(urgent)}
      <DueMatters pressing />
      {optional && optional.length > 0 && <Part title={t('inbox.optional')}>{columns(optional)}</Part>}
    </Page>
  );
}
