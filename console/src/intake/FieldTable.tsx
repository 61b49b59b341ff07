/** The proposed fields, to be decided on: what the zone took each for and why, and what it is to be. */
import { Tag } from 'antd';
import { memo, useId } from 'react';
import { count } from '../parts/Money';
import { useTexts } from '../zone/texts';
import { Pick } from './Pick';
import { CLASSES, TIME_GRIDS, TYPES, faultsOf, settingsOf } from './contract';
import type { Draft } from './contract';
import type { LookColumn } from './types';

interface Props {
  columns: LookColumn[];
  drafts: Draft[];
  change: (index: number, draft: Draft) => void;
  /** Records are held: types and key domains stay as they are. */
  held?: boolean;
}

const HEADS = ['field', 'seen', 'evidence', 'type', 'class', 'settings', 'level'] as const;
/** Columns that tell what the zone saw in a file. */
const OF_LOOK: readonly string[] = ['seen', 'evidence'];

/** The table. Without columns that the zone looked at, it holds the decisions alone. */
export function FieldTable({ columns, drafts, change, held = false }: Props) {
  const { t } = useTexts();
  const seen = columns.length > 0;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('intake.fields')}>
      <table className="grid fields">
        <caption>{t('intake.fieldsCaption', { n: drafts.length })}</caption>
        <thead>
          <tr>
            {HEADS.filter((name) => seen || !OF_LOOK.includes(name)).map((name) => (
              <th key={name} scope="col">
                {t(`intake.col.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {drafts.map((draft, i) => (
            <FieldRow
              key={i}
              index={i}
              draft={draft}
              column={columns[i]}
              seen={seen}
              held={held}
              change={change}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  index: number;
  draft: Draft;
  column: LookColumn | undefined;
  /** Whether there are columns for what was seen. */
  seen: boolean;
  held: boolean;
  change: (index: number, draft: Draft) => void;
}

const FieldRow = memo(function FieldRow({ index, draft, column, seen, held, change }: RowProps) {
  const { t, label } = useTexts();
  const why = useId();
  const set = (part: Partial<Draft>) => change(index, { ...draft, ...part });
  const of = (what: string) => t('intake.of', { what, field: draft.name });
  const faults = faultsOf(draft);
  const invalid = faults.length > 0;
  return (
    <tr className={invalid ? 'wrong' : ''}>
      <th scope="row">
        <code>{draft.name}</code>
        <input
          className="text"
          value={draft.description}
          placeholder={t('intake.description')}
          aria-label={of(t('intake.description'))}
          maxLength={200}
          onChange={(event) => set({ description: event.target.value })}
        />
      </th>
      {seen && <td>{column && <SeenAs column={column} />}</td>}
      {seen && <td>{column && <Evidence column={column} />}</td>}
      <td>
        <Pick
          quiet
          label={of(t('intake.col.type'))}
          value={draft.type}
          options={TYPES.map((one) => [one, label('type', one)])}
          change={(type) => set({ type })}
          disabled={held}
          invalid={faults.includes('classType')}
          describedBy={invalid ? why : undefined}
        />
      </td>
      <td>
        <Pick
          quiet
          label={of(t('intake.col.class'))}
          value={draft.class}
          options={CLASSES.map((one) => [one, `${one} · ${label('class', one)}`])}
          change={(cls) => set({ class: cls })}
          invalid={invalid}
          describedBy={invalid ? why : undefined}
        />
        {invalid && (
          <ul id={why} className="plain bad">
            {faults.map((fault) => (
              <li key={fault}>{t(`intake.wrong.${fault}`)}</li>
            ))}
          </ul>
        )}
      </td>
      <td>
        <Settings draft={draft} set={set} of={of} held={held} />
      </td>
      <td>
        <Pick
          quiet
          label={of(t('intake.col.level'))}
          value={String(draft.level)}
          options={['1', '2', '3', '4'].map((one) => [one, label('grade', one)])}
          change={(level) => set({ level: Number(level) })}
        />
      </td>
    </tr>
  );
});

function SeenAs({ column }: { column: LookColumn }) {
  const { t, label } = useTexts();
  const percent = Math.round(column.confidence * 100);
  return (
    <>
      <strong>{label('identifier', column.identifier)}</strong>
      <div className="faint">{label('intake.role', column.role)}</div>
      {column.personal !== 'none' && (
        <Tag color={column.personal === 'sensitive' ? 'error' : 'warning'}>
          {label('intake.personal', column.personal)}
        </Tag>
      )}
      <div>{t('intake.confidence', { n: percent })}</div>
    </>
  );
}

/** Counts of values that speak for it: never a value. */
function Evidence({ column }: { column: LookColumn }) {
  const { t, maybe } = useTexts();
  const own = Object.entries(column.evidence);
  const word = (name: string) => maybe('evidence', name) ?? maybe('identifier', name) ?? name;
  return (
    <ul
      className="plain evidence"
      aria-label={t('intake.of', { what: t('intake.col.evidence'), field: column.name })}
    >
      {own.map(([name, n]) => (
        <li key={name}>
          {word(name)} <strong>{count(n)}</strong>
        </li>
      ))}
    </ul>
  );
}

interface SettingsProps {
  draft: Draft;
  set: (part: Partial<Draft>) => void;
  of: (what: string) => string;
  held: boolean;
}

function Settings({ draft, set, of, held }: SettingsProps) {
  const { t, label } = useTexts();
  const used = settingsOf(draft.class);
  if (used.length === 0) return <span className="faint">{t('value.none')}</span>;
  const box = (what: string, value: string, put: (value: string) => void, hint?: string, fixed = false) => (
    <label className="setting">
      <span>{what}</span>
      <input
        className="text small"
        value={value}
        placeholder={hint}
        aria-label={of(what)}
        disabled={fixed}
        onChange={(event) => put(event.target.value)}
      />
    </label>
  );
  const [low, high] = draft.clamp;
  return (
    <>
      {draft.class === 'TIME' && (
        <Pick
          label={t('intake.set.unit')}
          value={draft.grid}
          options={TIME_GRIDS.map((one) => [one, label('intake.grid', one)])}
          change={(grid) => set({ grid })}
        />
      )}
      {draft.class === 'MEA' && box(t('intake.set.step'), draft.grid, (grid) => set({ grid }))}
      {used.includes('clamp') && box(t('intake.set.low'), low, (value) => set({ clamp: [value, high] }))}
      {used.includes('clamp') && box(t('intake.set.high'), high, (value) => set({ clamp: [low, value] }))}
      {used.includes('domain') &&
        box(
          t('intake.set.domain'),
          draft.domain,
          (domain) => set({ domain }),
          t('intake.set.domainHint'),
          held,
        )}
      {used.includes('k') && box(t('intake.set.k'), draft.k, (k) => set({ k }))}
    </>
  );
}
