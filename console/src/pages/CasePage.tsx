/** One case: its procedure as a timeline, its object, its signatures, and what this person can do. */
import { Button } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { Link, useParams } from 'react-router';
import { useCase, useMe, useProcedures } from '../api/queries';
import type { Before, Case, Documents, Me, Procedure, Step } from '../api/types';
import { actable, alreadyDone } from '../cases/actable';
import { ActDialog } from '../cases/ActDialog';
import { CaseState } from '../cases/CaseState';
import { partyTo } from '../cases/party';
import { ObjectView } from '../cases/ObjectView';
import { Objections } from '../cases/Objections';
import { Signature, useActs } from '../cases/Signature';
import { Timeline } from '../cases/Timeline';
import { useTexts } from '../i18n';
import { Copyable } from '../parts/Copy';
import { Evidence } from '../parts/Evidence';
import { Facts } from '../parts/Facts';
import { Org, Person } from '../parts/Names';
import { Page, Part } from '../parts/Page';
import { Loading, Refusal, Shown } from '../parts/States';
import { Time } from '../parts/Time';

const Issued = lazy(() => import('../cases/Issued'));
const Changes = lazy(() => import('../cases/Changes'));
const DocumentChanges = lazy(() => import('../cases/Changes').then((m) => ({ default: m.DocumentChanges })));

export default function CasePage() {
  const { id = '' } = useParams();
  const { t } = useTexts();
  const query = useCase(id);
  const me = useMe().data;
  const procedures = useProcedures().data?.procedures;
  if (query.data && me && procedures) {
    const procedure = procedures.find((p) => p.name === query.data.procedure);
    return <Known key={id} c={query.data} me={me} procedure={procedure} />;
  }
  return (
    <Page title={t('object.case')} topic="case">
      <Shown query={query}>{() => null}</Shown>
    </Page>
  );
}

function Known({ c, me, procedure }: { c: Case; me: Me; procedure: Procedure | undefined }) {
  const { t, pick } = useTexts();
  const acts = useActs(c);
  const waiting = (c.waiting_orders ?? []).flatMap((order) => (order.refusal ? [order.refusal] : []));
  const [step, setStep] = useState<Step | null>(null);
  return (
    <Page
      title={pick(c.title)}
      kind={
        <>
          {procedure ? <Link to={`/rules/${procedure.name}`}>{pick(procedure)}</Link> : c.procedure}{' '}
          <CaseState c={c} bare />
        </>
      }
      topic="case"
    >
      <div className="columns">
        <Part title={t('case.timeline')}>
          <Timeline
            c={c}
            procedure={procedure}
            here={<Here c={c} me={me} procedure={procedure} choose={setStep} />}
            signature={(done) => <Signature done={done} acts={acts} />}
          />
        </Part>
        <div>
          {/* What people decided did not come about; after a second round that did, nothing of it is said any more. */}
          {c.refused && (
            <Part title={t('case.refusedOrder')}>
              <Refusal body={c.refused} />
              {c.before && typeof c.object['resource'] === 'string' && c.applicant === me.org.id && (
                <Link to={`/catalogue/${c.object['resource']}/change`}>{t('catalogue.change')}</Link>
              )}
            </Part>
          )}
          {waiting.map((refusal, i) => (
            <Part key={i} title={t('case.waitingOrder')}>
              <Refusal body={refusal} />
            </Part>
          ))}
          {c.orders && c.orders.length > 0 && (
            <Suspense fallback={<Loading rows={2} />}>
              <Issued orders={c.orders} />
            </Suspense>
          )}
          <Objections list={c.objections ?? []} />
          {c.before && <Changed c={c} before={c.before} procedure={procedure} />}
          <Part title={t('case.object')}>
            <ObjectView of={c} />
          </Part>
          <Part title={t('case.facts')}>
            <Facts
              items={[
                [t('case.id'), <Copyable key="id" text={c.id} name={t('case.id')} />],
                [t('case.applicant'), <Org key="o" id={c.applicant} />],
                [t('case.author'), <Person key="p" id={c.author} />],
                [t('case.opened'), <Time key="t" at={c.opened_at} />],
                [t('case.pack'), c.pack],
                procedure?.confidential && [t('matter.seenBy'), t('matter.confidential')],
              ]}
            />
          </Part>
          {partyTo(c, me, procedure) && <Evidence about="cases" id={c.id} />}
        </div>
      </div>
      {step && procedure && (
        <ActDialog c={c} procedure={procedure} step={step} me={me} close={() => setStep(null)} />
      )}
    </Page>
  );
}

/** What a change of a catalogue entry changes. */
function Changed({ c, before, procedure }: { c: Case; before: Before; procedure: Procedure | undefined }) {
  const { t } = useTexts();
  const now: Documents = Object.assign({}, ...c.history.map((done) => done.documents));
  return (
    <Part title={t('case.changes')}>
      <Suspense fallback={<Loading rows={3} />}>
        <Changes before={before.object.contract} after={String(c.object['contract'] ?? '')} />
        <DocumentChanges before={before} now={now} procedure={procedure} />
      </Suspense>
      <p>
        <Link to={`/cases/${before.case}`}>{t('case.changesSince')}</Link> <Time at={before.at} />
      </p>
    </Part>
  );
}

/** What this person can do here; where nothing, why. */
function Here({
  c,
  me,
  procedure,
  choose,
}: {
  c: Case;
  me: Me;
  procedure: Procedure | undefined;
  choose: (step: Step) => void;
}) {
  const { t, pick } = useTexts();
  const steps = actable(c, procedure, me);
  const voted = procedure?.steps.some(
    (s) => s.from.includes(c.state) && alreadyDone(s, c, me) && s.count > 1,
  );
  if (steps.length === 0) {
    return c.end ? null : <p className="faint">{voted ? t('case.voted') : t('case.notYou')}</p>;
  }
  return (
    <div className="row">
      {steps.map((step) =>
        step.blind ? (
          <Link key={step.name} to={`/reviews/${c.id}`}>
            <Button type="primary" tabIndex={-1}>
              {t('review.go')}
            </Button>
          </Link>
        ) : (
          <Button key={step.name} type={c.end ? 'default' : 'primary'} onClick={() => choose(step)}>
            {pick(step)}
          </Button>
        ),
      )}
    </div>
  );
}
