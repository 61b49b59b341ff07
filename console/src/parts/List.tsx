/** A table of things: searched, sorted and paged in the browser; fit for ten thousand rows. */
import { SearchOutlined } from '@ant-design/icons';
import { Input, Table } from 'antd';
import type { TableColumnsType, TableProps } from 'antd';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useTexts } from '../i18n';

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
}

const PAGE = 20;

/** A table. */
export function List<T extends object>({
  caption,
  rows,
  columns,
  rowKey,
  text,
  filters,
  expandable,
}: ListProps<T>) {
  const { t } = useTexts();
  const [typed, setTyped] = useState('');
  const wanted = useDeferredValue(typed.trim().toLowerCase());
  const shown = useMemo(
    () => (wanted && text ? rows.filter((row) => text(row).toLowerCase().includes(wanted)) : rows),
    [rows, wanted, text],
  );
  return (
    <div className="list">
      {(text !== undefined || filters) && (
        <div className="row filters">
          {text && (
            <Input
              allowClear
              prefix={<SearchOutlined />}
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              placeholder={t('list.search')}
              aria-label={t('list.searchIn', { what: caption })}
            />
          )}
          {filters}
          <span className="faint" role="status">
            {t('list.count', { n: shown.length })}
          </span>
        </div>
      )}
      <Scroller name={caption}>
        <Table<T>
          size="middle"
          bordered
          dataSource={shown}
          columns={columns}
          rowKey={rowKey}
          aria-label={caption}
          pagination={
            shown.length > PAGE
              ? {
                  defaultPageSize: PAGE,
                  showSizeChanger: { 'aria-label': t('list.pageSize') },
                  pageSizeOptions: [20, 50, 100],
                }
              : false
          }
          {...(expandable
            ? { expandable: { columnTitle: <span className="unseen">{t('list.more')}</span>, ...expandable } }
            : {})}
        />
      </Scroller>
    </div>
  );
}

/** Scrolls what is too wide. Only then it can be reached with the keyboard, so that it can be scrolled by it. */
function Scroller({ name, children }: { name: string; children: ReactNode }) {
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
