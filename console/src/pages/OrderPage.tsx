/** One order: what was agreed, what was used, how to call. */
import { Link, useParams } from 'react-router';
import { useMe, useOrder, useProduct, useUsage } from '../api/queries';
import type { Order, Product, Usage } from '../api/types';
import { useTexts } from '../i18n';
import { Chart } from '../parts/Chart';
import { Copyable } from '../parts/Copy';
import { Facts } from '../parts/Facts';
import { List } from '../parts/List';
import { Mark } from '../parts/Mark';
import { count, yuan } from '../parts/Money';
import { Org } from '../parts/Names';
import { Ref, RefNames } from '../parts/Ref';
import { Kind, Page, Part } from '../parts/Page';
import { Nothing, Shown } from '../parts/States';
import { Deadline, Time } from '../parts/Time';
import { HowToCall } from '../orders/HowToCall';

export default function OrderPage() {
  const { id = '' } = useParams();
  const { t, pick } = useTexts();
  const query = useOrder(id);
  const spec = useProduct(query.data?.product ?? '', query.data !== undefined).data?.spec;
  return (
    <Page title={spec ? pick(spec) : t('object.order')} kind={<Kind of="order" id={id} />} topic="orders">
      <Shown query={query}>{(order) => <Known order={order} />}</Shown>
    </Page>
  );
}

function Known({ order: o }: { order: Order }) {
  const { t, pick, label } = useTexts();
  const me = useMe().data;
  const product = useProduct(o.product).data;
  const usage = useUsage(o.id);
  const unit = product?.spec?.unit;
  return (
    <RefNames value={o.refs ?? {}}>
      <Facts
        items={[
          [
            t('object.product'),
            <Link key="p" to={`/products/${o.product}`}>
              {product?.spec ? pick(product.spec) : o.product}
            </Link>,
          ],
          [t('field.consumer'), <Org key="c" id={o.consumer} />],
          [t('field.operator'), <Org key="o" id={o.spec.operator} />],
          [t('cases.state'), <Mark key="s" kind="order" code={o.state} />],
          [
            t('order.price'),
            unit ? t('product.perUnit', { price: yuan(o.price), unit: label('unit', unit) }) : yuan(o.price),
          ],
          [t('cases.entered'), <Time key="t" at={o.at} />],
          [t('field.until'), <Deadline key="u" at={o.spec.until} />],
          [t('field.scenario'), <OrderScenario key="sc" product={product} id={o.spec.scenario} />],
          [t('object.case'), <Ref key="k" kind="case" id={o.case} />],
          [t('field.access_key'), <Copyable key="a" text={o.spec.access_key} name={t('field.access_key')} />],
        ]}
      />
      <Part title={t('usage.title')}>
        <Shown query={usage}>{(found) => <UsageView usage={found} />}</Shown>
      </Part>
      {me?.org.id === o.consumer && <HowToCall product={o.product} />}
    </RefNames>
  );
}

/** What the product is used for; a consumer knows the name from the product. */
function OrderScenario({ product, id }: { product: Product | undefined; id: string }) {
  const { pick } = useTexts();
  const found = product?.scenarios?.find((s) => s.id === id);
  return found ? <span>{pick(found)}</span> : <Ref kind="scenario" id={id} />;
}

/** Totals, and day by day a chart with its table. */
function UsageView({ usage }: { usage: Usage }) {
  const { t } = useTexts();
  const days = usage.days ?? [];
  if (usage.calls === 0) return <Nothing text="usage.empty" />;
  return (
    <>
      <dl className="figures">
        {(
          [
            ['usage.calls', count(usage.calls)],
            ['usage.rows', count(usage.rows)],
            ['usage.bytes', count(usage.bytes)],
            ['usage.amount', yuan(usage.amount_fen)],
          ] as const
        ).map(([name, value]) => (
          <div key={name}>
            <dt>{t(name)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {days.length > 0 && (
        <div className="beside">
          <Chart
            title={t('usage.byDay')}
            names={days.map((d) => d.day)}
            series={[
              { name: t('usage.calls'), values: days.map((d) => d.calls) },
              { name: t('usage.rows'), values: days.map((d) => d.rows), second: true },
            ]}
          />
          <List
            caption={t('usage.byDay')}
            rows={days}
            rowKey={(d) => d.day}
            columns={[
              {
                title: t('usage.day'),
                key: 'day',
                rowScope: 'row',
                render: (_, d) => <time dateTime={d.day}>{d.day}</time>,
              },
              { title: t('usage.calls'), key: 'calls', align: 'right', render: (_, d) => count(d.calls) },
              { title: t('usage.rows'), key: 'rows', align: 'right', render: (_, d) => count(d.rows) },
              { title: t('usage.bytes'), key: 'bytes', align: 'right', render: (_, d) => count(d.bytes) },
              {
                title: t('usage.amount'),
                key: 'amount',
                align: 'right',
                render: (_, d) => yuan(d.amount_fen),
              },
            ]}
          />
        </div>
      )}
    </>
  );
}
