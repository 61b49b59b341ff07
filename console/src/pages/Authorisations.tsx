/** Authorisations to operate, with their terms. */
import { Link } from 'react-router';
import { useAuthorisations } from '../api/queries';
import { useTerm } from '../cases/terms';
import { useTexts } from '../i18n';
import { List } from '../parts/List';
import { Mark } from '../parts/Mark';
import { Org, useOrgName } from '../parts/Names';
import { Page } from '../parts/Page';
import { Shown } from '../parts/States';
import { Deadline, Time } from '../parts/Time';

export default function Authorisations() {
  const { t } = useTexts();
  const query = useAuthorisations();
  const org = useOrgName();
  const term = useTerm();
  return (
    <Page title={t('page.authorisations')} topic="authorisations">
      <Shown
        query={query}
        empty={{ when: (d) => d.authorisations.length === 0, text: 'authorisation.empty' }}
      >
        {(data) => (
          <List
            caption={t('page.authorisations')}
            rows={data.authorisations}
            rowKey={(a) => a.id}
            text={(a) => `${org(a.operator)} ${a.uscc} ${a.id}`}
            columns={[
              {
                title: t('field.operator'),
                key: 'operator',
                rowScope: 'row',
                render: (_, a) => (
                  <Link to={`/authorisations/${a.id}`}>
                    <Org id={a.operator} />
                  </Link>
                ),
              },
              { title: t('field.mode'), key: 'mode', render: (_, a) => term(a.mode) },
              {
                title: t('cases.state'),
                key: 'state',
                render: (_, a) => <Mark kind="authorisation" code={a.state_now} />,
              },
              {
                title: t('authorisation.resources'),
                key: 'resources',
                align: 'right',
                render: (_, a) => Object.keys(a.resources).length,
              },
              { title: t('authorisation.from'), key: 'from', render: (_, a) => <Time at={a.from} /> },
              {
                title: t('field.until'),
                key: 'until',
                sorter: (a, b) => a.until - b.until,
                render: (_, a) => <Deadline at={a.until} />,
              },
            ]}
          />
        )}
      </Shown>
    </Page>
  );
}
