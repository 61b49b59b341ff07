/**
 * Taking a step: fill in what the step asks for, see exactly what will be signed, sign it in the browser,
 * hand it in. The statement comes from the platform; before it is signed, everything in it is compared with
 * what stood on the page.
 */
import { Alert, Button, Form, Modal, Radio } from 'antd';
import { useState } from 'react';
import { onceKey, post } from '../api/client';
import { useChanged, useDeployment } from '../api/queries';
import { Refused } from '../api/problem';
import type { Act, Case, Decision, Documents, Me, Procedure, Step } from '../api/types';
import { useTexts } from '../i18n';
import { Unlock, cannotSign, opened } from '../keys/Unlock';
import type { UnlockValues } from '../keys/Unlock';
import { keyFault } from '../keys/fault';
import { useKeyHere } from '../keys/useKey';
import { Failure } from '../parts/States';
import { say } from '../parts/Live';
import { draftOf, dropDraft, keepDraft } from '../session';
import { DocumentFields } from './Fields';
import { Statement } from './Statement';
import { documentsOf, typedOf } from './form';
import type { Typed } from './form';

interface Props {
  c: Case;
  procedure: Procedure;
  step: Step;
  me: Me;
  close: () => void;
}

/** What was typed and decided, ready to be signed. */
interface Ready {
  decision: Decision;
  documents: Documents;
  draft: Act;
  /** Handed in once, however often it is sent. */
  key: string;
}

/** The dialog. */
export function ActDialog({ c, procedure, step, me, close }: Props) {
  const { t, pick } = useTexts();
  const [ready, setReady] = useState<Ready | null>(null);
  return (
    <Modal
      open
      onCancel={close}
      width={820}
      footer={null}
      mask={{ closable: false }}
      title={t('act.title', { step: pick(step) })}
      className="act"
    >
      <p className="faint">{ready ? t('act.stage2') : t('act.stage1')}</p>
      {ready ? (
        <Sign
          c={c}
          procedure={procedure}
          step={step}
          me={me}
          ready={ready}
          back={() => setReady(null)}
          close={close}
        />
      ) : (
        <Fill c={c} procedure={procedure} step={step} done={setReady} />
      )}
    </Modal>
  );
}

interface FillProps {
  c: Case;
  procedure: Procedure;
  step: Step;
  done: (ready: Ready) => void;
}

interface Values {
  decision?: Decision;
  docs?: Typed;
}

/** First stage: decision and documents. */
function Fill({ c, procedure, step, done }: FillProps) {
  const { t } = useTexts();
  const [form] = Form.useForm<Values>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const slot = `act.${c.id}.${step.name}`;
  const mayReject = step.reject_to !== null;
  const decision = (Form.useWatch('decision', form) as Decision | undefined) ?? 'approve';
  const names = decision === 'reject' ? step.reject_documents : step.documents;

  const next = async (values: Values) => {
    setBusy(true);
    setError(null);
    const documents = documentsOf(names, procedure.documents, values.docs ?? {});
    try {
      const draft = await post<Act>(`/api/v1/cases/${c.id}/act-draft`, {
        step: step.name,
        decision,
        documents,
      });
      done({ decision, documents, draft, key: onceKey() });
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Form<Values>
      form={form}
      layout="vertical"
      initialValues={
        draftOf<Values>(slot) ?? {
          decision: 'approve',
          // Whoever changes an entry begins with the papers it was reviewed on.
          ...(c.before ? { docs: typedOf(c.before.documents, procedure.documents) } : {}),
        }
      }
      onValuesChange={(_, all) => keepDraft(slot, all)}
      onFinish={(values) => void next(values)}
      scrollToFirstError={{ focus: true }}
    >
      {mayReject && (
        <Form.Item name="decision" label={t('act.decision')}>
          <Radio.Group
            optionType="button"
            options={[
              { value: 'approve', label: t('act.approve') },
              { value: 'reject', label: t('act.reject') },
            ]}
          />
        </Form.Item>
      )}
      {names.length === 0 && <p>{t('act.noDocuments')}</p>}
      {names.map((name) => {
        const found = procedure.documents[name];
        return (
          found && <DocumentFields key={name} name={name} form={found} rejecting={decision === 'reject'} />
        );
      })}
      {error !== null && <Failure error={error} />}
      <div className="row end">
        <Button type="primary" htmlType="submit" loading={busy}>
          {t('act.toSign')}
        </Button>
      </div>
    </Form>
  );
}

/** Second stage: exactly what is signed, and the signature. */
function Sign({ c, procedure, step, me, ready, back, close }: Props & { ready: Ready; back: () => void }) {
  const { t, pick } = useTexts();
  const { key: here } = useKeyHere();
  const changed = useChanged();
  const clock = useDeployment();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [differs, setDiffers] = useState<readonly string[]>([]);

  const sign = async (values: UnlockValues) => {
    if (!here) return;
    setBusy(true);
    setError(null);
    try {
      const key = await opened(here, values);
      if (!key || !clock.data) return;
      const now = clock.data.now + (Date.now() - clock.dataUpdatedAt);
      const { signAct } = await import('../trust/act');
      const shown = {
        deployment: ready.draft.deployment,
        case: c.id,
        procedure: c.procedure,
        step: step.name,
        decision: ready.decision,
        object: c.object as never,
        documents: ready.documents as never,
        person: me.person,
        org: me.org.id,
        now,
      };
      const act = await signAct(key, ready.draft, shown);
      await post(`/api/v1/cases/${c.id}/acts`, { act, documents: ready.documents }, ready.key);
      dropDraft(`act.${c.id}.${step.name}`);
      say(t('act.done', { step: pick(step) }));
      close();
      await changed();
    } catch (e) {
      if (e instanceof Error && e.name === 'DraftError' && 'members' in e) setDiffers(e.members as string[]);
      else setError(e);
      if (e instanceof Refused && e.code === 'moved-on') await changed();
    } finally {
      setBusy(false);
    }
  };

  const fault = error === null ? null : keyFault(error);
  return (
    <Form<UnlockValues> layout="vertical" onFinish={(values) => void sign(values)} requiredMark={false}>
      <Statement
        c={c}
        procedure={procedure}
        step={step}
        draft={ready.draft}
        documents={ready.documents}
        me={me}
      />
      {differs.length > 0 && (
        <Alert
          type="error"
          showIcon
          title={t('act.differs')}
          description={t('act.differsText', { members: differs.join(', ') })}
        />
      )}
      {fault && <Alert type="error" showIcon role="alert" title={t(fault)} />}
      {error !== null && !fault && <Failure error={error} />}
      <Unlock here={here} />
      <div className="row end">
        <Button onClick={back} disabled={busy}>
          {t('act.back')}
        </Button>
        <Button
          type="primary"
          danger={ready.decision === 'reject'}
          htmlType="submit"
          loading={busy}
          disabled={cannotSign(here) !== null || differs.length > 0}
        >
          {ready.decision === 'reject' ? t('act.signReject') : t('act.signApprove')}
        </Button>
      </div>
    </Form>
  );
}
