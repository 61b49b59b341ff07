/**
 * The SQL editor: CodeMirror under the content-security policy. Names come from the granted contracts; places that
 * the verdict speaks of are underlined, and the page says them in words beside it.
 */
import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  completionStatus,
  moveCompletionSelection,
  selectedCompletion,
} from '@codemirror/autocomplete';
import type { Completion, CompletionContext } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { PostgreSQL, sql } from '@codemirror/lang-sql';
import { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintKeymap, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  keymap,
  lineNumbers,
  placeholder,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useImperativeHandle, useRef, useState } from 'react';
import type { RefObject } from 'react';
import { useTexts } from '../zone/texts';
import type { Span } from './place';
import type { Contracts } from './types';

/** A place that the verdict speaks of. */
export interface Marked extends Span {
  refused: boolean;
  message: string;
}

/** What the page can ask of the editor. */
export interface EditorHandle {
  insert: (text: string) => void;
  goTo: (span: Span) => void;
}

interface Props {
  text: string;
  change: (text: string) => void;
  tables: Contracts['tables'];
  marks: Marked[];
  handle: RefObject<EditorHandle | null>;
  describedBy: string;
  /** Ctrl or ⌘ with Enter. */
  run: () => void;
}

const look = EditorView.theme({
  '&': { backgroundColor: 'var(--y-bg)', color: 'var(--y-text)', fontSize: '14px' },
  '&.cm-focused': { outline: '2px solid var(--y-primary)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--y-mono)', minHeight: '260px', maxHeight: '56vh', lineHeight: '1.6' },
  '.cm-content': { caretColor: 'var(--y-text)' },
  '.cm-cursor': { borderLeftColor: 'var(--y-text)' },
  '.cm-gutters': {
    backgroundColor: 'var(--y-layout)',
    color: 'var(--y-faint)',
    borderRight: '1px solid var(--y-line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--y-tint)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--y-primary) 28%, var(--y-bg))',
  },
  '.cm-placeholder': { color: 'var(--y-faint)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--y-error) 2px',
    textUnderlineOffset: '4px',
  },
  '.cm-lintRange-info': {
    backgroundImage: 'none',
    textDecoration: 'underline dotted var(--y-primary) 2px',
    textUnderlineOffset: '4px',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--y-raised)',
    color: 'var(--y-text)',
    border: '1px solid var(--y-edge)',
    borderRadius: '6px',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--y-tint)',
    color: 'var(--y-text)',
    outline: '1px solid var(--y-primary)',
  },
  '.cm-completionDetail': { color: 'var(--y-faint)', fontStyle: 'normal', marginLeft: '12px' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '600' },
  '.cm-matchingBracket': { backgroundColor: 'var(--y-tint)', outline: '1px solid var(--y-edge)' },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--y-primary)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--y-success)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--y-warning)' },
  { tag: tags.comment, color: 'var(--y-faint)', fontStyle: 'italic' },
  { tag: [tags.typeName, tags.standard(tags.name)], color: 'var(--y-soft)', fontWeight: '600' },
]);

/** The one-time value under which the policy lets the editor's own style sheet in. */
function nonce(): Extension {
  const value = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
  return value && !value.startsWith('__') ? EditorView.cspNonce.of(value) : [];
}

/** Field names without their table, for those who have not written FROM yet. */
function plainNames(tables: Contracts['tables']): Extension {
  const places = new Map<string, string[]>();
  for (const { table, fields } of tables)
    for (const { name } of fields) places.set(name, [...(places.get(name) ?? []), table]);
  const options: Completion[] = [...places].map(([label, where]) => ({
    label,
    type: 'property',
    detail: where.join(' '),
  }));
  const source = (context: CompletionContext) => {
    const word = context.matchBefore(/[\p{L}_][\p{L}\p{N}_]*/u);
    if (!word || context.state.sliceDoc(word.from - 1, word.from) === '.') return null;
    return { from: word.from, options, validFor: /^[\p{L}\p{N}_]*$/u };
  };
  return PostgreSQL.language.data.of({ autocomplete: source });
}

