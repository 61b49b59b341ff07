/** The person's signing key: made here, sealed here, registered by its public part alone. */
import { Alert, Button, Form, Input, Modal } from 'antd';
import { useRef, useState } from 'react';
import { onceKey, post } from '../api/client';
import { useChanged, useMe } from '../api/queries';
import type { KeyRequest } from '../api/types';
import { useTexts } from '../i18n';
import { keyFault } from '../keys/fault';
import { dropKey, keepKey } from '../keys/store';
import { heldKey, lockKey } from '../keys/unlocked';
import { useKeyHere } from '../keys/useKey';
import type { KeyHere } from '../keys/useKey';
import { Copyable } from '../parts/Copy';
import { download } from '../parts/download';
import { Facts } from '../parts/Facts';
import { say } from '../parts/Live';
import { Page, Part } from '../parts/Page';
import { Failure, Loading } from '../parts/States';

export default function Key() {
  const { t } = useTexts();
  const { key, reread } = useKeyHere();
  return (
    <Page title={t('page.key')} topic="key">
      <p>{t('key.text')}</p>
      {!key ? (
        <Loading />
      ) : key.kept ? (
        <Here here={key} reread={reread} />
      ) : (
        <None here={key} reread={reread} />
      )}
    </Page>
  );
}

interface Props {
  here: KeyHere;
  reread: () => Promise<void>;
}

/** Shows a failure of the key library in words, any other as it is. */
function Fault({ error }: { error: unknown }) {
  const { t } = useTexts();
  if (error === null) return null;
  const fault = keyFault(error);
  return fault ? <Alert type="error" showIcon role="alert" title={t(fault)} /> : <Failure error={error} />;
}

