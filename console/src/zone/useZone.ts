/** Reads from the zone, cached like those from the platform, while the person's key is open. */
import { useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import { zoneJson } from './client';
import type { Purpose } from './client';
import { useOpenKey } from './useOpenKey';

interface Ask {
  purpose: Purpose;
  path: string;
  /** How often it is read again, in milliseconds. */
  poll?: number | false;
  enabled?: boolean;
  /** How long an answer stays fresh, in milliseconds. */
  fresh?: number;
}

/** A read. Without an open key nothing is asked, and what was read before stays. */
export function useZoneRead<T>({ purpose, path, poll = false, enabled = true, fresh = 5_000 }: Ask) {
  const { here, key } = useOpenKey();
  const query: UseQueryResult<T> = useQuery<T>({
    // By person: two people at one browser never see each other's answers.
    queryKey: ['zone', here?.slot ?? '', path],
    queryFn: ({ signal }) => {
      if (!key) throw new Error('no key');
      return zoneJson<T>(key, { purpose, method: 'GET', path, signal });
    },
    enabled: enabled && key !== null,
    refetchInterval: poll,
    staleTime: fresh,
    retry: false,
    networkMode: 'always',
  });
  return { query, key };
}
