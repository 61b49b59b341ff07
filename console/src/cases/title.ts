/** What a case is about, in a few words. */
import { useMemo } from 'react';
import { usePeople, useProducts, useScenarios } from '../api/queries';
import type { Case } from '../api/types';
import { useTexts } from '../i18n';
import type { Named } from '../i18n';
import { useOrgName } from '../parts/Names';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Names of other things that a case may be about. */
export interface Known {
  product: (id: string) => Named | undefined;
  scenario: (id: string) => Named | undefined;
  /** Account, or words for somebody of an organisation. */
  person: (id: string, org: string) => string;
  org: (id: string) => string;
  pick: (named: Named) => string;
}

/** The name of a case's object: its own name where it has one, else the name of what it is about, else an id. */
export function titleOf(c: Case, known: Known): string {
  const o = c.object;
  const own = known.pick({ zh: text(o['zh']), en: text(o['en']) });
  if (own) return own;
  if (text(o['table'])) return text(o['table']);
  const product = known.product(text(o['product']));
  if (product) return known.pick(product);
  const scenario = known.scenario(text(o['scenario']));
  if (scenario) return known.pick(scenario);
  const person = text(o['person']);
  if (person) return known.person(person, text(o['operator']) || c.applicant);
  if (text(o['job']) || text(o['product'])) return text(o['job']) || text(o['product']);
  const org = text(o['operator']) || text(o['provider']) || c.applicant;
  return known.org(org);
}

/** Titles of cases. */
export function useCaseTitle(): (c: Case) => string {
  const { t, pick } = useTexts();
  const org = useOrgName();
  const products = useProducts().data?.products;
  const scenarios = useScenarios().data?.scenarios;
  const people = usePeople().data?.people;
  return useMemo(() => {
    const known: Known = {
      pick,
      org,
      product: (id) => products?.find((p) => p.id === id)?.spec ?? undefined,
      scenario: (id) => scenarios?.find((s) => s.id === id)?.spec,
      // Pseudonyms are long; their end tells several people of an organisation apart.
      person: (id, of) =>
        people?.find((p) => p.id === id)?.account ?? t('case.personOf', { org: org(of), mark: id.slice(-4) }),
    };
    return (c) => titleOf(c, known);
  }, [t, pick, org, products, scenarios, people]);
}
