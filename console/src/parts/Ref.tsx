/** Links to other things by their names; where a thing has no name, or the reader may not know it, by its id. */
import { createContext, useContext } from 'react';
import { Link } from 'react-router';
import {
  useAnnouncements,
  useAuthorisations,
  useCase,
  useGrants,
  useJobs,
  useOrders,
  useProcedures,
  useProducts,
  useResources,
  useScenarios,
} from '../api/queries';
import type { Job as JobRow, Product as ProductRow, Refs } from '../api/types';
import { useTexts } from '../i18n';
import type { Named } from '../i18n';
import { useOrgName } from './Names';

interface Props {
  id: string;
}

/** What an announcement is called. It has no page. */
function Announcement({ id }: Props) {
  return <Name id={id} named={useAnnouncements().data?.announcements.find((a) => a.id === id)?.spec} />;
}

/** What a scenario is called. It has no page. */
export function Scenario({ id }: Props) {
  return <Name id={id} named={useScenarios().data?.scenarios.find((s) => s.id === id)?.spec} />;
}

function Name({ id, named }: Props & { named: Named | undefined }) {
  const { pick } = useTexts();
  return named ? <span>{pick(named)}</span> : <code>{id}</code>;
}

function Authorisation({ id }: Props) {
  const org = useOrgName();
  const found = useAuthorisations().data?.authorisations.find((a) => a.id === id);
  return <Link to={`/authorisations/${id}`}>{found ? org(found.operator) : id}</Link>;
}

/** The name of a scenario, where the reader may know it. */
export function useScenarioName(): (id: string) => string | undefined {
  const { pick } = useTexts();
  const scenarios = useScenarios().data?.scenarios;
  return (id) => {
    const spec = scenarios?.find((s) => s.id === id)?.spec;
    return spec && pick(spec);
  };
}

/** What a job is called: the product made of it; before there is one, the scenario that it is for. */
export function useJobName(): (job: JobRow) => string | undefined {
  const product = useProductName();
  const scenario = useScenarioName();
  const grants = useGrants().data?.grants;
  return (job) => {
    const grant = grants?.find((g) => g.id === job.grant);
    return product(job.spec.product) ?? (grant && scenario(grant.spec.scenario));
  };
}

function Grant({ id }: Props) {
  const scenario = useScenarioName();
  const grant = useGrants().data?.grants.find((g) => g.id === id);
  return <Link to={`/grants/${id}`}>{(grant && scenario(grant.spec.scenario)) ?? id}</Link>;
}

/** The name of a product; a draft has none yet. */
function useProductName(): (id: string) => string | undefined {
  const { pick } = useTexts();
  const products = useProducts().data?.products;
  return (id) => {
    const spec = products?.find((p) => p.id === id)?.spec;
    return spec ? pick(spec) : undefined;
  };
}

/** What a product is called; a draft is called by the scenario that its job was for. */
export function useProductTitle(): (product: ProductRow) => string {
  const { pick } = useTexts();
  const scenario = useScenarioName();
  const jobs = useJobs().data?.jobs;
  const grants = useGrants().data?.grants;
  return (product) => {
    if (product.spec) return pick(product.spec);
    const job = jobs?.find((j) => j.id === product.job);
    const grant = grants?.find((g) => g.id === job?.grant);
    return (grant && scenario(grant.spec.scenario)) ?? product.id;
  };
}

function Product({ id }: Props) {
  const name = useProductName();
  return <Link to={`/products/${id}`}>{name(id) ?? id}</Link>;
}

function Job({ id }: Props) {
  const name = useJobName();
  const job = useJobs().data?.jobs.find((j) => j.id === id);
  return <Link to={`/jobs?job=${id}`}>{(job && name(job)) ?? id}</Link>;
}

function Order({ id }: Props) {
  const name = useProductName();
  const order = useOrders().data?.orders.find((o) => o.id === id);
  return <Link to={`/orders/${id}`}>{(order && name(order.product)) ?? id}</Link>;
}

function Resource({ id }: Props) {
  const found = useResources().data?.resources.find((r) => r.id === id);
  return <Link to={`/catalogue/${id}`}>{found?.table ?? id}</Link>;
}

function Case({ id }: Props) {
  const { pick } = useTexts();
  const found = useCase(id).data;
  const procedure = useProcedures().data?.procedures.find((p) => p.name === found?.procedure);
  return <Link to={`/cases/${id}`}>{procedure ? pick(procedure) : id}</Link>;
}

const KINDS = {
  announcement: Announcement,
  authorisation: Authorisation,
  renewal_of: Authorisation,
  case: Case,
  grant: Grant,
  job: Job,
  order: Order,
  product: Product,
  resource: Resource,
  scenario: Scenario,
};

/** Whether a field of this name holds the id of another thing. */
export const isRef = (kind: string): kind is keyof typeof KINDS => Object.hasOwn(KINDS, kind);

/** Where a thing of a kind has its page. */
const PAGES: Partial<Record<keyof typeof KINDS, string>> = {
  authorisation: '/authorisations/',
  renewal_of: '/authorisations/',
  case: '/cases/',
  grant: '/grants/',
  job: '/jobs?job=',
  order: '/orders/',
  product: '/products/',
  resource: '/catalogue/',
};

/** What the platform said with an answer about the ids in it: names, also of things that are not for the reader. */
export const RefNames = createContext<Refs>({});

/** A thing of a kind by its id. */
export function Ref({ kind, id }: { kind: keyof typeof KINDS; id: string }) {
  const { pick } = useTexts();
  const known = useContext(RefNames)[id];
  const page = PAGES[kind];
  const Kind = KINDS[kind];
  if (!known) return <Kind id={id} />;
  return known.open && page ? <Link to={`${page}${id}`}>{pick(known)}</Link> : <span>{pick(known)}</span>;
}
