/**
 * No text in code: words that people read stand in `src/messages/*.json` only. Looks at the syntax
 * tree, so comments may say what they like.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src');
/** Attributes whose value is read by people. */
const READ = new Set([
  'title',
  'placeholder',
  'label',
  'alt',
  'aria-label',
  'description',
  'message',
  'extra',
  'okText',
  'cancelText',
]);
const faults = [];
// A component of ours may take the key of a message where another takes text.
const keys = new Set(Object.keys(JSON.parse(readFileSync(join(src, 'messages', 'zh.json'), 'utf8'))));

for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name);
  if (!entry.isFile() || !/\.tsx?$/.test(entry.name) || /\.test\.tsx?$/.test(entry.name)) continue;
  if (path.endsWith(join('api', 'schema.ts')) || path.includes(`${join('src', 'trust', 'testdata')}`))
    continue;
  const source = ts.createSourceFile(
    path,
    readFileSync(path, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
    ts.ScriptKind.TSX,
  );
  const fault = (node, why) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    faults.push(`${relative(root, path)}:${line + 1}: ${why}`);
  };
  const visit = (node) => {
    const key =
      ts.isJsxElement(node.parent ?? node) && node.parent.openingElement?.tagName.getText(source) === 'kbd';
    if (ts.isJsxText(node) && !key && /\p{L}/u.test(node.text)) fault(node, 'text between tags');
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      if (/\p{Script=Han}/u.test(node.text)) fault(node, 'Chinese text');
    }
    if (ts.isJsxAttribute(node) && READ.has(node.name.getText(source)) && node.initializer) {
      if (
        ts.isStringLiteral(node.initializer) &&
        /\p{L}/u.test(node.initializer.text) &&
        !keys.has(node.initializer.text)
      )
        fault(node, 'text in an attribute');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
