/** The states that every page knows besides success: loading, empty, refused, out of reach. */
import { Alert, Button, Empty, Skeleton } from 'antd';
import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { Refused, SignedOut, Unreachable } from '../api/problem';
import type { ErrorBody } from '../api/problem';
import { useTexts } from '../i18n';
import type { MessageKey } from '../i18n';
import { say } from './Live';
import { Basis } from './Basis';

/** Something is on its way. */
export function Loading({ rows = 6 }: { rows?: number }) {
  const { t } = useTexts();
  return (
    <div aria-busy="true">
      <span className="unseen">{t('state.loading')}</span>
      <Skeleton active title={false} paragraph={{ rows }} />
    </div>
  );
}

/** Nothing there yet, and what to do about it. */
export function Nothing({ text, children }: { text: MessageKey; children?: ReactNode }) {
  const { t } = useTexts();
  return (
    <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t(text)}>
      {children}
    </Empty>
  );
}

/** Codes behind which a page stands where the person can mend the matter. */
const WAYS: Record<string, { to: string; label: MessageKey }> = {
  'no-signing-key': { to: '/key', label: 'page.key' },
  'bad-signature': { to: '/key', label: 'page.key' },
};

/** What to do after a refusal, by its code; an honest general answer where the code has none. */
function Todo({ body, status }: { body: ErrorBody; status: number }) {
  const { t, maybe } = useTexts();
  const way = WAYS[body.code];
  const general =
    status === 404
      ? 'todo.general.404'
      : status === 409
        ? 'todo.general.409'
        : status >= 500
          ? 'todo.general.500'
          : 'todo.general.422';
  return (
    <p>
      <strong>{t('refused.todo')}</strong> {maybe('todo', body.code) ?? t(general)}
      {way && (
        <>
          {' '}
          <Link to={way.to}>{t(way.label)}</Link>
        </>
      )}
    </p>
  );
}

/** A refusal with its rule, article, and what to do next. */
export function Refusal({
  body,
  status = 422,
}: {
  body: Pick<ErrorBody, 'code' | 'zh' | 'en' | 'rule' | 'article' | 'at'>;
  status?: number;
}) {
  const { t, pick } = useTexts();
  const title =
    status === 404 ? t('refused.notFound') : status >= 500 ? t('refused.bug') : t('refused.title');
  return (
    <Alert
      type="error"
      showIcon
      title={title}
      description={
        <div className="refusal">
          {status !== 404 && <p className="reason">{pick(body)}</p>}
          {(body.rule || body.article) && (
            <p>
              <strong>{t('refused.basis')}</strong>{' '}
              <Basis rule={body.rule ?? ''} article={body.article ?? ''} says />
            </p>
          )}
          <Todo body={body as ErrorBody} status={status} />
          <p className="faint">
            {t('refused.code')} <code>{body.code}</code>
          </p>
        </div>
      }
    />
  );
}

/** Any failure of a read or a command. */
export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  const { t, pick } = useTexts();
  const spoken =
    error instanceof Refused
      ? pick(error.body)
      : error instanceof Unreachable
        ? t('offline.title')
        : t('state.broken');
  useEffect(() => say(spoken), [spoken]);
  if (error instanceof SignedOut) return <Alert type="info" showIcon title={t('state.signedOut')} />;
  if (error instanceof Refused) {
    return (
      <>
        <Refusal body={error.body} status={error.status} />
        {again && error.status >= 500 && <Again again={again} />}
      </>
    );
  }
  const away = error instanceof Unreachable;
  return (
    <>
      <Alert
        type={away ? 'warning' : 'error'}
        showIcon
        title={away ? t('offline.title') : t('state.broken')}
        description={away ? t('offline.text') : t('state.brokenText')}
      />
      {again && <Again again={again} />}
    </>
  );
}

function Again({ again }: { again: () => void }) {
  const { t } = useTexts();
  return (
    <p>
      <Button onClick={again}>{t('state.again')}</Button>
    </p>
  );
}

interface ShownProps<T> {
  query: UseQueryResult<T>;
  /** Whether an answer is empty, and what then stands there. */
  empty?: { when: (data: T) => boolean; text: MessageKey; children?: ReactNode };
  children: (data: T) => ReactNode;
}

/** A read in all its states. Data read before stay while they are read again. */
export function Shown<T>({ query, empty, children }: ShownProps<T>) {
  if (query.data !== undefined) {
    if (empty?.when(query.data)) return <Nothing text={empty.text}>{empty.children}</Nothing>;
    return children(query.data);
  }
  if (query.error) return <Failure error={query.error} again={() => void query.refetch()} />;
  return <Loading />;
}
