/** Setting another password, where the platform asks for it before the first session. */
import { Alert, Button, Form, Input } from 'antd';
import { useState } from 'react';
import { post } from '../api/client';
import { useTexts } from '../i18n';
import { PasswordRule } from '../parts/PasswordRule';
import { Failure } from '../parts/States';

interface Props {
  account: string;
  old: string;
  done: (password: string) => void;
}

interface Values {
  fresh: string;
  again: string;
}

/** The form. */
export function ChangePassword({ account, old, done }: Props) {
  const { t } = useTexts();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async ({ fresh }: Values) => {
    setBusy(true);
    setError(null);
    try {
      await post('/api/v1/password', { account, old, new: fresh });
      done(fresh);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Form<Values> layout="vertical" requiredMark={false} onFinish={(values) => void submit(values)}>
      <Alert type="info" showIcon title={t('password.mustChange')} />
      <Form.Item
        name="fresh"
        label={t('password.fresh')}
        extra={<PasswordRule />}
        rules={[{ required: true, message: t('form.required') }]}
      >
        <Input.Password autoFocus autoComplete="new-password" />
      </Form.Item>
      <Form.Item
        name="again"
        label={t('password.again')}
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
      {error !== null && <Failure error={error} />}
      <Button type="primary" htmlType="submit" block loading={busy}>
        {t('password.change')}
      </Button>
    </Form>
  );
}
