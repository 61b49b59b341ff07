/** Where a provider's officer begins: catalogue another table, or supply one that is catalogued. */
import { PlusOutlined } from '@ant-design/icons';
import { Alert } from 'antd';
import { Link } from 'react-router';
import { useCases, useMe, useProcedures, useResources } from '../../api/queries';
import type { ResourceRow } from '../../api/types';
import { CaseState } from '../../cases/CaseState';
import { holds, orgIs } from '../../app/menu';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Page, Part } from '../../parts/Page';
import { Shown } from '../../parts/States';
import { Time } from '../../parts/Time';
import { Empty } from '../../zone/Empty';
import { useTexts } from '../../zone/texts';
import '../../zone/work.css';

export default function Intake() {
  const { t } = useTexts();
  const me = useMe().data;
  const resources = useResources();
  const may = me !== undefined && orgIs(me, 'data_provider') && holds(me, 'officer');
  return (
    <Page
      title={t('page.intake')}
      topic="intake"
      actions={
        may && (
          <Link to="/intake/new">
            <PlusOutlined aria-hidden="true" /> {t('intake.newTable')}
          </Link>
        )
      }
    >
      <p>{t('intake.about')}</p>
      {me && !may ? (
        <Alert type="warning" showIcon title={t('intake.forOfficers')} />
      ) : (
        <>
          <UnderWay />
          <Part title={t('intake.own')}>
            <Shown query={resources}>
              {(data) => <Own rows={data.resources.filter((r) => r.provider === me?.org.id)} />}
            </Shown>
          </Part>
        </>
      )}
    </Page>
  );
}

function Own({ rows }: { rows: ResourceRow[] }) {
  const { t, label } = useTexts();
  if (rows.length === 0)
    return (
      <Empty text={t('intake.none')}>
        <Link to="/intake/new">{t('intake.newTable')}</Link>
      </Empty>
    );
  return (
    <List
      caption={t('intake.own')}
      rows={rows}
      rowKey={(r) => r.id}
      text={(r) => r.table}
      columns={[
        {
          title: t('catalogue.table'),
          key: 'table',
          rowScope: 'row',
          sorter: (a, b) => a.table.localeCompare(b.table),
          render: (_, r) => <Link to={`/catalogue/${r.id}`}>{r.table}</Link>,
        },
        { title: t('catalogue.grade'), key: 'grade', render: (_, r) => label('dataGrade', r.grade) },
        { title: t('cases.state'), key: 'state', render: (_, r) => <Mark kind="resource" code={r.state} /> },
        { title: t('cases.entered'), key: 'at', render: (_, r) => <Time at={r.at} /> },
        {
          title: t('intake.todo'),
          key: 'go',
          render: (_, r) =>
            r.state === 'catalogued' ? (
              <Link to={`/intake/${r.id}`} aria-label={t('intake.supplyTo', { table: r.table })}>
                {t('intake.supply')}
              </Link>
            ) : (
              <span className="faint">{t('value.none')}</span>
            ),
        },
      ]}
    />
  );
}

/** Cataloguing cases of the own organisation that are not over. */
function UnderWay() {
  const { t, pick } = useTexts();
  const names = useProcedures()
    .data?.procedures.filter((p) => p.object === 'resource')
    .map((p) => p.name);
  const under = useCases({ own: true, open: true, order: 'oldest' }).data?.cases ?? [];
  const rows = under.filter((c) => names?.includes(c.procedure));
  if (rows.length === 0) return null;
  return (
    <Part title={t('intake.underWay')}>
      <ul className="links">
        {rows.map((c) => (
          <li key={c.id}>
            <Link to={`/cases/${c.id}`}>{pick(c.title)}</Link> <CaseState c={c} />
          </li>
        ))}
      </ul>
    </Part>
  );
}
