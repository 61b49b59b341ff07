/** A change of one's own catalogue entry: what every field is from now on, what that changes, and the case that decides it. */
import { Alert } from 'antd';
import { useCallback, useDeferredValue, useMemo, useState } from 'react';
import { Link, useParams } from 'react-router';
import { useBatches, useMe, useResource } from '../api/queries';
import type { Resource } from '../api/types';
import { holds } from '../app/menu';
import Changes from '../cases/Changes';
import { FieldTable } from '../intake/FieldTable';
import { OpenEntryCase } from '../intake/OpenEntryCase';
import { contractWith, draftsOf, faultsOf } from '../intake/contract';
import type { Draft } from '../intake/contract';
import { Page, Part } from '../parts/Page';
import { Shown } from '../parts/States';
import { draftOf, dropDraft, keepDraft } from '../session';
import { useTexts } from '../zone/texts';
import '../zone/work.css';

export default function ChangeEntry() {
  const { id = '' } = useParams();
  const { t } = useTexts();
  const query = useResource(id);
  const title = query.data ? t('changes.title', { table: query.data.spec.table }) : t('object.resource');
  return (
    <Page title={title} kind={<Link to={`/catalogue/${id}`}>{t('object.resource')}</Link>} topic="catalogue">
      <Shown query={query}>
        {(resource) => <Known key={resource.spec.contract_digest} resource={resource} />}
      </Shown>
    </Page>
  );
}

function Known({ resource }: { resource: Resource }) {
  const { t } = useTexts();
  const me = useMe().data;
  const may = me !== undefined && me.org.id === resource.provider && holds(me, 'officer');
  const read = useMemo(() => draftsOf(resource.spec.contract), [resource]);
  if (me && !may)
    return (
      <Alert
        type="warning"
        showIcon
        title={t('changes.forOfficers')}
        action={<Link to={`/catalogue/${resource.id}`}>{t('changes.back')}</Link>}
      />
    );
  if (!read) return <Alert type="warning" showIcon title={t('dictionary.unreadable')} />;
  return <Editor resource={resource} read={read} />;
}

function Editor({ resource, read }: { resource: Resource; read: Draft[] }) {
  const { t } = useTexts();
  // Until it is known whether there are records, nothing is offered that they might not survive.
  const held = useBatches(resource.id, true).data?.stored.length !== 0;
  const slot = `change.${resource.id}.${resource.spec.contract_digest}`;
  const [drafts, setDrafts] = useState<Draft[]>(() => draftOf<Draft[]>(slot) ?? read);
  const set = useCallback(
    (index: number, draft: Draft) =>
      setDrafts((now) => {
        const next = now.map((d, i) => (i === index ? draft : d));
        keepDraft(slot, next);
        return next;
      }),
    [slot],
  );
  const slow = useDeferredValue(drafts);
  const contract = useMemo(() => contractWith(resource.spec.contract, slow), [resource, slow]);
  // What was not touched is compared as the editor would write it, so that spelling alone is no change.
  const asRead = useMemo(() => contractWith(resource.spec.contract, read), [resource, read]);
  const wrong = drafts.filter((d) => faultsOf(d).length > 0);
  return (
    <>
      <p>{t('changes.about')}</p>
      <Part title={t('intake.fields')}>
        <FieldTable columns={[]} drafts={drafts} change={set} held={held} />
      </Part>
      <Part title={t('changes.caption')}>
        <Changes
          before={resource.spec.contract}
          after={contract === asRead ? resource.spec.contract : contract}
        />
      </Part>
      {wrong.length > 0 && (
        <Alert
          type="error"
          showIcon
          title={t('intake.wrongFields', { names: wrong.map((d) => d.name).join(t('list.comma')) })}
        />
      )}
      <OpenEntryCase
        object={() => ({ resource: resource.id, contract: contractWith(resource.spec.contract, drafts) })}
        opened={() => dropDraft(slot)}
        disabled={wrong.length > 0 || contract === asRead}
      >
        <Link to={`/catalogue/${resource.id}`}>{t('changes.back')}</Link>
      </OpenEntryCase>
    </>
  );
}
