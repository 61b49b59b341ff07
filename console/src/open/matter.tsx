/** The form of a matter: a title, and a choice by name for everything that its procedure names. */
import { Alert, Form, Input } from 'antd';
import { useEffect } from 'react';
import {
  useAuthorisations,
  useCasesOf,
  useOrganisations,
  useProcedures,
  useProducts,
  useResources,
} from '../api/queries';
import type { About, Procedure } from '../api/types';
import { useTerm } from '../cases/terms';
import { useTexts } from '../i18n';
import { useOrgName } from '../parts/Names';
import { useProductTitle } from '../parts/Ref';
import { day } from '../parts/Time';
import { grantedBy } from './granted';
import { Choice, Field } from './inputs';
import type { Kind } from './kinds';
import { matterObject, places } from './naming';

/** Longest title that the platform takes. */
const LONGEST_TITLE = 120;

interface Option {
  value: string;
  label: string;
}

/** One thing to choose; `options` is nothing as long as it is not known what there is. */
function Thing({
  about,
  optional,
  options,
}: {
  about: About;
  optional: boolean;
  options: Option[] | undefined;
}) {
  const form = Form.useFormInstance();
  const chosen = Form.useWatch<string | undefined>(about, form);
  const strange = options !== undefined && Boolean(chosen) && !options.some((o) => o.value === chosen);
  useEffect(() => {
    // An address may name what this person does not see: then there is nothing chosen, rather than an id.
    if (strange) form.setFieldValue(about, undefined);
  }, [strange, form, about]);
  return (
    <Field
      name={about}
      label={`field.${about}`}
      optional={optional}
      {...(options?.length === 0 ? { hint: 'open.noneToChoose' as const } : {})}
    >
      <Choice allowClear={optional} loading={options === undefined} options={options ?? []} />
    </Field>
  );
}

interface Choosing {
  procedure: Procedure;
  optional: boolean;
}

/**
 * The authorisations that the person sees; and where there is no list for them, those under which a product that they see
 * was made, and those whose case they see.
 */
function Authorisation({ optional }: Choosing) {
  const org = useOrgName();
  const term = useTerm();
  const own = useAuthorisations().data?.authorisations;
  const products = useProducts().data?.products;
  const procedures = useProcedures().data?.procedures.filter((p) => p.object === 'authorisation');
  const granting = useCasesOf(procedures?.map((p) => p.name) ?? []);
  const ready = own && products && procedures && !granting.loading;
  const found = new Map<string, { operator: string; mode?: string; from?: number }>();
  // What says more comes last.
  for (const p of products ?? []) found.set(p.authorisation, { operator: p.operator });
  for (const a of grantedBy(granting.cases, procedures ?? [])) found.set(a.id, a);
  for (const a of own ?? []) found.set(a.id, a);
  const options = [...found].map(([value, { operator, mode, from }]) => ({
    value,
    label: [org(operator), mode && term(mode), from !== undefined && day(from)].filter(Boolean).join(' · '),
  }));
  return <Thing about="authorisation" optional={optional} options={ready ? options : undefined} />;
}

function Product({ optional }: Choosing) {
  const org = useOrgName();
  const title = useProductTitle();
  const options = useProducts().data?.products.map((p) => ({
    value: p.id,
    label: `${title(p)} · ${org(p.operator)}`,
  }));
  return <Thing about="product" optional={optional} options={options} />;
}

function Resource({ optional }: Choosing) {
  const org = useOrgName();
  const options = useResources().data?.resources.map((r) => ({
    value: r.id,
    label: `${r.table} · ${org(r.provider)}`,
  }));
  return <Thing about="resource" optional={optional} options={options} />;
}

function Organisation({ procedure, optional }: Choosing) {
  const { pick } = useTexts();
  const assigns = procedure.steps.some((s) => s.effects.includes('assign_supervisor'));
  const options = useOrganisations()
    .data?.organisations.filter((o) => !assigns || o.roles.includes('supervising_department'))
    .map((o) => ({ value: o.id, label: pick(o) }));
  return <Thing about="organisation" optional={optional} options={options} />;
}

const CHOOSERS = {
  authorisation: Authorisation,
  product: Product,
  resource: Resource,
  organisation: Organisation,
};

export const matter: Kind = {
  Fields: function MatterFields({ procedure }) {
    const { t } = useTexts();
    return (
      <>
        {procedure.confidential && <Alert type="info" showIcon title={t('matter.confidential')} />}
        <Field name="title" label="field.title" hint="open.matterTitle">
          <Input maxLength={LONGEST_TITLE} />
        </Field>
        {places(procedure).map(({ about, required }) => {
          const Chooser = CHOOSERS[about];
          return <Chooser key={about} procedure={procedure} optional={!required} />;
        })}
      </>
    );
  },
  object: (values, { procedure }) => matterObject(values, procedure),
};
