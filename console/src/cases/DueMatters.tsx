/** Matters that come again (evaluations, drills): when each is due, and where it is begun. */
import { Link } from 'react-router';
import { useDueMatters, useMe } from '../api/queries';
import type { DueMatter } from '../api/issued';
import { useTexts } from '../i18n';
import { Basis } from '../parts/Basis';
import { List, byText } from '../parts/List';
import { Org } from '../parts/Names';
import { Part } from '../parts/Page';
import { Ref } from '../parts/Ref';
import { Deadline, Time } from '../parts/Time';

/** What is due again; `pressing` leaves out what has time. Nothing where there is nothing. */
export function DueMatters({ pressing = false }: { pressing?: boolean }) {
  const { t, pick } = useTexts();
  const rows = (useDueMatters().data?.due ?? []).filter((d) => !pressing || d.standing !== 'later');
  if (rows.length === 0) return null;
  return (
    <Part title={t('due.title')}>
      <List
        caption={t('due.title')}
        rows={rows}
        rowKey={(d) => `${d.procedure}/${d.authorisation ?? d.organisation}`}
        columns={[
          {
            title: t('due.what'),
            key: 'what',
            rowScope: 'row',
            sorter: (a, b) => byText(pick(a), pick(b)),
            render: (_, d) => <What d={d} />,
          },
          { title: t('due.of'), key: 'of', render: (_, d) => <Whose d={d} /> },
          {
            title: t('due.last'),
            key: 'last',
            render: (_, d) =>
              d.last && d.last_at !== null ? (
                <Link to={`/cases/${d.last}`}>
                  <Time at={d.last_at} />
                </Link>
              ) : (
                <span className="faint">{t('due.never')}</span>
              ),
          },
          {
            title: t('inbox.due'),
            key: 'due',
            sorter: (a, b) => a.due_at - b.due_at,
            render: (_, d) => <Deadline at={d.due_at} />,
          },
          {
            title: t('due.basis'),
            key: 'basis',
            render: (_, d) => <Basis rule={d.rule} article={d.article} />,
          },
        ]}
      />
    </Part>
  );
}

/** The matter, with the way to it: the case that is under way, or the form that begins one. */
function What({ d }: { d: DueMatter }) {
  const { t, pick } = useTexts();
  const me = useMe().data;
  const ask = new URLSearchParams({ procedure: d.procedure });
  if (d.authorisation) ask.set('authorisation', d.authorisation);
  // Begun by another organisation than the one whose it is: the form names that one.
  else if (me && d.organisation !== me.org.id) ask.set('organisation', d.organisation);
  return (
    <>
      <strong>{pick(d)}</strong> <span className="faint">{t('due.every', { n: d.every_months })}</span>
      {d.under_way ? (
        <div>
          <Link to={`/cases/${d.under_way}`}>{t('due.underWay')}</Link>
        </div>
      ) : (
        d.can_begin && (
          <div>
            <Link to={`/cases/new?${ask}`}>{t('due.begin')}</Link>
          </div>
        )
      )}
    </>
  );
}

function Whose({ d }: { d: DueMatter }) {
  return (
    <>
      <Org id={d.organisation} />
      {d.authorisation && (
        <div>
          <Ref kind="authorisation" id={d.authorisation} />
        </div>
      )}
    </>
  );
}
