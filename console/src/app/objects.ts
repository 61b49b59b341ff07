/** Everything with a page of its own that the person may see, for the palette. */
import { useMemo } from 'react';
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
import { useCaseTitle } from '../cases/title';
import { useTexts } from '../i18n';
import { useOrgName } from '../parts/Names';
import type { Target } from './Palette';

/** Objects as targets. Lists that the person may not read stay empty. */
export function useObjects(): Target[] {
  const { t, pick } = useTexts();
  const org = useOrgName();
  const title = useCaseTitle();
  const cases = useCases().data?.cases;
  const procedures = useProcedures().data?.procedures;
  const resources = useResources().data?.resources;
  const products = useProducts().data?.products;
  const orders = useOrders().data?.orders;
  const grants = useGrants().data?.grants;
  const jobs = useJobs().data?.jobs;
  const authorisations = useAuthorisations().data?.authorisations;

  return useMemo(() => {
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
      ...(products ?? []).map((p) =>
        one('/products', t('object.product'), p.id, p.spec ? pick(p.spec) : p.id),
      ),
      ...(orders ?? []).map((o) =>
        one('/orders', t('object.order'), o.id, `${name(o.product)} · ${org(o.consumer)}`),
      ),
      ...(authorisations ?? []).map((a) =>
        one('/authorisations', t('object.authorisation'), a.id, org(a.operator)),
      ),
      ...(grants ?? []).map((g) =>
        one('/grants', t('object.grant'), g.id, Object.keys(g.spec.fields).join(' ')),
      ),
      ...(jobs ?? []).map((j) => ({ to: `/jobs?job=${j.id}`, kind: t('object.job'), id: j.id, title: j.id })),
      ...(cases ?? []).map((c) => {
        const procedure = procedures?.find((p) => p.name === c.procedure);
        return one('/cases', procedure ? pick(procedure) : c.procedure, c.id, title(c));
      }),
    ];
  }, [cases, procedures, resources, products, orders, grants, jobs, authorisations, pick, t, org, title]);
}
