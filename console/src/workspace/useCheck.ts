/** The verdict on a query while it is typed: asked for once the typing rests, and only for the newest text. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { zoneJson } from '../zone/client';
import { useOpenKey } from '../zone/useOpenKey';
import type { Verdict } from './types';

/** How long the typing rests before the zone is asked. */
const REST_MS = 350;

function useRested(text: string): string {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}

/** The verdict, and whether it is about the text as it stands. */
export function useCheck(grant: string, sql: string, enabled: boolean) {
  const { here, key } = useOpenKey();
  const rested = useRested(sql);
  const empty = sql.trim() === '';
  const query = useQuery<Verdict>({
    queryKey: ['zone', here?.slot ?? '', 'check', grant, rested],
    queryFn: ({ signal }) => {
      if (!key) throw new Error('no key');
      return zoneJson<Verdict>(key, {
        purpose: { purpose: 'preview', grant },
        method: 'POST',
        path: `/data/v1/grants/${grant}/check`,
        body: JSON.stringify({ sql: rested }),
        media: 'application/json',
        signal,
      });
    },
    enabled: enabled && key !== null && rested.trim() !== '',
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 60_000,
    retry: false,
    networkMode: 'always',
  });
  const current = rested === sql && !query.isPlaceholderData && !query.isFetching;
  return {
    verdict: empty ? undefined : query.data,
    current,
    error: empty || query.isFetching ? null : query.error,
    again: () => void query.refetch(),
  };
}
