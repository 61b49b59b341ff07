/** ⌘K: pages and objects by name or id, with the keyboard alone. */
import { Input, Modal } from 'antd';
import type { InputRef } from 'antd';
import { useId, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import { useNavigate } from 'react-router';
import type { Me } from '../api/types';
import { useTexts } from '../i18n';
import { menuFor } from './menu';
import { useObjects } from './objects';

/** Something to go to. */
export interface Target {
  to: string;
  title: string;
  kind: string;
  id?: string;
}

const MOST = 40;

/** Targets that hold every typed word, titles that begin with the text first. */
export function matching(targets: Target[], typed: string): Target[] {
  const words = typed.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const held = targets.filter((target) => {
    const text = `${target.title} ${target.kind} ${target.id ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const first = words[0] ?? '';
  const starts = (target: Target) => (first && target.title.toLowerCase().startsWith(first) ? 0 : 1);
  return [...held].sort((a, b) => starts(a) - starts(b)).slice(0, MOST);
}

/** The palette. */
export function Palette({ me, open, close }: { me: Me; open: boolean; close: () => void }) {
  const { t } = useTexts();
  const input = useRef<InputRef>(null);
  return (
    <Modal
      open={open}
      onCancel={close}
      footer={null}
      title={t('palette.title')}
      destroyOnHidden
      afterOpenChange={(shown) => shown && input.current?.focus()}
      width={640}
    >
      {open && <Finder me={me} close={close} input={input} />}
    </Modal>
  );
}

function Finder({
  me,
  close,
  input,
}: {
  me: Me;
  close: () => void;
  input: React.RefObject<InputRef | null>;
}) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const objects = useObjects(typed);
  const [at, setAt] = useState(0);
  const list = useId();
  const pages = useMemo<Target[]>(
    () =>
      menuFor(me).flatMap((g) =>
        g.items.map((i) => ({ to: i.path, title: t(i.label), kind: t('palette.page') })),
      ),
    [me, t],
  );
  const found = matching([...pages, ...objects], typed);
  const chosen = Math.min(at, found.length - 1);

  const go = (target: Target | undefined) => {
    if (!target) return;
    close();
    void navigate(target.to);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const next = chosen + (event.key === 'ArrowDown' ? 1 : -1);
      const to = (next + found.length) % Math.max(1, found.length);
      setAt(to);
      document.getElementById(`${list}-${to}`)?.scrollIntoView({ block: 'nearest' });
    }
    if (event.key === 'Enter' && !event.nativeEvent.isComposing) go(found[chosen]);
  };

  return (
    <>
      <Input
        ref={input}
        autoFocus
        size="large"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKey}
        placeholder={t('palette.hint')}
        role="combobox"
        aria-label={t('palette.hint')}
        aria-expanded={found.length > 0}
        aria-controls={list}
        aria-activedescendant={found.length > 0 ? `${list}-${chosen}` : undefined}
        aria-autocomplete="list"
      />
      <p className="faint" role="status">
        {t('list.count', { n: found.length })}
      </p>
      <ul id={list} role="listbox" aria-label={t('palette.title')} className="palette">
        {found.map((target, i) => (
          <li
            key={`${target.to}${target.id ?? ''}`}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === chosen}
            onClick={() => go(target)}
          >
            <span className="title">{target.title}</span>
            <span className="faint">{target.kind}</span>
            {target.id && <code className="faint">{target.id}</code>}
          </li>
        ))}
      </ul>
    </>
  );
}
