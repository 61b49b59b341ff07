/** What is wrong with a key file or passphrase, as a message. */
import type { MessageKey } from '../i18n';

const TEXTS: Record<string, MessageKey> = {
  damaged: 'key.fault.malformed',
  unsupported: 'key.fault.version',
  'wrong-passphrase': 'key.fault.passphrase',
  'unusable-passphrase': 'key.fault.unusable',
};

/** The message for a failure of the key library; `null` where it is another failure. */
export function keyFault(error: unknown): MessageKey | null {
  if (!(error instanceof Error) || error.name !== 'KeyError' || !('code' in error)) return null;
  return TEXTS[String(error.code)] ?? 'key.fault.malformed';
}
