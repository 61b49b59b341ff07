/** Facts of the deployment; where the clock is simulated, the system administrator moves it. */
import { Alert, Button, Form, Input, Modal } from 'antd';
import { useState } from 'react';
import { holds } from '../app/menu';
import { onceKey, post } from '../api/client';
import { useChanged, useDeployment, useMe } from '../api/queries';
import type { Deployment } from '../api/types';
import { useTexts } from '../i18n';
import { Copyable } from '../parts/Copy';
import { Facts } from '../parts/Facts';
import { say } from '../parts/Live';
import { Page, Part } from '../parts/Page';
import { Failure, Shown } from '../parts/States';
import { Time, day, startOfDay } from '../parts/Time';

export default function DeploymentPage() {
  const { t } = useTexts();
  const query = useDeployment();
  const me = useMe().data;
  return (
    <Page title={t('page.deployment')} topic="deployment">
      <Shown query={query}>
        {(d) => (
          <>
            <About deployment={d} />
            {d.clock === 'simulated' && me && holds(me, 'system_admin') && <Clock deployment={d} />}
          </>
        )}
      </Shown>
    </Page>
  );
}

function About({ deployment: d }: { deployment: Deployment }) {
  const { t, pick } = useTexts();
  const confined =
    d.confinement === 'enforced'
      ? 'foot.confined'
      : d.confinement === 'partial'
        ? 'foot.partlyConfined'
        : 'foot.notConfined';
  return (
    <>
      {d.confinement !== 'enforced' && <Alert type="warning" showIcon title={t(confined)} />}
      <Facts
        items={[
          [t('deployment.name'), <Copyable key="n" text={d.deployment} name={t('deployment.name')} />],
          [t('deployment.city'), pick({ zh: d.city_zh, en: d.city_en })],
          [t('rules.text'), pick({ zh: d.pack_zh, en: d.pack_en })],
          [t('case.pack'), d.pack],
          [t('deployment.suite'), t(d.suite === 'gm' ? 'foot.gm' : 'foot.intl')],
          [t('deployment.clock'), d.clock === 'simulated' ? t('deployment.simulated') : t('deployment.real')],
          [t('foot.now'), <Time key="t" at={d.now} />],
          [t('deployment.zone'), <code key="z">{d.zone_endpoint}</code>],
          [t('deployment.confinement'), t(confined)],
          [t('setup.rootKey'), <Copyable key="r" text={d.root_key.id} name={t('setup.rootKey')} />],
          [
            t('deployment.rootPublic'),
            <Copyable key="p" text={d.root_key.public} name={t('deployment.rootPublic')} />,
          ],
          [t('deployment.version'), d.version],
        ]}
      />
    </>
  );
}

/** Moves a simulated clock forward; it never goes back, so it is asked for twice. */
function Clock({ deployment }: { deployment: Deployment }) {
  const { t } = useTexts();
  const changed = useChanged();
  const [to, setTo] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const move = async () => {
    if (to === null) return;
    setBusy(true);
    setError(null);
    try {
      // Nine in the morning of the day, so that a notice that ends at midnight is over.
      const at = startOfDay(to) + 9 * 3_600_000;
      await post('/api/v1/clock', { advance_ms: at - deployment.now }, onceKey());
      say(t('deployment.moved', { day: to }));
      await changed();
    } catch (e) {
      setError(e);
    } finally {
      setTo(null);
      setBusy(false);
    }
  };
  return (
    <Part title={t('deployment.move')}>
      <p>{t('deployment.moveText')}</p>
      <Form layout="inline" onFinish={(values: { day: string }) => setTo(values.day)}>
        <Form.Item
          name="day"
          label={t('deployment.moveTo')}
          rules={[{ required: true, message: t('form.required') }]}
        >
          <Input type="date" min={day(deployment.now + 86_400_000)} />
        </Form.Item>
        <Button htmlType="submit">{t('deployment.moveGo')}</Button>
      </Form>
      {error !== null && <Failure error={error} />}
      <Modal
        open={to !== null}
        title={t('deployment.move')}
        onOk={() => void move()}
        onCancel={() => setTo(null)}
        confirmLoading={busy}
      >
        <p>{t('deployment.sure', { day: to ?? '' })}</p>
      </Modal>
    </Part>
  );
}
