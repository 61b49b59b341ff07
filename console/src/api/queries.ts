/** Reads of the API, cached. One place for query keys, so that a command can say what it changed. */
import { QueryClient, keepPreviousData, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import { useSession } from '../session';
import { get } from './client';
import { onBack } from './connection';
import { Unreachable } from './problem';
import type { DueMatter } from './issued';
import type * as T from './types';

/** The cache. Only a broken connection is tried again; a refusal is an answer. */
export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      // Just long enough that the parts of one page ask once: what others do meanwhile is seen at the next page.
      staleTime: 1_000,
      networkMode: 'always',
      retry: (count, error) => error instanceof Unreachable && count < 1,
    },
    mutations: { networkMode: 'always', retry: false },
  },
});
onBack(() => void cache.invalidateQueries());

function read<R>(path: string, poll?: number | false, enabled = true): UseQueryResult<R> {
  // eslint-disable-next-line react-hooks/rules-of-hooks -- every caller below is a hook
  return useQuery<R>({
    queryKey: [path],
    queryFn: ({ signal }) => get<R>(path, signal),
    refetchInterval: poll ?? false,
    enabled,
  });
}

/** How often lists that others change are read again. */
const LIVE_MS = 15_000;
const V = '/api/v1';
const id = encodeURIComponent;

export const useDeployment = () => read<T.Deployment>(`${V}/deployment`, 60_000);
export const useProcedures = () => read<{ pack: string; procedures: T.Procedure[] }>(`${V}/procedures`);
export const usePack = () => read<T.Pack>(`${V}/pack`);
export const usePacks = () => read<{ pack: string; packs: T.OtherPack[] }>(`${V}/packs`);
export const usePackDiff = (pack: string) =>
  read<{ a: string; b: string; changes: T.PackChange[] }>(`${V}/pack/diff?with=${encodeURIComponent(pack)}`);

/** Who is signed in; nothing is asked while nobody is. */
export function useMe() {
  const { session } = useSession();
  return read<T.Me>(`${V}/me`, false, session !== null);
}
export const useOrganisations = () => read<{ organisations: T.Organisation[] }>(`${V}/organisations`);
export const usePeople = () => read<{ people: T.Person[] }>(`${V}/people`);
/** Where cases are read without contracts, statements and papers. */
function casesPath(ask: T.CaseAsk): string {
  const query = new URLSearchParams({ summary: 'true' });
  for (const [name, value] of Object.entries(ask)) if (value !== undefined) query.set(name, String(value));
  return `${V}/cases?${query}`;
}
/** A list of cases. With `keep`, the answer before stays while another one is read. */
export function useCases(ask: T.CaseAsk, keep = false) {
  const path = casesPath(ask);
  return useQuery<T.CasePage>({
    queryKey: [path],
    queryFn: ({ signal }) => get<T.CasePage>(path, signal),
    refetchInterval: LIVE_MS,
    ...(keep ? { placeholderData: keepPreviousData } : {}),
  });
}
/** So many cases of each procedure are read for a list of several procedures. */
export const MOST_CASES = 200;

/** The cases of several procedures together, the last one changed first: the platform lists all of them or those of one. */
export function useCasesOf(procedures: string[], ask: Pick<T.CaseAsk, 'open' | 'overdue'> = {}) {
  return useQueries({
    queries: procedures.map((procedure) => {
      const path = casesPath({ ...ask, procedure, order: 'newest', limit: MOST_CASES });
      return {
        queryKey: [path],
        queryFn: ({ signal }: { signal: AbortSignal }) => get<T.CasePage>(path, signal),
        refetchInterval: 4 * LIVE_MS,
      };
    }),
    combine: (pages) => ({
      cases: pages.flatMap((p) => p.data?.cases ?? []).sort((a, b) => b.entered_at - a.entered_at),
      loading: pages.some((p) => p.isPending),
      error: pages.find((p) => p.error)?.error ?? null,
      /** Procedures of which there are more. */
      more: procedures.filter((_, i) => (pages[i]?.data?.total ?? 0) > MOST_CASES),
      again: () => Promise.all(pages.map((p) => p.refetch())),
    }),
  });
}
export const useCase = (one: string) => read<T.Case>(`${V}/cases/${id(one)}`, LIVE_MS);
export const useResources = () => read<{ resources: T.ResourceRow[] }>(`${V}/resources`, LIVE_MS);
export const useResource = (one: string) => read<T.Resource>(`${V}/resources/${id(one)}`);
export const useBatches = (one: string, enabled: boolean) =>
  read<T.Batches>(`${V}/resources/${id(one)}/batches`, LIVE_MS, enabled);
export const useAuthorisations = () =>
  read<{ authorisations: T.Authorisation[] }>(`${V}/authorisations`, LIVE_MS);
export const useDueMatters = (enabled = true) => read<{ due: DueMatter[] }>(`${V}/due`, LIVE_MS, enabled);
export const useGrants = () => read<{ grants: T.Grant[] }>(`${V}/grants`, LIVE_MS);
export const useJobs = (poll: number = LIVE_MS) => read<{ jobs: T.Job[] }>(`${V}/jobs`, poll);
export const useJob = (one: string, poll: number | false = false) =>
  read<T.Job>(`${V}/jobs/${id(one)}`, poll);
export const useProducts = () => read<{ products: T.Product[] }>(`${V}/products`, LIVE_MS);
export const useProduct = (one: string, enabled = true) =>
  read<T.Product>(`${V}/products/${id(one)}`, false, enabled);
export const useOrders = () => read<{ orders: T.Order[] }>(`${V}/orders`, LIVE_MS);
export const useOrder = (one: string) => read<T.Order>(`${V}/orders/${id(one)}`);
export const useUsage = (one: string) => read<T.Usage>(`${V}/orders/${id(one)}/usage`, LIVE_MS);
export const useImplementationPlans = () =>
  read<{ implementation_plans: T.ImplementationPlan[] }>(`${V}/implementation-plans`);
export const useAnnouncements = () => read<{ announcements: T.Announcement[] }>(`${V}/announcements`);
export const useScenarios = () => read<{ scenarios: T.Scenario[] }>(`${V}/scenarios`);
export const useKeyLists = () => read<{ key_lists: T.Signed<T.KeyList>[] }>(`${V}/key-lists`);

/** Says that something changed: everything shown is read again. */
export function useChanged(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries();
}
