/** One grant: its fields by table, its purpose, and what was made under it. */
import { Link, useParams } from 'react-router';
import { useGrants, useJobs, useResources } from '../api/queries';
import type { Grant } from '../api/types';
import { useTexts } from '../i18n';
import { Copyable } from '../parts/Copy';
import { Facts } from '../parts/Facts';
import { List } from '../parts/List';
import { Mark } from '../parts/Mark';
import { Org } from '../parts/Names';
import { Ref, useScenarioName } from '../parts/Ref';
import { Kind, Page, Part } from '../parts/Page';
import { Nothing, Shown } from '../parts/States';
import { Deadline } from '../parts/Time';

export default function GrantPage() {
  const { id = '' } = useParams();
  const { t } = useTexts();
  const query = useGrants();
  const scenario = useScenarioName();
  const found = query.data?.grants.find((g) => g.id === id);
  return (
    <Page
      title={(found && scenario(found.spec.scenario)) ?? t('object.grant')}
      kind={<Kind of="grant" id={id} />}
      topic="grants"
    >
      <Shown query={query}>
        {() => (found ? <Known grant={found} /> : <Nothing text="notFound.text" />)}
      </Shown>
    </Page>
  );
}

function Known({ grant }: { grant: Grant }) {
  const { t } = useTexts();
  const resources = useResources().data?.resources;
  const jobs = useJobs().data?.jobs.filter((j) => j.grant === grant.id) ?? [];
  const of = (table: string) =>
    Object.keys(grant.spec.resources).find((id) => resources?.find((r) => r.id === id)?.table === table);
  return (
    <>
      <Facts
        items={[
          [t('field.operator'), <Org key="o" id={grant.operator} />],
          [t('cases.state'), <Mark key="s" kind="grant" code={grant.state} />],
          [t('field.until'), <Deadline key="u" at={grant.spec.until} />],
          [t('object.authorisation'), <Ref key="a" kind="authorisation" id={grant.authorisation} />],
          [t('field.scenario'), <Ref key="c" kind="scenario" id={grant.spec.scenario} />],
          [t('object.case'), <Ref key="k" kind="case" id={grant.case} />],
          [t('grant.id'), <Copyable key="i" text={grant.id} name={t('grant.id')} />],
        ]}
      />
      <Part title={t('grant.fields')}>
        <List
          caption={t('grant.fields')}
          rows={Object.entries(grant.spec.fields)}
          rowKey={([table]) => table}
          columns={[
            {
              title: t('catalogue.table'),
              key: 'table',
              rowScope: 'row',
              render: (_, [table]) => {
                const id = of(table);
                return id ? <Link to={`/catalogue/${id}`}>{table}</Link> : table;
              },
            },
            {
              title: t('field.provider'),
              key: 'provider',
              render: (_, [table]) => <Org id={grant.spec.resources[of(table) ?? ''] ?? ''} />,
            },
            {
              title: t('field.fields'),
              key: 'fields',
              render: (_, [, names]) => (
                <span className="codes">
                  {names.map((n) => (
                    <code key={n}>{n}</code>
                  ))}
                </span>
              ),
            },
          ]}
        />
      </Part>
      <Part title={t('field.purpose')}>
        <pre className="code">{grant.spec.purpose}</pre>
      </Part>
      <Part title={t('grant.jobs')}>
        {jobs.length === 0 ? (
          <Nothing text="job.empty" />
        ) : (
          <ul className="links">
            {jobs.map((j) => (
              <li key={j.id}>
                <Ref kind="job" id={j.id} /> <Mark kind="job" code={j.state} />
              </li>
            ))}
          </ul>
        )}
      </Part>
    </>
  );
}
