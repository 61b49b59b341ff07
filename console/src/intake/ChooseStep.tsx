/** First step for a new table: the file, a look at it here, and a look at its beginning in the zone. */
import { Button, Form, Input } from 'antd';
import { useState } from 'react';
import { Part } from '../parts/Page';
import { say } from '../parts/Live';
import { ZoneFailure } from '../zone/ZoneFailure';
import { zoneJson } from '../zone/client';
import { useTexts } from '../zone/texts';
import { useOpenKey } from '../zone/useOpenKey';
import type { OpenKey } from '../trust/keys';
import { FilePick } from './FilePick';
import { Preview } from './Preview';
import { draftsOf } from './contract';
import type { Proposal } from './proposal';
import { isTableName, sampleEnd, tableName } from './sniff';
import type { Seen } from './sniff';
import type { Look } from './types';

/** The zone takes this much. */
const SAMPLE_BYTES = 4 * 1024 * 1024;

/** The beginning of a file, up to a whole line. */
async function sampleOf(file: File, seen: Seen): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.slice(0, SAMPLE_BYTES).arrayBuffer());
  return file.size > SAMPLE_BYTES ? bytes.slice(0, sampleEnd(bytes, seen.encoding)) : bytes;
}

/** Has the zone look at a file. Nothing of it is kept there; the answer holds counts. */
async function lookAt(key: OpenKey, file: File, seen: Seen, table: string): Promise<Proposal> {
  const look = await zoneJson<Look>(key, {
    purpose: { purpose: 'classify' },
    method: 'POST',
    path: '/data/v1/classify',
    query: { table },
    body: await sampleOf(file, seen),
    media: 'text/csv',
  });
  const drafts = draftsOf(look.contract);
  if (!drafts) throw new Error('contract');
  const { rows, set_aside, encoding, columns, contract } = look;
  const sampled = file.size > SAMPLE_BYTES;
  return { table, file: file.name, rows, set_aside, encoding, sampled, columns, drafts, contract };
}

/** The step. */
export function ChooseStep({ done }: { done: (proposal: Proposal) => void }) {
  const { t } = useTexts();
  const { key } = useOpenKey();
  const [file, setFile] = useState<File | null>(null);
  const [seen, setSeen] = useState<Seen | null>(null);
  const [table, setTable] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const named = isTableName(table);

  const look = async () => {
    if (!key || !file || !seen) return;
    setBusy(true);
    setError(null);
    try {
      done(await lookAt(key, file, seen, table));
      say(t('intake.looked'));
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      <Part title={t('intake.chooseFile')}>
        <p>{t('intake.chooseNewText')}</p>
        <FilePick
          file={file}
          label={t('intake.choose')}
          choose={(chosen) => {
            setSeen(null);
            setError(null);
            setFile(chosen);
            setTable(tableName(chosen.name));
          }}
        />
      </Part>
      {file && <Preview key={`${file.name}/${file.size}/${file.lastModified}`} file={file} told={setSeen} />}
      {file && seen && (
        <Part title={t('intake.lookTitle')}>
          <p>{t('intake.lookText')}</p>
          <Form layout="vertical" onFinish={() => void look()} requiredMark={false}>
            <Form.Item
              label={t('intake.table')}
              htmlFor="intake-table"
              extra={t('intake.tableHint')}
              validateStatus={named ? '' : 'error'}
              help={named ? undefined : t('intake.tableWrong')}
            >
              <Input
                id="intake-table"
                className="short mono"
                value={table}
                aria-invalid={!named}
                onChange={(event) => setTable(event.target.value.trim())}
              />
            </Form.Item>
            {error !== null && <ZoneFailure error={error} />}
            <div className="row">
              <Button type="primary" htmlType="submit" loading={busy} disabled={!key || !named}>
                {t('intake.look')}
              </Button>
              {!key && <span className="faint">{t('intake.needsKey')}</span>}
            </div>
          </Form>
        </Part>
      )}
    </>
  );
}
