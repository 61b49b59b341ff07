/** Second step for a new table: what every field is, and the contract that follows; then the case. */
import { Alert, Button, Collapse } from 'antd';
import { useCallback, useDeferredValue, useMemo } from 'react';
import type { Dispatch, SetStateAction } from 'react';
import { download } from '../parts/download';
import { count } from '../parts/Money';
import { Part } from '../parts/Page';
import { useTexts } from '../zone/texts';
import { FieldTable } from './FieldTable';
import { OpenEntryCase } from './OpenEntryCase';
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
      <OpenEntryCase
        object={() => ({
          table: proposal.table,
          contract: contractWith(proposal.contract, proposal.drafts),
        })}
        opened={dropProposal}
        disabled={wrong.length > 0}
      >
        <Button onClick={() => change(null)}>{t('intake.back')}</Button>
      </OpenEntryCase>
    </>
  );
}
