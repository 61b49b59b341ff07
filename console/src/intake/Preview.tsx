/** The first rows of a file, read in the browser. Nothing of them is sent anywhere. */
import { Alert } from 'antd';
import { useEffect, useMemo, useState } from 'react';
import { count } from '../parts/Money';
import { Part } from '../parts/Page';
import { useTexts } from '../zone/texts';
import { Pick } from './Pick';
import { DELIMITERS, ENCODINGS, HEAD_BYTES, sniff } from './sniff';
import type { Delimiter, Encoding, Seen } from './sniff';

/** Longest part of a cell that is shown. */
const CELL = 60;

interface Props {
  file: File;
  /** Told what was seen, each time it changes. */
  told: (seen: Seen | null) => void;
}

/** The head of a file; `null` while it is being read, `'unreadable'` where the browser could not. */
function useHead(file: File): Uint8Array | null | 'unreadable' {
  const [head, setHead] = useState<{ file: File; bytes: Uint8Array | 'unreadable' } | null>(null);
  useEffect(() => {
    let gone = false;
    file
      .slice(0, HEAD_BYTES)
      .arrayBuffer()
      .then(
        (bytes) => new Uint8Array(bytes),
        () => 'unreadable' as const,
      )
      .then((bytes) => {
        if (!gone) setHead({ file, bytes });
      });
    return () => {
      gone = true;
    };
  }, [file]);
  return head?.file === file ? head.bytes : null;
}

/** The preview. */
export function Preview({ file, told }: Props) {
  const { t, label } = useTexts();
  const head = useHead(file);
  const [as, setAs] = useState<{ encoding?: Encoding; delimiter?: Delimiter }>({});
  const seen = useMemo(
    () => (head instanceof Uint8Array ? sniff(head, file.size > HEAD_BYTES, as) : null),
    [head, file, as],
  );
  useEffect(() => told(seen), [seen, told]);

  if (head === 'unreadable') return <Alert type="error" showIcon title={t('intake.unreadableFile')} />;
  if (file.size === 0) return <Alert type="warning" showIcon title={t('intake.emptyFile')} />;
  if (!seen) return null;
  return (
    <Part title={t('intake.preview')} aside={<span className="faint">{t('intake.stays')}</span>}>
      <div className="row">
        <Pick
          label={t('intake.encoding')}
          value={seen.encoding}
          options={ENCODINGS.map((e) => [e, label('intake.enc', e)])}
          change={(encoding) => setAs({ ...as, encoding: encoding as Encoding })}
        />
        <Pick
          label={t('intake.delimiter')}
          value={seen.delimiter}
          options={DELIMITERS.map((d) => [d, t(`intake.del.${NAMES[d]}`)])}
          change={(delimiter) => setAs({ ...as, delimiter: delimiter as Delimiter })}
        />
        <span className="faint">{t('intake.ownEyes')}</span>
      </div>
      <Faults seen={seen} />
      <Rows seen={seen} name={file.name} />
    </Part>
  );
}

const NAMES = { ',': 'comma', '\t': 'tab', ';': 'semicolon', '|': 'bar' } as const;

function Faults({ seen }: { seen: Seen }) {
  const { t } = useTexts();
  const empty = seen.header.filter((name) => name === '').length;
  const twice = seen.header.length - new Set(seen.header).size - Math.max(0, empty - 1);
  const faults = [
    seen.unreadable > 0 && t('intake.fault.unreadable', { n: seen.unreadable }),
    seen.ragged > 0 && t('intake.fault.ragged', { n: seen.ragged, of: seen.looked }),
    empty > 0 && t('intake.fault.noName', { n: empty }),
    twice > 0 && t('intake.fault.twice', { n: twice }),
    seen.header.length === 1 && t('intake.fault.one'),
  ].filter((fault): fault is string => Boolean(fault));
  if (faults.length === 0) return null;
  return (
    <Alert
      type="warning"
      showIcon
      title={t('intake.fault.title')}
      description={
        <ul className="links">
          {faults.map((fault) => (
            <li key={fault}>{fault}</li>
          ))}
        </ul>
      }
    />
  );
}

const short = (cell: string) => (cell.length > CELL ? `${cell.slice(0, CELL)}…` : cell);

function Rows({ seen, name }: { seen: Seen; name: string }) {
  const { t } = useTexts();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('intake.rowsOf', { name })}>
      <table className="grid raw">
        <caption>
          {t('intake.firstRows', {
            n: seen.rows.length,
            columns: seen.header.length,
            of: count(seen.looked),
          })}
        </caption>
        <thead>
          <tr>
            {seen.header.map((column, i) => (
              <th key={i} scope="col">
                {column || <span className="bad">{t('intake.noName')}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {seen.rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={j}>{short(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
