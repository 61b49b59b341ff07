/** The workspace of one grant: write a query, see what will be done with it, rehearse it, submit it as a job. */
import { Alert, Button } from 'antd';
import { Suspense, lazy, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import { useGrants, useJob, useMe, useScenarios } from '../../api/queries';
import type { Grant, Job, Me } from '../../api/types';
import { holds } from '../../app/menu';
import { say } from '../../parts/Live';
import { Page, Part } from '../../parts/Page';
import { Loading, Shown } from '../../parts/States';
import { draftSql, keepSql } from '../../workspace/drafts';
import type { EditorHandle, Marked } from '../../workspace/Editor';
import { LineageView } from '../../workspace/LineageView';
import { RehearsalView } from '../../workspace/RehearsalView';
import { Submit } from '../../workspace/Submit';
import { Tree } from '../../workspace/Tree';
import { VerdictView } from '../../workspace/VerdictView';
import { spanAt } from '../../workspace/place';
import type { Contracts, Rehearsed, Verdict } from '../../workspace/types';
import { useCheck } from '../../workspace/useCheck';
import { Empty } from '../../zone/Empty';
import { KeyBar } from '../../zone/KeyBar';
import { ZoneFailure } from '../../zone/ZoneFailure';
import { zoneJson } from '../../zone/client';
import { KeyLocked, isAbort } from '../../zone/problem';
import { useTexts } from '../../zone/texts';
import { useOpenKey } from '../../zone/useOpenKey';
import { useZoneRead } from '../../zone/useZone';
import '../../zone/work.css';

const Editor = lazy(() => import('../../workspace/Editor'));

export default function Workspace() {
  const { grant: id = '' } = useParams();
  const { t, pick } = useTexts();
  const query = useGrants();
  const me = useMe().data;
  const found = query.data?.grants.find((g) => g.id === id);
  const scenario = useScenarios().data?.scenarios.find((s) => s.id === found?.spec.scenario);
  return (
    <Page
      title={scenario ? pick(scenario.spec) : t('page.workspace')}
      kind={<Link to="/workspace">{t('page.workspace')}</Link>}
      topic="workspace"
      actions={found && <Link to={`/grants/${found.id}`}>{t('work.toGrant')}</Link>}
    >
      <Shown query={query}>{() => (me ? <Known key={id} grant={found} me={me} /> : <Loading />)}</Shown>
    </Page>
  );
}

function Known({ grant, me }: { grant: Grant | undefined; me: Me }) {
  const { t } = useTexts();
  if (!grant) return <Empty text={t('work.noGrant')} />;
  if (grant.operator !== me.org.id || !holds(me, 'engineer'))
    return <Alert type="warning" showIcon title={t('work.forEngineers')} />;
  if (grant.state !== 'open') return <Alert type="warning" showIcon title={t('work.closed')} />;
  return <Desk grant={grant} me={me} />;
}

const NONE: Contracts = { tables: [], joins: [], thresholds: {} };

/** Reasons with a place in the text, for the editor to underline. */
function useMarks(sql: string, verdict: Verdict | undefined, current: boolean): Marked[] {
  const { pick } = useTexts();
  return useMemo(() => {
    if (!verdict || !current) return [];
    return verdict.reasons.flatMap((reason) => {
      const span = spanAt(sql, reason.at);
      return span ? [{ ...span, refused: verdict.verdict === 'refuse', message: pick(reason) }] : [];
    });
  }, [sql, verdict, current, pick]);
}

/** The query as it is written, kept in this browser. */
function useDraft(me: Me, grant: string): [string, (sql: string) => void] {
  const [sql, setSql] = useState(() => draftSql(me.person, grant));
  const change = useCallback(
    (next: string) => {
      keepSql(me.person, grant, next);
      setSql(next);
    },
    [me.person, grant],
  );
  return [sql, change];
}

function Desk({ grant, me }: { grant: Grant; me: Me }) {
  const { t } = useTexts();
  const [sql, change] = useDraft(me, grant.id);
  const editor = useRef<EditorHandle | null>(null);
  const contracts = useZoneRead<Contracts>({
    purpose: { purpose: 'preview', grant: grant.id },
    path: `/data/v1/grants/${grant.id}/contracts`,
    fresh: 60_000,
  });
  const check = useCheck(grant.id, sql, true);
  const marks = useMarks(sql, check.verdict, check.current);
  const rehearsal = useRehearsal(grant.id, sql);
  const { query, key } = contracts;
  const shown = query.data ?? NONE;
  const goTo = useCallback((span: { from: number; to: number }) => editor.current?.goTo(span), []);
  const insert = useCallback((name: string) => editor.current?.insert(name), []);
  return (
    <>
      <KeyBar />
      <FromJob grant={grant} sql={sql} change={change} />
      <div className="desk">
        <div className="part">
          <h2>{t('work.tables')}</h2>
          {query.data && <Tree contracts={query.data} insert={insert} />}
          {!query.data && query.error && (
            <ZoneFailure error={query.error} again={() => void query.refetch()} />
          )}
          {!query.data &&
            !query.error &&
            (key ? <Loading rows={8} /> : <p className="faint">{t('work.needsKey')}</p>)}
        </div>
        <div className="stack">
          <Part title={t('work.sql')}>
            <p id="work-keys" className="faint">
              {t('work.keys')}
            </p>
            <Suspense fallback={<Loading rows={8} />}>
              <Editor
                text={sql}
                change={change}
                tables={shown.tables}
                marks={marks}
                handle={editor}
                describedBy="work-keys"
                run={rehearsal.run}
              />
            </Suspense>
            {key || check.verdict ? (
              <VerdictView sql={sql} {...check} goTo={goTo} />
            ) : (
              <p className="faint">{t('work.needsKey')}</p>
            )}
            <Actions grant={grant} sql={sql} check={check} rehearsal={rehearsal} ready={key !== null} />
          </Part>
          <Rehearsal rehearsal={rehearsal} sql={sql} />
          {check.verdict && check.verdict.lineage.length > 0 && (
            <Part title={t('job.lineage')}>
              <LineageView lineage={check.verdict.lineage} />
            </Part>
          )}
        </div>
      </div>
    </>
  );
}

interface ActionsProps {
  grant: Grant;
  sql: string;
  check: ReturnType<typeof useCheck>;
  rehearsal: RehearsalState;
  ready: boolean;
}

function Actions({ grant, sql, check, rehearsal, ready }: ActionsProps) {
  const { t } = useTexts();
  const empty = sql.trim() === '';
  return (
    <>
      <div className="row">
        <Button onClick={rehearsal.run} loading={rehearsal.busy} disabled={!ready || empty}>
          {t('work.try')}
        </Button>
        <span className="faint">{t('work.tryText')}</span>
      </div>
      <Submit
        grant={grant.id}
        sql={sql}
        refused={check.verdict?.verdict === 'refuse' && check.current}
        checked={check.verdict !== undefined && check.current}
      />
    </>
  );
}

interface RehearsalState {
  run: () => void;
  busy: boolean;
  error: unknown;
  answer: { sql: string; answer: Rehearsed } | null;
}

/** Asks the zone for an answer over made-up rows. */
function useRehearsal(grant: string, sql: string): RehearsalState {
  const { t } = useTexts();
  const { key } = useOpenKey();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [answer, setAnswer] = useState<RehearsalState['answer']>(null);
  const going = useRef<AbortController | null>(null);
  useEffect(() => () => going.current?.abort(), []);
  const run = useCallback(() => {
    if (sql.trim() === '') return;
    if (!key) {
      setError(new KeyLocked());
      return;
    }
    going.current?.abort();
    const stop = new AbortController();
    going.current = stop;
    setBusy(true);
    setError(null);
    zoneJson<Rehearsed>(key, {
      purpose: { purpose: 'preview', grant },
      method: 'POST',
      path: `/data/v1/grants/${grant}/try`,
      body: JSON.stringify({ sql }),
      media: 'application/json',
      signal: stop.signal,
    })
      .then((found) => {
        setAnswer({ sql, answer: found });
        say(t('work.tried', { n: found.rows.length }));
      })
      .catch((e: unknown) => {
        if (!isAbort(e)) setError(e);
      })
      .finally(() => {
        if (going.current === stop) setBusy(false);
      });
  }, [grant, key, sql, t]);
  return { run, busy, error, answer };
}

function Rehearsal({ rehearsal, sql }: { rehearsal: RehearsalState; sql: string }) {
  const { t } = useTexts();
  const { error, answer, run } = rehearsal;
  if (error === null && !answer) return null;
  return (
    <Part title={t('work.rehearsal')}>
      {error !== null && <ZoneFailure error={error} again={run} />}
      {answer && answer.sql !== sql && <p className="faint">{t('work.tryOld')}</p>}
      {answer && <RehearsalView answer={answer.answer} />}
    </Part>
  );
}

/** The query of an earlier job, when one was come here with: never over a draft without being asked. */
function FromJob({ grant, sql, change }: { grant: Grant; sql: string; change: (sql: string) => void }) {
  const [params] = useSearchParams();
  const id = params.get('job');
  return id ? <Earlier key={id} id={id} grant={grant} sql={sql} change={change} /> : null;
}

interface EarlierProps {
  id: string;
  grant: Grant;
  sql: string;
  change: (sql: string) => void;
}

function Earlier({ id, grant, sql, change }: EarlierProps) {
  const { t } = useTexts();
  const query = useJob(id);
  const [, setParams] = useSearchParams();
  const job: Job | undefined = query.data?.grant === grant.id ? query.data : undefined;
  const theirs = job?.spec.sql;
  const take = useCallback(() => {
    if (theirs === undefined) return;
    change(theirs);
    setParams({}, { replace: true });
    say(t('work.taken'));
  }, [theirs, change, setParams, t]);
  const free = sql.trim() === '' || sql === theirs;
  useEffect(() => {
    if (free) take();
  }, [free, take]);
  if (theirs === undefined || free) return null;
  return (
    <Alert
      type="info"
      showIcon
      title={t('work.draftThere')}
      description={t('work.draftThereText')}
      action={
        <span className="row">
          <Button type="primary" onClick={take}>
            {t('work.takeJob')}
          </Button>
          <Button onClick={() => setParams({}, { replace: true })}>{t('work.keepDraft')}</Button>
        </span>
      }
    />
  );
}
