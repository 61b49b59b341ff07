/**
 * One form for each kind of object. A form says what the case is about; the platform adds the ids, digests
 * and organisations that are its own to give.
 */
import type { ComponentType } from 'react';
import type { Me, Procedure } from '../api/types';
import { announcement, authorisation, plan, resource_stop, scenario, staff, stop } from './authority';
import { implementation_plan } from './implementation';
import { matter } from './matter';
import { grant, job, product, recipient, release, resource } from './supply';

/** What a form knows beside its own fields. */
export interface Given {
  me: Me;
  procedure: Procedure;
}

/** A form for one kind of object. */
export interface Kind {
  Fields: ComponentType<Given>;
  /** The object from what was typed. */
  object: (
    values: Record<string, unknown>,
    given: Given,
  ) => Promise<Record<string, unknown>> | Record<string, unknown>;
  /** True where what is typed must not be kept over a reload. */
  secret?: boolean;
}

/** Forms by kind of object. */
export const KINDS: Record<string, Kind> = {
  announcement,
  authorisation,
  grant,
  implementation_plan,
  job,
  matter,
  plan,
  product,
  recipient,
  release,
  resource,
  resource_stop,
  scenario,
  staff,
  stop,
};
