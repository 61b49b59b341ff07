/** The digest of a file, computed in the browser: the file itself is not sent anywhere. */
import { FileOutlined } from '@ant-design/icons';
import { Button, Input } from 'antd';
import { useRef, useState } from 'react';
import { useDeployment } from '../api/queries';
import type { Suite } from '../api/types';
import { useTexts } from '../i18n';
import { say } from '../parts/Live';

/** Digest of bytes under the deployment's suite. */
export async function digestBytes(suite: Suite, bytes: Uint8Array): Promise<string> {
  const [{ loadSuite }, { digestText }] = await Promise.all([
    import('../trust/suite'),
    import('../trust/digest'),
  ]);
  const primitives = await loadSuite(suite);
  return digestText(primitives.alg, primitives.hash(bytes));
}

interface Props {
  id?: string;
  value?: string;
  onChange?: (value: string) => void;
}

/** A digest, typed or taken from a file. */
export function DigestInput({ id, value, onChange }: Props) {
  const { t } = useTexts();
  const { data } = useDeployment();
  const file = useRef<HTMLInputElement>(null);
  const [name, setName] = useState('');
  const take = async (chosen: File | undefined) => {
    if (!chosen || !data) return;
    const digest = await digestBytes(data.suite as Suite, new Uint8Array(await chosen.arrayBuffer()));
    setName(chosen.name);
    say(t('digest.of', { name: chosen.name }));
    onChange?.(digest);
  };
  return (
    <div>
      <div className="row">
        <Input
          {...(id === undefined ? {} : { id })}
          value={value ?? ''}
          onChange={(event) => onChange?.(event.target.value)}
          placeholder={t('digest.hint')}
          className="grow mono"
        />
        <Button icon={<FileOutlined />} onClick={() => file.current?.click()}>
          {t('digest.fromFile')}
        </Button>
      </div>
      <input
        ref={file}
        type="file"
        className="unseen"
        tabIndex={-1}
        aria-label={t('digest.fromFile')}
        onChange={(event) => void take(event.target.files?.[0])}
      />
      {name && <span className="faint">{t('digest.of', { name })}</span>}
    </div>
  );
}
