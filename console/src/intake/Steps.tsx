/** Where one is in a sequence of steps. */

/** The steps; the current one is said, not only coloured. */
export function Steps({ names, now, label }: { names: string[]; now: number; label: string }) {
  return (
    <ol className="steps" aria-label={label}>
      {names.map((name, i) => (
        <li
          key={name}
          className={i < now ? 'past' : i === now ? 'now' : ''}
          {...(i === now ? { 'aria-current': 'step' as const } : {})}
        >
          <span aria-hidden="true">{i + 1}</span> {name}
        </li>
      ))}
    </ol>
  );
}
