/** Documents handed in with a step, by the forms of the pack. */
import type { Documents, Procedure } from '../api/types';
import { useTexts } from '../i18n';
import { Copyable } from '../parts/Copy';
import { Facts } from '../parts/Facts';
import { yuan } from '../parts/Money';

function Shown({ value, kind }: { value: unknown; kind: string | undefined }) {
  const { t, label } = useTexts();
  if (typeof value === 'boolean') return value ? t('value.yes') : t('value.no');
  if (kind === 'money' && typeof value === 'number') return yuan(value);
  if (kind === 'choice') return label('choice', String(value));
  if (Array.isArray(value)) {
    return (
      <ul className="plain">
        {value.map((one, i) => (
          <li key={i}>{String(one)}</li>
        ))}
      </ul>
    );
  }
  if (kind === 'digest') return <Copyable text={String(value)} name={t('value.digest')} />;
  return String(value);
}

/** Documents with the names that the pack gives them. */
export function DocumentsView({
  documents,
  procedure,
}: {
  documents: Documents;
  procedure: Procedure | undefined;
}) {
  const { pick } = useTexts();
  const names = Object.keys(documents);
  if (names.length === 0) return null;
  return (
    <div className="documents">
      {names.map((name) => {
        const form = procedure?.documents[name];
        return (
          <section key={name}>
            <p className="name">{form ? pick(form) : name}</p>
            <Facts
              items={Object.entries(documents[name] ?? {}).map(([field, value]) => {
                const known = form?.fields.find((f) => f.name === field);
                return [known ? pick(known) : field, <Shown key={field} value={value} kind={known?.kind} />];
              })}
            />
          </section>
        );
      })}
    </div>
  );
}