/** Names to complete: each table with its fields and what they are. */
function language(tables: Contracts['tables'], word: (cls: string | null) => string): Extension {
  const schema: Record<string, Completion[]> = {};
  for (const { table, fields } of tables) {
    schema[table] = fields.map((f) => ({
      label: f.name,
      type: 'property',
      detail: `${f.class ?? ''} ${word(f.class)}`.trim(),
    }));
  }
  return [sql({ dialect: PostgreSQL, schema, upperCaseKeywords: true }), plainNames(tables)];
}

/**
 * What is typed over a selection is put in by the editor: the browser's own way writes inline styles into the text for
 * a moment, which the policy forbids.
 */
const typedOver = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { from, to, empty } = view.state.selection.main;
    const { data } = event;
    if (event.inputType !== 'insertText' || !data || empty || view.composing) return false;
    event.preventDefault();
    const put = () =>
      view.state.update(view.state.replaceSelection(data), { userEvent: 'input.type', scrollIntoView: true });
    // Brackets and quotes go around a selection.
    const taken = view.state.facet(EditorView.inputHandler).some((one) => one(view, from, to, data, put));
    if (!taken) view.dispatch(put());
    return true;
  },
});

/** Enter stays a new line unless a name was chosen; Tab takes the chosen name, or the first. */
function takeCompletion(view: EditorView): boolean {
  if (completionStatus(view.state) !== 'active') return false;
  if (selectedCompletion(view.state) === null) moveCompletionSelection(true)(view);
  return acceptCompletion(view);
}

export default function Editor({ text, change, tables, marks, handle, describedBy, run }: Props) {
  const { t, label, lang } = useTexts();
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const calls = useRef({ change, run });
  const [parts] = useState(() => ({ language: new Compartment(), words: new Compartment() }));
  useEffect(() => {
    calls.current = { change, run };
  }, [change, run]);

  useEffect(() => {
    if (!holder.current) return;
    const made = new EditorView({
      parent: holder.current,
      state: EditorState.create({
        extensions: [
          nonce(),
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false, selectOnOpen: false }),
          highlightActiveLine(),
          syntaxHighlighting(colours),
          look,
          typedOver,
          EditorView.lineWrapping,
          parts.language.of([]),
          parts.words.of([]),
          Prec.high(
            keymap.of([
              { key: 'Mod-Enter', run: () => (calls.current.run(), true) },
              { key: 'Tab', run: takeCompletion },
            ]),
          ),
          keymap.of([
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...historyKeymap,
            ...completionKeymap,
            ...lintKeymap,
            indentWithTab,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) calls.current.change(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [parts]);

  useImperativeHandle(
    handle,
    () => ({
      insert: (words) => {
        const made = view.current;
        if (!made) return;
        made.dispatch(made.state.replaceSelection(words));
        made.focus();
      },
      goTo: ({ from, to }) => {
        view.current?.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
        view.current?.focus();
      },
    }),
    [],
  );

  // A text that comes from elsewhere: a draft, or the query of an earlier job. It can be undone.
  useEffect(() => {
    const made = view.current;
    if (!made || made.state.doc.toString() === text) return;
    made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: text } });
  }, [text]);

  useEffect(() => {
    view.current?.dispatch({
      effects: parts.language.reconfigure(language(tables, (cls) => (cls ? label('class', cls) : ''))),
    });
  }, [tables, label, parts]);

  useEffect(() => {
    view.current?.dispatch({
      effects: parts.words.reconfigure([
        EditorView.contentAttributes.of({ 'aria-label': t('work.sql'), 'aria-describedby': describedBy }),
        placeholder(t('work.placeholder')),
        EditorState.phrases.of({
          Completions: t('work.completions'),
          Diagnostics: t('work.reasons'),
          'No diagnostics': t('work.noReasons'),
          close: t('work.close'),
        }),
      ]),
    });
  }, [t, lang, describedBy, parts]);

  useEffect(() => {
    const made = view.current;
    if (!made) return;
    const most = made.state.doc.length;
    const shown = marks
      .filter((m) => m.to <= most)
      .map(({ from, to, refused, message }) => ({
        from,
        to,
        severity: refused ? ('error' as const) : ('info' as const),
        message,
      }));
    made.dispatch(setDiagnostics(made.state, shown));
  }, [marks]);

  return <div ref={holder} className="sql" />;
}
