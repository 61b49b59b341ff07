/** Several choices at once. antd marks the group as required, which a group cannot be for people who do not see it. */
import { Checkbox } from 'antd';
import type { CheckboxGroupProps } from 'antd/es/checkbox';

/** A group of check boxes. */
export function Checks(given: CheckboxGroupProps & { 'aria-required'?: unknown }) {
  const props = { ...given };
  delete props['aria-required'];
  return <Checkbox.Group {...props} />;
}
