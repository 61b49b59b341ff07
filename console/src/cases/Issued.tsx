/** What a case ordered of the zone: what people decided has come about only when the zone has said so. */
import { Tag } from 'antd';
import type { IssuedOrder } from '../api/issued';
import { useTexts } from '../i18n';
import { Facts } from '../parts/Facts';
import { Part } from '../parts/Page';
import { Time } from '../parts/Time';
import { trustTexts } from '../trust/texts';

/** Orders of a case with the zone's answers. */
export default function Issued({ orders }: { orders: IssuedOrder[] }) {
  const { t, lang } = useTexts();
  const { label } = trustTexts(lang);
  return (
    <Part title={t('case.orders')}>
      <Facts
        items={orders.map((o) => [
          <Ordered key="o" of={o} name={label('verify.effect', o.effect)} />,
          <Answer key="a" of={o} say={(word) => label('verify.outcome', word)} />,
        ])}
      />
    </Part>
  );
}

function Ordered({ of, name }: { of: IssuedOrder; name: string }) {
  return (
    <>
      {name} <Time at={of.issued_at} />
    </>
  );
}

function Answer({ of, say }: { of: IssuedOrder; say: (word: string) => string }) {
  const { t } = useTexts();
  if (!of.answer) return <Tag color="warning">{t('case.unanswered')}</Tag>;
  const [outcome, at] = of.answer;
  return (
    <>
      {say(outcome)} <Time at={at} />
    </>
  );
}
