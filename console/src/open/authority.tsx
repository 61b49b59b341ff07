/** Forms of the authority's and the applicants' procedures. */
import { Form, Input, InputNumber, Radio } from 'antd';
import {
  useAnnouncements,
  useAuthorisations,
  useDeployment,
  usePack,
  usePeople,
  useResources,
  useScenarios,
} from '../api/queries';
import type { Suite } from '../api/types';
import { cache } from '../api/queries';
import { DigestInput, digestBytes } from '../cases/DigestInput';
import { lines } from '../cases/form';
import { useTerm } from '../cases/terms';
import { useTexts } from '../i18n';
import { Checks } from '../parts/Checks';
import { download } from '../parts/download';
import { useOrgName } from '../parts/Names';
import { PlanChoice } from './implementation';
import { Choice, Day, Field, Lines, instant, text, texts } from './inputs';
import type { Kind } from './kinds';
import { fits, mayTake, takes } from './taking';

/** A parameter of the pack that lists codes. */
export function useCodes(name: string): string[] {
  return texts(usePack().data?.parameters[name]?.value);
}

export function useModes() {
  const term = useTerm();
  return useCodes('authorisation.modes').map((value) => ({ value, label: term(value) }));
}

export const announcement: Kind = {
  Fields: function Announcement({ procedure }) {
    const modes = useModes();
    return (
      <>
        <Field name="zh" label="open.titleZh">
          <Input maxLength={200} lang="zh-CN" />
        </Field>
        <Field name="en" label="open.titleEn">
          <Input maxLength={200} lang="en" />
        </Field>
        <Field name="modes" label="field.modes">
          <Checks options={modes} />
        </Field>
        <Field name="conditions" label="field.conditions" hint="form.onePerLine">
          <Lines />
        </Field>
        <Field name="opens" label="field.opens">
          <Day />
        </Field>
        <Field name="closes" label="open.lastDay">
          <Day />
        </Field>
        <PlanChoice procedure={procedure} />
      </>
    );
  },
  object: (v) => ({
    implementation_plan: v['implementation_plan'] ?? null,
    zh: text(v['zh']),
    en: text(v['en']),
    modes: texts(v['modes']),
    conditions: lines(text(v['conditions'])),
    opens: instant(v['opens']),
    closes: instant(v['closes'], 1),
  }),
};

export const authorisation: Kind = {
  Fields: function Authorisation() {
    const { t, pick } = useTexts();
    const term = useTerm();
    const org = useOrgName();
    const announcements = useAnnouncements().data?.announcements.filter((a) => a.open) ?? [];
    const resources =
      useResources().data?.resources.filter((r) => r.state === 'catalogued' && !r.excluded) ?? [];
    const own = useAuthorisations().data?.authorisations ?? [];
    const domains = useCodes('authorisation.domains');
    const chosen = Form.useWatch<string | undefined>('announcement');
    const mode = Form.useWatch<string | undefined>('mode');
    const offered = announcements.find((a) => a.id === chosen)?.spec.modes ?? [];
    const most = usePack().data?.parameters['term.max_months']?.value;
    return (
      <>
        <Field
          name="announcement"
          label="field.announcement"
          {...(announcements.length === 0 ? { hint: 'open.noAnnouncement' as const } : {})}
        >
          <Choice options={announcements.map((a) => ({ value: a.id, label: pick(a.spec) }))} />
        </Field>
        <Field name="mode" label="field.mode">
          <Radio.Group options={offered.map((value) => ({ value, label: term(value) }))} />
        </Field>
        {mode === 'sector' && (
          <Field name="domain" label="field.domain">
            <Choice options={domains.map((value) => ({ value, label: value }))} />
          </Field>
        )}
        <Field name="resources" label="authorisation.scope">
          <Choice
            mode="multiple"
            options={resources.map((r) => ({ value: r.id, label: `${r.table} · ${org(r.provider)}` }))}
          />
        </Field>
        <Form.Item
          name="term_months"
          label={t('field.term_months')}
          extra={typeof most === 'number' ? t('open.termMost', { n: most }) : undefined}
          rules={[{ required: true, message: t('form.required') }]}
        >
          <InputNumber min={1} max={120} precision={0} />
        </Form.Item>
        {own.length > 0 && (
          <Field name="renewal_of" label="field.renewal_of" optional>
            <Choice
              allowClear
              options={own.map((a) => ({ value: a.id, label: `${term(a.mode)} · ${a.id}` }))}
            />
          </Field>
        )}
      </>
    );
  },
  object: (v) => ({
    announcement: v['announcement'],
    mode: v['mode'],
    domain: v['mode'] === 'sector' ? v['domain'] : null,
    resources: texts(v['resources']),
    term_months: Number(v['term_months']),
    renewal_of: v['renewal_of'] ?? null,
  }),
};

/** One's own authorisations in force, as choices. */
export function useOwnAuthorisations() {
  const term = useTerm();
  const found = useAuthorisations().data?.authorisations ?? [];
  return found.map((a) => ({ value: a.id, label: `${term(a.mode)} · ${a.id}`, a }));
}

export function UseClass() {
  const { label } = useTexts();
  const classes = useCodes('price.classes');
  return (
    <Field name="use_class" label="field.use_class">
      <Radio.Group options={classes.map((value) => ({ value, label: label('code', value) }))} />
    </Field>
  );
}

