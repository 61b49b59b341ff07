/** One product: what it is, its price, its certificate, its way here, and the evidence for all of it. */
import { Link, useParams } from 'react-router';
import { oversees } from '../app/menu';
import { useMe, useOrders, useProcedures, useProduct } from '../api/queries';
import type { Product } from '../api/types';
import { Matters } from '../cases/Matters';
import { mayOpen } from '../cases/opening';
import { useTerm } from '../cases/terms';
import { useTexts } from '../i18n';
import { Copyable } from '../parts/Copy';
import { Evidence } from '../parts/Evidence';
import { Facts } from '../parts/Facts';
import { Mark } from '../parts/Mark';
import { count, yuan } from '../parts/Money';
import { Org } from '../parts/Names';
import { Ref, RefNames, useProductTitle } from '../parts/Ref';
import { Page, Part } from '../parts/Page';
import { Shown } from '../parts/States';
import { Time } from '../parts/Time';

export default function ProductPage() {
  const { id = '' } = useParams();
  const { t } = useTexts();
  const query = useProduct(id);
  const name = useProductTitle();
  const title = query.data ? name(query.data) : t('object.product');
  return (
    <Page title={title} kind={t('object.product')} topic="products">
      <Shown query={query}>{(product) => <Known product={product} />}</Shown>
    </Page>
  );
}

function Known({ product: p }: { product: Product }) {
  const { t, label, pick } = useTexts();
  const term = useTerm();
  const me = useMe().data;
  const orders = useOrders().data?.orders.filter((o) => o.product === p.id) ?? [];
  const spec = p.spec;
  return (
    <RefNames value={p.refs ?? {}}>
      <Facts
        items={[
          [t('cases.state'), <Mark key="s" kind="product" code={p.state} />],
          [t('field.operator'), <Org key="o" id={p.operator} />],
          spec !== null && [
            t('product.zh'),
            <span key="z" lang="zh-CN">
              {spec.zh}
            </span>,
          ],
          spec !== null && [
            t('product.en'),
            <span key="e" lang="en">
              {spec.en}
            </span>,
          ],
          spec !== null && [t('field.form'), term(spec.form)],
          spec !== null && spec.form_reason !== null && [t('field.form_reason'), spec.form_reason],
          p.rows !== null && [t('job.rows'), count(p.rows)],
          [t('cases.entered'), <Time key="t" at={p.at} />],
          [t('object.job'), <Ref key="j" kind="job" id={p.job} />],
          [t('object.authorisation'), <Ref key="a" kind="authorisation" id={p.authorisation} />],
          p.artefact !== null && [
            t('field.artefact'),
            <Copyable key="d" text={p.artefact} name={t('field.artefact')} />,
          ],
        ]}
      />
      {spec && (
        <Part title={t('product.price')}>
          <Facts
            items={[
              [
                t('field.price'),
                t('product.perUnit', { price: yuan(spec.price), unit: label('unit', spec.unit) }),
              ],
              [t('field.ceiling'), spec.ceiling === null ? t('product.noCeiling') : yuan(spec.ceiling)],
              [t('field.use_class'), label('code', spec.use_class)],
            ]}
          />
        </Part>
      )}
      {(p.certificate_number || p.venue) && (
        <Part title={t('product.papers')}>
          <Facts
            items={[
              p.certificate_number
                ? [
                    t('product.certificate'),
                    <a key="c" href={`/certificates/${p.certificate_number}`}>
                      {p.certificate_number}
                    </a>,
                  ]
                : null,
              p.venue && [t('product.venue'), p.venue.join(' ')],
              p.state === 'published' && [
                t('product.publicPage'),
                <a key="p" href={`/products/${p.id}`}>
                  {pick(spec ?? { zh: p.id, en: p.id })}
                </a>,
              ],
            ]}
          />
        </Part>
      )}
      {me && <Actions product={p} />}
      <Matters kind="product" things={{ product: p.id, organisation: p.operator }} />
      {orders.length > 0 && (
        <Part title={t('page.orders')}>
          <ul className="links">
            {orders.map((o) => (
              <li key={o.id}>
                <Link to={`/orders/${o.id}`}>
                  <Org id={o.consumer} />
                </Link>{' '}
                <Mark kind="order" code={o.state} />
              </li>
            ))}
          </ul>
        </Part>
      )}
      {me && (me.org.id === p.operator || oversees(me)) && p.state !== 'draft' && (
        <Evidence about="products" id={p.id} />
      )}
    </RefNames>
  );
}

/** What this person can start about the product. */
function Actions({ product: p }: { product: Product }) {
  const { t } = useTexts();
  const me = useMe().data;
  const procedures = useProcedures().data?.procedures ?? [];
  const register = procedures.find((x) => x.object === 'product');
  const order = procedures.find((x) => x.object === 'recipient');
  if (!me) return null;
  const canRegister = register && p.state === 'released' && p.operator === me.org.id && mayOpen(register, me);
  const canOrder = order && p.state === 'published' && mayOpen(order, me);
  if (!canRegister && !canOrder) return null;
  return (
    <p className="row">
      {canRegister && (
        <Link to={`/cases/new?procedure=${register.name}&product=${p.id}`}>{t('product.register')}</Link>
      )}
      {canOrder && (
        <Link to={`/cases/new?procedure=${order.name}&product=${p.id}`}>{t('product.order')}</Link>
      )}
    </p>
  );
}
