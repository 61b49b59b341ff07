/** Signing in. */
import { Alert, Button, Card, Form, Input } from 'antd';
import { useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { cache, useDeployment } from '../api/queries';
import { Refused } from '../api/problem';
import { useTexts } from '../i18n';
import { ChangePassword } from '../session/ChangePassword';
import { Page } from '../parts/Page';
import { Failure } from '../parts/States';
import { signIn } from '../session/login';

interface Values {
  account: string;
  password: string;
}

/** Where to go after signing in: only a path of the console itself. */
export function safeNext(next: string | null): string {
  return next !== null && next.startsWith('/') && !next.startsWith('//') && !next.startsWith('/login')
    ? next
    : '/';
}

export default function Login() {
  const { t } = useTexts();
  const deployment = useDeployment();
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [change, setChange] = useState<Values | null>(null);

  const submit = async (values: Values) => {
    setBusy(true);
    setError(null);
    try {
      await signIn(values.account, values.password);
      cache.clear();
      await navigate(safeNext(params.get('next')));
    } catch (e) {
      if (e instanceof Refused && e.code === 'password-change-needed') setChange(values);
      else setError(e);
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className="login">
      <Page title={t('page.login')} topic="login">
        {deployment.data?.set_up === false && (
          <Alert
            type="info"
            showIcon
            title={t('login.notSetUp')}
            description={<Link to="/setup">{t('page.setup')}</Link>}
          />
        )}
        {deployment.data?.clock === 'simulated' && (
          <Alert type="warning" showIcon title={t('frame.demoText')} />
        )}
        <Card>
          {change ? (
            <ChangePassword
              account={change.account}
              old={change.password}
              done={(password) => void submit({ ...change, password })}
            />
          ) : (
            <Form<Values> layout="vertical" requiredMark={false} onFinish={(values) => void submit(values)}>
              <Form.Item
                name="account"
                label={t('login.account')}
                rules={[{ required: true, message: t('form.required') }]}
              >
                <Input autoFocus autoComplete="username" spellCheck={false} />
              </Form.Item>
              <Form.Item
                name="password"
                label={t('login.password')}
                rules={[{ required: true, message: t('form.required') }]}
              >
                <Input.Password autoComplete="current-password" />
              </Form.Item>
              {error !== null && <Failure error={error} />}
              <Button type="primary" htmlType="submit" block loading={busy}>
                {t('login.go')}
              </Button>
            </Form>
          )}
        </Card>
        <p className="row spread">
          <Link to="/setup">{t('page.setup')}</Link>
          <Link to="/verify">{t('page.verify')}</Link>
          <a href="/">{t('login.public')}</a>
        </p>
      </Page>
    </div>
  );
}
