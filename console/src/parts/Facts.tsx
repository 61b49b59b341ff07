/** Names and values of one thing. */
import type { ReactNode } from 'react';

/** A name with its value; one without a value is left out. */
export type Fact = [name: ReactNode, value: ReactNode] | null | false | undefined | '';

/** A list of names and values. */
export function Facts({ items }: { items: Fact[] }) {
  const shown = items.filter((item): item is [ReactNode, ReactNode] => Boolean(item));
  return (
    <dl className="facts">
      {shown.map(([name, value], i) => (
        <div key={i}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
