/**
 * Stands above everything that talks to the zone: opens the person's key, or says why it cannot be opened here and
 * where to go. What was typed below it stays where it is while the key is locked.
 */
import { LockOutlined, UnlockOutlined } from '@ant-design/icons';
import { Alert, Button, Form, Input } from 'antd';
import { useState } from 'react';
import { useTexts } from './texts';
import { Unlock, cannotSign, opened } from '../keys/Unlock';
import { keyFault } from '../keys/fault';
import { lockKey } from '../keys/unlocked';
import { say } from '../parts/Live';
import { Loading } from '../parts/States';
import { ZoneFailure } from './ZoneFailure';
import { keyTouched, useOpenKey } from './useOpenKey';

/** The bar. */
export function KeyBar() {
  const { t } = useTexts();
  const { here, key } = useOpenKey();
  const why = cannotSign(here);
  if (why === 'unknown' || !here) return <Loading rows={1} />;
  if (why) return <Unlock here={here} />;
  if (!key) return <Open here={here} />;
  return (
    <p className="keybar">
      <UnlockOutlined aria-hidden="true" /> {t('zone.keyOpen')}
      <Button
        size="small"
        icon={<LockOutlined aria-hidden />}
        onClick={() => {
          lockKey();
          keyTouched();
        }}
      >
        {t('zone.lock')}
      </Button>
    </p>
  );
}

function Open({ here }: { here: Parameters<typeof opened>[0] }) {
  const { t } = useTexts();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const open = async ({ passphrase }: { passphrase: string }) => {
    setBusy(true);
    setError(null);
    try {
      await opened(here, { passphrase, keep: true });
      keyTouched();
      say(t('zone.keyOpen'));
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const fault = error === null ? null : keyFault(error);
  return (
    <section className="part unlock" aria-label={t('zone.unlockTitle')}>
      <p>
        <LockOutlined aria-hidden="true" /> <strong>{t('zone.unlockTitle')}</strong> {t('zone.unlockWhy')}
      </p>
      <Form<{ passphrase: string }> onFinish={(values) => void open(values)} requiredMark={false}>
        <div className="row">
          <Form.Item
            name="passphrase"
            label={t('key.passphrase')}
            rules={[{ required: true, message: t('form.required') }]}
            className="flat"
          >
            <Input.Password autoComplete="off" />
          </Form.Item>
          <Button type="primary" htmlType="submit" loading={busy}>
            {t('zone.unlock')}
          </Button>
        </div>
      </Form>
      {fault && <Alert type="error" showIcon role="alert" title={t(fault)} />}
      {error !== null && !fault && <ZoneFailure error={error} />}
    </section>
  );
}
