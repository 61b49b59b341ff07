/** The years of the log: where each begins and ends, when it was closed, which archive is bound, and by when again. */
import { useMemo } from 'react';
import { Short } from '../../parts/Copy';
import { List } from '../../parts/List';
import { Part } from '../../parts/Page';
import { day, Time } from '../../parts/Time';
import { epochs, type Epoch } from '../../trust/log/epochs';
import { useWords } from '../verify/words';
import type { Log } from './useLog';

export function Epochs({ log: { whole } }: { log: Log }) {
  const { t, label } = useWords();
  const rows = useMemo(() => epochs(whole.entries).reverse(), [whole]);
  const now = Number(whole.checkpoint?.time ?? 0);
  const none = <span className="faint">{t('audit.epochNone')}</span>;
  const leaves = ({ from, to }: Epoch) =>
    from === null || to === null ? t('audit.epochElsewhere') : t('audit.epochRange', { from, to: to - 1 });
  return (
    <Part title={t('audit.epochs')}>
      <p className="faint">{t('audit.epochsText')}</p>
      <List<Epoch>
        caption={t('audit.epochs')}
        rows={rows}
        rowKey={(e) => `${e.log} ${e.year}`}
        columns={[
          {
            title: t('audit.epoch'),
            key: 'epoch',
            rowScope: 'row',
            render: (_, e) =>
              t('audit.epochOf', { log: label('audit.epochLog', e.log), year: String(e.year) }),
          },
          { title: t('audit.epochLeaves'), key: 'leaves', render: (_, e) => leaves(e) },
          {
            title: t('audit.epochClosed'),
            key: 'closed',
            render: (_, e) => {
              if (e.closedAt !== null) return <Time at={e.closedAt} />;
              return t(e.from === null ? 'audit.epochElsewhere' : 'audit.epochRunning');
            },
          },
          {
            title: t('audit.epochArchive'),
            key: 'archive',
            render: (_, e) => (e.archive === null ? none : <Short text={e.archive} />),
          },
          {
            title: t('audit.epochBound'),
            key: 'bound',
            render: (_, e) => (e.boundAt === null ? none : <Time at={e.boundAt} />),
          },
          {
            title: t('audit.epochDue'),
            key: 'due',
            render: (_, e) => {
              if (e.due === null) return none;
              if (e.due > now) return day(e.due);
              return <span className="bad">{t('audit.epochOverdue', { day: day(e.due) })}</span>;
            },
          },
        ]}
      />
    </Part>
  );
}
