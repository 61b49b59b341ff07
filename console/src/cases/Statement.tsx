/** The statement as it will be signed: in words, and byte for byte. */
import { Collapse } from 'antd';
import { useEffect, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { Act, Case, Documents, Me, Procedure, Step } from '../api/types';
import { useTexts } from '../i18n';
import { Basis } from '../parts/Basis';
import { Copyable } from '../parts/Copy';
import { Facts } from '../parts/Facts';
import { Mark } from '../parts/Mark';
import { Time } from '../parts/Time';
import { DocumentsView } from './DocumentsView';
import { ObjectView } from './ObjectView';

interface Props {
  c: Case;
  procedure: Procedure;
  step: Step;
  draft: Act;
  documents: Documents;
  me: Me;
}

/** The bytes over which the signature is made, as text. */
function useBytes(draft: Act): string {
  const [text, setText] = useState('');
  useEffect(() => {
    let gone = false;
    void import('../trust/canonical').then(({ signingBytes }) => {
      if (!gone) setText(new TextDecoder().decode(signingBytes('act', draft as never)));
    });
    return () => {
      gone = true;
    };
  }, [draft]);
  return text;
}

/** The digest of the object on this page, computed here. */
function useObjectDigest(draft: Act, object: Record<string, unknown>): string | undefined {
  const { data } = useQuery({
    queryKey: ['object-digest', draft.case, draft.object],
    queryFn: async () => {
      const [{ loadSuite }, { digestOf, OBJECT_TYPE }] = await Promise.all([
        import('../trust/suite'),
        import('../trust/digest'),
      ]);
      return digestOf(
        await loadSuite(draft.object.startsWith('sm3:') ? 'gm' : 'intl'),
        OBJECT_TYPE,
        object as never,
      );
    },
  });
  return data;
}

/** What will be signed. */
export function Statement({ c, procedure, step, draft, documents, me }: Props) {
  const { t, pick } = useTexts();
  const bytes = useBytes(draft);
  const own = useObjectDigest(draft, c.object);
  return (
    <div className="statement">
      <h3>{t('statement.title')}</h3>
      <Facts
        items={[
          [t('statement.what'), `${pick(procedure)} · ${pick(step)}`],
          [t('statement.decision'), <Mark key="d" kind="decision" code={draft.decision} />],
          [t('statement.for'), pick(me.org)],
          [t('statement.basis'), <Basis key="b" rule={step.rule} says />],
          [t('statement.at'), <Time key="t" at={draft.at} />],
          [
            t('statement.object'),
            <span key="o">
              <Copyable text={draft.object} name={t('statement.object')} />
              {own !== undefined && (
                <span className={own === draft.object ? 'good' : 'bad'}>
                  {own === draft.object ? t('statement.same') : t('statement.notSame')}
                </span>
              )}
            </span>,
          ],
        ]}
      />
      <DocumentsView documents={documents} procedure={procedure} />
      <Collapse
        items={[
          { key: 'object', label: t('statement.objectWhole'), children: <ObjectView of={c} /> },
          { key: 'bytes', label: t('statement.bytes'), children: <pre className="code">{bytes}</pre> },
        ]}
      />
    </div>
  );
}
