/** A place for one file: chosen with a button or dropped. The file is read by the page and goes nowhere. */
import { CloseOutlined, FileOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useId, useRef, useState } from 'react';
import type { DragEvent } from 'react';
import { useWords } from './words';

/** A file that was read. */
export interface Read {
  name: string;
  bytes: Uint8Array;
}

interface FileDropProps {
  title: string;
  help: string;
  value: Read | null;
  onChange: (value: Read | null) => void;
}

/** A place for one file. */
export function FileDrop({ title, help, value, onChange }: FileDropProps) {
  const { t, lang } = useWords();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);

  const take = async (file: File | undefined) => {
    if (file) onChange({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
    if (input.current) input.current.value = '';
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  };

  return (
    <section
      className={over ? 'drop over' : 'drop'}
      aria-labelledby={`${id}-title`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <h2 id={`${id}-title`}>{title}</h2>
      <p className="faint" id={`${id}-help`}>
        {help}
      </p>
      <div className="row">
        <Button onClick={() => input.current?.click()} aria-describedby={`${id}-title ${id}-help`}>
          {t('verify.choose')}
        </Button>
        <span className="faint">{t('verify.drop')}</span>
      </div>
      <p className="row">
        <FileOutlined aria-hidden />
        {value ? (
          <>
            <span>
              {t('verify.chosen', { name: value.name, n: value.bytes.length.toLocaleString(lang) })}
            </span>
            <Button
              type="text"
              size="small"
              icon={<CloseOutlined />}
              aria-label={t('verify.remove', { name: value.name })}
              onClick={() => onChange(null)}
            />
          </>
        ) : (
          <span className="faint">{t('verify.none')}</span>
        )}
      </p>
      <input
        ref={input}
        type="file"
        className="unseen"
        tabIndex={-1}
        aria-label={title}
        onChange={(event) => void take(event.target.files?.[0])}
      />
    </section>
  );
}
