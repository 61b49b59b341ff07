/** Asks for the passphrase where the key is not open yet; says what to do where there is no key here. */
import { Alert, Checkbox, Form, Input } from 'antd';
import { Link } from 'react-router';
import { useTexts } from '../i18n';
import type { OpenKey } from '../trust/keys';
import { heldKey, holdKey } from './unlocked';
import type { KeyHere } from './useKey';

/** Fields of the form in which this stands. */
export interface UnlockValues {
  passphrase?: string;
  keep?: boolean;
}

/** Opens the person's key with what the form holds. Throws `KeyError` for a wrong passphrase. */
export async function opened(here: KeyHere, values: UnlockValues): Promise<OpenKey | null> {
  const held = heldKey(here.slot);
  if (held) return held;
  if (!here.kept) return null;
  const { openKey, parseKeyFile } = await import('../trust/keys');
  const key = await openKey(parseKeyFile(here.kept.text), values.passphrase ?? '');
  if (values.keep) holdKey(here.slot, key);
  return key;
}

/** Whether the person can sign at this browser; if not, why. */
export function cannotSign(here: KeyHere | undefined): 'unknown' | 'none' | 'other' | 'unlisted' | null {
  if (!here) return 'unknown';
  if (!here.kept) return 'none';
  if (here.listed === null) return 'unlisted';
  return here.listed === here.kept.id ? null : 'other';
}

/** Passphrase field, or the way to the key page. */
export function Unlock({ here }: { here: KeyHere | undefined }) {
  const { t } = useTexts();
  const why = cannotSign(here);
  if (why === 'unknown' || !here) return null;
  if (why) {
    return (
      <Alert
        type="warning"
        showIcon
        title={t(`key.cannot.${why}`)}
        description={<Link to="/key">{t('key.go')}</Link>}
      />
    );
  }
  if (heldKey(here.slot)) return <Alert type="info" showIcon title={t('key.isOpen')} />;
  return (
    <>
      <Form.Item
        name="passphrase"
        label={t('key.passphrase')}
        extra={t('key.passphraseHint')}
        rules={[{ required: true, message: t('form.required') }]}
      >
        <Input.Password autoComplete="off" />
      </Form.Item>
      <Form.Item name="keep" valuePropName="checked">
        <Checkbox>{t('key.keepOpen')}</Checkbox>
      </Form.Item>
    </>
  );
}
