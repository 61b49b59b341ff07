/** One procedure of the city, step by step, with its papers. */
import { Tag } from 'antd';
import { Link, useParams } from 'react-router';
import { useMe, useProcedures } from '../api/queries';
import type { Procedure } from '../api/types';
import { mayOpen } from '../cases/opening';
import { useTerm } from '../cases/terms';
import { useTexts } from '../i18n';
import { isMatter, places } from '../open/naming';
import { Basis } from '../parts/Basis';
import { Facts } from '../parts/Facts';
import { List } from '../parts/List';
import { Page, Part } from '../parts/Page';
import { Nothing, Shown } from '../parts/States';

export default function ProcedurePage() {
  const { procedure: name = '' } = useParams();
  const { t, pick } = useTexts();
  const query = useProcedures();
  const me = useMe().data;
  const found = query.data?.procedures.find((p) => p.name === name);
  return (
    <Page
      title={found ? pick(found) : t('cases.procedure')}
      kind={t('cases.procedure')}
      topic="rules"
      actions={
        found &&
        me &&
        mayOpen(found, me) && <Link to={`/cases/new?procedure=${found.name}`}>{t('page.newCase')}</Link>
      }
    >
      <Shown query={query}>
        {() => (found ? <Known procedure={found} /> : <Nothing text="notFound.text" />)}
      </Shown>
    </Page>
  );
}

/** Of a matter: what it names, who begins one, and who sees it. */
function OfMatter({ procedure: p }: { procedure: Procedure }) {
  const { t } = useTexts();
  const term = useTerm();
  const named = (required: boolean) =>
    places(p)
      .filter((place) => place.required === required)
      .map((place) => t(`field.${place.about}`))
      .join(t('list.comma'));
  const openers = p.opened_by ?? [];
  return (
    <Facts
      items={[
        [t('matter.names'), named(true) || t('value.none')],
        named(false) && [t('matter.mayName'), named(false)],
        [
          t('matter.openedBy'),
          openers.length > 0 ? openers.map(term).join(t('list.or')) : t('matter.anybody'),
        ],
        [t('matter.seenBy'), t(p.confidential ? 'matter.confidential' : 'matter.public')],
      ]}
    />
  );
}

function Known({ procedure: p }: { procedure: Procedure }) {
  const { t, pick, label } = useTexts();
  const term = useTerm();
  const state = (name: string) => {
    const found = p.states.find((s) => s.name === name);
    return found ? pick(found) : name;
  };
  return (
    <>
      {isMatter(p) && <OfMatter procedure={p} />}
      <Part title={t('rules.steps')}>
        <List
          caption={t('rules.steps')}
          rows={p.steps}
          rowKey={(s) => s.name}
          columns={[
            {
              title: t('rules.step'),
              key: 'step',
              rowScope: 'row',
              render: (_, s) => (
                <>
                  {pick(s)} {s.blind && <Tag>{t('case.blind')}</Tag>}
                </>
              ),
            },
            {
              title: t('rules.fromTo'),
              key: 'states',
              render: (_, s) => `${s.from.map(state).join(t('list.or'))} → ${state(s.to)}`,
            },
            {
              title: t('case.who'),
              key: 'who',
              render: (_, s) => (
                <>
                  {s.by.map(term).join(t('list.or'))}
                  <div className="faint">
                    {s.person_roles.map((r) => label('personRole', r)).join(t('list.or'))}
                  </div>
                </>
              ),
            },
            { title: t('case.votes'), key: 'votes', align: 'right', render: (_, s) => s.count },
            {
              title: t('rules.papers'),
              key: 'papers',
              render: (_, s) =>
                s.documents.map((d) => pick(p.documents[d] ?? { zh: d, en: d })).join(t('list.comma')) || (
                  <span className="faint">{t('value.none')}</span>
                ),
            },
            { title: t('case.basis'), key: 'basis', render: (_, s) => <Basis rule={s.rule} /> },
          ]}
        />
      </Part>
      <Part title={t('rules.papers')}>
        {Object.entries(p.documents).map(([name, form]) => (
          <section key={name} className="paper">
            <h3>
              {pick(form)}{' '}
              <span className="faint">
                <Basis rule={form.rule} />
              </span>
            </h3>
            <ul className="plain">
              {form.fields.map((f) => (
                <li key={f.name}>
                  {pick(f)} {f.required ? '' : t('form.optional')}
                </li>
              ))}
            </ul>
          </section>
        ))}
      </Part>
    </>
  );
}