function Here({ here, reread }: Props) {
  const { t } = useTexts();
  const me = useMe().data;
  const changed = useChanged();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [asked, setAsked] = useState(false);
  const [confirm, setConfirm] = useState(false);
  const kept = here.kept;
  if (!kept) return null;
  const listed = here.listed === kept.id;
  const pending = asked || me?.key_requests?.some((r) => r.key === kept.id && r.state === 'pending');

  const register = async () => {
    setBusy(true);
    setError(null);
    try {
      await post<KeyRequest>('/api/v1/keys', { public: kept.public }, onceKey());
      setAsked(true);
      say(t('key.requested'));
      await changed();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const remove = async () => {
    lockKey();
    await dropKey(here.slot);
    await reread();
  };

  return (
    <>
      <Alert
        type={listed ? 'success' : 'warning'}
        showIcon
        title={listed ? t('key.inForce') : pending ? t('key.waits') : t('key.notListed')}
        description={listed ? undefined : pending ? t('key.waitsText') : t('key.notListedText')}
        action={
          !listed && !pending ? (
            <Button type="primary" loading={busy} onClick={() => void register()}>
              {t('key.register')}
            </Button>
          ) : undefined
        }
      />
      <Fault error={error} />
      <Facts
        items={[
          [t('key.id'), <Copyable key="i" text={kept.id} name={t('key.id')} />],
          [t('key.public'), <Copyable key="p" text={kept.public} name={t('key.public')} />],
          [t('key.kind'), here.suite === 'gm' ? t('key.sm2') : t('key.ed25519')],
          [t('key.listed'), here.listed === null ? t('value.none') : <code key="l">{here.listed}</code>],
        ]}
      />
      <Part title={t('key.file')}>
        <p>{t('key.fileText')}</p>
        <div className="row">
          <Button onClick={() => download(`${kept.id}.key.json`, kept.text, 'application/json')}>
            {t('key.export')}
          </Button>
          {heldKey(here.slot) && (
            <Button
              onClick={() => {
                lockKey();
                say(t('key.locked'));
                void reread();
              }}
            >
              {t('key.lock')}
            </Button>
          )}
          <Button danger onClick={() => setConfirm(true)}>
            {t('key.remove')}
          </Button>
        </div>
      </Part>
      <Modal
        open={confirm}
        title={t('key.remove')}
        okText={t('key.remove')}
        okButtonProps={{ danger: true }}
        onOk={() => void remove()}
        onCancel={() => setConfirm(false)}
      >
        <p>{t('key.removeText')}</p>
      </Modal>
    </>
  );
}

function None({ here, reread }: Props) {
  const { t } = useTexts();
  return (
    <>
      {here.listed !== null && (
        <Alert type="warning" showIcon title={t('key.elsewhere')} description={t('key.elsewhereText')} />
      )}
      <div className="beside">
        <Create here={here} reread={reread} />
        <Import here={here} reread={reread} />
      </div>
    </>
  );
}

/** Makes a key and seals it; it is not open anywhere afterwards. */
function Create({ here, reread }: Props) {
  const { t } = useTexts();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const make = async ({ fresh }: { fresh: string }) => {
    setBusy(true);
    setError(null);
    try {
      const { generateKey, keyFileText } = await import('../trust/keys');
      const key = await generateKey(here.suite);
      await keepKey({
        slot: here.slot,
        text: keyFileText(await key.seal(fresh)),
        public: key.public,
        id: key.id,
      });
      say(t('key.made'));
      await reread();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Part title={t('key.create')}>
      <p>{t('key.createText')}</p>
      <Form
        layout="vertical"
        requiredMark={false}
        onFinish={(values: { fresh: string }) => void make(values)}
      >
        <Form.Item
          name="fresh"
          label={t('key.passphrase')}
          extra={t('key.passphraseRule')}
          rules={[
            { required: true, message: t('form.required') },
            { min: 12, message: t('key.passphraseShort') },
          ]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item
          name="again"
          label={t('key.passphraseAgain')}
          dependencies={['fresh']}
          rules={[
            { required: true, message: t('form.required') },
            (form) => ({
              validator: (_, value) =>
                value === form.getFieldValue('fresh')
                  ? Promise.resolve()
                  : Promise.reject(new Error(t('password.differs'))),
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Fault error={error} />
        <Button type="primary" htmlType="submit" loading={busy}>
          {t('key.createGo')}
        </Button>
        {busy && <p role="status">{t('key.sealing')}</p>}
      </Form>
    </Part>
  );
}

/** Takes a key file over; the passphrase is asked for once to make sure that it opens. */
function Import({ here, reread }: Props) {
  const { t } = useTexts();
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const take = async ({ passphrase }: { passphrase: string }) => {
    if (!file) return;
    setBusy(true);
    setError(null);
    try {
      const text = await file.text();
      const { KeyError, openKey, parseKeyFile } = await import('../trust/keys');
      const key = await openKey(parseKeyFile(text), passphrase);
      if (key.suite !== here.suite) throw new KeyError('unsupported');
      await keepKey({ slot: here.slot, text, public: key.public, id: key.id });
      say(t('key.imported'));
      await reread();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Part title={t('key.import')}>
      <p>{t('key.importText')}</p>
      <Form
        layout="vertical"
        requiredMark={false}
        onFinish={(values: { passphrase: string }) => void take(values)}
      >
        <div className="row">
          <Button onClick={() => input.current?.click()}>{t('key.chooseFile')}</Button>
          <span role="status">{file ? file.name : t('key.noFile')}</span>
          <input
            ref={input}
            type="file"
            accept=".json,application/json"
            className="unseen"
            tabIndex={-1}
            aria-label={t('key.chooseFile')}
            onChange={(event) => setFile(event.target.files?.[0] ?? null)}
          />
        </div>
        <Form.Item
          name="passphrase"
          label={t('key.passphrase')}
          rules={[{ required: true, message: t('form.required') }]}
        >
          <Input.Password autoComplete="off" />
        </Form.Item>
        <Fault error={error} />
        <Button htmlType="submit" loading={busy} disabled={!file}>
          {t('key.importGo')}
        </Button>
      </Form>
    </Part>
  );
}
