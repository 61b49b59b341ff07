/** Where each column of the answer comes from: drawn, with the same in a table beside it. */
import type { LineageColumn } from '../api/types';
import { useTexts } from '../zone/texts';
import { ROW, drawingOf, fitted } from './layout';

const LEFT = 230;
const RIGHT = 230;
const GAP = 200;
const WIDTH = LEFT + GAP + RIGHT;
const LETTERS = 28;
const DASHES: Record<string, string> = {
  many_to_one: '8 5',
  aggregate: '',
  random: '2 5',
  injective: '14 4',
};
const THICK: Record<string, number> = { aggregate: 3 };

/** Drawing and table. */
export function LineageView({ lineage }: { lineage: LineageColumn[] }) {
  const { t } = useTexts();
  if (lineage.length === 0) return <p className="faint">{t('work.noLineage')}</p>;
  return (
    <div className="lineages">
      <LineageDrawing lineage={lineage} />
      <LineageTable lineage={lineage} />
    </div>
  );
}

function LineageDrawing({ lineage }: { lineage: LineageColumn[] }) {
  const { t, label } = useTexts();
  const drawing = drawingOf(lineage);
  const middle = (y: number) => y + ROW / 2;
  return (
    <figure className="lineage">
      <svg
        viewBox={`0 -4 ${WIDTH} ${drawing.height + 8}`}
        role="img"
        aria-label={t('work.lineageDrawn', { n: lineage.length, m: drawing.sources.length })}
      >
        {drawing.lines.map((line, i) => {
          const y1 = middle(drawing.sources[line.from]?.y ?? 0);
          const y2 = middle(drawing.columns[line.to]?.y ?? 0);
          const x2 = LEFT + GAP;
          return (
            <path
              key={i}
              className="line"
              d={`M${LEFT},${y1} C${LEFT + GAP / 2},${y1} ${x2 - GAP / 2},${y2} ${x2},${y2}`}
              strokeDasharray={DASHES[line.transform] ?? ''}
              strokeWidth={THICK[line.transform] ?? 1.5}
            />
          );
        })}
        {drawing.tables.map((table) => (
          <text key={table.name} className="table" x={4} y={table.y + 20}>
            {fitted(table.name, LETTERS)}
          </text>
        ))}
        {drawing.sources.map((source) => (
          <g key={`${source.table}.${source.name}`}>
            <rect x={12} y={source.y + 2} width={LEFT - 12} height={ROW - 4} rx={5} />
            <text x={20} y={source.y + 20}>
              {fitted(source.name, LETTERS - 2)}
            </text>
          </g>
        ))}
        {drawing.columns.map((column, i) => (
          <g key={i}>
            <rect x={LEFT + GAP} y={column.y + 2} width={RIGHT - 4} height={ROW - 4} rx={5} />
            <text x={LEFT + GAP + 8} y={column.y + 20}>
              {fitted(column.name, LETTERS)}
            </text>
          </g>
        ))}
      </svg>
      <figcaption className="row faint">
        {drawing.kinds.map((kind) => (
          <span key={kind}>
            <svg className="key" viewBox="0 0 40 8" aria-hidden="true">
              <path
                className="line"
                d="M0,4 L40,4"
                strokeDasharray={DASHES[kind] ?? ''}
                strokeWidth={THICK[kind] ?? 1.5}
              />
            </svg>{' '}
            {label('transform', kind)}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** The same in words. */
export function LineageTable({ lineage }: { lineage: LineageColumn[] }) {
  const { t, label } = useTexts();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('job.lineage')}>
      <table className="grid">
        <caption>{t('work.lineageTable')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('job.column')}</th>
            <th scope="col">{t('job.from')}</th>
            <th scope="col">{t('job.indirect')}</th>
          </tr>
        </thead>
        <tbody>
          {lineage.map((one, i) => (
            <tr key={i}>
              <th scope="row">
                <code>{one.column}</code>
              </th>
              <td>
                {one.sources.length === 0 && <span className="faint">{t('job.counted')}</span>}
                {one.sources.map((s) => (
                  <div key={`${s.table}.${s.column}`}>
                    <code>{`${s.table}.${s.column}`}</code> {label('transform', s.transform)}
                  </div>
                ))}
              </td>
              <td>
                {one.indirect.map((column) => (
                  <code key={column}>{column}</code>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
