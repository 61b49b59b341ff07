/** The signing key of the person at this browser. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useDeployment, useMe } from '../api/queries';
import type { Suite } from '../api/types';
import { keptKey, slotOf } from './store';
import type { Kept } from './store';

/** What is known of the person's key here. */
export interface KeyHere {
  slot: string;
  suite: Suite;
  /** The sealed key file in this browser; `null` where none lies here. */
  kept: Kept | null;
  /** Id of the key that the key list names for the person. */
  listed: string | null;
}

/** Reads it; `undefined` while it is not known. */
export function useKeyHere(): { key: KeyHere | undefined; reread: () => Promise<void> } {
  const me = useMe().data;
  const deployment = useDeployment().data;
  const client = useQueryClient();
  const slot = me && deployment ? slotOf(deployment.deployment, me.person) : '';
  const { data } = useQuery({
    queryKey: ['key-here', slot],
    queryFn: () => keptKey(slot),
    enabled: slot !== '',
    networkMode: 'always',
  });
  const key =
    me && deployment && data !== undefined
      ? { slot, suite: deployment.suite as Suite, kept: data, listed: me.key }
      : undefined;
  return { key, reread: () => client.invalidateQueries({ queryKey: ['key-here', slot] }) };
}
