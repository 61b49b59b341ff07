/** The contract of a resource as a dictionary: fields with type, grade, and what may be done with each. */
import { Alert, Tag } from 'antd';
import { useMemo } from 'react';
import { parse } from 'yaml';
import { useTexts } from '../zone/texts';
import { List } from './List';

/** A field of a contract. */
export interface ContractField {
  name: string;
  type: string;
  grade: string;
  required: boolean;
  key: boolean;
  description: string;
  properties: Record<string, unknown>;
}

interface Contract {
  schema?: {
    name?: string;
    description?: string;
    properties?: {
      name?: string;
      logicalType?: string;
      classification?: string;
      required?: boolean;
      primaryKey?: boolean;
      description?: string;
      businessName?: string;
      customProperties?: { property?: string; value?: unknown }[];
    }[];
  }[];
}

/** Reads the fields of an ODCS contract; `null` where the text is none. */
export function fieldsOf(text: string): ContractField[] | null {
  let contract: Contract | null;
  try {
    contract = parse(text) as Contract | null;
  } catch {
    return null;
  }
  const fields = contract?.schema?.[0]?.properties;
  if (!Array.isArray(fields)) return null;
  return fields.map((f) => ({
    name: f.name ?? '',
    type: f.logicalType ?? '',
    grade: String(f.classification ?? ''),
    required: f.required ?? false,
    key: f.primaryKey ?? false,
    description: f.businessName ?? f.description ?? '',
    properties: Object.fromEntries((f.customProperties ?? []).map((p) => [p.property ?? '', p.value])),
  }));
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Properties whose values have words of their own. */
const WORDS: Record<string, string> = {
  yunyuIdentifier: 'identifier',
  yunyuDomain: 'subject',
  yunyuGrid: 'intake.grid',
};

/** The dictionary. */
export default function Dictionary({ contract }: { contract: string }) {
  const { t, label, maybe } = useTexts();
  const fields = useMemo(() => fieldsOf(contract), [contract]);
  if (!fields) return <Alert type="warning" showIcon title={t('dictionary.unreadable')} />;
  const words = (name: string, value: unknown) =>
    (WORDS[name] && maybe(WORDS[name], plain(value))) ?? plain(value);
  const rule = ([name, value]: [string, unknown]) =>
    `${maybe('property', name) ?? name} ${words(name, value)}`;
  return (
    <List
      caption={t('dictionary.caption')}
      rows={fields}
      rowKey={(f) => f.name}
      text={(f) => `${f.name} ${f.description}`}
      columns={[
        {
          title: t('dictionary.field'),
          dataIndex: 'name',
          key: 'name',
          rowScope: 'row',
          render: (name: string, f) => (
            <>
              <code>{name}</code>
              {f.key && <Tag>{t('dictionary.key')}</Tag>}
              {f.description && <div className="faint">{f.description}</div>}
            </>
          ),
        },
        {
          title: t('dictionary.type'),
          dataIndex: 'type',
          key: 'type',
          render: (type: string) => label('type', type),
        },
        {
          title: t('dictionary.class'),
          key: 'class',
          render: (_, f) => label('class', plain(f.properties['yunyuClass'] ?? '')),
        },
        {
          title: t('dictionary.grade'),
          dataIndex: 'grade',
          key: 'grade',
          render: (grade: string) => label('grade', grade),
        },
        {
          title: t('dictionary.limits'),
          key: 'limits',
          render: (_, f) => {
            const rest = Object.entries(f.properties).filter(([name]) => name !== 'yunyuClass');
            return rest.length === 0 ? (
              <span className="faint">{t('value.none')}</span>
            ) : (
              rest.map((one) => <div key={one[0]}>{rule(one)}</div>)
            );
          },
        },
      ]}
    />
  );
}
