/** Supplying a catalogued resource: choose the file, look at it, send it to the operation domain, see what became of it. */
import { Alert, Button } from 'antd';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { useBatches, useMe, useResource } from '../../api/queries';
import type { Batches, Resource } from '../../api/types';
import { holds } from '../../app/menu';
import { BatchResult, SetAside, asideOf } from '../../intake/BatchResult';
import { FilePick } from '../../intake/FilePick';
import { Preview } from '../../intake/Preview';
import { RunView } from '../../intake/RunView';
import { forget, start, useRun } from '../../intake/runs';
import type { Seen } from '../../intake/sniff';
import { fieldsOf } from '../../parts/Dictionary';
import { Copyable } from '../../parts/Copy';
import { count } from '../../parts/Money';
import { Page, Part } from '../../parts/Page';
import { Shown } from '../../parts/States';
import { Time } from '../../parts/Time';
import { Empty } from '../../zone/Empty';
import { KeyBar } from '../../zone/KeyBar';
import { useTexts } from '../../zone/texts';
import { useOpenKey } from '../../zone/useOpenKey';
import '../../zone/work.css';

export default function Supply() {
  const { resource: id = '' } = useParams();
  const { t } = useTexts();
  const query = useResource(id);
  return (
    <Page
      title={query.data ? t('intake.supplyTo', { table: query.data.spec.table }) : t('page.intake')}
      kind={<Link to="/intake">{t('page.intake')}</Link>}
      topic="intake"
    >
      <Shown query={query}>{(resource) => <Known key={resource.id} resource={resource} />}</Shown>
    </Page>
  );
}

function Known({ resource }: { resource: Resource }) {
  const { t } = useTexts();
  const me = useMe().data;
  const may = me !== undefined && me.org.id === resource.provider && holds(me, 'officer');
  const batches = useBatches(resource.id, may);
  if (me && !may) return <Alert type="warning" showIcon title={t('intake.notYours')} />;
  if (resource.state !== 'catalogued')
    return (
      <Alert
        type="info"
        showIcon
        title={t('intake.notYet')}
        description={<Link to={`/cases/${resource.case}`}>{t('intake.toCase')}</Link>}
      />
    );
  return (
    <>
      <KeyBar />
      <Send resource={resource} batches={batches.data} />
      <Part title={t('batch.title')}>
        <Shown query={batches}>{(found) => <History resource={resource.id} batches={found} />}</Shown>
      </Part>
    </>
  );
}

/** The part in which one file is sent. */
function Send({ resource, batches }: { resource: Resource; batches: Batches | undefined }) {
  const { t } = useTexts();
  const { key } = useOpenKey();
  const run = useRun(resource.id);
  // After a reload the platform may know more than this tab: the batch arrived.
  const known = run && batches?.stored.find((b) => b.id === run.batch);
  const stored = run?.stored ?? known;
  if (run && stored && (run.state === 'stored' || run.state === 'interrupted')) {
    const batch = { id: run.batch, rows: stored.rows, set_aside: stored.set_aside };
    return (
      <Part title={t('intake.result', { name: run.name })}>
        <BatchResult resource={resource.id} batch={batch} />
        <p>
          {t('value.digest')} <Copyable text={stored.digest} name={t('value.digest')} />
        </p>
        <p>
          <Button onClick={() => forget(resource.id)}>{t('intake.next')}</Button>
        </p>
      </Part>
    );
  }
  if (run) return <RunView run={run} openKey={key} />;
  return <Choose resource={resource} />;
}

function Choose({ resource }: { resource: Resource }) {
  const { t } = useTexts();
  const { key } = useOpenKey();
  const [file, setFile] = useState<File | null>(null);
  const [seen, setSeen] = useState<Seen | null>(null);
  return (
    <>
      <Part title={t('intake.chooseFile')}>
        <p>{t('intake.chooseText')}</p>
        <FilePick
          file={file}
          choose={(chosen) => {
            setSeen(null);
            setFile(chosen);
          }}
          label={t('intake.choose')}
        />
      </Part>
      {file && <Preview key={`${file.name}/${file.size}/${file.lastModified}`} file={file} told={setSeen} />}
      {file && seen && <Fit header={seen.header} contract={resource.spec.contract} />}
      {file && (
        <div className="row">
          <Button
            type="primary"
            size="large"
            disabled={!key || file.size === 0}
            onClick={() => {
              if (key) void start(key, resource.id, file);
            }}
          >
            {t('intake.upload')}
          </Button>
          <span className="faint">{key ? t('intake.uploadText') : t('intake.needsKey')}</span>
        </div>
      )}
    </>
  );
}

/** Whether the file's columns are those of the contract, before anything is sent. */
function Fit({ header, contract }: { header: string[]; contract: string }) {
  const { t } = useTexts();
  const fields = (fieldsOf(contract) ?? []).map((f) => f.name);
  const missing = fields.filter((name) => !header.includes(name));
  const unknown = header.filter((name) => name !== '' && !fields.includes(name));
  if (missing.length === 0 && unknown.length === 0)
    return <Alert type="success" showIcon title={t('intake.fits', { n: fields.length })} />;
  const names = (list: string[]) => list.join(t('list.comma'));
  return (
    <Alert
      type="warning"
      showIcon
      title={t('intake.fitsNot')}
      description={
        <>
          {missing.length > 0 && <p>{t('intake.missing', { names: names(missing) })}</p>}
          {unknown.length > 0 && <p>{t('intake.unknown', { names: names(unknown) })}</p>}
          <p>{t('intake.fitsNotText')}</p>
        </>
      }
    />
  );
}

/** Batches stored before, newest first. */
function History({ resource, batches }: { resource: string; batches: Batches }) {
  const { t, label } = useTexts();
  const names = new Map(batches.opened.map((b) => [b.id, b.label ?? '']));
  const rows = [...batches.stored].sort((a, b) => b.at - a.at);
  if (rows.length === 0) return <Empty text={t('batch.empty')} />;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('batch.title')}>
      <table className="grid">
        <caption className="unseen">{t('batch.title')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('intake.file')}</th>
            <th scope="col">{t('batch.at')}</th>
            <th scope="col" className="number">
              {t('batch.rows')}
            </th>
            <th scope="col">{t('batch.setAside')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((b) => (
            <tr key={b.id}>
              <th scope="row">
                {names.get(b.id) || b.id}
                <div className="faint">
                  <code>{b.id}</code>
                </div>
              </th>
              <td>
                <Time at={b.at} />
              </td>
              <td className="number">{count(b.rows)}</td>
              <td>
                {asideOf(b.set_aside) === 0
                  ? t('batch.noneAside')
                  : Object.entries(b.set_aside)
                      .map(([why, n]) => `${label('problem', why)} ${count(n)}`)
                      .join(t('list.comma'))}
                {asideOf(b.set_aside) > 0 && <SetAside resource={resource} batch={b.id} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
