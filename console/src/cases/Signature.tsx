/** The signature under something done, verified in the browser against the key list. */
import { CheckCircleOutlined, CloseCircleOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import { useKeyLists } from '../api/queries';
import type { Act, Case, Done, KeyList, Signed } from '../api/types';
import { useTexts } from '../i18n';
import { Copyable } from '../parts/Copy';
import { Facts } from '../parts/Facts';

/** A signed act as the platform keeps it. */
export interface KeptAct {
  id: string;
  act: Signed<Act>;
}

/** The signed acts of a case; empty where the platform shows none. */
export function useActs(c: Case): KeptAct[] {
  const { data } = useQuery({
    queryKey: ['acts', c.id, c.history.length],
    queryFn: ({ signal }) => get<{ acts: KeptAct[] }>(`/api/v1/cases/${c.id}/acts`, signal),
    retry: false,
    networkMode: 'always',
  });
  return data?.acts ?? [];
}

/** Whether a signature holds under a key of the newest list. */
async function holds(act: Signed<Act>, list: KeyList): Promise<boolean> {
  const entry = list.entries.find((e) => e.key === act.key);
  if (!entry || entry.holder.person !== act.body.person) return false;
  const inForce =
    entry.valid_from <= act.body.at && (entry.revoked_at === null || act.body.at < entry.revoked_at);
  const [{ loadSuite }, digest] = await Promise.all([import('../trust/suite'), import('../trust/digest')]);
  const suite = digest.claimedSuite(entry.public);
  if (!suite) return false;
  const primitives = await loadSuite(suite);
  const key = digest.parsePublic(primitives, entry.public);
  return inForce && key !== null && digest.holds(primitives, key, 'act', act.body as never, act.signature);
}

/** One signature with its verdict. */
export function Signature({ done, acts }: { done: Done; acts: KeptAct[] }) {
  const found = acts.find(
    ({ act }) =>
      act.body.step === done.step &&
      act.body.person === done.person &&
      Math.abs(act.body.at - done.at) < 600_000,
  );
  return found ? <Checked kept={found} /> : null;
}

function Checked({ kept }: { kept: KeptAct }) {
  const { t } = useTexts();
  const lists = useKeyLists().data?.key_lists;
  const newest = lists?.at(-1)?.body;
  const { data: good } = useQuery({
    queryKey: ['signature', kept.id, newest?.number],
    queryFn: () => (newest ? holds(kept.act, newest) : false),
    enabled: newest !== undefined,
    networkMode: 'always',
  });
  return (
    <details>
      <summary>
        {good === undefined && t('signature.checking')}
        {good === true && (
          <span className="good">
            <CheckCircleOutlined /> {t('signature.good')}
          </span>
        )}
        {good === false && (
          <span className="bad">
            <CloseCircleOutlined /> {t('signature.bad')}
          </span>
        )}
      </summary>
      <Facts
        items={[
          [t('signature.key'), <Copyable key="k" text={kept.act.key} name={t('signature.key')} />],
          [t('signature.act'), <Copyable key="a" text={kept.id} name={t('signature.act')} />],
          [
            t('signature.signature'),
            <Copyable key="s" text={kept.act.signature} name={t('signature.signature')} />,
          ],
        ]}
      />
    </details>
  );
}
