/** Nothing there yet, and what to do about it. */
import { Empty as AntEmpty } from 'antd';
import type { ReactNode } from 'react';

/** Says it. */
export function Empty({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <AntEmpty image={AntEmpty.PRESENTED_IMAGE_SIMPLE} description={text}>
      {children}
    </AntEmpty>
  );
}
