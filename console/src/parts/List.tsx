/**
 * A table of things: searched, sorted and paged in the browser, fit for ten thousand rows; or, where the platform does
 * that (`remote`), a page of them.
 */
import { SearchOutlined } from '@ant-design/icons';
import { Input, Table } from 'antd';
import type { TableColumnsType, TableProps } from 'antd';
import type { SorterResult } from 'antd/es/table/interface';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useTexts } from '../i18n';

/** A list of which the platform gives a page at a time. */
export interface Remote {
  /** How many rows there are in all. */
  total: number;
  /** The page shown, from 1, and how many rows one has. */
  page: number;
  size: number;
  turn: (page: number, size: number) => void;
  /** What is searched for. */
  typed: string;
  search: (text: string) => void;
  /** A column was chosen to sort by: its key, and how; nothing where none is. */
  sort: (column: string | undefined, order: 'ascend' | 'descend' | undefined) => void;
  /** The rows shown are those of the question before. */
  stale: boolean;
}

interface ListProps<T> {
  /** What the table holds, for people who do not see it. */
  caption: string;
  rows: T[];
  columns: TableColumnsType<T>;
  rowKey: (row: T) => string;
  /** Text of a row that the search looks in; without it there is no search. */
  text?: (row: T) => string;
  /** Further filters beside the search. */
  filters?: ReactNode;
  expandable?: TableProps<T>['expandable'];
  remote?: Remote;
}

/** Rows of a page, where the person has not chosen another number. */
export const PAGE = 20;
const SIZES = [PAGE, 50, 100];

/** A table. */
export function List<T extends object>({
  caption,
  rows,
  columns,
  rowKey,
  text,
  filters,
  expandable,
  remote,
}: ListProps<T>) {
  const { t } = useTexts();
  const [typed, setTyped] = useState('');
  const wanted = useDeferredValue(typed.trim().toLowerCase());
  const shown = useMemo(
    () => (wanted && text && !remote ? rows.filter((row) => text(row).toLowerCase().includes(wanted)) : rows),
    [rows, wanted, text, remote],
  );
  const total = remote?.total ?? shown.length;
  const paging = { showSizeChanger: { 'aria-label': t('list.pageSize') }, pageSizeOptions: SIZES };
  return (
    <div className="list">
      {(text !== undefined || remote || filters) && (
        <div className="row filters">
          {(text ?? remote) && (
            <Input
              allowClear
              prefix={<SearchOutlined />}
              value={remote?.typed ?? typed}
              onChange={(event) => (remote?.search ?? setTyped)(event.target.value)}
              placeholder={t('list.search')}
              aria-label={t('list.searchIn', { what: caption })}
            />
          )}
          {filters}
          <span className="faint" role="status">
            {t('list.count', { n: total })}
          </span>
        </div>
      )}
      <Scroller name={caption} busy={remote?.stale ?? false}>
        <Table<T>
          // The header says by which column and which way; a hint over the mouse would say it again, outside every landmark.
          showSorterTooltip={false}
          size="middle"
          bordered
          dataSource={shown}
          columns={columns}
          rowKey={rowKey}
          aria-label={caption}
          pagination={
            total <= PAGE && (remote?.page ?? 1) === 1
              ? false
              : remote
                ? { ...paging, total, current: remote.page, pageSize: remote.size, onChange: remote.turn }
                : { ...paging, defaultPageSize: PAGE }
          }
          {...(remote
            ? {
                onChange: (_: unknown, __: unknown, sorter: SorterResult<T> | SorterResult<T>[]) => {
                  const by = Array.isArray(sorter) ? sorter[0] : sorter;
                  remote.sort(by?.order ? String(by.columnKey) : undefined, by?.order ?? undefined);
                },
              }
            : {})}
          {...(expandable
            ? { expandable: { columnTitle: <span className="unseen">{t('list.more')}</span>, ...expandable } }
            : {})}
        />
      </Scroller>
    </div>
  );
}

/** Scrolls what is too wide. Only then it can be reached with the keyboard, so that it can be scrolled by it. */
function Scroller({ name, busy, children }: { name: string; busy: boolean; children: ReactNode }) {
  const holder = useRef<HTMLDivElement>(null);
  const [wide, setWide] = useState(false);
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const sized = new ResizeObserver(() => setWide(element.scrollWidth > element.clientWidth + 1));
    sized.observe(element);
    if (element.firstElementChild) sized.observe(element.firstElementChild);
    return () => sized.disconnect();
  }, []);
  return (
    <div
      ref={holder}
      className="scroller"
      {...(busy ? { 'aria-busy': true } : {})}
      {...(wide ? { tabIndex: 0, role: 'region', 'aria-label': name } : {})}
    >
      {children}
    </div>
  );
}

/** Compares two texts as people of the language would. */
export function byText(a: string, b: string): number {
  return a.localeCompare(b, 'zh-Hans-CN');
}
