/** The object of a case, field by field: exactly what is decided on and signed. */
import { Collapse } from 'antd';
import { lazy, Suspense } from 'react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useResources } from '../api/queries';
import type { Case } from '../api/types';
import { useTexts } from '../i18n';
import { Copyable } from '../parts/Copy';
import { Facts } from '../parts/Facts';
import { Org, Person } from '../parts/Names';
import { Ref, RefNames, isRef } from '../parts/Ref';
import { Loading } from '../parts/States';
import { Time } from '../parts/Time';
import { yuan } from '../parts/Money';

const Dictionary = lazy(() => import('../parts/Dictionary'));

const ORGS = new Set(['operator', 'provider', 'consumer', 'author_org', 'organisation']);
const PEOPLE = new Set(['person', 'author']);
const TIMES = new Set(['until', 'opens', 'closes', 'nda_until']);
const MONEY = new Set(['price', 'ceiling']);
const CODES = new Set(['mode', 'use_class', 'form', 'legal_form', 'ground']);

/** Names of the resources of a case, each with the provider that answers for it. */
function Resources({ map }: { map: Record<string, string> }) {
  const { data } = useResources();
  const table = (id: string) => data?.resources.find((r) => r.id === id)?.table ?? id;
  return (
    <ul className="plain">
      {Object.entries(map).map(([id, provider]) => (
        <li key={id}>
          <Link to={`/catalogue/${id}`}>{table(id)}</Link> · <Org id={provider} />
        </li>
      ))}
    </ul>
  );
}

/** Fields by table: the demand list. */
export function FieldList({ fields }: { fields: Record<string, string[]> }) {
  return (
    <ul className="plain">
      {Object.entries(fields).map(([table, names]) => (
        <li key={table}>
          <code>{table}</code>:{' '}
          {names.map((name) => (
            <code key={name}>{name}</code>
          ))}
        </li>
      ))}
    </ul>
  );
}

function Value({ name, value }: { name: string; value: unknown }): ReactNode {
  const { t, label } = useTexts();
  if (value === null || value === undefined || value === '')
    return <span className="faint">{t('value.none')}</span>;
  if (typeof value === 'number') {
    if (TIMES.has(name)) return <Time at={value} />;
    return MONEY.has(name) ? yuan(value) : value;
  }
  if (typeof value === 'boolean') return value ? t('value.yes') : t('value.no');
  if (typeof value === 'string') return <Text name={name} text={value} />;
  if (Array.isArray(value)) {
    return value.length === 0 ? (
      <span className="faint">{t('value.none')}</span>
    ) : (
      <ul className="plain">
        {value.map((one, i) => (
          <li key={i}>{label('code', String(one))}</li>
        ))}
      </ul>
    );
  }
  if (name === 'resources') return <Resources map={value as Record<string, string>} />;
  if (name === 'fields') return <FieldList fields={value as Record<string, string[]>} />;
  return <code>{JSON.stringify(value)}</code>;
}

function Text({ name, text }: { name: string; text: string }) {
  const { t, label } = useTexts();
  if (ORGS.has(name)) return <Org id={text} />;
  if (PEOPLE.has(name)) return <Person id={text} />;
  if (CODES.has(name)) return <>{label('code', text)}</>;
  if (isRef(name)) return <Ref kind={name} id={text} />;
  if (name === 'matter') return <Copyable text={text} name={t('field.matter')} />;
  if (name === 'sql' || name === 'purpose')
    return text.includes('\n') ? <pre className="code">{text}</pre> : <>{text}</>;
  if (/^(sm3|sha256):/.test(text)) return <Copyable text={text} name={t('value.digest')} />;
  return <>{text}</>;
}

/** The object of a case. The contract of a resource is shown as a dictionary, with its text below. */
export function ObjectView({ of }: { of: Pick<Case, 'object' | 'refs'> }) {
  const { t, label } = useTexts();
  const { object, refs } = of;
  const contract = object['contract'];
  // A matter has room for everything that one can name; what it does not name says nothing. Its number comes last.
  const isMatter = typeof object['matter'] === 'string';
  const shown = Object.entries(object)
    .filter(([name, value]) => name !== 'contract' && !(isMatter && value === null))
    .sort(([a], [b]) => Number(a === 'matter') - Number(b === 'matter'));
  return (
    <RefNames value={refs ?? {}}>
      <Facts
        items={shown.map(([name, value]) => [
          label('field', name),
          <Value key={name} name={name} value={value} />,
        ])}
      />
      {typeof contract === 'string' && (
        <>
          <Suspense fallback={<Loading rows={3} />}>
            <Dictionary contract={contract} />
          </Suspense>
          <Collapse
            ghost
            items={[
              {
                key: 'text',
                label: t('catalogue.contractText'),
                children: <pre className="code">{contract}</pre>,
              },
            ]}
          />
        </>
      )}
    </RefNames>
  );
}
