/** Inputs for the documents that a step asks for, made from the forms of the pack. */
import { Form, Input, InputNumber, Radio } from 'antd';
import type { DocumentForm, FormField } from '../api/types';
import { useTexts } from '../i18n';
import { Basis } from '../parts/Basis';
import { DigestInput } from './DigestInput';

function Control({
  field,
  ...given
}: {
  field: FormField;
  id?: string;
  value?: unknown;
  onChange?: (value: unknown) => void;
}) {
  const { t, label } = useTexts();
  const props = given as object;
  switch (field.kind) {
    case 'integer':
      return <InputNumber {...props} precision={0} />;
    case 'money':
      return <InputNumber {...props} precision={2} min={0} prefix={t('value.yuan')} />;
    case 'flag':
      return (
        <Radio.Group {...props}>
          <Radio value={true}>{t('value.yes')}</Radio>
          <Radio value={false}>{t('value.no')}</Radio>
        </Radio.Group>
      );
    case 'choice':
      return (
        <Radio.Group {...props}>
          {field.choices.map((choice) => (
            <Radio key={choice} value={choice}>
              {label('choice', choice)}
            </Radio>
          ))}
        </Radio.Group>
      );
    case 'date':
      return <Input {...props} type="date" max="9999-12-31" className="short" />;
    case 'list':
      return <Input.TextArea {...props} rows={2} />;
    case 'digest':
      return <DigestInput {...props} />;
    default:
      return <Input.TextArea {...props} rows={2} />;
  }
}

/** What a field wants beyond its label. */
function useHint(): (field: FormField, rejecting: boolean) => string | undefined {
  const { t, label } = useTexts();
  return (field, rejecting) => {
    if (field.kind === 'list') return t('form.onePerLine');
    if (field.must === null || rejecting) return undefined;
    const value =
      field.kind === 'flag'
        ? t(field.must === 'true' ? 'value.yes' : 'value.no')
        : label('choice', field.must);
    return t('form.must', { value });
  };
}

/** The fields of one document under its name. */
export function DocumentFields({
  name,
  form,
  rejecting,
}: {
  name: string;
  form: DocumentForm;
  rejecting: boolean;
}) {
  const { t, pick } = useTexts();
  const hint = useHint();
  return (
    <fieldset>
      <legend>
        {pick(form)}{' '}
        <span className="faint">
          <Basis rule={form.rule} />
        </span>
      </legend>
      {form.fields.map((field) => (
        <Form.Item
          key={field.name}
          name={['docs', name, field.name]}
          label={pick(field)}
          extra={hint(field, rejecting)}
          rules={
            field.required
              ? [{ required: true, message: t('form.requiredField', { field: pick(field) }) }]
              : []
          }
        >
          <Control field={field} />
        </Form.Item>
      ))}
    </fieldset>
  );
}
