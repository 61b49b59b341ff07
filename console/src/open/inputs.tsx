/** Inputs that several forms share. */
import { Form, Input, Select } from 'antd';
import type { SelectProps } from 'antd';
import type { ReactNode } from 'react';
import { useTexts } from '../i18n';
import type { MessageKey } from '../i18n';
import { startOfDay } from '../parts/Time';

/** A labelled field. */
export function Field({
  name,
  label,
  hint,
  optional,
  children,
}: {
  name: string;
  label: MessageKey;
  hint?: MessageKey;
  optional?: boolean;
  children: ReactNode;
}) {
  const { t } = useTexts();
  return (
    <Form.Item
      name={name}
      label={optional ? `${t(label)} ${t('form.optional')}` : t(label)}
      extra={hint ? t(hint) : undefined}
      required={!optional}
      rules={optional ? [] : [{ required: true, message: t('form.requiredField', { field: t(label) }) }]}
    >
      {children}
    </Form.Item>
  );
}

/** Choices by name; searched by what is shown. */
export function Choice(props: SelectProps) {
  return <Select showSearch={{ optionFilterProp: 'label' }} {...props} />;
}

/** A day. */
export function Day(props: { id?: string; value?: string; onChange?: (event: unknown) => void }) {
  return <Input type="date" max="9999-12-31" className="short" {...(props as object)} />;
}

/** Text of several lines. */
export function Lines(props: object) {
  return <Input.TextArea rows={3} {...props} />;
}

/** The instant at which a day begins; the day after a last day is its end. */
export function instant(day: unknown, plusDays = 0): number {
  return startOfDay(String(day)) + plusDays * 86_400_000;
}

/** A trimmed text. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

/** A list of texts. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
