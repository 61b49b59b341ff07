/** One leaf of the audit log: what it says, its inclusion proof computed here, and the leaves of its case. */
import { DownloadOutlined } from '@ant-design/icons';
import { Alert, Button } from 'antd';
import { useMemo } from 'react';
import { Link, useParams } from 'react-router';
import { Copyable, Short } from '../../parts/Copy';
import { download } from '../../parts/download';
import { Evidence } from '../../parts/Evidence';
import { Facts } from '../../parts/Facts';
import { Org, Person } from '../../parts/Names';
import { Page, Part } from '../../parts/Page';
import { Shown } from '../../parts/States';
import { Time } from '../../parts/Time';
import { fromUtf8, toHex } from '../../trust/bytes';
import { canonicalText } from '../../trust/canonical';
import type { Entry, TreeProof, WholeLog } from '../../trust/log/whole';
import { leafWords, procedures } from '../../trust/words';
import { useWords } from '../verify/words';
import { LogVerdict, Reading } from './State';
import { useLog, useTitles } from './useLog';
import '../verify/verify.css';

export default function LeafPage() {
  const { t } = useWords();
  const index = Number(useParams()['index']);
  const query = useLog();
  return (
    <Page
      title={t('audit.leafTitle', { n: index })}
      kind={<Link to="/audit">{t('audit.back')}</Link>}
      topic="audit"
    >
      {query.isFetching && <Reading />}
      <Shown query={query}>
        {(log) => {
          const entry = log.whole.entries[index];
          return entry ? (
            <>
              {(log.whole.fault !== null || !log.continues) && <LogVerdict log={log} />}
              <Members entry={entry} log={log.whole} />
              <Proof log={log.whole} index={index} />
              <CaseChain log={log.whole} entry={entry} />
              {entry.leaf.actor && <Evidence about="people" id={entry.leaf.actor} />}
            </>
          ) : (
            <Alert type="warning" showIcon title={t('audit.noLeaf', { n: index })} />
          );
        }}
      </Shown>
    </Page>
  );
}

function Members({ entry: { leaf, hash, bytes }, log }: { entry: Entry; log: WholeLog }) {
  const words = useWords();
  const { t } = words;
  const titles = useTitles();
  const of = useMemo(() => procedures(log.entries.map((e) => e.leaf)), [log]);
  const refs = Object.entries(leaf.refs);
  return (
    <Part title={t('audit.members')}>
      <Facts
        items={[
          [t('audit.subject'), leafWords(leaf, of, titles, words)],
          [t('audit.at'), <Time key="t" at={leaf.at} />],
          [t('audit.kind'), <code key="k">{leaf.kind}</code>],
          [t('audit.outcome'), t(`audit.${leaf.outcome}`)],
          leaf.rule && [t('audit.rule'), <code key="r">{leaf.rule}</code>],
          leaf.article && [t('audit.article'), leaf.article],
          leaf.case && [
            t('audit.case'),
            <Link key="c" to={`/cases/${leaf.case}`}>
              {leaf.case}
            </Link>,
          ],
          leaf.case_seq !== null && [t('audit.seq'), String(leaf.case_seq)],
          leaf.prev && [t('audit.prev'), <code key="p">{leaf.prev}</code>],
          leaf.actor && [
            t('audit.actor'),
            <span key="a">
              <Person id={leaf.actor} /> <code>{leaf.actor}</code>
            </span>,
          ],
          leaf.org && [t('audit.org'), <Org key="o" id={leaf.org} />],
          leaf.object && [t('audit.object'), <code key="b">{leaf.object}</code>],
          refs.length > 0 && [
            t('audit.refs'),
            <ul key="f" className="plain">
              {refs.map(([name, value]) => (
                <li key={name}>
                  <code>{name}</code> <code>{value}</code>
                </li>
              ))}
            </ul>,
          ],
          [t('audit.hash'), <Copyable key="h" text={hash} name={t('audit.hash')} />],
        ]}
      />
      <details>
        <summary>{t('audit.encoded')}</summary>
        <pre className="code" tabIndex={0} aria-label={t('audit.encoded')}>
          {fromUtf8(bytes)}
        </pre>
      </details>
    </Part>
  );
}

function Proof({ log, index }: { log: WholeLog; index: number }) {
  const { t } = useWords();
  const proofs = log.proofs(index);
  const file = log.proofFile(index);
  const save = file && (
    <Button
      icon={<DownloadOutlined />}
      onClick={() => download(`leaf-${index}.proof.json`, canonicalText(file), 'application/json')}
    >
      {t('audit.saveProof')}
    </Button>
  );
  return (
    <Part title={t('audit.proof')} aside={save}>
      {proofs.length === 0 ? (
        <p>{t('audit.unsigned')}</p>
      ) : (
        <>
          <p className="faint">{t('audit.proofText')}</p>
          <div className="beside">
            {proofs.map((p) => (
              <TreeTable key={p.alg} proof={p} index={index} size={log.size} />
            ))}
          </div>
        </>
      )}
    </Part>
  );
}

/** On which side each node is joined: RFC 9162, 2.1.3.2. */
function sides(index: number, size: number, length: number): ('left' | 'right')[] {
  const out: ('left' | 'right')[] = [];
  let [at, last] = [index, size - 1];
  for (let i = 0; i < length; i++) {
    const left = at % 2 === 1 || at === last;
    out.push(left ? 'left' : 'right');
    while (left && at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return out;
}

function TreeTable({ proof, index, size }: { proof: TreeProof; index: number; size: number }) {
  const { t } = useWords();
  const alg = proof.alg === 'sm3' ? 'SM3' : 'SHA-256';
  const where = sides(index, size, proof.nodes.length);
  return (
    <div className="scroll">
      <h3>{t('audit.treeOf', { alg })}</h3>
      <p className={proof.holds ? 'good' : 'bad'}>
        {t(proof.holds ? 'audit.proofHolds' : 'audit.proofFails')}
      </p>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t('audit.level')}</th>
            <th scope="col">{t('audit.side')}</th>
            <th scope="col">{t('audit.node')}</th>
          </tr>
        </thead>
        <tbody>
          {proof.nodes.map((node, i) => (
            <tr key={i}>
              <th scope="row">{i + 1}</th>
              <td>{t(`audit.${where[i] ?? 'left'}`)}</td>
              <td>
                <code>{toHex(node)}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CaseChain({ log, entry }: { log: WholeLog; entry: Entry }) {
  const words = useWords();
  const { t } = words;
  const titles = useTitles();
  const of = useMemo(() => procedures(log.entries.map((e) => e.leaf)), [log]);
  if (entry.leaf.case === null) return null;
  return (
    <Part title={t('audit.caseChain')}>
      <ol className="checks">
        {log.ofCase(entry.leaf.case).map((e) => (
          <li key={e.index} aria-current={e.index === entry.index ? 'true' : undefined}>
            <span>{e.leaf.case_seq}</span>
            <div>
              <Link to={`/audit/${e.index}`}>{leafWords(e.leaf, of, titles, words)}</Link>{' '}
              <Time at={e.leaf.at} />{' '}
              <span className="faint">
                <Short text={e.hash} />
              </span>
            </div>
          </li>
        ))}
      </ol>
    </Part>
  );
}
