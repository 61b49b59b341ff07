/** Orders to the zone as their case shows them, and matters that come again. */
import type { Instant } from './types';

/** An order of a case, and the zone's last word on it with the zone's time. */
export interface IssuedOrder {
  id: string;
  case: string;
  effect: string;
  issued_at: Instant;
  answer: [outcome: string, at: Instant] | null;
}

/** A matter that comes again: when it is due next, of which authorisation or organisation. */
export interface DueMatter {
  procedure: string;
  zh: string;
  en: string;
  authorisation: string | null;
  /** The operator of the authorisation, or whose matter it is. */
  organisation: string;
  /** First instant at which it is late. */
  due_at: Instant;
  every_months: number;
  standing: 'later' | 'soon' | 'overdue';
  last_at: Instant | null;
  last: string | null;
  under_way: string | null;
  /** The person's organisation may begin it. */
  can_begin: boolean;
  rule: string;
  article: string;
}
