/** Signing in. */
import { post } from '../api/client';
import type { components } from '../api/schema';
import { begin } from './store';

/**
 * Signs in and starts the session of this tab.
 *
 * @throws Refused for a wrong password or a locked account.
 */
export async function signIn(account: string, password: string): Promise<void> {
  const answer = await post<components['schemas']['SessionView']>('/api/v1/sessions', { account, password });
  begin({
    token: answer.token,
    person: answer.person,
    org: answer.org,
    account: account.trim().toLowerCase(),
  });
}
