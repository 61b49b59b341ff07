/** Recording that an organisation was looked up on a list; applications are judged on recent checks. */
import { Button, Form, Input, Modal, Radio } from 'antd';
import { useState } from 'react';
import { onceKey, post } from '../api/client';
import { usePack } from '../api/queries';
import { useTexts } from '../i18n';
import { Basis } from '../parts/Basis';
import { say } from '../parts/Live';
import { Failure } from '../parts/States';

interface Values {
  uscc: string;
  list: string;
  hit: boolean;
}

/** The dialog. */
export function BlacklistCheck({ uscc, close }: { uscc?: string; close: () => void }) {
  const { t, label } = useTexts();
  const parameter = usePack().data?.parameters['operator.blacklists'];
  const lists = Array.isArray(parameter?.value) ? parameter.value.map(String) : [];
  const [key, setKey] = useState(onceKey);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const required = [{ required: true, message: t('form.required') }];
  const send = async (values: Values) => {
    setBusy(true);
    setError(null);
    try {
      await post('/api/v1/blacklist-checks', { ...values, uscc: values.uscc.trim() }, key);
      say(t('check.done'));
      close();
    } catch (e) {
      setKey(onceKey());
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal open title={t('check.title')} onCancel={close} footer={null} mask={{ closable: false }}>
      <p>{t('check.text')}</p>
      {parameter && (
        <p className="faint">
          <Basis rule={parameter.source} />
        </p>
      )}
      <Form<Values> layout="vertical" initialValues={{ uscc }} onFinish={(values) => void send(values)}>
        <Form.Item name="uscc" label={t('field.uscc')} rules={required}>
          <Input maxLength={18} spellCheck={false} />
        </Form.Item>
        <Form.Item name="list" label={t('check.list')} rules={required}>
          <Radio.Group
            className="stack"
            options={lists.map((value) => ({ value, label: label('code', value) }))}
          />
        </Form.Item>
        <Form.Item name="hit" label={t('check.result')} rules={required}>
          <Radio.Group
            options={[
              { value: false, label: t('check.clear') },
              { value: true, label: t('check.hit') },
            ]}
          />
        </Form.Item>
        {error !== null && <Failure error={error} />}
        <div className="row end">
          <Button type="primary" htmlType="submit" loading={busy}>
            {t('check.save')}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}
