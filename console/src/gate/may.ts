/** Who may ask for a gate report. The platform decides; this only keeps a request away that would be refused. */
import type { Me } from '../api/types';

const READERS = ['operator', 'data_authority', 'security_regulator', 'third_party_assessor', 'expert_panel'];

/** Whether the person's organisation is one that reads gate reports. */
export function mayReadReport(me: Me): boolean {
  return me.org.roles.some((role) => READERS.includes(role));
}
