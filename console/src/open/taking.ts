/** Withdrawal, sealing and unsealing of a resource: which states each begins in, and who may begin it. The platform decides. */
import type { Me, Procedure } from '../api/types';
import { mayOpen } from '../cases/opening';

const FROM: Readonly<Record<string, readonly string[]>> = {
  order_withdraw: ['catalogued', 'sealed'],
  order_seal: ['catalogued'],
  order_unseal: ['sealed'],
};

/** What a procedure orders of a resource; nothing where it orders none of these. */
export function takes(procedure: Procedure): string | undefined {
  return procedure.steps.flatMap((s) => s.effects).find((e) => Object.hasOwn(FROM, e));
}

/**
 * Whether a procedure is about a resource in this state. Where an unsealing is ordered and nobody has carried it out, the
 * resource can be sealed again, which takes the order back, and is not unsealed a second time.
 */
export function fits(procedure: Procedure, state: string, unsealing = false): boolean {
  const what = takes(procedure) ?? '';
  if (unsealing && what === 'order_seal') return true;
  if (unsealing && what === 'order_unseal') return false;
  return FROM[what]?.includes(state) ?? false;
}

/** Whether this person may begin it for a resource of this provider. */
export function mayTake(procedure: Procedure, me: Me, provider: string): boolean {
  const first = procedure.steps.filter((s) => s.from.includes(procedure.start)).flatMap((s) => s.by);
  const own = me.org.id === provider && first.includes('the_provider');
  return mayOpen(procedure, me) && (own || first.some((by) => me.org.roles.includes(by)));
}
