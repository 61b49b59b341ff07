/** Digests, ids and keys: whole, breakable, and easy to copy. */
import { CheckOutlined, CopyOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { useTexts } from '../i18n';
import { say } from './Live';

/** A text in fixed width with a button that copies it. */
export function Copyable({ text, name }: { text: string; name: string }) {
  const { t } = useTexts();
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    say(t('copy.done', { name }));
    setTimeout(() => setDone(false), 2000);
  };
  return (
    <span className="copyable">
      <code>{text}</code>
      <Button
        type="text"
        size="small"
        icon={done ? <CheckOutlined /> : <CopyOutlined />}
        aria-label={t('copy.copy', { name })}
        onClick={() => void copy()}
      />
    </span>
  );
}

/** The first characters of a digest or id, where the whole stands elsewhere. */
export function Short({ text }: { text: string }) {
  const [kind, rest] = text.includes(':') ? text.split(':', 2) : ['', text];
  const shown = (rest ?? '').length > 14 ? `${(rest ?? '').slice(0, 12)}…` : rest;
  return <code className="nowrap">{kind ? `${kind}:${shown}` : shown}</code>;
}
