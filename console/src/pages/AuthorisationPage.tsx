/** One authorisation: its scope and term, and the procedures that change it. */
import { Link, useParams } from 'react-router';
import { useAuthorisations, useCases, useMe, useProcedures, useResources } from '../api/queries';
import type { Authorisation } from '../api/types';
import { oversees } from '../app/menu';
import { CaseState } from '../cases/CaseState';
import { Matters } from '../cases/Matters';
import { mayOpen } from '../cases/opening';
import { useTerm } from '../cases/terms';
import { useTexts } from '../i18n';
import { Evidence } from '../parts/Evidence';
import { Copyable } from '../parts/Copy';
import { Facts } from '../parts/Facts';
import { List } from '../parts/List';
import { Mark } from '../parts/Mark';
import { Org, useOrgName } from '../parts/Names';
import { Ref } from '../parts/Ref';
import { Kind, Page, Part } from '../parts/Page';
import { Nothing, Shown } from '../parts/States';
import { Deadline, Time } from '../parts/Time';

export default function AuthorisationPage() {
  const { id = '' } = useParams();
  const { t } = useTexts();
  const org = useOrgName();
  const query = useAuthorisations();
  const found = query.data?.authorisations.find((a) => a.id === id);
  return (
    <Page
      title={found ? org(found.operator) : t('object.authorisation')}
      kind={<Kind of="authorisation" id={id} />}
      topic="authorisations"
    >
      <Shown query={query}>
        {() => (found ? <Known authorisation={found} /> : <Nothing text="notFound.text" />)}
      </Shown>
    </Page>
  );
}

function Known({ authorisation: a }: { authorisation: Authorisation }) {
  const { t, pick } = useTexts();
  const term = useTerm();
  const me = useMe().data;
  const resources = useResources().data?.resources;
  const procedures = useProcedures().data?.procedures ?? [];
  const cases = useCases({ authorisation: a.id, order: 'newest' }).data?.cases ?? [];
  const ended = a.state_now === 'terminated' || a.state_now === 'revoked';
  const stops = me ? procedures.filter((p) => p.object === 'stop' && mayOpen(p, me)) : [];
  return (
    <>
      <Facts
        items={[
          [t('field.operator'), <Org key="o" id={a.operator} />],
          [t('field.uscc'), <code key="u">{a.uscc}</code>],
          [t('field.mode'), term(a.mode)],
          [t('cases.state'), <Mark key="s" kind="authorisation" code={a.state_now} />],
          [t('authorisation.from'), <Time key="f" at={a.from} />],
          [t('field.until'), <Deadline key="t" at={a.until} />],
          [t('field.term_months'), t('time.months', { n: a.term_months })],
          [t('case.pack'), a.pack],
          [t('object.case'), <Ref key="c" kind="case" id={a.case} />],
          a.renewal_of !== null && [
            t('field.renewal_of'),
            <Ref key="r" kind="renewal_of" id={a.renewal_of} />,
          ],
          [t('authorisation.id'), <Copyable key="i" text={a.id} name={t('authorisation.id')} />],
        ]}
      />
      {stops.length > 0 && (a.state_now === 'active' || a.state_now === 'suspended') && (
        <Part title={t('authorisation.measures')}>
          <ul className="links">
            {stops.map((p) => (
              <li key={p.name}>
                <Link to={`/cases/new?procedure=${p.name}&authorisation=${a.id}`}>{pick(p)}</Link>
              </li>
            ))}
          </ul>
        </Part>
      )}
      {ended && me && (me.org.id === a.operator || oversees(me)) && (
        <Evidence about="authorisations" id={a.id} />
      )}
      <Part title={t('authorisation.scope')}>
        <List
          caption={t('authorisation.scope')}
          rows={Object.entries(a.resources)}
          rowKey={([id]) => id}
          columns={[
            {
              title: t('catalogue.table'),
              key: 'table',
              rowScope: 'row',
              render: (_, [id]) => (
                <Link to={`/catalogue/${id}`}>{resources?.find((r) => r.id === id)?.table ?? id}</Link>
              ),
            },
            {
              title: t('field.provider'),
              key: 'provider',
              render: (_, [, provider]) => <Org id={provider} />,
            },
          ]}
        />
      </Part>
      <Matters kind="authorisation" things={{ authorisation: a.id, organisation: a.operator }} listed />
      <Part title={t('authorisation.cases')}>
        {cases.length === 0 ? (
          <Nothing text="cases.empty" />
        ) : (
          <List
            caption={t('authorisation.cases')}
            rows={cases}
            rowKey={(c) => c.id}
            columns={[
              {
                title: t('cases.procedure'),
                key: 'p',
                rowScope: 'row',
                render: (_, c) => (
                  <>
                    <Link to={`/cases/${c.id}`}>
                      {pick(
                        procedures.find((p) => p.name === c.procedure) ?? {
                          zh: c.procedure,
                          en: c.procedure,
                        },
                      )}
                    </Link>
                    {typeof c.object['matter'] === 'string' && <div className="faint">{pick(c.title)}</div>}
                  </>
                ),
              },
              { title: t('cases.state'), key: 's', render: (_, c) => <CaseState c={c} /> },
              { title: t('cases.entered'), key: 'e', render: (_, c) => <Time at={c.entered_at} /> },
            ]}
          />
        )}
      </Part>
    </>
  );
}
