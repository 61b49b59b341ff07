/**
 * A table that is not catalogued yet: look at the file here, have the zone look at it, decide on every field, open the
 * cataloguing case. The file itself stays with the provider until the case is decided.
 */
import { Page } from '../../parts/Page';
import { useMe } from '../../api/queries';
import { holds, orgIs } from '../../app/menu';
import { Alert } from 'antd';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { ChooseStep } from '../../intake/ChooseStep';
import { DecideStep } from '../../intake/DecideStep';
import type { Proposal } from '../../intake/proposal';
import { dropProposal, keepProposal, keptProposal } from '../../intake/proposal';
import { Steps } from '../../intake/Steps';
import { KeyBar } from '../../zone/KeyBar';
import { useTexts } from '../../zone/texts';
import '../../zone/work.css';

export default function NewTable() {
  const { t } = useTexts();
  const me = useMe().data;
  const may = me !== undefined && orgIs(me, 'data_provider') && holds(me, 'officer');
  const [proposal, setProposal] = useState<Proposal | null>(keptProposal);
  useEffect(() => {
    if (proposal) keepProposal(proposal);
    else dropProposal();
  }, [proposal]);
  return (
    <Page title={t('intake.newTable')} kind={<Link to="/intake">{t('page.intake')}</Link>} topic="intake">
      {me && !may ? (
        <Alert type="warning" showIcon title={t('intake.forOfficers')} />
      ) : (
        <>
          <Steps
            label={t('intake.steps')}
            names={[t('intake.step.choose'), t('intake.step.decide'), t('intake.step.case')]}
            now={proposal ? 1 : 0}
          />
          {proposal ? (
            <DecideStep proposal={proposal} change={setProposal} />
          ) : (
            <>
              <KeyBar />
              <ChooseStep done={setProposal} />
            </>
          )}
        </>
      )}
    </Page>
  );
}
