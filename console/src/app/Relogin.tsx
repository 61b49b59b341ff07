/** The session has ended: asks for the password over the page, so that nothing that was typed is lost. */
import { Button, Form, Input, Modal } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { cache } from '../api/queries';
import { useTexts } from '../i18n';
import { Failure } from '../parts/States';
import { end, useSession } from '../session';
import { signIn } from '../session/login';

/** Opens by itself when a request finds the session ended. */
export function Relogin() {
  const { t } = useTexts();
  const { session, expired } = useSession();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const submit = async ({ password }: { password: string }) => {
    setBusy(true);
    setError(null);
    try {
      await signIn(session?.account ?? '', password);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const leave = async () => {
    end();
    cache.clear();
    await navigate('/login');
  };

  return (
    <Modal
      open={expired}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      footer={null}
      destroyOnHidden
      title={t('relogin.title')}
    >
      <p>{t('relogin.text')}</p>
      {error !== null && <Failure error={error} />}
      <Form
        layout="vertical"
        onFinish={(values: { password: string }) => void submit(values)}
        requiredMark={false}
      >
        <Form.Item label={t('login.account')} htmlFor="relogin-account">
          <Input id="relogin-account" value={session?.account ?? ''} readOnly autoComplete="username" />
        </Form.Item>
        <Form.Item
          name="password"
          label={t('login.password')}
          rules={[{ required: true, message: t('form.required') }]}
        >
          <Input.Password autoFocus autoComplete="current-password" />
        </Form.Item>
        <div className="row">
          <Button type="primary" htmlType="submit" loading={busy}>
            {t('relogin.go')}
          </Button>
          <Button onClick={() => void leave()}>{t('login.out')}</Button>
        </div>
      </Form>
    </Modal>
  );
}
