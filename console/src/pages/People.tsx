/** People by account: pseudonym, organisation, roles, signing key. Real names stay sealed. */
import { Button, Form, Input, Modal, Select, Tag } from 'antd';
import { useState } from 'react';
import { holds } from '../app/menu';
import { onceKey, post } from '../api/client';
import { useChanged, useMe, useOrganisations, usePeople } from '../api/queries';
import type { Person } from '../api/types';
import { useTexts } from '../i18n';
import { Checks } from '../parts/Checks';
import { List, byText } from '../parts/List';
import { say } from '../parts/Live';
import { Org, useOrgName } from '../parts/Names';
import { Page } from '../parts/Page';
import { PasswordRule } from '../parts/PasswordRule';
import { Failure, Shown } from '../parts/States';
import { Time } from '../parts/Time';
import { Manage, PERSON_ROLES } from '../people/Manage';

export default function People() {
  const { t, label } = useTexts();
  const me = useMe().data;
  const query = usePeople();
  const org = useOrgName();
  const [open, setOpen] = useState(false);
  return (
    <Page
      title={t('page.people')}
      topic="people"
      actions={
        me &&
        holds(me, 'system_admin') && (
          <Button type="primary" onClick={() => setOpen(true)}>
            {t('person.new')}
          </Button>
        )
      }
    >
      <p>{t('person.text')}</p>
      <Shown query={query} empty={{ when: (d) => d.people.length === 0, text: 'person.empty' }}>
        {(data) => (
          <List
            caption={t('page.people')}
            rows={data.people}
            rowKey={(p) => p.id}
            text={(p) => `${p.account} ${p.id} ${org(p.org)}`}
            columns={[
              {
                title: t('login.account'),
                key: 'account',
                rowScope: 'row',
                sorter: (a, b) => byText(a.account, b.account),
                render: (_, p) => p.account,
              },
              {
                title: t('person.org'),
                key: 'org',
                sorter: (a, b) => byText(org(a.org), org(b.org)),
                render: (_, p) => <Org id={p.org} />,
              },
              {
                title: t('person.roles'),
                key: 'roles',
                render: (_, p) => p.roles.map((r) => <Tag key={r}>{label('personRole', r)}</Tag>),
              },
              {
                title: t('person.key'),
                key: 'key',
                render: (_, p) =>
                  p.key ? (
                    <code>{p.key.slice(0, 12)}</code>
                  ) : (
                    <span className="faint">{t('person.noKey')}</span>
                  ),
              },
              { title: t('person.id'), key: 'id', render: (_, p) => <code>{p.id}</code> },
              { title: t('organisation.since'), key: 'since', render: (_, p) => <Time at={p.created_at} /> },
              ...(me && holds(me, 'system_admin')
                ? [
                    {
                      title: t('manage.title'),
                      key: 'manage',
                      render: (_: unknown, p: Person) => <Manage person={p} />,
                    },
                  ]
                : []),
            ]}
          />
        )}
      </Shown>
      {open && <NewPerson close={() => setOpen(false)} />}
    </Page>
  );
}

interface Values {
  org: string;
  account: string;
  password: string;
  name: string;
  document?: string;
  roles: string[];
}

function NewPerson({ close }: { close: () => void }) {
  const { t, pick, label } = useTexts();
  const organisations = useOrganisations().data?.organisations ?? [];
  const changed = useChanged();
  const [key] = useState(onceKey);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const required = [{ required: true, message: t('form.required') }];
  const send = async (values: Values) => {
    setBusy(true);
    setError(null);
    try {
      await post(
        '/api/v1/people',
        { ...values, document: values.document?.trim() || null, must_change: true },
        key,
      );
      say(t('person.done'));
      close();
      await changed();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal open title={t('person.new')} onCancel={close} footer={null} mask={{ closable: false }} width={640}>
      <Form<Values> layout="vertical" onFinish={(values) => void send(values)} autoComplete="off">
        <Form.Item name="org" label={t('person.org')} rules={required}>
          <Select
            showSearch={{ optionFilterProp: 'label' }}
            options={organisations.map((o) => ({ value: o.id, label: pick(o) }))}
          />
        </Form.Item>
        <Form.Item name="name" label={t('person.name')} extra={t('person.nameHint')} rules={required}>
          <Input maxLength={100} autoComplete="off" />
        </Form.Item>
        <Form.Item name="document" label={t('person.document')} extra={t('person.documentHint')}>
          <Input maxLength={60} autoComplete="off" />
        </Form.Item>
        <Form.Item name="account" label={t('login.account')} extra={t('setup.accountHint')} rules={required}>
          <Input maxLength={40} spellCheck={false} autoComplete="off" />
        </Form.Item>
        <Form.Item
          name="password"
          label={t('person.firstPassword')}
          extra={<PasswordRule />}
          rules={required}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item name="roles" label={t('person.roles')} extra={t('person.rolesHint')} rules={required}>
          <Checks
            className="grid2"
            options={PERSON_ROLES.map((value) => ({ value, label: label('personRole', value) }))}
          />
        </Form.Item>
        {error !== null && <Failure error={error} />}
        <div className="row end">
          <Button type="primary" htmlType="submit" loading={busy}>
            {t('person.save')}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}
