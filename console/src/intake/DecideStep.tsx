/** Second step for a new table: what every field is, and the contract that follows; then the case. */
import { Alert, Button, Collapse } from 'antd';
import { useCallback, useDeferredValue, useMemo, useState } from 'react';
import type { Dispatch, SetStateAction } from 'react';
import { useNavigate } from 'react-router';
import { onceKey, post } from '../api/client';
import { useChanged, useMe, useProcedures } from '../api/queries';
import type { Case } from '../api/types';
import { mayOpen } from '../cases/opening';
import { download } from '../parts/download';
import { count } from '../parts/Money';
import { Part } from '../parts/Page';
import { ZoneFailure } from '../zone/ZoneFailure';
import { useTexts } from '../zone/texts';
import { FieldTable } from './FieldTable';
import { contractWith, faultsOf } from './contract';
import type { Draft } from './contract';
import { dropProposal } from './proposal';
import type { Proposal } from './proposal';

interface Props {
  proposal: Proposal;
  change: Dispatch<SetStateAction<Proposal | null>>;
}

/** Below this confidence a field wants a second look. */
const UNSURE = 0.8;

/** The step. */
export function DecideStep({ proposal, change }: Props) {
  const { t, label } = useTexts();
  const set = useCallback(
    (index: number, draft: Draft) =>
      change((now) => now && { ...now, drafts: now.drafts.map((d, i) => (i === index ? draft : d)) }),
    [change],
  );
  const slow = useDeferredValue(proposal);
  const contract = useMemo(() => contractWith(slow.contract, slow.drafts), [slow]);
  const wrong = proposal.drafts.filter((d) => faultsOf(d).length > 0);
  const unsure = proposal.columns.filter((c) => c.confidence < UNSURE).length;
  return (
    <>
      <Part title={t('intake.decideTitle', { table: proposal.table })}>
        <p>
          {t(proposal.sampled ? 'intake.sawPart' : 'intake.saw', {
            file: proposal.file,
            rows: count(proposal.rows),
            aside: count(proposal.set_aside),
            encoding: label('intake.enc', proposal.encoding),
          })}
        </p>
        <p>{t('intake.decideText')}</p>
        {unsure > 0 && <Alert type="info" showIcon title={t('intake.unsure', { n: unsure })} />}
        <FieldTable columns={proposal.columns} drafts={proposal.drafts} change={set} />
      </Part>
      <Part title={t('intake.contract')}>
        <p>{t('intake.contractText')}</p>
        <Collapse
          items={[
            {
              key: 'text',
              label: t('intake.contractShow'),
              children: (
                <>
                  <pre className="code" tabIndex={0} aria-label={t('intake.contract')}>
                    {contract}
                  </pre>
                  <Button onClick={() => download(`${proposal.table}.yaml`, contract, 'application/yaml')}>
                    {t('intake.contractSave')}
                  </Button>
                </>
              ),
            },
          ]}
        />
      </Part>
      {wrong.length > 0 && (
        <Alert
          type="error"
          showIcon
          title={t('intake.wrongFields', { names: wrong.map((d) => d.name).join(t('list.comma')) })}
        />
      )}
      <OpenCase proposal={proposal} disabled={wrong.length > 0} back={() => change(null)} />
    </>
  );
}

interface OpenProps {
  proposal: Proposal;
  disabled: boolean;
  back: () => void;
}

/** Opens the cataloguing case; its first step is signed on the page of the case. */
function OpenCase({ proposal, disabled, back }: OpenProps) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const changed = useChanged();
  const me = useMe().data;
  const procedures = useProcedures().data?.procedures;
  const procedure = procedures?.find((p) => p.object === 'resource' && me !== undefined && mayOpen(p, me));
  const [key, setKey] = useState(onceKey);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const open = async () => {
    if (!procedure) return;
    setBusy(true);
    setError(null);
    try {
      const contract = contractWith(proposal.contract, proposal.drafts);
      const object = { table: proposal.table, contract };
      const opened = await post<Case>('/api/v1/cases', { procedure: procedure.name, object }, key);
      dropProposal();
      await changed();
      await navigate(`/cases/${opened.id}`);
    } catch (e) {
      // What was refused is asked again under another key: the same key would be answered as before.
      setKey(onceKey());
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {error !== null && <ZoneFailure error={error} />}
      {procedures && !procedure && <Alert type="warning" showIcon title={t('intake.forOfficers')} />}
      <div className="row">
        <Button onClick={back} disabled={busy}>
          {t('intake.back')}
        </Button>
        <Button type="primary" loading={busy} disabled={disabled || !procedure} onClick={() => void open()}>
          {t('intake.openCase')}
        </Button>
        <span className="faint">{t('open.nothingDecided')}</span>
      </div>
    </>
  );
}
