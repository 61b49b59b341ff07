/** Blind reviews that wait for this person, and those the person has voted on while others have not. */
import { useMemo } from 'react';
import { Link } from 'react-router';
import { useCases, useMe, useProcedures } from '../api/queries';
import type { Case, Procedure, Step } from '../api/types';
import { actable, alreadyDone } from '../cases/actable';
import { useTexts } from '../i18n';
import { List } from '../parts/List';
import { Org } from '../parts/Names';
import { Page } from '../parts/Page';
import { Nothing, Shown } from '../parts/States';
import { Time } from '../parts/Time';
import { Tag } from 'antd';

interface Row {
  c: Case;
  procedure: Procedure;
  step: Step;
  voted: boolean;
}

export default function Reviews() {
  const { t, pick } = useTexts();
  const me = useMe().data;
  const cases = useCases({ blind: true, order: 'oldest' });
  const procedures = useProcedures().data?.procedures;
  const rows = useMemo<Row[]>(() => {
    if (!me || !procedures) return [];
    return (cases.data?.cases ?? []).flatMap((c) => {
      const procedure = procedures.find((p) => p.name === c.procedure);
      const step = procedure?.steps.find((s) => s.blind && s.from.includes(c.state));
      if (!procedure || !step) return [];
      const voted = alreadyDone(step, c, me);
      return voted || actable(c, procedure, me).some((s) => s.name === step.name)
        ? [{ c, procedure, step, voted }]
        : [];
    });
  }, [cases.data, procedures, me]);
  return (
    <Page title={t('page.reviews')} topic="reviews">
      <p>{t('reviews.text')}</p>
      <Shown query={cases}>
        {() =>
          rows.length === 0 ? (
            <Nothing text="reviews.empty" />
          ) : (
            <List
              caption={t('page.reviews')}
              rows={rows}
              rowKey={(r) => r.c.id}
              columns={[
                {
                  title: t('cases.about'),
                  key: 'about',
                  rowScope: 'row',
                  render: (_, r) => <Link to={`/reviews/${r.c.id}`}>{pick(r.c.title)}</Link>,
                },
                {
                  title: t('cases.procedure'),
                  key: 'procedure',
                  render: (_, r) => `${pick(r.procedure)} · ${pick(r.step)}`,
                },
                { title: t('inbox.from'), key: 'from', render: (_, r) => <Org id={r.c.applicant} /> },
                { title: t('inbox.since'), key: 'since', render: (_, r) => <Time at={r.c.entered_at} /> },
                {
                  title: t('reviews.own'),
                  key: 'own',
                  render: (_, r) =>
                    r.voted ? (
                      <Tag color="success">{t('reviews.voted')}</Tag>
                    ) : (
                      <Tag color="warning">{t('reviews.waiting')}</Tag>
                    ),
                },
              ]}
            />
          )
        }
      </Shown>
    </Page>
  );
}
