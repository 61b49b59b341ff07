/** What can be begun about a resource besides its use, and what was done: withdrawn, sealed, unsealed, each with its certificate. */
import { Link } from 'react-router';
import { oversees } from '../app/menu';
import { useMe, useProcedures } from '../api/queries';
import type { Resource, ResourceCertificate } from '../api/types';
import { useTexts } from '../i18n';
import { fits, mayTake } from '../open/taking';
import { EvidenceButton } from './Evidence';
import { List } from './List';
import { count } from './Money';
import { Part } from './Page';
import { Short } from './Copy';
import { Time } from './Time';

/** The procedures that this person may begin with the resource as it stands. */
export function Measures({ resource }: { resource: Resource }) {
  const { t, pick } = useTexts();
  const me = useMe().data;
  const all = useProcedures().data?.procedures ?? [];
  const open = me
    ? all.filter(
        (p) => fits(p, resource.state, resource.unsealing_ordered) && mayTake(p, me, resource.provider),
      )
    : [];
  if (open.length === 0) return null;
  return (
    <Part title={t('resource.measures')}>
      <ul className="links">
        {open.map((p) => (
          <li key={p.name}>
            <Link to={`/cases/new?procedure=${p.name}&resource=${resource.id}`}>{pick(p)}</Link>
          </li>
        ))}
      </ul>
    </Part>
  );
}

/** What was done to the resource, with the evidence for those whom the platform would answer. */
export function Certificates({ resource }: { resource: Resource }) {
  const { t, label } = useTexts();
  const me = useMe().data;
  const rows = resource.certificates ?? [];
  if (rows.length === 0) return null;
  const near = me !== undefined && (me.org.id === resource.provider || oversees(me));
  return (
    <Part title={t('resource.certificates')}>
      <p>{t('resource.certificatesHint')}</p>
      <List<ResourceCertificate>
        caption={t('resource.certificates')}
        rows={rows}
        rowKey={(c) => c.id}
        columns={[
          {
            title: t('resource.deed'),
            key: 'deed',
            rowScope: 'row',
            render: (_, c) => label('deed', c.deed),
          },
          { title: t('resource.reported'), key: 'at', render: (_, c) => <Time at={c.at} /> },
          {
            title: t('object.case'),
            key: 'case',
            render: (_, c) => <Link to={`/cases/${c.case}`}>{t('resource.decided')}</Link>,
          },
          { title: t('resource.keys'), key: 'keys', align: 'right', render: (_, c) => count(c.keys.length) },
          {
            title: t('resource.objects'),
            key: 'objects',
            render: (_, c) => (c.deed === 'destroyed' ? count(c.objects) : t('resource.kept')),
          },
          {
            title: t('resource.list'),
            key: 'list',
            render: (_, c) => (c.what ? <Short text={c.what.list} /> : t('value.none')),
          },
          ...(near
            ? [
                {
                  title: t('evidence.title'),
                  key: 'evidence',
                  render: (_: unknown, c: ResourceCertificate) => (
                    <EvidenceButton about="resource-certificates" id={c.id} />
                  ),
                },
              ]
            : []),
        ]}
      />
    </Part>
  );
}
