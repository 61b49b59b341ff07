/** What the system administrator can do about an account: other roles, unlock, another password, close. */
import { Alert, Button, Dropdown, Form, Input, Modal } from 'antd';
import { MoreOutlined } from '@ant-design/icons';
import { useState } from 'react';
import { onceKey, post } from '../api/client';
import { useChanged } from '../api/queries';
import type { Person } from '../api/types';
import { useTexts } from '../i18n';
import { Checks } from '../parts/Checks';
import { say } from '../parts/Live';
import { PasswordRule } from '../parts/PasswordRule';
import { Failure } from '../parts/States';

/** Roles a person can have in the software. */
export const PERSON_ROLES = [
  'approver',
  'officer',
  'engineer',
  'reader',
  'system_admin',
  'security_admin',
  'audit_admin',
];

const DEEDS = ['roles', 'unlock', 'password', 'close'] as const;
type Deed = (typeof DEEDS)[number];

/** The menu of one person, and the dialog of what was chosen. */
export function Manage({ person }: { person: Person }) {
  const { t } = useTexts();
  const [deed, setDeed] = useState<Deed | null>(null);
  return (
    <>
      <Dropdown
        trigger={['click']}
        menu={{
          items: DEEDS.map((key) => ({ key, label: t(`manage.${key}`), danger: key === 'close' })),
          onClick: ({ key }) => setDeed(key as Deed),
        }}
      >
        <Button
          type="text"
          icon={<MoreOutlined />}
          aria-haspopup="menu"
          aria-label={t('manage.of', { account: person.account })}
        />
      </Dropdown>
      {deed && <Doing person={person} deed={deed} close={() => setDeed(null)} />}
    </>
  );
}

interface Values {
  roles?: string[];
  password?: string;
}

/** What a deed sends. */
function bodyOf(deed: Deed, values: Values): object {
  if (deed === 'roles') return { roles: values.roles ?? [] };
  return deed === 'password' ? { password: values.password ?? '' } : {};
}

function Doing({ person, deed, close }: { person: Person; deed: Deed; close: () => void }) {
  const { t, label } = useTexts();
  const changed = useChanged();
  const [key] = useState(onceKey);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const required = [{ required: true, message: t('form.required') }];
  const send = async (values: Values) => {
    setBusy(true);
    setError(null);
    try {
      await post(`/api/v1/people/${encodeURIComponent(person.id)}/${deed}`, bodyOf(deed, values), key);
      say(t('manage.done', { account: person.account }));
      close();
      await changed();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      title={`${t(`manage.${deed}`)} · ${person.account}`}
      onCancel={close}
      footer={null}
      mask={{ closable: false }}
    >
      <Form<Values> layout="vertical" initialValues={{ roles: person.roles }} onFinish={(v) => void send(v)}>
        <Alert type={deed === 'close' ? 'warning' : 'info'} showIcon title={t(`manage.about.${deed}`)} />
        {deed === 'roles' && (
          <Form.Item name="roles" label={t('person.roles')} rules={required}>
            <Checks
              className="grid2"
              options={PERSON_ROLES.map((value) => ({ value, label: label('personRole', value) }))}
            />
          </Form.Item>
        )}
        {deed === 'password' && (
          <Form.Item
            name="password"
            label={t('person.firstPassword')}
            extra={<PasswordRule />}
            rules={required}
          >
            <Input.Password autoComplete="new-password" />
          </Form.Item>
        )}
        {error !== null && <Failure error={error} />}
        <div className="row end">
          <Button type="primary" danger={deed === 'close'} htmlType="submit" loading={busy}>
            {t(`manage.${deed}`)}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}
