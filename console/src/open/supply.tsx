/** Forms along the way from a resource to a delivered product. */
import { Alert, Button, Checkbox, Form, Input, InputNumber, Radio } from 'antd';
import { useQueries } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { get } from '../api/client';
import {
  cache,
  useGrants,
  useJobs,
  usePack,
  useProduct,
  useProducts,
  useResources,
  useScenarios,
} from '../api/queries';
import type { Resource, Suite } from '../api/types';
import { digestBytes } from '../cases/DigestInput';
import { useTerm } from '../cases/terms';
import { useTexts } from '../i18n';
import { Checks } from '../parts/Checks';
import { Copyable } from '../parts/Copy';
import { useOrgName } from '../parts/Names';
import { UseClass, useCodes, useOwnAuthorisations } from './authority';
import { Choice, Day, Field, Lines, instant, text, texts } from './inputs';
import type { Kind } from './kinds';
import { purposeText } from './purpose';
import type { Table } from './purpose';

export const resource: Kind = {
  Fields: function ResourceFields() {
    return (
      <>
        <Field name="table" label="catalogue.table" hint="open.tableHint">
          <Input maxLength={60} spellCheck={false} />
        </Field>
        <Field name="contract" label="catalogue.contractText" hint="open.contractHint">
          <Input.TextArea className="mono" rows={10} spellCheck={false} />
        </Field>
      </>
    );
  },
  object: (v) => ({ table: text(v['table']), contract: String(v['contract'] ?? '') }),
};

/** The fields of chosen resources that may be asked for; locked ones never leave the zone. */
function useTables(ids: string[]): Table[] | undefined {
  const [tables, setTables] = useState<Table[]>();
  const found = useQueries({
    queries: ids.map((id) => ({
      queryKey: [`/api/v1/resources/${id}`],
      queryFn: () => get<Resource>(`/api/v1/resources/${id}`),
      networkMode: 'always' as const,
    })),
    combine: (results) => (results.every((r) => r.data) ? results.map((r) => r.data as Resource) : undefined),
  });
  useEffect(() => {
    if (!found) return;
    let gone = false;
    void import('../parts/Dictionary').then(({ fieldsOf }) => {
      if (gone) return;
      setTables(
        found.map((r) => ({
          table: r.spec.table,
          fields: (fieldsOf(r.spec.contract) ?? [])
            .filter((f) => f.properties['yunyuClass'] !== 'LOCK')
            .map((f) => ({ name: f.name, domain: String(f.properties['yunyuDomain'] ?? '') })),
        })),
      );
    });
    return () => {
      gone = true;
    };
  }, [found]);
  return tables;
}

