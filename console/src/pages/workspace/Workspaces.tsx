/** Which grant to work under. */
import { Alert } from 'antd';
import { Link } from 'react-router';
import { useGrants, useMe, useScenarios } from '../../api/queries';
import type { Grant } from '../../api/types';
import { holds, orgIs } from '../../app/menu';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Page } from '../../parts/Page';
import { Shown } from '../../parts/States';
import { Deadline } from '../../parts/Time';
import { draftSql } from '../../workspace/drafts';
import { Empty } from '../../zone/Empty';
import { useTexts } from '../../zone/texts';
import '../../zone/work.css';

export default function Workspaces() {
  const { t } = useTexts();
  const me = useMe().data;
  const query = useGrants();
  const may = me !== undefined && orgIs(me, 'operator') && holds(me, 'engineer');
  return (
    <Page title={t('page.workspace')} topic="workspace">
      <p>{t('work.about')}</p>
      {me && !may ? (
        <Alert type="warning" showIcon title={t('work.forEngineers')} />
      ) : (
        <Shown query={query}>
          {(data) => <Grants grants={data.grants} org={me?.org.id ?? ''} person={me?.person ?? ''} />}
        </Shown>
      )}
    </Page>
  );
}

function Grants({ grants, org, person }: { grants: Grant[]; org: string; person: string }) {
  const { t, pick } = useTexts();
  const scenarios = useScenarios().data?.scenarios;
  const rows = grants.filter((g) => g.operator === org);
  const name = (g: Grant) => {
    const found = scenarios?.find((s) => s.id === g.spec.scenario);
    return found ? pick(found.spec) : g.id;
  };
  if (rows.length === 0) return <Empty text={t('work.noGrants')} />;
  return (
    <List
      caption={t('page.workspace')}
      rows={rows}
      rowKey={(g) => g.id}
      text={(g) => `${name(g)} ${g.id} ${Object.keys(g.spec.fields).join(' ')}`}
      columns={[
        {
          title: t('field.scenario'),
          key: 'scenario',
          rowScope: 'row',
          render: (_, g) => (
            <>
              {g.state === 'open' ? <Link to={`/workspace/${g.id}`}>{name(g)}</Link> : name(g)}
              <div className="faint">
                <code>{g.id}</code>
              </div>
            </>
          ),
        },
        {
          title: t('work.tables'),
          key: 'tables',
          render: (_, g) => (
            <span className="codes">
              {Object.keys(g.spec.fields).map((table) => (
                <code key={table}>{table}</code>
              ))}
            </span>
          ),
        },
        { title: t('cases.state'), key: 'state', render: (_, g) => <Mark kind="grant" code={g.state} /> },
        { title: t('field.until'), key: 'until', render: (_, g) => <Deadline at={g.spec.until} /> },
        {
          title: t('work.draft'),
          key: 'draft',
          render: (_, g) =>
            draftSql(person, g.id) ? t('work.hasDraft') : <span className="faint">{t('value.none')}</span>,
        },
      ]}
    />
  );
}
