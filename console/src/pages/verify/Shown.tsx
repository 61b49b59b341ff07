/** What a verified file shows: its subject, the story by its leaves, orders with their approvals, documents. */
import { DownloadOutlined } from '@ant-design/icons';
import { Button, Tag } from 'antd';
import { useMemo } from 'react';
import type { Act } from '../../trust/act';
import type { Document, Evidence } from '../../trust/evidence/file';
import { answersIn, type WorkOrder } from '../../trust/evidence/order';
import type { Titles } from '../../trust/evidence/pack';
import type { Leaf } from '../../trust/log/leaf';
import { fromBase64, fromUtf8 } from '../../trust/bytes';
import { download } from '../../parts/download';
import { Facts } from '../../parts/Facts';
import { List } from '../../parts/List';
import { Part } from '../../parts/Page';
import { Time } from '../../parts/Time';
import { Short } from '../../parts/Copy';
import { isHeld, PRODUCT_CERTIFICATE_TYPE } from '../../trust/evidence/types';
import { leafWords, procedures, typeWords } from '../../trust/words';
import { useWords } from './words';

/** Subject, deployment, root. */
export function About({ body }: { body: Evidence }) {
  const { t, label } = useWords();
  return (
    <Part title={t('verify.what')}>
      <Facts
        items={[
          [label('verify.kind', body.subject.kind), <code key="p">{body.subject.id}</code>],
          [t('verify.deployment'), <code key="d">{body.deployment}</code>],
          [t('verify.madeAt'), <Time key="t" at={body.made_at} />],
          [t('verify.suite'), <code key="s">{body.suite}</code>],
          [t('verify.root'), <code key="r">{body.root}</code>],
        ]}
      />
    </Part>
  );
}

interface StoryProps {
  body: Evidence;
  leaves: Readonly<Record<number, Leaf>>;
  titles: Titles;
}

/** The story; what stands beside a leaf is the leaf's. */
export function Story({ body, leaves, titles }: StoryProps) {
  const words = useWords();
  const { t, lang } = words;
  const of = useMemo(() => procedures(Object.values(leaves)), [leaves]);
  const leaf = (index: number | null) => (index === null ? undefined : leaves[index]);
  return (
    <Part title={t('verify.steps')}>
      <p className="faint">{t('verify.stepsText')}</p>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t('verify.n')}</th>
            <th scope="col">{t('verify.time')}</th>
            <th scope="col">{t('verify.words')}</th>
            <th scope="col">{t('verify.article')}</th>
            <th scope="col">{t('verify.who')}</th>
            <th scope="col">{t('verify.leaf')}</th>
          </tr>
        </thead>
        <tbody>
          {body.story.map((step) => {
            const proved = leaf(step.leaf);
            return (
              <tr key={step.n}>
                <td>{step.n}</td>
                <td>{proved && <Time at={proved.at} />}</td>
                <th scope="row">{proved ? leafWords(proved, of, titles, words) : step[lang]}</th>
                <td>{proved ? proved.article : step.article}</td>
                <td>
                  {proved?.actor && <code>{proved.actor}</code>} {proved?.org && <code>{proved.org}</code>}
                </td>
                <td>{step.leaf}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Part>
  );
}

/** Orders and who approved them. Only shown of a valid file, in which every order has its shape. */
export function OrdersPart({ body, titles }: { body: Evidence; titles: Titles }) {
  const { t, label, lang } = useWords();
  const step = (a: Act) => titles.get(a.procedure)?.steps.get(a.step)?.[lang] ?? a.step;
  const orders = body.statements.filter((s) => s.type === 'order').map((s) => s.body as unknown as WorkOrder);
  orders.sort((a, b) => a.seq - b.seq);
  const answers = answersIn(body.statements);
  return (
    <Part title={t('verify.orders')}>
      <List
        caption={t('verify.orders')}
        rows={orders}
        rowKey={(o) => o.id}
        columns={[
          {
            title: t('verify.effect'),
            key: 'effect',
            rowScope: 'row',
            render: (_, o) => label('verify.effect', o.effect.effect),
          },
          { title: t('verify.issued'), key: 'at', render: (_, o) => <Time at={o.issued_at} /> },
          {
            title: t('verify.answer'),
            key: 'answer',
            render: (_, o) => {
              const answer = answers.get(o.id);
              if (!answer) return <Tag color="warning">{t('verify.unanswered')}</Tag>;
              return (
                <>
                  {label('verify.outcome', answer.outcome)} <Time at={answer.at} />
                </>
              );
            },
          },
          {
            title: t('verify.approvals'),
            key: 'approvals',
            render: (_, o) => (
              <ul className="plain">
                {o.approvals.map((a) => (
                  <li key={a.signature}>
                    {step(a.body)} <code>{a.body.person}</code> <code>{a.body.org}</code>
                  </li>
                ))}
              </ul>
            ),
          },
        ]}
      />
    </Part>
  );
}

/** Documents, each to read and to keep: those that were held against statements, and those of which only the digest was. */
export function Documents({ body }: { body: Evidence }) {
  const { t } = useWords();
  const held = body.documents.filter(isHeld);
  const bound = body.documents.filter((d) => !isHeld(d));
  return (
    <Part title={t('verify.docs')}>
      {held.length > 0 && (
        <section>
          <h3>{t('verify.docsHeld')}</h3>
          <p className="faint">{t('verify.docsHeldText')}</p>
          <DocumentList caption={t('verify.docsHeld')} rows={held} />
        </section>
      )}
      {bound.length > 0 && (
        <section>
          <h3>{t('verify.docsBound')}</h3>
          <p className="faint">{t('verify.docsBoundText')}</p>
          <DocumentList caption={t('verify.docsBound')} rows={bound} />
        </section>
      )}
    </Part>
  );
}

function DocumentType({ of }: { of: Document }) {
  const words = useWords();
  const { text, known } = typeWords(of, words);
  if (known) return text;
  return (
    <>
      <code>{text}</code> <Tag color="warning">{words.t('verify.unknownType')}</Tag>
    </>
  );
}

function DocumentList({ caption, rows }: { caption: string; rows: Document[] }) {
  const { t } = useWords();
  return (
    <List
      caption={caption}
      rows={rows}
      rowKey={(d) => d.name}
      text={(d) => d.name}
      expandable={{
        expandedRowRender: (d) => (
          <>
            {d.type === PRODUCT_CERTIFICATE_TYPE && <p>{t('verify.productCertificate')}</p>}
            <pre className="code" tabIndex={0} aria-label={d.name}>
              {fromUtf8(fromBase64(d.content) ?? new Uint8Array())}
            </pre>
          </>
        ),
      }}
      columns={[
        { title: t('verify.name'), key: 'name', rowScope: 'row', render: (_, d) => <code>{d.name}</code> },
        { title: t('verify.typeOf'), key: 'type', render: (_, d) => <DocumentType of={d} /> },
        { title: t('verify.digest'), key: 'digest', render: (_, d) => <Short text={d.digest} /> },
        {
          title: t('verify.open'),
          key: 'open',
          render: (_, d) => (
            <Button
              icon={<DownloadOutlined />}
              size="small"
              aria-label={t('verify.save', { name: d.name })}
              onClick={() => download(d.name, fromBase64(d.content) ?? new Uint8Array(), d.media_type)}
            >
              {t('verify.saveShort')}
            </Button>
          ),
        },
      ]}
    />
  );
}
