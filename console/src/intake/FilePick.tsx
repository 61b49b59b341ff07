/** Choosing a file: by button, by keyboard, or dropped onto the field. */
import { FileTextOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useRef, useState } from 'react';
import { useTexts } from '../zone/texts';
import { size } from './size';

interface Props {
  file: File | null;
  choose: (file: File) => void;
  label: string;
  disabled?: boolean;
}

/** The field. */
export function FilePick({ file, choose, label, disabled = false }: Props) {
  const { t } = useTexts();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const take = (files: FileList | null) => {
    const chosen = files?.[0];
    if (chosen && !disabled) choose(chosen);
  };
  return (
    <div
      className={over ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files);
      }}
    >
      <Button
        icon={<FileTextOutlined aria-hidden />}
        onClick={() => input.current?.click()}
        disabled={disabled}
      >
        {label}
      </Button>
      <input
        ref={input}
        type="file"
        accept=".csv,.txt,.tsv,text/csv,text/plain,text/tab-separated-values"
        hidden
        onChange={(event) => {
          take(event.target.files);
          // The same file may be chosen again after it was changed on disk.
          event.target.value = '';
        }}
      />
      <span className="faint">
        {file ? t('intake.chosen', { name: file.name, size: size(file.size) }) : t('intake.drop')}
      </span>
    </div>
  );
}
