/** A choice among few, as the browser's own control: light enough for hundreds in one table. */
import { useId } from 'react';

interface Props {
  label: string;
  value: string;
  /** Value and word. */
  options: readonly (readonly [string, string])[];
  change: (value: string) => void;
  /** The label is read, not seen. */
  quiet?: boolean;
  invalid?: boolean;
  disabled?: boolean;
  describedBy?: string | undefined;
}

/** The choice. */
export function Pick({
  label,
  value,
  options,
  change,
  quiet = false,
  invalid = false,
  disabled = false,
  describedBy,
}: Props) {
  const id = useId();
  const known = options.some(([one]) => one === value);
  return (
    <span className="pick">
      <label htmlFor={id} className={quiet ? 'unseen' : ''}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        aria-invalid={invalid}
        disabled={disabled}
        {...(describedBy ? { 'aria-describedby': describedBy } : {})}
        onChange={(event) => change(event.target.value)}
      >
        {!known && <option value={value}>{value}</option>}
        {options.map(([one, word]) => (
          <option key={one} value={one}>
            {word}
          </option>
        ))}
      </select>
    </span>
  );
}
