/** Orders in which the organisation buys or sells. */
import { Link } from 'react-router';
import { useOrders, useProducts } from '../api/queries';
import { useTexts } from '../i18n';
import { List } from '../parts/List';
import { Mark } from '../parts/Mark';
import { yuan } from '../parts/Money';
import { Org, useOrgName } from '../parts/Names';
import { Page } from '../parts/Page';
import { Shown } from '../parts/States';
import { Deadline } from '../parts/Time';

export default function Orders() {
  const { t, pick } = useTexts();
  const query = useOrders();
  const products = useProducts().data?.products;
  const org = useOrgName();
  const name = (id: string) => {
    const spec = products?.find((p) => p.id === id)?.spec;
    return spec ? pick(spec) : id;
  };
  return (
    <Page title={t('page.orders')} topic="orders">
      <Shown
        query={query}
        empty={{
          when: (d) => d.orders.length === 0,
          text: 'order.empty',
          children: <Link to="/products">{t('page.products')}</Link>,
        }}
      >
        {(data) => (
          <List
            caption={t('page.orders')}
            rows={data.orders}
            rowKey={(o) => o.id}
            text={(o) => `${name(o.product)} ${org(o.consumer)} ${org(o.spec.operator)} ${o.id}`}
            columns={[
              {
                title: t('object.product'),
                key: 'product',
                rowScope: 'row',
                render: (_, o) => (
                  <Link to={`/orders/${o.id}`} className="clamp">
                    {name(o.product)}
                  </Link>
                ),
              },
              { title: t('field.consumer'), key: 'consumer', render: (_, o) => <Org id={o.consumer} /> },
              { title: t('field.operator'), key: 'operator', render: (_, o) => <Org id={o.spec.operator} /> },
              {
                title: t('cases.state'),
                key: 'state',
                render: (_, o) => <Mark kind="order" code={o.state} />,
              },
              { title: t('field.price'), key: 'price', align: 'right', render: (_, o) => yuan(o.price) },
              {
                title: t('field.until'),
                key: 'until',
                sorter: (a, b) => a.spec.until - b.spec.until,
                render: (_, o) => <Deadline at={o.spec.until} />,
              },
            ]}
          />
        )}
      </Shown>
    </Page>
  );
}
