/** A chart. It never stands alone: the page shows the same numbers in a table beside it. */
import { lazy, Suspense } from 'react';
import { Loading } from './States';

const Drawn = lazy(() => import('./ChartDrawn'));

/** Values over named places. */
export interface ChartProps {
  title: string;
  names: string[];
  series: { name: string; values: number[]; second?: boolean }[];
}

/** The chart, loaded when it is first needed. */
export function Chart(props: ChartProps) {
  return (
    <Suspense fallback={<Loading rows={5} />}>
      <Drawn {...props} />
    </Suspense>
  );
}
