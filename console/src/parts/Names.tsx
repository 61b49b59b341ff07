/** Organisations and people by id. People are shown as account or pseudonym, never by a real name. */
import { useMemo } from 'react';
import { useOrganisations, usePeople } from '../api/queries';
import type { Organisation } from '../api/types';
import { useTexts } from '../i18n';

/** Looks organisations up by id. */
export function useOrgName(): (id: string) => string {
  const { t, pick } = useTexts();
  const { data } = useOrganisations();
  return useMemo(() => {
    const known = new Map<string, Organisation>(data?.organisations.map((o) => [o.id, o]));
    return (id) => {
      if (id === 'clock') return t('name.clock');
      const found = known.get(id);
      return found ? pick(found) : id;
    };
  }, [data, t, pick]);
}

/** An organisation. */
export function Org({ id }: { id: string }) {
  const name = useOrgName();
  return <span>{name(id)}</span>;
}

/** A person: the account where the reader may know it, else the end of the pseudonym, which tells people apart. */
export function Person({ id }: { id: string }) {
  const { t } = useTexts();
  const { data } = usePeople();
  if (id === 'clock') return <span>{t('name.clock')}</span>;
  const found = data?.people.find((p) => p.id === id);
  const other = id.startsWith('per_') ? t('name.person', { mark: id.slice(-4) }) : id;
  return <span>{found?.account ?? other}</span>;
}