export const grant: Kind = {
  Fields: function GrantFields() {
    const { t, pick } = useTexts();
    const org = useOrgName();
    const form = Form.useFormInstance();
    const own = useOwnAuthorisations();
    const scenarios = useScenarios().data?.scenarios ?? [];
    const resources = useResources().data?.resources ?? [];
    const authorised = Form.useWatch<string | undefined>('authorisation', form);
    const scenarioId = Form.useWatch<string | undefined>('scenario', form);
    const chosen = texts(Form.useWatch('resources', form));
    const tables = useTables(chosen);
    const scope = own.find((a) => a.value === authorised)?.a.resources ?? {};
    const named = scenarios.find((s) => s.id === scenarioId);
    const parameters = usePack().data?.parameters;
    const least = (name: string) => Number(parameters?.[name]?.value ?? 10);
    const thresholds = { person: least('k.person'), enterprise: least('k.enterprise') };
    const propose = () => {
      if (!tables || !named) return;
      const asked = tables.map((one) => ({
        ...one,
        fields: one.fields.filter((f) => texts(form.getFieldValue(['fields', one.table])).includes(f.name)),
      }));
      form.setFieldValue('purpose', purposeText(named.spec, asked, thresholds));
    };
    return (
      <>
        <Field name="authorisation" label="object.authorisation">
          <Choice options={own.map(({ value, label }) => ({ value, label }))} />
        </Field>
        <Field name="scenario" label="field.scenario">
          <Choice
            options={scenarios
              .filter((s) => s.spec.authorisation === authorised)
              .map((s) => ({ value: s.id, label: pick(s.spec) }))}
          />
        </Field>
        <Field name="resources" label="field.resources">
          <Choice
            mode="multiple"
            options={Object.keys(scope).map((id) => ({
              value: id,
              label: `${resources.find((r) => r.id === id)?.table ?? id} · ${org(scope[id] ?? '')}`,
            }))}
          />
        </Field>
        {tables?.map((one) => (
          <Form.Item
            key={one.table}
            name={['fields', one.table]}
            label={t('open.fieldsOf', { table: one.table })}
            rules={[{ required: true, message: t('form.required') }]}
          >
            <Checks className="grid3" options={one.fields.map((f) => f.name)} />
          </Form.Item>
        ))}
        <Field name="purpose" label="open.purposeFile" hint="open.purposeHint">
          <Input.TextArea className="mono" rows={8} spellCheck={false} />
        </Field>
        <Form.Item>
          <Button onClick={propose} disabled={!tables || !named}>
            {t('open.proposePurpose')}
          </Button>
        </Form.Item>
      </>
    );
  },
  object: (v) => ({
    authorisation: v['authorisation'],
    scenario: v['scenario'],
    resources: texts(v['resources']),
    fields: v['fields'] ?? {},
    purpose: String(v['purpose'] ?? ''),
  }),
};

export const job: Kind = {
  Fields: function JobFields() {
    const { t } = useTexts();
    const grants = useGrants().data?.grants.filter((g) => g.state === 'open') ?? [];
    return (
      <>
        <Field name="grant" label="object.grant">
          <Choice
            options={grants.map((g) => ({
              value: g.id,
              label: `${Object.keys(g.spec.fields).join(t('list.comma'))} · ${g.id}`,
            }))}
          />
        </Field>
        <Field name="sql" label="field.sql">
          <Input.TextArea className="mono" rows={8} spellCheck={false} />
        </Field>
      </>
    );
  },
  object: (v) => ({ grant: v['grant'], sql: String(v['sql'] ?? '') }),
};

export const release: Kind = {
  Fields: function ReleaseFields() {
    const { label } = useTexts();
    const jobs = useJobs().data?.jobs.filter((j) => j.state === 'done') ?? [];
    return (
      <Field name="job" label="object.job" hint="open.releaseHint">
        <Choice
          options={jobs.map((j) => ({
            value: j.id,
            label: `${j.id} · ${label('mark.verdict', j.gate?.verdict ?? '')}`,
          }))}
        />
      </Field>
    );
  },
  object: (v) => ({ job: v['job'] }),
};

