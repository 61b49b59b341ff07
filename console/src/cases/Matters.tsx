/** Matters about a thing, on the thing's page: those that the person can begin, and those on record. */
import { Link } from 'react-router';
import { isAdmin } from '../app/menu';
import { MOST_CASES, useCasesOf, useMe, useProcedures } from '../api/queries';
import type { About, Me, Procedure } from '../api/types';
import { useTexts } from '../i18n';
import { Part } from '../parts/Page';
import { Time } from '../parts/Time';
import { concerns, isMatter, offers, places } from '../open/naming';
import type { Things } from '../open/naming';
import { CaseState } from './CaseState';

interface Props {
  /** What the page is about; its id stands among the things. */
  kind: About;
  /** What the page knows: the form is filled in with it. */
  things: Things;
  /** The page lists the cases about the thing itself. */
  listed?: boolean;
}

/** Nothing where there is nothing to begin and nothing on record. */
export function Matters(props: Props) {
  const me = useMe().data;
  const procedures = useProcedures().data?.procedures;
  return me && procedures ? <Known {...props} me={me} procedures={procedures} /> : null;
}

function Known({
  kind,
  things,
  listed = false,
  me,
  procedures,
}: Props & { me: Me; procedures: Procedure[] }) {
  const { t, pick } = useTexts();
  const naming = procedures.filter((p) => isMatter(p) && places(p).some((place) => place.about === kind));
  const read = useCasesOf(listed || isAdmin(me) ? [] : naming.map((p) => p.name));
  const id = things[kind] ?? '';
  const cases = read.cases.filter((c) => concerns(c, kind, id));
  const begin = offers(procedures, me, kind, things);
  if (begin.length === 0 && cases.length === 0) return null;
  const name = (code: string) => pick(procedures.find((p) => p.name === code) ?? { zh: code, en: code });
  return (
    <Part title={t('matters.title')}>
      {begin.length > 0 && (
        <>
          <p>{t('matters.begin')}</p>
          <ul className="links">
            {begin.map(({ procedure, ask }) => (
              <li key={procedure.name}>
                <Link to={`/cases/new?${ask}`}>{pick(procedure)}</Link>
              </li>
            ))}
          </ul>
        </>
      )}
      {cases.length > 0 && (
        <>
          <p>{t('matters.record')}</p>
          <ul className="links">
            {cases.map((c) => (
              <li key={c.id}>
                <Link to={`/cases/${c.id}`}>{pick(c.title)}</Link> · {name(c.procedure)} <CaseState c={c} />{' '}
                <Time at={c.entered_at} />
              </li>
            ))}
          </ul>
        </>
      )}
      {read.more.length > 0 && <p className="faint">{t('matters.notAll', { n: MOST_CASES })}</p>}
    </Part>
  );
}
