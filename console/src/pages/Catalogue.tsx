/** The catalogue: every resource, by provider and grade. */
import { useMemo } from 'react';
import { Link } from 'react-router';
import { useResources } from '../api/queries';
import { useTexts } from '../i18n';
import { List, byText } from '../parts/List';
import { Mark } from '../parts/Mark';
import { Org, useOrgName } from '../parts/Names';
import { Page } from '../parts/Page';
import { Shown } from '../parts/States';
import { Time } from '../parts/Time';

export default function Catalogue() {
  const { t, label } = useTexts();
  const query = useResources();
  const org = useOrgName();
  const rows = useMemo(
    () => [...(query.data?.resources ?? [])].sort((a, b) => byText(a.table, b.table)),
    [query.data],
  );
  return (
    <Page title={t('page.catalogue')} topic="catalogue">
      <Shown query={query} empty={{ when: (d) => d.resources.length === 0, text: 'catalogue.empty' }}>
        {() => (
          <List
            caption={t('page.catalogue')}
            rows={rows}
            rowKey={(r) => r.id}
            text={(r) => `${r.table} ${org(r.provider)} ${r.id}`}
            columns={[
              {
                title: t('catalogue.table'),
                key: 'table',
                rowScope: 'row',
                sorter: (a, b) => byText(a.table, b.table),
                render: (_, r) => <Link to={`/catalogue/${r.id}`}>{r.table}</Link>,
              },
              {
                title: t('field.provider'),
                key: 'provider',
                sorter: (a, b) => byText(org(a.provider), org(b.provider)),
                render: (_, r) => <Org id={r.provider} />,
              },
              { title: t('catalogue.grade'), key: 'grade', render: (_, r) => label('dataGrade', r.grade) },
              {
                title: t('cases.state'),
                key: 'state',
                render: (_, r) => <Mark kind="resource" code={r.state} />,
              },
              {
                title: t('catalogue.excluded'),
                key: 'excluded',
                render: (_, r) => (r.excluded ? t('value.yes') : t('value.no')),
              },
              {
                title: t('cases.entered'),
                key: 'at',
                sorter: (a, b) => a.at - b.at,
                render: (_, r) => <Time at={r.at} />,
              },
            ]}
          />
        )}
      </Shown>
    </Page>
  );
}
