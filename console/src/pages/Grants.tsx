/** Grants: these fields, this purpose, until this date. */
import { Link } from 'react-router';
import { useGrants } from '../api/queries';
import { useTexts } from '../i18n';
import { List } from '../parts/List';
import { Mark } from '../parts/Mark';
import { Org, useOrgName } from '../parts/Names';
import { Page } from '../parts/Page';
import { Shown } from '../parts/States';
import { Deadline } from '../parts/Time';

export default function Grants() {
  const { t } = useTexts();
  const query = useGrants();
  const org = useOrgName();
  return (
    <Page title={t('page.grants')} topic="grants">
      <Shown query={query} empty={{ when: (d) => d.grants.length === 0, text: 'grant.empty' }}>
        {(data) => (
          <List
            caption={t('page.grants')}
            rows={data.grants}
            rowKey={(g) => g.id}
            text={(g) => `${g.id} ${org(g.operator)} ${Object.keys(g.spec.fields).join(' ')}`}
            columns={[
              {
                title: t('grant.tables'),
                key: 'tables',
                rowScope: 'row',
                render: (_, g) => (
                  <Link to={`/grants/${g.id}`} className="clamp">
                    {Object.keys(g.spec.fields).join(t('list.comma'))}
                  </Link>
                ),
              },
              { title: t('field.operator'), key: 'operator', render: (_, g) => <Org id={g.operator} /> },
              {
                title: t('cases.state'),
                key: 'state',
                render: (_, g) => <Mark kind="grant" code={g.state} />,
              },
              {
                title: t('field.until'),
                key: 'until',
                sorter: (a, b) => a.spec.until - b.spec.until,
                render: (_, g) => <Deadline at={g.spec.until} />,
              },
            ]}
          />
        )}
      </Shown>
    </Page>
  );
}
