import { expect, test } from 'vitest';
import type { DocumentForm, FormField } from '../api/types';
import { documentsOf } from './form';

const field = (name: string, kind: FormField['kind']): FormField => ({
  name,
  kind,
  zh: name,
  en: name,
  required: true,
  choices: [],
  must: null,
});
const forms: Record<string, DocumentForm> = {
  opinion: {
    zh: '',
    en: '',
    rule: '',
    fields: [
      field('text', 'text'),
      field('n', 'integer'),
      field('fee', 'money'),
      field('list', 'list'),
      field('flag', 'flag'),
    ],
  },
};

test('fields become the values that are signed, without fractions', () => {
  const typed = { opinion: { text: ' ok ', n: '3', fee: 19.99, list: 'a\n\n b ', flag: false } };
  expect(documentsOf(['opinion'], forms, typed)).toEqual({
    opinion: { text: 'ok', n: 3, fee: 1999, list: ['a', 'b'], flag: false },
  });
});

test('empty fields and other documents are left out', () => {
  expect(documentsOf(['opinion'], forms, { opinion: { text: '', more: 1 }, other: { a: 1 } })).toEqual({
    opinion: {},
  });
});
