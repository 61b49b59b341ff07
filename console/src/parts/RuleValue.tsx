/** A value of a rule pack, in words where there are some. */
import { Tag } from 'antd';
import { useTexts } from '../i18n';

/** A value of a parameter or of a part of a procedure. */
export function RuleValue({ value }: { value: unknown }) {
  const { t, label } = useTexts();
  const one = (v: unknown) =>
    typeof v === 'string' ? label('code', v) : typeof v === 'object' ? JSON.stringify(v) : String(v);
  if (value === null || value === undefined || value === '')
    return <span className="faint">{t('value.none')}</span>;
  if (typeof value === 'boolean') return t(value ? 'value.yes' : 'value.no');
  if (Array.isArray(value)) {
    if (value.length === 0) return <span className="faint">{t('value.none')}</span>;
    return value.map((v, i) => <Tag key={i}>{one(v)}</Tag>);
  }
  return typeof value === 'object' ? <code className="wrap">{JSON.stringify(value)}</code> : one(value);
}
