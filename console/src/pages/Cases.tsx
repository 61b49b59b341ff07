/** All cases that the person may see. */
import { Button, Select } from 'antd';
import { useMemo } from 'react';
import { Link, useSearchParams } from 'react-router';
import { isAdmin } from '../app/menu';
import { useCases, useMe, useProcedures } from '../api/queries';
import { due } from '../cases/actable';
import { useCaseTitle } from '../cases/title';
import { useTexts } from '../i18n';
import { List, byText } from '../parts/List';
import { Org, useOrgName } from '../parts/Names';
import { Page } from '../parts/Page';
import { Shown } from '../parts/States';
import { Deadline, Time } from '../parts/Time';
import { CaseState } from '../cases/CaseState';

export default function Cases() {
  const { t, pick } = useTexts();
  const me = useMe().data;
  const cases = useCases();
  const procedures = useProcedures().data?.procedures ?? [];
  const org = useOrgName();
  const title = useCaseTitle();
  const [params, setParams] = useSearchParams();
  const wanted = params.get('procedure') ?? '';
  const only = params.get('state') ?? '';
  const name = (code: string) => {
    const found = procedures.find((p) => p.name === code);
    return found ? pick(found) : code;
  };
  const choose = (key: string, value: string) => {
    const next = new URLSearchParams(params);
    if (value) next.set(key, value);
    else next.delete(key);
    setParams(next, { replace: true });
  };
  const rows = useMemo(
    () =>
      (cases.data?.cases ?? [])
        .filter((c) => (!wanted || c.procedure === wanted) && (!only || (only === 'open') === !c.end))
        .sort((a, b) => b.entered_at - a.entered_at),
    [cases.data, wanted, only],
  );

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
      <Shown query={cases} empty={{ when: (d) => d.cases.length === 0, text: 'cases.empty' }}>
        {() => (
          <List
            caption={t('page.cases')}
            rows={rows}
            rowKey={(c) => c.id}
            text={(c) =>
              `${name(c.procedure)} ${title(c)} ${org(c.applicant)} ${pick({ zh: c.state_zh, en: c.state_en })} ${c.id}`
            }
            filters={
              <>
                <Select
                  value={wanted}
                  onChange={(value) => choose('procedure', value)}
                  aria-label={t('cases.procedure')}
                  popupMatchSelectWidth={false}
                  options={[
                    { value: '', label: t('cases.allProcedures') },
                    ...procedures.map((p) => ({ value: p.name, label: pick(p) })),
                  ]}
                />
                <Select
                  value={only}
                  onChange={(value) => choose('state', value)}
                  aria-label={t('cases.openOrEnded')}
                  popupMatchSelectWidth={false}
                  options={[
                    { value: '', label: t('cases.both') },
                    { value: 'open', label: t('cases.open') },
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
                sorter: (a, b) => byText(title(a), title(b)),
                render: (_, c) => (
                  <Link to={`/cases/${c.id}`} className="clamp">
                    {title(c)}
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
              {
                title: t('inbox.from'),
                key: 'from',
                sorter: (a, b) => byText(org(a.applicant), org(b.applicant)),
                render: (_, c) => <Org id={c.applicant} />,
              },
              {
                title: t('cases.entered'),
                key: 'entered',
                sorter: (a, b) => a.entered_at - b.entered_at,
                render: (_, c) => <Time at={c.entered_at} />,
              },
              {
                title: t('inbox.due'),
                key: 'due',
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
