/** The city's rules as the platform applies them: procedures, and parameters with layer, article and status. */
import { Alert, Tag } from 'antd';
import { Link } from 'react-router';
import { usePack, useProcedures } from '../api/queries';
import type { Pack, Parameter } from '../api/types';
import { useTexts } from '../i18n';
import { Basis } from '../parts/Basis';
import { Facts } from '../parts/Facts';
import { List, byText } from '../parts/List';
import { Mark } from '../parts/Mark';
import { Page, Part } from '../parts/Page';
import { Shown } from '../parts/States';

export default function Rules() {
  const { t } = useTexts();
  const pack = usePack();
  return (
    <Page title={t('page.rules')} topic="rules">
      <Shown query={pack}>
        {(data) => (
          <>
            <About pack={data} />
            <Procedures />
            <Parameters pack={data} />
            <Articles pack={data} />
          </>
        )}
      </Shown>
    </Page>
  );
}

function About({ pack }: { pack: Pack }) {
  const { t, pick, label } = useTexts();
  return (
    <Facts
      items={[
        (pack.zh || pack.en) && [t('rules.text'), pick({ zh: pack.zh, en: pack.en })],
        pack.status && [t('rules.status'), label('packStatus', pack.status)],
        pack.effective_from && [t('rules.effective'), pack.effective_from],
        [t('case.pack'), pack.pack],
        pack.layers && [t('rules.layers'), pack.layers.map((l) => label('layer', l)).join(' ← ')],
        pack.legal_basis &&
          pack.legal_basis.length > 0 && [
            t('rules.bases'),
            <ul key="b" className="plain" lang="zh-CN">
              {pack.legal_basis.map((b) => (
                <li key={b}>{b}</li>
              ))}
            </ul>,
          ],
      ]}
    />
  );
}

function Procedures() {
  const { t, pick, label } = useTexts();
  const query = useProcedures();
  return (
    <Part title={t('rules.procedures')}>
      <Shown query={query}>
        {(data) => (
          <List
            caption={t('rules.procedures')}
            rows={data.procedures}
            rowKey={(p) => p.name}
            columns={[
              {
                title: t('cases.procedure'),
                key: 'name',
                rowScope: 'row',
                render: (_, p) => <Link to={`/rules/${p.name}`}>{pick(p)}</Link>,
              },
              { title: t('rules.object'), key: 'object', render: (_, p) => label('object', p.object) },
              { title: t('rules.steps'), key: 'steps', align: 'right', render: (_, p) => p.steps.length },
              {
                title: t('rules.first'),
                key: 'first',
                render: (_, p) =>
                  p.steps
                    .filter((s) => s.from.includes(p.start))
                    .map((s) => pick(s))
                    .join(t('list.or')),
              },
            ]}
          />
        )}
      </Shown>
    </Part>
  );
}

/** A value of a parameter, in words. */
function ValueOf({ value }: { value: unknown }) {
  const { label } = useTexts();
  const one = (v: unknown) => (typeof v === 'string' ? label('code', v) : String(v));
  if (Array.isArray(value)) return value.map((v) => <Tag key={String(v)}>{one(v)}</Tag>);
  return typeof value === 'object' ? <code>{JSON.stringify(value)}</code> : one(value);
}

function Parameters({ pack }: { pack: Pack }) {
  const { t, pick, label } = useTexts();
  const rows = Object.entries(pack.parameters).map(([name, p]) => ({ name, ...p }));
  type Row = Parameter & { name: string };
  return (
    <Part title={t('rules.parameters')}>
      <Alert type="info" showIcon title={t('rules.statusText')} />
      <List<Row>
        caption={t('rules.parameters')}
        rows={rows}
        rowKey={(p) => p.name}
        text={(p) => `${p.name} ${p.zh} ${p.en} ${p.source}`}
        columns={[
          {
            title: t('rules.parameter'),
            key: 'name',
            rowScope: 'row',
            sorter: (a, b) => byText(pick(a), pick(b)),
            render: (_, p) => (
              <>
                {pick(p)}
                <div className="faint">
                  <code>{p.name}</code>
                </div>
              </>
            ),
          },
          { title: t('rules.value'), key: 'value', render: (_, p) => <ValueOf value={p.value} /> },
          {
            title: t('rules.status'),
            key: 'status',
            filters: ['explicit', 'inherited', 'derived'].map((value) => ({
              value,
              text: t(`mark.parameter.${value}` as 'mark.parameter.explicit'),
            })),
            onFilter: (value, p) => p.status === value,
            render: (_, p) => <Mark kind="parameter" code={p.status} />,
          },
          { title: t('rules.layer'), key: 'layer', render: (_, p) => label('layer', p.layer) },
          { title: t('case.basis'), key: 'basis', render: (_, p) => <Basis rule={p.source} /> },
          {
            title: t('rules.strict'),
            key: 'strict',
            render: (_, p) =>
              p.strict ? label('strict', p.strict) : <span className="faint">{t('value.none')}</span>,
          },
        ]}
      />
    </Part>
  );
}

/** The rows of the text: what each article asks for. */
function Articles({ pack }: { pack: Pack }) {
  const { t, pick, label } = useTexts();
  const rows = Object.entries(pack.articles ?? {}).map(([rule, a]) => ({ rule, ...a }));
  if (rows.length === 0) return null;
  return (
    <Part title={t('rules.articles')}>
      <List
        caption={t('rules.articles')}
        rows={rows}
        rowKey={(a) => a.rule}
        text={(a) => `${a.rule} ${a.zh} ${a.en}`}
        columns={[
          { title: t('rules.rule'), key: 'rule', rowScope: 'row', render: (_, a) => <code>{a.rule}</code> },
          { title: t('rules.article'), key: 'article', render: (_, a) => a.article },
          { title: t('rules.says'), key: 'says', render: (_, a) => pick(a) },
          { title: t('rules.layer'), key: 'layer', render: (_, a) => label('layer', a.layer) },
        ]}
      />
    </Part>
  );
}