export const product: Kind = {
  Fields: function ProductFields({ me }) {
    const { t, pick } = useTexts();
    const term = useTerm();
    const forms = useCodes('product.forms');
    const scenarios = useScenarios().data?.scenarios ?? [];
    const own =
      useProducts().data?.products.filter((p) => p.operator === me.org.id && p.state === 'released') ?? [];
    const chosen = Form.useWatch<string | undefined>('product');
    const form = Form.useWatch<string | undefined>('form');
    const reviewed = own.find((p) => p.id === chosen)?.reviewed_scenarios ?? [];
    return (
      <>
        <Field name="product" label="object.product">
          <Choice options={own.map((p) => ({ value: p.id, label: p.id }))} />
        </Field>
        <Field name="scenario" label="field.scenario" hint="open.reviewedOnly">
          <Choice
            options={reviewed.map((id) => ({
              value: id,
              label: pick(scenarios.find((s) => s.id === id)?.spec ?? { zh: id, en: id }),
            }))}
          />
        </Field>
        <Field name="zh" label="product.zh">
          <Input maxLength={200} lang="zh-CN" />
        </Field>
        <Field name="en" label="product.en">
          <Input maxLength={200} lang="en" />
        </Field>
        <Field name="form" label="field.form">
          <Choice
            options={[
              ...forms.map((value) => ({ value, label: term(value) })),
              { value: 'other', label: t('code.other') },
            ]}
          />
        </Field>
        {form === 'other' && (
          <Field name="form_reason" label="field.form_reason">
            <Lines />
          </Field>
        )}
        <Field name="unit" label="field.unit">
          <Choice
            options={(['row', 'call', 'file', 'month', 'year'] as const).map((value) => ({
              value,
              label: t(`unit.${value}`),
            }))}
          />
        </Field>
        <Field name="price" label="open.priceYuan">
          <InputNumber min={0} precision={2} prefix={t('value.yuan')} />
        </Field>
        <Field name="ceiling" label="open.ceilingYuan" optional>
          <InputNumber min={0} precision={2} prefix={t('value.yuan')} />
        </Field>
        <UseClass />
      </>
    );
  },
  object: (v) => ({
    product: v['product'],
    scenario: v['scenario'],
    zh: text(v['zh']),
    en: text(v['en']),
    form: v['form'],
    form_reason: v['form'] === 'other' ? text(v['form_reason']) : null,
    unit: v['unit'],
    price: Math.round(Number(v['price']) * 100),
    ceiling:
      v['ceiling'] === undefined || v['ceiling'] === null ? null : Math.round(Number(v['ceiling']) * 100),
    use_class: v['use_class'],
  }),
};

/** A fresh access key: 256 random bits. Shown once; only its digest is sent. */
function freshKey(): string {
  return `yk_${[...crypto.getRandomValues(new Uint8Array(32))].map((b) => b.toString(16).padStart(2, '0')).join('')}`;
}

export const recipient: Kind = {
  secret: true,
  Fields: function RecipientFields() {
    const { t, pick } = useTexts();
    const form = Form.useFormInstance();
    const products = useProducts().data?.products.filter((p) => p.state === 'published') ?? [];
    const chosen = Form.useWatch<string | undefined>('product', form);
    const found = useProduct(chosen ?? '', chosen !== undefined).data;
    const key = Form.useWatch<string | undefined>('access_key', { form, preserve: true });
    useEffect(() => {
      if (!form.getFieldValue('access_key')) form.setFieldValue('access_key', freshKey());
    }, [form]);
    const reviewed = found?.scenarios ?? [];
    return (
      <>
        <Field name="product" label="object.product">
          <Choice options={products.map((p) => ({ value: p.id, label: p.spec ? pick(p.spec) : p.id }))} />
        </Field>
        <Field name="scenario" label="field.scenario" hint="open.reviewedOnly">
          <Radio.Group options={reviewed.map((s) => ({ value: s.id, label: pick(s) }))} />
        </Field>
        <Field name="until" label="open.deliverLastDay">
          <Day />
        </Field>
        <Form.Item name="access_key" hidden>
          <Input />
        </Form.Item>
        {key && (
          <Alert
            type="warning"
            showIcon
            title={t('open.keyTitle')}
            description={
              <>
                <p>{t('open.keyText')}</p>
                <Copyable text={key} name={t('open.keyTitle')} />
              </>
            }
          />
        )}
        <Form.Item
          name="kept"
          valuePropName="checked"
          rules={[
            {
              validator: (_, value) =>
                value ? Promise.resolve() : Promise.reject(new Error(t('open.keyKeep'))),
            },
          ]}
        >
          <Checkbox>{t('open.keyKept')}</Checkbox>
        </Form.Item>
      </>
    );
  },
  object: async (v) => {
    const suite = cache.getQueryData<{ suite: Suite }>(['/api/v1/deployment'])?.suite ?? 'gm';
    return {
      product: v['product'],
      scenario: v['scenario'],
      until: instant(v['until'], 1),
      access_key: await digestBytes(suite, new TextEncoder().encode(String(v['access_key']))),
    };
  },
};
