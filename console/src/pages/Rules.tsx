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
import { RuleValue } from '../parts/RuleValue';
import { Shown } from '../parts/States';

export default function Rules() {
  const { t } = useTexts();
  const pack = usePack();
  return (
    <Page title={t('page.rules')} topic="rules" actions={<Link to="/compare">{t('page.compare')}</Link>}>
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

/** The texts behind the rules, the city's own first. */
function About({ pack }: { pack: Pack }) {
  const { t, pick, label } = useTexts();
  return (
    <Part title={t('rules.texts')}>
      <List
        caption={t('rules.texts')}
        rows={[...pack.layers].reverse()}
        rowKey={(l) => l.id}
        expandable={{
          columnTitle: <span className="unseen">{t('rules.bases')}</span>,
          rowExpandable: (l) => l.legal_basis.length > 0,
          expandedRowRender: (l) => (
            <>
              <h3>{t('rules.bases')}</h3>
              <ul className="plain" lang="zh-CN">
                {l.legal_basis.map((b) => (
                  <li key={b}>{b}</li>
                ))}
              </ul>
            </>
          ),
        }}
        columns={[
          { title: t('rules.text'), key: 'text', rowScope: 'row', render: (_, l) => pick(l) },
          { title: t('rules.layer'), key: 'layer', render: (_, l) => label('layerKind', l.kind) },
          { title: t('rules.validity'), key: 'status', render: (_, l) => label('packStatus', l.status) },
          {
            title: t('rules.effective'),
            key: 'from',
            render: (_, l) => l.effective_from ?? <span className="faint">{t('value.none')}</span>,
          },
          { title: t('rules.version'), key: 'version', align: 'right', render: (_, l) => l.version },
        ]}
      />
    </Part>
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

function Parameters({ pack }: { pack: Pack }) {
  const { t, pick, label } = useTexts();
  const layerName = (id: string) => {
    const found = pack.layers.find((l) => l.id === id);
    return found
      ? found.kind === 'city'
        ? pick(pack.terms['city'] ?? found)
        : label('layerKind', found.kind)
      : id;
  };
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
          { title: t('rules.value'), key: 'value', render: (_, p) => <RuleValue value={p.value} /> },
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
          { title: t('rules.layer'), key: 'layer', render: (_, p) => layerName(p.layer) },
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
  const rows = Object.entries(pack.articles).map(([rule, a]) => ({ rule, ...a }));
  if (rows.length === 0) return null;
  return (
    <Part title={t('rules.articles')}>
      <List
        caption={t('rules.articles')}
        rows={rows}
        rowKey={(a) => a.rule}
        text={(a) => `${a.rule} ${a.zh} ${a.en}`}
        expandable={{
          columnTitle: <span className="unseen">{t('rules.how')}</span>,
          rowExpandable: (a) => a.answers.length > 0 || a.reason !== null,
          expandedRowRender: (a) => (
            <Facts
              items={[
                a.answers.length > 0 && [
                  t('rules.answers'),
                  a.answers.map((one) => <Tag key={one}>{one}</Tag>),
                ],
                a.answers.length > 0 && [t('rules.tests'), a.tests],
                a.reason !== null && [t('rules.reason'), a.reason],
              ]}
            />
          ),
        }}
        columns={[
          { title: t('rules.rule'), key: 'rule', rowScope: 'row', render: (_, a) => <code>{a.rule}</code> },
          { title: t('rules.article'), key: 'article', render: (_, a) => a.article },
          { title: t('rules.says'), key: 'says', render: (_, a) => pick(a) },
          {
            title: t('rules.answered'),
            key: 'state',
            filters: ['answered', 'open', 'not_software'].map((value) => ({
              value,
              text: label('answered', value),
            })),
            onFilter: (value, a) => a.state === value,
            render: (_, a) => label('answered', a.state),
          },
        ]}
      />
    </Part>
  );
}
