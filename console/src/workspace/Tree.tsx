/** The granted tables and fields, each with what may be done with it; a press puts a name into the query. */
import { Input, Tag } from 'antd';
import { useState } from 'react';
import { useTexts } from '../zone/texts';
import type { Contracts, GrantedField } from './types';

interface Props {
  contracts: Contracts;
  insert: (name: string) => void;
}

/** The tree. */
export function Tree({ contracts, insert }: Props) {
  const { t } = useTexts();
  const [typed, setTyped] = useState('');
  const wanted = typed.trim().toLowerCase();
  const fits = (f: GrantedField) => `${f.name} ${f.description ?? ''}`.toLowerCase().includes(wanted);
  const shown = contracts.tables
    .map(({ table, fields }) => ({
      table,
      fields: table.toLowerCase().includes(wanted) ? fields : fields.filter(fits),
    }))
    .filter((one) => wanted === '' || one.fields.length > 0)
    .sort((a, b) => a.table.localeCompare(b.table));
  return (
    <nav className="tree" aria-label={t('work.tables')}>
      <Input
        allowClear
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        placeholder={t('work.find')}
        aria-label={t('work.find')}
      />
      {shown.length === 0 && <p className="faint">{t('work.noField')}</p>}
      {shown.map(({ table, fields }, i) => (
        // A search opens what it found.
        <details key={`${table}/${wanted === '' ? '' : 'found'}`} open={wanted !== '' || i < 2}>
          <summary>
            <code>{table}</code> <span className="faint">{t('work.fieldCount', { n: fields.length })}</span>
          </summary>
          <ul>
            <li>
              <button type="button" className="ref" onClick={() => insert(table)}>
                {t('work.insertTable', { table })}
              </button>
            </li>
            {fields.map((f) => (
              <Field key={f.name} field={f} insert={insert} />
            ))}
          </ul>
        </details>
      ))}
      <Rules contracts={contracts} />
    </nav>
  );
}

function Field({ field, insert }: { field: GrantedField; insert: (name: string) => void }) {
  const { t, label } = useTexts();
  return (
    <li>
      <button
        type="button"
        className="ref"
        aria-label={t('work.insert', { name: field.name })}
        onClick={() => insert(field.name)}
      >
        <code>{field.name}</code>
      </button>{' '}
      <span className="faint">{label('type', field.type)}</span>{' '}
      {field.class && (
        <Tag>
          {field.class} · {label('class', field.class)}
        </Tag>
      )}
      {field.domain && (
        <span className="faint">{t('work.keyOf', { domain: label('subject', field.domain) })}</span>
      )}
      {field.description && <div className="faint">{field.description}</div>}
    </li>
  );
}

/** Joins and least numbers that the purpose of the grant fixes. */
function Rules({ contracts }: { contracts: Contracts }) {
  const { t, label } = useTexts();
  return (
    <details>
      <summary>{t('work.rules')}</summary>
      <ul>
        {contracts.joins.map(([a, b]) => (
          <li key={`${a}/${b}`}>
            {t('work.join')} <code>{a}</code> – <code>{b}</code>
          </li>
        ))}
        {Object.entries(contracts.thresholds).map(([kind, n]) => (
          <li key={kind}>{t('work.least', { kind: label('subject', kind), n })}</li>
        ))}
      </ul>
    </details>
  );
}
