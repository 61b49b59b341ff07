/** Products: one's own in every state, others' once published. */
import { Link } from 'react-router';
import { useProducts } from '../api/queries';
import { useTerm } from '../cases/terms';
import { useTexts } from '../i18n';
import { List } from '../parts/List';
import { Mark } from '../parts/Mark';
import { count, yuan } from '../parts/Money';
import { Org, useOrgName } from '../parts/Names';
import { Page } from '../parts/Page';
import { useProductTitle } from '../parts/Ref';
import { Shown } from '../parts/States';

export default function Products() {
  const { t, label } = useTexts();
  const query = useProducts();
  const org = useOrgName();
  const term = useTerm();
  const name = useProductTitle();
  const none = <span className="faint">{t('value.none')}</span>;
  return (
    <Page title={t('page.products')} topic="products">
      <Shown query={query} empty={{ when: (d) => d.products.length === 0, text: 'product.empty' }}>
        {(data) => (
          <List
            caption={t('page.products')}
            rows={data.products}
            rowKey={(p) => p.id}
            text={(p) => `${name(p)} ${p.id} ${org(p.operator)}`}
            columns={[
              {
                title: t('product.name'),
                key: 'name',
                rowScope: 'row',
                render: (_, p) => (
                  <Link to={`/products/${p.id}`} className="clamp">
                    {name(p)}
                  </Link>
                ),
              },
              { title: t('field.form'), key: 'form', render: (_, p) => (p.spec ? term(p.spec.form) : none) },
              {
                title: t('cases.state'),
                key: 'state',
                render: (_, p) => <Mark kind="product" code={p.state} />,
              },
              {
                title: t('field.price'),
                key: 'price',
                align: 'right',
                render: (_, p) =>
                  p.spec
                    ? t('product.perUnit', { price: yuan(p.spec.price), unit: label('unit', p.spec.unit) })
                    : none,
              },
              {
                title: t('field.use_class'),
                key: 'use',
                render: (_, p) => (p.spec ? label('code', p.spec.use_class) : none),
              },
              {
                title: t('job.rows'),
                key: 'rows',
                align: 'right',
                render: (_, p) => (p.rows === null ? none : count(p.rows)),
              },
              { title: t('field.operator'), key: 'operator', render: (_, p) => <Org id={p.operator} /> },
            ]}
          />
        )}
      </Shown>
    </Page>
  );
}
