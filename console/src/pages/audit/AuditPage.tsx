/** The audit log: every leaf, filtered, and proved in the browser against the signed checkpoint. */
import { Select } from 'antd';
import { useMemo, useState } from 'react';
import { Link } from 'react-router';
import { List } from '../../parts/List';
import { Org, Person } from '../../parts/Names';
import { Page, Part } from '../../parts/Page';
import { Shown } from '../../parts/States';
import { Time } from '../../parts/Time';
import type { Entry } from '../../trust/log/whole';
import { leafWords, procedures } from '../../trust/words';
import { useWords } from '../verify/words';
import { Epochs } from './Epochs';
import { CheckpointPart, LogVerdict, Reading } from './State';
import { useLog, useTitles } from './useLog';
import type { Log } from './useLog';
import '../verify/verify.css';

export default function AuditPage() {
  const { t } = useWords();
  const query = useLog();
  return (
    <Page title={t('audit.title')} topic="audit">
      <p className="lead">{t('audit.intro')}</p>
      {query.isFetching && <Reading />}
      <Shown query={query}>
        {(log) => (
          <>
            <LogVerdict log={log} />
            <CheckpointPart log={log} />
            <Epochs log={log} />
            <Leaves log={log} />
          </>
        )}
      </Shown>
    </Page>
  );
}

/** Everything of a leaf that the search looks in. */
function text({ index, leaf }: Entry): string {
  const own = [index, leaf.kind, leaf.case, leaf.actor, leaf.org, leaf.rule, leaf.article, leaf.object];
  return [...own, ...Object.entries(leaf.refs).flat()].filter((w) => w !== null).join(' ');
}

function Leaves({ log: { whole } }: { log: Log }) {
  const words = useWords();
  const { t, label } = words;
  const titles = useTitles();
  const of = useMemo(() => procedures(whole.entries.map((e) => e.leaf)), [whole]);
  const said = (e: Entry) => leafWords(e.leaf, of, titles, words);
  const [kind, setKind] = useState('');
  const [outcome, setOutcome] = useState('');
  const kinds = useMemo(() => [...new Set(whole.entries.map((e) => e.leaf.kind))].sort(), [whole]);
  const rows = useMemo(() => {
    const fits = ({ leaf }: Entry) => (!kind || leaf.kind === kind) && (!outcome || leaf.outcome === outcome);
    // The newest first.
    return whole.entries.filter(fits).reverse();
  }, [whole, kind, outcome]);
  const filters = (
    <>
      <Select
        className="grow short"
        aria-label={t('audit.filterKind')}
        value={kind}
        onChange={setKind}
        options={[
          { value: '', label: t('audit.allKinds') },
          ...kinds.map((k) => ({ value: k, label: label('audit.kindOf', k) })),
        ]}
      />
      <Select
        className="grow short"
        aria-label={t('audit.filterOutcome')}
        value={outcome}
        onChange={setOutcome}
        options={[
          { value: '', label: t('audit.allOutcomes') },
          { value: 'done', label: t('audit.done') },
          { value: 'refused', label: t('audit.refused') },
        ]}
      />
    </>
  );
  return (
    <Part title={t('audit.leaves')}>
      <List
        caption={t('audit.leaves')}
        rows={rows}
        rowKey={(e) => String(e.index)}
        text={(e) => `${said(e)} ${text(e)}`}
        filters={filters}
        columns={[
          {
            title: t('audit.index'),
            key: 'index',
            rowScope: 'row',
            render: (_, e) => <Link to={`/audit/${e.index}`}>{e.index}</Link>,
          },
          { title: t('audit.at'), key: 'at', render: (_, e) => <Time at={e.leaf.at} /> },
          { title: t('audit.subject'), key: 'subject', render: (_, e) => said(e) },
          {
            title: t('audit.case'),
            key: 'case',
            render: (_, e) => e.leaf.case && <Link to={`/cases/${e.leaf.case}`}>{e.leaf.case}</Link>,
          },
          {
            title: t('audit.actor'),
            key: 'actor',
            render: (_, e) => e.leaf.actor && <Person id={e.leaf.actor} />,
          },
          { title: t('audit.org'), key: 'org', render: (_, e) => e.leaf.org && <Org id={e.leaf.org} /> },
          {
            title: t('audit.outcome'),
            key: 'outcome',
            render: (_, e) => (
              <span className={e.leaf.outcome === 'done' ? 'good' : 'bad'}>
                {t(`audit.${e.leaf.outcome}`)}
              </span>
            ),
          },
          { title: t('audit.article'), key: 'article', render: (_, e) => e.leaf.article },
        ]}
      />
    </Part>
  );
}
