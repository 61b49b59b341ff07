/** Implementation plans: what may be authorised, decided before anybody is chosen. */
import { Input, InputNumber } from 'antd';
import { useImplementationPlans, useResources } from '../api/queries';
import type { Procedure } from '../api/types';
import { DigestInput } from '../cases/DigestInput';
import { useTexts } from '../i18n';
import { Checks } from '../parts/Checks';
import { useOrgName } from '../parts/Names';
import { useModes } from './authority';
import { Choice, Field, text, texts } from './inputs';
import type { Kind } from './kinds';

/** The approved plans that hold, as choices. */
function usePlans() {
  const { pick } = useTexts();
  const plans = useImplementationPlans().data?.implementation_plans ?? [];
  return plans.filter((p) => p.state === 'adopted').map((p) => ({ value: p.id, label: pick(p.spec) }));
}

/** Asks for the plan that an announcement carries out, where the city demands one. */
export function PlanChoice({ procedure }: { procedure: Procedure }) {
  const plans = usePlans();
  if (!procedure.steps.some((step) => 'plan_in_force' in step.guards)) return null;
  return (
    <Field name="implementation_plan" label="field.implementation_plan">
      <Choice options={plans} />
    </Field>
  );
}

export const implementation_plan: Kind = {
  Fields: function ImplementationPlan() {
    const org = useOrgName();
    const modes = useModes();
    const plans = usePlans();
    const resources =
      useResources().data?.resources.filter((r) => r.state === 'catalogued' && !r.excluded) ?? [];
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
        <Field name="resources" label="authorisation.scope">
          <Choice
            mode="multiple"
            options={resources.map((r) => ({ value: r.id, label: `${r.table} · ${org(r.provider)}` }))}
          />
        </Field>
        <Field name="term_months" label="field.term_months">
          <InputNumber min={1} max={120} precision={0} />
        </Field>
        <Field name="digest" label="open.planText">
          <DigestInput />
        </Field>
        {plans.length > 0 && (
          <Field name="replaces" label="field.replaces" optional>
            <Choice allowClear options={plans} />
          </Field>
        )}
      </>
    );
  },
  object: (v) => ({
    zh: text(v['zh']),
    en: text(v['en']),
    modes: texts(v['modes']),
    resources: texts(v['resources']),
    term_months: Number(v['term_months']),
    digest: text(v['digest']),
    replaces: v['replaces'] ?? null,
  }),
};
