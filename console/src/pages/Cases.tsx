/** All cases that the person may see, a page at a time. What is asked for stands in the address, so that one comes back to it. */
import { Button, Select } from 'antd';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { isAdmin } from '../app/menu';
import { useCases, useMe, useProcedures } from '../api/queries';
import type { CaseAsk } from '../api/types';
import { due } from '../cases/actable';
import { useTexts } from '../i18n';
import { List, PAGE } from '../parts/List';
import { Org } from '../parts/Names';
import { Page } from '../parts/Page';
import { Shown } from '../parts/States';
import { Deadline, Time } from '../parts/Time';
import { useLater } from '../parts/useLater';
import { CaseState } from '../cases/CaseState';

/** How a column is sorted, as the platform names it. */
const ORDERS = {
  entered: { ascend: 'oldest', descend: 'newest' },
  due: { ascend: 'due', descend: 'due' },
} as const;
const isOrder = (text: string | null): text is 'oldest' | 'due' => text === 'oldest' || text === 'due';

/** The question that stands in the address. */
function useAsked() {
  const [params, setParams] = useSearchParams();
  const number = (key: string, otherwise: number) => {
    const found = Number(params.get(key));
    return Number.isSafeInteger(found) && found > 0 ? found : otherwise;
  };
  const order = params.get('order');
  const set = (values: Record<string, string | number | undefined>) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        // Another question begins at its first page.
        for (const [key, value] of Object.entries({ page: undefined, ...values }))
          if (value) next.set(key, String(value));
          else next.delete(key);
        return next;
      },
      { replace: true },
    );
  return {
    procedure: params.get('procedure') ?? '',
    only: params.get('state') ?? '',
    text: params.get('text') ?? '',
    order: isOrder(order) ? order : ('newest' as const),
    page: number('page', 1),
    size: Math.min(number('size', PAGE), 100),
    set,
  };
}

export default function Cases() {
  const { t, pick } = useTexts();
  const me = useMe().data;
  const procedures = useProcedures().data?.procedures ?? [];
  const asked = useAsked();
  const { procedure, only, order, page, size } = asked;
  const [typed, setTyped] = useState(asked.text);
  const text = useLater(typed.trim());
  const ask: CaseAsk = { order, limit: size, skip: (page - 1) * size };
  if (procedure) ask.procedure = procedure;
  if (only === 'overdue') ask.overdue = true;
  else if (only) ask.open = only === 'open';
  if (text) ask.text = text;
  const cases = useCases(ask, true);
  const name = (code: string) => {
    const found = procedures.find((p) => p.name === code);
    return found ? pick(found) : code;
  };
  const asksAll = !procedure && !only && !text;

  return (
    <Page
      title={t('page.cases')}
      topic="cases"
      actions={
        me &&
        !isAdmin(me) && (
          <Link to="/cases/new">
            <Button type="primary" tabIndex={-1}>
              {t('page.newCase')}
            </Button>
          </Link>
        )
      }
    >
      <Shown query={cases} empty={{ when: (d) => asksAll && d.total === 0, text: 'cases.empty' }}>
        {(data) => (
          <List
            caption={t('page.cases')}
            rows={data.cases}
            rowKey={(c) => c.id}
            remote={{
              total: data.total,
              page,
              size,
              turn: (to, of) =>
                asked.set({ page: to === 1 ? undefined : to, size: of === PAGE ? undefined : of }),
              typed,
              search: (words) => {
                setTyped(words);
                asked.set({ text: words });
              },
              sort: (column, way) => {
                const found = column && way ? ORDERS[column as keyof typeof ORDERS][way] : 'newest';
                if (found !== order) asked.set({ order: found === 'newest' ? undefined : found });
              },
              stale: cases.isPlaceholderData,
            }}
            filters={
              <>
                <Select
                  value={procedure}
                  onChange={(value) => asked.set({ procedure: value })}
                  aria-label={t('cases.procedure')}
                  popupMatchSelectWidth={false}
                  options={[
                    { value: '', label: t('cases.allProcedures') },
                    ...procedures.map((p) => ({ value: p.name, label: pick(p) })),
                  ]}
                />
                <Select
                  value={only}
                  onChange={(value) => asked.set({ state: value })}
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
                title: t('cases.about'),
                key: 'about',
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
                render: (_, c) => name(c.procedure),
              },
              { title: t('cases.state'), key: 'state', render: (_, c) => <CaseState c={c} /> },
              {
                title: t('inbox.from'),
                key: 'from',
                render: (_, c) => <Org id={c.applicant} />,
              },
              {
                title: t('cases.entered'),
                key: 'entered',
                sorter: true,
                sortDirections: ['descend', 'ascend'],
                sortOrder: order === 'newest' ? 'descend' : order === 'oldest' ? 'ascend' : null,
                render: (_, c) => <Time at={c.entered_at} />,
              },
              {
                title: t('inbox.due'),
                key: 'due',
                sorter: true,
                sortDirections: ['ascend'],
                sortOrder: order === 'due' ? 'ascend' : null,
                render: (_, c) => {
                  const at = due(c);
                  return at === undefined || c.end ? (
                    <span className="faint">{t('inbox.noDue')}</span>
                  ) : (
                    <Deadline at={at} />
                  );
                },
              },
            ]}
          />
        )}
      </Shown>
    </Page>
  );
}
