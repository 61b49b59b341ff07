/**
 * First run: the authority, and three administrators who must be three different people. The set-up token
 * was printed where the data folder was made, so only who has that machine can do this.
 */
import { Alert, Button, Card, Form, Input, Steps } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { post } from '../api/client';
import { useChanged, useDeployment } from '../api/queries';
import { useTexts } from '../i18n';
import { Copyable } from '../parts/Copy';
import { Page } from '../parts/Page';
import { PasswordRule } from '../parts/PasswordRule';
import { Failure } from '../parts/States';

const ADMINS = ['system_admin', 'security_admin', 'audit_admin'] as const;
type Admin = (typeof ADMINS)[number];
type Values = { token: string; authority_zh: string; authority_en: string } & Record<
  Admin,
  { account: string; name: string; password: string; again: string }
>;

const STAGES = ['root', 'authority', ...ADMINS] as const;

export default function Setup() {
  const { t } = useTexts();
  const [done, setDone] = useState(false);
  const setUp = useDeployment().data?.set_up;
  return (
    <div className="setup">
      <Page title={t('page.setup')} topic="setup">
        {done ? <Done /> : setUp ? <Already /> : <Wizard done={() => setDone(true)} />}
      </Page>
    </div>
  );
}

function Already() {
  const { t } = useTexts();
  return (
    <Alert
      type="info"
      showIcon
      title={t('setup.already')}
      description={<Link to="/login">{t('page.login')}</Link>}
    />
  );
}

function Done() {
  const { t } = useTexts();
  return (
    <Alert
      type="success"
      showIcon
      title={t('setup.done')}
      description={
        <>
          <ol>
            <li>{t('setup.next1')}</li>
            <li>{t('setup.next2')}</li>
            <li>{t('setup.next3')}</li>
          </ol>
          <Link to="/login">{t('page.login')}</Link>
        </>
      }
    />
  );
}

function Wizard({ done }: { done: () => void }) {
  const { t } = useTexts();
  const [form] = Form.useForm<Values>();
  const [stage, setStage] = useState(0);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const changed = useChanged();
  const last = stage === STAGES.length - 1;

  const next = async () => {
    try {
      await form.validateFields();
    } catch {
      return;
    }
    if (last) await send();
    else setStage(stage + 1);
  };
  const send = async () => {
    setBusy(true);
    setError(null);
    const values = form.getFieldsValue(true) as Values;
    const admin = ({ account, name, password }: Values[Admin]) => ({ account, name, password });
    try {
      await post('/api/v1/setup', {
        token: values.token.trim(),
        authority_zh: values.authority_zh,
        authority_en: values.authority_en,
        system_admin: admin(values.system_admin),
        security_admin: admin(values.security_admin),
        audit_admin: admin(values.audit_admin),
      });
      done();
      await changed();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };

  const name = STAGES[stage] ?? 'root';
  return (
    <>
      <Steps
        current={stage}
        size="small"
        responsive
        items={STAGES.map((one) => ({ title: t(`setup.stage.${one}`) }))}
      />
      <Card>
        <Form<Values>
          key={name}
          form={form}
          layout="vertical"
          requiredMark={false}
          preserve
          onFinish={() => void next()}
        >
          {name === 'root' && <Root />}
          {name === 'authority' && <Authority />}
          {ADMINS.filter((one) => one === name).map((one) => (
            <Administrator key={one} admin={one} form={() => form.getFieldsValue(true) as Partial<Values>} />
          ))}
          {error !== null && <Failure error={error} />}
          <div className="row end">
            {stage > 0 && (
              <Button onClick={() => setStage(stage - 1)} disabled={busy}>
                {t('setup.back')}
              </Button>
            )}
            <Button type="primary" htmlType="submit" loading={busy}>
              {last ? t('setup.finish') : t('setup.next')}
            </Button>
          </div>
        </Form>
      </Card>
    </>
  );
}

/** The root of trust: what stands on the paper must stand here. */
function Root() {
  const { t } = useTexts();
  const { data } = useDeployment();
  const root = data?.root_key;
  return (
    <>
      <p>{t('setup.rootText')}</p>
      {root && (
        <>
          <p>{t('setup.rootKey')}</p>
          <Copyable text={root.id} name={t('setup.rootKey')} />
          <p className="faint">{t('setup.rootCompare')}</p>
        </>
      )}
      <Form.Item
        name="token"
        label={t('setup.token')}
        extra={t('setup.tokenHint')}
        rules={[{ required: true, message: t('form.required') }]}
      >
        <Input.Password autoFocus autoComplete="off" />
      </Form.Item>
    </>
  );
}

function Authority() {
  const { t } = useTexts();
  return (
    <>
      <p>{t('setup.authorityText')}</p>
      <Form.Item
        name="authority_zh"
        label={t('setup.authorityZh')}
        rules={[{ required: true, message: t('form.required') }]}
      >
        <Input autoFocus maxLength={100} />
      </Form.Item>
      <Form.Item
        name="authority_en"
        label={t('setup.authorityEn')}
        rules={[{ required: true, message: t('form.required') }]}
      >
        <Input maxLength={100} lang="en" />
      </Form.Item>
    </>
  );
}

/** One administrator: another account and another person than the two before. */
function Administrator({ admin, form }: { admin: Admin; form: () => Partial<Values> }) {
  const { t } = useTexts();
  const others = () => ADMINS.filter((one) => one !== admin).map((one) => form()[one]);
  const unique = (field: 'account' | 'name', text: 'setup.sameAccount' | 'setup.samePerson') => ({
    validator: (_: unknown, value: string | undefined) =>
      value && others().some((o) => o?.[field]?.trim().toLowerCase() === value.trim().toLowerCase())
        ? Promise.reject(new Error(t(text)))
        : Promise.resolve(),
  });
  const required = { required: true, message: t('form.required') };
  return (
    <>
      <p>{t(`setup.about.${admin}`)}</p>
      <Form.Item
        name={[admin, 'name']}
        label={t('setup.name')}
        extra={t('setup.nameHint')}
        rules={[required, unique('name', 'setup.samePerson')]}
      >
        <Input autoFocus autoComplete="off" maxLength={100} />
      </Form.Item>
      <Form.Item
        name={[admin, 'account']}
        label={t('login.account')}
        extra={t('setup.accountHint')}
        rules={[required, unique('account', 'setup.sameAccount')]}
      >
        <Input autoComplete="off" maxLength={40} spellCheck={false} />
      </Form.Item>
      <Form.Item
        name={[admin, 'password']}
        label={t('login.password')}
        extra={<PasswordRule />}
        rules={[required, { min: 12, message: t('password.short') }]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Form.Item
        name={[admin, 'again']}
        label={t('password.again')}
        dependencies={[[admin, 'password']]}
        rules={[
          required,
          {
            validator: (_, value) =>
              value === form()[admin]?.password
                ? Promise.resolve()
                : Promise.reject(new Error(t('password.differs'))),
          },
        ]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
    </>
  );
}
