/** The answer over made-up rows. It says so above, in the caption, and behind every row. */
import { Alert } from 'antd';
import { count } from '../parts/Money';
import { useTexts } from '../zone/texts';
import type { Rehearsed } from './types';

/** Shown of the answer; the rest is made up just as much. */
const SHOWN = 100;

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  // Sums of made-up numbers: more than four places say nothing.
  if (typeof value === 'number') return String(Math.round(value * 1e4) / 1e4);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The table. */
export function RehearsalView({ answer }: { answer: Rehearsed }) {
  const { t } = useTexts();
  if (answer.verdict === 'refuse') return <Alert type="error" showIcon title={t('work.tryRefused')} />;
  if (answer.rows.length === 0)
    return <Alert type="info" showIcon title={t('work.tryEmpty')} description={t('work.tryEmptyText')} />;
  const numeric = answer.columns.map((_, i) =>
    answer.rows.every((row) => row[i] === null || typeof row[i] === 'number'),
  );
  return (
    <>
      <Alert type="info" showIcon title={t('work.madeUp')} description={t('work.madeUpText')} />
      <div className="scroll madeup" tabIndex={0} role="region" aria-label={t('work.rehearsal')}>
        <table className="grid">
          <caption>
            {t('work.madeUpRows', {
              n: count(answer.rows.length),
              shown: Math.min(SHOWN, answer.rows.length),
            })}
          </caption>
          <thead>
            <tr>
              {answer.columns.map((name, i) => (
                <th key={i} scope="col" className={numeric[i] ? 'number' : ''}>
                  {name}
                </th>
              ))}
              <th scope="col">{t('work.origin')}</th>
            </tr>
          </thead>
          <tbody>
            {answer.rows.slice(0, SHOWN).map((row, i) => (
              <tr key={i}>
                {answer.columns.map((_, j) => (
                  <td key={j} className={numeric[j] ? 'number' : ''}>
                    {cell(row[j])}
                  </td>
                ))}
                <td className="faint">{t('work.madeUpRow')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
