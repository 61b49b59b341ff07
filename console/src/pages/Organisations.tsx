/** Organisations and their duties under the regulation. The system administrator records them. */
import { Button, Form, Input, Modal, Select, Tag } from 'antd';
import { useState } from 'react';
import { holds, orgIs } from '../app/menu';
import { onceKey, post } from '../api/client';
import { useChanged, useMe, useOrganisations } from '../api/queries';
import { useTerm } from '../cases/terms';
import { useTexts } from '../i18n';
import { Checks } from '../parts/Checks';
import { List, byText } from '../parts/List';
import { say } from '../parts/Live';
import { Page } from '../parts/Page';
import { Failure, Shown } from '../parts/States';
import { Time } from '../parts/Time';
import { BlacklistCheck } from '../people/BlacklistCheck';

/** Duties an organisation can have, as the platform names them. */
export const ORG_ROLES = [
  'data_authority',
  'implementing_agency',
  'coordination_body',
  'data_provider',
  'security_regulator',
  'market_regulator',
  'operator',
  'data_consumer',
  'expert_panel',
  'third_party_assessor',
  'maintainer',
  'supervising_department',
];
const LEGAL_FORMS = ['legal_person', 'unincorporated', 'natural_person'];

export default function Organisations() {
  const { t, pick, label } = useTexts();
  const me = useMe().data;
  const query = useOrganisations();
  const term = useTerm();
  const [open, setOpen] = useState(false);
  const [check, setCheck] = useState(false);
  return (
    <Page
      title={t('page.organisations')}
      topic="organisations"
      actions={
        me && (
          <>
            {orgIs(me, 'data_authority') && holds(me, 'officer', 'approver') && (
              <Button onClick={() => setCheck(true)}>{t('check.title')}</Button>
            )}
            {holds(me, 'system_admin') && (
              <Button type="primary" onClick={() => setOpen(true)}>
                {t('organisation.new')}
              </Button>
            )}
          </>
        )
      }
    >
      <Shown query={query} empty={{ when: (d) => d.organisations.length === 0, text: 'organisation.empty' }}>
        {(data) => (
          <List
            caption={t('page.organisations')}
            rows={data.organisations}
            rowKey={(o) => o.id}
            text={(o) => `${o.zh} ${o.en} ${o.uscc ?? ''} ${o.id}`}
            columns={[
              {
                title: t('organisation.name'),
                key: 'name',
                rowScope: 'row',
                sorter: (a, b) => byText(pick(a), pick(b)),
                render: (_, o) => <span className="clamp">{pick(o)}</span>,
              },
              {
                title: t('organisation.roles'),
                key: 'roles',
                render: (_, o) => o.roles.map((r) => <Tag key={r}>{term(r)}</Tag>),
              },
              {
                title: t('field.uscc'),
                key: 'uscc',
                render: (_, o) =>
                  o.uscc ? <code>{o.uscc}</code> : <span className="faint">{t('value.none')}</span>,
              },
              { title: t('field.legal_form'), key: 'form', render: (_, o) => label('code', o.legal_form) },
              {
                title: t('organisation.group'),
                key: 'group',
                render: (_, o) => o.group ?? <span className="faint">{t('value.none')}</span>,
              },
              { title: t('organisation.since'), key: 'since', render: (_, o) => <Time at={o.created_at} /> },
            ]}
          />
        )}
      </Shown>
      {open && <NewOrganisation close={() => setOpen(false)} />}
      {check && <BlacklistCheck close={() => setCheck(false)} />}
    </Page>
  );
}

interface Values {
  zh: string;
  en: string;
  uscc?: string;
  legal_form: string;
  roles: string[];
  group?: string;
}

function NewOrganisation({ close }: { close: () => void }) {
  const { t, label } = useTexts();
  const term = useTerm();
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
        '/api/v1/organisations',
        { ...values, uscc: values.uscc?.trim() || null, group: values.group?.trim() || null },
        key,
      );
      say(t('organisation.done'));
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
      title={t('organisation.new')}
      onCancel={close}
      footer={null}
      mask={{ closable: false }}
      width={640}
    >
      <Form<Values>
        layout="vertical"
        onFinish={(values) => void send(values)}
        initialValues={{ legal_form: 'legal_person', roles: [] }}
      >
        <Form.Item name="zh" label={t('organisation.zh')} rules={required}>
          <Input maxLength={100} />
        </Form.Item>
        <Form.Item name="en" label={t('organisation.en')} rules={required}>
          <Input maxLength={200} lang="en" />
        </Form.Item>
        <Form.Item name="legal_form" label={t('field.legal_form')} rules={required}>
          <Select options={LEGAL_FORMS.map((value) => ({ value, label: label('code', value) }))} />
        </Form.Item>
        <Form.Item name="uscc" label={t('field.uscc')} extra={t('organisation.usccHint')}>
          <Input maxLength={18} spellCheck={false} />
        </Form.Item>
        <Form.Item name="roles" label={t('organisation.roles')} rules={required}>
          <Checks className="grid2" options={ORG_ROLES.map((value) => ({ value, label: term(value) }))} />
        </Form.Item>
        <Form.Item name="group" label={t('organisation.group')} extra={t('organisation.groupHint')}>
          <Input maxLength={100} />
        </Form.Item>
        {error !== null && <Failure error={error} />}
        <div className="row end">
          <Button type="primary" htmlType="submit" loading={busy}>
            {t('organisation.save')}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}
