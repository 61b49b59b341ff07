/** Everything with a page of its own that the person may see, for the palette. */
import {
  useAuthorisations,
  useCases,
  useGrants,
  useJobs,
  useOrders,
  useProcedures,
  useProducts,
  useResources,
} from '../api/queries';
import { useTexts } from '../i18n';
import { useOrgName } from '../parts/Names';
import { useJobName, useScenarioName } from '../parts/Ref';
import { useLater } from '../parts/useLater';
import type { Target } from './Palette';

/** So many cases are offered. */
const CASES = 20;

/** Objects as targets, and the cases that hold what is typed. Lists that the person may not read stay empty. */
export function useObjects(typed: string): Target[] {
  const { t, pick } = useTexts();
  const org = useOrgName();
  const jobName = useJobName();
  const scenario = useScenarioName();
  const text = useLater(typed.trim());
  const ask = { order: 'newest', limit: CASES } as const;
  const cases = useCases(text ? { ...ask, text } : ask, true).data?.cases;
  const procedures = useProcedures().data?.procedures;
  const resources = useResources().data?.resources;
  const products = useProducts().data?.products;
  const orders = useOrders().data?.orders;
  const grants = useGrants().data?.grants;
  const jobs = useJobs().data?.jobs;
  const authorisations = useAuthorisations().data?.authorisations;

  const name = (id: string) => {
    const found = products?.find((p) => p.id === id)?.spec;
    return found ? pick(found) : id;
  };
  const one = (to: string, kind: string, id: string, title: string): Target => ({
    to: `${to}/${id}`,
    kind,
    id,
    title,
  });
  return [
    ...(resources ?? []).map((r) => one('/catalogue', t('object.resource'), r.id, r.table)),
    ...(products ?? []).map((p) => one('/products', t('object.product'), p.id, p.spec ? pick(p.spec) : p.id)),
    ...(orders ?? []).map((o) =>
      one('/orders', t('object.order'), o.id, `${name(o.product)} · ${org(o.consumer)}`),
    ),
    ...(authorisations ?? []).map((a) =>
      one('/authorisations', t('object.authorisation'), a.id, org(a.operator)),
    ),
    ...(grants ?? []).map((g) =>
      one(
        '/grants',
        t('object.grant'),
        g.id,
        scenario(g.spec.scenario) ?? Object.keys(g.spec.fields).join(' '),
      ),
    ),
    ...(jobs ?? []).map((j) => ({
      to: `/jobs?job=${j.id}`,
      kind: t('object.job'),
      id: j.id,
      title: jobName(j) ?? j.id,
    })),
    ...(cases ?? []).map((c) => {
      const procedure = procedures?.find((p) => p.name === c.procedure);
      return one('/cases', procedure ? pick(procedure) : c.procedure, c.id, pick(c.title));
    }),
  ];
}
