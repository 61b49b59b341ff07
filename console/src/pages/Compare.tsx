/** The city's rule pack beside another one: what differs, by article. */
import { Alert, Select } from 'antd';
import { useNavigate, useParams } from 'react-router';
import { usePackDiff, usePacks } from '../api/queries';
import type { OtherPack, PackChange } from '../api/types';
import { useTexts } from '../i18n';
import { Facts } from '../parts/Facts';
import { List } from '../parts/List';
import { Page, Part } from '../parts/Page';
import { RuleValue } from '../parts/RuleValue';
import { Nothing, Shown } from '../parts/States';

export default function Compare() {
  const { t } = useTexts();
  const packs = usePacks();
  return (
    <Page title={t('page.compare')} topic="compare">
      <Shown query={packs}>
        {(data) =>
          data.packs.length > 0 ? <Choice packs={data.packs} /> : <Nothing text="compare.noOther" />
        }
      </Shown>
    </Page>
  );
}

function Choice({ packs }: { packs: OtherPack[] }) {
  const { t, pick, label } = useTexts();
  const { pack } = useParams();
  const navigate = useNavigate();
  const found = packs.find((p) => p.id === pack);
  const name = (p: OtherPack) => `${pick(p.city ?? p)} · ${label('packStatus', p.status)} · ${p.version}`;
  return (
    <>
      <Part title={t('compare.with')}>
        <div className="row">
          <Select
            aria-label={t('compare.with')}
            className="grow"
            placeholder={t('compare.choose')}
            value={found?.id ?? null}
            options={packs.map((p) => ({ value: p.id, label: name(p) }))}
            onChange={(id: string) => void navigate(`/compare/${id}`, { replace: true })}
          />
        </div>
      </Part>
      {found && <Differences with={found} />}
      {pack !== undefined && !found && <Nothing text="compare.noOther" />}
    </>
  );
}

function Differences({ with: other }: { with: OtherPack }) {
  const { t, pick, label } = useTexts();
  const query = usePackDiff(other.id);
  const named = (c: PackChange) => (c.words ? pick(c.words) : c.name);
  return (
    <Part title={t('compare.changes')}>
      <Alert type="info" showIcon title={t('compare.text')} />
      <Shown query={query}>
        {(data) => (
          <List<PackChange>
            caption={t('compare.changes')}
            rows={byKind(data.changes)}
            rowKey={(c) => `${c.kind}.${c.name}`}
            text={(c) => `${c.name} ${c.words?.zh ?? ''} ${c.words?.en ?? ''} ${c.rule} ${c.article}`}
            expandable={{
              columnTitle: <span className="unseen">{t('compare.both')}</span>,
              expandedRowRender: (c) => <Both change={c} />,
            }}
            columns={[
              {
                title: t('compare.what'),
                key: 'name',
                rowScope: 'row',
                render: (_, c) => (
                  <>
                    {named(c)}
                    <div className="faint">
                      <code>{c.name}</code>
                    </div>
                  </>
                ),
              },
              {
                title: t('compare.kind'),
                key: 'kind',
                filters: KINDS.map((value) => ({ value, text: label('packPart', value) })),
                onFilter: (value, c) => c.kind === value,
                render: (_, c) => label('packPart', c.kind),
              },
              {
                title: t('compare.how'),
                key: 'how',
                filters: (['changed', 'here', 'there'] as const).map((value) => ({
                  value,
                  text: t(`compare.${value}`),
                })),
                onFilter: (value, c) => how(c) === value,
                render: (_, c) => t(`compare.${how(c)}`),
              },
              {
                title: t('compare.fields'),
                key: 'fields',
                render: (_, c) =>
                  how(c) === 'changed'
                    ? fieldsOf(c)
                        .map((f) => label('packField', f))
                        .join(t('list.and'))
                    : '',
              },
              {
                title: t('case.basis'),
                key: 'rule',
                render: (_, c) => c.rule && <code>{c.article ? `${c.rule} 〔${c.article}〕` : c.rule}</code>,
              },
            ]}
          />
        )}
      </Shown>
    </Part>
  );
}

/** Kinds of things, what a reader looks for first at the top. */
const KINDS = [
  'pack',
  'parameter',
  'step',
  'document',
  'approvals',
  'procedure',
  'state',
  'term',
  'policy',
  'row',
];

/** The changes by kind; within one they stay in the order of the articles. */
const byKind = (changes: PackChange[]) =>
  [...changes].sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));

/** Whether both packs have it, or one only. */
const how = (c: PackChange) => (c.before === null ? 'there' : c.after === null ? 'here' : 'changed');

const members = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};

/** The members that differ, of a thing that has some. */
const fieldsOf = (c: PackChange) => [
  ...new Set([...Object.keys(members(c.before)), ...Object.keys(members(c.after))]),
];

/** What it is here and there, member by member. */
function Both({ change: c }: { change: PackChange }) {
  const { t, label } = useTexts();
  const fields = fieldsOf(c);
  const side = (value: unknown) =>
    value === null ? (
      <p className="faint">{t('compare.absent')}</p>
    ) : fields.length === 0 ? (
      <RuleValue value={value} />
    ) : (
      <Facts
        items={fields.map((f) => [label('packField', f), <RuleValue key={f} value={members(value)[f]} />])}
      />
    );
  return (
    <>
      <h3>{t('compare.own')}</h3>
      {side(c.before)}
      <h3>{t('compare.other')}</h3>
      {side(c.after)}
    </>
  );
}