export const scenario: Kind = {
  Fields: function Scenario() {
    const own = useOwnAuthorisations();
    return (
      <>
        <Field name="authorisation" label="object.authorisation">
          <Choice options={own.map(({ value, label }) => ({ value, label }))} />
        </Field>
        <Field name="zh" label="product.zh">
          <Input maxLength={200} lang="zh-CN" />
        </Field>
        <Field name="en" label="product.en">
          <Input maxLength={200} lang="en" />
        </Field>
        <Field name="purpose" label="field.purpose">
          <Lines />
        </Field>
        <UseClass />
      </>
    );
  },
  object: (v) => ({
    authorisation: v['authorisation'],
    zh: text(v['zh']),
    en: text(v['en']),
    purpose: text(v['purpose']),
    use_class: v['use_class'],
  }),
};

/** A salted commitment to a name and a document number. The opening is handed to the person as a file and never sent. */
async function commit(name: string, document: string): Promise<string> {
  const suite = cache.getQueryData<{ suite: Suite }>(['/api/v1/deployment'])?.suite ?? 'gm';
  const salt = [...crypto.getRandomValues(new Uint8Array(32))]
    .map((b) => b.toString(16).padStart(2, '0'))
    .join('');
  const opening = JSON.stringify({ document, name, salt });
  download('staff-identity.opening.json', opening, 'application/json');
  return digestBytes(suite, new TextEncoder().encode(opening));
}

export const staff: Kind = {
  secret: true,
  Fields: function Staff({ me }) {
    const { label } = useTexts();
    const people = usePeople().data?.people.filter((p) => p.org === me.org.id) ?? [];
    return (
      <>
        <Field name="person" label="field.person">
          <Choice
            options={people.map((p) => ({
              value: p.id,
              label: `${p.account} · ${p.roles.map((r) => label('personRole', r)).join(' ')}`,
            }))}
          />
        </Field>
        <Field name="name" label="person.name" hint="open.identityHint">
          <Input autoComplete="off" maxLength={100} />
        </Field>
        <Field name="document" label="person.document">
          <Input autoComplete="off" maxLength={60} />
        </Field>
        <Field name="nda" label="open.ndaLastDay">
          <Day />
        </Field>
      </>
    );
  },
  object: async (v) => ({
    person: v['person'],
    identity: await commit(text(v['name']), text(v['document'])),
    nda_until: instant(v['nda'], 1),
  }),
};

export const plan: Kind = {
  Fields: function Plan() {
    const { pick } = useTexts();
    const scenarios = useScenarios().data?.scenarios ?? [];
    return (
      <>
        <Field name="digest" label="open.planText" hint="open.planHint">
          <DigestInput />
        </Field>
        <Field name="scenarios" label="field.scenarios" hint="open.planScenarios" optional>
          <Choice mode="multiple" options={scenarios.map((s) => ({ value: s.id, label: pick(s.spec) }))} />
        </Field>
        <Field name="until" label="open.validLastDay">
          <Day />
        </Field>
      </>
    );
  },
  object: (v) => ({
    digest: text(v['digest']),
    scenarios: texts(v['scenarios']),
    until: instant(v['until'], 1),
  }),
};

/** Article of a procedure's first step, as the object of a stop names it. */
function firstArticle(rule: string): string {
  return rule.slice(rule.indexOf('-') + 1);
}

export const stop: Kind = {
  Fields: function Stop({ procedure }) {
    const { label } = useTexts();
    const org = useOrgName();
    const term = useTerm();
    const all = useAuthorisations().data?.authorisations ?? [];
    const grounds = useCodes(`${procedure.name}.grounds`);
    const deployment = useDeployment().data;
    return (
      <>
        <Field name="authorisation" label="object.authorisation">
          <Choice
            disabled={!deployment}
            options={all.map((a) => ({
              value: a.id,
              label: `${org(a.operator)} · ${term(a.mode)} · ${a.id}`,
            }))}
          />
        </Field>
        <Field name="ground" label="field.ground">
          {grounds.length > 0 ? (
            <Radio.Group
              className="stack"
              options={grounds.map((value) => ({ value, label: label('code', value) }))}
            />
          ) : (
            <Input />
          )}
        </Field>
      </>
    );
  },
  object: (v, { procedure }) => ({
    authorisation: v['authorisation'],
    ground: text(v['ground']),
    article: firstArticle(procedure.steps.find((s) => s.from.includes(procedure.start))?.rule ?? ''),
  }),
};

/** Withdrawal, sealing, unsealing: which resource and why. A provider sees its own. */
export const resource_stop: Kind = {
  Fields: function ResourceStop({ me, procedure }) {
    const { label } = useTexts();
    const org = useOrgName();
    const all = useResources().data?.resources ?? [];
    const own = all.filter((r) => fits(procedure, r.state) && mayTake(procedure, me, r.provider));
    const grounds = useCodes(`${procedure.name}.grounds`);
    const what = takes(procedure);
    return (
      <>
        {what && <p>{label('resource.says', what)}</p>}
        <Field name="resource" label="object.resource">
          <Choice options={own.map((r) => ({ value: r.id, label: `${r.table} · ${org(r.provider)}` }))} />
        </Field>
        <Field name="ground" label="field.ground">
          <Radio.Group
            className="stack"
            options={grounds.map((value) => ({ value, label: label('code', value) }))}
          />
        </Field>
      </>
    );
  },
  object: (v) => ({ resource: v['resource'], ground: text(v['ground']) }),
};
