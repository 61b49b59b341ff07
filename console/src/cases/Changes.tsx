/** What a case about a catalogue entry changes: the contract field by field, and the documents the entry was reviewed on. */
import { Alert, Tag } from 'antd';
import { useMemo } from 'react';
import type { Before, Documents, Procedure } from '../api/types';
import { useTexts } from '../zone/texts';
import { CUSTOM, changesOf } from './changes';
import type { Change } from './changes';
import '../zone/work.css';

const COLOUR = { added: 'success', removed: 'error', changed: 'processing' } as const;

/** Differences between two contracts, as a table. */
export default function Changes({ before, after }: { before: string; after: string }) {
  const { t } = useTexts();
  const changes = useMemo(() => changesOf(before, after), [before, after]);
  if (!changes) return <Alert type="warning" showIcon title={t('dictionary.unreadable')} />;
  // Only the same text is no change: what the table does not show, such as order or remarks, is shown as it stands.
  if (changes.length === 0)
    return before === after ? <p>{t('changes.none')}</p> : <Texts before={before} after={after} />;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('changes.caption')}>
      <table className="grid changes">
        <caption>{t('changes.caption')}</caption>
        <thead>
          <tr>
            {(['field', 'what', 'before', 'after'] as const).map((name) => (
              <th key={name} scope="col">
                {t(`changes.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {changes.map((change) => (
            <Row key={`${change.field}.${change.kind}.${change.property}`} change={change} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Both texts, where they differ in what the table does not tell. */
function Texts({ before, after }: { before: string; after: string }) {
  const { t } = useTexts();
  return (
    <>
      <Alert type="info" showIcon title={t('changes.textOnly')} />
      {(['before', 'after'] as const).map((name) => (
        <details key={name}>
          <summary>{t(`changes.${name}`)}</summary>
          <pre className="code" tabIndex={0} aria-label={t(`changes.${name}`)}>
            {name === 'before' ? before : after}
          </pre>
        </details>
      ))}
    </>
  );
}

/** Kinds of labels by property. */
const WORDS: Record<string, string> = {
  logicalType: 'type',
  classification: 'grade',
  yunyuClass: 'class',
  yunyuIdentifier: 'identifier',
  yunyuDomain: 'subject',
  yunyuGrid: 'intake.grid',
};

function Row({ change }: { change: Change }) {
  const { t, maybe } = useTexts();
  const custom = change.property.startsWith(CUSTOM);
  const own = custom ? change.property.slice(CUSTOM.length) : change.property;
  // A property of the product counts as one only where the operation domain reads it.
  const known = custom === own.startsWith('yunyu') ? maybe('property', own) : undefined;
  const words = (text: string) => {
    if (text === '') return <span className="faint">{t('value.none')}</span>;
    if (text === 'true' || text === 'false') return t(text === 'true' ? 'value.yes' : 'value.no');
    const kind = WORDS[own];
    return (kind && maybe(kind, text)) ?? <bdi>{text}</bdi>;
  };
  return (
    <tr>
      <th scope="row">
        {change.field === '' ? (
          t('changes.table')
        ) : (
          <code>
            <bdi>{change.field}</bdi>
          </code>
        )}
      </th>
      <td>
        {change.property === '' ? (
          <Tag color={COLOUR[change.kind]}>{t(`changes.${change.kind}`)}</Tag>
        ) : (
          (known ?? <code>{change.property}</code>)
        )}
      </td>
      {change.property === '' ? (
        <td colSpan={2} />
      ) : (
        <>
          <td>{change.before === '' ? words('') : <del>{words(change.before)}</del>}</td>
          <td>{change.after === '' ? words('') : <ins>{words(change.after)}</ins>}</td>
        </>
      )}
    </tr>
  );
}

/** The documents of the entry as it was, beside those handed in now. */
export function DocumentChanges({
  before,
  now,
  procedure,
}: {
  before: Before;
  now: Documents;
  procedure: Procedure | undefined;
}) {
  const { t, pick, maybe } = useTexts();
  const shown = (value: unknown) => {
    if (value === undefined || value === null) return t('value.none');
    if (typeof value === 'boolean') return t(value ? 'value.yes' : 'value.no');
    return Array.isArray(value)
      ? value.join(t('list.comma'))
      : (maybe('choice', String(value)) ?? String(value));
  };
  const rows = Object.entries(now).flatMap(([name, fields]) => {
    const form = procedure?.documents[name];
    const old = before.documents[name];
    if (!form || !old) return [];
    return form.fields
      .filter((f) => JSON.stringify(old[f.name]) !== JSON.stringify(fields[f.name]))
      .map((f) => ({ key: `${name}.${f.name}`, label: pick(f), old: old[f.name], now: fields[f.name] }));
  });
  if (rows.length === 0) return null;
  return (
    <table className="grid changes">
      <caption>{t('changes.documents')}</caption>
      <thead>
        <tr>
          {(['what', 'before', 'after'] as const).map((name) => (
            <th key={name} scope="col">
              {t(`changes.${name}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.key}>
            <th scope="row">{row.label}</th>
            <td>
              <del>{shown(row.old)}</del>
            </td>
            <td>
              <ins>{shown(row.now)}</ins>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
