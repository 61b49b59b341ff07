/** The checks in their order: what holds, what does not, what was not reached. Always a word beside the sign. */
import { CheckCircleFilled, CloseCircleFilled, MinusCircleOutlined } from '@ant-design/icons';
import type { Fault } from '../../trust/fault';
import { STAGES } from '../../trust/evidence/stages';
import type { Stage } from '../../trust/evidence/stages';
import { useWords } from './words';

type State = 'passed' | 'failed' | 'unreached';

/** Which counts belong to which check. */
const COUNTS: Partial<Record<Stage, string[]>> = {
  key_lists: ['key_lists'],
  anchors: ['anchors'],
  witnesses: ['cosignatures', 'unknown_witnesses'],
  leaves: ['leaves', 'proofs', 'cases'],
  statements: ['statements', 'orders'],
  documents: ['documents'],
};

const SIGNS: Record<State, React.ReactNode> = {
  passed: <CheckCircleFilled />,
  failed: <CloseCircleFilled />,
  unreached: <MinusCircleOutlined />,
};

interface ChecksProps {
  passed: readonly Stage[];
  checked: Readonly<Record<string, number>>;
  fault: Fault | null;
  /** Whether there was a trust file to hold the evidence against. */
  held: boolean;
}

/** The list of checks. */
export function Checks({ passed, checked, fault, held }: ChecksProps) {
  const { t, label } = useWords();
  // A fault of the trust file itself comes before all checks of the evidence.
  const early = fault?.file === 'trust';
  const failedAt = fault ? (early ? 'trust' : STAGES[passed.length]) : undefined;
  const state = (stage: Stage): State => {
    if (stage === failedAt) return 'failed';
    if (!passed.includes(stage) || (stage === 'trust' && !held)) return 'unreached';
    return 'passed';
  };
  return (
    <ol className="checks">
      {STAGES.map((stage) => {
        const is = state(stage);
        const counts = (COUNTS[stage] ?? []).filter((name) => checked[name] !== undefined && is === 'passed');
        return (
          <li key={stage} className={is}>
            <span className="sign" aria-hidden>
              {SIGNS[is]}
            </span>
            <div>
              <h3>
                {label('verify.stage', stage)} <span className="verdict">{label('verify', is)}</span>
              </h3>
              <p className="faint">
                {stage === 'trust' && !held && !early
                  ? t('verify.noTrust')
                  : label('verify.stageText', stage)}
              </p>
              {counts.length > 0 && (
                <ul className="counts">
                  {counts.map((name) => (
                    <li key={name}>{label('verify.count', name).replace('{n}', String(checked[name]))}</li>
                  ))}
                </ul>
              )}
              {is === 'failed' && fault && <FaultText fault={fault} />}
            </div>
          </li>
        );
      })}
    </ol>
  );
}

/** A fault: sentence, place, code. */
export function FaultText({ fault }: { fault: Fault }) {
  const { t, fault: say } = useWords();
  const rule = fault.args['rule'];
  return (
    <div className="fault">
      <p className="bad">{say(fault)}</p>
      <p className="faint">
        {fault.file && (
          <>
            {t('verify.place')} <code>{fault.file}</code>{' '}
          </>
        )}
        {t('verify.code')} <code>{fault.what}</code>
        {typeof rule === 'string' && rule !== '' && (
          <>
            {' '}
            {t('verify.rule')} <code>{rule}</code>
          </>
        )}
      </p>
    </div>
  );
}
