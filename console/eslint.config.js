import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

const browser = 'window document navigator location localStorage fetch URL crypto setTimeout clearTimeout';
const node = 'process console Buffer URL fetch setTimeout clearTimeout';
const globals = (names) => Object.fromEntries(names.split(' ').map((name) => [name, 'readonly']));

export default ts.config(
  { ignores: ['dist/', 'shots/', 'src/api/schema.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  { files: ['**/*.{js,mjs}'], languageOptions: { globals: globals(node) } },
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks },
    languageOptions: { globals: globals(browser) },
    rules: {
      ...hooks.configs.recommended.rules,
      'no-eval': 'error',
      'no-console': 'error',
      'max-lines': ['error', 500],
      // What only shows under a pointer is not there for a finger or a keyboard.
      'no-restricted-imports': [
        'error',
        {
          paths: [{ name: 'antd', importNames: ['Tooltip', 'Popover'], message: 'No meaning in hovering.' }],
        },
      ],
    },
  },
);
