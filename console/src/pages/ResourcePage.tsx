/** One resource: its dictionary, and for its provider and overseers the batches supplied. */
import { Collapse } from 'antd';
import { Link, useParams } from 'react-router';
import { holds, oversees } from '../app/menu';
import { useBatches, useMe, useResource } from '../api/queries';
import type { Batches, Resource } from '../api/types';
import { Matters } from '../cases/Matters';
import { useTexts } from '../i18n';
import { Copyable, Short } from '../parts/Copy';
import { Certificates, Measures } from '../parts/Deeds';
import Dictionary from '../parts/Dictionary';
import { Facts } from '../parts/Facts';
import { List } from '../parts/List';
import { Mark } from '../parts/Mark';
import { count } from '../parts/Money';
import { Org } from '../parts/Names';
import { Ref, RefNames } from '../parts/Ref';
import { Page, Part } from '../parts/Page';
import { Nothing, Shown } from '../parts/States';
import { Time } from '../parts/Time';

export default function ResourcePage() {
  const { id = '' } = useParams();
  const { t } = useTexts();
  const query = useResource(id);
  return (
    <Page
      title={query.data?.spec.table ?? t('object.resource')}
      kind={t('object.resource')}
      topic="catalogue"
      actions={query.data && <Change resource={query.data} />}
    >
      <Shown query={query}>{(resource) => <Known resource={resource} />}</Shown>
    </Page>
  );
}

/** The way to a change, for the officers of its provider. */
function Change({ resource }: { resource: Resource }) {
  const { t } = useTexts();
  const me = useMe().data;
  const may = me?.org.id === resource.provider && holds(me, 'officer') && resource.state === 'catalogued';
  return may ? <Link to={`/catalogue/${resource.id}/change`}>{t('catalogue.change')}</Link> : null;
}

/** The cases that made the entry what it is. */
function Versions({ versions }: { versions: NonNullable<Resource['versions']> }) {
  const { t } = useTexts();
  return (
    <ol reversed className="versions">
      {versions.map((v) => (
        <li key={v.case}>
          <Time at={v.at} /> <Link to={`/cases/${v.case}`}>{t('object.case')}</Link>{' '}
          <Short text={v.contract_digest} />
        </li>
      ))}
    </ol>
  );
}

function Known({ resource }: { resource: Resource }) {
  const { t, label } = useTexts();
  const me = useMe().data;
  const near = me !== undefined && (me.org.id === resource.provider || oversees(me));
  const batches = useBatches(resource.id, near);
  return (
    <RefNames value={resource.refs ?? {}}>
      <Facts
        items={[
          [t('field.provider'), <Org key="p" id={resource.provider} />],
          [t('catalogue.grade'), label('dataGrade', resource.grade)],
          [t('cases.state'), <Mark key="s" kind="resource" code={resource.state} />],
          [t('catalogue.excluded'), resource.excluded ? t('value.yes') : t('value.no')],
          [t('cases.entered'), <Time key="t" at={resource.at} />],
          [t('object.case'), <Ref key="c" kind="case" id={resource.case} />],
          [
            t('field.contract_digest'),
            <Copyable key="d" text={resource.spec.contract_digest} name={t('field.contract_digest')} />,
          ],
        ]}
      />
      <Certificates resource={resource} />
      <Matters kind="resource" things={{ resource: resource.id }} />
      <Measures resource={resource} />
      <Part title={t('dictionary.title')}>
        <Dictionary contract={resource.spec.contract} />
        <Collapse
          ghost
          items={[
            {
              key: 'text',
              label: t('catalogue.contractText'),
              children: <pre className="code">{resource.spec.contract}</pre>,
            },
          ]}
        />
      </Part>
      {resource.versions && resource.versions.length > 1 && (
        <Part title={t('catalogue.versions')}>
          <Versions versions={resource.versions} />
        </Part>
      )}
      {near && (
        <Part title={t('batch.title')}>
          <Shown query={batches}>{(found) => <BatchList batches={found} />}</Shown>
        </Part>
      )}
    </RefNames>
  );
}

function BatchList({ batches }: { batches: Batches }) {
  const { t, label } = useTexts();
  const stored = new Set(batches.stored.map((b) => b.id));
  const awaited = batches.opened.filter((b) => !stored.has(b.id));
  if (batches.stored.length === 0 && awaited.length === 0) return <Nothing text="batch.empty" />;
  return (
    <>
      {awaited.length > 0 && <p>{t('batch.awaited', { n: awaited.length })}</p>}
      <List
        caption={t('batch.title')}
        rows={batches.stored}
        rowKey={(b) => b.id}
        columns={[
          { title: t('batch.id'), key: 'id', rowScope: 'row', render: (_, b) => <code>{b.id}</code> },
          { title: t('batch.rows'), key: 'rows', align: 'right', render: (_, b) => count(b.rows) },
          {
            title: t('batch.setAside'),
            key: 'aside',
            render: (_, b) => {
              const reasons = Object.entries(b.set_aside);
              return reasons.length === 0
                ? t('batch.noneAside')
                : reasons.map(([why, n]) => <div key={why}>{`${label('problem', why)}: ${count(n)}`}</div>);
            },
          },
          { title: t('value.digest'), key: 'digest', render: (_, b) => <Short text={b.digest} /> },
          {
            title: t('batch.at'),
            key: 'at',
            sorter: (a, b) => a.at - b.at,
            render: (_, b) => <Time at={b.at} />,
          },
        ]}
      />
    </>
  );
}
