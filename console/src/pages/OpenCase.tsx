/** Opening a case: choose the procedure, say what it is about. Nothing is decided yet; the first step is signed on the case's page. */
import { Button, Form } from 'antd';
import { useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { onceKey, post } from '../api/client';
import { useChanged, useMe, useProcedures } from '../api/queries';
import type { Case, Me, Procedure } from '../api/types';
import { mayOpen } from '../cases/opening';
import { useTexts } from '../i18n';
import { Basis } from '../parts/Basis';
import { Page, Part } from '../parts/Page';
import { Failure, Nothing, Shown } from '../parts/States';
import { draftOf, dropDraft, keepDraft } from '../session';
import { KINDS } from '../open/kinds';
import { isMatter } from '../open/naming';

export default function OpenCase() {
  const { t, pick } = useTexts();
  const [params] = useSearchParams();
  const me = useMe().data;
  const query = useProcedures();
  const chosen = query.data?.procedures.find((p) => p.name === params.get('procedure'));
  return (
    <Page
      title={chosen ? pick(chosen) : t('page.newCase')}
      kind={chosen && t('page.newCase')}
      topic="newCase"
    >
      <Shown query={query}>
        {(data) =>
          me &&
          (chosen ? (
            <Opening key={chosen.name} procedure={chosen} me={me} />
          ) : (
            <Choose procedures={data.procedures} me={me} />
          ))
        }
      </Shown>
    </Page>
  );
}

/** The procedures that this person can start. */
function Choose({ procedures, me }: { procedures: Procedure[]; me: Me }) {
  const { t } = useTexts();
  const mine = procedures.filter((p) => KINDS[p.object] && mayOpen(p, me));
  if (mine.length === 0) return <Nothing text="open.nothing" />;
  const matters = mine.filter(isMatter);
  const others = mine.filter((p) => !isMatter(p));
  return (
    <>
      {others.length > 0 && (
        <>
          <p>{t('open.choose')}</p>
          <Choices of={others} />
        </>
      )}
      {matters.length > 0 && (
        <Part title={t('matters.title')}>
          <p>{t('matters.openText')}</p>
          <Choices of={matters} />
        </Part>
      )}
    </>
  );
}

function Choices({ of }: { of: Procedure[] }) {
  const { pick } = useTexts();
  return (
    <ul className="choices">
      {of.map((p) => {
        const first = p.steps.find((s) => s.from.includes(p.start));
        return (
          <li key={p.name}>
            <Link to={`/cases/new?procedure=${p.name}`}>
              <strong>{pick(p)}</strong>
            </Link>
            {first && (
              <span className="faint">
                {pick(first)} · <Basis rule={first.rule} />
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

type Values = Record<string, unknown>;

function Opening({ procedure, me }: { procedure: Procedure; me: Me }) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const changed = useChanged();
  const [params] = useSearchParams();
  const [form] = Form.useForm<Values>();
  const [key, setKey] = useState(onceKey);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const kind = KINDS[procedure.object];
  const given = Object.fromEntries([...params].filter(([name]) => name !== 'procedure'));
  const slot = `open.${procedure.name}.${JSON.stringify(given)}`;
  if (!kind) return <Nothing text="open.elsewhere" />;

  const send = async (values: Values) => {
    setBusy(true);
    setError(null);
    try {
      const object = await kind.object(values, { me, procedure });
      const opened = await post<Case>('/api/v1/cases', { procedure: procedure.name, object }, key);
      dropDraft(slot);
      await changed();
      await navigate(`/cases/${opened.id}`);
    } catch (e) {
      // What was refused is asked again under another key: the same key would be answered as before.
      setKey(onceKey());
      setError(e);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Form<Values>
      form={form}
      layout="vertical"
      className="open"
      initialValues={{ ...draftOf<Values>(slot), ...given }}
      onValuesChange={(_, all) => {
        if (kind.secret !== true) keepDraft(slot, all);
      }}
      onFinish={(values) => void send(values)}
      scrollToFirstError={{ focus: true }}
    >
      <kind.Fields procedure={procedure} me={me} />
      {error !== null && <Failure error={error} />}
      <div className="row">
        <Button type="primary" htmlType="submit" loading={busy}>
          {t('open.go')}
        </Button>
        <span className="faint">{t('open.nothingDecided')}</span>
      </div>
    </Form>
  );
}
